"""Reads SPDX 3.0 documents (JSON-LD) that name models: their AI and Dataset profiles. No context is fetched.

Each AI package is a model; a relationship tells what it was trained on and made from (spdx/spdx-3-model, 3.0.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Ref, Statement, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, Text
from auditor.readers import ReaderExample
from auditor.syntax.plain_json import READ_LIMIT, find_line, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text

UNREAD_GAP = "provenance"
SOURCE = "spdx"
MAX_ELEMENTS = 200_000
_NO_MODEL = "an SPDX document that names no model"
_CONTEXT = re.compile(rb"spdx\.org/rdf/3\.\d|spdx-context\.jsonld")
_NOTHING = frozenset({"", "noassertion", "none", "unknown", "n/a"})
# Properties that state something by being filled, and the headings under which the vocabularies read their words.
_DESCRIBED = (
    ("informationAboutTraining", "training_data", "Training data"),
    ("modelDataPreprocessing", "", "Data preprocessing"),
    ("limitation", "limitations", "Limitations"),
    ("informationAboutApplication", "intended_use", "Intended use"),
)
# Relationships of a model with what is at their other end, and whether the model stands at their beginning.
_RELATIONSHIPS = {
    ("trainedOn", True): "trained_on",
    ("testedOn", True): "evaluation",
    ("descendantOf", True): "base_model",
    ("ancestorOf", False): "base_model",
    ("dependsOn", True): "base_model",
    ("hasDeclaredLicense", True): "licence",
    ("hasConcludedLicense", True): "licence",
}


def claims(blob: Blob, head: bytes) -> int:
    """Claim SPDX 3 in JSON-LD by its context."""
    is_json = blob.suffix in (".json", ".jsonld", ".spdx") and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return 72 if is_json and _CONTEXT.search(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield what each SPDX document says of its models."""
    for blob in blobs:
        try:
            yield from parts(blob, blob.read(READ_LIMIT + 1))
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


class _Document(NamedTuple):
    """An SPDX document's elements by their id, its relationships as (type, from, to), and its text."""

    elements: Mapping[str, Mapping[str, object]]
    relationships: tuple[tuple[str, str, str], ...]
    text: str


def parts(blob: Blob, data: bytes) -> Iterator[Part | Unread]:
    """Yield a part for each model of an SPDX document. Raises :class:`Unreadable`."""
    text, encoding_gap = decode_text(data)
    top = load_json_object(text)
    graph = list(iter_objects(top.get("@graph"))) or [top]
    why = encoding_gap or (f"more than {MAX_ELEMENTS:,} elements" if len(graph) > MAX_ELEMENTS else "")
    graph = graph[:MAX_ELEMENTS]
    elements = {identity: element for element in graph for identity in _identities(element)}
    document = _Document(elements, tuple(_relationships(graph)), text)
    models = [element for element in graph if _type(element) == "AIPackage"]
    if not models:
        yield Unread(blob.uri, _NO_MODEL, skipped=True, blob=blob)
        return
    for model in models:
        # A single model in a model's folder is that model; others have the names that the document gives.
        own = blob.kind == "model" and len(models) == 1
        version = next(iter_strings(_property(model, "packageVersion")), "")
        ref = blob.ref("model") if own else Ref("model", _name(model) or blob.standalone_name or blob.name, version)
        statements = dict.fromkeys(
            Statement(key, words[:MAX_VALUE_CHARACTERS], relation, Place(blob.uri, find_line(text, *path)), SOURCE)
            for key, words, relation, path in _find_statements(model, document)
        )
        prose = "\n\n".join(_prose(model))
        yield Part(
            Subject(
                ref.kind,
                ref.name,
                ref.revision,
                tuple(statements),
                (Gap("provenance", why, Place(blob.uri)),) if why else (),
            ),
            (Text("card", blob.uri, prose, 0),) if prose else (),
        )


def _type(element: Mapping[str, object]) -> str:
    """Return an SPDX element's class without the prefix or address of its profile."""
    kind = next(iter_strings([element.get("type"), element.get("@type")]), "")
    return re.split(r"[_:/#]", kind)[-1]


def _property(element: Mapping[str, object], name: str) -> object:
    """Return the value of an SPDX element's property, whatever its profile's prefix is; None for none."""
    for key, value in element.items():
        if key == name or (key.endswith(name) and key[-len(name) - 1] in "_:/#"):
            return value
    return None


def _identities(element: Mapping[str, object]) -> Iterator[str]:
    """Yield the ids of an SPDX element."""
    yield from iter_strings([element.get("spdxId"), element.get("@id")])


