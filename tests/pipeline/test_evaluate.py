"""Evaluation: derived statements, counted hits, findings written in order."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from auditor.facts import FACTS_SCHEMA, subjects_to_rows
from auditor.model import Place, Statement, Subject
from auditor.pipeline import evaluate
from auditor.pipeline.cases import group_cases
from auditor.pipeline.evaluate import evaluate_table
from auditor.pipeline.hit_counts import count_hits
from auditor.policy.load import load_policy
from auditor.samples import HITS_SCHEMA


def hit(
    sample: str, algorithm: str, *, name: str = "acme/words", known: str = "list", means: str = "csam"
) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(HITS_SCHEMA.names, "")
    return row | {
        "kind": "dataset", "name": name, "list": known, "means": means, "sample": sample, "place": "t.csv",
        "row": int(sample), "algorithm": algorithm, "distance": 0, "basis": "declared",
    }  # fmt: skip


def run_with(folder: Path, found: list[dict[str, object]]) -> tuple[list[Path], pa.Table]:
    import pyarrow.parquet as pq

    (folder / "restricted" / "hits").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(found, HITS_SCHEMA), folder / "restricted" / "hits" / "0.parquet")
    parts = [Statement("samples", "read", "", Place(f"{n}.csv"), "scan", "60") for n in range(2)]
    facts = pa.Table.from_batches(
        [subjects_to_rows([Subject("dataset", "acme/words", "", (part,))]) for part in parts], FACTS_SCHEMA
    )
    pq.write_table(facts, folder / "facts.parquet")
    return [folder], facts


def test_hits_are_counted_by_sample_and_exact_comes_before_near(tmp_path: Path) -> None:
    import pyarrow.dataset as pads

    folders, _ = run_with(tmp_path, [hit("1", "md5"), hit("1", "pdq"), hit("2", "pdq"), hit("3", "pdq", means="test")])
    facts = pads.dataset(tmp_path / "facts.parquet", schema=FACTS_SCHEMA)
    counted = (
        count_hits(folders, facts, {"test": "csam"})[0].select(["means", "relation", "hits", "samples"]).to_pylist()
    )
    assert counted == [
        {"means": "csam", "relation": "exact", "hits": 1, "samples": 120},
        {"means": "csam", "relation": "near", "hits": 1, "samples": 120},
        {"means": "csam", "relation": "near", "hits": 1, "samples": 120},
    ]


def test_a_sample_that_matches_by_its_bytes_counts_as_computed_whatever_is_declared_for_it(tmp_path: Path) -> None:
    import pyarrow.dataset as pads

    folders, _ = run_with(tmp_path, [hit("1", "md5"), hit("1", "pdq") | {"basis": "computed"}, hit("2", "md5")])
    facts = pads.dataset(tmp_path / "facts.parquet", schema=FACTS_SCHEMA)
    counted = count_hits(folders, facts, {})[0].select(["basis", "relation", "hits"]).to_pylist()
    assert counted == [
        {"basis": "computed", "relation": "near", "hits": 1},
        {"basis": "declared", "relation": "exact", "hits": 1},
    ]


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
        monkeypatch.setattr(evaluate, "GROUP_ROWS", limit)
        out = tmp_path / f"{limit}-{workers}"
        out.mkdir()
        verdicts = evaluate._evaluate_all(facts, policy, out, workers)
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
