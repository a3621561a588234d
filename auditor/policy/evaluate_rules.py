"""Evaluate the rules of a policy on one subject at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from auditor.check_parameters import ANY, Values, Where, parameter_conditions, parameter_keys
from auditor.checks import bind_check, checks
from auditor.model import (
    GAP_KINDS,
    KINDS,
    Evidence,
    Finding,
    Kind,
    Rule,
    StatementsByKey,
    Subject,
    group_statements_by_key,
)
from auditor.policy.load_policy import Policy

# Most subjects state the same keys as many others.
MAX_REMARKS = 3  # that a finding of many places has
_CACHED_KEY_SETS = 1 << 14


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its check bound to the rule's parameters.

    Attributes:
        ask: The check, with the rule's parameters.
        flags_absence: Whether the rule flags that something is not stated.
        trigger_keys: One of these keys must be stated, else the rule finds nothing (empty: it is always evaluated).
        settling_keys: If one of these keys is stated, the rule finds nothing.
        conditions: Every key that the rule reads, with the values that count.
        when: What must be stated of a subject for the rule to apply to it.
        reads: The kinds of gap that leave the rule's question open.
    """

    rule: Rule
    ask: Callable[[StatementsByKey], Iterable[Evidence]]
    flags_absence: bool
    trigger_keys: frozenset[str]
    settling_keys: frozenset[str]
    conditions: tuple[tuple[str, Values], ...]
    when: Where
    reads: frozenset[str]

    @classmethod
    def of(cls, rule: Rule) -> CompiledRule:
        """Compile a rule."""
        check, ask = checks()[rule.check], bind_check(rule.check, rule.params)
        trigger_keys = frozenset(parameter_keys(ask.keywords.get(check.TRIGGER)))
        settling_keys = frozenset(
            key for key, values in parameter_conditions(ask.keywords.get(check.SETTLED_BY)) if not values
        )
        when = Where.read(rule.when)
        conditions = tuple(
            condition for parameter in (*ask.keywords.values(), when) for condition in parameter_conditions(parameter)
        )
        conditions += ((check.PLACE_KEY, ANY),) if check.PLACE_KEY else ()
        return cls(rule, ask, check.FLAGS_ABSENCE, trigger_keys, settling_keys, conditions, when, frozenset(rule.reads))

    def may_fire(self, stated: Collection[str]) -> bool:
        """Return whether the rule can find anything on a subject without gaps that states just these keys."""
        triggered = not self.trigger_keys or not self.trigger_keys.isdisjoint(stated)
        return (
            triggered
            and self.settling_keys.isdisjoint(stated)
            and all(key in stated for key in parameter_keys(self.when))
        )


@lru_cache(maxsize=8)
def compiled_rules(policy: Policy) -> Mapping[Kind, tuple[CompiledRule, ...]]:
    """Return the policy's rules by the kind of subject that they apply to; compiled once in each process."""
    compiled = [CompiledRule.of(rule) for rule in policy.rules]
    return {kind: tuple(rule for rule in compiled if kind in rule.rule.applies) for kind in KINDS}


@lru_cache(maxsize=_CACHED_KEY_SETS)
def candidate_rules(policy: Policy, kind: Kind, stated: frozenset[str]) -> tuple[CompiledRule, ...]:
    """Return the rules that can find anything on a subject of this kind that states these keys and has no gaps."""
    return tuple(rule for rule in compiled_rules(policy)[kind] if rule.may_fire(stated))


def required_keys(policy: Policy) -> Mapping[str, frozenset[str]]:
    """Return the statement keys that rules read, each with the values that count, in lower case (empty: any).

    No other statement changes what :func:`evaluate_subject` finds.
    """
    found: dict[str, frozenset[str]] = {}
    for key, values in (
        condition for rules in compiled_rules(policy).values() for rule in rules for condition in rule.conditions
    ):
        words = frozenset() if values.patterns else values.words
        found[key] = found.get(key, words) | words if words and found.get(key, words) else frozenset()
    return found


def evaluate_subject(subject: Subject, policy: Policy) -> Iterator[Finding]:
    """Yield the findings of all rules on one subject, in order of (rule, outcome, fact), one for each fact.

    If a gap leaves the result of a rule open, there is an UNCHECKED finding besides those that are flagged. A rule that
    looks for something missing then flags nothing. Gaps do not affect ``when``: a rule does not apply to a subject if
    anything that ``when`` names was not read.
    """
    stated = group_statements_by_key(subject.statements)
    if subject.gaps:
        rules = compiled_rules(policy)[subject.kind]
    else:
        rules = candidate_rules(policy, subject.kind, frozenset(stated))
    for rule in rules:
        yield from apply_rule(rule, stated, subject)


def apply_rule(compiled: CompiledRule, stated: StatementsByKey, subject: Subject) -> Sequence[Finding]:
    """Return the findings of one rule on a subject, whose statements are given by key."""
    if compiled.when.conditions and not compiled.when.every_key_matches(stated):
        return ()
    open_gaps = [gap for gap in subject.gaps if gap.what in compiled.reads] if subject.gaps else ()
    evidence: list[Evidence] = []
    failure = ""
    if not (open_gaps and compiled.flags_absence):
        try:
            for found in compiled.ask(stated):
                evidence.append(found)  # noqa: PERF402 (what was found before a failure is kept)
        except Exception as error:  # the only such place: a failed rule is UNCHECKED for the subject
            failure = type(error).__name__
    findings = [_make_finding(compiled.rule, subject, "FLAGGED", found) for found in _one_per_fact(evidence)]
    if failure:
        findings.append(
            _make_finding(compiled.rule, subject, "UNCHECKED", Evidence(GAP_KINDS["judgement"], remark=failure))
        )
    if open_gaps:
        unread = _one_per_fact([Evidence(GAP_KINDS[gap.what], gap.place, gap.why) for gap in open_gaps])
        findings += (_make_finding(compiled.rule, subject, "UNCHECKED", found) for found in unread)
    return findings


def _one_per_fact(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Return one evidence of a rule for each fact, in order: the first by place, with the number of places."""
    if len(evidence) < 2:
        return evidence
    distinct = []
    facts: dict[str, list[Evidence]] = {}
    for found in sorted(evidence):
        facts.setdefault(found.fact, []).append(found)
    for found, *more in facts.values():
        places = len({found.place, *(other.place for other in more)})
        if places > 1:
            remarks = [remark for remark in dict.fromkeys(one.remark for one in (found, *more)) if remark]
            left = [f"{len(remarks) - MAX_REMARKS} more reasons"] if len(remarks) > MAX_REMARKS else []
            found = found._replace(remark="; ".join([*remarks[:MAX_REMARKS], *left, f"at {places} places"]))
        distinct.append(found)
    return distinct


def _make_finding(rule: Rule, subject: Subject, outcome: Literal["FLAGGED", "UNCHECKED"], found: Evidence) -> Finding:
    """Return a finding of a rule. An UNCHECKED one is always a note: it does not show that anything is wrong."""
    return Finding(
        rule.id,
        subject.kind,
        subject.name,
        subject.revision,
        outcome,
        rule.severity if outcome == "FLAGGED" else "note",
        found.fact,
        found.place,
        found.remark,
        found.relation,
    )
