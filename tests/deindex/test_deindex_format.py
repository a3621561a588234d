"""The test vectors of docs/deindex-format.md: written again by the program, and read by it and by a small verifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.deindex.lookup import open_lookup
from auditor.deindex.receive_list import receive_list
from auditor.errors import SealError
from auditor.resources import resource_folder
from auditor.sealing import encryption
from tests import make_deindex_vectors as vectors
from tests.deindex.independent_verifier import Recipient, Refused
from tests.deindex.lists import NOW
from tests.make_deindex_vectors import FOLDER, RECIPIENT, SENDER

INVALID = sorted(path.stem for path in (FOLDER / "invalid").iterdir())
INVALID_AFTER_ROTATION = sorted(path.stem for path in (FOLDER / "invalid-after-rotation").iterdir())


def content(name: str) -> Any:
    return json.loads((FOLDER / name).read_bytes())


def sealed(data: bytes, path: Path) -> Path:
    with path.open("wb") as file:
        encryption.encrypt([data], file, RECIPIENT.card.age)
    return path


@pytest.fixture
def recipient() -> Recipient:
    """A recipient of the independent verifier who uses the first list."""
    recipient = Recipient(content("sender.json"), content("recipient.json"), NOW)
    recipient.receive((FOLDER / "valid" / "1-whole.jsonl").read_bytes())
    return recipient


def test_the_vectors_are_what_the_program_writes() -> None:
    files = vectors.make_vectors()
    assert {name: (FOLDER / name).read_bytes() for name in files} == files
    assert vectors.plain(FOLDER / "whole.age") == files["valid/1-whole.jsonl"]


@pytest.mark.parametrize("name", ["1-whole", "2-delta", "3-rotated", "4-whole-again"])
def test_the_valid_lists_are_as_the_schema_says(name: str) -> None:
    schema = json.loads((resource_folder("reports/schema") / "deindex-list.schema.json").read_bytes())
    check = jsonschema.Draft202012Validator(schema)
    for line in (FOLDER / "valid" / f"{name}.jsonl").read_bytes().splitlines():
        check.validate(json.loads(line))


def test_a_verifier_without_its_code_accepts_the_valid_lists_and_looks_up(recipient: Recipient) -> None:
    harbour = next(token for token, entry in recipient.entries.items() if "harbour" in entry["subject"]["name"])
    recipient.receive((FOLDER / "valid" / "2-delta.jsonl").read_bytes())
    assert recipient.cleared == {harbour}
    asked = content("lookups.json")
    assert [recipient.look_up(one["host"], one["path"]) for one in asked] == [one["listed"] for one in asked]


@pytest.mark.parametrize("name", INVALID)
def test_a_verifier_without_its_code_refuses_the_invalid_lists(recipient: Recipient, name: str) -> None:
    with pytest.raises(Refused):
        recipient.receive((FOLDER / "invalid" / f"{name}.jsonl").read_bytes())
    assert recipient.version == 1


@pytest.mark.parametrize("name", INVALID_AFTER_ROTATION)
def test_a_verifier_without_its_code_follows_new_keys_and_refuses_the_replaced_ones(
    recipient: Recipient, name: str
) -> None:
    for valid in ("2-delta", "3-rotated"):
        recipient.receive((FOLDER / "valid" / f"{valid}.jsonl").read_bytes())
    with pytest.raises(Refused, match=r"keys that were replaced|another sender"):
        recipient.receive((FOLDER / "invalid-after-rotation" / f"{name}.jsonl").read_bytes())
    assert recipient.version == 3


def test_a_whole_list_tells_those_who_missed_the_deltas_what_was_cleared(recipient: Recipient) -> None:
    recipient.receive((FOLDER / "valid" / "4-whole-again.jsonl").read_bytes())
    assert len(recipient.cleared) == 1
    assert not any("harbour" in entry["subject"]["name"] for entry in recipient.entries.values())


def test_the_program_accepts_the_valid_lists_and_answers_the_same(tmp_path: Path) -> None:
    receive_list(FOLDER / "whole.age", RECIPIENT, SENDER.card, tmp_path / "home", NOW)
    delta = sealed((FOLDER / "valid" / "2-delta.jsonl").read_bytes(), tmp_path / "delta.age")
    assert receive_list(delta, RECIPIENT, SENDER.card, tmp_path / "home", NOW).header.version == 2
    asked = content("lookups.json")
    found = open_lookup(tmp_path / "home", SENDER.card, NOW).lookup_texts(
        [f"https://{one['host']}{one['path']}" for one in asked]
    )
    assert [answer.outcome == "listed" for answer in found] == [one["listed"] for one in asked]


@pytest.mark.parametrize("name", INVALID_AFTER_ROTATION)
def test_the_program_follows_new_keys_and_refuses_the_replaced_ones(tmp_path: Path, name: str) -> None:
    for valid in ("1-whole", "2-delta", "3-rotated"):
        path = sealed((FOLDER / "valid" / f"{valid}.jsonl").read_bytes(), tmp_path / "valid.age")
        receive_list(path, RECIPIENT, SENDER.card, tmp_path / "home", NOW)
    path = sealed((FOLDER / "invalid-after-rotation" / f"{name}.jsonl").read_bytes(), tmp_path / "invalid.age")
    with pytest.raises(SealError, match=r"that no longer count|the signature is not by the sender's key"):
        receive_list(path, RECIPIENT, SENDER.card, tmp_path / "home", NOW)
    assert open_lookup(tmp_path / "home", SENDER.card, NOW).header.version == 3


@pytest.mark.parametrize("name", INVALID)
def test_the_program_refuses_the_invalid_lists(tmp_path: Path, name: str) -> None:
    receive_list(FOLDER / "whole.age", RECIPIENT, SENDER.card, tmp_path / "home", NOW)
    path = sealed((FOLDER / "invalid" / f"{name}.jsonl").read_bytes(), tmp_path / "invalid.age")
    with pytest.raises(SealError):
        receive_list(path, RECIPIENT, SENDER.card, tmp_path / "home", NOW)
    answers = open_lookup(tmp_path / "home", SENDER.card, NOW).lookup_texts(["https://huggingface.co/atelier/harbour"])
    assert [answer.outcome for answer in answers] == ["listed"]
