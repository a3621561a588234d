"""Whole scans over real files: every one accounted for, ordinary ones without a case, listed pictures found."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob, Unread
from auditor.model import Count
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.pipeline.run_facts import read_run_facts as run_facts
from auditor.readers.image_files import claims
from auditor.samples import DIGEST_BYTES
from auditor.sources import find_source

pytestmark = pytest.mark.corpus

CARDS = "03-model-cards"
TEXTS = (CARDS, "04-dataset-cards", "05-licences", "06-scanners-and-hostile-inputs", "07-safetensors-headers")
PICTURES = ("01-pdq", "02-imagehash", "06-scanners-and-hostile-inputs", "08-manifests-and-hash-lists")
ALGORITHMS = ("md5", "sha1", "sha256", "pdq", "phash-64", "dhash-64")


def walked(folder: Path) -> int:
    """Files in a folder, counted without the auditor."""
    return sum(len(files) for _, _, files in os.walk(folder))


@pytest.fixture(scope="module")
def scans(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    root = tmp_path_factory.mktemp("corpus")
    return {name: audit(corpus / name, out=root / name) for name in TEXTS}


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_is_accounted_for_and_no_case_is_opened(name: str, corpus: Path, scans: dict[str, Report]) -> None:
    report = scans[name]
    assert report.tally.files.is_balanced
    assert report.tally.samples.is_balanced
    assert report.tally.files.collected == walked(corpus / name)
    assert report.cases == ()
    lost = [(str(gap.place), gap.why) for _, gap in report.gaps if gap.what == "shard"]
    assert lost == [], "a reader failed"
    failed = [(str(finding.place), finding.fact) for finding in report.findings if "rule failed" in finding.fact]
    assert failed == []


def test_at_most_three_percent_of_ordinary_models_are_above_note(scans: dict[str, Report]) -> None:
    report = scans[CARDS]
    above = {(f.kind, f.subject) for f in report.findings if f.outcome == "FLAGGED" and f.severity != "note"}
    assert len(above) <= 0.03 * sum(report.subjects.values())


@pytest.mark.parametrize(("profile", "errors", "warnings"), [("gate", 0.02, 0.5), ("hub", 0.02, 0.25)])
def test_a_profile_can_stay_on_over_real_model_cards(
    profile: str, errors: float, warnings: float, corpus: Path, tmp_path: Path
) -> None:
    audit(corpus / CARDS, out=tmp_path / "run")
    report = reevaluate([tmp_path / "run"], profile=profile, out=tmp_path / "judged")
    flagged = [finding for finding in report.findings if finding.outcome == "FLAGGED"]
    total = sum(report.subjects.values())
    assert len({finding.subject for finding in flagged if finding.severity == "error"}) <= errors * total
    assert len({finding.subject for finding in flagged if finding.severity != "note"}) <= warnings * total


@pytest.fixture(scope="module")
def every_algorithm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of every algorithm, so that every picture is decoded; its hashes are of nothing."""
    path = tmp_path_factory.mktemp("lists") / "everything.csv"
    rows = [
        [name, name.encode().hex().ljust(2 * DIGEST_BYTES[name], "5")[: 2 * DIGEST_BYTES[name]]] for name in ALGORITHMS
    ]
    text = "".join(f"{name},{value}\n" for name, value in rows)
    path.write_text(f"# name: everything\n# version: 1\n# means: test\nalgorithm,value\n{text}")
    return path


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_decoded_or_its_gap_is_explained(
    name: str, corpus: Path, every_algorithm: Path, tmp_path: Path
) -> None:
    report = audit(corpus / name, known=[every_algorithm], out=tmp_path / "run")
    assert all(report.tally.coverage[f"compared by {algorithm}"] for algorithm in ALGORITHMS)
    assert report.tally.files.is_balanced
    assert report.tally.samples.is_balanced
    assert report.tally.files.collected == walked(corpus / name)
    pictures = sum(1 for _ in picture_files(corpus / name))
    assert report.tally.coverage["compared by md5"] >= pictures
    gaps = [gap for _, gap in report.gaps]
    assert [gap for gap in gaps if gap.what == "shard"] == []
    assert all(gap.why and gap.place.uri for gap in gaps)
    errored = sum(report.tally.reasons.values()) - report.tally.files.skipped - report.tally.samples.skipped
    assert errored >= report.tally.files.errored + report.tally.samples.errored
    assert report.cases == ()


