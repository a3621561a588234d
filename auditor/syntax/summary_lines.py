"""Join the lines of a summary's questions and headings that were broken in the narrow column of a table."""

from __future__ import annotations

import re

from auditor.syntax.summary_questions import is_exact_heading

_QUESTION = re.compile(
    r"^\W{0,3}(?:\d(?:\.\d){0,2}\.? +)?(?:have|has|had|was|were|did|do|does|is|are|if|describe|specify)\b", re.I
)
_OPEN_END = re.compile(r"\b(?:a|an|the|of|to|from|on|or|and|by|in|for|with|than|used|general|their|its)$|[,/(-]$", re.I)
_GOES_ON = re.compile(r"^[a-z(]")
_ID = re.compile(r"^[\w.-]+/[\w.-]+|^[\w.+-]+@")
_MAX_LINES = 8  # of one question of the template in a column of 25 characters
_MAX_CHARACTERS = 400


def join_broken_questions(text: str) -> str:
    """Return a summary's text with each question, and each heading of the template, on one line."""
    joined: list[str] = []
    count = 0  # lines that the last one was joined from
    for line in text.split("\n"):
        last = joined[-1] if joined else ""
        if last and count < _MAX_LINES and _is_rest(last, line):
            joined[-1] = f"{last} {line.strip()}"
            count += 1
        else:
            joined.append(line)
            count = 1
    return "\n".join(joined)


def _is_rest(line: str, following: str) -> bool:
    """Return whether a summary's line goes on with a question or heading that the line before begins."""
    if not _GOES_ON.match(following) or _ID.match(following) or len(line) > _MAX_CHARACTERS:
        return False
    if line.rstrip().endswith((".", ":", "?", ";", "!")):
        return False
    if _QUESTION.match(line) or (_OPEN_END.search(line) and is_exact_heading(f"{line} {following}".split(":")[0])):
        return True
    return is_exact_heading(line) and is_exact_heading(f"{line} {following}") and not is_exact_heading(following)
