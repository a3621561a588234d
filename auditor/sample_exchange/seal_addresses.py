"""Seal the addresses of the rows that an answer removes, for the list's holder, who has them removed at the source.

They never lie in the open: they are encrypted for the holder as they are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from auditor.deindex.party_cards import Party
from auditor.errors import UsageError
from auditor.sample_exchange.answer_file import Answer
from auditor.sample_exchange.clean_manifest import RowSelector, check_manifest
from auditor.sample_exchange.declared_digests import parsed_digests
from auditor.sample_exchange.manifest_files import ManifestFile
from auditor.sealing import encryption

# Names of columns of addresses, in the order in which one is chosen.
_ADDRESS_COLUMNS = ("url", "image_url", "img_url", "source_url", "link", "uri")


@dataclass(frozen=True, slots=True)
class SealedAddresses:
    """How many addresses were sealed, and how many of the rows have none."""

    addresses: int
    without_address: int


@dataclass(slots=True)
class _Counts:
    """What is counted while addresses are written."""

    addresses: int = 0
    without_address: int = 0


def seal_addresses(target: Path, answer: Answer, holder: Party, out: Path, url_column: str = "") -> SealedAddresses:
    """Encrypt the addresses of the rows that an answer removes, with their digests, as CSV, for the list's holder.

    Args:
        target: The manifest that was exported.
        answer: The answer.
        holder: The holder's card.
        out: The file to write.
        url_column: The manifest's column of addresses; "": by its name.

    Raises:
        UsageError: The answer is not for this manifest, it has no such column, or the file cannot be written.
    """
    files, selector = check_manifest(target, answer)
    url_column = url_column or _address_column(files)
    counts = _Counts()
    part = out.with_name(f"{out.name}.part")
    try:
        with open(part, "wb") as file:
            encryption.encrypt(_lines(files, selector, url_column, counts), file, holder.age)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, out)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}; nothing was sealed") from error
    finally:
        part.unlink(missing_ok=True)
    return SealedAddresses(counts.addresses, counts.without_address)


def _address_column(files: Sequence[ManifestFile]) -> str:
    """Return the name of the column of addresses that all files of a manifest have."""
    names = {name.lower(): name for name in reversed(files[0].columns())}
    column = next((names[name] for name in _ADDRESS_COLUMNS if name in names), "")
    for one in files:
        if not column or column not in one.columns():
            raise UsageError(f"{one.path}: has no column of addresses; name one with --url-column")
    return column


def _lines(files: Sequence[ManifestFile], selector: RowSelector, url_column: str, counts: _Counts) -> Iterator[bytes]:
    """Yield the CSV of addresses in pieces: ``url`` and the digest."""
    yield f"url,{selector.algorithm}\n".encode()
    for one in files:
        for batch in one.batches(list(dict.fromkeys([selector.column, url_column]))):
            removed = batch.filter(pa.array(selector.removes(batch)))
            urls = removed[url_column].cast(pa.string())
            with_url = np.flatnonzero(urls.is_valid().to_numpy(zero_copy_only=False))
            counts.addresses += len(with_url)
            counts.without_address += len(urls) - len(with_url)
            if not len(with_url):
                continue
            digests = parsed_digests(removed[selector.column], selector.algorithm).take(pa.array(with_url))
            hexadecimal = [value.hex() for value in digests.to_pylist()]
            sink = pa.BufferOutputStream()
            table = pa.table({"url": urls.take(pa.array(with_url)), "digest": hexadecimal})
            pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))
            yield sink.getvalue().to_pybytes()
