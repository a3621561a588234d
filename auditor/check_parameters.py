"""The types of the parameters of checks, which parse and refuse the values that a rule gives them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Protocol, Self

import re2

from auditor.model import STATEMENT_KEYS, Statement, StatementsByKey
from auditor.printable import printable
from auditor.re2_patterns import compile_re2
from auditor.suggestions import did_you_mean

_RE2_OPTIONS = re2.Options()
_RE2_OPTIONS.log_errors = False  # RE2 would also write to stderr what the message has


class Parameter(Protocol):
    """The type of a check's parameter."""

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse the parameter's value from a TOML file. Raises :class:`ValueError`."""


class Key(str):
    """A key of :data:`auditor.model.STATEMENT_KEYS`."""

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse a statement key. Raises :class:`ValueError`."""
        if not isinstance(value, str) or value not in STATEMENT_KEYS:
            raise ValueError(f"{value!r} is not a statement key{did_you_mean(str(value), STATEMENT_KEYS)}")
        return cls(value)


@dataclass(frozen=True, slots=True)
class Values:
    """The values that a check accepts: words, in any letter case, and RE2 patterns. If there are none, any."""

    words: frozenset[str] = frozenset()
    patterns: tuple[Any, ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse a list of words and of patterns that begin with ``re:``. Raises :class:`ValueError`."""
        if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
            raise ValueError(f"expected a list of strings, not {value!r}")
        if not value:
            return ANY  # type: ignore[return-value]
        patterns = tuple(compile_re2(word[3:], _RE2_OPTIONS) for word in value if word.startswith("re:"))
        return cls(frozenset(word.casefold() for word in value if not word.startswith("re:")), patterns)

    def __contains__(self, value: str) -> bool:
        if self.words and (value in self.words or value.casefold() in self.words):
            return True
        if self.patterns:
            return any(_matches(pattern, value) for pattern in self.patterns)
        return not self.words

    def __bool__(self) -> bool:
        return bool(self.words or self.patterns)


ANY = Values()
"""Any value: a parameter that narrows nothing."""


@lru_cache(maxsize=1 << 14)  # a hub's cards share most of their values
def _matches(pattern: Any, value: str) -> bool:
    """Search a value for a check's pattern. RE2 reads UTF-8: lone surrogates are escaped as in files of facts."""
    return pattern.search(value.encode("utf-8", "backslashreplace")) is not None


@dataclass(frozen=True, slots=True)
class Where:
    """Statement keys, each with the values that a check accepts."""

    conditions: tuple[tuple[str, Values], ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse a table of statement keys and lists of values. Raises :class:`ValueError`."""
        if not isinstance(value, Mapping):
            raise ValueError(f"expected a table of statement keys and lists of values, not {value!r}")
        conditions = []
        for key, values in value.items():
            try:
                conditions.append((Key.read(key), Values.read(values)))
            except ValueError as error:
                raise ValueError(f"{key}: {error}" if key in STATEMENT_KEYS else str(error)) from error
        return cls(tuple((str(key), values) for key, values in conditions))

    def matching(self, stated: StatementsByKey) -> Iterator[Statement]:
        """Yield the statements whose key and value are accepted."""
        for key, values in self.conditions:
            for statement in stated.get(key, ()):
                if statement.value in values:
                    yield statement

    def any_key_matches(self, stated: StatementsByKey) -> bool:
        """Return whether a statement under any of the keys has an accepted value."""
        for key, values in self.conditions:
            for statement in stated.get(key, ()):
                if values is ANY or statement.value in values:
                    return True
        return False

    def any_relation_matches(self, stated: StatementsByKey) -> bool:
        """Return whether a statement under any of the keys has an accepted relation."""
        return any(statement.relation in values for key, values in self.conditions for statement in stated.get(key, ()))

    def every_key_matches(self, stated: StatementsByKey) -> bool:
        """Return whether there is a statement with an accepted value under each of the keys."""
        for key, values in self.conditions:
            for statement in stated.get(key, ()):
                if statement.value in values:
                    break
            else:
                return False
        return True


NO_CONDITIONS = Where()
"""No statement key at all."""


@dataclass(frozen=True, slots=True)
class Fact:
    """The words of a finding, with ``{value}`` and ``{relation}`` in place of those of the statement."""

    template: str
    FIELDS: ClassVar[tuple[str, ...]] = ("value", "relation")

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse the words. Raises :class:`ValueError` for a field that they cannot have."""
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"expected the words of a finding, not {value!r}")
        for _, name, layout, conversion in string.Formatter().parse(value):
            if name is not None and (name not in cls.FIELDS or layout or conversion):
                allowed = " and ".join(f"{{{known}}}" for known in cls.FIELDS) or "no field"
                raise ValueError(f"{{{name}}} cannot be used in this fact; {allowed} can")
        return cls(value if cls.FIELDS else value.format())

    def fill(self, **fields: str) -> str:
        """Return the words with the fields filled in, unprintable characters escaped."""
        return self.template.format_map({name: printable(value) for name, value in fields.items()})


@dataclass(frozen=True, slots=True)
class PlainFact(Fact):
    """The words of a finding that is the same for every subject."""

    FIELDS: ClassVar[tuple[str, ...]] = ()

    def fill(self, **fields: str) -> str:
        """Return the words."""
        return self.template


@dataclass(frozen=True, slots=True)
class PairFact(Fact):
    """The words of a finding about two sides, ``{value}`` and ``{other}``."""

    FIELDS: ClassVar[tuple[str, ...]] = ("value", "other")


@dataclass(frozen=True, slots=True)
class Translations:
    """RE2 patterns that translate a value into another side's words: ``{ sd1 = "stable-diffusion-v1" }``."""

    patterns: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse a table of words and patterns. Raises :class:`ValueError`."""
        if not isinstance(value, Mapping) or not all(isinstance(pattern, str) for pattern in value.values()):
            raise ValueError(f"expected a table of words and RE2 patterns, not {value!r}")
        return cls(tuple((word, compile_re2(pattern, _RE2_OPTIONS)) for word, pattern in value.items()))

    def translate(self, value: str) -> tuple[str, ...]:
        """Return the words that the value translates to, in lower case; the value itself if there is no pattern."""
        if not self.patterns:
            return (value.casefold(),)
        return tuple(word.casefold() for word, pattern in self.patterns if _matches(pattern, value))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the values of two sides are compared: as they are written, or as names of repositories."""

    by_name: bool = False

    @classmethod
    def read(cls, value: object) -> Self:
        """Parse ``values`` or ``names``. Raises :class:`ValueError`."""
        if value not in ("values", "names"):
            raise ValueError(f'expected "values" or "names", not {value!r}')
        return cls(value == "names")

    def form(self, value: str) -> str:
        """Return the form of a value that is compared: of a name, its last part in lower case, without separators."""
        plain = value.casefold()
        return re.sub(r"[-_. ]+", "", plain.rstrip("/").rpartition("/")[2]) if self.by_name else plain


BY_VALUE = Comparison()
"""Values are compared as they are written, in any letter case."""


UNTRANSLATED = Translations()
"""Values are compared as they are written."""


def parameter_conditions(parameter: object) -> tuple[tuple[str, Values], ...]:
    """Return the statement keys that a check's bound parameter names, each with the values that it accepts."""
    if isinstance(parameter, Key):
        return ((str(parameter), ANY),)
    return parameter.conditions if isinstance(parameter, Where) else ()


def parameter_keys(parameter: object) -> tuple[str, ...]:
    """Return the statement keys that a check's bound parameter names."""
    return tuple(key for key, _ in parameter_conditions(parameter))
