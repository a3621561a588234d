"""Read files of checksum tools: ``HASH  NAME`` as of sha256sum, and ``SHA256 (NAME) = HASH`` as of BSD and OpenSSL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry, UnknownAlgorithm
from auditor.known.entry_columns import entries_of_column, signal_type_of
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.known.text_lines import comment_fields, first_lines, header_from_comments, read_lines, text_head
from auditor.samples import TEXT_SIGNALS
from auditor.syntax.text_encoding import open_as_utf8

HELP = "what sha256sum, md5sum, BSD's sha256, openssl dgst and the like write"

# A backslash before the line means: the name has escaped characters; "*" before the name, that it was read in binary.
_GNU = r"^\\?(?P<hash>[0-9A-Fa-f]{32,128}) [ *](?P<file>.+)$"
_BSD = r"^\\?(?P<algorithm>[A-Za-z][A-Za-z0-9/-]{1,19}) ?\((?P<file>.*)\) ?= ?(?P<hash>[0-9A-Za-z+/]{16,}={0,6})$"
# By the number of hex digits. The tools of perceptual hashes write other formats, so 64 digits are those of SHA-256.
_ALGORITHM_BY_HEX_DIGITS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is one that a checksum tool wrote."""
    lines = first_lines(head)
    matching = sum(bool(re.match(_GNU, line) or re.match(_BSD, line)) for line in lines)
    return 65 if lines and matching > len(lines) / 2 else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a file that a checksum tool wrote."""
    with open_list_file(path) as file:
        head = text_head(path, file)
        comments = comment_fields(head.text)
        yield header_from_comments("checksums", comments)
        given = options.algorithm or comments.get("algorithm", "")
        chosen = signal_type_of(given)
        if given and (not chosen or chosen in TEXT_SIGNALS):
            raise ListError(f"{path}: {given!r} is not an algorithm of checksums")
        for numbers, lines in read_lines(path, open_as_utf8(file, head.data)):
            lines = pc.utf8_rtrim(lines, "\r\n ")
            skipped = pc.or_(pc.equal(lines, ""), pc.starts_with(lines, "#")).to_numpy(zero_copy_only=False)
            gnu, bsd = pc.extract_regex(lines, _GNU), pc.extract_regex(lines, _BSD)
            is_gnu = gnu.is_valid().to_numpy(zero_copy_only=False) & ~skipped
            is_bsd = bsd.is_valid().to_numpy(zero_copy_only=False) & ~skipped & ~is_gnu
            for number in numbers[~(is_gnu | is_bsd | skipped)].tolist():
                yield MalformedEntry(number, "neither 'HASH  NAME' nor 'ALGORITHM (NAME) = HASH'")
            yield from _gnu_entries(gnu.filter(pa.array(is_gnu)).field("hash"), numbers[is_gnu], chosen)
            yield from _bsd_entries(bsd.filter(pa.array(is_bsd)), numbers[is_bsd])


def _gnu_entries(hashes: pa.Array, numbers: np.ndarray, chosen: str) -> Iterator[ListItem]:
    """Yield hashes of GNU checksum lines, whose algorithm the user declares or their length shows."""
    lengths = pc.binary_length(hashes).to_numpy(zero_copy_only=False)
    for length in np.unique(lengths).tolist():
        rows = lengths == length
        algorithm = chosen or _ALGORITHM_BY_HEX_DIGITS.get(length, "")
        if algorithm:
            yield from entries_of_column(algorithm, hashes.filter(pa.array(rows)), numbers[rows])
        else:
            yield UnknownAlgorithm(f"checksum of {length} hex digits", int(rows.sum()))


def _bsd_entries(matches: pa.Array, numbers: np.ndarray) -> Iterator[ListItem]:
    """Yield hashes of BSD checksum lines, which name the algorithm; OpenSSL 3 writes ``SHA2-256`` for SHA-256."""
    names = matches.field("algorithm")
    for name in pc.unique(names).to_pylist():
        rows = pc.equal(names, name)
        algorithm = signal_type_of(re.sub(r"(?i)^sha2-", "sha", name))
        if algorithm and algorithm not in TEXT_SIGNALS:
            hashes = matches.filter(rows).field("hash")
            yield from entries_of_column(algorithm, hashes, numbers[rows.to_numpy(zero_copy_only=False)])
        else:
            yield UnknownAlgorithm(name, pc.sum(rows).as_py())


_MD5 = "9e107d9d372bb6826bd81d3542a419d6"
_SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
_SHA256 = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"
EXAMPLES = (
    ListExample(
        "SHA256SUMS",
        f"# means: test\n{_SHA256}  a hill.png\n{_MD5} *b.png\r\n\\{_SHA1}  c\\n.png\n{'ab' * 28}  d.png\n".encode(),
        ListHeader("checksums", means="test"),
        (("sha256", _SHA256, "", "", False), ("md5", _MD5, "", "", False), ("sha1", _SHA1, "", "", False)),
        unknown=(("checksum of 56 hex digits", 1),),
    ),
    ListExample(
        "CHECKSUM.SHA256",
        f"SHA256 (a (1).png) = {_SHA256}\nSHA2-256(b.png)= {_SHA256}\nMD5 (c.png) = {_MD5}\n"
        f"BLAKE2b (d.png) = {_SHA256}\n"
        "SHA1 (e.png) = 2fd4e1c67a2d28fced849ee1bb76e7391b93eb1\n".encode(),
        ListHeader("checksums"),
        (("sha256", _SHA256, "", "", False), ("sha256", _SHA256, "", "", False), ("md5", _MD5, "", "", False)),
        unknown=(("BLAKE2b", 1),),
        malformed=(5,),
    ),
    ListExample(
        "broken.md5",
        f"{_MD5}  a.png\n{_MD5}  b.png\n9e107d9d372bb6826bd81d  c.png\n".encode(),
        ListHeader("checksums"),
        (("md5", _MD5, "", "", False), ("md5", _MD5, "", "", False)),
        malformed=(3,),
    ),
)
