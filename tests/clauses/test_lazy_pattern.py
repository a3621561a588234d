"""Patterns of the clause check are compiled when they are first used, and then behave as compiled ones."""

from __future__ import annotations

import subprocess
import sys

import pytest
import re2

from auditor.clauses.lazy_pattern import lazy_pattern


def test_a_lazy_pattern_finds_what_the_compiled_one_finds() -> None:
    lazy, compiled = lazy_pattern(r"(?i)\bmust (not)\b"), re2.compile(r"(?i)\bmust (not)\b")
    for text in ("You MUST NOT share it; you must not.", "You may."):
        assert [match.span(1) for match in lazy.finditer(text)] == [match.span(1) for match in compiled.finditer(text)]
        assert bool(lazy.search(text)) == bool(compiled.search(text))
    assert lazy.pattern == compiled.pattern
    assert lazy.search == lazy.search, "the method is kept"


def test_an_invalid_pattern_fails_when_it_is_first_used() -> None:
    pattern = lazy_pattern("(")
    with pytest.raises(re2.error):
        pattern.search("text")


def test_importing_the_clause_check_compiles_no_pattern_of_it() -> None:
    script = """
import re2
compiled, compile = [], re2.compile
re2.compile = lambda pattern, options=None: compiled.append(pattern) or compile(pattern, options)
from auditor.clauses.cues import CompiledCues
from auditor.clauses.detect import detect_clause
from auditor.policy.vocabularies import load_vocabularies
known = load_vocabularies()
compiled.clear()
cues = CompiledCues(known.cues, known.cue_words)
assert not compiled, compiled
assert detect_clause("You must not use the model to sexually abuse children.", cues).answer == "explicit"
assert compiled
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
