"""Read keys of TOML tables, and reject invalid values with a message that names the key."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auditor.errors import RuleError
from auditor.suggestions import did_you_mean

REQUIRED: Any = object()
"""The default of a key that must be given."""


@contextmanager
def errors_name_file(path: Path) -> Iterator[None]:
    """Turn a :class:`ValueError` about a TOML file into a :class:`RuleError` that names the file."""
    try:
        yield
    except ValueError as error:
        raise RuleError(f"{path}: {error}") from error


def toml_files(folder: Path) -> list[Path]:
    """Return the TOML files of a folder in order of their names."""
    return sorted(folder.glob("*.toml"))


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """Return the table of a TOML file and the file's SHA-256. Raises :class:`ValueError` if it is not TOML in UTF-8."""
    data = _read_bytes(path)
    try:
        return tomllib.loads(data.decode("utf-8").replace("\r\n", "\n")), sha256(data)
    except ValueError as error:
        raise ValueError(f"is not a TOML file: {error}") from error


def _read_bytes(path: Path) -> bytes:
    """Return the bytes of a TOML file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise RuleError(f"{path}: cannot be read: {error.strerror}") from error


def sha256(data: bytes) -> str:
    """Return the SHA-256 of a TOML file's bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def reject_unknown_keys(table: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise :class:`ValueError` for a TOML table's first key that is not ``known``, with the nearest one that is."""
    for key in table:
        if key not in known:
            raise ValueError(f"{key}: unknown key{did_you_mean(key, known)}")


def one_of(key: str, value: object, known: Iterable[str]) -> str:
    """Return ``value``, the value of a TOML ``key``, if it is one of ``known``. Raises :class:`ValueError`."""
    known = tuple(known)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{key}: {value!r} is none of {', '.join(known)}{did_you_mean(str(value), known)}")
    return value


def read_text(table: Mapping[str, Any], key: str, default: str = REQUIRED) -> str:
    """Return the text under ``key`` of a TOML table without white space around it. Raises :class:`ValueError`."""
    value = table.get(key, default)
    if value is REQUIRED:
        raise ValueError(f"{key}: missing")
    if not isinstance(value, str) or (default is REQUIRED and not value.strip()):
        raise ValueError(f"{key}: expected text, not {value!r}")
    return value.strip()


def read_texts(table: Mapping[str, Any], key: str, default: tuple[str, ...] = REQUIRED) -> tuple[str, ...]:
    """Return the texts under ``key`` of a TOML table, at least one if it has no default. Raises :class:`ValueError`."""
    value = table.get(key, default)
    if value is REQUIRED:
        raise ValueError(f"{key}: missing")
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{key}: expected a list of strings, not {value!r}")
    if default is REQUIRED and not value:
        raise ValueError(f"{key}: expected at least one")
    return tuple(value)


def read_table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the table under ``key`` of a TOML table, an empty one for none. Raises :class:`ValueError`."""
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{key}: expected a table, not {value!r}")
    return dict(value)


def read_tables(table: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    """Return the tables under ``key`` of a TOML table, none if there are none. Raises :class:`ValueError`."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError(f'{key}: expected a list of tables, such as {{ key = "licence", value = "mit" }}')
    return value
