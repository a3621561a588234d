"""What a run needs of its files; readers compute nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from auditor.drawn_sample import DrawnSample


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a run needs of its files; readers compute nothing else.

    Attributes:
        algorithms: The digest algorithms and text signals that a loaded list can answer.
        weights: How far weights files are read: their headers, sampled values too, or every tensor.
        variants: Further forms of an image that are hashed: ``dihedral``, ``thorough``, ``unpadded``, ``oriented``,
            ``512`` (the other PDQ convention).
        drawn: The sample whose units alone are read; None: all are.
        content: Whether the bytes of samples on a hub are fetched.
        keeps_digests: Whether the run keeps the digests of samples that match no list.
    """

    algorithms: frozenset[str] = frozenset()
    weights: Literal["header", "sample", "full"] = "header"
    variants: frozenset[str] = frozenset({"oriented", "unpadded"})
    drawn: DrawnSample | None = None
    content: bool = False
    keeps_digests: bool = False

    @property
    def file_digests(self) -> frozenset[str]:
        """The digests of whole weights files that the run asks for."""
        from auditor.samples import ARTEFACT_DIGESTS

        asked = {name for name, wanted in ARTEFACT_DIGESTS.items() if wanted in self.algorithms}
        return frozenset(asked | ({"sha256"} if self.weights == "full" else set()))
