"""The GitHub action: its steps are run as a runner runs them, in a repository of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
LIST = ROOT / "tests" / "data" / "known-pictures.csv"
CARD = "---\nlicense: mit\nbase_model: o/base\n---\n# A model\n"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the runner's shell is bash")


@dataclass(frozen=True)
class Ran:
    code: int
    log: str
    summary: str
    outputs: dict[str, str]


def _step(name: str) -> dict[str, Any]:
    return next(step for step in STEPS if step.get("name") == name)


def _run(step: dict[str, Any], workspace: Path, temporary: Path, **inputs: str) -> Ran:
    """Run a step as GitHub's runner does: a script file, the inputs in its variables, files for what it says."""
    given = {name: str(one["default"]) for name, one in ACTION["inputs"].items()} | {
        name.replace("_", "-"): value for name, value in inputs.items()
    }

    def fill(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)

    said = {name: temporary / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for path in said.values():
        path.write_text("")
    script = temporary / "step.sh"
    script.write_text(step["run"])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(temporary / "home"),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "RUNNER_TEMP": str(temporary),
        "GITHUB_ACTION_PATH": str(ROOT),
        **{name: str(path) for name, path in said.items()},
        **{name: fill(value) for name, value in step.get("env", {}).items()},
    }
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in said["GITHUB_OUTPUT"].read_text("utf-8").splitlines())
    return Ran(ran.returncode, ran.stdout + ran.stderr, said["GITHUB_STEP_SUMMARY"].read_text("utf-8"), outputs)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The runner's temporary folder, with the program as the step before installs it."""
    binaries = tmp_path / "temp" / "auditor" / "bin"
    binaries.mkdir(parents=True)
    program = binaries / "auditor"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m auditor "$@"\n')
    program.chmod(0o755)
    return tmp_path / "temp"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "README.md").write_text(CARD)
    return folder


def test_no_input_becomes_a_part_of_a_script() -> None:
    assert [step for step in STEPS if "${{" in step.get("run", "")] == []
    assert {step["shell"] for step in STEPS if "run" in step} == {"bash"}


def test_other_actions_are_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)] == []


def test_a_repository_is_scanned_with_annotations_a_summary_and_sarif(workspace: Path, temporary: Path) -> None:
    ran = _run(_step("Scan"), workspace, temporary, fail_on="never")
    assert (ran.code, ran.outputs["exit-code"]) == (0, "0"), ran.log
    assert "::notice file=README.md,line=2,title=" in ran.log
    assert ran.summary.startswith("## Provenance audit\n")
    assert '"version": "2.1.0"' in Path(ran.outputs["sarif"]).read_text("utf-8")
    assert sorted(path.name for path in workspace.iterdir()) == ["README.md"]


def test_what_people_must_check_is_held_in_all_that_the_action_writes(temporary: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "data" / "hub", tmp_path / "hub")
    ran = _run(_step("Scan"), tmp_path / "hub", temporary, known=f"{LIST}\n", profile="example")
    assert (ran.code, ran.outputs["exit-code"]) == (1, "1"), ran.log
    for text in (ran.log, ran.summary, Path(ran.outputs["sarif"]).read_text("utf-8")):
        assert "held for a check by people" in text
        assert [
            word for word in ("known-pictures", "known-content-in", "exposed", "matches entr") if word in text
        ] == []


def test_what_the_repositorys_own_gitignore_names_is_left_out_and_counted(workspace: Path, temporary: Path) -> None:
    (workspace / ".gitignore").write_text(".venv/\n")
    (workspace / ".venv").mkdir()
    (workspace / ".venv" / "README.md").write_text("---\nlicense: [mit\n---\n")
    ran = _run(_step("Scan"), workspace, temporary, fail_on="never")
    assert ran.code == 0, ran.log
    assert "The target was trusted (--trust-target)" in ran.summary
    assert " 1 skipped" in ran.summary


def test_what_was_not_read_fails_unless_it_is_allowed(workspace: Path, temporary: Path) -> None:
    (workspace / "README.md").write_text("---\nlicense: [mit\n---\n# A model\n")
    failed = _run(_step("Scan"), workspace, temporary, fail_on="never")
    assert (failed.code, failed.outputs["exit-code"]) == (3, "3"), failed.log
    allowed = _run(_step("Scan"), workspace, temporary, fail_on="never", fail_on_unread="false")
    assert (allowed.code, allowed.outputs["exit-code"]) == (0, "3"), allowed.log


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"profile": "gate; touch owned"}, "profile: give the name of a profile"),
        ({"profile": "--out=."}, "profile: give the name of a profile"),
        ({"fail_on": "$(touch owned)"}, "fail-on: give note"),
        ({"fail_on_unread": "yes"}, "fail-on-unread: give true or false"),
        ({"path": "nowhere"}, "path: there is no such file"),
        ({"path": ""}, "path: there is no such file"),
    ],
)
def test_inputs_that_cannot_be_are_refused(workspace: Path, temporary: Path, inputs: dict[str, str], why: str) -> None:
    ran = _run(_step("Scan"), workspace, temporary, **inputs)
    assert ran.code == 2
    assert f"::error title=auditor::{why}" in ran.log
    assert not (workspace / "owned").exists()


@pytest.mark.parametrize("name", ["--help", "$(touch owned)", "`touch owned`", "a b", '"; touch owned; "'])
def test_a_path_is_a_path_whatever_its_name(workspace: Path, temporary: Path, name: str) -> None:
    (workspace / name).mkdir()
    (workspace / name / "README.md").write_text(CARD)
    ran = _run(_step("Scan"), workspace, temporary, path=name, fail_on="never")
    assert ran.code == 0, ran.log
    assert "model " in ran.summary
    assert not (workspace / "owned").exists()


def test_a_list_that_is_no_list_is_misuse(workspace: Path, temporary: Path) -> None:
    ran = _run(_step("Scan"), workspace, temporary, known="--help\n")
    assert (ran.code, ran.outputs["exit-code"]) == (2, "2"), ran.log


@pytest.mark.soak
def test_the_program_is_installed_as_the_action_installs_it(workspace: Path, tmp_path: Path) -> None:
    """Needs a package index."""
    install = dict(_step("Install auditor"), env={"PYTHON": sys.executable})
    (tmp_path / "runner").mkdir()
    installed = _run(install, workspace, tmp_path / "runner")
    assert installed.code == 0, installed.log
    ran = _run(_step("Scan"), workspace, tmp_path / "runner", fail_on="never")
    assert ran.code == 0, ran.log
