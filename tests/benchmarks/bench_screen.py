"""Screening single pictures: pictures a second of one core in Python, beside threatexchange; and answers over HTTP.

python tests/benchmarks/bench_screen.py python [--pictures N] [--entries N] [--repeat N] [--peer-python PYTHON]
python tests/benchmarks/bench_screen.py http   [--pictures N] [--entries N] [--clients N] [--seconds N] [--interval S]

``python``: each repetition starts every contender in a fresh process, one after the other, on the same JPEGs of 1.2
megapixels and the same PDQ hashes, and takes the CPU time of a pass over the pictures on one thread. The screener has
the files' MD5, SHA-1 and SHA-256 to compare too; threatexchange (hash, then a query of its PDQIndex) has not. Nothing
is timed unless both find the same pictures. ``--peer-python`` names an interpreter that has threatexchange, which has
no wheels for this version of Python.

``http``: a service with a worker a core, and clients on the same machine that keep their connections. Each asks once
every ``--interval`` seconds; then, for comparison, as soon as it has an answer. Nothing is timed unless the answers
over HTTP are those of the screener.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ROOT = Path(__file__).resolve().parents[2]
SIZE = (1280, 960)
LIST = "bench.csv"
LISTED_EACH = 10  # one picture of so many is listed
WANTED_A_SECOND = 100
WANTED_P99_MS = 50
WANTED_MS_AFTER_DECODING = 10

Outcomes = Mapping[str, bool]  # by file name: does it match?


def ours(folder: Path) -> Callable[[list[bytes]], list[bool]]:
    import auditor

    screener = auditor.Screener([folder / LIST])
    return lambda pictures: [screener.screen(data).outcome == "match" for data in pictures]


def decoding(folder: Path) -> Callable[[list[bytes]], list[bool]]:
    """Only decode, as the screener does first: what it takes beyond this is the time after decoding."""
    from auditor.hashing.decode import decode_image

    return lambda pictures: [decode_image(data) is None for data in pictures]


def peer(folder: Path) -> Callable[[list[bytes]], list[bool]]:
    from threatexchange.signal_type.pdq.signal import PdqSignal

    lines = (folder / LIST).read_text().splitlines()[2:]
    index = PdqSignal.get_index_cls().build([(line.split(",")[0], None) for line in lines])
    return lambda pictures: [bool(index.query(PdqSignal.hash_from_bytes(data))) for data in pictures]


CONTENDERS = {"ours": ours, "peer": peer, "decoding": decoding}


def draw(folder: Path, count: int, entries: int) -> None:
    """Write JPEGs with grain, as a camera's have, and a list of some of them and of random hashes."""
    import numpy as np
    from PIL import Image

    from auditor.hashing.hash_images import EncodedImage, hash_images
    from tests.pictures import jpeg, landscape, objects, pattern

    algorithms = ("pdq", "md5", "sha1", "sha256")
    random = np.random.RandomState(1)
    widths = {"pdq": 32, "md5": 16, "sha1": 20, "sha256": 32}
    rows = [",".join(random.bytes(widths[name]).hex() for name in algorithms) for _ in range(entries)]
    for number in range(count):
        picture = np.asarray((landscape, pattern, objects)[number % 3](number, SIZE), np.int16)
        grain = random.normal(0, 5, picture.shape)
        grainy = Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8))
        data = jpeg(grainy, 85)
        (folder / f"{number:04}.jpg").write_bytes(data)
        if number % LISTED_EACH == 0:
            copy = hash_images([EncodedImage("", "", 0, jpeg(grainy, 60))], algorithms, ()).to_pylist()[0]
            rows.append(",".join(copy[name].hex() for name in algorithms))
    (folder / LIST).write_text("\n".join(["# means: test", ",".join(algorithms), *rows]) + "\n")


def pictures_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jpg"))}


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, **THREADS, "PYTHONPATH": str(ROOT), "AUDITOR_HOME": str(folder / "home")}


def run_child(name: str, folder: Path) -> None:
    """Print the CPU seconds of a pass over the pictures, and which of them match."""
    pictures = pictures_of(folder)
    work = CONTENDERS[name](folder)
    found = work(list(pictures.values()))
    began = time.process_time()
    work(list(pictures.values()))
    print(json.dumps({"seconds": time.process_time() - began, "found": dict(zip(pictures, found, strict=True))}))


