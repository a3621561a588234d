"""Builds a sealed list for one recipient: whole, or what changed since the last one, removals first.

A list, decrypted, is lines of JSON: what it is (:class:`Header`), what its entries' proofs rest on (see
:mod:`auditor.deindex.inclusion_proofs`), removals, entries, and at the end a DSSE envelope whose payload repeats the
first line with the counts and the SHA-256 of all that stands before it. So it is written and read as a stream, and
nothing counts until the signature does.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO

from auditor.deindex.entries import Entry, Held, Terms, copy, entries, form, line, removal
from auditor.deindex.inclusion_proofs import Log, Prover
from auditor.deindex.locators import DEFAULT, Hub, shipped_hubs
from auditor.deindex.parties import Keys, Party
from auditor.errors import SealError, UsageError
from auditor.model import Ref
from auditor.printable import csv_cell, printable
from auditor.review.decisions import Decision
from auditor.review.ledger import Ledger
from auditor.review.timestamps import format_time
from auditor.sealing import encryption, envelope

KIND = "application/vnd.provenance-auditor.deindex-list+json"
SCHEMA = "deindex-list/2"
DAYS = 30  # a list lives no longer: what is overturned must not go on being acted on
CHUNK = 1 << 18
PATIENCE = 5.0  # seconds to wait for another build for the same recipient
RECORDED = 10_000  # decisions that the ledger is told of at once
SIZES = 1000  # of the ledger, at earlier lists, that a list is tied to besides those that its entries refer to
COLUMNS = ("entry", "action", "match", "pattern", "letter_case", "kind", "name", "explanation", "expires_at")
WARNING = (
    "is a directory of what nobody should find: readable by anyone, unsigned, and it never expires; delete it as soon "
    "as it was used"
)


@dataclass(frozen=True, slots=True)
class Header:
    """A list's first line. ``base`` is the version that a delta changes, 0 for a whole list.

    ``log`` is the sender's ledger as it stands: what entries say of its events is proven against it.
    """

    schema: str
    sender: Party
    recipient: Party
    version: int
    base: int
    issued_at: str
    expires_at: str
    log: Log


@dataclass(frozen=True, slots=True)
class Built:
    """``canary`` is the one repository of this list that no decision is about, where one was asked for."""

    path: Path
    header: Header
    entries: int
    removed: int
    held: tuple[Held, ...]
    canary: Ref | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What list is to be made. ``stale`` says why a decision no longer fits a subject of it, "" where it does.

    ``namespace`` is an owner's name that the sender holds: a canary is listed there, where it harms no one.
    ``about`` is how many decisions there may be; a canary stands beside any of them. ``version`` is the least
    version, and ``grown_from`` sizes that a recipient knows the ledger by, for when the sender's state was lost.
    """

    days: int = 7
    delta: bool = False
    interim: bool = False
    source: str = ""
    namespace: str = ""
    about: int = 1
    version: int = 1
    grown_from: tuple[int, ...] = ()
    stale: Callable[[Decision, Ref], str] = field(default=lambda decision, subject: "")
    hubs: Mapping[str, Hub] = field(default_factory=shipped_hubs)


def build(
    decisions: Iterable[Decision],
    recipient: Party,
    keys: Keys,
    out: Path,
    state: Path,
    now: str,
    order: Order,
    prover: Prover,
) -> Built:
    """Seal the standing, approved decisions for one recipient into a new file in the folder ``out``.

    ``state`` is the sender's folder: it remembers each recipient's last version and what was in it. ``prover``
    proves decisions of the ledger they are from, all of them among its events. Raises SealError, UsageError.
    Nothing becomes visible or is remembered unless all of it was written.
    """
    envelope.require_sealing_libraries()
    if not 1 <= order.days <= DAYS:
        raise UsageError(f"--days {order.days}: a list lives 1 to {DAYS} days")
    for size in order.grown_from:
        if not 0 < size <= prover.size:
            raise UsageError(f"--grown-from {size}: the ledger has {prover.size:,} events; was it cut back?")
    if order.namespace and not order.hubs[DEFAULT].allows(f"{order.namespace}/model"):
        raise UsageError(f"--canary {printable(order.namespace)!r}: can be no owner at the hub; name one that you hold")
    try:
        with closing(_open(state, recipient)) as sent, sent:
            return _build(sent, decisions, recipient, keys, out, now, order, prover)
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
    prover: Prover,
) -> Built:
    sent.execute("BEGIN IMMEDIATE")
    last = _last(sent, recipient, now)
    _same_ledger(sent, recipient, prover)
    if order.delta and not last:
        raise UsageError(f"{recipient.name}: has no list yet that could change; build a whole one first")
    version = max(last + 1, order.version)
    until = format_time(datetime.fromisoformat(now) + timedelta(days=order.days))
    header = Header(SCHEMA, keys.card, recipient, version, last if order.delta else 0, now, until, prover.log)
    listing = _Listing(sent, version, _terms(keys, recipient, now, order), order, decisions, prover)
    path = out / f"{keys.card.name}-{recipient.name}-{version:06}.{'delta' if order.delta else 'list'}.age"
    with _private_file(path) as file:
        body = chain(_grown(sent, prover, order.grown_from), listing.changes() if order.delta else listing.lines())
        encryption.encrypt(_chunks(_sealed(header, body, listing, keys)), file, recipient.age)
        file.flush()
        os.fsync(file.fileno())
        sent.execute("DELETE FROM entry WHERE version < ?", (version,))
        sent.execute(
            "INSERT OR REPLACE INTO list VALUES (?, ?, ?, ?, ?)",
            (version, now, until, prover.size, prover.checkpoint.root),
        )
        # Remembered before it can be seen: a version is never given twice, though one may be missing.
        sent.commit()
        os.replace(file.name, path)
    _sync(out)
    return Built(path, header, listing.entries, listing.removed, tuple(listing.held), listing.canary.subject)


