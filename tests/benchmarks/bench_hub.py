"""CPU that a client takes for each repository of a hub, beside that of huggingface_hub itself.

    python -m tests.benchmarks.bench_hub [--repositories 1000]

A server of another process on this machine holds the repositories: a card, a configuration, a tokenizer, and weights
with a header of some 20 kB, as those of a language model with 200 tensors. Measured is the CPU of the client alone, its
worker processes with it: `auditor scan`, from its start to its report, and huggingface_hub's `model_info` with one
`hf_hub_download` for each repository. Aim: at most 45 ms for each repository.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import multiprocessing
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from tests.hub_server import HubServer

MAX_MILLISECONDS = 45
_PR_SET_CHILD_SUBREAPER = 36  # Linux: prctl(2)
_SECONDS_TO_END = 2
_TENSORS, _TENSOR_BYTES = 200, 64
_CARD = """---
license: apache-2.0
base_model: org-{parent}/root
datasets: [org-a/hills]
tags: [text-generation]
---
# Model {number}

A model of hills and lakes. It was trained on photographs of landscapes.

## Intended use

For research. It must not be used to deceive people, nor for anything that the licence prohibits.
"""
_HUB_CLIENT = """
import sys
from huggingface_hub import HfApi, hf_hub_download
api = HfApi()
for model in api.list_models(author="acme"):
    api.model_info(model.id, files_metadata=True)
    hf_hub_download(model.id, "README.md")
"""


def main() -> None:
    """Run both clients, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=1000)
    number = parser.parse_args().repositories
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, number), daemon=True)
    server.start()
    url = here.recv()
    try:
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                **os.environ,
                "HF_ENDPOINT": url,
                "HF_HOME": f"{folder}/hf",
                "AUDITOR_HOME": f"{folder}/home",
            }
            out = Path(folder, "run")
            scan = [
                sys.executable,
                "-m",
                "auditor",
                "scan",
                "hf://models/acme",
                "--out",
                str(out),
                "-o",
                f"{folder}/r.json",
            ]
            rows = [
                ("huggingface_hub: model_info and one file", [sys.executable, "-c", _HUB_CLIENT]),
                ("auditor scan", [*scan, "-o", f"{folder}/r.json"]),
                ("auditor scan --since, nothing changed", [*scan[:5], "--out", f"{folder}/next", "--since", str(out)]),
            ]
            for what, command in rows:
                seconds, cpu = _measure(command, environment)
                each = 1000 * cpu / number
                print(f"{what:45} {seconds:7.1f} s {cpu:7.1f} s of CPU {each:7.1f} ms for each repository")
            report = json.loads(Path(folder, "r.json").read_text())
            print(f"files: {report['counts']['files']}; subjects: {report['counts'].get('subjects')}")
    finally:
        here.send(None)
        server.join()


def _measure(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return the seconds that a command takes, and its CPU with that of the processes that it starts.

    Those that outlive it become this process's own, and count once they have ended.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(done.stderr)
    seconds = time.perf_counter() - start
    time.sleep(_SECONDS_TO_END)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def _serve(connection: Connection, number: int) -> None:
    """Serve repositories until told to end."""
    with HubServer() as hub:
        for one in range(number):
            hub.add("model", f"acme/model-{one:05}", _files(one))
        hub.requests = _Discarded()
        connection.send(hub.url)
        connection.recv()


class _Discarded(list):  # type: ignore[type-arg]
    """A list that keeps nothing."""

    def append(self, item: object) -> None:
        pass


def _files(number: int) -> dict[str, bytes]:
    """Return the files of one repository."""
    tensors = {
        f"model.layers.{index}.self_attn.q_proj.weight": {
            "dtype": "U8",
            "shape": [_TENSOR_BYTES],
            "data_offsets": [index * _TENSOR_BYTES, (index + 1) * _TENSOR_BYTES],
        }
        for index in range(_TENSORS)
    }
    header = json.dumps({"__metadata__": {"format": "pt", "number": str(number)}, **tensors}).encode()
    return {
        "README.md": _CARD.format(number=number, parent=number % 7).encode(),
        "config.json": b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}',
        "generation_config.json": b'{"max_length": 100}',
        "model.safetensors": struct.pack("<Q", len(header)) + header + bytes(_TENSORS * _TENSOR_BYTES),
        "tokenizer.json": b"{}",
        ".gitattributes": b"*.safetensors filter=lfs\n",
    }


if __name__ == "__main__":
    main()
