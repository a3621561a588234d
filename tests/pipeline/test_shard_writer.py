"""What the writer of a shard counts of files, samples and weights, and what it leaves in the run's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob, Unread
from auditor.known.compiled_list import CompiledList
from auditor.known.open_list import open_list
from auditor.lineage.fingerprint_files import save_fingerprint
from auditor.lineage.weight_samples import sample_model
from auditor.model import Basis, Comparison, Count, Place, Ref, Statement, Subject, Tally
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.run_folder import FACTS, HITS, SHARD_FOLDERS, SHARDS, TENSORS
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.shard import Shard
from auditor.pipeline.shard_writer import ShardWriter, reason_category
from auditor.policy.load_policy import load_policy
from auditor.samples import Samples, build_sample_batch
from tests.onnx_files import onnx_bytes
from tests.weights import safetensors_file

HILLS = Ref("dataset", "hills", "main")
MD5, OTHER_MD5 = (hashlib.md5(text).digest() for text in (b"listed", b"other"))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def known(folder: Path, means: str, *rows: str) -> CompiledList:
    path = folder / f"{means}.csv"
    path.write_text("\n".join(rows) + "\n")
    return open_list(path, means=means, into=folder / f"{means}-list")


def writer(
    folder: Path, *files: Blob | Unread, lists: Sequence[CompiledList] = (), options: ReadOptions | None = None
) -> ShardWriter:
    for name in (SHARDS, *SHARD_FOLDERS):
        (folder / "run" / name).mkdir(parents=True, exist_ok=True)
    context = ScanContext(load_policy(lists=lists), options or ReadOptions(), folder / "run")
    return ShardWriter(context, Shard("7", files))


def samples(basis: Basis = "computed", already_counted: bool = False, **columns: Sequence[object]) -> Samples:
    count = len(next(iter(columns.values())))
    named: dict[str, Sequence[object]] = {
        "sample": [str(n) for n in range(count)], "place": ["t.parquet"] * count, **columns,
    }  # fmt: skip
    digests = [name for name in columns if name in ("md5", "sha1")]
    return Samples(HILLS, basis, build_sample_batch(named, digests), already_counted)


def facts(folder: Path) -> list[dict[str, object]]:
    return pq.read_table(folder / "run" / FACTS / "7.parquet").to_pylist()


def tally_of(folder: Path, *batches: Samples, lists: Sequence[CompiledList] = ()) -> Tally:
    with writer(folder, lists=lists) as into:
        for batch in batches:
            into.add_samples(batch)
        return into.finish()


# Files


def test_every_file_is_counted_once_as_scanned_skipped_or_errored(tmp_path: Path) -> None:
    files = [Blob("", name, 1) for name in ("read", "skipped", "errored", "errored and skipped", "read too")]
    with writer(tmp_path, *files) as into:
        into.add_unread(Unread("skipped", "not read: a .py file", skipped=True))
        into.add_unread(Unread("errored", "cannot be opened: no permission"))
        into.add_unread(Unread("errored and skipped", "not read: a .md file", skipped=True))
        into.add_unread(Unread("errored and skipped", "damaged"))
        tally = into.finish()
    assert tally.files == Count(5, 2, 1, 2)
    assert tally.reasons == {"not read": 2, "cannot be opened": 1, "damaged": 1}


def test_only_a_file_that_should_have_been_read_leaves_a_gap(tmp_path: Path) -> None:
    card = Blob("", "m/README.md", 1, "model", "o/m", "r1")
    alone = Blob("", "notes.md", 1, standalone_name="notes", standalone_kind="terms")
    with writer(tmp_path) as into:
        into.add_unread(Unread("a.py", "not read", skipped=True))
        into.add_unread(Unread("m/README.md", "not text", blob=card), "card")
        into.add_unread(Unread("notes.md", "not text", blob=alone))
        into.add_unread(Unread("gone", "cannot be listed"))
        into.finish()
    gaps = [
        (row["kind"], row["name"], row["revision"], row["key"], row["value"], row["uri"]) for row in facts(tmp_path)
    ]
    assert gaps == [
        ("model", "o/m", "r1", "gap", "card", "m/README.md"),
        ("terms", "notes", "", "gap", "file", "notes.md"),
        ("document", "gone", "", "gap", "file", "gone"),
    ]


def test_the_reason_for_a_table_in_partitions_is_counted_with_its_first(tmp_path: Path) -> None:
    first, second = (Blob("", "t.parquet", 1, partition=(number, 2)) for number in range(2))
    for skipped, counted in ((True, Count(1, 0, 1, 0)), (False, Count(1, 0, 0, 1))):
        with writer(tmp_path, first, second) as into:
            into.add_unread(Unread("t.parquet", "damaged: at row 4", skipped, first))
            into.add_unread(Unread("t.parquet", "damaged: at row 9", skipped, second))
            tally = into.finish()
        assert tally.files == counted
        assert tally.reasons == {"damaged": 1}
    with writer(tmp_path, second) as into:
        into.add_unread(Unread("t.parquet", "damaged: at row 9", blob=second))
        tally = into.finish()
    assert (tally.files, tally.reasons) == (Count(), {})
    assert [row["remark"] or row["relation"] for row in facts(tmp_path)] == ["damaged: at row 9"]


def test_a_file_with_a_carrier_that_was_not_read_is_partly_read_only_where_something_in_it_was(tmp_path: Path) -> None:
    names = ("table", "other table", "card", "nothing", "only gaps", "skipped", "errored")
    blobs = {name: Blob("", name, 1, "dataset", "hills") for name in names}
    with writer(tmp_path, *blobs.values()) as into:
        for blob in blobs.values():
            into.add_partly_read(PartlyRead(blob, "column a", "not read: too deep"))
        into.add_samples(samples(md5=[MD5, MD5], place=["table", "other table"]))
        into.add_samples(samples(md5=[None], place=["only gaps"], gap=["damaged"]))
        into.add_part(Part(Subject("dataset", "hills", "", (Statement("card", "x", place=Place("card")),))))
        into.add_samples(samples(md5=[MD5], place=["skipped"]))
        into.add_unread(Unread("skipped", "not read", skipped=True))
        into.add_samples(samples(md5=[MD5], place=["errored"]))
        into.add_unread(Unread("errored", "cut short"))
        tally = into.finish()
    assert tally.files == Count(7, 0, 0, 3, 4)
    assert tally.reasons["not read"] == 8
    gaps = [row for row in facts(tmp_path) if row["key"] == "gap" and row["uri"] == "card"]
    assert [(row["kind"], row["name"], row["value"], row["relation"]) for row in gaps] == [
        ("dataset", "hills", "samples", "column a: not read: too deep")
    ]


def test_reasons_are_counted_by_what_stands_before_the_first_colon_up_to_120_characters() -> None:
    assert reason_category("damaged : at row 4: too short") == "damaged"
    assert reason_category("x" * 120) == "x" * 120
    assert reason_category("x" * 121) == "x" * 120


# Samples


def test_samples_that_no_list_can_answer_are_skipped(tmp_path: Path) -> None:
    tally = tally_of(tmp_path, samples(md5=[MD5, MD5, None]))
    assert (tally.samples, tally.reasons) == (Count(3, 0, 3, 0), {"no list to match samples against": 3})
    lists = [known(tmp_path, "csam", "url", "https://a.example.net/y")]
    tally = tally_of(tmp_path, samples(md5=[MD5, MD5, None]), lists=lists)
    assert (tally.samples, tally.reasons) == (Count(3, 0, 3, 0), {"samples hold no hash that a list can answer": 3})


def test_samples_are_scanned_where_one_of_their_hashes_can_be_answered(tmp_path: Path) -> None:
    lists = [known(tmp_path, "csam", "md5", MD5.hex())]
    batch = samples(
        md5=[MD5, OTHER_MD5, None, None], sha1=[None, None, b"x" * 20, None], gap=[None, None, None, "damaged: cut"]
    )
    tally = tally_of(tmp_path, batch, lists=lists)
    assert tally.samples == Count(4, 2, 0, 2)
    assert tally.reasons == {"not compared by every hash that a list asks for": 1, "damaged": 1}
    assert tally.comparisons == {
        Comparison("csam", "md5", "other file", "compared"): 2,
        Comparison("csam", "md5", "other file", "not compared"): 2,
    }
    assert tally.coverage == {"compared by md5": 2, "hits csam exact": 1}
    assert tally.compared == {"csam": 2}
    assert pq.read_table(tmp_path / "run" / HITS / "7.parquet")["sample"].to_pylist() == ["0"]


def test_a_url_is_compared_where_a_list_has_urls(tmp_path: Path) -> None:
    batch = samples("declared", url=["https://a.example.net/x", None])
    lists = [known(tmp_path, "csam", "url", "https://a.example.net/y")]
    assert tally_of(tmp_path, batch, lists=lists).samples == Count(2, 1, 1, 0)
    lists = [known(tmp_path, "benign", "md5", MD5.hex())]
    tally = tally_of(tmp_path, batch, lists=lists)
    assert tally.samples == Count(2, 0, 1, 1)
    assert tally.reasons["the samples state only digests or addresses that no loaded list holds"] == 1


def test_what_several_batches_hold_adds_up(tmp_path: Path) -> None:
    lists = [known(tmp_path, "csam", "md5", MD5.hex())]
    tally = tally_of(tmp_path, samples(md5=[MD5, OTHER_MD5]), samples(md5=[MD5]), lists=lists)
    assert tally.samples == Count(3, 3, 0, 0)
    assert tally.coverage == {"compared by md5": 3, "hits csam exact": 2}
    assert tally.compared == {"csam": 3}
    assert [(row["key"], row["value"], row["uri"], row["remark"]) for row in facts(tmp_path)] == [
        ("samples", "read", "t.parquet", "3")
    ]


def test_a_shard_without_a_match_has_no_table_of_hits(tmp_path: Path) -> None:
    tally_of(tmp_path, samples(md5=[OTHER_MD5]), lists=[known(tmp_path, "csam", "md5", MD5.hex())])
    assert list((tmp_path / "run" / HITS).iterdir()) == []


def test_a_shard_of_which_nothing_is_stated_leaves_a_tally_alone(tmp_path: Path) -> None:
    assert tally_of(tmp_path) == Tally()
    assert [path.name for path in (tmp_path / "run").rglob("*") if path.is_file()] == ["7.json"]


def test_variants_and_samples_that_were_counted_before_are_not_counted(tmp_path: Path) -> None:
    lists = [known(tmp_path, "csam", "md5", MD5.hex())]
    variants = samples(md5=[MD5, None, MD5], variant=["", "", "flip-x"], gap=[None, "damaged: a", None])
    again = samples(already_counted=True, md5=[MD5, None, None], gap=[None, "damaged: b", "cut: c"])
    only_variants = samples(md5=[MD5], variant=["flip-x"])
    tally = tally_of(tmp_path, variants, again, only_variants, lists=lists)
    assert tally.samples == Count(2, 1, 0, 1)
    assert tally.reasons == {"damaged": 1}


def test_three_places_are_named_for_each_reason_why_samples_were_not_read(tmp_path: Path) -> None:
    batch = samples(
        md5=[None] * 4, gap=["damaged: a", "damaged: a", "damaged: b", "cut: c"], place=["z", "y", "x", "y"]
    )
    again = samples(md5=[None], gap=["damaged: d"])
    tally = tally_of(tmp_path, batch, again)
    assert (tally.samples, tally.reasons) == (Count(5, 0, 0, 5), {"damaged": 4, "cut": 1})
    gaps = [
        (row["relation"], row["uri"]) for row in facts(tmp_path) if row["key"] == "gap" and row["value"] == "samples"
    ]
    assert sorted(gaps) == [("cut: c", "y"), ("damaged: a", "y"), ("damaged: a", "z"), ("damaged: b", "x")]


# Weights


def weights(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {f"layers.{n}.weight": random.normal(0, 0.02, (32, 32)).astype(np.float32) for n in range(8)}


def weights_file(folder: Path, name: str) -> Blob:
    path = safetensors_file(folder / name / "model.safetensors", weights())
    return Blob(str(path), f"{name}/model.safetensors", path.stat().st_size, "model", name)


@pytest.fixture
def fingerprints(tmp_path: Path) -> CompiledList:
    path = safetensors_file(tmp_path / "elsewhere" / "model.safetensors", weights())
    save_fingerprint(sample_model(path), tmp_path / "listed.fp")
    return open_list(tmp_path / "listed.fp", means="model", into=tmp_path / "fingerprints")


def test_weights_that_were_not_sampled_are_counted_for_each_list_of_fingerprints(
    tmp_path: Path, fingerprints: CompiledList
) -> None:
    blobs = [weights_file(tmp_path, name) for name in ("a", "b")]
    for lists, coverage in (
        ([fingerprints], {"weights not compared with the fingerprints of list listed": 2}),
        ([], {}),
    ):
        with writer(tmp_path, *blobs, lists=lists) as into:
            into.add_weights(blobs)
            assert into.finish().coverage == coverage


def test_sampled_weights_are_counted_and_compared(tmp_path: Path, fingerprints: CompiledList) -> None:
    blobs = [weights_file(tmp_path, name) for name in ("a", "b")]
    blobs.append(Blob("", "c/model.ckpt", 1, "model", "c"))
    onnx = tmp_path / "model.onnx"
    onnx.write_bytes(onnx_bytes(weights()))
    blobs += [Blob(str(onnx), "d/model.onnx", onnx.stat().st_size, "model", "d", offset=offset) for offset in (0, 9)]
    sampled = {"weights sampled": 3, "weights not sampled: not safetensors, GGUF or ONNX": 2}
    options = ReadOptions(weights="sample")
    with writer(tmp_path, lists=[], options=options) as into:
        into.add_weights(blobs)
        assert into.finish().coverage == sampled
    with writer(tmp_path, lists=[fingerprints], options=options) as into:
        into.add_weights(blobs)
        tally = into.finish()
    assert tally.coverage == {**sampled, "weights compared with the fingerprints of list listed": 3}
    assert tally.compared == {"listed": 3}
    assert pq.read_table(tmp_path / "run" / HITS / "7.parquet")["name"].to_pylist() == ["a", "b", "d"]


def test_files_whose_tensors_were_digested_are_counted(tmp_path: Path) -> None:
    statement = Statement("artefact", "x", place=Place("m/model.safetensors"))
    with writer(tmp_path) as into:
        into.add_part(Part(Subject("model", "a", "", (statement,)), tensors=frozenset({b"d" * 16})))
        into.add_part(Part(Subject("model", "b", "", (statement,))))
        into.add_part(
            Part(
                Subject("model", "c", "", (Statement("artefact", "x", place=Place("c/vae/model.safetensors")),)),
                tensors=frozenset({b"e" * 16}),
            )
        )
        tally = into.finish()
    assert tally.coverage == {"weights digested tensor by tensor": 1}
    assert pq.read_table(tmp_path / "run" / TENSORS / "7.parquet")["name"].to_pylist() == ["a"]


def test_models_are_compared_with_lists_of_models_and_with_no_other(tmp_path: Path) -> None:
    digest = "ab" * 32
    stated = Statement("artefact", f"sha256:{digest}", "model.safetensors", Place("m"), "computed")
    for means, compared in (("model", {"model": 1}), ("csam", {})):
        with writer(tmp_path, lists=[known(tmp_path, means, "sha256", digest)]) as into:
            into.add_part(Part(Subject("model", "o/copy", "", (stated,))))
            assert into.finish().compared == compared


# The folder


def test_a_finished_shard_has_a_tally_with_its_fingerprint_and_no_unfinished_file(tmp_path: Path) -> None:
    with writer(tmp_path, Blob("", "a", 1)) as into:
        into.add_part(Part(Subject("model", "a")))
        assert list((tmp_path / "run" / FACTS).iterdir()) == []
        into.finish()
    assert [path.name for path in (tmp_path / "run" / FACTS).iterdir()] == ["7.parquet"]
    written = json.loads((tmp_path / "run" / SHARDS / "7.json").read_text())
    assert written["fingerprint"] == Shard("7", (Blob("", "a", 1),)).fingerprint
    assert written["files"] == {"collected": 1, "scanned": 1, "skipped": 0, "errored": 0, "partly": 0}
    with writer(tmp_path, Blob("", "a", 1)):
        assert list((tmp_path / "run" / FACTS).iterdir()) == []
        assert list((tmp_path / "run" / SHARDS).iterdir()) == []


def test_many_parts_and_subjects_are_all_written_in_their_order(tmp_path: Path) -> None:
    with writer(tmp_path) as into:
        for number in range(600):
            into.add_part(Part(Subject("model", f"m{number:03}")))
        into.finish()
    assert [row["name"] for row in facts(tmp_path)] == [f"m{number:03}" for number in range(600)]
