"""Load the policy of a run: rules, a profile, lists and vocabularies, with one fingerprint over them all.

A rules folder holds ``<id>.toml`` rules, ``profiles/<name>.toml`` and ``vocabulary/*.toml``. The shipped one is
always loaded; further folders add to it. A rule whose id is taken is refused unless it has ``replaces = true``, so
that no rule is switched off by accident.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol, cast, get_args

from auditor.checks import Where, bind
from auditor.errors import RuleError
from auditor.extensions import Extension
from auditor.model import (
    DEFAULT_PRIORITY,
    GAP_KINDS,
    KINDS,
    SEVERITIES,
    STATEMENT_KEYS,
    Gap,
    Ground,
    Kind,
    Place,
    Rule,
    RuleExample,
    Severity,
    Statement,
)
from auditor.policy.toml_tables import (
    errors_name_file,
    one_of,
    read_table,
    read_tables,
    read_text,
    read_texts,
    read_toml,
    reject_unknown_keys,
    sha256,
    toml_files,
)
from auditor.policy.vocabularies import Vocabularies, load_vocabularies
from auditor.resources import resource_folder
from auditor.suggestions import did_you_mean


class ListIdentity(Protocol):
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


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The active rules with the profile's severities. Policies are equal if their fingerprints are equal."""

    rules: tuple[Rule, ...]
    profile: str
    lists: tuple[ListIdentity, ...]
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
    lists: Sequence[ListIdentity] = (),
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


def read_rules(rules: Sequence[Path] = ()) -> Mapping[str, tuple[Rule, str]]:
    """Return every rule by its id, in order, with the SHA-256 of its file. Raises :class:`RuleError`."""
    found: dict[str, tuple[Rule, str]] = {}
    origin: dict[str, Path] = {}
    for root in _rule_folders(rules):
        for path in toml_files(root):
            with errors_name_file(path):
                table, digest = read_toml(path)
                replaces = table.pop("replaces", False)
                rule = _parse_rule(path.stem, table)
                if rule.id in found and replaces is not True:
                    raise ValueError(
                        f"there is a rule {rule.id!r} already, in {origin[rule.id]}; "
                        "give this one another name, or write replaces = true in it"
                    )
                if rule.id not in found and replaces is not False:
                    raise ValueError(f"replaces: there is no rule {rule.id!r} before it{did_you_mean(rule.id, found)}")
            found[rule.id], origin[rule.id] = (rule, digest), path
    return dict(sorted(found.items()))


def read_profiles(rules: Sequence[Path], ids: Collection[str]) -> Mapping[str, Profile]:
    """Return every profile by its name, with the severities that it inherits.

    Args:
        rules: Further rules folders.
        ids: The ids of all rules; a profile that names another one is refused.

    Raises:
        RuleError: A profile cannot be trusted.
    """
    tables: dict[str, tuple[Path, dict[str, Any], str]] = {}
    for root in _rule_folders(rules):
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
    """Return the profile of that name. Raises :class:`RuleError`."""
    if name not in known:
        raise RuleError(f"there is no profile {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")
    return known[name]


# Reading rule files


_RULE_KEYS = (
    "title", "applies", "check", "with", "severity", "case", "priority", "when", "reads", "why", "fix", "review",
    "references", "examples",
)  # fmt: skip
_RULE_ID = re.compile("[a-z0-9]+(-[a-z0-9]+)*")


