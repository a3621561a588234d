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

from auditor.deindex import build_list, inclusion_proofs, sent_state
from auditor.deindex.build_list import BuildOptions
from auditor.deindex.parties import Keys
from auditor.errors import SealError, UsageError
from auditor.review import reviewers
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger, LedgerAction
from auditor.review.ledger_export import export_ledger, restore_ledger
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey
from tests.deindex.lists import NOW, Book, Desk, decision
from tests.deindex.test_build_list import lines_of
from tests.deindex.test_receive_list import refused, sealed
from tests.reviewing import POLICY, Clock, case_id, create_ledger, decide_case, opening_action

HARBOUR, LIGHTS, NEW = (decision(f"atelier/{name}") for name in ("harbour", "lights", "new"))
OTHER = decision(
    "atelier/other", verdict="label", approver="owl", decided_at="2026-11-22T09:00:00Z", rules=("other-rule",)
)
Change = Callable[[dict[str, Any], dict[str, Any]], object]


class Written:
    """The second list of a desk: an entry of the first that is unchanged, and two more; and how to sign it changed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.first = desk.build(HARBOUR, LIGHTS)
        desk.book.grow(5)
        self.built = desk.build(HARBOUR, LIGHTS, OTHER)
        about, *self.proofs, self.harbour, self.lights, self.other = self.lines = [
            json.loads(line) for line in desk.plain(self.built.path).splitlines()[:-1]
        ]
        self.about: dict[str, Any] = about

    def signed(self, *lines: dict[str, Any]) -> Path:
        return sealed(self.desk, self.about, *(json.dumps(line).encode() + b"\n" for line in lines))


@pytest.fixture
def written(desk: Desk) -> Written:
    return Written(desk)


def test_a_list_of_entries_of_several_versions_is_proven(written: Written) -> None:
    written.desk.receive(written.signed(*written.proofs, written.harbour, written.lights, written.other))
    assert written.desk.answers("atelier/harbour", "atelier/other") == ["listed", "listed"]


def test_an_unchanged_entry_stays_the_same_byte_for_byte(desk: Desk) -> None:
    first = desk.plain(desk.build(HARBOUR, LIGHTS).path).splitlines()[1:-1]
    desk.book.grow(100)
    said_better = replace(LIGHTS, explanation="Said better.")
    second = desk.plain(desk.build(HARBOUR, said_better).path).splitlines()[1:-1]
    assert first[0] in second
    desk.book.grow(100)
    third = [json.loads(line) for line in desk.plain(desk.build(HARBOUR, said_better, NEW).path).splitlines()[1:-1]]
    assert [line["grown_from"] for line in third if "grown_from" in line] == [9, 109]
    assert [(line["version"], line["log"]["size"]) for line in third if "entry" in line] == [(1, 9), (2, 109), (3, 210)]


def test_a_recipient_who_missed_lists_can_prove_the_newest(desk: Desk) -> None:
    lists = []
    for kept in ((HARBOUR,), (HARBOUR, LIGHTS), (HARBOUR, LIGHTS, NEW)):
        desk.book.grow(3)
        lists.append(desk.build(*kept).path)
    desk.receive(lists[0])
    assert desk.receive(lists[2]).entries == 3
    assert desk.answers("atelier/harbour", "atelier/lights", "atelier/new") == ["listed"] * 3


def test_an_old_entry_is_tied_to_the_ledger_however_many_lists_there_were(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_state, "MAX_CONSISTENCY_PROOFS", 1)
    for _ in range(4):
        built = desk.build(HARBOUR)
        desk.book.grow(1)
    assert [line["grown_from"] for line in lines_of(desk, built.path) if "grown_from" in line] == [8, 10]
    desk.receive(built.path)


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
        (lambda log, other: log.update(size=10), "refers to a ledger of 10 events, which nothing in the list vouches"),
        (lambda log, other: log.update(event=other["event"]), "its leaf is not the hash of the event that it shows"),
        (
            lambda log, other: log.update(other),
            "the ledger says something else of: action, approver, decided_at, rules",
        ),
        (lambda log, other: log.update(leaf=None), "its proof cannot be read"),
        (lambda log, other: log.update(size="9"), "its proof cannot be read"),
        (lambda log, other: log.update(size=[]), "its proof cannot be read"),
        (lambda log, other: log.pop("path"), "its proof cannot be read"),
    ],
)
def test_an_entry_whose_proof_does_not_hold_is_named_and_the_list_refused(
    written: Written, change: Change, why: str
) -> None:
    change(written.lights["log"], written.other["log"])
    path = written.signed(*written.proofs, written.harbour, written.lights, written.other)
    refused(written.desk, path, f"entry {written.lights['entry']}: ")
    refused(written.desk, path, why)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"action": "demote"}, "action"),
        ({"approver": "finch"}, "approver"),
        ({"approver": ""}, "approver, status"),
        ({"status": "interim"}, "status"),
        ({"decided_at": "2026-11-20T09:00:00Z"}, "decided_at"),
        ({"rules": ["another-rule"]}, "rules"),
    ],
)
def test_an_entry_that_says_something_else_than_the_ledger_is_refused(
    written: Written, changed: dict[str, Any], what: str
) -> None:
    path = written.signed(*written.proofs, written.harbour | changed, written.lights)
    refused(written.desk, path, f"entry {written.harbour['entry']}: the ledger says something else of: {what};")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"kind": "proposed"}, "action"),
        ({"kind": "appeal-decided"}, "action"),
        ({"kind": "interim"}, "proposer, status, expires_at"),
        ({"number": 3}, "index"),
        ({"data": {"verdict": "de-index", "rules": ["linked-same-weights"], "review_by": NOW}}, "review_by"),
    ],
)
def test_an_entry_that_rests_on_an_event_that_is_no_decision_of_it_is_refused(
    desk: Desk, changed: dict[str, Any], what: str
) -> None:
    """What stands in the ledger is not thereby what two people agreed on."""
    expires = {"expires": "2026-11-24T09:00:00Z"} if changed.get("kind") == "interim" else {}
    data = {"verdict": "de-index", "rules": ["linked-same-weights"], "review_by": "", **expires}
    event = {"actor": "wren", "case": "", "data": data, "kind": "reviewed", "number": desk.book.size}
    text = json.dumps({**event, "time": HARBOUR.decided_at, **changed})
    leaf = merkle.hash_leaf(text.encode()).hex()
    false = replace(HARBOUR, index=desk.book.size, leaf=leaf, logged=text)
    desk.book.add(text)
    refused(desk, desk.sealed([false]).path, f"the ledger says something else of: {what};")


def test_an_interim_decision_is_proven_with_the_hour_at_which_it_ends(desk: Desk) -> None:
    soon = "2026-11-24T09:00:00Z"
    built = desk.build(decision("atelier/harbour", verdict="interim", approver="", expires_at=soon), interim=True)
    first, entry, _ = (json.loads(line) for line in desk.plain(built.path).splitlines())
    for changed in ({"expires_at": "2027-11-24T09:00:00Z"}, {"proposer": "finch"}, {"status": "standing"}):
        path = sealed(desk, first, json.dumps(entry | changed).encode() + b"\n")
        refused(desk, path, f"the ledger says something else of: {next(iter(changed))};")
    assert desk.receive(built.path).entries == 1


def test_an_entry_that_refers_to_what_no_proof_ties_to_the_checkpoint_is_refused(written: Written) -> None:
    path = written.signed(written.harbour, written.lights, written.other)
    refused(written.desk, path, "refers to a ledger of 9 events, which nothing in the list vouches for")


@pytest.mark.parametrize(
    "changed",
    [{"root": "11" * 32}, {"path": ""}, {"grown_from": 8}, {"grown_from": 0}, {"grown_from": 99}, {"grown_from": -9}],
)
def test_an_older_root_that_the_ledger_did_not_grow_from_is_refused(written: Written, changed: dict[str, Any]) -> None:
    path = written.signed(*(proof | changed for proof in written.proofs), written.harbour, written.lights)
    refused(written.desk, path, "is not shown to begin with the")


@pytest.mark.parametrize("changed", [{"root": "x"}, {"path": "!"}, {"grown_from": "9"}, {"path": None}])
def test_a_proof_that_cannot_be_read_is_refused(written: Written, changed: dict[str, Any]) -> None:
    path = written.signed(*(proof | changed for proof in written.proofs), written.harbour)
    refused(written.desk, path, "holds a proof that cannot be read")


@pytest.mark.parametrize("version", [3, 0, -1])
def test_a_version_that_is_not_among_the_lists_is_refused(written: Written, version: int) -> None:
    path = written.signed(*written.proofs, written.harbour | {"version": version})
    refused(written.desk, path, f"says that it is of version {version}, which is none of this list's")


def test_a_delta_holds_nothing_of_the_list_that_it_changes(desk: Desk) -> None:
    desk.receive(desk.build(HARBOUR).path)
    built = desk.build(HARBOUR, LIGHTS, delta=True)
    lines = [json.loads(line) for line in desk.plain(built.path).splitlines()[:-1]]
    lines[-1]["version"] = 1
    path = sealed(desk, lines[0], *(json.dumps(line).encode() + b"\n" for line in lines[1:]))
    refused(desk, path, "says that it is of version 1, which is none of this list's")
    lines[-1].pop("version")
    path = sealed(desk, lines[0], *(json.dumps(line).encode() + b"\n" for line in lines[1:]))
    refused(desk, path, "holds an entry without a version")


def test_a_checkpoint_that_the_ledgers_key_did_not_sign_is_refused(written: Written, stranger: Keys) -> None:
    book = written.desk.book
    forged = Checkpoint(book.origin, book.size, b"\1" * 32).sign(stranger.signing)
    written.about["log"]["checkpoint"] = forged
    refused(written.desk, written.signed(), "the checkpoint of the sender's ledger does not hold")


def test_a_ledger_of_which_the_words_stay_open_proves_that_the_decision_is_there(written: Written) -> None:
    """Format 1: its leaves are whole lines, which no recipient may see."""
    written.harbour["log"]["event"] = ""
    assert written.desk.receive(written.signed(*written.proofs, written.harbour)).entries == 1


@pytest.fixture(scope="module")
def large() -> Book:
    book = Book()
    book.grow(1500)
    return book


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_proof_is_the_one_that_the_plain_tree_gives(large: Book, data: st.DataObject) -> None:
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
    written = Written(Desk(tmp_path_factory.mktemp("desk"), keys[0], keys[1]))
    text = json.dumps(written.lights["log"])
    at = data.draw(st.integers(1, len(text) - 2))
    letter = data.draw(st.sampled_from("0123456789abcdefXYZ"))
    try:
        log = json.loads(text[:at] + letter + text[at + 1 :])
    except ValueError:
        return
    if log == written.lights["log"] or {**log, "path": ""} == {**written.lights["log"], "path": ""}:
        return  # the last letter of base64 has bits that stand for nothing
    refused(written.desk, written.signed(*written.proofs, written.lights | {"log": log}), "entry ")


# The ledger itself, from list to list


def test_a_sender_builds_from_no_other_ledger_than_before(desk: Desk) -> None:
    desk.build(HARBOUR)
    rewritten, cut = Book(), Book()
    rewritten.grow(20)
    for book in (rewritten, cut):
        other = Desk(desk.folder, desk.sender, desk.recipient, book)
        held = [] if book is cut else [book.hold(LIGHTS)]
        with pytest.raises(
            SealError, match=r"was built from a ledger of 8 events that this one of .* does not begin wi"
        ):
            other.sealed(held)
    assert desk.build(HARBOUR).header.version == 2


@pytest.mark.parametrize("grown", [0, 20])
def test_a_recipient_uses_no_list_of_a_ledger_that_was_rewritten_or_cut_back(desk: Desk, grown: int) -> None:
    desk.receive(desk.build(HARBOUR).path)
    book = Book()
    book.grow(grown)
    rewritten = Desk(desk.folder / "elsewhere", desk.sender, desk.recipient, book)
    path = rewritten.build(LIGHTS, version=2).path
    refused(desk, path, "that is not shown to begin with the 8 of version 1: it was rewritten, cut back or changed for")


def test_a_recipient_uses_no_list_of_another_ledger_or_key(desk: Desk) -> None:
    desk.receive(desk.build(HARBOUR).path)
    for number, book in enumerate((Book("auditor/ledger/other"), Book())):
        if number:
            book.key = SigningKey.from_seed(b"o" * 32)
        other = Desk(desk.folder / str(number), desk.sender, desk.recipient, book)
        refused(
            desk, other.build(HARBOUR, version=2).path, "cut back or changed for another, or the sender has lost count"
        )


def test_a_sender_who_lost_count_proves_what_the_recipient_asks_for(desk: Desk) -> None:
    desk.receive(desk.build(HARBOUR).path)
    desk.book.grow(200)
    (desk.folder / "sent" / "search.sqlite").unlink()
    refused(desk, desk.build(HARBOUR, version=2).path, "ask for one that is built with --grown-from 8; if there can be")
    with pytest.raises(UsageError, match=r"--grown-from 999: the ledger has 208 events; was it cut back\?"):
        desk.build(HARBOUR, grown_from=(999,))
    desk.receive(desk.build(HARBOUR, grown_from=(8, 208)).path)


def test_what_was_sent_beforee_lists_carried_proofs_is_remembered(desk: Desk) -> None:
    """The version that a recipient has seen must never be given again."""
    desk.build(HARBOUR)
    with closing(sqlite3.connect(desk.folder / "sent" / "search.sqlite")) as sent, sent:
        for table, columns in (("list", ("size", "root")), ("entry", ("since", "size"))):
            for column in columns:
                sent.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        sent.execute("UPDATE entry SET digest = x'00'")
    built = desk.build(HARBOUR, delta=True)
    assert (built.header.version, built.header.base, built.entries, built.removed) == (2, 1, 1, 0)


# With a ledger of people's decisions


def build(desk: Desk, ledger: Ledger, **order: Any) -> build_list.BuildResult:
    to, folder = desk.recipient.card, desk.folder
    prover = inclusion_proofs.ledger_prover(ledger)
    standing = ledger.decisions_in_force(NOW, size=prover.size)
    return build_list.build_list(
        standing, to, desk.sender, folder / "out", folder / "sent", NOW, BuildOptions(**order), prover
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


def test_a_decision_of_two_people_is_proven_without_a_word_of_the_second(desk: Desk, ledger: Ledger) -> None:
    path = build(desk, ledger).path
    desk.receive(path)
    text = desk.plain(path).decode()
    assert "The digest is on the list." in text  # the explanation
    assert "I compared it too." not in text
    (event,) = [json.loads(line["log"]["event"]) for line in map(json.loads, text.splitlines()) if "entry" in line]
    assert (event["actor"], event["case"], event["data"]["verdict"]) == ("wren", case_id(1), "de-index")
    assert set(event["data"]) == {"verdict", "rules", "review_by", "words"}


def test_a_third_reviewers_and_an_interim_decision_are_proven(desk: Desk, ledger: Ledger) -> None:
    ledger.claim(case_id(2), "heron")
    ledger.propose(case_id(2), "heron", "demote", why="words")
    ledger.decide(case_id(2), "wren", "label", why="words")
    ledger.decide(case_id(2), "owl", "label", why="words")
    ledger.interim(case_id(3), "finch", why="words")
    assert desk.receive(build(desk, ledger, interim=True).path).entries == 3


def test_a_list_goes_on_from_a_restored_ledger_and_from_no_older_one(
    desk: Desk, ledger: Ledger, tmp_path: Path
) -> None:
    older = StringIO()
    export_ledger(ledger, older)
    decide_case(ledger, case_id(2))
    desk.receive(build(desk, ledger).path)
    newer = StringIO()
    export_ledger(ledger, newer)
    with restore_ledger(
        iter(newer.getvalue().splitlines(keepends=True)), tmp_path / "newer", clock=Clock(NOW)
    ) as restored:
        assert desk.receive(build(desk, restored, delta=True).path).entries == 0
    with (
        restore_ledger(
            iter(older.getvalue().splitlines(keepends=True)), tmp_path / "older", clock=Clock(NOW)
        ) as restored,
        pytest.raises(SealError, match="use that ledger, or restore it from its last export"),
    ):
        build(desk, restored)


def test_what_is_decided_while_a_list_is_built_waits_for_the_next(desk: Desk, ledger: Ledger) -> None:
    prover = inclusion_proofs.ledger_prover(ledger)
    decide_case(ledger, case_id(2))
    standing = ledger.decisions_in_force(NOW, size=prover.size)
    folder = desk.folder
    args = (desk.recipient.card, desk.sender, folder / "out", folder / "sent", NOW, BuildOptions(), prover)
    assert build_list.build_list(standing, *args).entries == 1
    with pytest.raises(SealError, match=r"is not among the ledger's first .* events; build again"):
        build_list.build_list(ledger.decisions_in_force(NOW), *args)
    assert build(desk, ledger, delta=True).entries == 1


def test_a_header_names_the_ledger_that_it_proves_from(desk: Desk, ledger: Ledger) -> None:
    header = asdict(build(desk, ledger).header)
    assert header["log"]["checkpoint"] == ledger.checkpoint_note()
    assert header["log"]["checkpoint"].startswith(f"{ledger.origin}\n{ledger.size}\n")
