"""What a report on a sample or on a part says of the whole, in words."""

from __future__ import annotations

from auditor.pipeline.report import Report
from auditor.pipeline.sampled_audit import SampledAudit, Stratum
from auditor.plurals import count_with_noun
from auditor.printable import printable


def part_notice(report: Report) -> tuple[str, ...]:
    """Return that only a part was read, as the first line of a report says it; empty for a whole audit."""
    part = report.part
    return (f"Part {part.number:,} of {part.of:,}: the others are not in this report.",) if part.of > 1 else ()


def sample_notice(report: Report) -> tuple[str, ...]:
    """Return that only a sample was read, as the first line of a report says it; empty if everything was."""
    sampled = report.sampled
    return (f"A random sample: {sampled.drawn:,} of {_samples(sampled.units)} were read.",) if sampled else ()


def sample_sentences(report: Report) -> tuple[str, ...]:
    """Return how the sample was drawn and what it proves of the whole; empty if everything was read."""
    sampled = report.sampled
    if not sampled:
        return ()
    how = f", each part by values of {printable(sampled.column, 80)} for itself" if sampled.column else ""
    sentences = [
        f"{sampled.asked} asked for, {sampled.drawn:,} of {_samples(sampled.units)} drawn at random{how} "
        f"(--seed {sampled.seed}). The others were not selected: nothing is known of them but what follows."
    ]
    if sampled.answered < sampled.drawn:
        sentences.append(
            f"{_samples(sampled.drawn - sampled.answered)} of those could not be compared: "
            "the upper bounds count them as matches."
        )
    for known in _lists(report):
        sentences.append(_whole(sampled, known))
        if sampled.column:
            sentences += (_part(stratum, known) for stratum in sampled.strata)
    return tuple(sentences)


def _lists(report: Report) -> tuple[str, ...]:
    """Return the lists that samples were compared with; an author is told of none."""
    if report.audience == "author":
        return ()
    return tuple(known.name for known in report.policy.lists if known.means not in ("model", "benign"))


def _samples(number: int) -> str:
    """Return a number of samples in words."""
    return count_with_noun(number, "sample")


def _whole(sampled: SampledAudit, known: str) -> str:
    """Return what a sample proves of the whole for one list."""
    found, ends = sampled.found(known), sampled.interval(known)
    name = printable(known, 80)
    if not found:
        return (
            f"None of {sampled.drawn:,} match list {name}, so with 95 % confidence at most {format_rate(ends.high)} of "
            f"all do: up to {ends.high * sampled.units:,.0f} of {sampled.units:,}. That is not none."
        )
    return (
        f"{found:,} of {sampled.drawn:,} match list {name}. Of all, an estimated {format_rate(sampled.rate(known))} "
        f"do, and with 95 % confidence between {format_rate(ends.low)} and {format_rate(ends.high)}: "
        f"{ends.low * sampled.units:,.0f} to {ends.high * sampled.units:,.0f} of {sampled.units:,}."
    )


def _part(stratum: Stratum, known: str) -> str:
    """Return what a sample proves of one stratum for one list."""
    ends = stratum.interval(known)
    return (
        f"{printable(stratum.name, 80)}: {stratum.found.get(known, 0):,} of {stratum.drawn:,} drawn of "
        f"{stratum.units:,}; between {format_rate(ends.low)} and {format_rate(ends.high)} of these."
    )


def format_rate(rate: float) -> str:
    """Return a rate in percent with as many digits as say something."""
    return "0 %" if not rate else f"{100 * rate:.2g} %" if rate < 0.1 else f"{100 * rate:.1f} %"
