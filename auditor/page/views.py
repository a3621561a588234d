"""What a reviewer looks at. Nothing here records anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from auditor.errors import AuditorError, UsageError
from auditor.model import Case, Kind, Ref
from auditor.page import ledger_session, wording
from auditor.pipeline.report import Edge
from auditor.reporting.coverage import chance_matches, coverage_counts, missing_lists, uncompared_weights
from auditor.reporting.labels import CASE_GROUNDS, LIST_MEANINGS
from auditor.reporting.lineage_layout import LineageDrawing, LineageLayout
from auditor.review.case_state import REVIEW_DAYS, STAGE_MEANINGS, CaseState, LedgerEvent
from auditor.review.case_support import CaseSupport, compute_support
from auditor.review.case_transitions import can_withdraw_confirmation
from auditor.review.decisions import ACTION_VERDICTS, STRENGTH_MEANINGS, Decision, Opinion, Verdict
from auditor.review.drafts import reason_not_to_draft
from auditor.review.evidence_strength import SOURCE_LABELS
from auditor.review.ledger import Ledger
from auditor.review.ledger_entries import decode_entry
from auditor.review.queue import Query, QueueRow
from auditor.review.timestamps import add_time

if TYPE_CHECKING:
    from auditor.deindex.locators import Hub
    from auditor.page.app import Desk
    from auditor.page.security import Session

SHOWS: Mapping[str, str] = {
    "open": "you can take up",
    "mine": "yours",
    "all": "all",
    "passed": "you passed",
}
AGES: Mapping[str, str] = {"": "any age", "1": "older than a day", "7": "older than a week", "30": "older than a month"}
# What a reviewer may want to keep away from: grounds, and what the lists mean that a case's matches are of.
CATEGORIES: Mapping[str, str] = {
    **{str(ground): said for ground, said in CASE_GROUNDS.items()},
    **{means: said for means, said in LIST_MEANINGS.items() if means != "benign"},
}
ROWS = 50  # of a page
LOOKS = 10  # pages of the ledger that one page of the queue may take, when much of it is kept apart
FACTS = 40  # beyond so many, judging again without each takes too long for a page
LOGGED = 100
LISTED = 200
COMPARED = 1000  # decided cases that one page looks at
_SAID = ("proposed", "reviewed", "settled", "interim")  # events that hold an opinion
# Statements that say what something was made from, and what kind of thing that is.
_PARENTS: Mapping[str, Kind] = {"base_model": "model", "trained_on": "dataset", "sourced_from": "dataset"}


class Asked(dict[str, str]):
    """What an address asks; what it doesn't name is ""."""

    def __missing__(self, name: str) -> str:
        return ""


class Typed(dict[str, tuple[str, ...]]):
    """The fields of a form; one that was not sent is ()."""

    def __missing__(self, name: str) -> tuple[str, ...]:
        return ()


