"""Build a sealed list for one recipient: a whole one, or what changed since the last one, removals first.

A decrypted list is lines of JSON: the header (:class:`DeindexListHeader`), the consistency proofs of the ledger (see
:mod:`auditor.deindex.proofs`), removals, entries, and at the end a DSSE envelope whose payload repeats the
header with the counts and the SHA-256 of all lines before it. So it is written and read as a stream, and a recipient
uses nothing of it before the signature is verified.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from auditor.deindex.canary import Canary
from auditor.deindex.entries import (
    DeindexEntry,
    EntryContext,
    HeldBack,
    build_entries,
    entry_json,
    entry_line,
    explain_decision,
    removal_line,
)
from auditor.deindex.hubs import DEFAULT_HUB, Hub, shipped_hubs
from auditor.deindex.list_header import LIST_PAYLOAD_TYPE, LIST_SCHEMA, DeindexListHeader, header_to_json
from auditor.deindex.list_lines import to_json_line
from auditor.deindex.party_cards import Party
from auditor.deindex.party_keys import Keys
from auditor.deindex.proofs import Prover
from auditor.deindex.sent_state import (
    consistency_lines,
    last_version,
    open_sent_state,
    previous_canary_decision,
    require_same_ledger,
)
from auditor.deindex.temporary_file import temporary_file_beside
from auditor.disk_sync import sync_folder
from auditor.errors import SealError, UsageError
from auditor.model import Ref
from auditor.printable import csv_cell, printable
from auditor.review.review_types import Decision
from auditor.sealing import encryption, envelope
from auditor.timestamps import format_time

MAX_LIST_DAYS = 30  # a longer life would let overturned decisions go on being acted on


_COUNTRY = re.compile(r"[A-Z]{2}")


ENTRIES_PER_QUERY = 1000  # of the record of what was sent
ENCRYPTION_CHUNK_BYTES = 1 << 18


CSV_COLUMNS = ("entry", "action", "match", "pattern", "letter_case", "kind", "name", "explanation", "expires_at")


PLAIN_CSV_WARNING = (
    "lists what should not be found; it is readable by anyone, unsigned, and never expires: delete it after use"
)


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What was built.

    ``canary`` is the one repository of this list that no decision is about, if a canary was asked for.
    """

    path: Path
    header: DeindexListHeader
    entries: int
    removed: int
    held: tuple[HeldBack, ...]
    canary: Ref | None = None


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a list is to be built.

    ``stale`` returns why a decision no longer fits one of its subjects, or "". ``namespace`` is an owner name that the
    sender holds: a canary there harms nobody. ``decision_count`` is how many decisions there are at most; the canary
    stands beside a random one. ``version`` is the smallest version to use, and ``grown_from`` are ledger sizes that a
    recipient remembers: both are for a sender who lost the record of sent lists. ``countries`` (ISO 3166-1 alpha-2) are
    where the decisions hold, none means everywhere; ``legal_ground`` is the law that they follow from.
    ``clearance`` returns why the facts of the decision with an id are no ground to act again, or "".
    """

    days: int = 7
    delta: bool = False
    interim: bool = False
    source: str = ""
    namespace: str = ""
    decision_count: int = 1
    version: int = 1
    grown_from: tuple[int, ...] = ()
    countries: tuple[str, ...] = ()
    legal_ground: str = ""
    stale: Callable[[Decision, Ref], str] = field(default=lambda decision, subject: "")
    hubs: Mapping[str, Hub] = field(default_factory=shipped_hubs)
    clearance: Callable[[str], str] = field(default=lambda decision: "")


def build_list(
    decisions: Iterable[Decision],
    recipient: Party,
    keys: Keys,
    out: Path,
    state: Path,
    now: str,
    order: BuildOptions,
    prover: Prover,
) -> BuildResult:
    """Build a de-index list: seal the decisions in force for one recipient in a new file in the folder `out`.

    Nothing becomes visible, and nothing is remembered, unless all of it was written.

    Args:
        decisions: Decisions of the ledger that `prover` proves; only approved ones that are in force are listed.
        recipient: Whose age key the list is encrypted for.
        keys: The sender's keys.
        out: Where the list goes.
        state: The sender's folder, which remembers each recipient's last version and its entries.
        now: The current time, ISO 8601.
        order: How the list is to be built.
        prover: Proves the place of each decision in the ledger.

    Raises:
        UsageError: An option is out of range, or the file cannot be written.
        SealError: The state or the ledger cannot be used.
    """
    envelope.require_sealing_libraries()
    if recipient.first.ed25519 == keys.card.first.ed25519 or recipient.age == keys.card.age:
        raise UsageError(
            f"{recipient.name}: is your own card; a list is built with the card that its recipient gave you"
        )
    if strange := [code for code in order.countries if not _COUNTRY.fullmatch(code)]:
        raise UsageError(f"--country {printable(strange[0])}: write the two capital letters of ISO 3166, such as DE")
    if not 1 <= order.days <= MAX_LIST_DAYS:
        raise UsageError(f"--days {order.days}: a list is valid for 1 to {MAX_LIST_DAYS} days")
    for size in order.grown_from:
        if not 0 < size <= prover.size:
            raise UsageError(f"--grown-from {size}: the ledger has {prover.size:,} events; was it cut back?")
    if order.namespace and not order.hubs[DEFAULT_HUB].allows_name(f"{order.namespace}/model"):
        raise UsageError(
            f"--canary {printable(order.namespace)!r}: is not a valid owner name at the hub; use one that you control"
        )
    try:
        with closing(open_sent_state(state, recipient)) as sent, sent:
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
    order: BuildOptions,
    prover: Prover,
) -> BuildResult:
    """Build the next version of a recipient's list, and record what they were sent."""
    sent.execute("BEGIN IMMEDIATE")
    last = last_version(sent, recipient, now)
    require_same_ledger(sent, recipient, prover)
    if order.delta and not last:
        raise UsageError(f"{recipient.name}: was sent no list yet that a delta could change; build a whole list first")
    version = max(last + 1, order.version)
    until = format_time(datetime.fromisoformat(now) + timedelta(days=order.days))
    header = DeindexListHeader(
        LIST_SCHEMA, keys.card, recipient, version, last if order.delta else 0, now, until, prover.log
    )
    listing = _ListBody(sent, version, _entry_context(keys, recipient, now, order), order, decisions, prover)
    path = out / f"{keys.card.name}-{recipient.name}-{version:06}.{'delta' if order.delta else 'list'}.age"
    with temporary_file_beside(path) as file:
        body = chain(
            consistency_lines(sent, prover, order.grown_from), listing.changes() if order.delta else listing.lines()
        )
        encryption.encrypt(_join_chunks(_signed_lines(header, body, listing, keys)), file, recipient.age)
        if not order.delta and not listing.entries:
            raise UsageError(
                f"no decision in force can be listed for {recipient.name} ({len(listing.held):,} held back), so no "
                "list was made; to take back what an earlier list has, build with --delta"
            )
        file.flush()
        os.fsync(file.fileno())
        sent.execute("DELETE FROM entry WHERE version < ?", (version,))
        sent.execute(
            "INSERT OR REPLACE INTO list VALUES (?, ?, ?, ?, ?)",
            (version, now, until, prover.size, prover.checkpoint.root),
        )
        # Committed before the file is visible: a version is never used twice, though one may be missing.
        sent.commit()
        os.replace(file.name, path)
    sync_folder(out)
    return BuildResult(path, header, listing.entries, listing.removed, tuple(listing.held), listing.canary.subject)


