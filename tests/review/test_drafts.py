"""Drafts say what they must, name nobody where they must not, and wait for what must come first."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.model import Digest, Rule
from auditor.pipeline.audit import audit
from auditor.policy.rule_files import read_rules
from auditor.review import Decision, Ledger, case_view, drafts, serialization, transparency_report
from auditor.review.case_reasons import Strength
from auditor.review.case_state import CaseState
from auditor.review.ledger_events import LedgerAction
from auditor.review.open_cases import open_cases
from tests.data.make_hub import HUB, LIST
from tests.review.test_ledger import HOSTILE
from tests.reviewing import POLICY, Clock, case_id, create_ledger, decide_case, opening_action

CASE, NOW = case_id(1), "2026-11-23T09:00:00Z"
DRAFTS = (drafts.statement_of_reasons, drafts.cybertipline_draft, drafts.hotline_draft, drafts.owner_notice_draft)
# digital-services-act/transparency-database, app/Models/Statement.php and StatementStoreRequest.php
FIELDS = {
    "decision_visibility",
    "content_type",
    "content_type_other",
    "category",
    "category_specification",
    "content_date",
    "application_date",
    "end_date_visibility_restriction",
    "decision_facts",
    "source_type",
    "automated_detection",
    "automated_decision",
    "territorial_scope",
    "puid",
    "decision_ground",
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with create_ledger(tmp_path / "ledger", clock) as ledger:
        ledger.record(opening_action(1))
        yield ledger


def state_and_decision(ledger: Ledger) -> tuple[CaseState, Decision]:
    state = ledger.blinded_state(CASE)
    return state, state.in_force[0]


def test_a_statement_of_reasons_has_the_databases_fields(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    state, decision = state_and_decision(ledger)
    draft = drafts.statement_of_reasons(state, decision, POLICY, law="A law", countries=("DE", "FR"))
    statement = draft["statement"]
    assert set(statement) == FIELDS | {"illegal_content_legal_ground", "illegal_content_explanation"}
    assert statement["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_DISABLED"]
    assert statement["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT"
    assert statement["category"] == "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"
    assert statement["application_date"] == "2026-11-23"
    assert statement["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED"
    assert draft["fill_in"] == ["content_date"]
    assert draft["draft"].startswith("DRAFT: ")
    terms = drafts.statement_of_reasons(state, decision, POLICY)
    assert terms["fill_in"] == [
        "content_date",
        "incompatible_content_ground",
        "incompatible_content_illegal",
        "territorial_scope",
    ]
    assert re.fullmatch("[a-zA-Z0-9_-]{1,500}", statement["puid"])  # StatementStoreRequest.php


def test_only_a_listed_model_gets_the_keyword_of_what_is_generated(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    state, decision = state_and_decision(ledger)
    csam = "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"
    for ground, keywords in (("exposed", [csam]), ("linked", [csam, f"{csam}_DEEPFAKE"])):
        draft = drafts.statement_of_reasons(state, replace(decision, ground=ground), POLICY)
        assert draft["statement"]["category_specification"] == keywords


@pytest.mark.parametrize(
    ("source", "kind", "identified"),
    [
        ("own-audit", "SOURCE_VOLUNTARY", False),
        ("trusted-flagger", "SOURCE_TRUSTED_FLAGGER", True),
        ("notice", "SOURCE_ARTICLE_16", True),
        ("other", "SOURCE_TYPE_OTHER_NOTIFICATION", True),
    ],
)
def test_a_statement_says_who_told_of_it(ledger: Ledger, source: str, kind: str, identified: bool) -> None:
    decide_case(ledger, CASE)
    draft = drafts.statement_of_reasons(*state_and_decision(ledger), POLICY, source=source)
    assert draft["statement"]["source_type"] == kind
    assert ("source_identity" in draft["fill_in"]) == identified


def test_the_public_database_gets_no_name_and_no_field_too_long(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    words = "Atelier/Model-1 holds it; so says model-1 of ATELIER. " + "x" * 3000
    ledger.propose(CASE, "heron", "label", why=words)
    ledger.decide(CASE, "wren", "label", why=words)
    state, decision = state_and_decision(ledger)
    statement = drafts.statement_of_reasons(state, decision, POLICY, law="y" * 600)["statement"]
    written = json.dumps(statement).lower()
    assert "atelier" not in written
    assert "model-1" not in written
    assert statement["illegal_content_explanation"].startswith(
        "First reviewer: [name withheld] holds it; so says [name withheld] of [name withheld]. "
    )
    assert len(statement["illegal_content_explanation"]) == 1999
    assert statement["illegal_content_explanation"].endswith("x …")
    assert "x … Second reviewer: [name withheld] holds it" in statement["illegal_content_explanation"]
    assert len(statement["illegal_content_legal_ground"]) == 500


def test_what_restricts_nothing_needs_no_statement(ledger: Ledger) -> None:
    decide_case(ledger, CASE, "refer")
    with pytest.raises(UsageError, match="refer restricts nothing, so no statement is due"):
        drafts.statement_of_reasons(*state_and_decision(ledger), POLICY)


@pytest.mark.parametrize("draft", DRAFTS)
def test_nothing_is_drafted_from_a_decision_to_do_nothing(ledger: Ledger, draft: Callable[..., object]) -> None:
    decide_case(ledger, CASE, "no-action")
    ledger.record(LedgerAction("reported", CASE, "heron", {"outcome": "not-due", "why": "words"}))
    with pytest.raises(UsageError) as refused:
        draft(*state_and_decision(ledger), POLICY)
    assert "no-action (no action is needed): report nothing, and notify no owner" in str(refused.value)


def copy_hub(tmp_path: Path) -> Path:
    """A dataset with one picture of the example's list, and the model that says it was trained on it."""
    for name in ("datasets/crawlers", "models/crawlers/captioner"):
        shutil.copytree(HUB / name, tmp_path / "hub" / name)
    return tmp_path / "hub"


