"""A file that a picture's metadata name, as a model that was used to generate the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEX = re.compile(r"[0-9a-f]{8,64}")
# The algorithm of a hash, by its number of hex digits: AutoV1 is weak, AutoV2 begins a file's SHA-256, AutoV3 that of
# its tensors.
_ALGORITHM_BY_LENGTH = {8: "autov1", 10: "autov2", 12: "autov3", 64: "sha256"}
# What tools write where no file was chosen.
_NO_FILE = ("none", "automatic", "default (model)")
MAX_NAME = 300  # characters that are kept of a name


@dataclass(frozen=True, slots=True, order=True)
class NamedFile:
    """A file that a picture's metadata name, by ``name``, by the hash ``algorithm`` and ``value``, or both.

    ``role`` is checkpoint, lora, vae or embedding; ``tool`` the format that the metadata have.
    """

    role: str
    name: str
    algorithm: str = ""
    value: str = ""
    tool: str = ""


def make_named_file(role: str, name: object, value: object, tool: str) -> Iterator[NamedFile]:
    """Yield the named file where there is a name or a hash; a hash of unknown length or algorithm is left out."""
    file_name = name.strip().replace("\\", "/").rsplit("/", 1)[-1] if isinstance(name, str) else ""
    file_name = "" if file_name.lower() in _NO_FILE else file_name
    digest = value.strip().lower() if isinstance(value, str) else ""
    algorithm, found, hexadecimal = digest.rpartition(":")
    if not (_HEX.fullmatch(hexadecimal) and (found or len(hexadecimal) in _ALGORITHM_BY_LENGTH)):
        algorithm = hexadecimal = ""
    if hexadecimal and not algorithm:
        algorithm = _ALGORITHM_BY_LENGTH.get(len(hexadecimal), "")
    if file_name or hexadecimal:
        yield NamedFile(role, file_name[:MAX_NAME], algorithm, hexadecimal, tool)
