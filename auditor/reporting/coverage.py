"""What a run's lists were compared with, and what they could not answer, in words."""

from __future__ import annotations

from auditor.known.decoys import DECOY_COUNTS, expected_by_chance, expected_by_thorough_chance
from auditor.known.fingerprint_index import WEIGHTS_NOT_COMPARED
from auditor.pipeline.report import Report
from auditor.pipeline.selection import EXCLUDED, NOT_NAMED
from auditor.printable import printable
from auditor.reporting.labels import LIST_MEANINGS


def coverage_counts(report: Report) -> tuple[tuple[str, int], ...]:
    """Return what was compared or could not be, each with the number of samples or files.

    Counts that :func:`chance_matches` and :func:`uncompared_weights` put into words are left out.
    """
    in_words = (*DECOY_COUNTS, WEIGHTS_NOT_COMPARED)
    return tuple(
        (what, number) for what, number in sorted(report.tally.coverage.items()) if not what.startswith(in_words)
    )


def files_left_out(report: Report) -> tuple[str, ...]:
    """Return one sentence for each option of the user that left files out, with their number."""
    return tuple(
        f"{number:,} {'file was' if number == 1 else 'files were'} {why}"
        for why, number in sorted(report.tally.reasons.items())
        if why.startswith((EXCLUDED, NOT_NAMED))
    )


def uncompared_weights(report: Report) -> tuple[str, ...]:
    """Return one sentence for each list of models whose fingerprints were not compared with all weights files."""
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
    """Return a sentence if every file was skipped, and one for each list that was compared with nothing."""
    skipped = report.tally.files.skipped
    files = "the only file was" if skipped == 1 else f"all {skipped:,} files were"
    read = (f"Nothing was read: {files} skipped.",) if report.nothing_read else ()
    means = {summary.name: summary.means for summary in report.policy.lists}
    compared = (
        f"Nothing was compared with list {printable(name, 80)}: {_why_not_compared(report, name, means[name])}."
        for name in report.nothing_compared
    )
    return (*read, *compared)


def _why_not_compared(report: Report, name: str, means: str) -> str:
    if report.tally.coverage.get(f"{WEIGHTS_NOT_COMPARED}{name}"):
        return "weights were not sampled, scan again with --weights sample"
    number = report.subjects.get("model") if means == "model" else report.tally.samples.collected
    thing = "model" if means == "model" else "sample"
    return f"no {thing} has what the list can answer" if number else f"no {thing} was found"


def chance_matches(report: Report) -> tuple[str, ...]:
    """Return one sentence for each list: how many near matches chance alone would give; one more for leads."""
    matches = tuple(
        f"List {line.list}: among {line.compared:,} hashes compared, chance alone would give about "
        f"{line.matches:,.1f} near matches, at most {line.upper_limit:,.1f} (95 %)."
        for line in expected_by_chance(report.tally.coverage)
    )
    leads = tuple(
        f"List {line.list}, with common edits undone: among {line.compared:,} hashes of pictures ({line.pictures:,}), "
        f"chance alone would give about {line.matches:,.1f} leads, at most {line.upper_limit:,.1f} (95 %): at most "
        f"{line.upper_limit / line.pictures:.1e} for a picture, and {line.upper_limit / line.pairs:.1e} for a picture, "
        "an entry and a variant."
        for line in expected_by_thorough_chance(report.tally.coverage)
    )
    return (*matches, *leads)


def missing_lists(report: Report) -> tuple[str, ...]:
    """Return a warning if no list of known child sexual abuse material was loaded."""
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
