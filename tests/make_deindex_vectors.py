"""Write the test vectors of docs/deindex-format.md: `python -m tests.make_deindex_vectors`.

Keys come from fixed seeds, so that all but the encrypted file is the same each time; that one is kept where it decrypts
to the same list.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor.deindex.list_header import LIST_PAYLOAD_TYPE
from auditor.deindex.party_cards import Party, card_to_json, rotate_card
from auditor.deindex.party_keys import Keys
from auditor.model import Ref
from auditor.sealing import encryption
from auditor.sealing.envelope import sign_envelope
from auditor.sealing.keys import SigningKey, encode_public_key
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision

FOLDER = Path(__file__).parent / "data" / "deindex-vectors"
# Keys of these vectors alone.
IDENTITY = "AGE-SECRET-KEY-1ANJYXQPYUHNHLSEGPJFH7RJYTCEASR75TMAF7A7D936DA6P3GPSSKSW2V0"
ROTATED_IDENTITY = "AGE-SECRET-KEY-1HKWS35YS4LS7DMZML6GFPAT9Q7ZTSG5VRV03FDCH4C9G5Q20XULS7TEPYY"
SENDER_IDENTITY = "AGE-SECRET-KEY-17D22D7LWNE7VFU54P8V0WUVLHPG5V0DLP4JFN82S9NC59MTFADXSH45PXF"
Lines = list[dict[str, Any]]


def fixed_keys(name: str, seed: bytes, identity: str, appeals: str = "") -> Keys:
    """Return keys that are the same each time."""
    signing = SigningKey.from_seed(seed * 32)
    card = Party(name, encode_public_key(signing.public), encryption.recipient_from_identity(identity), appeals)
    return Keys(card, signing, identity, seed * 32)


SENDER = fixed_keys("hotline", b"s", SENDER_IDENTITY, "https://hotline.example/appeals")
RECIPIENT = fixed_keys("search", b"r", IDENTITY)
STRANGER, NEW = SigningKey.from_seed(b"x" * 32), SigningKey.from_seed(b"t" * 32)


def rotated(keys: Keys, signing: SigningKey, new: SigningKey = NEW) -> Keys:
    """Return keys that replace others, as far as `signing` says, from NOW on."""
    age = encryption.recipient_from_identity(ROTATED_IDENTITY)
    card = rotate_card(keys.card, signing, new.public, age, NOW)
    return Keys(card, new, ROTATED_IDENTITY, keys.secret, (keys.identity,))


ROTATED = rotated(SENDER, SENDER.signing)


def make_lists(folder: Path) -> tuple[Path, ...]:
    """Build four lists of one sender.

    A whole list of three decisions; a delta that takes out one that was overturned, changes one and adds one; a delta
    without changes that the sender's new keys sign; and a whole list again.
    """
    exchange = ListExchange(folder, SENDER, RECIPIENT)
    scenes = decision("atelier/scenes", subject=Ref("dataset", "atelier/scenes"))
    first = exchange.build(decision("atelier/harbour"), decision("atelier/lights"), scenes)
    exchange.ledger.add_events(5)
    later = decision("atelier/lights", review_by="2027-06-21T09:00:00Z")
    page = decision("civitai", subject=Ref("model", "https://civitai.com/models/1234"))
    overturned: dict[str, object] = {"clearance": {"decision-atelier/harbour": "overturned on appeal"}.get}
    second = exchange.build(later, scenes, page, delta=True, **overturned)
    rotated_exchange = replace(exchange, sender=ROTATED)
    third = rotated_exchange.build(later, scenes, page, delta=True)
    fourth = rotated_exchange.build(later, scenes, page, **overturned)
    return first.path, second.path, third.path, fourth.path


def signed(lines: Lines, sender: SigningKey = SENDER.signing, **statement: object) -> bytes:
    """Return lines as a list whose envelope fits them, but for what is given."""
    body = [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines]
    payload = {
        "list": lines[0],
        "entries": sum("entry" in line for line in lines),
        "removals": sum("remove" in line for line in lines),
        "sha256": hashlib.sha256(b"".join(body)).hexdigest(),
        **statement,
    }
    return b"".join(body) + sign_envelope(LIST_PAYLOAD_TYPE, json.dumps(payload).encode(), sender) + b"\n"


def invalid_lists(delta: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield lists that differ from the delta in one thing, each with its name."""
    whole: Lines = [json.loads(line) for line in delta.splitlines()][:-1]

    def altered(change: Callable[[Lines], None]) -> Lines:
        lines: Lines = json.loads(json.dumps(whole))
        change(lines)
        return lines

    def header(**fields: object) -> Callable[[Lines], None]:
        return lambda lines: lines[0].update(fields)

    def entry(change: Callable[[dict[str, Any]], None]) -> Callable[[Lines], None]:
        return lambda lines: change(next(line for line in lines if "entry" in line))

    def other_event(found: dict[str, Any]) -> None:
        found["log"]["event"] = found["log"]["event"].replace("de-index", "demote")

    forged, changed = rotated(SENDER, STRANGER), card_to_json(ROTATED.card)
    changed["rotations"][0]["until"] = add_time(NOW, days=30)
    yield "signed-by-another", signed(whole, STRANGER)
    yield (
        "a-rotation-that-another-key-signed",
        signed(altered(header(sender=card_to_json(forged.card))), forged.signing),
    )
    yield "a-changed-rotation", signed(altered(header(sender=changed)), ROTATED.signing)
    yield "a-rotation-but-the-replaced-key-signs", signed(altered(header(sender=card_to_json(ROTATED.card))))
    yield "a-byte-changed", delta.replace(b'"de-index"', b'"demote"', 1)
    yield "a-line-missing", signed(whole[:-1], entries=2)
    yield "another-digest", signed(whole, sha256="0" * 64)
    yield "another-format", signed(altered(header(schema="deindex-list/9")))
    yield (
        "another-recipient",
        signed(altered(header(recipient={**card_to_json(RECIPIENT.card), "age": SENDER.card.age}))),
    )
    yield "expired", signed(altered(header(expires_at=add_time(NOW, seconds=-1))))
    yield "issued-in-the-future", signed(altered(header(issued_at=add_time(NOW, days=2))))
    yield "rolled-back", signed(altered(header(version=1, base=0)))
    yield "base-is-not-in-use", signed(altered(header(version=4, base=3)))
    yield (
        "another-ledger-key",
        signed(altered(lambda lines: lines[0]["log"].update(key=encode_public_key(STRANGER.public)))),
    )
    yield (
        "growth-not-proven",
        signed(altered(lambda lines: next(line for line in lines if "grown_from" in line).update(root="00" * 32))),
    )
    yield "no-growth", signed([line for line in whole if "grown_from" not in line])
    yield "a-proof-of-another-place", signed(altered(entry(lambda found: found["log"].update(index=0))))
    yield "another-event", signed(altered(entry(other_event)))
    yield "an-action-that-nobody-decided", signed(altered(entry(lambda found: found.update(action="label"))))
    yield "one-opinion", signed(altered(entry(lambda found: found.update(opinions=1))))


