"""Reads Croissant metadata (mlcommons/croissant, 0.8 to 1.1) as plain JSON-LD: no context is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from auditor.blob import Blob, Unread
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, PartlyRead, Text
from auditor.readers import ReaderExample
from auditor.samples import Samples, build_sample_batch
from auditor.syntax.plain_json import READ_LIMIT, find_line, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text

_MAX_LISTED_VALUES = 500  # languages, keywords
MAX_FILES = 10_000  # distribution entries
_DIGEST_PATTERNS = {"sha256": re.compile(r"[0-9a-f]{64}", re.I), "md5": re.compile(r"[0-9a-f]{32}", re.I)}
_CROISSANT = re.compile(rb"mlcommons\.org/(?:croissant|schema)|\"(?:sc|cr|schema|https?://schema\.org/):?Dataset\"")
_SOURCE_PROPERTIES = ("isBasedOn", "prov:wasDerivedFrom", "wasDerivedFrom", "sc:isBasedOn")
# Prose of the responsible-AI vocabulary (mlcommons/croissant: docs/croissant-rai-spec.md) and plain properties.
_PROSE_PROPERTIES = ("description", "abstract", "conditionsOfAccess")


def claims(blob: Blob, head: bytes) -> int:
    """Claim Croissant metadata: JSON-LD that uses its vocabulary."""
    return 70 if blob.suffix in (".json", ".jsonld") and b"@context" in head and _CROISSANT.search(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread]:
    """Yield what each file of Croissant metadata says of its dataset, and the samples that it declares."""
    for blob in blobs:
        for item in read_file_parts((blob,), part, READ_LIMIT + 1):
            yield item
            if isinstance(item, Part):
                yield from _declared_samples(blob, item.subject, options)


def _declared_samples(blob: Blob, subject: Subject, options: ReadOptions) -> Iterator[Samples]:
    """Yield files of a Croissant distribution by their declared digests, as far as a list asks for them."""
    wanted = [name for name in _DIGEST_PATTERNS if name in options.algorithms]
    files: dict[tuple[str, int], dict[str, bytes]] = {}
    for statement in subject.statements:
        algorithm, _, digest = statement.value.partition(":")
        if statement.key == "distribution" and algorithm in wanted:
            name = statement.remark or f"line {statement.place.line}"
            files.setdefault((name, statement.place.line), {})[algorithm] = bytes.fromhex(digest)
    if files:
        columns = {
            "sample": [name for name, _ in files],
            "place": [blob.uri] * len(files),
            "row": [line for _, line in files],
            **{name: [digests.get(name) for digests in files.values()] for name in wanted},
        }
        yield Samples(blob.ref("dataset"), "declared", build_sample_batch(columns, wanted))


def part(blob: Blob, data: bytes) -> Part:
    """Return what the Croissant metadata in ``data`` says of its dataset. Raises :class:`Unreadable`."""
    text, encoding_gap = decode_text(data)
    dataset = _find_dataset(load_json_object(text))
    subject = blob.text_ref("dataset")
    gaps = [Gap("table", encoding_gap, Place(blob.uri))] if encoding_gap else []
    files = list(iter_objects(dataset.get("distribution")))
    if len(files) > MAX_FILES:
        gaps.append(Gap("table", f"names more than {MAX_FILES:,} files", Place(blob.uri)))
    statements: dict[Statement, None] = {}
    for key, value, relation, path, remark in _find_statements(dataset):
        statements[
            Statement(
                key,
                value[:MAX_VALUE_CHARACTERS],
                relation,
                Place(blob.uri, find_line(text, *path)),
                "croissant",
                remark,
            )
        ] = None
    has_junk_digest = False
    position, number = 0, 1
    for file in files[:MAX_FILES]:
        name = next(iter_strings([file.get("@id"), file.get("name")]), "")
        # Files come in the order of the text: each is looked for after the one before.
        found = text.find(f'"{name}"', position)
        if found >= 0:
            number += text.count("\n", position, found)
            position = found
        place = Place(blob.uri, number)
        digests, claimed = _file_digests(file)
        if claimed:
            if not has_junk_digest:
                gaps.append(Gap("table", f"names a file by no {claimed} at all: junk digest", place))
            has_junk_digest = True
        url = next(iter_strings(file.get("contentUrl")), "")
        for value in digests or ([_host_of(url)] if _host_of(url) else []):
            statements[Statement("distribution", value, place=place, source="croissant", remark=name[:200])] = None
    prose = _prose(dataset)
    return Part(
        Subject(subject.kind, subject.name, subject.revision, tuple(statements), tuple(gaps)),
        (Text("card", blob.uri, prose, find_line(text, '"description"')),) if prose else (),
    )


def _find_dataset(metadata: Mapping[str, object]) -> Mapping[str, object]:
    """Return the dataset of Croissant metadata, which JSON-LD may hold in a ``@graph``."""
    for item in iter_objects(metadata.get("@graph")):
        if any(kind.endswith("Dataset") for kind in iter_strings(item.get("@type"))):
            return item
    return metadata


def _find_statements(dataset: Mapping[str, object]) -> Iterator[tuple[str, str, str, tuple[str, ...], str]]:
    """Yield key, value, relation, words by which its line is found, and remark, from Croissant metadata."""
    for value in iter_strings(dataset.get("name")):
        yield "title", value, "", ('"name"', value), ""
    for field in ("license", "sc:license", "schema:license"):
        for value in _references(dataset.get(field)):
            yield "licence", value, "", (f'"{field}"', value), ""
    for value in _references(dataset.get("usageInfo")):
        yield "licence_link", value, "", ('"usageInfo"', value), "usageInfo"
    for value in list(_references(dataset.get("inLanguage")))[:_MAX_LISTED_VALUES]:
        yield "language", value, "", ('"inLanguage"', value), ""
    for value in list(iter_strings(dataset.get("keywords")))[:_MAX_LISTED_VALUES]:
        yield "tag", value, "", ('"keywords"', value), ""
    for field in _SOURCE_PROPERTIES:
        for value in _references(dataset.get(field)):
            yield "sourced_from", value, "", (f'"{field}"', value), field
    yield from _provenance(dataset)
    for field in ("creator", "publisher", "maintainer", "contactPoint"):
        for person in iter_objects(dataset.get(field)):
            for _ in iter_strings(person.get("email")):
                yield "contact", "email", "", (f'"{field}"',), ""


def _provenance(dataset: Mapping[str, object]) -> Iterator[tuple[str, str, str, tuple[str, ...], str]]:
    """Yield what PROV properties in Croissant 1.1 say of the dataset and of its files, record sets and fields."""
    holders: list[Mapping[str, object]] = [dataset]
    for field in ("distribution", "recordSet"):
        for item in list(iter_objects(dataset.get(field)))[:MAX_FILES]:
            holders += [item, *list(iter_objects(item.get("field")))[:MAX_FILES]]
    own = {identity for holder in holders for identity in iter_strings([holder.get("@id"), holder.get("name")])}
    for holder in holders:
        named = next(iter_strings([holder.get("@id"), holder.get("name")]), "")
        remark = f"of {named[:200]}" if holder is not dataset and named else ""
        path = (f'"{named}"',) if remark else ()
        for field in () if holder is dataset else ("prov:wasDerivedFrom", "wasDerivedFrom"):
            for value in _references(holder.get(field)):
                if value not in own:
                    yield "sourced_from", value, "", (*path, f'"{field}"', value), remark or field
        for field in ("prov:wasAttributedTo", "wasAttributedTo"):
            for value in _agents(holder.get(field)):
                yield "provider", value, "attributed to", (*path, f'"{field}"', value), remark
        for field in ("prov:wasGeneratedBy", "wasGeneratedBy"):
            for activity in iter_objects(holder.get(field)):
                for key, relation in (("startedAtTime", "collected from"), ("endedAtTime", "collected until")):
                    for value in iter_strings([activity.get(f"prov:{key}"), activity.get(key)]):
                        yield "date", value, relation, (*path, f'"{field}"', value), remark


def _agents(value: object) -> Iterator[str]:
    """Yield the names of the agents that a PROV property in Croissant metadata refers to."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            keys = ("prov:label", "label", "rdfs:label", "name", "sc:name", "@id")
            yield from list(iter_strings([item[key] for key in keys if key in item]))[:1]
        else:
            yield from iter_strings(item)


