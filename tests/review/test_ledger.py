"""The ledger cannot be quietly rewritten, loses nothing that it acknowledged, and keeps opinions apart."""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import SealError, UsageError
from auditor.review import Ledger, case_index, case_state, case_transitions, reviewers
from auditor.review import ledger as ledger_module
from auditor.review.checkpoints import Checkpoint, verify_checkpoint
from auditor.review.ledger import KEY_FILE
from auditor.review.ledger_entries import canonical_json, decode_entry, encode_entry, erase_entry_words
from auditor.review.ledger_events import LedgerAction
from auditor.review.ledger_export import export_ledger, restore_ledger
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.review.queue import QueueQuery
from auditor.review.verify_ledger import verify_ledger
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey
from tests.reviewing import REVIEWERS, Clock, case_id, create_ledger, decide_case, opening_action

CASE = case_id(1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with create_ledger(tmp_path / "ledger", clock) as ledger:
        ledger.record(opening_action(1), opening_action(2, "near"))
        yield ledger


def export_text(ledger: Ledger) -> str:
    out = io.StringIO()
    export_ledger(ledger, out)
    return out.getvalue()


# What people do


def test_a_case_is_decided_and_read_back(ledger: Ledger, tmp_path: Path) -> None:
    decide_case(ledger, CASE)
    with Ledger.open(tmp_path / "ledger") as again:
        (decision,) = again.decisions_in_force()
        assert (decision.verdict, decision.proposer, decision.approver) == ("de-index", "heron", "wren")
        assert decision.index == 5
        assert decision.evidence == ledger.history(CASE)[-2].leaf
        assert list(again.decisions()) == [decision]
        assert list(again.decisions_in_force(verdicts=("label",))) == []


def test_of_two_concurrent_decisions_one_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "de-index", why="words")
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def decide(reviewer: str) -> None:
        with Ledger.open(tmp_path / "ledger", clock=Clock()) as opened:
            together.wait()
            try:
                opened.decide(CASE, reviewer, "de-index", why="words")
                outcomes.append("decided")
            except UsageError as error:
                outcomes.append(str(error))

    threads = [threading.Thread(target=decide, args=(name,)) for name in ("wren", "owl")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1] == "decided"
    assert "is approved; a second opinion is given on a proposed case" in sorted(outcomes)[0]
    assert verify_ledger(ledger).faults == ()


def test_an_action_on_an_outdated_view_of_a_case_is_refused(ledger: Ledger) -> None:
    seen = ledger.blinded_state(CASE).last_event
    ledger.claim(CASE, "heron")
    with pytest.raises(UsageError, match=r"has changed since you opened it \(claimed by heron\)"):
        ledger.propose(CASE, "heron", "label", why="words", seen=seen)


def test_only_reviewers_act_and_the_program_gives_no_opinion(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="'stranger': is no reviewer of this ledger"):
        ledger.claim(CASE, "stranger")
    with pytest.raises(UsageError, match="is the name of the program"):
        ledger.claim(CASE, reviewers.PROGRAM_ACTOR)


def test_one_person_has_one_pseudonym(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="heron and swift are the same person"):
        reviewers.add_reviewer(ledger.folder, "swift", "  PERSON   heron ")
    with (ledger.folder / reviewers.REVIEWERS_FILE).open("a") as file:
        file.write('swift = "Person Heron"\n')
    with pytest.raises(UsageError, match="are the same person"):
        ledger.claim(CASE, "swift")


def test_the_ledger_holds_no_person(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    assert b"Person" not in (ledger.folder / LEDGER_FILE).read_bytes()
    assert "Person" not in export_text(ledger)
    for name in (LEDGER_FILE, KEY_FILE, reviewers.REVIEWERS_FILE):
        assert (ledger.folder / name).stat().st_mode & 0o077 == 0


def all_case_text(ledger: Ledger) -> str:
    """Everything that anyone is shown of the case and the queue."""
    from auditor.review.case_view import case_json, case_lines, queue_json, queue_lines

    state, events, page = ledger.blinded_state(CASE), ledger.history(CASE), ledger.queue()
    lines = (*case_lines(state, events, {}, None, ledger.now), *queue_lines(page))
    json_objects = (case_json(state, events, {}, None, ledger.now), queue_json(page))
    return "\n".join((*lines, *map(json.dumps, json_objects), repr(state), repr(events), repr(page)))


def test_the_second_reviewer_sees_nothing_of_the_first_opinion(ledger: Ledger) -> None:
    ledger.interim(CASE, "heron", why="A telling word: yellow.")
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "demote", why="A telling word: zanzibar.")
    for word in ("zanzibar", "demote", "yellow"):
        assert word not in all_case_text(ledger)
    ledger.decide(CASE, "wren", "label", why="other words")
    for word in ("zanzibar", "demote", "yellow"):
        assert word in all_case_text(ledger)


