"""Digests of weights files: the whole file, and the bytes after a safetensors header."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from auditor.model import Digest

BLOCK = 1 << 20


def file_digests(file: BinaryIO, header: int = 0) -> Iterator[Digest]:
    """``sha256`` of the file and, where its header has ``header`` bytes, ``sha256-tensors`` of what follows it.

    The first 12 hex digits of ``sha256-tensors`` are what image tools call AutoV3, the first 10 of
    ``sha256`` AutoV2: a header that is edited changes the second alone. One pass, one block in memory.
    Raises OSError.
    """
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    file.seek(0)
    left = header
    while left > 0 and (block := file.read(min(BLOCK, left))):
        whole.update(block)
        left -= len(block)
    while block := file.read(BLOCK):
        whole.update(block)
        if header:
            tensors.update(block)
    yield Digest("sha256", whole.hexdigest())
    if header and not left:
        yield Digest("sha256-tensors", tensors.hexdigest())
