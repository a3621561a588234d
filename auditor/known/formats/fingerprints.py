"""Read files of fingerprints of models' weights, one after another; each fingerprint is an entry.

``auditor lineage fingerprint FILE... --purpose … --authority …`` writes them, with the purpose and authority
inside. Several may be joined in one file (``cat *.fingerprint > list.fingerprint``). An import adds to the list of that
name, so that its holder can add models as they are found.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from auditor.errors import ListError, Unreadable
from auditor.hashing.weight_fingerprints import is_fingerprint, iter_fingerprints, too_small_reason
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample
from auditor.known.model_entries import DESCRIPTION_COLUMNS, ModelEntryCollector, example_fingerprint
from auditor.samples import WEIGHT_FINGERPRINT

HELP = "fingerprints that `auditor lineage fingerprint` writes, one after another"

# Fingerprints in memory at a time, each some hundreds of kilobytes.
_BATCH_FINGERPRINTS = 16


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file holds weight fingerprints."""
    return 95 if is_fingerprint(head) else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a file of weight fingerprints."""
    with open_list_file(path) as file:
        yield ListHeader("fingerprints", means="model", feed=True)
        collector = ModelEntryCollector()
        number = 0
        try:
            for number, (data, content) in enumerate(iter_fingerprints(file), 1):
                if why := too_small_reason(content.values):
                    yield MalformedEntry(number, why)
                    continue
                description = {key: content.metadata.get(key, "") for key in DESCRIPTION_COLUMNS}
                yield from collector.add(number, description, data)
                if number % _BATCH_FINGERPRINTS == 0:
                    yield from collector.flush()
        except Unreadable as error:
            # After a damaged one, the beginning of the next is unknown.
            raise ListError(f"{path}: number {number + 1:,} {error}") from error
        yield from collector.finish()


_ONE = example_fingerprint(8, id="m1", purpose="dedicated", authority="an authority", confirmations="2")
_TWO = example_fingerprint(9)
EXAMPLES = (
    ListExample(
        "two.fingerprint",
        _ONE + _TWO,
        ListHeader("fingerprints", means="model", feed=True),
        (
            (WEIGHT_FINGERPRINT, sha256(_ONE).hexdigest(), "m1", "dedicated, 2 confirmations, an authority", False),
            (WEIGHT_FINGERPRINT, sha256(_TWO).hexdigest(), "", "", False),
        ),
    ),
    ListExample(
        "small.fingerprint",
        example_fingerprint(7) + _TWO + example_fingerprint(8, confirmations="many"),
        ListHeader("fingerprints", means="model", feed=True),
        ((WEIGHT_FINGERPRINT, sha256(_TWO).hexdigest(), "", "", False),),
        malformed=(1, 3),
    ),
    ListExample("cut.fingerprint", (_TWO + _ONE)[:-1], refused="number 2 is a damaged fingerprint ("),
)