def plain_csv(decisions: Iterable[Decision], recipient: Party, keys: Keys, out: Path, now: str, order: Order) -> int:
    """Write the patterns of all entries as a table of mode 0600, neither sealed nor expiring; how many rows."""
    rows = 0
    with _private_file(out) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        terms = _terms(keys, recipient, now, order)
        for entry in _listed(decisions, terms, order, _Canary(terms, order)):
            if isinstance(entry, Entry):
                made, found, decision = entry.locators, entry.repository, entry.decision
                rest = (made.letter_case, found.kind, found.name, decision.explanation, decision.expires_at)
                for match, paths in (("exact", made.exact), ("prefix", made.prefix)):
                    for pattern in (host + path for host in made.hosts for path in paths):
                        table.writerow(map(csv_cell, (entry.id, decision.verdict, match, pattern, *rest)))
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
    return Terms(keys.secret, recipient.age, now, source, keys.card.appeals, interim=order.interim, hubs=order.hubs)


class _Listing:
    """The body of one list, line by line; counts, and remembers what each entry was."""

    def __init__(
        self,
        sent: sqlite3.Connection,
        version: int,
        terms: Terms,
        order: Order,
        decisions: Iterable[Decision],
        prover: Prover,
    ) -> None:
        self.sent, self.version, self.terms, self.order, self.decisions = sent, version, terms, order, decisions
        self.prover = prover
        self.entries = self.removed = 0
        self.held: list[Held] = []
        self.canary = _Canary(terms, order, _beside(sent, order.namespace) if order.namespace else "")

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
            said, decision = form(entry), entry.decision
            digest = hashlib.sha256(said + f"{decision.index} {decision.leaf}".encode()).digest()[:16]
            row = self.sent.execute(
                "SELECT digest, version, since, size FROM entry WHERE id = ?", (entry.id,)
            ).fetchone()
            if row is not None and row[1] == self.version:
                continue  # the same decision twice would make a list that its recipient refuses
            known = row is not None and row[0] == digest
            since, size = row[2:] if known else (self.version, self.prover.size)
            self.sent.execute(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)",
                (entry.id, digest, self.version, decision.id, since, size),
            )
            yield line(said, since, self.prover.of(decision, size)), known

    def _entries(self) -> Iterator[Entry]:
        for entry in _listed(self.decisions, self.terms, self.order, self.canary):
            if isinstance(entry, Held):
                self.held.append(entry)
            else:
                yield entry
        if self.order.namespace:
            self.sent.execute("INSERT OR REPLACE INTO canary VALUES (?, ?)", (self.order.namespace, self.canary.beside))


def _listed(decisions: Iterable[Decision], terms: Terms, order: Order, canary: _Canary) -> Iterator[Entry | Held]:
    """What is to be listed, and what is held back; a canary only where there is something else."""
    for decision in decisions:
        for entry in entries(decision, terms):
            if isinstance(entry, Entry) and (why := order.stale(decision, entry.subject)):
                yield Held(decision.id, entry.subject, f"{why}; open the case again")
                continue
            if isinstance(entry, Entry):
                yield from canary.before(entry)
            yield entry
    yield from canary.at_last()


