"""Parse digests from manifests and lists: column names, and cells in hex, base64 or base32, to fixed-size binary."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.samples import DIGEST_BYTES

_ALGORITHM_NAMES = {
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "sha512": "sha512",
    "pdq": "pdq",
    "phash": "phash-64",
    "phash64": "phash-64",
    "dhash": "dhash-64",
    "dhash64": "dhash-64",
    "photodna": "photodna",
    "pdna": "photodna",
}
# Words in a column name that do not change what the digest is of. "caption_md5" and "url_sha256" are digests of
# something else, so such words are not here.
_NAME_PREFIXES = (
    "image|img|file|raw|original|orig|content|media|photo|picture|pic|video|asset|blob|data|hash|hashes|h|file_hash"
)
_NAME_SUFFIXES = (
    "hash|hashvalue|sum|hex|digest|checksum|value|base64|b64|base32|b32|str|string|image|file|bytes|content"
)
_COLUMN_NAME = re.compile(
    rf"(?:{_NAME_PREFIXES})*?({'|'.join(sorted(_ALGORITHM_NAMES, key=len, reverse=True))})(?:{_NAME_SUFFIXES})*"
)
# Names that mean a digest; the length of the cells then shows the algorithm. 64 hex digits are SHA-256 there:
# a PDQ column without PDQ in its name cannot be distinguished from it.
_UNSPECIFIED_COLUMN_NAME = re.compile(
    rf"(?:{_NAME_PREFIXES})*?(?:hash|hashes|digest|checksum|integrity|hashvalue|filehash|imagehash)(?:hex|value|str)?"
)
_ALGORITHM_BY_HEX_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_NULL_WORDS = ("", "nan", "none", "null", "n/a", "na", "-", "nil", "undefined", r"\n")


def algorithm_from_column_name(name: str) -> str:
    """Return the algorithm whose digests a column of this name holds, or "".

    ``SHA-256`` and ``image_sha256`` are both sha256.
    """
    found = _COLUMN_NAME.fullmatch(_normalize_column_name(name))
    return _ALGORITHM_NAMES[found[1]] if found else ""


def is_unspecified_digest_column(name: str) -> bool:
    """Return whether this name means a digest of an unspecified algorithm: ``hash``, ``checksum``, ``file_digest``."""
    return _UNSPECIFIED_COLUMN_NAME.fullmatch(_normalize_column_name(name)) is not None


def algorithm_from_cells(cells: pa.Array) -> str:
    """Return the algorithm (md5, sha1, sha256, sha512) that hex digests of one length have, or ""."""
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type) or pa.types.is_binary(cells.type)):
        return ""
    _, _, lengths, valid = _cell_layout(cells)
    lengths = lengths[valid & (lengths > 0)]
    if (
        not len(lengths)
        or (algorithm := _ALGORITHM_BY_HEX_LENGTH.get(int(lengths[0]), "")) == ""
        or (lengths != lengths[0]).any()
    ):
        return ""
    return algorithm if not parse_digests(cells, algorithm)[1].any() else ""


def parse_digests(cells: pa.Array, algorithm: str, raw: bool = False) -> tuple[pa.Array, np.ndarray]:
    """Parse a text column into digests, ``binary(DIGEST_BYTES[algorithm])``, and mark the malformed cells.

    Hex in either case, base64 and base32 (padded or not) are told apart by the length of the cell, which differs for
    each of them at every digest width. Spaces around the digest and a prefix (``0x``, ``sha256:``) are dropped. An
    empty cell, or a word for no value (``nan``, ``None``), gives null and is not malformed.

    Args:
        cells: The column: string, binary or dictionary.
        algorithm: The algorithm of the digests.
        raw: A cell may also hold the bytes of the digest themselves.

    Returns:
        The digests (null where there is none), and a boolean array of the malformed cells.
    """
    width = DIGEST_BYTES[algorithm]
    if pa.types.is_fixed_size_binary(cells.type) and cells.type.byte_width == width:
        return cells, np.zeros(len(cells), bool)
    data, starts, lengths, valid = _cell_layout(cells)
    digests = np.zeros((len(cells), width), np.uint8)
    done = np.zeros(len(cells), bool)
    for length, decode in _decoders_by_length(width, raw):
        rows = np.flatnonzero((lengths == length) & valid & ~done)
        if not len(rows):
            continue
        whole = len(rows) == len(cells) and len(data) >= starts[0] + length * len(rows)
        if whole and starts[-1] - starts[0] == length * (len(rows) - 1):
            text = data[starts[0] : starts[0] + length * len(rows)].reshape(-1, length)
            digests, good = decode(text, width)
            done = good
        else:
            values, good = decode(data[starts[rows][:, None] + np.arange(length)], width)
            digests[rows[good]] = values[good]
            done[rows] = good
    bad = valid & ~done & (lengths > 0)
    if bad.any():
        retried = np.flatnonzero(bad)
        left = _strip_prefixes(cells.take(pa.array(retried)))
        nothing = pc.is_in(pc.ascii_lower(left), pa.array(_NULL_WORDS, left.type)).to_numpy(zero_copy_only=False)
        bad[retried[nothing]] = False
        if (pc.binary_length(left).to_numpy(zero_copy_only=False) != lengths[retried]).any():
            tidied, still = parse_digests(left, algorithm)
            found = np.flatnonzero(~still & ~nothing & tidied.is_valid().to_numpy(zero_copy_only=False))
            if len(found):
                values = np.frombuffer(tidied.take(pa.array(found)).buffers()[1], np.uint8).reshape(-1, width)
                digests[retried[found]] = values[: len(found)]
                done[retried[found]] = True
                bad[retried[found]] = False
    mask = None if done.all() else pa.array(done).buffers()[1]
    return pa.Array.from_buffers(pa.binary(width), len(cells), [mask, pa.py_buffer(digests)]), bad


def decode_hex(text: np.ndarray, width: int) -> pa.Array:
    """Return hex digits (rows, two for each byte) as digests of so many bytes."""
    digests, _ = _hex(text, width)
    return pa.Array.from_buffers(pa.binary(width), len(text), [None, pa.py_buffer(np.ascontiguousarray(digests))])


def _normalize_column_name(name: str) -> str:
    """Return the name of what may be a column of digests in lower case, with letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _strip_prefixes(cells: pa.Array) -> pa.Array:
    """Return cells of digests as strings, without surrounding spaces and without a prefix that names the algorithm."""
    text = pa.array([_cell_text(cell) for cell in cells.to_pylist()], pa.string())
    names = "md5|sha-?1|sha-?256|sha-?512|pdq|phash|dhash|photodna"
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(text), rf"^(?i:0x|(?:{names})[:=\-])", "")


