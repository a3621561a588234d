"""The Merkle tree against the vectors of Certificate Transparency's own tests, and its laws."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sealing.merkle import (
    append_leaf,
    completed_subtrees,
    consistency_proof,
    hash_leaf,
    hash_parent,
    inclusion_proof,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

# google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc: eight entries, and the root after each.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = """
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()
# The same tests' proofs: (leaf, size) and (old, new).
INCLUSION = {
    (0, 8): """96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7
        5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e
        6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4""",
    (5, 8): """bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b
        ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
        d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7""",
    (2, 3): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
}
CONSISTENCY = {
    (1, 8): INCLUSION[0, 8],
    (6, 8): """0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a
        ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
        d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7""",
    (2, 5): """5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e
        bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b""",
}


class Log(dict[tuple[int, int], bytes]):
    """A log of entries, as its complete subtrees."""

    def __init__(self, entries: list[bytes]) -> None:
        for number, entry in enumerate(entries):
            for level, at, hashed in completed_subtrees(number, hash_leaf(entry), self.node):
                self[level, at] = hashed

    def node(self, level: int, number: int) -> bytes:
        return self[level, number]


def plain_root(entries: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hash_leaf(entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hash_parent(plain_root(entries[:split]), plain_root(entries[split:]))


def test_roots_are_those_of_certificate_transparency() -> None:
    log = Log(ENTRIES)
    assert [root_hash(size, log.node).hex() for size in range(1, 9)] == ROOTS
    assert root_hash(0, log.node).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_proofs_are_those_of_certificate_transparency() -> None:
    log = Log(ENTRIES)
    for (number, size), path in INCLUSION.items():
        assert [step.hex() for step in inclusion_proof(number, size, log.node)] == path.split()
    for (old, new), path in CONSISTENCY.items():
        assert [step.hex() for step in consistency_proof(old, new, log.node)] == path.split()


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=200))
def test_a_few_subtrees_are_enough_for_the_root(entries: list[bytes]) -> None:
    tree: dict[tuple[int, int], bytes] = {}
    for number, entry in enumerate(entries):
        assert append_leaf(tree, number, hash_leaf(entry))[0] == (0, number, hash_leaf(entry))
        assert len(tree) == (number + 1).bit_count()
    assert root_hash(len(entries), lambda level, at: tree[level, at]) == plain_root(entries)


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=70), st.data())
def test_every_leaf_has_a_valid_proof_and_nothing_else_has(entries: list[bytes], data: st.DataObject) -> None:
    log, size = Log(entries), len(entries)
    top = root_hash(size, log.node)
    assert top == plain_root(entries)
    number = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(number, size, log.node)
    assert verify_inclusion(hash_leaf(entries[number]), number, size, proof, top)
    assert not verify_inclusion(hash_leaf(b"another entry"), number, size, proof, top)
    assert not verify_inclusion(hash_leaf(entries[number]), number, size, (*proof, top), top)
    assert not verify_inclusion(hash_leaf(entries[number]), size, size, proof, top)
    if proof:
        assert not verify_inclusion(hash_leaf(entries[number]), number, size, proof[:-1], top)


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=70), st.data())
def test_a_log_that_grew_is_consistent_and_a_rewritten_log_is_not(entries: list[bytes], data: st.DataObject) -> None:
    new = len(entries)
    old = data.draw(st.integers(0, new))
    log = Log(entries)
    was, now = root_hash(old, log.node), root_hash(new, log.node)
    proof = consistency_proof(old, new, log.node)
    assert verify_consistency(old, new, was, now, proof)
    if old:
        place = data.draw(st.integers(0, old - 1))
        other = Log([*entries[:place], entries[place] + b"!", *entries[place + 1 :]])
        rewritten = root_hash(new, other.node)
        assert not verify_consistency(old, new, was, rewritten, consistency_proof(old, new, other.node))
    assert not verify_consistency(old, new, was, now, (*proof, was))


def test_proofs_of_missing_leaves_are_refused() -> None:
    log = Log(ENTRIES)
    with pytest.raises(ValueError, match="there is no leaf 8 among 8"):
        inclusion_proof(8, 8, log.node)
    with pytest.raises(ValueError, match="did not grow"):
        consistency_proof(9, 8, log.node)
    assert not verify_consistency(3, 8, plain_root(ENTRIES[:3]), plain_root(ENTRIES), ())
