"""Builds a sealed list for one recipient: whole, or what changed since the last one, removals first.

A list, decrypted, is lines of JSON: what it is (:class:`Header`), removals, entries, and at the end a DSSE
envelope whose payload repeats the first line with the counts and the SHA-256 of all that stands before it. So it
is written and read as a stream, and nothing counts until the signature does.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO

from auditor.deindex.entries import Entry, Held, Terms, entries, line, removal
from auditor.deindex.locators import locators, repository
from auditor.deindex.parties import Keys, Party
from auditor.errors import SealError, UsageError
from auditor.model import Digest, Ref
from auditor.printable import cell
from auditor.review.decisions import Decision, iso
from auditor.review.ledger import Ledger
from auditor.sealing import envelope

KIND = "application/vnd.provenance-auditor.deindex-list+json"
SCHEMA = "deindex-list/1"
DAYS = 30  # a list lives no longer: what is overturned must not go on being acted on
CHUNK = 1 << 18
PATIENCE = 5.0  # seconds to wait for another build for the same recipient
RECORDED = 10_000  # decisions that the ledger is told of at once
COLUMNS = ("entry", "action", "match", "pattern", "letter_case", "kind", "name", "explanation", "expires_at")
WARNING = (
    "is a directory of what nobody should find: readable by anyone, unsigned, and it never expires; delete it as soon "
    "as it was used"
)


@dataclass(frozen=True, slots=True)
class Header:
    """A list's first line. ``base`` is the version that a delta changes, 0 for a whole list.

    ``log`` is the sender's ledger's signed checkpoint: what entries say of its events can be proven against it.
    """

    schema: str
    sender: Party
    recipient: Party
    version: int
    base: int
    issued_at: str
    expires_at: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    path: Path
    header: Header
    entries: int
    removed: int
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What list is to be made. ``stale`` says why a decision no longer fits a subject of it, "" where it does.

    ``namespace`` is an owner's name that the sender holds: a canary is listed there, where it harms no one.
    ``version`` is the least version, for when the sender's state was lost.
    """

    days: int = 7
    delta: bool = False
    interim: bool = False
    source: str = ""
    namespace: str = ""
    version: int = 1
    log: str = ""
    stale: Callable[[Decision, Ref], str] = field(default=lambda decision, subject: "")


def build(
    decisions: Iterable[Decision], recipient: Party, keys: Keys, out: Path, state: Path, now: str, order: Order
) -> Built:
    """Seal the standing, approved decisions for one recipient into a new file in the folder ``out``.

    ``state`` is the sender's folder: it remembers each recipient's last version and what was in it. Raises
    SealError, UsageError. Nothing becomes visible or is remembered unless all of it was written.
    """
    envelope.ready()
    if not 1 <= order.days <= DAYS:
        raise UsageError(f"--days {order.days}: a list lives 1 to {DAYS} days")
    try:
        with closing(_open(state, recipient)) as sent, sent:
            return _build(sent, decisions, recipient, keys, out, now, order)
    except OSError as error:
        raise UsageError(f"{out}: the list cannot be written: {error.strerror}; name another --out") from error
    except sqlite3.Error as error:
        raise SealError(
            f"{state}: the state of what was sent cannot be used ({error}); is another build running?"
        ) from error


def _build(
    sent: sqlite3.Connection,
    decisions: Iterable[Decision],
    recipient: Party,
    keys: Keys,
    out: Path,
    now: str,
    order: Order,
) -> Built:
    sent.execute("BEGIN IMMEDIATE")
    last = _last(sent, recipient, now)
    if order.delta and not last:
        raise UsageError(f"{recipient.name}: has no list yet that could change; build a whole one first")
    version = max(last + 1, order.version)
    until = iso(datetime.fromisoformat(now) + timedelta(days=order.days))
    header = Header(SCHEMA, keys.card, recipient, version, last if order.delta else 0, now, until, order.log)
    listing = _Listing(sent, version, _terms(keys, recipient, now, order), order, decisions)
    path = out / f"{keys.card.name}-{recipient.name}-{version:06}.{'delta' if order.delta else 'list'}.age"
    with _private_file(path) as file:
        body = listing.changes() if order.delta else listing.lines()
        envelope.encrypt(_chunks(_sealed(header, body, listing, keys)), file, recipient.age)
        file.flush()
        os.fsync(file.fileno())
        sent.execute("DELETE FROM entry WHERE version < ?", (version,))
        sent.execute("INSERT OR REPLACE INTO list VALUES (?, ?, ?)", (version, now, until))
        # Remembered before it can be seen: a version is never given twice, though one may be missing.
        sent.commit()
        os.replace(file.name, path)
    _sync(out)
    return Built(path, header, listing.entries, listing.removed, tuple(listing.held))


