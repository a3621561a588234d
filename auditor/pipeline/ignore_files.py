"""What the .gitignore files of a trusted target leave out, as Git reads them.

Patterns of Git's own configuration and of ``.git/info/exclude`` do not count: they are not part of the target.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import Unreadable
from auditor.safe_open import open_regular_file

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORED = "ignored by "
_NAME = ".gitignore"
# Bytes of an ignore file that are read; those of large projects have some kilobytes.
MAX_IGNORE_FILE_BYTES = 1 << 20


@dataclass(slots=True)
class IgnoreFiles:
    """The .gitignore files of one target, each read when a file below it is listed."""

    root: Path
    _specs: dict[str, tuple[GitIgnoreSpec, list[str]] | None] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    def reason_to_skip(self, uri: str) -> str:
        """Return why a file is left out; "" if it is read.

        Args:
            uri: The file's place in the target.
        """
        folder = uri.rpartition("/")[0]
        return self._reason_of_folder(folder) or self._reason_by_patterns(uri)

    def _reason_of_folder(self, folder: str) -> str:
        """Return why all below a folder is ignored; "" if it is not."""
        if not folder:
            return ""
        if (known := self._folders.get(folder)) is not None:
            return known
        reason = self._reason_of_folder(folder.rpartition("/")[0]) or self._reason_by_patterns(f"{folder}/")
        self._folders[folder] = reason
        return reason

    def _reason_by_patterns(self, place: str) -> str:
        """Return why patterns ignore a file, or a folder that ends with "/": the last one that matches decides."""
        reason = ""
        parts = place.rstrip("/").split("/")
        for depth in range(len(parts)):
            folder = "/".join(parts[:depth])
            spec = self._read(folder)
            if spec is None:
                continue
            below = place.removeprefix(f"{folder}/") if folder else place
            found = spec[0].check_file(below)
            if found.include is not None and found.index is not None:
                source = f"{folder}/{_NAME}" if folder else _NAME
                # A reason is counted by what precedes a colon.
                reason = f"{IGNORED}{source} {spec[1][found.index]}".replace(":", "?") if found.include else ""
        return reason

    def _read(self, folder: str) -> tuple[GitIgnoreSpec, list[str]] | None:
        """Return the patterns of the ignore file in a folder, and their texts; None if there is none."""
        if folder not in self._specs:
            self._specs[folder] = _read_patterns(os.path.join(self.root, *folder.split("/"), _NAME))
        return self._specs[folder]


def _read_patterns(path: str) -> tuple[GitIgnoreSpec, list[str]] | None:
    """Return the patterns of an ignore file and their texts; None for none, a link, or one that is too large."""
    try:
        with open(path, "rb", opener=open_regular_file) as file:
            data = file.read(MAX_IGNORE_FILE_BYTES + 1)
    except (OSError, Unreadable):
        return None
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip() and line[:1] != "#"]
    if len(data) > MAX_IGNORE_FILE_BYTES or not lines:
        return None
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines), lines
    except ValueError:  # a pattern that Git would not take either
        return None
