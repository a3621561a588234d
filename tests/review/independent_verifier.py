"""Verify exports and published checkpoints as docs/ledger-format.md specifies them, without any code of the auditor."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify(old: str, new: str, witness: bytes) -> str:
    """Return what two published files show of a ledger's growth; both must be signed and cosigned."""
    (old_size, old_root, _), (new_size, new_root, proofs) = (_read(text, witness) for text in (old, new))
    if old_size > new_size:
        return "rolled back"
    if old_size == new_size:
        return "same" if old_root == new_root else "forked"
    if old_size not in proofs:
        return f"no proof from {old_size}"
    try:
        steps = iter(proofs[old_size])
        was, now = consistency_roots(old_size, new_size, True, old_root, steps)
    except StopIteration:
        return "forked"
    good = was == old_root and now == new_root and next(steps, None) is None
    return f"grown from {old_size} to {new_size}" if good else "forked"


def _read(text: str, witness: bytes) -> tuple[int, bytes, dict[int, list[bytes]]]:
    lines = text.split("\n")
    proofs: dict[int, list[bytes]] = {}
    while lines[0].startswith("old "):
        _, size, *steps = lines.pop(0).split(" ")
        proofs[int(size)] = [base64.b64decode(step) for step in steps]
    if proofs:
        assert lines.pop(0) == ""
    origin, size, root, _, key, blank, signature, *others = lines
    body = "\n".join(lines[:5]) + "\n"
    assert blank == ""
    public = base64.b64decode(key.removeprefix("key "))
    _check(signature, origin, b"\1", public, lambda _: body.encode())
    named = [line for line in others if line]
    assert any(_is_cosigned(line, body, witness) for line in named), "the witness has not cosigned it"
    return int(size), base64.b64decode(root), proofs


def _is_cosigned(line: str, body: str, witness: bytes) -> bool:
    try:
        name = line.split(" ")[1]
        _check(line, name, b"\4", witness, lambda time: f"cosignature/v1\ntime {time}\n{body}".encode())
    except (AssertionError, InvalidSignature):
        return False
    return True


def _check(line: str, name: str, kind: bytes, public: bytes, signed) -> None:  # type: ignore[no-untyped-def]
    mark, found, sealed = line.split(" ")
    raw = base64.b64decode(sealed)
    assert (mark, found) == ("—", name)
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]
    start = 12 if kind == b"\4" else 4
    Ed25519PublicKey.from_public_bytes(public).verify(raw[start:], signed(int.from_bytes(raw[4:start], "big")))


def consistency_roots(old: int, new: int, whole: bool, old_root: bytes, steps) -> tuple[bytes, bytes]:  # type: ignore[no-untyped-def]
    """Follow the recursion of RFC 6962, 2.1.2: return the roots of the first `old` leaves and of all `new`."""
    if old == new:
        root = old_root if whole else next(steps)
        return root, root
    middle = 1 << ((new - 1).bit_length() - 1)
    if old <= middle:
        was, left = consistency_roots(old, middle, whole, old_root, steps)
        return was, parent_hash(left, next(steps))
    was, right = consistency_roots(old - middle, new - middle, False, old_root, steps)
    left = next(steps)
    return parent_hash(left, was), parent_hash(left, right)


def parent_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def verify_export(text: str, kinds: Mapping[str, tuple[set[str], set[str]]]) -> Counter[str]:
    """Return how many entries of each kind an export has, all of which must be as the specification says.

    Args:
        text: The export.
        kinds: For each kind, the keys that its data must have, and those that it may have besides.
    """
    *lines, last = text.removesuffix("\n").split("\n")
    seen: Counter[str] = Counter()
    leaves: list[bytes] = []
    for number, line in enumerate(lines):
        entry = json.loads(line)
        assert line == _canonical(entry), f"entry {number} is not canonical"
        assert entry["number"] == number
        assert entry["previous"] == (leaves[-1].hex() if leaves else ""), f"entry {number} does not follow"
        assert entry["kind"] in kinds, f"entry {number}: {entry['kind']} is not documented"
        must, may = kinds[entry["kind"]]
        data = dict(entry["data"])
        signed = {data.pop("signed_with", ""), data.pop("signature", "")}
        assert signed == {""} or "" not in signed, f"entry {number} is half signed"
        if "words" in data:
            must = must - {"why"} | {"words"}
        elif "why" in must:
            must = must | {"salt"}
        must = must | {"name_salt"} if entry["actor"] != "auditor" else must
        assert must <= set(data) <= must | may, f"entry {number}: {entry['kind']} has {sorted(data)}"
        if "name_salt" in data:
            held = entry["data"]
            said = [held.pop("name_salt"), entry["actor"], held.pop("signed_with", ""), held.pop("signature", "")]
            held["name"] = hashlib.sha256(_canonical(said).encode()).hexdigest()
            entry["actor"] = ""
        if "salt" in data:
            entry["data"]["words"] = hashlib.sha256(_canonical([data["salt"], data["why"]]).encode()).hexdigest()
            del entry["data"]["salt"], entry["data"]["why"]
        leaves.append(hashlib.sha256(b"\0" + _canonical(entry).encode()).digest())
        seen[entry["kind"]] += 1
    begun = json.loads(lines[0])["data"]
    origin = f"auditor/ledger/{begun['ledger']}"
    stated, size, root, blank, signature, end = json.loads(last)["checkpoint"].split("\n")
    assert (stated, int(size), blank, end) == (origin, len(leaves), "", "")
    assert base64.b64decode(root) == tree_root(leaves), "the root is not that of the entries"
    body = f"{origin}\n{size}\n{root}\n".encode()
    _check(signature, origin, b"\1", base64.b64decode(begun["key"]), lambda _: body)
    return seen


def group_opinions(text: str) -> list[str]:
    """Return the opinions of an export that were given on groups, all of which must be as the specification says."""
    found, digests, readers, changed = [], {}, {}, {}  # type: ignore[var-annotated]
    for line in text.splitlines()[:-1]:
        entry = json.loads(line)
        case, kind, data = entry["case"], entry["kind"], entry["data"]
        if kind in ("opened", "joined"):
            held = {f"{digest['algorithm']}:{digest['value']}" for digest in data["digests"]}
            ground, kept = digests.get(case, (data.get("ground"), set()))
            digests[case], readers[case] = (ground, kept | held), set()
            changed[case] = kind == "joined" and case in changed
        elif kind == "read":
            readers[case].add(entry["actor"])
        elif kind in ("proposed", "reviewed", "settled"):
            if kind == "proposed":
                changed.pop(case, None)
                if "group" in data:
                    changed[case] = False
            if "group" in data:
                verdict = data["verdict"]
                assert data["group"] >= 1, f"{data['group']} cases"
                allowed = ("no-action", "label", "gate", "need-more", "de-index")
                assert verdict in allowed, f"{verdict} is no verdict for a group"
                assert not changed[case], "the case changed since its first opinion"
                ground, held = digests[case]
                if verdict == "de-index":
                    assert data["weights"] in held, "the case holds other weights"
                    assert ground != "exposed" or entry["actor"] in readers[case], f"not read by {entry['actor']}"
                found.append(f"{verdict} of {data['group']}")
    return found


def tree_root(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962, 2.1, of leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return parent_hash(tree_root(leaves[:middle]), tree_root(leaves[middle:]))


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
