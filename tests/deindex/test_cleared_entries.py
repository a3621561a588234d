"""A recipient knows what its senders have cleared, however it was told, and opens no case of the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.deindex.cleared_entries import ClearedEntry, find_clearance, read_cleared_entries
from auditor.deindex.hubs import shipped_hubs
from auditor.errors import SealError
from auditor.model import Digest, Ref
from auditor.review.case_candidates import CaseCandidate
from auditor.review.case_reasons import Reason, Strength
from tests.deindex.lists import NOW, RULE, ListExchange, decision
from tests.reviewing import case_id, create_ledger, decide_case, opening_action

HARBOUR, LIGHTS = decision("atelier/harbour"), decision("atelier/lights")


def clears(*names: str) -> Callable[[str], str]:
    return lambda made: "overturned on appeal" if made in [f"decision-{name}" for name in names] else ""


def cleared(exchange: ListExchange) -> list[ClearedEntry]:
    return list(read_cleared_entries(exchange.folder / "home", NOW))


def names(exchange: ListExchange) -> list[str]:
    return [one.entry["subject"]["name"] for one in cleared(exchange)]


@pytest.fixture
def listed(exchange: ListExchange) -> ListExchange:
    """A recipient who uses a list of two entries."""
    exchange.receive(exchange.build(HARBOUR, LIGHTS).path)
    return exchange


def test_what_a_delta_clears_is_kept_apart_and_is_listed_no_longer(listed: ListExchange) -> None:
    listed.receive(listed.build(LIGHTS, delta=True, clearance=clears("atelier/harbour")).path)
    (one,) = cleared(listed)
    assert str(one) == "model atelier/harbour, by hotline on 2026-11-23"
    assert [entry["subject"]["name"] for entry in listed.lookup()] == ["atelier/lights"]
    assert listed.answers("https://huggingface.co/atelier/harbour") == ["not listed"]


def test_what_only_lapsed_is_not_cleared(listed: ListExchange) -> None:
    listed.receive(listed.build(LIGHTS, delta=True).path)
    assert names(listed) == []


def test_whole_lists_tell_it_to_who_missed_the_delta_and_go_on_telling_it(listed: ListExchange) -> None:
    listed.build(LIGHTS, delta=True, clearance=clears("atelier/harbour"))
    later = listed.build(LIGHTS, clearance=clears("atelier/harbour"))
    assert (later.entries, later.removed) == (1, 1)
    listed.receive(later.path)
    assert names(listed) == ["atelier/harbour"]
    listed.receive(listed.build(LIGHTS, clearance=clears("atelier/harbour")).path)
    assert names(listed) == ["atelier/harbour"]


def test_a_whole_list_clears_what_it_takes_out_itself(listed: ListExchange) -> None:
    listed.receive(listed.build(LIGHTS, clearance=clears("atelier/harbour")).path)
    assert names(listed) == ["atelier/harbour"]


def test_what_is_decided_and_listed_again_is_cleared_no_longer(listed: ListExchange) -> None:
    listed.receive(listed.build(LIGHTS, delta=True, clearance=clears("atelier/harbour")).path)
    again = decision("atelier/harbour", "decision-of-new-facts")
    listed.receive(listed.build(LIGHTS, again, delta=True).path)
    assert names(listed) == []
    assert listed.build(LIGHTS, again).removed == 0


def test_a_damaged_list_in_use_is_named_and_replaced_by_a_whole_one(listed: ListExchange) -> None:
    (tables,) = (listed.folder / "home").glob("*/1.sqlite")
    tables.write_bytes(b"no database" * 1000)
    with pytest.raises(SealError, match=r"1\.sqlite: the compiled list is damaged"):
        cleared(listed)
    listed.receive(listed.build(LIGHTS, clearance=clears("atelier/harbour")).path)
    assert listed.answers("https://huggingface.co/atelier/lights") == ["listed"]


def candidate(strength: Strength = "listed", *, name: str = "atelier/harbour", rule: str = RULE) -> CaseCandidate:
    ref = Ref("model", name)
    reason = Reason(rule, ref, "the same weights as an entry of list models", "error", strength)
    return CaseCandidate("linked", ref, (), HARBOUR.digests, "weights", (reason,), ())


@pytest.mark.parametrize(
    ("found", "is_cleared"),
    [
        (candidate(), True),
        (candidate(name="other/copy"), True),  # a copy of the same weights
        (candidate("alike"), True),  # weaker evidence
        (replace(candidate(), digests=()), True),  # nothing is known of the weights: the same repository
        (replace(candidate(name="other/copy"), digests=()), False),
        (replace(candidate(), digests=(Digest("sha256", "9" * 64),)), False),  # other weights
        (candidate(rule="linked-listed-model"), False),  # another reason
        (replace(candidate(), ground="exposed"), False),
        (replace(candidate(), digests=(), subject=Ref("model", "atelier/harbour", "4f2a")), False),  # another revision
    ],
)
def test_only_the_same_weights_ground_and_rules_with_no_stronger_evidence_are_cleared(
    listed: ListExchange, found: CaseCandidate, is_cleared: bool
) -> None:
    listed.receive(listed.build(LIGHTS, delta=True, clearance=clears("atelier/harbour")).path)
    assert bool(find_clearance(found, cleared(listed), shipped_hubs())) == is_cleared


def test_stronger_evidence_is_not_cleared(exchange: ListExchange) -> None:
    weak = replace(HARBOUR, reasons=(replace(HARBOUR.reasons[0], strength="alike"),))
    exchange.receive(exchange.build(weak, LIGHTS).path)
    exchange.receive(exchange.build(LIGHTS, delta=True, clearance=clears("atelier/harbour")).path)
    assert find_clearance(candidate("alike"), cleared(exchange), shipped_hubs())
    assert not find_clearance(candidate("listed"), cleared(exchange), shipped_hubs())


def test_a_decision_is_cleared_by_an_appeal_or_by_no_action_and_no_longer_once_it_is_decided_anew(
    tmp_path: Path,
) -> None:
    with create_ledger(tmp_path / "ledger") as ledger:
        case = case_id(1)
        ledger.record(opening_action(1))
        decide_case(ledger, case)
        (first,) = ledger.state(case).in_force
        assert ledger.clearance(first.id) == ""
        ledger.reopen(case, "owl", why="There is news.")
        decide_case(ledger, case, "no-action")
        assert ledger.clearance(first.id) == "decided again: no action is needed"
        ledger.reopen(case, "owl", why="There is more.")
        decide_case(ledger, case)
        assert ledger.clearance(first.id) == ""
        (second,) = ledger.state(case).in_force
        ledger.appeal(case, "owl", why="No.")
        ledger.decide_appeal(case, "finch", "overturned", why="It is another one.")
        assert ledger.clearance(second.id) == "overturned on appeal"
