"""Bring tables of a public summary whose answers stand in a column for yes and one for no into one column."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = re.compile(r"[\s*_]*(?:[xX×✓✔☑☒✅■●•]|\[[xX✓]\]|\([xX]\))\ufe0f?[\s*_]*")
_UNMARKED = re.compile(r"[\s*_–—-]*(?:[☐□○]|\[ ?\]|\( ?\))?[\s*_]*")
_YES, _NO = "yes", "no"


def join_yes_and_no_columns(lines: Sequence[str]) -> list[str]:
    """Return the lines of a text with "| X | |" below the heads "| Yes | No |" written as "| Yes |".

    Where both cells or neither is marked, the answer is empty: nothing was answered.
    """
    joined: list[str] = []
    columns: tuple[int, int] | None = None
    for line in lines:
        if not line.lstrip().startswith("|"):
            columns = None
            joined.append(line)
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        heads = [cell.strip(" *_?:.").lower() for cell in cells]
        if _YES in heads and _NO in heads:
            columns = heads.index(_YES), heads.index(_NO)
            cells[columns[0]] = "Answer"
        elif columns and max(columns) < len(cells):
            cells[columns[0]] = _answer(cells[columns[0]], cells[columns[1]])
        else:
            joined.append(line)
            continue
        del cells[columns[1]]
        joined.append(f"| {' | '.join(cells)} |")
    return joined


def _answer(yes: str, no: str) -> str:
    """Return the answer that a row's cell for yes and its cell for no give; words instead of a mark are kept."""
    if set(yes + no) <= set("-: "):  # the rule below the heads
        return yes or no
    for cell, other, word in ((yes, no, "Yes"), (no, yes, "No")):
        if _MARK.fullmatch(cell) and _UNMARKED.fullmatch(other):
            return word
    return " ".join(cell for cell in (yes, no) if not (_MARK.fullmatch(cell) or _UNMARKED.fullmatch(cell)))
