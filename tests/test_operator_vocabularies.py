"""What an operator writes into a rules folder's vocabulary counts in every part of the program that uses it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.review import reviewers
from auditor.review.ledger_events import LedgerAction
from auditor.terms.licence_words import pack_words
from auditor.timestamps import current_time
from tests.reviewing import POLICY, Clock, case_id, create_ledger, opening_action

LICENCE_TEXT = " ".join(f"word{number}" for number in range(400))
VOCABULARY = {
    "withdrawn.toml": '[badset]\ntitle = "Bad set"\nnames = ["acme/badset"]\n',
    "renamed.toml": '[models]\n"old/base" = "acme/base"\n[datasets]\n"old/set" = "acme/badset"\n',
    "hotlines.toml": '[[hotline]]\ncode = "XX"\ncountry = "Nowhere"\nname = "Line"\nurl = "https://line.example"\n'
    'source = "https://source.example"\n',
    "hubs.toml": '[ours]\ntitle = "Ours"\nhosts = ["models.example"]\nletter_case = "kept"\n'
    "name = '[a-z]+/[a-z]+'\nparts = 2\npaths = { model = [\"/m/{name}\"] }\n",
    "own.toml": f"""
[licence.own-1]
title = "Own License 1"
permits = {{ commercial = "no", derivatives = "no", redistribution = "yes" }}

[[text]]
licence = "own-1"
words = "{pack_words(LICENCE_TEXT.split())}"

[[term]]
id = "our-marker"
kind = "adult"
words = ["teapot"]

