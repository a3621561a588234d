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
from auditor.deindex.party_keys import Keys
from auditor.errors import SealError
from auditor.sealing import encryption, envelope
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision


@pytest.fixture
def built(exchange: ListExchange) -> BuildResult:
    return exchange.build(decision("atelier/harbour"), decision("atelier/lights"))


def refused(exchange: ListExchange, path: Path, why: str, now: str = NOW, keys: Keys | None = None) -> None:
    """Refused with the file's name and these words, and nothing came into use."""
    home = exchange.folder / "home"
    before = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(SealError) as error:
        exchange.receive(path, now, keys)
    assert why in str(error.value)
    assert str(error.value).startswith(str(path))
    after = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != ".lock"}
    assert before == after


def test_a_genuine_list_comes_into_use(exchange: ListExchange, built: BuildResult) -> None:
    found = exchange.receive(built.path)
    assert (found.header, found.entries, found.removals, found.new) == (built.header, 2, 0, True)
    assert exchange.answers("atelier/harbour", "atelier/lights", "atelier/other") == ["listed", "listed", "not listed"]
    assert exchange.receive(built.path).new is False
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (exchange.folder / "home").rglob("*.sqlite")}
    assert modes == {0o600}


def test_a_tampered_byte_anywhere_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    sealed = built.path.read_bytes()
    changed = exchange.folder / "changed.age"
    for at in (*range(0, 300, 9), *range(300, len(sealed), 97), len(sealed) - 1):
        data = bytearray(sealed)
        data[at] ^= 0x20
        changed.write_bytes(data)
        with pytest.raises(SealError, match=r"changed|another key"):
            exchange.receive(changed)
    assert not list((exchange.folder / "home").rglob("*.sqlite"))


def test_a_list_cut_off_anywhere_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    sealed = built.path.read_bytes()
    cut = exchange.folder / "cut.age"
    for length in (0, 10, 199, 1000, len(sealed) - 1):
        cut.write_bytes(sealed[:length])
        refused(exchange, cut, "truncated")


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_a_list_cut_off_before_it_was_encrypted_is_refused(
    exchange: ListExchange, built: BuildResult, lines: int
) -> None:
    path = exchange.forged(built.path, lambda whole: whole[:lines])
    refused(exchange, path, "is cut off: the signed statement at its end is missing")


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
    exchange: ListExchange, built: BuildResult, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    refused(exchange, exchange.forged(built.path, change), "its signature is for a different list")


def test_a_list_for_another_recipient_is_refused(exchange: ListExchange, stranger: Keys) -> None:
    theirs = exchange.build(decision("atelier/harbour"), to=stranger.card)
    refused(exchange, theirs.path, "was encrypted for another key; ask for a list made for you")


def test_a_list_that_a_recipient_encrypts_again_for_another_is_refused(
    exchange: ListExchange, built: BuildResult, stranger: Keys
) -> None:
    passed_on = exchange.forged(built.path, lambda lines: lines, to=stranger.card)
    refused(exchange, passed_on, "was made for search, not for stranger, and encrypted again", keys=stranger)


def test_a_list_that_another_signed_is_refused(exchange: ListExchange, built: BuildResult, stranger: Keys) -> None:
    def signed_again(lines: list[bytes]) -> list[bytes]:
        payload = envelope.open_envelope(lines[-1], LIST_PAYLOAD_TYPE, exchange.sender.card.public)
        return [*lines[:-1], envelope.sign_envelope(LIST_PAYLOAD_TYPE, payload, stranger.signing) + b"\n"]

    refused(exchange, exchange.forged(built.path, signed_again), "the signature is not by the sender's key")


def test_a_sender_cannot_pose_as_another(exchange: ListExchange, stranger: Keys) -> None:
    """Signed by one whom we know, in the name of one whom we know better."""
    posing = replace(stranger, card=replace(exchange.sender.card))
    built = ListExchange(exchange.folder / "other", posing, exchange.recipient).build(decision("atelier/harbour"))
    with pytest.raises(SealError, match="names a different sender than the one who signed it"):
        exchange.receive(built.path, sender=stranger.card)


def test_a_receipt_is_no_list(exchange: ListExchange, built: BuildResult) -> None:
    def other(lines: list[bytes]) -> list[bytes]:
        return [
            *lines[:-1],
            envelope.sign_envelope("application/vnd.other+json", b"{}", exchange.sender.signing) + b"\n",
        ]

    refused(exchange, exchange.forged(built.path, other), "holds a signed payload of another type")


