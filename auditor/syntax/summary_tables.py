"""Bring a public summary's answers that stand in a column for yes and one for no into one column.

The columns are those of a table, or of a plain text whose marks stand below the words "Yes" and "No".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.syntax.check_boxes import UNKNOWN_BOX

_MARK = re.compile(r"[\s*_]*(?:[xX×✓✔☑☒✅■●•]|\[[xX✓]\]|\([xX]\))\ufe0f?[\s*_]*")
_UNMARKED = re.compile(r"[\s*_–—-]*(?:[☐□○]|\[ ?\]|\( ?\))?[\s*_]*")
_YES, _NO = "yes", "no"
_HEADS = re.compile(
    r"^(?P<label>.*?)(?:^|\s{2,})(?:(?P<yes>yes)\s{2,}(?P<no>no)|(?P<no2>no)\s{2,}(?P<yes2>yes))\s*$", re.I
)
_MARKED_LINE = re.compile(r"^(\s*\S.{2,200}?)\s{2,}([xX×✓✔☑☒✅■●]|\[[xX✓]\]|\([xX]\))\s*$")
_BOTH_CELLS = re.compile(
    r"^(\s*\S.{2,200}?)\s{2,}([☐□]|\[ ?\]|\( ?\)|-)\s+([xX×✓✔☑☒✅]|\[[xX✓]\]|\([xX]\))\s*$|"
    r"^(\s*\S.{2,200}?)\s{2,}([xX×✓✔☑☒✅]|\[[xX✓]\]|\([xX]\))\s+([☐□]|\[ ?\]|\( ?\)|-)\s*$"
)
_ENTRY_END = re.compile(r"[^\s.:;,?!(\[/|-]\s*$")
_ENTRY_START = re.compile(r"[A-Z\d\[`☐☑☒]|[\w.-]+/[\w.-]|https?://|[\w.+-]+@")
_MAX_ENTRY_WORDS = 12
_MAX_LINE = 300  # characters of a line that has such columns
_MAX_OFFSET = 3  # characters between a mark and the middle of the word above it


def join_marks_below_yes_and_no(text: str) -> str:
    """Return a plain text with "Label        X" below the heads "Yes   No" written as "Label: Yes".

    A mark that stands below neither is :data:`UNKNOWN_BOX`.
    """
    if not re.search(r"(?im)^.*\byes\s{2,}no\s*$|^.*\bno\s{2,}yes\s*$", text):
        return text
    lines = text.split("\n")
    middles: dict[str, float] = {}
    head = (0, "")  # the line of the heads, and what stands before them
    for number, line in enumerate(lines):
        if len(line) > _MAX_LINE:
            continue
        if heads := _HEADS.match(line):
            middles = {
                word: (heads.start(group) + heads.end(group)) / 2
                for word in (_YES, _NO)
                for group in (word, f"{word}2")
                if heads[group]
            }
            head = number, heads["label"]
        elif middles and (said := _below(line, middles)):
            lines[number] = said
            lines[head[0]] = head[1]
    return "\n".join(lines)


def _below(line: str, middles: dict[str, float]) -> str:
    """Return a line with the word that its mark stands below as its answer; "" for a line without a mark."""
    first, second = sorted(middles, key=lambda word: middles[word])
    if both := _BOTH_CELLS.match(line):
        return f"{both[1]}: {second.title()}" if both[1] else f"{both[4]}: {first.title()}"
    marked = _MARKED_LINE.match(line)
    if not marked:
        return ""
    offsets = {word: abs(middle - (marked.start(2) + marked.end(2)) / 2) for word, middle in middles.items()}
    near, far = sorted(offsets, key=lambda word: offsets[word])
    is_clear = offsets[near] <= _MAX_OFFSET and offsets[far] - offsets[near] > 1
    return f"{marked[1]}: {near.title() if is_clear else UNKNOWN_BOX}"


def join_cell_lines(lines: Sequence[str]) -> str:
    """Return the lines of a table's cell as one line, with semicolons between those that are entries of a list."""
    joined = ""
    for line in filter(None, (line.strip() for line in lines)):
        is_entry = _ENTRY_END.search(joined) and _ENTRY_START.match(line) and len(joined.split()) <= _MAX_ENTRY_WORDS
        joined = f"{joined}{';' if is_entry else ''} {line}".strip() if joined else line
    return joined


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
