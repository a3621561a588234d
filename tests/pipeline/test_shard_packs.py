"""Packs of finished shards: the rows and tallies of each stay its own, and a run reads the same with and without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import constants

from auditor import audit
from auditor.pipeline import remote_shards, shard_packs
from auditor.pipeline.report import Report
from auditor.pipeline.run_facts import read_run_facts
from auditor.pipeline.tally_files import read_tally
from tests.hub_server import HubServer

CARD = "---\nlicense: {}\n---\n# Model {}\nA model of hills.\n"


def results(report: Report) -> tuple[object, ...]:
    facts = sorted(json.dumps(one) for one in read_run_facts(report.folder))  # type: ignore[arg-type]
    return report.tally, list(report.findings), list(report.gaps), facts


def add_model(hub: HubServer, number: int, licence: str = "mit") -> None:
    hub.add("model", f"acme/model-{number}", {"README.md": CARD.format(licence, number).encode()})


@pytest.fixture
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_shards, "ShardPacker", lambda folder: shard_packs.ShardPacker(folder, size=4))


def names(run: Path) -> list[str]:
    return sorted(path.stem[0] for path in (run / "shards").glob("*.json"))


def test_a_run_reads_the_same_with_packs_and_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with HubServer() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        for number in range(10):
            add_model(hub, number)
        plain = audit("hf://models/acme", out=tmp_path / "plain", workers=1)
        assert names(tmp_path / "plain") == ["h"] * 10
        request.getfixturevalue("small_packs")
        packed = audit("hf://models/acme", out=tmp_path / "packed", workers=1)
        assert names(tmp_path / "packed") == ["h", "h", "k", "k"]
        assert results(packed) == results(plain)
        assert len(list((tmp_path / "packed" / "facts").iterdir())) == 4

        # The run goes on: nothing is read again.
        hub.requests.clear()
        assert results(audit("hf://models/acme", out=tmp_path / "packed", workers=1)) == results(plain)
        assert not any("/tree/" in path or "/resolve/" in path for path in hub.paths())

        # A later run takes over from packs what has not changed, and only that.
        add_model(hub, 3, "apache-2.0")
        hub.requests.clear()
        later = audit("hf://models/acme", out=tmp_path / "later", since=tmp_path / "packed", workers=1)
        assert {path.split("/")[2] for path in hub.paths() if "/resolve/" in path} == {"model-3"}
        assert results(later) == results(audit("hf://models/acme", out=tmp_path / "anew", workers=1))
        assert later.notes.remote[0].startswith("9 of 10 repositories")


def test_a_damaged_pack_is_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_packs: None) -> None:
    with HubServer() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        for number in range(5):
            add_model(hub, number)
        whole = results(audit("hf://models/acme", out=tmp_path / "run", workers=1))
        (pack,) = (tmp_path / "run" / "facts").glob("k*.parquet")
        pack.write_bytes(pack.read_bytes()[:50])
        hub.requests.clear()
        assert results(audit("hf://models/acme", out=tmp_path / "run", workers=1)) == whole
        assert len([path for path in hub.paths() if "/tree/" in path]) == 4


def test_the_tally_of_a_pack_is_the_sum_of_its_shards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_packs: None
) -> None:
    with HubServer() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        for number in range(4):
            add_model(hub, number)
        audit("hf://models/acme", out=tmp_path / "run", workers=1)
    (pack,) = (tmp_path / "run" / "shards").glob("*.json")
    assert read_tally(pack).files.scanned == 4
    assert shard_packs.PACK_SHARDS == 512
