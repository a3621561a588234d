"""A recipient uses no list that is tampered with, cut off, expired, old, by another or for another: each says which."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from auditor.deindex.build_list import BuildResult
from auditor.deindex.list_header import LIST_PAYLOAD_TYPE
from auditor.deindex.parties import Keys
from auditor.errors import SealError
from auditor.review.timestamps import add_time
from auditor.sealing import encryption, envelope
from tests.deindex.lists import NOW, Desk, decision


@pytest.fixture
def built(desk: Desk) -> BuildResult:
    return desk.build(decision("atelier/harbour"), decision("atelier/lights"))


def refused(desk: Desk, path: Path, why: str, now: str = NOW, keys: Keys | None = None) -> None:
    """Refused with the file's name and these words, and nothing came into use."""
    home = desk.folder / "home"
    before = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(SealError) as error:
        desk.receive(path, now, keys)
    assert why in str(error.value)
    assert str(error.value).startswith(str(path))
    after = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != ".lock"}
    assert before == after


def test_a_genuine_list_comes_into_use(desk: Desk, built: BuildResult) -> None:
    found = desk.receive(built.path)
    assert (found.header, found.entries, found.removals, found.new) == (built.header, 2, 0, True)
    assert desk.answers("atelier/harbour", "atelier/lights", "atelier/other") == ["listed", "listed", "not listed"]
    assert desk.receive(built.path).new is False
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (desk.folder / "home").rglob("*.sqlite")}
    assert modes == {0o600}


def test_a_tampered_byte_anywhere_is_refused(desk: Desk, built: BuildResult) -> None:
    sealed = built.path.read_bytes()
    changed = desk.folder / "changed.age"
    for at in (*range(0, 300, 9), *range(300, len(sealed), 97), len(sealed) - 1):
        data = bytearray(sealed)
        data[at] ^= 0x20
        changed.write_bytes(data)
        with pytest.raises(SealError, match=r"changed|somebody else"):
            desk.receive(changed)
    assert not list((desk.folder / "home").rglob("*.sqlite"))


