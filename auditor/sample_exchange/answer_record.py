"""The record that the holder of a list keeps of all answers: who asked, which rows, and which blocks were named.

A row is given its block once, by the first export that has it, whoever made that. A later export that has the row too
is answered for that block again, as a whole. So the blocks of all answers are apart from each other, and no difference
between two exports, and no part of one, tells of fewer rows than a block has.

    lock            held while an export is answered
    NNNNNN.rows     the hashes of the rows that this answer was the first for, sorted, 8 bytes each
    NNNNNN.json     the answer's entry; written last
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from auditor.disk_sync import sync_folder
from auditor.errors import UsageError
from auditor.file_lock import try_lock
from auditor.sample_exchange.blocks import Hashes

_LOCK = "lock"
_HASH_TYPE = np.dtype("<u8")


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One answer.

    Attributes:
        number: Its number, from 1.
        requester: The name on the card of who asked.
        issued: When.
        export: The SHA-256 of the export.
        algorithm: The algorithm of its digests.
        kind: ``blocks`` or ``withdraw``.
        rows: How many different rows the export has.
        asked_before: How many of them an earlier export had.
        first_rows: How many rows have their block from this answer.
        bits: How many bits of the hash make one of those blocks.
        named: The blocks that it named: prefixes, by the number of the answer whose blocks they are.
    """

    number: int
    requester: str
    issued: str
    export: str
    algorithm: str
    kind: str
    rows: int
    asked_before: int
    first_rows: int
    bits: int
    named: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The record in a folder, which is locked."""

    folder: Path
    answers: tuple[RecordedAnswer, ...]

    def rows_of(self, answer: RecordedAnswer) -> Hashes:
        """Return the rows that have their block from an answer, mapped from the disk.

        Raises:
            UsageError: The file is damaged.
        """
        if not answer.first_rows:
            return np.zeros(0, np.uint64)
        path = self.folder / f"{answer.number:06}.rows"
        try:
            if path.stat().st_size != answer.first_rows * _HASH_TYPE.itemsize:
                raise OSError(0, "it has another length")
            return np.memmap(path, _HASH_TYPE, "r")
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: the record of answers is damaged ({error}); restore it from a copy") from error

    def named_of(self, answer: RecordedAnswer) -> set[int]:
        """Return the blocks of an answer that any answer has named."""
        return set().union(*(other.named.get(str(answer.number), ()) for other in self.answers))

    def of_requester(self, name: str) -> tuple[RecordedAnswer, ...]:
        """Return the answers that a requester got."""
        return tuple(answer for answer in self.answers if answer.requester == name)

    def append(self, entry: RecordedAnswer, first_rows: Iterable[Hashes]) -> None:
        """Add an answer: its rows, in sorted pieces, and then its entry. Raises UsageError if it cannot be written."""
        name = self.folder / f"{entry.number:06}"
        try:
            with open(name.with_suffix(".rows"), "wb") as file:
                for piece in first_rows:
                    file.write(piece.astype(_HASH_TYPE, copy=False).tobytes())
                file.flush()
                os.fsync(file.fileno())
            part = name.with_suffix(".part")
            with open(part, "w", encoding="utf-8") as text:
                json.dump(asdict(entry), text)
                text.flush()
                os.fsync(text.fileno())
            os.replace(part, name.with_suffix(".json"))
            sync_folder(self.folder)
        except OSError as error:
            raise UsageError(f"{name}: the record cannot be written: {error.strerror}; nothing was answered") from error


@contextmanager
def open_record(folder: Path) -> Iterator[AnswerRecord]:
    """Open the record of answers in a folder, which is made if it is new, and lock it.

    Raises:
        UsageError: It is in use, damaged, or cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = open(folder / _LOCK, "ab")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"{folder}: cannot hold the record of answers: {error.strerror}") from error
    with lock:
        try:
            is_locked = try_lock(lock.fileno())
        except OSError:  # a file system without locks
            is_locked = True
        if not is_locked:
            raise UsageError(f"{folder}: another export is being answered; wait for it")
        answers = tuple(_read_entry(path) for path in sorted(folder.glob("[0-9]*.json")))
        if [one.number for one in answers] != list(range(1, len(answers) + 1)):
            raise UsageError(f"{folder}: an answer is missing from the record; restore it from a copy")
        yield AnswerRecord(folder, answers)


def _read_entry(path: Path) -> RecordedAnswer:
    """Return an entry of the record."""
    try:
        content: Any = json.loads(path.read_bytes())
        return RecordedAnswer(**content)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{path}: the record of answers is damaged ({error}); restore it from a copy") from error