def plain_csv(decisions: Iterable[Decision], recipient: Party, keys: Keys, out: Path, now: str, order: Order) -> int:
    """Write the patterns of all entries as a table of mode 0600, neither sealed nor expiring; how many rows."""
    rows = 0
    with _private_file(out) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for entry in _listed(decisions, _terms(keys, recipient, now, order), order):
            if isinstance(entry, Entry):
                made, found, decision = entry.locators, entry.repository, entry.decision
                rest = (made.letter_case, found.kind, found.name, decision.explanation, decision.expires_at)
                for match, paths in (("exact", made.exact), ("prefix", made.prefix)):
                    for pattern in (host + path for host in made.hosts for path in paths):
                        table.writerow(map(cell, (entry.id, decision.verdict, match, pattern, *rest)))
                        rows += 1
        text.detach()
        os.replace(file.name, out)
    return rows


def record(ledger: Ledger, recipient: Party, state: Path, version: int) -> None:
    """Tell the ledger which decisions are on the recipient's list now, and which cases no longer are."""
    with closing(_open(state, recipient)) as sent:
        while True:
            on: list[Decision] = []
            off: list[str] = []
            for case in ledger.states():
                listed = [decision for decision in case.in_force if _holds(sent, decision)]
                if listed and recipient.name not in case.listed:
                    on += listed[-1:]
                elif recipient.name in case.listed and not listed:
                    off.append(case.id)
                if len(on) + len(off) >= RECORDED:
                    break
            if not on and not off:
                return
            ledger.record_listed(on, recipient=recipient.name, version=str(version))
            ledger.record_delisted(off, recipient=recipient.name, version=str(version))


def _holds(sent: sqlite3.Connection, decision: Decision) -> bool:
    return sent.execute("SELECT 1 FROM entry WHERE decision = ? LIMIT 1", (decision.id,)).fetchone() is not None


def _terms(keys: Keys, recipient: Party, now: str, order: Order) -> Terms:
    source = order.source or keys.card.name
    return Terms(keys.secret, recipient.age, now, source, keys.card.appeals, interim=order.interim)


class _Listing:
    """The body of one list, line by line; counts, and remembers what each entry was."""

    def __init__(
        self, sent: sqlite3.Connection, version: int, terms: Terms, order: Order, decisions: Iterable[Decision]
    ) -> None:
        self.sent, self.version, self.terms, self.order, self.decisions = sent, version, terms, order, decisions
        self.entries = self.removed = 0
        self.held: list[Held] = []

    def lines(self) -> Iterator[bytes]:
        """Every entry."""
        for text, _ in self._current():
            self.entries += 1
            yield text

    def changes(self) -> Iterator[bytes]:
        """What is no longer listed, then what is new or was changed."""
        with tempfile.TemporaryFile() as changed:  # has no name, and is gone with its last handle
            for text, known in self._current():
                if not known:
                    self.entries += 1
                    changed.write(text)
            for (entry,) in self.sent.execute("SELECT id FROM entry WHERE version < ? ORDER BY id", (self.version,)):
                self.removed += 1
                yield removal(entry, "no longer stands")
            changed.seek(0)
            yield from changed

    def _current(self) -> Iterator[tuple[bytes, bool]]:
        """The line of each entry, and whether the last list had just this one."""
        for entry in self._entries():
            text = line(entry)
            digest = hashlib.sha256(text).digest()[:16]
            row = self.sent.execute("SELECT digest, version FROM entry WHERE id = ?", (entry.id,)).fetchone()
            if row is not None and row[1] == self.version:
                continue  # the same decision twice would make a list that its recipient refuses
            self.sent.execute(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)",
                (entry.id, digest, self.version, entry.decision.id),
            )
            yield text, row is not None and row[0] == digest

    def _entries(self) -> Iterator[Entry]:
        for entry in _listed(self.decisions, self.terms, self.order):
            if isinstance(entry, Held):
                self.held.append(entry)
            else:
                yield entry


