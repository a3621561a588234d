"""What ``auditor facts`` prints keeps its published schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.pipeline.audit import audit
from auditor.pipeline.run_facts import read_run_facts
from auditor.resources import resource_folder


def test_every_fact_of_a_run_is_valid(tmp_path: Path) -> None:
    card = tmp_path / "hub" / "models" / "acme" / "base" / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text("---\nlicense: mit\nbase_model: acme/older\n---\n# Base\n", "utf-8")
    (card.parent / "model.safetensors").write_bytes(b"\x80\x04not safetensors")
    audit(tmp_path / "hub", out=tmp_path / "run")
    schema = json.loads((resource_folder("reports/schema") / "facts.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    lines = [json.loads(json.dumps(fact)) for fact in read_run_facts(tmp_path / "run")]
    for line in lines:
        validator.validate(line)
    assert {"licence", "base_model", "gap"} <= {line["key"] for line in lines}


def test_the_run_of_a_target_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    kept = tmp_path / "run"
    printed = CliRunner().invoke(main, ["facts", str(tmp_path / "models"), "--out", str(kept)])
    assert printed.exit_code == 0
    assert CliRunner().invoke(main, ["facts", str(kept)]).stdout == printed.stdout
    refused = CliRunner().invoke(main, ["facts", str(kept), "--out", str(tmp_path / "other")])
    assert refused.exit_code == 2
    assert "is a run already; leave the option out" in refused.stderr


def test_a_table_of_a_target_and_of_its_run_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    kept = tmp_path / "run"
    printed = CliRunner().invoke(main, ["facts", str(tmp_path / "models"), "--table", "--out", str(kept)])
    assert printed.exit_code == 0
    assert "Stated is not proven" in printed.stdout
    assert "  Card: stated: mit (README.md:2)" in printed.stdout
    assert CliRunner().invoke(main, ["facts", str(kept), "--table"]).stdout == printed.stdout


def test_a_table_is_written_to_a_file_in_the_format_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    page = tmp_path / "table.html"
    arguments = ["facts", str(tmp_path / "models"), "--table", "--format", "html", "-o", str(page)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_options_of_the_table_need_it(tmp_path: Path) -> None:
    refused = CliRunner().invoke(main, ["facts", str(tmp_path), "--subject", "acme/tree"])
    assert refused.exit_code == 2
    assert "--subject is for --table; add it" in refused.stderr


def test_rules_for_the_facts_of_a_run_are_refused_but_may_add_duties_to_its_table(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    duties = tmp_path / "ours" / "vocabulary" / "duties.toml"
    duties.parent.mkdir(parents=True)
    duties.write_text(
        """
        [our-law]
        title = "State the licence"
        jurisdiction = "Here"
        binds = "everybody"
        document = "the card"
        checked = "whether a licence is named"
        since = "2026-01-31"
        source = "Act, section 1"
        applies = ["model"]
        answers = [{ key = "licence_id" }]
        """,
        "utf-8",
    )
    run, rules = str(tmp_path / "run"), ["--rules", str(tmp_path / "ours")]
    assert CliRunner().invoke(main, ["facts", str(tmp_path / "models"), "--out", run]).exit_code == 0
    refused = CliRunner().invoke(main, ["facts", run, *rules])
    assert refused.exit_code == 2
    assert "is a run with rules of its own" in refused.stderr
    printed = CliRunner().invoke(main, ["facts", run, "--table", *rules])
    assert "Source: Act, section 1.\n    stated: licence_id mit (README.md:2)" in printed.stdout
