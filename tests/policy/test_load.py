"""What a run judges by: files that can't be trusted are refused by name, and judging keeps its laws."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import auditor.checks
from auditor import facts
from auditor.checks import Key, Stated, by_key
from auditor.errors import RuleError
from auditor.model import KINDS, Evidence, Finding, Gap, Kind, Place, Statement, Subject
from auditor.policy import load

RULE = """
title = "A tag is stated"
applies = ["model"]
check = "stated"
severity = "warning"
reads = ["card"]
why = "Because."
fix = "Do."
references = ["A text"]

[with]
key = "tag"
fact = "has tag {value}"

[[examples]]
name = "a tag"
states = [{ key = "tag", value = "a" }]
flags = ["has tag a"]

[[examples]]
name = "none"
states = [{ key = "card", value = "none" }]
"""
PROFILE = 'description = "Ours."\n'


@dataclass(frozen=True)
class SmallList:
    name: str = "demo"
    version: str = "1"
    means: str = "test"
    entries: int = 3
    sha256: str = "00"


def folder(path: Path, **files: str) -> Path:
    """A rules folder: ``profiles__ours=`` is ``profiles/ours.toml``."""
    for name, text in files.items():
        file = path / f"{name.replace('__', '/').replace('_', '-')}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return path


def only(path: Path, **files: str) -> load.Policy:
    """A policy of the folder's rules alone, the shipped ones left out."""
    whole = load.load((folder(path, **files),))
    return replace(whole, rules=tuple(rule for rule in whole.rules if rule.id in files), fingerprint=str(path))


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
            "check: there is no check 'statd' (did you mean 'stated'?); there are disagree, missing, stated",
        ),
        ('"warning"', '"bad"', "severity: 'bad' is none of note, warning, error"),
        (
            "reads =",
            'case = "lined"\nreads =',
            "case: 'lined' is none of linked, exposed, none (did you mean 'linked'?)",
        ),
        ("reads =", 'case = "linked"\nreads =', "review: a rule that opens a case says what reviewers do"),
        (
            '["card"]',
            '["cards"]',
            "reads: 'cards' is none of file, card, licence, header, weights, table, samples, shard, judgement"
            " (did you mean 'card'?)",
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
            "with.fact: {count} cannot stand in this fact; {value} and {relation} can",
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
        load.load((folder(tmp_path, ours=RULE.replace(old, new, 1)),))
    assert str(refused.value).startswith(f"{tmp_path / 'ours.toml'}: {message}")


def test_a_rule_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match=r"ours\.toml: is not a TOML file: 'utf-8' codec"):
        load.load((tmp_path,))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"nowhere: is not a folder of rules \(<id>\.toml\)"):
        load.load((tmp_path / "nowhere",))
    with pytest.raises(RuleError, match=r"nowhere: is not a folder of vocabularies \(\*\.toml\)"):
        load.load((), vocabularies=(tmp_path / "nowhere",))


def test_a_rule_of_the_same_name_must_say_that_it_replaces(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as refused:
        load.load((folder(tmp_path, no_licence=RULE),))
    assert "there is a rule 'no-licence' already" in str(refused.value)
    assert "or write replaces = true in it" in str(refused.value)
    folder(tmp_path, no_licence=f"replaces = true\n{RULE}")
    assert {rule.id: rule.title for rule in load.load((tmp_path,)).rules}["no-licence"] == "A tag is stated"


def test_a_rule_that_replaces_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RuleError, match=r"replaces: there is no rule 'no-license' before it \(did you mean 'no-licence'"
    ):
        load.load((folder(tmp_path, no_license=f"replaces = true\n{RULE}"),))


def test_the_name_of_a_rule_file_must_do_as_an_id(tmp_path: Path) -> None:
    (tmp_path / "Our rule.toml").write_text(RULE)
    with pytest.raises(RuleError, match=r"Our rule\.toml: the file's name is the rule's id: lower-case letters"):
        load.load((tmp_path,))


# Profiles


