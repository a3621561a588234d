"""Explain why a picture matches a list or does not, without revealing the list.

Anyone who knows distances to a confidential hash can search for it step by step. So a miss never shows the distance of
the nearest entry, and a hit shows it only to those who may see places. A list of test entries is not confidential.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import UsageError
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.hashing.pdq import MIN_QUALITY
from auditor.hashing.thorough_variants import is_thorough
from auditor.known import exact_index, near_index
from auditor.known.compiled_list import CompiledList
from auditor.known.matcher import Matcher
from auditor.model import Ref
from auditor.samples import COMPUTED_ALGORITHMS, EXACT_ALGORITHMS, NEAR_ALGORITHMS, Samples

VARIANTS = ("oriented", "unpadded", "dihedral", "512")
_BATCH_ROWS = 1 << 20


def explain_match(image: Path, known: CompiledList, *, places: bool = False, thorough: bool = False) -> Iterator[str]:
    """Yield lines that explain a match or a miss: for each algorithm, what was compared and what matched.

    Args:
        image: A picture's file.
        known: The list.
        places: Say how far away a match is, which is confidential.
        thorough: Compare the picture with common edits undone too; such a match alone is a lead.
    """
    try:
        data = image.read_bytes()
    except OSError as error:
        raise UsageError(f"{image}: cannot be read: {error.strerror}") from error
    variants = (*VARIANTS, "thorough") if thorough else VARIANTS
    batch = hash_images([EncodedImage(image.name, image.name, 0, data)], sorted(known.algorithms), variants)
    samples = Samples(Ref("dataset", ""), "computed", batch)
    # Matches of a benign list are no hits of a scan; here they are shown.
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
            rows = yield from _rows_of_quality(rows)
        if not rows:
            yield f"{algorithm}: not compared"
            continue
        forms = ", ".join(row["variant"] or "as stored" for row in rows)
        matched = [hit for hit in hits if hit["algorithm"] == algorithm]
        for hit in sorted(matched, key=lambda hit: (hit["distance"], hit["token"])):
            yield f"{algorithm}: {_describe_hit(hit, places or known.means == 'test')}; compared: {forms}"
        if not matched:
            yield f"{algorithm}: {_describe_miss(algorithm, rows, known)}; compared: {forms}"


def _rows_of_quality(rows: list[dict[str, Any]]) -> Generator[str, None, list[dict[str, Any]]]:
    """Yield a line that explains each form of the picture whose PDQ cannot be matched; return the other forms."""
    good = [row for row in rows if row["quality"] >= MIN_QUALITY]
    for row in rows:
        if not row["variant"] or row not in good:
            fate = "can be matched" if row in good else f"below {MIN_QUALITY}, cannot be matched"
            yield f"pdq quality: {row['quality']} {row['variant'] or 'as stored'}: {fate}"
    return good


def _describe_hit(hit: dict[str, Any], distances: bool) -> str:
    """Return a line that explains which list entry a picture matches, and how."""
    far = f"near, {hit['distance']} bits away" if distances else "near"
    how = "exact" if hit["algorithm"] in EXACT_ALGORITHMS else far
    classified = f", classified {hit['classification']}" if hit["classification"] else ""
    lead = ", a lead only" if is_thorough(hit["variant"]) else ""
    return f"matches entry {hit['token']}{classified} ({how}) {hit['variant'] or 'as stored'}{lead}"


def _describe_miss(algorithm: str, rows: list[dict[str, Any]], known: CompiledList) -> str:
    """Return a line that explains why a picture's hashes of one algorithm match no entry of a list."""
    if algorithm not in known.thresholds:
        return "no entry equals it"
    if known.means != "test" or algorithm not in NEAR_ALGORITHMS:
        return "none within threshold"
    words = near_index.digest_words(
        np.frombuffer(b"".join(row[algorithm] for row in rows), np.uint8).reshape(len(rows), -1)
    )
    nearest = _nearest_distance(known, algorithm, words)
    return f"none within threshold {known.thresholds[algorithm]}; the nearest is {nearest} bits away"


def _nearest_distance(known: CompiledList, algorithm: str, words: near_index.Words) -> int:
    """Return for an explanation the distance of a picture's hash from the nearest entry of the list."""
    count = known.manifest["algorithms"][algorithm]["entries"]
    batches = (np.arange(low, min(low + _BATCH_ROWS, count)) for low in range(0, count, _BATCH_ROWS))
    listed = (near_index.digest_words(exact_index.digest_rows(known.values(algorithm, batch))) for batch in batches)
    return min(int(near_index.brute_force_search(block, words, 64 * words.shape[1])[2].min()) for block in listed)
