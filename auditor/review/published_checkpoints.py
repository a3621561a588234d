"""Publish checkpoints with proofs of growth, and cosign them as a witness.

A published checkpoint is a text file: one line for each earlier size that it is proven to continue, a blank line, and
the signed note (see :mod:`auditor.review.checkpoints`).

    old 30 8sXg… Qm0f…
    old 36 q1Zz…

    auditor/ledger/0123456789abcdef
    42
    …

A witness keeps the last note that it cosigned of each ledger. Nothing of a ledger's content is in either file.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.disk_sync import sync_folder
from auditor.errors import SealError, UsageError
from auditor.file_lock import try_lock
from auditor.review.checkpoints import (
    Checkpoint,
    cosign_checkpoint,
    parse_checkpoint,
    verify_checkpoint,
)
from auditor.review.ledger import Ledger
from auditor.review.verified_state import MAX_CLOCK_AHEAD_HOURS
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey, encode_public_key
from auditor.timestamps import add_time

PUBLISHED_FILE = "published.txt"  # in the ledger's folder: the sizes of published checkpoints, one a line
MAX_PROOFS = 32  # a published checkpoint proves that it continues so many of the last ones


class CheckpointConflict(SealError):
    """Two checkpoints of one ledger that cannot both be true: it was rolled back, or rewritten."""


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A signed note, and for each earlier size the Merkle proof that its tree begins with the tree of that size."""

    note: str
    proofs: Mapping[int, tuple[bytes, ...]]

    @property
    def text(self) -> str:
        """The file's text."""
        lines = (
            " ".join(("old", str(size), *(base64.b64encode(step).decode() for step in proof)))
            for size, proof in sorted(self.proofs.items())
        )
        head = "".join(f"{line}\n" for line in lines)
        return f"{head}\n{self.note}" if head else self.note


def parse_published(text: str) -> PublishedCheckpoint:
    """Return what a published file holds, not verified; a signed note alone has no proofs. Raises SealError."""
    if not text.startswith("old "):
        return PublishedCheckpoint(text, {})
    head, _, note = text.partition("\n\n")
    proofs = {}
    try:
        for line in head.split("\n"):
            word, size, *steps = line.split(" ")
            if word != "old":
                raise ValueError(word)
            proofs[int(size)] = tuple(base64.b64decode(step, validate=True) for step in steps)
    except ValueError as error:
        raise SealError("a published checkpoint is cut short or damaged; ask for it again") from error
    return PublishedCheckpoint(note, proofs)


def publish_checkpoint(ledger: Ledger, since: Sequence[int] = ()) -> PublishedCheckpoint:
    """Sign a checkpoint of the ledger as it is now, with proofs from the last published ones.

    Args:
        ledger: The ledger.
        since: Further sizes from which its growth is proven.

    Raises:
        SealError: The signing key is missing or another one, or the ledger was changed.
        UsageError: The ledger never had one of the sizes.
    """
    key, signed = ledger.load_key(), ledger.checkpoint()
    if merkle.root_hash(signed.size, ledger.node) != signed.root:
        raise SealError(f"{ledger.folder}: events were changed; run `auditor review verify`")
    for size in since:
        if not 0 < size <= signed.size:
            raise UsageError(f"--since {size}: the ledger has {signed.size:,} events")
    before = _published_sizes(ledger.folder)
    sizes = {*since, *(size for size in before[-MAX_PROOFS:] if size <= signed.size)}
    proofs = {size: merkle.consistency_proof(size, signed.size, ledger.node) for size in sizes}
    if signed.size not in before:
        with open(ledger.folder / PUBLISHED_FILE, "a", encoding="ascii") as file:
            file.write(f"{signed.size}\n")
    checkpoint = Checkpoint(signed.origin, signed.size, signed.root, ledger.now, key.public)
    return PublishedCheckpoint(checkpoint.sign(key), proofs)


def _published_sizes(folder: Path) -> list[int]:
    """Return the sizes of the checkpoints published so far, in their order."""
    try:
        return [int(line) for line in (folder / PUBLISHED_FILE).read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / PUBLISHED_FILE}: cannot be read; move it away, and name --since") from error


