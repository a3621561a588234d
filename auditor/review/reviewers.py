"""Read and write reviewers.toml, the only file that links reviewers' pseudonyms to persons.

    # reviewers.toml
    [reviewers]
    heron = "A. Person"
    wren = "B. Person"

The ledger holds pseudonyms only. One person has one pseudonym; with two, one person could pass for two reviewers.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import UsageError

REVIEWERS_FILE = "reviewers.toml"
PROGRAM_ACTOR = "auditor"  # opens cases and puts decisions on lists; gives no opinion
# Characters that show as nothing and are no format controls (Unicode: Default_Ignorable_Code_Point).
_DEFAULT_IGNORABLE = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)))
) | frozenset(map(chr, range(0xE0100, 0xE01F0)))
_PSEUDONYM = re.compile("[a-z][a-z0-9-]{1,31}")


def read_reviewers(folder: Path) -> Mapping[str, str]:
    """Return the persons by pseudonym; empty when the folder has no such file.

    Raises:
        UsageError: The file cannot be read, or one person has two pseudonyms.
    """
    path = folder / REVIEWERS_FILE
    try:
        return _parse_reviewers(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8: {error}") from error


def add_reviewer(folder: Path, pseudonym: str, person: str) -> None:
    """Add a reviewer to the file, which only its owner can read.

    Args:
        folder: The ledger's folder.
        pseudonym: 2-32 lower-case letters, digits and hyphens.
        person: The reviewer's real name.

    Raises:
        UsageError: The pseudonym or the person is known already, or the file cannot be used.
    """
    path = folder / REVIEWERS_FILE
    pseudonym = valid_pseudonym(pseudonym)
    known = {**read_reviewers(folder)}
    if pseudonym in known:
        raise UsageError(f"{path}: there is a reviewer {pseudonym} already")
    known[pseudonym] = person
    _write_reviewers(folder, known)


def remove_reviewer(folder: Path, pseudonym: str) -> None:
    """Remove a reviewer who has no entry in the ledger yet."""
    _write_reviewers(folder, {name: who for name, who in read_reviewers(folder).items() if name != pseudonym})


def erase_person(folder: Path, pseudonym: str) -> None:
    """Replace a person's name in the file by a placeholder; the pseudonym stays."""
    _write_reviewers(folder, {**read_reviewers(folder), pseudonym: f"(erased {pseudonym})"})


def _write_reviewers(folder: Path, known: Mapping[str, str]) -> None:
    """Write the file, which only its owner can read. Raises :class:`UsageError` for names that are not valid."""
    path, part = folder / REVIEWERS_FILE, folder / f"{REVIEWERS_FILE}.part"
    # A TOML basic string is written as JSON writes it.
    rows = (f"{name} = {json.dumps(who, ensure_ascii=False)}\n" for name, who in known.items())
    text = "# Who the reviewers are: confidential. One person, one pseudonym.\n[reviewers]\n" + "".join(rows)
    _parse_reviewers(path, text)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


def normalize_name(name: str) -> str:
    """Return a name without what nobody sees or says: letter case, blanks, width and invisible characters.

    Two names are one if they are the same after this. Look-alike letters of other scripts stay different.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in folded if not letter.isspace() and not _is_invisible(letter))


def valid_pseudonym(name: str) -> str:
    """Return a pseudonym in the form in which it is recorded. Raises :class:`UsageError`."""
    pseudonym = normalize_name(name)
    if not _PSEUDONYM.fullmatch(pseudonym) or pseudonym == PROGRAM_ACTOR:
        raise UsageError(f"{name!r} is not a valid pseudonym: use 2-32 lower-case letters, digits, hyphens")
    return pseudonym


def _is_invisible(letter: str) -> bool:
    """Return whether a character of a name is shown as nothing."""
    return unicodedata.category(letter) in ("Cc", "Cf") or letter in _DEFAULT_IGNORABLE


def _parse_reviewers(path: Path, text: str) -> Mapping[str, str]:
    """Return the persons by pseudonym from the text of reviewers.toml; `path` is for messages."""
    try:
        table = tomllib.loads(text).get("reviewers", {})
    except ValueError as error:
        raise UsageError(f"{path}: is not TOML: {error}") from error
    if not isinstance(table, dict):
        raise UsageError(f"{path}: expected a table [reviewers]")
    persons: dict[str, str] = {}
    for pseudonym, person in table.items():
        if not _PSEUDONYM.fullmatch(pseudonym) or pseudonym == PROGRAM_ACTOR:
            raise UsageError(
                f"{path}: {pseudonym!r} is not a valid pseudonym: use 2-32 lower-case letters, digits, hyphens"
            )
        if not isinstance(person, str) or not normalize_name(person):
            raise UsageError(f"{path}: {pseudonym}: write the person's name as a string")
        called = normalize_name(person)
        if called in persons:
            raise UsageError(f"{path}: {persons[called]} and {pseudonym} are the same person; keep one of them")
        persons[called] = pseudonym
    return table
