"""The summary for a terminal: what was found, what was not checked, and what to do next, on one screen.

It fills at most 25 lines of 100 columns, 40 if there are many findings; ``verbose`` shows everything. The profile
``gate`` gets one line for each finding instead, which editors and CI services can read.
"""

from __future__ import annotations

import heapq
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TextIO

from auditor.model import NOWHERE, SEVERITIES, Case, Finding, Place, Ref, Rule
from auditor.pipeline.report import Findings, Report
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.reporting import coverage, guidance, labels
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.local_paths import local_path
from auditor.reporting.redaction import notice_sentences
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import severity_rank
from auditor.reporting.restricted_hits import read_restricted_hits
from auditor.reporting.rule_text import first_sentence
from auditor.reporting.sample_text import sample_sentences
from auditor.reporting.unchecked import unchecked_reasons
from auditor.reporting.verdict import no_proof, verdict

HELP = "a summary for a person, in plain words"
SUFFIXES = (".txt",)
# Limits of the summary; other formats and ``verbose`` have the rest.
WIDTH = 100  # columns for which the numbers of lines are meant; a narrower terminal gets more lines
LARGE_RUN = 100  # findings
MAX_UNCHECKED = 3  # reasons
MAX_ACCEPTANCES = 2  # sentences, each of an owner, a day and a reason
MAX_ANCESTOR_REASONS = 1  # sentences on ancestors up to which each says what follows
MAX_SAMPLE_SENTENCES = 3  # on what a random sample proves; the first two are of the whole
MAX_GATE_FINDINGS = 200
MAX_CARDS = 10_000  # findings up to which the cards of all subjects are looked up
MAX_HITS = 1000
GATE = "gate"  # the profile whose findings have a line each


class _Limits(NamedTuple):
    """How much a summary that is not verbose shows."""

    lines: int
    cases: int
    findings: int  # of one subject


SMALL, LARGE = _Limits(lines=25, cases=2, findings=1), _Limits(lines=40, cases=8, findings=2)
# A line is its colour, used only where the terminal has colours, and its text, which is printable already.
Line = tuple[str, str]
COLOURS = {"error": "red", "warning": "yellow", "bold": "", "": ""}


