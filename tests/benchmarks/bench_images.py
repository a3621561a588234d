"""A folder of JPEGs: three exact digests and PDQ per core, beside the best peer and beside the limit.

python tests/benchmarks/bench_images.py [--images N] [--repeat N] [--peer-python PYTHON]

Each repetition starts every contender in a fresh process, one after the other, on the same files, and takes
the CPU time of its start (modules, and one small picture), of its first pass (cold: every picture has a
size of its own, so nothing kept for a size helps yet) and of its second (warm). Nothing is timed unless the
results are right: digests equal to hashlib's, PDQ equal to the peer's on the same luma and within 10 bits
of it from the JPEG on. ``--peer-python`` names an interpreter that has threatexchange (or at least pdqhash),
which have no wheels for this version of Python.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SIZE = (1280, 960)
DIGESTS = ("md5", "sha1", "sha256")
STATES = ("start", "cold", "warm")

Found = Mapping[str, Mapping[str, str]]  # by file name and algorithm, in hex


def ours(algorithms: tuple[str, ...] = (*DIGESTS, "pdq")) -> Callable[[list[Path]], Found]:
    from auditor.blob import Blob
    from auditor.part_builders.read_options import ReadOptions
    from auditor.readers import image_files
    from auditor.samples import Samples

    def work(paths: list[Path]) -> Found:
        blobs = [Blob(str(path), path.name, path.stat().st_size, "dataset", "bench") for path in paths]
        rows = [
            row
            for samples in image_files.read(blobs, ReadOptions(frozenset(algorithms)))
            if isinstance(samples, Samples)
            for row in samples.batch.to_pylist()
        ]
        return {row["sample"]: {name: row[name].hex() for name in algorithms} for row in rows}

    return work


def limit() -> Callable[[list[Path]], Found]:
    import simplejpeg

    def work(paths: list[Path]) -> Found:
        found = {}
        for path in paths:
            data = path.read_bytes()
            if path.suffix == ".jpg":
                simplejpeg.decode_jpeg(data, colorspace="GRAY")
            found[path.name] = {name: hashlib.new(name, data).hexdigest() for name in DIGESTS}
        return found

    return work


def peer() -> Callable[[list[Path]], Found]:
    try:
        from threatexchange.signal_type.pdq.signal import PdqSignal

        return lambda paths: {path.name: {"pdq": PdqSignal.hash_from_file(path)} for path in paths}
    except ImportError:
        import numpy as np
        import pdqhash
        from PIL import Image

        def work(paths: list[Path]) -> Found:
            found = {}
            for path in paths:
                with Image.open(path) as image:
                    bits, _ = pdqhash.compute(np.asarray(image.convert("RGB")))
                found[path.name] = {"pdq": np.packbits(bits).tobytes().hex()}
            return found

        return work


def pdq_alone() -> Callable[[list[Path]], Found]:
    """The peer's job: it computes no exact digests."""
    return ours(("pdq",))


CONTENDERS = {"ours": ours, "pdq": pdq_alone, "peer": peer, "limit": limit}


def run_child(name: str, folder: Path) -> None:
    """Prints the CPU seconds of the start and of two passes over the JPEGs, and what was found of every file."""
    small, *paths = sorted(folder.glob("*.jpg"))
    work = CONTENDERS[name]()
    work([small])
    times = {"start": time.process_time()}
    for state in ("cold", "warm"):
        began = time.process_time()
        work(paths)
        times[state] = time.process_time() - began
    print(json.dumps({**times, "found": work([*paths, *sorted(folder.glob("*.png"))])}))


def child(python: str, name: str, folder: Path) -> dict[str, object] | None:
    command = [python, str(Path(__file__).resolve()), "--child", name, str(folder)]
    environment = {**os.environ, **THREADS, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        print(f"{name}: not measured with {python}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def draw(folder: Path, count: int) -> None:
    """JPEGs with grain, as a camera's have, and two gray PNGs, of which every decoder makes the same luma."""
    import numpy as np
    from PIL import Image

    from tests.pictures import jpeg, landscape, objects, pattern, png

    (folder / "!small.jpg").write_bytes(jpeg(landscape(0, (64, 64))))
    for index in range(count):
        size = (SIZE[0] - index, SIZE[1] + index)
        picture = np.asarray((landscape, pattern, objects)[index % 3](index, size), np.int16)
        grain = np.random.RandomState(index).normal(0, 5, picture.shape)
        grainy = Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8))
        (folder / f"{index:04}.jpg").write_bytes(jpeg(grainy, 85))
        if index < 2:
            (folder / f"{index:04}.png").write_bytes(png(grainy.convert("L")))


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def gate(found: Found, other: Found) -> None:
    """Refuses to go on where results differ."""
    for name, theirs in other.items():
        for algorithm, value in theirs.items():
            allowed = 10 if algorithm == "pdq" and name.endswith(".jpg") else 0
            if distance(found[name][algorithm], value) > allowed:
                raise SystemExit(f"{name}: {algorithm} differs from the other's; nothing was compared")


def measure(images: int, repeat: int, peer_python: str) -> dict[str, dict[str, float]]:
    """Return the median CPU seconds of each contender in each state; without the peer where it is missing."""
    times: dict[str, dict[str, list[float]]] = {name: {state: [] for state in STATES} for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, images)
        for _ in range(repeat):
            answers = {
                name: child(peer_python if name == "peer" else sys.executable, name, folder) for name in CONTENDERS
            }
            for name, answer in answers.items():
                if answer is not None and answers["ours"] is not None:
                    gate(answers["ours"]["found"], answer["found"])  # type: ignore[arg-type]
                    for state in STATES:
                        times[name][state].append(answer[state])  # type: ignore[arg-type]
    return {
        name: {state: statistics.median(each) for state, each in states.items()}
        for name, states in times.items()
        if states["warm"]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--child", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(options.child[0], Path(options.child[1]))
        return
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    seconds = measure(options.images, options.repeat, options.peer_python)
    print(f"{options.images} JPEGs of about {SIZE[0]} x {SIZE[1]}, {options.repeat} repetitions, medians of CPU time")
    print(f"{'':8}{'start s':>12}{'cold img/s':>12}{'warm img/s':>12}")
    for name, states in seconds.items():
        speeds = "".join(f"{options.images / states[state]:12.1f}" for state in ("cold", "warm"))
        print(f"{name:8}{states['start']:12.2f}{speeds}")
    if "peer" not in seconds:
        print(f"peer    missing: {options.peer_python} has neither threatexchange nor pdqhash")
    for mine, other in (("ours", "peer"), ("pdq", "peer"), ("ours", "limit")):
        for state in ("cold", "warm") if other in seconds else ():
            print(f"{mine} / {other}, {state}: {seconds[other][state] / seconds[mine][state]:.2f}")


if __name__ == "__main__":
    main()
