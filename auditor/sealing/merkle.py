"""The Merkle tree of RFC 6962 (RFC 9162, section 2.1): root hashes, proofs, and their verification.

A log stores the hashes of its complete subtrees by (level, number): level 0 holds the leaves, and node N of level L
covers the leaves from N·2^L up to, but not including, (N+1)·2^L. These hashes never change once they are written, so a
log can be append-only. Every root and proof is computed from them in logarithmic time. Hashes are 32 bytes (SHA-256).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

NodeLookup = Callable[[int, int], bytes]  # the hash of a complete subtree, by level and number


def hash_leaf(data: bytes) -> bytes:
    """Return the Merkle leaf hash of an entry. Its prefix byte tells it apart from an inner node's."""
    return hashlib.sha256(b"\0" + data).digest()


def hash_parent(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node of the Merkle tree from those of its two children."""
    return hashlib.sha256(b"\1" + left + right).digest()


def completed_subtrees(number: int, hashed: bytes, node: NodeLookup) -> Iterator[tuple[int, int, bytes]]:
    """Yield the Merkle subtrees that leaf ``number`` completes, the leaf first, as (level, number, hash)."""
    level = 0
    yield level, number, hashed
    while number & 1:
        hashed = hash_parent(node(level, number - 1), hashed)
        level, number = level + 1, number >> 1
        yield level, number, hashed


def append_leaf(tree: dict[tuple[int, int], bytes], number: int, hashed: bytes) -> tuple[tuple[int, int, bytes], ...]:
    """Add a leaf to the subtrees that a Merkle root is made of, and return the subtrees that it completes.

    Only the subtrees that are needed for the root are kept in ``tree``, so memory grows with the logarithm of the log.

    Args:
        tree: Hashes by (level, number); changed in place.
        number: The number of the leaf, from 0.
        hashed: The hash of the leaf.

    Returns:
        What :func:`completed_subtrees` yields.
    """
    grown = tuple(completed_subtrees(number, hashed, lambda level, at: tree[level, at]))
    for level, at, _ in grown[:-1]:  # the last subtree covers the others and their left siblings
        tree.pop((level, at - 1))
    level, at, top = grown[-1]
    tree[level, at] = top
    return grown


def root_hash(size: int, node: NodeLookup) -> bytes:
    """Return the Merkle root hash over the first ``size`` leaves."""
    return _hash_range(0, size, node) if size else hashlib.sha256(b"").digest()


def inclusion_proof(
    number: int, size: int, node: NodeLookup, edge: dict[int, bytes] | None = None
) -> tuple[bytes, ...]:
    """Return the Merkle proof that leaf ``number`` is among the first ``size`` leaves (RFC 9162, 2.1.3.1).

    Args:
        number: The number of the leaf, from 0.
        size: The number of leaves that the root covers.
        node: Looks up the hash of a complete subtree by level and number.
        edge: A cache for many proofs of the same size: hashes of incomplete subtrees by their first leaf.

    Raises:
        ValueError: There is no such leaf.
    """
    if not 0 <= number < size:
        raise ValueError(f"there is no leaf {number} among {size}")
    edge = {} if edge is None else edge
    path: list[bytes] = []
    for level in range((size - 1).bit_length()):
        beside = (number >> level) ^ 1
        start = beside << level
        if start + (1 << level) <= size:
            path.append(node(level, beside))
        elif start < size:
            if start not in edge:
                edge[start] = _hash_range(start, size, node)
            path.append(edge[start])
    return tuple(path)


def consistency_proof(old: int, new: int, node: NodeLookup) -> tuple[bytes, ...]:
    """Return the Merkle proof that a log of ``new`` leaves begins with that of ``old`` (RFC 9162, 2.1.4.1).

    Raises ValueError if ``old`` is larger than ``new``.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a log of {new} entries did not grow from one of {old}")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old < end:
        middle = start + _largest_power_of_two_below(end - start)
        if old <= middle:
            path.append(_hash_range(middle, end, node))
            end = middle
        else:
            path.append(_hash_range(start, middle, node))
            start, whole = middle, False
    if not whole:
        path.append(_hash_range(start, end, node))
    return tuple(reversed(path))


def verify_inclusion(hashed: bytes, number: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Return whether the Merkle proof leads from the hash of leaf ``number`` to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= number < size:
        return False
    first, last, found = number, size - 1, hashed
    sha256 = hashlib.sha256  # as hash_parent() does, without a call for each of 20 steps: lists hold a million proofs
    for step in proof:
        if not last:
            return False
        if first & 1 or first == last:
            found = sha256(b"\1" + step + found).digest()
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + step).digest()
        first, last = first >> 1, last >> 1
    return not last and found == expected


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the Merkle proof shows that the larger tree begins with the smaller (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not old:
        return not proof and old_root == hashlib.sha256(b"").digest()
    steps = list(proof)
    if not old & (old - 1):
        steps.insert(0, old_root)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if first & 1 or first == last:
            was, now = hash_parent(step, was), hash_parent(step, now)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            now = hash_parent(now, step)
        first, last = first >> 1, last >> 1
    return not last and was == old_root and now == new_root


def _hash_range(start: int, end: int, node: NodeLookup) -> bytes:
    """Return the Merkle hash over leaves ``start`` to ``end``, split as RFC 9162 does: complete subtrees first."""
    parts: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(node(level, start >> level))
        start += 1 << level
    hashed = parts.pop()
    while parts:
        hashed = hash_parent(parts.pop(), hashed)
    return hashed


def _largest_power_of_two_below(count: int) -> int:
    """Return the largest power of two below a count, at which a Merkle tree splits."""
    return 1 << ((count - 1).bit_length() - 1)
