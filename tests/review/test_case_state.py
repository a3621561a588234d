"""State changes of a case: each rule by itself, and properties over any order of events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.review.cases import list_ as list_cases
from auditor.errors import UsageError
from auditor.review import VERDICT_MEANINGS
from auditor.review.case_reasons import STRENGTH_MEANINGS, STRENGTH_RANKS, Strength
from auditor.review.case_state import CaseState
from auditor.review.case_transitions import apply_event
from auditor.review.ledger_events import LedgerEvent
from auditor.timestamps import add_time
from tests.reviewing import case_id, opening_action

CASE = case_id(1)
RULE = ["trained-on-known-content"]


class CaseTimeline:
    """Applies events one by one, an hour apart."""

    def __init__(self, strength: Strength = "exact") -> None:
        self.time = "2026-11-23T09:00:00Z"
        self.number = 0
        event = opening_action(1, strength)
        self.state: CaseState = apply_event(None, LedgerEvent(0, self.time, event.actor, "opened", CASE, event.data))

    def apply(self, actor: str, kind: str, hours: float = 1, **data: Any) -> CaseState:
        time = add_time(self.time, hours=hours)
        self.state = apply_event(self.state, LedgerEvent(self.number + 1, time, actor, kind, CASE, data))
        self.time, self.number = time, self.number + 1
        return self.state

    def claim(self, actor: str, hours: float = 4) -> CaseState:
        return self.apply(actor, "claimed", until=add_time(self.time, hours=1 + hours))

    def give_opinion(self, actor: str, kind: str, verdict: str = "de-index", **more: Any) -> CaseState:
        return self.apply(actor, kind, verdict=verdict, rules=RULE, why="words", **more)

    def decide_case(self, verdict: str = "de-index") -> CaseState:
        self.claim("heron")
        self.give_opinion("heron", "proposed", verdict)
        return self.give_opinion("wren", "reviewed", verdict)


def test_an_opinion_can_be_taken_back_by_its_reviewer_until_two_agree() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed")
    with pytest.raises(UsageError, match="wren has given no opinion"):
        timeline.apply("wren", "withdrawn")
    assert timeline.apply("heron", "withdrawn").stage(timeline.time) == "new"
    timeline.decide_case()
    with pytest.raises(UsageError, match="can be withdrawn"):
        timeline.apply("wren", "withdrawn")


def test_a_confirmation_can_be_taken_back_until_an_opinion_rests_on_it() -> None:
    timeline = CaseTimeline("near")
    timeline.give_opinion("heron", "confirmed")
    with pytest.raises(UsageError, match="wren has given no opinion"):
        timeline.apply("wren", "withdrawn")
    assert timeline.apply("heron", "withdrawn").confirmed == ()
    timeline.claim("wren")
    with pytest.raises(UsageError, match="only near matches support it"):
        timeline.give_opinion("wren", "proposed")
    timeline.give_opinion("heron", "confirmed")
    timeline.give_opinion("wren", "proposed")
    with pytest.raises(UsageError, match="heron has given no opinion on it that can be withdrawn"):
        timeline.apply("heron", "withdrawn")


def test_who_took_back_an_opinion_after_seeing_the_other_gives_none_in_this_round() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed", "label")
    timeline.give_opinion("wren", "reviewed", "gate")
    with pytest.raises(UsageError, match="heron has given no opinion on it that can"):
        timeline.apply("heron", "withdrawn")
    assert timeline.apply("wren", "withdrawn").phase == "proposed"
    with pytest.raises(UsageError, match="wren has seen the other opinion"):
        timeline.give_opinion("wren", "reviewed", "label")
    assert timeline.give_opinion("owl", "reviewed", "label").phase == "approved"


def test_two_who_agree_decide() -> None:
    timeline = CaseTimeline()
    assert timeline.state.stage(timeline.time) == "new"
    assert timeline.claim("heron").stage(timeline.time) == "claimed"
    assert timeline.give_opinion("heron", "proposed").stage(timeline.time) == "proposed"
    state = timeline.give_opinion("wren", "reviewed")
    assert state.stage(timeline.time) == "approved"
    (decision,) = state.in_force
    assert (decision.verdict, decision.proposer, decision.approver) == ("de-index", "heron", "wren")
    assert decision.is_in_force(timeline.time)
    assert (decision.review_by, decision.expires_at) == ("2027-05-22T12:00:00Z", "2027-06-21T12:00:00Z")


@pytest.mark.parametrize("review_by", ["2028-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "9999", "soon"])
def test_a_decision_is_looked_at_again_within_180_days(review_by: str) -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed")
    with pytest.raises(UsageError, match="a decision must be reviewed again within 180 days"):
        timeline.apply("wren", "reviewed", verdict="de-index", rules=RULE, why="words", review_by=review_by)


def test_nobody_approves_their_own_proposal() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed")
    with pytest.raises(UsageError, match="heron has given an opinion on it; someone else must give the next"):
        timeline.give_opinion("heron", "reviewed")
    with pytest.raises(UsageError, match="someone else must give the next"):
        timeline.claim("heron")


def test_two_who_differ_need_others_until_two_agree() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed")
    assert timeline.give_opinion("wren", "reviewed", "label").stage(timeline.time) == "disputed"
    for involved in ("heron", "wren"):
        with pytest.raises(UsageError, match="someone else must give the next"):
            timeline.give_opinion(involved, "settled")
    assert timeline.give_opinion("owl", "settled", "gate").stage(timeline.time) == "disputed"
    with pytest.raises(UsageError, match="owl has given an opinion on it; someone else must give the next"):
        timeline.give_opinion("owl", "settled", "label")
    (decision,) = timeline.give_opinion("finch", "settled", "label").in_force
    assert (decision.verdict, decision.proposer, decision.approver) == ("label", "wren", "finch")


def test_a_third_who_agrees_with_one_of_two_decides() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed")
    timeline.give_opinion("wren", "reviewed", "label")
    (decision,) = timeline.give_opinion("owl", "settled", "label").in_force
    assert (decision.verdict, decision.proposer, decision.approver) == ("label", "wren", "owl")


def test_a_third_opinion_that_agrees_with_none_can_be_withdrawn_and_the_two_remain() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed")
    timeline.give_opinion("wren", "reviewed", "label")
    timeline.give_opinion("owl", "settled", "gate")
    state = timeline.apply("owl", "withdrawn")
    assert (state.phase, [opinion.verdict for opinion in state.opinions]) == ("disputed", ["de-index", "label"])


def test_a_claim_keeps_others_away_until_it_ends() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron", hours=4)
    with pytest.raises(UsageError, match="heron has claimed it until 2026-11-23T14:00:00Z"):
        timeline.claim("wren")
    assert timeline.state.stage("2026-11-23T13:59:59Z") == "claimed"
    assert timeline.state.stage("2026-11-23T14:00:00Z") == "new"
    timeline.apply("wren", "claimed", hours=4, until=add_time(timeline.time, hours=8))
    with pytest.raises(UsageError, match="wren has claimed it"):
        timeline.give_opinion("heron", "proposed")
    with pytest.raises(UsageError, match="heron has no claim on it"):
        timeline.apply("heron", "released")
    assert timeline.apply("wren", "released").stage(timeline.time) == "new"


def test_a_claim_is_needed_and_lasts_a_day_at_most() -> None:
    timeline = CaseTimeline()
    with pytest.raises(UsageError, match="claim it first"):
        timeline.give_opinion("heron", "proposed")
    with pytest.raises(UsageError, match="a claim lasts at most 24 hours"):
        timeline.claim("heron", hours=24.5)


def test_near_matches_alone_de_index_nothing_before_a_confirmation() -> None:
    timeline = CaseTimeline("near")
    timeline.claim("heron")
    with pytest.raises(UsageError, match="only near matches support it, and they can be wrong"):
        timeline.give_opinion("heron", "proposed")
    timeline.apply("owl", "confirmed", why="The hotline confirmed it, reference 7.")
    timeline.give_opinion("heron", "proposed")
    assert timeline.give_opinion("wren", "reviewed").in_force[0].verdict == "de-index"


def test_an_exact_match_has_nothing_to_confirm() -> None:
    with pytest.raises(UsageError, match="has no near match"):
        CaseTimeline().apply("owl", "confirmed", why="words")


@pytest.mark.parametrize("strength", ["near", "named", "stated"])
def test_one_reviewer_alone_needs_an_exact_match_or_listed_weights(strength: Strength) -> None:
    timeline = CaseTimeline(strength)
    with pytest.raises(UsageError, match="needs an exact match or listed weights"):
        timeline.give_opinion("heron", "interim", "interim", expires=add_time(timeline.time, hours=73))


def test_an_interim_decision_ends_within_72_hours_and_comes_once() -> None:
    timeline = CaseTimeline("listed")
    with pytest.raises(UsageError, match="at most 72 hours"):
        timeline.give_opinion("heron", "interim", "interim", expires="2026-11-26T10:00:01Z")
    state = timeline.give_opinion("heron", "interim", "interim", expires="2026-11-26T10:00:00Z")
    (decision,) = state.in_force
    assert decision.approver == ""
    assert decision.is_in_force("2026-11-26T09:59:59Z")
    assert not decision.is_in_force("2026-11-26T10:00:00Z")
    assert decision.has_lapsed("2026-11-26T10:00:00Z")
    with pytest.raises(UsageError, match="had an interim decision before"):
        timeline.give_opinion("wren", "interim", "interim", expires="2026-11-25T10:00:00Z")


def test_a_decision_of_two_supersedes_an_interim_one() -> None:
    timeline = CaseTimeline()
    timeline.give_opinion("heron", "interim", "interim", expires=add_time(timeline.time, hours=72))
    state = timeline.decide_case("no-action")
    assert [(d.verdict, d.status) for d in state.decisions] == [("interim", "superseded"), ("no-action", "standing")]
    assert state.decisions[1].supersedes == state.decisions[0].id
    assert state.decisions[0].superseded_by == state.decisions[1].id


def test_interim_is_refused_as_a_second_verdict() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    with pytest.raises(UsageError, match="'interim' is not a verdict here"):
        timeline.give_opinion("heron", "proposed", "interim")


def test_a_passed_review_date_asks_for_a_review_and_drops_nothing_silently() -> None:
    state = CaseTimeline().decide_case()
    (decision,) = state.in_force
    assert state.stage(decision.review_by) == "re-review"
    assert decision.is_in_force(decision.review_by)
    assert decision.is_due_for_review(decision.review_by)
    assert not decision.is_in_force(decision.expires_at)
    assert decision.has_lapsed(decision.expires_at)
    assert state.stage(decision.expires_at) == "re-review"


def test_a_decision_stays_in_force_while_it_is_reviewed_again() -> None:
    timeline = CaseTimeline()
    timeline.decide_case()
    state = timeline.apply("owl", "reopened", why="its date has come")
    assert state.stage(timeline.time) == "new"
    assert [d.verdict for d in state.in_force] == ["de-index"]
    timeline.claim("owl")
    timeline.give_opinion("owl", "proposed", "label")
    state = timeline.give_opinion("finch", "reviewed", "label")
    assert [(d.verdict, d.status) for d in state.decisions] == [("de-index", "superseded"), ("label", "standing")]


def test_need_more_ends_the_round_and_changes_nothing_that_stands() -> None:
    timeline = CaseTimeline()
    assert timeline.decide_case("need-more").stage(timeline.time) == "waiting"
    assert timeline.state.in_force == ()
    timeline = CaseTimeline()
    timeline.decide_case()
    timeline.apply("owl", "reopened", why="a look")
    state = timeline.decide_case("need-more")
    assert state.stage(timeline.time) == "approved"
    assert [d.verdict for d in state.in_force] == ["de-index"]


def test_an_appeal_is_decided_by_someone_who_took_no_part() -> None:
    timeline = CaseTimeline()
    timeline.decide_case()
    assert timeline.apply("finch", "appealed", why="It was never trained on that.").stage(timeline.time) == "appealed"
    for involved in ("heron", "wren"):
        with pytest.raises(UsageError, match=f"{involved} took part in it; someone not involved must decide"):
            timeline.apply(involved, "appeal-decided", outcome="upheld", why="words")
        with pytest.raises(UsageError, match="took part"):
            timeline.claim(involved)
    assert timeline.state.in_force[0].is_in_force(timeline.time)
    state = timeline.apply("owl", "appeal-decided", outcome="overturned", why="The card was forged.")
    assert state.stage(timeline.time) == "overturned"
    assert state.in_force == ()
    assert (state.decisions[0].status, state.decisions[0].appeal) == ("overturned", "overturned")


def test_an_upheld_decision_stands_and_can_be_appealed_again_before_someone_else() -> None:
    timeline = CaseTimeline()
    timeline.decide_case()
    timeline.apply("finch", "appealed", why="words")
    state = timeline.apply("owl", "appeal-decided", outcome="upheld", why="words")
    assert state.stage(timeline.time) == "approved"
    assert state.in_force[0].appeal == "upheld"
    timeline.apply("finch", "appealed", why="more words")
    with pytest.raises(UsageError, match="owl took part"):
        timeline.apply("owl", "appeal-decided", outcome="upheld", why="words")


def test_no_round_goes_on_while_an_appeal_is_open() -> None:
    timeline = CaseTimeline()
    timeline.decide_case()
    timeline.apply("finch", "appealed", why="words")
    with pytest.raises(UsageError, match="an appeal is open"):
        timeline.apply("owl", "reopened", why="words")
    with pytest.raises(UsageError, match="an appeal is open already"):
        timeline.apply("finch", "appealed", why="words")


def test_a_decision_that_changes_nothing_cannot_be_appealed_notified_or_listed() -> None:
    timeline = CaseTimeline()
    timeline.decide_case("no-action")
    for kind, data in (("appealed", {"why": "x"}), ("notified", {}), ("listed", {"decision": "", "recipient": "r"})):
        with pytest.raises(UsageError, match="no decision that restricts it is in force"):
            timeline.apply("owl", kind, **data)


def test_an_owner_is_notified_only_after_reporting_is_recorded() -> None:
    timeline = CaseTimeline()
    timeline.decide_case()
    with pytest.raises(UsageError, match="only after a person has recorded that it was reported"):
        timeline.apply("owl", "notified")
    timeline.apply("owl", "reported", outcome="not-due", why="Counsel said so.")
    assert timeline.apply("owl", "notified").in_force[0].notified_at == timeline.time


def test_a_decision_that_does_not_stand_goes_on_no_list() -> None:
    timeline = CaseTimeline()
    decision = timeline.decide_case().in_force[0]
    with pytest.raises(UsageError, match="decision other is not in force"):
        timeline.apply("auditor", "listed", decision="other", recipient="search")
    assert (
        timeline.apply("auditor", "listed", decision=decision.id, recipient="search").stage(timeline.time) == "listed"
    )
    assert timeline.apply("auditor", "delisted", recipient="search").stage(timeline.time) == "approved"
    with pytest.raises(UsageError, match="has lapsed"):
        timeline.apply("auditor", "listed", hours=24 * 211, decision=decision.id, recipient="search")


def join_case(timeline: CaseTimeline, *, copies: tuple[str, ...] = (), reasons: tuple[str, ...] = ()) -> CaseState:
    first = opening_action(1).data
    reasons_json = [{**first["reasons"][0], "fact": fact} for fact in reasons]
    return timeline.apply(
        "auditor",
        "joined",
        copies=[{"kind": "model", "name": name, "revision": ""} for name in copies],
        reasons=reasons_json,
        facts=[],
        digests=[],
        policy="1" * 64,
        version="1",
    )


def test_a_re_upload_joins_but_no_decision_covers_it_before_people_looked() -> None:
    timeline = CaseTimeline()
    timeline.decide_case()
    state = join_case(timeline, copies=("mirror/again",))
    assert [ref.name for ref in state.joined] == ["mirror/again"]
    assert state.in_force[0].copies == ()
    timeline.apply("owl", "reopened", why="a re-upload")
    assert [ref.name for ref in timeline.decide_case().in_force[0].copies] == ["mirror/again"]


def test_new_reasons_reopen_a_case_that_was_not_decided_on_them() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    timeline.give_opinion("heron", "proposed", "no-action")
    state = join_case(timeline, reasons=("another dataset",))
    assert (state.phase, state.opinions) == ("new", ())
    timeline = CaseTimeline()
    timeline.decide_case("no-action")
    assert join_case(timeline, reasons=("another dataset",)).phase == "new"
    timeline = CaseTimeline()
    timeline.decide_case()
    assert join_case(timeline, reasons=("another dataset",)).phase == "approved"


def test_opinions_say_why_and_name_rules_that_the_case_rests_on() -> None:
    timeline = CaseTimeline()
    timeline.claim("heron")
    with pytest.raises(UsageError, match="give a reason"):
        timeline.apply("heron", "proposed", verdict="label", rules=RULE, why="  ")
    with pytest.raises(
        UsageError, match="no reason follows from rule 'no-licence'; its rules are trained-on-known-content"
    ):
        timeline.apply("heron", "proposed", verdict="label", rules=["no-licence"], why="words")
    with pytest.raises(UsageError, match="name the rules that label follows"):
        timeline.apply("heron", "proposed", verdict="label", rules=[], why="words")


# Laws

ACTORS = ("heron", "wren", "owl")


def event_lists() -> st.SearchStrategy[tuple[str, str, Mapping[str, Any], float]]:
    opinion = st.builds(
        lambda verdict: {"verdict": verdict, "rules": RULE, "why": "words"},
        st.sampled_from(["de-index", "label", "no-action", "need-more"]),
    )
    kinds = st.one_of(
        st.tuples(st.just("claimed"), st.builds(lambda hours: {"hours": hours}, st.integers(1, 30))),
        st.tuples(st.sampled_from(["proposed", "reviewed", "settled"]), opinion),
        st.tuples(st.just("interim"), st.builds(lambda hours: {"hours": hours}, st.integers(1, 80))),
        st.tuples(st.sampled_from(["confirmed", "reopened", "appealed"]), st.just({"why": "words"})),
        st.tuples(
            st.just("appeal-decided"),
            st.builds(lambda o: {"outcome": o, "why": "words"}, st.sampled_from(["upheld", "overturned"])),
        ),
        st.tuples(st.just("reported"), st.just({"outcome": "reported", "why": "words"})),
        st.tuples(st.sampled_from(["notified", "released", "withdrawn"]), st.just({})),
        st.tuples(st.just("listed"), st.just({"recipient": "search"})),
    )
    return st.builds(lambda actor, kind, hours: (actor, *kind, hours), st.sampled_from(ACTORS), kinds, st.floats(0, 60))


def replay_allowed(strength: Strength, events: list[tuple[str, str, Mapping[str, Any], float]]) -> Iterator[CaseState]:
    timeline = CaseTimeline(strength)
    for actor, kind, data, hours in events:
        time = add_time(timeline.time, hours=hours)
        data = dict(data)
        if "hours" in data:
            span = data.pop("hours")
            ends = {"until": add_time(time, hours=span), "expires": add_time(time, hours=span)}
            data |= ends | ({"verdict": "interim", "rules": RULE, "why": "words"} if kind == "interim" else {})
        if kind == "listed":
            data["decision"] = timeline.state.in_force[0].id if timeline.state.in_force else ""
        try:
            yield timeline.apply(actor, kind, hours=hours, **data)
        except UsageError:
            continue


@settings(max_examples=300)
@given(st.sampled_from(["exact", "near", "listed"]), st.lists(event_lists(), max_size=40))
def test_invariants_hold_for_any_sequence_of_actions(strength: Strength, events: list[Any]) -> None:
    for state in itertools.islice(replay_allowed(strength, events), 100):
        assert sum(decision.status == "standing" for decision in state.decisions) <= 1
        for decision in state.decisions:
            assert decision.verdict in VERDICT_MEANINGS
            assert decision.proposer != decision.approver
            assert decision.explanation
            if decision.verdict == "interim":
                assert strength != "near"
                assert decision.expires_at <= add_time(decision.decided_at, hours=72)
            else:
                assert decision.approver
            if decision.verdict == "de-index" and strength == "near":
                assert state.confirmed
            if decision.notified_at:
                assert state.reported
        assert len({opinion.reviewer for opinion in state.opinions}) == len(state.opinions)
        if state.appeal:
            assert state.stage(state.changed_at) == "appealed"


def test_every_strength_has_a_place_in_the_queue_and_older_ledgers_keep_theirs() -> None:
    assert list(STRENGTH_RANKS) == list(STRENGTH_MEANINGS)
    assert list(STRENGTH_RANKS.values()) == sorted(STRENGTH_RANKS.values())
    before = {"listed": 0, "exact": 1, "named": 2, "near": 3, "stated": 4}
    assert {strength: STRENGTH_RANKS[strength] for strength in before} == before  # type: ignore[index]
    option = next(option for option in list_cases.params if option.name == "confidence")
    assert tuple(option.type.choices) == tuple(STRENGTH_MEANINGS)  # type: ignore[attr-defined]