def test_an_expired_list_is_refused_and_one_in_use_too(exchange: ListExchange, built: BuildResult) -> None:
    refused(exchange, built.path, "version 1 expired at 2026-11-30T12:00:00Z", now="2026-11-30T12:00:00Z")
    exchange.receive(built.path, now="2026-11-30T11:59:59Z")
    with pytest.raises(SealError, match="version 1 from hotline expired at 2026-11-30T12:00:00Z"):
        exchange.lookup("2026-11-30T12:00:00Z")


def test_a_list_from_the_future_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    refused(exchange, built.path, "was issued at 2026-11-23T12:00:00Z, and the clock says", now="2026-11-23T11:00:00Z")
    exchange.receive(built.path, now="2026-11-23T11:55:00Z")  # clocks differ by minutes


def test_an_older_list_is_refused_and_what_it_held_stays_out(exchange: ListExchange, built: BuildResult) -> None:
    newer = exchange.build(decision("atelier/lights"))
    exchange.receive(newer.path)
    refused(exchange, built.path, "is version 1, and version 2 was verified before: an older list is refused")
    assert exchange.answers("atelier/harbour", "atelier/lights") == ["not listed", "listed"]


def test_a_second_list_of_the_same_version_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    exchange.receive(built.path)
    other = ListExchange(exchange.folder / "elsewhere", exchange.sender, exchange.recipient)
    refused(exchange, other.build(decision("atelier/other")).path, "is another version 1 than the one in use")


def test_a_delta_of_a_version_that_was_not_received_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    exchange.receive(built.path)
    missed = exchange.build(decision("atelier/harbour"), delta=True)
    delta = exchange.build(decision("atelier/harbour"), decision("atelier/new"), delta=True)
    refused(
        exchange, delta.path, "changes version 2, and version 1 is in use; ask for the deltas between, or a whole list"
    )
    exchange.receive(missed.path)
    exchange.receive(delta.path)
    assert exchange.answers("atelier/harbour", "atelier/lights", "atelier/new") == ["listed", "not listed", "listed"]


def test_a_delta_replaces_an_entry_that_changed(exchange: ListExchange, built: BuildResult) -> None:
    exchange.receive(built.path)
    again = decision("atelier/harbour", review_by="2027-06-21T09:00:00Z")
    exchange.receive(exchange.build(again, decision("atelier/lights"), delta=True).path)
    (answer,) = exchange.lookup().lookup_texts(["atelier/harbour"])
    assert [entry["review_by"] for entry in answer.entries] == ["2027-06-21T09:00:00Z"]


def test_a_delta_before_any_list_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    refused(exchange, exchange.build(delta=True).path, "changes version 1, and version 0 is in use")


def test_a_clock_that_goes_back_is_refused(exchange: ListExchange, built: BuildResult) -> None:
    """An expired list would look fresh to it."""
    late = add_time(NOW, days=6)
    exchange.receive(built.path, now=late)
    newer = exchange.build(decision("atelier/lights"))
    refused(exchange, newer.path, f"the clock says {NOW}, and it was {late} at the last check", now=NOW)
    with pytest.raises(SealError, match="correct the clock"):
        exchange.lookup(NOW)


def test_a_clock_cannot_creep_back_in_small_steps(exchange: ListExchange, built: BuildResult) -> None:
    late = add_time(NOW, hours=5)
    exchange.receive(built.path, now=late)
    exchange.receive(built.path, now=add_time(late, minutes=-9))
    with pytest.raises(SealError, match="correct the clock"):
        exchange.receive(built.path, now=add_time(late, minutes=-18))


def test_a_forgotten_state_is_not_a_fresh_start(exchange: ListExchange, built: BuildResult) -> None:
    exchange.receive(built.path)
    (state,) = (exchange.folder / "home").rglob("state.json")
    state.write_text("{")
    refused(exchange, built.path, "so an old list could not be recognised")
    with pytest.raises(SealError, match=r"state.json: cannot be read"):
        exchange.lookup()


def test_each_sender_has_versions_of_its_own(exchange: ListExchange, built: BuildResult, stranger: Keys) -> None:
    exchange.receive(built.path)
    other = ListExchange(exchange.folder, stranger, exchange.recipient)
    other.receive(
        ListExchange(exchange.folder / "theirs", stranger, exchange.recipient).build(decision("atelier/new")).path
    )
    assert exchange.answers("atelier/harbour", "atelier/new") == ["listed", "not listed"]
    assert other.answers("atelier/harbour", "atelier/new") == ["not listed", "listed"]


def signed(exchange: ListExchange, *lines: bytes, removals: int = 0, **header: object) -> Path:
    """What a sender's faulty program may sign."""
    return sealed(
        exchange, asdict(exchange.build(decision("atelier/harbour")).header) | header, *lines, removals=removals
    )


