"""A group of cases is decided at once with the checks of single decisions, and haste is found by known innocents."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import UsageError
from auditor.review import Ledger, check_cases
from auditor.review.case_groups import parse_group
from auditor.review.check_cases import CHECK_CASES, CHECK_FILE, MIN_CHECKED_CASES, KnownInnocentsTaken
from auditor.review.group_decisions import GroupOpinion, GroupResult, decide_group
from auditor.review.group_view import read_members
from auditor.review.ledger_events import LedgerAction
from auditor.review.ledger_export import export_ledger
from auditor.review.queue import QueueQuery
from auditor.review.transparency_report import transparency_report
from auditor.review.verify_ledger import verify_ledger
from auditor.sealing.keys import SigningKey
from tests.reviewing import POLICY, Clock, case_id, create_ledger, opening_action

SCENES = parse_group("exposed:dataset:northlight/scenes")
SHARED = "a" * 64  # the digest of a weights file that several cases hold
WEIGHTS = parse_group(f"exposed:weights:sha256:{SHARED}")


def open_models(ledger: Ledger, count: int, first: int = 1) -> None:
    """Open cases of models of one dataset; numbers 1 to 3 have a weights file in common."""
    actions = [opening_action(number, dataset="northlight/scenes") for number in range(first, first + count)]
    for action in actions[:3] if first == 1 else ():
        action.data["digests"].append({"algorithm": "sha256", "value": SHARED})
    ledger.record(*actions)


def joined(number: int, *, reasons: bool = False, copies: bool = False) -> LedgerAction:
    """The act by which a new reason or a re-upload joins a case."""
    opened = opening_action(number, dataset="atelier/streets").data
    content = {key: opened[key] for key in ("facts", "digests", "policy", "version")}
    copy = {"kind": "model", "name": f"mirror/model-{number}", "revision": ""}
    content |= {"reasons": opened["reasons"] if reasons else [], "copies": [copy] if copies else []}
    return LedgerAction("joined", case_id(number), "auditor", content)


def opine(
    ledger: Ledger, reviewer: str, verdict: Any = "gate", group: Any = SCENES, first: bool = True, **given: Any
) -> GroupResult:
    return decide_group(ledger, GroupOpinion(group, reviewer, verdict, "Each card names it.", first, **given))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with create_ledger(tmp_path / "ledger", Clock()) as ledger:
        ledger.record(LedgerAction("policy", "", "auditor", POLICY))
        open_models(ledger, 6)
        yield ledger


def test_two_reviewers_decide_a_group_and_each_case_keeps_its_own_reviews(ledger: Ledger) -> None:
    first = opine(ledger, "heron", without=(case_id(6),))
    assert [state.phase for state in first.taken] == ["proposed"] * 5
    hidden = ledger.history(case_id(1))[-1]
    assert (hidden.kind, hidden.data) == ("proposed", {})
    assert ledger.blinded_state(case_id(1)).opinions == ()
    second = opine(ledger, "wren", first=False)
    assert [state.phase for state in second.taken] == ["approved"] * 5
    decision = second.taken[0].in_force[0]
    assert (decision.verdict, decision.proposer, decision.approver) == ("gate", "heron", "wren")
    assert ledger.state(case_id(6)).phase == "new"
    assert ledger.history(case_id(1))[-1].data["group"] == 5
    assert verify_ledger(ledger).faults == ()


def test_what_recipients_see_of_a_decision_names_no_group(ledger: Ledger) -> None:
    opine(ledger, "heron", "label")
    decision = opine(ledger, "wren", "label", first=False).taken[0].in_force[0]
    assert json.loads(decision.logged)["data"]["group"] == 6
    assert "northlight/scenes" not in decision.logged


def test_a_case_for_which_the_opinion_is_refused_is_left_out_and_named(ledger: Ledger) -> None:
    ledger.claim(case_id(2), "owl")
    result = opine(ledger, "heron", "no-action")
    assert [(one.case, one.name, one.why[:20]) for one in result.left_out] == [
        (case_id(2), "atelier/model-2", "owl has claimed it u")
    ]
    assert len(result.taken) == 5


def test_reviewers_who_differ_leave_every_case_disputed_until_a_third_decides(ledger: Ledger) -> None:
    opine(ledger, "heron", "gate")
    assert {state.phase for state in opine(ledger, "wren", "no-action", first=False).taken} == {"disputed"}
    with pytest.raises(UsageError, match="wren has given an opinion on it"):
        opine(ledger, "wren", "gate", first=False)
    assert {state.phase for state in opine(ledger, "owl", "no-action", first=False).taken} == {"approved"}


def test_of_two_people_who_decide_one_group_at_once_the_second_is_refused(ledger: Ledger) -> None:
    seen = ledger.size - 1
    opine(ledger, "heron", seen=seen)
    size = ledger.size
    with pytest.raises(
        UsageError, match="nothing was recorded: 0 of its cases wait for a first opinion, 6 for a second"
    ):
        opine(ledger, "wren", "no-action", seen=seen)
    with pytest.raises(UsageError, match="it has changed since you opened the group"):
        opine(ledger, "wren", "no-action", first=False, seen=seen)
    assert ledger.size == size


def test_what_another_records_between_check_and_record_refuses_all(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Ledger.record

    def interrupted(self: Ledger, *actions: LedgerAction, **given: Any) -> Any:
        monkeypatch.setattr(Ledger, "record", record)
        with Ledger.open(ledger.folder, clock=Clock()) as other:
            other.claim(case_id(4), "owl")
        return record(self, *actions, **given)

    monkeypatch.setattr(Ledger, "record", interrupted)
    with pytest.raises(UsageError, match=rf"case {case_id(4)}: has changed since you opened it \(claimed by owl\)"):
        opine(ledger, "heron")
    assert ledger.state(case_id(1)).phase == "new"


def test_a_case_whose_facts_change_between_the_two_reviews_drops_out_and_is_named(ledger: Ledger) -> None:
    opine(ledger, "heron")
    ledger.record(joined(2, reasons=True), joined(3, copies=True))
    result = opine(ledger, "wren", first=False)
    assert {one.case: one.why for one in result.left_out} == {
        case_id(2): "its facts have changed since the first review, so it waits for a first opinion again",
        case_id(3): "its facts have changed since the first review, so it is decided by itself",
    }
    assert len(result.taken) == 4
    ledger.decide(case_id(3), "wren", "gate", why="words")
    assert ledger.state(case_id(3)).phase == "approved"


@pytest.mark.parametrize("verdict", ["demote", "refer", "interim"])
def test_other_verdicts_are_for_single_cases(ledger: Ledger, verdict: str) -> None:
    with pytest.raises(UsageError, match=f"{verdict} is decided for each case by itself"):
        opine(ledger, "heron", verdict)


def test_a_group_is_de_indexed_only_as_copies_of_the_same_weights_that_each_reviewer_has_read(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match=f"such groups here: exposed:weights:sha256:{SHARED}"):
        opine(ledger, "heron", "de-index")
    with pytest.raises(UsageError, match=f"case {case_id(1)}: heron has not recorded that they read it as it is now"):
        opine(ledger, "heron", "de-index", WEIGHTS)
    for number in (1, 2):
        ledger.record_read(case_id(number), "heron")
    first = opine(ledger, "heron", "de-index", WEIGHTS)
    assert [one.name for one in first.left_out] == ["atelier/model-3"]
    for number in (1, 2):
        ledger.record_read(case_id(number), "wren")
    ledger.record(joined(2, copies=True))
    second = opine(ledger, "wren", "de-index", WEIGHTS, first=False)
    assert [state.id for state in second.taken] == [case_id(1)]
    assert verify_ledger(ledger).faults == ()


def test_a_case_that_changed_must_be_read_again(ledger: Ledger) -> None:
    ledger.record_read(case_id(1), "heron")
    ledger.record(joined(1, reasons=True))
    with pytest.raises(UsageError, match="heron has not recorded that they read it"):
        opine(ledger, "heron", "de-index", WEIGHTS, only=(case_id(1),))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"verdict": "demote", "group": 2}, "demote is decided for each case by itself"),
        ({"verdict": "de-index", "group": 2, "weights": "sha256:00"}, "it does not hold the weights that the group"),
        (
            {"verdict": "de-index", "group": 2, "weights": f"sha256:{SHARED}"},
            "heron has not recorded that they read it",
        ),
        ({"verdict": "gate", "group": "2"}, "the size of its group is not valid"),
    ],
)
def test_no_entry_of_a_group_gets_round_its_checks(ledger: Ledger, data: dict[str, Any], message: str) -> None:
    ledger.claim(case_id(1), "heron")
    opinion = {"rules": ["trained-on-known-content"], "why": "words", **data}
    with pytest.raises(UsageError, match=message):
        ledger.record(LedgerAction("proposed", case_id(1), "heron", opinion))


def test_each_entry_of_a_group_is_signed_with_its_reviewers_own_key(ledger: Ledger) -> None:
    key = SigningKey.from_seed(b"\1" * 32)
    ledger.enroll("heron", key.public)
    with pytest.raises(UsageError, match="heron must sign"):
        opine(ledger, "heron")
    assert ledger.state(case_id(1)).phase == "new"
    ledger.signers["heron"] = key
    opine(ledger, "heron")
    assert verify_ledger(ledger).signed == 12  # a claim and an opinion on each of six cases


def test_names_that_control_a_terminal_are_escaped_in_messages(ledger: Ledger) -> None:
    hostile = "exposed:dataset:a\x1b[2J\nb"
    for args in (
        ("propose", hostile, "gate", "--as", "heron", "--why", "words"),
        ("groups", f"{hostile[:8]}x{hostile}"),
    ):
        result = review(ledger, *args, code=2)
        assert "\x1b" not in result.output
        assert result.output.count("\n") == 1


# Known innocents


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Ledger]:
    """A group of 1,000 models of one dataset."""
    with create_ledger(tmp_path / "ledger", Clock()) as ledger:
        open_models(ledger, 1000)
        check_cases.place_check_cases(ledger, SCENES)
        yield ledger


def innocents_by_reading(ledger: Ledger) -> tuple[str, ...]:
    """Return the members whose line, as a reviewer reads it, does not name the dataset with matches."""
    found, after = [], ""
    while True:
        members, after = read_members(ledger, QueueQuery(limit=300, after=after), SCENES)
        found += [
            one.row.case
            for one in members
            if one.row.stage in ("new", "proposed")
            and not any("northlight/scenes, which matches" in said.fact for said in one.reasons)
        ]
        if not after:
            return tuple(found)


def test_a_group_of_1000_is_decided_once_its_innocents_are_found(large: Ledger) -> None:
    size = large.size
    with pytest.raises(KnownInnocentsTaken, match="held, nothing was recorded: 5 known innocents") as held:
        opine(large, "heron")
    assert large.size == size
    innocents = innocents_by_reading(large)
    assert len(innocents) == CHECK_CASES == 5
    # Leaving out only the names that the message gave is not enough: others have taken their place.
    assert not any(large.state(case).subject.name in str(held.value) for case in innocents)
    with pytest.raises(KnownInnocentsTaken, match="held, nothing was recorded: 1 known innocent among"):
        opine(large, "heron", without=innocents[1:])
    assert len(opine(large, "heron", without=innocents_by_reading(large)).taken) == 1000
    with pytest.raises(KnownInnocentsTaken):
        opine(large, "wren", first=False)
    assert len(opine(large, "wren", first=False, without=innocents_by_reading(large)).taken) == 1000

    report = transparency_report(large)
    assert (report["cases"], report["stages"], report["decisions"]) == (1000, {"approved": 1000}, {"gate": 1000})
    assert sum(1 for _ in large.decisions_in_force()) == 1000
    assert large.queue(QueueQuery(stages=("approved",))).total == 1000
    exported = io.StringIO()
    export_ledger(large, exported)
    assert not any(case in exported.getvalue() for case in innocents)
    assert verify_ledger(large).faults == ()


def test_innocents_look_like_cases_and_only_their_facts_tell_them_apart(large: Ledger) -> None:
    innocent = innocents_by_reading(large)[0]
    state, other = large.state(innocent), large.state(case_id(500))
    assert (state.ground, state.phase, state.policy) == (other.ground, other.phase, other.policy)
    assert "none of whose samples matches" in state.reasons[0].fact
    assert state.reasons[0].remark.startswith("0 of ")
    assert [event.kind for event in large.history(innocent)] == ["opened"]
    names = {row.subject.name for row in large.queue(QueueQuery(limit=2000)).rows}
    assert state.subject.name not in names
    for record in (large.claim, large.record_read):
        with pytest.raises(UsageError, match="is a known innocent, made up to show whether"):
            record(innocent, "heron")
    assert stat.S_IMODE((large.folder / CHECK_FILE).stat().st_mode) == 0o600


def test_innocents_hold_no_decision_that_restricts_nobody(large: Ledger) -> None:
    assert len(opine(large, "heron", "need-more").taken) == 1000


def test_a_choice_of_cases_is_held_only_for_the_innocents_in_it(large: Ledger) -> None:
    innocent = innocents_by_reading(large)[0]
    with pytest.raises(KnownInnocentsTaken):
        opine(large, "heron", only=(case_id(7), innocent))
    assert len(opine(large, "heron", only=(case_id(7), case_id(8))).taken) == 2


def test_small_groups_have_no_innocents(tmp_path: Path) -> None:
    with create_ledger(tmp_path / "ledger") as ledger:
        open_models(ledger, MIN_CHECKED_CASES - 1)
        check_cases.place_check_cases(ledger, SCENES)
        assert check_cases.read_check_cases(ledger.folder) == ()
        open_models(ledger, 1, first=MIN_CHECKED_CASES)
        check_cases.place_check_cases(ledger, SCENES)
        assert len(check_cases.read_check_cases(ledger.folder)) == CHECK_CASES
        assert MIN_CHECKED_CASES == 100


# On the command line


def review(ledger: Ledger, *args: str, code: int = 0, typed: str = "") -> Result:
    result = CliRunner().invoke(main, ["review", *args, "--ledger", str(ledger.folder)], input=typed)
    assert result.exit_code == code, result.output
    return result


def test_a_group_is_decided_on_the_command_line(ledger: Ledger) -> None:
    shown = review(ledger, "groups", str(SCENES))
    assert "trained on dataset northlight/scenes, which matches entries of a known-content list" in shown.stdout
    assert "(1 of 12 samples; list known-pictures)" in shown.stdout
    assert f"the same weights: {WEIGHTS}" in shown.stderr
    why = ("--why", "Each card names it.")
    done = review(ledger, "propose", str(SCENES), "gate", "--as", "heron", *why, "--except", case_id(1)).stdout
    assert done.startswith("recorded on 5 cases: now 5 proposed")
    review(ledger, "claim", case_id(2), "--as", "owl")
    done_again = review(ledger, "decide", str(SCENES), "gate", "--as", "wren", *why)
    assert "recorded on 4 cases: now 4 approved" in done_again.stdout
    assert f"left out: case {case_id(2)}, atelier/model-2: owl has claimed it" in done_again.stderr
    assert "given on 4 cases at once" in review(ledger, "show", case_id(3)).stdout
    shown_json = json.loads(review(ledger, "groups", str(SCENES), "--json").stdout)
    assert [one["case"] for one in shown_json["members"]] == [case_id(1), case_id(2)]
    refused = review(ledger, "propose", case_id(1), "gate", "--as", "heron", *why, "--only", case_id(2), code=2)
    assert "--only and --except are for a group" in refused.output


def test_reading_a_case_shows_its_line_revision_and_counts(ledger: Ledger) -> None:
    shown = review(ledger, "read", case_id(1), "--as", "heron").stdout
    assert f"Case {case_id(1)}: model atelier/model-1; revision: not stated" in shown
    assert "matches entries of a known-content list (1 of 12 samples; list known-pictures)" in shown
    assert "model atelier/model-1: trained_on northlight/scenes, source: the publisher's card" in shown
    assert ledger.state(case_id(1)).readers == {"heron"}


def test_a_saved_reason_is_shown_and_confirmed_each_time(ledger: Ledger) -> None:
    words = "The licence of the dataset covers every sample."
    review(ledger, "reasons", "save", "licensed", "--as", "heron", "--why", words)
    assert review(ledger, "reasons", "--as", "heron").stdout == f"licensed\t{words}\n"
    assert review(ledger, "reasons", "--as", "wren").stdout == ""
    asked = ("propose", str(SCENES), "no-action", "--as", "heron", "--reason", "licensed")
    declined = review(ledger, *asked, code=2, typed="n\n")
    assert f"licensed: {words}" in declined.stderr
    assert ledger.state(case_id(1)).phase == "new"
    review(ledger, *asked, typed="y\n")
    assert ledger.state(case_id(1)).opinions[0].why == words
    unknown = review(ledger, "decide", str(SCENES), "no-action", "--as", "wren", "--reason", "licensed", code=2)
    assert "wren has saved no reason of this name" in unknown.output
    stranger = review(ledger, "reasons", "save", "licensed", "--as", "crow", "--why", words, code=2)
    assert "'crow': is no reviewer of this ledger" in stranger.output
    both = review(ledger, *asked, "--why", "words", code=2)
    assert "give your reasons with --why, or saved ones with --reason" in both.output
    review(ledger, "reasons", "remove", "licensed", "--as", "heron")
    assert review(ledger, "reasons", "--as", "heron").stdout == ""


def test_saved_reasons_go_when_their_writer_is_erased(ledger: Ledger) -> None:
    for name in ("heron", "wren"):
        review(ledger, "reasons", "save", "licensed", "--as", name, "--why", f"As {name} says.")
    review(ledger, "erase", "--person", "heron", "--why", "Asked for by the person.")
    assert review(ledger, "reasons", "--as", "heron").stdout == ""
    assert "heron says" not in (ledger.folder / "saved-reasons.json").read_text(encoding="utf-8")
    assert review(ledger, "reasons", "--as", "wren").stdout == "licensed\tAs wren says.\n"
