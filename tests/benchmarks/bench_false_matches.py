"""False matches of the thorough variants: how near different pictures come to each other by chance.

python tests/benchmarks/bench_false_matches.py [--pictures N] [--entries N] [--workers N]

Four kinds of pictures are made: the spectrum of photographs (amplitude falling as 1/f^a) with discs that cover each
other; shapes on a plain ground; soft gradients with a little texture; pages of text. Every picture is hashed in every
variant and looked up among the hashes of other pictures of the same kinds, within 31 bits. For each variant are
printed: the pairs that were compared and those within its threshold, with the upper end of the exact 95 % interval of
the rate for each pair; the same for each picture; the mean, standard deviation and least of the distances, over a part
of the entries; and the rates at 31, 27 and 23 bits by extrapolation. A rate of 5e-15, at which 2 billion pictures and a
million entries give 10 false matches, is too small to be counted: a straight line is laid through the logarithm of the
cumulative rate at the smallest distances that were counted. The logarithm falls faster than a line, so the true rate
is lower.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from auditor.hashing import pdq
from auditor.hashing.thorough_variants import THRESHOLDS, thorough_hashes
from auditor.intervals import rate_interval
from auditor.known.near_index import DEFAULT_THRESHOLDS, NearIndex, build_near_index, digest_words, index_shapes

SIDE = 128
WANTED_RATE = 10 / (2e9 * 1e6)
VARIANTS = ("", *THRESHOLDS)
WIDEST = DEFAULT_THRESHOLDS["pdq"]
FIRST_ENTRY = 10**8  # the seed of the first listed picture; those of the others are below
CHUNK = 200
DISTANCES_OF = 500  # the entries whose distances are all counted
Luma = NDArray[np.float32]
Digests = NDArray[np.uint8]
Random = np.random.RandomState


def texture(random: Random, falloff: float) -> Luma:
    """A plane of noise whose amplitude falls as 1/frequency^falloff; its mean is 0 and its deviation 1."""
    f = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    f[0, 0] = 1
    plane = np.fft.irfft2(np.fft.rfft2(random.normal(size=(SIDE, SIDE))) / f**falloff, (SIDE, SIDE))
    return np.asarray((plane - plane.mean()) / plane.std(), np.float32)


def photograph(random: Random) -> Luma:
    plane = texture(random, random.uniform(0.9, 1.6))
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    ground = plane.copy()
    for _ in range(random.randint(0, 12)):
        at_x, at_y, radius, level = random.uniform((0, 0, 0.05, -2), (1, 1, 0.35, 2))
        inside = (x - at_x) ** 2 + ((y - at_y) * random.uniform(0.6, 1.6)) ** 2 < radius**2
        plane[inside] = level + 0.4 * ground[inside]
    plane += random.uniform(-1.5, 1.5) * x + random.uniform(-2.5, 2.5) * y
    return np.asarray(128 + random.uniform(30, 70) * (plane - plane.mean()), np.float32)


def shapes(random: Random) -> Luma:
    """Boxes and discs of plain gray, one over the other, on a plain ground."""
    plane = np.full((SIDE, SIDE), random.uniform(0, 255), np.float32)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    for _ in range(random.randint(3, 15)):
        at_x, at_y, width, height, turn = random.uniform((0, 0, 0.05, 0.05, 0), (1, 1, 0.4, 0.4, np.pi))
        along = (np.cos(turn) * (x - at_x) + np.sin(turn) * (y - at_y)) / width
        across = (np.cos(turn) * (y - at_y) - np.sin(turn) * (x - at_x)) / height
        inside = along**2 + across**2 < 1 if random.randint(2) else np.maximum(np.abs(along), np.abs(across)) < 1
        plane[inside] = random.uniform(0, 255)
    return plane


def gradients(random: Random) -> Luma:
    """A few soft waves and slopes with a little texture, as of skies and studio grounds."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    plane = 0.3 * texture(random, 1.2)
    for _ in range(random.randint(2, 6)):
        turn, waves, phase = random.uniform((0, 0.3, 0), (2 * np.pi, 2.5, 2 * np.pi))
        plane = plane + np.sin(2 * np.pi * waves * (np.cos(turn) * x + np.sin(turn) * y) + phase)
    return np.asarray(128 + random.uniform(30, 70) * plane, np.float32)


