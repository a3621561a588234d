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
    """

    places: bool = False
    share: bool = False
    colour: bool = False
    audience: Audience | Literal[""] = ""
