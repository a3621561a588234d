"""Identify a list file: its name, version, holder and meaning, as the user declares them, else as the file does."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.errors import ListError
from auditor.extensions import LIST_FORMATS, Extension
from auditor.known import detect_format, list_formats
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import MEANINGS, ListHeader, ListItem, ListOptions
from auditor.known.list_file import file_sha256
from auditor.known.manifest import ListIdentity
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


@dataclass(frozen=True, slots=True)
class ListFile:
    """An opened list file: its header, its other items, and the extension that reads it, if there is one."""

    path: Path
    header: ListHeader
    items: Iterator[ListItem]
    extension: str = ""


def open_list_items(path: Path, options: ListOptions, extensions: tuple[Extension, ...] = ()) -> ListFile:
    """Return the file's header, and an iterator over its other items. Raises ListError if no format reads it."""
    name = detect_format(path, extensions)
    items = list_formats(extensions)[name].read(path, options)
    added = next((str(each) for each in extensions if (each.group, each.name) == (LIST_FORMATS, name)), "")
    first = next(items, None)
    if isinstance(first, ListHeader):
        return ListFile(path, first, items, added)

    def with_first() -> Iterator[ListItem]:
        """Yield the item of the list file that was read already, then the other ones."""
        if first is not None:
            yield first
        yield from items

    return ListFile(path, ListHeader(name), with_first(), added)


def identify_list(
    file: ListFile, declaration: ListDeclaration, options: ListOptions, default_version: str
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
    """Return the identity of a version, or a file, with changes applied."""
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
