"""False matches of the thorough variants: how near different pictures come to each other by chance.

python tests/benchmarks/bench_false_matches.py [--pictures N] [--entries N]

Pictures with the spectrum of photographs (amplitude falling as 1/f^a), with occluding discs and a gradient, are hashed
in every variant and compared with the hashes of other pictures. For each variant are printed the pairs within 31, 40
and 48 bits, the mean, standard deviation and least of the distances, and the rate of pairs within some thresholds. A
rate of 5e-15, at which 2 billion pictures and a million entries give 10 false matches, cannot be counted: it is
extrapolated by a straight line through the logarithm of the cumulative rate at the smallest distances that were
counted. The logarithm falls faster than a line, so the true rate is lower.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from auditor.hashing import pdq
from auditor.hashing.thorough_variants import THRESHOLDS, thorough_hashes

SIDE = 128
WANTED_RATE = 10 / (2e9 * 1e6)
Bits = NDArray[np.float32]


def natural_luma(seed: int) -> NDArray[np.float32]:
    """A plane of luma 0-255 with the spectrum of a photograph, a gradient, and discs that cover each other."""
    random = np.random.RandomState(seed)
    f = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    f[0, 0] = 1
    noise = np.fft.rfft2(random.normal(size=(SIDE, SIDE))) / f ** random.uniform(0.9, 1.6)
    plane = np.fft.irfft2(noise, (SIDE, SIDE))
    plane = (plane - plane.mean()) / plane.std()
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    texture = plane.copy()
    for _ in range(random.randint(0, 12)):
        at_x, at_y, radius, level = random.uniform((0, 0, 0.05, -2), (1, 1, 0.35, 2))
        inside = (x - at_x) ** 2 + ((y - at_y) * random.uniform(0.6, 1.6)) ** 2 < radius**2
        plane[inside] = level + 0.4 * texture[inside]
    plane += random.uniform(-1.5, 1.5) * x + random.uniform(-2.5, 2.5) * y
    return np.clip(128 + random.uniform(30, 70) * (plane - plane.mean()), 0, 255).astype(np.float32)


def as_bits(digests: NDArray[np.uint8]) -> Bits:
    return np.unpackbits(digests, axis=1).astype(np.float32) * 2 - 1


def histogram(queries: NDArray[np.uint8], entries: NDArray[np.uint8]) -> NDArray[np.int64]:
    total = np.zeros(257, np.int64)
    listed = as_bits(entries).T
    for low in range(0, len(queries), 500):
        away = ((256 - as_bits(queries[low : low + 500]) @ listed) / 2).astype(np.int16)
        total += np.bincount(away.ravel(), minlength=257)
    return total


def extrapolate(counts: NDArray[np.int64], threshold: int) -> float:
    """Rate of pairs within the threshold: counted, or by the slope of the smallest distances that were counted."""
    cumulative = np.cumsum(counts)
    pairs = int(cumulative[-1])
    first = int(np.argmax(cumulative >= 10))
    if cumulative[threshold] >= 10:
        return float(cumulative[threshold] / pairs)
    fitted = np.arange(first, first + 16)
    slope, start = np.polyfit(fitted, np.log(cumulative[fitted] / pairs), 1)
    return math.exp(start + slope * threshold)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--entries", type=int, default=20_000)
    options = parser.parse_args()
    listed = [pdq.pdq(natural_luma(10**8 + seed)) for seed in range(options.entries)]
    entries = np.array([np.frombuffer(each.digest, np.uint8) for each in listed if each.quality >= pdq.MIN_QUALITY])
    names = ("", *THRESHOLDS)
    digests: dict[str, list[bytes]] = {name: [] for name in names}
    for seed in range(options.pictures):
        luma = natural_luma(seed)
        found = [("", *pdq.pdq(luma)), *thorough_hashes(luma)]
        for name, digest, quality in found:
            if quality >= pdq.MIN_QUALITY:
                digests[name].append(digest)
    print(f"{options.pictures:,} pictures, {len(entries):,} entries")
    print(
        f"{'variant':28}{'pairs':>10}{'<=31':>6}{'<=40':>6}{'<=48':>7}{'mean':>7}{'sd':>6}{'least':>6}  at 31, 27, 23"
    )
    for name in names:
        queries = np.array([np.frombuffer(each, np.uint8) for each in digests[name]])
        counts = histogram(queries, entries)
        pairs = int(counts.sum())
        bits = np.arange(257)
        mean = float((counts * bits).sum() / pairs)
        deviation = math.sqrt(float((counts * (bits - mean) ** 2).sum() / pairs))
        within = [int(counts[: most + 1].sum()) for most in (31, 40, 48)]
        rates = "  ".join(f"{extrapolate(counts, threshold):.1e}" for threshold in (31, 27, 23))
        least = int(np.argmax(counts > 0))
        counted = f"{pairs:>10.1e}{within[0]:>6}{within[1]:>6}{within[2]:>7}"
        print(f"{name or 'as stored':28}{counted}{mean:>7.1f}{deviation:>6.2f}{least:>6}  {rates}", flush=True)
    print(f"wanted: at most {WANTED_RATE:.0e}")


if __name__ == "__main__":
    main()
