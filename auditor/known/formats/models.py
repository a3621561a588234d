"""Lists of models, as CSV: an entry is known by its files' digests, by short hashes or by its name.

Columns, in any order (one signal at least; others are passed over)::

    id                the holder's reference
    name              ORG/NAME or the address on the hub: a lead, never a match
    sha256            of a weights file
    sha256_tensors    of the bytes after a safetensors header: the same under any edited header
    autov3            the first 12 hex digits of that, as image tools write it
    autov2            the first 10 hex digits of the file's SHA-256: too short to prove anything, a lead
    purpose           dedicated (made to produce what it is listed for) or general
    authority         who confirms it
    confirmations     how many confirmed it independently of each other
    status            withdrawn, where the holder takes the entry back

Comments above the header say what the list is: ``# name: …``, ``# version: …``, ``# holder: …``, ``# means: model``.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from auditor.errors import ListError
from auditor.known import (
    HEAD_BYTES,
    Entries,
    ListExample,
    ListHeader,
    ListItem,
    ListOptions,
    MalformedEntry,
    UnknownAlgorithm,
    entries,
    make_fingerprint_entries,
)
from auditor.known.entry_columns import comment_fields, opened
from auditor.known.formats.plain import header_of_comments
from auditor.samples import DIGEST_BYTES, WEIGHT_FINGERPRINT
from auditor.syntax.csv_stream import text_of

HELP = "models as CSV: sha256, sha256_tensors, autov3, autov2 or name; purpose, authority, confirmations"

HUB = "https://huggingface.co/"
LONGEST = 1 << 20
PURPOSES = ("dedicated", "general")
# Hex digits of each digest; short ones are kept as eight bytes, zeros last.
DIGITS: Mapping[str, int] = {"sha256": 64, "sha256-tensors": 64, "autov3": 12, "autov2": 10}
_COLUMNS: Mapping[str, str] = {
    "id": r"id|entryid|ref|reference",
    "name": r"name|model|modelname|modelid|repository|repo|url",
    "sha256": r"sha256|filesha256",
    "sha256-tensors": r"sha256tensors|tensorssha256|tensorsha256|sshsmodelhash",
    "autov3": r"autov3",
    "autov2": r"autov2",
    "autov1": r"autov1",
    "fingerprint": r"fingerprint|weightsfingerprint",
    "purpose": r"purpose",
    "authority": r"authority|confirmedby",
    "confirmations": r"confirmations|independentconfirmations",
    "status": r"status|withdrawn",
}
ONLY_HERE = {"sha256-tensors", "autov3", "autov2", "autov1"}
_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_GONE = {"withdrawn", "retracted", "removed", "revoked", "deleted", "true", "yes", "1"}
_AT_ONCE = 8192
# What is said of an entry whatever it is known by.
ABOUT = ("id", "purpose", "authority", "confirmations")

Waiting = dict[str, list[tuple[object, ...]]]


def claims(head: bytes, name: str) -> int:
    text = text_of(head) if b"\0" not in head else ""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip() and not line.startswith("#")]
    table = lines and lines[0][0] not in "{["
    roles = roles_of(lines[0].split(",")).keys() if table else frozenset[str]()
    if roles & ONLY_HERE:
        return 70
    return 60 if comment_fields(text).get("means", "").lower() == "model" and roles & {*DIGITS, "name"} else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    with opened(path) as file:
        said = comment_fields(text_of(file.read(HEAD_BYTES)))
        yield header_of_comments("models", {"means": "model", **said})
        file.seek(0)
        waiting: Waiting = {}
        unknown: Counter[str] = Counter()
        for number, found in enumerate(_records(path, file), 1):
            if isinstance(found, MalformedEntry):
                yield found
            else:
                yield from signals_of(*found, waiting, unknown)
            if number % _AT_ONCE == 0:
                yield from rest_of(waiting)
        yield from rest_of(waiting)
        for algorithm, many in unknown.items():
            yield UnknownAlgorithm(algorithm, many)


def roles_of(cells: Sequence[str]) -> dict[str, int]:
    """What each of the cells is called here, with its place; those that are nothing here are left out."""
    bare = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in cells]
    found = {
        role: next((at for at, cell in enumerate(bare) if re.fullmatch(spelt, cell)), -1)
        for role, spelt in _COLUMNS.items()
    }
    return {role: at for role, at in found.items() if at >= 0}


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    """The file's lines; a comment stays as an empty one, so that lines keep their numbers."""
    for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
        if len(line) > LONGEST:
            raise ListError(f"{path}: line {number:,} is longer than {LONGEST:,} bytes: this is no list of models")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").replace("\0", " ")
        except UnicodeDecodeError as error:
            raise ListError(f"{path}: line {number:,} is not UTF-8; save the list as UTF-8") from error
        yield "\n" if text.startswith("#") else text


