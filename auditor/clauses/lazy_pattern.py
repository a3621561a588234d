"""Compile RE2 patterns when they are first used: compiling all of the clause check takes longer than a small scan."""

from __future__ import annotations

from typing import Any, cast

import re2


def lazy_pattern(pattern: str | bytes, options: re2.Options | None = None) -> re2._Regexp:
    """Return a pattern that behaves as a compiled one. Its first use raises :class:`re2.error` if it is invalid."""
    return cast(re2._Regexp, _LazyPattern(pattern, options))


class _LazyPattern:
    """A pattern whose methods are those of the compiled one, from the first that is asked for."""

    def __init__(self, pattern: str | bytes, options: re2.Options | None) -> None:
        self._source = pattern
        self._options = options
        self._compiled: re2._Regexp | None = None

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the compiled pattern, and keep it, so that this is not called for it again."""
        if self._compiled is None:
            self._compiled = re2.compile(self._source, self._options)
        value = getattr(self._compiled, name)
        setattr(self, name, value)
        return value
