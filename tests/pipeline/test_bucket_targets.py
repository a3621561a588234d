"""Runs over buckets: what is fetched, what is not, what fails, and that this is said without a secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest
from click.testing import CliRunner
from fsspec.config import conf as fsspec_settings
from fsspec.config import set_conf_env

from auditor import audit
from auditor.bucket_requests import _file_system
from auditor.cli.main import main
from auditor.errors import NothingToAudit, UsageError
from auditor.pipeline.report import Report
from auditor.pipeline.run_facts import read_run_facts
from tests.gcs_server import GcsServer
from tests.pictures import landscape, png
from tests.pipeline.test_hub_targets import header_length, safetensors
from tests.s3_server import S3Server

CARD = b"---\nlicense: mit\n---\n# Hills\nPictures of hills.\n"
SECRET = "canary-secret-3f9a"
PICTURE = png(landscape(1))

pytest.importorskip("s3fs")


@pytest.fixture(scope="module")
def service() -> Iterator[S3Server]:
    """Return one service for all tests."""
    with S3Server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "canary-key-3f9a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_ENDPOINT_URL", server.url)
        _begin_workers_anew()
        yield server
    _begin_workers_anew()


def _begin_workers_anew() -> None:
    """Let the next workers begin with the environment of now: the server that forks them keeps that of its start."""
    _file_system.cache_clear()
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture
def s3(service: S3Server) -> S3Server:
    service.objects = {"lake/hills/README.md": CARD, "lake/hills/1.png": PICTURE, "lake/other/2.png": PICTURE}
    service.failures, service.sent, service.is_closed = [], {}, False
    return service


def scan(tmp_path: Path, *targets: str, name: str = "run", **options: object) -> Report:
    return audit(*targets, out=tmp_path / name, workers=1, **options)  # type: ignore[arg-type]


def sha256_list(tmp_path: Path) -> Path:
    path = tmp_path / "known.txt"
    path.write_text(hashlib.sha256(PICTURE).hexdigest() + "\n")
    return path


def test_of_a_bucket_the_card_is_read_and_no_sample_and_nothing_beside_the_prefix(s3: S3Server, tmp_path: Path) -> None:
    report = scan(tmp_path, "s3://lake/hills/")
    licences = [one for one in read_run_facts(report.folder) if one["key"] == "licence"]
    assert [(one["subject"], one["value"], one["place"]["uri"]) for one in licences] == [
        ("s3://lake/hills", "mit", "s3://lake/hills/README.md")
    ]
    assert s3.sent == {"lake/hills/README.md": len(CARD)}
    assert report.tally.files.collected == 2


def test_a_picture_that_a_list_asks_about_is_a_gap_without_content_and_a_hit_with_it(
    s3: S3Server, tmp_path: Path
) -> None:
    options = {"known": [sha256_list(tmp_path)], "means": "test", "algorithm": "sha256"}
    asked = scan(tmp_path, "s3://lake/hills", **options)
    assert [(gap.why, gap.place.uri) for _, gap in asked.gaps] == [
        ("not read: only --content fetches it", "s3://lake/hills/1.png")
    ]
    assert "lake/hills/1.png" not in s3.sent
    fetched = scan(tmp_path, "s3://lake/hills", name="content", content=True, **options)
    assert s3.sent["lake/hills/1.png"] >= len(PICTURE)
    assert [(match.list, match.relation, match.number) for match in fetched.matches] == [("known", "exact", 1)]


def test_of_weights_in_a_bucket_only_the_header_is_fetched(s3: S3Server, tmp_path: Path) -> None:
    weights = safetensors(**{"modelspec.title": "Hills"})
    s3.objects["lake/model/model.safetensors"] = weights
    report = scan(tmp_path, "s3://lake/model")
    assert ("s3://lake/model", "title", "Hills") in {
        (one["subject"], one["key"], one["value"]) for one in read_run_facts(report.folder)
    }
    assert s3.sent["lake/model/model.safetensors"] <= header_length(weights) + 8


def test_a_service_that_is_busy_is_asked_again(s3: S3Server, tmp_path: Path) -> None:
    s3.failures = [503, 503]
    report = scan(tmp_path, "s3://lake/hills")
    assert list(report.gaps) == []
    assert not s3.failures


def test_objects_that_change_meanwhile_are_said(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.sources.bucket import BucketFolder

    kept = BucketFolder.files

    def change(self: BucketFolder) -> object:
        s3.objects["lake/hills/README.md"] = CARD.replace(b"hills.", b"lakes.")
        return kept(self)

    monkeypatch.setattr(BucketFolder, "files", change)
    (note,) = scan(tmp_path, "s3://lake/hills").notes.remote
    assert "s3://lake/hills: its objects changed while they were read" in note


def test_a_refusal_an_empty_prefix_and_a_wrong_address_are_misuse_and_show_no_secret(
    s3: S3Server, tmp_path: Path
) -> None:
    with pytest.raises(NothingToAudit):
        scan(tmp_path, "s3://lake/nothing")
    s3.is_closed = True
    with pytest.raises(UsageError, match="refused by the storage service"):
        scan(tmp_path, "s3://lake/hills", name="refused")
    for target in (f"s3://key:{SECRET}@lake/x", f"filecache::s3://lake/{SECRET}", f"s3://lake/x?sig={SECRET}", "s3://"):
        result = CliRunner().invoke(main, ["scan", target, "--out", str(tmp_path / "no")])
        assert result.exit_code == 2, result.output
        assert SECRET not in result.output
        assert "is not understood" in result.output


def test_no_file_of_a_run_holds_a_credential(s3: S3Server, tmp_path: Path) -> None:
    s3.failures = [500] * 12
    run = scan(tmp_path, "s3://lake/hills").folder
    for path in Path(run).rglob("*"):
        assert not path.is_file() or b"3f9a" not in path.read_bytes(), path


def test_a_run_cannot_lie_in_a_bucket(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scan", str(tmp_path), "--out", "s3://lake/run"])
    assert result.exit_code == 2
    assert "a run is kept on this machine" in result.output


def md5_list(tmp_path: Path) -> str:
    path = tmp_path / "known.txt"
    path.write_text(hashlib.md5(PICTURE).hexdigest() + "\n")
    return str(path)


def plan(*arguments: str) -> dict[str, int]:
    """Return the number of files of each kind that a plan names, and what is left out."""
    result = CliRunner().invoke(main, ["plan", *arguments, "--format", "json"])
    assert result.exit_code == 0, result.output
    planned = json.loads(result.stdout)
    return {one["kind"]: one["files"] for one in planned["work"]} | {"left out": planned["left_out"]}


def test_a_plan_of_a_bucket_lists_it_and_fetches_nothing(s3: S3Server, tmp_path: Path) -> None:
    asked = ("s3://lake/hills", "--known", md5_list(tmp_path))
    assert plan(*asked) == {"other files": 1, "left out": 1}
    assert plan(*asked, "--content") == {"other files": 1, "pictures": 1, "left out": 0}
    assert s3.sent == {}


def test_a_dry_run_of_a_bucket_says_what_would_be_fetched_and_fetches_nothing(s3: S3Server, tmp_path: Path) -> None:
    asked = ["--known", md5_list(tmp_path), "--means", "test", "--algorithm", "md5"]
    result = CliRunner().invoke(main, ["scan", "s3://lake/hills", *asked, "--dry-run"])
    assert result.stdout.splitlines() == [
        "-\ts3://lake/hills/1.png\tnot read: only --content fetches it",
        f"{len(CARD)}\ts3://lake/hills/README.md\t",
    ]
    assert s3.sent == {}


def test_a_service_that_does_not_answer_is_no_fault_of_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.bucket_requests._FIRST_WAIT_SECONDS", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    _file_system.cache_clear()
    result = CliRunner().invoke(main, ["plan", "s3://lake/hills"])
    _file_system.cache_clear()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "s3://lake/hills: the storage service does not answer" in result.stderr


@pytest.fixture
def gs(monkeypatch: pytest.MonkeyPatch) -> Iterator[GcsServer]:
    pytest.importorskip("gcsfs")
    with GcsServer() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        monkeypatch.setenv("FSSPEC_GS", '{"token": "anon"}')
        monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # which asks by gRPC how a bucket is laid out
        set_conf_env(fsspec_settings)
        _begin_workers_anew()
        yield server
    fsspec_settings.pop("gs", None)
    _begin_workers_anew()


def test_of_google_cloud_storage_the_same_is_fetched(gs: GcsServer, tmp_path: Path) -> None:
    gs.objects = {"lake/hills/README.md": CARD, "lake/hills/1.png": PICTURE, "lake/other/2.png": PICTURE}
    report = scan(tmp_path, "gs://lake/hills")
    assert [one["place"]["uri"] for one in read_run_facts(report.folder) if one["key"] == "licence"] == [
        "gs://lake/hills/README.md"
    ]
    assert gs.sent == {"lake/hills/README.md": len(CARD)}
    options = {"known": [md5_list(tmp_path)], "means": "test", "algorithm": "md5"}
    fetched = scan(tmp_path, "gs://lake/hills", name="content", content=True, **options)
    assert [(match.list, match.relation, match.number) for match in fetched.matches] == [("known", "exact", 1)]
    gs.is_closed = True
    with pytest.raises(UsageError, match="gs://lake/hills"):
        scan(tmp_path, "gs://lake/hills", name="closed")