def test_an_opinion_that_new_reasons_reset_stays_hidden(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "demote", why="A telling word: zanzibar.")
    first = opening_action(1).data
    more = {**first, "reasons": [{**first["reasons"][0], "fact": "another dataset"}], "facts": []}
    ledger.record(LedgerAction("joined", CASE, reviewers.PROGRAM_ACTOR, more))
    assert ledger.blinded_state(CASE).stage(ledger.now) == "new"
    assert "zanzibar" not in all_case_text(ledger)
    assert "demote" not in all_case_text(ledger)
    decide_case(ledger, CASE)
    assert "zanzibar" in all_case_text(ledger)


def test_a_clock_set_back_revives_no_expired_decision(ledger: Ledger, clock: Clock) -> None:
    ledger.interim(CASE, "heron", why="An exact match.", hours=1)
    clock.advance(hours=2)
    ledger.claim(case_id(2), "heron")
    assert list(ledger.decisions_in_force()) == []
    clock.advance(hours=-1.5)
    assert list(ledger.decisions_in_force()) == []
    with pytest.raises(UsageError, match="the clock says 2026-11-23T09:30:00Z, before the ledger's last event"):
        ledger.confirm(case_id(2), "heron", why="words")
    ledger.correct_clock("heron", why="The machine was two hours ahead.")
    ledger.confirm(case_id(2), "heron", why="words")
    assert verify_ledger(ledger).faults == ()


def test_a_clock_that_is_set_right_by_seconds_stands_still(ledger: Ledger, clock: Clock) -> None:
    before = clock.time
    clock.advance(seconds=-5)
    ledger.claim(CASE, "heron")
    assert ledger.history(CASE)[-1].time == before
    clock.advance(seconds=-1)
    with pytest.raises(UsageError, match="correct the clock"):
        ledger.claim(case_id(2), "heron")


def test_acts_are_recorded_all_or_none(ledger: Ledger) -> None:
    size = ledger.size
    with pytest.raises(UsageError, match="give a reason"):
        ledger.record(opening_action(3), LedgerAction("confirmed", case_id(2), "heron", {"why": ""}))
    assert ledger.size == size
    with pytest.raises(UsageError, match="there is no such case"):
        ledger.state(case_id(3))


# Nobody rewrites it


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = replace(body, 'heron', 'wren')",
        "DELETE FROM events WHERE number = 2",
        "INSERT OR REPLACE INTO events (number, body) SELECT 1, body FROM events WHERE number = 1",
        "INSERT INTO events (number, body) SELECT 99, body FROM events WHERE number = 1",
        "UPDATE tree SET hash = x'00'",
        "DELETE FROM tree",
        "INSERT OR REPLACE INTO tree SELECT * FROM tree WHERE level = 0 AND number = 0",
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
        "INSERT OR REPLACE INTO checkpoints SELECT * FROM checkpoints LIMIT 1",
    ],
)
def test_the_tables_can_only_be_added_to(ledger: Ledger, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="the ledger can only be added to"):
        ledger.database.execute(statement)


