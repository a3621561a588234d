"""Select the entries of a list that can be matched: valid URLs and domains, hashes of pictures that are not flat."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.hashing.pdq import MIN_QUALITY
from auditor.known import exact_index, near_index, url_columns
from auditor.known.entries import Entries
from auditor.known.list_statistics import ListStatistics
from auditor.samples import HASH_BITS, TEXT_SIGNALS, VPDQ, WEIGHT_FINGERPRINT

# A perceptual hash with fewer ones, or fewer zeros, than this share of its bits is that of a flat picture and would
# match every other one. The DCT hash PDQ has as many ones as zeros by its definition, so a quarter is already far off.
_FLAT_SHARE = 1 / 8
_FLAT_SHARE_PDQ = 1 / 4


def filter_matchable(entries: Entries, statistics: ListStatistics) -> Entries:
    """Return the entries that can be matched, texts in canonical form; count the others by the reason."""
    entries = canonicalize_texts(entries, statistics)
    algorithm = entries.algorithm
    if algorithm in (WEIGHT_FINGERPRINT, VPDQ) and entries.fingerprints is None:
        statistics.unmatchable[f"{algorithm}: the digest of a fingerprint, without it"] += len(entries)
        return filter_entries(entries, pa.repeat(False, len(entries)))
    if algorithm == VPDQ:
        empty = pc.equal(pc.binary_length(entries.fingerprints), 0)
        statistics.unmatchable[f"{algorithm}: no frame of quality {MIN_QUALITY} or more"] += pc.sum(empty).as_py() or 0
        return filter_entries(entries, pc.invert(empty))
    if algorithm not in HASH_BITS:
        return entries
    words = near_index.digest_words(exact_index.digest_rows(entries.values))
    ones = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    margin = int(HASH_BITS[algorithm] * (_FLAT_SHARE_PDQ if algorithm == "pdq" else _FLAT_SHARE))
    flat = (ones < margin) | (ones > HASH_BITS[algorithm] - margin)
    statistics.unmatchable[f"{algorithm}: bits nearly all alike"] += int(flat.sum())
    keep = pa.array(~flat)
    if algorithm == "pdq" and entries.quality is not None:
        low = pc.fill_null(pc.less(entries.quality, MIN_QUALITY), False)
        statistics.unmatchable[f"{algorithm}: quality below {MIN_QUALITY}"] += pc.sum(pc.and_(low, keep)).as_py() or 0
        keep = pc.and_(keep, pc.invert(low))
    return filter_entries(entries, keep)


def canonicalize_texts(entries: Entries, statistics: ListStatistics) -> Entries:
    """Return the matchable URLs and domains in canonical form; count those that are not valid and leave them out."""
    if entries.algorithm not in TEXT_SIGNALS:
        return entries
    canonicalize = url_columns.canonical_entries if entries.algorithm == "url" else url_columns.canonical_domains
    values = canonicalize(entries.values)
    statistics.unmatchable[f"{entries.algorithm}: not a {entries.algorithm}"] += values.null_count
    return filter_entries(replace(entries, values=values), values.is_valid())


def filter_entries(entries: Entries, keep: pa.Array) -> Entries:
    """Return the list's entries where ``keep`` is true."""
    columns = {column.name: getattr(entries, column.name) for column in fields(entries) if column.name != "algorithm"}
    return Entries(
        entries.algorithm, **{name: None if array is None else array.filter(keep) for name, array in columns.items()}
    )