def test_a_profile_sets_severities_and_switches_rules_off(tmp_path: Path) -> None:
    ours = f'{PROFILE}[severities]\nours = "error"\nno-licence = "off"\n'
    found = load.load((folder(tmp_path, ours=RULE, profiles__ours=ours),), profile="ours")
    severities = {rule.id: rule.severity for rule in found.rules}
    assert severities["ours"] == "error"
    assert "no-licence" not in severities


def test_a_profile_inherits(tmp_path: Path) -> None:
    upper = f'{PROFILE}[severities]\nno-licence = "error"\nours = "off"\n[treat]\ntest = "csam"\n'
    lower = f'{PROFILE}inherits = "upper"\n[severities]\nours = "note"\n'
    found = load.load((folder(tmp_path, ours=RULE, profiles__upper=upper, profiles__lower=lower),), profile="lower")
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
        load.load((folder(tmp_path, profiles__ours=text),))
    assert str(refused.value).startswith(f"{tmp_path / 'profiles' / 'ours.toml'}: {message}")


def test_profiles_that_inherit_in_a_circle_are_refused(tmp_path: Path) -> None:
    folder(tmp_path, profiles__a=f'{PROFILE}inherits = "b"\n', profiles__b=f'{PROFILE}inherits = "a"\n')
    with pytest.raises(RuleError, match="inherits: there is no other profile"):
        load.load((tmp_path,))


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        RuleError, match=r"there is no profile 'gates' \(did you mean 'gate'\?\); there are default, example, gate"
    ):
        load.load(profile="gates")


# The fingerprint


@pytest.mark.parametrize("file", ["ours.toml", "profiles/ours.toml", "vocabulary/words.toml"])
def test_the_fingerprint_changes_with_every_byte_it_is_made_from(tmp_path: Path, file: str) -> None:
    folder(tmp_path, ours=RULE, profiles__ours=f'{PROFILE}[severities]\nours = "note"\n', vocabulary__words="a = 1\n")
    before = load.load((tmp_path,), profile="ours").fingerprint
    assert load.load((tmp_path,), profile="ours").fingerprint == before
    path = tmp_path / file
    path.write_bytes(path.read_bytes() + b"#")
    assert load.load((tmp_path,), profile="ours").fingerprint != before


def test_the_fingerprint_does_not_depend_on_where_the_folders_lie(tmp_path: Path) -> None:
    here, there = folder(tmp_path / "here", ours=RULE), folder(tmp_path / "there", ours=RULE)
    assert load.load((here,)) == load.load((there,))


def test_the_fingerprint_changes_with_a_profile_that_is_inherited(tmp_path: Path) -> None:
    folder(tmp_path, profiles__lower=f'{PROFILE}inherits = "upper"\n', profiles__upper=PROFILE)
    before = load.load((tmp_path,), profile="lower")
    folder(tmp_path, profiles__upper=f'{PROFILE}[treat]\ntest = "csam"\n')
    assert load.load((tmp_path,), profile="lower") != before


def test_the_fingerprint_changes_with_a_list_but_not_with_the_order_of_lists() -> None:
    one, two = SmallList(), SmallList(name="other")
    assert load.load(lists=(one, two)) == load.load(lists=(two, one))
    assert load.load(lists=(one,)) != load.load(lists=(replace(one, sha256="01"),))
    assert load.load(lists=(one,)) != load.load(lists=(replace(one, means="csam"),))


def test_a_further_vocabulary_counts(tmp_path: Path) -> None:
    folder(tmp_path, words="a = 1\n")
    ours = load.load(vocabularies=(tmp_path,))
    assert ours != load.load()
    assert ours.vocabularies[-1] == tmp_path


def test_a_policy_travels_to_a_worker() -> None:
    here = load.load(lists=(SmallList(),))
    there = pickle.loads(pickle.dumps(here))
    assert there == here
    subject = Subject("model", "a/b")
    assert list(load.judge(subject, there)) == list(load.judge(subject, here))


# Judging


def test_a_finding_holds_all_that_a_report_needs(tmp_path: Path) -> None:
    subject = Subject("model", "a/b", "r1", (Statement("tag", "x", place=Place("README.md", 4), remark="seen"),))
    assert list(load.judge(subject, only(tmp_path, ours=RULE))) == [
        Finding("ours", "model", "a/b", "r1", "FLAGGED", "warning", "has tag x", Place("README.md", 4), "seen")
    ]


