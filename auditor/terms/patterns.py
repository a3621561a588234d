"""Compile RE2 patterns over the UTF-8 bytes of texts, in any letter case."""

from __future__ import annotations

from functools import lru_cache

import re2

from auditor.re2_patterns import compile_re2

# For the automaton of a set; if it needed more, RE2 would find nothing and only log it.
_SET_MEMORY = 64 << 20


def _options(capture: bool = False) -> re2.Options:
    """Return the RE2 options with which patterns are compiled."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = _SET_MEMORY
    options.log_errors = False
    options.never_capture = not capture
    return options


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str, written: str = "") -> re2._Regexp:
    """Compile a pattern. Raises :class:`ValueError` with what was ``written`` and the reason."""
    return compile_re2(pattern.encode(), _options(), written)


@lru_cache(maxsize=1024)
def compile_capturing_pattern(pattern: str) -> re2._Regexp:
    """Compile a pattern whose groups are asked for. Raises :class:`ValueError` with the reason."""
    return compile_re2(pattern.encode(), _options(capture=True))


def compile_pattern_set(patterns: list[str]) -> re2.Set:
    """Compile patterns into one automaton that finds which of them a text holds."""
    pattern_set = re2.Set.SearchSet(_options())
    for pattern in patterns:
        pattern_set.Add(pattern.encode())
    pattern_set.Compile()
    return pattern_set