@dataclass(slots=True)
class Visit:
    """One request: who asks, what of, and the ledger as it is now."""

    desk: Desk
    session: Session
    ledger: Ledger
    query: Asked = field(default_factory=Asked)
    path: Asked = field(default_factory=Asked)
    form: Typed = field(default_factory=Typed)

    @property
    def me(self) -> str:
        return self.session.reviewer

    def said(self, name: str) -> str:
        return next(iter(self.form[name]), "")


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its template and what it says."""

    template: str
    content: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Go:
    """Another page, to be asked for next."""

    to: str


# The queue


def queue(visit: Visit) -> Shown:
    query, choices = visit.query, visit.session.seat.choices
    show = query.get("show", "open")
    if show not in SHOWS:
        raise UsageError(f"{show[:40]!r}: show {', '.join(SHOWS)}")
    wanted = _query(visit, show)
    if show == "passed":
        rows, total, more = _passed(visit), len(choices.passed), ""
        hidden = 0
    else:
        rows, total, more, hidden = _rows(visit, wanted, show)
    return Shown(
        "queue.html",
        {
            "rows": rows,
            "total": total,
            "hidden": hidden,
            "more": more,
            "show": show,
            "chosen": query,
            "shows": SHOWS,
            "ages": AGES,
            "grounds": CASE_GROUNDS,
            "strengths": STRENGTH_MEANINGS,
            "stages": STAGE_MEANINGS,
        },
    )


def _query(visit: Visit, show: str) -> Query:
    asked = visit.query
    ground, strength, stage, age = (asked[name] for name in ("ground", "strength", "stage", "age"))
    for value, known in ((ground, CASE_GROUNDS), (strength, STRENGTH_MEANINGS), (stage, STAGE_MEANINGS), (age, AGES)):
        if value and value not in known:
            raise UsageError(f"{value[:40]!r}: choose one of {', '.join(filter(None, known))}")
    return Query(
        stages=(stage,) if stage else (),  # type: ignore[arg-type]
        ground=ground,
        confidence=(strength,) if strength else (),  # type: ignore[arg-type]
        opened_before=add_time(visit.ledger.now, days=-int(age)) if age else "",
        mine=visit.me if show == "mine" else "",
        open_to=visit.me if show == "open" else "",
        name=asked["name"][:200],
        limit=ROWS,
        after=asked["after"][:200],
    )


def _rows(visit: Visit, query: Query, show: str) -> tuple[list[QueueRow], int, str, int]:
    """Rows, how many there are in all, where the next page begins, and how many of these were kept apart."""
    choices = visit.session.seat.choices
    passed = frozenset(choices.passed) if show == "open" else frozenset()
    kept: list[QueueRow] = []
    hidden, total = 0, -1
    for _ in range(LOOKS):
        page = visit.ledger.queue(query)
        total = page.total if total < 0 else total
        fit = [row for row in page.rows if row.case not in passed and not apart(visit, row.case, row.ground)]
        hidden += len(page.rows) - len(fit)
        kept += fit
        query = replace(query, after=page.next)
        if not page.next or len(kept) >= ROWS // 2:
            break
    return kept, total, query.after, hidden


def apart(visit: Visit, case: str, ground: str) -> tuple[str, ...]:
    """The categories of a case that this reviewer would rather not see."""
    chosen = set(visit.session.seat.choices.apart)
    if not chosen:
        return ()
    if ground in chosen:
        return (ground,)
    return (
        tuple(sorted(chosen & _means(visit.ledger, visit.ledger.blinded_state(case))))
        if chosen - {*CASE_GROUNDS}
        else ()
    )


def _means(ledger: Ledger, state: CaseState) -> frozenset[str]:
    """What the lists mean that this case's matches are of."""
    lists = {one["name"]: one["means"] for one in _policy(ledger, state).get("lists", ())}
    named = {fact.statement.value for fact in state.facts if fact.statement.key in ("known_content", "known_model")}
    return frozenset(lists[name] for name in named if name in lists)


def _passed(visit: Visit) -> list[QueueRow]:
    """The cases that were passed last."""
    return [
        _row(state, visit.ledger.now)
        for case in reversed(visit.session.seat.choices.passed[-ROWS:])
        for state in _known(visit.ledger, case)
    ]


def _known(ledger: Ledger, case: str) -> tuple[CaseState, ...]:
    """The case, or none where the ledger was restored without it."""
    try:
        return (ledger.blinded_state(case),)
    except UsageError:
        return ()


def _row(state: CaseState, now: str) -> QueueRow:
    held = state.is_claimed(now)
    return QueueRow(
        case=state.id,
        ground=state.ground,
        subject=state.subject,
        confidence=state.confidence,
        stage=state.stage(now),
        opened_at=state.opened_at,
        changed_at=state.changed_at,
        claimed_by=state.claimed_by if held else "",
        claimed_until=state.claimed_until if held else "",
        review_by=max((decision.review_by for decision in state.in_force), default=""),
    )


def following(visit: Visit) -> Go:
    """The next case that this reviewer can take up."""
    rows, _, _, _ = _rows(visit, replace(_query(visit, "open"), after=""), "open")
    for row in rows:
        if row.case != visit.query["not"]:
            return Go(f"/case/{row.case}")
    return Go("/?done=none")


# A case


@dataclass(frozen=True, slots=True)
class Step:
    """An event of a case's history; ``opinion`` is what was said, where this reviewer may see it."""

    event: LedgerEvent
    verdict: str = ""
    rules: tuple[str, ...] = ()
    why: str = ""
    note: str = ""


