"""Reads documents: other texts of a repository, notebooks, workflow files and policies, as words for the vocabularies.

Rules may stand in a text of any name and format: a FAQ, a page, a JSON or YAML file, a small table. So a text that
speaks of minors and of what is allowed is a document, unless it is claimed as something else or may hold samples.

The outputs of notebooks are left out: they are results, and may be images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead, Text
from auditor.readers import ReaderExample
from auditor.syntax.html_text import is_html, text_of_html
from auditor.syntax.plain_json import READ_LIMIT, iter_objects, iter_strings, load_json_object
from auditor.syntax.sample_hints import may_hold_samples
from auditor.syntax.text_encoding import decode_text_up_to

_PROSE_SUFFIXES = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_MAX_PROSE_BYTES = 8 << 20
_PLAIN_SUFFIXES = ("", ".txt", ".html", ".htm")
_DATA_SUFFIXES = (".json", ".yaml", ".yml", ".csv", ".tsv")
# A longer file of data is no policy, and whether it may hold samples is judged by all of it.
_MAX_DATA_BYTES = 1 << 16
_SPEAKS_OF_MINORS = re.compile(
    rb"(?i)minor|child|csam|csem|csae|csai|under-?\s?age|teen|kid|p[ae]{1,2}dophil|loli|under.?18"
)
_SPEAKS_OF_RULES = re.compile(
    rb"(?i)prohibit|forbid|bann?(?:ed|s)?\b|disallow|allow|not[ _-](?:permitted|ok)|polic(?:y|ies)|moderat|rules?\b"
    rb"|acceptable|tolera|must not|may not|may i\b|never|don['\x92]t|\bno \w"
    rb"|\xe2\x9d\x8c|\xe2\x9c[\x96-\x98]|\xe2\x9b\x94|\xf0\x9f\x9a\xab"  # crosses and no-entry signs
)
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
    if suffix in (*_PLAIN_SUFFIXES, *_DATA_SUFFIXES) and not blob.kind and _may_be_policy(blob, head):
        return 45 if suffix in _DATA_SUFFIXES else 15
    return 15 if suffix in ("", ".txt") and _DOCUMENT_NAME.fullmatch(blob.basename.removesuffix(suffix)) else 0


def _may_be_policy(blob: Blob, head: bytes) -> bool:
    """Return whether a document speaks of minors and of what is allowed, and as data holds nothing that is a sample."""
    if b"\0" in head or not _SPEAKS_OF_RULES.search(head):
        return False
    if blob.suffix in _PLAIN_SUFFIXES:
        return _SPEAKS_OF_MINORS.search(head) is not None
    if not 0 < blob.size <= _MAX_DATA_BYTES:
        return False
    try:
        data = blob.read(_MAX_DATA_BYTES)
    except Unreadable:
        return False
    return _SPEAKS_OF_MINORS.search(data) is not None and not may_hold_samples(data)


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield the words of each document."""
    return read_file_parts(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return the words of the document in ``data``. Raises :class:`Unreadable`."""
    is_notebook = blob.suffix == ".ipynb"
    is_workflow = blob.suffix == ".json" and _COMFYUI_WORKFLOW.search(data) is not None
    text, gaps = decode_text_up_to(data, len(data) if is_notebook or is_workflow else _MAX_PROSE_BYTES)
    first_line = 1
    if is_notebook or is_workflow:
        content = load_json_object(text)
        text = "\n\n".join(_cell_sources(content) if is_notebook else iter_strings(content))
    elif is_html(blob.suffix, text):
        text, why = text_of_html(text)
        gaps = [*gaps, *([why] if why else [])]
        first_line = 0
    elif blob.suffix in _DATA_SUFFIXES:
        text = text.replace("_", " ")  # "sexual_content_involving_minors" is four words
    subject = blob.text_ref("document")
    return Part(
        Subject(
            subject.kind,
            subject.name,
            subject.revision,
            gaps=tuple(Gap("card", why, Place(blob.uri)) for why in gaps),
        ),
        (Text("document", blob.uri, text, first_line),),
    )


def _cell_sources(notebook: Mapping[str, object]) -> Iterator[str]:
    """Yield the sources of the cells of a document that is a notebook (jupyter/nbformat 3 and 4)."""
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
    ReaderExample("uploads.json", b'{"prohibited": ["spam", "exploitation of minors"]}'),
    ReaderExample("uploads.yaml", b"spam: warn\nexploitation of minors: prohibited\n"),
    ReaderExample(
        "questions.html", b"<html><body><p>May I upload pictures of minors? It is allowed.</p></body></html>"
    ),
)
