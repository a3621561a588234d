"""Cases: which findings belong to one case, and the order of cases and reasons."""

from __future__ import annotations

from auditor.model import DEFAULT_PRIORITY, Finding, Ground, Place, Ref
from auditor.pipeline.cases import CaseReason, group_cases
from auditor.policy.load_policy import load_policy


def reason(
    subject: str,
    ground: Ground = "exposed",
    *,
    severity: str = "error",
    relation: str = "exact",
    rule: str = "trained-on-known-content",
    priority: int = DEFAULT_PRIORITY,
) -> CaseReason:
    place = Place("README.md")
    finding = Finding(rule, "model", subject, "", "FLAGGED", severity, "a fact", place, "", relation)  # type: ignore[arg-type]
    return CaseReason(finding, ground, priority)


def test_models_with_the_same_weights_are_one_case() -> None:
    pairs = ((Ref("model", "b"), Ref("model", "a")), (Ref("model", "c"), Ref("model", "b")))
    (case,) = group_cases((reason("b"), reason("c")), pairs)
    assert (case.subject, [copy.name for copy in case.copies]) == ("b", ["a", "c"])
    assert [finding.subject for finding in case.reasons] == ["b", "c"]


def test_the_two_grounds_are_never_one_case() -> None:
    found = group_cases((reason("b"), reason("b", "linked")))
    assert [case.ground for case in found] == ["linked", "exposed"]


def test_reasons_are_sorted_by_severity_then_priority_then_exact_before_near_then_rule() -> None:
    expected = (
        reason("a", rule="z-first-by-priority", priority=10, relation="near"),
        reason("a", rule="a-exact"),
        reason("a", rule="b-exact"),
        reason("a", rule="a-near", relation="near"),
        reason("a", rule="a-last-by-priority", priority=60),
        reason("a", rule="a-warning", severity="warning", priority=10),
    )
    (case,) = group_cases(expected[::-1])
    assert case.reasons == tuple(reason.finding for reason in expected)


def test_cases_of_one_ground_are_sorted_by_their_most_serious_reason() -> None:
    found = group_cases((reason("a", priority=60), reason("b", relation="near"), reason("c"), reason("c", priority=60)))
    assert [case.subject for case in found] == ["c", "b", "a"]


def test_words_in_a_fact_do_not_change_the_order() -> None:
    plain, worded = reason("a"), reason("a")
    worded = worded._replace(finding=worded.finding._replace(fact="Is a dedicated derivative (near)"))
    (case,) = group_cases((plain, worded))
    assert case.reasons == (worded.finding, plain.finding)  # by the fact's alphabet alone


def test_cases_do_not_depend_on_the_order_of_reasons_and_copies() -> None:
    reasons = tuple(reason(name) for name in "abcde")
    pairs = ((Ref("model", "e"), Ref("model", "a")), (Ref("model", "d"), Ref("model", "c")))
    assert group_cases(reasons, pairs) == group_cases(reasons[::-1], pairs[::-1])


def test_a_dedicated_derivative_comes_after_the_listed_models_themselves() -> None:
    priorities = {rule.id: rule.priority for rule in load_policy().rules if rule.case == "linked"}
    assert priorities.pop("linked-dedicated-derivative") > max(priorities.values())
