"""Answer an export with lists: name the blocks that hold a match, so that nothing tells which row it is.

What is refused or removed unasked follows from the rows of the exports alone, never from what matches, so that it tells
nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.deindex.party_cards import Party
from auditor.errors import UsageError
from auditor.known import near_index
from auditor.known.compiled_list import CompiledList
from auditor.known.exact_index import digest_rows
from auditor.known.private_folder import private_folder
from auditor.sample_exchange.answer_file import Answer, expiry
from auditor.sample_exchange.answer_record import AnswerRecord, RecordedAnswer
from auditor.sample_exchange.blocks import (
    MAX_REMOVED_SHARE,
    MIN_DATASET_ROWS,
    Hashes,
    block_bits,
    digest_prefixes,
    hash_ranges,
    prefixes_of,
    row_hashes,
    useful_bits,
)
from auditor.sample_exchange.export_samples import PERCEPTUAL, ExportFile

# Answers for one requester, unless the holder allows more: one a month for a year.
QUOTA_ANSWERS = 12
# Files that the hashes of an export are sorted by: of 2 billion rows each has 8 million, 62 MB.
_BUCKET_BITS = 8
_LIST_ROWS = 1 << 20
# Lists of these are not what a dataset is cleaned of.
_NOT_ASKED = frozenset({"benign", "model"})
_NONE = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class AnsweredExport:
    """An answer, its entry in the record, and how many different rows it removes, for the holder alone."""

    answer: Answer
    entry: RecordedAnswer
    removed: int


@dataclass(slots=True)
class _SortedRows:
    """The hashes of an export's rows: sorted, each once, in files by their first bits.

    Attributes:
        folder: Where the files are.
        near: The rows that match nearly.
        number: How many rows there are.
        first_bits: The most bits that their blocks can have.
    """

    folder: Path
    near: Hashes
    first_bits: int
    number: int = 0

    def buckets(self, name: str = "all") -> Iterator[Hashes]:
        """Yield the rows of all buckets, in order; ``new``: those that no earlier export had."""
        for number in range(1 << _BUCKET_BITS):
            path = self.folder / f"{number}.{name}"
            yield np.fromfile(path, np.uint64) if path.exists() else _NONE

    def split(self, earlier: _EarlierBlocks) -> NDArray[np.int64]:
        """Write the rows that no earlier export had to files of their own; return how many have each first bits."""
        histogram = np.zeros(1 << self.first_bits, np.int64)
        for number, bucket in enumerate(self.buckets()):
            self.number += len(bucket)
            new = earlier.without_asked(bucket)
            histogram += np.bincount(prefixes_of(new, self.first_bits), minlength=len(histogram))
            new.tofile(self.folder / f"{number}.new")
        return histogram


def answer_export(
    export: ExportFile,
    lists: Sequence[CompiledList],
    recipient: Party,
    holder: Party,
    record: AnswerRecord,
    now: str,
    quota: int = QUOTA_ANSWERS,
) -> AnsweredExport:
    """Answer an export, and record the answer.

    Args:
        export: What the requester exported.
        lists: The lists.
        recipient: The card of the requester.
        holder: The holder's own.
        record: The record of all answers.
        now: The time.
        quota: How many answers a requester gets.

    Raises:
        UsageError: The quota is used up, no list can answer, or earlier answers were for digests of another algorithm.
        OSError: A temporary file cannot be written.
    """
    _check(export, lists, recipient, record, quota)
    number = len(record.answers) + 1
    with private_folder() as folder:
        rows = _sort_rows(export, lists, folder)
        earlier = _EarlierBlocks(record)
        histogram = rows.split(earlier)
        number_new = int(histogram.sum())
        bits = block_bits(histogram)
        unanswered: list[int] = []
        if bits < 0:  # too few for a block: they go without being compared
            unanswered = np.concatenate(list(rows.buckets("new"))).tolist()
        is_small = rows.number < MIN_DATASET_ROWS
        has_blocks = bits >= 0 and not is_small
        named: dict[int, set[int]] = {}
        if not is_small:
            known = _known_hashes(lists, export.header.algorithm)
            named = earlier.named(known)
            if has_blocks:
                found = [_blocks_with(bucket, known, rows.near, bits) for bucket in rows.buckets("new")]
                named[number] = {*np.concatenate(found).tolist()}
        bits_of = {one.number: one.bits for one in record.answers} | {number: bits}
        blocks: dict[int, set[int]] = {}
        for of, prefixes in named.items():
            if prefixes:
                blocks.setdefault(bits_of[of], set()).update(prefixes)
        ranges = hash_ranges(blocks, unanswered)
        removed = sum(int(ranges.contain(bucket).sum()) for bucket in rows.buckets())
        why = _why_withdraw(rows.number, removed)
        entry = RecordedAnswer(
            number=number,
            requester=recipient.name,
            issued=now,
            export=export.sha256,
            algorithm=export.header.algorithm,
            kind="withdraw" if why else "blocks",
            rows=rows.number,
            asked_before=rows.number - number_new,
            first_rows=number_new if has_blocks else 0,
            bits=max(bits, 0),
            named={str(of): sorted(prefixes) for of, prefixes in named.items() if prefixes},
        )
        record.append(entry, rows.buckets("new") if has_blocks else ())
    answer = Answer(
        kind="withdraw" if why else "blocks",
        why=why,
        algorithm=export.header.algorithm,
        manifest=export.header.manifest,
        column=export.header.column,
        export=export.sha256,
        rows=rows.number,
        blocks=() if why else tuple((one, tuple(sorted(prefixes))) for one, prefixes in sorted(blocks.items())),
        unanswered=() if why else tuple(unanswered),
        lists=tuple((one.name, one.version) for one in lists),
        holder=holder.name,
        recipient=recipient.name,
        recipient_key=recipient.age,
        issued=now,
        expires=expiry(now),
    )
    return AnsweredExport(answer, entry, removed)


def _check(
    export: ExportFile, lists: Sequence[CompiledList], recipient: Party, record: AnswerRecord, quota: int
) -> None:
    """Raise UsageError for an export that is not answered."""
    algorithm = export.header.algorithm
    if len(record.of_requester(recipient.name)) >= quota:
        raise UsageError(
            f"{recipient.name}: has had {quota:,} answers, which is the quota; give --quota after asking why there are "
            "so many"
        )
    for known in lists:
        if known.means in _NOT_ASKED:
            raise UsageError(f"{known.name}: is a list of {known.means} entries, which name no block; leave it out")
    asked = {algorithm, PERCEPTUAL} if export.header.perceptual else {algorithm}
    for known in lists:
        if known.algorithms.isdisjoint(asked):
            raise UsageError(
                f"{known.name}: holds no {' or '.join(sorted(asked))}, which the export holds; ask for an export "
                "with another --algorithm, or leave the list out"
            )
    if other := next((one.algorithm for one in record.answers if one.algorithm != algorithm), ""):
        # The same picture would lie in another block by each algorithm, and both blocks together tell which it is.
        raise UsageError(
            f"{record.folder}: all answers are for {other}, and the export holds {algorithm}; answers for both would "
            "together tell single rows"
        )


def _why_withdraw(rows: int, removed: int) -> str:
    """Return why a dataset is to be withdrawn instead of cleaned; "" if it is not."""
    if rows < MIN_DATASET_ROWS:
        return f"it has {rows:,} different rows, and fewer than {MIN_DATASET_ROWS:,} cannot be answered in blocks"
    if removed > MAX_REMOVED_SHARE * rows:
        return f"more than {MAX_REMOVED_SHARE:.0%} of its rows would go"
    return ""


def _sort_rows(export: ExportFile, lists: Sequence[CompiledList], folder: Path) -> _SortedRows:
    """Return the hashes of an export's rows, sorted through files in a folder, and those that match nearly."""
    near: list[Hashes] = []
    nearly = [known for known in lists if PERCEPTUAL in known.thresholds]
    for prefixes, perceptual in export.batches():
        hashes = row_hashes(prefixes)
        if perceptual is not None and nearly:
            valid = np.flatnonzero(perceptual.is_valid().to_numpy(zero_copy_only=False))
            words = near_index.digest_words(digest_rows(perceptual)[valid])
            near += [hashes[valid[known.find_near(PERCEPTUAL, words)[0]]] for known in nearly]
        hashes = np.sort(hashes)
        first = np.arange(1 << _BUCKET_BITS, dtype=np.uint64) << np.uint64(64 - _BUCKET_BITS)
        edges = [*np.searchsorted(hashes, first).tolist(), len(hashes)]
        for number in range(1 << _BUCKET_BITS):
            if edges[number] < edges[number + 1]:
                with open(folder / f"{number}.all", "ab") as file:
                    hashes[edges[number] : edges[number + 1]].tofile(file)
    rows = _SortedRows(folder, np.unique(np.concatenate([*near, _NONE])), useful_bits(export.rows))
    for number, bucket in enumerate(rows.buckets()):
        if len(bucket):
            np.unique(bucket).tofile(folder / f"{number}.all")
    return rows


