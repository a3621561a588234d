"""Keep files that are written from other users of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keep_new_files_private() -> Iterator[None]:
    """Keep the files that this process writes meanwhile private to its owner, as those of workers are."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
