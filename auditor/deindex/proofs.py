"""Prove that the sender's ledger holds the decision behind each entry, and that the ledger only grew since then.

The ledger is a Merkle tree (RFC 6962). A list carries its signed checkpoint, and for each earlier size that an
entry refers to a proof that the tree of that size is the beginning of this one. An entry carries the path from its
decision's leaf to the root of the tree as it stood when the entry first said what it says: so one that is unchanged
stays the same, byte for byte, however the ledger grows.

What holds, once all of it was checked: at this place of the ledger, fixed since that size, stands a leaf that says
when the last opinion was given, on which case, with which verdict under which rules; the entry says the same; and the
ledger has lost and changed nothing since the last list of this sender. What does not follow: which repository it was
about (a case may cover several, and a canary, which is no decision, borrows one's proof, as a copy of the same weights
does), or who the reviewers were and what they wrote, of which the leaf holds salted digests alone. Whoever must know
asks the sender for the lines of the case, each of which can be checked against the same root. Ledgers of format 1
have no such digests, so of their decisions only that the leaf is there is proven.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, TypeAlias

from auditor.errors import SealError
from auditor.review import checkpoints
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger
from auditor.review.review_types import Decision
from auditor.sealing import merkle
from auditor.sealing.keys import decode_public_key, encode_public_key

# The part of a path below this level is read in one query; the part above is shared by 128 leaves, and cached.
_LOWER_LEVELS = 7
_CACHE_SIZE = 1 << 15  # cached upper parts and nodes
_HASH_BYTES = 32  # SHA-256


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A ledger as a list's header states it: its last checkpoint as a signed note, and the key that signed it."""

    checkpoint: str = ""
    key: str = ""

    def verify(self) -> Checkpoint:
        """Return the checkpoint after verifying its signature. Raises SealError."""
        try:
            return checkpoints.verify_checkpoint(self.checkpoint, decode_public_key(self.key))
        except SealError as error:
            raise SealError(
                f"the checkpoint of the sender's ledger is not valid ({error}); do not use the list, "
                "and inform the sender"
            ) from error


# The hashes of complete subtrees, in the order in which they are asked for by (level, number).
ReadNodes: TypeAlias = Callable[[Sequence[tuple[int, int]]], Sequence[bytes]]


# ---- the sender's side -------------------------------------------------------------------------------------


class Prover:
    """Makes the proofs of one list from the tree at its checkpoint, with bounded memory.

    ``nodes`` reads nodes of the tree. Raises SealError if the checkpoint's signature does not verify.
    """

    def __init__(self, log: SignedCheckpoint, nodes: ReadNodes) -> None:
        self.log, self.checkpoint = log, log.verify()
        self.size = self.checkpoint.size
        self._nodes = nodes
        self._node = lru_cache(_CACHE_SIZE)(lambda level, number: nodes([(level, number)])[0])
        self._upper = lru_cache(_CACHE_SIZE)(self._upper_part)
        self._edges: dict[int, dict[int, bytes]] = {}

    def prove(self, decision: Decision, size: int) -> bytes:
        """Return an entry's ``log`` as JSON: the decision's leaf and its path to the root of the tree of `size`.

        Raises:
            SealError: The decision was made after that size.
        """
        index = decision.index
        if not 0 <= index < size:
            raise SealError(f"{decision.id}: is not among the ledger's first {size:,} events; build again")
        if ((index >> _LOWER_LEVELS) + 1) << _LOWER_LEVELS <= size:
            asked = [(level, (index >> level) ^ 1) for level in range(_LOWER_LEVELS)]
            path = b"".join(self._nodes(asked)) + self._upper(index >> _LOWER_LEVELS, size)
        else:
            path = b"".join(self._inclusion_path(index, size))
        return (
            f'{{"index":{index},"leaf":"{decision.leaf}","event":{_quoted(decision.logged)},"size":{size},'
            f'"path":"{base64.b64encode(path).decode()}"}}'
        ).encode("ascii")

    def root(self, size: int) -> bytes:
        """Return the root of the tree of a size."""
        return merkle.root_hash(size, self._node)

    def consistency_line(self, size: int) -> bytes:
        """Return the line of a list that ties the tree of an earlier size to the checkpoint."""
        path = b"".join(merkle.consistency_proof(size, self.size, self._node))
        content = {"grown_from": size, "root": self.root(size).hex(), "path": base64.b64encode(path).decode()}
        return json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n"

    def _inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the proof path of a ledger entry in the tree of a size."""
        return merkle.inclusion_proof(index, size, self._node, self._edges.setdefault(size, {}))

    def _upper_part(self, block: int, size: int) -> bytes:
        """Return the upper part of a block's proof path, which its entries share."""
        return b"".join(self._inclusion_path(block << _LOWER_LEVELS, size)[_LOWER_LEVELS:])


