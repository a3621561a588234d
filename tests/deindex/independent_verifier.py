"""Verify decrypted de-index lists as docs/deindex-format.md specifies them, without any code of the auditor."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.review.independent_verifier import consistency_roots, parent_hash

PAYLOAD_TYPE = "application/vnd.provenance-auditor.deindex-list+json"


class Refused(Exception):
    """A list that must not be used."""


class Recipient:
    """What a recipient keeps of one sender: the list in use and the ledger's last size and root."""

    def __init__(self, sender: dict[str, Any], recipient: dict[str, str], now: str) -> None:
        self.sender, self.recipient, self.now = sender, recipient, now
        self.version = 0
        self.entries: dict[str, dict[str, Any]] = {}
        self.cleared: set[str] = set()
        self.ledger: tuple[int, bytes, str] = (0, b"", "")

    def receive(self, plain: bytes) -> None:
        """Verify a list and use it. Raises Refused."""
        try:
            self._receive(plain)
        except (KeyError, TypeError, ValueError, IndexError, StopIteration, InvalidSignature) as error:
            raise Refused(f"{type(error).__name__}: {error}") from error

    def _receive(self, plain: bytes) -> None:
        lines = plain.splitlines(keepends=True)
        contents = [json.loads(line) for line in lines]
        header, envelope = contents[0], contents[-1]
        payload = base64.b64decode(envelope["payload"])
        signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        signature = base64.b64decode(envelope["signatures"][0]["sig"])
        sender = header["sender"]
        known, stated = _chain(self.sender), _chain(sender)
        shared = min(len(known), len(stated)) - 1
        _hold(known[:shared] == stated[:shared] and known[shared][0] == stated[shared][0], "another sender")
        if len(stated) <= shared + 1 < len(known):
            _hold(known[shared][1] > self.now, "keys that were replaced")
        _key(sender["ed25519"]).verify(signature, signed)
        statement = json.loads(payload)
        grown, removals, entries = ([c for c in contents if key in c] for key in ("grown_from", "remove", "entry"))
        _hold(envelope["payloadType"] == PAYLOAD_TYPE and statement["list"] == header, "another list was signed")
        _hold(statement["sha256"] == hashlib.sha256(b"".join(lines[:-1])).hexdigest(), "the bytes are not those signed")
        _hold((statement["entries"], statement["removals"]) == (len(entries), len(removals)), "lines are missing")
        _hold(header["schema"] == "deindex-list/3", "another format")
        _hold(header["recipient"]["age"] == self.recipient["age"], "made for somebody else")
        _hold(header["issued_at"] <= self.now < header["expires_at"], "not in date")
        _hold(header["version"] > self.version, "rolled back")
        _hold(header["base"] in (0, self.version), "changes another version")
        size, root = _checkpoint(header["log"])
        roots = {size: root}
        for line in grown:
            old, was = line["grown_from"], bytes.fromhex(line["root"])
            path = _hashes(line["path"])
            found = consistency_roots(old, size, True, was, path)
            _hold(found == (was, root) and next(path, None) is None, "the ledger has not grown from there")
            roots[old] = was
        kept_size, kept_root, kept_key = self.ledger
        if kept_size:
            _hold(header["log"]["key"] == kept_key and roots[kept_size] == kept_root, "another ledger")
        for entry in entries:
            _check_entry(entry, roots)
        before = self.entries
        self.cleared |= {line["remove"] for line in removals if line.get("cleared") and line["remove"] in before}
        if not header["base"]:
            _hold(all(line.get("cleared") for line in removals), "a whole list removes only what was cleared")
            self.entries = {}
        else:
            for line in removals:
                del self.entries[line["remove"]]
        self.entries |= {entry["entry"]: entry for entry in entries}
        self.version, self.ledger = header["version"], (size, root, header["log"]["key"])
        self.sender = max(self.sender, sender, key=lambda card: len(_chain(card)))

    def look_up(self, host: str, path: str) -> bool:
        """Return whether an address in canonical form is listed."""
        for entry in self.entries.values():
            made = entry["locators"]
            asked = path.lower() if made["letter_case"] == "ignored" else path
            if host in made["hosts"] and (asked in made["exact"] or asked.startswith(tuple(made["prefix"]))):
                return True
        return False


def _chain(card: dict[str, Any]) -> list[tuple[tuple[str, str], str]]:
    """Return the keys of a card from the first on, each with the time until when it counts, after verifying them."""
    rotations = card.get("rotations", [])
    keys = [(old["ed25519"], old["age"]) for old in (*rotations, card)]
    for number, old in enumerate(rotations):
        said = ("auditor-key-rotation-1", card["name"], *keys[number], *keys[number + 1], old["until"])
        text = "".join(f"{line}\n" for line in said).encode()
        _key(old["ed25519"]).verify(base64.b64decode(old["signature"]), text)
    return [*zip(keys, [*(old["until"] for old in rotations), ""], strict=True)]


def _check_entry(entry: dict[str, Any], roots: dict[int, bytes]) -> None:
    log = entry["log"]
    leaf = bytes.fromhex(log["leaf"])
    path = _hashes(log["path"])
    _hold(_root(log["index"], log["size"], leaf, path) == roots[log["size"]], "its proof leads elsewhere")
    _hold(next(path, None) is None, "its proof is too long")
    if log["event"]:
        _hold(hashlib.sha256(b"\0" + log["event"].encode()).digest() == leaf, "another event")
        event = json.loads(log["event"])
        interim = event["kind"] == "interim"
        said = (event["number"], event["time"], event["data"]["verdict"])
        _hold(event["kind"] in ("reviewed", "settled", "interim"), "no decision")
        _hold(said == (log["index"], entry["decided_at"], entry["action"]), "the event says otherwise")
        _hold(set(event["data"]["rules"]) <= set(entry["rules"]), "the event has other rules")
        _hold((entry["opinions"], entry["status"] == "interim") == (1 if interim else 2, interim), "other opinions")


def _hold(holds: bool, why: str) -> None:
    if not holds:
        raise Refused(why)


def _key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text))


def _hashes(text: str) -> Iterator[bytes]:
    joined = base64.b64decode(text)
    return (joined[at : at + 32] for at in range(0, len(joined), 32))


def _checkpoint(log: dict[str, str]) -> tuple[int, bytes]:
    body, _, signature = log["checkpoint"].partition("\n\n")
    name, size, root = body.split("\n")[:3]
    mark, signer, sealed = signature.rstrip("\n").split(" ")
    raw = base64.b64decode(sealed)
    public = base64.b64decode(log["key"])
    key_id = hashlib.sha256(name.encode() + b"\n\1" + public).digest()[:4]
    _hold((mark, signer, raw[:4]) == ("—", name, key_id), "the checkpoint is signed by another")
    _key(log["key"]).verify(raw[4:], body.encode() + b"\n")
    return int(size), base64.b64decode(root)


def _root(index: int, size: int, leaf: bytes, path: Iterator[bytes]) -> bytes:
    """Follow the recursion of RFC 6962, 2.1.1: return the root above a leaf."""
    if size == 1:
        return leaf
    middle = 1 << ((size - 1).bit_length() - 1)
    if index < middle:
        left = _root(index, middle, leaf, path)
        return parent_hash(left, next(path))
    right = _root(index - middle, size - middle, leaf, path)
    return parent_hash(next(path), right)
