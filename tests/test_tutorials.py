"""Every command that README and the tutorials show runs as it is written, and prints what they show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/before-you-scan.md",
    "docs/getting-a-list.md",
    "docs/data-protection.md",
    "docs/for-researchers.md",
    "docs/for-hubs.md",
    "docs/for-authors.md",
    "docs/for-search-services.md",
)
# What a page shows without running it, in blocks of another kind: a real hub is asked, or a file is encrypted.
NOT_RUN = {
    "docs/getting-a-list.md": ("gpg -d hashes.csv.gpg | auditor lists import - --name hotline --means csam",),
    "docs/for-hubs.md": (
        "auditor scan 'hf://models?filter=text-to-image&limit=1000' --known models-list --out runs/monday",
        "auditor scan 'hf://models?filter=text-to-image&limit=1000' --known models-list --out runs/tuesday "
        "--since runs/monday",
    ),
}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
# CI runs the suite: it cannot run itself.
_TEST_SUITE = ".venv/bin/python -m pytest"
_EXIT_CODE = re.compile(r"#.*?\bexits (\d+)$")
_SERVES = re.compile(r" serve( |$)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with what the commands read, where installing does nothing: the program is there already."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "tests" / "data", folder / "tests" / "data", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "LICENSE", folder)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    run_auditor = f'exec "{sys.executable}" -m auditor "$@"'
    for name, command in (("pip", "exit 0"), ("python3", "exit 0"), ("auditor", run_auditor)):
        (programs / name).write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return folder


def fences(page: str, *languages: str) -> Iterator[str]:
    """Yield the lines of a page's blocks of code in these languages."""
    for language, content in _FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        if language in languages:
            yield from (line for line in content.splitlines() if line.strip())


def script(commands: list[str]) -> str:
    """Return a script that runs the commands in one shell and prints each one's exit code."""
    lines: list[str] = []
    for command in commands:
        if _SERVES.search(command):  # until it says where it is
            command = (
                f"({command.partition('#')[0]} > served 2>&1 & server=$!; for wait in $(seq 150); do "
                "grep -q http:// served && break; sleep 0.2; done; kill -INT $server; grep -q http:// served)"
            )
        lines.append(f'{command}\necho "@@ $?"')
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES)
def test_commands_run_and_print_what_is_shown(page: str, checkout: Path) -> None:
    commands = [line for line in fences(page, "sh") if _TEST_SUITE not in line]
    env = os.environ | {
        "PATH": f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AUDITOR_HOME": str(checkout / "home"),
        "AUDITOR_LEDGER": str(checkout / "ledger"),
        "COLUMNS": "100",
    }
    for name in ("CI", "GITHUB_ACTIONS"):
        env.pop(name, None)
    ran = subprocess.run(
        ["bash"],
        input="exec 2>&1\n" + script(commands),
        cwd=checkout,
        env=env,
        text=True,
        capture_output=True,
        timeout=600,
        check=False,
    )
    codes = [int(code) for code in re.findall(r"^@@ (\d+)$", ran.stdout, re.M)]
    expected = [int(match[1]) if (match := _EXIT_CODE.search(command)) else 0 for command in commands]
    assert list(zip(commands, codes, strict=True)) == list(zip(commands, expected, strict=True)), ran.stdout
    printed = iter(ran.stdout.splitlines())
    missing = [line for line in fences(page, "text") if line.strip(" …") and not _comes(line, printed)]
    assert missing == [], ran.stdout


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_and_not_run_is_known(page: str) -> None:
    shown = tuple(line.removeprefix("$ ") for line in fences(page, "console", "bash", "shell"))
    assert shown == NOT_RUN.get(page, ())


def _comes(line: str, printed: Iterator[str]) -> bool:
    """Take lines from ``printed`` up to one that is ``line``, in which … stands for anything."""
    pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
    return any(pattern.fullmatch(candidate) for candidate in printed)
