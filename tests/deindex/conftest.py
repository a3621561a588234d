"""Both sides of a list, with keys that are made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.deindex import party_keys
from auditor.deindex.party_keys import Keys
from tests.deindex.lists import ListExchange


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keys, Keys, Keys]:
    """A sender, a recipient and a stranger."""
    folder = tmp_path_factory.mktemp("keys")
    sender = party_keys.create_keys(folder / "sender", "hotline", "https://hotline.example/appeals")
    return (
        sender,
        party_keys.create_keys(folder / "recipient", "search"),
        party_keys.create_keys(folder / "stranger", "stranger"),
    )


@pytest.fixture
def exchange(tmp_path: Path, keys: tuple[Keys, Keys, Keys]) -> ListExchange:
    return ListExchange(tmp_path, keys[0], keys[1])


@pytest.fixture(scope="session")
def stranger(keys: tuple[Keys, Keys, Keys]) -> Keys:
    return keys[2]
