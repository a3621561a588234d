"""A list holds what two people decided and still stands, for one recipient, and each version is newer than the last."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.deindex import build_list, entries, party_cards, sent_state
from auditor.deindex.build_list import BuildOptions
from auditor.deindex.entries import DeindexEntry, EntryContext, HeldBack, explain_decision
from auditor.deindex.party_keys import Keys
from auditor.errors import SealError, UsageError
from auditor.model import Ref
from auditor.resources import resource_folder
from auditor.review.review_types import Decision
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision

TERMS = EntryContext(b"k" * 32, "age1recipient", NOW)
HOSTILE = "<script>alert(1)</script>\x1b]52;c;aGk=\x07\u202e=cmd()|x\r\n"


def listed(made: Decision, terms: EntryContext = TERMS) -> list[DeindexEntry | HeldBack]:
    return list(entries.build_entries(made, terms))


def lines_of(exchange: ListExchange, path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exchange.plain(path).splitlines()]


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "overturned"},
        {"status": "superseded"},
        {"expires_at": NOW},
        {"approver": ""},
        {"approver": "heron"},
        {"verdict": "no-action"},
        {"verdict": "need-more"},
        {"verdict": "refer"},
        {"verdict": "interim", "approver": ""},
    ],
)
def test_only_what_two_people_decided_and_still_stands_is_listed(changed: dict[str, str]) -> None:
    assert len(listed(decision("atelier/harbour"))) == 1
    assert listed(decision("atelier/harbour", **changed)) == []


@pytest.mark.parametrize("verdict", ["de-index", "demote", "label", "gate"])
def test_every_action_of_a_search_service_is_listed(verdict: str) -> None:
    (entry,) = listed(decision("atelier/harbour", verdict=verdict))
    assert isinstance(entry, DeindexEntry)
    assert entries.entry_content(entry)["action"] == verdict


def test_an_interim_decision_is_listed_only_on_request_and_says_so() -> None:
    made = decision("atelier/harbour", verdict="interim", approver="")
    (entry,) = listed(made, EntryContext(b"k" * 32, "age1recipient", NOW, interim=True))
    assert isinstance(entry, DeindexEntry)
    assert entry.status == "interim"


def test_one_that_is_due_for_re_review_stays_listed_and_says_so() -> None:
    (entry,) = listed(decision("atelier/harbour", review_by=NOW))
    assert isinstance(entry, DeindexEntry)
    assert entry.status == "due"


def test_copies_are_entries_of_their_own_and_what_has_no_address_is_held_back() -> None:
    copies = (Ref("model", "mirror/harbour"), Ref("model", "harbour"), Ref("model", "ATELIER/harbour"))
    one, two, held, *rest = listed(decision("atelier/harbour", copies=copies))
    assert isinstance(one, DeindexEntry)
    assert isinstance(two, DeindexEntry)
    assert (one.repository.name, two.repository.name) == ("atelier/harbour", "mirror/harbour")
    assert isinstance(held, HeldBack)
    assert held.subject.name == "harbour"
    assert "is not a valid repository name" in held.why
    assert rest == []


def test_tokens_are_keyed_and_another_for_every_recipient_and_sender() -> None:
    terms = (TERMS, EntryContext(b"k" * 32, "age1other", NOW), EntryContext(b"o" * 32, "age1recipient", NOW))
    made = [listed(decision("atelier/harbour"), each)[0] for each in terms]
    assert len({entry.token for entry in made if isinstance(entry, DeindexEntry)}) == 3
    assert len({entry.id for entry in made if isinstance(entry, DeindexEntry)}) == 3
    again = listed(decision("atelier/harbour"))[0]
    assert again == made[0]


def test_a_list_and_a_delta_are_as_the_schema_says(exchange: ListExchange) -> None:
    schema = json.loads((resource_folder("reports/schema") / "deindex-list.schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema)
    first = exchange.build(decision("atelier/harbour", review_by="2027-06-21T09:00:00Z"), decision("atelier/lights"))
    delta = exchange.build(decision("atelier/harbour"), decision("atelier/new"), delta=True)
    for built in (first, delta):
        for line in lines_of(exchange, built.path):
            check.validate(line)
    assert not check.is_valid({"entry": "x"})
    kinds = [next(iter(line)) for line in lines_of(exchange, delta.path)]
    assert kinds == ["schema", "grown_from", "remove", "entry", "entry", "payloadType"]


def test_an_entry_carries_what_a_recipient_needs_to_act_defend_and_undo(exchange: ListExchange) -> None:
    (entry,) = [
        line for line in lines_of(exchange, exchange.build(decision("Atelier/harbour")).path) if "entry" in line
    ]
    made = decision("Atelier/harbour")
    assert entry["subject"] | {"token": ""} == {  # type: ignore[operator]
        "token": "",
        "platform": "huggingface",
        "kind": "model",
        "name": "Atelier/harbour",
        "revision": "",
    }
    assert entry["artefacts"] == {
        "sha256": [made.digests[0].value],
        "sha256_tensors": [made.digests[1].value],
        "autov3": [made.digests[1].value[:12]],
    }
    assert entry["appeal"] == {"route": "https://hotline.example/appeals", "by": "", "state": ""}
    assert entry["evidence"] == "ab" * 32
    assert entry["version"] == 1
    held = exchange.ledger.add_decision(made)
    assert entry["log"]["leaf"] == held.leaf  # type: ignore[index]
    assert (entry["log"]["index"], entry["log"]["size"]) == (7, 8)  # type: ignore[index]
    assert (entry["automated_detection"], entry["automated_decision"]) == (True, False)
    assert (entry["opinions"], entry["source"]) == (2, "hotline")
    assert not {"proposer", "approver"} & entry.keys()


def test_the_file_is_for_its_owner_alone_and_shows_nothing_of_what_it_holds(exchange: ListExchange) -> None:
    built = exchange.build(decision("atelier/harbour"))
    assert stat.S_IMODE(built.path.stat().st_mode) == 0o600
    assert b"atelier" not in built.path.read_bytes()
    assert b"harbour" not in built.path.read_bytes()
    assert [path.name for path in built.path.parent.iterdir()] == ["hotline-search-000001.list.age"]


def test_versions_only_rise(exchange: ListExchange) -> None:
    made = [exchange.build(decision("atelier/harbour"), delta=delta).header.version for delta in (False, True, False)]
    assert made == [1, 2, 3]
    assert exchange.build(decision("atelier/harbour"), version=40).header.version == 40
    assert exchange.build(decision("atelier/harbour"), version=5).header.version == 41


def test_a_decision_that_comes_twice_is_listed_once(exchange: ListExchange) -> None:
    built = exchange.build(decision("atelier/harbour"), decision("atelier/harbour"))
    assert built.entries == exchange.receive(built.path).entries == 1


def test_a_clock_that_went_back_makes_no_list(exchange: ListExchange) -> None:
    exchange.build(decision("atelier/harbour"))
    with pytest.raises(SealError, match=r"version 1 was issued at .*: correct the clock"):
        exchange.build(decision("atelier/harbour"), now=add_time(NOW, seconds=-1))


def test_a_delta_takes_out_what_no_longer_stands_before_it_adds(exchange: ListExchange) -> None:
    gone, kept, changed = (decision(f"atelier/{name}") for name in ("gone", "kept", "changed"))
    exchange.build(gone, kept, changed)
    again = decision("atelier/changed", review_by="2027-06-21T09:00:00Z")
    delta = exchange.build(
        decision("atelier/gone", status="overturned"), kept, again, decision("atelier/new"), delta=True
    )
    _, _, removal, *added, _ = lines_of(exchange, delta.path)
    assert removal["why"] == "no longer in force"
    assert [line["subject"]["name"] for line in added] == ["atelier/changed", "atelier/new"]  # type: ignore[index]
    assert (delta.header.base, delta.entries, delta.removed) == (1, 2, 1)


def test_a_first_list_is_whole(exchange: ListExchange) -> None:
    with pytest.raises(
        UsageError, match="search: was sent no list yet that a delta could change; build a whole list first"
    ):
        exchange.build(decision("atelier/harbour"), delta=True)


def test_what_fails_half_way_leaves_nothing_behind(exchange: ListExchange) -> None:
    first = exchange.build(decision("atelier/harbour"))

    def decisions() -> Iterator[Decision]:
        yield lights
        raise SealError("the ledger is damaged")

    lights = exchange.ledger.add_decision(decision("atelier/lights"))
    with pytest.raises(SealError, match="the ledger is damaged"):
        exchange.sealed(decisions())
    assert list((exchange.folder / "out").iterdir()) == [first.path]
    delta = exchange.build(decision("atelier/harbour"), delta=True)
    assert (delta.header.version, delta.entries, delta.removed) == (2, 0, 0)


def test_a_second_build_for_one_recipient_at_the_same_time_is_refused(
    exchange: ListExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_state, "LOCK_TIMEOUT_SECONDS", 0.1)

    def decisions() -> Iterator[Decision]:
        with pytest.raises(SealError, match=r"database is locked\); is another build running"):
            exchange.build(decision("atelier/lights"))
        yield harbour

    harbour = exchange.ledger.add_decision(decision("atelier/harbour"))
    assert exchange.sealed(decisions()).entries == 1


def test_a_folder_that_cannot_hold_a_list_is_named(exchange: ListExchange) -> None:
    (exchange.folder / "out").write_text("a file")
    with pytest.raises(UsageError, match=r"out: cannot hold a list: .*; name another --out"):
        exchange.build(decision("atelier/harbour"))


def test_a_recipient_whose_key_changed_is_looked_at_by_a_person(exchange: ListExchange, stranger: Keys) -> None:
    exchange.build(decision("atelier/harbour"))
    posing = party_cards.Party("search", stranger.card.ed25519, stranger.card.age)
    with pytest.raises(SealError, match="search: had another age key before"):
        exchange.build(decision("atelier/harbour"), to=posing)


@pytest.mark.parametrize("days", [0, 31])
def test_a_list_expires_within_days(exchange: ListExchange, days: int) -> None:
    with pytest.raises(UsageError, match="a list is valid for 1 to 30 days"):
        exchange.build(decision("atelier/harbour"), days=days)


def test_what_changed_since_it_was_reviewed_is_held_back_and_said(exchange: ListExchange) -> None:
    first = exchange.build(decision("atelier/harbour"), decision("atelier/lights"))
    assert first.held == ()
    delta = exchange.build(
        decision("atelier/harbour"),
        decision("atelier/lights"),
        delta=True,
        stale=lambda made, subject: "its weights are new" if subject.name == "atelier/lights" else "",
    )
    (held,) = delta.held
    assert (held.subject.name, held.why) == ("atelier/lights", "its weights are new; open the case again")
    assert delta.removed == 1


def entries_of(exchange: ListExchange, path: Path, keys: Keys | None = None) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in exchange.plain(path, keys).splitlines()]
    return [line for line in lines if "entry" in line]


def names_of(exchange: ListExchange, path: Path, keys: Keys | None = None) -> list[str]:
    return [entry["subject"]["name"] for entry in entries_of(exchange, path, keys)]


def test_a_canary_is_in_the_senders_own_namespace_and_another_for_each_recipient(
    exchange: ListExchange, stranger: Keys
) -> None:
    ours = exchange.build(decision("atelier/harbour"), namespace="our-owner")
    theirs = exchange.build(decision("atelier/harbour"), namespace="our-owner", to=stranger.card)
    one, two = names_of(exchange, ours.path), names_of(exchange, theirs.path, stranger)
    assert one[0] == two[0] == "atelier/harbour"
    assert one[1].startswith("our-owner/harbour-")
    assert two[1].startswith("our-owner/harbour-")
    assert one[1] != two[1]
    assert ours.canary == Ref("model", one[1])
    with pytest.raises(
        UsageError, match=r"no decision in force can be listed for search \(0 held back\), so no list was"
    ):
        exchange.build(namespace="our-owner")
    for owner in ("datasets", "our owner", "our/owner"):
        with pytest.raises(
            UsageError, match=f"--canary '{owner}': is not a valid owner name at the hub; use one that you control"
        ):
            exchange.build(decision("atelier/harbour"), namespace=owner)


def test_a_canary_differs_from_a_copy_only_in_its_name_and_tokens(exchange: ListExchange) -> None:
    made = decision("atelier/harbour", copies=(Ref("model", "mirror/harbour-x"),), supersedes="decision-before")
    (_, real, canary) = entries_of(exchange, exchange.build(made, namespace="our-owner").path)
    assert canary["subject"]["name"].startswith("our-owner/")
    different = {name for name in real if real[name] != canary[name]}
    assert different == {"entry", "subject", "locators", "supersedes"}
    assert {name for name in real["subject"] if real["subject"][name] != canary["subject"][name]} == {"token", "name"}
    assert [len(each[name]) for name in ("entry", "supersedes") for each in (real, canary)] == [32] * 4


def test_a_canary_stays_where_it_was_until_the_decision_it_stands_by_goes(exchange: ListExchange) -> None:
    made = [decision(f"atelier/{name}") for name in ("a", "b", "c", "d")]
    first = exchange.build(*made, namespace="our-owner", decision_count=4)
    names = names_of(exchange, first.path)
    (at,) = (at for at, name in enumerate(names) if name.startswith("our-owner/"))
    by = names[at - 1]
    more = [decision("atelier/0"), *made, decision("atelier/e")]
    for _ in range(6):
        again = exchange.build(*more, namespace="our-owner", decision_count=6)
    assert names_of(exchange, again.path) == ["atelier/0", *names, "atelier/e"]
    left = [one for one in more if one.subject.name != by]
    delta = exchange.build(*left, namespace="our-owner", decision_count=5, delta=True)
    assert delta.removed == 2
    (new,) = names_of(exchange, delta.path)
    assert new.startswith("our-owner/")
    assert new != names[at]


def test_a_canary_may_stand_by_any_decision(exchange: ListExchange) -> None:
    made = [decision(f"atelier/{name}") for name in "abcd"]
    places = set()
    for number in range(60):
        other = ListExchange(exchange.folder / str(number), exchange.sender, exchange.recipient, exchange.ledger)
        names = names_of(other, other.build(*made, namespace="our-owner", decision_count=4).path)
        places.add(next(at for at, name in enumerate(names) if name.startswith("our-owner/")))
    assert places == {1, 2, 3, 4}  # one of them is missed once in some millions of runs


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=0), min_size=1, max_size=5), st.data())
def test_a_list_and_its_deltas_come_to_what_stands(
    tmp_path_factory: pytest.TempPathFactory, keys: tuple[Keys, Keys, Keys], rounds: list[set[str]], data: st.DataObject
) -> None:
    exchange = ListExchange(tmp_path_factory.mktemp("exchange"), keys[0], keys[1])
    for number, standing in enumerate([{"a"}, *rounds]):  # a first list is never empty
        built = exchange.build(*(decision(f"atelier/{name}") for name in sorted(standing)), delta=number > 0)
        exchange.receive(built.path)
        found = exchange.answers(*(f"atelier/{name}" for name in "abcdefgh"))
        assert found == ["listed" if name in standing else "not listed" for name in "abcdefgh"]


def test_a_table_is_harmless_in_a_spreadsheet_and_for_its_owner_alone(exchange: ListExchange) -> None:
    path = exchange.folder / "patterns.csv"
    made = decision("atelier/harbour", copies=(Ref("model", f"atelier/{HOSTILE}"),), ground="linked")
    rows = build_list.build_plain_csv([made], exchange.recipient.card, exchange.sender, path, NOW, BuildOptions())
    with path.open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert len(table) == rows == 24
    assert table[0]["pattern"] == "huggingface.co/atelier/harbour"
    assert {row["match"] for row in table} == {"exact", "prefix"}
    assert {row["explanation"] for row in table} == {
        "a list of models names it, or holds its weights, similar values, or the model that it was made from: "
        "a list of models holds these weights."
    }
    text = path.read_text(encoding="utf-8")
    assert not any(letter in text for letter in "\x1b\x07\u202e\r")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("hostile", [HOSTILE, "x" * 1_000_000, "\u202e" * 3000, "=1+1", "\x9b31m"])
def test_hostile_words_are_harmless_in_a_list(exchange: ListExchange, hostile: str) -> None:
    made = decision("atelier/harbour", explanation=hostile, proposer=hostile, copies=(Ref("model", hostile),))
    built = exchange.build(made, source=hostile)
    text = exchange.plain(built.path)
    assert text.isascii()
    assert all(byte >= 0x20 or byte == 0x0A for byte in text)
    assert len(text) < 100_000
    (entry,) = [line for line in lines_of(exchange, built.path) if "entry" in line]
    assert str(entry["explanation"]).isprintable()
    assert len(built.held) == 1
    assert built.held[0].why.isprintable()


@pytest.mark.parametrize(("ground", "generated"), [("linked", True), ("exposed", False)])
def test_only_an_entry_of_a_listed_model_has_the_keyword_of_what_is_generated(
    exchange: ListExchange, ground: str, generated: bool
) -> None:
    built = exchange.build(decision("atelier/harbour", ground=ground))
    (entry,) = [line for line in map(json.loads, exchange.plain(built.path).splitlines()) if "entry" in line]
    csam = "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"
    assert entry["keywords"] == [csam, *([f"{csam}_DEEPFAKE"] if generated else [])]


@pytest.mark.parametrize(("lists", "rehearsed"), [(((), ()), False), ((("t",), ("t",)), True), ((("t",), ()), False)])
def test_an_entry_that_rests_on_test_lists_alone_says_that_it_is_a_rehearsal(
    lists: tuple[tuple[str, ...], ...], rehearsed: bool
) -> None:
    (reason,) = decision("a/b").reasons
    reasons = tuple(replace(reason, test_lists=names) for names in lists)
    explained = explain_decision(decision("a/b", reasons=reasons))
    assert explained.startswith("Rehearsal, from a test list alone: ") == rehearsed
