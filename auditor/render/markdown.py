"""The Markdown summary, for step summaries of CI services and wikis; bounded to what GitHub takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from auditor.model import SEVERITIES, Severity
from auditor.pipeline.report import Report
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.reporting import coverage, guidance, labels
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.finding_groups import FindingGroup, card_places, most_severe_groups, severity_counts
from auditor.reporting.local_paths import local_place
from auditor.reporting.markdown_text import escape_markdown
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import group_gaps
from auditor.reporting.sample_text import sample_sentences

HELP = "a Markdown summary, for step summaries of CI services"
SUFFIXES = (".md",)
SHOWS_PLACES = False  # summaries are shown to everyone who sees the project
AUDIENCE = "author"
MAX_BYTES = (1 << 20) - 4096  # GitHub refuses step summaries above 1 MiB; other steps' lines need some room
MAX_GROUPS = 500
MAX_CASES = 100
MAX_FACTS = 3  # of a group
MAX_REASONS = 50


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the summary, at most :data:`MAX_BYTES` of it, the most urgent first."""
    encoding = out.encoding or "utf-8"
    size = 0
    for line in _lines(report, report_notice(report, options)):
        data = f"{line}\n".encode(encoding, "xmlcharrefreplace")
        size += len(data)
        if size > MAX_BYTES:
            out.write("\nThe rest is left out: see the other reports of this run.\n")
            return
        out.write(data.decode(encoding))


def _lines(report: Report, notice: str) -> Iterator[str]:
    """Yield the lines of the Markdown summary."""
    yield f"## Provenance audit\n\n**{escape_markdown(notice)}**\n"
    yield from map(_bullet, coverage.accounting_sentences(report))
    subjects = ", ".join(count_with_noun(number, kind) for kind, number in sorted(report.subjects.items()))
    yield _bullet(f"Subjects: {subjects or 'none'}")
    policy = report.policy
    yield _bullet(f"{len(policy.rules):,} rules, profile {printable(policy.profile)}, {policy.fingerprint[:12]}")
    for known in policy.lists:
        meaning = labels.LIST_MEANINGS.get(known.means) or printable(known.means)
        yield _bullet(f"List {printable(known.name)} {printable(known.version)}: {known.entries:,} entries; {meaning}")
    yield from (_bullet(f"Extension {printable(str(one))}") for one in policy.extensions)
    yield from (_bullet(printable(text, 400)) for text in coverage.missing_lists(report))
    if not report.complete:
        yield _bullet("Not everything was read: this is a report on a part.")
    yield from _case_lines(report)
    yield from _finding_lines(report)
    yield from _not_checked_lines(report)


def _case_lines(report: Report) -> Iterator[str]:
    """Yield the cases for the Markdown summary, which only operators are shown."""
    if not report.cases:
        return
    yield f"\n### {count_with_noun(len(report.cases), 'case')} for people to decide\n"
    for case in report.cases[:MAX_CASES]:
        subject = printable(labels.subject_label(case.ref))
        yield _bullet(f"{subject}: {case.ground}: {labels.CASE_GROUNDS[case.ground]}")
    if len(report.cases) > MAX_CASES:
        yield _bullet(f"and {len(report.cases) - MAX_CASES:,} more")
    if guidance.has_known_content_matches(report):
        yield ""
        yield from map(_bullet, guidance.steps_after_match(report))


def _finding_lines(report: Report) -> Iterator[str]:
    """Yield the findings for the Markdown summary, the most severe first, and what their owners can do."""
    groups, left_out = most_severe_groups(report, MAX_GROUPS)
    if not groups:
        yield "\n### Findings: none\n\nNothing was flagged in what was read; it does not mean that nothing is there."
        return
    numbers: Counter[Severity] = Counter()
    for (_, outcome, severity), number in report.flagged.items():
        numbers[severity] += number if outcome == "FLAGGED" else 0
    counts = [count_with_noun(numbers[level], level) for level in reversed(SEVERITIES) if numbers[level]]
    yield f"\n### Findings: {', '.join(counts) or 'none, but some rules could not be judged'}\n"
    cards = card_places(report, groups)
    yield "| | Rule | Subject | What | Where |\n|---|---|---|---|---|"
    unjudged: dict[tuple[str, str, str], list[str]] = {}  # the rules, by subject, why and where
    for group in groups:
        place = local_place(group.place(cards), report.targets)
        subject = printable(labels.subject_label(group.first.ref))
        if group.is_flagged:
            yield _row(group.severity, printable(group.first.rule), subject, _facts(group), place)
        else:
            unjudged.setdefault((subject, _facts(group), place), []).append(printable(group.first.rule))
    for (subject, facts, place), rules in unjudged.items():
        yield _row("not judged", ", ".join(sorted(rules)), subject, facts, place)
    if left_out:
        yield f"\nAnd {severity_counts(left_out)} (rules by subjects)."
    flagged = {group.first.rule for group in groups if group.is_flagged}
    fixes = [rule for rule in report.policy.rules if rule.id in flagged]
    yield "\n<details><summary>What the owner can do</summary>\n"
    for rule in fixes:
        title, fix = escape_markdown(printable(" ".join(rule.title.split()))), _one_line(rule.fix)
        yield f"- **{escape_markdown(printable(rule.id))}**, {title}: {fix}"
    yield "\n</details>"


def _facts(group: FindingGroup) -> str:
    """Return the facts of a group, the first few of them."""
    more = group.number - MAX_FACTS
    return "; ".join([*group.facts[:MAX_FACTS], *([f"and {more:,} more"] if more > 0 else [])])


def _row(*cells: str) -> str:
    """Return a row of the table of findings."""
    return f"| {' | '.join(map(escape_markdown, cells))} |"


def _not_checked_lines(report: Report) -> Iterator[str]:
    """Yield what was not checked for the Markdown summary."""
    gaps = group_gaps(report.gaps, 1)
    reasons = sorted(report.tally.reasons.items(), key=lambda item: (-item[1], item[0]))
    lines = [line.sentence for line in gaps] + [f"{number:,} × {printable(reason)}" for reason, number in reasons]
    lines += [printable(text, 400) for text in coverage.uncompared_weights(report)]
    lines += (*coverage.comparison_sentences(report), *sample_sentences(report), *acceptance_sentences(report))
    if not lines:
        return
    yield "\n### What was not checked, compared and accepted\n"
    yield from map(_bullet, lines[:MAX_REASONS])
    if len(lines) > MAX_REASONS:
        yield _bullet(f"and {len(lines) - MAX_REASONS:,} more")


def _bullet(text: str) -> str:
    """Return a line of a list."""
    return f"- {escape_markdown(text)}"


def _one_line(text: str) -> str:
    """Return a rule's text on one line of Markdown."""
    return escape_markdown(printable(" ".join(text.split()), 2000))
