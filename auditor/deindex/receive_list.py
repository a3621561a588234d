"""The recipient's side: is a list genuine, whole, ours, in date, newer than the last one, and proven; then compiled.

Nothing of a list is believed before its signature is checked, and what is in use stays in use until then.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import dropwhile, islice, takewhile
from pathlib import Path
from typing import IO, Any, TypeAlias

from auditor.deindex.build_list import KIND, SCHEMA, Header
from auditor.deindex.inclusion_proofs import Log, Roots, roots
from auditor.deindex.parties import Keys, Party
from auditor.errors import SealError
from auditor.printable import printable
from auditor.review.timestamps import add_time
from auditor.sealing import encryption, envelope

LONGEST = 1 << 22  # bytes of a line; a longer one is no entry
AHEAD = 600  # seconds that two clocks may differ
_STATE = "state.json"
_REMOVES, _PROVES = b'{"remove":', b'{"grown_from":'


@dataclass(frozen=True, slots=True)
class Received:
    """A verified list. ``new`` is false where this version was in use already."""

    header: Header
    entries: int
    removals: int
    sha256: str
    new: bool = True


def receive(file: Path, keys: Keys, sender: Party, home: Path, now: str) -> Received:
    """Verify a list and, when all is right, make it the one that look-ups answer from.

    ``home`` is the recipient's folder; it remembers, for each sender, the highest version and the latest time
    seen. Raises SealError, each message saying what is wrong and what to do; then nothing has changed.
    """
    envelope.require_sealing_libraries()
    folder = _folder(home, sender)
    with _locked(folder), tempfile.TemporaryFile(dir=folder) as plain:
        try:
            with open(file, "rb") as sealed:
                encryption.decrypt(sealed, plain, keys.identity)
            found = _verified(plain, keys, sender)
            state = _state(folder)
            found = replace(found, new=_in_order(found, state, now))
            if found.new:
                _compile(plain, found, folder, state)
            _remember(folder, found, state, now)
        except SealError as error:
            raise SealError(f"{printable(str(file), 300)}: {error}") from error
        except OSError as error:
            raise SealError(
                f"{printable(str(file), 300)}: cannot be read, or kept in {folder}: {error.strerror}"
            ) from error
    return found


def active(home: Path, sender: Party, now: str) -> Path:
    """The compiled list in use from this sender. Raises SealError where there is none, or it must not be used now."""
    folder = _folder(home, sender)
    state = _state(folder)
    if not state:
        raise SealError(f"no list from {sender.name} was verified yet; run `auditor deindex verify` on one")
    _clock(state, now)
    if state["expires_at"] <= now:
        raise SealError(
            f"version {state['version']} from {sender.name} expired at {state['expires_at']}: what was overturned "
            "since is still in it; get the next one"
        )
    return folder / str(state["active"])


# ---- one list ----------------------------------------------------------------------------------------------


def _verified(plain: IO[bytes], keys: Keys, sender: Party) -> Received:
    """What the list is, if its sender signed all of it for the holder of these keys."""
    digest = hashlib.sha256()
    counts = {"removals": 0, "entries": 0}
    first = last = b""
    for text in _lines(plain):
        if last:
            digest.update(last)
            if last is not first and not last.startswith(_PROVES):
                counts["removals" if last.startswith(_REMOVES) else "entries"] += 1
        first, last = first or text, text
    if last is first or not last.startswith(b'{"payloadType"'):
        raise SealError("is cut off: the signed statement at its end is missing; fetch it again")
    statement = _json(envelope.open_envelope(last, KIND, sender.public))
    if statement.get("sha256") != digest.hexdigest() or statement.get("list") != _json(first):
        raise SealError("what is signed is another list than what is in it; do not use it, tell the sender")
    if any(statement.get(name) != number for name, number in counts.items()):
        raise SealError("has another number of entries than was signed; do not use it, tell the sender")
    header = header_of(statement["list"])
    if header.sender.ed25519 != sender.ed25519:
        raise SealError("names another sender than the one who signed it; do not use it, tell the sender")
    if header.recipient.age != keys.card.age:
        raise SealError(
            f"was made for {printable(header.recipient.name)}, not for {keys.card.name}, and encrypted again: do not "
            "use it, tell the sender that it has leaked"
        )
    return Received(header, counts["entries"], counts["removals"], str(statement["sha256"]))


def _in_order(found: Received, state: Mapping[str, Any], now: str) -> bool:
    """Is the list in date and newer than the one in use? False: it is the same. Raises SealError."""
    header = found.header
    _clock(state, now)
    if header.issued_at > add_time(now, seconds=AHEAD):
        raise SealError(f"was issued at {header.issued_at}, and the clock says {now}: set the clock right")
    if header.expires_at <= now:
        raise SealError(f"version {header.version} expired at {header.expires_at}; get the next one from its sender")
    known = int(state.get("version", 0))
    if header.version < known:
        raise SealError(f"is version {header.version}, and version {known} was seen already: an old list is not used")
    if header.version == known:
        if found.sha256 != state["sha256"]:
            raise SealError(f"is another version {known} than the one in use: do not use it, ask the sender")
        return False
    if header.base and header.base != known:
        raise SealError(
            f"changes version {header.base}, and version {known} is in use; ask for the deltas between, or a whole list"
        )
    return True


def _clock(state: Mapping[str, Any], now: str) -> None:
    """An expired list looks fresh to a clock that went back."""
    if state and now < add_time(str(state["seen_at"]), seconds=-AHEAD):
        raise SealError(f"the clock says {now}, and it was {state['seen_at']} when it was last asked: set it right")


def _lines(plain: IO[bytes]) -> Iterator[bytes]:
    plain.seek(0)
    while text := plain.readline(LONGEST):
        if len(text) == LONGEST:
            raise SealError(f"holds a line of more than {LONGEST:,} bytes: it is no list")
        yield text


def _json(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SealError("holds a line that is no JSON; do not use it, tell the sender") from error
    if not isinstance(content, dict):
        raise SealError("holds a line that is no JSON object; do not use it, tell the sender")
    return content


def header_of(content: Any) -> Header:
    """The header that a list's first line is. Raises SealError."""
    try:
        if content["schema"] != SCHEMA:
            raise SealError(
                f"is written as {printable(str(content['schema']))}; this program reads {SCHEMA}: update the older of "
                "the two, yours or the sender's"
            )
        nouns = {"sender": Party, "recipient": Party, "log": Log}
        header = Header(**{**content, **{name: noun(**content[name]) for name, noun in nouns.items()}})
        for moment in (header.issued_at, header.expires_at):
            datetime.fromisoformat(moment)
        if not 0 <= header.base < header.version:
            raise ValueError("versions")
    except (KeyError, TypeError, ValueError) as error:
        raise SealError("its first line does not say what it is; do not use it, tell the sender") from error
    return header


