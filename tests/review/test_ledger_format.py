"""docs/ledger-format.md: what the program writes is read by a verifier that shares no code with it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from auditor.review import case_transitions, reviewers
from auditor.review.case_groups import parse_group
from auditor.review.checkpoints import Checkpoint, cosign_checkpoint
from auditor.review.erasure import erase_words
from auditor.review.group_decisions import GroupOpinion, decide_group
from auditor.review.ledger import Ledger
from auditor.review.ledger_entries import GENERAL_EVENTS
from auditor.review.ledger_events import LedgerAction
from auditor.review.ledger_export import export_ledger
from auditor.review.published_checkpoints import PublishedCheckpoint
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey
from tests.review import independent_verifier
from tests.reviewing import POLICY, Clock, case_id, create_ledger, decide_case, opening_action

SPECIFICATION = Path(__file__).parents[2] / "docs" / "ledger-format.md"
WITNESS = SigningKey.from_seed(b"\2" * 32)


def documented_files() -> list[str]:
    section = SPECIFICATION.read_text(encoding="utf-8").partition("## Test vectors")[2]
    return re.findall(r"```\n(.*?)```", section, re.S)


def make_vectors() -> list[str]:
    """Publish a tree of 3 and of 7 leaves, each cosigned."""
    key = SigningKey.from_seed(b"\1" * 32)
    nodes: dict[tuple[int, int], bytes] = {}

    def lookup(level: int, number: int) -> bytes:
        return nodes[level, number]

    for number in range(7):
        leaf = merkle.hash_leaf(str(number).encode())
        grown = tuple(merkle.completed_subtrees(number, leaf, lookup))
        nodes.update({(level, at): hashed for level, at, hashed in grown})
    files = []
    for size, time, earlier in ((3, "2026-11-01T00:00:00Z", ()), (7, "2026-12-01T00:00:00Z", (3,))):
        root = merkle.root_hash(size, lookup)
        note = Checkpoint("auditor/ledger/0123456789abcdef", size, root, time, key.public).sign(key)
        proofs = {old: merkle.consistency_proof(old, size, lookup) for old in earlier}
        files.append(PublishedCheckpoint(cosign_checkpoint(note, WITNESS, time), proofs).text)
    return files


def test_the_documented_vectors_are_what_the_program_writes() -> None:
    assert documented_files() == make_vectors()


def test_a_verifier_without_its_code_accepts_the_documented_vectors() -> None:
    first, second = documented_files()
    assert independent_verifier.verify(first, second, WITNESS.public) == "grown from 3 to 7"
    assert independent_verifier.verify(second, first, WITNESS.public) == "rolled back"


def test_a_verifier_without_its_code_refuses_the_documented_invalid_vectors() -> None:
    first, second = documented_files()
    assert independent_verifier.verify(first, second.replace("old 3", "old 4"), WITNESS.public) == "no proof from 3"
    exchanged = second.replace(second.splitlines()[-1], first.splitlines()[-1])
    with pytest.raises(AssertionError, match="the witness has not cosigned it"):
        independent_verifier.verify(first, exchanged, WITNESS.public)
    proof = second.splitlines()[0].split(" ")
    swapped = second.replace(" ".join(proof), " ".join([*proof[:2], *reversed(proof[2:])]))
    assert independent_verifier.verify(first, swapped, WITNESS.public) == "forked"


def test_a_changed_root_breaks_the_signature() -> None:
    first, second = documented_files()
    root = first.splitlines()[2]
    with pytest.raises(InvalidSignature):
        independent_verifier.verify(first.replace(root, second.splitlines()[4]), second, WITNESS.public)


def documented_kinds() -> dict[str, tuple[set[str], set[str]]]:
    """Return of each kind of the page the keys that its data must have, and those in brackets."""
    section = SPECIFICATION.read_text(encoding="utf-8").partition("## Entries")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| .+? \|(.*)\|$", section, re.M)
    kinds = {}
    for kind, keys in rows:
        may = set(re.findall(r"\[`([a-z_]+)`\]", keys))
        kinds[kind] = (set(re.findall(r"`([a-z_]+)`", keys)) - may, may)
    return kinds


def ledger_of_every_kind(folder: Path) -> Ledger:
    """Return a ledger in which everything that can be recorded was recorded once or more."""
    clock = Clock()
    ledger = create_ledger(folder, clock)
    reviewers.add_reviewer(folder, "rook", "Person rook")
    reviewers.add_reviewer(folder, "crake", "Person crake")
    first, second, third, near = (case_id(number) for number in range(1, 5))
    ledger.record(LedgerAction("policy", "", reviewers.PROGRAM_ACTOR, POLICY))
    ledger.record(opening_action(1), opening_action(2), opening_action(4, "near"))
    ledger.record(opening_action(3, ground="report"))
    kept = {key: opening_action(1).data[key] for key in ("digests", "facts", "policy", "version")}
    ledger.record(LedgerAction("joined", first, reviewers.PROGRAM_ACTOR, {"copies": [], "reasons": [], **kept}))
    ledger.record_read(second, "rook")
    ledger.claim(second, "rook")
    ledger.revoke("rook", why="Left.")
    ledger.confirm(near, "wren", why="Compared with the list's holder.")
    ledger.withdraw(near, "wren")
    ledger.interim(first, "heron", why="At once.")
    ledger.claim(first, "heron")
    ledger.propose(first, "heron", "de-index", why="The digest is on the list.")
    ledger.decide(first, "wren", "label", why="A label is enough.")
    ledger.decide(first, "owl", "de-index", why="The digest is on the list.")
    decision = ledger.state(first).in_force[0]
    ledger.record_listed([decision], recipient="search", version="1")
    ledger.report(first, "owl", "reported", why="To the hotline.")
    ledger.notify(first, "owl")
    ledger.appeal(first, "owl", why="It was trained on other data.")
    ledger.decide_appeal(first, "finch", "overturned", why="It was.")
    ledger.tell_outcome(first, "finch")
    ledger.record_delisted([first], recipient="search", version="2")
    ledger.record_receipt(recipient="search", version="2", at=clock.time, words="1 restored")
    ledger.record_step(third, "heron", "restrict", why="Taken down.")
    decide_case(ledger, second, "no-action")
    alone = case_id(5)
    ledger.record(opening_action(5))
    weights = parse_group(f"exposed:weights:{ledger.state(alone).digests[0]}")
    for name in ("heron", "wren"):
        ledger.record_read(alone, name)
        decide_group(ledger, GroupOpinion(weights, name, "de-index", "All have these weights.", name == "heron"))
    ledger.reopen(second, "owl", why="There is news.")
    (said,) = [event.number for event in ledger.history(second) if event.kind == "reopened"]
    erase_words(ledger, [said], why="They asked.")
    ledger.correct_clock("heron", why="It was ahead.")
    key = SigningKey.from_seed(b"\3" * 32)
    ledger.enroll("crake", key.public)
    ledger.signers["crake"] = key
    ledger.claim(second, "crake")
    return ledger


def test_the_page_names_every_kind_of_entry_that_the_program_can_write() -> None:
    assert set(documented_kinds()) == GENERAL_EVENTS | {"opened"} | set(case_transitions.TRANSITIONS)


def test_a_verifier_without_its_code_reads_entries_of_every_kind_as_the_page_says(tmp_path: Path) -> None:
    with ledger_of_every_kind(tmp_path / "ledger") as ledger:
        export_ledger(ledger, written := io.StringIO())
    seen = independent_verifier.verify_export(written.getvalue(), documented_kinds())
    assert set(seen) == set(documented_kinds())
    assert independent_verifier.group_opinions(written.getvalue()) == ["de-index of 1", "de-index of 1"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"kind":"read"', '"kind":"unread"', "not read by heron"),
        ('"weights":"sha256:', '"weights":"sha256:ff', "holds other weights"),
        ('"verdict":"de-index","weights"', '"verdict":"demote","weights"', "demote is no verdict for a group"),
        ('"group":1', '"group":0', "0 cases"),
    ],
)
def test_a_verifier_without_its_code_refuses_an_opinion_on_a_group_that_the_page_does_not_allow(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with ledger_of_every_kind(tmp_path / "ledger") as ledger:
        export_ledger(ledger, written := io.StringIO())
    assert old in written.getvalue()
    with pytest.raises(AssertionError, match=message):
        independent_verifier.group_opinions(written.getvalue().replace(old, new))


def test_a_verifier_without_its_code_refuses_a_changed_entry_and_a_kind_that_the_page_does_not_name(
    tmp_path: Path,
) -> None:
    with ledger_of_every_kind(tmp_path / "ledger") as ledger:
        export_ledger(ledger, written := io.StringIO())
    text, kinds = written.getvalue(), documented_kinds()
    with pytest.raises(AssertionError, match="does not follow"):
        independent_verifier.verify_export(text.replace("Taken down.", "Taken off."), kinds)
    del kinds["step"]
    with pytest.raises(AssertionError, match="step is not documented"):
        independent_verifier.verify_export(text, kinds)
