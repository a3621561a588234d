"""The service as a user starts it: a process of its own, with workers, on a port or a Unix socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("uvicorn", reason="needs the extra `serve`")

from click.testing import CliRunner, Result

from auditor.cli.main import main
from tests.pictures import encoded, jpeg, objects, pattern
from tests.screening.conftest import LISTED
from tests.screening.test_screener import png_of_claimed_size, zipped

TOKEN = "canary-token-" + "t" * 32
OTHER = jpeg(pattern(3))
pytestmark = pytest.mark.slow


def animation(frames: int) -> bytes:
    """Return a picture of many different frames, which takes long to compare."""
    first = np.asarray(pattern(3, (1000, 750)).convert("L"))
    moved = [Image.fromarray(np.roll(first, 17 * number, axis=1)) for number in range(frames)]
    return encoded(moved[0], "GIF", save_all=True, append_images=moved[1:])


class Running:
    """A service that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, address: str) -> None:
        self.process, self.log = process, log
        self.port = int(address.rpartition(" ")[2]) if "port" in address else 0
        self.socket = "" if self.port else address

    def connection(self) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection("127.0.0.1", self.port or 80, timeout=120)
        if self.socket:
            made.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.sock.settimeout(120)
            made.sock.connect(self.socket)
        return made

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def screen(self, data: bytes, **headers: str) -> dict[str, Any]:
        status, text = self.ask("POST", "/v1/screen", data, **headers)
        assert status == 200, text
        answer: dict[str, Any] = json.loads(text)
        return answer

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def service(folder: Path, known: Path, *options: object, **environment: str) -> Iterator[Running]:
    log = folder / "service.log"
    command = [sys.executable, "-m", "auditor", "screen", "serve", "--known", known, "-v", *options]
    if "--unix-socket" not in options:
        command += ["--port", 0]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            list(map(str, command)), stdout=stderr, stderr=stderr, env={**os.environ, **environment}
        )
    try:
        until = time.monotonic() + 120
        while not (said := re.search(r"screening on (?:127\.0\.0\.1, )?(.+?), with", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.05)
        yield Running(process, log, said[1])
    finally:
        process.kill()
        process.wait()


def serve(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["screen", "serve", *map(str, arguments)])


def test_hostile_pictures_end_no_service_and_many_callers_are_answered(hills: Path, tmp_path: Path) -> None:
    hostile = {
        "bomb": (png_of_claimed_size(60_000, 60_000), "more than 64 megapixels, so not decoded"),
        "truncated": (OTHER[: len(OTHER) // 2], "truncated picture"),
        "empty": (b"", "empty"),
        "page": (b"<!doctype html><p>404</p>", "is text or numbers, no picture"),
        "archive": (zipped(LISTED), "is an archive; scan it"),
    }
    with service(tmp_path, hills, "--rate", 10_000) as running:
        for name, (data, why) in hostile.items():
            assert running.screen(data) == {"outcome": "unchecked", "lists": [], "why": why}, name
        assert running.ask("POST", "/v1/screen", bytes(21 << 20))[0] == 413
        with ThreadPoolExecutor(16) as callers:
            outcomes = list(callers.map(lambda data: running.screen(data)["outcome"], [LISTED, OTHER, b""] * 20))
        assert outcomes == ["match", "none", "unchecked"] * 20
        assert json.loads(running.ask("GET", "/health")[1]) == {"status": "ok"}


def test_a_picture_that_takes_too_long_is_unchecked_and_the_next_is_answered(hills: Path, tmp_path: Path) -> None:
    slow = animation(120)
    with service(tmp_path, hills, "--timeout", 0.5, "--workers", 1, "--max-mib", 256) as running:
        assert running.screen(slow) == {
            "outcome": "unchecked",
            "lists": [],
            "why": "the worker took too long and was stopped",
        }
        until = time.monotonic() + 60
        while (answer := running.screen(b""))["why"] != "empty":  # the new worker's imports take time as well
            assert answer["outcome"] == "unchecked"
            assert time.monotonic() < until


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="finds the workers in /proc")
def test_a_killed_worker_costs_no_more_than_its_picture(hills: Path, tmp_path: Path) -> None:
    with service(tmp_path, hills, "--workers", 1) as running:
        assert running.screen(OTHER)["outcome"] == "none"
        for worker in descendants(running.process.pid):
            if b"forkserver" not in Path(f"/proc/{worker}/cmdline").read_bytes() or children(worker):
                continue
            os.kill(worker, signal.SIGKILL)
        assert running.screen(OTHER)["outcome"] in ("none", "unchecked")
        assert running.screen(LISTED)["outcome"] == "match"


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(path.parent.name))
    return found


def descendants(pid: int) -> list[int]:
    own = children(pid)
    return [*own, *(each for child in own for each in descendants(child))]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
def test_a_unix_socket_is_for_its_user_alone_and_deleted_at_the_end(
    hills: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "s.sock"  # a socket's path has some 100 characters at most
    left_over = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left_over.bind(str(path))
    left_over.close()
    with service(tmp_path, hills, "--unix-socket", path) as running:
        assert path.stat().st_mode & 0o777 == 0o600
        assert running.screen(LISTED)["outcome"] == "match"
        again = serve("--known", hills, "--unix-socket", path)
        assert (again.exit_code, "another service listens there" in again.stderr) == (2, True)
        assert running.stop() == 0
    assert not path.exists()


def test_nothing_of_pictures_entries_or_tokens_is_stored_or_told(hills: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text(f"{TOKEN}\n")
    tokens.chmod(0o600)
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    entries = re.findall(r"[0-9a-f]{32,}", hills.read_text())
    canary = b"canary-in-a-body-5091"
    places = {"AUDITOR_HOME": str(home), "TMPDIR": str(temporary)}
    with service(tmp_path, hills, "--token-file", tokens, **places) as running:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        told = [json.dumps(running.screen(data, **bearer)) for data in (LISTED, jpeg(objects(2), 40), OTHER, canary)]
        assert [json.loads(text)["outcome"] for text in told] == ["match", "match", "none", "unchecked"]
        told += [running.ask("POST", "/v1/screen", canary)[1], running.ask("GET", "/canary-in-a-path-5091")[1]]
        told += [running.ask("GET", path, **bearer)[1] for path in ("/metrics", "/health", "/v1/openapi.json")]
        written = [path for folder in (home, temporary) for path in folder.rglob("*") if path.is_file()]
        running.stop()
    told.append(running.log.read_text())
    assert told[-1].count("POST /v1/screen 200") == 4, told[-1]
    for text in told:
        for secret in (TOKEN, "5091", *entries, *(entry[:16] for entry in entries)):
            assert secret not in text
        assert not re.search(r"\b[0-9a-f]{16}\b|\bbits\b|distance\b.*\d", text), text
    for path in written:
        assert canary not in path.read_bytes(), path
        assert OTHER[:64] not in path.read_bytes(), path


def test_a_connection_that_sends_no_request_is_closed(hills: Path, tmp_path: Path) -> None:
    from auditor.screening.server import HEAD_SECONDS

    assert HEAD_SECONDS == 10.0
    with service(tmp_path, hills) as running:
        assert running.screen(b"")["why"] == "empty"  # it has started
        with socket.create_connection(("127.0.0.1", running.port), timeout=60) as idle:
            idle.sendall(b"POST /v1/screen HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            began = time.monotonic()
            assert idle.recv(1000) == b""
            assert time.monotonic() - began > HEAD_SECONDS / 2


def test_a_refused_body_that_drips_on_is_cut_off(hills: Path, tmp_path: Path) -> None:
    with (
        service(tmp_path, hills) as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=60) as slow,
    ):
        slow.sendall(b"POST /v1/screen HTTP/1.1\r\nHost: another.example\r\nContent-Length: 1000000\r\n\r\n")
        assert slow.recv(1000).startswith(b"HTTP/1.1 403")
        with pytest.raises(OSError, match=r"Broken pipe|reset|aborted"):
            drip(slow)


def drip(connection: socket.socket) -> None:
    """Send a byte a second, for a minute."""
    for _ in range(60):
        connection.sendall(b"x")
        time.sleep(1)


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at once")
def test_what_is_in_progress_is_answered_before_the_end(hills: Path, tmp_path: Path) -> None:
    slow = animation(40)
    with service(tmp_path, hills) as running:
        assert running.screen(b"")["why"] == "empty"
        with ThreadPoolExecutor(1) as caller:
            answer = caller.submit(running.screen, slow)
            time.sleep(0.3)
            assert running.stop() == 0
            assert answer.result(60)["outcome"] == "none"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--host", "0.0.0.0"), "other machines can reach it, so that callers need a token: give --token-file"),
        (("--host", "::"), "other machines can reach it"),
        (("--known", "nowhere"), "neither a list file nor an imported list"),
        (("--unix-socket", "s.sock", "--port", "1"), "--unix-socket takes the place of --host and --port"),
        (("--unix-socket", "{hills}"), "is there already and no socket"),
    ],
)
def test_a_service_that_cannot_be_safe_does_not_start(hills: Path, options: tuple[str, ...], says: str) -> None:
    result = serve("--known", hills, *(option.format(hills=hills) for option in options))
    assert result.exit_code == 2, result.output
    assert says in result.stderr


def test_without_a_usable_list_it_does_not_start(tmp_path: Path) -> None:
    addresses = tmp_path / "addresses.txt"
    addresses.write_text("# means: test\nhttps://example.org/a.jpg\n")
    for arguments, says in (((), "Missing option '--known'"), (("--known", addresses), "holds nothing that a picture")):
        result = serve(*arguments)
        assert (result.exit_code, says in result.stderr) == (2, True), result.stderr


def test_a_port_that_is_taken_is_named(hills: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = serve("--known", hills, "--port", taken.getsockname()[1])
    assert (result.exit_code, "choose another --port" in result.stderr) == (2, True)
