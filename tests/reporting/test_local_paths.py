from __future__ import annotations

from pathlib import Path

import pytest

from auditor.reporting.local_paths import local_path


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hub/m/README.md", "other/m/card.md", "pictures.zip"):
        path = tmp_path / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").write_text("x")
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize(
    ("uri", "targets", "path"),
    [
        ("m/README.md", ("hub",), "hub/m/README.md"),
        ("m/README.md", (".",), "m/README.md"),
        ("pictures.zip!/a/b.png", ("pictures.zip",), "pictures.zip"),
        ("other/m/card.md", ("hub", "other"), "other/m/card.md"),
        ("hub/m/README.md", ("hub", "other"), "hub/m/README.md"),
        ("m/gone.md", ("hub",), "hub/m/gone.md"),
        ("", ("hub", "other"), "hub"),
        ("//example.org/x", ("hub",), "hub/example.org/x"),
        ("hf://models/o/m/README.md", ("hub",), "hf://models/o/m/README.md"),
    ],
)
def test_a_place_is_a_path_from_here(uri: str, targets: tuple[str, ...], path: str) -> None:
    assert local_path(uri, targets) == path


def test_a_target_given_as_an_absolute_path_is_relative_where_it_lies_below(tmp_path: Path) -> None:
    assert local_path("m/README.md", (str(tmp_path / "here" / "hub"),)) == "hub/m/README.md"
    assert local_path("a.md", (str(tmp_path / "elsewhere"),)) == str(tmp_path / "elsewhere" / "a.md")