def case(visit: Visit, error: str = "", status: int = 200) -> Shown:
    """One case, with what was typed into its form where that could not be recorded."""
    ledger, me = visit.ledger, visit.me
    state = ledger.state(visit.path["case"])
    away = apart(visit, state.id, state.ground)
    if away and "anyway" not in visit.query and not error:
        return Shown("apart.html", {"case": state.id, "away": away, "means": CATEGORIES})
    history = ledger.history(state.id)
    now = ledger.now
    policy = _policy(ledger, state)
    rules = {rule["id"]: rule for rule in policy.get("rules", ())}
    rested, unrested = _rests(visit, state)
    return Shown(
        "case.html",
        {
            "state": state,
            "decisions": ledger.blinded_state(state.id).decisions,
            "stage": state.stage(now),
            "held": state.claimed_by if state.is_claimed(now) else "",
            "mine": state.is_claimed(now) and state.claimed_by == me,
            "passed": state.id in visit.session.seat.choices.passed,
            "reasons": state.reasons,
            "rules": {reason.rule: rules.get(reason.rule, {}) for reason in state.reasons},
            "rested": rested,
            "unrested": unrested,
            "drawing": _drawing(visit, state),
            "opinions": opinions(state, me),
            "doing": doing(state, me, now),
            "verdicts": verdicts(state, me),
            "undo": undo(state, me, now),
            "review_days": (REVIEW_DAYS, 90, 30),
            "action": any(decision.verdict in ACTION_VERDICTS for decision in state.in_force),
            "withheld": next((reason_not_to_draft(state, decision, policy) for decision in state.in_force), ""),
            "history": _history(history),
            "grounds": CASE_GROUNDS,
            "strengths": STRENGTH_MEANINGS,
            "stages": STAGE_MEANINGS,
            "sources": SOURCE_LABELS,
            "error": error,
            "typed": visit.form,
            "proof": ledger.checkpoint(),
            "strong": _strong(state, visit.desk.strong_words),
        },
        status,
    )


def _policy(ledger: Ledger, state: CaseState) -> Mapping[str, Any]:
    try:
        return ledger.policy(state.policy)
    except UsageError:
        return {}


def _strong(state: CaseState, strong_words: wording.StrongWords) -> bool:
    """Would anything of this case be masked?"""
    texts = [state.subject.name, *(reason.fact for reason in state.reasons), *(ref.name for ref in state.copies)]
    texts += [fact.statement.value for fact in state.facts]
    quoted = any(fact.statement.key in wording.QUOTED for fact in state.facts)
    return quoted or any(wording.MASK in wording.plain(text, strong_words) for text in texts)


def opinions(state: CaseState, me: str) -> tuple[Opinion, ...]:
    """The opinions of this round that this reviewer may see: the second one is blind to the first."""
    if state.phase == "disputed":
        return state.opinions
    return tuple(opinion for opinion in state.opinions if opinion.reviewer == me)


def doing(state: CaseState, me: str, now: str) -> str:
    """What this reviewer can do next: propose, review, settle, appeal, or why nothing (wait-…)."""
    if state.is_claimed(now) and state.claimed_by != me:
        return "wait-held"
    if state.appeal:
        return "wait-involved" if me in state.involved else "appeal"
    given = {opinion.reviewer for opinion in state.opinions} | state.barred_reviewers
    if state.phase == "new":
        return "propose"
    if state.phase in ("proposed", "disputed"):
        if me in given:
            return "wait-another"
        return "review" if state.phase == "proposed" else "settle"
    return "done"


def verdicts(state: CaseState, me: str) -> tuple[Verdict, ...]:
    """The verdicts that this reviewer can give; two people always stand behind one that lasts."""
    if state.phase == "disputed":
        told: list[Verdict] = list(dict.fromkeys(opinion.verdict for opinion in state.opinions))
    else:
        told = [verdict for verdict in wording.VERDICT_LABELS if verdict != "interim"]
    urgent = (
        not state.in_force
        and not any(decision.verdict == "interim" for decision in state.decisions)
        and any(reason.strength in ("exact", "listed") for reason in state.reasons)
    )
    return (*told, *(("interim",) if urgent else ()))


