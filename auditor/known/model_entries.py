"""Parse entries of lists of models: the columns or fields of a model, and its signals (digests, short hashes, name)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from auditor.hashing.weight_fingerprints import serialize_fingerprint
from auditor.hashing.weight_sketch import normalize_vector
from auditor.known.entries import Entries, MalformedEntry, UnknownAlgorithm, make_entries, make_fingerprint_entries
from auditor.samples import DIGEST_BYTES, WEIGHT_FINGERPRINT

HUB_URL = "https://huggingface.co/"
PURPOSES = ("dedicated", "general")
# Hex digits of each digest. Short ones are kept as eight bytes, zeros last.
HEX_DIGITS: Mapping[str, int] = {
    "sha256": 64,
    "sha256-tensors": 64,
    "xet": 64,
    "blake3": 64,
    "autov3": 12,
    "autov2": 10,
    "autov1": 8,
    "crc32": 8,
}
# The names that a column may have, by its role.
_COLUMN_NAMES: Mapping[str, str] = {
    "id": r"id|entryid|ref|reference",
    "name": r"name|model|modelname|modelid|repository|repo|url",
    "sha256": r"sha256|filesha256",
    "sha256-tensors": r"sha256tensors|tensorssha256|tensorsha256|sshsmodelhash",
    "autov3": r"autov3",
    "autov2": r"autov2",
    "autov1": r"autov1",
    "xet": r"xet|xethash|filexet",
    "blake3": r"blake3|fileblake3",
    "crc32": r"crc32",
    "fingerprint": r"fingerprint|weightsfingerprint",
    "purpose": r"purpose",
    "authority": r"authority|confirmedby",
    "confirmations": r"confirmations|independentconfirmations",
    "status": r"status|withdrawn",
}
MODEL_ONLY_COLUMNS = frozenset({"sha256-tensors", "autov3", "autov2", "autov1", "xet"})
# The columns that describe the model, whatever signal it is known by.
DESCRIPTION_COLUMNS = ("id", "purpose", "authority", "confirmations")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_WITHDRAWN_WORDS = frozenset({"withdrawn", "retracted", "removed", "revoked", "deleted", "true", "yes", "1"})


def model_column_roles(names: Sequence[str]) -> dict[str, int]:
    """Return the index of the column that has each role; columns without a role are left out."""
    bare = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
    found = {
        role: next((index for index, name in enumerate(bare) if re.fullmatch(pattern, name)), -1)
        for role, pattern in _COLUMN_NAMES.items()
    }
    return {role: index for role, index in found.items() if index >= 0}


@dataclass(slots=True)
class ModelEntryCollector:
    """Signals of models, collected row by row and handed out in batches of one algorithm each."""

    pending: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)

    def add(self, line: int, record: Mapping[str, str], fingerprint: bytes = b"") -> Iterator[MalformedEntry]:
        """Add the signals of one model. A row that is wrong adds none and is yielded as malformed.

        Args:
            line: Line or record number, from 1.
            record: Cells by the role of their column.
            fingerprint: A fingerprint file's bytes, if there is one.
        """
        purpose, confirmations = record.get("purpose", "").lower(), record.get("confirmations", "")
        if purpose not in ("", *PURPOSES):
            yield MalformedEntry(line, f"the purpose is neither {' nor '.join(PURPOSES)}")
            return
        if not re.fullmatch(r"[0-9]{0,6}", confirmations):
            yield MalformedEntry(line, "confirmations is no number")
            return
        signals: list[tuple[str, object]] = [(WEIGHT_FINGERPRINT, fingerprint)] if fingerprint else []
        for algorithm, digits in HEX_DIGITS.items():
            value = record.get(algorithm, "").lower().removeprefix("0x")
            if value and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
                yield MalformedEntry(line, f"not a {algorithm} of {digits} hex digits")
                return
            if value:
                signals.append((algorithm, bytes.fromhex(value).ljust(DIGEST_BYTES[algorithm], b"\0")))
        name = record.get("name", "").strip("/")
        if name.lower().startswith(("http://", "https://")):
            signals.append(("url", name))
        elif _REPOSITORY.fullmatch(name):
            signals.append(("url", HUB_URL + name))
        elif name:
            self.unknown["name without an organisation"] += 1
        if record.get("fingerprint"):
            self.unknown["fingerprint in a list that is not JSON"] += 1
        classification = _classification(purpose, confirmations, record.get("authority", ""))
        withdrawn = record.get("status", "").lower() in _WITHDRAWN_WORDS
        cells = record.get("id") or None, classification or None, record.get("authority") or None
        for algorithm, signal in signals:
            self.pending.setdefault(algorithm, []).append((signal, *cells, withdrawn, line))

    def flush(self) -> Iterator[Entries]:
        """Yield the entries of models added since the last call."""
        for algorithm, rows in self.pending.items():
            values, ids, classification, authority, withdrawn, lines = map(list, zip(*rows, strict=True))
            columns = {
                "ids": ids,
                "classification": classification,
                "contributor": authority,
                "withdrawn": withdrawn,
                "lines": lines,
            }
            if algorithm == WEIGHT_FINGERPRINT:
                yield make_fingerprint_entries(values, **columns)
            else:
                yield make_entries(algorithm, values, **columns)
        self.pending.clear()

    def finish(self) -> Iterator[Entries | UnknownAlgorithm]:
        """Yield the entries that are left, and how many signals cannot be matched."""
        yield from self.flush()
        for algorithm, count in self.unknown.items():
            yield UnknownAlgorithm(algorithm, count)


def purpose_of(classification: str) -> str:
    """Return the purpose that the classification of a model's entry begins with: ``dedicated``, ``general`` or ""."""
    word = classification.partition(",")[0]
    return word if word in PURPOSES else ""


def _classification(purpose: str, confirmations: str, authority: str) -> str:
    """Return the classification of a model's entry: its purpose, confirmations and authority."""
    count = int(confirmations or 0)
    confirmed = f"{count:,} {'confirmation' if count == 1 else 'confirmations'}" if confirmations else ""
    return ", ".join(part for part in (purpose, confirmed, authority) if part)


def example_fingerprint(tensors: int, **metadata: str) -> bytes:
    """Return a fingerprint file for the examples of lists of models. Its tensors are powers of a ramp, no two alike."""
    names = [f"layers.{index}.weight" for index in range(tensors)]
    ramp = np.linspace(0, 1, 256, dtype=np.float32)
    values = {name: normalize_vector(ramp**power - (ramp**power).mean()) for power, name in enumerate(names, 1)}
    every = {"name": "m.safetensors", "bases": "[]", "left": "0"}
    return serialize_fingerprint({**every, **metadata}, dict.fromkeys(names, (16, 16)), values)
