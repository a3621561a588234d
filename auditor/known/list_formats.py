"""Define the formats of known-content and known-model lists, and detect the format of a list file.

A format is a module of :mod:`auditor.known.formats` with two functions, a line of help and examples, see
:class:`ListFormat`. Adding a format is adding a file. Installed distributions add formats through the entry-point
group ``auditor.list_formats``, see :mod:`auditor.extensions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from auditor.errors import ListError
from auditor.extensions import LIST_FORMATS, Extension, load_members
from auditor.known.entries import ListHeader, ListItem, ListOptions
from auditor.known.list_file import open_list_file

HEAD_BYTES = 1 << 16  # bytes of a file, unpacked and as UTF-8, by which its format is found


@dataclass(frozen=True, slots=True)
class ListExample:
    """A small list file and what its format must yield.

    Attributes:
        name: The file's name.
        data: The file's content.
        header: The header of the list.
        entries: (algorithm, lower-case hex digest or text, id, classification, withdrawn) of each entry.
        withdrawn: Ids of withdrawn entries.
        unknown: (algorithm, number of entries) of algorithms that cannot be matched.
        malformed: Numbers of the lines or records that cannot be read.
        refused: Part of the ListError's message; "" where the file is read.
        options: The user's options for the file.
    """

    name: str
    data: bytes
    header: ListHeader | None = None
    entries: tuple[tuple[str, str, str, str, bool], ...] = ()
    withdrawn: tuple[str, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()
    malformed: tuple[int, ...] = ()
    refused: str = ""
    options: ListOptions = field(default_factory=ListOptions)


class ListFormat(Protocol):
    """The interface of a list format's module: a line of help, examples, and two functions."""

    HELP: str
    EXAMPLES: tuple[ListExample, ...]

    def claims(self, head: bytes, name: str) -> int:
        """Return how sure the format is that it reads this file; 0 if it does not. The format that is surest reads it.

        Args:
            head: The file's first :data:`HEAD_BYTES` bytes, which decide.
            name: The file's name, which only breaks ties.
        """
        ...

    def read(self, path: Path, options: ListOptions) -> Iterator[ListItem]:
        """Yield the items of the list file; the :class:`ListHeader` comes first, where the format has one.

        The file is opened by :func:`~auditor.known.list_file.open_list_file`, which unpacks it. A list may have many
        gigabytes, so it is never read whole. A line that is wrong is yielded as a
        :class:`~auditor.known.entries.MalformedEntry`.

        Raises:
            ListError: The file is no list of this format. The message names file, line or record and what to do.
        """
        ...


def list_formats(extensions: tuple[Extension, ...] = ()) -> Mapping[str, ListFormat]:
    """Return every list format by name: those of this package, and those that ``extensions`` add."""
    members = load_members("auditor.known.formats", ListFormat, LIST_FORMATS, extensions)
    return cast("Mapping[str, ListFormat]", members)


def detect_format(path: Path, extensions: tuple[Extension, ...] = ()) -> str:
    """Return the name of the format that is surest that it reads this file. Raises ListError if none is."""
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
    claims = {name: module.claims(head, path.name) for name, module in list_formats(extensions).items()}
    best = max(claims.values(), default=0)
    if best <= 0:
        names = ", ".join(claims) or "none is installed"
        raise ListError(f"{path}: no list format recognises this file ({names}); give --algorithm or --column")
    return next(name for name, claim in claims.items() if claim == best)