def _cell_text(cell: str | bytes | None) -> str | None:
    """Return the text of a digest's cell, cut to a length that no digest with its prefix reaches; None stays None."""
    # Longer than any digest with its prefix; a longer cell is malformed anyway.
    return cell[:400].decode("latin-1") if isinstance(cell, bytes) else cell[:400] if cell is not None else None


def _cell_layout(cells: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the bytes of a column of digests, the start and length of each cell, and which cells are not null."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if not (pa.types.is_large_string(cells.type) or pa.types.is_large_binary(cells.type)) and not (
        pa.types.is_string(cells.type) or pa.types.is_binary(cells.type)
    ):
        binary = pa.types.is_fixed_size_binary(cells.type) or pa.types.is_binary_view(cells.type)
        cells = cells.cast(pa.binary() if binary else pa.string())
    wide = pa.types.is_large_string(cells.type) or pa.types.is_large_binary(cells.type)
    _, offsets, data = cells.buffers()
    count = len(cells)
    if offsets is None or data is None:
        nothing = np.zeros(count, np.int64)
        return np.zeros(0, np.uint8), nothing, nothing, np.zeros(count, bool)
    dtype = np.dtype(np.int64 if wide else np.int32)
    edges = np.frombuffer(offsets, dtype, count + 1, cells.offset * dtype.itemsize)
    valid = cells.is_valid().to_numpy(zero_copy_only=False) if cells.null_count else np.ones(count, bool)
    return np.frombuffer(data, np.uint8), edges[:-1].astype(np.int64), np.diff(edges).astype(np.int64), valid


