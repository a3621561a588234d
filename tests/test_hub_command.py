"""The command line over a hub: sweeps that go on, what reaches the disk, and that no token leaves this machine."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.hub_server import SIGNATURE, Fault, HubServer

CARD = b"---\nlicense: mit\n---\n# Base\nA model of hills.\n"
TOKEN = "hf_canaryCanaryCanaryCanaryCanary"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer(token=TOKEN) as server:
        yield server


class Command:
    """The command line in an environment of its own: folders for the hub's cache, temporary files and where it runs."""

    def __init__(self, hub: HubServer, folder: Path) -> None:
        self.folders = {name: folder / name for name in ("hf", "tmp", "here", "home")}
        for path in self.folders.values():
            path.mkdir()
        names = {"HF_HOME": "hf", "TMPDIR": "tmp", "AUDITOR_HOME": "home"}
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        self.environment |= {key: str(self.folders[name]) for key, name in names.items()}
        self.environment |= {"HF_ENDPOINT": hub.url, "HF_HUB_DOWNLOAD_TIMEOUT": "2", "PYTHONPATH": os.getcwd()}

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "auditor", *arguments],
            env=self.environment | environment,
            cwd=self.folders["here"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err


@pytest.fixture
def command(hub: HubServer, tmp_path: Path) -> Command:
    return Command(hub, tmp_path)


def report(path: Path) -> dict[str, object]:
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def add_models(hub: HubServer, number: int) -> None:
    for one in range(number):
        hub.add("model", f"acme/model-{one}", {"README.md": CARD, "config.json": b"{}"})


def test_a_sweep_that_is_killed_goes_on_and_asks_for_no_finished_repository_again(
    hub: HubServer, command: Command, tmp_path: Path
) -> None:
    add_models(hub, 30)
    hub.faults.append(Fault("/resolve/", seconds=0.1))
    arguments = ("scan", "hf://models/acme", "--out", str(tmp_path / "run"), "-o", str(tmp_path / "run.json"))
    process = command.start(*arguments)
    shards = tmp_path / "run" / "shards"
    for _ in range(600):
        if shards.is_dir() and len(list(shards.glob("*.json"))) >= 5:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    finished = len(list(shards.glob("*.json")))
    assert 5 <= finished < 30
    hub.requests.clear()
    hub.faults.clear()
    code, _, err = command.run(*arguments)
    assert code == 0, err
    assert report(tmp_path / "run.json")["counts"]["files"]["scanned"] == 60  # type: ignore[index]
    read = {path.split("/")[2] for path in hub.paths() if "/resolve/" in path}
    assert len(read) == 30 - finished
    assert len([path for path in hub.paths() if "/tree/" in path]) == 30 - finished


def test_since_an_earlier_run_only_changed_repositories_are_read(
    hub: HubServer, command: Command, tmp_path: Path
) -> None:
    add_models(hub, 5)
    first, second = tmp_path / "monday", tmp_path / "tuesday"
    assert command.run("scan", "hf://models/acme", "--out", str(first))[0] == 0
    hub.add("model", "acme/model-3", {"README.md": CARD.replace(b"mit", b"apache-2.0")})
    hub.add("model", "acme/new", {"README.md": CARD})
    hub.requests.clear()
    path = tmp_path / "tuesday.json"
    code, _, err = command.run("scan", "hf://models/acme", "--since", str(first), "--out", str(second), "-o", str(path))
    assert code == 0, err
    assert {path.split("/")[2] for path in hub.paths() if "/resolve/" in path} == {"model-3", "new"}
    found = report(path)
    (said,) = found["remote"]  # type: ignore[misc]
    assert said.startswith("4 of 6 repositories have the commit that the run named with --since read")
    assert found["counts"]["files"]["collected"] == 4 * 2 + 2  # type: ignore[index]
    whole = tmp_path / "whole.json"
    assert command.run("scan", "hf://models/acme", "--out", str(tmp_path / "whole"), "-o", str(whole))[0] == 0
    for key in ("counts", "reasons", "coverage", "findings", "gaps", "cases"):
        assert found[key] == report(whole)[key], key
    code, _, err = command.run(
        "scan", "hf://models/acme", "--since", str(first), "--out", str(tmp_path / "third"), "--exclude", "*.json"
    )
    assert code == 2
    assert "is a run with other options, so that nothing of it can be taken over" in err


def test_no_token_and_no_signed_address_reaches_any_output(hub: HubServer, command: Command, tmp_path: Path) -> None:
    weights = b"\x80\x02}q\x00." + bytes(5000)
    hub.add("model", "acme/gated", {"README.md": CARD, "model.bin": weights, "gone.md": b"x"}, is_gated=True)
    hub.add("model", "acme/private", {"README.md": CARD}, is_private=True)
    hub.faults += [Fault("gone.md", status=404), Fault("acme/private/tree", status=500, times=-1)]
    _, formats, _ = command.run("scan", "--formats")
    names = [line.split("\t")[0] for line in formats.splitlines()]
    assert {"json", "sarif", "html", "csv", "terminal"} <= set(names)
    written = [part for name in names for part in ("--format", name, "-o", str(tmp_path / f"report.{name}"))]
    out = tmp_path / "run"
    targets = ("hf://models/acme/gated", "hf://models/acme/private", "hf://models/acme/nothing")
    told = command.run("scan", *targets, "-v", "--out", str(out), *written, HF_TOKEN=TOKEN)
    assert told[0] == 3, told[2]
    told += command.run("facts", str(out))
    told += command.run("lineage", str(out))
    told += command.run("-v", "facts", "hf://models/acme/nothing", HF_TOKEN=TOKEN)
    told += command.run("scan", "hf://models/acme/gated", "--dry-run", HF_TOKEN=TOKEN)
    told += command.run("scan", "hf://acme/gated", "-v", HF_ENDPOINT="http://me:hf_canary@127.0.0.1:9", HF_TOKEN=TOKEN)
    secrets = (TOKEN.encode(), SIGNATURE.encode(), b"hf_canary")
    for part in told:
        assert not any(secret in str(part).encode() for secret in secrets), part
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > len(names)
    for path in files:
        assert not any(secret in path.read_bytes() for secret in secrets), path
    authorized = {one.path for one in hub.requests if one.headers.get("authorization") == f"Bearer {TOKEN}"}
    assert any("/acme/gated/resolve/" in path for path in authorized), "the token was not used"
    assert not any(path.startswith("/files/") for path in authorized), "the token was sent to the content network"


def noise_png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def archive_of(name: str, data: bytes) -> tuple[bytes, bytes]:
    tar, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr(name, data)
    return tar.getvalue(), packed.getvalue()


class DiskWatch(threading.Thread):
    """Reads every file that appears in some folders, again and again, for pieces of bytes that must not be there."""

    def __init__(self, folders: list[Path], pieces: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.folders, self.pieces, self.found, self.seen = folders, pieces, set[str](), set[str]()
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.005):
            self.look()

    def look(self) -> None:
        for folder in self.folders:
            for root, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(root, name)
                    self.seen.add(path)
                    try:
                        data = Path(path).read_bytes()
                    except OSError:
                        continue
                    if any(piece in data for piece in self.pieces):
                        self.found.add(path)

    def stop(self) -> None:
        self._end.set()
        self.join()
        self.look()


def test_with_content_no_byte_of_a_sample_reaches_the_disk(hub: HubServer, command: Command, tmp_path: Path) -> None:
    pictures = [noise_png(seed) for seed in range(6)]
    tar, packed = archive_of("2.png", pictures[2])[0], archive_of("3.png", pictures[3])[1]
    table, arrow = io.BytesIO(), io.BytesIO()
    pq.write_table(pa.table({"image": [{"bytes": pictures[1], "path": "1.png"}]}), table)
    cells = pa.table({"image": pa.array([pictures[5]], pa.binary())})
    with pa.ipc.new_file(arrow, cells.schema) as writer:
        writer.write_table(cells)
    lines = json.dumps({"image": base64.b64encode(pictures[4]).decode()}).encode() + b"\n"
    files = {"0.png": pictures[0], "t.parquet": table.getvalue(), "t.tar": tar, "t.zip": packed, "t.jsonl": lines}
    hub.add("dataset", "acme/hills", {"README.md": CARD, **files, "t.arrow": arrow.getvalue()})
    known = tmp_path / "known.csv"
    known.write_text("md5\n" + "".join(f"{hashlib.md5(picture).hexdigest()}\n" for picture in pictures))
    pieces = [picture[200:264] for picture in pictures] + [base64.b64encode(pictures[4])[300:364]]
    out = tmp_path / "run"
    watch = DiskWatch([*command.folders.values(), out], pieces)
    watch.start()
    arguments = ("scan", "hf://datasets/acme/hills", "--known", str(known), "--means", "test", "--out", str(out))
    code, _, err = command.run(*arguments, "--content", "-o", str(tmp_path / "run.json"))
    watch.stop()
    found = report(tmp_path / "run.json")
    assert code == 0, (err, found["gaps"])
    assert found["counts"]["samples"]["scanned"] == 6  # type: ignore[index]
    assert found["coverage"]["hits test exact"] == 6  # type: ignore[index]
    assert not watch.found
    assert any(str(out) in path for path in watch.seen), "nothing was watched"


def test_a_dry_run_asks_for_lists_alone_and_says_what_would_be_fetched(hub: HubServer, command: Command) -> None:
    hub.add("model", "acme/base", {"README.md": CARD, "tokenizer.json": b"{}", "model.safetensors": bytes(999)})
    local = command.folders["here"] / "mine"
    local.mkdir()
    (local / "README.md").write_bytes(CARD)
    code, out, err = command.run("scan", "hf://models/acme/base", "mine", "--dry-run")
    assert code == 0, err
    rows = [line.split("\t") for line in out.splitlines()]
    assert sorted((size, uri) for size, uri, _ in rows) == [
        ("-", "hf://models/acme/base/tokenizer.json"),
        (str(len(CARD)), "README.md"),
        (str(len(CARD)), "hf://models/acme/base/README.md"),
        ("999", "hf://models/acme/base/model.safetensors"),
    ]
    assert "3 files would be read" in err
    assert not any("/resolve/" in path for path in hub.paths())
    code, _, err = command.run("scan", "hf://models/acme/base", "--dry-run", "--since", "mine")
    assert (code, "--since: a dry run takes nothing over from a run" in err) == (2, True)
    assert not (command.folders["home"] / "runs").exists()


def test_a_hub_that_asks_to_wait_is_waited_for(hub: HubServer, command: Command) -> None:
    hub.add("model", "acme/base", {"README.md": CARD})
    busy = {"Retry-After": "1"}
    hub.faults += [
        Fault("/api/models/acme/base", status=429, headers=busy, times=2),
        Fault("/resolve/", status=429, headers=busy, times=1),
    ]
    start = time.monotonic()
    code, _, err = command.run("scan", "hf://models/acme/base")
    assert code == 0, err
    assert time.monotonic() - start > 3, "each of three answers asked to wait for a second"


def test_a_hub_that_is_silent_ends_in_a_gap(hub: HubServer, command: Command, tmp_path: Path) -> None:
    hub.add("model", "acme/base", {"README.md": CARD, "config.json": b"{}"})
    hub.faults.append(Fault("README.md", seconds=4))
    arguments = ("scan", "hf://models/acme/base", "-o", str(tmp_path / "run.json"))
    code, _, _ = command.run(*arguments, HF_HUB_DOWNLOAD_TIMEOUT="1")
    assert code == 3
    (gap,) = report(tmp_path / "run.json")["gaps"]  # type: ignore[misc]
    assert gap["why"].startswith("the hub does not answer in time")


def test_a_card_of_50_megabytes_is_read_up_to_its_limit_and_that_is_said(
    hub: HubServer, command: Command, tmp_path: Path
) -> None:
    hub.add("model", "acme/base", {"README.md": CARD + b"A hill. " * (50 << 17)})
    code, _, _ = command.run("scan", "hf://models/acme/base", "-o", str(tmp_path / "run.json"))
    assert code == 3
    assert [gap["what"] for gap in report(tmp_path / "run.json")["gaps"]] == ["card"]  # type: ignore[attr-defined]
    assert hub.sent("README.md") < 16 << 20


def test_off_the_network_only_the_cache_is_read_and_that_is_said(
    hub: HubServer, command: Command, tmp_path: Path
) -> None:
    hub.add("model", "acme/base", {"README.md": CARD, "config.json": b"{}"})
    fetch = "from huggingface_hub import hf_hub_download; hf_hub_download('acme/base', 'README.md')"
    subprocess.run([sys.executable, "-c", fetch], env=command.environment, check=True, capture_output=True)
    hub.requests.clear()
    arguments = ("scan", "hf://models/acme/base", "-o", str(tmp_path / "run.json"))
    code, _, err = command.run(*arguments, HF_HUB_OFFLINE="1")
    assert code == 3, err
    found = report(tmp_path / "run.json")
    assert found["counts"]["files"]["scanned"] == 1  # type: ignore[index]
    assert "HF_HUB_OFFLINE is set" in found["gaps"][0]["why"]  # type: ignore[index]
    assert not hub.requests
    code, _, err = command.run("scan", "hf://models/acme", HF_HUB_OFFLINE="1")
    assert code == 2
    assert "HF_HUB_OFFLINE is set" in err


def test_the_datasets_library_reads_from_the_same_server(hub: HubServer, command: Command) -> None:
    hub.add("dataset", "acme/hills", {"README.md": CARD, "train.csv": b"a,b\n1,2\n3,4\n"})
    script = (
        "from datasets import load_dataset\n"
        "print([row['b'] for row in load_dataset('acme/hills', split='train', streaming=True)])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=command.environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[2, 4]", done.stderr
