"""Keys are for their owner alone; a card is what it says."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from auditor.deindex import party_keys
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
        party_keys.load_card(path)


@pytest.mark.parametrize("junk", ["", "[]", "null", "{}", "[" * 9000])
def test_junk_is_no_card(tmp_path: Path, junk: str) -> None:
    (tmp_path / "card.json").write_text(junk)
    with pytest.raises(SealError, match=r"is not the card.json that `auditor deindex keys` makes"):
        party_keys.load_card(tmp_path / "card.json")


def test_missing_keys_are_reported_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none: holds no keys; create them with `auditor deindex keys NAME`"):
        party_keys.load_keys(tmp_path / "none")
