"""Turn the places of a run into paths from the folder where the command ran, as editors and CI services want them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from auditor.model import Place
from auditor.printable import printable

_MAX_PATH = 1000  # characters
_MEMBER = "!/"  # what separates an archive's place from that of a member


def local_path(uri: str, targets: Sequence[str]) -> str:
    """Return the local path of a place: of the archive for a member of one, of the first target for no place.

    A place begins with the name of its target where a run has several. Of the paths that this allows, the first that
    exists is returned; where none does, the first. The address of a place elsewhere is returned as it is.

    Args:
        uri: A place, relative to its target.
        targets: The targets of the run, as they were given.
    """
    if "://" in uri:
        return uri
    paths = [_from_here(path) for path in _possible_paths(uri.partition(_MEMBER)[0].lstrip("/"), targets)]
    return next((path for path in paths if os.path.lexists(path)), paths[0] if paths else uri)


def local_place(place: Place, targets: Sequence[str]) -> str:
    """Return the local path of a place with its line, printable: "path:line"; "" for no place."""
    if not place.uri:
        return ""
    path = printable(local_path(place.uri, targets), _MAX_PATH)
    return f"{path}:{place.line}" if place.line else path


def _possible_paths(uri: str, targets: Sequence[str]) -> Iterator[str]:
    """Yield the local paths that a place may stand for."""
    for target in targets:
        folder = os.path.dirname(target) if os.path.isfile(target) else target
        yield os.path.join(folder, uri) if uri else target
    if len(targets) > 1:
        _, _, below = uri.partition("/")
        yield from (os.path.join(target, below) for target in targets if below)


def _from_here(path: str) -> str:
    """Return a local path from the current folder with "/" between its parts; absolute where it lies elsewhere."""
    plain = os.path.normpath(path)
    if os.path.isabs(plain) and not (relative := os.path.relpath(plain)).startswith(".."):
        plain = relative
    return plain.replace(os.sep, "/")
