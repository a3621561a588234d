"""The ledger: every event of every case, in one file that cannot be quietly rewritten.

A folder (mode 0700) holds ``ledger.sqlite``, ``signing.key`` (0600), ``public.key`` and ``reviewers.toml``.
An event is one line of canonical JSON that names the hash of the one before it. The lines are the leaves of a
Merkle tree (RFC 6962), and every transaction ends with a signed checkpoint over them all. A leaf holds words only
as their salted digest, so that a recipient of a list can be shown what it says without them; see :func:`closed`.
What a queue needs to be quick is kept beside the lines and follows from them alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, groupby
from pathlib import Path
from types import TracebackType
from typing import Any

from auditor import __version__
from auditor.errors import SealError, UsageError
from auditor.review import case_state, checkpoints, decisions, reviewers
from auditor.review.case_state import Event, State
from auditor.review.checkpoints import Checkpoint
from auditor.review.decisions import Decision, Verdict, later
from auditor.review.queue import Page, Query, page, remember
from auditor.review.schema import SCHEMA, differences
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey, decode_public_key, encode_public_key

FORMAT = 2  # 1: a leaf is a line as it stands, words included
FILE = "ledger.sqlite"
KEY = "signing.key"
PUBLIC = "public.key"
# A clock that was set right by the network may step back so far; time stands still meanwhile.
STEP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be recorded: an :class:`auditor.review.case_state.Event` before it has a number and a time."""

    kind: str
    case: str
    actor: str
    data: Mapping[str, Any]