def _parse_rule(name: str, table: Mapping[str, Any]) -> Rule:
    """Return the rule of a file's table. Raises :class:`ValueError` that names the key at fault."""
    if not _RULE_ID.fullmatch(name):
        raise ValueError("the file's name is the rule's id: lower-case letters, digits and hyphens")
    reject_unknown_keys(table, _RULE_KEYS)
    applies = read_texts(table, "applies")
    for kind in applies:
        one_of("applies", kind, KINDS)
    check, params = read_text(table, "check"), read_table(table, "with")
    bind(check, params)
    severity = one_of("severity", read_text(table, "severity"), SEVERITIES)
    case = read_text(table, "case", "none")
    one_of("case", case, (*get_args(Ground), "none"))
    when = read_table(table, "when")
    try:
        Where.read(when)
    except ValueError as error:
        raise ValueError(f"when: {error}") from error
    reads = read_texts(table, "reads", ())
    for what in reads:
        one_of("reads", what, GAP_KINDS)
    examples = table.get("examples", ())
    if not isinstance(examples, list) or not all(isinstance(example, Mapping) for example in examples):
        raise ValueError("examples: expected [[examples]] tables")
    rule = Rule(
        id=name,
        title=read_text(table, "title"),
        applies=cast("tuple[Kind, ...]", applies),
        check=check,
        params=params,
        severity=cast("Severity", severity),
        why=read_text(table, "why"),
        fix=read_text(table, "fix"),
        review=read_text(table, "review", ""),
        case=None if case == "none" else cast("Ground", case),
        priority=_parse_priority(table),
        when={key: tuple(values) for key, values in when.items()},
        reads=reads,
        references=read_texts(table, "references"),
        examples=tuple(_parse_example(example, applies) for example in examples),
    )
    if rule.case and not rule.review:
        raise ValueError("review: missing; a rule that opens a case tells reviewers what to do")
    if not any(example.flags for example in rule.examples):
        raise ValueError('examples: none is flagged; give one of what the rule must find, with flags = ["…"]')
    if all(example.flags or example.unchecked for example in rule.examples):
        raise ValueError(
            "examples: none is silent; give one of what the rule must leave alone, with neither flags nor unchecked"
        )
    return rule


def _parse_priority(table: Mapping[str, Any]) -> int:
    """Return the priority in a rule's table. Raises ValueError for an invalid one."""
    value = table.get("priority", DEFAULT_PRIORITY)
    if type(value) is not int or not 0 <= value <= 99:
        raise ValueError(f"priority: expected a whole number from 0 to 99, not {value!r}")
    return value


def _parse_example(table: Mapping[str, Any], applies: Sequence[str]) -> RuleExample:
    """Parse one of a rule's ``[[examples]]``. Raises ValueError that names the example."""
    name = read_text(table, "name")
    try:
        reject_unknown_keys(table, ("name", "kind", "states", "gaps", "flags", "unchecked"))
        kind = one_of("kind", read_text(table, "kind", applies[0]), applies)
        return RuleExample(
            name=name,
            kind=cast("Kind", kind),
            statements=tuple(_parse_statement(row) for row in read_tables(table, "states")),
            gaps=tuple(_parse_gap(row) for row in read_tables(table, "gaps")),
            flags=read_texts(table, "flags", ()),
            unchecked=read_texts(table, "unchecked", ()),
        )
    except ValueError as error:
        raise ValueError(f"example {name!r}: {error}") from error


def _parse_statement(row: Mapping[str, Any]) -> Statement:
    """Parse a statement of a rule's example."""
    reject_unknown_keys(row, ("key", "value", "relation", "source", "place", "remark"))
    key = one_of("key", read_text(row, "key"), STATEMENT_KEYS)
    optional = {name: read_text(row, name, "") for name in ("relation", "source", "remark")}
    return Statement(key, read_text(row, "value", ""), place=Place(read_text(row, "place", "")), **optional)


def _parse_gap(row: Mapping[str, Any]) -> Gap:
    """Parse a gap of a rule's example."""
    reject_unknown_keys(row, ("what", "why"))
    return Gap(one_of("what", read_text(row, "what"), GAP_KINDS), read_text(row, "why"))


def _rule_folders(rules: Sequence[Path]) -> tuple[Path, ...]:
    """Return the folders that rules are loaded from."""
    for root in rules:
        if not root.is_dir():
            raise RuleError(f"{root}: is not a folder of rules (<id>.toml)")
    return (resource_folder("rules"), *rules)
