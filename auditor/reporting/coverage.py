"""What a run's lists were compared with, and what they could not answer, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from auditor.known.decoys import DECOY_COUNTS, expected_by_chance, expected_by_thorough_chance
from auditor.known.fingerprint_index import WEIGHTS_NOT_COMPARED
from auditor.known.matcher import CROPS_NOT_CHECKED
from auditor.model import Carrier
from auditor.pipeline.ignore_files import IGNORED
from auditor.pipeline.report import AncestorNote, Report
from auditor.pipeline.selection import EXCLUDED, NOT_NAMED
from auditor.printable import printable
from auditor.reporting.labels import CARRIERS, LIST_MEANINGS


def accounting_sentences(report: Report) -> tuple[str, str]:
    """Return how many files and samples were collected, and what came of them: coverage that adds up."""
    files, samples = (
        f"{name}: {count.collected:,} collected = {count.scanned:,} scanned + {count.partly:,} partly + "
        f"{count.skipped:,} skipped + {count.errored:,} errored{'' if count.is_balanced else ': does not add up'}"
        for name, count in (("Files", report.tally.files), ("Samples", report.tally.samples))
    )
    return files, samples


def coverage_counts(report: Report) -> tuple[tuple[str, int], ...]:
    """Return what was compared or could not be, each with the number of samples or files.

    Counts that :func:`chance_matches` and :func:`uncompared_weights` put into words are left out.
    """
    in_words = (*DECOY_COUNTS, WEIGHTS_NOT_COMPARED)
    return tuple(
        (_coverage_label(what), number)
        for what, number in sorted(report.tally.coverage.items())
        if not what.startswith(in_words)
    )


def _coverage_label(what: str) -> str:
    """Return in plain words what a key of the tally's coverage counts."""
    if what == CROPS_NOT_CHECKED:
        return "not checked: whether they are cropped copies of listed pictures"
    kind, _, rest = what.partition(" ")
    if kind == "hits":
        means, _, nearness = rest.partition(" ")
        return f"matches with a list of {LIST_MEANINGS.get(means, means)}: {nearness}"
    return what


def files_left_out(report: Report) -> tuple[str, ...]:
    """Return coverage sentences for options that left files out, for files counted once, and for repositories."""
    return (
        report.notes.counted_once
        + report.notes.remote
        + tuple(
            f"{number:,} {'file was' if number == 1 else 'files were'} {why}"
            for why, number in sorted(report.tally.reasons.items())
            if why.startswith((EXCLUDED, NOT_NAMED, IGNORED))
        )
    )


def ancestor_sentences(report: Report) -> tuple[str, ...]:
    """Return coverage sentences on parents that were not at hand, and on contexts that were compared otherwise."""
    return tuple(map(_ancestor_sentence, report.ancestors))


def _ancestor_sentence(note: AncestorNote) -> str:
    """Return the sentence of a note on ancestors, with the names that it has."""
    what, names, more, why = note
    named = ", ".join(printable(name, 120) for name in names) + (f" and {more:,} more" if more > 0 else "")
    return ": ".join(part for part in (what, named, why) if part) + "."


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """Of how many samples one algorithm of a list was compared, of those that one kind of carrier holds."""

    list: str
    algorithm: str
    carrier: Carrier
    compared: int = 0
    low_detail: int = 0
    not_compared: int = 0
    not_computed: int = 0

    @property
    def total(self) -> int:
        """How many samples there were."""
        return self.compared + self.low_detail + self.not_compared + self.not_computed


def comparison_rows(report: Report) -> tuple[ComparisonRow, ...]:
    """Return coverage: what was compared with each list, by algorithm and kind of carrier."""
    numbers: dict[tuple[str, str, Carrier], Counter[str]] = {}
    for (name, algorithm, carrier, outcome), number in sorted(report.tally.comparisons.items()):
        numbers.setdefault((name, algorithm, carrier), Counter())[outcome] = number
    outcomes = ("compared", "low detail", "not compared", "not computed")
    return tuple(ComparisonRow(*key, *(counts[outcome] for outcome in outcomes)) for key, counts in numbers.items())


