"""Parse how Civitai names the files that a picture was generated with: by the number of a model's version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.lineage.generation_tools.named_file import MAX_NAME, NamedFile

TOOL = "civitai"
ALGORITHM = "civitai-version"
# An AI resource name: urn:air:{ecosystem}:{type}:civitai:{model}@{version}.
_RESOURCE_NAME = re.compile(r"urn:air:[^:\s]{1,40}:([a-z]{1,20}):civitai:(\d{1,12})@(\d{1,12})")
_ROLES = {"lora": "lora", "locon": "lora", "lycoris": "lora", "dora": "lora", "vae": "vae"}
_ROLES |= {"embedding": "embedding", "embed": "embedding", "textualinversion": "embedding"}


def find_resources(resources: object) -> Iterator[NamedFile]:
    """Yield the files of Civitai's list of resources: ``[{"type": "lora", "modelVersionId": 1, "modelName": "a"}]``."""
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict):
            names = (resource.get("modelName"), resource.get("modelVersionName"))
            name = " ".join(name for name in names if isinstance(name, str))
            version: Any = resource.get("modelVersionId", "")
            version = str(version) if isinstance(version, int | str) and str(version).isdecimal() else ""
            if name or version:
                yield _named(str(resource.get("type", "")), name, version)


def find_resource_names(text: str) -> Iterator[NamedFile]:
    """Yield the files of Civitai's AI resource names in a text."""
    for kind, _, version in _RESOURCE_NAME.findall(text):
        yield _named(kind, "", version)


def _named(kind: str, name: str, version: str) -> NamedFile:
    """Return a file by Civitai's word for its kind, its name and the number of its version."""
    role = _ROLES.get(kind.lower(), "checkpoint")
    return NamedFile(role, name[:MAX_NAME], ALGORITHM if version else "", version[:MAX_NAME], TOOL)
