"""The Arrow schemas of samples and hits: samples are batches from the file to the match.

A sample is never a Python object. A batch of samples belongs to one subject and has one basis; its
columns are ``SAMPLE_FIELDS`` and one column per digest algorithm, only those that were computed or
declared. A row whose ``variant`` is empty is a sample as stored; rows with a variant (``flip-x``,
``unpadded``, ``oriented``, ``512`` …) are further hashes of the same sample and are not counted again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.model import Basis, Carrier, Ref

# What names the format of a fingerprint, as which a list holds sampled values of weights: see hashing/fingerprints.py.
WEIGHT_FINGERPRINT = "auditor-fingerprint-1"
# The PDQ hashes of a video's frames; the digest of those of enough quality, one after another, names the video.
VPDQ = "vpdq"
# Among the algorithms of a run: this digest of whole weights files is asked for. SHA-256 brings that of their tensors.
ARTEFACT_DIGESTS: Mapping[str, str] = {
    name: f"artefact-{name}" for name in ("sha256", "xet", "blake3", "crc32", "autov1")
}
# The digest of a file that an algorithm of lists of models is compared with.
ARTEFACT_DIGEST_OF: Mapping[str, str] = {
    "sha256": "sha256",
    "sha256-tensors": "sha256",
    "autov3": "sha256",
    "autov2": "sha256",
    "xet": "xet",
    "blake3": "blake3",
    "crc32": "crc32",
    "autov1": "autov1",
}
# Digests of models' files that are too short to prove anything, with their bits: a match is a lead, some by chance.
SHORT_HASH_BITS: Mapping[str, int] = {"autov2": 40, "autov1": 32, "crc32": 32}
# Bytes a digest has, by algorithm. Digest columns are fixed-size binary of that width.
DIGEST_BYTES: Mapping[str, int] = {
    "md5": 16,
    "sha1": 20,
    "sha256": 32,
    "sha512": 64,
    "pdq": 32,
    "phash-64": 8,
    "dhash-64": 8,
    "photodna": 144,
    # Of weights files: the bytes after a safetensors header, the first 6 bytes of that, the first 5 of the file's
    # SHA-256. Short ones end in zeros.
    "sha256-tensors": 32,
    "autov3": 8,
    "autov2": 8,
    # Also of weights files: the hub's content address, BLAKE3, the first 4 bytes of the SHA-256 of 64 KiB, and CRC-32.
    "xet": 32,
    "blake3": 32,
    "autov1": 8,
    "crc32": 8,
    # Of a fingerprint's file. It names the entry; what is compared are the values.
    WEIGHT_FINGERPRINT: 32,
    # Of the frames' PDQ hashes: see VPDQ.
    VPDQ: 32,
}
# Signals that are text, matched by expression: the column is called ``url``.
TEXT_SIGNALS = ("url", "domain")
ALGORITHMS: tuple[str, ...] = (*DIGEST_BYTES, *TEXT_SIGNALS)
# A match by one of these is exact: the same bytes, or the same address. A match by any other is near, however near.
EXACT_ALGORITHMS = (
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "photodna",
    "sha256-tensors",
    "autov3",
    "autov2",
    "xet",
    "blake3",
    "autov1",
    "crc32",
    "url",
    "domain",
)
NEAR_ALGORITHMS = ("pdq", "phash-64", "dhash-64")
# What is computed of a sample's bytes; a list may ask for more.
_FROM_BYTES = ("md5", "sha1", "sha256", "sha512")
COMPUTED_ALGORITHMS = (*_FROM_BYTES, *NEAR_ALGORITHMS)
VIDEO_ALGORITHMS = (*COMPUTED_ALGORITHMS, VPDQ)
# The variant of a video's frame as stored.
VIDEO_FRAME = re.compile(r"(?:stream-\d+\+)?second-\d+")
HASH_BITS: Mapping[str, int] = {"pdq": 256, "phash-64": 64, "dhash-64": 64}

SAMPLE_FIELDS: tuple[pa.Field[Any], ...] = (
    pa.field("sample", pa.string()),  # the sample's name within its subject: file name, key, or row number
    pa.field("place", pa.string()),  # URI of the file that holds it, relative to the target
    pa.field("row", pa.int64()),  # row or line in that file, from 1; 0: the whole file
    pa.field("url", pa.string()),  # the URL a manifest gives, never fetched; null: none
    pa.field("quality", pa.int16()),  # PDQ quality 0-100; null: not computed
    pa.field("variant", pa.string()),  # "": as stored
    pa.field("gap", pa.string()),  # why it could not be hashed; null: it was
)

_HIT_FIELDS: tuple[pa.Field[Any], ...] = (
    pa.field("kind", pa.string()),
    pa.field("name", pa.string()),
    pa.field("revision", pa.string()),
    pa.field("list", pa.string()),
    pa.field("version", pa.string()),
    pa.field("means", pa.string()),
    pa.field("token", pa.string()),  # keyed token of the list's entry
    pa.field("classification", pa.string()),
    pa.field("sample", pa.string()),
    pa.field("place", pa.string()),
    pa.field("row", pa.int64()),
    pa.field("algorithm", pa.string()),
    pa.field("distance", pa.int16()),  # in bits; 0 where EXACT; of a perceptual hash 0 is near all the same
    pa.field("variant", pa.string()),
    pa.field("basis", pa.string()),
)
HITS_SCHEMA = pa.schema(_HIT_FIELDS)


def possible_algorithms(carrier: Carrier) -> tuple[str, ...]:
    """Return what can be computed of a sample by its carrier: pixels are no file, and sound is no picture."""
    possible = {"pixel array": NEAR_ALGORITHMS, "sound": _FROM_BYTES, "video": VIDEO_ALGORITHMS}
    return possible.get(carrier, COMPUTED_ALGORITHMS)


def digest_field(algorithm: str) -> pa.Field[Any]:
    """Return the column of samples for an algorithm's digests: fixed-size binary."""
    return pa.field(algorithm, pa.binary(DIGEST_BYTES[algorithm]))


