"""What a run keeps of the policy that it was evaluated with, and a report shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.extensions import Extension
from auditor.model import Rule
from auditor.policy.vocabularies import Contacts

if TYPE_CHECKING:
    from auditor.policy.load_policy import Policy


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list as every report may show it: never an entry of it."""

    name: str
    version: str
    means: str
    entries: int
    sha256: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class PolicySummary:
    """What a run was judged by. Two policies with one fingerprint judge alike."""

    fingerprint: str
    profile: str
    rules: tuple[Rule, ...]
    lists: tuple[ListSummary, ...] = ()
    extensions: tuple[Extension, ...] = ()
    contacts: Contacts = field(default_factory=Contacts)
    treat: Mapping[str, str] = field(default_factory=dict)  # the meanings of lists that the profile replaces
    hides_lists: bool = False  # lists were loaded, and redaction left them out


_RULE_FIELDS = (
    "id", "title", "applies", "severity", "case", "priority", "why", "fix", "review", "references", "check", "params",
    "when",
)  # fmt: skip
_LIST_FIELDS = ("name", "version", "means", "entries", "sha256", "holder")


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """Return what a run's folder keeps of the policy: its rules and lists, never an entry of a list."""
    return {
        "fingerprint": policy.fingerprint,
        "profile": policy.profile,
        "rules": [{name: getattr(rule, name) for name in _RULE_FIELDS} for rule in policy.rules],
        "lists": [{name: getattr(known, name) for name in _LIST_FIELDS} for known in policy.lists],
        "extensions": policy.extensions,
        "contacts": asdict(policy.vocabularies.contacts),
        "treat": dict(policy.treat),
    }


def lists_from_json(policy: Mapping[str, Any]) -> tuple[ListSummary, ...]:
    """Return the lists of a policy that :func:`policy_to_json` made."""
    return tuple(ListSummary(**entry) for entry in policy["lists"])


def extensions_from_json(policy: Mapping[str, Any]) -> tuple[Extension, ...]:
    """Return the extensions of a policy that :func:`policy_to_json` made."""
    return tuple(Extension(*extension) for extension in policy["extensions"])


def policy_from_json(policy: Mapping[str, Any]) -> PolicySummary:
    """Return the policy of a report from JSON. Raises ValueError for other content."""
    import msgspec

    return msgspec.convert(policy, PolicySummary)
