"""Parts of subjects: what a reader says of one file, before the parts of a subject are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from auditor.blob import Blob
from auditor.model import Subject

# A longer value of a statement is cut.
MAX_VALUE_CHARACTERS = 1000

Role = Literal["card", "licence", "terms", "document", "summary"]


class Text(NamedTuple):
    """A text that was read, for the derivations that need its words. It never leaves the worker.

    Attributes:
        role: What the text is.
        uri: The file it was read from.
        text: Its words.
        first_line: The line of the file on which the text begins; 0 if its lines are not those of the file.
        accepted: Whether it has to be accepted before a download, so that a policy it names is binding.
    """

    role: Role
    uri: str
    text: str
    first_line: int = 1
    accepted: bool = False


class Part(NamedTuple):
    """What one file says of one subject.

    Attributes:
        subject: The subject, with the statements and gaps of this file alone.
        texts: The texts of the file.
        tensors: Digests of the tensors by which models can be told apart, where weights are read in full.
    """

    subject: Subject
    texts: tuple[Text, ...] = ()
    tensors: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class PartlyRead:
    """One carrier of a file that was not read, while others were: a gap of the file's subject.

    Attributes:
        blob: The file.
        carrier: Which part of it: a column's path, a member's name, ``frames 257-400``.
        why: The reason, for a person; what comes before its first colon is counted.
    """

    blob: Blob
    carrier: str
    why: str