def _known_hashes(lists: Sequence[CompiledList], algorithm: str) -> Hashes:
    """Return the hashes of all entries of lists by this algorithm, sorted.

    Of two billion rows and 16 million entries, 0.002 rows have the hash of an entry by chance: 2e9 * 16e6 / 2**64.
    """
    found: list[Hashes] = [_NONE]
    for known in lists:
        if algorithm in known.algorithms:
            number = known.manifest["algorithms"][algorithm]["entries"]
            for start in range(0, number, _LIST_ROWS):
                entries = np.arange(start, min(start + _LIST_ROWS, number))
                if "benign" in known.classes.values():
                    classes = known.classifications_of(algorithm, entries)
                    entries = entries[[known.meaning_of(name) != "benign" for name in classes]]
                found.append(row_hashes(digest_prefixes(known.values(algorithm, entries))))
    return np.unique(np.concatenate(found))


def _members(hashes: Hashes, rows: Hashes) -> NDArray[np.bool_]:
    """Return which hashes are among sorted rows."""
    if not len(rows):
        return np.zeros(len(hashes), np.bool_)
    at = np.minimum(np.searchsorted(rows, hashes), len(rows) - 1)
    return np.asarray(rows[at] == hashes)


def _blocks_with(rows: Hashes, known: Hashes, near: Hashes, bits: int) -> NDArray[np.int64]:
    """Return the blocks of sorted rows that hold one on a list, or one of those that match nearly."""
    if not len(rows):
        return np.zeros(0, np.int64)
    low, high = np.searchsorted(known, rows[0]), np.searchsorted(known, rows[-1], side="right")
    exact = known[low:high]
    return prefixes_of(np.concatenate([exact[_members(exact, rows)], near[_members(near, rows)]]), bits)