class _Page(NamedTuple):
    """What the parts of a summary share."""

    report: Report
    options: RenderOptions
    rules: Mapping[str, Rule]
    cards: Mapping[Ref, Place] = {}

    def wrap(self, style: str, text: str, first: str = "", rest: str | None = None) -> list[Line]:
        """Return a text wrapped to the width, with the indents of its first and other lines."""
        indent = " " * len(first) if rest is None else rest
        width = max(self.options.width, len(indent) + 20)
        lines = textwrap.wrap(text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
        return [(style, line) for line in lines or [first]]

    def place_of(self, finding: Finding) -> Place:
        """Return file and line of a finding: of its subject's card, if it has none itself and is about no samples."""
        if finding.place.uri or self.is_about_samples(finding):
            return finding.place
        return self.cards.get(finding.ref, NOWHERE)

    def is_about_samples(self, finding: Finding) -> bool:
        """Return whether a finding is that samples match, whose places are shown by an option alone."""
        rule = self.rules.get(finding.rule)
        return finding.outcome == "FLAGGED" and rule is not None and guidance.asks_for_known_samples(rule)

    def fact_of(self, finding: Finding) -> str:
        """Return what is found; of samples that match, also which option shows where they are."""
        fact = printable(finding.fact, 200)
        is_hidden = self.is_about_samples(finding) and not self.options.places
        return f"{fact} (where: auditor report --places)" if is_hidden else fact

    def fix_of(self, finding: Finding) -> str:
        """Return in a sentence what the owner of a finding's subject can do."""
        if finding.outcome == "UNCHECKED":
            return "make readable what could not be read, and scan again"
        rule = self.rules.get(finding.rule)
        return first_sentence(rule.fix) if rule else ""


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the terminal summary; unless it is verbose, its length is bounded, however many findings there are."""
    page = _Page(report, options, {rule.id: rule for rule in report.policy.rules})
    _write_lines(_summary_lines(page), out, options.colour)
    if options.places:
        _write_lines(_restricted_hit_lines(page), out, options.colour)


def _write_lines(lines: Iterable[Line], out: TextIO, colour: bool) -> None:
    """Write styled lines to the terminal; a character that the stream cannot encode is escaped."""
    import click

    encoding = getattr(out, "encoding", None) or "utf-8"
    for style, line in lines:
        safe = line.encode(encoding, "backslashreplace").decode(encoding)
        styled = click.style(safe, fg=COLOURS[style] or None, bold=True) if colour and style else safe
        out.write(f"{styled}\n")


def _summary_lines(page: _Page) -> Iterator[Line]:
    """Yield the lines of the whole summary, the most urgent first."""
    report, verbose = page.report, page.options.verbose
    head = list(_head_lines(page))
    end = [*_accepted_lines(page), *_unchecked_lines(page), *_closing_lines(page)]
    yield from head
    if report.policy.profile == GATE and not verbose:
        yield from _gate_lines(page)
        yield from end
        return
    if verbose:
        yield from _case_lines(page, len(report.cases), 10**9)
        yield from _all_finding_lines(page)
        yield from end
        yield from _scope_lines(page)
        return
    limits = LARGE if sum(report.flagged.values()) > LARGE_RUN else SMALL
    room = max(limits.lines, limits.lines * WIDTH // page.options.width) - len(head) - len(end)
    cases = _case_lines(page, limits.cases, room // 2)
    yield from cases
    yield from _finding_lines(page, limits.findings, room - len(cases))
    yield from end


def _head_lines(page: _Page) -> Iterator[Line]:
    """Yield the notices and the verdict."""
    report = page.report
    *notices, last = notice_sentences(report, page.options)
    for number, sentence in enumerate((*notices, f"{last}. {no_proof(report)}" if no_proof(report) else last)):
        yield from page.wrap("bold" if number else "warning", sentence)
    yield "", ""
    yield from page.wrap("bold", verdict(report))
    about_sample = sample_sentences(report)
    for text in about_sample if page.options.verbose else about_sample[:MAX_SAMPLE_SENTENCES]:
        yield from page.wrap("", text)
    for text in coverage.files_left_out(report):
        yield from page.wrap("warning", printable(text, 400))
    for name, count in (("files", report.tally.files), ("samples", report.tally.samples)):
        if not count.is_balanced:
            wrong = f"The counts of {name} do not add up: do not rely on this report, and report the error to auditor's"
            yield from page.wrap("error", f"{wrong} developers.")
    yield "", ""


def _case_lines(page: _Page, limit: int, room: int) -> list[Line]:
    """Return the cases, at most so many and in so many lines; nothing, if there are none."""
    cases = page.report.cases
    if not cases:
        return []
    lines: list[Line] = [("bold", f"Cases: {len(cases):,} for people to decide")]
    shown = 0
    for case in cases[:limit]:
        of_case = list(_lines_of_case(page, case))
        if shown and len(lines) + len(of_case) + (shown + 1 < len(cases)) > room:
            break
        lines += of_case
        shown += 1
    if shown < len(cases):
        lines += page.wrap("", f"and {count_with_noun(len(cases) - shown, 'more case')}", "  ", "    ")
    return lines


def _lines_of_case(page: _Page, case: Case) -> Iterator[Line]:
    """Yield the lines of one case: its subject, its ground, its first reason; when verbose, all of it."""
    revision = f" @ {printable(case.revision, 40)}" if case.revision else ""
    reasons = case.reasons if page.options.verbose else case.reasons[:1]
    name = f"{printable(labels.subject_label(case.ref))}{revision}"
    copies = f" ({count_with_noun(len(case.copies), 'copy')})" if case.copies else ""
    if not page.options.verbose:
        fact = printable(reasons[0].fact, 300) if reasons else labels.CASE_GROUNDS[case.ground]
        yield from page.wrap("error", f"{name}  {case.ground}: {fact}{copies}", "  ", "      ")
        return
    yield from page.wrap("error", f"{name}  {case.ground}: {labels.CASE_GROUNDS[case.ground]}", "  ", "      ")
    for reason in reasons:
        of_copy = "" if reason.subject == case.subject else f" (of {printable(reason.subject, 80)})"
        yield from page.wrap("", f"{_finding_text(page, reason)}{of_copy}", "    ", "      ")
    if case.copies:
        names = ", ".join(printable(copy.name, 80) for copy in case.copies)
        yield from page.wrap("", f"the same weights: {names}", "    ", "      ")


def _finding_text(page: _Page, finding: Finding, with_fix: bool = True) -> str:
    """Return a finding on one line: file and line, rule, what is found, what to do."""
    place = printable(str(page.place_of(finding)))
    severity = finding.severity if finding.outcome == "FLAGGED" else "not judged"
    remark = f" ({printable(finding.remark, 300)})" if finding.remark and page.options.verbose else ""
    what = f"{printable(finding.rule, 80)}  {severity}: {page.fact_of(finding)}{remark}"
    fix = page.fix_of(finding) if with_fix else ""
    return f"{place}{'  ' if place else ''}{what}{f' → {fix}' if fix else ''}"


def _finding_lines(page: _Page, limit: int, room: int) -> list[Line]:
    """Return the most severe findings that are no reason of a case, grouped by subject, in at most so many lines."""
    report = page.report
    total = sum(report.flagged.values())
    if not total:
        return []
    lines = page.wrap("bold", f"Findings: {_count_severities(report)}", "", "  ")
    in_cases = _case_reasons(report)
    severe, numbers = _most_severe(report, 4 * room + len(in_cases))
    by_subject: dict[Ref, list[Finding]] = {}
    for finding in severe:
        if (finding.ref, finding.fingerprint) not in in_cases:
            by_subject.setdefault(finding.ref, []).append(finding)
    of_cases = Counter(ref for ref, _ in in_cases)
    shown = 0
    explained: set[str] = set()  # the rules whose fix is shown
    page = _with_cards(page, (finding for found in by_subject.values() for finding in found[:limit]))
    for ref, found in by_subject.items():
        block = page.wrap("bold", printable(labels.subject_label(ref)), "  ", "    ")
        found.sort(key=_is_claimed)
        left = numbers[ref] - of_cases[ref] - len(found[:limit])
        for number, finding in enumerate(found[:limit], 1):
            text = _finding_text(page, finding, with_fix=finding.rule not in explained)
            more = f" (and {left:,} more)" if left and number == len(found[:limit]) else ""
            block += page.wrap(_style(finding), f"{text}{more}", "    ", "      ")
            explained.add(finding.rule)
        if shown and len(lines) + len(block) + len(_more_findings(page, total)) > room:
            break
        lines += block
        shown += numbers[ref] - of_cases[ref]
    if left := total - shown - len(in_cases):
        lines += _more_findings(page, left)
    return lines


def _is_claimed(finding: Finding) -> bool:
    """Return whether a finding rests on what a text file claims alone, so that it comes after others."""
    return finding.relation.startswith("claimed-")


def _more_findings(page: _Page, number: int) -> list[Line]:
    """Return the lines that say how many findings are on subjects that are not shown."""
    text = f"and {count_with_noun(number, 'more finding')} on other subjects (auditor report -v shows all)"
    return page.wrap("", text, "  ", "    ")


def _all_finding_lines(page: _Page) -> Iterator[Line]:
    """Yield all findings, by subject, the most severe of each first."""
    report = page.report
    total = sum(report.flagged.values())
    if not total:
        return
    yield from page.wrap("bold", f"Findings: {_count_severities(report)}", "", "  ")
    page = _with_cards(page, report.findings if total <= MAX_CARDS else ())
    for ref, found in groupby(report.findings, key=attrgetter("ref")):
        yield from page.wrap("bold", printable(labels.subject_label(ref)), "  ", "    ")
        for finding in sorted(found, key=severity_rank, reverse=True):
            yield from page.wrap(_style(finding), _finding_text(page, finding), "    ", "      ")


def _gate_lines(page: _Page) -> Iterator[Line]:
    """Yield one line for each finding, the most severe first: file and line, severity, rule, what, why, how to fix.

    Rules that could not be judged for one reason share a line.
    """
    report = page.report
    total = sum(report.flagged.values())
    if not total:
        return
    severe, _ = _most_severe(report, MAX_GATE_FINDINGS)
    page = _with_cards(page, severe)
    unjudged: dict[tuple[str, str, str], list[str]] = {}  # the rules, by where, why and what to do
    for finding in severe:
        place = page.place_of(finding)
        path = local_path(place.uri, report.targets) if place.uri else labels.subject_label(finding.ref)
        where = f"{printable(path)}:{place.line}" if place.line else printable(path)
        rule, fact = printable(finding.rule, 80), page.fact_of(finding)
        if finding.outcome != "FLAGGED":
            unjudged.setdefault((where, fact, page.fix_of(finding)), []).append(rule)
            continue
        known = page.rules.get(finding.rule)
        why = f" Why: {first_sentence(known.why)}" if known else ""
        yield _style(finding), f"{where}: {finding.severity}: {rule}: {fact}.{why} Fix: {page.fix_of(finding)}"
    for (where, fact, fix), rules in unjudged.items():
        number = count_with_noun(len(rules), "rule")
        yield "", f"{where}: not judged by {number}: {fact} ({', '.join(sorted(rules))}). Fix: {fix}"
    if any(finding.outcome == "FLAGGED" and finding.severity == "error" for finding in severe):
        yield "", "An error holds the upload back: the exit code is 1, unless --fail-on says otherwise."
    if total > len(severe):
        yield "", f"and {count_with_noun(total - len(severe), 'more finding')} (auditor report -v shows all)"


def _case_reasons(report: Report) -> set[tuple[Ref, str]]:
    """Return subject and fingerprint of the findings that are reasons of cases, and stand there."""
    return {(reason.ref, reason.fingerprint) for case in report.cases for reason in case.reasons}


def _most_severe(report: Report, limit: int) -> tuple[Sequence[Finding], Mapping[Ref, int]]:
    """Return the most severe findings, and how many findings each of their subjects has."""
    if isinstance(report.findings, Findings):
        return report.findings.most_severe(limit)
    numbers: Counter[Ref] = Counter(finding.ref for finding in report.findings)
    return heapq.nlargest(limit, report.findings, key=severity_rank), numbers


def _with_cards(page: _Page, findings: Iterable[Finding]) -> _Page:
    """Return the page with the cards' places of the subjects whose findings have none."""
    refs = {finding.ref for finding in findings if not finding.place.uri}
    return page._replace(cards=page.report.card_places(refs))


def _style(finding: Finding) -> str:
    """Return the colour of a finding: errors and warnings have one."""
    return finding.severity if finding.outcome == "FLAGGED" and finding.severity != "note" else ""


def _count_severities(report: Report) -> str:
    """Return how many findings there are of each severity, and how many rules could not be judged."""
    numbers: Counter[str] = Counter()
    for (_, outcome, severity), number in report.flagged.items():
        numbers[severity if outcome == "FLAGGED" else "not judged"] += number
    counted = [count_with_noun(numbers[word], word) for word in reversed(SEVERITIES) if numbers[word]]
    return ", ".join([*counted, *([f"{numbers['not judged']:,} not judged"] if numbers["not judged"] else [])])


def _accepted_lines(page: _Page) -> Iterator[Line]:
    """Yield what a baseline accepts, and which of its entries have expired or are unused."""
    sentences = acceptance_sentences(page.report)
    number = len(sentences) if page.options.verbose else MAX_ACCEPTANCES
    if sentences:
        yield "bold", "Accepted by a baseline"
    for sentence in sentences[:number]:
        yield from page.wrap("", sentence, "  ", "    ")
    if len(sentences) > number:
        more = f"and {count_with_noun(len(sentences) - number, 'more acceptance')} (auditor report -v shows all)"
        yield from page.wrap("", more, "  ", "    ")


def _unchecked_lines(page: _Page) -> Iterator[Line]:
    """Yield what was not checked and why; when not verbose, the most frequent reasons alone."""
    report, verbose = page.report, page.options.verbose
    yield "", ""
    yield "bold", "What was not checked"
    for text in coverage.missing_lists(report):
        yield from page.wrap("warning", printable(text, 400), "  ", "    ")
    reasons = unchecked_reasons(report)
    for reason in reasons if verbose else reasons[:MAX_UNCHECKED]:
        yield from page.wrap("", str(reason), "  ", "    ")
    if not verbose and len(reasons) > MAX_UNCHECKED:
        more = count_with_noun(len(reasons) - MAX_UNCHECKED, "more reason")
        yield from page.wrap("", f"and {more} (auditor report -v shows all)", "  ", "    ")
    ancestors = coverage.ancestor_sentences(report)
    if len(ancestors) > MAX_ANCESTOR_REASONS and not verbose and report.policy.profile != GATE:
        ancestors = coverage.ancestor_sentences(report, with_reasons=False)
    for text in (*coverage.uncompared_weights(report), *ancestors):
        yield from page.wrap("", printable(text, 400), "  ", "    ")
    yield from page.wrap("", _count_text(report), "  ", "    ")
    for extension in report.policy.extensions:
        yield from page.wrap("", f"Read with the extension {printable(str(extension))}", "  ", "    ")


def _count_text(report: Report) -> str:
    """Return the proof that every file and sample is accounted for, in one order."""
    files, samples = report.tally.files, report.tally.samples
    return (
        f"Files {files.collected:,} = {files.scanned:,} read + {files.partly:,} partly + {files.skipped:,} skipped + "
        f"{files.errored:,} not read; samples {samples.collected:,} = {samples.scanned:,} + {samples.partly:,} + "
        f"{samples.skipped:,} + {samples.errored:,}"
    )


def _closing_lines(page: _Page) -> Iterator[Line]:
    """Yield what to do now, where the run lies, and the next command."""
    report = page.report
    if guidance.has_known_content_matches(report):
        yield from page.wrap("bold", f"Now: {guidance.first_step_after_match(report, page.options.country)}", "", "  ")
    if report.folder:
        yield "", f"Run: {printable(str(report.folder))}"  # not wrapped, so that it can be copied
    yield "", f"Next: {guidance.next_command(report, page.options.country)}"


def _scope_lines(page: _Page) -> Iterator[Line]:
    """Yield what was read, by which rules and against which lists, and how much of it was compared."""
    report = page.report
    policy = report.policy
    yield "", ""
    yield "bold", "What was read and compared"
    targets = ", ".join(printable(target, 80) for target in report.targets)
    subjects = ", ".join(count_with_noun(number, kind) for kind, number in sorted(report.subjects.items()))
    texts = [
        f"Targets: {targets}",
        f"Subjects: {subjects or 'none'}",
        f"Policy: {len(policy.rules):,} rules, profile {printable(policy.profile, 80)}, {policy.fingerprint[:12]}",
    ]
    for known in policy.lists:
        meaning = labels.LIST_MEANINGS.get(known.means) or printable(known.means, 80)
        entries = f"{known.entries:,} {'entry' if known.entries == 1 else 'entries'}"
        texts.append(f"List {printable(known.name, 80)} {printable(known.version, 40)}: {entries}; {meaning}")
    texts += coverage.comparison_sentences(report)
    texts += [f"{number:,} {what}" for what, number in coverage.coverage_counts(report)]
    texts += coverage.chance_matches(report)
    if coverage.missing_lists(report):
        texts.append(guidance.list_providers(report))
    for text in texts:
        yield from page.wrap("", printable(text, 1000), "  ", "    ")
    steps = (*(guidance.steps_after_match(report) if guidance.has_known_content_matches(report) else ()),)
    for number, step in enumerate((*steps, *guidance.next_steps(report))):
        if not number:
            yield "", ""
            yield "bold", "What to do"
        yield from page.wrap("", step, "  - ")


def _restricted_hit_lines(page: _Page) -> Iterator[Line]:
    """Yield the matched samples with their places: restricted."""
    yield "", ""
    yield "bold", "RESTRICTED: where matched samples are"
    number = 0
    for number, hit in enumerate(read_restricted_hits(page.report), 1):
        if number > MAX_HITS:
            continue
        variant = f", {printable(hit.variant, 40)}" if hit.variant else ""
        row = f", row {hit.row}" if hit.row else ""
        yield from page.wrap(
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
