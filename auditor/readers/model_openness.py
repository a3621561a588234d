"""Model Openness Framework files: which parts of a model are released, and under what licence.

The framework: lfai/model_openness_tool; White et al., arXiv 2403.13784.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part
from auditor.readers import ReaderExample, ReadOptions, read_each
from auditor.sources import Blob, Unread
from auditor.syntax.plain_json import find_line, iter_objects, iter_strings
from auditor.syntax.safe_yaml import load_yaml
from auditor.syntax.text_encoding import decode_text

READ_LIMIT = 1 << 20  # bytes; the longest of 178 has 6 kB

# Components that answer a question of their own. (Names as in the framework's specification.)
_ANSWERS = {"Datasets": "training_data", "Data card": "training_data", "Evaluation results": "evaluation"}


def claims(blob: Blob, head: bytes) -> int:
    return 65 if blob.suffix in (".yml", ".yaml") and b"Model Openness Framework" in head else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Unread]:
    return read_each(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """What the file in ``data`` says of its model. Raises :class:`Unreadable`."""
    if len(data) > READ_LIMIT:
        raise Unreadable(f"longer than {READ_LIMIT:,} bytes")
    text, doubt = decode_text(data)
    value, trouble = load_yaml(text)
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
                    key, words[:1000], place=Place(blob.uri, find_line(text, *where)), source="openness", remark=remark
                )
                for key, words, where, remark in _stated(release)
            ),
            tuple(Gap("card", why, Place(blob.uri)) for why in (doubt, trouble) if why),
        )
    )


def _stated(release: Mapping[str, object]) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Key, value, the words that lead to its line, remark."""
    for key, field in (("title", "name"), ("architecture", "architecture"), ("contact", "contact")):
        for words in _words(release.get(field)):
            yield key, "given" if key == "contact" else words, (f"{field}:", words), ""
    for words in _words(release.get("origin")):
        yield "base_model", words, ("origin:", words), ""
    licence = release.get("license")
    for part, value in licence.items() if isinstance(licence, Mapping) else (("", licence),):
        for words in _names(value):
            yield "licence", words, ("license:", words), f"of {part}" if part else ""
    for component in iter_objects(release.get("components")):
        name = " ".join(_words(component.get("name")))
        for words in _names(component.get("license") or component.get("licenses")):
            # "unlicensed": the component is there, and no licence is.
            if words != "unlicensed":
                yield "licence", words, ("components:", name, words), f"of component {name}"
        if name in _ANSWERS:
            yield _ANSWERS[name], name, ("components:", name), ""


def _words(value: object) -> tuple[str, ...]:
    return (value.strip(),) if isinstance(value, str) and value.strip() else ()


def _names(value: object) -> Iterator[str]:
    """Names of licences: a string, a list, or tables with a ``name``."""
    if isinstance(value, Mapping):
        yield from iter_strings(value.get("name"))
        for inner in value.values():
            if isinstance(inner, Mapping):
                yield from iter_strings(inner.get("name"))
    elif isinstance(value, list):
        for item in value:
            yield from _names(item) if isinstance(item, Mapping) else iter_strings(item)
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
