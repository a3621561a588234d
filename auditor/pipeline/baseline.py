"""The baseline file: findings and gaps that someone accepts for a time, and who, why and until when.

An entry is bound to a rule (of a finding) or to a reason (of a gap), to a subject, and to the SHA-256 of the file that
shows it: whoever changes the file has to accept it anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model import KINDS, SEVERITIES, Finding, Gap, Kind, Outcome, Ref, Rule, Severity
from auditor.suggestions import did_you_mean
from auditor.toml_file import read_toml_file

# An acceptance is looked at again once a year at least. One day more, so that "a year from today" fits in leap years.
MAX_ACCEPTANCE_DAYS = 366
# So many can still be looked at by a person; more is a decision about the rules or the profile.
MAX_ENTRIES = 10_000
FILE_VERSION = 1

# What a rule must not read for its findings to be acceptable: matches with lists, listed models, and what follows.
PROTECTED_KEYS = frozenset(
    {
        "known_content",
        "known_content_lead",
        "quarantined",
        "known_model",
        "exposed",
        "exposed_claim",
        "exposed_lead",
        "descends",
    }
)
_KEYS = ("rule", "gap", "kind", "subject", "sha256", "owner", "reason", "expires")
_SHA256 = re.compile(r"[0-9a-f]{64}")
HEADER = f"""\
# Findings and gaps that are accepted for a time; `auditor baseline check` looks through them.
version = {FILE_VERSION}
"""


@dataclass(frozen=True, slots=True)
class BaselineEntry:
    """One acceptance.

    Attributes:
        number: Its number in the file, from 1.
        rule: The rule whose findings are accepted; "" for gaps.
        gap: The reason of the gaps that are accepted; "" for findings.
        kind: The kind of the subject.
        subject: Its name.
        sha256: The SHA-256 of the files that show it.
        owner: Who answers for the acceptance.
        reason: Why it is accepted.
        expires: The last day on which it counts, in UTC.
    """

    number: int
    rule: str
    gap: str
    kind: Kind
    subject: str
    sha256: tuple[str, ...]
    owner: str
    reason: str
    expires: date

    @property
    def has_expired(self) -> bool:
        """Whether its last day is over, in UTC."""
        return datetime.now(UTC).date() > self.expires

    @property
    def what(self) -> str:
        """What is accepted: the rule, or the gap's reason."""
        return self.rule or self.gap


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a baseline file. ``name`` is what reports call it: the file's name without its folder."""

    name: str
    path: Path
    entries: tuple[BaselineEntry, ...]

    def check_rules(self, rules: Iterable[Rule]) -> None:
        """Check the rules that the entries name.

        Args:
            rules: The rules of the run's policy.

        Raises:
            UsageError: There is no such rule, or what it finds cannot be accepted.
        """
        from auditor.policy.rule_files import shipped_rule_ids

        by_id = {rule.id: rule for rule in rules}
        known: set[str] = set()
        for entry in self.entries:
            if rule := by_id.get(entry.rule):
                if why := why_not_acceptable(rule):
                    raise UsageError(f"{self.path}: entry {entry.number}: rule: {why}; remove the entry")
            elif entry.rule:
                known = known or {*by_id, *shipped_rule_ids()}  # a profile may turn a shipped rule off
                if entry.rule not in known:
                    hint = did_you_mean(entry.rule, known)
                    raise UsageError(f"{self.path}: entry {entry.number}: rule: there is no rule {entry.rule!r}{hint}")


@dataclass(frozen=True, slots=True)
class Acceptances:
    """What a baseline accepts of a run. All of it stays counted in the run's files and samples.

    Attributes:
        baseline: The file's name; "": no baseline was applied.
        findings: The accepted findings with their entries, in the report's order.
        gaps: The accepted gaps with their subjects and entries.
        flagged: The accepted findings by (rule, outcome, severity).
        gap_count: How many gaps they are.
        files: How many files were not read and are accepted.
        samples: How many samples were not compared and are accepted.
        expired: The entries that would accept something, but their last day is over; what they accepted counts again.
        unused: The entries that accept nothing.
    """

    baseline: str = ""
    findings: tuple[tuple[Finding, BaselineEntry], ...] = ()
    gaps: tuple[tuple[Ref, Gap, BaselineEntry], ...] = ()
    flagged: Mapping[tuple[str, Outcome, Severity], int] = field(default_factory=dict)
    gap_count: int = 0
    files: int = 0
    samples: int = 0
    expired: tuple[BaselineEntry, ...] = ()
    unused: tuple[BaselineEntry, ...] = ()

    @property
    def finding_count(self) -> int:
        """How many findings are accepted."""
        return sum(self.flagged.values())


def why_not_acceptable(rule: Rule) -> str:
    """Return why what a rule finds cannot be accepted; "" if it can.

    What a rule asks decides, so that another rule about the same is no way around.
    """
    if rule.case:
        return f"{rule.id} opens a case, which people decide, and cannot be accepted"
    if not PROTECTED_KEYS.isdisjoint((*_keys_and_words(rule.params), *rule.when)):
        return f"{rule.id} is about matches with a list or listed models, and cannot be accepted"
    return ""


def _keys_and_words(params: object) -> Iterator[str]:
    """Yield what may be a statement key in a rule's parameters: keys of tables, and texts that are not in a list.

    A list of texts holds values and relations of statements.
    """
    if isinstance(params, Mapping):
        for key, value in params.items():
            yield key
            yield from (value,) if isinstance(value, str) else _keys_and_words(value)
    elif isinstance(params, list | tuple):
        for item in params:
            yield from _keys_and_words(item)


