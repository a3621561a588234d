"""The Dockerfile: its steps are run in an empty environment, because a daemon to build it is seldom at hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORE = [
    line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")
]


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def _kept(path: str) -> bool:
    """Whether a file of the checkout is sent to the build, by .dockerignore: the last pattern that fits decides."""
    kept = True
    for pattern in IGNORE:
        name = pattern.lstrip("!").removeprefix("**/")
        if fnmatch(path, name) or path.startswith(f"{name}/") or (pattern.startswith("**/") and f"/{name}/" in path):
            kept = pattern.startswith("!")
    return kept


def test_the_image_runs_as_a_user_without_rights_and_fetches_nothing_when_it_runs() -> None:
    last = dict(_instructions())
    assert last["USER"] == "10001:10001"
    assert last["ENTRYPOINT"] == '["auditor"]'
    assert "HF_HUB_OFFLINE=1" in last["ENV"]
    images = [rest.split()[0] for name, rest in _instructions() if name == "FROM"]
    assert images == ["python:3.13-slim"] * 2
    assert not [rest for name, rest in _instructions() if name == "ADD" or "curl" in rest or "apt" in rest]


def test_the_build_is_sent_the_package_and_nothing_else() -> None:
    assert _kept("auditor/cli/main.py")
    assert _kept("rules/no-licence.toml")
    assert _kept("reports/schema/report.schema.json")
    for path in (".git/config", "tests/data/hub/README.md", ".venv/bin/python", "reports/example/report.json", ".env"):
        assert not _kept(path), path


@pytest.mark.soak
@pytest.mark.skipif(os.name != "posix", reason="the image's shell")
def test_the_steps_build_a_program_that_scans_without_a_network(tmp_path: Path) -> None:
    """Needs a package index. Paths of the image lie below a folder; the environment is empty but for PATH."""
    image = tmp_path / "image"
    for folder in ("src", "opt", "home"):
        (image / folder).mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(_kept, listed.stdout.split("\0")[:-1]):
        (image / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, image / "src" / name)

    def inside(text: str) -> str:
        return re.sub(r"(?<![\w/.])/(src|opt|state|target)\b", lambda found: f"{image}/{found[1]}", text)

    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(image / "home")}
    for name, rest in _instructions():
        if name == "RUN":
            # Only root may give files to another user.
            command = inside(rest).replace("python -m venv", f"{sys.executable} -m venv").split(" && chown")[0]
            subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True)
    (image / "target" / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    (image / "target").chmod(0o555)
    variables = dict(pair.split("=", 1) for name, rest in _instructions() if name == "ENV" for pair in rest.split())
    variables = {name: inside(value).replace("$PATH", "/usr/bin:/bin") for name, value in variables.items()}
    ran = subprocess.run(
        [ROOT / ".ci" / "offline", "auditor", "scan", image / "target", "--fail-on", "never"],
        cwd=image / "state",
        env={**variables, "HOME": str(image / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 collected = 1 scanned" in ran.stdout
    assert [path.name for path in (image / "target").iterdir()] == ["README.md"]
    assert (image / "state" / "runs").is_dir()
