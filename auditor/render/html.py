"""The HTML report: one file that fetches nothing, for screens, phones, dark mode and paper.

It is complete without a script. The one script, whose hash the page's policy names, searches and filters findings.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting import coverage, guidance, labels, safety_commitments
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.lineage_layout import LineageLayout
from auditor.reporting.redaction import notice_sentences
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import Summary, summarise
from auditor.reporting.restricted_hits import read_restricted_hits
from auditor.reporting.rule_text import first_sentence
from auditor.reporting.sample_text import sample_sentences
from auditor.reporting.unchecked import unchecked_reasons
from auditor.reporting.verdict import matched_tile, no_proof, verdict
from auditor.reporting.web_links import is_web_address, split_reference

if TYPE_CHECKING:
    import jinja2

HELP = "one self-contained page for people: cases, findings by subject, lineage, what was not checked"
SUFFIXES = (".html", ".htm")
# Limits of the page, so that a browser opens it however large the run is.
MAX_CASES = 100
MAX_DRAWINGS = 40
MAX_HITS = 1000
MAX_SUBJECTS = 5000
MAX_FINDINGS_OF_SUBJECT = 30
MAX_FINDINGS = 10_000  # a browser filters so many in less than a tenth of a second
MAX_COMMITMENTS = 200  # models whose safety commitments are shown
MAX_TEXT_LENGTH = 1000  # characters of any text from outside

TEMPLATES = Path(__file__).parent / "templates"


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the HTML report; its size is bounded, however many findings there are."""
    from markupsafe import Markup

    layout = LineageLayout(report.lineage)
    css = (TEMPLATES / "report.css").read_text("utf-8")
    hits = list(islice(read_restricted_hits(report), MAX_HITS + 1)) if options.places else []
    page = _template_environment().get_template("report.html")
    script = (TEMPLATES / "report.js").read_text("utf-8")
    summary = _cut_findings(summarise(report, MAX_SUBJECTS, MAX_FINDINGS_OF_SUBJECT))
    refs = [subject.ref for subject in summary.subjects[:MAX_COMMITMENTS]]
    pieces = page.generate(
        report=report,
        notices=notice_sentences(report, options),
        verdict=verdict(report),
        no_proof=no_proof(report),
        matched=matched_tile(report),
        bars=tuple(_bars(report)),
        summary=summary,
        commitments=safety_commitments.COMMITMENTS,
        model_commitments=safety_commitments.read_commitments(report, refs),
        cases=[
            (case, layout.layout_case(case) if number < MAX_DRAWINGS else None)
            for number, case in enumerate(report.cases[:MAX_CASES])
        ],
        cases_left_out=max(len(report.cases) - MAX_CASES, 0),
        has_matches=guidance.has_known_content_matches(report),
        sample=sample_sentences(report),
        acceptances=acceptance_sentences(report),
        left_out=coverage.files_left_out(report),
        missing_lists=coverage.missing_lists(report),
        contacts=report.policy.contacts,
        guidance=guidance,
        labels=labels,
        split_reference=split_reference,
        coverage_counts=coverage.coverage_counts(report),
        chance_matches=coverage.chance_matches(report),
        not_compared=(*coverage.nothing_read_or_compared(report), *coverage.uncompared_weights(report)),
        ancestors=coverage.ancestor_sentences(report),
        next_steps=guidance.next_steps(report),
        shows_places=options.places,
        hits=hits[:MAX_HITS],
        hits_left_out=len(hits) > MAX_HITS,
        is_shared=options.share,
        subject_label=labels.subject_label,
        reasons=unchecked_reasons(report),
        fixes={rule.id: first_sentence(rule.fix) for rule in report.policy.rules},
        hotline=guidance.hotline(report, options.country),
        css=Markup(css),
        script=Markup(script),
        style_hash=_csp_hash(css),
        script_hash=_csp_hash(script),
    )
    for piece in pieces:
        out.write(piece.encode(out.encoding or "utf-8", "xmlcharrefreplace").decode(out.encoding or "utf-8"))


def _csp_hash(text: str) -> str:
    """Return the hash by which a page's content security policy allows its own style or script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _cut_findings(summary: Summary) -> Summary:
    """Return the summary with at most MAX_FINDINGS findings, those of the most severe subjects."""
    number = 0
    for index, subject in enumerate(summary.subjects):
        number += len(subject.findings)
        if number > MAX_FINDINGS:
            kept = summary.subjects[:index]
            shown = sum(len(one.findings) for one in kept)
            left_out = summary.subjects_with_findings - len(kept)
            return replace(
                summary, subjects=kept, subjects_left_out=left_out, findings_left_out=summary.findings - shown
            )
    return summary


@dataclass(frozen=True, slots=True)
class _Bar:
    """One row of the coverage picture.

    Attributes:
        label: What is counted.
        total: How many there are.
        parts: What became of them: words, number, the name of a colour, and start and width in percent of the bar.
    """

    label: str
    total: int
    parts: tuple[tuple[str, int, str, float, float], ...]


def _bars(report: Report) -> Iterator[_Bar]:
    """Yield the rows of the coverage picture: files, samples, then each comparison with a list."""
    for label, count in (("files", report.tally.files), ("pictures and other samples", report.tally.samples)):
        parts = (("read", count.scanned, "read"), ("in part", count.partly, "part"))
        rest = (("skipped", count.skipped, "skipped"), ("not read", count.errored, "unread"))
        yield _bar(label, count.collected, (*parts, *rest))
    lists = {known.name: labels.list_label(known) for known in report.policy.lists}
    for row in coverage.comparison_rows(report):
        known = lists.get(row.list, f"list {row.list}")
        how = coverage.how_compared(row.algorithm)
        parts = (("compared", row.compared, "read"), ("with too little detail", row.low_detail, "part"))
        rest = (
            ("not compared", row.not_compared, "unread"),
            ("not compared: auditor does not compute this hash", row.not_computed, "skipped"),
        )
        yield _bar(f"{labels.CARRIERS[row.carrier]}: {known}, by {row.algorithm} ({how})", row.total, (*parts, *rest))


def _bar(label: str, total: int, parts: tuple[tuple[str, int, str], ...]) -> _Bar:
    """Return a row of the coverage picture with the places of its parts."""
    start, placed = 0.0, []
    for words, number, colour in parts:
        width = 100 * number / total if total else 0.0
        placed.append((words, number, colour, round(start, 2), round(width, 2)))
        start += width
    return _Bar(label, total, tuple(placed))


def _template_environment() -> jinja2.Environment:
    """Return the Jinja environment of the report, which makes all values harmless and escapes them."""
    import jinja2
    from markupsafe import Markup

    def sanitize(value: object) -> object:
        """Make a text of the HTML report printable; every expression passes through this before it is escaped."""
        return printable(value, MAX_TEXT_LENGTH) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=sanitize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["prose"] = lambda text: " ".join(text.split())
    environment.tests["web"] = is_web_address
    return environment
