from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from huggingface_hub import constants

from auditor.cli.main import main
from tests.hub_server import HubServer
from tests.pictures import landscape, png

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"


def test_a_plan_names_each_kind_and_how_long_each_number_of_cores_takes() -> None:
    result = CliRunner().invoke(main, ["plan", str(HUB), "--known", str(LIST), "--cores", "1", "--cores", "64"])
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["pictures", "21"] in [line[:2] for line in lines]
    assert ["weights", "files", "8"] in [line[:3] for line in lines]
    assert "1 core: less than a minute, in 1 shard" in result.stdout
    assert "64 cores: less than a minute, in 1 shard" in result.stdout


def test_a_plan_for_programs_has_the_same_figures() -> None:
    content = json.loads(CliRunner().invoke(main, ["plan", str(HUB), "--cores", "2", "--format", "json"]).stdout)
    assert {one["kind"]: one["files"] for one in content["work"]}["pictures"] == 21
    assert content["shards"] == 1
    assert [one["cores"] for one in content["hours"]] == [2]
    assert content["rates"]["rows"] > 0


def test_a_plan_of_nothing_is_misuse(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["plan", str(tmp_path)])
    assert result.exit_code == 2
    assert "holds no file; name a file or folder that does" in result.stderr


def test_a_plan_of_a_repository_on_a_hub_asks_for_its_list_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        server.add("dataset", "acme/hills", {"README.md": b"# Hills\n", "a.png": png(landscape(1))})
        arguments = ["plan", "hf://datasets/acme/hills", "--known", str(LIST), "--format", "json"]
        content = json.loads(CliRunner().invoke(main, arguments).stdout)
        assert {one["kind"]: one["files"] for one in content["work"]} == {"other files": 1}
        assert content["left_out"] == 1
        fetched = json.loads(CliRunner().invoke(main, [*arguments, "--content"]).stdout)
        assert {one["kind"]: one["size"] for one in fetched["work"]}["pictures"] == len(png(landscape(1)))
        assert all(path.startswith("/api/") for path in server.paths())


def test_a_plan_of_a_repository_that_is_not_there_is_misuse(monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        result = CliRunner().invoke(main, ["plan", "hf://models/acme/gone"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "hf://models/acme/gone: not found, or private" in result.stderr
