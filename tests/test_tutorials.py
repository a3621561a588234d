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

from tests.hub_server import HubServer

ROOT = Path(__file__).parents[1]
# Made from the help; run by tests/test_extending_docs.py.
_OTHERS = ("command-line.md", "extending.md")
PAGES = (
    "README.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md") if path.name not in _OTHERS),
)
_KNOWN = "tests/data/known-pictures.csv"
_ROWS = (
    "mkdir data && cp -r tests/data/hub/datasets/northlight data && "
    'awk \'BEGIN {print "md5,unsafe_score"; for (i = 0; i < 4000; i++) printf "%032x,%.3f\\n", i, i / 4000}\' '
    "> data/rows.csv"
)
_IMPORT = f"auditor lists import {_KNOWN} --name my-list"
_IMPORT_MODELS = "auditor lists import tests/data/listed-models.csv --name models-list"
# What a page takes for granted of its reader: targets, an imported list, finished runs.
PREPARED = {
    "docs/attestations.md": f"{_ROWS}; cp {_KNOWN} LIST",
    "docs/comparing.md": "; ".join(
        f"auditor scan tests/data/hub --known {_KNOWN} --out runs/{run}"
        for run in ("monday", "tuesday", "main", "change")
    ),
    "docs/for-hubs.md": _IMPORT_MODELS,
    "docs/hub.md": f"{_IMPORT_MODELS}; cp -r tests/data/hub/models/atelier/paint-orchard my-upload",
    "docs/large-audits.md": f"{_ROWS}; {_IMPORT}",
    "docs/many-machines.md": (
        f"{_ROWS}; {_IMPORT}; "
        "for part in 2 3 4; do auditor scan data/ --known my-list --shard $part/4 --out parts/$part; done"
    ),
    "docs/reporting-matches.md": (
        f"sed 's/means: test/means: csam/' {_KNOWN} > list.csv; "
        "auditor scan tests/data/hub/datasets --known list.csv --out RUN"
    ),
    "docs/sampling.md": f"{_ROWS}; {_IMPORT}",
}
# What a page shows without running it, in blocks of another kind: it needs a cluster, a container or a service of
# others, or leaves names and keys to its reader.
NOT_RUN = {
    "docs/baseline.md": (
        "auditor scan model/ --out runs/model",
        "auditor baseline new runs/model -o auditor-baseline.toml --rule no-licence --owner docs-team "
        '--reason "the licence is being chosen" --expires 2027-03-31',
        "auditor scan model/ --baseline auditor-baseline.toml",
    ),
    "docs/ci.md": (
        "sh sweep.sh",
        "docker build -t auditor .",
        'docker run --rm --network none --read-only --tmpfs /tmp -v "$PWD:/target:ro" -v auditor-state:/state '
        "auditor scan /target --profile gate",
    ),
    "docs/getting-a-list.md": ("gpg -d hashes.csv.gpg | auditor lists import - --name hotline --means csam",),
    "docs/ledger-format.md": (
        "auditor review checkpoint -o november.txt",
        "auditor review witness november.txt --key witness.key --create-key",
        "auditor review verify --checkpoint november.txt --witness KEY",
    ),
    "docs/many-machines.md": (
        "bash audit.sh",
        "auditor scan part-1.parquet --dataset acme/web-pictures --known my-list --out runs/1",
        "auditor judge runs/1 runs/2 --out whole",
        "sbatch --wait audit.sh && auditor judge /scratch/parts/* --out /scratch/whole",
        "pip install 'provenance-auditor[dask]'",
        "auditor scan /data/pictures --known my-list --engine dask=tcp://scheduler:8786 --out /shared/run",
    ),
    "docs/reporting-matches.md": (
        "auditor report RUN --evidence --recipient hotline.age --key our.pem -o evidence.zip.age",
    ),
    "docs/hub.md": (
        "pip install 'provenance-auditor[s3]'",
        "auditor scan s3://BUCKET/PREFIX",
        "auditor plan s3://BUCKET/PREFIX",
    ),
    "docs/review.md": (
        "auditor report RUN --draft hotline -o report.txt",
        'auditor review step CASE restrict --as heron --why "The folder is closed to all but heron."',
        'auditor review step CASE preserve --as heron --why "Kept as it is on a locked volume."',
        'auditor review reported CASE reported --as heron --why "To the hotline, reference 7."',
        'auditor review step CASE tell-host --as heron --why "By e-mail to its abuse desk."',
        "auditor review groups",
        "auditor review list --group exposed:dataset:northlight/scenes",
        "auditor review groups exposed:dataset:northlight/scenes",
        'auditor review propose exposed:dataset:northlight/scenes gate --as heron --why "…" --except CASE',
        'auditor review decide exposed:dataset:northlight/scenes gate --as wren --why "…"',
        "auditor review draft CASE notice --appeals https://…",
        "auditor review notify CASE --as heron",
        'auditor review appeal CASE --as heron --why "…"',
        'auditor review decide-appeal CASE overturned --as owl --why "…"',
        "auditor review draft CASE outcome",
        "auditor review notify CASE --appeal-outcome --as heron",
        "auditor review keys new heron",
        'auditor review reviewers add heron --person "A. Person" --public-key heron.pub',
        "auditor review reviewers enroll wren --public-key wren.pub",
        "auditor review claim CASE --as heron --key heron.key",
        "auditor review serve --as heron --key heron.key",
        'auditor review reviewers revoke heron --why "The key was lost."',
        'auditor review erase --person heron --why "Asked for by the person."',
        'auditor review erase --entry 17 --why "It names the owner."',
    ),
    "docs/screening.md": (
        "pip install 'provenance-auditor[serve]'",
        "auditor screen serve --known hotline",
        "curl --data-binary @upload.jpg http://127.0.0.1:8765/v1/screen",
    ),
}
_FENCE = re.compile(r"^```([^`\n]*)\n(.*?)^```$", re.M | re.S)  # a block with a name is a file
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


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """Serve what the pages ask a hub for: a model, its parent and a dataset of the organisation ORG."""
    with HubServer() as server:
        server.add("model", "ORG/PARENT", {"README.md": b"---\nlicense: mit\n---\n# Hills\n"})
        for name, base in (("NAME", "PARENT"), ("hills", "NAME")):
            card = f"---\nlicense: mit\nbase_model: ORG/{base}\n---\n# Hills\n".encode()
            files = {"README.md": card, "model.safetensors": b"\2\0\0\0\0\0\0\0{}"}
            server.add("model", f"ORG/{name}", files, tags=("text-to-image", f"base_model:ORG/{base}"))
        commit = server.add("dataset", "ORG/NAME", {"README.md": b"---\nlicense: mit\n---\n# Hills\n"})
        server.repositories["dataset", "ORG/NAME"].names["v1.0"] = commit
        yield server


