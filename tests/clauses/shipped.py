"""The clause check with the shipped cues."""

from __future__ import annotations

from functools import cache

from auditor.clauses import detect
from auditor.clauses.cues import CompiledCues
from auditor.clauses.detect import Clause
from auditor.policy.vocabularies import load_vocabularies


@cache
def shipped_cues() -> CompiledCues:
    """The compiled cues of ``rules/vocabulary/clauses.toml``."""
    vocabularies = load_vocabularies()
    return CompiledCues(vocabularies.cues, vocabularies.cue_words)


def detect_clause(text: str, *, references: bool = True) -> Clause:
    """Return the clause of a text, by the shipped cues."""
    return detect.detect_clause(text, shipped_cues(), references=references)
