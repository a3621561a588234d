"""`auditor lists`: what its commands print, and what they refuse."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from tests import pictures


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def lists(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["lists", *map(str, arguments)])


def hexes(*numbers: int) -> list[str]:
    return [hashlib.md5(str(number).encode()).hexdigest() for number in numbers]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hills.txt"
    path.write_text("\n".join([*hexes(1, 2, 1), "0" * 31 + "x"][:3]))
    return path


def test_a_list_is_imported_listed_and_checked(file: Path) -> None:
    made = lists("import", file, "--name", "hills", "--means", "test", "--version", "7", "--holder", "a hotline")
    assert (made.exit_code, made.stdout) == (0, "hills version 7 is active: 2 entries, means test\n")
    assert lists("list").stdout == "hills\t7\ttest\t2\tmd5\ta hotline\n"
    checked = lists("check", "hills").stdout.splitlines()
    assert checked[:5] == [
        "list: hills version 7, format plain",
        "holder: a hotline",
        "means: test",
        "md5: 2 entries, matched by equality",
        "duplicate: 1 md5",
    ]
    assert checked[5].endswith(", 0 days ago")


def test_a_list_without_a_meaning_is_refused_with_the_meanings_there_are(file: Path) -> None:
    result = lists("import", file, "--name", "hills")
    assert result.exit_code == 2
    assert f"{file}: nothing says what its entries mean; give --means csam|exploitative|ncii|" in result.stderr
    assert lists("list").stdout == ""


def test_a_columns_name_is_given_with_its_algorithm(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("nr,print of the file\n1," + hexes(1)[0] + "\n")
    result = lists("import", path, "--name", "hills", "--means", "test", "--column", "md5=print of the file")
    assert "1 entries" in result.stdout
    assert "write WHAT=VALUE" in lists("import", path, "--name", "x", "--column", "md5").stderr


def test_every_malformed_line_of_a_file_is_shown_and_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "hills.txt"
    good, bad = hexes(1, 2)
    path.write_text("\n".join([good] * 5 + [bad[:-1], good, bad[:-1] + "x"]))
    result = lists("check", path)
    assert result.exit_code == 0
    malformed = [line for line in result.stdout.splitlines() if line.startswith("malformed: ")]
    assert [line.split(":")[1] for line in malformed] == [" line 6", " line 8"]
    assert good[:12] not in result.output
    assert bad[:12] not in result.output


@pytest.mark.parametrize(("threshold", "says"), [("pdq=many", "write for example pdq=24"), ("pdq=99", "give 0 to 31")])
def test_a_threshold_that_makes_no_sense_is_refused(threshold: str, says: str, file: Path) -> None:
    result = lists("import", file, "--name", "hills", "--means", "test", "--threshold", threshold)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_match_is_explained(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(pictures.png(pictures.pattern(3, (96, 72))))
    known = tmp_path / "list.txt"
    known.write_text(f"# means: test\n{hashlib.md5(picture.read_bytes()).hexdigest()}\n")
    result = lists("why", picture, "--known", known)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("md5: matches entry ")


@pytest.mark.parametrize("name", ["import", "list", "check", "why", "rollback", "remove"])
def test_every_command_shows_examples(name: str) -> None:
    assert f"auditor lists {name}" in lists(name, "--help").stdout


def test_going_back_and_removing_versions(file: Path) -> None:
    for version in ("1", "2"):
        lists("import", file, "--name", "hills", "--means", "test", "--version", version)
    back = lists("rollback", "hills", "1", "--reason", "2 was withdrawn")
    assert back.stdout == "hills version 1 is active: 2 entries, means test\n"
    checked = lists("check", "hills").stdout
    assert "versions kept: 1, 2\nnot the newest version, 2, on purpose: 2 was withdrawn\n" in checked
    assert lists("remove", "hills", "2").exit_code != 0, "nobody said yes"
    assert lists("remove", "hills", "2", "--yes").stdout == "deleted version 2 of the list hills\n"
    assert "versions kept" not in lists("check", "hills").stdout
    assert lists("remove", "hills", "--yes").exit_code == 0
    assert lists("list").stdout == ""


@pytest.mark.parametrize("damage", ["truncated", "tampered"])
def test_a_list_that_is_not_what_was_imported_is_refused_with_what_is_wrong(damage: str, file: Path) -> None:
    lists("import", file, "--name", "hills", "--means", "test", "--version", "1")
    array = file.parent / "home" / "lists" / "hills" / "1" / "md5.values.npy"
    data = array.read_bytes()
    array.write_bytes(data[:-1] if damage == "truncated" else data[:-1] + bytes([data[-1] ^ 1]))
    result = lists("check", "hills")
    wrong = "has 159 bytes and should have 160" if damage == "truncated" else "changed since the list was compiled"
    assert result.exit_code == 2
    assert f"md5.values.npy: {wrong}" in result.stderr


def test_a_scan_takes_a_list_file_whose_columns_the_user_names(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "film.mp4").write_bytes(b"a film")
    known = tmp_path / "known.csv"
    known.write_text(f"nr,print\n1,{hashlib.sha256(b'a film').hexdigest()}\n")
    said = ["--known", str(known), "--means", "test", "--column", "sha256=print", "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, ["scan", str(tmp_path / "hub"), *said, "--workers", "1", "--format", "json"])
    assert '"hits test exact": 1' in result.stdout
