"""A private file that takes the place of another only when it is complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from auditor.errors import UsageError


@contextmanager
def temporary_file_beside(path: Path) -> Iterator[IO[bytes]]:
    """Create a temporary file beside ``path`` with mode 0600, which is deleted at the end unless it was renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=".building-", delete=False)  # noqa: SIM115
    except OSError as error:
        raise UsageError(f"{path.parent}: cannot hold a list: {error.strerror}; name another --out") from error
    try:
        with file:
            yield file
    finally:
        with suppress(FileNotFoundError):
            os.unlink(file.name)
