"""Identify a list file: its name, version, holder and meaning, as the user declares them, else as the file does."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.errors import ListError
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import MEANINGS, ListOptions
from auditor.known.list_file import file_sha256
from auditor.known.list_items import OpenedListFile
from auditor.known.token_key import KEY

ACTIVE = "active.json"  # the file, next to the versions of an imported list, that names the active one


@dataclass(frozen=True, slots=True)
class ListDeclaration:
    """The user's declaration of a list, which overrides the file's; ``thresholds`` are (algorithm, bits)."""

    name: str = ""
    means: str = ""
    version: str = ""
    holder: str = ""
    thresholds: tuple[tuple[str, int], ...] = ()


def identify_list(
    file: OpenedListFile, declaration: ListDeclaration, options: ListOptions, default_version: str
) -> ListIdentity:
    """Return the identity of a list file.

    Args:
        file: The file.
        declaration: The user's declaration of the list.
        options: The user's options for its columns and algorithm.
        default_version: The version, where neither the user nor the file gives one.

    Raises:
        ListError: The meaning of the entries is not declared, or the version cannot name a folder.
    """
    path, header = file.path, file.header
    means = declaration.means or header.means
    if not means:
        raise ListError(f"{path}: nothing says what its entries mean; give --means {'|'.join(MEANINGS)}")
    if means not in MEANINGS:
        raise ListError(f"{path}: means {means!r} is none of {', '.join(MEANINGS)}; give --means")
    version = _file_name(declaration.version or header.version) or default_version
    if version in {KEY, ACTIVE}:
        raise ListError(f"{path}: {version!r} cannot name a version; give another --version")
    return ListIdentity(
        name=declaration.name or _file_name(header.name) or _file_name(path.name.split(".")[0]) or "list",
        version=version,
        means=means,
        holder=declaration.holder or header.holder,
        duty=header.duty,
        format=header.format,
        extension=file.extension,
        source=str(path.name),
        sha256=file_sha256(path),
        classes=header.classes,
        imported=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        read_as=json.dumps([options.algorithm, sorted(options.columns.items())]),
    )


def merge_identity(base: CompiledList | Path, changes: ListIdentity) -> ListIdentity:
    """Return the identity of a list's version, or of a list file, with changes applied."""
    before = file_sha256(base) if isinstance(base, Path) else base.sha256
    merged = replace(changes, sha256=hashlib.sha256(f"{before}{changes.sha256}".encode()).hexdigest())
    if isinstance(base, Path):
        return merged
    classes = {**base.classes, **merged.classes}
    duty = merged.duty or str(base.manifest["duty"])
    return replace(merged, means=base.means, holder=merged.holder or base.holder, duty=duty, classes=classes)


def _file_name(text: str) -> str:
    """Return a list identity's text as a file name, with invalid characters replaced."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.")[:64]


@dataclass(frozen=True, slots=True)
class ListIdentity:
    """The identity and the source of a compiled list.

    Attributes:
        name: The list's name.
        version: The list's version.
        means: A key of :data:`~auditor.known.entries.MEANINGS`.
        holder: The organisation that holds the list.
        duty: What the holder requires of those who find a match.
        format: The list format that read the file.
        extension: The installed distribution that added the format; "" for a format of this package.
        source: The file's name.
        sha256: The SHA-256 of the file; of changes, of the digests of all files in order.
        classes: The meaning of a classification, where it is not ``means``.
        imported: When it was imported (ISO 8601, UTC).
        read_as: The user's options for the file's columns and algorithm, as JSON.
    """

    name: str
    version: str
    means: str
    holder: str = ""
    duty: str = ""
    format: str = ""
    extension: str = ""
    source: str = ""
    sha256: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    imported: str = ""
    read_as: str = ""
