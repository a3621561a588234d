"""Read JSON files of hashes from any source: an array of hashes or of objects, or an object of such arrays.

::

    ["9e107d9d…", "sha256:d7a8fbb3…"]
    [{"id": 7, "md5": "9e107d9d…", "category": "A"}, …]
    {"name": …, "means": …, "md5": ["9e107d9d…", …], "sha256": [{"hash": "d7a8fbb3…"}, …]}

An object's fields are called as a table's columns may be, see :mod:`auditor.known.column_roles`, and so is the key
of an array that names the algorithm of its hashes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from auditor.errors import ListError
from auditor.hashing.digest_parsing import algorithm_from_cells
from auditor.known.column_roles import column_roles
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import EntryCollector, signal_type_of
from auditor.known.json_fields import is_true, json_value_to_text, leading_list_fields, outermost_bracket
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import HEAD_BYTES, ListExample
from auditor.known.text_lines import header_from_comments
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS
from auditor.syntax.csv_stream import CsvHeader
from auditor.syntax.json_stream import iter_json_records

HELP = "JSON of hashes: an array of them or of objects, or an object of such arrays; say --means"

# Keys, in lower case, of arrays that hold entries of an unnamed algorithm.
_ENTRY_ARRAYS = frozenset(
    {"hashes", "hash", "entries", "items", "records", "results", "data", "list", "values", "files"}
)
_ARRAY_KEY = re.compile(rb'"([^"\\]{1,40})"\s*:\s*\[')
_HASH = rb'"(?:[A-Za-z0-9-]{3,10}[:=])?(?:0[xX])?[0-9A-Fa-f]{32,288}"'
_FIRST_HASH = re.compile(rb"\s*\[\s*" + _HASH)
_HASH_OF_KEY = re.compile(rb'"([^"\\]{1,40})"\s*:\s*(\[\s*)?' + _HASH)
_ATTRIBUTES = {"ids": "id", **{name: name for name in ("classification", "series", "contributor", "feedback")}}
_WITHDRAWN_WORDS = frozenset({"withdrawn", "deleted", "removed", "revoked", "retracted", "inactive"})


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is JSON with hashes."""
    if outermost_bracket(head) not in (b"{", b"["):
        return 0
    if _FIRST_HASH.match(head.removeprefix(codecs.BOM_UTF8)):
        return 35
    for key, in_array in _HASH_OF_KEY.findall(head):
        field_name = key.decode("utf-8", "replace")
        if _holds_entries(field_name) if in_array else _is_hash_field(field_name):
            return 35
    return 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a JSON file of hashes."""
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        arrays = {key for match in _ARRAY_KEY.findall(head) if _holds_entries(key := match.decode("utf-8", "replace"))}
        fields = leading_list_fields(head, arrays)
        yield header_from_comments("json_hashes", fields)
        reader = _RecordReader(path, options, signal_type_of(options.algorithm))
        for key, record in iter_json_records(file, {*arrays, ""}):
            if key or outermost_bracket(head) == b"[":
                yield from reader.add(key, record)
            elif isinstance(record, dict):
                yield from reader.add_rest(record)
        if not reader.number:
            raise ListError(f"{path}: holds no hashes; give an array of hashes, or of objects with a field for each")
        yield from reader.collector.finish()


def _holds_entries(key: str) -> bool:
    """Return whether a JSON array under this key holds hashes of a list."""
    return bool(signal_type_of(key)) or key.lower() in _ENTRY_ARRAYS


def _is_hash_field(name: str) -> bool:
    """Return whether a JSON field of this name holds a hash."""
    return not column_roles(CsvHeader((name,), ",", 0), ListOptions()).keys().isdisjoint({*DIGEST_BYTES, "value"})


@dataclass(slots=True)
class _RecordReader:
    """Adds the records of a file to a collector, and numbers them.

    Attributes:
        path: The list file.
        options: The user's options for it.
        algorithm: The algorithm that the user declares; "" for none.
        collector: The entries.
        number: The number of records so far.
        roles: By the names of an object's fields, which field has which role.
    """

    path: Path
    options: ListOptions
    algorithm: str
    collector: EntryCollector = field(default_factory=EntryCollector)
    number: int = 0
    roles: dict[tuple[str, ...], dict[str, int]] = field(default_factory=dict)

    def add_rest(self, record: dict[str, object]) -> Iterator[ListItem]:
        """Add the rest of the outermost object: arrays that begin late in the file, or its own hashes."""
        arrays = {key: value for key, value in record.items() if isinstance(value, list) and _holds_entries(key)}
        for key, values in arrays.items():
            for value in values:
                yield from self.add(key, value)
        if not self.number:
            yield from self.add("", record)

    def add(self, key: str, record: object) -> Iterator[ListItem]:
        """Add an element of the array with this key: a hash, or an object."""
        self.number += 1
        if isinstance(record, str):
            yield from self._add_value(signal_type_of(key), record, {})
        elif isinstance(record, dict):
            yield from self._add_object(signal_type_of(key), record)
        else:
            yield MalformedEntry(self.number, "the element is neither text nor an object")

    def _add_object(self, algorithm: str, record: dict[str, object]) -> Iterator[ListItem]:
        """Add the hashes that the fields of one JSON object hold."""
        # ``{"hashes": {"md5": …}}`` means the same as ``{"md5": …}``.
        inner = {key: cell for value in record.values() if isinstance(value, dict) for key, cell in value.items()}
        cells = {**{key: value for key, value in record.items() if not isinstance(value, dict)}, **inner}
        names = tuple(cells)
        if names not in self.roles:
            columns = {role: name for role, name in self.options.columns.items() if name in names}
            self.roles[names] = column_roles(CsvHeader(names, ",", 0), ListOptions(columns))
        roles = self.roles[names]
        values = {role: cells[names[index]] for role, index in roles.items()}
        attributes: dict[str, object] = {
            name: json_value_to_text(values.get(role)) for name, role in _ATTRIBUTES.items()
        }
        withdrawn = values.get("withdrawn")
        attributes["withdrawn"] = is_true(withdrawn) or str(withdrawn).lower() in _WITHDRAWN_WORDS
        signals = {name: value for name, value in values.items() if name in DIGEST_BYTES or name in TEXT_SIGNALS}
        if "value" in values and "algorithm" in values:
            signals = {}
        if "value" in values:
            named = json_value_to_text(values.get("algorithm"))
            if named and not signal_type_of(named):
                yield from self.collector.add(named, values["value"], self.number, **attributes)
            else:
                yield from self._add_value(signal_type_of(named or "") or algorithm, values["value"], attributes)
        elif not any(signals.values()):
            yield MalformedEntry(self.number, "the object has no field that is recognised as a hash, URL or domain")
        for name, value in signals.items():
            yield from self.collector.add(name, value, self.number, **attributes)

    def _add_value(self, algorithm: str, value: object, attributes: Mapping[str, object]) -> Iterator[ListItem]:
        """Add a hash; the array, the record, the user, a prefix or its length shows the algorithm."""
        text = value.strip() if isinstance(value, str) else ""
        prefix, colon, _ = text.partition(":")
        algorithm = algorithm or self.algorithm or (signal_type_of(prefix) if colon else "")
        if not algorithm:
            algorithm = algorithm_from_cells(pa.array([text.removeprefix("0x")]))
            if algorithm == "sha256":
                raise ListError(
                    f"{self.path}: record {self.number:,}: 64 hex digits are sha256 or pdq: say which with --algorithm"
                )
        if algorithm:
            yield from self.collector.add(algorithm, value, self.number, **attributes)
        else:
            yield MalformedEntry(self.number, "not a hash whose length tells the algorithm; name it with --algorithm")


_MD5 = "9e107d9d372bb6826bd81d3542a419d6"
_SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
EXAMPLES = (
    ListExample(
        "array.json",
        f'["{_MD5}", "0x{_SHA1.upper()}", "sha256:{"ab" * 32}", 7, "{_MD5[:9]}"]'.encode(),
        ListHeader("json_hashes"),
        (("md5", _MD5, "", "", False), ("sha1", _SHA1, "", "", False), ("sha256", "ab" * 32, "", "", False)),
        malformed=(4, 5),
    ),
    ListExample(
        "objects.json",
        f'[{{"id": 7, "md5": "{_MD5}", "SHA-1": "{_SHA1}", "category": "A", "size": 9}}, '
        f'{{"id": 8, "hashes": {{"md5": "{_MD5}"}}, "status": "Withdrawn"}}, '
        f'{{"id": 9, "algorithm": "PDQ", "value": "{"f0" * 32}"}}, {{"algorithm": "tmk", "value": "a"}}, '
        f'{{"id": 10, "md5": null}}]'.encode(),
        ListHeader("json_hashes"),
        (
            ("md5", _MD5, "7", "A", False),
            ("sha1", _SHA1, "7", "A", False),
            ("md5", _MD5, "8", "", True),
            ("pdq", "f0" * 32, "9", "", False),
        ),
        unknown=(("tmk", 1),),
        malformed=(5,),
    ),
    ListExample(
        "by-algorithm.json",
        f'{{"name": "hills", "means": "test", "version": 3, "md5": ["{_MD5}"], '
        f'"pdq": [{{"hash": "{"f0" * 32}", "id": "p1"}}]}}'.encode(),
        ListHeader("json_hashes", "hills", "3", means="test"),
        (("md5", _MD5, "", "", False), ("pdq", "f0" * 32, "p1", "", False)),
    ),
    ListExample(
        "either.json",
        f'{{"hashes": ["{"f0" * 32}"]}}'.encode(),
        refused="record 1: 64 hex digits are sha256 or pdq: say which with --algorithm",
    ),
)