def _listed(decisions: Iterable[Decision], terms: Terms, order: Order) -> Iterator[Entry | Held]:
    """What is to be listed, and what is held back; the canary comes first, and only where there is something else."""
    canary = order.namespace
    for decision in decisions:
        for entry in entries(decision, terms):
            if isinstance(entry, Entry) and (why := order.stale(decision, entry.subject)):
                yield Held(decision.id, entry.subject, f"{why}; open the case again")
                continue
            if isinstance(entry, Entry) and canary:
                yield _canary(entry, terms, canary)
                canary = ""
            yield entry


def _canary(like: Entry, terms: Terms, namespace: str) -> Entry:
    """An entry that looks like another and is in a namespace of the sender's: who acts on it has this very list."""
    mark = terms.token("canary", namespace)
    subject = Ref("model", f"{namespace}/lora-{mark[:6]}")
    found = repository(subject, terms.hub)
    decision = replace(
        like.decision,
        id="",
        digests=tuple(
            Digest(digest.algorithm, hashlib.sha256(f"{mark}{digest}".encode()).hexdigest())
            for digest in like.decision.digests
        ),
        reasons=tuple(
            replace(reason, fact=reason.fact.replace(like.subject.name, subject.name))
            for reason in like.decision.reasons
        ),
    )
    return replace(
        like,
        id=terms.token("entry", mark),
        token=terms.token("subject", mark),
        subject=subject,
        repository=found,
        locators=locators(found),
        decision=decision,
        supersedes="",
    )


def _sealed(header: Header, body: Iterator[bytes], listing: _Listing, keys: Keys) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for text in chain([_json(asdict(header)) + b"\n"], body):
        digest.update(text)
        yield text
    counts = {"entries": listing.entries, "removals": listing.removed, "sha256": digest.hexdigest()}
    yield envelope.seal(KIND, _json({"list": asdict(header), **counts}), keys.signing) + b"\n"


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for text in lines:
        held.append(text)
        size += len(text)
        if size > CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode("ascii")


# ---- the sender's state ------------------------------------------------------------------------------------


def _open(state: Path, recipient: Party) -> sqlite3.Connection:
    """What this recipient was sent: the versions, and of each entry of the last one a digest."""
    path = state / f"{recipient.name}.sqlite"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        sent = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        sent.execute("PRAGMA synchronous = EXTRA")
        sent.execute("PRAGMA cache_size = -65536")
        sent.execute("CREATE TABLE IF NOT EXISTS list (version INTEGER PRIMARY KEY, issued_at TEXT, expires_at TEXT)")
        sent.execute(
            "CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, digest BLOB, version INTEGER, decision TEXT) "
            "WITHOUT ROWID"
        )
        sent.execute("CREATE INDEX IF NOT EXISTS of_decision ON entry (decision)")
        sent.execute("CREATE TABLE IF NOT EXISTS recipient (age TEXT PRIMARY KEY)")
    except (OSError, sqlite3.Error) as error:
        raise SealError(f"{path}: the state of what was sent cannot be opened ({error}); restore it") from error
    return sent


def _last(sent: sqlite3.Connection, recipient: Party, now: str) -> int:
    """The last version that was made for this recipient, 0 for none."""
    sent.execute(
        "INSERT OR IGNORE INTO recipient SELECT ? WHERE NOT EXISTS (SELECT * FROM recipient)", (recipient.age,)
    )
    if sent.execute("SELECT age FROM recipient").fetchone() != (recipient.age,):
        raise SealError(
            f"{recipient.name}: had another age key before; make sure that the new card is theirs, "
            "and give a new recipient another name"
        )
    row = sent.execute("SELECT version, issued_at FROM list ORDER BY version DESC LIMIT 1").fetchone()
    if row is None:
        return 0
    if now < row[1]:
        raise SealError(f"the clock says {now}, and version {row[0]} was made at {row[1]}: set the clock right")
    return int(row[0])


@contextmanager
def _private_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file beside ``path``, mode 0600, which is gone afterwards unless it was renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=".building-", delete=False)  # noqa: SIM115
    except OSError as error:
        raise UsageError(f"{path.parent}: cannot hold a list: {error.strerror}; name another --out") from error
    try:
        with file:
            yield file
    finally:
        with suppress(FileNotFoundError):
            os.unlink(file.name)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
