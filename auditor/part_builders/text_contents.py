"""Build samples and members of what a text carries that is no table: addresses, digests and encoded files.

What a text states is compared, and counts as no sample of its own: a README with links is no dataset of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from urllib.parse import unquote_to_bytes

import pyarrow as pa

from auditor.blob import Blob
from auditor.hashing.text_content import MIN_DIGITS, EncodedFile, find_addresses, find_digests, find_encoded_files
from auditor.model import Ref
from auditor.parts import PartlyRead
from auditor.samples import COMPUTED_ALGORITHMS, DIGEST_BYTES, TEXT_SIGNALS, Samples, build_sample_batch
from auditor.syntax.embedded_pictures import PictureText
from auditor.syntax.file_content import text_pieces

_STATED_ALGORITHMS = frozenset(("md5", "sha1", "sha256", "sha512", "pdq"))
# What is found in one piece of a text is matched together; no piece is longer than this.
PIECE_BYTES = 1 << 24
# A piece of a longer text begins with the end of the one before it.
_OVERLAP_BYTES = 1 << 16
# More encoded files of one text are not read.
MAX_ENCODED_FILES = 10_000
NOT_DECODED = "encoded files in a text: not read"
_TOO_MANY = f"more than {MAX_ENCODED_FILES:,} encoded files in a text: not read"


def asks_of_texts(algorithms: Collection[str]) -> bool:
    """Return whether a loaded list asks anything of a text."""
    return not {*COMPUTED_ALGORITHMS, *TEXT_SIGNALS}.isdisjoint(algorithms)


def read_text_file(blob: Blob, algorithms: Collection[str]) -> Iterator[Samples | PartlyRead | Blob | None]:
    """Yield what a text file carries, and None where it is found to be no text. Raises Unreadable and OSError."""
    with blob.open() as file:
        yield from read_text_pieces(blob, text_pieces(file, PIECE_BYTES), algorithms)


def read_texts_in(
    blob: Blob, data: bytes, algorithms: Collection[str], carrier: str
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what the texts carry that are in bytes of any kind: metadata, or a file of an unknown format.

    Args:
        blob: The file that they lie in.
        data: The bytes, as many as can be searched at once.
        algorithms: What the loaded lists ask.
        carrier: Which part of the file they are.
    """
    for item in read_text_pieces(blob, (data,), algorithms, carrier=carrier):
        if item is not None:
            yield item


def read_file_name(blob: Blob, algorithms: Collection[str], name: str = "") -> Iterator[Samples]:
    """Yield the digests and addresses that the name of a file, or of a member in it, states."""
    name = name or blob.basename
    if len(name) >= MIN_DIGITS or "%2F" in name.upper():
        yield from _stated(blob, unquote_to_bytes(name), 0, algorithms, "file name")


def read_text_pieces(
    blob: Blob, pieces: Iterable[bytes | None], algorithms: Collection[str], *, carrier: str = ""
) -> Iterator[Samples | PartlyRead | Blob | None]:
    """Yield what the pieces of a text carry, and None where a piece is found to be no text.

    Args:
        blob: The file that the text is, or lies in.
        pieces: The text, in UTF-8, each as long as can be searched at once.
        algorithms: What the loaded lists ask.
        carrier: Which part of the file the text is; "": it is the file.
    """
    lines, overlap, number = 0, b"", 0
    told: set[str] = set()
    for piece in pieces:
        if piece is None:
            yield None
            return
        text = overlap + piece
        yield from _stated(blob, text, lines, algorithms, carrier)
        if not frozenset(COMPUTED_ALGORITHMS).isdisjoint(algorithms):
            for found in find_encoded_files(text):
                number += 1
                line = lines + 1 + text.count(b"\n", 0, found.start)
                where = f"{carrier}, line {line:,}" if carrier else f"line {line:,}"
                if found.data and number <= MAX_ENCODED_FILES and not _is_cut(found, text, overlap, piece):
                    yield blob.member(f"{where}, {number}", found.data)
                elif (
                    why := _TOO_MANY if number > MAX_ENCODED_FILES else f"{NOT_DECODED}: {found.encoding}"
                ) not in told:
                    told.add(why)
                    yield PartlyRead(blob, where, why)
        overlap = text[-_OVERLAP_BYTES:] if len(piece) >= PIECE_BYTES else b""
        lines += text.count(b"\n", 0, len(text) - len(overlap))


def _is_cut(found: EncodedFile, text: bytes, overlap: bytes, piece: bytes) -> bool:
    """Return whether an encoded file may go on in the next piece of a long text, or began in the one before."""
    return (found.end == len(text) and len(piece) >= PIECE_BYTES) or (bool(overlap) and found.start == 0)


def _stated(blob: Blob, text: bytes, lines: int, algorithms: Collection[str], carrier: str) -> Iterator[Samples]:
    """Yield the addresses and digests that a text states, each once, by the line."""
    found: dict[str, dict[object, int]] = {}
    if not frozenset(TEXT_SIGNALS).isdisjoint(algorithms):
        for line, address in find_addresses(text):
            found.setdefault("url", {}).setdefault(address, lines + line)
    if not _STATED_ALGORITHMS.isdisjoint(algorithms):
        for line, algorithm, digest in find_digests(text):
            if algorithm in algorithms:
                found.setdefault(algorithm, {}).setdefault(digest, lines + line)
    for column, values in found.items():
        rows = list(values.values())
        names = [f"{carrier or 'line'} {row}" for row in rows]
        yield _samples(blob.ref("dataset"), column, list(values), rows, names, [blob.uri] * len(rows))


def stated_in_pictures(ref: Ref, texts: Iterable[PictureText], algorithms: Collection[str]) -> Iterator[Samples]:
    """Yield the addresses and digests that the metadata of pictures state, and what follows their ends.

    Args:
        ref: The subject whose samples the pictures are.
        texts: The pictures' texts.
        algorithms: What the loaded lists ask.
    """
    stated: dict[str, dict[tuple[str, str, int, object], None]] = {}
    asks_addresses = not frozenset(TEXT_SIGNALS).isdisjoint(algorithms)
    asks_digests = not _STATED_ALGORITHMS.isdisjoint(algorithms)
    for picture in texts:
        about = (picture.sample, picture.place, picture.row)
        # EXIF has some texts in UTF-16.
        forms = dict.fromkeys((picture.text, picture.text.replace(b"\0", b"")))
        for form in forms:
            for _, address in find_addresses(form) if asks_addresses else ():
                stated.setdefault("url", {})[*about, address] = None
            for _, algorithm, digest in find_digests(form) if asks_digests else ():
                if algorithm in algorithms:
                    stated.setdefault(algorithm, {})[*about, digest] = None
    for column, found in stated.items():
        names, places, rows, values = zip(*found, strict=True)
        yield _samples(ref, column, values, rows, names, places)


def _samples(
    ref: Ref, column: str, values: Sequence[object], rows: Sequence[int], names: Sequence[str], places: Sequence[str]
) -> Samples:
    """Build a batch of what texts state in one column."""
    columns: dict[str, pa.Array] = {
        "sample": pa.array(names, pa.string()),
        "place": pa.array(places, pa.string()),
        "row": pa.array(rows, pa.int64()),
        column: pa.array(values, pa.string() if column == "url" else pa.binary(DIGEST_BYTES[column])),
    }
    batch = build_sample_batch(columns, [] if column == "url" else [column])
    return Samples(ref, "declared", batch, already_counted=True)
