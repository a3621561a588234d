"""Write acceptances of what a run has found into a baseline file."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from auditor.errors import UsageError
from auditor.model import Finding, Gap, Ref, Severity
from auditor.pipeline.accept_findings import apply_baseline, find_acceptable
from auditor.pipeline.baseline import (
    HEADER,
    MAX_ENTRIES,
    BaselineEntry,
    check_expiry,
    entry_to_toml,
    is_at_least,
    read_baseline,
    why_not_acceptable,
)
from auditor.pipeline.report import Report, read_report
from auditor.pipeline.shard_writer import reason_category
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.suggestions import did_you_mean

# Of what an entry accepts, so many examples stand above it as comments.
_MAX_COMMENTS = 3


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is to be accepted.

    Attributes:
        owner: Who answers for it.
        reason: Why.
        expires: The last day.
        rules: The rules whose findings are accepted.
        gaps: The reasons of the gaps that are accepted.
        severity: Where no rule and no gap is named: all gaps are accepted, and findings of at least this severity.
    """

    owner: str
    reason: str
    expires: date
    rules: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    severity: Severity = "warning"

    def includes_finding(self, finding: Finding) -> bool:
        """Return whether a finding is to be accepted."""
        if self.rules or self.gaps:
            return finding.rule in self.rules
        return is_at_least(finding.severity, self.severity)

    def includes_gap(self, ref: Ref, gap: Gap) -> bool:
        """Return whether a gap is to be accepted."""
        return reason_category(gap.why) in self.gaps if self.rules or self.gaps else True


@dataclass(frozen=True, slots=True)
class Added:
    """How many entries were added to a baseline, and what was not accepted, with the reason."""

    entries: int
    left_out: tuple[str, ...]


def extend_baseline(run: Path, path: Path, acceptance: Acceptance) -> Added:
    """Add acceptances of what a run has found to a baseline file, or begin one.

    Args:
        run: The folder of a finished run.
        path: The file; what it accepts already stays as it is.
        acceptance: What is to be accepted.

    Raises:
        UsageError: The file or what is to be accepted is wrong.
    """
    for key, text in (("--owner", acceptance.owner), ("--reason", acceptance.reason)):
        if not text.strip():
            raise UsageError(f"{key}: say it in words")
    try:
        check_expiry(acceptance.expires)
    except ValueError as error:
        raise UsageError(f"--{error}") from error
    report = read_report(run)
    rules = {rule.id: rule for rule in report.policy.rules}
    for name in acceptance.rules:
        if name not in rules:
            raise UsageError(f"--rule {name}: the run has no such rule{did_you_mean(name, rules)}")
        if why := why_not_acceptable(rules[name]):
            raise UsageError(f"--rule {name}: {why}")
    text = ""
    number = 0
    if path.exists():
        baseline = read_baseline(path)
        number = len(baseline.entries)
        text = path.read_text("utf-8").rstrip("\n") + "\n"
        report = apply_baseline(report, baseline)
    entries, left_out = _new_entries(report, acceptance, number)
    if number + len(entries) > MAX_ENTRIES:
        raise UsageError(f"{path}: would hold more than {MAX_ENTRIES:,} entries; change the profile, or name a --rule")
    for entry, comments in entries:
        text = f"{text or HEADER}\n{entry_to_toml(entry, comments)}"
    if entries:
        _replace_file(path, text)
    return Added(len(entries), left_out)


def _new_entries(
    report: Report, acceptance: Acceptance, number: int
) -> tuple[list[tuple[BaselineEntry, list[str]]], tuple[str, ...]]:
    """Return the entries for what a baseline is to accept, each with comments, and what cannot be accepted.

    Args:
        report: What the run has found, without what is accepted already.
        acceptance: What is to be accepted.
        number: How many entries there are already.
    """
    found = find_acceptable(report, acceptance.includes_finding, acceptance.includes_gap)
    left_out: Counter[str] = Counter()
    protected = {rule.id: why for rule in report.policy.rules if (why := why_not_acceptable(rule))}
    for finding in report.findings:
        if acceptance.includes_finding(finding) and finding.outcome == "FLAGGED" and finding.rule in protected:
            left_out[protected[finding.rule]] += 1
    digests: defaultdict[tuple[str, str, Ref], dict[str, str]] = defaultdict(dict)
    for finding, uri, digest in found.findings:
        if digest:
            comment = f"{uri}: {finding.fact}"
            digests[finding.rule, "", Ref(finding.kind, finding.subject)].setdefault(digest, comment)
        else:
            left_out[f"{finding.rule}: no file shows it, or its file has changed or holds a match"] += 1
    for ref, gap, files in found.gaps:
        for uri, digest in files.items():
            why = reason_category(gap.why)
            if digest:
                digests["", why, Ref(ref.kind, ref.name)].setdefault(digest, f"{uri}: {gap.why}")
            else:
                left_out[f"{why}: its file has changed or holds a match"] += 1
    entries = [
        (
            BaselineEntry(
                number + at,
                rule,
                gap,
                ref.kind,
                ref.name,
                tuple(comments),
                acceptance.owner.strip(),
                acceptance.reason.strip(),
                acceptance.expires,
            ),
            [printable(comment) for comment in list(comments.values())[:_MAX_COMMENTS]],
        )
        for at, ((rule, gap, ref), comments) in enumerate(sorted(digests.items()), 1)
    ]
    return entries, tuple(f"{count_with_noun(n, 'result')}: {why}" for why, n in sorted(left_out.items()))


def _replace_file(path: Path, text: str) -> None:
    """Write a baseline file whole or not at all. Raises UsageError."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}; name another file with -o") from error
