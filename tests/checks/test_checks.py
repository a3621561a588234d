"""The questions a rule may ask, each by itself."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.checks import Fact, PairFact, PlainFact, Values, Where, bind, by_key, checks
from auditor.model import STATEMENT_KEYS, Evidence, Place, Statement


def said(check: str, params: dict[str, object], *statements: Statement) -> list[Evidence]:
    return list(bind(check, params)(by_key(statements)))


@pytest.mark.parametrize("name", sorted(checks()))
def test_every_check_keeps_the_contract(name: str) -> None:
    check = checks()[name]
    parameters = list(inspect.signature(check.ask).parameters.values())
    assert isinstance(check.ABSENCE, bool)
    assert {check.START, check.STOP} - {""} <= {parameter.name for parameter in parameters[1:]}
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[1:])
    types = get_type_hints(check.ask)
    assert all(hasattr(types[parameter.name], "read") for parameter in parameters[1:])


PARAMS = {
    "stated": {"key": "tag", "values": ["a"], "fact": "{value}"},
    "missing": {"wanted": {"licence": ["a"]}, "although": {"tag": []}, "fact": "none"},
    "disagree": {"key": "tag", "other": "licence", "fact": "{value} {other}"},
}
STATEMENTS = st.lists(
    st.builds(
        Statement,
        key=st.sampled_from(["tag", "licence", "card"]),
        value=st.sampled_from(["a", "A", "b", "\udcff", "{value}", ""]),
        relation=st.sampled_from(["", "exact"]),
        place=st.builds(Place, st.sampled_from(["a", "b"]), st.integers(0, 2)),
    ),
    max_size=6,
)


@pytest.mark.parametrize("name", sorted(checks()))
@given(statements=STATEMENTS, data=st.data())
def test_the_order_of_statements_does_not_matter(name: str, statements: list[Statement], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(statements))
    key = repr
    assert sorted(said(name, PARAMS[name], *statements), key=key) == sorted(
        said(name, PARAMS[name], *shuffled), key=key
    )


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_is_silent_where_nothing_that_sets_it_off_is_stated(name: str) -> None:
    assert said(name, PARAMS[name], Statement("title", "a")) == []


def test_stated_says_value_and_relation_and_keeps_place_and_remark() -> None:
    params: dict[str, object] = {"key": "known_content", "fact": "matches entries of list {value} ({relation})"}
    found = said("stated", params, Statement("known_content", "demo", "near", Place("data", 3), remark="2 of 9"))
    assert found == [Evidence("matches entries of list demo (near)", Place("data", 3), "2 of 9", "near")]


def test_stated_can_be_narrowed_by_value_relation_and_source() -> None:
    statement = Statement("licence", "MIT", "exact", source="card")
    fact = {"key": "licence", "fact": "x"}
    assert said("stated", {**fact, "values": ["mit"], "relations": ["exact"], "sources": ["card"]}, statement)
    assert not said("stated", {**fact, "values": ["apache-2.0"]}, statement)
    assert not said("stated", {**fact, "relations": ["edited"]}, statement)
    assert not said("stated", {**fact, "sources": ["header"]}, statement)


def test_missing_points_to_the_card() -> None:
    params: dict[str, object] = {"wanted": {"licence": []}, "fact": "names no licence"}
    assert said("missing", params, Statement("card", "front-matter", place=Place("README.md", 1))) == [
        Evidence("names no licence", Place("README.md", 1))
    ]
    assert said("missing", params) == [Evidence("names no licence")]
    assert said("missing", params, Statement("licence", "mit")) == []


def test_missing_points_to_what_shows_the_need() -> None:
    params: dict[str, object] = {"wanted": {"gating": ["manual"]}, "although": {"tag": ["lora"]}, "fact": "not gated"}
    assert said("missing", params, Statement("tag", "LoRA", place=Place("README.md", 7))) == [
        Evidence("not gated", Place("README.md", 7), "shown by tag LoRA")
    ]
    assert said("missing", params, Statement("tag", "lora"), Statement("gating", "none"))
    assert not said("missing", params, Statement("tag", "lora"), Statement("gating", "manual"))


def test_disagree_needs_both_sides_and_one_agreement_settles_it() -> None:
    params: dict[str, object] = {
        "key": "licence_id", "sources": ["card"], "other": "licence_id", "other_sources": ["header"],
        "silent": ["other"], "fact": "card {value}, header {other}",
    }  # fmt: skip
    mit, apache = Statement("licence_id", "mit", source="card"), Statement("licence_id", "apache-2.0", source="card")
    header = Statement("licence_id", "apache-2.0", place=Place("m.safetensors"), source="header")
    assert said("disagree", params, mit) == []
    assert said("disagree", params, mit, header) == [Evidence("card mit, header apache-2.0", Place("m.safetensors"))]
    assert said("disagree", params, mit, apache, header) == []
    assert said("disagree", params, Statement("licence_id", "other", source="card"), header) == []


def test_disagree_reads_the_other_side_in_this_sides_words() -> None:
    params: dict[str, object] = {
        "key": "base_family", "other": "base_model", "fact": "{value} against {other}",
        "readings": {"sd1": "stable-diffusion-v1", "sdxl": "(?i)sdxl"},
    }  # fmt: skip
    family = Statement("base_family", "sdxl")
    assert said("disagree", params, family, Statement("base_model", "acme/SDXL-tuned")) == []
    assert said("disagree", params, family, Statement("base_model", "acme/landscapes")) == []
    found = said("disagree", params, family, Statement("base_model", "x/stable-diffusion-v1-5"))
    assert [evidence.fact for evidence in found] == ["sdxl against x/stable-diffusion-v1-5"]


def test_a_fact_shows_a_hostile_value_as_plain_text() -> None:
    hostile = "a\x1b[31m\u202e{relation}\n"
    assert Fact("says {value}").of(value=hostile, relation="no") == r"says a\u{1b}[31m\u{202e}{relation}\u{a}"


def test_values_are_words_in_any_case_and_patterns() -> None:
    values = Values.read(["MIT", "re:^cc-"])
    assert "mit" in values
    assert "cc-by-4.0" in values
    assert "gpl-3.0" not in values
    assert "cc-\udcff" in values
    assert "anything" in Values.read([])


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (Where, {"licens": []}, "'licens' is not a statement key (did you mean 'licence'?)"),
        (Where, {"licence": "mit"}, "licence: expected a list of strings, not 'mit'"),
        (Where, ["licence"], "expected a table of statement keys and lists of values, not ['licence']"),
        (Values, ["re:(a"], "'(a' is not an RE2 pattern: missing ): (a"),
        (Values, ["re:(?=a)"], "'(?=a)' is not an RE2 pattern: invalid perl operator: (?="),
        (Fact, "", "expected the words of a finding, not ''"),
        (Fact, "{valu}", "{valu} cannot stand in this fact; {value} and {relation} can"),
        (Fact, "{value.__class__}", "{value.__class__} cannot stand in this fact; {value} and {relation} can"),
        (PlainFact, "names {value}", "{value} cannot stand in this fact; no field can"),
        (PairFact, "{relation}", "{relation} cannot stand in this fact; {value} and {other} can"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(type_: type, value: object, message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole message is compared)
        type_.read(value)
    assert str(refused.value) == message


def test_every_key_of_a_where_table_is_a_statement_key() -> None:
    assert Where.read(dict.fromkeys(STATEMENT_KEYS, ())).any(by_key([Statement("licence", "x")]))
