"""The ledger: every event of every case, in one file that cannot be rewritten unnoticed.

A folder (mode 0700) holds ``ledger.sqlite``, ``signing.key`` (0600), ``public.key`` and ``reviewers.toml``.
An event is one line of canonical JSON that names the hash of the event before it. The lines are the leaves of a
Merkle tree (RFC 6962), and every transaction ends with a signed checkpoint over all of them. A leaf holds a reviewer's
words and name only as salted digests, so that a recipient of a list can verify it without reading them; see
:func:`auditor.review.ledger_entries.redact_entry`. The tables that make the queue fast are derived from the lines.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from auditor import __version__, timestamps
from auditor.disk_sync import sync_folder
from auditor.errors import SealError, UsageError
from auditor.review import case_groups, case_transitions, checkpoints, reviewers
from auditor.review.blind_review import hide_events, hide_opinions
from auditor.review.case_groups import GroupSummary
from auditor.review.case_index import find_cases
from auditor.review.case_state import CaseState
from auditor.review.check_cases import find_check_case
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger_entries import (
    LEDGER_FORMAT,
    NAMES_FORMAT,
    WORDS_FORMAT,
    check_general_event,
    decode_entry,
    encode_entry,
    text_to_sign,
)
from auditor.review.ledger_events import LedgerAction, LedgerEvent
from auditor.review.ledger_schema import GROUP_TABLE, LEDGER_SCHEMA, lacks_group_table, schema_differences
from auditor.review.ledger_storage import (
    LEDGER_FILE,
    connect,
    decode_stored_entry,
    errors_name_ledger,
    insert_entry,
    read_case_states,
    read_nodes,
    write_transaction,
)
from auditor.review.queue import QueuePage, QueueQuery, read_queue_page, update_groups, update_queue
from auditor.review.review_types import Decision, Verdict
from auditor.review.reviewer_keys import ReviewerKeys
from auditor.review.verified_state import is_verified, write_verified
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey, decode_public_key, encode_public_key
from auditor.timestamps import add_time

KEY_FILE = "signing.key"


PUBLIC_KEY_FILE = "public.key"


# A network time correction may step the clock back so far; until it catches up, events get the last time.
MAX_CLOCK_STEP_SECONDS = 5


class Ledger:
    """A ledger that :meth:`open` opened.

    A context manager. ``clock`` returns the time as ISO 8601; tests replace it.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, clock: Callable[[], str]) -> None:
        self.folder = folder
        self.database = database
        self._clock = clock
        first = self._event(0)
        if first is None or first.kind != "begun":
            raise SealError(f"{folder / LEDGER_FILE}: its first event is missing; restore it from an export")
        if first.data["format"] > LEDGER_FORMAT:
            raise SealError(
                f"{folder / LEDGER_FILE}: was written by a newer auditor; this one reads format {LEDGER_FORMAT}"
            )
        self.format = int(first.data["format"])
        self.origin = f"auditor/ledger/{first.data['ledger']}"
        self.public = decode_public_key(first.data["key"])
        self.signers: dict[str, SigningKey] = {}  # keys of the reviewers for whom this process records
        self._signed = "", Checkpoint(self.origin, 0, b"")  # the last note whose signature was verified

    # Opening

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, clock: Callable[[], str] = timestamps.current_time) -> Ledger:
        """Create a ledger and a signing key in a folder that has none. Raises :class:`UsageError`."""
        folder = Path(path)
        if (folder / LEDGER_FILE).exists():
            raise UsageError(f"{folder}: holds a ledger already")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(f"{folder}: cannot hold a ledger: {error.strerror}; name another folder") from error
        key = (
            SigningKey.load(folder / KEY_FILE) if (folder / KEY_FILE).exists() else SigningKey.create(folder / KEY_FILE)
        )
        first = {"ledger": secrets.token_hex(8), "key": encode_public_key(key.public), "format": LEDGER_FORMAT}
        body = encode_entry(0, clock(), reviewers.PROGRAM_ACTOR, "begun", "", {**first, "version": __version__}, "")
        note = Checkpoint(f"auditor/ledger/{first['ledger']}", 1, merkle.hash_leaf(body.encode())).sign(key)
        ledger = cls.build(folder, [body], [note], clock=clock)
        write_verified(ledger)
        return ledger

    @classmethod
    def build(cls, folder: Path, bodies: Iterable[str], note: Sequence[str], *, clock: Callable[[], str]) -> Ledger:
        """Write a ledger of these entries, which appears in its folder only once it is complete.

        Args:
            folder: The ledger's folder.
            bodies: The entries, read once.
            note: A list whose last item is the signed checkpoint, available when the entries are exhausted.
            clock: Returns the current time.
        """
        part = folder / f"{LEDGER_FILE}.part"
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(connect(part)) as database, write_transaction(folder / LEDGER_FILE, database):
            for statement in LEDGER_SCHEMA.values():
                database.execute(statement)
            for number, body in enumerate(bodies):
                insert_entry(database, number, body, decode_entry(body).leaf)
            size = database.execute("SELECT count(*) FROM events").fetchone()[0]
            database.execute("INSERT INTO checkpoints VALUES (?, ?)", (size, note[-1]))
            for state in read_case_states(database, size, folder / LEDGER_FILE):
                update_queue(database, state)
        os.replace(part, folder / LEDGER_FILE)
        sync_folder(folder)
        ledger = cls.open(folder, clock=clock)
        (folder / PUBLIC_KEY_FILE).write_text(encode_public_key(ledger.public) + "\n", encoding="ascii")
        return ledger

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, clock: Callable[[], str] = timestamps.current_time) -> Ledger:
        """Open the ledger of a folder.

        Raises :class:`UsageError` if there is none, :class:`SealError` if it is damaged.
        """
        folder = Path(path)
        if not (folder / LEDGER_FILE).is_file():
            raise UsageError(f"{folder}: holds no ledger; `auditor review init` makes one")
        database = connect(folder / LEDGER_FILE)
        try:
            with errors_name_ledger(folder / LEDGER_FILE):
                wrong = schema_differences(database)
                if lacks_group_table(database) and len(wrong) == 1:
                    cls(folder, database, clock)._add_group_table()
                elif wrong:
                    raise SealError(f"{folder / LEDGER_FILE}: {wrong[0]}; restore it from an export")
                return cls(folder, database, clock)
        except BaseException:
            database.close()
            raise

    def _add_group_table(self) -> None:
        """Add the table of groups to a ledger from before it existed, from every entry, each verified."""
        verified = is_verified(self)
        with write_transaction(self.folder / LEDGER_FILE, self.database):
            if not lacks_group_table(self.database):
                return  # another process has just added it
            self.database.execute(LEDGER_SCHEMA[GROUP_TABLE])
            for state in self.states():
                update_groups(self.database, state)
        if verified:
            write_verified(self)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger's file."""
        self.database.close()

    # Reading

    @property
    def now(self) -> str:
        """The current time, never before the last event: a clock set back does not revive an expired decision."""
        return max(self._clock(), self.last_event().time)

    def machine_time(self) -> str:
        """Return what this machine's clock says, which may be before the last event."""
        return self._clock()

    @property
    def size(self) -> int:
        """The number of events."""
        return self.last_event().number + 1

    def state(self, case: str) -> CaseState:
        """Return a case after all its events, including opinions that :meth:`blinded_state` hides.

        Raises:
            UsageError: There is no such case, or an event is not allowed.
            SealError: An event was changed.
        """
        with errors_name_ledger(self.folder / LEDGER_FILE):
            return case_transitions.replay_events(self._case_events(case))

    def blinded_state(self, case: str) -> CaseState:
        """Return a case as anyone may see it: no opinion is shown before a second reviewer has spoken."""
        return hide_opinions(self.state(case))

    def history(self, case: str) -> tuple[LedgerEvent, ...]:
        """Return a case's events; those of opinions that still need a second one have no content."""
        events = self._case_events(case)
        state = case_transitions.replay_events(events)
        return hide_events(events, state)

    def _case_events(self, case: str) -> tuple[LedgerEvent, ...]:
        """Return the verified events of a case; of a known innocent, which the ledger itself does not hold, its one."""
        events = tuple(self._events(case))
        known = None if events else find_check_case(self.folder, case)
        return (known.event,) if known else events

    def states(self, size: int = 0) -> Iterator[CaseState]:
        """Yield every case in order of ids, after the first ``size`` events, or all of them (0).

        Each entry is verified against the signed root as it is read, and at the end that none is missing.

        Raises:
            SealError: An entry was changed or is missing.
        """
        with errors_name_ledger(self.folder / LEDGER_FILE):
            signed = self._verify_tree()
            size = min(size or signed, signed)
            # Only what was signed at the start: others may go on recording meanwhile.
            of_none = "SELECT count(*) FROM events WHERE case_id = '' AND number < ?"
            (read,) = self.database.execute(of_none, (size,)).fetchone()
            for state in read_case_states(self.database, size, self.folder / LEDGER_FILE):
                yield state
                read += state.event_count
            if read != size:
                raise SealError(f"{self.folder / LEDGER_FILE}: events are missing; run `auditor review verify`")

    def decisions(self) -> Iterator[Decision]:
        """Yield every decision, whatever became of it, in order of cases."""
        for state in self.states():
            yield from state.decisions

    def decisions_in_force(self, now: str = "", verdicts: Sequence[Verdict] = (), size: int = 0) -> Iterator[Decision]:
        """Yield the decisions that are neither overturned, superseded nor expired.

        A decision that is due for review or under appeal is still in force: see :meth:`Decision.is_due_for_review`,
        :meth:`Decision.has_lapsed` and ``Decision.appeal``, and tell a person.

        Args:
            now: The time at which they must be in force; "" is now.
            verdicts: Only these verdicts; () is all.
            size: As for :meth:`states`.
        """
        now = now or self.now
        for state in self.states(size):
            for decision in state.in_force:
                if decision.is_in_force(now) and (not verdicts or decision.verdict in verdicts):
                    yield decision

    def policy(self, fingerprint: str) -> Mapping[str, Any]:
        """Return a recorded policy: profile, version, lists, and the rules' titles, reasons and references."""
        for event in self._events(""):
            if event.kind == "policy" and event.data["fingerprint"] == fingerprint:
                return event.data
        raise UsageError(f"{self.folder}: holds no policy {fingerprint[:16]!r}")

    def policies(self) -> Iterator[Mapping[str, Any]]:
        """Yield every recorded policy."""
        return (event.data for event in self._events("") if event.kind == "policy")

    def clearance(self, decision: str) -> str:
        """Return in words why the facts of the decision with this id are no ground to act again; "" if they may be.

        It was overturned on appeal, or people have decided again that no action is needed.
        """
        state = self.state(decision.rpartition("-")[0])
        if any(one.id == decision and one.status == "overturned" for one in state.decisions):
            return "overturned on appeal"
        no_action = state.phase == "approved" and any(one.verdict == "no-action" for one in state.in_force)
        return "decided again: no action is needed" if no_action else ""

    def receipts(self) -> Iterator[tuple[str, str, str]]:
        """Yield (recipient, version, time) of every recorded receipt."""
        for event in self._events(""):
            if event.kind == "receipt":
                yield event.data["recipient"], event.data["version"], event.data["at"]

    def reviewer_keys(self) -> ReviewerKeys:
        """Return which key each reviewer signs with now."""
        asked = (
            "SELECT body FROM events WHERE case_id = '' AND json_extract(body, '$.kind') IN ('enrolled', 'revoked') "
            "ORDER BY number"
        )
        keys = ReviewerKeys(self.origin, self.public)
        for (body,) in self.database.execute(asked):
            keys = keys.after(decode_stored_entry(self.folder / LEDGER_FILE, body))
        return keys

    def queue(self, query: QueueQuery = QueueQuery()) -> QueuePage:  # noqa: B008 (frozen)
        """Return a page of cases, the most urgent first."""
        with errors_name_ledger(self.folder / LEDGER_FILE):
            return read_queue_page(self.database, query, self.now)

    def groups(self, *, ground: str = "", kind: str = "") -> tuple[GroupSummary, ...]:
        """Return the groups of open cases that share a dataset, a list or a parent, the largest first."""
        with errors_name_ledger(self.folder / LEDGER_FILE):
            return case_groups.list_groups(self.database, ground, kind)

    def find_cases(self, ground: str, *, weights: str = "", name: str = "", digest: str = "") -> tuple[str, ...]:
        """Return the ids of cases with the same weights, the same subject name, or a weights file in common."""
        with errors_name_ledger(self.folder / LEDGER_FILE):
            return find_cases(self.database, ground, weights=weights, name=name, digest=digest)

    def all_events(self) -> Iterator[LedgerEvent]:
        """Yield every event in order, not verified."""
        with errors_name_ledger(self.folder / LEDGER_FILE):
            for (body,) in self.database.execute("SELECT body FROM events ORDER BY number"):
                yield decode_stored_entry(self.folder / LEDGER_FILE, body)

    def _events(self, case: str) -> Iterator[LedgerEvent]:
        """Yield a case's events, each verified against the signed checkpoint."""
        asked = "SELECT number, body FROM events WHERE case_id = ? ORDER BY number"
        rows = self.database.execute(asked, (case,)).fetchall()
        signed = self.checkpoint()  # read after the events, so that it also covers what others have recorded meanwhile
        for number, body in rows:
            event = decode_stored_entry(self.folder / LEDGER_FILE, body)
            proof = merkle.inclusion_proof(number, signed.size, self.node) if number < signed.size else ()
            if not merkle.verify_inclusion(bytes.fromhex(event.leaf), number, signed.size, proof, signed.root):
                raise SealError(f"{self.folder / LEDGER_FILE}: event {number} was changed; run `auditor review verify`")
            yield event

    def _verify_tree(self) -> int:
        """Return the number of signed entries after recomputing their root from every leaf."""
        signed = self.checkpoint()
        tree: dict[tuple[int, int], bytes] = {}
        leaves = self.database.execute("SELECT hash FROM tree WHERE level = 0 ORDER BY number LIMIT ?", (signed.size,))
        size = 0
        for (hashed,) in leaves:
            merkle.append_leaf(tree, size, hashed)
            size += 1
        if size != signed.size or merkle.root_hash(size, lambda level, at: tree[level, at]) != signed.root:
            raise SealError(f"{self.folder / LEDGER_FILE}: events were changed; run `auditor review verify`")
        return size

    def _event(self, number: int) -> LedgerEvent | None:
        """Return the ledger's event of this number; None if there is none."""
        row = self.database.execute("SELECT body FROM events WHERE number = ?", (number,)).fetchone()
        return decode_stored_entry(self.folder / LEDGER_FILE, row[0]) if row else None

    def last_event(self) -> LedgerEvent:
        """Return the ledger's last event."""
        with errors_name_ledger(self.folder / LEDGER_FILE):
            (body,) = self.database.execute("SELECT body FROM events ORDER BY number DESC LIMIT 1").fetchone()
            return decode_stored_entry(self.folder / LEDGER_FILE, body)

    # Recording

    def record(self, *actions: LedgerAction, seen: int | Mapping[str, int] = -1) -> tuple[CaseState, ...]:
        """Record actions, all or none; when this returns, they are on disk.

        Args:
            actions: What to record.
            seen: :attr:`CaseState.last_event` of the case as the actor saw it, or of each case; -1 for any. If a case
                has changed since, all is refused.

        Returns:
            The states of the cases after the actions.

        Raises:
            UsageError: An action is not allowed.
            SealError: It cannot be recorded, or the ledger was changed.
        """
        key = self.load_key()
        with write_transaction(self.folder / LEDGER_FILE, self.database):
            verified = is_verified(self)
            last = self.last_event()
            size = last.number + 1
            if self._root(size) != self.checkpoint().root:
                raise SealError(f"{self.folder / LEDGER_FILE}: was changed from outside; run `auditor review verify`")
            time = self._time(last, actions)
            known, keys = reviewers.read_reviewers(self.folder), self.reviewer_keys()
            after: dict[str, CaseState] = {}
            previous = last.leaf
            for number, action in enumerate(actions, size):
                if action.actor != reviewers.PROGRAM_ACTOR and action.actor not in known:
                    raise UsageError(
                        f"{action.actor!r}: is no reviewer of this ledger; see `auditor review reviewers --help`"
                    )
                salts = {}
                if "why" in action.data and self.format >= WORDS_FORMAT:
                    salts["salt"] = secrets.token_hex(16)
                if action.actor != reviewers.PROGRAM_ACTOR and self.format >= NAMES_FORMAT:
                    salts["name_salt"] = secrets.token_hex(16)
                if "words" in action.data:
                    raise UsageError("words: only an entry whose words were erased has this key")
                body = self._signed_entry(number, time, action, {**action.data, **salts}, previous)
                event = decode_entry(body)
                keys.check_signature(event, json.loads(body))
                if action.case:
                    state = after.get(action.case) or self._state(action.case)
                    if state is None and action.kind != "opened" and find_check_case(self.folder, action.case):
                        raise UsageError(
                            f"case {action.case}: is a known innocent, made up to show whether a group's cases are "
                            "read; nothing is recorded of it, so leave it out"
                        )
                    expected = seen if isinstance(seen, int) else seen.get(action.case, -1)
                    if expected >= 0 and state and action.case not in after and state.last_event != expected:
                        changed = self._event(state.last_event)
                        last_change = f"{changed.kind} by {changed.actor}" if changed else "unknown"
                        raise UsageError(
                            f"case {action.case}: has changed since you opened it ({last_change}); read it again"
                        )
                    after[action.case] = case_transitions.apply_event(state, event)
                else:
                    check_general_event(event)
                    keys = keys.after(event)
                previous = event.leaf
                insert_entry(self.database, number, body, event.leaf)
            for state in after.values():
                update_queue(self.database, state)
            size += len(actions)
            note = Checkpoint(self.origin, size, self._root(size)).sign(key)
            self.database.execute("INSERT INTO checkpoints VALUES (?, ?)", (size, note))
        if verified:
            write_verified(self)
        return tuple(after.values())

    def _signed_entry(
        self, number: int, time: str, action: LedgerAction, data: Mapping[str, Any], previous: str
    ) -> str:
        """Return the entry of an action, signed if this process has its actor's key."""
        key = self.signers.get(action.actor)
        if key is None:
            return encode_entry(number, time, action.actor, action.kind, action.case, data, previous)
        data = {**data, "signed_with": encode_public_key(key.public)}
        unsigned = encode_entry(number, time, action.actor, action.kind, action.case, data, previous)
        signature = base64.b64encode(key.sign(text_to_sign(self.origin, json.loads(unsigned)))).decode()
        return encode_entry(
            number, time, action.actor, action.kind, action.case, {**data, "signature": signature}, previous
        )

    def _state(self, case: str) -> CaseState | None:
        """Return a case after all its events in the ledger; None if there is none."""
        events = list(self._events(case))
        return case_transitions.replay_events(events) if events else None

    def _time(self, last: LedgerEvent, actions: Sequence[LedgerAction]) -> str:
        """Return the time of the next event, which is never before the last one unless the clock is being corrected."""
        time = self._clock()
        if time >= last.time or [action.kind for action in actions] == ["clock"]:
            return time
        if (datetime.fromisoformat(last.time) - datetime.fromisoformat(time)).total_seconds() <= MAX_CLOCK_STEP_SECONDS:
            return last.time
        raise UsageError(
            f"the clock says {time}, before the ledger's last event of {last.time}: correct the clock. "
            "If it was wrong at that time, record this: `auditor review clock --help`"
        )

    def load_key(self) -> SigningKey:
        """Return the ledger's signing key. Raises :class:`SealError` if it is another one."""
        key = SigningKey.load(self.folder / KEY_FILE)
        if key.public != self.public:
            raise SealError(
                f"{self.folder / KEY_FILE}: is not the key that this ledger was created with; put that one back"
            )
        return key

    def _root(self, size: int) -> bytes:
        """Return the Merkle root over the ledger's first ``size`` events."""
        return merkle.root_hash(size, self.node)

    def node(self, level: int, number: int) -> bytes:
        """Return the hash of a complete subtree of the Merkle tree."""
        return self.nodes([(level, number)])[0]

    def nodes(self, asked: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """Return the hashes of complete subtrees, each asked for by (level, number). Raises :class:`SealError`."""
        found = read_nodes(self.database, asked)
        if None in found:
            level, number = asked[found.index(None)]
            raise SealError(
                f"{self.folder / LEDGER_FILE}: lacks node {number} of level {level}; run `auditor review verify`"
            )
        return cast("Sequence[bytes]", found)

    def checkpoint_note(self) -> str:
        """Return the last signed checkpoint as text. Keep copies elsewhere."""
        row = self.database.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        if row is None:
            raise SealError(f"{self.folder / LEDGER_FILE}: has no checkpoint; run `auditor review verify`")
        return str(row[0])

    def checkpoint(self) -> Checkpoint:
        """Return the last checkpoint after verifying its signature. Raises :class:`SealError`."""
        note = self.checkpoint_note()
        if note != self._signed[0]:
            self._signed = note, checkpoints.verify_checkpoint(note, self.public)
        return self._signed[1]

    # What reviewers do

    def claim(self, case: str, reviewer: str, *, hours: float = 4, seen: int = -1) -> CaseState:
        """Claim a case for some hours, so that nobody else works on it."""
        return self._record_one("claimed", case, reviewer, {"until": add_time(self.now, hours=hours)}, seen)

    def release(self, case: str, reviewer: str) -> CaseState:
        """Give up a claim."""
        return self._record_one("released", case, reviewer, {})

    def propose(
        self, case: str, reviewer: str, verdict: Verdict, *, why: str, rules: Sequence[str] = (), seen: int = -1
    ) -> CaseState:
        """Give the first opinion on a case that this reviewer has claimed.

        ``rules`` () are all rules that it rests on.
        """
        return self._record_one("proposed", case, reviewer, self._opinion_data(case, verdict, why, rules), seen)

    def decide(
        self,
        case: str,
        reviewer: str,
        verdict: Verdict,
        *,
        why: str,
        rules: Sequence[str] = (),
        review_by: str = "",
        seen: int = -1,
    ) -> CaseState:
        """Give the second opinion, or the third when two differ.

        Args:
            case: The id of the case.
            reviewer: A pseudonym.
            verdict: The verdict.
            why: The reviewer's own words.
            rules: The rules that the verdict follows from; () are all that the case rests on.
            review_by: When the decision must be reviewed; "" is after REVIEW_DAYS.
            seen: As for :meth:`record`.
        """
        kind = "settled" if self.state(case).phase == "disputed" else "reviewed"
        data = {**self._opinion_data(case, verdict, why, rules), "review_by": review_by}
        return self._record_one(kind, case, reviewer, data, seen)

    def record_read(self, case: str, reviewer: str, *, seen: int = -1) -> CaseState:
        """Record that a reviewer was shown a case's reasons with their counts, its facts and its revision."""
        return self._record_one("read", case, reviewer, {}, seen)

    def withdraw(self, case: str, reviewer: str, *, seen: int = -1) -> CaseState:
        """Take back one's own opinion before two have agreed. It stays on record, and is still hidden."""
        return self._record_one("withdrawn", case, reviewer, {}, seen)

    def interim(self, case: str, reviewer: str, *, why: str, rules: Sequence[str] = (), hours: float = 72) -> CaseState:
        """De-index at once by one reviewer: on an exact match or weights that a list holds, for 72 hours at most."""
        expires = add_time(self.now, hours=hours)
        return self._record_one(
            "interim", case, reviewer, {**self._opinion_data(case, "interim", why, rules), "expires": expires}
        )

    def confirm(self, case: str, reviewer: str, *, why: str) -> CaseState:
        """Record that a near match was confirmed, by whom and how, without describing what it shows."""
        return self._record_one("confirmed", case, reviewer, {"why": why})

    def reopen(self, case: str, reviewer: str, *, why: str) -> CaseState:
        """Begin a new round. A decision stays in force until it lapses or another one replaces it."""
        return self._record_one("reopened", case, reviewer, {"why": why})

    def appeal(self, case: str, reviewer: str, *, why: str) -> CaseState:
        """Record the owner's appeal, in their words."""
        return self._record_one("appealed", case, reviewer, {"why": why})

    def decide_appeal(self, case: str, reviewer: str, outcome: str, *, why: str) -> CaseState:
        """Decide an appeal: ``upheld`` keeps the decision, ``overturned`` ends it now."""
        decided = LedgerAction("appeal-decided", case, _require_person(reviewer), {"outcome": outcome, "why": why})
        again = self._cases_resting_on(case) if outcome == "overturned" else ()
        told = f"Case {case}, on which it rests, was overturned on appeal."
        acts = (LedgerAction("reopened", other, reviewers.PROGRAM_ACTOR, {"why": told}) for other in again)
        return self.record(decided, *acts)[0]

    def _cases_resting_on(self, case: str) -> Iterator[str]:
        """Yield the decided cases that a case's end puts in question: linked to it, or with a fact that names it."""
        state = self.state(case)
        name = json.dumps(state.subject.name)
        asked = (
            "SELECT DISTINCT case_id FROM events WHERE case_id NOT IN ('', ?) AND (instr(body, ?) OR instr(body, ?)) "
            "AND json_extract(body, '$.kind') IN ('opened', 'joined')"
        )
        for (found,) in self.database.execute(asked, (case, name, json.dumps(case))).fetchall():
            other = self.state(found)
            rests = other.linked == case or any(
                fact.statement.value == state.subject.name and fact.subject.name != state.subject.name
                for fact in other.facts
            )
            if rests and other.phase == "approved" and other.in_force and not other.appeal:
                yield found

    def report(self, case: str, reviewer: str, outcome: str, *, why: str, seen: int = -1) -> CaseState:
        """Record that it was ``reported`` (to whom, under what reference) or is ``not-due`` (why)."""
        return self._record_one("reported", case, reviewer, {"outcome": outcome, "why": why}, seen)

    def record_step(
        self, case: str, reviewer: str, step: str, *, why: str, outcome: str = "done", seen: int = -1
    ) -> CaseState:
        """Record that a step of a report case is ``done`` or ``not-due``, by one person and in their words."""
        return self._record_one("step", case, reviewer, {"step": step, "outcome": outcome, "why": why}, seen)

    def notify(self, case: str, reviewer: str) -> CaseState:
        """Record that a person has notified the owner."""
        return self._record_one("notified", case, reviewer, {})

    def tell_outcome(self, case: str, reviewer: str, *, seen: int = -1) -> CaseState:
        """Record that a person has told the owner the outcome of the last appeal that was decided."""
        return self._record_one("outcome-told", case, reviewer, {}, seen)

    def record_listed(
        self, listed: Iterable[Decision], *, recipient: str, version: str, actor: str = reviewers.PROGRAM_ACTOR
    ) -> None:
        """Record in one transaction that decisions were put on a recipient's list."""
        actions = [
            LedgerAction("listed", one.case, actor, {"decision": one.id, "recipient": recipient, "version": version})
            for one in listed
        ]
        if actions:
            self.record(*actions)

    def record_delisted(
        self, cases: Iterable[str], *, recipient: str, version: str, actor: str = reviewers.PROGRAM_ACTOR
    ) -> None:
        """Record in one transaction that cases were taken off a recipient's list."""
        actions = [
            LedgerAction("delisted", case, actor, {"recipient": recipient, "version": version}) for case in cases
        ]
        if actions:
            self.record(*actions)

    def record_receipt(
        self, *, recipient: str, version: str, at: str, words: str, actor: str = reviewers.PROGRAM_ACTOR
    ) -> None:
        """Record what a recipient says it acted on, and when."""
        self.record(
            LedgerAction("receipt", "", actor, {"recipient": recipient, "version": version, "at": at, "why": words})
        )

    def enroll(self, reviewer: str, public: bytes, *, by: str = reviewers.PROGRAM_ACTOR) -> None:
        """Enroll a reviewer's public key; from the first one on, reviewers' entries must be signed.

        ``by`` is the enrolled reviewer who vouches for it, or the ledger's keeper.
        """
        known = reviewers.read_reviewers(self.folder)
        if reviewer not in known:
            raise UsageError(f"{reviewer!r}: is no reviewer of this ledger; see `auditor review reviewers --help`")
        self.record(LedgerAction("enrolled", "", by, {"reviewer": reviewer, "public": encode_public_key(public)}))

    def revoke(self, reviewer: str, *, why: str) -> tuple[str, ...]:
        """Refuse what a reviewer records from now on, and release the cases that they claimed, whose ids are returned.

        What they recorded before stays valid.
        """
        if reviewer not in reviewers.read_reviewers(self.folder):
            raise UsageError(f"{reviewer!r}: is no reviewer of this ledger; see `auditor review reviewers --help`")
        asked = "SELECT case_id FROM queue WHERE claimed_by = ? ORDER BY number"
        claimed = tuple(case for (case,) in self.database.execute(asked, (reviewer,)))
        actor = reviewers.PROGRAM_ACTOR
        self.record(
            LedgerAction("revoked", "", actor, {"reviewer": reviewer, "why": why}),
            *(LedgerAction("released", case, actor, {"reviewer": reviewer}) for case in claimed),
        )
        return claimed

    def correct_clock(self, reviewer: str, *, why: str) -> None:
        """Record that the clock was wrong before: only after this may time go back."""
        self.record(LedgerAction("clock", "", reviewer, {"why": why}))

    def _opinion_data(self, case: str, verdict: Verdict, why: str, rules: Sequence[str]) -> dict[str, Any]:
        """Return what the ledger records of an opinion."""
        chosen = list(rules) or list(dict.fromkeys(reason.rule for reason in self.state(case).reasons))
        return {"verdict": verdict, "rules": chosen, "why": why}

    def _record_one(self, kind: str, case: str, actor: str, data: Mapping[str, Any], seen: int = -1) -> CaseState:
        """Record one reviewer's action in the ledger, and return the case after it."""
        return self.record(LedgerAction(kind, case, _require_person(actor), data), seen=seen)[0]


def _require_person(actor: str) -> str:
    """Return the pseudonym of who records in the ledger. Raises UsageError for the program's own name."""
    if actor == reviewers.PROGRAM_ACTOR:
        raise UsageError(f"{actor!r} is the name of the program; use your own pseudonym")
    return actor
