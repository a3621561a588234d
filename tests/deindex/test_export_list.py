"""A received list in the forms that a search service loads, and what changed from one to the next."""

from __future__ import annotations

import csv
import hashlib
import stat
from pathlib import Path

import pytest

from auditor.deindex.export_list import export_list
from auditor.deindex.list_diff import compare_dumps, dump_entries
from auditor.errors import SealError
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision


@pytest.fixture
def received(exchange: ListExchange) -> ListExchange:
    """Two models to take out of results and one to label, in a list that is in use."""
    built = exchange.build(
        decision("atelier/harbour"), decision("Atelier/Lights"), decision("atelier/pier", verdict="label")
    )
    exchange.receive(built.path)
    return exchange


def exported(exchange: ListExchange, form: str, *actions: str) -> list[str]:
    path = exchange.folder / "export"
    export_list(exchange.lookup(), form, actions, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text(encoding="utf-8").splitlines()


def test_plain_addresses_are_those_to_take_out_and_say_until_when(received: ListExchange) -> None:
    lines = exported(received, "plain")
    comments = [line for line in lines if line.startswith("#")]
    assert comments[0] == "# sender: hotline"
    assert comments[-2:] == [f"# expires_at: {add_time(NOW, days=7)}", "# actions: de-index"]
    assert "https://huggingface.co/atelier/harbour" in lines
    assert "https://huggingface.co/atelier/lights" in lines  # the hub ignores letter case
    assert not any("pier" in line for line in lines)
    assert any("pier" in line for line in exported(received, "plain", "label"))


def test_a_table_holds_each_entry_with_its_action_and_never_outlives_the_list(received: ListExchange) -> None:
    rows = list(csv.DictReader(exported(received, "csv")))
    assert {(row["name"], row["action"]) for row in rows} == {
        ("atelier/harbour", "de-index"),
        ("Atelier/Lights", "de-index"),
        ("atelier/pier", "label"),
    }
    assert {row["expires_at"] for row in rows} == {add_time(NOW, days=7)}
    assert {row["strength"] for row in rows} == {"listed"}


def test_hash_prefixes_are_of_the_canonical_locators(received: ListExchange) -> None:
    prefixes = [line for line in exported(received, "hash-prefix") if not line.startswith("#")]
    assert hashlib.sha256(b"huggingface.co/atelier/harbour").hexdigest()[:16] in prefixes
    assert prefixes == sorted(prefixes)
    assert all(len(prefix) == 16 for prefix in prefixes)


def test_an_interim_entry_ends_before_its_list(exchange: ListExchange) -> None:
    soon = add_time(NOW, hours=72)
    built = exchange.build(decision("atelier/harbour", verdict="interim", approver="", expires_at=soon), interim=True)
    exchange.receive(built.path)
    (row,) = csv.DictReader(exported(exchange, "csv"))
    assert (row["action"], row["expires_at"]) == ("interim", soon)
    assert f"# expires_at: {soon}" in exported(exchange, "plain", "interim")


def test_what_changed_between_two_lists_is_named(received: ListExchange) -> None:
    old, new = received.folder / "old.jsonl", received.folder / "new.jsonl"
    old.write_bytes(b"".join(dump_entries(received.lookup())))
    later = decision("atelier/harbour", review_by="2027-06-21T09:00:00Z")
    built = received.build(later, decision("atelier/pier", verdict="label"), decision("atelier/new"), delta=True)
    received.receive(built.path)
    new.write_bytes(b"".join(dump_entries(received.lookup())))
    found = {(one.change, one.entry["subject"]["name"], one.fields) for one in compare_dumps(old, new)}
    assert found == {
        ("changed", "atelier/harbour", ("review_by",)),
        ("added", "atelier/new", ()),
        ("removed", "Atelier/Lights", ()),
    }


def test_what_is_no_dump_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("{}\n")
    with pytest.raises(
        SealError,
        match="does not begin with the header of a deindex-list/3; compare files that",
    ):
        list(compare_dumps(tmp_path / "a", tmp_path / "a"))


def test_countries_and_the_legal_ground_are_in_each_entry(exchange: ListExchange) -> None:
    built = exchange.build(decision("atelier/harbour"), countries=("DE", "FR"), legal_ground="Terms, section 4")
    exchange.receive(built.path)
    (row,) = csv.DictReader(exported(exchange, "csv"))
    assert (row["countries"], row["legal_ground"]) == ("DE FR", "Terms, section 4")
