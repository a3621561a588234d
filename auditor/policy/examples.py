"""Test rules, cues of the clause check and word classes against the examples in their files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

from auditor.clauses.cue_kinds import KINDS
from auditor.clauses.cues import CompiledCues, Cue
from auditor.clauses.detect import detect_clause
from auditor.model import Rule, Subject, group_statements_by_key
from auditor.policy.evaluate_rules import CompiledRule, apply_rule
from auditor.policy.vocabularies import Vocabularies, compiled_vocabulary
from auditor.terms.parent_cues import CompiledParentCues
from auditor.terms.parent_grammar import ParentGrammar


def failed_examples(rule: Rule) -> Iterator[str]:
    """Yield a diff for each example of the rule on which its findings are not, word for word, the expected ones."""
    compiled = CompiledRule.of(rule)
    for example in rule.examples:
        subject = Subject(example.kind, "example", "", example.statements, example.gaps)
        findings = apply_rule(compiled, group_statements_by_key(subject.statements), subject)
        actual = [f"{finding.outcome.lower()}: {finding.fact}" for finding in findings]
        expected = [
            *(f"flagged: {fact}" for fact in example.flags),
            *(f"unchecked: {fact}" for fact in example.unchecked),
        ]
        if actual != expected:
            diff = difflib.unified_diff(expected, actual, "expected", "actual", lineterm="", n=99)
            lines = (f"  {line}" for line in diff if not line.startswith("@@"))
            yield "\n".join((f"{rule.id}: {example.name}", *lines))


def failed_cues(vocabularies: Vocabularies, shipped: Vocabularies) -> Iterator[str]:
    """Yield a line for each example of a cue that has another answer than the cue's kind says, or has it without it.

    Args:
        vocabularies: The vocabularies whose cues are tested.
        shipped: The shipped ones: that a shipped cue decides its examples is a test of this project.
    """
    compiled = CompiledCues(vocabularies.cues, vocabularies.cue_words)
    for cue in vocabularies.cues:
        wanted = KINDS[cue.kind].answer
        for text in (*cue.examples, *cue.counterexamples):
            answer = detect_clause(text, compiled).answer
            if (answer == wanted) != (text in cue.examples):
                expected = wanted if text in cue.examples else f"anything but {wanted}"
                yield f"cue {cue.id}: {text!r} is answered {answer}, expected {expected}"
        if cue not in shipped.cues and not _decides(cue, vocabularies):
            yield f"cue {cue.id}: each example is answered the same without the cue; add one that needs it"


def _decides(cue: Cue, vocabularies: Vocabularies) -> bool:
    """Return whether an example of the cue has another answer without it."""
    without = CompiledCues([other for other in vocabularies.cues if other.id != cue.id], vocabularies.cue_words)
    return any(detect_clause(text, without).answer != KINDS[cue.kind].answer for text in cue.examples)


def failed_word_classes(vocabularies: Vocabularies, shipped: Vocabularies) -> Iterator[str]:
    """Yield a line for each example that names the same bases without its word class, and each counter-example of one.

    Args:
        vocabularies: The vocabularies whose word classes are tested.
        shipped: The shipped ones, which tests of this project test.
    """
    parents = compiled_vocabulary(vocabularies).parents
    for own in vocabularies.word_classes:
        if own in shipped.word_classes:
            continue
        others = ParentGrammar(tuple(other for other in vocabularies.word_classes if other.id != own.id))
        for text in own.examples:
            if _bases(parents, text) == _bases(replace(parents, grammar=others), text):
                yield f"word_class {own.id}: {text!r} says the same without the class"
        for text in own.counterexamples:
            if any(cue == own.id for _, _, cue in _bases(parents, text)):
                yield f"word_class {own.id}: {text!r} names a base by the class, expected none"


def _bases(parents: CompiledParentCues, text: str) -> list[tuple[str, str, str]]:
    """Return the bases that a text names, how its subject was made from each, and by which words."""
    found = parents.find(text, text.encode(), "", ("base_model",), has_label=True)
    return [(each.name, each.relation, each.cue) for each in found]