# ---- the compiled list -------------------------------------------------------------------------------------

_TABLES = """
CREATE TABLE entry (number INTEGER PRIMARY KEY, id TEXT NOT NULL, expires_at TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE pattern (path TEXT NOT NULL, kind INTEGER NOT NULL, written TEXT NOT NULL, hosts INTEGER NOT NULL,
                      entry INTEGER NOT NULL);
CREATE TABLE artefact (digest TEXT NOT NULL, entry INTEGER NOT NULL);
CREATE TABLE hosts (number INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE list (about TEXT NOT NULL);
"""
# Made after the rows: sorted once, on disk, instead of a million times.
_INDEXES = """
CREATE UNIQUE INDEX IF NOT EXISTS entries ON entry (id);
CREATE INDEX IF NOT EXISTS patterns ON pattern (path, kind, written, hosts, entry);
CREATE INDEX IF NOT EXISTS artefacts ON artefact (digest, entry);
CREATE INDEX IF NOT EXISTS of_entry ON pattern (entry);
CREATE INDEX IF NOT EXISTS digests_of_entry ON artefact (entry);
"""
EXACT, PREFIX = 1, 2
_ROWS = 5000
_Pattern: TypeAlias = tuple[str, int, str, int, int]


def _compile(plain: IO[bytes], found: Received, folder: Path, state: Mapping[str, Any]) -> None:
    """Write the tables of a whole list anew, or those of the one in use as a delta changes them."""
    proofs = takewhile(lambda text: text.startswith(_PROVES), islice(_lines(plain), 1, None))
    vouched = roots(found.header.log, map(_json, proofs))
    _continued(vouched, found.header, state, folder)
    making = folder / f".{found.header.version}.part"
    making.unlink(missing_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(making, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if found.header.base:
            shutil.copyfile(folder / str(state["active"]), making)
        with closing(sqlite3.connect(making, isolation_level=None)) as tables:
            # Nothing is lost with a half-made file: it is thrown away, and made again from the list.
            tables.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
            tables.execute("BEGIN")
            if not found.header.base:
                for statement in filter(str.strip, _TABLES.split(";")):
                    tables.execute(statement)
            depths = _fill(tables, plain, found.header, vouched)
            about = {"list": asdict(found.header), "depths": sorted(depths)}
            tables.execute("DELETE FROM list")
            tables.execute("INSERT INTO list VALUES (?)", (json.dumps(about),))
            tables.execute("COMMIT")
            tables.executescript(_INDEXES)
        with open(making, "rb") as file:
            os.fsync(file.fileno())
        os.replace(making, folder / f"{found.header.version}.sqlite")
    except sqlite3.Error as error:
        raise SealError(f"cannot be compiled ({error}); verify a whole list") from error
    finally:
        making.unlink(missing_ok=True)


def _fill(tables: sqlite3.Connection, plain: IO[bytes], header: Header, vouched: Roots) -> set[int]:
    """Write what the lines say, each entry's proof checked; of how many parts the patterns' paths are."""
    depths: set[int] = set()
    if header.base:
        depths.update(json.loads(tables.execute("SELECT about FROM list").fetchone()[0])["depths"])
    number = int(tables.execute("SELECT coalesce(max(number), 0) FROM entry").fetchone()[0])
    hosts: dict[str, int] = {names: at for at, names in tables.execute("SELECT number, names FROM hosts")}
    patterns: list[_Pattern] = []
    artefacts: list[tuple[str, int]] = []
    for text in dropwhile(lambda text: text.startswith(_PROVES), islice(_lines(plain), 1, None)):
        if text.startswith(b'{"payloadType"'):
            break
        content = _json(text)
        try:
            if "remove" in content:
                _remove(tables, str(content["remove"]))
                continue
            if header.base:
                _remove(tables, str(content["entry"]))
            number += 1
            made = content["locators"]
            _prove(vouched, header, content)
            names = json.dumps(made["hosts"])
            if names not in hosts:
                hosts[names] = len(hosts) + 1
                tables.execute("INSERT INTO hosts VALUES (?, ?)", (hosts[names], names))
            patterns += _patterns(made, hosts[names], number)
            artefacts += ((digest, number) for digest in _digests(content["artefacts"]))
            tables.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?)", (number, content["entry"], content["expires_at"], text)
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SealError(f"holds an entry without {error}; do not use it, tell the sender") from error
        if len(patterns) > _ROWS:
            depths.update(path.count("/") for path, *_ in patterns)
            _insert(tables, patterns, artefacts)
    depths.update(path.count("/") for path, *_ in patterns)
    _insert(tables, patterns, artefacts)
    return depths


def _prove(vouched: Roots, header: Header, entry: Mapping[str, Any]) -> None:
    try:
        if not header.base < int(entry["version"]) <= header.version:
            raise SealError(f"says that it is of version {entry['version']}, which is none of this list's")
        vouched.prove(entry)
    except (KeyError, TypeError, ValueError) as error:
        raise SealError("holds an entry without a version; do not use it, tell the sender") from error
    except SealError as error:
        raise SealError(
            f"entry {printable(str(entry['entry']), 40)}: {error}; do not use the list, tell the sender"
        ) from error


def _continued(vouched: Roots, header: Header, state: Mapping[str, Any], folder: Path) -> None:
    """Is the sender's ledger the one of the last list, grown or not? Raises SealError."""
    before, now = state.get("log"), vouched.checkpoint
    if before and (
        (before["origin"], before["key"]) != (now.origin, header.log.key)
        or vouched.by_size.get(before["size"], b"").hex() != before["root"]
    ):
        raise SealError(
            f"is from a ledger of {now.size:,} events that is not shown to begin with the {before['size']:,} of "
            f"version {state['version']}: it was rewritten, cut back or changed for another, or the sender has lost "
            f"count. Do not use it, ask for one that is built with --grown-from {before['size']}; if there can be none "
            f"and the reason is good, delete {folder} and verify a whole list"
        )


def _patterns(made: Mapping[str, Any], hosts: int, number: int) -> Iterator[_Pattern]:
    """(path, kind, as written where letter case counts, hosts, entry) of each pattern; a path ends without a slash."""
    ignored = made["letter_case"] == "ignored"
    for kind, paths in ((EXACT, made["exact"]), (PREFIX, made["prefix"])):
        for path in paths:
            bare = path.removesuffix("/")
            # Whoever signed it: nobody lists a host, or everything below the first part of a path.
            if not bare.startswith("/") or bare.count("/") < 2 or (kind == PREFIX) != path.endswith("/"):
                raise SealError(f"{printable(path)}: a pattern that covers more than a repository; tell the sender")
            yield bare.lower(), kind, "" if ignored else bare, hosts, number


def _digests(artefacts: Mapping[str, Any]) -> Iterator[str]:
    for algorithm in ("sha256", "sha256_tensors", "autov3"):
        for value in artefacts[algorithm]:
            yield f"{algorithm}:{value}"


def _remove(tables: sqlite3.Connection, entry: str) -> None:
    row = tables.execute("SELECT number FROM entry WHERE id = ?", (entry,)).fetchone()
    if row:
        for table, column in (("pattern", "entry"), ("artefact", "entry"), ("entry", "number")):
            tables.execute(f"DELETE FROM {table} WHERE {column} = ?", row)


def _insert(tables: sqlite3.Connection, patterns: list[_Pattern], artefacts: list[tuple[str, int]]) -> None:
    tables.executemany("INSERT INTO pattern VALUES (?, ?, ?, ?, ?)", patterns)
    tables.executemany("INSERT INTO artefact VALUES (?, ?)", artefacts)
    patterns.clear()
    artefacts.clear()


# ---- what the recipient remembers --------------------------------------------------------------------------


def _folder(home: Path, sender: Party) -> Path:
    folder = home / hashlib.sha256(sender.public).hexdigest()[:16]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SealError(f"{folder}: cannot keep lists: {error.strerror}; name another --home") from error
    return folder


def _state(folder: Path) -> dict[str, Any]:
    path = folder / _STATE
    try:
        content = json.loads(path.read_bytes())
        if not {"version", "sha256", "seen_at", "expires_at", "active"} <= set(content):
            raise ValueError("is not whole")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise SealError(
            f"{path}: cannot be read ({error}), so an old list could not be told; put it back, or ask the sender which "
            "version is the last, delete the folder and verify that one"
        ) from error
    return dict(content)


def _remember(folder: Path, found: Received, state: Mapping[str, Any], now: str) -> None:
    header, checkpoint = found.header, found.header.log.opened()
    content = {
        "version": header.version,
        "sha256": found.sha256,
        "seen_at": max(now, str(state.get("seen_at", ""))),
        "expires_at": header.expires_at,
        "active": f"{header.version}.sqlite",
        "log": {
            "origin": checkpoint.origin,
            "key": header.log.key,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
        },
    }
    making = folder / f".{_STATE}"
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(making, folder / _STATE)
    for path in folder.glob("*.sqlite"):
        if path.name != content["active"]:
            path.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
