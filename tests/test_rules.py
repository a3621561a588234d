"""The shipped rules: each says of its own examples what it must, word for word, and the profiles hold together."""

from __future__ import annotations

import pytest

from auditor import policy
from auditor.model import Rule, Statement, Subject
from auditor.resources import resource

RULES = [rule for rule, _ in policy.catalogue().values()]
PROFILES = policy.profiles()


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_says_of_its_examples_what_they_say_it_must(rule: Rule) -> None:
    assert list(policy.differences(rule)) == []


def test_an_example_that_does_not_hold_is_shown_as_a_difference() -> None:
    rule = next(rule for rule in RULES if rule.id == "no-licence")
    example = rule.examples[0]
    wrong = type(example)(example.name, example.kind, example.statements, flags=("names no license",))
    changed = type(rule)(**{**{name: getattr(rule, name) for name in rule.__slots__}, "examples": (wrong,)})
    assert list(policy.differences(changed)) == [
        "no-licence: a card without a licence\n"
        "  --- must say\n"
        "  +++ says\n"
        "  -flagged: names no license\n"
        "  +flagged: names no licence"
    ]


def test_every_file_of_the_folder_is_a_rule_a_profile_or_a_vocabulary() -> None:
    rules = resource("rules")
    assert {path.stem for path in rules.glob("*.toml")} == {rule.id for rule in RULES}
    assert {path.stem for path in (rules / "profiles").glob("*.toml")} == set(PROFILES)


def test_only_the_two_grounds_open_cases() -> None:
    """DESIGN: linked (listed, the same weights, a dedicated derivative) and exposed, and nothing else."""
    assert {rule.id: rule.case for rule in RULES if rule.case} == {
        "linked-listed-model": "linked",
        "linked-same-weights": "linked",
        "linked-dedicated-derivative": "linked",
        "trained-on-known-content": "exposed",
    }


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_descent_is_a_note_in_every_profile(profile: policy.Profile) -> None:
    severities = {rule.id: profile.severity(rule) for rule in RULES}
    assert severities["descends-from-exposed"] == severities["descends-from-linked"] == "note"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_opens_a_case_is_an_error_in_every_profile(profile: policy.Profile) -> None:
    assert {profile.severity(rule) for rule in RULES if rule.case} == {"error"}


def test_only_the_example_profile_treats_one_meaning_as_another() -> None:
    assert {name: dict(profile.treat) for name, profile in PROFILES.items() if profile.treat} == {
        "example": {"test": "csam"}
    }


def test_what_is_merely_not_stated_is_a_note_by_default() -> None:
    """DESIGN: missing provenance is normal. The one exception shows what it is and leaves out the gate."""
    loud = {rule.id for rule in RULES if rule.check == "missing" and rule.severity != "note"}
    assert loud == {"adult-without-gating"}


def test_a_bare_card_gives_notes_and_no_case() -> None:
    subject = Subject("model", "acme/bare", "", (Statement("card", "none"),))
    findings = list(policy.judge(subject, policy.load()))
    assert {finding.severity for finding in findings} == {"note"}
    assert {finding.rule for finding in findings} == {
        "card-without-metadata", "no-licence", "no-risk-mitigation", "no-training-data"
    }  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_no_fact_claims_what_a_hash_cannot_tell(rule: Rule) -> None:
    """DESIGN: a match is "matches entry of list", never "contains"; no match is never "clean"."""
    facts = " ".join(fact for example in rule.examples for fact in (*example.flags, *example.unchecked))
    assert "contain" not in f"{rule.title} {facts}".lower()
    assert "clean" not in facts.lower()
