"""Count the fields of public summaries of training content that are read right.

    python -m tests.benchmarks.bench_summaries FOLDER [-v]

The folder has one for each summary, with the document and a ``fields.json`` that was written with it, apart from the
reader: ``document``, ``style``, the names under ``trained_on``, ``base_model`` and ``generated_by``, and ``removal``:
``stated``, ``placeholder`` or ``empty``. A field is one name that is expected, a list that is expected to be empty, or
the answer about illegal content. A name that is read and not expected is a wrong field too.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from auditor.blob import Blob
from auditor.model import Statement
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, reader_name, readers

_KEYS = {"trained_on": "trained_on", "base_model": "base_model", "generated_by": "data_generator"}
_REMOVAL = "3.2 removal of illegal content"


class Field(NamedTuple):
    """One field of a summary, and whether it was read as it is."""

    name: str
    expected: str
    read: str

    @property
    def is_right(self) -> bool:
        return self.expected == self.read


def summary_statements(document: Path) -> list[Statement]:
    """Return what the reader that claims a document states of it as a summary."""
    data = document.read_bytes()
    blob = Blob(str(document), document.name, len(data), "model", "example")
    name = reader_name(blob, data[:HEAD_BYTES])
    items = readers()[name].read([blob], ReadOptions()) if name else ()
    parts = (item for item in items if isinstance(item, Part))
    return [one for part in parts for one in part.subject.statements if one.source == "summary"]


def fields_of(truth: Mapping[str, object], statements: list[Statement]) -> Iterator[Field]:
    """Yield every field of one summary: what is expected, and what was read."""
    for field, key in _KEYS.items():
        names = truth[field]
        assert isinstance(names, list)
        expected = {str(name).casefold(): str(name) for name in names}
        read = {one.value.casefold(): one.value for one in statements if one.key == key}
        for name in sorted(expected.keys() | read.keys()):
            yield Field(
                field, expected.get(name, "nothing"), expected.get(name, read[name]) if name in read else "nothing"
            )
        if not expected and not read:
            yield Field(field, "nothing", "nothing")
    removal = next((one.relation for one in statements if one.value == _REMOVAL), "not read")
    yield Field("removal", str(truth["removal"]), removal)


def main(folder: Path, *, verbose: bool) -> None:
    """Print the fields that were read right, by style and in all, and the wrong ones."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*/fields.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        statements = summary_statements(path.parent / truth["document"])
        for field in fields_of(truth, statements):
            total[truth["style"]] += 1
            right[truth["style"]] += field.is_right
            if verbose and not field.is_right:
                print(f"{path.parent.name} {truth['style']}: {field.name}: {field.read}, expected {field.expected}")
    for style in sorted(total):
        print(f"{style:14} {right[style]:4} of {total[style]:4}")
    print(
        f"{'all':14} {right.total():4} of {total.total():4} fields right: {right.total() / max(1, total.total()):.1%}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), verbose="-v" in sys.argv[2:])
