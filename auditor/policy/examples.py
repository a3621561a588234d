"""Test a rule against the examples in its file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from auditor.model import Rule, Subject, group_statements_by_key
from auditor.policy.evaluate_rules import CompiledRule, apply_rule


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