def child(python: str, name: str, folder: Path) -> dict[str, Any] | None:
    command = [python, str(Path(__file__).resolve()), "child", "--name", name, "--folder", str(folder)]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: not measured with {python}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def python_rates(folder: Path, pictures: int, repeat: int, peer_python: str) -> dict[str, float]:
    """Return the pictures a CPU second of each contender; without the peer where it is missing."""
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(repeat):
        answers = {name: child(peer_python if name == "peer" else sys.executable, name, folder) for name in CONTENDERS}
        mine, theirs = answers["ours"], answers["peer"]
        if mine is None or (theirs is not None and theirs["found"] != mine["found"]):
            raise SystemExit("the contenders find different pictures; nothing was compared")
        for name, answer in answers.items():
            if answer is not None:
                times[name].append(answer["seconds"])
    return {name: pictures / statistics.median(each) for name, each in times.items() if each}


def measure_python(folder: Path, options: argparse.Namespace) -> None:
    rates = python_rates(folder, options.pictures, options.repeat, options.peer_python)
    print(
        f"{options.pictures} JPEGs of {SIZE[0]} x {SIZE[1]}, {options.entries:,} entries, one core, medians of CPU time"
    )
    for name, rate in rates.items():
        print(f"  {name:<10}{rate:>8.1f} pictures/s{1000 / rate:>8.2f} ms a picture")
    if "peer" in rates:
        print(f"  ours / peer: {rates['ours'] / rates['peer']:.1f}")
    else:
        print(f"  peer: missing: {options.peer_python} has no threatexchange")
    after = 1000 / rates["ours"] - 1000 / rates["decoding"]
    print(f"  after decoding: {after:.2f} ms (wanted: at most {WANTED_MS_AFTER_DECODING})")
    print(f"  wanted: at least {WANTED_A_SECOND} pictures/s")


@contextmanager
def service(folder: Path) -> Any:
    """Start a service, and yield its port."""
    command = [sys.executable, "-m", "auditor", "screen", "serve", "--known", str(folder / LIST), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--rate", "100000"], env=environment(folder), stderr=subprocess.PIPE, text=True, cwd=folder
    )
    assert process.stderr
    try:
        yield int(re.search(r"port (\d+)", process.stderr.readline())[1])  # type: ignore[index]
    finally:
        process.terminate()
        process.wait()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> dict[str, Any]:
    """Send one picture over a connection that is kept, and return the answer."""
    host = "127.0.0.1:{}".format(writer.get_extra_info("peername")[1])
    writer.write(f"POST /v1/screen HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert head.startswith("HTTP/1.1 200"), head
    length = int(re.search(r"content-length: (\d+)", head)[1])  # type: ignore[index]
    return json.loads(await reader.readexactly(length))  # type: ignore[no-any-return]


async def client(port: int, pictures: list[bytes], first: float, interval: float, until: float) -> list[float]:
    """Ask again and again until a moment; return the seconds that each answer took, from when it was due."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    due, number = first, int(first * 1000)
    while (now := time.perf_counter()) < until:
        if due > now:
            await asyncio.sleep(due - now)
        began = due if interval else time.perf_counter()
        await ask(reader, writer, pictures[number % len(pictures)])
        taken.append(time.perf_counter() - began)
        number, due = number + 1, due + interval
    writer.close()
    return taken


async def load(port: int, pictures: list[bytes], clients: int, interval: float, seconds: float) -> list[float]:
    began = time.perf_counter()
    spread = (interval or 1.0) / clients
    asking = (client(port, pictures, began + n * spread, interval, began + seconds) for n in range(clients))
    return sorted(second for each in await asyncio.gather(*asking) for second in each)


async def compare(port: int, pictures: list[bytes]) -> list[bool]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = [(await ask(reader, writer, data))["outcome"] == "match" for data in pictures]
    writer.close()
    return found


def measure_http(folder: Path, options: argparse.Namespace) -> None:
    pictures = list(pictures_of(folder).values())
    os.environ["AUDITOR_HOME"] = str(folder / "home")
    expected = ours(folder)(pictures)
    with service(folder) as port:
        if asyncio.run(compare(port, pictures)) != expected:
            raise SystemExit("the service and the screener find different pictures; nothing was timed")
        print(f"{options.clients} clients, JPEGs of {SIZE[0]} x {SIZE[1]}, {options.entries:,} entries")
        for interval in (options.interval, 0.0):
            taken = asyncio.run(load(port, pictures, options.clients, interval, options.seconds))
            p50, p99 = (1000 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
            how = f"one every {interval:g} s each" if interval else "without a pause"
            wanted = f" (wanted: p99 at most {WANTED_P99_MS} ms)" if interval else ""
            rate = len(taken) / options.seconds
            print(f"  {how:<20}{rate:>8.1f} pictures/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms{wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["python", "http", "child"])
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.what == "child":
        run_child(options.name, options.folder)
        return
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, options.pictures, options.entries)
        (measure_python if options.what == "python" else measure_http)(folder, options)


if __name__ == "__main__":
    main()
