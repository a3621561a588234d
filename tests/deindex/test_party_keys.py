"""Keys are for their owner alone; a card is what it says."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from auditor.deindex import party_cards, party_keys
from auditor.errors import SealError, UsageError


def test_keys_are_for_their_owner_alone_and_read_again(tmp_path: Path) -> None:
    made = party_keys.create_keys(tmp_path / "keys", "search", "mail us")
    assert party_keys.load_keys(tmp_path / "keys") == made
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert "AGE-SECRET" not in repr(made)
    assert "AGE-SECRET" not in (tmp_path / "keys" / "card.json").read_text()


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    party_keys.create_keys(tmp_path / "keys", "search")
    with pytest.raises(UsageError, match="keys are never replaced"):
        party_keys.create_keys(tmp_path / "keys", "search")


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 65, "x\n", "\u202ex"])
def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not a valid name"):
        party_keys.create_keys(tmp_path / "keys", name)


@pytest.mark.parametrize("file", ["signing.pem", "identity.age", "tokens.key"])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, file: str) -> None:
    party_keys.create_keys(tmp_path / "keys", "search")
    (tmp_path / "keys" / file).chmod(0o644)
    with pytest.raises(SealError, match=f"{file}: others can read this private key"):
        party_keys.load_keys(tmp_path / "keys")


def test_a_card_of_other_keys_is_refused(tmp_path: Path) -> None:
    party_keys.create_keys(tmp_path / "one", "search")
    party_keys.create_keys(tmp_path / "two", "search")
    (tmp_path / "one" / "card.json").write_bytes((tmp_path / "two" / "card.json").read_bytes())
    with pytest.raises(SealError, match="is not the card of these keys"):
        party_keys.load_keys(tmp_path / "one")


@pytest.mark.parametrize(
    "change",
    [{"name": "../x"}, {"name": 3}, {"age": "AGE-SECRET-KEY-1X"}, {"ed25519": "AAAA"}, {"colour": "red"}],
)
def test_a_card_that_is_none_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    party_keys.create_keys(tmp_path / "keys", "search")
    path = tmp_path / "keys" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SealError):
        party_cards.load_card(path)


@pytest.mark.parametrize("junk", ["", "[]", "null", "{}", "[" * 9000])
def test_junk_is_no_card(tmp_path: Path, junk: str) -> None:
    (tmp_path / "card.json").write_text(junk)
    with pytest.raises(SealError, match=r"is not the card.json that `auditor deindex keys` makes"):
        party_cards.load_card(tmp_path / "card.json")


def test_missing_keys_are_reported_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none: holds no keys; create them with `auditor deindex keys NAME`"):
        party_keys.load_keys(tmp_path / "none")


PASSPHRASE = "four plain words here"


@pytest.fixture
def encrypted(tmp_path: Path) -> party_keys.Keys:
    return party_keys.create_keys(tmp_path / "keys", "search", passphrase=PASSPHRASE)


def test_keys_with_a_passphrase_need_it(
    tmp_path: Path, encrypted: party_keys.Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = b"".join(path.read_bytes() for path in (tmp_path / "keys").iterdir())
    assert encrypted.secret not in files
    assert encrypted.identity.encode() not in files
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in files
    monkeypatch.setenv("AUDITOR_KEYS_PASSPHRASE", PASSPHRASE)
    assert party_keys.load_keys(tmp_path / "keys") == encrypted
    monkeypatch.setenv("AUDITOR_KEYS_PASSPHRASE", f"{PASSPHRASE}!")
    with pytest.raises(SealError, match=r"identity.age: the passphrase does not open it"):
        party_keys.load_keys(tmp_path / "keys")


def test_a_passphrase_that_nobody_can_be_asked_for_is_an_error(
    tmp_path: Path, encrypted: party_keys.Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUDITOR_KEYS_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="need their passphrase; set AUDITOR_KEYS_PASSPHRASE, or use a terminal"):
        party_keys.load_keys(tmp_path / "keys")


@pytest.mark.parametrize(
    ("file", "message"),
    [("signing.pem", "is not a private key in PEM that the password opens"), ("tokens.key", "does not belong to")],
)
def test_a_file_of_other_encrypted_keys_is_refused(
    tmp_path: Path, encrypted: party_keys.Keys, monkeypatch: pytest.MonkeyPatch, file: str, message: str
) -> None:
    party_keys.create_keys(tmp_path / "other", "search", passphrase=PASSPHRASE)
    (tmp_path / "keys" / file).write_bytes((tmp_path / "other" / file).read_bytes())
    monkeypatch.setenv("AUDITOR_KEYS_PASSPHRASE", PASSPHRASE)
    with pytest.raises(SealError, match=f"{file}: {message}"):
        party_keys.load_keys(tmp_path / "keys")


def test_a_short_passphrase_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="use at least 15 characters"):
        party_keys.create_keys(tmp_path / "keys", "search", passphrase="x" * 14)
    assert not (tmp_path / "keys").exists()
