"""What texts say of their subject: clauses, licences, prose statements and signals, while the text is there."""

from __future__ import annotations

from pathlib import Path

from auditor.model import Subject
from auditor.readers import Part
from auditor.terms.vocabulary import Vocabulary


def load(folders: tuple[Path, ...]) -> Vocabulary:
    """The vocabularies of these folders (later ones add to earlier ones); once a worker, it compiles patterns.

    Raises :class:`auditor.errors.RuleError` that names the file and what is wrong with it.
    """
    return Vocabulary(folders)


def derive(part: Part, vocabulary: Vocabulary) -> Subject:
    """The part's subject with what its texts and metadata further state. No text leaves this function but a clause."""
    return part.subject
