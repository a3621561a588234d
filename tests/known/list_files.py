"""List files that tests write, and import."""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_identity import ListDeclaration


def hexes(*numbers: int, width: int = 16) -> list[str]:
    return [hashlib.shake_128(str(number).encode()).hexdigest(width) for number in numbers]


def list_file(folder: Path, *lines: str, name: str = "hills.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def imported_as(path: Path, version: str = "", **declared: object) -> CompiledList:
    declaration = ListDeclaration(**{"name": "hills", "means": "test", "version": version, **declared})  # type: ignore[arg-type]
    return import_list([path], declaration, ListOptions())[0]