def forge_ledger(ledger: Ledger, *statements: str) -> Ledger:
    """Change the file as somebody would who can write it: triggers taken off and put back."""
    with closing(sqlite3.connect(ledger.folder / LEDGER_FILE, isolation_level=None)) as database:
        database.create_function("leaf", 1, lambda body: merkle.hash_leaf(body.encode()))
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        for _, sql in triggers:
            database.execute(sql)
    return Ledger.open(ledger.folder, clock=Clock())


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            """UPDATE events SET body = replace(body, 'de-index","why', 'label","why') WHERE number = 4""",
            "event 4: the Merkle tree does not hold it",
        ),
        (
            """UPDATE events SET body = replace(body, '"kind"', '"sort"') WHERE number = 4""",
            "event 4: an entry of the ledger is damaged",
        ),
        ("UPDATE events SET body = body || ' ' WHERE number = 4", "event 4: an entry of the ledger is not in the form"),
        ("DELETE FROM events WHERE number = 3", "event 3: is missing; event 4 is in its place"),
        ("DELETE FROM events WHERE number = 5", "event 5: is missing: there is a checkpoint of 6 events"),
        (
            "UPDATE tree SET hash = zeroblob(32) WHERE level = 1 AND number = 1",
            "event 3: the Merkle tree does not hold",
        ),
        ("INSERT INTO tree VALUES (9, 9, zeroblob(32))", "the Merkle tree has other nodes than its events"),
        (
            "UPDATE checkpoints SET note = replace(note, char(10) || '5' || char(10), char(10) || '4' || char(10)) "
            "WHERE size = 5",
            "event 4: a checkpoint's signature is not valid",
        ),
        ("DELETE FROM checkpoints WHERE size = 6", "event 5: and what follows has no signed checkpoint"),
        ("UPDATE queue SET base = 'new'", "event 5: the queue's row of case 0000000000000001"),
        ("DELETE FROM queue WHERE case_id = '0000000000000002'", "event 2: the queue's row of case"),
        ("DELETE FROM names", "the queue's row of case"),
        ("INSERT INTO artefacts VALUES ('sha256:00', '0000000000000009')", "artefacts has rows that no event made"),
    ],
)
def test_verify_names_the_event_that_was_changed(ledger: Ledger, statement: str, message: str) -> None:
    decide_case(ledger, CASE)
    assert verify_ledger(ledger).faults == ()
    with forge_ledger(ledger, statement) as forged:
        assert any(message in str(one) for one in verify_ledger(forged).faults), verify_ledger(forged).faults


def test_a_ledger_without_its_triggers_is_not_opened(ledger: Ledger) -> None:
    with closing(sqlite3.connect(ledger.folder / LEDGER_FILE)) as database:
        database.execute("DROP TRIGGER events_delete")
    with pytest.raises(SealError, match="table or trigger events_delete is missing"):
        Ledger.open(ledger.folder)


def sign_with_ledger_key(
    ledger: Ledger, kind: str, actor: str, data: dict[str, object], *, time: str = "", previous: str = ""
) -> None:
    """Add an event that would be refused, as somebody can who has the key: chained, hashed and signed."""
    number = ledger.size
    body = encode_entry(
        number, time or ledger.now, actor, kind, CASE, data, previous or [*ledger.all_events()][-1].leaf
    )
    grown = tuple(merkle.completed_subtrees(number, merkle.hash_leaf(body.encode()), ledger.node))
    nodes = {(level, at): hashed for level, at, hashed in grown}
    root = merkle.root_hash(number + 1, lambda level, at: nodes.get((level, at)) or ledger.node(level, at))
    note = Checkpoint(ledger.origin, number + 1, root).sign(SigningKey.load(ledger.folder / KEY_FILE))
    ledger.database.execute("INSERT INTO events (number, body) VALUES (?, ?)", (number, body))
    ledger.database.executemany("INSERT INTO tree VALUES (?, ?, ?)", grown)
    ledger.database.execute("INSERT INTO checkpoints VALUES (?, ?)", (number + 1, note))


def test_a_signed_event_that_the_rules_refuse_is_found(ledger: Ledger) -> None:
    ledger.claim(CASE, "heron")
    ledger.propose(CASE, "heron", "de-index", why="words")
    rules = ["trained-on-known-content"]
    sign_with_ledger_key(ledger, "reviewed", "heron", {"verdict": "de-index", "rules": rules, "why": "words"})
    (broken,) = verify_ledger(ledger).faults
    assert str(broken).startswith("event 5: should not have been recorded: case 0000000000000001: heron has given")
    with pytest.raises(UsageError, match="heron has given an opinion"):
        list(ledger.decisions_in_force())


def test_a_signed_event_that_does_not_follow_or_is_of_an_earlier_time_is_found(ledger: Ledger) -> None:
    sign_with_ledger_key(ledger, "confirmed", "owl", {"why": "words"}, time="2026-11-23T08:00:00Z", previous="00")
    assert [str(one) for one in verify_ledger(ledger).faults][:2] == [
        "event 3: does not follow from the event before it",
        "event 3: is of 2026-11-23T08:00:00Z, before the event before it",
    ]