@cache
def _decoders_by_length(width: int, raw: bool) -> tuple[tuple[int, _Decoder], ...]:
    """Return pairs of cell length and decoder for digests of this width, in the order in which they are tried."""
    bare64, bare32 = -(-width * 8 // 6), -(-width * 8 // 5)
    forms: dict[int, list[_Decoder]] = {}
    lengths = [
        (2 * width, _hex),
        (bare64, _base64),
        (-(-bare64 // 4) * 4, _base64),
        (bare32, _base32),
        (-(-bare32 // 8) * 8, _base32),
        *([(width, _raw)] if raw else []),
    ]
    for length, decode in lengths:
        if decode not in forms.setdefault(length, []):
            forms[length].append(decode)
    return tuple((length, decode) for length, decoders in forms.items() for decode in decoders)


class _Decoder:
    """Decodes text cells of a fixed length: (cells, characters) uint8 to ((cells, width) uint8, valid cells)."""

    def __init__(self, name: str, alphabets: tuple[str, ...], bits: int) -> None:
        self.name = name
        self.bits = bits
        self.values = np.full(256, 255, np.uint8)
        for alphabet in alphabets:
            for value, character in enumerate(alphabet):
                self.values[ord(character)] = value

    def __call__(self, text: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Decode cells by a table of character values, and mark the cells that are no digests."""
        needed = -(-width * 8 // self.bits)
        values = self.values[text[:, :needed]]
        good = (values != 255).all(axis=1) & (text[:, needed:] == ord("=")).all(axis=1)
        spread = np.unpackbits(values, axis=1).reshape(len(text), needed, 8)[:, :, 8 - self.bits :]
        bits = spread.reshape(len(text), -1)
        # Bits beyond the digest must be 0: otherwise the text is longer than the digest that it is read as.
        good &= ~bits[:, width * 8 :].any(axis=1)
        return np.packbits(bits[:, : width * 8], axis=1), good


class _HexDecoder(_Decoder):
    """Decodes hex with a table of character pairs, which is faster than unpacking bits."""

    def __init__(self) -> None:
        super().__init__("hex", ("0123456789abcdef", "0123456789ABCDEF"), 4)
        pair = np.arange(65536, dtype=np.uint32)
        high, low = self.values[pair & 255].astype(np.int16), self.values[pair >> 8].astype(np.int16)
        self.pairs = np.where((high < 16) & (low < 16), high << 4 | low, -1).astype(np.int16)

    def __call__(self, text: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Decode hex cells into digests, and mark the cells that are no hex."""
        digests = np.empty((len(text), width), np.uint8)
        good = np.ones(len(text), bool)
        # In steps that fit the cache: twice as fast as all at once.
        step = max(1, (1 << 16) // width)
        for start in range(0, len(text), step):
            pairs = np.ascontiguousarray(text[start : start + step]).view("<u2")
            values = self.pairs.take(pairs, mode="clip")
            if values.min() < 0:
                good[start : start + step] = (values >= 0).all(axis=1)
            digests[start : start + step] = values
        return digests, good


class _RawDecoder(_Decoder):
    """Returns the bytes unchanged."""

    def __call__(self, text: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        return text, np.ones(len(text), bool)


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHANUMERIC = _LETTERS + _LETTERS.lower() + "0123456789"
_hex = _HexDecoder()
_base64 = _Decoder("base64", (_ALPHANUMERIC + "+/", _ALPHANUMERIC + "-_"), 6)
_base32 = _Decoder("base32", (_LETTERS + "234567", _LETTERS.lower() + "234567"), 5)
_raw = _RawDecoder("raw", (), 8)
