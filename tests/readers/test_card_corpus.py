"""Every real card is accounted for, and read as the libraries of the hub read it.

``tags`` and ``datasets`` of 2,258 model cards are compared with a plain YAML 1.2 reading of the same block.
What differs, as ``_reading`` spells out, and why: a string is one of a list (66 and 23 cards); nulls say nothing (35
items and 8 whole values, left over from templates); the boolean of ``- false`` (1 item) is the word; ``- FOSD:
https://…`` (2 items), a table to YAML, is the words as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import ryaml

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.model import Kind
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.readers.card import part, read
from auditor.syntax.front_matter import split_card
from auditor.syntax.text_encoding import decode_text
from auditor.terms.derive_subjects import derive_subject

pytestmark = pytest.mark.corpus
KNOWN = compiled_vocabulary(load_vocabularies())
COLLECTIONS: tuple[tuple[str, Kind], ...] = (("03-model-cards", "model"), ("04-dataset-cards", "dataset"))


def facts(corpus: Path) -> Iterator[tuple[Blob, bytes, dict[str, object]]]:
    """Each card with what PyYAML and huggingface_hub made of it."""
    for collection, kind in COLLECTIONS:
        for line in (corpus / collection / "card_facts.jsonl").read_text().splitlines():
            fact = json.loads(line)
            data = (corpus / fact["path"]).read_bytes()
            yield Blob(str(corpus / fact["path"]), fact["path"], len(data), kind, fact["path"]), data, fact


def listed(value: object) -> list[str]:
    """One or many, as strings."""
    items = value if isinstance(value, list) else [value]
    # The facts write null as "None".
    return [str(item).strip() for item in items if item not in (None, "", "None")]


def test_every_card_is_read_or_unread_with_a_reason(corpus: Path) -> None:
    blobs = [blob for blob, _, _ in facts(corpus)]
    parts = list(read(blobs, ReadOptions()))
    assert len(blobs) > 3000
    assert [item for item in parts if not isinstance(item, Part)] == []
    assert [item.subject.name for item in parts if isinstance(item, Part)] == [blob.name for blob in blobs]


def test_licence_and_base_model_are_those_of_the_reference_parsers(corpus: Path) -> None:
    compared, wrong = 0, []
    for blob, data, fact in facts(corpus):
        subject = part(blob, data).subject
        for key, ours in (("license", "licence"), ("base_model", "base_model")):
            if key in fact:
                compared += 1
                stated = [s.value for s in subject.statements_for(ours) if s.source == "card"]
                if stated != listed(fact[key]):
                    wrong.append((blob.uri, key, stated, fact[key]))
    assert compared > 1900
    assert wrong == []


def _reading(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _reading(item)]
    if isinstance(value, dict):
        return [f"{key}: {item}" for key, item in value.items()]
    if isinstance(value, bool):
        return [str(value).lower()]
    return listed(value)


# Checked by hand: what is no part of a name is left out, and a name that is given twice counts once.
READ_AS = {
    "Kirili4ik__mbart_ruDialogSum.md": ["IlyaGusev/gazeta", "samsum"],
    "timm_eva_large_patch14_196.in22k_ft_in22k_in1k.md": ["imagenet-1k", "imagenet-22k"],
    "aliosm__ComVE-gpt2-large__README.md": [
        "github.com/wangcunxiang/SemEval2020-Task4-Commonsense-Validation-and-Explanation",
    ],
    "indolem__indobert-base-uncased__README.md": ["220M words"],
    "pdelobelle__robbert-v2-dutch-base__README.md": ["oscar", "Shuffled Dutch section of the OSCAR corpus"],
}


def test_tags_and_datasets_equal_a_plain_reading_of_the_same_block(corpus: Path) -> None:
    compared, wrong = 0, []
    for blob, data, fact in facts(corpus):
        if fact.get("top") != "dict" or blob.kind != "model":
            continue
        plain = ryaml.loads("\n".join(split_card(decode_text(data)[0]).lines))
        subject = part(blob, data).subject
        for key, ours in (("tags", "tag"), ("datasets", "trained_on")):
            if key in plain:
                compared += 1
                stated = list(subject.values(ours))
                by_hand = READ_AS.get(blob.basename) if key == "datasets" else None
                if stated != (by_hand or _reading(plain[key])):
                    wrong.append((blob.uri, key, stated, plain[key]))
    assert compared > 2000
    assert wrong == []


def test_every_block_that_no_parser_reads_leaves_a_gap_at_its_line(corpus: Path) -> None:
    # The facts are PyYAML's: five more blocks, with tabs between tokens, are valid YAML 1.2.
    broken = []
    for blob, data, fact in facts(corpus):
        if fact.get("yaml") == "error":
            lines = split_card(decode_text(data)[0]).lines
            try:
                ryaml.loads("\n".join(lines))
            except ValueError:
                broken.append((blob, data))
            else:
                broken += [] if lines else [(blob, data)]  # not one key: prose
    assert len(broken) == 9
    for blob, data in broken:
        gaps = part(blob, data).subject.gaps
        assert [gap.what for gap in gaps] == ["card"], blob.uri
        assert gaps[0].place.line > 1, blob.uri


def test_the_parents_that_merges_name_are_read(corpus: Path) -> None:
    """Parents as listed by hand-checked facts, links by their text."""
    missed = []
    for record in json.loads((corpus / "03-model-cards/lineage/mergekit-absa-parents.json").read_text()):
        data = (corpus / record["file"]).read_bytes()
        names = derive_subject(part(Blob("", record["file"], len(data), "model", "x"), data), KNOWN).values(
            "base_model"
        )
        for parent in record["parents_in_body"]:
            bare = parent.split("](")[0].lstrip("[")
            cached = re.search(r"models--(.+?)--([^/]+)/snapshots/", bare)
            if cached:
                bare = f"{cached[1]}/{cached[2]}"
            is_path = "\\" in bare or bare[1:2] == ":" or bare.startswith(("/", "."))
            local = "local:" + bare.replace("\\", "/").rstrip("/").rpartition("/")[2]
            if (local if is_path else bare) not in names:
                missed.append((record["file"], parent))
    assert missed == []


def test_the_lines_that_are_named_hold_the_values(corpus: Path) -> None:
    looked, wrong = 0, []
    for blob, data, _ in facts(corpus):
        try:
            lines = decode_text(data)[0].split("\n")
        except Unreadable:
            continue
        for statement in derive_subject(part(blob, data), KNOWN).statements_for("licence", "base_model", "trained_on"):
            looked += 1
            line = lines[statement.place.line - 1]
            # A value that is folded over lines is placed at its key.
            if statement.value not in line and ":" not in line:
                wrong.append((blob.uri, statement))
    assert looked > 3000
    assert wrong == []
