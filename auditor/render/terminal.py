"""The summary for a terminal: what was read, what people must decide, what was found, what was not checked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TextIO

from auditor.model import SEVERITIES, Case, Count, Finding
from auditor.pipeline.report import Report
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.reporting import coverage, guidance, labels
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import Summary, summarise_rules
from auditor.reporting.restricted_hits import read_restricted_hits
from auditor.reporting.sample_text import sample_sentences

HELP = "a summary for a person, in plain words"
SUFFIXES = (".txt",)
WIDTH = 100  # columns
# Limits of the summary; other formats have the rest.
MAX_TARGETS = 5
MAX_CASES = 20
MAX_CASE_REASONS = 5
MAX_COPIES = 5
MAX_REASONS = 12  # why files, samples or subjects were not read
MAX_ACCEPTANCES = 10
MAX_HITS = 1000

# A line is a style in rich's notation, used only with colour, and its text, which is printable already.
Line = tuple[str, str]
STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the terminal summary; its length is bounded, however many findings there are."""
    lines = _report_lines(report, summarise_rules(report), report_notice(report, options))
    _write_lines(lines, out, options.colour)
    if options.places:
        _write_lines(_restricted_hit_lines(report), out, options.colour)


def _write_lines(lines: Iterator[Line], out: TextIO, colour: bool) -> None:
    """Write styled lines to the terminal; a character that the stream cannot encode is escaped."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    if colour:
        from rich.console import Console
        from rich.text import Text

        console = Console(file=out, force_terminal=True, highlight=False, markup=False, emoji=False)
    for style, line in lines:
        safe = line.encode(encoding, "backslashreplace").decode(encoding)
        if colour:
            console.print(Text(safe, style=style), soft_wrap=True)
        else:
            out.write(f"{safe}\n")


def _report_lines(report: Report, summary: Summary, notice: str) -> Iterator[Line]:
    """Yield the lines of the whole terminal summary, the most urgent first."""
    yield from _wrap_text("bold reverse", notice)
    yield "", ""
    yield from _target_and_policy_lines(report)
    yield from _all_case_lines(report)
    if guidance.has_known_content_matches(report):
        yield from _steps_after_match_lines(report)
    yield from _finding_lines(summary)
    yield from _accepted_lines(report)
    yield from _not_checked_lines(report, summary)
    steps = guidance.next_steps(report)
    if steps:
        yield from _heading_lines("What to do next")
        for step in steps:
            yield from _wrap_text("", step, "  - ")
    yield "", ""


def _heading_lines(text: str) -> Iterator[Line]:
    """Yield a heading of the terminal summary."""
    yield "", ""
    yield "bold", text


def _wrap_text(style: str, text: str, first: str = "", rest: str | None = None) -> Iterator[Line]:
    """Yield a text of the terminal summary wrapped to the width, with the indents of its first and other lines."""
    indent = " " * len(first) if rest is None else rest
    for line in textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False) or [
        first
    ]:
        yield style, line


def _target_and_policy_lines(report: Report) -> Iterator[Line]:
    """Yield for the terminal summary what was read, by which rules and against which lists."""
    yield "bold", "What was read"
    few = ", ".join(printable(target, 80) for target in report.targets[:MAX_TARGETS])
    more = f" and {len(report.targets) - MAX_TARGETS:,} more" if len(report.targets) > MAX_TARGETS else ""
    yield from _wrap_text("", f"{few}{more}", "  Targets   ")
    yield from _count_lines("Files", report.tally.files)
    yield from _count_lines("Samples", report.tally.samples)
    subjects = ", ".join(count_with_noun(number, kind) for kind, number in sorted(report.subjects.items()))
    yield from _wrap_text("", subjects or "none", "  Subjects  ")
    policy = report.policy
    yield from _wrap_text(
        "",
        f"{len(policy.rules):,} rules, profile {printable(policy.profile, 80)}, {policy.fingerprint[:12]}",
        "  Policy    ",
    )
    if report.folder:
        yield from _wrap_text("", printable(str(report.folder)), "  Run       ")
    for summary in policy.lists:
        meaning = labels.LIST_MEANINGS.get(summary.means) or printable(summary.means, 80)
        entries = f"{summary.entries:,} {'entry' if summary.entries == 1 else 'entries'}"
        text = f"{printable(summary.name, 80)} {printable(summary.version, 40)}: {entries}; {meaning}"
        yield from _wrap_text("", text, "  List      ")
    for extension in policy.extensions:
        yield from _wrap_text("", printable(str(extension)), "  Extension ")
    for number, text in enumerate(sample_sentences(report)):
        yield from _wrap_text("", text, "            " if number else "  Sample    ", " " * 12)
    for text in coverage.files_left_out(report):
        yield from _wrap_text("bold yellow", printable(text), "  Left out  ")
    missing = coverage.missing_lists(report)
    for text in missing:
        yield from _wrap_text("bold yellow", text, "  No list   ")
    if missing:
        yield from _wrap_text("", guidance.list_providers(report), " " * 12)
    if not report.complete:
        yield from _wrap_text("bold yellow", "not everything was read: this is a report on a part.", "  Incomplete ")


def _count_lines(name: str, count: Count) -> Iterator[Line]:
    """Yield for the terminal summary the counts of what was read and found."""
    read = f"{count.scanned:,} scanned + {count.partly:,} partly"
    proof = f"{read} + {count.skipped:,} skipped + {count.errored:,} errored"
    text = f"  {name:<9} {count.collected:,} collected = {proof}"
    yield ("", text) if count.is_balanced else ("bold red", f"{text}: DOES NOT ADD UP")


def _all_case_lines(report: Report) -> Iterator[Line]:
    """Yield the cases for the terminal summary, or that none was opened."""
    if not report.cases:
        yield from _heading_lines("Cases: none is shown" if report.audience == "author" else "Cases: none was opened")
        yield from _wrap_text("", guidance.without_cases(report), "  ")
        return
    number = len(report.cases)
    yield from _heading_lines(f"{number:,} {'case' if number == 1 else 'cases'} for people to decide")
    for case in report.cases[:MAX_CASES]:
        yield from _case_lines(case)
    if number > MAX_CASES:
        yield "", f"  and {number - MAX_CASES:,} more: auditor report RUN --format html or csv"


def _case_lines(case: Case) -> Iterator[Line]:
    """Yield one case for the terminal summary with its ground, reasons and copies."""
    revision = f" @ {printable(case.revision, 40)}" if case.revision else ""
    yield from _wrap_text("bold red", f"{printable(labels.subject_label(case.ref))}{revision}", "  ● ")
    yield from _wrap_text("", f"{case.ground}: {labels.CASE_GROUNDS[case.ground]}", "      ")
    for reason in case.reasons[:MAX_CASE_REASONS]:
        of_copy = "" if reason.subject == case.subject else f" (of {printable(reason.subject, 80)})"
        yield from _wrap_text("", f"{_reason_text(reason)}{of_copy}", "      because ", " " * 14)
    if len(case.reasons) > MAX_CASE_REASONS:
        yield "", f"      and {len(case.reasons) - MAX_CASE_REASONS:,} more reasons"
    if case.copies:
        names = ", ".join(printable(copy.name, 80) for copy in case.copies[:MAX_COPIES])
        more = f" and {len(case.copies) - MAX_COPIES:,} more" if len(case.copies) > MAX_COPIES else ""
        yield from _wrap_text("", f"{names}{more}", f"      same weights, {len(case.copies):,}: ")


def _reason_text(finding: Finding) -> str:
    """Return a case's reason as text of the terminal summary."""
    fact = printable(finding.fact, 300)
    remark = f" ({printable(finding.remark, 300)})" if finding.remark else ""
    place = f" [{printable(str(finding.place))}]" if finding.place.uri else ""
    return f"{printable(finding.rule, 80)}: {fact}{remark}{place}"


