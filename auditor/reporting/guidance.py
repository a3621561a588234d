"""What a report advises its reader: what to do after a match, whom to report to, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from auditor.model import Rule
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting import coverage

STEPS_AFTER_MATCH = (
    "Do not open, copy, share or delete the matched samples, and do not send this report on as proof of anything: "
    "a match says that a hash matches an entry of a list.",
    "Stop using the dataset, and keep others from reaching it. Note who had access.",
    "Report to the hotline of your country or to the police. They will tell you what to keep and what to do with it.",
    "Ask counsel whether you have a duty to report: in some countries service providers have one, with a deadline.",
    "Only those who handle such reports by law or duty should see where the samples are (auditor report --places).",
)
# Goes before the steps where every list of known content means ``test``.
REHEARSAL = "This list means `test`: this is a rehearsal; report nothing. With a list of known content:"
# The words of reports. docs/glossary.md has the same, and a test compares them.
GLOSSARY: Mapping[str, str] = MappingProxyType(
    {
        "match": "A hash of a sample equals, or nearly equals, the hash of a list's entry. It never says what a "
        "picture shows: a person with the authority to look decides.",
        "exact": "The hashes are the same: the same file, or the same address.",
        "near": "The hashes of two pictures are nearly the same, as of a resized copy. A near match can be wrong.",
        "claimed": "A text file, such as a manifest, states a digest. Nobody computed it from the sample itself, so "
        "the sample may be another one, or may not exist.",
        "lead": "A hint that is too weak to open a case, such as a match with an edit undone.",
        "list": "Hashes of known content that an authority or another holder gives to vetted organisations.",
        "test list": "A list of ordinary pictures that stand for known content, to try things out. A report on it is a "
        "rehearsal.",
        "sample": "One picture, video or other piece of content of a dataset, however many files describe it.",
        "subject": "A model, a dataset, terms or another document that is judged.",
        "case": "A model that people must review, and on which two of them decide. Nothing is proven until they have. "
        "`auditor review open` also opens a report case for each dataset or upload with matches.",
        "linked": "The ground of a case: a list of models names the model, or holds its weights.",
        "report": "The ground of a report case: samples of the dataset or upload match a list. One person is enough to "
        "report it; it lists no model.",
        "exposed": "The ground of a case: the model's own training data has samples that match a list.",
        "error, warning, note": "How severe a finding is under the profile that was chosen.",
        "not judged": "A rule could not decide, because something that it needs was not read.",
        "read, in part, skipped, not read": "What became of each file. In part: one part of a file was read and "
        "another could not be. Skipped: it holds nothing that could be judged, or the user left it out.",
        "no finding": "It does not mean that nothing is there: only what was collected and read was judged.",
    }
)


def has_known_content_matches(report: Report) -> bool:
    """Return whether the reader needs guidance on a match: samples match entries of a known-content list."""
    if any(case.ground == "exposed" for case in report.cases):
        return True
    if any(number and key.startswith("hits csam") for key, number in report.tally.coverage.items()):
        return True
    flagged = {rule for (rule, outcome, _), number in report.flagged.items() if outcome == "FLAGGED" and number}
    return any(rule.id in flagged and _asks_for_known_content(rule) for rule in report.policy.rules)


def without_cases(report: Report) -> str:
    """Return what it means that a report has no case: a match in a dataset opens none, and asks for a report."""
    if report.audience == "author":
        return "Cases are not shown to authors: what people must check first is a finding, held for a check by people."
    if has_known_content_matches(report):
        return (
            "No model is to be reviewed. A match with a list of known content is to be reported, as said here: "
            "`auditor review open RUN` opens a report case for each dataset or upload with matches, and one person "
            "is enough."
        )
    return "In what was read and compared, no rule found anything that people must review."


def rehearsal_notice(report: Report) -> tuple[str, ...]:
    """Return what stands first in a report whose profile treats lists that mean ``test`` as lists of known content."""
    treated = report.policy.treat.get("test", "test")
    lists = [printable(known.name, 80) for known in report.policy.lists if known.means == "test"]
    if treated == "test" or not (lists or report.policy.hides_lists):
        return ()
    named, them = "test lists", "them"
    if len(lists) == 1:
        named, them = f"{lists[0]}, a test list,", "it"
    elif lists:
        named = f"{', '.join(lists)}, test lists,"
    profile = printable(report.policy.profile, 40)
    return (f"Rehearsal: profile {profile} treats {named} as `{treated}`; report no match with {them}.",)


def is_rehearsal(report: Report) -> bool:
    """Return whether guidance is for a rehearsal: every loaded list of known content means ``test``."""
    meanings = {known.means for known in report.policy.lists} - {"benign", "model"}
    return meanings == {"test"}


def steps_after_match(report: Report) -> tuple[str, ...]:
    """Return guidance on what to do now that samples match; a rehearsal is said first."""
    return (REHEARSAL, *STEPS_AFTER_MATCH) if is_rehearsal(report) else STEPS_AFTER_MATCH


def asks_for_known_samples(rule: Rule) -> bool:
    """Return whether a rule is about samples of the subject itself that match a list of known content."""
    return rule.check == "stated" and rule.params.get("key") in {"known_content", "known_content_lead"}


def _asks_for_known_content(rule: Rule) -> bool:
    """Return whether a rule is about known content, so that its findings need guidance."""
    return asks_for_known_samples(rule) or (rule.check == "stated" and rule.params.get("key") == "exposed")


def list_providers(report: Report) -> str:
    """Return guidance on who gives lists of known content, and to whom."""
    names = "; ".join(f"{provider.name} ({provider.what})" for provider in report.policy.contacts.providers)
    return f"Lists are given, on application and to vetted organisations only, by: {names}."


def hotline(report: Report, country: str) -> str:
    """Return whom to report to: the hotline of the country (ISO 3166), or the directory of all hotlines."""
    contacts = report.policy.contacts
    known = next((one for one in contacts.hotlines if one.code == country.upper()), None)
    return (
        f"{known.name}, {known.url}"
        if known
        else f"the hotline of your country ({contacts.directory.url}; --country names it)"
    )


def first_step_after_match(report: Report, country: str = "") -> str:
    """Return in one sentence what to do now that samples match, with whom to report to."""
    if is_rehearsal(report):
        return "report nothing, this is a rehearsal. Real matches are never opened or shared, but reported."
    return (
        f"do not open, copy, share or delete what matched; report to {hotline(report, country)}. "
        "`auditor hotlines` has all."
    )


def next_command(report: Report, country: str = "") -> str:
    """Return the command to give next, the most urgent one, and what it does.

    Args:
        report: The report.
        country: The country whose hotline is named, which a further report names too.
    """
    named = f" --country {country}" if country else ""
    run = shlex.quote(printable(str(report.folder))) if report.folder else "RUN"
    if report.cases:
        return f"auditor review open {run} (two people decide each case)"
    if has_known_content_matches(report) and report.folder:
        return f"auditor review open {run} (one person reports each dataset or upload with matches)"
    if not report.complete:
        return f"the same scan with --out {run} (it reads what is missing)"
    if report.flagged:
        return f"auditor report {run}{named} --format html -o report.html (everything that was found)"
    if coverage.missing_lists(report):
        return "the same scan with --known LIST (matches pictures; `auditor hotlines` names who gives lists)"
    return f"auditor report {run}{named} -v (what was read and compared)"


def next_steps(report: Report) -> tuple[str, ...]:
    """Return what to do after reading the report, the most urgent first, apart from :data:`STEPS_AFTER_MATCH`."""
    steps: list[str] = []
    if report.cases:
        steps.append(
            "Review the cases: auditor review init (once), then auditor review open RUN. A second person confirms "
            "before anything is listed. Needs pip install 'provenance-auditor[review]'; de-index lists also [deindex]."
        )
    if not report.complete:
        steps.append("The run is not complete: the same scan with the same --out tries again what was not read.")
    if not report.tally.files.is_balanced or not report.tally.samples.is_balanced:
        steps.append(
            "The counts do not add up: do not rely on this report, and report the error to auditor's developers."
        )
    if report.flagged:
        steps.append("See why a rule flags something and what its owner can do: auditor rules explain RULE.")
    if report.tally.files.errored or report.tally.samples.errored:
        steps.append("Look at what could not be read, correct what you can, and scan again.")
    if coverage.uncompared_weights(report):
        steps.append("Compare the weights with the fingerprints that a list holds: scan again with --weights sample.")
    if coverage.missing_lists(report):
        steps.append("Ask one of those who provide lists of known content for theirs, and load it: --known LIST.")
    return tuple(steps)


def advice_lines(report: Report) -> tuple[str, ...]:
    """Return the lines of guidance that machine-readable formats carry.

    They say what to do now after a match, and what no loaded list could answer.
    """
    lines: list[str] = []
    if has_known_content_matches(report):
        lines += ["What to do now", *steps_after_match(report)]
        if not is_rehearsal(report):
            contacts = report.policy.contacts
            lines += [f"{hotline.country}: {hotline.name}, {hotline.url}" for hotline in contacts.hotlines]
            lines += [f"Other countries: {contacts.directory.name}, {contacts.directory.url}"]
    missing = coverage.missing_lists(report)
    return (*lines, *coverage.uncompared_weights(report), *missing, *((list_providers(report),) if missing else ()))
