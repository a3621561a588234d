"""A scan of local targets makes no network call, and loads nothing that could make one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Run by every Python process of the scan, its workers too, when it starts: what is not allowed is written to a file.
_WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        if not isinstance(address, (str, bytes)) or event == "socket.getaddrinfo":
            record(f"{event} {address!r}")
    elif event == "import" and arguments[0] in ("huggingface_hub", "httpx2", "httpx"):
        record(f"import {arguments[0]}")
def record(what):
    descriptor = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{what}\\n".encode())
    os.close(descriptor)
record("watching")
sys.addaudithook(watch)
"""


def test_a_scan_of_a_folder_makes_no_network_call_and_loads_no_client(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_WATCH)
    model = tmp_path / "model"
    model.mkdir()
    (model / "README.md").write_text("---\nlicense: mit\nbase_model: https://huggingface.co/acme/root\n---\n# Hills\n")
    (model / "config.json").write_text("{}")
    watched = tmp_path / "watched"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), os.getcwd())),
        "WATCHED": str(watched),
        "HF_ENDPOINT": "http://192.0.2.1",
    }
    command = [sys.executable, "-m", "auditor", "scan", str(model), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = watched.read_text().splitlines()
    assert lines.count("watching") > 1, "the workers were not watched"
    assert set(lines) == {"watching"}
