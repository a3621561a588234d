"""Rules and profiles that cannot be trusted are refused by file and key, and a policy's fingerprint covers them all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.policy.load_policy import load_policy
from tests.policy.rules_folder import PROFILE, RULE, SmallList, rules_folder

# Rules that can't be trusted


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title =", "titel =", "titel: unknown key (did you mean 'title'?)"),
        ('title = "A tag is stated"\n', "", "title: missing"),
        ('"A tag is stated"', '" "', "title: expected text, not ' '"),
        ('"A tag is stated"', "7", "title: expected text, not 7"),
        (
            '["model"]',
            '["modle"]',
            "applies: 'modle' is none of model, dataset, terms, document (did you mean 'model'?)",
        ),
        ('["model"]', "[]", "applies: expected at least one"),
        ('["model"]', '"model"', "applies: expected a list of strings, not 'model'"),
        (
            '"stated"',
            '"statd"',
            "check: there is no check 'statd' (did you mean 'stated'?); there are differ, disagree, missing, stated",
        ),
        ('"warning"', '"bad"', "severity: 'bad' is none of note, warning, error"),
        (
            "reads =",
            'case = "lined"\nreads =',
            "case: 'lined' is none of linked, exposed, report, none (did you mean 'linked'?)",
        ),
        ("reads =", 'case = "linked"\nreads =', "review: missing; a rule that opens a case tells reviewers what to do"),
        ("reads =", "priority = 100\nreads =", "priority: expected a whole number from 0 to 99, not 100"),
        ("reads =", "priority = true\nreads =", "priority: expected a whole number from 0 to 99, not True"),
        ("reads =", "priority = -1\nreads =", "priority: expected a whole number from 0 to 99, not -1"),
        (
            '["card"]',
            '["cards"]',
            "reads: 'cards' is none of file, card, provenance, configuration, licence, header, weights, table, "
            "samples, shard, judgement (did you mean 'card'?)",
        ),
        ('["A text"]', "[]", "references: expected at least one"),
        (
            "[with]",
            "[with]\nvalue = []",
            "with.value: 'stated' has no such parameter (did you mean 'values'?); "
            "it has key, fact, values, relations, sources",
        ),
        ('key = "tag"\nfact', "fact", "with.key: missing, and 'stated' needs it"),
        ('key = "tag"\nfact', 'key = "tga"\nfact', "with.key: 'tga' is not a statement key (did you mean 'tag'?)"),
        ('key = "tag"\nfact', 'key = "tag"\nvalues = "a"\nfact', "with.values: expected a list of strings, not 'a'"),
        (
            'key = "tag"\nfact',
            'key = "tag"\nvalues = ["re:(a"]\nfact',
            "with.values: '(a' is not an RE2 pattern: missing ): (a",
        ),
        (
            "{value}",
            "{count}",
            "with.fact: {count} cannot be used in this fact; {value} and {relation} can",
        ),
        ("[with]", "[when]\ntga = []\n[with]", "when: 'tga' is not a statement key (did you mean 'tag'?)"),
        (
            '{ key = "tag", value = "a" }',
            '{ key = "tga", value = "a" }',
            "example 'a tag': key: 'tga' is none of ",
        ),
        ('value = "a" }', 'vlue = "a" }', "example 'a tag': vlue: unknown key (did you mean 'value'?)"),
        ('flags = ["has tag a"]', "flag = []", "example 'a tag': flag: unknown key (did you mean 'flags'?)"),
        ('flags = ["has tag a"]', 'kind = "terms"', "example 'a tag': kind: 'terms' is none of model"),
        (
            'flags = ["has tag a"]',
            "",
            'examples: none is flagged; give one of what the rule must find, with flags = ["…"]',
        ),
        (
            'states = [{ key = "card", value = "none" }]',
            'flags = ["x"]',
            "examples: none is silent; give one of what the rule must leave alone, with neither flags nor unchecked",
        ),
        ("[with]", "[with", "is not a TOML file: "),
    ],
)
def test_a_rule_that_cannot_be_trusted_is_refused_by_file_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert RULE.count(old) >= 1
    with pytest.raises(RuleError) as refused:
        load_policy((rules_folder(tmp_path, ours=RULE.replace(old, new, 1)),))
    assert str(refused.value).startswith(f"{tmp_path / 'ours.toml'}: {message}")


@pytest.mark.parametrize("examples", ["examples = 1", 'examples = ["a tag"]', "[examples]"])
def test_examples_that_are_no_tables_are_refused(tmp_path: Path, examples: str) -> None:
    head, _, rest = RULE.partition("\n[with]")
    rule = f"{head}\n{examples}\n[with]{rest.partition('[[examples]]')[0]}"
    with pytest.raises(RuleError) as refused:
        load_policy((rules_folder(tmp_path, ours=rule),))
    assert str(refused.value) == f"{tmp_path / 'ours.toml'}: examples: expected [[examples]] tables"


@pytest.mark.parametrize("priority", [0, 1, 99])
def test_a_priority_is_a_number_from_0_to_99(tmp_path: Path, priority: int) -> None:
    rule = RULE.replace("reads =", f"priority = {priority}\nreads =")
    priorities = {rule.id: rule.priority for rule in load_policy((rules_folder(tmp_path, ours=rule),)).rules}
    assert priorities["ours"] == priority


def test_a_rule_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match=r"ours\.toml: is not a TOML file: 'utf-8' codec"):
        load_policy((tmp_path,))


def test_a_rules_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"nowhere: is not a folder of rules \(<id>\.toml\)"):
        load_policy((tmp_path / "nowhere",))


def test_a_rule_of_the_same_name_must_say_that_it_replaces(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as refused:
        load_policy((rules_folder(tmp_path, no_licence=RULE),))
    assert "there is a rule 'no-licence' already" in str(refused.value)
    assert "or write replaces = true in it" in str(refused.value)
    rules_folder(tmp_path, no_licence=f"replaces = true\n{RULE}")
    assert {rule.id: rule.title for rule in load_policy((tmp_path,)).rules}["no-licence"] == "A tag is stated"


def test_a_rule_that_replaces_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RuleError, match=r"replaces: there is no rule 'no-license' before it \(did you mean 'no-licence'"
    ):
        load_policy((rules_folder(tmp_path, no_license=f"replaces = true\n{RULE}"),))


def test_the_name_of_a_rule_file_must_be_a_valid_id(tmp_path: Path) -> None:
    (tmp_path / "Our rule.toml").write_text(RULE)
    with pytest.raises(RuleError, match=r"Our rule\.toml: the file's name is the rule's id: lower-case letters"):
        load_policy((tmp_path,))


# Profiles


def test_a_profile_sets_severities_and_switches_rules_off(tmp_path: Path) -> None:
    ours = f'{PROFILE}[severities]\nours = "error"\nno-licence = "off"\n'
    found = load_policy((rules_folder(tmp_path, ours=RULE, profiles__ours=ours),), profile="ours")
    severities = {rule.id: rule.severity for rule in found.rules}
    assert severities["ours"] == "error"
    assert "no-licence" not in severities


def test_a_profile_inherits(tmp_path: Path) -> None:
    upper = f'{PROFILE}[severities]\nno-licence = "error"\nours = "off"\n[treat]\ntest = "csam"\n'
    lower = f'{PROFILE}inherits = "upper"\n[severities]\nours = "note"\n'
    found = load_policy(
        (rules_folder(tmp_path, ours=RULE, profiles__upper=upper, profiles__lower=lower),), profile="lower"
    )
    severities = {rule.id: rule.severity for rule in found.rules}
    assert (severities["no-licence"], severities["ours"]) == ("error", "note")
    assert found.treat == {"test": "csam"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "description: missing"),
        (f"{PROFILE}severity = 1\n", "severity: unknown key (did you mean 'severities'?)"),
        (f'{PROFILE}[severities]\nno-licens = "note"\n', "severities.no-licens: there is no such rule (did you"),
        (f'{PROFILE}[severities]\nno-licence = "of"\n', "severities.no-licence: 'of' is none of note, warning, er"),
        (f'{PROFILE}inherits = "ours"\n', "inherits: there is no other profile 'ours'"),
        (f'{PROFILE}inherits = "defualt"\n', "inherits: there is no other profile 'defualt' (did you mean 'default'?)"),
        (f'{PROFILE}[treat]\ntset = "csam"\n', "treat: 'tset' is none of csam, exploitative, ncii"),
        (f"{PROFILE}[treat]\ntest = 1\n", "treat.test: 1 is none of csam, exploitative, ncii"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RuleError) as refused:
        load_policy((rules_folder(tmp_path, profiles__ours=text),))
    assert str(refused.value).startswith(f"{tmp_path / 'profiles' / 'ours.toml'}: {message}")


def test_profiles_that_inherit_in_a_circle_are_refused(tmp_path: Path) -> None:
    rules_folder(tmp_path, profiles__a=f'{PROFILE}inherits = "b"\n', profiles__b=f'{PROFILE}inherits = "a"\n')
    with pytest.raises(RuleError, match="inherits: there is no other profile"):
        load_policy((tmp_path,))


def test_an_unknown_profile_is_refused_with_the_names_of_all_profiles() -> None:
    with pytest.raises(
        RuleError, match=r"there is no profile 'gates' \(did you mean 'gate'\?\); there are default, example, gate"
    ):
        load_policy(profile="gates")


# The fingerprint


@pytest.mark.parametrize("file", ["ours.toml", "profiles/ours.toml", "vocabulary/words.toml"])
def test_the_fingerprint_changes_with_every_byte_it_is_made_from(tmp_path: Path, file: str) -> None:
    rules_folder(
        tmp_path, ours=RULE, profiles__ours=f'{PROFILE}[severities]\nours = "note"\n', vocabulary__words="[licence]\n"
    )
    before = load_policy((tmp_path,), profile="ours").fingerprint
    assert load_policy((tmp_path,), profile="ours").fingerprint == before
    path = tmp_path / file
    path.write_bytes(path.read_bytes() + b"#")
    assert load_policy((tmp_path,), profile="ours").fingerprint != before


def test_the_fingerprint_does_not_depend_on_where_the_folders_lie(tmp_path: Path) -> None:
    here, there = rules_folder(tmp_path / "here", ours=RULE), rules_folder(tmp_path / "there", ours=RULE)
    assert load_policy((here,)) == load_policy((there,))


def test_the_fingerprint_changes_with_a_profile_that_is_inherited(tmp_path: Path) -> None:
    rules_folder(tmp_path, profiles__lower=f'{PROFILE}inherits = "upper"\n', profiles__upper=PROFILE)
    before = load_policy((tmp_path,), profile="lower")
    rules_folder(tmp_path, profiles__upper=f'{PROFILE}[treat]\ntest = "csam"\n')
    assert load_policy((tmp_path,), profile="lower") != before


def test_the_fingerprint_changes_with_a_list_but_not_with_the_order_of_lists() -> None:
    one, two = SmallList(), SmallList(name="other")
    assert load_policy(lists=(one, two)) == load_policy(lists=(two, one))
    assert load_policy(lists=(one,)) != load_policy(lists=(replace(one, sha256="01"),))
    assert load_policy(lists=(one,)) != load_policy(lists=(replace(one, means="csam"),))
