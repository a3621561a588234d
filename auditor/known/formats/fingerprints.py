"""Fingerprints of models' weights, one after another in a file: each is an entry.

``auditor lineage fingerprint FILE... --purpose … --authority …`` writes them; what it was told of the model stands in
the fingerprint. They may be put together (``cat *.fingerprint > list.fingerprint``), and a file adds to the list of
that name: the holder of a list adds models as they are found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from auditor.errors import ListError, Unreadable
from auditor.hashing.weight_fingerprints import claimed, each, unit, wanting, written
from auditor.known import ListExample, ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import opened
from auditor.known.formats.models import ABOUT, SAID, Waiting, rest_of, signals_of
from auditor.samples import WEIGHT_FINGERPRINT

HELP = "fingerprints that `auditor lineage fingerprint` writes, one after another"

# Fingerprints in memory at a time, each some hundreds of kilobytes.
AT_ONCE = 16


def claims(head: bytes, name: str) -> int:
    return 95 if claimed(head) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    with opened(path) as file:
        yield ListHeader("fingerprints", means="model", feed=True)
        waiting: Waiting = {}
        number = 0
        try:
            for number, (data, content) in enumerate(each(file), 1):
                if why := wanting(content.values):
                    yield MalformedEntry(number, why)
                    continue
                about = {key: content.metadata.get(key, "") for key in ABOUT}
                yield from signals_of(number, about, waiting, Counter(), [data])
                if number % AT_ONCE == 0:
                    yield from rest_of(waiting)
        except Unreadable as error:
            # Where one is damaged, it cannot be told where the next begins.
            raise ListError(f"{path}: number {number + 1:,} {error}") from error
        yield from rest_of(waiting)


def example(tensors: int, **about: str) -> bytes:
    """A fingerprint for examples: powers of a ramp, none like another."""
    names = [f"layers.{at}.weight" for at in range(tensors)]
    ramp = np.linspace(0, 1, 256, dtype=np.float32)
    values = {name: unit(ramp**power - (ramp**power).mean()) for power, name in enumerate(names, 1)}
    told = {"name": "m.safetensors", "bases": "[]", "left": "0"}
    return written({**told, **about}, dict.fromkeys(names, (16, 16)), values)


_ONE = example(8, id="m1", purpose="dedicated", authority="an authority", confirmations="2")
_TWO = example(9)
EXAMPLES = (
    ListExample(
        "two.fingerprint",
        _ONE + _TWO,
        ListHeader("fingerprints", means="model", feed=True),
        (
            (WEIGHT_FINGERPRINT, sha256(_ONE).hexdigest(), "m1", SAID, False),
            (WEIGHT_FINGERPRINT, sha256(_TWO).hexdigest(), "", "", False),
        ),
    ),
    ListExample(
        "small.fingerprint",
        example(7) + _TWO + example(8, confirmations="many"),
        ListHeader("fingerprints", means="model", feed=True),
        ((WEIGHT_FINGERPRINT, sha256(_TWO).hexdigest(), "", "", False),),
        malformed=(1, 3),
    ),
    ListExample("cut.fingerprint", (_TWO + _ONE)[:-1], refused="number 2 is a damaged fingerprint ("),
)
