"""What --thorough costs: CPU of hashing and matching JPEGs beside the default, against a small and a large list.

python -m tests.benchmarks.bench_thorough [--images N] [--repeat N] [--entries N ...]

Both take turns in one process, on one thread, over the same batch of pictures; figures are medians of CPU
time. Exact digests are computed as well. The parts of --thorough, hashing and matching, are timed apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.known.matcher import Matcher
from auditor.model import Ref
from auditor.samples import Samples
from tests.benchmarks.bench_images import draw
from tests.benchmarks.bench_lists import compiled

ALGORITHMS = ("md5", "sha1", "sha256", "pdq")
MODES = {
    "default": ("oriented", "unpadded", "512"),
    "thorough": ("oriented", "unpadded", "512", "dihedral", "thorough"),
}
MOST = {10_000: 3.0, 1_000_000: 5.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--entries", type=int, nargs="+", default=list(MOST))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, options.images)
        images = [EncodedImage(path.name, path.name, 0, path.read_bytes()) for path in sorted(folder.glob("0*.jpg"))]
        for entries in options.entries:
            rows = np.random.RandomState(5).randint(0, 256, (entries, 32), np.uint8)
            list_folder = folder / f"list-{entries}"
            list_folder.mkdir()
            matcher = Matcher((compiled("pdq", rows, list_folder),))
            times: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
            for _ in range(options.repeat + 1):
                for mode, variants in MODES.items():
                    began = time.process_time()
                    batch = hash_images(images, ALGORITHMS, variants)
                    hashed = time.process_time()
                    matcher.match(Samples(Ref("dataset", "bench"), "computed", batch))
                    times[mode].append((hashed - began, time.process_time() - hashed))
            median = {  # without the first round, which fills caches
                mode: [1000 * statistics.median(part) / len(images) for part in zip(*each[1:], strict=True)]
                for mode, each in times.items()
            }
            ratio = sum(median["thorough"]) / sum(median["default"])
            for mode, (hashing, matching) in median.items():
                print(
                    f"{entries:>9,} entries, {mode:8}: {hashing:6.2f} ms hashing, {matching:6.2f} ms matching a picture"
                )
            print(f"{entries:>9,} entries: {ratio:.2f} times the default (wanted: at most {MOST.get(entries, 5.0)})")


if __name__ == "__main__":
    main()
