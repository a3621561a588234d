"""What a run's lists were compared with, and what they could not answer, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor.hashing.pdq import MIN_QUALITY
from auditor.known.decoys import DECOY_COUNTS, expected_by_chance, expected_by_thorough_chance
from auditor.known.fingerprint_index import WEIGHTS_NOT_COMPARED
from auditor.known.matcher import CROPS_NOT_CHECKED
from auditor.lineage.model_matching import SHORT_HASHES_COMPARED
from auditor.model import Carrier
from auditor.pipeline.ignore_files import IGNORED
from auditor.pipeline.report import AncestorNote, Report
from auditor.pipeline.selection import EXCLUDED, NOT_NAMED
from auditor.printable import printable
from auditor.reporting.labels import CARRIERS, LIST_MEANINGS, list_label
from auditor.samples import NEAR_ALGORITHMS, SHORT_HASH_BITS, TEXT_SIGNALS, VPDQ

# What a run counts besides comparisons → the same in words. A key is followed by the name of a list where it ends
# with a blank. A count that other sentences tell has no words here.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        CROPS_NOT_CHECKED: "pictures were not checked for being a cut-out of a listed picture",
        f"unmatchable: quality below {MIN_QUALITY}": "pictures have too little detail to be compared by PDQ",
        "unmatchable: no quality": "pictures were not compared by PDQ, because their detail is not known",
        "declared pdq of unknown quality": "claimed PDQ hashes come without a measure of detail; they were compared",
        "excluded by a benign list: near": "samples look like a listed one and are known to be harmless: not counted",
        "excluded by a benign list: weights": "files of weights are known to be harmless: not counted",
        "conflict: in a benign list and exactly in one of csam": "samples are in a list of harmless content and in "
        "one of known content: counted as matches",
        "weights sampled": "files of weights were sampled, to be compared with each other and with lists",
        "weights not sampled: an adapter, quantised or too small": "files of weights were not sampled: an adapter, "
        "quantised, or too small",
        "weights not sampled: not safetensors, GGUF or ONNX": "files of weights were not sampled: not safetensors, "
        "GGUF or ONNX",
        "weights not sampled: a part that unlike models share": "files of weights were not sampled: a part that unlike "
        "models share",
        "weights not sampled: cannot be read": "files of weights were not sampled: they cannot be read",
        "weights digested tensor by tensor": "files of weights were read whole, tensor by tensor",
        "weights compared with the fingerprints of list ": "files of weights were compared with fingerprints of list ",
        "leads ": "leads: samples match only with a common edit undone, on lists of ",
    }
)
_ALREADY_COUNTED = ", as declared too"  # of samples that a manifest counts too
# Told by comparison_sentences, by the verdict, by chance_matches and by uncompared_weights.
_TOLD_ELSEWHERE = ("compared by ", "hits ", *DECOY_COUNTS, WEIGHTS_NOT_COMPARED, SHORT_HASHES_COMPARED)

_LEFT_OUT_BY_CHOICE = (EXCLUDED, NOT_NAMED, IGNORED)


def accounting_sentences(report: Report) -> tuple[str, str]:
    """Return how many files and samples were collected, and what came of them: coverage that adds up."""
    files, samples = (
        f"{name}: {count.collected:,} collected = {count.scanned:,} scanned + {count.partly:,} partly + "
        f"{count.skipped:,} skipped + {count.errored:,} errored{'' if count.is_balanced else ': does not add up'}"
        for name, count in (("Files", report.tally.files), ("Samples", report.tally.samples))
    )
    return files, samples


def coverage_counts(report: Report) -> tuple[tuple[str, int], ...]:
    """Return in words what was checked or could not be, besides comparisons with lists, each with its number."""
    numbers: Counter[str] = Counter()
    for what, number in report.tally.coverage.items():
        if not what.startswith(_TOLD_ELSEWHERE):
            numbers[_coverage_words(what.removesuffix(_ALREADY_COUNTED))] += number
    return tuple(sorted(numbers.items()))


def _coverage_words(what: str) -> str:
    """Return in plain words what a key of the tally's coverage counts; the key itself, if it has none."""
    if words := _WORDS.get(what):
        return words
    start = next((key for key in _WORDS if key.endswith(" ") and what.startswith(key)), "")
    rest = what.removeprefix(start)
    if start == "leads ":
        means = rest.partition(":")[0]
        rest = LIST_MEANINGS.get(means, means)
    return f"{_WORDS[start]}{rest}" if start else what


