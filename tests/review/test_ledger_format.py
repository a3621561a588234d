"""The test vectors of docs/ledger-format.md, written again by the program and read by a verifier without its code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from auditor.review.checkpoints import Checkpoint, cosign_checkpoint
from auditor.review.published_checkpoints import PublishedCheckpoint
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey
from tests.review import independent_verifier

SPECIFICATION = Path(__file__).parents[2] / "docs" / "ledger-format.md"
WITNESS = SigningKey.from_seed(b"\2" * 32)


def documented_files() -> list[str]:
    section = SPECIFICATION.read_text(encoding="utf-8").partition("## Test vectors")[2]
    return re.findall(r"```\n(.*?)```", section, re.S)


def make_vectors() -> list[str]:
    """Publish a tree of 3 and of 7 leaves, each cosigned."""
    key = SigningKey.from_seed(b"\1" * 32)
    nodes: dict[tuple[int, int], bytes] = {}

    def lookup(level: int, number: int) -> bytes:
        return nodes[level, number]

    for number in range(7):
        leaf = merkle.hash_leaf(str(number).encode())
        grown = tuple(merkle.completed_subtrees(number, leaf, lookup))
        nodes.update({(level, at): hashed for level, at, hashed in grown})
    files = []
    for size, time, earlier in ((3, "2026-11-01T00:00:00Z", ()), (7, "2026-12-01T00:00:00Z", (3,))):
        root = merkle.root_hash(size, lookup)
        note = Checkpoint("auditor/ledger/0123456789abcdef", size, root, time, key.public).sign(key)
        proofs = {old: merkle.consistency_proof(old, size, lookup) for old in earlier}
        files.append(PublishedCheckpoint(cosign_checkpoint(note, WITNESS, time), proofs).text)
    return files


def test_the_documented_vectors_are_what_the_program_writes() -> None:
    assert documented_files() == make_vectors()


def test_a_verifier_without_its_code_accepts_the_documented_vectors() -> None:
    first, second = documented_files()
    assert independent_verifier.verify(first, second, WITNESS.public) == "grown from 3 to 7"
    assert independent_verifier.verify(second, first, WITNESS.public) == "rolled back"


def test_a_verifier_without_its_code_refuses_the_documented_invalid_vectors() -> None:
    first, second = documented_files()
    assert independent_verifier.verify(first, second.replace("old 3", "old 4"), WITNESS.public) == "no proof from 3"
    exchanged = second.replace(second.splitlines()[-1], first.splitlines()[-1])
    with pytest.raises(AssertionError, match="the witness has not cosigned it"):
        independent_verifier.verify(first, exchanged, WITNESS.public)
    proof = second.splitlines()[0].split(" ")
    swapped = second.replace(" ".join(proof), " ".join([*proof[:2], *reversed(proof[2:])]))
    assert independent_verifier.verify(first, swapped, WITNESS.public) == "forked"


def test_a_changed_root_breaks_the_signature() -> None:
    first, second = documented_files()
    root = first.splitlines()[2]
    with pytest.raises(InvalidSignature):
        independent_verifier.verify(first.replace(root, second.splitlines()[4]), second, WITNESS.public)
