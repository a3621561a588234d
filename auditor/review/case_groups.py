"""Groups of cases that share a reason: the same dataset, list or parent, or a weights file in common.

A table beside the queue holds which cases share what, so that no group is found by reading every case.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from auditor.errors import UsageError
from auditor.model import Ground
from auditor.printable import printable
from auditor.review.case_index import storable_text
from auditor.review.case_state import CaseState, Phase

GROUP_KINDS = ("dataset", "list", "parent", "weights")
# A group is listed from so many cases on: one case is its own group.
MIN_GROUP_CASES = 2
OPEN_PHASES: tuple[Phase, ...] = ("new", "proposed", "disputed")
# The statements of a case's facts that name what cases have in common.
_SHARED_FACTS = {"trained_on": "dataset", "base_model": "parent", "observed_base": "parent", "copy_of": "parent"}


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """What the cases of a group have in common; its text form, ``exposed:dataset:owner/name``, names it everywhere.

    ``name`` is a dataset, a list, a model, or a digest of a weights file (``sha256:…``).
    """

    ground: Ground
    kind: str
    name: str

    @property
    def key(self) -> str:
        """The key of the group's cases in the table ``case_groups``, or in ``artefacts`` for weights."""
        return self.name if self.kind == "weights" else f"{self.kind}:{self.name}"

    @property
    def label(self) -> str:
        """Its name for messages, on one line."""
        return printable(str(self), 400)

    def __str__(self) -> str:
        return f"{self.ground}:{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """How many open cases of a group wait for a first, second or further opinion, and when the oldest was opened."""

    group: CaseGroup
    new: int
    proposed: int
    disputed: int
    oldest: str

    @property
    def cases(self) -> int:
        """The number of open cases."""
        return self.new + self.proposed + self.disputed


def is_group(text: str) -> bool:
    """Return whether a text can only be the name of a group: no id of a case has a colon."""
    return ":" in text


def parse_group(text: str) -> CaseGroup:
    """Return the group that a text names. Raises :class:`UsageError`."""
    ground, _, rest = text.partition(":")
    kind, _, name = rest.partition(":")
    if ground not in get_args(Ground) or ground == "report" or kind not in GROUP_KINDS or not name:
        raise UsageError(
            f"{printable(text, 200)!r}: is no group; `auditor review groups` lists them, such as "
            "exposed:dataset:owner/name"
        )
    return CaseGroup(ground, kind, storable_text(name))  # type: ignore[arg-type]


def shared_keys(state: CaseState) -> tuple[str, ...]:
    """Return what a case can share with others: ``dataset:…``, ``list:…``, ``parent:…`` and ``rule:…``."""
    keys = {f"rule:{reason.rule}" for reason in state.reasons}
    keys |= {f"list:{source.name}" for reason in state.reasons for source in reason.lists}
    for fact in state.facts:
        if kind := _SHARED_FACTS.get(fact.statement.key):
            keys.add(f"{kind}:{fact.statement.value}")
        if fact.list_name:
            keys.add(f"list:{fact.list_name}")
    if state.ground == "report":
        keys.add(f"{state.subject.kind}:{state.subject.name}")
    return tuple(sorted(map(storable_text, keys)))


def group_rows(state: CaseState) -> tuple[tuple[str, str, str, str, str], ...]:
    """Return the rows of the table ``case_groups`` for a case: key, ground, case, phase while open, time of opening."""
    waits = state.phase if state.phase in OPEN_PHASES and state.ground != "report" and not state.appeal else ""
    return tuple((key, state.ground, state.id, waits, state.opened_at) for key in shared_keys(state))


def list_groups(database: sqlite3.Connection, ground: str = "", kind: str = "") -> tuple[GroupSummary, ...]:
    """Return the groups with at least :data:`MIN_GROUP_CASES` open cases, the largest first.

    Groups of ``weights`` are not among them: see :func:`weights_groups`.
    """
    rows = database.execute(
        "SELECT key, ground, sum(phase = 'new'), sum(phase = 'proposed'), sum(phase = 'disputed'), min(opened_at) "
        "FROM case_groups WHERE phase <> '' AND key NOT LIKE 'rule:%' AND (:ground = '' OR ground = :ground) "
        "AND (:kind = '' OR key LIKE :kind || ':%') GROUP BY key, ground HAVING count(*) >= :least "
        "ORDER BY count(*) DESC, key, ground",
        {"ground": ground, "kind": kind, "least": MIN_GROUP_CASES},
    )
    return tuple(
        GroupSummary(CaseGroup(of, *key.split(":", 1)), new, proposed, disputed, oldest)
        for key, of, new, proposed, disputed, oldest in rows
    )


def summarize_group(database: sqlite3.Connection, group: CaseGroup) -> GroupSummary:
    """Return how many cases of a group are open."""
    phase, rows = "phase", "case_groups WHERE key = :key AND ground = :ground AND phase <> ''"
    if group.kind == "weights":
        phase, rows = "base", f"queue WHERE {_open_members_condition(group)}"
    new, proposed, disputed, oldest = database.execute(
        f"SELECT ifnull(sum({phase} = 'new'), 0), ifnull(sum({phase} = 'proposed'), 0), "
        f"ifnull(sum({phase} = 'disputed'), 0), ifnull(min(opened_at), '') FROM {rows}",
        {"key": group.key, "ground": group.ground},
    ).fetchone()
    return GroupSummary(group, new, proposed, disputed, oldest)


def open_members(
    database: sqlite3.Connection, group: CaseGroup, phases: Sequence[Phase] = OPEN_PHASES, *, changed: bool = False
) -> tuple[str, ...]:
    """Return the ids of a group's cases in these phases, in the order of the queue.

    Args:
        database: The ledger's file.
        group: The group.
        phases: Phases of open cases.
        changed: Only cases of which something was recorded after they were opened.
    """
    later = "AND EXISTS (SELECT 1 FROM events WHERE case_id = queue.case_id AND events.number > queue.number)"
    rows = database.execute(
        f"SELECT case_id FROM queue WHERE {_open_members_condition(group, phases)} {later if changed else ''} "
        "ORDER BY rank, number",
        {"key": group.key, "ground": group.ground},
    )
    return tuple(case for (case,) in rows)


def count_repositories(database: sqlite3.Connection, group: CaseGroup, phases: Sequence[Phase]) -> int:
    """Return how many repositories the group's cases in these phases are about, re-uploads included."""
    (count,) = database.execute(
        "SELECT count(DISTINCT names.name) FROM queue JOIN names USING (case_id) "
        f"WHERE {_open_members_condition(group, phases)}",
        {"key": group.key, "ground": group.ground},
    ).fetchone()
    return int(count)