def picture_files(folder: Path) -> Iterator[Blob]:
    for blob in find_source(str(folder)).blobs(str(folder)):
        if isinstance(blob, Unread) or not blob.size or blob.kind == "model":
            continue
        if claims(blob, blob.read(4096)) == 80:
            yield blob


def test_every_picture_of_a_list_of_its_hashes_is_found(corpus: Path, tmp_path: Path) -> None:
    """Expected hashes by the reference implementation in C++ and by PyPI's pdqhash; either convention will do."""
    folder = corpus / "01-pdq"
    with open(folder / "expected" / "computed_reference_cpp_and_pypi.csv", newline="") as file:
        expected = list(csv.DictReader(file))
    known = tmp_path / "expected.csv"
    lines = [f"{row['path']},{row['cpp_original']}\n" for row in expected]
    known.write_text("# name: expected\n# version: 1\n# means: test\nid,pdq\n" + "".join(lines))
    report = audit(folder, known=[known], out=tmp_path / "run", variants=("oriented", "unpadded", "512"))
    assert report.restricted
    hits = {
        place
        for path in (report.restricted / "hits").glob("*.parquet")
        for place in pq.read_table(path)["place"].to_pylist()
    }
    good = {row["path"] for row in expected if int(row["quality_cpp"]) >= 50}
    poor = {row["path"] for row in expected} - good
    assert poor
    assert good - hits == set()
    assert poor & hits == set()
    unmatchable = [number for what, number in report.tally.coverage.items() if "quality" in what]
    assert sum(unmatchable) >= len(poor)
    assert report.cases == ()


FACTS = {
    "kohya-nested-tags": {("base_family", "sdxl"), ("header", "captions"), ("header", "training-folders")},
    "kohya-two-tags-photo": {("base_family", "sdxl"), ("header", "captions"), ("title", "Snapshot")},
    "kohya-merged-dirs": {("header", "captions"), ("header", "training-folders")},
    "base-model-freetext": {("architecture", "something-nobody-predicted")},
    "lora-sdxl-min": {("architecture", "sdxl_base_v1-0"), ("base_family", "sdxl")},
}
GAPS = {
    "kohya-non-string-value": "invalid header: a value of __metadata__ is not text",
    "metadata-list": "invalid header: __metadata__ is not an object",
    "truncated-2-bytes": "header too small",
    "length-2pow60": "header too large",
    "length-u64-max": "header too large",
    "not-json": "invalid header: not JSON",
    "rust-test_json_attack": "invalid offset",
}


def test_headers_state_what_their_hand_made_labels_say(corpus: Path, tmp_path: Path) -> None:
    report = audit(corpus / "07-safetensors-headers" / "cases", out=tmp_path / "run", workers=1)
    facts = list(run_facts(tmp_path / "run"))
    with open(corpus / "07-safetensors-headers" / "cases" / "EXPECTED.csv", newline="") as file:
        labelled = [row["file"].removesuffix(".safetensors") for row in csv.DictReader(file)]
    stated = {name: {(f["key"], f["value"]) for f in facts if f["subject"] == name} for name in labelled}
    assert all(("weights_format", "safetensors") in found for found in stated.values())
    assert {name: FACTS[name] - stated[name] for name in FACTS} == {name: set() for name in FACTS}
    gaps = {ref.name: gap for ref, gap in report.gaps if gap.what == "header"}
    assert gaps.keys() == GAPS.keys()
    assert {name: gap.why[: len(GAPS[name])] for name, gap in gaps.items()} == GAPS
    expected = Count(len(labelled) + 1, len(labelled) - len(GAPS), 1, 0, partly=len(GAPS))
    assert report.tally.files == expected