class _EarlierBlocks:
    """The blocks of earlier answers, and which of them an export has rows of."""

    def __init__(self, record: AnswerRecord) -> None:
        self._record = record
        self._asked = [(one, record.rows_of(one)) for one in record.answers if one.first_rows]
        self._touched = {one.number: np.zeros(1 << one.bits, np.bool_) for one, _ in self._asked}

    def without_asked(self, rows: Hashes) -> Hashes:
        """Return the rows of a bucket that no earlier export had, and note the blocks of the others."""
        for one, asked in self._asked:
            if not len(rows):
                break
            low, high = np.searchsorted(asked, rows[0]), np.searchsorted(asked, rows[-1], side="right")
            is_asked = _members(rows, np.asarray(asked[low:high]))
            self._touched[one.number][prefixes_of(rows[is_asked], one.bits)] = True
            rows = rows[~is_asked]
        return rows

    def named(self, known: Hashes) -> dict[int, set[int]]:
        """Return the blocks with rows of the export that hold a match, or were named before, by their answer.

        All rows of a block count, also those that this export does not have: otherwise two exports that differ in one
        row could be answered differently because of it.
        """
        named: dict[int, set[int]] = {}
        for one, asked in self._asked:
            hits = prefixes_of(known[_members(known, asked)], one.bits)
            blocks = {*map(int, hits), *self._record.named_of(one)}
            named[one.number] = {prefix for prefix in blocks if self._touched[one.number][prefix]}
        return named