def _records(path: Path, file: BinaryIO) -> Iterator[tuple[int, Mapping[str, str]] | MalformedEntry]:
    """Each row by what its columns are, with its line."""
    reader = csv.reader(_lines(path, file))
    roles: dict[str, int] = {}
    width = 0
    try:
        for cells in reader:
            if not cells:
                continue
            if not width:
                roles, width = roles_of(cells), len(cells)
                if not roles.keys() & {*DIGITS, "name"}:
                    raise ListError(f"{path}: no column is recognised ({', '.join(cells[:12])[:200]}); {HELP}")
            elif len(cells) != width:
                yield MalformedEntry(reader.line_num, f"the row has {len(cells)} cells, the header {width}")
            else:
                yield reader.line_num, {role: cells[at].strip() for role, at in roles.items()}
    except csv.Error as error:
        raise ListError(f"{path}: line {reader.line_num:,}: {error}") from error


def signals_of(
    line: int, record: Mapping[str, str], waiting: Waiting, unknown: Counter[str], prints: Sequence[bytes] = ()
) -> Iterator[MalformedEntry]:
    """Put the signals of a row, ``prints`` among them, to those that wait. A row that is wrong gives none."""
    purpose, confirmations = record.get("purpose", "").lower(), record.get("confirmations", "")
    if purpose not in ("", *PURPOSES):
        yield MalformedEntry(line, f"the purpose is neither {' nor '.join(PURPOSES)}")
        return
    if not re.fullmatch(r"[0-9]{0,6}", confirmations):
        yield MalformedEntry(line, "confirmations is no number")
        return
    signals: list[tuple[str, object]] = [(WEIGHT_FINGERPRINT, data) for data in prints]
    for algorithm, digits in DIGITS.items():
        value = record.get(algorithm, "").lower().removeprefix("0x")
        if value and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
            yield MalformedEntry(line, f"not a {algorithm} of {digits} hex digits")
            return
        if value:
            signals.append((algorithm, bytes.fromhex(value).ljust(DIGEST_BYTES[algorithm], b"\0")))
    called = record.get("name", "").strip("/")
    if called.lower().startswith(("http://", "https://")):
        signals.append(("url", called))
    elif _REPOSITORY.fullmatch(called):
        signals.append(("url", HUB + called))
    elif called:
        unknown["name without an organisation"] += 1
    if record.get("autov1"):
        unknown["autov1"] += 1
    if record.get("fingerprint"):
        unknown["fingerprint in a list that is not JSON"] += 1
    many = int(confirmations or 0)
    number = f"{many:,} {'confirmation' if many == 1 else 'confirmations'}" if confirmations else ""
    about = ", ".join(word for word in (purpose, number, record.get("authority", "")) if word)
    gone = record.get("status", "").lower() in _GONE
    for algorithm, signal in signals:
        cells = record.get("id") or None, about or None, record.get("authority") or None
        waiting.setdefault(algorithm, []).append((signal, *cells, gone, line))


def rest_of(waiting: Waiting) -> Iterator[Entries]:
    """What waits, as entries, an algorithm each."""
    for algorithm, rows in waiting.items():
        values, ids, about, authority, gone, lines = map(list, zip(*rows, strict=True))
        columns = {"ids": ids, "classification": about, "contributor": authority, "withdrawn": gone, "lines": lines}
        yield (
            make_fingerprint_entries(values, **columns)
            if algorithm == WEIGHT_FINGERPRINT
            else entries(algorithm, values, **columns)
        )
    waiting.clear()


def purpose_of(classification: str) -> str:
    """``dedicated``, ``general`` or "": what the classification of an entry begins with."""
    word = classification.partition(",")[0]
    return word if word in PURPOSES else ""


SAID = "dedicated, 2 confirmations, an authority"
EXAMPLES = (
    ListExample(
        "models.csv",
        b"# name: listed-models\n# holder: an authority\n# means: model\n"
        b"id,name,sha256,sha256_tensors,autov3,autov2,autov1,purpose,authority,confirmations,status\n"
        b"m1,acme/hills,%b,%b,0123456789ab,0123456789,01234567,dedicated,an authority,2,\n"
        b"m2,https://huggingface.co/acme/lakes,,,,,,general,,,withdrawn\n" % (b"ab" * 32, b"cd" * 32),
        ListHeader("models", name="listed-models", holder="an authority", means="model"),
        (
            ("sha256", "ab" * 32, "m1", SAID, False),
            ("sha256-tensors", "cd" * 32, "m1", SAID, False),
            ("autov3", "0123456789ab0000", "m1", SAID, False),
            ("autov2", "0123456789000000", "m1", SAID, False),
            ("url", "https://huggingface.co/acme/hills", "m1", SAID, False),
            ("url", "https://huggingface.co/acme/lakes", "m2", "general", True),
        ),
        unknown=(("autov1", 1),),
    ),
    ListExample(
        "wrong.csv",
        b"# means: model\nid,autov3,purpose\n1,0123456789ab,general\n2,0123,general\n3,,fun\n4,1\n",
        ListHeader("models", means="model"),
        (("autov3", "0123456789ab0000", "1", "general", False),),
        malformed=(4, 5, 6),
    ),
)