def undo(state: CaseState, me: str, now: str) -> str:
    """What of this reviewer's can still be taken back: withdraw, release, or nothing."""
    if state.phase in ("proposed", "disputed") and state.opinions and state.opinions[-1].reviewer == me:
        return "withdraw"
    if can_withdraw_confirmation(state, me) and not state.is_claimed(now):
        return "withdraw"
    return "release" if state.is_claimed(now) and state.claimed_by == me else ""


def _rests(visit: Visit, state: CaseState) -> tuple[CaseSupport | None, str]:
    """What the case rests on, or why that cannot be said here."""
    if len(state.facts) > FACTS:
        return None, f"It rests on {len(state.facts):,} facts: `auditor review show {state.id}` judges without each."
    try:
        return compute_support(state, visit.desk.policy(visit.ledger, state.policy)), ""
    except AuditorError as error:
        return None, str(error)


def _drawing(visit: Visit, state: CaseState) -> LineageDrawing | None:
    """The lineage that the case's facts tell, and that of the runs at hand."""
    here = [
        Edge(
            fact.subject, Ref(_PARENTS[said.key], said.value), said.relation or said.key.replace("_", "-"), said.source
        )
        for fact in state.facts
        if (said := fact.statement).key in _PARENTS
    ]
    seen = {(edge.child.name, edge.parent.name) for edge in here}
    edges = [replace(edge, child=Ref(edge.child.kind, edge.child.name)) for edge in here]
    for run in visit.desk.reports():
        edges += [edge for edge in run.lineage if (edge.child.name, edge.parent.name) not in seen]
    subject = state.subject
    drawn = LineageLayout(dict.fromkeys(edges)).layout_case(
        Case(state.ground, subject.kind, subject.name, subject.revision, ())
    )
    if drawn is None or visit.desk.unmasked(visit):
        return drawn
    strong_words = visit.desk.strong_words
    nodes = tuple(
        replace(node, name=wording.plain(node.name, strong_words), label=wording.plain(node.label, strong_words))
        for node in drawn.nodes
    )
    return replace(drawn, nodes=nodes, words=wording.plain(drawn.words, strong_words, wording.PROSE))


def _history(events: Sequence[LedgerEvent]) -> list[Step]:
    """What happened, the newest first; the ledger withholds what was said in a round that is still blind."""
    return [_step(event) for event in reversed(events)]


def _step(event: LedgerEvent) -> Step:
    data = event.data
    if event.kind not in _SAID:
        return Step(event, verdict=str(data.get("outcome", "")), why=str(data.get("why", "")), note=_note(event))
    if not data:
        return Step(event, note="not shown until two have spoken")
    return Step(event, str(data["verdict"]), tuple(data["rules"]), str(data["why"]), _note(event))


def _note(event: LedgerEvent) -> str:
    data = event.data
    match event.kind:
        case "opened" | "joined":
            counted = (("reason", data["reasons"]), ("fact", data["facts"]), ("re-upload", data["copies"]))
            return ", ".join(wording.count(len(found), name) for name, found in counted if found)
        case "claimed":
            return f"until {wording.when(str(data['until']))}"
        case "interim":
            return f"until {wording.when(str(data['expires']))}"
        case "listed" | "delisted":
            return f"for {data['recipient']}, version {data['version']}"
        case "receipt":
            return f"from {data['recipient']}, version {data['version']}, {wording.when(str(data['at']))}"
    return ""


# The audit log


def log(visit: Visit, proof: object = None) -> Shown:
    """The newest events, or those before a number; each is proven under the signed checkpoint."""
    before = _number(visit.query["before"])
    with closing(ledger_session.reader(visit.ledger.folder)) as database:
        asked = "SELECT body FROM events WHERE number < ? ORDER BY number DESC LIMIT ?"
        events = [decode_entry(body) for (body,) in database.execute(asked, (before, LOGGED + 1))]
    more = events[LOGGED - 1].number if len(events) > LOGGED else 0
    events = events[:LOGGED]
    ledger_session.proven(visit.ledger, events)
    # An opinion is told on its case's page alone, to those who may see it.
    steps = [Step(event, note="" if event.kind in _SAID else _note(event)) for event in events]
    return Shown(
        "log.html",
        {
            "steps": steps,
            "more": more,
            "newest": not visit.query["before"],
            "proof": proof,
            "checkpoint": visit.ledger.checkpoint(),
            "note": visit.ledger.checkpoint_note(),
            "earlier": visit.said("earlier"),
        },
    )


