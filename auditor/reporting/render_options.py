"""The options that a report format is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.model import Audience


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What one report shows.

    Attributes:
        places: Also show where matched samples are. Such a report is restricted.
        share: Leave out every name, place and remark, so that the report can be sent to others.
        colour: Use the colours of a terminal.
        audience: Who reads it (:mod:`auditor.reporting.author_view`); "": those that the format is made for.
        width: The columns of the terminal.
        verbose: Show everything, however long it gets.
        country: The ISO 3166 code of the country whose hotline is named; "" for the directory of all.
    """

    places: bool = False
    share: bool = False
    colour: bool = False
    audience: Audience | Literal[""] = ""
    width: int = 100
    verbose: bool = False
    country: str = ""
