"""The words the auditor knows, read from TOML: shipped in ``rules/vocabulary`` or an operator's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All vocabularies of a run, compiled once a worker."""

    folders: tuple[Path, ...]
