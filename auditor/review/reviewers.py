"""Who the reviewers are: a file of the operator's that alone knows the persons behind the pseudonyms.

    # reviewers.toml
    [reviewers]
    heron = "A. Person"
    wren = "B. Person"

The ledger holds pseudonyms only. One person has one pseudonym: otherwise nobody could tell that two reviewed.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import UsageError

FILE = "reviewers.toml"
MACHINE = "auditor"  # opens cases and puts decisions on lists; gives no opinion
_PSEUDONYM = re.compile("[a-z][a-z0-9-]{1,31}")


def reviewers(folder: Path) -> Mapping[str, str]:
    """Persons by pseudonym. Raises :class:`UsageError` where one person has two, or the file cannot be used."""
    path = folder / FILE
    try:
        return _read(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8: {error}") from error


def add(folder: Path, pseudonym: str, person: str) -> None:
    """Add a reviewer to the file, which only its owner can read. Raises :class:`UsageError`."""
    path, part = folder / FILE, folder / f"{FILE}.part"
    known = {**reviewers(folder)}
    if pseudonym in known:
        raise UsageError(f"{path}: there is a reviewer {pseudonym} already")
    known[pseudonym] = person
    # A TOML basic string is written as JSON writes it.
    rows = (f"{name} = {json.dumps(who, ensure_ascii=False)}\n" for name, who in known.items())
    text = "# Who the reviewers are: confidential. One person, one pseudonym.\n[reviewers]\n" + "".join(rows)
    _read(path, text)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


def _read(path: Path, text: str) -> Mapping[str, str]:
    try:
        table = tomllib.loads(text).get("reviewers", {})
    except ValueError as error:
        raise UsageError(f"{path}: is not TOML: {error}") from error
    if not isinstance(table, dict):
        raise UsageError(f"{path}: expected a table [reviewers]")
    persons: dict[str, str] = {}
    for pseudonym, person in table.items():
        if not _PSEUDONYM.fullmatch(pseudonym) or pseudonym == MACHINE:
            raise UsageError(f"{path}: {pseudonym!r} is no pseudonym: use 2-32 lower-case letters, digits, hyphens")
        if not isinstance(person, str) or not person.strip():
            raise UsageError(f"{path}: {pseudonym}: write the person's name as a string")
        called = " ".join(person.split()).casefold()
        if called in persons:
            raise UsageError(f"{path}: {persons[called]} and {pseudonym} are the same person; keep one of them")
        persons[called] = pseudonym
    return table
