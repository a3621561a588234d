"""A receipt says what a recipient did, in the recipient's own signature."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from auditor.deindex import receipts
from auditor.deindex.party_keys import Keys
from auditor.deindex.receipts import ActedEntry
from auditor.errors import SealError, UsageError
from auditor.resources import resource_folder
from auditor.sealing import envelope
from tests.deindex.lists import NOW, ListExchange, decision


@pytest.fixture
def path(exchange: ListExchange) -> Path:
    exchange.receive(exchange.build(decision("atelier/harbour"), decision("atelier/lights", verdict="demote")).path)
    found = exchange.lookup()
    path = exchange.folder / "receipt.json"
    path.write_bytes(receipts.sign_receipt(found, exchange.recipient, receipts.all_entries_acted(found, NOW), NOW))
    return path


def test_a_receipt_names_what_was_acted_on_and_when(exchange: ListExchange, path: Path) -> None:
    said = receipts.read_receipt(path, exchange.recipient.card, NOW)
    assert (said.sender, said.recipient, said.version, said.issued_at) == ("hotline", "search", 1, NOW)
    assert sorted(each.action for each in said.acted) == ["de-index", "demote"]
    assert {each.at for each in said.acted} == {NOW}


def test_a_receipt_is_as_the_schema_says(exchange: ListExchange, path: Path) -> None:
    schema = json.loads((resource_folder("reports/schema") / "deindex-receipt.schema.json").read_text())
    payload = json.loads(
        envelope.open_envelope(path.read_bytes(), receipts.RECEIPT_PAYLOAD_TYPE, exchange.recipient.card.public)
    )
    check = jsonschema.Draft202012Validator(schema)
    check.validate(payload)
    assert not check.is_valid(payload | {"name": "atelier/harbour"})


def test_a_receipt_names_no_subject(exchange: ListExchange, path: Path) -> None:
    payload = envelope.open_envelope(path.read_bytes(), receipts.RECEIPT_PAYLOAD_TYPE, exchange.recipient.card.public)
    assert b"atelier" not in payload
    assert b"huggingface" not in payload


def test_a_receipt_by_another_or_changed_is_refused(exchange: ListExchange, path: Path, stranger: Keys) -> None:
    with pytest.raises(SealError, match="the signature is not by the sender's key"):
        receipts.read_receipt(path, stranger.card, NOW)
    data = bytearray(path.read_bytes())
    data[data.index(b'"payload": "') + 30] ^= 1
    path.write_bytes(data)
    with pytest.raises(SealError, match=f"{path}: "):
        receipts.read_receipt(path, exchange.recipient.card, NOW)


def test_a_receipt_in_anothers_name_is_refused(exchange: ListExchange, path: Path, stranger: Keys) -> None:
    found = exchange.lookup()
    path.write_bytes(receipts.sign_receipt(found, replace(exchange.recipient, signing=stranger.signing), (), NOW))
    with pytest.raises(SealError, match="is by search, not by stranger"):
        receipts.read_receipt(path, stranger.card, NOW)


def test_a_list_is_no_receipt(exchange: ListExchange, path: Path) -> None:
    path.write_bytes(envelope.sign_envelope("application/vnd.other+json", b"{}", exchange.recipient.signing))
    with pytest.raises(SealError, match="holds a signed payload of another type"):
        receipts.read_receipt(path, exchange.recipient.card, NOW)


def test_single_entries_are_acted_on_at_their_own_time() -> None:
    lines = ["3f de-index 2026-11-22T08:00:00Z\n", "\n", "4a restored\n"]
    assert receipts.parse_acted_lines(lines, NOW) == (
        ActedEntry("3f", "de-index", "2026-11-22T08:00:00Z"),
        ActedEntry("4a", "restored", NOW),
    )


@pytest.mark.parametrize("line", ["3f", "3f de-index yesterday", "a b c d", "\x1b[31m"])
def test_a_line_that_says_no_such_thing_is_named(line: str) -> None:
    with pytest.raises(UsageError, match=r"line 2: .*write ENTRY ACTION") as error:
        receipts.parse_acted_lines(["4a restored", line], NOW)
    assert str(error.value).isprintable()


def test_an_entry_can_be_declined_or_questioned_with_a_reason() -> None:
    lines = [
        "3f questioned the card names another dataset now",
        "4a declined 2026-11-22T08:00:00Z no such page here",
        "5b restored",
    ]
    assert receipts.parse_acted_lines(lines, NOW) == (
        ActedEntry("3f", "questioned", NOW, "the card names another dataset now"),
        ActedEntry("4a", "declined", "2026-11-22T08:00:00Z", "no such page here"),
        ActedEntry("5b", "restored", NOW),
    )


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("3f questioned", "ENTRY questioned [WHEN] REASON"),
        ("3f declined 2026-11-22T08:00:00Z", "ENTRY declined [WHEN] REASON"),
        ("3f de-index because", "ENTRY ACTION 2026-11-23T09:30:00Z"),
        ("3f", "ENTRY ACTION 2026-11-23T09:30:00Z"),
    ],
)
def test_a_line_of_a_receipt_that_lacks_something_says_what_to_write(line: str, form: str) -> None:
    with pytest.raises(UsageError) as caught:
        receipts.parse_acted_lines(["", line], NOW)
    assert str(caught.value) == f"line 2: {line}: write {form}"
