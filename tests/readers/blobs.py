"""Files for tests of readers."""

from __future__ import annotations

from pathlib import Path

from auditor.blob import Blob
from auditor.model import Kind


def unopened_blob(name: str, kind: Kind | str = "") -> Blob:
    """A file that is nowhere, for readers that are handed its bytes; of no kind, it is a subject by itself."""
    owner, standalone = ("acme/leaves", "") if kind else ("", name)
    return Blob("/nowhere", name, 1, kind, owner, standalone_name=standalone)  # type: ignore[arg-type]


def written_blob(folder: Path, name: str, data: bytes) -> Blob:
    """A file with these bytes that is a subject by itself."""
    (folder / name).write_bytes(data)
    return Blob(str(folder / name), name, len(data), standalone_name=name)
