"""What a reader is told beside the findings: what a match means, what to do now, what was not asked at all."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from urllib.parse import urlsplit

from auditor.errors import RuleError
from auditor.known.decoys import COUNTS, expected
from auditor.known.fingerprint_index import UNCOMPARED
from auditor.model import Ground, Rule
from auditor.pipeline.audit import Report
from auditor.printable import printable
from auditor.resources import resource_folder

GROUNDS: Mapping[Ground, str] = MappingProxyType(
    {
        "linked": "a list of models holds its weights or values like them, or the model it is made from, or names it",
        "exposed": "its own training data has samples that match entries of a known-content list",
    }
)
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "csam": "known child sexual abuse material",
        "exploitative": "known exploitative material",
        "ncii": "intimate images shared without consent",
        "terrorism": "known terrorist content",
        "withdrawn": "samples of withdrawn datasets",
        "benign": "what is known to be harmless, which only excludes near matches",
        "model": "models that the list's holder lists",
        "test": "ordinary pictures that stand for known content in a test",
    }
)
STEPS = (
    "Do not open, copy, share or delete the matched samples, and do not send this report on as proof of anything: "
    "a match says that a hash matches an entry of a list.",
    "Stop using the dataset, and keep others from reaching it. Note who had access.",
    "Report to the hotline of your country or to the police. They will tell you what to keep and what to do with it.",
    "Ask counsel whether you have a duty to report: in some countries service providers have one, with a deadline.",
    "Only those who handle such reports by law or duty should see where the samples are (auditor report --places).",
)
READING = (
    "FLAGGED: a rule found what it looks for. UNCHECKED: something it needed could not be read, so it could not tell.",
    "No finding does not mean that nothing is there: only what was collected, read and asked about was judged.",
    "A match is between hashes. It never says what a picture contains; a person with the authority to look decides.",
    "A case is a question put to people. Nothing is proven until they have reviewed it.",
)


@dataclass(frozen=True, slots=True)
class Hotline:
    code: str  # ISO 3166-1 alpha-2
    country: str
    name: str
    url: str
    source: str


@dataclass(frozen=True, slots=True)
class Provider:
    """Who gives a list of known content to organisations they have vetted."""

    name: str
    what: str
    url: str


@dataclass(frozen=True, slots=True)
class Contacts:
    directory: str
    directory_url: str
    hotlines: tuple[Hotline, ...]
    providers: tuple[Provider, ...]


@cache
def contacts() -> Contacts:
    """``rules/vocabulary/hotlines.toml``; RuleError when it cannot be trusted."""
    path = resource_folder("rules") / "vocabulary" / "hotlines.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        read = Contacts(
            data["directory"]["name"],
            data["directory"]["url"],
            tuple(Hotline(**entry) for entry in data["hotline"]),
            tuple(Provider(**entry) for entry in data["provider"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuleError(f"{path}: {error}; install auditor again, or correct the file") from error
    return read


def matched(report: Report) -> bool:
    """Do samples match entries of a list of known content, so that someone must act now?"""
    if any(case.ground == "exposed" for case in report.cases):
        return True
    if any(number and key.startswith("hits csam") for key, number in report.tally.coverage.items()):
        return True
    flagged = {rule for (rule, outcome, _), number in report.flagged.items() if outcome == "FLAGGED" and number}
    return any(rule.id in flagged and _of_known_content(rule) for rule in report.policy.rules)


def _of_known_content(rule: Rule) -> bool:
    return rule.check == "stated" and rule.params.get("key") in {"known_content", "exposed"}


def asked(report: Report) -> tuple[tuple[str, int], ...]:
    """What was asked of the samples, and of how many; :func:`chance` and :func:`uncompared` say the rest."""
    apart = (*COUNTS, UNCOMPARED)
    return tuple((what, number) for what, number in sorted(report.tally.coverage.items()) if not what.startswith(apart))


def uncompared(report: Report) -> tuple[str, ...]:
    """What lists of models could not answer because weights were not sampled, in words, a list a line."""
    counted = (
        (what.removeprefix(UNCOMPARED), number)
        for what, number in sorted(report.tally.coverage.items())
        if what.startswith(UNCOMPARED)
    )
    return tuple(
        f"List {name}: {number:,} {'file' if number == 1 else 'files'} of weights not compared with its fingerprints, "
        "so a listed model that was saved anew is not found. Scan again with --weights sample."
        for name, number in counted
    )


def nothing_done(report: Report) -> tuple[str, ...]:
    """Return a sentence if every file was skipped, and one for each list that was compared with nothing."""
    skipped = report.tally.files.skipped
    files = "the only file was" if skipped == 1 else f"all {skipped:,} files were"
    read = (f"Nothing was read: {files} skipped.",) if report.nothing_read else ()
    means = {one.name: one.means for one in report.policy.lists}
    compared = (
        f"Nothing was compared with list {printable(name, 80)}: {_why_not(report, name, means[name])}."
        for name in report.nothing_compared
    )
    return (*read, *compared)


def _why_not(report: Report, name: str, means: str) -> str:
    if report.tally.coverage.get(f"{UNCOMPARED}{name}"):
        return "weights were not sampled, scan again with --weights sample"
    number = report.subjects.get("model") if means == "model" else report.tally.samples.collected
    thing = "model" if means == "model" else "sample"
    return f"no {thing} has what the list can answer" if number else f"no {thing} was found"


def chance(report: Report) -> tuple[str, ...]:
    """What chance alone would give, in words, a list a line."""
    return tuple(
        f"List {line.list}: among {line.compared:,} hashes compared, chance alone would give about "
        f"{line.matches:,.1f} near matches, at most {line.most:,.1f} (95 %)."
        for line in expected(report.tally.coverage)
    )


def reference(text: str) -> tuple[str, str]:
    """A rule's reference as words and a web address; either may be empty. Nothing but http(s) is an address."""
    words, found, rest = text.partition("https://")
    if not found:
        words, found, rest = text.partition("http://")
    address = f"{found}{rest}"
    return (words.strip().rstrip(":"), address) if web(address) else (text, "")


