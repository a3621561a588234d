"""The pre-commit hook: its manifest is one, its command does what it says, and pre-commit itself can run it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from auditor.cli.main import main

ROOT = Path(__file__).parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def _run_hook(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run the hook's command as pre-commit does, in the repository."""
    (hook,) = HOOKS
    program, *words = [*shlex.split(hook["entry"]), *hook["args"]]
    assert program == "auditor"
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, words)


def test_the_hook_scans_the_repository_and_takes_no_file_names() -> None:
    (hook,) = HOOKS
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("auditor", "python", False)


def test_the_hook_passes_what_is_fine_and_fails_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = "---\nlicense: mit\nbase_model: o/base\n---\n# A model\n"
    (tmp_path / "README.md").write_text(card)
    assert _run_hook(tmp_path, monkeypatch).exit_code == 0
    (tmp_path / "README.md").write_text(card.replace("mit\n", "mit\npipeline_tag: text-to-image\n"))
    failed = _run_hook(tmp_path, monkeypatch)
    assert failed.exit_code == 1
    assert "generator-without-safeguards" in failed.stdout
    assert "For authors: what people must check first" in " ".join(failed.stdout.split())


@pytest.mark.soak
def test_pre_commit_runs_the_hook(tmp_path: Path) -> None:
    """Needs git, the package pre-commit and a package index."""
    if shutil.which("git") is None or importlib.util.find_spec("pre_commit") is None:
        pytest.skip("needs git and pre-commit")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "README.md").write_text("---\nlicense: mit\npipeline_tag: text-to-image\n---\n# A model\n")
    for command in (["git", "init", "-q"], ["git", "add", "."]):
        subprocess.run(command, cwd=workspace, env=environment, check=True)
    ran = subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "auditor", "--all-files", "--verbose"],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "generator-without-safeguards" in ran.stdout
