"""Short forms of what a rule says."""

from __future__ import annotations

import re

from auditor.printable import printable


def first_sentence(text: str) -> str:
    """Return the first sentence of a rule's text, on one line."""
    return printable(re.split(r"(?<=[.!?])\s+(?=[A-Z`])", " ".join(text.split()), maxsplit=1)[0], 300)