def copy_list(tmp_path: Path, name: str, means: str) -> Path:
    """The example's list under another name and with another meaning."""
    path = tmp_path / f"{name}.csv"
    text = LIST.read_text().replace("name: known-pictures", f"name: {name}").replace("means: test", f"means: {means}")
    path.write_text(text)
    return path


def audit_and_decide(tmp_path: Path, *known: Path, profile: str) -> tuple[CaseState, Decision, Mapping[str, Any]]:
    """The case of an audit with these lists, decided by two and recorded as reported."""
    hub = copy_hub(tmp_path)
    audit(hub, known=known, profile=profile, out=tmp_path / "run", workers=1)
    with create_ledger(tmp_path / "audited") as ledger:
        open_cases(ledger, tmp_path / "run")
        (row,) = (row for row in ledger.queue().rows if row.ground != "report")
        decide_case(ledger, row.case)
        ledger.report(row.case, "heron", "reported", why="Reference 7")
        state = ledger.blinded_state(row.case)
        return state, state.in_force[0], ledger.policy(state.policy)


def test_nothing_is_drafted_from_a_test_list_that_the_profile_treats_as_another(tmp_path: Path) -> None:
    state, decision, policy = audit_and_decide(tmp_path, LIST, profile="example")
    for draft in DRAFTS:
        with pytest.raises(UsageError) as refused:
            draft(state, decision, policy)
        assert str(refused.value).startswith(
            f"case {state.id} depends on list known-pictures, which means `test`: this is a rehearsal, "
            "so report nothing"
        )
    # A ledger whose reasons don't name their test lists yet.
    older = replace(decision, reasons=tuple(replace(reason, test_lists=()) for reason in decision.reasons))
    with pytest.raises(UsageError, match="known-pictures, which means `test`: this is a rehearsal"):
        drafts.hotline_draft(state, older, policy)