def _targets(value: object) -> Iterator[str]:
    """Yield the ids that an SPDX property refers to: strings, or objects with an id."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield from list(_identities(item))[:1]
        else:
            yield from iter_strings(item)


def _relationships(graph: list[Mapping[str, object]]) -> Iterator[tuple[str, str, str]]:
    """Yield the type and the two ends of each SPDX relationship."""
    for element in graph:
        kinds = list(iter_strings(element.get("relationshipType")))
        for kind in kinds[:1]:
            for start in _targets(element.get("from")):
                for end in _targets(element.get("to")):
                    yield re.split(r"[_:/#]", kind)[-1], start, end


def _name(element: Mapping[str, object]) -> str:
    """Return an SPDX package's repository by its package URL (purl-spec: huggingface), else its name."""
    for address in iter_strings(_property(element, "packageUrl")):
        if address.startswith("pkg:huggingface/"):
            return unquote(re.split("[@?#]", address.removeprefix("pkg:huggingface/"), maxsplit=1)[0])
    return next(iter_strings(_property(element, "name")), "")


def _find_statements(
    model: Mapping[str, object], document: _Document
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield key, value, relation, and the words by which its line is found, from an SPDX AI package."""
    name = next(iter_strings(_property(model, "name")), "")
    own = set(_identities(model))
    if name:
        yield "title", name, "", (name,)
    for field, key, _ in _DESCRIBED:
        if key and any(words.lower() not in _NOTHING for words in iter_strings(_property(model, field))):
            yield key, "described", "", (field,)
    for field in ("suppliedBy", "originatedBy"):
        for target in _targets(_property(model, field)):
            for words in iter_strings(_property(document.elements.get(target, {}), "name")):
                yield "provider", words, "", (words,)
    for words in iter_strings(_property(model, "releaseTime")):
        yield "date", words[:10], "released", (words,)
    for kind, start, end in document.relationships:
        for other, is_start in ((end, True), (start, False)):
            key = _RELATIONSHIPS.get((kind, is_start), "")
            if not key or (start if is_start else end) not in own:
                continue
            element = document.elements.get(other, {})
            if key == "licence":
                words = _licence(element, other)
            elif key == "base_model" and _type(element) != "AIPackage":
                continue
            else:
                words = _name(element) or other
            if words and words.lower() not in _NOTHING:
                yield key, words, "", (f'"{kind}"', other)


def _licence(element: Mapping[str, object], identity: str) -> str:
    """Return the licence that an element of SPDX's licensing profiles names."""
    words = next(iter_strings([_property(element, "licenseExpression"), _property(element, "name")]), "")
    return words or identity.removeprefix("https://spdx.org/licenses/")


def _prose(model: Mapping[str, object]) -> Iterator[str]:
    """Yield the prose of an SPDX AI package under headings, as a card has it."""
    yield from iter_strings(_property(model, "description"))
    for field, _, heading in _DESCRIBED:
        words = [words for words in iter_strings(_property(model, field)) if words.lower() not in _NOTHING]
        if words:
            yield f"## {heading}\n\n" + "\n".join(words)


EXAMPLES = (
    ReaderExample(
        "leaf.spdx.json",
        b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": ['
        b'{"type": "ai_AIPackage", "spdxId": "urn:m", "name": "leaf", "ai_limitation": "trees only"},'
        b' {"type": "ai_AIPackage", "spdxId": "urn:b", "name": "tree"},'
        b' {"type": "dataset_DatasetPackage", "spdxId": "urn:d", "name": "acme/leaves"},'
        b' {"type": "simplelicensing_LicenseExpression", "spdxId": "urn:l",'
        b' "simplelicensing_licenseExpression": "MIT"},'
        b' {"type": "Relationship", "from": "urn:m", "relationshipType": "trainedOn", "to": ["urn:d"]},'
        b' {"type": "Relationship", "from": "urn:m", "relationshipType": "hasDeclaredLicense", "to": ["urn:l"]},'
        b' {"type": "Relationship", "from": "urn:b", "relationshipType": "ancestorOf", "to": ["urn:m"]}]}',
        (
            ("title", "leaf", ""),
            ("limitations", "described", ""),
            ("trained_on", "acme/leaves", ""),
            ("licence", "MIT", ""),
            ("base_model", "tree", ""),
        ),
    ),
    ReaderExample(
        "software.spdx.json",
        b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}',
        unread=_NO_MODEL,
    ),
    ReaderExample("cut.json", b'{"@context": "https://spdx.org/rdf/3.0.1/', unread="is not JSON"),
)
