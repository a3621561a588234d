"""Datasets whose digests are those of ordinary numbers, and one answer to an export of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor.deindex.party_keys import Keys, create_keys
from auditor.known.open_list import open_list
from auditor.sample_exchange.answer_export import AnsweredExport, answer_export
from auditor.sample_exchange.answer_record import open_record
from auditor.sample_exchange.blocks import row_hashes
from auditor.sample_exchange.export_samples import export_samples, open_export

NOW = "2026-11-30T12:00:00Z"


def digest(number: int, algorithm: str = "md5") -> bytes:
    return hashlib.new(algorithm, str(number).encode()).digest()


def hashes_of(numbers: Iterable[int]) -> NDArray[np.uint64]:
    """Return the public hashes of the rows of these numbers."""
    joined = b"".join(map(digest, numbers))
    return row_hashes(np.frombuffer(joined, np.uint8).reshape(-1, 16))


def write_manifest(path: Path, numbers: Iterable[int], algorithm: str = "md5") -> Path:
    chosen = list(numbers)
    urls = [f"https://host{n % 7}.example/{n}.jpg" for n in chosen]
    digests = [digest(n, algorithm).hex() for n in chosen]
    pq.write_table(pa.table({"url": urls, algorithm: digests, "text": [f"number {n}" for n in chosen]}), path)
    return path


def write_list(path: Path, numbers: Iterable[int]) -> Path:
    lines = ["# means: test", "md5", *(digest(n).hex() for n in numbers)]
    path.write_text("\n".join(lines) + "\n")
    return path


def keys_of(folder: Path, name: str) -> Keys:
    return create_keys(folder / f"keys-{name}", name)


class Holder:
    """One who holds a list and answers exports by it, with a record of its own or a shared one."""

    def __init__(self, folder: Path, name: str, listed: Iterable[int], record: str = "") -> None:
        self.folder = folder
        self.keys = keys_of(folder, name)
        self.record = folder / f"record-{record or name}"
        self.known: Path = write_list(folder / f"{name}.csv", listed)
        self.lists = (open_list(self.known, into=folder / f"compiled-{name}"),)

    def answer(self, manifest: Path, asker: Keys, quota: int = 100) -> AnsweredExport:
        out = self.folder / f"{manifest.stem}-for-{self.keys.card.name}.export"
        export_samples(manifest, out)
        with open_record(self.record) as record:
            return answer_export(open_export(out), self.lists, asker.card, self.keys.card, record, NOW, quota)


def removed_of(answered: AnsweredExport, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which of these rows an answer removes."""
    return answered.answer.ranges.contain(hashes)