def test_everything_is_drafted_from_a_list_of_known_content(tmp_path: Path) -> None:
    state, decision, policy = audit_and_decide(tmp_path, copy_list(tmp_path, "hotline", "csam"), profile="default")
    assert drafts.reason_not_to_draft(state, decision, policy) == ""
    assert "samples match entries exactly" in drafts.hotline_draft(state, decision, policy)
    assert "About: crawlers/captioner" in drafts.owner_notice_draft(state, decision, policy)


def test_a_reason_that_a_real_list_finds_too_is_no_rehearsal(tmp_path: Path) -> None:
    state, decision, policy = audit_and_decide(
        tmp_path, LIST, copy_list(tmp_path, "hotline", "csam"), profile="example"
    )
    assert {fact.list_name for fact in state.facts} == {"", "hotline", "known-pictures"}
    assert [reason.test_lists for reason in decision.reasons] == [()]
    assert "samples match entries exactly" in drafts.hotline_draft(state, decision, policy)


def test_what_only_a_test_list_says_is_left_out_of_drafts(tmp_path: Path) -> None:
    act = opening_action(1)
    tested = {
        **act.data["reasons"][0],
        "rule": "of-the-test-list",
        "fact": "as the test list says",
        "strength": "near",
        "test_lists": ["rehearsal"],
    }
    policy = {
        **POLICY,
        "rules": [*POLICY["rules"], {**POLICY["rules"][0], "id": "of-the-test-list", "fix": "Nothing."}],
    }
    with create_ledger(tmp_path / "mixed") as ledger:
        ledger.record(replace(act, data={**act.data, "reasons": [*act.data["reasons"], tested]}))
        decide_case(ledger, CASE)
        ledger.report(CASE, "heron", "reported", why="words")
        state = ledger.blinded_state(CASE)
    (decision,) = state.in_force
    assert [reason.rule for reason in decision.reasons] == ["trained-on-known-content", "of-the-test-list"]
    for draft in DRAFTS:
        text = str(draft(state, decision, policy))
        assert "of-the-test-list" not in text
        assert "match entries nearly" not in text
        assert "Nothing." not in text
    assert "Rules that justify the decision:\n  trained-on-known-content: " in drafts.owner_notice_draft(
        state, decision, policy
    )


SHIPPED = {name: rule for name, (rule, _) in read_rules().items() if rule.case and rule.case != "report"}


def sentences(text: str) -> set[str]:
    return set(re.split(r"(?<=[.?!]) ", " ".join(text.split())))


@pytest.mark.parametrize("rule", SHIPPED.values(), ids=SHIPPED)
def test_a_notice_shows_what_an_owner_can_do_and_nothing_that_reviewers_do(tmp_path: Path, rule: Rule) -> None:
    act = opening_action(1, ground=rule.case or "")
    reasons = [{**act.data["reasons"][0], "rule": rule.id}]
    policy = {**POLICY, "rules": [asdict(rule)]}
    with create_ledger(tmp_path / "owners") as ledger:
        ledger.record(replace(act, data={**act.data, "reasons": reasons}))
        decide_case(ledger, CASE)
        ledger.report(CASE, "heron", "reported", why="words")
        state = ledger.blinded_state(CASE)
    text = drafts.owner_notice_draft(state, state.in_force[0], policy)
    assert " ".join(rule.fix.split()) in text
    assert not [sentence for sentence in sentences(rule.review) if sentence in text]


def test_the_cybertipline_draft_is_one_report_with_hashes_in_its_text(ledger: Ledger) -> None:
    """Elements in the order of Johannes-Andersen/CyberTipline-Tools' snapshots."""
    decide_case(ledger, CASE)
    text = drafts.cybertipline_draft(*state_and_decision(ledger), POLICY, urls=("https://hub.example/model?a=1&b=2",))
    assert "<!-- DRAFT: " in text
    report = ET.fromstring(text)
    assert report.tag == "report"
    assert [part.tag for part in report] == ["incidentSummary", "internetDetails", "reporter", "additionalInfo"]
    assert report.findtext("internetDetails/webPageIncident/url") == "https://hub.example/model?a=1&b=2"
    assert report.findtext("reporter/reportingPerson/email") == "TO BE FILLED IN"
    told = report.findtext("additionalInfo", "")
    assert told.startswith("DRAFT: ")
    assert told.endswith(f" SHA-256 of its weights files: {1:064x}")


