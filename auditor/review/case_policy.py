"""Evaluate the rules that open cases on the facts of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor.extensions import Extension
from auditor.model import STATEMENT_KEYS, Ground, Ref, Rule, Statement, Subject
from auditor.pipeline.policy_summary import ListSummary, PolicySummary
from auditor.policy.evaluate_rules import evaluate_subject
from auditor.policy.load_policy import Policy, load_policy
from auditor.review.case_reasons import CaseFact, Reason

# The relations of ``known_content`` that expose a model trained on the data: computed from bytes, not declared.
EXPOSING_RELATIONS = ("exact", "near")


def load_case_policy(summary: PolicySummary | Mapping[str, Any], rules: Sequence[Path] = ()) -> Policy:
    """Load the policy by which a case is evaluated: that of its run or ledger, with the rules as they are now.

    The rules may have changed since: compare the fingerprints.

    Args:
        summary: The policy as a run or a ledger recorded it.
        rules: Further folders of rules.
    """
    if isinstance(summary, PolicySummary):
        return load_policy(tuple(rules), summary.profile, summary.lists, summary.extensions)
    lists = tuple(ListSummary(**known) for known in summary["lists"])
    extensions = tuple(Extension(*one) for one in summary.get("extensions", ()))
    return load_policy(tuple(rules), summary["profile"], lists, extensions)


def reason_key(reason: Reason) -> tuple[str, str, str]:
    """Return (rule, subject, fact), by which a case's reason is compared with what the policy flags."""
    return reason.rule, reason.subject.name, reason.fact


def keep_case_rules(policy: Policy, ground: Ground) -> Policy:
    """Return the policy with only the rules that open cases of a ground."""
    rules = tuple(rule for rule in policy.rules if rule.case == ground)
    return replace(policy, rules=rules, fingerprint=f"{policy.fingerprint} cases {ground}")


def flagged_reasons(facts: Iterable[CaseFact], policy: Policy, ground: Ground) -> set[tuple[str, str, str]]:
    """Return (rule, subject, fact) of everything that the policy's rules flag on a case's facts alone."""
    stated: dict[Ref, list[Statement]] = {}
    for fact in facts:
        stated.setdefault(fact.subject, []).append(fact.statement)
    grounds = {rule.id: rule.case for rule in policy.rules}
    return {
        (finding.rule, finding.subject, finding.fact)
        for ref, statements in stated.items()
        for finding in evaluate_subject(
            Subject(ref.kind, ref.name, ref.revision, (*statements, *_derive_exposed(statements, stated))), policy
        )
        if finding.outcome == "FLAGGED" and grounds[finding.rule] == ground
    }


def _derive_exposed(statements: Sequence[Statement], stated: Mapping[Ref, Sequence[Statement]]) -> Iterator[Statement]:
    """Derive ``exposed`` for a case's policy: the training data has matches by its bytes."""
    data = {statement.value for statement in statements if statement.key == "trained_on"}
    relations = {
        (ref.name, said.relation)
        for ref, others in stated.items()
        if ref.kind == "dataset" and ref.name in data
        for said in others
        if said.key == "known_content" and said.relation in EXPOSING_RELATIONS
    }
    return (Statement("exposed", name, relation, source="lineage") for name, relation in sorted(relations))


def case_statement_keys(policy: Policy) -> frozenset[str]:
    """Return every statement key that a rule of a case's policy reads."""
    return frozenset(key for rule in policy.rules for key in _statement_keys(rule))


def _statement_keys(rule: Rule) -> Iterator[str]:
    """Yield the statement keys that a rule of a case's policy names in its parameters and conditions."""

    def words(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                yield from words(key)
                yield from words(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                yield from words(inner)

    return (word for word in (*words(rule.params), *rule.when) if word in STATEMENT_KEYS)
