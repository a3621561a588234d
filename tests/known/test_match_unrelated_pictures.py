"""Ordinary pictures and manifests match no list of other ordinary pictures. Long: run by hand with --soak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
import pytest

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.known.matcher import Matcher
from auditor.model import Ref
from auditor.samples import DIGEST_BYTES, Samples, build_sample_batch
from tests import pictures

MakeList = Callable[..., CompiledList]
PERCEPTUAL = ["pdq", "phash-64", "dhash-64"]
KINDS = (pictures.landscape, pictures.pattern, pictures.objects)
MANY = 100_000
BATCH = 500


def hash_pictures(first: int, count: int) -> Iterator[pa.RecordBatch]:
    """Hashes, in every form that a scan computes, of pictures of every kind, no two alike."""
    images = (
        EncodedImage(str(seed), "drawn", seed, pictures.png(KINDS[seed % 3](seed, (96, 72))))
        for seed in range(first, first + count)
    )
    while batch := list(islice(images, BATCH)):
        yield hash_images(batch, PERCEPTUAL, {"oriented", "unpadded"})


@pytest.fixture
def known(make_list: MakeList) -> CompiledList:
    (listed,) = hash_pictures(10_000_000, BATCH)
    random = np.random.default_rng(1)
    digests = [
        make_entries(name, [random.bytes(DIGEST_BYTES[name]) for _ in range(10_000)])
        for name in ("md5", "sha256", "pdq")
    ]
    return make_list(*(make_entries(name, listed.column(name).drop_null()) for name in PERCEPTUAL), *digests)


@pytest.mark.soak
def test_no_generated_picture_matches(known: CompiledList) -> None:
    matcher, hits = Matcher((known,)), 0
    for batch in hash_pictures(0, MANY):
        hits += matcher.match(Samples(Ref("dataset", "drawn"), "computed", batch)).hits.num_rows
    assert hits == 0


@pytest.mark.soak
def test_no_row_of_generated_manifests_matches(known: CompiledList) -> None:
    random = np.random.default_rng(2)
    matcher, names = Matcher((known,)), ["md5", "sha256", "pdq", "phash-64"]
    for manifest in range(0, MANY, BATCH):
        columns = {name: [random.bytes(DIGEST_BYTES[name]) for _ in range(BATCH)] for name in names}
        batch = build_sample_batch({"sample": list(map(str, range(BATCH))), **columns}, names)
        found = matcher.match(Samples(Ref("dataset", str(manifest)), "declared", batch))
        assert found.hits.num_rows == 0
