"""The checks that a rule may apply: each keeps its contract, its examples hold, and junk does no harm."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.check_parameters import Fact, PairFact, PlainFact, Values, Where
from auditor.checks import Check, CheckExample, bind_check, checks
from auditor.errors import ExtensionError
from auditor.extensions import load_members
from auditor.model import STATEMENT_KEYS, Evidence, Place, Statement, group_statements_by_key
from auditor.resources import resource_folder

NAMES = sorted(checks())
EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{number}")
    for name, check in checks().items()
    for number, example in enumerate(check.EXAMPLES)
]


def find(check: str, params: dict[str, object], *statements: Statement) -> list[Evidence]:
    return list(bind_check(check, params)(group_statements_by_key(statements)))


# The contract of every check


@pytest.mark.parametrize("name", NAMES)
def test_a_check_keeps_the_contract(name: str) -> None:
    check = checks()[name]
    first, *parameters = inspect.signature(check.ask).parameters.values()
    assert first.kind is first.POSITIONAL_OR_KEYWORD
    assert {check.TRIGGER, check.SETTLED_BY} - {""} <= {parameter.name for parameter in parameters}
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
    types = get_type_hints(check.ask)
    assert all(hasattr(types[parameter.name], "read") for parameter in parameters)
    assert check.PLACE_KEY in ("", *STATEMENT_KEYS)
    found = [bool(example.evidence) for example in check.EXAMPLES]
    assert set(found) == {True, False}, "its examples show where it finds something, and where it does not"


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_of_a_check_holds(name: str, example: CheckExample) -> None:
    assert tuple(find(name, dict(example.params), *example.statements)) == example.evidence


def test_the_readme_of_the_rules_describes_checks_as_they_are() -> None:
    readme = (resource_folder("rules") / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| check | asks | parameters |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = table.splitlines()
    assert len(rows) >= 3
    for row in rows:
        name = row.split("`")[1]
        check = checks()[name]
        parameters = [p for p in inspect.signature(check.ask).parameters.values() if p.kind is p.KEYWORD_ONLY]
        required = ", ".join(f"`{p.name}`" for p in parameters if p.default is p.empty)
        optional = ", ".join(f"`{p.name}`" for p in parameters if p.default is not p.empty)
        assert row == f"| `{name}` | {check.HELP} | {required}; {optional} |"


STATEMENTS = st.lists(
    st.builds(
        Statement,
        key=st.sampled_from(sorted(STATEMENT_KEYS)),
        value=st.sampled_from(["a", "A", "b", "mit", "lora", "\udcff", "{value}", "", "x" * 10_000]),
        relation=st.sampled_from(["", "exact", "near"]),
        place=st.builds(Place, st.sampled_from(["a", "b"]), st.integers(0, 2)),
        source=st.sampled_from(["", "card", "header"]),
    ),
    max_size=8,
)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
@given(statements=STATEMENTS, data=st.data())
def test_junk_does_no_harm_and_the_order_of_statements_does_not_matter(
    name: str, example: CheckExample, statements: list[Statement], data: st.DataObject
) -> None:
    statements = [*statements, *example.statements]
    shuffled = data.draw(st.permutations(statements))
    found = find(name, dict(example.params), *statements)
    assert all(isinstance(evidence, Evidence) for evidence in found)
    assert sorted(found, key=repr) == sorted(find(name, dict(example.params), *shuffled), key=repr)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_a_check_finds_nothing_where_nothing_that_triggers_it_is_stated(name: str, example: CheckExample) -> None:
    params = dict(example.params)
    if checks()[name].TRIGGER in params:
        assert find(name, params, Statement("title", "a")) == []


def test_a_module_that_is_no_check_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_checks").mkdir()
    (tmp_path / "own_checks" / "__init__.py").touch()
    (tmp_path / "own_checks" / "counted.py").write_text(
        "HELP = 'x'\nEXAMPLES = ()\nTRIGGER = ''\ndef asks(stated): ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ExtensionError, match=r"counted\.py: has no ask\(\) \(it has 'asks': is it misspelt\?\)"):
        load_members("own_checks", Check)


# Each check by itself


def test_stated_says_value_and_relation_and_keeps_place_and_remark() -> None:
    params: dict[str, object] = {"key": "known_content", "fact": "matches entries of list {value} ({relation})"}
    found = find("stated", params, Statement("known_content", "demo", "near", Place("data", 3), remark="2 of 9"))
    assert found == [Evidence("matches entries of list demo (near)", Place("data", 3), "2 of 9", "near")]


def test_stated_can_be_narrowed_by_value_relation_and_source() -> None:
    statement = Statement("licence", "MIT", "exact", source="card")
    fact = {"key": "licence", "fact": "x"}
    assert find("stated", {**fact, "values": ["mit"], "relations": ["exact"], "sources": ["card"]}, statement)
    assert not find("stated", {**fact, "values": ["apache-2.0"]}, statement)
    assert not find("stated", {**fact, "relations": ["edited"]}, statement)
    assert not find("stated", {**fact, "sources": ["header"]}, statement)


def test_missing_points_to_the_card() -> None:
    params: dict[str, object] = {"wanted": {"licence": []}, "fact": "names no licence"}
    assert find("missing", params, Statement("card", "front-matter", place=Place("README.md", 1))) == [
        Evidence("names no licence", Place("README.md", 1))
    ]
    assert find("missing", params) == [Evidence("names no licence")]
    assert find("missing", params, Statement("licence", "mit")) == []


def test_missing_points_to_the_statement_that_shows_the_need() -> None:
    params: dict[str, object] = {"wanted": {"gating": ["manual"]}, "although": {"tag": ["lora"]}, "fact": "not gated"}
    assert find("missing", params, Statement("tag", "LoRA", place=Place("README.md", 7))) == [
        Evidence("not gated", Place("README.md", 7), "shown by its tag: LoRA")
    ]
    assert find("missing", params, Statement("tag", "lora"), Statement("gating", "none"))
    assert not find("missing", params, Statement("tag", "lora"), Statement("gating", "manual"))


def test_disagree_needs_both_sides_and_no_value_in_common() -> None:
    params: dict[str, object] = {
        "key": "licence_id", "sources": ["card"], "other": "licence_id", "other_sources": ["header"],
        "silent": ["other"], "fact": "card {value}, header {other}",
    }  # fmt: skip
    mit, apache = Statement("licence_id", "mit", source="card"), Statement("licence_id", "apache-2.0", source="card")
    header = Statement("licence_id", "apache-2.0", place=Place("m.safetensors"), source="header")
    assert find("disagree", params, mit) == []
    assert find("disagree", params, mit, header) == [Evidence("card mit, header apache-2.0", Place("m.safetensors"))]
    assert find("disagree", params, mit, apache, header) == []
    assert find("disagree", params, Statement("licence_id", "other", source="card"), header) == []


def test_disagree_translates_the_other_sides_values() -> None:
    params: dict[str, object] = {
        "key": "base_family", "other": "base_model", "fact": "{value} against {other}",
        "readings": {"sd1": "stable-diffusion-v1", "sdxl": "(?i)sdxl"},
    }  # fmt: skip
    family = Statement("base_family", "sdxl")
    assert find("disagree", params, family, Statement("base_model", "acme/SDXL-tuned")) == []
    assert find("disagree", params, family, Statement("base_model", "acme/landscapes")) == []
    found = find("disagree", params, family, Statement("base_model", "x/stable-diffusion-v1-5"))
    assert [evidence.fact for evidence in found] == ["sdxl against x/stable-diffusion-v1-5"]


def test_a_fact_shows_a_hostile_value_as_plain_text() -> None:
    hostile = "a\x1b[31m\u202e{relation}\n"
    assert Fact("says {value}").fill(value=hostile, relation="no") == r"says a\u{1b}[31m\u{202e}{relation}\u{a}"


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
        (Fact, "{valu}", "{valu} cannot be used in this fact; {value} and {relation} can"),
        (Fact, "{value.__class__}", "{value.__class__} cannot be used in this fact; {value} and {relation} can"),
        (PlainFact, "names {value}", "{value} cannot be used in this fact; no field can"),
        (PairFact, "{relation}", "{relation} cannot be used in this fact; {value} and {other} can"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(type_: type, value: object, message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole message is compared)
        type_.read(value)
    assert str(refused.value) == message


def test_every_key_of_a_where_table_is_a_statement_key() -> None:
    assert Where.read(dict.fromkeys(STATEMENT_KEYS, ())).any_key_matches(
        group_statements_by_key([Statement("licence", "x")])
    )
