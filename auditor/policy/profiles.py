"""Profiles: the severities of rules for one kind of user."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from auditor.errors import RuleError
from auditor.model import (
    SEVERITIES,
    Rule,
    Severity,
)
from auditor.policy.rule_files import rule_folders
from auditor.policy.toml_tables import (
    errors_name_file,
    one_of,
    read_table,
    read_text,
    read_toml,
    reject_unknown_keys,
    toml_files,
)
from auditor.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class Profile:
    """The severities of rules for one kind of user; a rule that is not named keeps its own severity.

    ``treat`` replaces the meaning of lists (``{"test": "csam"}``: test lists count as lists of known material).
    """

    name: str
    description: str
    severities: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict)
    treat: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def severity(self, rule: Rule) -> Severity | Literal["off"]:
        """Return the severity of a rule in this profile."""
        return self.severities.get(rule.id, rule.severity)


def read_profiles(rules: Sequence[Path], ids: Collection[str]) -> Mapping[str, Profile]:
    """Return every profile by its name, with the severities that it inherits.

    Args:
        rules: Further rules folders.
        ids: The ids of all rules; a profile that names another one is refused.

    Raises:
        RuleError: A profile cannot be trusted.
    """
    tables: dict[str, tuple[Path, dict[str, Any], str]] = {}
    for root in rule_folders(rules):
        for path in toml_files(root / "profiles"):
            with errors_name_file(path):
                if path.stem in tables:
                    raise ValueError(f"there is a profile {path.stem!r} already; give this one another name")
                tables[path.stem] = (path, *read_toml(path))

    def resolve(name: str, children: tuple[str, ...] = ()) -> Profile:
        """Return a profile with the severities that it inherits."""
        path, table, digest = tables[name]
        with errors_name_file(path):
            reject_unknown_keys(table, ("description", "inherits", "severities", "treat"))
            description = read_text(table, "description")
            parent = read_text(table, "inherits", "")
            if parent and (parent not in tables or parent in (name, *children)):
                raise ValueError(f"inherits: there is no other profile {parent!r}{did_you_mean(parent, tables)}")
            severities = read_table(table, "severities")
            for rule, severity in severities.items():
                if rule not in ids:
                    raise ValueError(f"severities.{rule}: there is no such rule{did_you_mean(rule, ids)}")
                one_of(f"severities.{rule}", severity, (*SEVERITIES, "off"))
            treat = read_table(table, "treat")
            if treat:
                from auditor.known.entries import (
                    MEANINGS,  # imports pyarrow, which is slow and not needed to list rules
                )

                for meaning, other in treat.items():
                    one_of("treat", meaning, MEANINGS)
                    one_of(f"treat.{meaning}", other, MEANINGS)
        if not parent:
            return Profile(name, description, severities, treat, digest)
        inherited = resolve(parent, (name, *children))
        return Profile(
            name,
            description,
            {**inherited.severities, **severities},
            {**inherited.treat, **treat},
            f"{digest} {inherited.digest}",
        )

    return {name: resolve(name) for name in sorted(tables)}


def choose_profile(known: Mapping[str, Profile], name: str) -> Profile:
    """Return the profile with a name. Raises :class:`RuleError`."""
    if name not in known:
        raise RuleError(f"there is no profile {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")
    return known[name]