def text(random: Random) -> Luma:
    """A page with lines of words in paragraphs, dark on light or light on dark, and now and then a picture."""
    ink, paper = sorted(random.uniform((0, 150), (100, 255)))[:: random.choice((1, 1, 1, -1))]
    plane = np.full((SIDE, SIDE), paper, np.float32)
    left, right = random.randint(2, 24), SIDE - random.randint(2, 24)
    size = random.randint(2, 9)
    at = random.randint(2, 24)
    while at + size < SIDE - 4:
        if random.uniform() < 0.08:
            height = min(random.randint(12, 40), SIDE - 4 - at)
            width = random.randint(20, right - left)
            plane[at : at + height, left : left + width] += 40 * texture(random, 1.2)[:height, :width]
            at += height + size
            continue
        end = right if random.uniform() < 0.8 else random.randint(left + 10, right)
        across = left
        while across < end:
            word = min(random.randint(size, 7 * size), end - across)
            strokes = random.uniform(0.2, 1, (size, word)) * (random.uniform(size=word) < 0.75)
            plane[at : at + size, across : across + word] += np.asarray((ink - paper) * strokes, np.float32)
            across += word + max(1, size // 2)
        at += size + max(1, round(size * random.uniform(0.4, 0.9))) + (size if end < right else 0)
    return plane


KINDS = (photograph, shapes, gradients, text)


def picture(seed: int) -> Luma:
    """Luma 0-255 of the picture with this seed."""
    return np.clip(KINDS[seed % len(KINDS)](Random(seed)), 0, 255)


class Found(NamedTuple):
    """What came of some pictures: for each variant, by distance and by kind."""

    pairs_near: NDArray[np.int64]  # (variants, WIDEST + 1): pairs at each distance, of all entries
    distances: NDArray[np.int64]  # (variants, 257): pairs at each distance, of the first entries
    queries: NDArray[np.int64]  # (variants,): hashes of enough quality
    pictures_matched: NDArray[np.int64]  # (variants,)
    matched_by_kind: NDArray[np.int64]  # (variants, kinds): pictures
    leads: int  # pictures that any thorough variant matches


def stored_hashes(seeds: range) -> Digests:
    """The hashes (n, 32) of these pictures, without those of low quality."""
    hashed = [pdq.pdq(picture(seed)) for seed in seeds]
    good = [np.frombuffer(each.digest, np.uint8) for each in hashed if each.quality >= pdq.MIN_QUALITY]
    return np.array(good, np.uint8).reshape(-1, 32)


INDEX: list[tuple[NearIndex, NDArray[np.float32]]] = []  # of a worker: the entries, and the first of them as signs


def open_index(digests: Digests) -> None:
    words = digest_words(digests)
    ids_shape, tables_shape = index_shapes(len(words), 256)
    ids, tables = np.empty(ids_shape, np.uint32), np.empty(tables_shape, np.uint32)
    build_near_index(words, ids, tables)
    INDEX.append((NearIndex(words, ids, tables), as_signs(digests[:DISTANCES_OF]).T))


def as_signs(digests: Digests) -> NDArray[np.float32]:
    return np.unpackbits(digests, axis=1).astype(np.float32) * 2 - 1


def compare(seeds: range) -> Found:
    """Hash these pictures in every variant and compare them with the entries."""
    index, first_entries = INDEX[0]
    digests: Mapping[str, list[bytes]] = {name: [] for name in VARIANTS}
    owners: Mapping[str, list[int]] = {name: [] for name in VARIANTS}
    for seed in seeds:
        luma = picture(seed)
        for name, digest, quality in [("", *pdq.pdq(luma)), *thorough_hashes(luma)]:
            if quality >= pdq.MIN_QUALITY:
                digests[name].append(digest)
                owners[name].append(seed)
    near = np.zeros((len(VARIANTS), WIDEST + 1), np.int64)
    distances = np.zeros((len(VARIANTS), 257), np.int64)
    by_kind = np.zeros((len(VARIANTS), len(KINDS)), np.int64)
    leads: set[int] = set()
    for at, name in enumerate(VARIANTS):
        queries = np.frombuffer(b"".join(digests[name]), np.uint8).reshape(-1, 32)
        rows, _, away = index.search(digest_words(queries), WIDEST)
        near[at] = np.bincount(away, minlength=WIDEST + 1)
        matched = {owners[name][row] for row in rows[away <= threshold(name)]}
        by_kind[at] = np.bincount([seed % len(KINDS) for seed in matched], minlength=len(KINDS))
        leads |= matched if name else set()
        apart = ((256 - as_signs(queries) @ first_entries) / 2).astype(np.int16)
        distances[at] = np.bincount(apart.ravel(), minlength=257)
    queries_of = np.array([len(digests[name]) for name in VARIANTS])
    return Found(near, distances, queries_of, by_kind.sum(axis=1), by_kind, len(leads))


def threshold(variant: str) -> int:
    return THRESHOLDS.get(variant, WIDEST)


def rate_at(distances: NDArray[np.int64], most: int) -> float:
    """Extrapolate the rate of pairs within this distance from the smallest distances that were counted."""
    cumulative = np.cumsum(distances)
    first = int(np.argmax(cumulative >= 10))
    if first <= most:
        return float(cumulative[most] / cumulative[-1])
    fitted = np.arange(first, first + 16)
    slope, start = np.polyfit(fitted, np.log(cumulative[fitted] / cumulative[-1]), 1)
    return math.exp(start + slope * most)


def chunks(first: int, count: int) -> Sequence[range]:
    return [range(low, min(low + CHUNK, first + count)) for low in range(first, first + count, CHUNK)]


def rate(events: int, trials: int) -> str:
    return f"{events:,} ({events / trials:.1e}, at most {rate_interval(events, trials).high:.1e})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as pool:
        entries = np.concatenate(list(pool.map(stored_hashes, chunks(FIRST_ENTRY, options.entries))))
    with ProcessPoolExecutor(options.workers, initializer=open_index, initargs=(entries,)) as pool:
        found = Found(*map(sum, zip(*pool.map(compare, chunks(0, options.pictures)), strict=True)))  # type: ignore[arg-type]
    print(f"{options.pictures:,} pictures, {len(entries):,} entries; within brackets the rate and its 95 % bound")
    print(
        f"{'variant':24}{'limit':>6} {'pairs':>8}  {'pairs within':34}{'pictures':34}{'mean':>6}{'sd':>6}{'least':>6}"
    )
    for at, name in enumerate(VARIANTS):
        pairs = int(found.queries[at]) * len(entries)
        within = int(found.pairs_near[at, : threshold(name) + 1].sum())
        counts = found.distances[at]
        mean = float(np.average(np.arange(257), weights=counts))
        deviation = math.sqrt(float(np.average((np.arange(257) - mean) ** 2, weights=counts)))
        pictures = rate(int(found.pictures_matched[at]), int(found.queries[at]))
        print(
            f"{name or 'as stored':24}{threshold(name):>6} {pairs:>8.1e}  {rate(within, pairs):34}{pictures:34}"
            f"{mean:>6.1f}{deviation:>6.2f}{int(np.argmax(counts > 0)):>6}"
            f"  {', '.join(f'{rate_at(counts, most):.0e}' for most in (31, 27, 23))}",
            flush=True,
        )
    thorough_pairs = int(found.queries[1:].sum()) * len(entries)
    within = sum(int(found.pairs_near[at, : threshold(name) + 1].sum()) for at, name in enumerate(VARIANTS) if name)
    print(f"all thorough variants, each pair: {rate(within, thorough_pairs)} of {thorough_pairs:.1e}")
    print(f"all thorough variants, each picture: {rate(found.leads, options.pictures)}")
    for at, name in enumerate(VARIANTS):
        if found.pictures_matched[at]:
            kinds = zip(KINDS, found.matched_by_kind[at], strict=True)
            near = {away: int(number) for away, number in enumerate(found.pairs_near[at]) if number}
            print(f"{name or 'as stored'}: {', '.join(f'{kind.__name__} {number}' for kind, number in kinds)}; {near}")
    print("extrapolated at 31, 27 and 23 bits in the last columns; wanted: at most", f"{WANTED_RATE:.0e}")


if __name__ == "__main__":
    main()
