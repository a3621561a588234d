"""The pictures that stand for known content must be ordinary ones that PDQ trusts and tells apart."""

import itertools

import numpy as np

from auditor.hashing.pdq import pdq
from tests.pictures import jpeg, landscape, objects, pattern


def test_every_picture_has_a_quality_of_at_least_80_and_stands_apart_from_all_others() -> None:
    drawn = [draw(seed, (240, 180)) for draw in (landscape, pattern, objects) for seed in range(8)]
    hashes = [pdq(np.asarray(picture.convert("L"))) for picture in drawn]
    assert min(each.quality for each in hashes) >= 80
    assert all(
        (int.from_bytes(one.digest) ^ int.from_bytes(other.digest)).bit_count() > 60
        for one, other in itertools.combinations(hashes, 2)
    )


def test_the_same_seed_draws_the_same_picture() -> None:
    assert jpeg(landscape(3)) == jpeg(landscape(3))
