"""What a run judges by: rules, a profile, lists and vocabularies, with one fingerprint over them all.

A rules folder holds ``<id>.toml`` rules, ``profiles/<name>.toml`` and ``vocabulary/*.toml``. The shipped
one always counts; further folders add to it. A rule whose id is there already is refused unless it says
``replaces = true``, so that no rule is switched off by a name that happens to be the same.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol, cast, get_args

from auditor.checks import ANY, Stated, Values, Where, bind, by_key, checks, keys_of, nearest, tests_of
from auditor.errors import RuleError
from auditor.model import (
    GAP_KINDS,
    KINDS,
    SEVERITIES,
    STATEMENT_KEYS,
    Evidence,
    Finding,
    Gap,
    Ground,
    Kind,
    Place,
    Rule,
    RuleExample,
    Severity,
    Statement,
    Subject,
)
from auditor.resources import resource_folder


class KnownList(Protocol):
    """What a policy needs of a list: enough to say which one it was."""

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
    """For whom a run is, and what severity each rule then has; a rule not named keeps its own.

    ``treat`` says which other meaning of a list counts as which (``{"test": "csam"}``).
    """

    name: str
    description: str
    severities: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict)
    treat: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def severity(self, rule: Rule) -> Severity | Literal["off"]:
        return self.severities.get(rule.id, rule.severity)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The rules that are on, with the profile's severities. Two policies are equal if their fingerprints are."""

    rules: tuple[Rule, ...]
    profile: str
    lists: tuple[KnownList, ...]
    vocabularies: tuple[Path, ...]
    treat: Mapping[str, str]
    fingerprint: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def load(
    rules: Sequence[Path] = (),
    profile: str = "default",
    lists: Sequence[KnownList] = (),
    vocabularies: Sequence[Path] = (),
) -> Policy:
    """The shipped rules, further rules folders and one profile. Raises :class:`RuleError`.

    The fingerprint is a SHA-256 over every byte of the rules that are on, the profile, every vocabulary
    file and the lists' digests: it names what was judged by, wherever the folders lie.
    """
    known = catalogue(rules)
    chosen = choose(profiles(rules, known), profile)
    on = tuple(
        replace(rule, severity=severity) for rule, _ in known.values() if (severity := chosen.severity(rule)) != "off"
    )
    folders = tuple(f for f in (*(root / "vocabulary" for root in _roots(rules)), *vocabularies) if f.is_dir())
    for folder in vocabularies:
        if not folder.is_dir():
            raise RuleError(f"{folder}: is not a folder of vocabularies (*.toml)")
    parts = [("rule", rule.id, known[rule.id][1]) for rule in on]
    parts += [("profile", chosen.name, chosen.digest)]
    parts += [("vocabulary", path.name, _sha256(_bytes(path))) for folder in folders for path in _files(folder)]
    parts += sorted(("list", f"{known_list.name} {known_list.means}", known_list.sha256) for known_list in lists)
    canonical = "\n".join("\t".join(part) for part in parts)
    fingerprint = _sha256(canonical.encode("utf-8", "surrogatepass"))
    return Policy(on, chosen.name, tuple(lists), folders, chosen.treat, fingerprint)


def catalogue(rules: Sequence[Path] = ()) -> Mapping[str, tuple[Rule, str]]:
    """Every rule by its id, in order, with its file's digest. Raises :class:`RuleError`."""
    found: dict[str, tuple[Rule, str]] = {}
    origin: dict[str, Path] = {}
    for root in _roots(rules):
        for path in _files(root):
            with _naming(path):
                table, digest = _toml(path)
                replaces = table.pop("replaces", False)
                rule = _rule(path.stem, table)
                if rule.id in found and replaces is not True:
                    raise ValueError(
                        f"there is a rule {rule.id!r} already, in {origin[rule.id]}; "
                        "give this one another name, or write replaces = true in it"
                    )
                if rule.id not in found and replaces is not False:
                    raise ValueError(f"replaces: there is no rule {rule.id!r} before it{nearest(rule.id, found)}")
            found[rule.id], origin[rule.id] = (rule, digest), path
    return dict(sorted(found.items()))


