"""New keys that the old ones sign: who has the old card follows, and the old keys count until a date."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.deindex import build_list, party_cards, party_keys, receipts, sent_state
from auditor.deindex.party_keys import Keys, rotate_keys
from auditor.deindex.published_lists import recipient_folder
from auditor.errors import SealError
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision

HARBOUR = decision("atelier/harbour")
ADDRESS = "https://huggingface.co/atelier/harbour"
LATER = add_time(NOW, days=31)


@pytest.fixture
def exchange(tmp_path: Path) -> ListExchange:
    """Both sides with keys of their own, which a test can rotate."""
    return ListExchange(
        tmp_path,
        party_keys.create_keys(tmp_path / "sender", "hotline", "https://hotline.example/appeals"),
        party_keys.create_keys(tmp_path / "recipient", "search"),
    )


def with_new_sender(exchange: ListExchange, days: int = 30) -> ListExchange:
    return replace(exchange, sender=rotate_keys(exchange.folder / "sender", NOW, days))


def with_new_recipient(exchange: ListExchange, days: int = 30) -> ListExchange:
    return replace(exchange, recipient=rotate_keys(exchange.folder / "recipient", NOW, days))


def test_replaced_keys_count_as_long_as_a_list_can_be_valid() -> None:
    assert party_keys.REPLACED_KEYS_DAYS == build_list.MAX_LIST_DAYS == 30


def test_new_keys_have_a_card_that_the_old_key_signed_and_the_old_private_key_is_gone(exchange: ListExchange) -> None:
    old = exchange.sender
    new = rotate_keys(exchange.folder / "sender", NOW)
    assert party_keys.load_keys(exchange.folder / "sender") == new
    assert party_cards.load_card(exchange.folder / "sender" / "card.json") == new.card
    assert new.card.rotations[0].ed25519 == old.card.ed25519 != new.card.ed25519
    assert new.card.rotations[0].until == "2026-12-23T12:00:00Z"
    assert (new.card.name, new.card.appeals, new.secret) == (old.card.name, old.card.appeals, old.secret)
    assert sorted(path.name for path in (exchange.folder / "sender").iterdir()) == [
        "card.json",
        "identity.age",
        "signing.pem",
        "tokens.key",
    ]
    assert party_cards.newer_card(old.card, new.card) == party_cards.newer_card(new.card, old.card) == new.card


def test_keys_can_be_rotated_again_and_keep_no_identity_that_no_longer_counts(exchange: ListExchange) -> None:
    first = exchange.sender
    second = rotate_keys(exchange.folder / "sender", NOW)
    third = rotate_keys(exchange.folder / "sender", LATER)
    assert party_keys.load_keys(exchange.folder / "sender").replaced == (second.identity,)
    assert [old.ed25519 for old in third.card.rotations] == [first.card.ed25519, second.card.ed25519]
    assert party_cards.newer_card(first.card, third.card) == third.card


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_a_rotation_that_was_killed_is_finished_when_the_keys_are_used(
    exchange: ListExchange, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill it before each of the four files is put in place."""
    moves = iter(range(moved))

    def move(source: Path, target: Path) -> None:
        if next(moves, None) is None:
            raise KeyboardInterrupt
        shutil.move(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", move)
        with pytest.raises(KeyboardInterrupt):
            rotate_keys(exchange.folder / "sender", NOW)
    found = party_keys.load_keys(exchange.folder / "sender")
    assert len(found.card.rotations) == 1
    assert found.replaced == (exchange.sender.identity,)


def test_a_rotation_that_was_killed_before_the_new_keys_were_whole_changes_nothing(
    exchange: ListExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(party_keys, "_write_keys", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rotate_keys(exchange.folder / "sender", NOW)
    assert party_keys.load_keys(exchange.folder / "sender") == exchange.sender
    assert len(rotate_keys(exchange.folder / "sender", NOW).card.rotations) == 1


def test_keys_with_a_passphrase_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phrase = "four plain words here"
    party_keys.create_keys(tmp_path / "keys", "search", passphrase=phrase)
    monkeypatch.setenv("AUDITOR_KEYS_PASSPHRASE", phrase)
    new = rotate_keys(tmp_path / "keys", NOW)
    assert party_keys.load_keys(tmp_path / "keys") == new
    files = b"".join(path.read_bytes() for path in (tmp_path / "keys").iterdir())
    assert new.secret not in files
    assert new.identity.encode() not in files
    monkeypatch.setenv("AUDITOR_KEYS_PASSPHRASE", f"{phrase}!")
    with pytest.raises(SealError, match="the passphrase does not open it"):
        rotate_keys(tmp_path / "keys", NOW)


@pytest.mark.parametrize("field", ["ed25519", "age", "until", "signature"])
def test_a_card_whose_rotation_was_changed_is_refused(exchange: ListExchange, field: str) -> None:
    new, other = rotate_keys(exchange.folder / "sender", NOW), exchange.recipient.card
    values = {"ed25519": other.ed25519, "age": other.age, "until": LATER, "signature": "AAAA"}
    content = party_cards.card_to_json(new.card)
    content["rotations"][0][field] = values[field]
    with pytest.raises(SealError, match="the old key did not sign this card"):
        party_cards.card_from_json(content)
    content["rotations"][0][field] = 3
    with pytest.raises(SealError, match="ask for it again"):
        party_cards.card_from_json(content)


# A sender's new keys


def test_a_recipient_with_the_old_card_accepts_lists_of_the_new_keys_and_refuses_those_of_the_old_after_the_date(
    exchange: ListExchange,
) -> None:
    exchange.receive(exchange.build(HARBOUR).path)
    new = with_new_sender(exchange)
    old_card = exchange.sender.card
    assert new.receive(new.build(HARBOUR).path, sender=old_card).header.version == 2
    by_old_key = exchange.build(HARBOUR).path
    assert new.receive(by_old_key, sender=old_card).header.version == 3
    late = exchange.build(HARBOUR, now=LATER).path
    with pytest.raises(SealError, match="names keys that hotline has replaced and that no longer count"):
        new.receive(late, now=LATER, sender=old_card)


def test_stolen_keys_that_were_replaced_count_no_longer_and_can_name_no_other_successor(
    exchange: ListExchange, stranger: Keys
) -> None:
    old = exchange.sender
    new = with_new_sender(exchange, days=0)
    new.receive(new.build(HARBOUR).path, sender=old.card)
    with pytest.raises(SealError, match="that no longer count"):
        exchange.receive(exchange.build(HARBOUR).path, sender=old.card)
    thief = stranger.card
    card = party_cards.rotate_card(old.card, old.signing, thief.public, thief.age, LATER)
    forged = replace(exchange, sender=replace(stranger, card=card))
    path = forged.build(HARBOUR).path
    with pytest.raises(SealError, match="the signature is not by the sender's key"):
        forged.receive(path, sender=old.card)
    with pytest.raises(SealError, match="this card has other keys than the one that was accepted before"):
        forged.receive(path, sender=card)


def test_a_new_card_is_kept_before_the_first_list_of_its_keys(exchange: ListExchange) -> None:
    first, late = exchange.build(HARBOUR).path, exchange.build(HARBOUR, now=LATER).path
    new = with_new_sender(exchange)
    new.receive(first)
    with pytest.raises(SealError, match="that no longer count"):
        exchange.receive(late, now=LATER, sender=exchange.sender.card)


def test_versions_and_look_ups_go_on_under_either_card(exchange: ListExchange) -> None:
    first = exchange.build(HARBOUR).path
    exchange.receive(first)
    new = with_new_sender(exchange)
    new.receive(new.build(HARBOUR, decision("atelier/lights"), delta=True).path)
    assert new.answers(ADDRESS) == exchange.answers(ADDRESS) == ["listed"]
    with pytest.raises(SealError, match="an older list is refused"):
        new.receive(first)


def test_entries_keep_their_tokens_whichever_side_has_new_keys(exchange: ListExchange) -> None:
    def tokens(path: Path, keys: Keys) -> list[str]:
        lines = map(json.loads, exchange.plain(path, keys).splitlines())
        return [line["entry"] for line in lines if "entry" in line]

    before = tokens(exchange.build(HARBOUR).path, exchange.recipient)
    new = with_new_recipient(with_new_sender(exchange))
    assert tokens(new.build(HARBOUR).path, new.recipient) == before


# A recipient's new keys


def test_lists_for_the_old_keys_of_a_recipient_are_read_until_the_date(exchange: ListExchange) -> None:
    new = with_new_recipient(exchange)
    new.receive(exchange.build(HARBOUR).path)
    late = exchange.build(HARBOUR, now=LATER).path
    with pytest.raises(SealError, match="was made for keys that search has replaced and that no longer count"):
        new.receive(late, now=LATER)
    assert recipient_folder(new.recipient.card) == recipient_folder(exchange.recipient.card)


def test_a_sender_accepts_a_rotated_card_and_then_no_older_or_other_one(exchange: ListExchange, stranger: Keys) -> None:
    exchange.build(HARBOUR)
    old = exchange.recipient
    new = with_new_recipient(exchange)
    new.receive(new.build(HARBOUR).path)
    other = party_cards.rotate_card(old.card, old.signing, stranger.card.public, stranger.card.age, LATER)
    for card in (old.card, other):
        with pytest.raises(SealError, match="search: had another age key before, which did not sign this card"):
            new.build(HARBOUR, to=card)
        with pytest.raises(SealError, match="had another age key before"):
            sent_state.require_newest_card(exchange.folder / "sent", card)
    sent_state.require_newest_card(exchange.folder / "sent", new.recipient.card)


def test_receipts_of_a_recipients_old_key_count_until_the_date(exchange: ListExchange, tmp_path: Path) -> None:
    exchange.receive(exchange.build(HARBOUR).path)
    found, new = exchange.lookup(), with_new_recipient(exchange)
    for number, keys in enumerate((exchange.recipient, new.recipient)):
        path = tmp_path / f"{number}.json"
        path.write_bytes(receipts.sign_receipt(found, keys, receipts.all_entries_acted(found, NOW), NOW))
        assert receipts.read_receipt(path, new.recipient.card, NOW).version == 1
    receipts.read_receipt(tmp_path / "1.json", new.recipient.card, LATER)
    with pytest.raises(SealError, match="the signature is not by the sender's key"):
        receipts.read_receipt(tmp_path / "0.json", new.recipient.card, LATER)


def test_the_command_rotates_keys_and_prints_the_new_card(exchange: ListExchange) -> None:
    folder = exchange.folder / "sender"
    result = CliRunner().invoke(main, ["deindex", "keys", "--rotate", "--days", "0", "--keys", str(folder)])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads((folder / "card.json").read_text())
    assert "the old keys count until" in result.stderr
    result = CliRunner().invoke(main, ["deindex", "keys", "other", "--rotate", "--keys", str(folder)])
    assert result.exit_code == 2
    assert "--rotate replaces the keys that there are" in result.stderr