def fences(page: str, *languages: str) -> Iterator[str]:
    """Yield the lines of a page's blocks of code in these languages."""
    for language, content in _FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        if language in languages:
            yield from (line for line in content.replace("\\\n", " ").splitlines() if line.strip())


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
def test_commands_run_and_print_what_is_shown(page: str, checkout: Path, hub: HubServer) -> None:
    commands = [line for line in fences(page, "sh") if _TEST_SUITE not in line]
    prepared = PREPARED.get(page, "true").replace("\n", " ")
    env = os.environ | {
        "PATH": f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AUDITOR_HOME": str(checkout / "home"),
        "AUDITOR_LEDGER": str(checkout / "ledger"),
        "COLUMNS": "100",
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(checkout / "hf"),
    }
    for name in ("CI", "GITHUB_ACTIONS"):
        env.pop(name, None)
    ran = subprocess.run(
        ["bash"],
        input=f"exec 2>&1\n{prepared}\n{script(commands)}",
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
    text = (ROOT / page).read_text(encoding="utf-8")
    scripts = [kind for kind, _ in _FENCE.findall(text) if kind.startswith(("sh ", "bash", "shell"))]
    commands = [line[2:] for line in fences(page, "console") if line.startswith("$ ")]
    assert (*scripts, *(_one_line(command) for command in commands)) == NOT_RUN.get(page, ())


def _one_line(command: str) -> str:
    """Return a command without its comment and with single blanks."""
    return " ".join(command.partition(" #")[0].split())


def _comes(line: str, printed: Iterator[str]) -> bool:
    """Take lines from ``printed`` up to one that is ``line``, in which … stands for anything."""
    pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
    return any(pattern.fullmatch(candidate) for candidate in printed)
