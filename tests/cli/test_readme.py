"""The first example of the README shows what its command prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main

ROOT = Path(__file__).parents[2]


def test_every_line_of_the_first_example_is_printed_in_this_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fences = (ROOT / "README.md").read_text(encoding="utf-8").split("```")
    command = fences[1].partition(".venv/bin/auditor ")[2].split()
    shown = [line for line in fences[3].splitlines() if line.strip() not in ("", "…")]
    monkeypatch.chdir(ROOT)
    printed = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "run"), "--workers", "1"])
    assert printed.exit_code == 1
    lines = iter(printed.stdout.splitlines())
    assert [line for line in shown if line not in lines] == []
    assert len(shown) > 15
