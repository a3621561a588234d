"""Documents: other texts of a repository, notebooks and workflow files, as words for the vocabularies.

Outputs of notebooks are left out: they are results, and may be pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from auditor.model import Gap, Place, Subject
from auditor.parts import Part, Text
from auditor.readers import ReaderExample, ReadOptions, read_each
from auditor.sources import Blob, Unread
from auditor.syntax.plain_json import READ_LIMIT, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text_up_to

_PROSE = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_PROSE_LIMIT = 8 << 20
_NAMES = re.compile(r"(?:readme|changelog|usage|about)", re.I)
# ComfyUI saves the nodes of a workflow: for its editor with last_node_id, for its interface with class_type.
_WORKFLOW = re.compile(rb'"(?:last_node_id|class_type)"\s*:')


def claims(blob: Blob, head: bytes) -> int:
    suffix = blob.suffix
    if suffix == ".ipynb":
        return 60
    if suffix in _PROSE:
        return 15
    if suffix in (".yml", ".yaml") and ".github/workflows/" in f"/{blob.uri}":
        return 60
    if suffix == ".json" and _WORKFLOW.search(head):
        return 60
    return 15 if suffix in ("", ".txt") and _NAMES.fullmatch(blob.basename.removesuffix(suffix)) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    return read_each(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """The words of the document in ``data``. Raises :class:`Unreadable`."""
    structured = blob.suffix in (".ipynb", ".json")
    text, gaps = decode_text_up_to(data, len(data) if structured else _PROSE_LIMIT)
    if structured:
        content = load_json_object(text)
        text = "\n\n".join(_cells(content) if blob.suffix == ".ipynb" else iter_strings(content))
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


def _cells(notebook: Mapping[str, object]) -> Iterator[str]:
    """The sources of a notebook's cells (jupyter/nbformat 3 and 4)."""
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
