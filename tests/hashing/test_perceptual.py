"""pHash and dHash are those of the imagehash library, byte for byte as it writes them."""

from auditor.hashing.perceptual import perceptual_hashes
from tests.pictures import landscape

# What str(imagehash.phash(…)) and str(imagehash.dhash(…)) of ImageHash 4.3.2 give of landscape(7).
EXPECTED = {"phash-64": "9de9a136303d6a5a", "dhash-64": "1a325134ad6c76bb"}


def test_digests_are_the_librarys_hex() -> None:
    found = perceptual_hashes(landscape(7).convert("L"), ("phash-64", "dhash-64"))
    assert {name: digest.hex() for name, digest in found.items()} == EXPECTED


def test_only_the_wanted_ones_are_computed() -> None:
    assert set(perceptual_hashes(landscape(7).convert("L"), {"dhash-64", "pdq"})) == {"dhash-64"}
