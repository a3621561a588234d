"""Tell whether weights hold a C2PA manifest, which is not read (C2PA 2.4: safetensors and ONNX)."""

from __future__ import annotations

import os
from typing import BinaryIO

C2PA_KEY = "c2pa:manifest"
C2PA_UNREAD = "a C2PA manifest: not read"
# ONNX writes a model's metadata after its graph, and a manifest after its key.
_END_BYTES = 4 << 20


def onnx_has_manifest(file: BinaryIO) -> bool:
    """Return whether an ONNX file names a C2PA manifest at its end. Raises OSError."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES))
    return C2PA_KEY.encode() in file.read(_END_BYTES)
