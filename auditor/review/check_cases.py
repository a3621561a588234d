"""Known innocents in large groups: made-up cases that show whether a group is decided on without reading it.

A restricting decision that takes one in is held: nothing is recorded, its reviewer is told, and others take its place.
They are in a file of their own beside the ledger, so no list, count, export or report can hold them. They find haste,
not deceit: whoever reads that file knows them.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import UsageError
from auditor.model import NOWHERE, Digest, Ref, Statement
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.review import case_groups, case_index, case_transitions, serialization
from auditor.review.case_groups import CaseGroup
from auditor.review.case_reasons import CaseFact
from auditor.review.case_state import CaseState
from auditor.review.ledger_events import LedgerEvent
from auditor.review.reviewers import PROGRAM_ACTOR

if TYPE_CHECKING:
    from auditor.review.ledger import Ledger

CHECK_FILE = "check-cases.json"
# Own choice: below it, a person still reads each line of a group.
MIN_CHECKED_CASES = 100
# Own choice: who leaves out half of the cases by chance misses all of five in 3% of the decisions.
CHECK_CASES = 5


class KnownInnocentsTaken(UsageError):
    """A restricting decision on a group took in known innocents."""


@dataclass(frozen=True, slots=True)
class CheckCase:
    """A known innocent: ``beside`` is the case that it is shown after, ``opened`` the data of its event."""

    id: str
    beside: str
    number: int
    time: str
    opened: Mapping[str, Any]

    @property
    def event(self) -> LedgerEvent:
        """The event that would have opened it."""
        return LedgerEvent(self.number, self.time, PROGRAM_ACTOR, "opened", self.id, self.opened)

    @property
    def state(self) -> CaseState:
        """What is shown of it."""
        return case_transitions.apply_event(None, self.event)


def read_check_cases(folder: Path, group: CaseGroup | None = None) -> tuple[CheckCase, ...]:
    """Return the known innocents of a group, or of all groups. Raises UsageError for a file that cannot be read."""
    found = _read_file(folder)
    return tuple(one for name, kept in found.items() if group is None or name == str(group) for one in kept)


def find_check_case(folder: Path, case: str) -> CheckCase | None:
    """Return the known innocent with this id; None if there is none."""
    return next((one for one in read_check_cases(folder) if one.id == case), None)


def place_check_cases(ledger: Ledger, group: CaseGroup) -> None:
    """Place known innocents among those cases of a group that wait for the same opinion, where they are many."""
    found = _read_file(ledger.folder)
    kept = list(found.get(str(group), ()))
    before = len(kept)
    for phases in (("new",), ("proposed", "disputed")):
        waiting = case_groups.open_members(ledger.database, group, phases)
        if len(waiting) < MIN_CHECKED_CASES:
            continue
        missing = CHECK_CASES - sum(one.beside in set(waiting) for one in kept)
        kept += [_make_check_case(ledger, group, waiting) for _ in range(missing)]
    if len(kept) > before:
        _write_file(ledger.folder, {**found, str(group): tuple(kept)})


def require_none_taken(
    ledger: Ledger, group: CaseGroup, cases: Collection[str], *, only: Collection[str], without: Collection[str]
) -> None:
    """Hold a restricting decision that takes in known innocents, and put others in their place.

    Args:
        ledger: The ledger.
        group: The group.
        cases: The ids of the cases that the decision takes in.
        only: The ids that the decision names; () where it means all cases, so also the known innocents beside them.
        without: The ids that the decision leaves out.

    Raises:
        KnownInnocentsTaken: It takes in at least one; it names them.
    """
    found = _read_file(ledger.folder)
    kept = found.get(str(group), ())
    passed = [one for one in kept if (one.id in only if only else one.beside in cases) and one.id not in without]
    if not passed:
        return
    _write_file(ledger.folder, {**found, str(group): tuple(one for one in kept if one not in passed)})
    place_check_cases(ledger, group)
    taken, lines = count_with_noun(len(passed), "known innocent"), "; ".join(_line(one.state) for one in passed)
    raise KnownInnocentsTaken(
        f"{group.label}: held, nothing was recorded: {taken} among these cases: {lines}. They were placed to show "
        "whether the cases were read. Look at the cases again, and leave out those that do not belong; other known "
        "innocents are among them now"
    )


def _line(state: CaseState) -> str:
    """Return what is shown of a known innocent in a message."""
    reason = state.reasons[0]
    return printable(f"{state.subject.name} ({reason.fact}; {reason.remark})")


def _make_check_case(ledger: Ledger, group: CaseGroup, members: tuple[str, ...]) -> CheckCase:
    """Return a new known innocent that looks like a group's cases, but whose facts say that it does not belong."""
    choose = secrets.SystemRandom()
    beside, other = (ledger.state(choose.choice(members)) for _ in range(2))
    subject = _made_up_subject(ledger, beside.subject, other.subject)
    samples = choose.randrange(20, 5000)
    place = next((one.statement.place for one in beside.facts if one.subject == beside.subject), NOWHERE)
    facts: tuple[CaseFact, ...] = ()
    if group.kind == "dataset":
        named = f"{group.name}-{choose.choice(('landscapes', 'drawings', 'textures', 'maps'))}"
        fact = f"trained on dataset {named}, none of whose samples matches an entry of a known-content list"
        facts = (CaseFact(subject, Statement("trained_on", named, place=place, source="card")),)
    elif group.kind == "parent":
        fact = f"made from another model than {group.name}, and no list names it"
    else:
        fact = "its weights match no entry of a list"
    first = beside.reasons[0]
    remark = "; ".join((f"0 of {samples} samples", *first.remark.split("; ")[1:]))
    reason = replace(first, subject=subject, fact=fact, remark=remark, strength="stated", lists=())
    opened = {
        "ground": beside.ground,
        "subject": serialization.to_json(subject),
        "copies": [],
        "digests": [
            serialization.to_json(Digest(digest.algorithm, secrets.token_hex(len(digest.value) // 2)))
            for digest in beside.digests
        ],
        "weights": "",
        "reasons": [serialization.to_json(reason)],
        "facts": [serialization.to_json(one) for one in facts],
        "policy": beside.policy,
        "version": beside.version,
        "linked": "",
    }
    return CheckCase(secrets.token_hex(8), beside.id, beside.first_event, beside.opened_at, opened)


def _made_up_subject(ledger: Ledger, first: Ref, second: Ref) -> Ref:
    """Return a made-up subject of parts of two names; none that a case has."""
    owner, _, _ = first.name.rpartition("/")
    name = "/".join(filter(None, (owner, second.name.rpartition("/")[2])))
    while case_index.has_name(ledger.database, name):
        name += f"-{secrets.randbelow(90) + 10}"
    return replace(first, name=name, revision=secrets.token_hex(len(first.revision) // 2))


def _read_file(folder: Path) -> dict[str, tuple[CheckCase, ...]]:
    """Return the known innocents by the name of their group."""
    path = folder / CHECK_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {group: tuple(CheckCase(**one) for one in kept) for group, kept in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: cannot be read; delete it, and known innocents are placed anew") from error


def _write_file(folder: Path, groups: Mapping[str, tuple[CheckCase, ...]]) -> None:
    """Write the file of known innocents, which only its owner can read."""
    path, part = folder / CHECK_FILE, folder / f"{CHECK_FILE}.{os.getpid()}"
    content = {group: [asdict(one) for one in kept] for group, kept in groups.items()}
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(part, path)
