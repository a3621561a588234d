"""Join the lines of a text that were broken for the width of a page, so that a sentence or an answer is one line."""

from __future__ import annotations

import re

from auditor.syntax.summary_questions import is_exact_heading

# What a line begins with that is not broken off the one before. Fonts have bullets of their own.
_BULLET = re.compile(r"^\s*[•▪◦‣·●○■□\x7f\uf0a7\uf0b7\uf0d8]\s*")
_MARK = re.compile(
    r"^\s*(?:[-*+–☐☑☒✅❌]\s|\(?\d{1,2}[.)]\s|\d(?:\.\d){1,2}\.?\s|[a-z]\)\s|\[[ xX]?\]|\|"
    r"|(?:Q|A|Question|Answer)\s?\d*[:.]\s"
    r"|(?:Have|Has|Were|Was|Did) (?:you|any|the|crawlers?|data|synthetic)\b)"
)
_ENDS = re.compile(r"[.:;?!|]\s*$")
_BROKEN_ADDRESS = re.compile(r"(?:://|\]\()\S*$|\S/\S*[-_/.]$|\[[\w.-]+/[\w.-]*$")
_REST_OF_ADDRESS = re.compile(r"^[a-z0-9%~._-][\w%~.-]*[/)\]._-]|^[a-z0-9._-]+\)?$")
# A line of at least this part of the longest usual line was broken, not ended; a shorter one than that never was.
_FULL_SHARE = 0.72
_MIN_FULL = 60  # characters: a page has 80 and more
_MIN_ADDRESS_LINE = 40  # characters of a line whose address was broken, as in a table's cell


def join_wrapped_lines(text: str) -> str:
    """Join the wrapped lines of a text, each broken line to the next one, and write bullets as Markdown's."""
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    if not lengths:
        return ""
    full = max(_MIN_FULL, lengths[int(0.95 * (len(lengths) - 1))] * _FULL_SHARE)
    joined: list[str] = []
    last = ""  # the line before, as it was broken
    for line in lines:
        is_heading = line[:1].isupper() and is_exact_heading(line.split(":")[0])
        is_new = not joined or not joined[-1] or not line or _BULLET.match(line) or _MARK.match(line) or is_heading
        is_in_address = _BROKEN_ADDRESS.search(last) and _REST_OF_ADDRESS.match(line)
        if not is_new and is_in_address and len(last) >= _MIN_ADDRESS_LINE:
            joined[-1] += line
        elif not is_new and len(last) >= full and (not _ENDS.search(last) or line[:1].islower()):
            joined[-1] = f"{joined[-1]} {line}"
        else:
            joined.append(_BULLET.sub("- ", line))
        last = line
    return "\n".join(joined)