def test_a_ledger_cut_short_is_found_by_a_checkpoint_kept_elsewhere(ledger: Ledger, tmp_path: Path) -> None:
    shutil.copytree(ledger.folder, tmp_path / "before")
    decide_case(ledger, CASE)
    note = ledger.checkpoint_note()
    assert verify_ledger(ledger, earlier=note).faults == ()
    with Ledger.open(tmp_path / "before") as older:
        assert verify_ledger(older).faults == ()
        assert [str(one) for one in verify_ledger(older, earlier=note).faults] == [
            "event 3: is missing: the earlier checkpoint has 6 events: the ledger was rolled back to an older copy, "
            "or cut short"
        ]


def test_a_ledger_rewritten_by_the_holder_of_its_key_is_found_by_a_checkpoint(ledger: Ledger, tmp_path: Path) -> None:
    shutil.copytree(ledger.folder, tmp_path / "before")
    ledger.confirm(case_id(2), "owl", why="words")
    note = ledger.checkpoint_note()
    with Ledger.open(tmp_path / "before", clock=Clock()) as other:
        other.confirm(case_id(2), "owl", why="other words")
        assert verify_ledger(other).faults == ()
        (broken,) = verify_ledger(other, earlier=note).faults
        assert str(broken) == (
            "event 3: this event, or one before it, is not what it was at the earlier checkpoint of 4 events: "
            "the ledger was rewritten or forked"
        )


def test_a_checkpoint_of_another_ledger_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with create_ledger(tmp_path / "other") as other:
        (broken,) = verify_ledger(ledger, earlier=other.checkpoint_note()).faults
        assert str(broken) == f"the earlier checkpoint is of {other.origin}, and this ledger is {ledger.origin}"


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE events SET body = replace(body, 'atelier/model-1', 'atelier/model-9')",),
        (
            "UPDATE events SET body = replace(body, 'atelier/model-1', 'atelier/model-9') WHERE number = 1",
            "UPDATE tree SET hash = (SELECT leaf(body) FROM events WHERE number = 1) WHERE level = 0 AND number = 1",
        ),
        ("DELETE FROM events WHERE number = 1",),
        ("DELETE FROM events WHERE number = 5", "DELETE FROM tree WHERE number = 5 AND level = 0"),
    ],
)
def test_nothing_that_was_changed_stands(ledger: Ledger, statements: tuple[str, ...]) -> None:
    decide_case(ledger, CASE)
    with forge_ledger(ledger, *statements) as forged, pytest.raises((SealError, UsageError)):
        list(forged.decisions_in_force())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("I compared", "I repaired", "event 5 was changed"), ('"kind"', '"sort"', "an entry of the ledger is damaged")],
)
def test_the_file_that_was_changed_is_named(ledger: Ledger, old: str, new: str, said: str) -> None:
    decide_case(ledger, CASE)
    with (
        forge_ledger(ledger, f"UPDATE events SET body = replace(body, '{old}', '{new}') WHERE number = 5") as forged,
        pytest.raises(SealError, match=rf"ledger\.sqlite: {said}; run `auditor review verify`"),
    ):
        list(forged.decisions_in_force())


def test_a_case_that_was_changed_is_not_shown(ledger: Ledger) -> None:
    with (
        forge_ledger(ledger, "UPDATE events SET body = replace(body, 'atelier/model-1', 'atelier/model-9')") as forged,
        pytest.raises(SealError, match="event 1 was changed; run `auditor review verify`"),
    ):
        forged.blinded_state(CASE)


def test_nothing_is_recorded_upon_a_ledger_that_was_changed(ledger: Ledger) -> None:
    with (
        forge_ledger(ledger, "UPDATE tree SET hash = zeroblob(32) WHERE level = 0 AND number = 2") as forged,
        pytest.raises(SealError, match="was changed from outside"),
    ):
        forged.claim(CASE, "heron")


def test_another_key_signs_nothing_here(ledger: Ledger) -> None:
    (ledger.folder / KEY_FILE).unlink()
    SigningKey.create(ledger.folder / KEY_FILE)
    with pytest.raises(SealError, match="is not the key that this ledger was created with"):
        ledger.claim(CASE, "heron")


def test_any_byte_of_the_file_that_changes_is_found_or_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    decide_case(ledger, CASE)
    whole, data = export_text(ledger), (ledger.folder / LEDGER_FILE).read_bytes()
    copy = tmp_path / "copy"
    shutil.copytree(ledger.folder, copy)
    random_ = random.Random(6)
    places = random_.sample(range(len(data)), 150)
    offset = data.find(b'"verdict":"de-index"')
    places += range(offset, offset + 20)
    found = 0
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << random_.randrange(8)
        (copy / LEDGER_FILE).write_bytes(changed)
        try:
            with Ledger.open(copy, clock=Clock()) as damaged_ledger:
                broken = bool(verify_ledger(damaged_ledger).faults)
                assert broken or export_text(damaged_ledger) == whole, place
        except SealError:
            broken = True
        found += broken
        assert broken or not offset <= place < offset + 20
    assert found >= 20


