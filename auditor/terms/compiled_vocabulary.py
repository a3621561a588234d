"""All vocabularies of a run, compiled: once a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.clauses.targets import MINOR_WORD_BYTES
from auditor.terms import card_mentions
from auditor.terms.licences import Licences
from auditor.terms.prose import Prose, prose
from auditor.terms.signals import Markers, markers
from auditor.terms.vocabulary_files import read


@dataclass(frozen=True, slots=True)
class Vocabulary:
    licences: Licences
    prose: Prose
    markers: Markers
    tags: Mapping[str, tuple[str, str]]  # a tag's words: the key and value that it states


def vocabulary(folders: tuple[Path, ...]) -> Vocabulary:
    """Raises :class:`auditor.errors.RuleError` that names the file and what is wrong with it."""
    entries = read(folders)
    marks = markers(entries)
    # A text without its cue need not be looked at for a clause, for what its prose names, or for signals.
    cues = {"clause": MINOR_WORD_BYTES.pattern.decode(), **card_mentions.CUES}
    if marks.cue:
        cues["signal"] = marks.cue
    tags = {plain_tag(tag): (term.kind, term.value) for term in entries.terms for tag in term.tags}
    return Vocabulary(entries.licences, prose(entries, cues), marks, tags)


def plain_tag(tag: str) -> str:
    """``Role-Play`` and ``role_play`` are one tag."""
    return tag.casefold().replace("_", "-").replace(" ", "-")
