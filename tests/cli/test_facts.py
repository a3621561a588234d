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