def test_every_event_is_proven_to_be_in_the_ledger(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    checkpoint = verify_checkpoint(ledger.checkpoint_note(), ledger.public)
    for event in ledger.all_events():
        proof = merkle.inclusion_proof(event.number, checkpoint.size, ledger.node)
        assert merkle.verify_inclusion(bytes.fromhex(event.leaf), event.number, checkpoint.size, proof, checkpoint.root)


# What a leaf shows


def test_a_leaf_shows_all_of_an_event_but_its_words_and_who_said_them(ledger: Ledger) -> None:
    decide_case(ledger, CASE)
    proposed, reviewed = [*ledger.all_events()][-2:]
    all_case_text = json.loads(reviewed.redacted)
    assert all_case_text["data"].keys() == {"verdict", "rules", "review_by", "words", "name"}
    assert (all_case_text["actor"], all_case_text["kind"], all_case_text["case"]) == ("", "reviewed", CASE)
    assert bytes.fromhex(reviewed.leaf) == merkle.hash_leaf(reviewed.redacted.encode())
    assert "The digest is on the list." not in proposed.redacted
    assert "I compared it too." not in reviewed.redacted
    assert not any(name in event.redacted for event in (proposed, reviewed) for name in REVIEWERS)
    (decision,) = ledger.decisions_in_force()
    assert (decision.leaf, decision.logged) == (reviewed.leaf, reviewed.redacted)


def test_the_same_words_are_never_shown_as_the_same(ledger: Ledger) -> None:
    """Else whoever guesses them could tell."""
    for case in (CASE, case_id(2)):
        ledger.record(LedgerAction("reported", case, "heron", {"outcome": "not-due", "why": "No."}))
    one, two = [json.loads(event.redacted)["data"] for event in [*ledger.all_events()][-2:]]
    assert one["words"] != two["words"]
    assert one["name"] != two["name"]


@pytest.mark.parametrize("old", ["I compared it too.", '"salt":"', '"name_salt":"', '"actor":"wren'])
def test_words_names_and_their_salts_are_part_of_what_is_signed(ledger: Ledger, old: str) -> None:
    decide_case(ledger, CASE)
    statement = f"UPDATE events SET body = replace(body, '{old}', '{old[:-1]}x') WHERE number = 5"
    if old.startswith('"'):
        statement = f"""UPDATE events SET body = replace(body, '{old}', '{old}0') WHERE number = 5"""
    with forge_ledger(ledger, statement) as forged:
        assert "event 5: the Merkle tree does not hold it" in str(verify_ledger(forged).faults[0])


def test_an_event_cannot_be_put_in_place_by_what_its_leaf_shows(ledger: Ledger) -> None:
    """It has the same leaf; its words and who said them would be gone, and nobody would see it."""
    decide_case(ledger, CASE)
    closed = [*ledger.all_events()][-1].redacted
    (body,) = ledger.database.execute("SELECT body FROM events WHERE number = 5").fetchone()
    without_words = canonical_json(erase_entry_words(json.loads(body)))
    for text, message in ((closed, "is damaged"), (without_words, "its words are missing, and no event says")):
        with forge_ledger(ledger, f"UPDATE events SET body = '{text}' WHERE number = 5") as forged:
            assert message in str(verify_ledger(forged).faults[0])


def test_a_ledger_of_format_2_stays_in_format_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "LEDGER_FORMAT", 2)
    with create_ledger(tmp_path / "old") as old:
        old.record(opening_action(1))
    monkeypatch.undo()
    with Ledger.open(tmp_path / "old", clock=Clock()) as old:
        decide_case(old, CASE)
        (decision,) = old.decisions_in_force()
        assert json.loads(decision.logged)["actor"] == "wren"
        assert verify_ledger(old).faults == ()
        assert not any("name_salt" in event.data for event in old.all_events())