def _steps_after_match_lines(report: Report) -> Iterator[Line]:
    """Yield for the terminal summary what to do now that samples match, and whom to report to."""
    yield from _heading_lines("What to do now")
    for step in guidance.steps_after_match(report):
        yield from _wrap_text("bold", step, "  - ")
    if guidance.is_rehearsal(report):
        return
    contacts = report.policy.contacts
    for hotline in contacts.hotlines:
        yield "", f"    {hotline.country:<15} {hotline.name}, {hotline.url}"
    yield "", f"    {'elsewhere':<15} {contacts.directory.name}, {contacts.directory.url}"


def _finding_lines(summary: Summary) -> Iterator[Line]:
    """Yield the findings by rule for the terminal summary, with examples of those that are more than notes."""
    if not summary.findings:
        yield from _heading_lines("Findings: none")
        yield from _wrap_text("", "Nothing was flagged in what was read; it does not mean that nothing is there.", "  ")
        return
    counts = ((summary.severities[severity], severity) for severity in reversed(SEVERITIES))
    parts = [count_with_noun(number, severity) for number, severity in counts if number]
    parts += [f"{summary.unchecked:,} unchecked"] if summary.unchecked else []
    subjects = summary.subjects_with_findings
    yield from _heading_lines(f"Findings: {', '.join(parts)}, on {count_with_noun(subjects, 'subject')}")
    for line in summary.rules:
        if line.outcome != "FLAGGED":
            continue
        title = f"  {printable(line.title, 120)}" if line.title else ""
        first = f"  {line.severity:<9} {line.count:>9,}  "
        yield from _wrap_text(STYLES[line.severity], f"{printable(line.rule, 80)}{title}", first)
        if line.severity != "note":
            for finding in line.examples:
                yield from _wrap_text("", f"{printable(finding.subject)}: {_fact_text(finding)}", " " * 25)
    unchecked = [line for line in summary.rules if line.outcome == "UNCHECKED"]
    if unchecked:
        rules = ", ".join(f"{printable(line.rule, 80)} {line.count:,}" for line in unchecked)
        first = f"  {'unchecked':<9} {summary.unchecked:>9,}  "
        yield from _wrap_text("", f"something was not read, so these rules could not be judged: {rules}", first)