def ledger_prover(ledger: Ledger) -> Prover:
    """Return a prover for the ledger as it is now; what is recorded later is not in its proofs."""
    return Prover(SignedCheckpoint(ledger.checkpoint_note(), encode_public_key(ledger.public)), ledger.nodes)


# ---- the recipient's side ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerifiedRoots:
    """The roots that a list's checkpoint vouches for, by size."""

    checkpoint: Checkpoint
    by_size: Mapping[int, bytes]

    def verify_entry(self, entry: Mapping[str, Any]) -> None:
        """Verify an entry's proof, and that the leaf says the same as the entry. Raises SealError."""
        try:
            log = entry["log"]
            index, size, said = log["index"], log["size"], log["event"]
            leaf, path = bytes.fromhex(log["leaf"]), _decode_path(log["path"])
            if size not in self.by_size:
                raise SealError(f"refers to a ledger of {size:,} events, whose root the list does not prove")
            if not merkle.verify_inclusion(leaf, index, size, path, self.by_size[size]):
                raise SealError("its proof does not lead from its leaf to the root of the sender's ledger")
            if said:
                if merkle.hash_leaf(said.encode()) != leaf:
                    raise SealError("its leaf is not the hash of the event that it shows")
                wrong = [name for name, holds in _compare_with_event(json.loads(said), entry) if not holds]
                if wrong:
                    raise SealError(f"the ledger has another value for: {', '.join(wrong)}")
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise SealError("its proof cannot be read") from error


def verify_roots(log: SignedCheckpoint, lines: Iterator[Mapping[str, Any]]) -> VerifiedRoots:
    """Verify the proofs of a ledger's growth; return the root of the checkpoint and the earlier roots.

    Raises SealError.
    """
    checkpoint = log.verify()
    found = {checkpoint.size: checkpoint.root}
    for content in lines:
        try:
            size, root, path = content["grown_from"], bytes.fromhex(content["root"]), _decode_path(content["path"])
            holds = merkle.verify_consistency(size, checkpoint.size, root, checkpoint.root, path)
        except (KeyError, TypeError, ValueError) as error:
            raise SealError("holds a proof that cannot be read; do not use the list, and inform the sender") from error
        if not holds:
            raise SealError(
                f"the sender's ledger of {checkpoint.size:,} events is not proven to begin with the {size:,} that it "
                "had: it was rewritten, or the list was changed; do not use the list, and inform the sender"
            )
        found[size] = root
    return VerifiedRoots(checkpoint, found)


def _compare_with_event(event: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield (name of a field, whether the proven event and the entry agree on it) for what both state."""
    data = event["data"]
    interim = event["kind"] == "interim"
    yield "index", event["number"] == entry["log"]["index"]
    yield "action", event["kind"] in ("reviewed", "settled", "interim") and data["verdict"] == entry["action"]
    yield "status", (entry["status"] == "interim") == interim
    yield "opinions", entry["opinions"] == (1 if interim else 2)
    yield "decided_at", event["time"] == entry["decided_at"]
    yield "rules", set(data["rules"]) <= set(entry["rules"])
    yield "review_by", data.get("review_by", "") in ("", entry["review_by"])
    yield "expires_at", not interim or data["expires"] == entry["expires_at"]


def _decode_path(text: str) -> tuple[bytes, ...]:
    """Return the hashes of a proof's path, from the leaf to the root. Raises ValueError."""
    joined = base64.b64decode(text, validate=True)
    if len(joined) % _HASH_BYTES:
        raise binascii.Error("a part of a hash")
    return tuple(joined[at : at + _HASH_BYTES] for at in range(0, len(joined), _HASH_BYTES))
