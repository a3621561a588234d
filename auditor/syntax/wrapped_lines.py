"""Join the lines of a text that were broken for the width of a page, so that a sentence or an answer is one line."""

from __future__ import annotations

import re

_MARK = re.compile(r"^\s*(?:[-*+•▪◦‣·–●○■□☐☑☒✅❌]|\(?\d{1,2}[.)]\s|\d(?:\.\d){1,2}\.?\s|[a-z]\)\s|\[[ xX]?\]|\|)")
_ENDS = re.compile(r"[.:;?!|]\s*$")
# A line of at least this part of the longest usual line was broken, not ended.
_FULL_SHARE = 0.72


def join_wrapped_lines(text: str) -> str:
    """Return the text with each line that was broken joined to the next one, and bullets written as Markdown's."""
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    if not lengths:
        return ""
    full = lengths[int(0.95 * (len(lengths) - 1))] * _FULL_SHARE
    joined: list[str] = []
    last = 0  # characters of the line before, as it was broken
    for line in lines:
        goes_on = (
            joined
            and joined[-1]
            and line
            and last >= full
            and not _MARK.match(line)
            and (not _ENDS.search(joined[-1]) or line[:1].islower())
        )
        if goes_on:
            joined[-1] = f"{joined[-1]} {line}"
        else:
            joined.append(re.sub(r"^[•▪◦‣·●○■]\s*", "- ", line))
        last = len(line)
    return "\n".join(joined)
