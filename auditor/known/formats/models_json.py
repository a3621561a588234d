"""Read lists of models in JSON: the entries of :mod:`~auditor.known.formats.models`, and fingerprints of their weights.

An array of entries, or an object with fields that describe the list, followed by its entries::

    {"name": …, "version": …, "holder": …, "means": "model", "entries": [
        {"id": …, "sha256": …, "fingerprint": …, "purpose": "dedicated", "authority": …, "confirmations": 2}]}

An entry has fields with the names of the CSV's columns, text or numbers, and ``fingerprint``: the file that ``auditor
lineage fingerprint`` writes, in base64. A description that the entry lacks is taken from its fingerprint.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from auditor.errors import ListError, Unreadable
from auditor.hashing import weight_fingerprints
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.json_fields import LIST_FIELDS, json_value_to_text, leading_list_fields, outermost_bracket
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import HEAD_BYTES, ListExample
from auditor.known.model_entries import (
    DESCRIPTION_COLUMNS,
    HEX_DIGITS,
    MODEL_ONLY_COLUMNS,
    ModelEntryCollector,
    example_fingerprint,
    model_column_roles,
)
from auditor.known.text_lines import header_from_comments
from auditor.samples import WEIGHT_FINGERPRINT
from auditor.syntax.json_stream import iter_json_records

HELP = "models as JSON: the fields of the CSV, and fingerprint in base64"

_KEY = re.compile(rb'"([A-Za-z0-9_ .-]{1,40})"\s*:')
_MEANS = re.compile(rb'"means"\s*:\s*"model"')
_PRINT = re.compile(rb'"fingerprint"\s*:\s*"([A-Za-z0-9+/]{400})')
# Entries in memory at a time, and those with a fingerprint, each some hundreds of kilobytes.
_BATCH_MODELS, _BATCH_FINGERPRINTS = 8192, 16


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a list of models in JSON."""
    if outermost_bracket(head) not in (b"{", b"["):
        return 0
    roles = model_column_roles([key.decode() for key in _KEY.findall(head)]).keys()
    found = _PRINT.search(head)
    if roles & MODEL_ONLY_COLUMNS or (found and weight_fingerprints.is_fingerprint(base64.b64decode(found[1]))):
        return 70
    return 60 if _MEANS.search(head) and roles & {*HEX_DIGITS, "name"} else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a list of models in JSON."""
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
        comments = leading_list_fields(head, ("entries",))
        yield header_from_comments("models_json", {"means": "model", **comments})
        file.seek(0)
        collector = ModelEntryCollector()
        number = 0
        for key, record in iter_json_records(file, ("entries", "")):
            if not key and outermost_bracket(head) == b"{":
                if isinstance(record, dict) and (
                    late := [name for name in LIST_FIELDS if name in record.keys() - comments]
                ):
                    raise ListError(f"{path}: {late[0]!r} stands after the entries; put it before them")
                continue
            number += 1
            yield from _add_model(collector, number, record)
            if number % _BATCH_MODELS == 0 or len(collector.pending.get(WEIGHT_FINGERPRINT, ())) >= _BATCH_FINGERPRINTS:
                yield from collector.flush()
        if not number:
            raise ListError(f"{path}: holds no entries; give an array of them, or an object with 'entries'")
        yield from collector.finish()


def _add_model(collector: ModelEntryCollector, number: int, record: object) -> Iterator[MalformedEntry]:
    """Add the signals and the fingerprint of one model in JSON; yield it as malformed if it is wrong."""
    if not isinstance(record, dict):
        yield MalformedEntry(number, "the entry is no JSON object")
        return
    keys = list(record)
    values = {role: record[keys[at]] for role, at in model_column_roles(keys).items()}
    cells = {role: (json_value_to_text(value) or "").strip() for role, value in values.items()}
    if odd := [role for role, value in values.items() if isinstance(value, list | dict)]:
        yield MalformedEntry(number, f"the {odd[0]} is neither text nor a number")
        return
    if not (given := cells.pop("fingerprint", "")):
        yield from collector.add(number, cells)
        return
    try:
        data = base64.b64decode(given, validate=True)
        content = weight_fingerprints.read_fingerprint(data)
    except (ValueError, Unreadable) as error:
        yield MalformedEntry(number, f"the fingerprint {error if isinstance(error, Unreadable) else 'is not base64'}")
        return
    if why := weight_fingerprints.too_small_reason(content.values):
        yield MalformedEntry(number, why)
        return
    cells |= {key: content.metadata.get(key, "") for key in DESCRIPTION_COLUMNS if not cells.get(key)}
    yield from collector.add(number, cells, data)


_ONE = example_fingerprint(9, purpose="general", authority="an authority")
EXAMPLES = (
    ListExample(
        "models.json",
        b'{"name": "listed-models", "version": 3, "holder": "an authority", "means": "model", "entries": ['
        b'{"id": "m1", "name": "acme/hills", "sha256": "%b", "sha256_tensors": "%b", "autov3": "0123456789ab",'
        b'"autov2": "0123456789", "autov1": "01234567", "purpose": "dedicated", "authority": "an authority",'
        b'"confirmations": 2, "seen": ["elsewhere"]},'
        b'{"id": 2, "name": "https://huggingface.co/acme/lakes", "purpose": "general", "status": "withdrawn"},'
        b'{"id": "m3", "fingerprint": "%b", "purpose": "dedicated", "confirmations": 1}]}'
        % (b"ab" * 32, b"cd" * 32, base64.b64encode(_ONE)),
        ListHeader("models_json", name="listed-models", version="3", holder="an authority", means="model"),
        (
            ("sha256", "ab" * 32, "m1", "dedicated, 2 confirmations, an authority", False),
            ("sha256-tensors", "cd" * 32, "m1", "dedicated, 2 confirmations, an authority", False),
            ("autov3", "0123456789ab0000", "m1", "dedicated, 2 confirmations, an authority", False),
            ("autov2", "0123456789000000", "m1", "dedicated, 2 confirmations, an authority", False),
            ("autov1", "0123456700000000", "m1", "dedicated, 2 confirmations, an authority", False),
            ("url", "https://huggingface.co/acme/hills", "m1", "dedicated, 2 confirmations, an authority", False),
            ("url", "https://huggingface.co/acme/lakes", "2", "general", True),
            (WEIGHT_FINGERPRINT, sha256(_ONE).hexdigest(), "m3", "dedicated, 1 confirmation, an authority", False),
        ),
    ),
    ListExample(
        "array.json",
        b'\xef\xbb\xbf[{"fingerprint": "%b"}, {"fingerprint": "AAAA"}, {"fingerprint": "%b"}, {"autov3": "0123"},'
        b'{"autov3": "0123456789ab", "id": 1}, {"sha256": ["ab"]}, {"purpose": "fun", "autov3": ""}, 7]'
        % (base64.b64encode(_ONE), base64.b64encode(example_fingerprint(2))),
        ListHeader("models_json", means="model"),
        (
            (WEIGHT_FINGERPRINT, sha256(_ONE).hexdigest(), "", "general, an authority", False),
            ("autov3", "0123456789ab0000", "1", "", False),
        ),
        malformed=(2, 3, 4, 6, 7, 8),
    ),
    ListExample(
        "late.json",
        b'{"entries": [{"autov3": "0123456789ab"}], "means": "benign"}',
        refused="'means' stands after the entries; put it before them",
    ),
    ListExample("none.json", b'{"means": "model", "sha256": "", "autov3": ""}', refused="holds no entries"),
)
