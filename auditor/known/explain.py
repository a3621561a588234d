"""Why a picture matches a list or does not, without giving the list away.

Distances to a confidential perceptual hash let one search for it, step by step. So a miss never says how far away the
nearest entry is, and a hit says it only to those who may see places; a list of test entries hides nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import UsageError
from auditor.hashing.hash_images import COMPUTED_ALGORITHMS, EncodedImage, hash_images
from auditor.hashing.pdq import MIN_QUALITY
from auditor.known import exact_index, near_index
from auditor.known.compiled_list import CompiledList
from auditor.known.matcher import Matcher
from auditor.model import Ref
from auditor.samples import EXACT_ALGORITHMS, NEAR_ALGORITHMS, Samples

VARIANTS = ("oriented", "unpadded", "dihedral", "512")
_CHUNK = 1 << 20


def why(image: Path, known: CompiledList, *, places: bool = False) -> Iterator[str]:
    """Lines for a person: what was compared, and what came of it, by algorithm."""
    try:
        data = image.read_bytes()
    except OSError as error:
        raise UsageError(f"{image}: cannot be read: {error.strerror}") from error
    batch = hash_images([EncodedImage(image.name, image.name, 0, data)], sorted(known.algorithms), VARIANTS)
    samples = Samples(Ref("dataset", ""), "computed", batch)
    # A benign list's matches are no hits of a scan; here they are what is asked for.
    hits = Matcher((replace(known, means="test"),)).match(samples).hits.to_pylist()
    yield f"{known.name} version {known.version} means {known.means}: {known.entries:,} entries"
    stored = batch.slice(0, 1).to_pylist()[0]
    if stored["gap"]:
        yield f"picture: {stored['gap']}"
    for algorithm in sorted(known.algorithms):
        if algorithm not in COMPUTED_ALGORITHMS:
            yield f"{algorithm}: not compared; it cannot be computed from a picture here"
            continue
        rows = [row for row in batch.to_pylist() if row[algorithm] is not None]
        if algorithm == "pdq":
            rows = yield from _of_quality(rows)
        if not rows:
            yield f"{algorithm}: not compared"
            continue
        forms = ", ".join(row["variant"] or "as stored" for row in rows)
        met = [hit for hit in hits if hit["algorithm"] == algorithm]
        for hit in sorted(met, key=lambda hit: (hit["distance"], hit["token"])):
            yield f"{algorithm}: {_matched(hit, places or known.means == 'test')}; compared: {forms}"
        if not met:
            yield f"{algorithm}: {_missed(algorithm, rows, known)}; compared: {forms}"


def _of_quality(rows: list[dict[str, Any]]) -> Generator[str, None, list[dict[str, Any]]]:
    """The forms that can be matched; says which cannot."""
    good = [row for row in rows if row["quality"] >= MIN_QUALITY]
    for row in rows:
        if not row["variant"] or row not in good:
            fate = "can be matched" if row in good else f"below {MIN_QUALITY}, cannot be matched"
            yield f"pdq quality: {row['quality']} {row['variant'] or 'as stored'}: {fate}"
    return good


def _matched(hit: dict[str, Any], distances: bool) -> str:
    far = f"near, {hit['distance']} bits away" if distances else "near"
    how = "exact" if hit["algorithm"] in EXACT_ALGORITHMS else far
    classified = f", classified {hit['classification']}" if hit["classification"] else ""
    return f"matches entry {hit['token']}{classified} ({how}) {hit['variant'] or 'as stored'}"


def _missed(algorithm: str, rows: list[dict[str, Any]], known: CompiledList) -> str:
    if algorithm not in known.thresholds:
        return "no entry equals it"
    if known.means != "test" or algorithm not in NEAR_ALGORITHMS:
        return "none within threshold"
    words = near_index.words_of(
        np.frombuffer(b"".join(row[algorithm] for row in rows), np.uint8).reshape(len(rows), -1)
    )
    nearest = _nearest(known, algorithm, words)
    return f"none within threshold {known.thresholds[algorithm]}; the nearest is {nearest} bits away"


def _nearest(known: CompiledList, algorithm: str, words: near_index.Words) -> int:
    count = known.manifest["algorithms"][algorithm]["entries"]
    stretches = (np.arange(low, min(low + _CHUNK, count)) for low in range(0, count, _CHUNK))
    listed = (near_index.words_of(exact_index.rows_of(known.values(algorithm, stretch))) for stretch in stretches)
    return min(int(near_index.scan(part, words, 64 * words.shape[1])[2].min()) for part in listed)