def test_a_ledger_of_format_1_stays_in_format_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "LEDGER_FORMAT", 1)
    with create_ledger(tmp_path / "old") as old:
        old.record(opening_action(1))
    monkeypatch.undo()
    with Ledger.open(tmp_path / "old", clock=Clock()) as old:
        decide_case(old, CASE)
        (decision,) = old.decisions_in_force()
        assert (decision.logged, verify_ledger(old).faults) == ("", ())
        assert not any("salt" in event.data or event.redacted for event in old.all_events())


# Export and restore


def test_an_export_restores_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    decide_case(ledger, CASE)
    with restore_ledger(
        iter(export_text(ledger).splitlines(keepends=True)), tmp_path / "restored", clock=Clock()
    ) as restored:
        assert export_text(restored) == export_text(ledger)
        assert list(restored.decisions()) == list(ledger.decisions())
        assert restored.queue() == ledger.queue()
        with pytest.raises(SealError, match=r"signing\.key: the signing key cannot be read"):
            restored.confirm(case_id(2), "owl", why="words")
        for name in (KEY_FILE, reviewers.REVIEWERS_FILE):
            shutil.copy(ledger.folder / name, tmp_path / "restored" / name)
        restored.confirm(case_id(2), "owl", why="words")
        assert verify_ledger(restored, earlier=ledger.checkpoint_note()).faults == ()


def test_an_export_fits_its_published_schema(ledger: Ledger) -> None:
    import jsonschema

    from auditor.resources import resource_folder
    from auditor.review.ledger_entries import GENERAL_EVENTS

    decide_case(ledger, CASE)
    schema = json.loads((resource_folder("reports/schema") / "ledger.schema.json").read_bytes())
    for line in export_text(ledger).splitlines():
        jsonschema.validate(json.loads(line), schema)
    assert set(schema["oneOf"][0]["properties"]["kind"]["enum"]) == GENERAL_EVENTS | {"opened"} | set(
        case_transitions.TRANSITIONS
    )


def test_any_byte_of_an_export_that_changes_refuses_it(ledger: Ledger, tmp_path: Path) -> None:
    ledger.claim(CASE, "heron")
    data = export_text(ledger).encode()
    for place in random.Random(7).sample(range(len(data)), 120):
        changed = bytearray(data)
        changed[place] ^= 1
        lines = io.StringIO(changed.decode("utf-8", "replace"), newline="\n")
        with pytest.raises(SealError):
            restore_ledger(iter(lines), tmp_path / "restored")
        assert not (tmp_path / "restored" / LEDGER_FILE).exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "the export is cut short"),
        (lambda lines: [*lines[:2], *lines[3:]], "line 3: does not follow from the line before it"),
        (lambda lines: [*lines[:3], lines[-1]], "the export is not valid"),
        (lambda lines: [*lines, lines[-1]], "comes after the checkpoint"),
    ],
)
def test_an_export_that_is_not_whole_says_where(
    ledger: Ledger, tmp_path: Path, change: Callable[[list[str]], list[str]], message: str
) -> None:
    ledger.claim(CASE, "heron")
    with pytest.raises(SealError, match=message):
        restore_ledger(iter(change(export_text(ledger).splitlines(keepends=True))), tmp_path / "restored")


# Nothing acknowledged is lost


def test_a_transaction_is_on_disk_when_it_ends(ledger: Ledger) -> None:
    """SQLite's names for synchronous=EXTRA and the rollback journal; a kill cannot tell, a power cut can."""
    assert ledger.database.execute("PRAGMA synchronous").fetchone() == (3,)
    assert ledger.database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


WRITER = """
    import sys
    from auditor.review import Ledger
    from tests.reviewing import opening_action
    with Ledger.open(sys.argv[1]) as ledger:
        for number in range(int(sys.argv[2]), 10**9):
            ledger.record(opening_action(number))
            print(number, flush=True)
"""