def number_left_out(report: Report) -> int:
    """Return the coverage that options took away: how many files were left out by choice."""
    return sum(number for why, number in report.tally.reasons.items() if why.startswith(_LEFT_OUT_BY_CHOICE))


def files_left_out(report: Report) -> tuple[str, ...]:
    """Return coverage sentences for options that left files out, for files counted once, and for repositories."""
    return (
        report.notes.counted_once
        + report.notes.remote
        + report.notes.kept_digests
        + tuple(
            f"{number:,} {'file was' if number == 1 else 'files were'} {why}"
            for why, number in sorted(report.tally.reasons.items())
            if why.startswith(_LEFT_OUT_BY_CHOICE)
        )
    )


def ancestor_sentences(report: Report, *, with_reasons: bool = True) -> tuple[str, ...]:
    """Return coverage sentences on parents that were not at hand, and on contexts that were compared otherwise.

    Args:
        report: The report.
        with_reasons: Whether they say what follows from it, and what to do.
    """
    return tuple(_ancestor_sentence(note if with_reasons else note._replace(why="")) for note in report.ancestors)


def _ancestor_sentence(note: AncestorNote) -> str:
    """Return the sentence of a note on ancestors, with the names that it has."""
    what, names, more, why = note
    named = ", ".join(printable(name, 120) for name in names) + (f" and {more:,} more" if more > 0 else "")
    return ": ".join(part for part in (what, named, why) if part) + "."


_SHORT_HASHES = re.compile(rf"{SHORT_HASHES_COMPARED}(\S+) with (\d+) entries of (.*)", re.DOTALL)


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
    labels = {known.name: list_label(known) for known in report.policy.lists}
    return tuple(
        _comparison_sentence(row, labels.get(row.list, f"list {printable(row.list, 80)}"))
        for row in comparison_rows(report)
    )


def how_compared(algorithm: str) -> str:
    """Return what a match by this algorithm means: the same hash or address, or nearly the same picture or video."""
    if algorithm in TEXT_SIGNALS:
        return "the same address"
    if algorithm in NEAR_ALGORITHMS:
        return "nearly the same picture"
    return "nearly the same video" if algorithm == VPDQ else "the same hash"


def _comparison_sentence(row: ComparisonRow, label: str) -> str:
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
    compared = f"{row.compared:,} of {row.total:,} {CARRIERS[row.carrier]} were compared with {label}"
    return "; ".join([f"{compared} by {row.algorithm} ({how_compared(row.algorithm)})", *rest])


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
    return (*matches, *leads, *_short_hash_chances(report))


def _short_hash_chances(report: Report) -> Iterator[str]:
    """Yield a coverage sentence for the short hashes of each list of models: how many match by coincidence."""
    for key, number in sorted(report.tally.coverage.items()):
        if found := _SHORT_HASHES.fullmatch(key):
            algorithm, entries, name = found[1], int(found[2]), found[3]
            bits = SHORT_HASH_BITS[algorithm]
            yield (
                f"List {name}: {number:,} {algorithm} hashes of {bits} bits compared with {entries:,} entries; about "
                f"{number * entries / 2**bits:.2g} matches are expected by coincidence. Such a match is a lead only."
            )


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
    return (f"No list of known child sexual abuse material was loaded, only of: {others}.",)