def test_a_cybertipline_draft_counts_the_hashes_that_it_has_no_room_for(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    state, decision = state_and_decision(ledger)
    many = tuple(Digest("sha256", f"{number:064x}") for number in range(100))
    report = ET.fromstring(drafts.cybertipline_draft(state, replace(decision, digests=many), POLICY))
    told = report.findtext("additionalInfo", "")
    shown = re.findall("[0-9a-f]{64}", told)
    assert shown == [digest.value for digest in many[: len(shown)]]
    assert told.endswith(f" and {100 - len(shown)} more, which there is no room for here.")


@pytest.mark.corpus
def test_every_element_of_the_cybertipline_draft_is_one_that_public_clients_write(ledger: Ledger, corpus: Path) -> None:
    decide_case(ledger, CASE)
    snapshots = sorted((corpus / "08-manifests-and-hash-lists" / "cybertipline-tools").glob("*.snapshot"))
    assert snapshots
    known = {tag for path in snapshots for tag in re.findall(r"<([A-Za-z0-9]+)", path.read_text(encoding="utf-8"))}
    used = {
        part.tag
        for part in ET.fromstring(
            drafts.cybertipline_draft(*state_and_decision(ledger), POLICY, urls=("https://hub.example/",))
        ).iter()
    }
    assert used <= known


def test_a_draft_for_a_hotline_gives_addresses_and_hashes(ledger: Ledger) -> None:
    decide_case(ledger, CASE, "refer")
    text = drafts.hotline_draft(
        *state_and_decision(ledger), POLICY, name="A hotline", urls=("https://hub.example/atelier/model-1",)
    )
    assert text.startswith("DRAFT: ")
    assert "To: A hotline\nFrom: TO BE FILLED IN\n" in text
    assert f"sha256:{1:064x}" in text
    assert "https://hub.example/atelier/model-1" in text


def test_an_owner_notice_is_drafted_after_reporting_and_without_details_of_hits(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    with pytest.raises(UsageError, match="a notice is drafted only after a person has recorded"):
        drafts.owner_notice_draft(*state_and_decision(ledger), POLICY)
    with pytest.raises(UsageError, match="the owner is notified only after a person has recorded"):
        ledger.notify(CASE, "heron")
    ledger.report(CASE, "heron", "reported", why="Reference 7")
    text = drafts.owner_notice_draft(*state_and_decision(ledger), POLICY, appeals="appeals@example.org")
    assert "About: atelier/model-1" in text
    assert "You can appeal until 2027-05-25: appeals@example.org" in text
    assert "Train again on a cleaned version, and say so in the card." in text
    assert "  First reviewer: The digest is on the list.\n  Second reviewer: I compared it too.\n" in text
    for detail in ("1 of 12", "known-pictures", "northlight", "Reference 7", "heron"):
        assert detail not in text
    ledger.notify(CASE, "heron")
    assert state_and_decision(ledger)[1].notified_at == "2026-11-23T09:00:00Z"


def exposed_action(number: int, relation: str, source: str, *, dataset: str = "atelier/scenes") -> LedgerAction:
    """The act that opens a case of a model that was trained on a dataset with matches."""
    act = opening_action(number, "near" if relation.endswith("near") else "exact")
    place = {"uri": "", "line": 0}
    facts = [
        {
            "subject": act.data["subject"],
            "statement": {"key": "trained_on", "value": dataset, "relation": "", "place": place, "source": source}
            | {"remark": ""},
        },
        {
            "subject": {"kind": "dataset", "name": dataset, "revision": "4f2a"},
            "statement": {"key": "known_content", "value": "pictures", "relation": relation, "place": place}
            | {"source": "lineage", "remark": "3 of 40 samples"},
        },
    ]
    return replace(act, data={**act.data, "facts": facts})


HELD = {**POLICY, "lists": [{"name": "pictures", "version": "7", "means": "csam", "holder": "A Hotline"}]}


@pytest.mark.parametrize(
    ("relation", "compared"),
    [
        ("exact", "digests computed from its files match entries of {list}, exactly"),
        ("near", "digests computed from its files match entries of {list}, nearly"),
        ("claimed-exact", "digests that its manifest declares match entries of {list}, exactly"),
    ],
)
def test_drafts_and_views_say_whose_list_what_it_means_how_it_matches_and_of_which_revision(
    ledger: Ledger, relation: str, compared: str
) -> None:
    ledger.record(exposed_action(2, relation, "card"))
    if relation == "near":
        ledger.confirm(case_id(2), "owl", why="Reference 9")
    decide_case(ledger, case_id(2))
    ledger.report(case_id(2), "heron", "reported", why="Reference 7")
    state = ledger.state(case_id(2))
    known = "list pictures 7 (held by A Hotline; known child sexual abuse material)"
    sentence = f"dataset atelier/scenes (revision 4f2a): {compared.format(list=known)}"
    trained = (
        "model atelier/model-2 (revision not stated): trained on dataset atelier/scenes (source: the publisher's card)"
    )
    for draft in (drafts.hotline_draft, drafts.owner_notice_draft):
        text = draft(state, state.decisions[-1], HELD)  # type: ignore[operator]
        assert f"{sentence}." in text
        assert f"{trained}; both have the same owner." in text
        assert ("1 confirmation of near matches recorded" in text.lower()) == (relation == "near")
        assert "3 of 40" not in text
    facts = drafts.statement_of_reasons(state, state.decisions[-1], HELD)["statement"]["decision_facts"]
    assert f"samples match entries {'nearly' if relation == 'near' else 'exactly'} (sources: " in facts
    assert "sources: the publisher's card" in facts
    assert ("1 confirmation of near matches recorded" in facts) == (relation == "near")
    assert "scenes" not in facts
    assert "pictures" not in facts
    shown = "\n".join(case_view.case_lines(state, (), HELD, None, NOW))
    assert f"  {sentence} (3 of 40 samples)\n" in shown
    assert ("\n  1 confirmation of near matches recorded\n" in shown) == (relation == "near")


@pytest.mark.parametrize(
    ("dataset", "owners"),
    [
        ("Atelier/scenes", "both have the same owner"),
        ("other/scenes", "they have different owners"),
        ("scenes", "whether both have the same owner is not known"),
    ],
)
def test_a_view_says_whether_model_and_dataset_have_the_same_owner(ledger: Ledger, dataset: str, owners: str) -> None:
    ledger.record(exposed_action(2, "exact", "configuration", dataset=dataset))
    text = "\n".join(case_view.case_lines(ledger.state(case_id(2)), (), {}, None, NOW))
    assert f"trained on dataset {dataset} (source: the publisher's configuration); {owners}\n" in text
    assert "list pictures (no holder stated; meaning not recorded)" in text


def test_a_decision_after_a_dispute_says_so_and_keeps_the_words_of_who_disagreed(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "de-index", why="The digest is on the list.")
    ledger.decide(CASE, "wren", "label", why="A label is enough.")
    ledger.decide(CASE, "owl", "no-action", why="It was trained on another version.")
    ledger.decide(CASE, "finch", "de-index", why="I compared it too.")
    state, decision = state_and_decision(ledger)
    assert [(one.reviewer, one.verdict) for one in decision.dissents] == [("wren", "label"), ("owl", "no-action")]
    text = drafts.hotline_draft(state, decision, POLICY)
    assert "4 reviewers gave opinions, which differed; two of them agreed on 2026-11-23." in text
    shown = "\n".join(case_view.case_lines(state, (), POLICY, None, NOW))
    assert "by heron and finch, who agreed after 2 other opinions, on 2026-11-23" in shown
    assert "    wren chose label: A label is enough.\n    owl chose no-action: It was trained on another" in shown


def listed_model_action(number: int, strength: Strength, *lists: dict[str, str]) -> LedgerAction:
    """The act that opens a case of a model that follows from lists of models."""
    act = opening_action(number, strength, ground="linked")
    (reason,) = act.data["reasons"]
    return replace(act, data={**act.data, "reasons": [{**reason, "lists": list(lists)}]})


@pytest.mark.parametrize(
    ("lists", "found"),
    [
        (({"name": "models", "holder": "A Hotline"},), "list models, held by A Hotline, names it"),
        (({"name": "models", "holder": ""},), "list models (no holder stated) names it"),
    ],
)
def test_drafts_say_which_list_names_a_model_and_who_holds_it(
    ledger: Ledger, lists: tuple[dict[str, str], ...], found: str
) -> None:
    ledger.record(listed_model_action(2, "by-name", *lists))
    decide_case(ledger, case_id(2))
    ledger.report(case_id(2), "heron", "reported", why="Reference 7")
    state = ledger.state(case_id(2))
    decision = state.decisions[-1]
    for draft in (drafts.hotline_draft, drafts.cybertipline_draft, drafts.owner_notice_draft):
        text = draft(state, decision, POLICY)  # type: ignore[operator]
        assert f"Facts that it is based on: {found}." in text
        assert "authority" not in text


def test_a_reason_of_an_older_ledger_says_no_more_than_it_recorded(ledger: Ledger) -> None:
    ledger.record(opening_action(2, "named", ground="linked"))
    decide_case(ledger, case_id(2))
    state = ledger.state(case_id(2))
    text = drafts.hotline_draft(state, state.decisions[-1], POLICY)
    assert "Facts that it is based on: a list of models names it, or the model that it is made directly from." in text


def test_the_public_report_holds_counts_and_the_root_and_nothing_else(ledger: Ledger, clock: Clock) -> None:
    ledger.record(opening_action(2, "near"), opening_action(3, ground="linked"))
    clock.advance(hours=6)
    decide_case(ledger, CASE)
    clock.advance(hours=4)
    decide_case(ledger, case_id(3), "label")
    ledger.appeal(case_id(3), "heron", why="words")
    ledger.decide_appeal(case_id(3), "owl", "overturned", why="words")
    report = transparency_report.transparency_report(ledger)
    checkpoint = ledger.checkpoint()
    assert report == {
        "as_of": "2026-11-23T19:00:00Z",
        "cases": 3,
        "grounds": {"exposed": 2, "linked": 1},
        "stages": {"approved": 1, "new": 1, "overturned": 1},
        "decisions": {"de-index": 1, "label": 1},
        "became": {"overturned": 1, "standing": 1},
        "hours_to_decision": {"median": 8.0, "90th": 10.0, "longest": 10.0},
        "disputed": 0,
        "interim": 0,
        "recipients": {"number": 0, "entries": 0},
        "appeals": {"open": 0, "upheld": 0, "overturned": 1},
        "ledger": {"events": checkpoint.size, "merkle_root": checkpoint.root.hex()},
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_harmless_in_every_draft(tmp_path: Path, name: str) -> None:
    with create_ledger(tmp_path / "ledger") as ledger:
        ledger.record(opening_action(1, name=name))
        decide_case(ledger, CASE)
        ledger.report(CASE, "heron", "not-due", why="words")
        state, decision = state_and_decision(ledger)
        xml = drafts.cybertipline_draft(state, decision, POLICY, urls=(name,))
        ET.fromstring(xml)
        texts = (
            xml,
            drafts.hotline_draft(state, decision, POLICY, name=name, urls=(name,)),
            drafts.owner_notice_draft(state, decision, POLICY, appeals=name),
            serialization.to_json_text(drafts.statement_of_reasons(state, decision, POLICY, law=name)),
        )
        for draft in texts:
            assert all(line.isprintable() for line in draft.split("\n"))
            assert len(draft) < 20_000
            draft.encode()
