"""Clean the names of models that training tools write into files."""

from __future__ import annotations


def without_local_folders(name: str) -> str:
    """Return a model's name without the folders of the machine it was made on; ``ORG/NAME`` and addresses stay."""
    plain = name.replace("\\", "/").rstrip("/")
    if plain.startswith(("https://", "http://")):
        return plain
    is_local = plain.startswith(("/", "~", ".")) or plain[1:2] == ":" or plain.count("/") > 1 or "\\" in name
    return plain.rsplit("/", 1)[-1] if is_local else plain
