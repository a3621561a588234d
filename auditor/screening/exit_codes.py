"""What commands that screen exit with."""

from __future__ import annotations

from collections.abc import Collection

EXIT_NONE, EXIT_MATCH, EXIT_UNCHECKED = 0, 1, 3


def exit_code(outcomes: Collection[str]) -> int:
    """Return the exit code of a command that screened files: a match counts most, then what is unchecked."""
    return EXIT_MATCH if "match" in outcomes else EXIT_UNCHECKED if "unchecked" in outcomes else EXIT_NONE
