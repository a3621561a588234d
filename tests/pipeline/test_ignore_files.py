"""A trusted target's .gitignore files leave files out, as Git reads them; those are counted and named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.pipeline.audit import audit
from auditor.pipeline.ignore_files import MAX_IGNORE_FILE_BYTES, IgnoreFiles
from auditor.reporting.coverage import files_left_out

FILES = (
    "README.md", "a.log", "keep.log", "build/x.txt", "src/build/y.txt", "src/a.tmp", "src/deep/b.tmp", "docs/x.md",
    "docs/sub/x.md", ".venv/lib/z.py", "web/node_modules/m/index.js", "web/index.js", "web/only.js", "odd name.txt",
)  # fmt: skip
PATTERNS = {
    ".gitignore": "# made things\n*.log\n!keep.log\n/build/\n.venv\ndocs/*.md\nodd\\ name.txt\n\n",
    "src/.gitignore": "*.tmp\n!deep/b.tmp\n",
    "web/.gitignore": "node_modules/\n/only.js\n",
    "web/node_modules/.gitignore": "!m\n",  # below a folder that is ignored: no effect
}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "hills"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Hills.\n")
    for name, text in PATTERNS.items():
        (folder / name).write_text(text)
    return folder


def test_files_are_ignored_as_git_ignores_them(target: Path) -> None:
    subprocess.run(["git", "init", "-q", target], check=True)
    told = subprocess.run(
        ["git", "-C", target, "check-ignore", "--no-index", "--stdin", "-z"],
        input="\0".join(FILES),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ignored = IgnoreFiles(target)
    assert {name for name in FILES if ignored.reason_to_skip(name)} == set(told.split("\0")) - {""}


def test_what_is_ignored_is_counted_and_named_and_only_if_the_target_is_trusted(target: Path, tmp_path: Path) -> None:
    everything = audit(target, out=tmp_path / "a", workers=1)
    assert files_left_out(everything) == ()
    report = audit(target, out=tmp_path / "b", workers=1, trust_target=True)
    assert report.tally.files.is_balanced
    assert report.tally.files.collected == everything.tally.files.collected
    assert set(files_left_out(report)) == {
        "1 file was ignored by .gitignore *.log",
        "1 file was ignored by .gitignore .venv",
        "1 file was ignored by .gitignore /build/",
        "1 file was ignored by .gitignore docs/*.md",
        "1 file was ignored by .gitignore odd\\ name.txt",
        "1 file was ignored by src/.gitignore *.tmp",
        "1 file was ignored by web/.gitignore /only.js",
        "2 files were ignored by web/.gitignore node_modules/",
    }


def test_a_link_and_a_huge_file_are_no_ignore_files(tmp_path: Path) -> None:
    (tmp_path / "all").write_text("*\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".gitignore").symlink_to(tmp_path / "all")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".gitignore").write_text("*\n" + "#" * MAX_IGNORE_FILE_BYTES)
    ignored = IgnoreFiles(tmp_path)
    assert [ignored.reason_to_skip(name) for name in ("a/x", "b/x")] == ["", ""]
    assert MAX_IGNORE_FILE_BYTES == 1024**2