def test_rules_judge_only_the_kinds_they_apply_to(tmp_path: Path) -> None:
    assert not list(load.judge(Subject("dataset", "a", "", (Statement("tag", "x"),)), only(tmp_path, ours=RULE)))


def test_when_narrows_the_subjects_by_every_key_it_names(tmp_path: Path) -> None:
    narrowed = RULE.replace("[with]", '[when]\nlibrary = ["peft"]\ntask = []\n\n[with]')
    narrowed = narrowed.replace('value = "a" }]', 'value = "a" }]\n#')
    ours = only(tmp_path, ours=narrowed)
    tag, library, task = Statement("tag", "x"), Statement("library", "PEFT"), Statement("task", "any")
    assert not list(load.judge(Subject("model", "a", "", (tag, library)), ours))
    assert [finding.fact for finding in load.judge(Subject("model", "a", "", (tag, library, task)), ours)] == [
        "has tag x"
    ]


def test_a_fact_at_several_places_is_one_finding(tmp_path: Path) -> None:
    places = Place("b", 1), Place("a", 2), Place("a", 3)
    statements = tuple(Statement("tag", "x", place=place, remark="seen") for place in places)
    (finding,) = load.judge(Subject("model", "a", "", statements), only(tmp_path, ours=RULE))
    assert (finding.place, finding.remark) == (Place("a", 2), "seen; at 3 places")


def test_flagged_and_unchecked_are_both_reported(tmp_path: Path) -> None:
    gaps = (Gap("card", "line 3 is not YAML", Place("README.md", 3)), Gap("header", "cut short"))
    subject = Subject("model", "a", "", (Statement("tag", "x"),), gaps)
    flagged, unchecked = load.judge(subject, only(tmp_path, ours=RULE))
    assert (flagged.outcome, flagged.fact) == ("FLAGGED", "has tag x")
    assert unchecked == Finding(
        "ours", "model", "a", "", "UNCHECKED", "note", "a card's metadata or text could not be read",
        Place("README.md", 3), "line 3 is not YAML",
    )  # fmt: skip


def test_what_is_absent_is_not_flagged_where_a_gap_stands() -> None:
    gap = Gap("card", "is not UTF-8", Place("README.md"))
    found = {
        f.outcome for f in load.judge(Subject("model", "a", "", (), (gap,)), load.load()) if f.rule == "no-licence"
    }
    assert found == {"UNCHECKED"}


RESEARCH = load.load(profile="research")


@given(
    st.sampled_from(KINDS),
    st.lists(
        st.builds(
            Statement,
            key=st.sampled_from(sorted(load.reads(RESEARCH))),
            value=st.sampled_from(["", "mit", "image", "explicit", "absent", "exact", "dropped"]),
            relation=st.sampled_from(["", "exact", "near", "adapter", "same-weights"]),
        ),
        max_size=6,
    ),
)
def test_a_rule_that_is_not_asked_would_have_said_nothing(kind: Kind, statements: list[Statement]) -> None:
    subject = Subject(kind, "a", "", tuple(statements))
    asked_all = [
        finding for one in load._asked(RESEARCH)[kind] for finding in load._say(one, by_key(statements), subject)
    ]
    assert list(load.judge(subject, RESEARCH)) == asked_all


@given(
    st.lists(
        st.builds(
            Statement,
            key=st.sampled_from([*sorted(load.reads(RESEARCH)), "title", "gap"]),
            value=st.sampled_from(["", "image", "Image", "LORA", "peſt", "sand", "none", "red-teaming", "explicit"]),
            relation=st.sampled_from(["", "adapter"]),
            place=st.builds(Place, st.just("README.md"), st.integers(0, 9)),
            source=st.just("card"),
            remark=st.just(""),
        ),
        max_size=6,
    ),
)
def test_rows_that_are_of_no_use_change_no_finding(statements: list[Statement]) -> None:
    subjects = [Subject("model", name, "", tuple(sorted(set(statements[at:])))) for at, name in enumerate("ab")]
    batch = facts.subjects_to_rows(subjects)
    kept = facts.subjects_from_rows(pa.Table.from_batches([facts.keep_needed_rows(batch, load.reads(RESEARCH))]))
    every = facts.subjects_from_rows(pa.Table.from_batches([batch]))
    assert [list(load.judge(subject, RESEARCH)) for subject in kept] == [
        list(load.judge(subject, RESEARCH)) for subject in every
    ]