def build_plain_csv(
    decisions: Iterable[Decision], recipient: Party, keys: Keys, out: Path, now: str, order: BuildOptions
) -> int:
    """Build a list without sealing: write the patterns of all entries as CSV with mode 0600, which never expires.

    Return the number of rows.
    """
    rows = 0
    with temporary_file_beside(out) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow(CSV_COLUMNS)
        terms = _entry_context(keys, recipient, now, order)
        for entry in _list_entries(decisions, terms, order, Canary(terms, order.namespace, order.decision_count)):
            if isinstance(entry, DeindexEntry):
                made, found, decision = entry.locators, entry.repository, entry.decision
                rest = (made.letter_case, found.kind, found.name, explain_decision(decision), decision.expires_at)
                for match, paths in (("exact", made.exact), ("prefix", made.prefix)):
                    for pattern in (host + path for host in made.hosts for path in paths):
                        table.writerow(map(csv_cell, (entry.id, decision.verdict, match, pattern, *rest)))
                        rows += 1
        text.detach()
        os.replace(file.name, out)
    return rows


def _entry_context(keys: Keys, recipient: Party, now: str, order: BuildOptions) -> EntryContext:
    """Return the context in which the entries of a de-index list are built."""
    source = order.source or keys.card.name
    return EntryContext(
        keys.secret,
        recipient.first.age,
        now,
        source,
        keys.card.appeals,
        interim=order.interim,
        countries=order.countries,
        legal_ground=order.legal_ground,
        hubs=order.hubs,
    )