def invalid_after_rotation(delta: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield lists that a recipient refuses who has used a list of the new keys."""
    lines: Lines = [json.loads(line) for line in delta.splitlines()][:-1]
    lines[0] |= {"version": 4, "base": 3}
    other = rotated(SENDER, SENDER.signing, STRANGER)
    yield "signed-by-the-replaced-key", signed([lines[0] | {"sender": card_to_json(SENDER.card)}, *lines[1:]])
    yield (
        "another-successor",
        signed([lines[0] | {"sender": card_to_json(other.card)}, *lines[1:]], STRANGER),
    )


def plain(path: Path) -> bytes:
    """Return a list of the vectors, decrypted."""
    out = io.BytesIO()
    with path.open("rb") as file:
        encryption.decrypt(file, out, RECIPIENT.identity)
    return out.getvalue()


def make_vectors() -> dict[str, bytes]:
    """Return the files of the vectors by name, without the encrypted one."""
    with tempfile.TemporaryDirectory() as folder:
        whole, delta, after, again = map(plain, make_lists(Path(folder)))
    lookups = [
        {"host": "huggingface.co", "path": "/atelier/harbour", "listed": False},
        {"host": "huggingface.co", "path": "/atelier/lights", "listed": True},
        {"host": "huggingface.co", "path": "/Atelier/Lights/tree/main", "listed": True},
        {"host": "huggingface.co", "path": "/atelier/lights-2", "listed": False},
        {"host": "huggingface.co", "path": "/datasets/atelier/scenes", "listed": True},
        {"host": "huggingface.co", "path": "/atelier", "listed": False},
        {"host": "civitai.com", "path": "/models/1234", "listed": True},
    ]
    files = {
        "sender.json": json.dumps(card_to_json(SENDER.card), indent=1).encode() + b"\n",
        "recipient.json": json.dumps(card_to_json(RECIPIENT.card), indent=1).encode() + b"\n",
        "recipient.identity": f"# for these test vectors alone\n{IDENTITY}\n".encode(),
        "lookups.json": ("[\n" + ",\n".join(map(json.dumps, lookups)) + "\n]\n").encode(),
        "valid/1-whole.jsonl": whole,
        "valid/2-delta.jsonl": delta,
        "valid/3-rotated.jsonl": after,
        "valid/4-whole-again.jsonl": again,
    }
    files |= {f"invalid/{name}.jsonl": data for name, data in invalid_lists(delta)}
    return files | {f"invalid-after-rotation/{name}.jsonl": data for name, data in invalid_after_rotation(after)}


def main() -> None:
    """Write the vectors."""
    files = make_vectors()
    for name, data in files.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(data)
    sealed = FOLDER / "whole.age"
    if not sealed.exists() or plain(sealed) != files["valid/1-whole.jsonl"]:
        with sealed.open("wb") as file:
            encryption.encrypt([files["valid/1-whole.jsonl"]], file, RECIPIENT.card.age)


if __name__ == "__main__":
    main()
