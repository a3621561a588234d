"""Rules are evaluated alike in any order and process, and a rule that fails costs only itself."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import auditor.checks
from auditor import facts
from auditor.check_parameters import Key
from auditor.model import (
    KINDS,
    Evidence,
    Finding,
    Gap,
    Kind,
    Place,
    Statement,
    StatementsByKey,
    Subject,
    group_statements_by_key,
)
from auditor.policy import evaluate_rules
from auditor.policy.evaluate_rules import apply_rule, compiled_rules, evaluate_subject, required_keys
from auditor.policy.load_policy import Policy, load_policy
from tests.policy.rules_folder import RULE, SmallList, rules_folder


def policy_of(path: Path, **files: str) -> Policy:
    """Return a policy of the rules of the folder alone, without the shipped ones."""
    whole = load_policy((rules_folder(path, **files),))
    return replace(whole, rules=tuple(rule for rule in whole.rules if rule.id in files), fingerprint=str(path))


def test_a_policy_travels_to_a_worker() -> None:
    here = load_policy(lists=(SmallList(),))
    there = pickle.loads(pickle.dumps(here))
    assert there == here
    subject = Subject("model", "a/b")
    assert list(evaluate_subject(subject, there)) == list(evaluate_subject(subject, here))


def test_a_finding_holds_all_that_a_report_needs(tmp_path: Path) -> None:
    subject = Subject("model", "a/b", "r1", (Statement("tag", "x", place=Place("README.md", 4), remark="seen"),))
    assert list(evaluate_subject(subject, policy_of(tmp_path, ours=RULE))) == [
        Finding("ours", "model", "a/b", "r1", "FLAGGED", "warning", "has tag x", Place("README.md", 4), "seen")
    ]


def test_rules_judge_only_the_kinds_they_apply_to(tmp_path: Path) -> None:
    assert not list(
        evaluate_subject(Subject("dataset", "a", "", (Statement("tag", "x"),)), policy_of(tmp_path, ours=RULE))
    )


def test_a_rule_applies_only_to_subjects_that_state_every_key_of_when(tmp_path: Path) -> None:
    narrowed = RULE.replace("[with]", '[when]\nlibrary = ["peft"]\ntask = []\n\n[with]')
    narrowed = narrowed.replace('value = "a" }]', 'value = "a" }]\n#')
    ours = policy_of(tmp_path, ours=narrowed)
    tag, library, task = Statement("tag", "x"), Statement("library", "PEFT"), Statement("task", "any")
    assert not list(evaluate_subject(Subject("model", "a", "", (tag, library)), ours))
    assert [finding.fact for finding in evaluate_subject(Subject("model", "a", "", (tag, library, task)), ours)] == [
        "has tag x"
    ]
    other = Statement("library", "diffusers")
    assert not list(evaluate_subject(Subject("model", "a", "", (tag, other, task)), ours))
    gap = Gap("card", "cut short")
    assert not list(evaluate_subject(Subject("model", "a", "", (tag,), (gap,)), ours))
    assert len(list(evaluate_subject(Subject("model", "a", "", (tag, library, task), (gap,)), ours))) == 2


def test_a_fact_at_several_places_is_one_finding(tmp_path: Path) -> None:
    places = Place("b", 1), Place("a", 2), Place("a", 3)
    statements = tuple(Statement("tag", "x", place=place, remark="seen") for place in places)
    (finding,) = evaluate_subject(Subject("model", "a", "", statements), policy_of(tmp_path, ours=RULE))
    assert (finding.place, finding.remark) == (Place("a", 2), "seen; at 3 places")


def test_a_fact_that_is_stated_twice_at_one_place_is_one_finding_without_a_number_of_places(tmp_path: Path) -> None:
    statements = tuple(Statement("tag", "x", place=Place("a", 1), remark=remark) for remark in ("later", "earlier"))
    (finding,) = evaluate_subject(Subject("model", "a", "", statements), policy_of(tmp_path, ours=RULE))
    assert (finding.place, finding.remark) == (Place("a", 1), "earlier")
    plain = tuple(Statement("tag", "x", place=Place("a", line)) for line in (1, 2))
    (finding,) = evaluate_subject(Subject("model", "a", "", plain), policy_of(tmp_path, ours=RULE))
    assert finding.remark == "at 2 places"


def test_flagged_and_unchecked_are_both_reported(tmp_path: Path) -> None:
    gaps = (Gap("card", "line 3 is not YAML", Place("README.md", 3)), Gap("header", "cut short"))
    subject = Subject("model", "a", "", (Statement("tag", "x"),), gaps)
    flagged, unchecked = evaluate_subject(subject, policy_of(tmp_path, ours=RULE))
    assert (flagged.outcome, flagged.fact) == ("FLAGGED", "has tag x")
    assert unchecked == Finding(
        "ours", "model", "a", "", "UNCHECKED", "note", "a card's metadata or text could not be read",
        Place("README.md", 3), "line 3 is not YAML",
    )  # fmt: skip


def test_a_rule_that_asks_for_something_absent_flags_nothing_if_a_gap_leaves_it_open() -> None:
    gap = Gap("card", "is not UTF-8", Place("README.md"))
    found = {
        f.outcome
        for f in evaluate_subject(Subject("model", "a", "", (), (gap,)), load_policy())
        if f.rule == "no-licence"
    }
    assert found == {"UNCHECKED"}


def test_a_gap_leaves_the_question_of_a_rule_open_also_where_nothing_is_stated(tmp_path: Path) -> None:
    ours = policy_of(tmp_path, ours=RULE)
    for gaps, outcomes in (((Gap("card", "cut short"),), ["UNCHECKED"]), ((Gap("header", "cut short"),), []), ((), [])):
        found = evaluate_subject(Subject("model", "a", "", (), gaps), ours)
        assert [finding.outcome for finding in found] == outcomes


RESEARCH = load_policy(profile="research")


@given(
    st.sampled_from(KINDS),
    st.lists(
        st.builds(
            Statement,
            key=st.sampled_from(sorted(required_keys(RESEARCH))),
            value=st.sampled_from(["", "mit", "image", "explicit", "absent", "exact", "dropped"]),
            relation=st.sampled_from(["", "exact", "near", "adapter", "same-weights"]),
        ),
        max_size=6,
    ),
)
def test_a_rule_that_is_skipped_would_have_found_nothing(kind: Kind, statements: list[Statement]) -> None:
    subject = Subject(kind, "a", "", tuple(statements))
    asked_all = [
        finding
        for rule in compiled_rules(RESEARCH)[kind]
        for finding in apply_rule(rule, group_statements_by_key(statements), subject)
    ]
    assert list(evaluate_subject(subject, RESEARCH)) == asked_all


@given(
    st.lists(
        st.builds(
            Statement,
            key=st.sampled_from([*sorted(required_keys(RESEARCH)), "title", "gap"]),
            value=st.sampled_from(["", "image", "Image", "LORA", "peſt", "sand", "none", "red-teaming", "explicit"]),
            relation=st.sampled_from(["", "adapter"]),
            place=st.builds(Place, st.just("README.md"), st.integers(0, 9)),
            source=st.just("card"),
            remark=st.just(""),
        ),
        max_size=6,
    ),
)
def test_rows_that_no_rule_reads_change_no_finding(statements: list[Statement]) -> None:
    subjects = [Subject("model", name, "", tuple(sorted(set(statements[at:])))) for at, name in enumerate("ab")]
    batch = facts.subjects_to_rows(subjects)
    kept = facts.subjects_from_rows(pa.Table.from_batches([facts.keep_needed_rows(batch, required_keys(RESEARCH))]))
    every = facts.subjects_from_rows(pa.Table.from_batches([batch]))
    assert [list(evaluate_subject(subject, RESEARCH)) for subject in kept] == [
        list(evaluate_subject(subject, RESEARCH)) for subject in every
    ]


def test_the_card_is_always_read_to_say_where_something_is_missing() -> None:
    assert required_keys(load_policy(profile="search"))["card"] == frozenset()


@pytest.mark.parametrize("order", [("any", "words"), ("words", "any")])
def test_a_key_of_which_one_rule_reads_any_value_is_kept_whole(tmp_path: Path, order: tuple[str, str]) -> None:
    some, more, pattern = (
        RULE.replace('[with]\nkey = "tag"', f'[when]\ntag = {values}\n[with]\nkey = "task"')
        for values in ('["A", "b"]', '["b", "c"]', '["b", "re:^x"]')
    )
    rules = {f"{'ab'[at]}-{name}": RULE if name == "any" else some for at, name in enumerate(order)}
    assert required_keys(policy_of(tmp_path / "any", **rules))["tag"] == frozenset()
    assert required_keys(policy_of(tmp_path / "words", one=some, two=more))["tag"] == {"a", "b", "c"}
    assert required_keys(policy_of(tmp_path / "pattern", one=some, two=pattern))["tag"] == frozenset()


def test_a_tag_that_no_rule_reads_is_left_out() -> None:
    said = [Statement("tag", value) for value in ("Lora", "sand", "peſt")]
    batch = facts.keep_needed_rows(
        facts.subjects_to_rows([Subject("model", "a", "", tuple(said))]), {"tag": frozenset({"lora", "pest"})}
    )
    assert batch["value"].to_pylist() == ["Lora", "peſt"]
    alone = facts.keep_needed_rows(
        facts.subjects_to_rows([Subject("model", "a", "", (Statement("title", "A"),))]), {"tag": frozenset()}
    )
    assert alone["name"].to_pylist() == ["a"], "there is a subject, of which nothing is asked"


def test_a_rule_that_fails_is_unchecked_and_affects_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        TRIGGER = "key"
        FLAGS_ABSENCE = False
        SETTLED_BY = ""
        PLACE_KEY = ""

        @staticmethod
        def ask(stated: StatementsByKey, *, key: Key) -> Iterator[Evidence]:
            yield Evidence("seen before it broke")
            raise KeyError(f"at {id(stated)}")

    known = {**auditor.checks.checks(), "broken": Broken}
    monkeypatch.setattr(auditor.checks, "checks", lambda: known)
    monkeypatch.setattr(evaluate_rules, "checks", lambda: known)
    broken = RULE.replace('"stated"', '"broken"').replace('fact = "has tag {value}"', "")
    ours = policy_of(tmp_path, broken=broken, ours=RULE)
    findings = list(evaluate_subject(Subject("model", "a", "", (Statement("tag", "x"),)), ours))
    assert [(f.rule, f.outcome, f.fact, f.remark) for f in findings] == [
        ("broken", "FLAGGED", "seen before it broke", ""),
        ("broken", "UNCHECKED", "a rule failed on this subject", "KeyError"),
        ("ours", "FLAGGED", "has tag x", ""),
    ]


STATEMENTS = st.builds(
    Statement,
    key=st.sampled_from(["tag", "licence", "licence_id", "licence_text", "base_model", "base_family", "clause"]),
    value=st.sampled_from(["mit", "lora", "absent", "explicit", "none", "sdxl", "other", "\udcff", "a" * 300]),
    relation=st.sampled_from(["", "exact", "tensors", "edited"]),
    place=st.builds(Place, st.sampled_from(["README.md", "LICENSE"]), st.integers(0, 3)),
    source=st.sampled_from(["card", "header", "licence-file"]),
    remark=st.sampled_from(["", "1 of 3"]),
)  # fmt: skip
GAPS = st.builds(
    Gap, st.sampled_from(["card", "licence", "header"]), st.sampled_from(["cut", "not text"]), st.just(Place("x"))
)
SHIPPED = load_policy()


@given(
    st.sampled_from(["model", "dataset", "terms", "document"]),
    st.lists(STATEMENTS, max_size=8),
    st.lists(GAPS, max_size=2),
    st.data(),
)
def test_findings_do_not_depend_on_the_order_of_statements_or_gaps(kind, statements, gaps, data) -> None:  # type: ignore[no-untyped-def]
    one = Subject(kind, "a", "", tuple(statements), tuple(gaps))
    other = Subject(
        kind, "a", "", tuple(data.draw(st.permutations(statements))), tuple(data.draw(st.permutations(gaps)))
    )
    findings = list(evaluate_subject(one, SHIPPED))
    assert findings == list(evaluate_subject(other, SHIPPED))
    assert len({finding.fingerprint for finding in findings}) == len(findings)
    assert not any(finding.fact == "a rule failed on this subject" for finding in findings)
