"""The queue of cases: pages in order of urgency, filtered by what people ask for."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor.errors import UsageError
from auditor.model import Ground, Ref
from auditor.review.case_groups import CaseGroup, group_rows, members_condition
from auditor.review.case_index import artefact_keys, storable_text, subject_names
from auditor.review.case_reasons import STRENGTH_RANKS, Strength
from auditor.review.case_state import CaseState, Stage

# CaseState.stage as SQL over the row of a case.
_STAGE = """CASE WHEN appeal THEN 'appealed'
    WHEN base = 'approved' THEN CASE WHEN review_by <> '' AND review_by <= :now THEN 're-review'
        WHEN listed THEN 'listed' ELSE 'approved' END
    WHEN base = 'new' AND claimed_by <> '' AND claimed_until > :now THEN 'claimed' ELSE base END"""

# The order of grounds: a clock runs on report cases. Ledgers store it, so a number never changes.
_GROUND_RANKS: Mapping[Ground, int] = MappingProxyType({"report": -1, "linked": 0, "exposed": 1})
# Where more cases share something, a page of them is found sooner row by row (measured: bench_review, by_rule).
MANY_SHARED_CASES = 20_000


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which cases are wanted; () and "" mean any.

    ``opened_before`` is a time. ``mine`` is a reviewer who has claimed the case or given an opinion in this round.
    ``open_to`` is a reviewer who may take it up now. ``name`` is a part of the subject's name. ``shared`` are keys of
    :func:`auditor.review.case_groups.shared_keys`, all of which it must have. ``group`` is a group that it must be in.
    ``after`` is :attr:`QueuePage.next` of the page before.
    """

    stages: tuple[Stage, ...] = ()
    ground: Ground | str = ""
    confidence: tuple[Strength, ...] = ()
    opened_before: str = ""
    mine: str = ""
    open_to: str = ""
    name: str = ""
    shared: tuple[str, ...] = ()
    group: CaseGroup | None = None
    limit: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case in the queue, without anything that a second reviewer must not see."""

    case: str
    ground: Ground
    subject: Ref
    confidence: Strength
    stage: Stage
    opened_at: str
    changed_at: str
    claimed_by: str
    claimed_until: str
    review_by: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue: ``total`` counts all matching cases; ``next`` continues after this page, "" at the end."""

    rows: tuple[QueueRow, ...]
    total: int
    next: str = ""


def read_queue_page(database: sqlite3.Connection, query: QueueQuery, now: str) -> QueuePage:
    """Return one page of the queue: by ground (:data:`_GROUND_RANKS`), stronger before weaker, older before newer."""
    conditions, values = _conditions(query)
    values |= {"now": now, "limit": query.limit + 1}
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    (total,) = database.execute(f"SELECT count(*) FROM queue {where}", values).fetchone()
    if (query.shared or query.group) and total > MANY_SHARED_CASES:
        where = f"WHERE {' AND '.join(_conditions(query, each_row=True)[0])}"
    after = ""
    if query.after:
        values["rank"], values["number"] = _decode_cursor(query.after)
        after = f"{'AND' if conditions else 'WHERE'} (rank, number) > (:rank, :number)"
    columns = "case_id, ground, kind, name, revision, confidence, opened_at, changed_at, claimed_by, claimed_until"
    found = database.execute(
        f"SELECT rank, number, {_STAGE}, review_by, {columns} FROM queue {where} {after} "
        "ORDER BY rank, number LIMIT :limit",
        values,
    ).fetchall()
    rows = tuple(_parse_queue_row(row, now) for row in found[: query.limit])
    more = json.dumps(found[query.limit - 1][:2]) if len(found) > query.limit else ""
    return QueuePage(rows, total, base64.urlsafe_b64encode(more.encode()).decode())


def update_queue(database: sqlite3.Connection, state: CaseState) -> None:
    """Write the rows of a case in the tables of the queue; they follow from the state alone."""
    database.execute(f"INSERT OR REPLACE INTO queue VALUES ({', '.join('?' * 17)})", queue_values(state))
    for table, keys in (("names", subject_names(state)), ("artefacts", artefact_keys(state))):
        database.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", [(key, state.id) for key in keys])
    update_groups(database, state)


