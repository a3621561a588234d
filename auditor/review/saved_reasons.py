"""Reasons that a reviewer saved under a name, to give them again.

They are in a file beside the ledger, each reviewer's apart. Whoever gives them again is shown them and confirms them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import UsageError
from auditor.review.reviewers import read_reviewers

REASONS_FILE = "saved-reasons.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


def read_reasons(folder: Path, reviewer: str) -> Mapping[str, str]:
    """Return a reviewer's saved reasons by name. Raises UsageError for a file that cannot be read."""
    return _read_file(folder).get(reviewer, {})


def saved_reason(folder: Path, reviewer: str, name: str) -> str:
    """Return one saved reason. Raises UsageError if there is none of this name."""
    known = read_reasons(folder, reviewer)
    if name not in known:
        there = ", ".join(known) or "none"
        raise UsageError(f"{name!r}: {reviewer} has saved no reason of this name; there are: {there}")
    return known[name]


def save_reason(folder: Path, reviewer: str, name: str, text: str) -> None:
    """Save a reason under a name, or remove it with an empty text. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:80]!r}: name it with at most 64 letters, digits, blanks, dots and hyphens")
    if reviewer not in read_reviewers(folder):
        raise UsageError(f"{reviewer!r}: is no reviewer of this ledger; see `auditor review reviewers --help`")
    known = _read_file(folder)
    mine = {**known.get(reviewer, {}), name: text.strip()}
    _write_file(folder, {**known, reviewer: {one: said for one, said in mine.items() if said}})


def erase_reasons(folder: Path, reviewer: str) -> None:
    """Remove all saved reasons of a reviewer."""
    known = _read_file(folder)
    if known.pop(reviewer, None):
        _write_file(folder, known)


def _write_file(folder: Path, known: Mapping[str, Mapping[str, str]]) -> None:
    """Write all saved reasons; only their owner can read the file."""
    path, part = folder / REASONS_FILE, folder / f"{REASONS_FILE}.{os.getpid()}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1)
    os.replace(part, path)


def _read_file(folder: Path) -> dict[str, dict[str, str]]:
    """Return all saved reasons by reviewer and name."""
    path = folder / REASONS_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {reviewer: {name: str(text) for name, text in saved.items()} for reviewer, saved in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"{path}: holds no saved reasons that can be read; delete it to start again") from error
