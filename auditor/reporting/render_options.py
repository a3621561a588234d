"""The options that a report format is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What one report shows.

    Attributes:
        places: Also show where matched samples are. Such a report is restricted.
        share: Leave out every name, place and remark, so that the report can be sent to others.
        colour: Use the colours of a terminal.
    """

    places: bool = False
    share: bool = False
    colour: bool = False
