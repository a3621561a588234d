"""Parse the metadata that image generation tools write into pictures: one module for each tool's format.

A module for a format of JSON has ``claims(keyword, content)``, which returns whether a JSON object under a keyword has
this format, and ``find_named_files(content)``. :data:`auditor.lineage.generation_parameters.JSON_TOOLS` lists the
modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from auditor.lineage.generation_tools.named_file import NamedFile


class JsonTool(Protocol):
    """A module for a tool that writes its settings as a JSON object."""

    def claims(self, keyword: str, content: Mapping[str, Any]) -> bool: ...

    def find_named_files(self, content: Mapping[str, Any]) -> Iterator[NamedFile]: ...
