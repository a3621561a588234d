"""Rules folders and lists for tests of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RULE = """
title = "A tag is stated"
applies = ["model"]
check = "stated"
severity = "warning"
reads = ["card"]
why = "Because."
fix = "Do."
references = ["A text"]

[with]
key = "tag"
fact = "has tag {value}"

[[examples]]
name = "a tag"
states = [{ key = "tag", value = "a" }]
flags = ["has tag a"]

[[examples]]
name = "none"
states = [{ key = "card", value = "none" }]
"""
PROFILE = 'description = "Ours."\n'


@dataclass(frozen=True)
class SmallList:
    name: str = "demo"
    version: str = "1"
    means: str = "test"
    entries: int = 3
    sha256: str = "00"


def rules_folder(path: Path, **files: str) -> Path:
    """Write a rules folder and return it; ``profiles__ours=`` writes ``profiles/ours.toml``."""
    for name, text in files.items():
        file = path / f"{name.replace('__', '/').replace('_', '-')}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return path
