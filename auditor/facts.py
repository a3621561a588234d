"""Convert subjects to rows of statements, and back: what workers write, a run joins and ``auditor facts`` prints.

A subject leaves a worker only as rows of :data:`FACTS_SCHEMA`. ``bucket`` is the subject's hash bucket, by which
the parts of one subject in several shards are brought together on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import NOWHERE, Gap, Kind, Place, Statement, Subject

_FACT_FIELDS: tuple[pa.Field[Any], ...] = (
    pa.field("bucket", pa.uint8()),
    pa.field("kind", pa.string()),
    pa.field("name", pa.string()),
    pa.field("revision", pa.string()),
    pa.field("key", pa.string()),
    pa.field("value", pa.string()),
    pa.field("relation", pa.string()),
    pa.field("uri", pa.string()),
    pa.field("line", pa.int64()),
    pa.field("source", pa.string()),
    pa.field("remark", pa.string()),
)
FACTS_SCHEMA = pa.schema(_FACT_FIELDS)
# Scanner options that read little ahead: Arrow's own would hold some million rows of a large run in memory.
LOW_MEMORY_SCAN: dict[str, int] = {"batch_size": 32 * 1024, "batch_readahead": 2, "fragment_readahead": 2}
EDGES_SCHEMA = pa.schema(
    [
        pa.field("child_kind", pa.string()),
        pa.field("child", pa.string()),
        pa.field("parent_kind", pa.string()),
        pa.field("parent", pa.string()),
        pa.field("relation", pa.string()),  # finetune, adapter, merge, quantized, trained-on, sourced-from, copy, ""
        pa.field("source", pa.string()),  # what states it: card, header, weights, …
    ]
)


def subjects_to_rows(subjects: Iterable[Subject]) -> pa.RecordBatch:
    """Return the subjects' facts (statements and gaps) as one batch; a subject without any has one row without a key.

    A gap is a row with key ``gap``, value what and relation why.
    """
    identities: list[tuple[object, ...]] = []
    owners: list[int] = []  # for each row, the index of its subject's identity
    statements: list[Statement] = []
    for number, subject in enumerate(subjects):
        ref = subject.ref
        identities.append((ref.bucket, ref.kind, ref.name, ref.revision))
        statements += subject.statements
        statements += [Statement("gap", gap.what, gap.why, gap.place) for gap in subject.gaps]
        if not subject.statements and not subject.gaps:
            statements.append(_NO_STATEMENT)
        owners += [number] * (len(statements) - len(owners))
    if not statements:
        return pa.RecordBatch.from_pylist([], FACTS_SCHEMA)
    at = pa.array(owners, pa.int32())
    keys, values, relations, places, sources, remarks = zip(*statements, strict=True)
    uris, lines = [place.uri for place in places], [place.line for place in places]
    columns = (keys, values, relations, uris, lines, sources, remarks)
    arrays = [
        _to_array(column, FACTS_SCHEMA.field(n).type).take(at) for n, column in enumerate(zip(*identities, strict=True))
    ]
    arrays += [_to_array(column, FACTS_SCHEMA.field(n).type) for n, column in enumerate(columns, len(arrays))]
    return pa.RecordBatch.from_arrays(arrays, schema=FACTS_SCHEMA)


def _to_array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values as an Arrow array for a column of facts."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([_escape_surrogates(value) for value in values], kind)


def _escape_surrogates(text: str) -> str:
    """Return a text of a fact that can be UTF-8, as Arrow's strings are: a lone surrogate becomes its escape."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def keep_needed_rows(rows: pa.RecordBatch, needed: Mapping[str, frozenset[str]]) -> pa.RecordBatch:
    """Return the rows of facts that rules need, every gap, and at least one row of each subject: none is lost.

    Args:
        rows: Rows of FACTS_SCHEMA, those of a subject one after another.
        needed: Statement keys that rules read, each with the values that count, in lower case (none: any value).
    """
    any_value = [key for key, values in needed.items() if not values]
    some_values = {key: values for key, values in needed.items() if values}
    keep = pc.or_(
        pc.is_in(rows["key"], pa.array([*any_value, "gap"])), group_starts([rows[name] for name in _IDENTITY])
    )
    kept = keep.to_numpy(zero_copy_only=False)
    candidates = pc.indices_nonzero(pc.is_in(rows["key"], pa.array([*some_values], pa.string())))
    if len(candidates):
        keys, values = rows["key"].take(candidates), rows["value"].take(candidates)
        pairs = pc.binary_join_element_wise(keys, pc.utf8_lower(values), "\t")
        wanted = pa.array([f"{key}\t{value}" for key, values in some_values.items() for value in values])
        # Lower case is another thing in other scripts (Python's casefold): such values are kept.
        kept[candidates.to_numpy()] |= pc.or_(pc.is_in(pairs, wanted), pc.invert(pc.string_is_ascii(values))).to_numpy(
            zero_copy_only=False
        )
    return rows.filter(pa.array(kept))


def subjects_from_rows(table: pa.Table) -> Iterator[Subject]:
    """Yield the subjects of a table of facts, joined and in order of (kind, name, revision).

    Statements come in the order (key, value, relation, place, source, remark): the same for any order of shards.
    Equal statements are given once.
    """
    table = table.sort_by([(field.name, "ascending") for field in FACTS_SCHEMA if field.name != "bucket"])
    # Some at a time: what is made is still near the processor when it is used.
    slices = table.drop_columns(["bucket"]).to_batches(max_chunksize=_SLICE_ROWS)
    cells = chain.from_iterable(zip(*map(pa.Array.to_pylist, rows.columns), strict=True) for rows in slices)
    for identity, rows in groupby(cells, itemgetter(0, 1, 2)):
        yield _join_rows(identity, rows)


_IDENTITY = ("kind", "name", "revision")
_SLICE_ROWS = 2048  # rows


def group_starts(columns: Sequence[pa.Array]) -> pa.Array:
    """Return, for each row of columns of facts, whether any cell differs from the row before it."""
    if not len(columns[0]):
        return pa.array([], pa.bool_())
    changed = [pc.not_equal(column[1:], column[:-1]) for column in columns]
    return pa.concat_arrays([pa.array([True]), reduce(pc.or_, changed)])


def _join_rows(identity: tuple[Kind, str, str], rows: Iterable[tuple[Any, ...]]) -> Subject:
    """Return the subject that sorted rows of facts with one identity make up; equal rows count once."""
    statements: list[Statement] = []
    gaps: list[Gap] = []
    place, last = NOWHERE, None
    for row in rows:
        if row == last:
            continue
        last = row
        _, _, _, key, value, relation, uri, line, source, remark = row
        if place.line != line or place.uri != uri:
            place = Place(uri, line)
        if key == "gap":
            gaps.append(Gap(value, relation, place))
        elif key:
            statements.append(Statement(key, value, relation, place, source, remark))
    return Subject(*identity, tuple(statements), tuple(gaps))


_NO_STATEMENT = Statement("", "")
