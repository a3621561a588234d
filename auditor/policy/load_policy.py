"""Load the policy of a run: rules, a profile, lists and vocabularies, with one fingerprint over them all.

A rules folder holds ``<id>.toml`` rules, ``profiles/<name>.toml`` and ``vocabulary/*.toml``. The shipped one is
always loaded; further folders add to it. A rule whose id is taken is refused unless it has ``replaces = true``, so
that no rule is switched off by accident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from auditor.extensions import Extension
from auditor.model import (
    Rule,
)
from auditor.policy.profiles import choose_profile, read_profiles
from auditor.policy.rule_files import read_rules
from auditor.policy.toml_tables import (
    sha256,
)
from auditor.policy.vocabularies import Vocabularies, load_vocabularies


class PolicyList(Protocol):
    """The identity of a list, as a policy records it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def means(self) -> str: ...
    @property
    def entries(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The active rules with the profile's severities. Policies are equal if their fingerprints are equal."""

    rules: tuple[Rule, ...]
    profile: str
    lists: tuple[PolicyList, ...]
    vocabularies: Vocabularies
    treat: Mapping[str, str]
    fingerprint: str
    extensions: tuple[Extension, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def load_policy(
    rules: Sequence[Path] = (),
    profile: str = "default",
    lists: Sequence[PolicyList] = (),
    extensions: Sequence[Extension] = (),
) -> Policy:
    """Load the shipped rules, further rules folders and one profile.

    The fingerprint is a SHA-256 over every byte of the rules that are on, the profile and the vocabulary files, and
    over the digests of the lists and the versions of the extensions. It does not depend on where the folders are.

    Args:
        rules: Further rules folders; later ones may replace rules of earlier ones.
        profile: The name of a profile of any of the folders.
        lists: The lists that samples and models are compared with.
        extensions: The readers and list formats that other distributions add.

    Raises:
        RuleError: A file cannot be trusted; the message names the file and the key.
    """
    known = read_rules(rules)
    chosen = choose_profile(read_profiles(rules, known), profile)
    on = tuple(
        replace(rule, severity=severity) for rule, _ in known.values() if (severity := chosen.severity(rule)) != "off"
    )
    vocabularies = load_vocabularies(rules)
    parts = [("rule", rule.id, known[rule.id][1]) for rule in on]
    parts += [("profile", chosen.name, chosen.digest)]
    parts += [("vocabulary", name, digest) for name, digest in vocabularies.files]
    parts += sorted(("list", f"{known_list.name} {known_list.means}", known_list.sha256) for known_list in lists)
    parts += sorted(("extension", f"{one.group} {one.name}", f"{one.distribution} {one.version}") for one in extensions)
    canonical = "\n".join("\t".join(part) for part in parts)
    fingerprint = sha256(canonical.encode("utf-8", "surrogatepass"))
    return Policy(on, chosen.name, tuple(lists), vocabularies, chosen.treat, fingerprint, tuple(extensions))
