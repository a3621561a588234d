"""``auditor screen``: one answer a line, and an exit code for the worst of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.hashing.hash_images import EncodedImage, hash_images
from tests import pictures

LISTED = pictures.jpeg(pictures.landscape(1))
OTHER = pictures.jpeg(pictures.pattern(2))
NONE = "no match in 1 list (hills), which does not say that it is free of such content"


def screen(*arguments: object, data: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["screen", *map(str, arguments)], input=data)


@pytest.fixture
def hills(tmp_path: Path) -> Path:
    row = hash_images([EncodedImage("", "", 0, LISTED)], ("md5", "pdq"), ()).to_pylist()[0]
    path = tmp_path / "hills.csv"
    path.write_text(f"# means: test\nmd5,pdq\n{row['md5'].hex()},{row['pdq'].hex()}\n")
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {"listed.jpg": LISTED, "other.jpg": OTHER, "page.jpg": b"<html></html>"}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return {name.partition(".")[0]: tmp_path / name for name in made}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["listed"], 1),
        (["other"], 0),
        (["page"], 3),
        (["other", "page"], 3),
        (["page", "listed", "other"], 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst_answer(
    hills: Path, files: dict[str, Path], names: list[str], code: int
) -> None:
    result = screen(*(files[name] for name in names), "--known", hills)
    assert result.exit_code == code, result.output
    assert len(result.stdout.splitlines()) == len(names)


def test_a_line_names_the_file_the_outcome_and_why(hills: Path, files: dict[str, Path]) -> None:
    result = screen("--known", hills, files["listed"], files["other"], files["page"])
    assert result.stdout.splitlines() == [
        f"{files['listed']}: match: matches an entry of hills, which means test (exact)",
        f"{files['other']}: none: {NONE}",
        f"{files['page']}: unchecked: is text or numbers, no picture",
    ]


def test_json_is_one_object_a_line(hills: Path, files: dict[str, Path]) -> None:
    result = screen(files["listed"], files["other"], "--known", hills, "--format", "json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {
            "file": str(files["listed"]),
            "outcome": "match",
            "lists": [{"name": "hills", "means": "test", "match": "exact"}],
            "why": "matches an entry of hills, which means test (exact)",
        },
        {"file": str(files["other"]), "outcome": "none", "lists": [], "why": NONE},
    ]


def test_a_picture_comes_through_standard_input(hills: Path) -> None:
    result = screen("-", "--known", hills, data=LISTED)
    assert (result.exit_code, result.stdout.split(": ")[:2]) == (1, ["-", "match"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.jpg", "--known", "{hills}"], "File 'nowhere.jpg' does not exist"),
        (["{other}"], "Missing option '--known'"),
        (["{other}", "--known", "nowhere"], "neither a list file nor an imported list"),
        (["-", "--known", "-"], "only one of them can be standard input"),
        (["--known", "{hills}"], "Missing argument"),
    ],
)
def test_misuse_exits_2_and_says_what_is_wrong(
    hills: Path, files: dict[str, Path], arguments: list[str], says: str
) -> None:
    result = screen(*(argument.format(hills=hills, other=files["other"]) for argument in arguments))
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_list_s_name_never_means_a_screened_file(
    hills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = screen("hills.csv", "--known", "hills.csv")
    assert result.exit_code == 2
    assert "the file of this name lies in what is audited" in result.stderr


@pytest.mark.skipif(os.name == "nt" or getattr(os, "geteuid", int)() == 0, reason="everything can be read")
def test_a_file_that_cannot_be_read_is_unchecked(hills: Path, files: dict[str, Path]) -> None:
    files["other"].chmod(0)
    result = screen(files["other"], "--known", hills)
    assert (result.exit_code, "cannot be read: Permission denied" in result.stdout) == (3, True)


def test_nothing_is_written_but_the_answer(hills: Path, files: dict[str, Path], tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "AUDITOR_HOME": str(home), "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "auditor", "screen", "-", "--known", str(hills)]
    done = subprocess.run(command, input=OTHER, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["key"], "the key of entry tokens alone"
    assert not list(temporary.iterdir())


def test_the_help_of_the_group_and_of_its_commands_shows_examples() -> None:
    for arguments in ([], ["files"]):
        assert "auditor screen upload.jpg --known hotline" in screen(*arguments, "--help").stdout


def test_in_ci_a_match_is_held_and_no_list_is_named(
    hills: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    answered = screen(*files.values(), "--known", hills)
    assert answered.exit_code == 1
    assert "hills" not in answered.output.replace(str(hills), "")
    assert f"{files['listed']}: match: held for a check by people\n" in answered.stdout
    assert "no match in 1 list (a list), which does not say that it is free of such content\n" in answered.stdout
    as_json = json.loads(screen(files["listed"], "--known", hills, "--format", "json").stdout)
    assert (as_json["outcome"], as_json["lists"], as_json["why"]) == ("match", [], "held for a check by people")


def test_a_match_is_not_explained_in_ci(hills: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    refused = CliRunner().invoke(main, ["lists", "why", str(files["listed"]), "--known", str(hills)])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "logs of continuous integration must not show: run it elsewhere" in refused.stderr
