"""Read text files with one hash per line, in hex, base64 or base32; comments may declare what the list is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import entries_of_column, signal_type_of
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.known.text_lines import comment_fields, first_lines, header_from_comments, read_lines, text_head
from auditor.samples import TEXT_SIGNALS
from auditor.syntax.text_encoding import decode_prefix, open_as_utf8

HELP = "one hash per line; comments '# name: …', '# means: …', '# version: …', '# holder: …', '# algorithm: …'"

_ALGORITHM_NAMES = "md5|sha-?1|sha-?256|sha-?512|pdq|phash|dhash|photodna"
# A prefix may name the algorithm (``sha256:``), or announce hex digits (``0x``).
_PREFIXED = rf"^(?i:(?P<algorithm>{_ALGORITHM_NAMES})[:=\-])?(?:0[xX])?(?P<value>.*)$"
_HASH = re.compile(
    rf"(?i:(?:{_ALGORITHM_NAMES})[:=\-])?(?:(?:0[xX])?[0-9A-Fa-f]{{12,}}|[A-Za-z0-9+/_-]{{20,}}={{0,6}})$"
)
_HEX = r"^[0-9A-Fa-f]*$"
# The algorithm by the number of characters, where only one fits. 64 hex digits are SHA-256 or PDQ, 16 are pHash or
# dHash, and so are their base64 and base32: there the list or the user must declare it.
_BY_HEX_DIGITS = {
    32: "md5",
    40: "sha1",
    128: "sha512",
    288: "photodna",
    64: "sha256 or pdq",
    16: "phash-64 or dhash-64",
}
# Of other cells, without the "=" at their end.
_BY_BASE64_CHARACTERS = {
    11: "phash-64 or dhash-64",
    22: "md5",
    27: "sha1",
    43: "sha256 or pdq",
    86: "sha512",
    192: "photodna",
}
_BY_BASE32_CHARACTERS = {
    13: "phash-64 or dhash-64",
    26: "md5",
    32: "sha1",
    52: "sha256 or pdq",
    103: "sha512",
    231: "photodna",
}
_BASE32 = rf"^(?:{'|'.join(f'[A-Za-z2-7]{{{length}}}' for length in _BY_BASE32_CHARACTERS)})=*$"


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is text with one hash in each line."""
    lines = first_lines(head)
    if not lines:
        return 5 if b"\0" not in head and comment_fields(decode_prefix(head)) else 0
    matching = sum(bool(_HASH.match(line)) for line in lines)
    return 40 if matching > len(lines) / 2 else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a text file with one hash in each line."""
    with open_list_file(path) as file:
        head = text_head(path, file)
        comments = comment_fields(head.text)
        yield header_from_comments("plain", comments)
        given = options.algorithm or comments.get("algorithm", "")
        chosen = signal_type_of(given)
        if given and (not chosen or chosen in TEXT_SIGNALS):
            raise ListError(f"{path}: {given!r} is not an algorithm of a plain list")
        for numbers, cells in read_lines(path, open_as_utf8(file, head.data)):
            cells = pc.ascii_trim_whitespace(cells)
            skipped = pc.or_(pc.equal(cells, ""), pc.starts_with(cells, "#")).to_numpy(zero_copy_only=False)
            if skipped.any():
                cells, numbers = cells.filter(pa.array(~skipped)), numbers[~skipped]
            if not len(cells):
                continue
            named, cells = _split_prefixes(cells)
            for name in pc.unique(named).to_pylist():
                rows = pc.equal(named, name)
                group, group_numbers = cells.filter(rows), numbers[rows.to_numpy(zero_copy_only=False)]
                if algorithm := signal_type_of(name) or chosen:
                    yield from entries_of_column(algorithm, group, group_numbers)
                else:
                    yield from _entries_by_length(path, group, group_numbers)


def _split_prefixes(cells: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return for a plain list the algorithm of each cell's prefix, "" for none, and the cells without prefixes."""
    if not pc.any(pc.match_substring_regex(cells, "^0[xX]|[:=-].")).as_py():
        return pa.array([""], pa.string()).take(pa.array(np.zeros(len(cells), np.int64))), cells
    parts = pc.extract_regex(cells, _PREFIXED)
    return pc.utf8_lower(parts.field("algorithm")), parts.field("value")


def _entries_by_length(path: Path, cells: pa.Array, numbers: NDArray[np.int64]) -> Iterator[ListItem]:
    """Yield hashes of a plain list whose length shows the algorithm. Raises ListError if two are possible."""
    lengths = pc.binary_length(pc.utf8_rtrim(cells, "=")).to_numpy(zero_copy_only=False)
    is_hex = pc.match_substring_regex(cells, _HEX).to_numpy(zero_copy_only=False)
    is_base32 = pc.match_substring_regex(cells, _BASE32).to_numpy(zero_copy_only=False) & ~is_hex
    for of_kind, table in (
        (is_hex, _BY_HEX_DIGITS),
        (is_base32, _BY_BASE32_CHARACTERS),
        (~is_hex & ~is_base32, {**_BY_HEX_DIGITS, **_BY_BASE64_CHARACTERS}),
    ):
        for length in np.unique(lengths[of_kind]).tolist():
            rows = of_kind & (lengths == length)
            algorithm = table.get(length, "")
            if " or " in algorithm:
                first = f"{path}:{numbers[rows][0]}"
                raise ListError(f"{first}: {length} characters are {algorithm}: say which with --algorithm")
            if algorithm:
                yield from entries_of_column(algorithm, cells.filter(pa.array(rows)), numbers[rows])
            else:
                for number in numbers[rows].tolist():
                    yield MalformedEntry(number, f"{length:,} characters are no hash of a known length")


EXAMPLES = (
    ListExample(
        "hashes.txt",
        b"\xef\xbb\xbf# name: hills\r\n# means: test\r\n# version: 3\r\n9E107D9D372BB6826BD81D3542A419D6\r\n\r\n"
        b"2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\r\n",
        ListHeader("plain", "hills", "3", means="test"),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "", "", False),
        ),
    ),
    ListExample(
        "pdq.txt",
        b"# algorithm: pdq\n" + b"f0" * 32 + b"\n",
        ListHeader("plain"),
        (("pdq", "f0" * 32, "", "", False),),
    ),
    ListExample(
        "either.txt", b"f0" * 32 + b"\n", refused=":1: 64 characters are sha256 or pdq: say which with --algorithm"
    ),
    ListExample(
        "forms.txt",
        b"0x9E107D9D372BB6826BD81D3542A419D6\nsha256:" + b"ab" * 32 + b"\nPDQ=" + b"f0" * 32 + b"\n"
        b"F7KOCZ6TUZ7TWUAQIFL3Q4TNTKEUWOQS\nnhB9nTcrtoJr2B01QqQZ1g==\nnhB9nTcrtoJr2B01QqQZ1g\n"
        b"TYIH3HJXFO3IE26YDU2UFJAZ2Y======\n",
        ListHeader("plain"),
        (
            *(("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),) * 4,
            ("sha256", "ab" * 32, "", "", False),
            ("pdq", "f0" * 32, "", "", False),
            ("sha1", "2fd4e167d3a67f3b50104157b8726d9a894b3a12", "", "", False),
        ),
    ),
    ListExample(
        "broken.txt",
        b"9e107d9d372bb6826bd81d3542a419d6\n9e107d9d372bb6826bd81d3542a419dz\n9e107d9d\n9e107d9d372bb6826bd81d3542a419d6",
        ListHeader("plain"),
        (("md5", "9e107d9d372bb6826bd81d3542a419d6", "", "", False),) * 2,
        malformed=(2, 3),
    ),
)