def profiles(rules: Sequence[Path], ids: Collection[str]) -> Mapping[str, Profile]:
    """Every profile by its name, with what it inherits; ``ids`` are the rules'. Raises :class:`RuleError`."""
    tables: dict[str, tuple[Path, dict[str, Any], str]] = {}
    for root in _roots(rules):
        for path in _files(root / "profiles"):
            with _naming(path):
                if path.stem in tables:
                    raise ValueError(f"there is a profile {path.stem!r} already; give this one another name")
                tables[path.stem] = (path, *_toml(path))

    def read(name: str, heirs: tuple[str, ...] = ()) -> Profile:
        path, table, digest = tables[name]
        with _naming(path):
            _only(table, ("description", "inherits", "severities", "treat"))
            description = _text(table, "description")
            parent = _text(table, "inherits", "")
            if parent and (parent not in tables or parent in (name, *heirs)):
                raise ValueError(f"inherits: there is no other profile {parent!r}{nearest(parent, tables)}")
            severities = _table(table, "severities")
            for rule, severity in severities.items():
                if rule not in ids:
                    raise ValueError(f"severities.{rule}: there is no such rule{nearest(rule, ids)}")
                _one_of(f"severities.{rule}", severity, (*SEVERITIES, "off"))
            treat = _table(table, "treat")
            if treat:
                from auditor.known import MEANS  # imports pyarrow, which listing rules need not wait for

                for meaning, other in treat.items():
                    _one_of("treat", meaning, MEANS)
                    _one_of(f"treat.{meaning}", other, MEANS)
        if not parent:
            return Profile(name, description, severities, treat, digest)
        above = read(parent, (name, *heirs))
        return Profile(
            name, description, {**above.severities, **severities}, {**above.treat, **treat}, f"{digest} {above.digest}"
        )

    return {name: read(name) for name in sorted(tables)}