class _Canary:
    """An entry in a namespace of the sender's, where it harms no one: who acts on it has this very list.

    No decision is about it, so it stands after the entries of one as a copy of the same weights would: with its
    words, digests, place in the ledger and proof, and an id made in the same way. Within a list nothing tells it
    from a copy, and it goes when that decision goes; it stands beside any one of the decisions, chosen by chance.
    Who has the lists of two recipients, or looks at the repository itself and finds other weights there, can tell.
    """

    def __init__(self, terms: Terms, order: Order, beside: str = "") -> None:
        self.terms, self.namespace = terms, order.namespace
        self.beside = beside  # the decision it stood by in the last list
        self.subject: Ref | None = None
        self._wait = 0 if beside else secrets.randbelow(max(order.about, 1))
        self._last: Entry | None = None

    def before(self, entry: Entry) -> Iterator[Entry]:
        """The canary, once the entries of its decision are through and before those of the next one."""
        if self.namespace and self._last and self._last.decision.id != entry.decision.id:
            if self._last.decision.id == self.beside or (not self.beside and not self._wait):
                yield from self.at_last()
            self._wait -= 1
        self._last = entry

    def at_last(self) -> Iterator[Entry]:
        """The canary by the decision before, which is the last one where the one it stood by is gone."""
        if self.namespace and self._last and not self.subject:
            made = copy(self._last, self.namespace, self.terms)
            self.beside, self.subject = made.decision.id, made.subject
            yield made


def _sealed(header: Header, body: Iterator[bytes], listing: _Listing, keys: Keys) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for text in chain([_json(asdict(header)) + b"\n"], body):
        digest.update(text)
        yield text
    counts = {"entries": listing.entries, "removals": listing.removed, "sha256": digest.hexdigest()}
    yield envelope.sign_envelope(KIND, _json({"list": asdict(header), **counts}), keys.signing) + b"\n"


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


_TABLES = {
    "list": (
        ("version INTEGER PRIMARY KEY", "issued_at TEXT", "expires_at TEXT"),
        ("size INTEGER NOT NULL DEFAULT 0", "root BLOB NOT NULL DEFAULT x''"),
    ),
    "entry": (
        ("id TEXT PRIMARY KEY", "digest BLOB", "version INTEGER", "decision TEXT"),
        ("since INTEGER NOT NULL DEFAULT 0", "size INTEGER NOT NULL DEFAULT 0"),
    ),
    "recipient": (("age TEXT PRIMARY KEY",), ()),
    "canary": (("namespace TEXT PRIMARY KEY", "decision TEXT"), ()),
}


def _open(state: Path, recipient: Party) -> sqlite3.Connection:
    """What this recipient was sent: the versions, and of each entry of the last one a digest of what it says.

    With each version stands the ledger's size and root; with each entry since which version, and since which size of
    the ledger, it has said just this.
    """
    path = state / f"{recipient.name}.sqlite"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        sent = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        sent.execute("PRAGMA synchronous = EXTRA")
        sent.execute("PRAGMA cache_size = -65536")
        for table, (columns, added) in _TABLES.items():
            sent.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join((*columns, *added))}) WITHOUT ROWID")
            known = {row[1] for row in sent.execute(f"PRAGMA table_info({table})")}
            for column in added:  # what was remembered before lists carried proofs stays
                if column.split()[0] not in known:
                    sent.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        sent.execute("CREATE INDEX IF NOT EXISTS of_decision ON entry (decision)")
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


def _same_ledger(sent: sqlite3.Connection, recipient: Party, prover: Prover) -> None:
    """The ledger must be the one that the last list was built from, grown or not: a recipient refuses any other."""
    row = sent.execute("SELECT version, size, root FROM list WHERE size > 0 ORDER BY version DESC LIMIT 1").fetchone()
    if row is not None and (row[1] > prover.size or prover.root(row[1]) != row[2]):
        raise SealError(
            f"version {row[0]} for {recipient.name} was built from a ledger of {row[1]:,} events that this one of "
            f"{prover.size:,} does not begin with: use that ledger, or restore it from its last export"
        )


def _grown(sent: sqlite3.Connection, prover: Prover, more: Iterable[int]) -> Iterator[bytes]:
    """What ties the ledger at earlier lists, and at ``more`` sizes, to the ledger now."""
    rows = sent.execute(
        "SELECT size FROM entry WHERE size BETWEEN 1 AND :before UNION SELECT * FROM (SELECT DISTINCT size FROM list "
        "WHERE size BETWEEN 1 AND :before ORDER BY size DESC LIMIT :most)",
        {"before": prover.size - 1, "most": SIZES},
    )
    for size in sorted({size for (size,) in rows} | {*more} - {prover.size}):
        yield prover.grown(size)


def _beside(sent: sqlite3.Connection, namespace: str) -> str:
    """The decision by which the last list had its canary, or any one of that list; "" where there was none."""
    for asked in (
        "SELECT decision FROM canary WHERE namespace = ? AND decision IN (SELECT decision FROM entry)",
        "SELECT decision FROM entry WHERE decision <> '' ORDER BY random() LIMIT 1",
    ):
        if row := sent.execute(asked, (namespace,) * asked.count("?")).fetchone():
            return str(row[0])
    return ""


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