def test_a_list_cut_off_anywhere_is_refused(desk: Desk, built: BuildResult) -> None:
    sealed = built.path.read_bytes()
    cut = desk.folder / "cut.age"
    for length in (0, 10, 199, 1000, len(sealed) - 1):
        cut.write_bytes(sealed[:length])
        refused(desk, cut, "cut off")


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_a_list_cut_off_before_it_was_encrypted_is_refused(desk: Desk, built: BuildResult, lines: int) -> None:
    path = desk.forged(built.path, lambda whole: whole[:lines])
    refused(desk, path, "is cut off: the signed statement at its end is missing")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0], lines[1], lines[3]],
        lambda lines: [lines[0], lines[2], lines[1], lines[3]],
        lambda lines: [lines[0], lines[1], lines[1], lines[2], lines[3]],
        lambda lines: [lines[0], lines[1].replace(b"harbour", b"harvest"), lines[2], lines[3]],
        lambda lines: [lines[0].replace(b'"version":1', b'"version":9'), *lines[1:]],
        lambda lines: [lines[0], b'{"remove":"0","why":""}\n', *lines[1:]],
    ],
)
def test_a_list_that_was_changed_and_encrypted_again_is_refused(
    desk: Desk, built: BuildResult, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    refused(desk, desk.forged(built.path, change), "what is signed is another list than what is in it")


def test_a_list_for_another_recipient_is_refused(desk: Desk, stranger: Keys) -> None:
    theirs = desk.build(decision("atelier/harbour"), to=stranger.card)
    refused(desk, theirs.path, "was encrypted for somebody else's key; ask for a list made for you")


def test_a_list_that_a_recipient_encrypts_again_for_another_is_refused(
    desk: Desk, built: BuildResult, stranger: Keys
) -> None:
    passed_on = desk.forged(built.path, lambda lines: lines, to=stranger.card)
    refused(desk, passed_on, "was made for search, not for stranger, and encrypted again", keys=stranger)


def test_a_list_that_another_signed_is_refused(desk: Desk, built: BuildResult, stranger: Keys) -> None:
    def signed_again(lines: list[bytes]) -> list[bytes]:
        payload = envelope.open_envelope(lines[-1], LIST_PAYLOAD_TYPE, desk.sender.card.public)
        return [*lines[:-1], envelope.sign_envelope(LIST_PAYLOAD_TYPE, payload, stranger.signing) + b"\n"]

    refused(desk, desk.forged(built.path, signed_again), "the signature is not by the sender's key")


def test_a_sender_cannot_pose_as_another(desk: Desk, stranger: Keys) -> None:
    """Signed by one whom we know, in the name of one whom we know better."""
    posing = replace(stranger, card=replace(desk.sender.card))
    built = Desk(desk.folder / "other", posing, desk.recipient).build(decision("atelier/harbour"))
    with pytest.raises(SealError, match="names another sender than the one who signed it"):
        desk.receive(built.path, sender=stranger.card)


def test_a_receipt_is_no_list(desk: Desk, built: BuildResult) -> None:
    def other(lines: list[bytes]) -> list[bytes]:
        return [*lines[:-1], envelope.sign_envelope("application/vnd.other+json", b"{}", desk.sender.signing) + b"\n"]

    refused(desk, desk.forged(built.path, other), "holds a signed payload of another type")


def test_an_expired_list_is_refused_and_one_in_use_too(desk: Desk, built: BuildResult) -> None:
    refused(desk, built.path, "version 1 expired at 2026-11-30T12:00:00Z", now="2026-11-30T12:00:00Z")
    desk.receive(built.path, now="2026-11-30T11:59:59Z")
    with pytest.raises(SealError, match="version 1 from hotline expired at 2026-11-30T12:00:00Z"):
        desk.lookup("2026-11-30T12:00:00Z")


def test_a_list_from_the_future_is_refused(desk: Desk, built: BuildResult) -> None:
    refused(desk, built.path, "was issued at 2026-11-23T12:00:00Z, and the clock says", now="2026-11-23T11:00:00Z")
    desk.receive(built.path, now="2026-11-23T11:55:00Z")  # clocks differ by minutes


def test_an_older_list_is_refused_and_what_it_held_stays_out(desk: Desk, built: BuildResult) -> None:
    newer = desk.build(decision("atelier/lights"))
    desk.receive(newer.path)
    refused(desk, built.path, "is version 1, and version 2 was seen already: an old list is not used")
    assert desk.answers("atelier/harbour", "atelier/lights") == ["not listed", "listed"]


def test_a_second_list_of_the_same_version_is_refused(desk: Desk, built: BuildResult) -> None:
    desk.receive(built.path)
    other = Desk(desk.folder / "elsewhere", desk.sender, desk.recipient)
    refused(desk, other.build(decision("atelier/other")).path, "is another version 1 than the one in use")


def test_a_delta_of_a_version_that_was_not_received_is_refused(desk: Desk, built: BuildResult) -> None:
    desk.receive(built.path)
    missed = desk.build(decision("atelier/harbour"), delta=True)
    delta = desk.build(decision("atelier/harbour"), decision("atelier/new"), delta=True)
    refused(desk, delta.path, "changes version 2, and version 1 is in use; ask for the deltas between, or a whole list")
    desk.receive(missed.path)
    desk.receive(delta.path)
    assert desk.answers("atelier/harbour", "atelier/lights", "atelier/new") == ["listed", "not listed", "listed"]


def test_a_delta_replaces_an_entry_that_changed(desk: Desk, built: BuildResult) -> None:
    desk.receive(built.path)
    again = decision("atelier/harbour", explanation="Said better.")
    desk.receive(desk.build(again, decision("atelier/lights"), delta=True).path)
    (answer,) = desk.lookup().lookup_texts(["atelier/harbour"])
    assert [entry["explanation"] for entry in answer.entries] == ["Said better."]


def test_a_delta_before_any_list_is_refused(desk: Desk, built: BuildResult) -> None:
    refused(desk, desk.build(delta=True).path, "changes version 1, and version 0 is in use")


def test_a_clock_that_goes_back_is_refused(desk: Desk, built: BuildResult) -> None:
    """An expired list would look fresh to it."""
    late = add_time(NOW, days=6)
    desk.receive(built.path, now=late)
    newer = desk.build(decision("atelier/lights"))
    refused(desk, newer.path, f"the clock says {NOW}, and it was {late} when it was last asked", now=NOW)
    with pytest.raises(SealError, match="set it right"):
        desk.lookup(NOW)


def test_a_clock_cannot_creep_back_in_small_steps(desk: Desk, built: BuildResult) -> None:
    late = add_time(NOW, hours=5)
    desk.receive(built.path, now=late)
    desk.receive(built.path, now=add_time(late, minutes=-9))
    with pytest.raises(SealError, match="set it right"):
        desk.receive(built.path, now=add_time(late, minutes=-18))


def test_a_forgotten_state_is_not_a_fresh_start(desk: Desk, built: BuildResult) -> None:
    desk.receive(built.path)
    (state,) = (desk.folder / "home").rglob("state.json")
    state.write_text("{")
    refused(desk, built.path, "so an old list could not be told")
    with pytest.raises(SealError, match=r"state.json: cannot be read"):
        desk.lookup()


def test_each_sender_has_versions_of_its_own(desk: Desk, built: BuildResult, stranger: Keys) -> None:
    desk.receive(built.path)
    other = Desk(desk.folder, stranger, desk.recipient)
    other.receive(Desk(desk.folder / "theirs", stranger, desk.recipient).build(decision("atelier/new")).path)
    assert desk.answers("atelier/harbour", "atelier/new") == ["listed", "not listed"]
    assert other.answers("atelier/harbour", "atelier/new") == ["not listed", "listed"]


def signed(desk: Desk, *lines: bytes, removals: int = 0, **header: object) -> Path:
    """What a sender's faulty program may sign."""
    return sealed(desk, asdict(desk.build(decision("atelier/harbour")).header) | header, *lines, removals=removals)


def test_a_header_that_is_not_the_signed_one_is_refused(desk: Desk) -> None:
    about = asdict(desk.build(decision("atelier/harbour")).header)
    path = sealed(desk, about, first=json.dumps(about | {"version": 9}).encode() + b"\n")
    refused(desk, path, "what is signed is another list than what is in it")


def sealed(desk: Desk, about: dict[str, object], *lines: bytes, removals: int = 0, first: bytes = b"") -> Path:
    """What the holder of the sender's key signs; ``first`` is the first line, where it is not what is signed."""
    first = first or json.dumps(about).encode() + b"\n"
    digest = hashlib.sha256(b"".join((first, *lines))).hexdigest()
    entries = sum(not line.startswith(b'{"grown_from"') for line in lines)
    counts = {"entries": entries, "removals": removals}
    payload = json.dumps({"list": about, **counts, "sha256": digest}).encode()
    path = desk.folder / "signed.age"
    with path.open("wb") as file:
        encryption.encrypt(
            [first, *lines, envelope.sign_envelope(LIST_PAYLOAD_TYPE, payload, desk.sender.signing) + b"\n"],
            file,
            desk.recipient.card.age,
        )
    return path


def changed(desk: Desk, **what: object) -> Path:
    """A list that says this of its one entry, signed by its sender."""
    lines = desk.plain(desk.build(decision("atelier/harbour")).path).splitlines(keepends=True)
    entry = json.loads(lines[-2]) | what
    return sealed(desk, json.loads(lines[0]), *lines[1:-2], json.dumps(entry).encode() + b"\n")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json\n", "holds a line that is no JSON"),
        (b"[]\n", "holds a line that is no JSON object"),
        (b"{}\n", "holds an entry without 'locators'"),
        (b'{"entry":"x"}\n', "holds an entry without 'locators'"),
        (b"[" * 100_000 + b"\n", "holds a line that is no JSON"),
        (b"x" * (1 << 22) + b"\n", "holds a line of more than"),
    ],
)
def test_a_signed_list_that_is_malformed_is_refused(desk: Desk, line: bytes, why: str) -> None:
    refused(desk, signed(desk, line), why)


