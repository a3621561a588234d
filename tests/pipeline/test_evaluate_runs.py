"""Evaluation: derived statements, counted hits, findings written in order."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from auditor.facts import FACTS_SCHEMA, subjects_to_rows
from auditor.model import Place, Statement, Subject
from auditor.pipeline import evaluate_runs
from auditor.pipeline.cases import group_cases
from auditor.pipeline.evaluate_runs import evaluate_table
from auditor.policy.load_policy import load_policy


def test_judging_in_groups_gives_the_same_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.dataset as pads

    from auditor.pipeline.report import Findings

    policy = load_policy()
    parts = [
        Subject("model", f"acme/m{n}", "", (Statement("licence", "mit", "", Place("README.md", n)),))
        for n in range(300)
    ]
    pads.write_dataset(pa.Table.from_batches([subjects_to_rows(parts)]), tmp_path / "facts", format="parquet")
    facts = pads.dataset(tmp_path / "facts", schema=FACTS_SCHEMA)
    found = []
    for limit, workers in ((10**9, 1), (50, 1), (50, 2)):
        monkeypatch.setattr(evaluate_runs, "GROUP_ROWS", limit)
        out = tmp_path / f"{limit}-{workers}"
        out.mkdir()
        verdicts = evaluate_runs._evaluate_all(facts, policy, out, workers)
        found.append((list(Findings(out / "findings")), verdicts.subjects, verdicts.flagged))
        assert not (out / "buckets").exists()
    assert found[0] == found[1] == found[2]
    assert {finding.rule for finding in found[0][0]} >= {"no-training-data"}
    assert [finding.subject for finding in found[0][0]] == sorted(finding.subject for finding in found[0][0])


def test_one_exposed_base_and_500_descendants_open_one_case(tmp_path: Path) -> None:
    descends = Statement("descends", "acme/base", "exposed", source="lineage", remark="depth 1; 3 of 120 samples")
    base = Subject("model", "acme/base", "", (Statement("exposed", "acme/words", "exact", source="lineage"),))
    below = [Subject("model", f"other/tune-{n}", "", (descends,)) for n in range(500)]
    for name in ("findings", "gaps"):
        (tmp_path / name).mkdir()
    facts = pa.Table.from_batches([subjects_to_rows([base, *below])], FACTS_SCHEMA)
    verdicts = evaluate_table(facts, load_policy(), tmp_path, 0)
    cases = group_cases(verdicts.reasons, verdicts.copies)
    assert [(case.ground, case.subject) for case in cases] == [("exposed", "acme/base")]
    assert verdicts.flagged["descends-from-exposed", "FLAGGED", "note"] == 500