def web(address: str) -> bool:
    """May this be a link? ``javascript:`` and the like may not."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not set(address) & set(" \t\r\n\"'<>")


def lists_missing(report: Report) -> tuple[str, ...]:
    """What the lists of this run could not answer, in plain words; empty when a csam list was asked."""
    means = {summary.means for summary in report.policy.lists}
    if "csam" in means:
        return ()
    asked = sorted(means - {"benign", "model"})
    if not asked:
        return (
            "Images and other samples were not matched against known content: no list of it was loaded. "
            "This report says nothing of what they show.",
        )
    others = "; ".join(MEANINGS.get(word) or printable(word) for word in asked)
    return (f"No list of known child sexual abuse material was loaded; samples were matched only against: {others}.",)


def providers_line() -> str:
    names = "; ".join(f"{provider.name} ({provider.what})" for provider in contacts().providers)
    return f"Lists are given, on application and to vetted organisations only, by: {names}."


def next_steps(report: Report) -> tuple[str, ...]:
    """What to do after reading, the most pressing first (apart from :data:`STEPS`)."""
    steps: list[str] = []
    if report.cases:
        steps.append("Review the cases: auditor review open RUN. A second person confirms before anything is listed.")
    if not report.complete:
        steps.append("The run is not complete: start the same scan again and it goes on where it stopped.")
    if not report.tally.files.is_balanced or not report.tally.samples.is_balanced:
        steps.append("The counts do not add up: do not rely on this report, and tell the makers of auditor.")
    if report.flagged:
        steps.append("Read why a rule asks, and how to answer it: auditor rules explain RULE.")
    if report.tally.files.errored or report.tally.samples.errored:
        steps.append("Look at what could not be read, correct what you can, and scan again.")
    if uncompared(report):
        steps.append("Compare the weights with the fingerprints that a list holds: scan again with --weights sample.")
    if lists_missing(report):
        steps.append("Ask one of those who provide lists of known content for theirs, and load it: --known LIST.")
    return tuple(steps)


def advice(report: Report) -> tuple[str, ...]:
    """What machine-readable formats carry: what to do now after a match, and what no list could answer."""
    lines: list[str] = []
    if matched(report):
        lines += ["What to do now", *STEPS]
        lines += [f"{hotline.country}: {hotline.name}, {hotline.url}" for hotline in contacts().hotlines]
        lines += [f"Other countries: {contacts().directory}, {contacts().directory_url}"]
    missing = lists_missing(report)
    return (*lines, *uncompared(report), *missing, *((providers_line(),) if missing else ()))