def choose(known: Mapping[str, Profile], name: str) -> Profile:
    """The profile of that name. Raises :class:`RuleError`."""
    if name not in known:
        raise RuleError(f"there is no profile {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    return known[name]


# Judging


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule, ready to be asked.

    ``starts``: the keys of which one must be stated; none: it is always asked. ``stops``: the keys of which none
    may be. ``tests`` are all that it reads.
    """

    rule: Rule
    ask: Callable[[Stated], Iterable[Evidence]]
    absence: bool
    starts: frozenset[str]
    stops: frozenset[str]
    tests: tuple[tuple[str, Values], ...]
    when: Where
    reads: frozenset[str]

    @classmethod
    def of(cls, rule: Rule) -> _Asked:
        check, ask = checks()[rule.check], bind(rule.check, rule.params)
        starts = frozenset(keys_of(ask.keywords.get(check.START)))
        stops = frozenset(key for key, values in tests_of(ask.keywords.get(check.STOP)) if not values)
        when = Where.read(rule.when)
        tests = tuple(test for parameter in (*ask.keywords.values(), when) for test in tests_of(parameter))
        tests += ((check.PLACE, ANY),) if check.PLACE else ()
        return cls(rule, ask, check.ABSENCE, starts, stops, tests, when, frozenset(rule.reads))

    def may_say(self, stated: Collection[str]) -> bool:
        """Could it say anything of a subject of which just these keys are stated, and nothing was left unread?"""
        started = not self.starts or not self.starts.isdisjoint(stated)
        return started and self.stops.isdisjoint(stated) and all(key in stated for key in keys_of(self.when))


@lru_cache(maxsize=8)
def _asked(policy: Policy) -> Mapping[Kind, tuple[_Asked, ...]]:
    """The policy's rules, ready to be asked, by the kind of subject; made once in each process."""
    asked = [_Asked.of(rule) for rule in policy.rules]
    return {kind: tuple(one for one in asked if kind in one.rule.applies) for kind in KINDS}


@lru_cache(maxsize=1 << 14)  # most subjects state the same keys as many others
def _due(policy: Policy, kind: Kind, stated: frozenset[str]) -> tuple[_Asked, ...]:
    return tuple(one for one in _asked(policy)[kind] if one.may_say(stated))


def reads(policy: Policy) -> Mapping[str, frozenset[str]]:
    """The statement keys that a rule reads, each with the values that count, in lower case (none: any).

    No other statement changes what :func:`judge` says.
    """
    found: dict[str, frozenset[str]] = {}
    for key, values in (test for asked in _asked(policy).values() for one in asked for test in one.tests):
        words = frozenset() if values.patterns else values.words
        found[key] = found.get(key, words) | words if words and found.get(key, words) else frozenset()
    return found


def judge(subject: Subject, policy: Policy) -> Iterator[Finding]:
    """What the rules say of one subject, in order of (rule, outcome, fact); one finding for each fact.

    Where a gap that the rule reads leaves its question open there is an UNCHECKED finding, beside what
    was flagged all the same. A rule that asks for something absent flags nothing then. ``when`` is no
    question: a rule is silent on a subject of which not all that it names was read.
    """
    stated = by_key(subject.statements)
    asked = _asked(policy)[subject.kind] if subject.gaps else _due(policy, subject.kind, frozenset(stated))
    for one in asked:
        yield from _say(one, stated, subject)


def _say(one: _Asked, stated: Stated, subject: Subject) -> Sequence[Finding]:
    if one.when.tests and not one.when.every(stated):
        return ()
    open_gaps = [gap for gap in subject.gaps if gap.what in one.reads] if subject.gaps else ()
    evidence: list[Evidence] = []
    broken = ""
    if not (open_gaps and one.absence):
        try:
            for found in one.ask(stated):
                evidence.append(found)  # noqa: PERF402 (what was found before a failure is kept)
        except Exception as error:  # the one place: a rule that breaks costs itself and this subject, no more
            broken = type(error).__name__
    said = [_finding(one.rule, subject, "FLAGGED", found) for found in _distinct(evidence)]
    if broken:
        said.append(_finding(one.rule, subject, "UNCHECKED", Evidence(GAP_KINDS["judgement"], remark=broken)))
    if open_gaps:
        unread = _distinct([Evidence(GAP_KINDS[gap.what], gap.place, gap.why) for gap in open_gaps])
        said += (_finding(one.rule, subject, "UNCHECKED", found) for found in unread)
    return said


def _distinct(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """One evidence for each fact, in order: the first by place, which says at how many places it was found."""
    if len(evidence) < 2:
        return evidence
    distinct = []
    facts: dict[str, list[Evidence]] = {}
    for found in sorted(evidence):
        facts.setdefault(found.fact, []).append(found)
    for found, *more in facts.values():
        places = len({found.place, *(other.place for other in more)})
        if places > 1:
            found = found._replace(remark="; ".join(filter(None, (found.remark, f"at {places} places"))))
        distinct.append(found)
    return distinct


def _finding(rule: Rule, subject: Subject, outcome: Literal["FLAGGED", "UNCHECKED"], found: Evidence) -> Finding:
    """What could not be checked is a note, whatever the rule: nobody knows that anything is wrong."""
    return Finding(
        rule.id,
        subject.kind,
        subject.name,
        subject.revision,
        outcome,
        rule.severity if outcome == "FLAGGED" else "note",
        found.fact,
        found.place,
        found.remark,
    )


def differences(rule: Rule) -> Iterator[str]:
    """Where the rule does not say of its examples, word for word, what they say it must: a diff for each."""
    one = _Asked.of(rule)
    for example in rule.examples:
        subject = Subject(example.kind, "example", "", example.statements, example.gaps)
        said = [
            f"{finding.outcome.lower()}: {finding.fact}" for finding in _say(one, by_key(subject.statements), subject)
        ]
        expected = [
            *(f"flagged: {fact}" for fact in example.flags),
            *(f"unchecked: {fact}" for fact in example.unchecked),
        ]
        if said != expected:
            diff = difflib.unified_diff(expected, said, "must say", "says", lineterm="", n=99)
            yield "\n".join(
                (f"{rule.id}: {example.name}", *(f"  {line}" for line in diff if not line.startswith("@@")))
            )


# Reading rule files


_RULE = (
    "title", "applies", "check", "with", "severity", "case", "when", "reads", "why", "fix", "review", "references",
    "examples",
)  # fmt: skip
_ID = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_REQUIRED: Any = object()


def _rule(name: str, table: Mapping[str, Any]) -> Rule:
    """One rule file's table. Raises :class:`ValueError` with the key at fault."""
    if not _ID.fullmatch(name):
        raise ValueError("the file's name is the rule's id: lower-case letters, digits and hyphens")
    _only(table, _RULE)
    applies = _texts(table, "applies")
    for kind in applies:
        _one_of("applies", kind, KINDS)
    check, params = _text(table, "check"), _table(table, "with")
    bind(check, params)
    severity = _one_of("severity", _text(table, "severity"), SEVERITIES)
    case = _text(table, "case", "none")
    _one_of("case", case, (*get_args(Ground), "none"))
    when = _table(table, "when")
    try:
        Where.read(when)
    except ValueError as error:
        raise ValueError(f"when: {error}") from error
    reads = _texts(table, "reads", ())
    for what in reads:
        _one_of("reads", what, GAP_KINDS)
    examples = table.get("examples", ())
    if not isinstance(examples, list) or not all(isinstance(example, Mapping) for example in examples):
        raise ValueError("examples: expected [[examples]] tables")
    rule = Rule(
        id=name,
        title=_text(table, "title"),
        applies=cast("tuple[Kind, ...]", applies),
        check=check,
        params=params,
        severity=cast("Severity", severity),
        why=_text(table, "why"),
        fix=_text(table, "fix"),
        review=_text(table, "review", ""),
        case=None if case == "none" else cast("Ground", case),
        when={key: tuple(values) for key, values in when.items()},
        reads=reads,
        references=_texts(table, "references"),
        examples=tuple(_example(example, applies) for example in examples),
    )
    if rule.case and not rule.review:
        raise ValueError("review: a rule that opens a case says what reviewers do")
    if not any(example.flags for example in rule.examples):
        raise ValueError('examples: none is flagged; give one of what the rule must find, with flags = ["…"]')
    if all(example.flags or example.unchecked for example in rule.examples):
        raise ValueError(
            "examples: none is silent; give one of what the rule must leave alone, with neither flags nor unchecked"
        )
    return rule


def _example(table: Mapping[str, Any], applies: Sequence[str]) -> RuleExample:
    name = _text(table, "name")
    try:
        _only(table, ("name", "kind", "states", "gaps", "flags", "unchecked"))
        kind = _one_of("kind", _text(table, "kind", applies[0]), applies)
        return RuleExample(
            name=name,
            kind=cast("Kind", kind),
            statements=tuple(_statement(row) for row in _rows(table, "states")),
            gaps=tuple(_gap(row) for row in _rows(table, "gaps")),
            flags=_texts(table, "flags", ()),
            unchecked=_texts(table, "unchecked", ()),
        )
    except ValueError as error:
        raise ValueError(f"example {name!r}: {error}") from error


def _statement(row: Mapping[str, Any]) -> Statement:
    _only(row, ("key", "value", "relation", "source", "place", "remark"))
    key = _one_of("key", _text(row, "key"), STATEMENT_KEYS)
    optional = {name: _text(row, name, "") for name in ("relation", "source", "remark")}
    return Statement(key, _text(row, "value", ""), place=Place(_text(row, "place", "")), **optional)


def _gap(row: Mapping[str, Any]) -> Gap:
    _only(row, ("what", "why"))
    return Gap(_one_of("what", _text(row, "what"), GAP_KINDS), _text(row, "why"))


def _only(table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"{key}: unknown key{nearest(key, known)}")


def _one_of(key: str, value: object, known: Iterable[str]) -> str:
    known = tuple(known)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{key}: {value!r} is none of {', '.join(known)}{nearest(str(value), known)}")
    return value


def _text(table: Mapping[str, Any], key: str, otherwise: str = _REQUIRED) -> str:
    value = table.get(key, otherwise)
    if value is _REQUIRED:
        raise ValueError(f"{key}: missing")
    if not isinstance(value, str) or (otherwise is _REQUIRED and not value.strip()):
        raise ValueError(f"{key}: expected text, not {value!r}")
    return value.strip()


def _texts(table: Mapping[str, Any], key: str, otherwise: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
    value = table.get(key, otherwise)
    if value is _REQUIRED:
        raise ValueError(f"{key}: missing")
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{key}: expected a list of strings, not {value!r}")
    if otherwise is _REQUIRED and not value:
        raise ValueError(f"{key}: expected at least one")
    return tuple(value)


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{key}: expected a table, not {value!r}")
    return dict(value)


def _rows(table: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError(f'{key}: expected a list of tables, such as {{ key = "licence", value = "mit" }}')
    return value


# Files


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns a :class:`ValueError` into a :class:`RuleError` that names the file."""
    try:
        yield
    except ValueError as error:
        raise RuleError(f"{path}: {error}") from error


def _roots(rules: Sequence[Path]) -> tuple[Path, ...]:
    for root in rules:
        if not root.is_dir():
            raise RuleError(f"{root}: is not a folder of rules (<id>.toml)")
    return (resource_folder("rules"), *rules)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _toml(path: Path) -> tuple[dict[str, Any], str]:
    """What the file says, and its digest. Raises :class:`ValueError` for one that is not TOML or not UTF-8."""
    data = _bytes(path)
    try:
        return tomllib.loads(data.decode("utf-8").replace("\r\n", "\n")), _sha256(data)
    except ValueError as error:
        raise ValueError(f"is not a TOML file: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RuleError(f"{path}: cannot be read: {error.strerror}") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
