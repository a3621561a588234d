"""A rule whose findings on its own example are not the expected ones is shown as a diff."""

from __future__ import annotations

from auditor.policy.examples import failed_examples
from auditor.policy.rule_files import read_rules


def test_a_failed_example_is_shown_as_a_diff() -> None:
    rule, _ = read_rules()["no-licence"]
    example = rule.examples[0]
    wrong = type(example)(example.name, example.kind, example.statements, flags=("names no license",))
    changed = type(rule)(**{**{name: getattr(rule, name) for name in rule.__slots__}, "examples": (wrong,)})
    assert list(failed_examples(changed)) == [
        "no-licence: a card without a licence\n"
        "  --- expected\n"
        "  +++ actual\n"
        "  -flagged: names no license\n"
        "  +flagged: names no licence"
    ]