def kill_writer(folder: Path, first: int, random_: random.Random) -> list[int]:
    """Start a writer, kill it at a random moment; what it acknowledged."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), str(first)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    acknowledged = [int(writer.stdout.readline())]
    time.sleep(random_.random() * 0.05)
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()
    return acknowledged


def check_kills(folder: Path, times: int) -> None:
    create_ledger(folder, clock=lambda: "2020-01-01T00:00:00Z").close()  # type: ignore[arg-type]
    random_, acknowledged = random.Random(times), [0]
    for _ in range(times):
        acknowledged += kill_writer(folder, acknowledged[-1] + 2, random_)
        with Ledger.open(folder) as ledger:
            known = {event.case for event in ledger.all_events()}
            assert {case_id(number) for number in acknowledged[1:]} <= known
            last = max(int(case, 16) for case in known if case)
        acknowledged.append(last)
    with Ledger.open(folder) as ledger:
        assert verify_ledger(ledger).faults == ()


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    check_kills(tmp_path / "ledger", 4)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_by_a_thousand_kills(tmp_path: Path) -> None:
    check_kills(tmp_path / "ledger", 1000)


FILLER = """
    import resource, signal, sys
    from auditor.errors import SealError
    from auditor.review import Ledger
    from tests.reviewing import opening_action
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    with Ledger.open(sys.argv[1]) as ledger:
        try:
            for number in range(int(sys.argv[2]), 10**9):
                ledger.record(*(opening_action(number * 10 + more) for more in range(10)))
                print(number, flush=True)
        except SealError as error:
            print(error, flush=True)