def _references(value: object, depth: int = 0) -> Iterator[str]:
    """Yield what a Croissant property refers to: strings; of an object its location, address, id or name."""
    if isinstance(value, list) and depth < 4:
        for item in value:
            yield from _references(item, depth + 1)
    elif isinstance(value, Mapping):
        keys = ("prov:locatedAt", "url", "sc:url", "@value", "@id", "name", "sc:name")
        yield from list(iter_strings([value[key] for key in keys if key in value]))[:1]
    else:
        yield from iter_strings(value)


def _file_digests(file: Mapping[str, object]) -> tuple[list[str], str]:
    """Return a Croissant file's ``sha256:hex`` digests, and the algorithm of a value that is no digest, or ""."""
    digests, malformed = [], ""
    for algorithm, shape in _DIGEST_PATTERNS.items():
        for value in iter_strings([file.get(algorithm), file.get(f"cr:{algorithm}"), file.get(f"sc:{algorithm}")]):
            if shape.fullmatch(value):
                digests.append(f"{algorithm}:{value.lower()}")
            else:
                malformed = algorithm
    return digests, malformed


def _host_of(url: str) -> str:
    """Return the host of an address in Croissant metadata; "" for none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # an unclosed bracket
        return ""


def _prose(dataset: Mapping[str, object]) -> str:
    """Return the prose of a Croissant dataset under headings, as a card has it."""
    blocks = []
    for key, value in dataset.items():
        if key in _PROSE_PROPERTIES or key.startswith(("rai:", "http://mlcommons.org/croissant/RAI/")):
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
