"""Reads Model Openness Framework files: which parts of a model are released, and under what licence.

The framework: lfai/model_openness_tool; White et al., arXiv 2403.13784.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.plain_json import find_line, iter_objects, iter_strings
from auditor.syntax.safe_yaml import load_yaml
from auditor.syntax.text_encoding import decode_text

MAX_FILE_BYTES = 1 << 20  # bytes; the longest of 178 has 6 kB

# Components that are statements by being there. (Names as in the framework's specification.)
_ANSWERING_COMPONENTS = {"Datasets": "training_data", "Data card": "training_data", "Evaluation results": "evaluation"}


def claims(blob: Blob, head: bytes) -> int:
    """Claim a Model Openness Framework file: YAML that names the framework."""
    return 65 if blob.suffix in (".yml", ".yaml") and b"Model Openness Framework" in head else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield what each Model Openness Framework file says of its model."""
    return read_file_parts(blobs, part, MAX_FILE_BYTES + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return what the Model Openness file in ``data`` says of its model. Raises :class:`Unreadable`."""
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable(f"longer than {MAX_FILE_BYTES:,} bytes")
    text, encoding_gap = decode_text(data)
    value, yaml_gap = load_yaml(text)
    release = value.get("release") if isinstance(value, Mapping) else None
    if not isinstance(release, Mapping):
        raise Unreadable("is no Model Openness file: it has no release")
    subject = blob.text_ref("model")
    return Part(
        Subject(
            subject.kind,
            subject.name,
            subject.revision,
            tuple(
                Statement(
                    key,
                    words[:MAX_VALUE_CHARACTERS],
                    place=Place(blob.uri, find_line(text, *path)),
                    source="openness",
                    remark=remark,
                )
                for key, words, path, remark in _find_statements(release)
            ),
            tuple(Gap("card", why, Place(blob.uri)) for why in (encoding_gap, yaml_gap) if why),
        )
    )


def _find_statements(release: Mapping[str, object]) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Yield key, value, words by which its line is found, and remark, from a Model Openness file."""
    for key, field in (("title", "name"), ("architecture", "architecture"), ("contact", "contact")):
        for value in _text_value(release.get(field)):
            yield key, "given" if key == "contact" else value, (f"{field}:", value), ""
    for value in _text_value(release.get("origin")):
        yield "base_model", value, ("origin:", value), ""
    licence = release.get("license")
    for part, licence_value in licence.items() if isinstance(licence, Mapping) else (("", licence),):
        for value in _licence_names(licence_value):
            yield "licence", value, ("license:", value), f"of {part}" if part else ""
    for component in iter_objects(release.get("components")):
        name = " ".join(_text_value(component.get("name")))
        for value in _licence_names(component.get("license") or component.get("licenses")):
            # "unlicensed": the component is there, and no licence is.
            if value != "unlicensed":
                yield "licence", value, ("components:", name, value), f"of component {name}"
        if name in _ANSWERING_COMPONENTS:
            yield _ANSWERING_COMPONENTS[name], name, ("components:", name), ""


def _text_value(value: object) -> tuple[str, ...]:
    """Return a text in a Model Openness file as a tuple of one; an empty tuple for none."""
    return (value.strip(),) if isinstance(value, str) and value.strip() else ()


def _licence_names(value: object) -> Iterator[str]:
    """Yield licences that a Model Openness file names: of a string, a list, or tables with a ``name``."""
    if isinstance(value, Mapping):
        yield from iter_strings(value.get("name"))
        for inner in value.values():
            if isinstance(inner, Mapping):
                yield from iter_strings(inner.get("name"))
    elif isinstance(value, list):
        for item in value:
            yield from _licence_names(item) if isinstance(item, Mapping) else iter_strings(item)
    else:
        yield from iter_strings(value)


EXAMPLES = (
    ReaderExample(
        "leaf.yml",
        b"framework: {name: 'Model Openness Framework', version: '1.0'}\n"
        b"release:\n  name: Leaf\n  origin: Tree\n  license:\n    distribution: {name: MIT}\n"
        b"  components:\n  - name: Datasets\n    license: unlicensed\n  - name: Model card\n    license: CC-BY-4.0\n",
        (
            ("title", "Leaf", ""),
            ("base_model", "Tree", ""),
            ("licence", "MIT", ""),
            ("licence", "CC-BY-4.0", ""),
            ("training_data", "Datasets", ""),
        ),
    ),
    ReaderExample(
        "leaf.yml", b"# Model Openness Framework\nrelease: 1\n", unread="is no Model Openness file: it has no release"
    ),
)