def weights_groups(database: sqlite3.Connection, group: CaseGroup, most: int = 20) -> tuple[CaseGroup, ...]:
    """Return the groups of a group's open cases that have a weights file in common, the largest first."""
    rows = database.execute(
        f"SELECT digest FROM artefacts JOIN queue USING (case_id) WHERE {_open_members_condition(group)} "
        "AND digest LIKE 'sha256%' GROUP BY digest HAVING count(*) >= :least "
        "ORDER BY count(*) DESC, digest LIMIT :most",
        {"key": group.key, "ground": group.ground, "least": MIN_GROUP_CASES, "most": most},
    )
    return tuple(CaseGroup(group.ground, "weights", digest) for (digest,) in rows)


def members_condition(group: CaseGroup, *, each_row: bool = False) -> str:
    """Return the SQL condition that a row of the queue is in a group, with the values ``:key`` and ``:ground``.

    Args:
        group: The group.
        each_row: Look it up for each row of the queue, rather than collect all members first.
    """
    table, column = ("artefacts", "digest") if group.kind == "weights" else ("case_groups", "key")
    if each_row:
        held = f"held.{column} = :key AND held.case_id = queue.case_id"
        held += "" if group.kind == "weights" else " AND held.ground = queue.ground"
        return f"EXISTS (SELECT 1 FROM {table} AS held WHERE {held}) AND queue.ground = :ground"
    return f"case_id IN (SELECT case_id FROM {table} WHERE {column} = :key) AND queue.ground = :ground"


def _open_members_condition(group: CaseGroup, phases: Sequence[Phase] = OPEN_PHASES) -> str:
    """Return the SQL condition that a row of the queue is an open case of a group in one of these phases."""
    return f"{members_condition(group)} AND NOT appeal AND base IN ({', '.join(map(repr, phases))})"