def witness_checkpoint(
    published: PublishedCheckpoint, key: SigningKey, state: Path, now: str
) -> tuple[PublishedCheckpoint, Checkpoint | None]:
    """Cosign a published checkpoint if it continues the last one of its ledger that this witness cosigned.

    The new state is on disk before the cosignature is returned.

    Args:
        published: The checkpoint with its proofs.
        key: The witness's key.
        state: The folder in which the witness keeps its last note of each ledger.
        now: The witness's time.

    Returns:
        The cosigned checkpoint, and the one that it continues: None for the first of its ledger, whose key is trusted.

    Raises:
        CheckpointConflict: The ledger was rolled back, rewritten or forked, or its key was exchanged.
        SealError: The checkpoint is damaged, not signed, of the future, or does not prove its growth.
    """
    found = verify_checkpoint(published.note, parse_checkpoint(published.note).key)
    if not found.time:
        raise SealError(
            "is a checkpoint without a time and a key; publish one with `auditor review checkpoint -o FILE`"
        )
    if found.key == key.public:
        raise SealError("the witness has the ledger's own key; a witness needs one of its own")
    if found.time > add_time(now, hours=MAX_CLOCK_AHEAD_HOURS):
        raise SealError(f"is of {found.time}, and it is {now}: the clock of one of the two machines is wrong")
    with _locked_state(state):
        path = state / f"{re.sub('[^a-z0-9]', '-', found.origin)}.checkpoint"
        kept = verify_checkpoint(path.read_text("utf-8"), found.key) if _is_kept(path, found) else None
        if kept is not None:
            _require_continuation(kept, found, published.proofs)
        cosigned = PublishedCheckpoint(cosign_checkpoint(published.note, key, now), published.proofs)
        part = path.with_suffix(".part")
        with open(part, "w", encoding="utf-8", newline="\n") as file:
            file.write(published.note)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(state)
    return cosigned, kept


def _is_kept(path: Path, found: Checkpoint) -> bool:
    """Return whether the witness keeps a checkpoint of this ledger. Raises CheckpointConflict for another key."""
    if not path.exists():
        return False
    kept = parse_checkpoint(path.read_text("utf-8"))
    if (kept.origin, kept.key) != (found.origin, found.key):
        raise CheckpointConflict(
            f"is signed with another key than the checkpoint of {kept.time} ({encode_public_key(kept.key)}): not "
            "cosigned; the ledger was replaced, or somebody passes for it"
        )
    return True


def _require_continuation(kept: Checkpoint, found: Checkpoint, proofs: Mapping[int, tuple[bytes, ...]]) -> None:
    """Refuse a checkpoint that is not proven to continue the kept one. Raises SealError."""
    if found.size < kept.size:
        raise CheckpointConflict(
            f"has {found.size:,} events and the checkpoint of {kept.time} had {kept.size:,}: not cosigned; the ledger "
            "was rolled back to an older copy"
        )
    if found.time < kept.time:
        raise CheckpointConflict(f"is of {found.time}, before the last one of {kept.time}: not cosigned")
    if found.size > kept.size and kept.size not in proofs:
        raise SealError(
            f"does not prove its growth since the checkpoint of {kept.size:,} events; ask for "
            f"`auditor review checkpoint --since {kept.size} -o FILE`"
        )
    proof = proofs.get(kept.size, ())
    if not merkle.verify_consistency(kept.size, found.size, kept.root, found.root, proof):
        raise CheckpointConflict(
            f"does not continue the checkpoint of {kept.time} ({kept.size:,} events): not cosigned; the ledger was "
            "rewritten or forked, or the proof is damaged"
        )


@contextmanager
def _locked_state(state: Path) -> Iterator[None]:
    """Hold the lock of a witness's folder, so that two forks cannot be cosigned at once. Raises UsageError."""
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(state / "lock", "w", encoding="ascii") as file:
            if not try_lock(file.fileno()):
                raise UsageError(f"{state}: another witness works in this folder; try again")
            yield
    except OSError as error:
        raise UsageError(f"{state}: cannot be used: {error.strerror}; name another folder with --state") from error
