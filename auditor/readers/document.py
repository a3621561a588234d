"""Reads documents: other texts of a repository, notebooks and workflow files, as words for the vocabularies.

The outputs of notebooks are left out: they are results, and may be images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from auditor.blob import Blob, Unread
from auditor.model import Gap, Place, Subject
from auditor.parts import Part, Text
from auditor.readers import ReaderExample
from auditor.reading.file_parts import read_file_parts
from auditor.reading.read_options import ReadOptions
from auditor.syntax.plain_json import READ_LIMIT, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text_up_to

_PROSE_SUFFIXES = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_MAX_PROSE_BYTES = 8 << 20
_DOCUMENT_NAME = re.compile(r"(?:readme|changelog|usage|about)", re.I)
# ComfyUI saves the nodes of a workflow: for its editor with last_node_id, for its interface with class_type.
_COMFYUI_WORKFLOW = re.compile(rb'"(?:last_node_id|class_type)"\s*:')


def claims(blob: Blob, head: bytes) -> int:
    """Claim a document by its name, and a ComfyUI workflow by its content."""
    suffix = blob.suffix
    if suffix == ".ipynb":
        return 60
    if suffix in _PROSE_SUFFIXES:
        return 15
    if suffix in (".yml", ".yaml") and ".github/workflows/" in f"/{blob.uri}":
        return 60
    if suffix == ".json" and _COMFYUI_WORKFLOW.search(head):
        return 60
    return 15 if suffix in ("", ".txt") and _DOCUMENT_NAME.fullmatch(blob.basename.removesuffix(suffix)) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield the words of each document."""
    return read_file_parts(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return the words of the document in ``data``. Raises :class:`Unreadable`."""
    is_json = blob.suffix in (".ipynb", ".json")
    text, gaps = decode_text_up_to(data, len(data) if is_json else _MAX_PROSE_BYTES)
    if is_json:
        content = load_json_object(text)
        text = "\n\n".join(_cell_sources(content) if blob.suffix == ".ipynb" else iter_strings(content))
    subject = blob.text_ref("document")
    return Part(
        Subject(
            subject.kind,
            subject.name,
            subject.revision,
            gaps=tuple(Gap("card", why, Place(blob.uri)) for why in gaps),
        ),
        (Text("document", blob.uri, text),),
    )


def _cell_sources(notebook: Mapping[str, object]) -> Iterator[str]:
    """Yield the sources of a notebook's cells (jupyter/nbformat 3 and 4)."""
    for sheet in (*iter_objects(notebook.get("worksheets")), notebook):
        for cell in iter_objects(sheet.get("cells")):
            source = cell.get("source", cell.get("input"))
            lines = source if isinstance(source, list) else [source]
            words = "".join(item for item in lines if isinstance(item, str))
            if words.strip():
                yield words


EXAMPLES = (
    ReaderExample("notes.ipynb", b'{"cells": [{"cell_type": "markdown", "source": ["# Leaves\\n", "and trees"]}]}'),
    ReaderExample("notes.ipynb", b'{"cells": ', unread="is not JSON"),
    ReaderExample(".github/workflows/ci.yml", b"on: push\n"),
)
