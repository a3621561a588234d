"""Decoys meet as many pictures as chance does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from auditor.hashing.pdq import dihedral_hashes, hash_spectrum, pdq, pdq_spectrum
from auditor.hashing.thorough_variants import NO_LIMIT
from auditor.known import decoys, near_index
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.known.matcher import Matcher
from auditor.model import Ref
from auditor.samples import Samples, build_sample_batch
from tests import pictures

MakeList = Callable[..., CompiledList]


def disc_hashes(seed: int, count: int) -> list[bytes]:
    """PDQ of bright discs on plain grounds: pictures so plain that some are alike by chance."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[0:64, 0:64] / 63.0
    made = []
    for _ in range(count):
        across, down, radius = random.uniform((0.25, 0.25, 0.15), (0.75, 0.75, 0.25))
        disc = (x - across) ** 2 + (y - down) ** 2 < radius**2
        luma = np.where(disc, 200.0, 60.0) + random.normal(0, 3, x.shape)
        made.append(pdq(luma.clip(0, 255).astype(np.uint8)).digest)
    return made


def to_words(digests: list[bytes]) -> near_index.Words:
    return near_index.digest_words(np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1))


def luma(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("L"))


def test_a_decoy_is_the_hash_of_the_mirror_image() -> None:
    spectrum, _ = pdq_spectrum(luma(pictures.landscape(11, (160, 120))))
    mirrored = to_words([hash_spectrum(spectrum)]) ^ decoys.mirror_masks("pdq")
    views = dihedral_hashes(spectrum)
    apart = near_index.hamming_distances(
        mirrored, to_words([views[name] for name in ("flip-y", "flip-x", "rotate-180")])
    )
    # Not 0: the median is not 0, so a coefficient close to it may stay on its side.
    assert apart.max() <= 16


def test_every_mirroring_is_used_and_the_key_decides_which() -> None:
    hashes = to_words([bytes(row) for row in np.random.RandomState(1).randint(0, 256, (300, 32), np.uint8)])
    ways = {tuple(row) for row in hashes ^ decoys.make_decoys(hashes, "pdq", b"one key")}
    assert ways == {tuple(row) for row in decoys.mirror_masks("pdq")}
    assert (decoys.make_decoys(hashes, "pdq", b"one key") != decoys.make_decoys(hashes, "pdq", b"another")).any()


def count_decoys(known: CompiledList, digests: list[bytes], coverage: Counter[str], limit: int = NO_LIMIT) -> None:
    count = len(digests)
    decoys.count_decoy_matches(known, "pdq", to_words(digests), np.full(count, limit), np.arange(count), coverage)


def test_plain_pictures_match_by_chance_as_often_as_expected(make_list: MakeList) -> None:
    listed, asked = disc_hashes(1, 500), disc_hashes(2, 500)
    known = make_list(make_entries("pdq", listed))
    observed = len(known.find_near("pdq", to_words(asked))[0])
    coverage: Counter[str] = Counter()
    count_decoys(known, asked, coverage)
    (expected,) = decoys.expected_by_chance(coverage)
    assert expected.compared == 500
    assert observed > 10
    assert observed / 2 < expected.matches < observed * 2
    assert observed < expected.upper_limit * 2


def test_ordinary_pictures_match_neither_each_other_nor_decoys(make_list: MakeList) -> None:
    made = [
        pdq(luma(kind(seed, (96, 72)))).digest for kind in (pictures.landscape, pictures.objects) for seed in range(40)
    ]
    known = make_list(make_entries("pdq", made[::2]))
    coverage: Counter[str] = Counter()
    count_decoys(known, made[1::2], coverage)
    assert len(known.find_near("pdq", to_words(made[1::2]))[0]) == 0
    assert decoys.expected_by_chance(coverage) == (decoys.ExpectedByChance("hills", 40, 0, 3.0),)


def test_thorough_variants_are_counted_apart_with_pictures_and_pairs(make_list: MakeList) -> None:
    known = make_list(make_entries("pdq", disc_hashes(1, 500)))
    coverage: Counter[str] = Counter()
    count_decoys(known, disc_hashes(2, 500), coverage, limit=31)
    (leads,) = decoys.expected_by_thorough_chance(coverage)
    assert (leads.list, leads.compared, leads.pictures, leads.pairs) == ("hills", 500, 500, 500 * known.entries)
    assert leads.matches > leads.matched_pictures > 10
    assert decoys.expected_by_chance(coverage) == (decoys.ExpectedByChance("hills", 0, 0, 3.0),)
    fewer: Counter[str] = Counter()
    count_decoys(known, disc_hashes(2, 500), fewer, limit=15)
    assert decoys.expected_by_thorough_chance(fewer)[0].matches < leads.matches


def test_rates_of_leads_by_chance_have_exact_bounds() -> None:
    coverage = {
        "compared with decoys, thorough: hills": 9000,
        "compared with decoys, thorough, pictures: hills": 148,
        "compared with decoys, thorough, pairs: hills": 9_000_000,
        "decoys met by chance, thorough: hills": 20,
        "decoys met by chance, thorough, pictures: hills": 15,
    }
    (leads,) = decoys.expected_by_thorough_chance(coverage)
    # 15 of 148: Newcombe, Statistics in Medicine 17 (1998), table I; a count of 20: Garwood, Biometrika 28 (1936).
    assert leads.picture_rate == pytest.approx((0.0578, 0.1617), abs=0.00006)
    assert (leads.pair_rate.low * leads.pairs, leads.upper_limit) == pytest.approx((12.22, 30.89), abs=0.006)


def test_copies_of_listed_pictures_are_not_compared_with_decoys(make_list: MakeList) -> None:
    digests = disc_hashes(3, 20)
    # Nearly its own mirror image: its decoys are within the threshold of itself.
    y, x = np.mgrid[0:64, 0:64] / 63.0
    centred = pdq(np.where((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.04, 200, 60).astype(np.uint8)).digest
    known = make_list(make_entries("pdq", [centred]))
    batch = build_sample_batch(
        {"sample": ["a", "a", "b"], "pdq": [centred, digests[0], digests[1]], "quality": [90] * 3}, ["pdq"]
    )
    coverage = Matcher((known,)).match(Samples(Ref("dataset", "x"), "computed", batch)).coverage
    assert coverage["compared with decoys: hills"] == 1


@pytest.mark.parametrize(("met", "most"), [(0, 3.0), (1, 4.74), (10, 16.96), (100, 118.1)])
def test_the_upper_bound_is_that_of_a_poisson_count(met: int, most: float) -> None:
    # 95 % one-sided limits: chi-squared quantile (0.95, 2 (n + 1)) / 2, from printed tables.
    (expected,) = decoys.expected_by_chance({"compared with decoys: hills": 1000, "decoys met by chance: hills": met})
    assert expected.upper_limit == pytest.approx(most, rel=0.01)