def test_the_place_of_what_is_missing_is_of_use_whatever_the_profile_asks() -> None:
    assert load.reads(load.load(profile="search"))["card"] == frozenset()


def test_a_tag_that_no_rule_asks_for_is_of_no_use() -> None:
    said = [Statement("tag", value) for value in ("Lora", "sand", "peſt")]
    batch = facts.keep_needed_rows(
        facts.subjects_to_rows([Subject("model", "a", "", tuple(said))]), {"tag": frozenset({"lora", "pest"})}
    )
    assert batch["value"].to_pylist() == ["Lora", "peſt"]
    alone = facts.keep_needed_rows(
        facts.subjects_to_rows([Subject("model", "a", "", (Statement("title", "A"),))]), {"tag": frozenset()}
    )
    assert alone["name"].to_pylist() == ["a"], "there is a subject, of which nothing is asked"


def test_a_rule_that_breaks_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        ABSENCE = False
        START = "key"
        STOP = ""
        PLACE = ""

        @staticmethod
        def ask(stated: Stated, *, key: Key) -> Iterator[Evidence]:
            yield Evidence("seen before it broke")
            raise KeyError(f"at {id(stated)}")

    known = {**auditor.checks.checks(), "broken": Broken}
    monkeypatch.setattr(auditor.checks, "checks", lambda: known)
    monkeypatch.setattr(load, "checks", lambda: known)
    broken = RULE.replace('"stated"', '"broken"').replace('fact = "has tag {value}"', "")
    ours = only(tmp_path, broken=broken, ours=RULE)
    findings = list(load.judge(Subject("model", "a", "", (Statement("tag", "x"),)), ours))
    assert [(f.rule, f.outcome, f.fact, f.remark) for f in findings] == [
        ("broken", "FLAGGED", "seen before it broke", ""),
        ("broken", "UNCHECKED", "a rule failed on this subject", "KeyError"),
        ("ours", "FLAGGED", "has tag x", ""),
    ]


STATEMENTS = st.builds(
    Statement,
    key=st.sampled_from(["tag", "licence", "licence_id", "licence_text", "base_model", "base_family", "clause"]),
    value=st.sampled_from(["mit", "lora", "absent", "explicit", "none", "sdxl", "other", "\udcff", "a" * 300]),
    relation=st.sampled_from(["", "exact", "tensors", "edited"]),
    place=st.builds(Place, st.sampled_from(["README.md", "LICENSE"]), st.integers(0, 3)),
    source=st.sampled_from(["card", "header", "licence-file"]),
    remark=st.sampled_from(["", "1 of 3"]),
)  # fmt: skip
GAPS = st.builds(
    Gap, st.sampled_from(["card", "licence", "header"]), st.sampled_from(["cut", "not text"]), st.just(Place("x"))
)
SHIPPED = load.load()


@given(
    st.sampled_from(["model", "dataset", "terms", "document"]),
    st.lists(STATEMENTS, max_size=8),
    st.lists(GAPS, max_size=2),
    st.data(),
)
def test_findings_do_not_depend_on_the_order_of_statements_or_gaps(kind, statements, gaps, data) -> None:  # type: ignore[no-untyped-def]
    one = Subject(kind, "a", "", tuple(statements), tuple(gaps))
    other = Subject(
        kind, "a", "", tuple(data.draw(st.permutations(statements))), tuple(data.draw(st.permutations(gaps)))
    )
    findings = list(load.judge(one, SHIPPED))
    assert findings == list(load.judge(other, SHIPPED))
    assert len({finding.fingerprint for finding in findings}) == len(findings)
    assert not any(finding.fact == "a rule failed on this subject" for finding in findings)
