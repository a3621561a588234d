"""Which files of its targets a run reads: what the user excludes, and what the user names. Both are counted.

A pattern is compared with a file's path in its target, and with each folder above it: ``*`` and ``?`` stand for
characters of one name, ``[…]`` for one of several characters, ``**`` for any number of folders. A pattern without ``/``
is compared with each name of the path. Letters count as written.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from auditor.errors import UsageError
from auditor.file_uri import uri_from_file_name

# What the reasons of files that the user leaves out begin with.
EXCLUDED, NOT_NAMED = "excluded by --exclude ", "not named in "


@dataclass(frozen=True)
class Selection:
    """What of the targets is read.

    Attributes:
        exclude: Patterns of files that are not read.
        source: What reports call the file of names; "": all files that are not excluded are read.
        named: The absolute paths of the files and folders in it.
        digest: What tells it from other such files, so that a resumed run reads the same.
        follows_ignore_files: The .gitignore files of the targets are followed.
    """

    exclude: tuple[str, ...] = ()
    source: str = ""
    named: frozenset[str] = frozenset()
    digest: str = ""
    follows_ignore_files: bool = False

    def names_in(self, target: str) -> dict[str, str]:
        """Return the paths that are named in a target, by their place in it; "" is the whole target."""
        root = os.path.abspath(target)
        found = {path: os.path.relpath(path, root) for path in self.named if _is_inside(path, root)}
        return {
            "" if below == os.curdir else "/".join(map(uri_from_file_name, Path(below).parts)): path
            for path, below in found.items()
        }

    def reason_to_skip(self, uri: str, names: Collection[str]) -> str:
        """Return why the selection leaves a file out; "" if it is read.

        Args:
            uri: The file's place in its target.
            names: The places in the target that are named.
        """
        for pattern, expression in self._expressions:
            if expression.fullmatch(uri.rstrip("/")):
                return f"{EXCLUDED}{pattern.replace(':', '?')}"  # a reason is counted by what precedes a colon
        if self.source and matching_selection(uri, names) is None:
            return f"{NOT_NAMED}{self.source}"
        return ""

    @cached_property
    def _expressions(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Return the patterns that the user excludes with their expressions."""
        return tuple((pattern, compile_selection_pattern(pattern)) for pattern in self.exclude)


ALL_FILES = Selection()


def read_selection(exclude: Sequence[str] = (), files_from: str | os.PathLike[str] | None = None) -> Selection:
    """Return the selection of files that the user makes.

    Args:
        exclude: Patterns of files that are not read.
        files_from: A file with paths, one per line, or ended by NUL characters; ``-``: standard input.

    Raises:
        UsageError: A pattern is empty, or the file cannot be read or names nothing.
    """
    for pattern in exclude:
        if not pattern.strip("/"):
            raise UsageError(f"--exclude {pattern!r}: names no file; write for example '*.tmp' or 'drafts/**'")
    if files_from is None:
        return Selection(tuple(exclude))
    name = os.fspath(files_from)
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"--files-from {name}: cannot be read: {error.strerror}") from error
    lines = data.split(b"\0") if b"\0" in data else [line.removesuffix(b"\r") for line in data.split(b"\n")]
    named = frozenset(os.path.abspath(os.fsdecode(line)) for line in lines if line)
    if not named:
        raise UsageError(f"--files-from {name}: names no file")
    digest = hashlib.sha256(b"\0".join(sorted(map(os.fsencode, named)))).hexdigest()
    source = f"--files-from {os.path.basename(name).replace(':', '?')}"
    return Selection(tuple(exclude), source, named, digest)


def matching_selection(uri: str, names: Collection[str]) -> str | None:
    """Return which of the selected places a file is or lies in; None if it is in none."""
    return next((place for place in _place_and_folders(uri.rstrip("/")) if place in names), None)


def compile_selection_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression that a pattern of a selection stands for; it matches whole places."""
    parts = pattern.strip("/").split("/")
    anywhere = "" if "/" in pattern.rstrip("/") else "(?:[^/]+/)*"
    joined = ""
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if part == "**":
            joined += "[^/]+" if is_last else "(?:[^/]+/)*"
        else:
            joined += _compile_name(part) + ("" if is_last else "/")
    return re.compile(f"{anywhere}{joined}(?:/.*)?", re.DOTALL)


def _compile_name(part: str) -> str:
    """Return the expression of a selection's pattern of one name."""
    joined, at = "", 0
    while at < len(part):
        end = part.find("]", at + 2) if part[at] == "[" else -1
        if end > 0:
            inner = part[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            inner = "^" + inner[1:] if inner.startswith("!") else inner
            joined += f"(?!/)[{inner}]"
            at = end + 1
            continue
        joined += {"*": "[^/]*", "?": "[^/]"}.get(part[at], re.escape(part[at]))
        at += 1
    return joined


def _place_and_folders(uri: str) -> Iterator[str]:
    """Yield the place of a file and the folders above it, for the selection's patterns."""
    yield uri
    while uri:
        uri = uri.rpartition("/")[0]
        yield uri


def _is_inside(path: str, root: str) -> bool:
    """Return whether a path is, or lies in, a folder of the selection."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
