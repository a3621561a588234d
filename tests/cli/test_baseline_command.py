"""``auditor baseline``: from a finding to an acceptance that the next scan follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main

TODAY = datetime.now(UTC).date()
SOON = str(TODAY + timedelta(days=30))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """The run of a model whose card names no licence."""
    (tmp_path / "hills").mkdir()
    (tmp_path / "hills" / "README.md").write_text("---\nlibrary_name: diffusers\n---\n# Hills\n")
    run("scan", tmp_path / "hills", "--out", tmp_path / "run")
    return tmp_path / "run"


def accept(scanned: Path, path: Path, *options: str, expires: str = SOON) -> Result:
    who = ("--owner", "docs-team", "--reason", "being chosen", "--expires", expires)
    return run("baseline", "new", scanned, "-o", path, *who, *options)


def test_a_finding_is_accepted_and_the_acceptance_checked(scanned: Path, tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    assert accept(scanned, path, "--rule", "no-licence").stderr == f"1 acceptance written to {path}\n"
    target = tmp_path / "hills"
    result = run("scan", target, "--out", tmp_path / "again", "--baseline", path, "--fail-on", "note")
    assert "1 finding accepted by accepted.toml (docs-team, until" in " ".join(result.stdout.split())
    checked = run("baseline", "check", path, scanned)
    assert (checked.exit_code, checked.stdout.split()[0]) == (0, "accepted")
    (target / "README.md").write_text("---\nlicense: mit\n---\n# Hills\n")
    run("scan", target, "--out", tmp_path / "later")
    unused = run("baseline", "check", path, tmp_path / "later")
    assert (unused.exit_code, unused.stdout.startswith("accepts nothing")) == (1, True)
    assert run("baseline", "check", path).exit_code == 0
    path.write_text(path.read_text().replace(SOON, str(TODAY - timedelta(days=1))))
    expired = run("baseline", "check", path)
    assert (expired.exit_code, expired.stdout.startswith("expired")) == (1, True)
    path.write_text("version = 1\n[[accepted]]\nrule = 3\n")
    assert run("baseline", "check", path).exit_code == 2


def test_without_owner_reason_and_day_nothing_is_accepted(scanned: Path, tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    assert run("baseline", "new", scanned, "-o", path).exit_code == 2
    assert accept(scanned, path, expires="2999-01-01").exit_code == 2
    assert "nothing to accept" in accept(scanned, path).stderr  # notes alone, and no gap
    assert not path.exists()
