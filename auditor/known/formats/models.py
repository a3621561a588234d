"""Read lists of models in CSV: an entry gives a model's file digests, short hashes or name.

Columns, in any order (at least one signal; unknown columns are ignored)::

    id                the holder's reference
    name              ORG/NAME or the address on the hub: a lead, never a match
    sha256            of a weights file
    sha256_tensors    of the bytes after a safetensors header: the same under any edited header
    autov3            the first 12 hex digits of that, as image tools write it
    autov2            the first 10 hex digits of the file's SHA-256: too short to prove anything, a lead
    xet               the hub's content address of a weights file, as it writes it: 64 hex digits
    blake3            of a weights file
    autov1, crc32     8 hex digits, as image tools write them: leads
    purpose           dedicated (made to produce what it is listed for) or general
    authority         who confirms it
    confirmations     how many confirmed it independently of each other
    status            withdrawn, where the holder takes the entry back

Comments above the header describe the list: ``# name: …``, ``# version: …``, ``# holder: …``, ``# means: model``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import HEAD_BYTES, ListExample
from auditor.known.model_entries import HEX_DIGITS, MODEL_ONLY_COLUMNS, ModelEntryCollector, model_column_roles
from auditor.known.text_lines import comment_fields, header_from_comments
from auditor.syntax.text_encoding import decode_prefix

HELP = "models as CSV: sha256, sha256_tensors, xet, blake3, autov1-3, crc32 or name; purpose, authority, confirmations"

MAX_LINE_BYTES = 1 << 20
_AT_ONCE = 8192


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a list of models in CSV."""
    text = decode_prefix(head) if b"\0" not in head else ""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip() and not line.startswith("#")]
    table = lines and lines[0][0] not in "{["
    roles = model_column_roles(lines[0].split(",")).keys() if table else frozenset[str]()
    if roles & MODEL_ONLY_COLUMNS:
        return 70
    return 60 if comment_fields(text).get("means", "").lower() == "model" and roles & {*HEX_DIGITS, "name"} else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a list of models in CSV."""
    with open_list_file(path) as file:
        comments = comment_fields(decode_prefix(file.read(HEAD_BYTES)))
        yield header_from_comments("models", {"means": "model", **comments})
        file.seek(0)
        collector = ModelEntryCollector()
        for number, row in enumerate(_rows(path, file), 1):
            if isinstance(row, MalformedEntry):
                yield row
            else:
                yield from collector.add(*row)
            if number % _AT_ONCE == 0:
                yield from collector.flush()
        yield from collector.finish()


def _text_lines(path: Path, file: BinaryIO) -> Iterator[str]:
    """Yield the lines of a list of models; a comment becomes an empty line, so that lines keep their numbers."""
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), 1):
        if len(line) > MAX_LINE_BYTES:
            raise ListError(
                f"{path}: line {number:,} is longer than {MAX_LINE_BYTES:,} bytes: this is no list of models"
            )
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").replace("\0", " ")
        except UnicodeDecodeError as error:
            raise ListError(f"{path}: line {number:,} is not UTF-8; save the list as UTF-8") from error
        yield "\n" if text.startswith("#") else text


def _rows(path: Path, file: BinaryIO) -> Iterator[tuple[int, Mapping[str, str]] | MalformedEntry]:
    """Yield the line number of each row of a list of models, and its cells by the role of their column."""
    reader = csv.reader(_text_lines(path, file))
    roles: dict[str, int] = {}
    width = 0
    try:
        for cells in reader:
            if not cells:
                continue
            if not width:
                roles, width = model_column_roles(cells), len(cells)
                if not roles.keys() & {*HEX_DIGITS, "name"}:
                    raise ListError(f"{path}: no column is recognised ({', '.join(cells[:12])[:200]}); {HELP}")
            elif len(cells) != width:
                yield MalformedEntry(reader.line_num, f"the row has {len(cells)} cells, the header {width}")
            else:
                yield reader.line_num, {role: cells[at].strip() for role, at in roles.items()}
    except csv.Error as error:
        raise ListError(f"{path}: line {reader.line_num:,}: {error}") from error


_CLASSIFICATION = "dedicated, 2 confirmations, an authority"
EXAMPLES = (
    ListExample(
        "models.csv",
        b"# name: listed-models\n# holder: an authority\n# means: model\n"
        b"id,name,sha256,sha256_tensors,autov3,autov2,autov1,purpose,authority,confirmations,status\n"
        b"m1,acme/hills,%b,%b,0123456789ab,0123456789,01234567,dedicated,an authority,2,\n"
        b"m2,https://huggingface.co/acme/lakes,,,,,,general,,,withdrawn\n" % (b"ab" * 32, b"cd" * 32),
        ListHeader("models", name="listed-models", holder="an authority", means="model"),
        (
            ("sha256", "ab" * 32, "m1", _CLASSIFICATION, False),
            ("sha256-tensors", "cd" * 32, "m1", _CLASSIFICATION, False),
            ("autov3", "0123456789ab0000", "m1", _CLASSIFICATION, False),
            ("autov2", "0123456789000000", "m1", _CLASSIFICATION, False),
            ("autov1", "0123456700000000", "m1", _CLASSIFICATION, False),
            ("url", "https://huggingface.co/acme/hills", "m1", _CLASSIFICATION, False),
            ("url", "https://huggingface.co/acme/lakes", "m2", "general", True),
        ),
    ),
    ListExample(
        "wrong.csv",
        b"# means: model\nid,autov3,purpose\n1,0123456789ab,general\n2,0123,general\n3,,fun\n4,1\n",
        ListHeader("models", means="model"),
        (("autov3", "0123456789ab0000", "1", "general", False),),
        malformed=(4, 5, 6),
    ),
)