"""


def check_full_disks(folder: Path, times: int) -> None:
    """A limit on the size of files stands for a full disk: writing fails part way through a transaction."""
    create_ledger(folder, clock=lambda: "2020-01-01T00:00:00Z").close()  # type: ignore[arg-type]
    random_, first = random.Random(times), 1
    for _ in range(times):
        limit = (folder / LEDGER_FILE).stat().st_size + random_.randrange(60_000)
        command = [sys.executable, "-c", textwrap.dedent(FILLER), str(folder), str(first), str(limit)]
        *acknowledged, message = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        assert "nothing was recorded" in message
        with Ledger.open(folder) as ledger:
            known = {event.case for event in ledger.all_events()}
            for number in map(int, acknowledged):
                assert {case_id(number * 10 + more) for more in range(10)} <= known
        first += len(acknowledged)
    with Ledger.open(folder) as ledger:
        proof = verify_ledger(ledger)
        assert proof.faults == ()
        assert proof.cases == (first - 1) * 10


def test_nothing_acknowledged_is_lost_on_a_full_disk(tmp_path: Path) -> None:
    check_full_disks(tmp_path / "ledger", 4)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_on_a_thousand_full_disks(tmp_path: Path) -> None:
    check_full_disks(tmp_path / "ledger", 1000)


# The queue


def test_pages_give_every_case_once_in_order(tmp_path: Path) -> None:
    with create_ledger(tmp_path / "ledger") as ledger:
        strengths = ("near", "exact", "listed", "named")
        ledger.record(*(opening_action(n, strengths[n % 4], ground=("exposed", "linked")[n % 2]) for n in range(1, 24)))
        rows, query = [], QueueQuery(limit=5)
        while True:
            page = ledger.queue(query)
            assert page.total == 23
            rows += page.rows
            if not page.next:
                break
            query = replace(query, after=page.next)
        assert len({row.case for row in rows}) == 23
        grounds = [row.ground for row in rows]
        assert grounds == sorted(grounds, key=["report", "linked", "exposed"].index)
        linked = [row.confidence for row in rows if row.ground == "linked"]
        assert linked == sorted(linked, key=["listed", "exact", "named", "near"].index)
        with pytest.raises(UsageError, match="is not a value that --after accepts"):
            ledger.queue(QueueQuery(after="junk"))


def test_the_queue_is_asked_by_what_people_look_for(ledger: Ledger, clock: Clock) -> None:
    def cases(**query: object) -> list[str]:
        return [row.case for row in ledger.queue(QueueQuery(**query)).rows]  # type: ignore[arg-type]

    one, two = case_id(1), case_id(2)
    ledger.claim(one, "heron")
    assert cases(confidence=("near",)) == [two]
    assert cases(ground="linked") == []
    assert cases(mine="heron") == [one]
    assert cases(open_to="wren") == [two]
    assert cases(stages=("claimed",)) == [one]
    assert cases(opened_before="2026-11-23") == []
    assert cases(name="MODEL-2") == [two]
    assert cases(name="model_2") == cases(name="%") == []
    clock.advance(hours=5)
    assert cases(mine="heron") == []
    assert cases(stages=("new",)) == [one, two]
    ledger.claim(one, "heron")
    ledger.propose(one, "heron", "label", why="words")
    assert cases(open_to="heron") == [two]
    assert cases(open_to="wren") == [one, two]
    assert cases(mine="heron") == [one]


def test_the_queue_says_the_stage_that_the_events_say(ledger: Ledger, clock: Clock) -> None:
    ledger.record(*(opening_action(number) for number in range(3, 9)))
    for number in range(3, 9):
        decide_case(ledger, case_id(number), "no-action" if number == 3 else "de-index")
    ledger.appeal(case_id(4), "finch", why="words")
    ledger.appeal(case_id(5), "finch", why="words")
    ledger.decide_appeal(case_id(5), "owl", "overturned", why="words")
    ledger.record_listed([ledger.state(case_id(6)).in_force[0]], recipient="search", version="1")
    ledger.reopen(case_id(7), "owl", why="words")
    ledger.claim(case_id(7), "owl")
    ledger.record(*(opening_action(number, ground="report") for number in (9, 10)))
    for case, steps in ((case_id(9), ()), (case_id(10), ("restrict", "preserve", "tell-host"))):
        ledger.report(case, "owl", "reported", why="words")
        for step in steps:
            ledger.record_step(case, "owl", step, why="words")
    seen = set()
    for hours in (0, 5, 24 * 181, 24 * 40):
        clock.advance(hours=hours)
        for row in ledger.queue().rows:
            assert row.stage == ledger.state(row.case).stage(ledger.now)
            seen.add(row.stage)
    assert seen == set(case_state.STAGE_MEANINGS) - {"proposed", "disputed", "waiting"}


def test_a_hostile_name_is_harmless_in_the_queue_and_on_the_page(tmp_path: Path) -> None:
    from auditor.review.case_view import case_json, case_lines, queue_json, queue_lines

    for number, name in enumerate(HOSTILE, 1):
        with create_ledger(tmp_path / str(number)) as ledger:
            ledger.record(opening_action(1, name=name))
            decide_case(ledger, CASE)
            state = ledger.blinded_state(CASE)
            lines = [
                *queue_lines(ledger.queue()),
                *case_lines(state, ledger.history(CASE), {}, None, ledger.now),
                json.dumps(queue_json(ledger.queue())),
                json.dumps(case_json(state, ledger.history(CASE), {}, None, ledger.now)),
            ]
            for line in lines:
                assert line.isprintable() or "\t" in line, ascii(line)
                assert line.replace("\t", "").isprintable()
                assert "\u202e" not in line
            assert len("\n".join(lines[:-2])) < 20_000
            assert verify_ledger(ledger).faults == ()
            with restore_ledger(
                iter(export_text(ledger).splitlines(keepends=True)), tmp_path / f"{number}-restored"
            ) as restored:
                assert restored.state(CASE).subject.name == name
            assert case_index.subject_names(state)


HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b]52;c;AAAA\x07\x1b[2J",
    "=HYPERLINK(1)",
    "a" * 1_000_000,
    "\u202emodel\u2066\u200b",
    "line\nbreak\r\0nul",
    "lone \udcff surrogate",
    "]]> <!-- & --> {{ x }}",
)


def test_entries_have_one_form() -> None:
    body = encode_entry(3, "2026-11-23T09:00:00Z", "heron", "claimed", CASE, {"until": "é"}, "00")
    assert body.isascii()
    assert decode_entry(body).data == {"until": "é"}
    with pytest.raises(SealError, match="is not in the form it was written in"):
        decode_entry(body.replace(",", ", "))
    with pytest.raises(SealError, match="is damaged"):
        decode_entry(body[:-1])


def test_cases_that_rest_on_an_overturned_one_are_judged_again(ledger: Ledger) -> None:
    linked = opening_action(5)
    fact = {"key": "base_model", "value": "atelier/model-1", "relation": "", "source": "card"}
    place = {"uri": "README.md", "line": 1}
    named = opening_action(6)
    facts = [{"subject": named.data["subject"], "statement": {**fact, "place": place, "remark": ""}}]
    ledger.record(
        replace(linked, data={**linked.data, "linked": CASE}),
        replace(named, data={**named.data, "facts": facts}),
        opening_action(7),
    )
    for number in (1, 5, 6, 7):
        decide_case(ledger, case_id(number))
    ledger.appeal(CASE, "finch", why="words")
    ledger.decide_appeal(CASE, "owl", "overturned", why="words")
    phases = {number: ledger.state(case_id(number)).phase for number in (1, 5, 6, 7)}
    assert phases == {1: "overturned", 5: "new", 6: "new", 7: "approved"}
    (event,) = (event for event in ledger.history(case_id(6)) if event.kind == "reopened")
    assert event.data["why"] == f"Case {CASE}, on which it rests, was overturned on appeal."
    assert ledger.state(case_id(6)).in_force  # the decision stays until people have judged again
