"""Read rules from their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from auditor.check_parameters import Where
from auditor.checks import bind_check
from auditor.errors import RuleError
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
    toml_files,
)
from auditor.resources import resource_folder
from auditor.suggestions import did_you_mean


def read_rules(rules: Sequence[Path] = ()) -> Mapping[str, tuple[Rule, str]]:
    """Return every rule by its id, in order, with the SHA-256 of its file. Raises :class:`RuleError`."""
    found: dict[str, tuple[Rule, str]] = {}
    origin: dict[str, Path] = {}
    for root in rule_folders(rules):
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
    bind_check(check, params)
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
    """Return the priority in a rule's file. Raises ValueError for an invalid one."""
    value = table.get("priority", DEFAULT_PRIORITY)
    if type(value) is not int or not 0 <= value <= 99:
        raise ValueError(f"priority: expected a whole number from 0 to 99, not {value!r}")
    return value


def _parse_example(table: Mapping[str, Any], applies: Sequence[str]) -> RuleExample:
    """Parse one of the ``[[examples]]`` of a rule's file. Raises ValueError that names the example."""
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
    """Parse a statement of an example in a rule's file."""
    reject_unknown_keys(row, ("key", "value", "relation", "source", "place", "remark"))
    key = one_of("key", read_text(row, "key"), STATEMENT_KEYS)
    optional = {name: read_text(row, name, "") for name in ("relation", "source", "remark")}
    return Statement(key, read_text(row, "value", ""), place=Place(read_text(row, "place", "")), **optional)


def _parse_gap(row: Mapping[str, Any]) -> Gap:
    """Parse a gap of an example in a rule's file."""
    reject_unknown_keys(row, ("what", "why"))
    return Gap(one_of("what", read_text(row, "what"), GAP_KINDS), read_text(row, "why"))


def rule_folders(rules: Sequence[Path]) -> tuple[Path, ...]:
    """Return the folders that rule files are loaded from."""
    for root in rules:
        if not root.is_dir():
            raise RuleError(f"{root}: is not a folder of rules (<id>.toml)")
    return (resource_folder("rules"), *rules)


def shipped_rule_ids() -> frozenset[str]:
    """Return the ids of the rules that are shipped: the stems of their files."""
    return frozenset(path.stem for path in resource_folder("rules").glob("*.toml"))