def sample_schema(algorithms: Sequence[str]) -> pa.Schema:
    """Return the schema of a batch with these digest columns (``url`` and ``domain`` need none)."""
    return pa.schema([*SAMPLE_FIELDS, *(digest_field(name) for name in algorithms if name in DIGEST_BYTES)])


@dataclass(frozen=True, slots=True)
class Samples:
    """A batch of samples of one subject, with one basis.

    ``already_counted``: they are samples of an earlier batch with the other basis (a row that declares a digest and
    holds the image too), or files that are read by themselves: they are matched, but not counted a second time.
    ``carrier`` is what holds the bytes that digests are computed of; where they are declared it says nothing.
    """

    subject: Ref
    basis: Basis
    batch: pa.RecordBatch
    already_counted: bool = False
    carrier: Carrier = "other file"

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The digest algorithms that the batch has a column of."""
        return tuple(name for name in self.batch.schema.names if name in DIGEST_BYTES)


def build_sample_batch(columns: Mapping[str, Sequence[object] | pa.Array], algorithms: Sequence[str]) -> pa.RecordBatch:
    """Return a batch of samples.

    Args:
        columns: Columns by their name, of one length; a missing one is filled with nulls (``variant`` with "", ``row``
            with 0).
        algorithms: The digest columns that the batch has.
    """
    rows = len(next(iter(columns.values()))) if columns else 0
    schema = sample_schema(algorithms)

    def arrays() -> Iterator[pa.Array]:
        for field in schema:
            column = columns.get(field.name)
            if isinstance(column, pa.Array):
                yield column.cast(field.type)
            elif column is not None:
                yield pa.array(column, field.type)
            elif field.name == "variant":
                yield pa.repeat(pa.scalar("", pa.string()), rows)
            elif field.name == "row":
                yield pa.repeat(pa.scalar(0, pa.int64()), rows)
            else:
                yield pa.nulls(rows, field.type)

    return pa.RecordBatch.from_arrays(list(arrays()), schema=schema)


def empty_hits() -> pa.RecordBatch:
    """Return a batch of hits on samples without rows."""
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in HITS_SCHEMA], schema=HITS_SCHEMA)