def _fact_text(finding: Finding) -> str:
    """Return a finding's fact and remark as text of the terminal summary."""
    remark = f" ({printable(finding.remark, 120)})" if finding.remark else ""
    return f"{printable(finding.fact, 160)}{remark}"


def _accepted_lines(report: Report) -> Iterator[Line]:
    """Yield for the terminal summary what a baseline accepts, and which of its entries have expired or are unused."""
    sentences = acceptance_sentences(report)
    if sentences:
        yield from _heading_lines("Accepted")
    for sentence in sentences[:MAX_ACCEPTANCES]:
        yield from _wrap_text("", sentence, "  - ")
    if len(sentences) > MAX_ACCEPTANCES:
        yield "", f"  and {len(sentences) - MAX_ACCEPTANCES:,} more: auditor report RUN --format csv"


def _not_checked_lines(report: Report, summary: Summary) -> Iterator[Line]:
    """Yield for the terminal summary what was not checked and why, and what was compared."""
    yield from _heading_lines("What was not checked, and why")
    everything_read = True
    for reason, number in sorted(report.tally.reasons.items(), key=lambda item: (-item[1], item[0]))[:MAX_REASONS]:
        everything_read = False
        yield from _wrap_text("", printable(reason), f"  {number:>9,}  ")
    for line in summary.gaps[:MAX_REASONS]:
        everything_read = False
        why = printable(line.why) if line.why else "other reasons"
        yield from _wrap_text("", f"{printable(line.what, 40)}: {why}", f"  {line.count:>9,}  ")
        for ref, gap in line.examples[:1]:
            yield from _wrap_text("dim", f"e.g. {printable(gap.place.uri or ref.name)}", " " * 13)
    left_out = max(len(report.tally.reasons) - MAX_REASONS, 0) + max(len(summary.gaps) - MAX_REASONS, 0)
    if left_out:
        yield "", f"  and {left_out:,} more reasons: auditor report RUN --format html or json"
    for text in (*coverage.nothing_read_or_compared(report), *coverage.uncompared_weights(report)):
        everything_read = False
        yield from _wrap_text("", printable(text, 400), "  ")
    if everything_read:
        yield from _wrap_text("", "All that was collected was read, as far as the rules and lists above need it.", "  ")
    for text in coverage.ancestor_sentences(report):
        yield from _wrap_text("", text, "  ")
    if counts := coverage.coverage_counts(report):
        yield from _heading_lines("What was compared, and how much of it")
        for text in coverage.comparison_sentences(report):
            yield from _wrap_text("", text, "  ")
        for what, number in counts:
            yield "", f"  {number:>9,}  {printable(what)}"
        for text in coverage.chance_matches(report):
            yield from _wrap_text("", printable(text, 400), " " * 13)


def _restricted_hit_lines(report: Report) -> Iterator[Line]:
    """Yield for the terminal summary the matched samples with their places: restricted."""
    yield from _heading_lines("RESTRICTED: where matched samples are")
    number = 0
    for number, hit in enumerate(read_restricted_hits(report), 1):
        if number > MAX_HITS:
            continue
        variant = f", {printable(hit.variant, 40)}" if hit.variant else ""
        row = f", row {hit.row}" if hit.row else ""
        yield from _wrap_text(
            "",
            f"{hit.kind} {printable(hit.name)}: {printable(hit.sample)} in {printable(hit.place)}{row} matches entry "
            f"{printable(hit.token, 80)} of {printable(hit.list, 80)} {printable(hit.version, 40)} "
            f"({hit.algorithm}, {hit.nearness}{variant}, {hit.basis})",
            "  - ",
        )
    if number > MAX_HITS:
        yield "", f"  and {number - MAX_HITS:,} more: auditor report RUN --format csv --places"
    if not number:
        yield "", "  No sample that was compared matched an entry of a list."