class Ledger:
    """Opened by :meth:`open`; a context manager. ``clock`` gives the time as ISO 8601, for tests."""

    def __init__(self, folder: Path, database: sqlite3.Connection, clock: Callable[[], str]) -> None:
        self.folder = folder
        self.database = database
        self._clock = clock
        begun = self._event(0)
        if begun is None or begun.kind != "begun":
            raise SealError(f"{folder / FILE}: has no beginning; restore it from an export")
        if begun.data["format"] > FORMAT:
            raise SealError(f"{folder / FILE}: was written by a newer auditor; this one reads format {FORMAT}")
        self.format = int(begun.data["format"])
        self.origin = f"auditor/ledger/{begun.data['ledger']}"
        self.public = decode_public_key(begun.data["key"])
        self._signed = "", Checkpoint(self.origin, 0, b"")  # the last note whose signature was checked

    # Opening

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, clock: Callable[[], str] = decisions.now) -> Ledger:
        """A new ledger, with a new signing key, in a folder that has none. Raises :class:`UsageError`."""
        folder = Path(path)
        if (folder / FILE).exists():
            raise UsageError(f"{folder}: holds a ledger already")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(f"{folder}: cannot hold a ledger: {error.strerror}; name another folder") from error
        key = SigningKey.load(folder / KEY) if (folder / KEY).exists() else SigningKey.create(folder / KEY)
        begun = {"ledger": secrets.token_hex(8), "key": encode_public_key(key.public), "format": FORMAT}
        body = _body(0, clock(), reviewers.MACHINE, "begun", "", {**begun, "version": __version__}, "")
        note = Checkpoint(f"auditor/ledger/{begun['ledger']}", 1, merkle.hash_leaf(body.encode())).signed(key)
        return cls.build(folder, [body], [note], clock=clock)

    @classmethod
    def build(cls, folder: Path, bodies: Iterable[str], note: Sequence[str], *, clock: Callable[[], str]) -> Ledger:
        """A ledger of these entries, put in place only once it is whole; the last note is read after them."""
        part = folder / f"{FILE}.part"
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_connect(part)) as database, _writing(folder / FILE, database):
            for statement in SCHEMA.values():
                database.execute(statement)
            for number, body in enumerate(bodies):
                _insert(database, number, body, event_of(body).leaf)
            size = database.execute("SELECT count(*) FROM events").fetchone()[0]
            database.execute("INSERT INTO checkpoints VALUES (?, ?)", (size, note[-1]))
            for state in _states(database, size, folder / FILE):
                remember(database, state)
        os.replace(part, folder / FILE)
        _sync(folder)
        ledger = cls.open(folder, clock=clock)
        (folder / PUBLIC).write_text(encode_public_key(ledger.public) + "\n", encoding="ascii")
        return ledger

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, clock: Callable[[], str] = decisions.now) -> Ledger:
        """The ledger of a folder. Raises :class:`UsageError` where there is none, :class:`SealError` if damaged."""
        folder = Path(path)
        if not (folder / FILE).is_file():
            raise UsageError(f"{folder}: holds no ledger; `auditor review init` makes one")
        database = _connect(folder / FILE)
        try:
            with _reading(folder / FILE):
                wrong = differences(database)
                if wrong:
                    raise SealError(f"{folder / FILE}: {wrong[0]}; restore it from an export")
                return cls(folder, database, clock)
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    # Reading

    @property
    def now(self) -> str:
        """The time, never before the last event: a clock set back brings nothing back into force."""
        return max(self._clock(), self._last().time)

    @property
    def size(self) -> int:
        return self._last().number + 1

    def state(self, case: str) -> State:
        """A case after all its events, what reviewers proposed included; :meth:`shown` hides that while it must be.

        Raises :class:`UsageError`.
        """
        with _reading(self.folder / FILE):
            return case_state.fold(self._events(case))

    def shown(self, case: str) -> State:
        """A case as anyone may see it: what was said in a round is shown to nobody before a second has spoken."""
        return blind(self.state(case))

    def history(self, case: str) -> tuple[Event, ...]:
        """A case's events as anyone may see them: without what was said in a round that still needs a second."""
        events = tuple(self._events(case))
        state = case_state.fold(events)
        if state.base not in _UNHEARD:
            return events
        ended = max((one.index for one in state.decisions if one.verdict != "interim"), default=0)
        said = {"proposed", "reviewed", "interim"}
        return tuple(
            replace(event, data={}, closed="") if event.kind in said and event.number > ended else event
            for event in events
        )

    def states(self, size: int = 0) -> Iterator[State]:
        """Every case in order of ids, read as they are iterated; as it was after ``size`` events, or is now (0).

        Each entry is first proven to be the one that was signed, and the last that none is missing: raises
        :class:`SealError` where they are not.
        """
        with _reading(self.folder / FILE):
            signed = self._proven()
            size = min(size or signed, signed)
            # Only what was signed when this began: others may go on recording meanwhile.
            of_none = "SELECT count(*) FROM events WHERE case_id = '' AND number < ?"
            (read,) = self.database.execute(of_none, (size,)).fetchone()
            for state in _states(self.database, size, self.folder / FILE):
                yield state
                read += state.events
            if read != size:
                raise SealError(f"{self.folder / FILE}: events are missing; run `auditor review verify`")

    def decisions(self) -> Iterator[Decision]:
        """Every decision, whatever became of it, in order of cases; read as they are iterated."""
        for state in self.states():
            yield from state.decisions

    def standing(self, now: str = "", verdicts: Sequence[Verdict] = (), size: int = 0) -> Iterator[Decision]:
        """The decisions in force: not overturned, superseded or expired; those of some verdicts, or all.

        ``size`` as for :meth:`states`.

        They follow from the events alone. One that is due for re-review or under appeal still stands; see
        :meth:`Decision.due`, :meth:`Decision.lapsed` and ``Decision.appeal``, of which a person must be told.
        """
        now = now or self.now
        for state in self.states(size):
            for decision in state.in_force:
                if decision.stands(now) and (not verdicts or decision.verdict in verdicts):
                    yield decision

    def policy(self, fingerprint: str) -> Mapping[str, Any]:
        """What cases were judged by: profile, version, lists, and the rules' titles, reasons and references."""
        for event in self._events(""):
            if event.kind == "policy" and event.data["fingerprint"] == fingerprint:
                return event.data
        raise UsageError(f"{self.folder}: holds no policy {fingerprint[:16]!r}")

    def policies(self) -> Iterator[Mapping[str, Any]]:
        return (event.data for event in self._events("") if event.kind == "policy")

    def queue(self, query: Query = Query()) -> Page:  # noqa: B008 (frozen)
        """A page of cases, the most urgent first."""
        with _reading(self.folder / FILE):
            return page(self.database, query, self.now)

    def cases_of(self, ground: str, *, weights: str = "", name: str = "", digest: str = "") -> tuple[str, ...]:
        """The ids of cases with the same weights, the same subject's name, or a weights file in common."""
        from auditor.review.queue import find

        with _reading(self.folder / FILE):
            return find(self.database, ground, weights=weights, name=name, digest=digest)

    def all_events(self) -> Iterator[Event]:
        with _reading(self.folder / FILE):
            for (body,) in self.database.execute("SELECT body FROM events ORDER BY number"):
                yield _entry(self.folder / FILE, body)

    def _events(self, case: str) -> Iterator[Event]:
        """A case's events, each proven by the signed checkpoint."""
        asked = "SELECT number, body FROM events WHERE case_id = ? ORDER BY number"
        rows = self.database.execute(asked, (case,)).fetchall()
        signed = self.checkpoint()  # after the events: what others record meanwhile is signed, too
        for number, body in rows:
            event = _entry(self.folder / FILE, body)
            proof = merkle.inclusion_proof(number, signed.size, self.node) if number < signed.size else ()
            if not merkle.verify_inclusion(bytes.fromhex(event.leaf), number, signed.size, proof, signed.root):
                raise SealError(f"{self.folder / FILE}: event {number} was changed; run `auditor review verify`")
            yield event

    def _proven(self) -> int:
        """How many entries were signed, after their root has been computed again from every leaf."""
        signed = self.checkpoint()
        tree: dict[tuple[int, int], bytes] = {}
        leaves = self.database.execute("SELECT hash FROM tree WHERE level = 0 ORDER BY number LIMIT ?", (signed.size,))
        size = 0
        for (hashed,) in leaves:
            merkle.append_leaf(tree, size, hashed)
            size += 1
        if size != signed.size or merkle.root_hash(size, lambda level, at: tree[level, at]) != signed.root:
            raise SealError(f"{self.folder / FILE}: events were changed; run `auditor review verify`")
        return size

    def _event(self, number: int) -> Event | None:
        row = self.database.execute("SELECT body FROM events WHERE number = ?", (number,)).fetchone()
        return _entry(self.folder / FILE, row[0]) if row else None

    def _last(self) -> Event:
        with _reading(self.folder / FILE):
            (body,) = self.database.execute("SELECT body FROM events ORDER BY number DESC LIMIT 1").fetchone()
            return _entry(self.folder / FILE, body)

    # Recording

    def record(self, *acts: Act, seen: int = -1) -> tuple[State, ...]:
        """Record acts, all or none; the states of their cases after them.

        ``seen`` is :attr:`State.last` of the case as whoever acts saw it: where it has changed since, the act is
        refused. Raises :class:`UsageError` for what may not be done, :class:`SealError` where it cannot be
        recorded. When this returns, the acts are on disk.
        """
        key = self._key()
        with _writing(self.folder / FILE, self.database):
            last = self._last()
            size = last.number + 1
            if self._root(size) != self.checkpoint().root:
                raise SealError(f"{self.folder / FILE}: was changed from outside; run `auditor review verify`")
            time = self._time(last, acts)
            known = reviewers.reviewers(self.folder)
            after: dict[str, State] = {}
            previous = last.leaf
            for number, act in enumerate(acts, size):
                if act.actor != reviewers.MACHINE and act.actor not in known:
                    raise UsageError(
                        f"{act.actor!r}: is no reviewer of this ledger; see `auditor review reviewers --help`"
                    )
                salt = {"salt": secrets.token_hex(16)} if "why" in act.data and self.format > 1 else {}
                body = _body(number, time, act.actor, act.kind, act.case, {**act.data, **salt}, previous)
                event = event_of(body)
                if act.case:
                    state = after.get(act.case) or self._state(act.case)
                    if seen >= 0 and state and state.last != seen:
                        raise UsageError(
                            f"case {act.case}: has changed since you looked at it "
                            f"({self._event(state.last).kind} by {self._event(state.last).actor}); look again"  # type: ignore[union-attr]
                        )
                    after[act.case] = case_state.apply(state, event)
                else:
                    check_general(event)
                previous = event.leaf
                _insert(self.database, number, body, event.leaf)
            for state in after.values():
                remember(self.database, state)
            size += len(acts)
            note = Checkpoint(self.origin, size, self._root(size)).signed(key)
            self.database.execute("INSERT INTO checkpoints VALUES (?, ?)", (size, note))
        return tuple(after.values())

    def _state(self, case: str) -> State | None:
        events = list(self._events(case))
        return case_state.fold(events) if events else None

    def _time(self, last: Event, acts: Sequence[Act]) -> str:
        time = self._clock()
        if time >= last.time or [act.kind for act in acts] == ["clock"]:
            return time
        if (datetime.fromisoformat(last.time) - datetime.fromisoformat(time)).total_seconds() <= STEP_SECONDS:
            return last.time
        raise UsageError(
            f"the clock says {time}, before the ledger's last event of {last.time}: set the clock right. "
            "If it was wrong then, record that: `auditor review clock --help`"
        )

    def _key(self) -> SigningKey:
        key = SigningKey.load(self.folder / KEY)
        if key.public != self.public:
            raise SealError(f"{self.folder / KEY}: is not the key that this ledger began with; put that one back")
        return key

    def _root(self, size: int) -> bytes:
        return merkle.root_hash(size, self.node)

    def node(self, level: int, number: int) -> bytes:
        """The hash of a complete subtree of the Merkle tree."""
        return self.nodes([(level, number)])[level, number]

    def nodes(self, asked: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """The hashes of several, by (level, number), in one question. Raises :class:`SealError`."""
        one = "SELECT level, number, hash FROM tree WHERE level = ? AND number = ?"
        rows = self.database.execute(" UNION ALL ".join([one] * len(asked)), [*chain.from_iterable(asked)])
        found = {(level, number): hashed for level, number, hashed in rows}
        for level, number in asked:
            if (level, number) not in found:
                raise SealError(
                    f"{self.folder / FILE}: lacks node {number} of level {level}; run `auditor review verify`"
                )
        return found

    def note(self) -> str:
        """The last signed checkpoint, as text. Keep copies elsewhere."""
        row = self.database.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        if row is None:
            raise SealError(f"{self.folder / FILE}: has no checkpoint; run `auditor review verify`")
        return str(row[0])

    def checkpoint(self) -> Checkpoint:
        """The last checkpoint, its signature checked. Raises :class:`SealError`."""
        note = self.note()
        if note != self._signed[0]:
            self._signed = note, checkpoints.opened(note, self.public)
        return self._signed[1]

    # What reviewers do

    def claim(self, case: str, reviewer: str, *, hours: float = 4, seen: int = -1) -> State:
        """Keep a case to oneself for some hours."""
        return self._act("claimed", case, reviewer, {"until": later(self.now, hours=hours)}, seen)

    def release(self, case: str, reviewer: str) -> State:
        return self._act("released", case, reviewer, {})

    def propose(
        self, case: str, reviewer: str, verdict: Verdict, *, why: str, rules: Sequence[str] = (), seen: int = -1
    ) -> State:
        """The first opinion, by the one who has claimed the case. ``rules`` () are all that it rests on."""
        return self._act("proposed", case, reviewer, self._opinion(case, verdict, why, rules), seen)

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
    ) -> State:
        """The second opinion, or the third where two disagree. ``review_by``: when it must be looked at again."""
        kind = "settled" if self.state(case).base == "disputed" else "reviewed"
        data = {**self._opinion(case, verdict, why, rules), "review_by": review_by}
        return self._act(kind, case, reviewer, data, seen)

    def withdraw(self, case: str, reviewer: str, *, seen: int = -1) -> State:
        """Take back one's opinion, while two have not agreed. It stays in the record, and is shown to nobody yet."""
        return self._act("withdrawn", case, reviewer, {}, seen)

    def interim(self, case: str, reviewer: str, *, why: str, rules: Sequence[str] = (), hours: float = 72) -> State:
        """De-index at once, by one reviewer: on an exact match or weights that a list holds, for 72 hours at most."""
        expires = later(self.now, hours=hours)
        return self._act("interim", case, reviewer, {**self._opinion(case, "interim", why, rules), "expires": expires})

    def confirm(self, case: str, reviewer: str, *, why: str) -> State:
        """Record that a near match was confirmed, by whom and how, without a word of what it shows."""
        return self._act("confirmed", case, reviewer, {"why": why})

    def reopen(self, case: str, reviewer: str, *, why: str) -> State:
        """Begin a new round. What stands goes on standing until it lapses or another decision replaces it."""
        return self._act("reopened", case, reviewer, {"why": why})

    def appeal(self, case: str, reviewer: str, *, why: str) -> State:
        """Record that the owner appeals, in their words."""
        return self._act("appealed", case, reviewer, {"why": why})

    def decide_appeal(self, case: str, reviewer: str, outcome: str, *, why: str) -> State:
        """``upheld``: the decision stands. ``overturned``: it ends now."""
        return self._act("appeal-decided", case, reviewer, {"outcome": outcome, "why": why})

    def report(self, case: str, reviewer: str, outcome: str, *, why: str) -> State:
        """Record that it was ``reported`` (to whom, under what reference), or is ``not-due`` (why)."""
        return self._act("reported", case, reviewer, {"outcome": outcome, "why": why})

    def notify(self, case: str, reviewer: str) -> State:
        """Record that the owner was notified; a person does that."""
        return self._act("notified", case, reviewer, {})

    def record_listed(
        self, listed: Iterable[Decision], *, recipient: str, version: str, actor: str = reviewers.MACHINE
    ) -> None:
        """Record that decisions were put on a recipient's list; all in one transaction."""
        acts = [
            Act("listed", one.case, actor, {"decision": one.id, "recipient": recipient, "version": version})
            for one in listed
        ]
        if acts:
            self.record(*acts)

    def record_delisted(
        self, cases: Iterable[str], *, recipient: str, version: str, actor: str = reviewers.MACHINE
    ) -> None:
        """Record that cases were taken off a recipient's list; all in one transaction."""
        acts = [Act("delisted", case, actor, {"recipient": recipient, "version": version}) for case in cases]
        if acts:
            self.record(*acts)

    def record_receipt(
        self, *, recipient: str, version: str, at: str, words: str, actor: str = reviewers.MACHINE
    ) -> None:
        """Record what a recipient says it acted on, and when."""
        self.record(Act("receipt", "", actor, {"recipient": recipient, "version": version, "at": at, "why": words}))

    def correct_clock(self, reviewer: str, *, why: str) -> None:
        """Record that the clock was wrong before: only after this may time go back."""
        self.record(Act("clock", "", reviewer, {"why": why}))

    def _opinion(self, case: str, verdict: Verdict, why: str, rules: Sequence[str]) -> dict[str, Any]:
        chosen = list(rules) or list(dict.fromkeys(reason.rule for reason in self.state(case).reasons))
        return {"verdict": verdict, "rules": chosen, "why": why}

    def _act(self, kind: str, case: str, actor: str, data: Mapping[str, Any], seen: int = -1) -> State:
        if actor == reviewers.MACHINE:
            raise UsageError(f"{actor!r} is the program itself; say who you are")
        return self.record(Act(kind, case, actor, data), seen=seen)[0]


