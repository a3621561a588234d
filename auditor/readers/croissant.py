"""Croissant metadata (mlcommons/croissant, 0.8 to 1.1), read as plain JSON-LD: no context is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part, Text
from auditor.readers import ReaderExample, ReadOptions, read_each
from auditor.sources import Blob, Unread
from auditor.syntax.plain_json import READ_LIMIT, find_line, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text

FILES_LIMIT = 10_000  # distribution entries
_DIGESTS = {"sha256": re.compile(r"[0-9a-f]{64}", re.I), "md5": re.compile(r"[0-9a-f]{32}", re.I)}
_MARK = re.compile(rb"mlcommons\.org/(?:croissant|schema)|\"(?:sc|cr|schema|https?://schema\.org/):?Dataset\"")
_DERIVED = ("isBasedOn", "prov:wasDerivedFrom", "wasDerivedFrom", "sc:isBasedOn")
# Prose of the responsible-AI vocabulary (mlcommons/croissant: docs/croissant-rai-spec.md) and plain properties.
_PROSE = ("description", "abstract", "conditionsOfAccess")


def claims(blob: Blob, head: bytes) -> int:
    return 70 if blob.suffix in (".json", ".jsonld") and b"@context" in head and _MARK.search(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    return read_each(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """What the metadata in ``data`` says of its dataset. Raises :class:`Unreadable`."""
    text, doubt = decode_text(data)
    dataset = _dataset(load_json_object(text))
    subject = blob.text_ref("dataset")
    gaps = [Gap("table", doubt, Place(blob.uri))] if doubt else []
    files = list(iter_objects(dataset.get("distribution")))
    if len(files) > FILES_LIMIT:
        gaps.append(Gap("table", f"names more than {FILES_LIMIT:,} files", Place(blob.uri)))
    statements: dict[Statement, None] = {}
    for key, value, relation, where, remark in _stated(dataset):
        statements[
            Statement(key, value[:1000], relation, Place(blob.uri, find_line(text, *where)), "croissant", remark)
        ] = None
    junk: list[str] = []
    position, number = 0, 1
    for file in files[:FILES_LIMIT]:
        name = next(iter_strings([file.get("@id"), file.get("name")]), "")
        # Files are named in order, so each is looked for after the one before.
        found = text.find(f'"{name}"', position)
        if found >= 0:
            number += text.count("\n", position, found)
            position = found
        place = Place(blob.uri, number)
        digests, claimed = _digests(file)
        if claimed:
            junk.append(name)
            gaps.extend(
                [] if len(junk) > 1 else [Gap("table", f"names a file by no {claimed} at all: junk digest", place)]
            )
        url = next(iter_strings(file.get("contentUrl")), "")
        for value in digests or ([_host(url)] if _host(url) else []):
            statements[Statement("distribution", value, place=place, source="croissant", remark=name[:200])] = None
    prose = _prose(dataset)
    return Part(
        Subject(subject.kind, subject.name, subject.revision, tuple(statements), tuple(gaps)),
        (Text("card", blob.uri, prose, find_line(text, '"description"')),) if prose else (),
    )


def _dataset(metadata: Mapping[str, object]) -> Mapping[str, object]:
    """The dataset itself: JSON-LD may hold it in a ``@graph``."""
    for item in iter_objects(metadata.get("@graph")):
        if any(kind.endswith("Dataset") for kind in iter_strings(item.get("@type"))):
            return item
    return metadata


def _stated(dataset: Mapping[str, object]) -> Iterator[tuple[str, str, str, tuple[str, ...], str]]:
    """Key, value, relation, the words that lead to its line, remark."""
    for words in iter_strings(dataset.get("name")):
        yield "title", words, "", ('"name"', words), ""
    for field in ("license", "sc:license", "schema:license"):
        for words in _references(dataset.get(field)):
            yield "licence", words, "", (f'"{field}"', words), ""
    for words in _references(dataset.get("usageInfo")):
        yield "licence_link", words, "", ('"usageInfo"', words), "usageInfo"
    for words in list(_references(dataset.get("inLanguage")))[:500]:
        yield "language", words, "", ('"inLanguage"', words), ""
    for words in list(iter_strings(dataset.get("keywords")))[:500]:
        yield "tag", words, "", ('"keywords"', words), ""
    for field in _DERIVED:
        for words in _references(dataset.get(field)):
            yield "sourced_from", words, "", (f'"{field}"', words), field
    for field in ("creator", "publisher", "maintainer", "contactPoint"):
        for person in iter_objects(dataset.get(field)):
            for _ in iter_strings(person.get("email")):
                yield "contact", "email", "", (f'"{field}"',), ""


def _references(value: object, depth: int = 0) -> Iterator[str]:
    """What a property points to: strings, and of objects a location, an address or an id, whichever comes first."""
    if isinstance(value, list) and depth < 4:
        for item in value:
            yield from _references(item, depth + 1)
    elif isinstance(value, Mapping):
        keys = ("prov:locatedAt", "url", "sc:url", "@value", "@id", "name", "sc:name")
        yield from list(iter_strings([value[key] for key in keys if key in value]))[:1]
    else:
        yield from iter_strings(value)


def _digests(file: Mapping[str, object]) -> tuple[list[str], str]:
    """The digests a file is named by, as ``sha256:hex``, and the algorithm of one that is no such digest."""
    good, junk = [], ""
    for algorithm, shape in _DIGESTS.items():
        for value in iter_strings([file.get(algorithm), file.get(f"cr:{algorithm}"), file.get(f"sc:{algorithm}")]):
            if shape.fullmatch(value):
                good.append(f"{algorithm}:{value.lower()}")
            else:
                junk = algorithm
    return good, junk


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # an unclosed bracket
        return ""


def _prose(dataset: Mapping[str, object]) -> str:
    """The dataset's words under headings, as a card would have them."""
    blocks = []
    for key, value in dataset.items():
        if key in _PROSE or key.startswith(("rai:", "http://mlcommons.org/croissant/RAI/")):
            words = "\n".join(iter_strings(value))
            if words:
                plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.split(r"[:/]", key)[-1]).capitalize()
                blocks.append(words if key == "description" else f"## {plain}\n\n{words}")
    return "\n\n".join(blocks)


EXAMPLES = (
    ReaderExample(
        "croissant.json",
        b'{"@context": {"cr": "http://mlcommons.org/croissant/"}, "@type": "sc:Dataset", "name": "leaves",'
        b' "license": "https://creativecommons.org/licenses/by/4.0/", "isBasedOn": "acme/trees",'
        b' "distribution": [{"@id": "a", "contentUrl": "https://example.org/a.zip",'
        b' "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},'
        b' {"@id": "b", "contentUrl": "https://example.org/b.zip", "sha256": "https://example.org/issues/80"}]}',
        (
            ("title", "leaves", ""),
            ("licence", "https://creativecommons.org/licenses/by/4.0/", ""),
            ("sourced_from", "acme/trees", ""),
            ("distribution", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""),
            ("distribution", "example.org", ""),
        ),
        gaps=("table",),
    ),
    ReaderExample("croissant.json", b'{"@context": "http://mlcommons.org/croissant/", ', unread="is not JSON"),
)
