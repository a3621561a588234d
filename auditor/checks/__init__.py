"""The questions a rule may ask of what is stated of a subject.

A check is a module of this package with four constants and one function::

    ABSENCE: bool       True: what it flags is that something is *not* stated; a gap then leaves it open
    START: str          the parameter that sets it off: it is silent where none of that one's keys is stated
    STOP: str           the parameter that settles it: it is silent where a key of that one is stated whose values
                        are any ("" for none)
    PLACE: str          the key whose statements tell where, whatever the parameters ("" for none)
    def ask(stated: Stated, *, wanted: Where, fact: Fact) -> Iterator[Evidence]

The parameters after ``*`` are the rule's ``with`` table. Their annotations are the types of this page
(:class:`Key`, :class:`Where`, :class:`Fact` …), which read the table's values when the rule file is read
and refuse what they cannot use. A check is pure: it sees statements alone, and the order in which it
yields evidence does not matter.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any, ClassVar, Protocol, Self, get_type_hints

import re2

from auditor.model import STATEMENT_KEYS, Evidence, Statement
from auditor.printable import printable

Stated = Mapping[str, Sequence[Statement]]

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # RE2 would write to stderr what the message says anyway


def by_key(statements: Iterable[Statement]) -> Stated:
    """The statements by their key."""
    stated: dict[str, list[Statement]] = {}
    for statement in statements:
        if (under := stated.get(statement.key)) is None:
            stated[statement.key] = [statement]
        else:
            under.append(statement)
    return stated


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'licence'?)``, or nothing."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


class Parameter(Protocol):
    """A type of a check's parameter: made from what TOML holds. Raises :class:`ValueError`."""

    @classmethod
    def read(cls, value: object) -> Self: ...


class Key(str):
    """A key of :data:`auditor.model.STATEMENT_KEYS`."""

    @classmethod
    def read(cls, value: object) -> Self:
        if not isinstance(value, str) or value not in STATEMENT_KEYS:
            raise ValueError(f"{value!r} is not a statement key{nearest(str(value), STATEMENT_KEYS)}")
        return cls(value)


@dataclass(frozen=True, slots=True)
class Values:
    """The values that count: words, in any case, and ``re:`` RE2 patterns. None at all: any value."""

    words: frozenset[str] = frozenset()
    patterns: tuple[Any, ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
            raise ValueError(f"expected a list of strings, not {value!r}")
        if not value:
            return ANY  # type: ignore[return-value]
        patterns = tuple(_pattern(word[3:]) for word in value if word.startswith("re:"))
        return cls(frozenset(word.casefold() for word in value if not word.startswith("re:")), patterns)

    def __contains__(self, value: str) -> bool:
        if self.words and (value in self.words or value.casefold() in self.words):
            return True
        if self.patterns:
            return any(_found(pattern, value) for pattern in self.patterns)
        return not self.words

    def __bool__(self) -> bool:
        return bool(self.words or self.patterns)


ANY = Values()
"""Any value: a parameter that narrows nothing."""


def _pattern(pattern: str) -> Any:
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0]
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"{pattern!r} is not an RE2 pattern: {reason}") from error


@lru_cache(maxsize=1 << 14)  # a hub's cards share most of their values
def _found(pattern: Any, value: str) -> bool:
    """RE2 searches UTF-8, which has no lone surrogates: they are written as facts write them."""
    return pattern.search(value.encode("utf-8", "backslashreplace")) is not None