# A second opinion is still to come: from somebody who knows nothing of the first.
_UNHEARD = ("new", "proposed")


def blind(state: State) -> State:
    """The state without what was said in a round that still needs a second, an interim decision's words included."""
    if state.base not in _UNHEARD:
        return state
    withheld = tuple(
        replace(one, explanation="withheld until two have spoken") if one.verdict == "interim" else one
        for one in state.decisions
    )
    return replace(state, opinions=(), decisions=withheld)


def event_of(body: str) -> Event:
    """The event that an entry says. Raises :class:`SealError` for one that is not as this program writes them."""
    try:
        content = json.loads(body)
        without = closed(content)
        event = Event(
            content["number"],
            content["time"],
            content["actor"],
            content["kind"],
            content["case"],
            content["data"],
            merkle.hash_leaf((without or body).encode()).hex(),
            without,
        )
        whole = _body(event.number, event.time, event.actor, event.kind, event.case, event.data, content["previous"])
    except (ValueError, KeyError, TypeError) as error:
        raise SealError("an entry of the ledger is damaged; run `auditor review verify`") from error
    if whole != body:
        raise SealError("an entry of the ledger is not in the form it was written in; run `auditor review verify`")
    return event


def _entry(path: Path, body: str) -> Event:
    """The event of an entry; what is wrong with it is said with the ledger's file."""
    try:
        return event_of(body)
    except SealError as error:
        raise SealError(f"{path}: {error}") from error


