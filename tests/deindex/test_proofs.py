"""Each entry's decision is proven to stand in the sender's ledger, which has only grown: else no list is used.

Whoever changes a list here holds the key that signs lists, as a sender's faulty program does, but not the ledger's.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.deindex import build_list, proofs, sent_state
from auditor.deindex.build_list import BuildOptions
from auditor.deindex.party_keys import Keys
from auditor.errors import SealError, UsageError
from auditor.review import reviewers
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger
from auditor.review.ledger_events import LedgerAction
from auditor.review.ledger_export import export_ledger, restore_ledger
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey
from tests.deindex.lists import NOW, ListExchange, MemoryLedger, decision
from tests.deindex.test_build_list import lines_of
from tests.deindex.test_receive_list import refused, sealed
from tests.reviewing import POLICY, REVIEWERS, Clock, case_id, create_ledger, decide_case, opening_action

HARBOUR, LIGHTS, NEW = (decision(f"atelier/{name}") for name in ("harbour", "lights", "new"))
OTHER = decision(
    "atelier/other", verdict="label", approver="owl", decided_at="2026-11-22T09:00:00Z", rules=("other-rule",)
)
Change = Callable[[dict[str, Any], dict[str, Any]], object]


class SecondList:
    """The second list of an exchange: one unchanged entry of the first list and two new ones; can be signed anew."""

    def __init__(self, exchange: ListExchange) -> None:
        self.exchange = exchange
        self.first = exchange.build(HARBOUR, LIGHTS)
        exchange.ledger.add_events(5)
        self.built = exchange.build(HARBOUR, LIGHTS, OTHER)
        about, *self.proofs, self.harbour, self.lights, self.other = self.lines = [
            json.loads(line) for line in exchange.plain(self.built.path).splitlines()[:-1]
        ]
        self.about: dict[str, Any] = about

    def signed(self, *lines: dict[str, Any]) -> Path:
        return sealed(self.exchange, self.about, *(json.dumps(line).encode() + b"\n" for line in lines))


@pytest.fixture
def written(exchange: ListExchange) -> SecondList:
    return SecondList(exchange)


def test_a_list_of_entries_of_several_versions_is_proven(written: SecondList) -> None:
    written.exchange.receive(written.signed(*written.proofs, written.harbour, written.lights, written.other))
    assert written.exchange.answers("atelier/harbour", "atelier/other") == ["listed", "listed"]


def test_an_unchanged_entry_stays_the_same_byte_for_byte(exchange: ListExchange) -> None:
    first = exchange.plain(exchange.build(HARBOUR, LIGHTS).path).splitlines()[1:-1]
    exchange.ledger.add_events(100)
    looked_again = replace(LIGHTS, review_by="2027-06-21T09:00:00Z")
    second = exchange.plain(exchange.build(HARBOUR, looked_again).path).splitlines()[1:-1]
    assert first[0] in second
    exchange.ledger.add_events(100)
    third = [
        json.loads(line) for line in exchange.plain(exchange.build(HARBOUR, looked_again, NEW).path).splitlines()[1:-1]
    ]
    assert [line["grown_from"] for line in third if "grown_from" in line] == [9, 109]
    assert [(line["version"], line["log"]["size"]) for line in third if "entry" in line] == [(1, 9), (2, 109), (3, 210)]


def test_a_recipient_who_missed_lists_can_prove_the_newest(exchange: ListExchange) -> None:
    lists = []
    for kept in ((HARBOUR,), (HARBOUR, LIGHTS), (HARBOUR, LIGHTS, NEW)):
        exchange.ledger.add_events(3)
        lists.append(exchange.build(*kept).path)
    exchange.receive(lists[0])
    assert exchange.receive(lists[2]).entries == 3
    assert exchange.answers("atelier/harbour", "atelier/lights", "atelier/new") == ["listed"] * 3


def test_an_old_entry_is_tied_to_the_ledger_however_many_lists_there_were(
    exchange: ListExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_state, "MAX_CONSISTENCY_PROOFS", 1)
    for _ in range(4):
        built = exchange.build(HARBOUR)
        exchange.ledger.add_events(1)
    assert [line["grown_from"] for line in lines_of(exchange, built.path) if "grown_from" in line] == [8, 10]
    exchange.receive(built.path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda log, other: log.update(leaf="00" * 32), "does not lead from its leaf to the root"),
        (lambda log, other: log.update(index=log["index"] - 1), "does not lead from its leaf to the root"),
        (lambda log, other: log.update(index=-1), "does not lead from its leaf to the root"),
        (lambda log, other: log.update(path=other["path"]), "does not lead from its leaf to the root"),
        (lambda log, other: log.update(path=""), "does not lead from its leaf to the root"),
        (lambda log, other: log.update(path=log["path"][:-8]), "its proof cannot be read"),
        (lambda log, other: log.update(size=other["size"]), "does not lead from its leaf to the root"),
        (lambda log, other: log.update(size=10), "refers to a ledger of 10 events, whose root the list does not prove"),
        (lambda log, other: log.update(event=other["event"]), "its leaf is not the hash of the event that it shows"),
        (
            lambda log, other: log.update(other),
            "the ledger has another value for: action, decided_at, rules",
        ),
        (lambda log, other: log.update(leaf=None), "its proof cannot be read"),
        (lambda log, other: log.update(size="9"), "its proof cannot be read"),
        (lambda log, other: log.update(size=[]), "its proof cannot be read"),
        (lambda log, other: log.pop("path"), "its proof cannot be read"),
    ],
)
def test_an_entry_whose_proof_does_not_hold_is_named_and_the_list_refused(
    written: SecondList, change: Change, why: str
) -> None:
    change(written.lights["log"], written.other["log"])
    path = written.signed(*written.proofs, written.harbour, written.lights, written.other)
    refused(written.exchange, path, f"entry {written.lights['entry']}: ")
    refused(written.exchange, path, why)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"action": "demote"}, "action"),
        ({"opinions": 1}, "opinions"),
        ({"status": "interim"}, "status"),
        ({"decided_at": "2026-11-20T09:00:00Z"}, "decided_at"),
        ({"rules": ["another-rule"]}, "rules"),
    ],
)
def test_an_entry_that_says_something_else_than_the_ledger_is_refused(
    written: SecondList, changed: dict[str, Any], what: str
) -> None:
    path = written.signed(*written.proofs, written.harbour | changed, written.lights)
    refused(written.exchange, path, f"entry {written.harbour['entry']}: the ledger has another value for: {what};")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"kind": "proposed"}, "action"),
        ({"kind": "appeal-decided"}, "action"),
        ({"kind": "interim"}, "status, opinions, expires_at"),
        ({"number": 3}, "index"),
        ({"data": {"verdict": "de-index", "rules": ["linked-same-weights"], "review_by": NOW}}, "review_by"),
    ],
)
def test_an_entry_that_rests_on_an_event_that_is_no_decision_of_it_is_refused(
    exchange: ListExchange, changed: dict[str, Any], what: str
) -> None:
    """What stands in the ledger is not thereby what two people agreed on."""
    expires = {"expires": "2026-11-24T09:00:00Z"} if changed.get("kind") == "interim" else {}
    data = {"verdict": "de-index", "rules": ["linked-same-weights"], "review_by": "", **expires}
    event = {"actor": "wren", "case": "", "data": data, "kind": "reviewed", "number": exchange.ledger.size}
    text = json.dumps({**event, "time": HARBOUR.decided_at, **changed})
    leaf = merkle.hash_leaf(text.encode()).hex()
    false = replace(HARBOUR, index=exchange.ledger.size, leaf=leaf, logged=text)
    exchange.ledger.add(text)
    refused(exchange, exchange.sealed([false]).path, f"the ledger has another value for: {what};")


def test_an_interim_decision_is_proven_with_the_hour_at_which_it_ends(exchange: ListExchange) -> None:
    soon = "2026-11-24T09:00:00Z"
    built = exchange.build(decision("atelier/harbour", verdict="interim", approver="", expires_at=soon), interim=True)
    first, entry, _ = (json.loads(line) for line in exchange.plain(built.path).splitlines())
    for changed in ({"expires_at": "2027-11-24T09:00:00Z"}, {"opinions": 2}, {"status": "standing"}):
        path = sealed(exchange, first, json.dumps(entry | changed).encode() + b"\n")
        refused(exchange, path, f"the ledger has another value for: {next(iter(changed))};")
    assert exchange.receive(built.path).entries == 1


def test_an_entry_that_refers_to_what_no_proof_ties_to_the_checkpoint_is_refused(written: SecondList) -> None:
    path = written.signed(written.harbour, written.lights, written.other)
    refused(written.exchange, path, "refers to a ledger of 9 events, whose root the list does not prove")


@pytest.mark.parametrize(
    "changed",
    [{"root": "11" * 32}, {"path": ""}, {"grown_from": 8}, {"grown_from": 0}, {"grown_from": 99}, {"grown_from": -9}],
)
def test_an_older_root_that_the_ledger_did_not_grow_from_is_refused(
    written: SecondList, changed: dict[str, Any]
) -> None:
    path = written.signed(*(proof | changed for proof in written.proofs), written.harbour, written.lights)
    refused(written.exchange, path, "is not proven to begin with the")


@pytest.mark.parametrize("changed", [{"root": "x"}, {"path": "!"}, {"grown_from": "9"}, {"path": None}])
def test_a_proof_that_cannot_be_read_is_refused(written: SecondList, changed: dict[str, Any]) -> None:
    path = written.signed(*(proof | changed for proof in written.proofs), written.harbour)
    refused(written.exchange, path, "holds a proof that cannot be read")


@pytest.mark.parametrize("version", [3, 0, -1])
def test_a_version_that_is_not_among_the_lists_is_refused(written: SecondList, version: int) -> None:
    path = written.signed(*written.proofs, written.harbour | {"version": version})
    refused(written.exchange, path, f"states that it is of version {version}, which this list does not have")


def test_a_delta_holds_nothing_of_the_list_that_it_changes(exchange: ListExchange) -> None:
    exchange.receive(exchange.build(HARBOUR).path)
    built = exchange.build(HARBOUR, LIGHTS, delta=True)
    lines = [json.loads(line) for line in exchange.plain(built.path).splitlines()[:-1]]
    lines[-1]["version"] = 1
    path = sealed(exchange, lines[0], *(json.dumps(line).encode() + b"\n" for line in lines[1:]))
    refused(exchange, path, "states that it is of version 1, which this list does not have")
    lines[-1].pop("version")
    path = sealed(exchange, lines[0], *(json.dumps(line).encode() + b"\n" for line in lines[1:]))
    refused(exchange, path, "holds an entry without a version")


def test_a_checkpoint_that_the_ledgers_key_did_not_sign_is_refused(written: SecondList, stranger: Keys) -> None:
    ledger = written.exchange.ledger
    forged = Checkpoint(ledger.origin, ledger.size, b"\1" * 32).sign(stranger.signing)
    written.about["log"]["checkpoint"] = forged
    refused(written.exchange, written.signed(), "the checkpoint of the sender's ledger is not valid")


def test_a_ledger_of_which_the_words_stay_open_proves_that_the_decision_is_there(written: SecondList) -> None:
    """Format 1: its leaves are whole lines, which no recipient may see."""
    written.harbour["log"]["event"] = ""
    assert written.exchange.receive(written.signed(*written.proofs, written.harbour)).entries == 1


@pytest.fixture(scope="module")
def large() -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.add_events(1500)
    return ledger


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_proof_is_the_one_that_the_plain_tree_gives(large: MemoryLedger, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, large.size))
    index = data.draw(st.integers(0, size - 1))
    log = json.loads(large.prover().prove(replace(HARBOUR, index=index), size))
    path = merkle.inclusion_proof(index, size, lambda level, number: large.tree[level, number])
    assert base64.b64decode(log["path"]) == b"".join(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_letter_of_a_proof_can_be_changed(
    tmp_path_factory: pytest.TempPathFactory, keys: tuple[Keys, Keys, Keys], data: st.DataObject
) -> None:
    written = SecondList(ListExchange(tmp_path_factory.mktemp("exchange"), keys[0], keys[1]))
    text = json.dumps(written.lights["log"])
    at = data.draw(st.integers(1, len(text) - 2))
    letter = data.draw(st.sampled_from("0123456789abcdefXYZ"))
    try:
        log = json.loads(text[:at] + letter + text[at + 1 :])
    except ValueError:
        return
    if log == written.lights["log"] or {**log, "path": ""} == {**written.lights["log"], "path": ""}:
        return  # the last letter of base64 has bits that stand for nothing
    refused(written.exchange, written.signed(*written.proofs, written.lights | {"log": log}), "entry ")


# The ledger itself, from list to list


def test_a_sender_builds_from_no_other_ledger_than_before(exchange: ListExchange) -> None:
    exchange.build(HARBOUR)
    rewritten, cut = MemoryLedger(), MemoryLedger()
    rewritten.add_events(20)
    for ledger in (rewritten, cut):
        other = ListExchange(exchange.folder, exchange.sender, exchange.recipient, ledger)
        held = [] if ledger is cut else [ledger.add_decision(LIGHTS)]
        with pytest.raises(
            SealError, match=r"was built from a ledger of 8 events that this one of .* does not begin wi"
        ):
            other.sealed(held)
    assert exchange.build(HARBOUR).header.version == 2


@pytest.mark.parametrize("grown", [0, 20])
def test_a_recipient_uses_no_list_of_a_ledger_that_was_rewritten_or_cut_back(
    exchange: ListExchange, grown: int
) -> None:
    exchange.receive(exchange.build(HARBOUR).path)
    ledger = MemoryLedger()
    ledger.add_events(grown)
    rewritten = ListExchange(exchange.folder / "elsewhere", exchange.sender, exchange.recipient, ledger)
    path = rewritten.build(LIGHTS, version=2).path
    refused(
        exchange, path, "that is not proven to begin with the 8 of version 1: it was rewritten, truncated or replaced"
    )


def test_a_recipient_uses_no_list_of_another_ledger_or_key(exchange: ListExchange) -> None:
    exchange.receive(exchange.build(HARBOUR).path)
    for number, ledger in enumerate((MemoryLedger("auditor/ledger/other"), MemoryLedger())):
        if number:
            ledger.key = SigningKey.from_seed(b"o" * 32)
        other = ListExchange(exchange.folder / str(number), exchange.sender, exchange.recipient, ledger)
        refused(
            exchange,
            other.build(HARBOUR, version=2).path,
            "truncated or replaced, or the sender lost its record",
        )


def test_a_sender_who_lost_count_proves_what_the_recipient_asks_for(exchange: ListExchange) -> None:
    exchange.receive(exchange.build(HARBOUR).path)
    exchange.ledger.add_events(200)
    (exchange.folder / "sent" / "search.sqlite").unlink()
    refused(
        exchange,
        exchange.build(HARBOUR, version=2).path,
        "ask for one that is built with --grown-from 8; if there can be",
    )
    with pytest.raises(UsageError, match=r"--grown-from 999: the ledger has 208 events; was it cut back\?"):
        exchange.build(HARBOUR, grown_from=(999,))
    exchange.receive(exchange.build(HARBOUR, grown_from=(8, 208)).path)


def test_what_was_sent_beforee_lists_carried_proofs_is_remembered(exchange: ListExchange) -> None:
    """The version that a recipient has seen must never be given again."""
    exchange.build(HARBOUR)
    with closing(sqlite3.connect(exchange.folder / "sent" / "search.sqlite")) as sent, sent:
        for table, columns in (("list", ("size", "root")), ("entry", ("since", "size"))):
            for column in columns:
                sent.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        sent.execute("UPDATE entry SET digest = x'00'")
    built = exchange.build(HARBOUR, delta=True)
    assert (built.header.version, built.header.base, built.entries, built.removed) == (2, 1, 1, 0)


# With a ledger of people's decisions


def build(exchange: ListExchange, ledger: Ledger, **order: Any) -> build_list.BuildResult:
    to, folder = exchange.recipient.card, exchange.folder
    prover = proofs.ledger_prover(ledger)
    standing = ledger.decisions_in_force(NOW, size=prover.size)
    return build_list.build_list(
        standing, to, exchange.sender, folder / "out", folder / "sent", NOW, BuildOptions(**order), prover
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = create_ledger(tmp_path / "ledger", Clock(NOW))
    ledger.record(
        LedgerAction("policy", "", reviewers.PROGRAM_ACTOR, POLICY),
        opening_action(1),
        opening_action(2),
        opening_action(3),
    )
    decide_case(ledger, case_id(1))
    return ledger


def test_a_decision_of_two_people_is_proven_without_a_word_or_name_of_either(
    exchange: ListExchange, ledger: Ledger
) -> None:
    path = build(exchange, ledger).path
    exchange.receive(path)
    text = exchange.plain(path).decode()
    assert "The digest is on the list." not in text
    assert "I compared it too." not in text
    (event,) = [json.loads(line["log"]["event"]) for line in map(json.loads, text.splitlines()) if "entry" in line]
    assert (event["actor"], event["case"], event["data"]["verdict"]) == ("", case_id(1), "de-index")
    assert set(event["data"]) == {"verdict", "rules", "review_by", "words", "name"}
    assert not any(name in json.dumps(event) for name in REVIEWERS)


def test_a_third_reviewers_and_an_interim_decision_are_proven(exchange: ListExchange, ledger: Ledger) -> None:
    ledger.claim(case_id(2), "heron")
    ledger.propose(case_id(2), "heron", "demote", why="words")
    ledger.decide(case_id(2), "wren", "label", why="words")
    ledger.decide(case_id(2), "owl", "label", why="words")
    ledger.interim(case_id(3), "finch", why="words")
    assert exchange.receive(build(exchange, ledger, interim=True).path).entries == 3


def test_a_list_goes_on_from_a_restored_ledger_and_from_no_older_one(
    exchange: ListExchange, ledger: Ledger, tmp_path: Path
) -> None:
    older = StringIO()
    export_ledger(ledger, older)
    decide_case(ledger, case_id(2))
    exchange.receive(build(exchange, ledger).path)
    newer = StringIO()
    export_ledger(ledger, newer)
    with restore_ledger(
        iter(newer.getvalue().splitlines(keepends=True)), tmp_path / "newer", clock=Clock(NOW)
    ) as restored:
        assert exchange.receive(build(exchange, restored, delta=True).path).entries == 0
    with (
        restore_ledger(
            iter(older.getvalue().splitlines(keepends=True)), tmp_path / "older", clock=Clock(NOW)
        ) as restored,
        pytest.raises(SealError, match="use that ledger, or restore it from its last export"),
    ):
        build(exchange, restored)


def test_what_is_decided_while_a_list_is_built_waits_for_the_next(exchange: ListExchange, ledger: Ledger) -> None:
    prover = proofs.ledger_prover(ledger)
    decide_case(ledger, case_id(2))
    standing = ledger.decisions_in_force(NOW, size=prover.size)
    folder = exchange.folder
    args = (exchange.recipient.card, exchange.sender, folder / "out", folder / "sent", NOW, BuildOptions(), prover)
    assert build_list.build_list(standing, *args).entries == 1
    with pytest.raises(SealError, match=r"is not among the ledger's first .* events; build again"):
        build_list.build_list(ledger.decisions_in_force(NOW), *args)
    assert build(exchange, ledger, delta=True).entries == 1


def test_a_header_names_the_ledger_that_it_proves_from(exchange: ListExchange, ledger: Ledger) -> None:
    header = asdict(build(exchange, ledger).header)
    assert header["log"]["checkpoint"] == ledger.checkpoint_note()
    assert header["log"]["checkpoint"].startswith(f"{ledger.origin}\n{ledger.size}\n")