def read_baseline(path: str | os.PathLike[str], *, targets: Sequence[str] = ()) -> Baseline:
    """Read a baseline file.

    Args:
        path: The file.
        targets: What is audited, and must not bring its own baseline.

    Raises:
        UsageError: The file lies in a target or cannot be read, or an entry is wrong; the message names the entry and
            the key.
    """
    from auditor.target_paths import target_that_holds

    file = Path(path)
    if target := target_that_holds(file, targets):
        raise UsageError(
            f"{file}: lies in the target {target}, which must not bring its own baseline; if the target is yours, "
            "give --trust-target"
        )
    content = read_toml_file(file)
    entries: list[BaselineEntry] = []
    seen: dict[tuple[str, ...], int] = {}
    tables = content.pop("accepted", [])
    version = content.pop("version", None)
    if content:
        key = next(iter(content))
        raise UsageError(f"{file}: {key}: unknown key{did_you_mean(key, ('version', 'accepted'))}")
    if version != FILE_VERSION:
        raise UsageError(f"{file}: version: expected {FILE_VERSION}, not {version!r}")
    if not isinstance(tables, list):
        raise UsageError(f"{file}: accepted: expected tables that begin with [[accepted]]")
    if len(tables) > MAX_ENTRIES:
        raise UsageError(f"{file}: holds {len(tables):,} entries, more than {MAX_ENTRIES:,}; change the profile")
    for number, table in enumerate(tables, 1):
        try:
            entry = _read_entry(number, table)
            for digest in () if entry.has_expired else entry.sha256:  # one that has expired may be renewed
                first = seen.setdefault((entry.rule, entry.gap, entry.kind, entry.subject, digest), number)
                if first != number:
                    raise ValueError(f"sha256: entry {first} accepts the same")
        except ValueError as error:
            raise UsageError(f"{file}: entry {number}: {error}") from error
        entries.append(entry)
    return Baseline(file.name, file, tuple(entries))


def _read_entry(number: int, table: object) -> BaselineEntry:
    """Return an entry of a baseline. Raises ValueError that names the key."""
    if not isinstance(table, dict):
        raise ValueError("expected a table that begins with [[accepted]]")
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"{key}: unknown key{did_you_mean(key, _KEYS)}")
    if ("rule" in table) == ("gap" in table):
        raise ValueError("rule: name either a rule or the reason of a gap (key gap)")
    texts = {key: _read_text(table, key) for key in ("subject", "owner", "reason", "kind")}
    kind = texts["kind"]
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}{did_you_mean(kind, KINDS)}")
    digests = table.get("sha256")
    digests = [digests] if isinstance(digests, str) else digests
    if not isinstance(digests, list) or not digests:
        raise ValueError("sha256: expected the SHA-256 of a file, or a list of them")
    for digest in digests:
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise ValueError(f"sha256: {digest!r} is not a SHA-256 of 64 hexadecimal digits in lower case")
    named = {key: _read_text(table, key) if key in table else "" for key in ("rule", "gap")}
    return BaselineEntry(
        number,
        named["rule"],
        named["gap"],
        kind,
        texts["subject"],
        tuple(dict.fromkeys(digests)),
        texts["owner"],
        texts["reason"],
        _read_expiry(table),
    )


def _read_text(table: Mapping[str, Any], key: str) -> str:
    """Return a text of a baseline's entry. Raises ValueError."""
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key}: {'missing' if value is None else f'expected text, not {value!r}'}")
    return value


def _read_expiry(table: Mapping[str, Any]) -> date:
    """Return the last day of a baseline's entry. Raises ValueError."""
    value = table.get("expires")
    if value is None:
        raise ValueError("expires: missing; every acceptance has a last day, such as 2027-01-31")
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"expires: expected a date without quotes, such as 2027-01-31, not {value!r}")
    check_expiry(value)
    return value


def check_expiry(expires: date) -> None:
    """Check the last day of an acceptance. Raises ValueError if it is too far away."""
    latest = datetime.now(UTC).date() + timedelta(days=MAX_ACCEPTANCE_DAYS)
    if expires > latest:
        raise ValueError(f"expires: {expires} is more than a year away; the latest day is {latest}")


def entry_to_toml(entry: BaselineEntry, comments: Iterable[str] = ()) -> str:
    """Return an entry as text of a baseline file, with comments above it."""
    digests = [quote_toml(digest) for digest in entry.sha256]
    shown = digests[0] if len(digests) == 1 else "[\n" + "".join(f"    {digest},\n" for digest in digests) + "]"
    named = ("rule", entry.rule) if entry.rule else ("gap", entry.gap)
    rows = (named, ("kind", entry.kind), ("subject", entry.subject))
    lines = [
        *(f"# {comment}" for comment in comments),
        "[[accepted]]",
        *(f"{key} = {quote_toml(value)}" for key, value in rows),
        f"sha256 = {shown}",
        f"owner = {quote_toml(entry.owner)}",
        f"reason = {quote_toml(entry.reason)}",
        f"expires = {entry.expires.isoformat()}",
    ]
    return "\n".join(lines) + "\n"


def quote_toml(text: str) -> str:
    """Return a text as a basic string of a TOML baseline; what is not printable is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        one if one.isprintable() else f"\\u{ord(one):04X}" if ord(one) < 0x10000 else f"\\U{ord(one):08X}"
        for one in quoted
    )


def is_at_least(severity: Severity, least: Severity) -> bool:
    """Return whether a severity is at or above another, for the choice of what a baseline accepts."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(least)
