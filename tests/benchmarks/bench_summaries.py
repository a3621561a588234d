"""Count the fields of public summaries of training content that are read right, left open, missed, or read wrongly.

    python -m tests.benchmarks.bench_summaries FOLDER [-v]

The folder has one for each summary, with the document and a ``fields.json`` that was written with it, apart from the
reader: ``document``, ``style`` (or ``format``), and the fields that are known of it:

* ``trained_on``, ``base_model``, ``generated_by``, ``title``, ``modality``: all the names, in any order. A name that is
  read and not expected is a wrong field, unless it is in ``accept``;
* ``removal``: ``stated``, ``none``, ``placeholder`` or ``empty``;
* ``answers``: ``yes``, ``no`` or ``unanswered`` by the number of the section, ``sig`` for the code of practice;
* ``dates`` by their meaning; ``size`` by modality; ``provider``, ``version``, ``licence``;
* ``language``: of a summary that is not in English. Then one field is counted: that it is said not to be read.

A field that is not read is *open* where the answer is said not to be understood or not to be read, else *missed*.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from auditor.blob import Blob, Unread
from auditor.model import Statement
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.summary_part import TOPICS
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, reader_name, readers

Outcome = Literal["right", "open", "missed", "wrong"]
OUTCOMES: tuple[Outcome, ...] = ("right", "open", "missed", "wrong")
_LISTS = {
    "trained_on": "trained_on",
    "base_model": "base_model",
    "generated_by": "data_generator",
    "title": "title",
    "modality": "modality",
}
_SINGLE = {"provider": "provider", "version": "summary", "licence": "licence"}
_OPEN_STATE = "not understood"


class Field(NamedTuple):
    """One field of a summary: what was expected and read ("": nothing), and whether it is said to be open."""

    name: str
    expected: str
    read: str
    is_open: bool = False

    @property
    def outcome(self) -> Outcome:
        """Return how the field was read."""
        if self.expected.casefold() == self.read.casefold():
            return "right"
        if self.read:
            return "wrong"
        return "open" if self.is_open else "missed"


class Reading(NamedTuple):
    """What the reader that claims a document states of it as a summary, and why not all of it was read."""

    statements: list[Statement]
    reasons: list[str]


def read_summary(document: Path) -> Reading:
    """Return what the reader that claims a document states of it as a summary, and its gaps."""
    data = document.read_bytes()
    blob = Blob(str(document), document.name, len(data), "model", "example")
    name = reader_name(blob, data[:HEAD_BYTES])
    items = list(readers()[name].read([blob], ReadOptions())) if name else []
    parts = [item for item in items if isinstance(item, Part)]
    reasons = [gap.why for part in parts for gap in part.subject.gaps]
    reasons += [item.why for item in items if isinstance(item, Unread)]
    return Reading([one for part in parts for one in part.subject.statements if one.source == "summary"], reasons)


def fields_of(truth: Mapping[str, Any], reading: Reading) -> Iterator[Field]:
    """Yield every field of one summary: what is expected, and what was read."""
    if language := truth.get("language"):
        answers = any(one.key == "summary_answer" for one in reading.statements)
        is_said = any("not in English" in reason for reason in reading.reasons) and not answers
        yield Field("language", language, language if is_said else "")
        return
    statements, whole = reading.statements, " ".join(reading.reasons)
    accepted = {str(name).casefold() for name in truth.get("accept", ())}
    for field, key in _LISTS.items():
        if field not in truth:
            continue
        expected = {str(name).casefold(): str(name) for name in truth[field]}
        read = {one.value.casefold(): one.value for one in statements if one.key == key}
        for name in sorted((expected.keys() | read.keys()) - (accepted - expected.keys())):
            yield Field(
                field, expected.get(name, ""), expected.get(name, read[name]) if name in read else "", bool(whole)
            )
        if not expected and not read:
            yield Field(field, "", "")
    for field, key in _SINGLE.items():
        if truth.get(field):
            read_value = next((one.value for one in statements if one.key == key), "")
            yield Field(field, truth[field], "" if read_value == "no version" else read_value)
    states = {one.value: one.relation for one in statements if one.key == "summary_answer"}
    if "removal" in truth:
        removal = states.get(TOPICS["3.2"], "")
        yield Field("removal", truth["removal"], "" if removal == "absent" else removal)
    for section, answer in truth.get("answers", {}).items():
        sections = {"sig": ("3.1:signatory",), "2.2": ("2.2", "2.2.1", "2.2.2")}.get(section, (section,))
        given = [states[TOPICS[one]] for one in sections if TOPICS[one] in states]
        state = "yes" if "yes" in given else given[0] if given else ""
        expected_answer = "" if answer == "unanswered" else answer
        yield Field(f"answer {section}", expected_answer, state if state in ("yes", "no") else "", state == _OPEN_STATE)
    for meaning, date in truth.get("dates", {}).items():
        found = [one.value for one in statements if one.key == "date" and one.relation == meaning]
        yield Field(f"date {meaning}", date, date if date in found else " ".join(found))
    sizes = {one.relation: one.value for one in statements if one.key == "data_size"}
    for modality in sorted(truth["size"].keys() | sizes.keys()) if "size" in truth else ():
        yield Field(f"size {modality}", truth["size"].get(modality, "").replace(",", " "), sizes.get(modality, ""))


def score(truth: Mapping[str, Any], document: Path) -> list[Field]:
    """Return the fields of one document."""
    return list(fields_of(truth, read_summary(document)))


def main(folder: Path, *, verbose: bool) -> None:
    """Print how the fields were read, by style and in all, and the fields that were not read right."""
    counts: dict[str, Counter[str]] = {}
    for path in sorted(folder.glob("*/fields.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        kind = truth.get("format") or truth["style"]
        for field in score(truth, path.parent / truth["document"]):
            counts.setdefault(kind, Counter())[field.outcome] += 1
            if verbose and field.outcome != "right":
                told = (
                    f"{field.name}: {field.outcome}: {field.read or 'nothing'}, expected {field.expected or 'nothing'}"
                )
                print(f"{path.parent.name} {truth['style']}: {told}")
    for kind, counted in (*sorted(counts.items()), ("all", sum(counts.values(), Counter()))):
        others = ", ".join(f"{counted[outcome]} {outcome}" for outcome in OUTCOMES[1:])
        share = counted["right"] / max(1, counted.total())
        print(f"{kind:24} {counted['right']:4} of {counted.total():4} fields right: {share:.1%} ({others})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), verbose="-v" in sys.argv[2:])