def test_a_header_that_is_not_the_signed_one_is_refused(exchange: ListExchange) -> None:
    about = asdict(exchange.build(decision("atelier/harbour")).header)
    path = sealed(exchange, about, first=json.dumps(about | {"version": 9}).encode() + b"\n")
    refused(exchange, path, "its signature is for a different list")


def sealed(
    exchange: ListExchange, about: dict[str, object], *lines: bytes, removals: int = 0, first: bytes = b""
) -> Path:
    """What the holder of the sender's key signs; ``first`` is the first line, where it is not what is signed."""
    first = first or json.dumps(about).encode() + b"\n"
    digest = hashlib.sha256(b"".join((first, *lines))).hexdigest()
    entries = sum(not line.startswith(b'{"grown_from"') for line in lines)
    counts = {"entries": entries, "removals": removals}
    payload = json.dumps({"list": about, **counts, "sha256": digest}).encode()
    path = exchange.folder / "signed.age"
    with path.open("wb") as file:
        encryption.encrypt(
            [first, *lines, envelope.sign_envelope(LIST_PAYLOAD_TYPE, payload, exchange.sender.signing) + b"\n"],
            file,
            exchange.recipient.card.age,
        )
    return path


def changed(exchange: ListExchange, **what: object) -> Path:
    """A list that says this of its one entry, signed by its sender."""
    lines = exchange.plain(exchange.build(decision("atelier/harbour")).path).splitlines(keepends=True)
    entry = json.loads(lines[-2]) | what
    return sealed(exchange, json.loads(lines[0]), *lines[1:-2], json.dumps(entry).encode() + b"\n")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json\n", "holds a line that is not JSON"),
        (b"[]\n", "holds a line that is not a JSON object"),
        (b"{}\n", "holds an entry without 'locators'"),
        (b'{"entry":"x"}\n', "holds an entry without 'locators'"),
        (b"[" * 100_000 + b"\n", "holds a line that is not JSON"),
        (b"x" * (1 << 22) + b"\n", "holds a line of more than"),
    ],
)
def test_a_signed_list_that_is_malformed_is_refused(exchange: ListExchange, line: bytes, why: str) -> None:
    refused(exchange, signed(exchange, line), why)


@pytest.mark.parametrize("pattern", ["/", "", "/atelier/", "/datasets/", "atelier/harbour/", "/atelier/harbour"])
def test_a_signed_pattern_that_covers_more_than_a_repository_is_refused(exchange: ListExchange, pattern: str) -> None:
    made = {"hosts": ["huggingface.co"], "exact": [], "prefix": [pattern], "letter_case": "ignored"}
    refused(exchange, changed(exchange, locators=made), "a pattern that covers more than a repository")


def test_a_signed_number_of_entries_that_is_wrong_is_refused(exchange: ListExchange) -> None:
    refused(exchange, signed(exchange, removals=1), "has a different number of entries than was signed")


def test_an_exact_pattern_covers_one_page_and_a_prefix_what_lies_below(exchange: ListExchange) -> None:
    made = {"hosts": ["hf.co"], "exact": ["/atelier/page"], "prefix": ["/atelier/below/"], "letter_case": "kept"}
    exchange.receive(changed(exchange, locators=made))
    asked = [f"https://hf.co/atelier/{page}" for page in ("page", "page/", "page/x", "below", "below/", "below/x")]
    assert exchange.answers(*asked) == ["listed", "not listed", "not listed", "not listed", "listed", "listed"]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"schema": "deindex-list/4"}, "is written as deindex-list/4; this program reads deindex-list/3: update the"),
        ({"version": "9"}, "its first line is not the header of a list"),
        ({"expires_at": "soon"}, "its first line is not the header of a list"),
        ({"base": 3}, "its first line is not the header of a list"),
        ({"colour": "red"}, "its first line is not the header of a list"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(exchange: ListExchange, header: dict[str, object], why: str) -> None:
    refused(exchange, signed(exchange, **header), why)


def test_a_compiled_list_that_is_damaged_is_said(exchange: ListExchange, built: BuildResult) -> None:
    exchange.receive(built.path)
    (compiled,) = (exchange.folder / "home").rglob("*.sqlite")
    compiled.write_bytes(b"x" * 5000)
    with pytest.raises(SealError, match=r"the compiled list is damaged .*; verify a whole list again"):
        exchange.lookup()


def test_without_a_list_nothing_is_answered(exchange: ListExchange) -> None:
    with pytest.raises(SealError, match="no list from hotline was verified yet"):
        exchange.lookup()