def update_groups(database: sqlite3.Connection, state: CaseState) -> None:
    """Write the rows of a case in the table of groups."""
    database.executemany("INSERT OR REPLACE INTO case_groups VALUES (?, ?, ?, ?, ?)", group_rows(state))


def queue_values(state: CaseState) -> tuple[object, ...]:
    """Return the row of the table ``queue`` for a case."""
    given = {opinion.reviewer for opinion in state.opinions} | state.barred_reviewers
    reviewers = "".join(f" {name}" for name in sorted(given))
    involved = "".join(f" {name}" for name in sorted(state.involved)) if state.appeal else reviewers
    return (
        _GROUND_RANKS[state.ground] * (max(STRENGTH_RANKS.values()) + 1) + STRENGTH_RANKS[state.confidence],
        state.first_event,
        state.id,
        state.ground,
        state.subject.kind,
        storable_text(state.subject.name),
        storable_text(state.subject.revision),
        state.confidence,
        state.phase,
        int(bool(state.appeal)),
        int(bool(state.listed)),
        max((decision.review_by for decision in state.in_force), default=""),
        state.claimed_by,
        state.claimed_until,
        f"{involved} ",
        state.opened_at,
        state.changed_at,
    )


def _conditions(query: QueueQuery, *, each_row: bool = False) -> tuple[list[str], dict[str, object]]:
    """Return the SQL conditions of a query of the queue, and their values.

    Args:
        query: The query.
        each_row: Look up for each row of the queue what the case shares, rather than collect all such cases first.
    """
    conditions: list[str] = []
    values: dict[str, object] = {}

    def add_condition(condition: str, **given: object) -> None:
        """Add an SQL condition on the queue, with its values."""
        conditions.append(condition)
        values.update(given)

    for name, column, chosen in (("stage", _STAGE, query.stages), ("confidence", "confidence", query.confidence)):
        if chosen:
            marks = {f"{name}{number}": one for number, one in enumerate(chosen)}
            add_condition(f"{column} IN ({', '.join(f':{mark}' for mark in marks)})", **marks)
    if query.ground:
        add_condition("ground = :asked_ground", asked_ground=query.ground)
    if query.opened_before:
        add_condition("opened_at < :before", before=query.opened_before)
    if query.mine:
        mine = "((claimed_by = :me AND claimed_until > :now) OR instr(reviewers, :mine))"
        add_condition(mine, me=query.mine, mine=f" {query.mine} ")
    if query.open_to:
        add_condition(
            "(appeal OR base IN ('new', 'proposed', 'disputed', 'reported')) AND NOT instr(reviewers, :other) "
            "AND (claimed_by IN ('', :open_to) OR claimed_until <= :now)",
            open_to=query.open_to,
            other=f" {query.open_to} ",
        )
    if query.name:
        part = query.name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        add_condition("name LIKE :named ESCAPE '\\'", named=f"%{part}%")
    for number, key in enumerate(query.shared):
        shared = f"case_id IN (SELECT case_id FROM case_groups WHERE key = :shared{number})"
        if each_row:
            shared = (
                f"EXISTS (SELECT 1 FROM case_groups AS held WHERE held.key = :shared{number} "
                "AND held.ground = queue.ground AND held.case_id = queue.case_id)"
            )
        add_condition(shared, **{f"shared{number}": storable_text(key)})
    if query.group:
        add_condition(members_condition(query.group, each_row=each_row), key=query.group.key, ground=query.group.ground)
    return conditions, values


def _decode_cursor(cursor: str) -> tuple[int, int]:
    """Return (rank, number) of the last row of the queue's page before. Raises :class:`UsageError`."""
    try:
        rank, number = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return int(rank), int(number)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{cursor[:40]!r}: is not a value that --after accepts; start without --after") from error


def _parse_queue_row(row: tuple[object, ...], now: str) -> QueueRow:
    """Return the queue row of a database row; a claim that has run out counts no more."""
    _, _, stage, review_by, case, ground, kind, name, revision, confidence, opened, changed, by, until = map(str, row)
    held = until > now
    return QueueRow(
        case,
        ground,  # type: ignore[arg-type]
        Ref(kind, name, revision),  # type: ignore[arg-type]
        confidence,  # type: ignore[arg-type]
        stage,  # type: ignore[arg-type]
        opened,
        changed,
        by if held else "",
        until if held else "",
        review_by,
    )
