"""Counting hits: each sample once, by what it matched best."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from auditor.facts import FACTS_SCHEMA, subjects_to_rows
from auditor.model import Place, Statement, Subject
from auditor.pipeline.hit_counts import count_subject_hits
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
        count_subject_hits(folders, facts, {"test": "csam"})[0]
        .select(["means", "relation", "hits", "samples"])
        .to_pylist()
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
    counted = count_subject_hits(folders, facts, {})[0].select(["basis", "relation", "hits"]).to_pylist()
    assert counted == [
        {"basis": "computed", "relation": "near", "hits": 1},
        {"basis": "declared", "relation": "exact", "hits": 1},
    ]


def test_a_sample_that_only_a_thorough_variant_matches_is_a_lead_and_any_other_match_counts_before_it(
    tmp_path: Path,
) -> None:
    import pyarrow.dataset as pads

    lead = {"variant": "frame-2+window-90", "basis": "computed"}
    folders, _ = run_with(
        tmp_path,
        [hit("1", "pdq") | lead, hit("2", "pdq") | lead, hit("2", "md5"), hit("3", "pdq") | lead | {"variant": "512"}],
    )
    facts = pads.dataset(tmp_path / "facts.parquet", schema=FACTS_SCHEMA)
    counted = count_subject_hits(folders, facts, {})[0].select(["basis", "relation", "hits"]).to_pylist()
    assert counted == [
        {"basis": "computed", "relation": "near", "hits": 1},
        {"basis": "computed", "relation": "near-thorough", "hits": 1},
        {"basis": "declared", "relation": "exact", "hits": 1},
    ]