class _ListBody:
    """Write the body of one list line by line, count the lines, and record each entry."""

    def __init__(
        self,
        sent: sqlite3.Connection,
        version: int,
        terms: EntryContext,
        order: BuildOptions,
        decisions: Iterable[Decision],
        prover: Prover,
    ) -> None:
        self.sent, self.version, self.terms, self.order, self.decisions = sent, version, terms, order, decisions
        self.prover = prover
        self.entries = self.removed = 0
        self.held: list[HeldBack] = []
        self.canary = Canary(
            terms, order.namespace, order.decision_count, previous_canary_decision(sent, order.namespace)
        )

    def lines(self) -> Iterator[bytes]:
        """Yield every entry, then a removal of each entry of earlier lists that is cleared."""
        for text, _ in self._current():
            self.entries += 1
            yield text
        for _ in self._removals():
            pass
        for entry, decision in self.sent.execute("SELECT id, decision FROM cleared ORDER BY id"):
            if clearance := self.order.clearance(decision):
                self.removed += 1
                yield removal_line(entry, clearance)

    def changes(self) -> Iterator[bytes]:
        """Yield removals of entries that are no longer listed, then entries that are new or changed."""
        with tempfile.TemporaryFile() as changed:  # has no name, and is deleted when it is closed
            for text, known in self._current():
                if not known:
                    self.entries += 1
                    changed.write(text)
            for text in self._removals():
                self.removed += 1
                yield text
            changed.seek(0)
            yield from changed

    def _removals(self) -> Iterator[bytes]:
        """Yield a removal of each entry of the last list that is no longer listed; remember those that are cleared."""
        gone = "SELECT id, decision FROM entry WHERE version < ? ORDER BY id"
        for entry, decision in self.sent.execute(gone, (self.version,)):
            clearance = self.order.clearance(decision)
            if clearance:
                self.sent.execute("INSERT OR REPLACE INTO cleared VALUES (?, ?)", (entry, decision))
            yield removal_line(entry, clearance)

    def _current(self) -> Iterator[tuple[bytes, bool]]:
        """Yield the line of each entry, and whether the last list had the same entry."""
        entries = self._entries()
        while batch := list(islice(entries, ENTRIES_PER_QUERY)):
            sent = self._read_sent([entry.id for entry in batch])
            rows = []
            for entry in batch:
                said, decision = entry_json(entry), entry.decision
                digest = hashlib.sha256(said + f"{decision.index} {decision.leaf}".encode()).digest()[:16]
                before = sent.get(entry.id)
                if before is not None and before[1] == self.version:
                    continue  # a recipient refuses a list that has the same entry twice
                known = before is not None and before[0] == digest
                since, size = before[2:] if before is not None and known else (self.version, self.prover.size)
                sent[entry.id] = digest, self.version, since, size
                rows.append((entry.id, digest, self.version, decision.id, since, size))
                yield entry_line(said, since, self.prover.prove(decision, size)), known
            self.sent.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _read_sent(self, entries: list[str]) -> dict[str, tuple[bytes, int, int, int]]:
        """Return digest, last version, first version and ledger size of those entries that earlier lists had."""
        asked = "SELECT id, digest, version, since, size FROM entry WHERE id IN (SELECT value FROM json_each(?))"
        return {row[0]: row[1:] for row in self.sent.execute(asked, (json.dumps(entries),))}

    def _entries(self) -> Iterator[DeindexEntry]:
        """Yield the entries of the list; keep what is held back, and record beside which decision the canary stands."""
        for entry in _list_entries(self.decisions, self.terms, self.order, self.canary):
            if isinstance(entry, HeldBack):
                self.held.append(entry)
            else:
                yield entry
        if self.order.namespace:
            self.sent.execute("INSERT OR REPLACE INTO canary VALUES (?, ?)", (self.order.namespace, self.canary.beside))


def _list_entries(
    decisions: Iterable[Decision], terms: EntryContext, order: BuildOptions, canary: Canary
) -> Iterator[DeindexEntry | HeldBack]:
    """Yield the built list's entries and those held back, with the canary only if there is another entry."""
    for decision in decisions:
        for entry in build_entries(decision, terms):
            if isinstance(entry, DeindexEntry) and (why := order.stale(decision, entry.subject)):
                yield HeldBack(decision.id, entry.subject, f"{why}; open the case again")
                continue
            if isinstance(entry, DeindexEntry):
                yield from canary.before(entry)
            yield entry
    yield from canary.at_end()


def _signed_lines(header: DeindexListHeader, body: Iterator[bytes], listing: _ListBody, keys: Keys) -> Iterator[bytes]:
    """Yield the lines of the list that is built, and last its signed envelope."""
    digest = hashlib.sha256()
    for text in chain([to_json_line(header_to_json(header)) + b"\n"], body):
        digest.update(text)
        yield text
    counts = {"entries": listing.entries, "removals": listing.removed, "sha256": digest.hexdigest()}
    yield (
        envelope.sign_envelope(
            LIST_PAYLOAD_TYPE, to_json_line({"list": header_to_json(header), **counts}), keys.signing
        )
        + b"\n"
    )


def _join_chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join the lines of the list that is built into chunks of ENCRYPTION_CHUNK_BYTES."""
    held: list[bytes] = []
    size = 0
    for text in lines:
        held.append(text)
        size += len(text)
        if size > ENCRYPTION_CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
