"""Write the tables "who says what" as text, Markdown or HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from auditor.model import Place
from auditor.plurals import pluralize
from auditor.printable import printable
from auditor.reporting.claims_table import (
    MAX_VALUE,
    STATED_IS_NOT_PROVEN,
    Cell,
    Claim,
    ClaimsTable,
    ClaimsTables,
    RowFinding,
    StatedDuty,
)
from auditor.reporting.labels import subject_label
from auditor.reporting.markdown_text import escape_markdown

_TEMPLATES = Path(__file__).parent / "templates"


def headline(tables: ClaimsTables) -> str:
    """Return the sentence that says how many subjects there are, and how many have contradictions."""
    found = (
        f"{tables.subjects:,} {pluralize('subject', tables.subjects)} (models and datasets); rules found contradictions"
    )
    left_out = f" {tables.left_out:,} are not shown: choose one with --subject NAME." if tables.left_out else ""
    return f"{found} in {tables.contradicted:,}.{left_out}"


def duties_heading(tables: ClaimsTables) -> str:
    """Return the heading over the duties. It says on which date they were looked at, and that this is no advice."""
    return f"What these laws ask, and where this subject states it (as of {tables.date}; this is no legal advice)"


def subject_title(table: ClaimsTable) -> str:
    revision = f" at {printable(table.ref.revision, MAX_VALUE)}" if table.ref.revision else ""
    return printable(subject_label(table.ref), MAX_VALUE) + revision


def place_text(place: Place) -> str:
    return printable(str(place), MAX_VALUE)


def claim_text(claim: Claim) -> str:
    return f"{claim.text} ({place_text(claim.place)})" if claim.place.uri else claim.text


def cell_text(cell: Cell) -> str:
    """Return a cell on one line."""
    claims = "; ".join(map(claim_text, cell.claims))
    more = f"; and {cell.left_out:,} more" if cell.left_out else ""
    return f"{cell.state}: {claims}{more}" if claims else cell.state


def finding_text(finding: RowFinding) -> str:
    """Return a contradiction or finding with the rule that found it, or that none was made for it."""
    found_by = f"{finding.severity}, rule {finding.rule}" if finding.rule else "no rule was made for it"
    place = f", {place_text(finding.place)}" if finding.place.uri else ""
    return f"{finding.fact} ({found_by}{place})"


def duty_text(stated: StatedDuty) -> str:
    """Return what a law asks in one sentence for each of its parts."""
    duty = stated.duty
    return (
        f"{duty.jurisdiction}: {duty.title}. Binds {duty.binds}, since {duty.since}. Document: {duty.document}. "
        f"Checked here: {duty.checked}. Source: {duty.source}."
    )


def answer_text(stated: StatedDuty) -> str:
    """Return where a subject states what a law asks."""
    claims = "; ".join(map(claim_text, stated.claims)) + (f"; and {stated.left_out:,} more" if stated.left_out else "")
    return f"stated: {claims}" if stated.claims else "not stated in what was read"


def to_text(tables: ClaimsTables) -> Iterator[str]:
    """Yield the lines for a terminal: one block a question, one line a source that answers."""
    yield headline(tables)
    yield STATED_IS_NOT_PROVEN
    for table in tables.tables:
        title = subject_title(table)
        yield from ("", title, "=" * min(len(title), MAX_VALUE))
        if missing := _missing_sources(table):
            yield f"No such source: {'; '.join(missing)}."
        for row in table.rows:
            yield f"\n{'! ' if row.contradictions else ''}{row.question.title}"
            yield from (f"  ! CONTRADICTION: {finding_text(each)}" for each in row.contradictions)
            yield from (f"  finding: {finding_text(each)}" for each in row.findings)
            yield from (f"  {each.source.title}: {cell_text(each)}" for each in row.cells if each.claims)
            for state in ("absent", "not read"):
                if titles := [each.source.title for each in row.cells if each.state == state]:
                    yield f"  {state}: {'; '.join(titles)}"
        if table.gaps:
            yield "\nNot read:"
            yield from (f"  - {gap}" for gap in _shown_gaps(table))
        if table.duties:
            yield f"\n{duties_heading(tables)}"
            for stated in table.duties:
                yield f"  - {duty_text(stated)}"
                yield f"    {answer_text(stated)}"


def to_markdown(tables: ClaimsTables) -> Iterator[str]:
    """Yield the lines of Markdown; sources that a subject doesn't have are named below its table."""
    yield "# Who says what\n"
    yield f"{escape_markdown(headline(tables))}\n"
    yield f"**{escape_markdown(STATED_IS_NOT_PROVEN)}**"
    for table in tables.tables:
        yield f"\n## {escape_markdown(subject_title(table))}\n"
        sources = [cell.source.title for cell in table.rows[0].cells]
        missing = _missing_sources(table)
        shown = [number for number, title in enumerate(sources) if title not in missing]
        yield _markdown_row(["Question", *(sources[number] for number in shown)])
        yield "|---" * (len(shown) + 1) + "|"
        for row in table.rows:
            notes = [("Contradiction", each) for each in row.contradictions] + [
                ("Finding", each) for each in row.findings
            ]
            found = "".join(f"<br>**{word}:** {escape_markdown(finding_text(each))}" for word, each in notes)
            cells = [escape_markdown(cell_text(row.cells[number])) for number in shown]
            title = f"**{row.question.title}**{found}" if found else row.question.title
            yield f"| {' | '.join([title, *cells])} |"
        if missing:
            yield f"\nNo such source: {escape_markdown('; '.join(missing))}."
        if table.gaps:
            yield "\nNot read:\n"
            yield from (f"- {escape_markdown(gap)}" for gap in _shown_gaps(table))
        if table.duties:
            yield f"\n### {escape_markdown(duties_heading(tables))}\n"
            for stated in table.duties:
                yield f"- {escape_markdown(duty_text(stated))} **{escape_markdown(answer_text(stated))}**"


def to_html(tables: ClaimsTables) -> Iterator[str]:
    """Yield the pieces of a page without script that fetches nothing; every value is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    yield from environment.get_template("claims.html").generate(
        tables=tables,
        headline=headline(tables),
        duties_heading=duties_heading(tables),
        stated_is_not_proven=STATED_IS_NOT_PROVEN,
        subject_title=subject_title,
        missing_sources=_missing_sources,
        place_text=place_text,
        finding_text=finding_text,
        duty_text=duty_text,
        answer_text=answer_text,
    )


def _lines(write: Callable[[ClaimsTables], Iterator[str]]) -> Callable[[ClaimsTables], Iterator[str]]:
    """Return a writer whose lines end with a line break."""
    return lambda tables: (f"{line}\n" for line in write(tables))


FORMATS: Mapping[str, Callable[[ClaimsTables], Iterator[str]]] = {
    "text": _lines(to_text),
    "markdown": _lines(to_markdown),
    "html": to_html,
}


def _missing_sources(table: ClaimsTable) -> tuple[str, ...]:
    """Return the titles of the sources that a subject does not have, in order."""
    columns = zip(*(row.cells for row in table.rows), strict=True)
    return tuple(
        cells[0].source.title
        for cells in columns
        if all(cell.state in ("no such source", "not measured") for cell in cells)
    )


def _shown_gaps(table: ClaimsTable) -> tuple[str, ...]:
    """Return what of a subject could not be read, and how much more."""
    return (*table.gaps, *([f"and {table.gaps_left_out:,} more"] if table.gaps_left_out else []))


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(map(escape_markdown, cells))} |"
