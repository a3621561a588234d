"""The shipped rules: each says of its own examples what it must, word for word, and the profiles hold together."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.facts import subjects_from_rows as joined
from auditor.facts import subjects_to_rows
from auditor.lineage.derive_statements import derive_statements
from auditor.lineage.edges import collect_edges
from auditor.model import Rule, Statement, Subject
from auditor.policy.evaluate_rules import evaluate_subject
from auditor.policy.examples import failed_examples
from auditor.policy.load_policy import load_policy
from auditor.policy.profiles import Profile, read_profiles
from auditor.policy.rule_files import read_rules
from auditor.policy.vocabularies import load_vocabularies
from auditor.resources import resource_folder

RULES = [rule for rule, _ in read_rules().values()]
PROFILES = read_profiles((), [rule.id for rule in RULES])


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_example_of_a_shipped_rule_holds(rule: Rule) -> None:
    assert list(failed_examples(rule)) == []


def test_every_file_of_the_folder_is_a_rule_a_profile_or_a_vocabulary() -> None:
    rules = resource_folder("rules")
    assert {path.stem for path in rules.glob("*.toml")} == {rule.id for rule in RULES}
    assert {path.stem for path in (rules / "profiles").glob("*.toml")} == set(PROFILES)


def test_only_the_two_grounds_and_known_content_open_cases() -> None:
    """DESIGN: linked (listed, the same weights, a dedicated derivative), exposed and report, and nothing else."""
    assert {rule.id: rule.case for rule in RULES if rule.case} == {
        "linked-listed-model": "linked",
        "linked-same-weights": "linked",
        "linked-same-values": "linked",
        "linked-dedicated-derivative": "linked",
        "trained-on-known-content": "exposed",
        "known-content-in-dataset": "report",
        "known-content-in-model": "report",
    }


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_descent_is_a_note_in_every_profile(profile: Profile) -> None:
    severities = {rule.id: profile.severity(rule) for rule in RULES}
    assert severities["descends-from-exposed"] == severities["descends-from-linked"] == "note"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_an_edited_licence_text_is_at_most_a_note_in_every_profile(profile: Profile) -> None:
    severities = {rule.id: profile.severity(rule) for rule in RULES}
    assert severities["licence-text-edited"] in ("note", "off")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_opens_a_case_is_an_error_in_every_profile(profile: Profile) -> None:
    assert {profile.severity(rule) for rule in RULES if rule.case} == {"error"}


def test_only_the_example_profile_changes_the_meaning_of_lists() -> None:
    assert {name: dict(profile.treat) for name, profile in PROFILES.items() if profile.treat} == {
        "example": {"test": "csam"}
    }


def test_what_is_merely_not_stated_is_a_note_by_default() -> None:
    """DESIGN: missing provenance is normal. The one exception shows what it is and leaves out the gate."""
    loud = {rule.id for rule in RULES if rule.check == "missing" and rule.severity != "note"}
    assert loud == {"adult-without-gating"}


def test_a_bare_card_gives_notes_and_no_case() -> None:
    subject = Subject("model", "acme/bare", "", (Statement("card", "none"),))
    findings = list(evaluate_subject(subject, load_policy()))
    assert {finding.severity for finding in findings} == {"note"}
    assert {finding.rule for finding in findings} == {
        "card-without-metadata", "no-licence", "no-risk-mitigation", "no-training-data"
    }  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_no_fact_claims_what_a_hash_cannot_tell(rule: Rule) -> None:
    """DESIGN: a match is "matches entry of list", never "contains"; no match is never "clean"."""
    facts = " ".join(fact for example in rule.examples for fact in (*example.flags, *example.unchecked))
    assert "contain" not in f"{rule.title} {facts}".lower()
    assert "clean" not in facts.lower()


def test_rules_flag_what_lineage_derives() -> None:
    """The words of a derivation and those of the rules are kept in step: read, derived and judged for real."""
    subjects = [
        Subject("dataset", "acme/pictures", "", (Statement("samples", "images", remark="9"),)),
        Subject("dataset", "acme/subset", "", (Statement("sourced_from", "laion/laion-5b", source="card"),)),
        Subject("dataset", "laion/laion-5b", "", (Statement("card", "none"),)),
        Subject("model", "acme/base", "", (
            Statement("trained_on", "acme/pictures", source="card"),
            Statement("trained_on", "laion/laion-5b", source="card"),
            Statement("clause", "explicit", source="licence-file"),
        )),
        Subject("model", "acme/tuned", "", (
            Statement("base_model", "acme/base", "finetune", source="card"),
            Statement("clause", "absent", source="licence-file"),
        )),
        Subject("model", "acme/listed", "", (Statement("artefact", "sha256:" + "a" * 64, "m.safetensors"),)),
        Subject("model", "acme/copy", "", (Statement("artefact", "sha256:" + "a" * 64, "m.safetensors"),)),
        Subject("model", "acme/adapter", "", (Statement("base_model", "acme/listed", "adapter", source="card"),)),
    ]  # fmt: skip
    facts = pa.Table.from_batches([subjects_to_rows(subjects)])
    columns = (
        "kind",
        "name",
        "revision",
        "list",
        "means",
        "relation",
        "basis",
        "hits",
        "samples",
        "algorithm",
        "variant",
        "classification",
    )
    found = [
        ("dataset", "acme/pictures", "", "demo", "csam", "exact", "computed", 1, 9, "", "", ""),
        ("dataset", "acme/pictures", "", "demo", "csam", "near", "computed", 2, 9, "", "", ""),
        ("model", "acme/listed", "", "models", "model", "exact", "computed", 1, None, "sha256", "", ""),
    ]
    hits = pa.table({name: [row[at] for row in found] for at, name in enumerate(columns)})
    vocabularies = load_vocabularies()
    derived = list(derive_statements(facts, hits, collect_edges(facts, vocabularies.renamed), vocabularies))
    shipped = load_policy()
    said = {
        (finding.rule, finding.subject, finding.fact)
        for subject in joined(pa.concat_tables([facts, pa.Table.from_batches(derived)]))
        for finding in evaluate_subject(subject, shipped)
        if not finding.rule.startswith(("no-", "card-", "dataset-", "model-", "images-"))
    }
    assert said >= {
        ("known-content-in-dataset", "acme/pictures", "matches entries of list demo (exact)"),
        ("known-content-in-dataset", "acme/pictures", "matches entries of list demo (near)"),
        (
            "trained-on-known-content",
            "acme/base",
            "trained on dataset acme/pictures, which matches entries of a known-content list (exact)",
        ),
        (
            "descends-from-exposed",
            "acme/tuned",
            "descends from acme/base, whose data matches entries of a known-content list",
        ),
        ("linked-same-weights", "acme/listed", "has the same weights as a model of list models"),
        ("descends-from-linked", "acme/adapter", "descends from acme/listed, a listed model"),
        ("copy-of-another", "acme/copy", "has the same weights as acme/listed"),
        ("withdrawn-dataset", "laion/laion-5b", "is withdrawn dataset laion-5b"),
        ("made-from-withdrawn-dataset", "acme/subset", "made from withdrawn dataset laion-5b"),
        ("trained-on-withdrawn-dataset", "acme/base", "trained on withdrawn dataset laion-5b"),
        ("prohibition-dropped", "acme/tuned", "dropped its parent's prohibition of sexual exploitation of minors"),
    }


def test_the_commitments_that_rules_ask_for_are_those_of_the_vocabulary() -> None:
    known = {term.value for term in load_vocabularies().terms if term.kind == "safety"}
    asked = {word for rule in RULES if rule.check == "missing" for word in rule.params["wanted"].get("safety", ())}
    assert asked == known - {"maintenance"}


def test_licence_families_that_rules_ignore_are_in_the_vocabulary() -> None:
    licences = tomllib.loads((resource_folder("rules") / "vocabulary" / "licences.toml").read_text(encoding="utf-8"))
    families = {word for rule in RULES if rule.check == "disagree" for word in rule.params.get("silent", ())}
    assert families <= set(licences["licence"])


def test_the_rule_and_the_profile_in_the_readme_can_be_loaded(tmp_path: Path) -> None:
    readme = (resource_folder("rules") / "README.md").read_text(encoding="utf-8")
    rule, profile = (block.split("```")[0] for block in readme.split("```toml\n")[1:])
    (tmp_path / "profiles").mkdir()
    (tmp_path / "shown.toml").write_text(rule, encoding="utf-8")
    (tmp_path / "profiles" / "shown.toml").write_text(profile, encoding="utf-8")
    loaded = {rule.id: rule for rule in load_policy((tmp_path,), profile="shown").rules}
    assert loaded["no-licence"].severity == "warning"
    assert list(failed_examples(loaded["shown"])) == []