@dataclass(frozen=True, slots=True)
class Where:
    """Statement keys and, for each, the values that count (an empty list: any value)."""

    tests: tuple[tuple[str, Values], ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        if not isinstance(value, Mapping):
            raise ValueError(f"expected a table of statement keys and lists of values, not {value!r}")
        tests = []
        for key, values in value.items():
            try:
                tests.append((Key.read(key), Values.read(values)))
            except ValueError as error:
                raise ValueError(f"{key}: {error}" if key in STATEMENT_KEYS else str(error)) from error
        return cls(tuple((str(key), values) for key, values in tests))

    def of(self, stated: Stated) -> Iterator[Statement]:
        """The statements that count."""
        for key, values in self.tests:
            for statement in stated.get(key, ()):
                if statement.value in values:
                    yield statement

    def any(self, stated: Stated) -> bool:
        """Does a statement under any of the keys count?"""
        for key, values in self.tests:
            for statement in stated.get(key, ()):
                if values is ANY or statement.value in values:
                    return True
        return False

    def every(self, stated: Stated) -> bool:
        """Does a statement under each of the keys count?"""
        for key, values in self.tests:
            for statement in stated.get(key, ()):
                if statement.value in values:
                    break
            else:
                return False
        return True


NOWHERE = Where()
"""No key at all."""


@dataclass(frozen=True, slots=True)
class Fact:
    """The words of a finding, with ``{value}`` and ``{relation}`` where the statement's are to stand."""

    template: str
    FIELDS: ClassVar[tuple[str, ...]] = ("value", "relation")

    @classmethod
    def read(cls, value: object) -> Self:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"expected the words of a finding, not {value!r}")
        for _, field, layout, conversion in string.Formatter().parse(value):
            if field is not None and (field not in cls.FIELDS or layout or conversion):
                allowed = " and ".join(f"{{{name}}}" for name in cls.FIELDS) or "no field"
                raise ValueError(f"{{{field}}} cannot stand in this fact; {allowed} can")
        return cls(value if cls.FIELDS else value.format())

    def of(self, **fields: str) -> str:
        return self.template.format_map({name: printable(field) for name, field in fields.items()})


@dataclass(frozen=True, slots=True)
class PlainFact(Fact):
    """The words of a finding that is the same for every subject."""

    FIELDS: ClassVar[tuple[str, ...]] = ()

    def of(self, **fields: str) -> str:
        return self.template


@dataclass(frozen=True, slots=True)
class PairFact(Fact):
    """The words of a finding about two sides, ``{value}`` and ``{other}``."""

    FIELDS: ClassVar[tuple[str, ...]] = ("value", "other")


@dataclass(frozen=True, slots=True)
class Readings:
    """RE2 patterns that translate a value into another side's words: ``{ sd1 = "stable-diffusion-v1" }``."""

    patterns: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        if not isinstance(value, Mapping) or not all(isinstance(pattern, str) for pattern in value.values()):
            raise ValueError(f"expected a table of words and RE2 patterns, not {value!r}")
        return cls(tuple((word, _pattern(pattern)) for word, pattern in value.items()))

    def of(self, value: str) -> tuple[str, ...]:
        """The words that the value translates to; itself where there are no patterns."""
        if not self.patterns:
            return (value.casefold(),)
        return tuple(word.casefold() for word, pattern in self.patterns if _found(pattern, value))


AS_WRITTEN = Readings()
"""Values mean themselves."""


class Check(Protocol):
    ABSENCE: bool
    START: str
    STOP: str
    PLACE: str

    @property
    def ask(self) -> Callable[..., Iterator[Evidence]]: ...


@cache
def checks() -> Mapping[str, Check]:
    """Every module of this package, by name: adding a check is adding a file."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def bind(check: str, params: Mapping[str, object]) -> partial[Iterator[Evidence]]:
    """The check with a rule's ``with`` table. Raises :class:`ValueError` where the two do not fit."""
    if check not in checks():
        raise ValueError(f"check: there is no check {check!r}{nearest(check, checks())}; there are {_list(checks())}")
    ask = checks()[check].ask
    types = get_type_hints(ask)
    parameters = [p for p in inspect.signature(ask).parameters.values() if p.kind is p.KEYWORD_ONLY]
    names = [parameter.name for parameter in parameters]
    for name in params:
        if name not in names:
            raise ValueError(
                f"with.{name}: {check!r} has no such parameter{nearest(name, names)}; it has {_list(names)}"
            )
    given: dict[str, object] = {}
    for parameter in parameters:
        if parameter.name in params:
            try:
                given[parameter.name] = types[parameter.name].read(params[parameter.name])
            except ValueError as error:
                raise ValueError(f"with.{parameter.name}: {error}") from error
        elif parameter.default is parameter.empty:
            raise ValueError(f"with.{parameter.name}: missing, and {check!r} needs it")
    return partial(ask, **given)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def tests_of(parameter: object) -> tuple[tuple[str, Values], ...]:
    """The statement keys that a bound parameter names, each with the values of it that count."""
    if isinstance(parameter, Key):
        return ((str(parameter), ANY),)
    return parameter.tests if isinstance(parameter, Where) else ()


def keys_of(parameter: object) -> tuple[str, ...]:
    """The statement keys that a bound parameter names."""
    return tuple(key for key, _ in tests_of(parameter))
