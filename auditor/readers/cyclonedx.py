"""Reads CycloneDX bills of materials that name machine-learning models (CycloneDX/specification, 1.5 and later).

Each component of type ``machine-learning-model`` is a model; one of type ``data`` is what it was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Ref, Statement, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, Text
from auditor.readers import ReaderExample
from auditor.syntax.plain_json import DEPTH_LIMIT, READ_LIMIT, find_line, iter_objects, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text

_MODEL_TYPE = "machine-learning-model"
# What a card's considerations state by being filled.
_CONSIDERATIONS = {
    "users": "intended_use",
    "useCases": "intended_use",
    "technicalLimitations": "limitations",
    "performanceTradeoffs": "limitations",
    "ethicalConsiderations": "limitations",
    "fairnessAssessments": "limitations",
}
_ROLES = {"owners": "owner", "stewards": "steward", "custodians": "custodian"}


def claims(blob: Blob, head: bytes) -> int:
    """Claim a CycloneDX bill of materials: JSON that names the format."""
    return 70 if blob.suffix in (".json", ".cdx") and b"CycloneDX" in head else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    """Yield what each CycloneDX bill says of its models."""
    for blob in blobs:
        try:
            yield from parts(blob, blob.read(READ_LIMIT + 1))
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)


def parts(blob: Blob, data: bytes) -> Iterator[Part | Unread]:
    """Yield a part for each model of a CycloneDX bill. Raises :class:`Unreadable`."""
    text, encoding_gap = decode_text(data)
    bill = load_json_object(text)
    components = list(_components(bill))
    metadata = bill.get("metadata")
    if isinstance(metadata, Mapping):
        components = [*_components(metadata, "component"), *components]
    models = [component for component in components if component.get("type") == _MODEL_TYPE]
    if not models:
        yield Unread(blob.uri, "a bill of materials that names no model", skipped=True, blob=blob)
        return
    by_ref = {ref: component for component in components for ref in iter_strings(component.get("bom-ref"))}
    for model in models:
        # A single model in a model's folder is that model; others have the names that the bill gives.
        own = blob.kind == "model" and len(models) == 1
        version = next(iter_strings(model.get("version")), "")
        ref = blob.ref("model") if own else Ref("model", _name(model) or blob.standalone_name or blob.name, version)
        yield Part(
            Subject(
                "model",
                ref.name,
                ref.revision,
                tuple(
                    Statement(
                        key, words[:MAX_VALUE_CHARACTERS], relation, Place(blob.uri, find_line(text, *path)), "ml-bom"
                    )
                    for key, words, relation, path in _find_statements(model, by_ref)
                ),
                (Gap("card", encoding_gap, Place(blob.uri)),) if encoding_gap else (),
            ),
            tuple(Text("card", blob.uri, words, find_line(text, words[:40])) for words in _prose(model)),
        )


def _components(
    holder: Mapping[str, object], key: str = "components", depth: int = 0
) -> Iterator[Mapping[str, object]]:
    """Yield the components of a CycloneDX bill, those inside others included, down to a limit."""
    for component in iter_objects(holder.get(key)):
        yield component
        if depth < DEPTH_LIMIT:
            yield from _components(component, "components", depth + 1)


def _name(component: Mapping[str, object]) -> str:
    """Return a CycloneDX component's repository by its package URL (purl-spec: huggingface), else group and name."""
    for address in iter_strings(component.get("purl")):
        if address.startswith("pkg:huggingface/"):
            return unquote(re.split("[@?#]", address.removeprefix("pkg:huggingface/"), maxsplit=1)[0])
    group, name = (next(iter_strings(component.get(key)), "") for key in ("group", "name"))
    return f"{group}/{name}" if group and name else name


