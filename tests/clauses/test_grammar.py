"""Each rule of the tables, and each condition of a rule, decides a text; thresholds are what they are stated to be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditor.clauses import grammar, prohibition, segment, targets
from auditor.clauses.grammar import STEM_RULES, UNIT_RULES, Rule
from tests.clauses.shipped import detect_clause, shipped_cues
from tests.clauses.test_cues import CUES
from tests.clauses.test_voices import VOICES

# Each needs one condition or rule that no other text needs.
FURTHER = (
    '{"allow_child_pornography": false, "log": true}',
    "Child pornography: no.",
    "Accounts found idle are closed because child pornography spreads in them.",
    "Accounts found open make you liable for child pornography.",
    "Child pornography is a crime because idle accounts will be removed.",
    "If you share child pornography, tell us.",
    "# Forbidden\n\n- We do not ban child pornography",
    "What is out of bounds:\n- child pornography",
    "Accounts that spread child pornography among nurses are closed.",
    "If you share child pornography, we never said that we ban it, we close it.",
    "# Forbidden\n\nNo restrictions:\n- child pornography",
    "If the user abuses a child, we close the case after the judge has spoken.",
    "A court may suspend accounts for:\n- child pornography",
    "You may sell images provided that no minor is shown in a sexual way.",
    "You are never liable for child pornography that others post.",
    "A teacher who abuses a child loses his licence.",
    "If you find child pornography, we close your report.",
    "# Forbidden\n\nThe UN speaks of:\n- child pornography",
    "A teacher's ban follows for:\n- child pornography",
    "We terminate accounts of users who spread child pornography among nurses.",
    "These categories fall outside the scope of permitted use, now and in the future: (a) war; (b) child pornography.",
    "These are not outside the scope of permitted use, now or in the future: (a) peace; (b) talk of child pornography.",
    "We have excluded the following articles: sports; child pornography.",
    "# Forbidden\n\nNo law prohibits:\n- child pornography",
)


def variants(rules: tuple[Rule, ...]) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """Yield the table without each rule, and with each rule without each of its conditions."""
    for at, rule in enumerate(rules):
        yield rule.kind, rules[:at] + rules[at + 1 :]
        for name in ("only", "unless"):
            for gone in getattr(rule, name):
                rest = tuple(condition for condition in getattr(rule, name) if condition != gone)
                yield (
                    f"{rule.kind} {name} {gone.kind} {gone.where}",
                    (*rules[:at], rule._replace(**{name: rest}), *rules[at + 1 :]),
                )


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    texts = [text for cue in CUES for text in (*cue.examples, *cue.counterexamples)]
    texts += [voice["text"] for voice in VOICES.values()]
    return {text: detect_clause(text).answer for text in dict.fromkeys((*texts, *FURTHER))}


@pytest.mark.parametrize(
    ("name", "table", "changed"),
    [
        pytest.param(name, table, changed, id=f"{table} {name}")
        for table, rules in (("UNIT_RULES", UNIT_RULES), ("STEM_RULES", STEM_RULES))
        for name, changed in variants(rules)
    ],
)
def test_no_rule_and_no_condition_is_idle(
    name: str, table: str, changed: tuple[Rule, ...], answers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prohibition, table, changed)
    prohibition._decide_stem.cache_clear()
    prohibition._decide_heading.cache_clear()
    differs = any(detect_clause(text).answer != answer for text, answer in answers.items())
    prohibition._decide_stem.cache_clear()
    prohibition._decide_heading.cache_clear()
    assert differs


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Nothing here prohibits child pornography, whether or not you like it.", "absent"),
        ("Whether or not you like it, nothing here prohibits child pornography.", "explicit"),
        ("Not label child pornography.", "absent"),
        ("Not share child pornography.", "explicit"),
        ("Our model never made child pornography.", "absent"),
        ("We have never shared child pornography.", "absent"),
        ("Not all child pornography was found.", "absent"),
        ("The model will not generate child pornography.", "absent"),
        ("The model must not be used for child pornography.", "explicit"),
        ("No evidence of child pornography.", "absent"),
        ("No child pornography was found.", "absent"),
        ("No child pornography.", "explicit"),
    ],
)
def test_what_looks_like_a_rule_is_told_from_a_report(text: str, answer: str) -> None:
    assert detect_clause(text).answer == answer


@pytest.mark.parametrize(("length", "answer"), [(grammar.MAX_TITLE, "explicit"), (grammar.MAX_TITLE + 1, "absent")])
def test_a_longer_line_above_a_list_is_no_title(length: int, answer: str) -> None:
    title = "Hard limits " + "x" * (length - len("Hard limits :")) + ":"
    assert len(title) == length
    assert detect_clause(f"{title}\n- child pornography\n").answer == answer


def test_thresholds_are_the_stated_ones() -> None:
    assert (grammar.MAX_TITLE, targets.MAX_TARGETS, targets.NEAR_WINDOW) == (60, 16, 250)
    assert (segment.MAX_TEXT_LENGTH, segment.MAX_UNIT_LENGTH, segment.MAX_STEMS) == (1_000_000, 2_000, 12)
    near, far = (f"minors {'x' * width} abuse" for width in (targets.NEAR_WINDOW - 8, targets.NEAR_WINDOW + 8))
    assert targets.may_mention(shipped_cues(), near)
    assert not targets.may_mention(shipped_cues(), far)
