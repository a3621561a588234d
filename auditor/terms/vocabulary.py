"""All vocabularies of a run, compiled: once a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor.terms.entries import read
from auditor.terms.licences import Licences
from auditor.terms.prose import Prose, prose
from auditor.terms.signals import Markers, markers


@dataclass(frozen=True, slots=True)
class Vocabulary:
    licences: Licences
    prose: Prose
    markers: Markers


def vocabulary(folders: tuple[Path, ...]) -> Vocabulary:
    """Raises :class:`auditor.errors.RuleError` that names the file and what is wrong with it."""
    entries = read(folders)
    return Vocabulary(entries.licences, prose(entries), markers(entries))