def _find_statements(
    model: Mapping[str, object], by_ref: Mapping[str, Mapping[str, object]]
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield key, value, relation, and the words by which its line is found, from a CycloneDX bill."""
    name = next(iter_strings(model.get("name")), "")
    if name:
        yield "title", name, "", (name,)
    for choice in iter_objects(model.get("licenses")):
        for licence in iter_objects(choice.get("license")):
            for words in iter_strings([licence.get("id") or licence.get("name")]):
                yield "licence", words, "", (name, words)
        for words in iter_strings(choice.get("expression")):
            yield "licence", words, "", (name, words)
    pedigree = model.get("pedigree")
    if isinstance(pedigree, Mapping):
        for ancestor in iter_objects(pedigree.get("ancestors")):
            if _name(ancestor):
                yield "base_model", _name(ancestor), "", (name, "ancestors")
    card = model.get("modelCard")
    considerations = card.get("considerations") if isinstance(card, Mapping) else None
    stated = considerations if isinstance(considerations, Mapping) else {}
    for field, key in _CONSIDERATIONS.items():
        if any(iter_strings(stated.get(field))):
            yield key, field, "", (name, f'"{field}"')
    parameters = card.get("modelParameters") if isinstance(card, Mapping) else None
    if not isinstance(parameters, Mapping):
        return
    for key, field in (("task", "task"), ("architecture", "architectureFamily")):
        for words in iter_strings(parameters.get(field)):
            yield key, words, "", (name, words)
    for dataset in iter_objects(parameters.get("datasets")):
        ref = next(iter_strings(dataset.get("ref")), "")
        contents = dataset.get("contents")
        url = next(iter_strings(contents.get("url")), "") if isinstance(contents, Mapping) else ""
        component = by_ref.get(ref, {})
        words = _name(component) or next(iter_strings(dataset.get("name")), "") or url or ref
        if words:
            yield "trained_on", words, "", (name, ref or words)
            yield from _governance(dataset, component, words)


def _plain_words(key: str) -> str:
    """Return a key of a CycloneDX bill such as ``technicalLimitations`` as the words of a heading."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key).capitalize()


def _governance(
    dataset: Mapping[str, object], component: Mapping[str, object], words: str
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield who governs a dataset, as a CycloneDX bill's component data says."""
    for holder in (dataset, *iter_objects(component.get("data"))):
        governance = holder.get("governance")
        parties = governance if isinstance(governance, Mapping) else {}
        for field, role in _ROLES.items():
            for party in iter_objects(parties.get(field)):
                for body in (*iter_objects(party.get("organization")), *iter_objects(party.get("contact"))):
                    for name in list(iter_strings(body.get("name")))[:1]:
                        yield "provider", name, f"{role} of {words}", (field, name)


def _prose(model: Mapping[str, object]) -> Iterator[str]:
    """Yield the prose of a model in a CycloneDX bill: its description, and its card's considerations under headings."""
    card = model.get("modelCard")
    considerations = card.get("considerations") if isinstance(card, Mapping) else None
    words = list(iter_strings(model.get("description")))
    for key, value in considerations.items() if isinstance(considerations, Mapping) else ():
        words.append(f"## {_plain_words(key)}\n\n" + "\n".join(iter_strings(value)))
    if words:
        yield "\n\n".join(words)


EXAMPLES = (
    ReaderExample(
        "bom.json",
        b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "machine-learning-model",'
        b' "group": "acme", "name": "leaf", "licenses": [{"license": {"id": "MIT"}}],'
        b' "pedigree": {"ancestors": [{"group": "acme", "name": "tree"}]},'
        b' "modelCard": {"modelParameters": {"datasets": [{"ref": "d"}]}}},'
        b' {"type": "data", "bom-ref": "d", "name": "leaves"}]}',
        (
            ("title", "leaf", ""),
            ("licence", "MIT", ""),
            ("base_model", "acme/tree", ""),
            ("trained_on", "leaves", ""),
        ),
    ),
    ReaderExample(
        "bom.json",
        b'{"bomFormat": "CycloneDX", "components": []}',
        unread="a bill of materials that names no model",
    ),
)
