"""Which files of a target the user leaves out, and how a run counts them."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.pipeline.audit import audit
from auditor.pipeline.selection import compile_selection_pattern, read_selection
from auditor.render import report_formats
from auditor.reporting.render_options import RenderOptions
from tests import pictures


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("*.tmp", ("a.tmp", "x/y/b.tmp", "x/c.tmp/d.png"), ("a.tmp2", "tmp", "a/tmp.png")),
        ("drafts", ("drafts/a.png", "x/drafts/b.png", "drafts"), ("drafts2/a.png", "my-drafts/a")),
        ("drafts/", ("drafts/a.png", "x/drafts/b.png"), ("drafts2/a.png",)),
        ("/a.png", ("a.png",), ("x/a.png",)),
        ("data/*.png", ("data/a.png",), ("data/x/a.png", "x/data/a.png")),
        ("data/**", ("data/a.png", "data/x/a.png"), ("data", "x/data/a.png")),
        ("**/b.png", ("b.png", "x/b.png", "x/y/b.png"), ("xb.png", "x/ab.png")),
        ("data/**/b.png", ("data/b.png", "data/x/y/b.png"), ("x/data/b.png",)),
        ("[ab]?.png", ("a1.png", "x/b2.png"), ("c1.png", "a.png", "a/.png")),
        ("[!ab].png", ("c.png",), ("a.png",)),
        ("A.PNG", ("A.PNG",), ("a.png",)),
        ("a+b(1).png", ("a+b(1).png",), ("aab1.png",)),
        ("[", ("[",), ("a",)),
    ],
)
def test_a_pattern_names_files_by_name_or_path(pattern: str, taken: tuple[str, ...], left: tuple[str, ...]) -> None:
    expression = compile_selection_pattern(pattern)
    assert [place for place in taken if not expression.fullmatch(place)] == []
    assert [place for place in left if expression.fullmatch(place)] == []


def target_of_pictures(folder: Path) -> Path:
    for number, name in enumerate(("a.png", "drafts/b.png", "drafts/c.png", "x/d.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(pictures.jpeg(pictures.landscape(number, (64, 64)), 85))
    (folder / ".gitignore").write_text("*\n")
    (folder / ".auditorignore").write_text("*\n")
    return folder


def summary(folder: Path, **options: object) -> tuple[dict[str, int], str]:
    """Return the reasons why files are skipped, and the summary for a terminal."""
    report = audit(folder / "hills", out=folder / "run", workers=1, **options)  # type: ignore[arg-type]
    out = io.StringIO()
    report_formats()["terminal"].render(report, out, RenderOptions())
    assert report.tally.files.collected == 6
    return dict(report.tally.reasons), " ".join(out.getvalue().split())


def test_files_that_the_user_excludes_are_counted_by_pattern_at_the_head_of_the_report(tmp_path: Path) -> None:
    target_of_pictures(tmp_path / "hills")
    reasons, text = summary(tmp_path, exclude=["drafts", "d.png"])
    assert reasons["excluded by --exclude drafts"] == 2
    assert reasons["excluded by --exclude d.png"] == 1
    left_out = "1 file was excluded by --exclude d.png 2 files were excluded by --exclude drafts"
    assert text.index(left_out) < text.index("What was not checked")


def test_a_run_goes_on_only_with_the_same_files_left_out(tmp_path: Path) -> None:
    target_of_pictures(tmp_path / "hills")
    (tmp_path / "names").write_text(f"{tmp_path}/hills/x\n")
    summary(tmp_path, exclude=["drafts"])
    assert json.loads((tmp_path / "run" / "run.json").read_text())["wants"]["exclude"] == ["drafts"]
    for options in ({}, {"exclude": ["x"]}, {"exclude": ["drafts"], "files_from": tmp_path / "names"}):
        with pytest.raises(UsageError, match="holds a run with other options"):
            summary(tmp_path, **options)


def test_only_files_that_the_user_names_are_read_and_one_that_is_not_there_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target_of_pictures(tmp_path / "hills")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_bytes(b"hills/a.png\r\n\nhills/drafts\nhills/gone.png\nelsewhere.png\n")
    report = audit("hills", out=tmp_path / "run", workers=1, files_from="names.txt")
    assert report.tally.reasons["not named in --files-from names.txt"] == 3
    assert report.tally.reasons["named in --files-from names.txt and not found"] == 2
    assert report.tally.samples.collected == 3
    assert report.exit_code() == 3


def test_names_may_end_with_nul_characters_and_come_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Input:
        buffer = io.BytesIO(f"{tmp_path}/a\nb.png\0{tmp_path}/c\0".encode())

    monkeypatch.setattr("sys.stdin", Input)
    selection = read_selection(files_from="-")
    assert selection.named == {f"{tmp_path}/a\nb.png", f"{tmp_path}/c"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exclude": ["/"]}, "--exclude '/': names no file; write for example"),
        ({"files_from": "nowhere.txt"}, "--files-from nowhere.txt: cannot be read: No such file"),
        ({"files_from": os.devnull}, "--files-from /dev/null: names no file"),
    ],
)
def test_a_selection_of_nothing_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        read_selection(**options)  # type: ignore[arg-type]


def test_a_run_is_for_its_owner_alone_and_goes_into_the_users_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target_of_pictures(tmp_path / "hills")
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path / "hills")
    before = sorted(tmp_path.joinpath("hills").rglob("*"))
    audit(".", workers=2)
    assert sorted(tmp_path.joinpath("hills").rglob("*")) == before
    (run,) = (tmp_path / "state" / "runs").iterdir()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (run, *run.rglob("*"))}
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
