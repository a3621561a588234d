"""What a user asks of a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """``places`` also shows where matched samples are (restricted); ``share`` leaves out every name."""

    places: bool = False
    share: bool = False
    colour: bool = False
