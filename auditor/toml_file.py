"""Read a TOML file that the user, or the author of a trusted target, wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.errors import UsageError

# A baseline of 20,000 entries has some 5 MB. What is no such file, as a device that a link leads to, has no end.
MAX_TOML_BYTES = 16 << 20


def read_toml_file(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file. Raises UsageError; a pipe or device is neither waited for nor read."""
    import tomllib

    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: is no regular file")
        with path.open("rb") as file:
            data = file.read(MAX_TOML_BYTES + 1)
        if len(data) > MAX_TOML_BYTES:
            raise UsageError(f"{path}: is larger than {MAX_TOML_BYTES >> 20} MiB")
        return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is not a TOML file: {error}") from error
