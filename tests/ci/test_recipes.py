"""The recipes of docs/ci.md do what they say: each is taken from the page and run."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
RECIPES = dict(re.findall(r"```\w+ (\S+)\n(.*?)```", PAGE, re.S))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program ``auditor`` on the path that writes down how it was called, and makes a run's folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "auditor").write_text(
        f"""#!{sys.executable}
import pathlib, sys
with open({str(tmp_path / "calls")!r}, "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if "--out" in sys.argv:
    out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text("")
"""
    )
    (folder / "auditor").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return tmp_path / "calls"


def test_no_recipe_posts_anything() -> None:
    for name, text in RECIPES.items():
        for word in ("gh issue", "gh pr", "discussions", "create_discussion", "comment", "issues: write", "curl"):
            assert word not in text.lower(), f"{name}: {word}"


def test_every_workflow_gives_no_more_rights_than_it_needs() -> None:
    workflow = yaml.safe_load(RECIPES[".github/workflows/provenance.yml"])
    assert workflow["permissions"] == {"contents": "read", "security-events": "write"}
    steps = workflow["jobs"]["audit"]["steps"]
    (audit,) = (step for step in steps if step.get("id") == "audit")
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert set(audit["with"]) <= set(action["inputs"])
    assert "pull_request_target" not in RECIPES[".github/workflows/provenance.yml"]


def test_the_hook_of_the_recipe_is_one_of_this_repository() -> None:
    (repository,) = yaml.safe_load(RECIPES[".pre-commit-config.yaml"])["repos"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}


@pytest.mark.skipif(os.name != "posix", reason="runs in a shell")
def test_the_commands_of_gitlab_write_what_it_collects(tmp_path: Path) -> None:
    job = yaml.safe_load(RECIPES[".gitlab-ci.yml"])["provenance"]
    command = job["script"][-1].replace("/tmp/auditor/bin/auditor", f"{sys.executable} -m auditor")
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    environment = {**os.environ, "CI": "true", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=False, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    for name in (job["artifacts"]["reports"]["junit"], *job["artifacts"]["paths"]):
        assert "For authors" in (tmp_path / name).read_text("utf-8")


@pytest.mark.skipif(shutil.which("sh") is None, reason="runs in a shell")
def test_a_sweep_reads_since_the_last_day_and_says_what_is_new(program: Path, tmp_path: Path) -> None:
    script = tmp_path / "sweep.sh"
    script.write_text(RECIPES["sweep.sh"])
    runs = tmp_path / "sweeps"

    def sweep() -> list[str]:
        program.write_text("")
        subprocess.run(["sh", script, "acme"], env={**os.environ, "RUNS": str(runs)}, check=True)
        return program.read_text("utf-8").splitlines()

    (first,) = sweep()
    (today,) = (runs / "acme").iterdir()
    assert first == (
        f"scan hf://models/acme hf://datasets/acme --profile hub --isolated --out {today} --quiet -o {today}/cases.csv"
    )
    assert sweep() == []  # once a day
    yesterday = today.rename(today.parent / "2020-01-01")
    scan, compared = sweep()
    assert f"--quiet --since {yesterday} -o" in scan
    assert compared == f"diff {yesterday} {today} --format csv -o {today}/changes.csv"


@pytest.fixture
def webhook(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("WEBHOOK_SECRET", "s3cret")
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    path = tmp_path / "webhook.py"
    path.write_text(RECIPES["webhook.py"])
    spec = importlib.util.spec_from_file_location("webhook", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _message(**changes: Any) -> dict[str, Any]:
    repository = {"type": "model", "name": "acme/hills", "headSha": COMMIT, "private": False}
    return {"event": {"action": "update", "scope": "repo.content"}, "repo": repository | changes}


def test_a_webhook_scans_the_repository_that_changed(webhook: ModuleType, program: Path, tmp_path: Path) -> None:
    with TestClient(webhook.app) as client:
        answer = client.post("/", json=_message(), headers={"X-Webhook-Secret": "s3cret"})
        assert (answer.status_code, answer.content) == (202, b"")
        for _ in range(600):
            if program.exists():
                break
            time.sleep(0.05)
    out = tmp_path / "runs" / "models" / "acme--hills" / COMMIT
    assert program.read_text("utf-8") == (
        f"scan hf://models/acme/hills@{COMMIT} --profile hub --isolated --quiet --out {out}\n"
    )


@pytest.mark.parametrize(
    ("message", "secret", "status"),
    [
        (_message(), "", 401),
        (_message(), "S3cret", 401),
        (_message(name="../../etc/passwd"), "s3cret", 400),
        (_message(name="acme/hills --out /"), "s3cret", 400),
        (_message(name="acme/hills\n"), "s3cret", 400),
        (_message(headSha="main"), "s3cret", 400),
        (_message(type="space"), "s3cret", 400),
        (_message(type=["model"]), "s3cret", 400),
        ([], "s3cret", 400),
        ({"repo": "x" * (2 << 20)}, "s3cret", 413),
    ],
)
def test_a_webhook_takes_no_message_of_others_and_no_other_name(
    webhook: ModuleType, message: object, secret: str, status: int
) -> None:
    with TestClient(webhook.app) as client:
        answer = client.post("/", json=message, headers={"X-Webhook-Secret": secret})
    assert (answer.status_code, answer.content) == (status, b"")
    assert webhook.waiting.empty()
