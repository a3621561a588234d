"""Write the name of a file as a part of a URI, in valid Unicode."""

from __future__ import annotations

import os


def uri_from_file_name(name: str) -> str:
    """Return a file name as valid Unicode: bytes that are not UTF-8 are percent-encoded, and "%" beside them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name.replace("%", "%25"))
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
    return name