def closed(content: Mapping[str, Any]) -> str:
    """What the leaf of an entry is the hash of, with ``words`` in place of its words; "" where they are not salted.

    ``words`` is the SHA-256 of the JSON list of salt and words: who holds the entry can show what was said, and
    who is shown the rest can guess nothing of it. An entry that says ``words`` itself would pass for a closed one.
    Raises ValueError, KeyError, TypeError for an entry that is not as this program writes them.
    """
    data = content["data"]
    if "words" in data:
        raise ValueError("words")
    if "salt" not in data:
        return ""
    words = hashlib.sha256(_text([data["salt"], data["why"]]).encode()).hexdigest()
    kept = {key: value for key, value in data.items() if key not in ("salt", "why")}
    return _text({**content, "data": {**kept, "words": words}})


GENERAL = {"begun", "policy", "clock", "receipt"}


def check_general(event: Event) -> None:
    """Events that belong to no case. Raises :class:`UsageError`."""
    if event.kind not in GENERAL or (event.kind == "begun") != (event.number == 0):
        raise UsageError(f"{event.kind!r} is nothing that can happen to a ledger")
    if event.kind == "clock" and not str(event.data["why"]).strip():
        raise UsageError("say in words why the clock was wrong")


def _body(number: int, time: str, actor: str, kind: str, case: str, data: Mapping[str, Any], previous: str) -> str:
    """An entry: one line of JSON in ASCII, keys in order, so that equal events are equal bytes."""
    content = {"number": number, "time": time, "actor": actor, "kind": kind, "case": case, "data": data}
    return _text({**content, "previous": previous})