@pytest.mark.parametrize("pattern", ["/", "", "/atelier/", "/datasets/", "atelier/harbour/", "/atelier/harbour"])
def test_a_signed_pattern_that_covers_more_than_a_repository_is_refused(desk: Desk, pattern: str) -> None:
    made = {"hosts": ["huggingface.co"], "exact": [], "prefix": [pattern], "letter_case": "ignored"}
    refused(desk, changed(desk, locators=made), "a pattern that covers more than a repository")


def test_a_signed_number_of_entries_that_is_wrong_is_refused(desk: Desk) -> None:
    refused(desk, signed(desk, removals=1), "has another number of entries than was signed")


def test_an_exact_pattern_covers_one_page_and_a_prefix_what_lies_below(desk: Desk) -> None:
    made = {"hosts": ["hf.co"], "exact": ["/atelier/page"], "prefix": ["/atelier/below/"], "letter_case": "kept"}
    desk.receive(changed(desk, locators=made))
    asked = [f"https://hf.co/atelier/{page}" for page in ("page", "page/", "page/x", "below", "below/", "below/x")]
    assert desk.answers(*asked) == ["listed", "not listed", "not listed", "not listed", "listed", "listed"]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"schema": "deindex-list/3"}, "is written as deindex-list/3; this program reads deindex-list/2: update the"),
        ({"version": "9"}, "its first line does not say what it is"),
        ({"expires_at": "soon"}, "its first line does not say what it is"),
        ({"base": 3}, "its first line does not say what it is"),
        ({"colour": "red"}, "its first line does not say what it is"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(desk: Desk, header: dict[str, object], why: str) -> None:
    refused(desk, signed(desk, **header), why)


def test_a_compiled_list_that_is_damaged_is_said(desk: Desk, built: BuildResult) -> None:
    desk.receive(built.path)
    (compiled,) = (desk.folder / "home").rglob("*.sqlite")
    compiled.write_bytes(b"x" * 5000)
    with pytest.raises(SealError, match=r"the compiled list is damaged .*; verify a whole list again"):
        desk.lookup()


def test_without_a_list_nothing_is_answered(desk: Desk) -> None:
    with pytest.raises(SealError, match="no list from hotline was verified yet"):
        desk.lookup()