[[term]]
id = "our-data"
kind = "training_data"
patterns = ["brewed from"]
""",
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules" / "vocabulary"
    folder.mkdir(parents=True)
    for name, text in VOCABULARY.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder.parent


def scan(tmp_path: Path, rules: Path, repositories: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """Scan repositories (files by repository) and return the findings: rule, subject, fact."""
    for name, files in repositories.items():
        folder = tmp_path / "hub" / "models" / name
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    report = tmp_path / "report.json"
    arguments = ["scan", tmp_path / "hub", "--rules", rules, "--out", tmp_path / "run", "--workers", "1"]
    result = CliRunner().invoke(main, [*map(str, arguments), "--format", "json", "-o", str(report)])
    assert result.exit_code in (0, 1, 3), result.output
    findings = json.loads(report.read_text())["findings"]
    return [(finding["rule"], finding["subject"], finding["fact"]) for finding in findings]


def test_a_model_trained_on_an_operators_withdrawn_dataset_is_flagged_by_its_old_name_too(
    tmp_path: Path, rules: Path
) -> None:
    hub = {
        "x/one": {"README.md": "---\ndatasets: [acme/badset]\n---\n"},
        "x/two": {"README.md": "---\ndatasets: [old/set]\n---\n"},
    }
    found = scan(tmp_path, rules, hub)
    fact = "trained on withdrawn dataset badset"
    assert [finding for finding in found if finding[0] == "trained-on-withdrawn-dataset"] == [
        ("trained-on-withdrawn-dataset", "x/one", fact),
        ("trained-on-withdrawn-dataset", "x/two", fact),
    ]


def test_an_operators_licence_text_is_recognised(tmp_path: Path, rules: Path) -> None:
    hub = {"x/one": {"README.md": "---\nlicense: apache-2.0\n---\n", "LICENSE": LICENCE_TEXT}}
    facts = [fact for rule, _, fact in scan(tmp_path, rules, hub) if rule == "licence-disagrees-with-text"]
    assert any("apache-2.0" in fact and "own-1" in fact for fact in facts)


def test_what_an_operators_licence_permits_is_followed_to_a_child_that_uses_the_parents_old_name(
    tmp_path: Path, rules: Path
) -> None:
    hub = {
        "acme/base": {"README.md": "---\nlicense: other\nlicense_name: own license 1.0\n---\n"},
        "x/child": {"README.md": "---\nlicense: mit\nbase_model: old/base\n---\n"},
    }
    beyond = [(name, fact) for rule, name, fact in scan(tmp_path, rules, hub) if rule == "licence-beyond-parent"]
    assert {name for name, _ in beyond} == {"x/child"}
    assert any("commercial use" in fact and "acme/base" in fact for _, fact in beyond)


def test_an_operators_markers_and_phrases_count(tmp_path: Path, rules: Path) -> None:
    hub = {
        "x/one": {"README.md": "# One\n\nA te4pot for children.\n"},
        "x/two": {"README.md": "It was brewed from tea."},
    }
    found = scan(tmp_path, rules, hub)
    signals = [(rule, name) for rule, name, fact in found if "our-marker" in fact]
    assert signals == [("adult-and-minors", "x/one")]
    assert [name for rule, name, _ in found if rule == "no-training-data"] == ["x/one"]


def test_an_operators_hotline_is_in_the_report_of_its_run_whenever_it_is_made(
    tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.reporting.guidance.has_known_content_matches", lambda report: True)
    scan(tmp_path, rules, {"x/one": {"README.md": "# One\n"}})
    shown = CliRunner().invoke(main, ["report", str(tmp_path / "run"), "--format", "html"])
    assert "https://line.example" in shown.output
    assert "https://report.cybertip.org" in shown.output


def test_a_list_holds_the_addresses_at_an_operators_hub(tmp_path: Path, rules: Path) -> None:
    env = {"AUDITOR_HOME": str(tmp_path / "home"), "AUDITOR_LEDGER": str(tmp_path / "ledger")}

    def deindex(*arguments: object) -> str:
        result = CliRunner().invoke(main, ["deindex", *map(str, arguments)], env=env)
        assert result.exit_code in (0, 3), result.output
        return result.output

    with create_ledger(tmp_path / "ledger", Clock(current_time())) as ledger:
        ledger.record(
            LedgerAction("policy", "", reviewers.PROGRAM_ACTOR, POLICY),
            opening_action(1, name="https://models.example/m/atelier/harbour"),
        )
        ledger.claim(case_id(1), "heron")
        ledger.propose(case_id(1), "heron", "de-index", why="listed")
        ledger.decide(case_id(1), "wren", "de-index", why="listed")
    deindex("keys", "hotline")
    deindex("keys", "search", "--keys", tmp_path / "keys")
    card, patterns = tmp_path / "keys" / "card.json", tmp_path / "patterns.csv"
    deindex("build", "--recipient", card, "--plain-csv", patterns)
    assert "models.example" not in patterns.read_text()
    deindex("build", "--recipient", card, "--plain-csv", patterns, "--rules", rules)
    rows = list(csv.reader(patterns.read_text().splitlines()))
    assert any("models.example/m/atelier/harbour" in cell for row in rows for cell in row)


def test_lineage_is_drawn_with_an_operators_names_and_a_run_keeps_its_own(tmp_path: Path, rules: Path) -> None:
    hub = {"x/child": "base_model: old/base", "acme/base": "license: mit"}
    for name, card in hub.items():
        folder = tmp_path / "hub" / "models" / name
        folder.mkdir(parents=True)
        (folder / "README.md").write_text(f"---\n{card}\n---\n", encoding="utf-8")
    drawn = CliRunner().invoke(main, ["lineage", str(tmp_path / "hub"), "--rules", str(rules)])
    assert drawn.exit_code == 0, drawn.output
    assert "old/base" not in drawn.stdout
    assert "old/base" in CliRunner().invoke(main, ["lineage", str(tmp_path / "hub")]).stdout
    run = str(tmp_path / "run")
    assert CliRunner().invoke(main, ["scan", str(tmp_path / "hub"), "--out", run]).exit_code == 0
    refused = CliRunner().invoke(main, ["lineage", run, "--rules", str(rules)])
    assert refused.exit_code == 2
    weights = CliRunner().invoke(main, ["lineage", "a.safetensors", "--against", "b", "--rules", str(rules)])
    assert weights.exit_code == 2
