"""What came of a run, in one sentence: matches, what needs a review, what was not read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from auditor.model import Carrier
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Report
from auditor.plurals import count_with_noun, pluralize
from auditor.reporting.coverage import comparison_rows
from auditor.reporting.labels import list_label

MAX_LISTS = 3  # that the sentence names
_PICTURES: frozenset[Carrier] = frozenset({"picture file", "table picture", "archive member", "pixel array"})
_CLAIMS: dict[Carrier, str] = {"declared digest": "claimed digest", "address": "claimed address"}


def verdict(report: Report) -> str:
    """Return in one sentence what was found and what was not read; it never reads as "clean"."""
    parts = [*_match_phrases(report), *_review_phrases(report)]
    if not report.cases and not any(match.number for match in report.matches):
        parts += _finding_phrases(report)
    parts += _reading_phrases(report)
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def no_proof(report: Report) -> str:
    """Return that no match proves nothing of the samples that were compared; "" if lists are hidden or none was."""
    if report.policy.hides_lists or not sample_lists(report) or not report.tally.samples.collected:
        return ""
    return "No match is no proof that a sample is free of such content."


def sample_lists(report: Report) -> tuple[ListSummary, ...]:
    """Return the lists of the report that samples were matched with to flag them."""
    return tuple(known for known in report.policy.lists if known.means not in ("model", "benign"))


def matched_samples(report: Report, name: str = "") -> int:
    """Return how many samples match entries of a list (of all lists, without a name) by digests of their own bytes."""
    return sum(
        match.number
        for match in report.matches
        if match.basis == "computed" and match.relation in ("exact", "near") and name in ("", match.list)
    )


def _match_phrases(report: Report) -> list[str]:
    """Return for the verdict how many samples match each list."""
    lists = sample_lists(report)
    if report.policy.hides_lists:
        return []
    if not lists:
        unmatched = report.tally.samples.collected
        return ["pictures and other samples were not matched: no list of known content was loaded"] if unmatched else []
    matched = [known for known in lists if any(match.list == known.name for match in report.matches)]
    phrases = [phrase for known in matched[:MAX_LISTS] for phrase in match_phrases(report, known)]
    if len(matched) > MAX_LISTS:
        phrases.append(f"{count_with_noun(len(matched) - MAX_LISTS, 'more list')} matched too")
    if not matched and not report.nothing_compared:
        total, noun = max((_compared(report, known.name) for known in lists), default=(0, "sample"))
        claims = max(_claimed(report, known.name)[0] for known in lists)
        of = count_with_noun(total, noun) if total else count_with_noun(claims, "claim")
        named = list_label(lists[0]) if len(lists) == 1 else f"the {len(lists):,} lists loaded"
        phrases.append(f"no match with {named} among {of}" if total or claims else f"no match with {named}")
    return phrases


def match_phrases(report: Report, known: ListSummary) -> list[str]:
    """Return how many samples and claimed digests match entries of a list, and how many are leads."""
    numbers: Counter[tuple[str, str]] = Counter()
    for match in report.matches:
        if match.list == known.name:
            numbers["lead" if match.relation == "near-thorough" else match.basis, match.relation] += match.number
    counted = []
    total_number = 0
    for basis, (total, noun) in (
        ("computed", _compared(report, known.name)),
        ("declared", _claimed(report, known.name)),
    ):
        kinds = [(numbers[basis, word], word) for word in ("exact", "near") if numbers[basis, word]]
        if number := sum(count for count, _ in kinds):
            of = f"{number:,} of {total:,}" if total >= number else f"{number:,}"
            words = kinds[0][1] if len(kinds) == 1 else ", ".join(f"{count:,} {word}" for count, word in kinds)
            counted.append(f"{of} {pluralize(noun, max(total, number))} ({words})")
            total_number += number
    verb = "matches an entry" if total_number == 1 else "match entries"
    phrases = [f"{' and '.join(counted)} {verb} of {list_label(known)}"] if counted else []
    if leads := numbers["lead", "near-thorough"]:
        verb = "matches" if leads == 1 else "match"
        phrases.append(f"{count_with_noun(leads, 'sample')} {verb} {list_label(known)} only with a common edit undone")
    return phrases


def _compared(report: Report, name: str) -> tuple[int, str]:
    """Return how many samples were to be compared with a list by their own bytes, and what to call them."""
    totals: Counter[Carrier] = Counter()
    for row in comparison_rows(report):
        if row.list == name and row.carrier not in _CLAIMS:
            totals[row.carrier] = max(totals[row.carrier], row.total)
    return totals.total(), "picture" if totals and totals.keys() <= _PICTURES else "sample"


def _claimed(report: Report, name: str) -> tuple[int, str]:
    """Return how many digests and addresses that files only state were compared with a list, and what to call them."""
    totals: Counter[Carrier] = Counter()
    for row in comparison_rows(report):
        if row.list == name and row.carrier in _CLAIMS:
            totals[row.carrier] = max(totals[row.carrier], row.total)
    nouns = {_CLAIMS[carrier] for carrier in totals}
    return totals.total(), nouns.pop() if len(nouns) == 1 else "claim"


def _review_phrases(report: Report) -> list[str]:
    """Return for the verdict what people must review."""
    kinds = Counter(case.kind for case in report.cases)
    return [
        f"{count_with_noun(number, kind)} {'needs' if number == 1 else 'need'} a review by people"
        for kind, number in sorted(kinds.items())
    ]


def _finding_phrases(report: Report) -> list[str]:
    """Return for the verdict how many findings there are, for a report without matches and cases."""
    numbers: Counter[str] = Counter()
    for (_, outcome, severity), number in report.flagged.items():
        if outcome == "FLAGGED":
            numbers[severity] += number
    counted = [count_with_noun(numbers[word], word) for word in ("error", "warning", "note") if numbers[word]]
    return [", ".join(counted)] if counted else ["nothing was flagged in what was read"]


def _reading_phrases(report: Report) -> list[str]:
    """Return for the verdict what was not read."""
    files, samples = report.tally.files, report.tally.samples
    phrases = []
    for number, noun, words in (
        (files.errored, "file", "not read"),
        (files.partly, "file", "read in part"),
        (files.skipped, "file", "skipped"),
        (samples.errored, "sample", "not compared"),
        (samples.partly, "sample", "compared in part"),
    ):
        if number:
            phrases.append(f"{count_with_noun(number, noun)} {'was' if number == 1 else 'were'} {words}")
    if files.collected and files.scanned == files.collected:
        few = {1: "the only file was read", 2: "both files were read"}
        phrases.append(few.get(files.collected, f"all {files.collected:,} files were read"))
    if report.unread and not (files.errored or files.partly or samples.errored or samples.partly):
        phrases.append(f"{count_with_noun(report.unread, 'thing')} could not be judged")
    if not report.complete:
        phrases.append("the run is not complete")
    return phrases


@dataclass(frozen=True, slots=True)
class MatchedTile:
    """The number of samples that match a list, for a reader who sees only the number: what it counts stands beside.

    Attributes:
        number: The number; "–" if nothing was matched with a list.
        words: What it counts.
        found: Whether anything matches, computed or only claimed.
    """

    number: str
    words: str
    found: bool


def matched_tile(report: Report) -> MatchedTile | None:
    """Return how many samples match a list: of several lists, the one that most match; None if lists are hidden."""
    if report.policy.hides_lists:
        return None
    lists = sample_lists(report)
    if not lists:
        return MatchedTile("–", "pictures and other samples were not matched: no list of known content", False)
    known = max(lists, key=lambda one: (matched_samples(report, one.name), one.name))
    number = matched_samples(report, known.name)
    total, noun = _compared(report, known.name)
    claimed = sum(one.number for one in report.matches if one.basis == "declared" and one.list == known.name)
    of = f"of {count_with_noun(total, noun)}" if total >= number else pluralize(noun, number)
    words = f"{of} {'matches' if number == 1 else 'match'} entries of {list_label(known)}"
    if claimed:
        words += f"; {count_with_noun(claimed, 'match')} more by claimed digests alone"
    if len(lists) > 1:
        words += f"; {count_with_noun(len(lists) - 1, 'other list')} below"
    return MatchedTile(f"{number:,}", words, bool(number or claimed))
