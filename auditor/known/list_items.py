"""Open a list file in whatever format it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.extensions import LIST_FORMATS, Extension
from auditor.known.entries import ListHeader, ListItem, ListOptions
from auditor.known.list_formats import detect_format, list_formats


@dataclass(frozen=True, slots=True)
class OpenedListFile:
    """An opened list file: its header, its other items, and the extension that reads it, if there is one."""

    path: Path
    header: ListHeader
    items: Iterator[ListItem]
    extension: str = ""


def open_list_items(path: Path, options: ListOptions, extensions: tuple[Extension, ...] = ()) -> OpenedListFile:
    """Open a list file's items: return its header and an iterator. Raises ListError if no format reads it."""
    name = detect_format(path, extensions)
    items = list_formats(extensions)[name].read(path, options)
    added = next((str(each) for each in extensions if (each.group, each.name) == (LIST_FORMATS, name)), "")
    first = next(items, None)
    if isinstance(first, ListHeader):
        return OpenedListFile(path, first, items, added)

    def with_first() -> Iterator[ListItem]:
        """Yield the item of the list file that was read already, then the other ones."""
        if first is not None:
            yield first
        yield from items

    return OpenedListFile(path, ListHeader(name), with_first(), added)