def _number(text: str) -> int:
    if not text:
        return 2**62
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise UsageError(f"{text[:40]!r}: is no entry's number")
    return int(text)


# Coverage of a run


def coverage(visit: Visit) -> Shown:
    """What a run read and what it could not: no page of cases says that."""
    from auditor.reporting.summary import group_gaps

    runs = visit.desk.reports()
    which = _number(visit.query["run"] or "0")
    if runs and which >= len(runs):
        raise UsageError(f"run {which}: this page was started with {len(runs)}")
    report = runs[which] if runs else None
    content: dict[str, Any] = {"report": report, "runs": [run.targets for run in runs], "which": which}
    if report is not None:
        content |= {
            "asked": coverage_counts(report),
            "chance": chance_matches(report),
            "missing": (*missing_lists(report), *uncompared_weights(report)),
            "gaps": group_gaps(islice(report.gaps, 100_000), 3)[:50],
            "means": LIST_MEANINGS,
        }
    return Shown("coverage.html", content)


# The list about to be built


@dataclass(frozen=True, slots=True)
class Line:
    """What would become of one decision's entries: new, changed, kept, removed or held back."""

    change: str
    decision: Decision
    addresses: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


def listing(visit: Visit) -> Shown:
    """The entries that a list built now would have, beside what each recipient was last sent."""
    from auditor.deindex.locators import compile_hubs

    now = visit.ledger.now
    cases, total = ledger_session.decided(visit.ledger.folder, COMPARED)
    states = [visit.ledger.state(case) for case in cases]
    recipients = sorted({recipient for state in states for recipient in state.listed} | {*visit.desk.recipients})
    to = visit.query.get("to", recipients[0] if recipients else "")
    sent = ledger_session.sent(visit.ledger.folder, to)
    hubs = compile_hubs(visit.desk.vocabularies)
    lines = [line for state in states for line in _lines(state, to, sent.get(state.id, ""), now, hubs)]
    order = ("removed", "new", "changed", "held back", "kept")
    counts = {change: sum(line.change == change for line in lines) for change in order}
    lines.sort(key=lambda line: (order.index(line.change), line.decision.subject.name))
    return Shown(
        "listing.html",
        {
            "lines": lines[:LISTED],
            "left_out": max(len(lines) - LISTED, 0),
            "compared": COMPARED,
            "total": total,
            "counts": counts,
            "recipients": recipients,
            "to": to,
            "due": sum(line.decision.is_due_for_review(now) for line in lines),
        },
    )


def _lines(state: CaseState, to: str, sent: str, now: str, hubs: Mapping[str, Hub]) -> Iterator[Line]:
    from auditor.deindex.entries import DeindexEntry, EntryContext, build_entries

    before = sent if to in state.listed else ""
    standing = next((decision for decision in state.in_force if decision.is_in_force(now)), None)
    made = list(build_entries(standing, EntryContext(b"", to, now, hubs=hubs))) if standing else []
    if standing is None or not made:
        if before:
            yield from (Line("removed", gone) for gone in state.decisions if gone.id == before)
        return
    listed = [entry for entry in made if isinstance(entry, DeindexEntry)]
    held = tuple(f"{entry.subject.name}: {entry.why}" for entry in made if not isinstance(entry, DeindexEntry))
    addresses = tuple(
        f"{host}{path}{'…' if prefix else ''}"
        for entry in listed
        for host in entry.locators.hosts
        for prefix, paths in ((False, entry.locators.exact), (True, entry.locators.prefix))
        for path in paths
    )
    if not listed:
        change = "removed" if before else "held back"
    else:
        change = "new" if not before else "kept" if before == standing.id else "changed"
    yield Line(change, standing, addresses, held)


# The rest


def settings(visit: Visit) -> Shown:
    return Shown("settings.html", {"choices": visit.session.seat.choices, "categories": CATEGORIES.items()})


def manual(visit: Visit) -> Shown:
    return Shown("help.html", {"stages": STAGE_MEANINGS, "verdicts": wording.VERDICT_LABELS})
