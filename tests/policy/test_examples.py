"""What the examples of a rule or a word class show against it."""

from __future__ import annotations

from dataclasses import replace

from auditor.policy.examples import failed_examples, failed_word_classes
from auditor.policy.rule_files import read_rules
from auditor.policy.vocabularies import load_vocabularies
from auditor.terms.parent_grammar import WordClass


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


def test_a_word_class_needs_examples_that_need_it_and_counterexamples_without_a_base() -> None:
    shipped = load_vocabularies()
    hatched, trained = "It was hatched out of `acme/tree`.", "It was trained from `acme/tree`."
    own = WordClass("hatching", "deriving", ("hatch*",), "", (hatched, trained), (hatched,))
    assert list(failed_word_classes(replace(shipped, word_classes=(*shipped.word_classes, own)), shipped)) == [
        f"word_class hatching: {trained!r} says the same without the class",
        f"word_class hatching: {hatched!r} names a base by the class, expected none",
    ]