def comparison_sentences(report: Report) -> tuple[str, ...]:
    """Return the coverage of each list, one sentence for each algorithm and kind of carrier."""
    return tuple(map(_comparison_sentence, comparison_rows(report)))


def _comparison_sentence(row: ComparisonRow) -> str:
    """Return the sentence that says what was compared with a list, for one row of coverage."""
    rest = [
        f"{number:,} {words}"
        for number, words in (
            (row.low_detail, "of too little detail"),
            (row.not_compared, "could not be hashed"),
            (row.not_computed, "not hashed: auditor does not compute it"),
        )
        if number
    ]
    compared = f"{row.compared:,} of {row.total:,} {CARRIERS[row.carrier]} compared with list {printable(row.list, 80)}"
    return "; ".join([f"{compared} by {row.algorithm}", *rest])


def uncompared_weights(report: Report) -> tuple[str, ...]:
    """Return a coverage sentence for each list of models whose fingerprints were not compared with all weights."""
    counted = (
        (what.removeprefix(WEIGHTS_NOT_COMPARED), number)
        for what, number in sorted(report.tally.coverage.items())
        if what.startswith(WEIGHTS_NOT_COMPARED)
    )
    return tuple(
        f"List {name}: {number:,} {'file' if number == 1 else 'files'} of weights not compared with its fingerprints, "
        "so a listed model that was saved anew is not found. Scan again with --weights sample."
        for name, number in counted
    )


def nothing_read_or_compared(report: Report) -> tuple[str, ...]:
    """Return a sentence on coverage if every file was skipped, one for each list compared with nothing, and others.

    The others say what was not asked of all runs that a report is made from.
    """
    skipped = report.tally.files.skipped
    files = "the only file was" if skipped == 1 else f"all {skipped:,} files were"
    read = (f"Nothing was read: {files} skipped.",) if report.nothing_read else ()
    means = {summary.name: summary.means for summary in report.policy.lists}
    compared = (
        f"Nothing was compared with list {printable(name, 80)}: {_why_not_compared(report, name, means[name])}."
        for name in report.nothing_compared
    )
    return (*read, *compared, *map(printable, report.notes.asked_differently))


def _why_not_compared(report: Report, name: str, means: str) -> str:
    """Return why the coverage of a list is nothing."""
    if report.tally.coverage.get(f"{WEIGHTS_NOT_COMPARED}{name}"):
        return "weights were not sampled, scan again with --weights sample"
    number = report.subjects.get("model") if means == "model" else report.tally.samples.collected
    thing = "model" if means == "model" else "sample"
    return f"no {thing} has what the list can answer" if number else f"no {thing} was found"


def chance_matches(report: Report) -> tuple[str, ...]:
    """Return a coverage sentence for each list: how many near matches to expect by coincidence; more for leads."""
    matches = tuple(
        f"List {line.list}: among {line.compared:,} hashes compared, about {line.matches:,.1f} near matches are "
        f"expected by coincidence, and no more than {line.upper_limit:,.1f} with 95 % confidence."
        for line in expected_by_chance(report.tally.coverage)
    )
    leads = tuple(
        f"List {line.list}, with common edits undone: among {line.compared:,} hashes (pictures: {line.pictures:,}), "
        f"about {line.matches:,.1f} leads are expected by coincidence, and no more than {line.upper_limit:,.1f} with "
        f"95 % confidence: {line.picture_rate.high:.1e} for each picture, and {line.pair_rate.high:.1e} "
        "each time that one hash is compared with one entry."
        for line in expected_by_thorough_chance(report.tally.coverage)
    )
    return (*matches, *leads)


def missing_lists(report: Report) -> tuple[str, ...]:
    """Return a warning about coverage if no list of known child sexual abuse material was loaded."""
    if report.policy.hides_lists:
        return ()
    means = {summary.means for summary in report.policy.lists}
    if "csam" in means:
        return ()
    loaded = sorted(means - {"benign", "model"})
    if not loaded:
        return (
            "Images and other samples were not matched against known content: no list of it was loaded. "
            "This report says nothing of what they show.",
        )
    others = "; ".join(LIST_MEANINGS.get(meaning) or printable(meaning) for meaning in loaded)
    return (f"No list of known child sexual abuse material was loaded; samples were matched only against: {others}.",)