def _text(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _insert(database: sqlite3.Connection, number: int, body: str, leaf: str) -> None:
    """Add an entry, whose leaf hash is given in hex, and the subtrees it completes."""

    def node(level: int, at: int) -> bytes:
        row = database.execute("SELECT hash FROM tree WHERE level = ? AND number = ?", (level, at)).fetchone()
        return bytes(row[0])

    database.execute("INSERT INTO events (number, body) VALUES (?, ?)", (number, body))
    database.executemany(
        "INSERT INTO tree VALUES (?, ?, ?)", merkle.completed_subtrees(number, bytes.fromhex(leaf), node)
    )


def _states(database: sqlite3.Connection, size: int, path: Path) -> Iterator[State]:
    """Every case, from the first ``size`` entries, which must be the leaves of the tree."""
    rows = database.execute(
        "SELECT case_id, body, hash FROM events JOIN tree ON level = 0 AND tree.number = events.number "
        "WHERE case_id <> '' AND events.number < ? ORDER BY case_id, events.number",
        (size,),
    )

    def proven(body: str, hashed: bytes) -> Event:
        event = _entry(path, body)
        if event.leaf != hashed.hex():
            raise SealError(f"{path}: event {event.number} was changed; run `auditor review verify`")
        return event

    for _, group in groupby(rows, key=lambda row: row[0]):
        yield case_state.fold(proven(body, hashed) for _, body, hashed in group)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30, isolation_level=None)
    # The rollback journal and EXTRA: 600 random kills lost nothing; SQLite before 3.51.3 can damage a WAL.
    for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "cell_size_check=ON"):
        with _reading(path):
            database.execute(f"PRAGMA {pragma}")
    return database


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise SealError(
            f"{path}: cannot be read: {error}; run `auditor review verify`, or restore an export"
        ) from error


@contextmanager
def _writing(path: Path, database: sqlite3.Connection) -> Iterator[None]:
    """One transaction, on disk when it ends; nothing of it remains where anything failed."""
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        _roll_back(database)
        raise SealError(f"{path}: nothing was recorded: {error}") from error
    except BaseException:
        _roll_back(database)
        raise


def _roll_back(database: sqlite3.Connection) -> None:
    if database.in_transaction:
        database.execute("ROLLBACK")


def _sync(folder: Path) -> None:
    """Make a rename last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
