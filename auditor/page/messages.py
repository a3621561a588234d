"""Messages of the ledger as the page shows them: without the commands that a terminal would show."""

from __future__ import annotations

import re

# A clause that names a command, with what stands before it: "; see `auditor review reported --help`".
_COMMAND_CLAUSE = re.compile(r"(?:[;:,]|(?<=\.))?[^;:,.`]*`auditor [^`]*`[^;:,.`]*")


def without_commands(message: str) -> str:
    """Return a message without the clauses that name a command of this program: the page has buttons for them."""
    return _COMMAND_CLAUSE.sub("", message)
