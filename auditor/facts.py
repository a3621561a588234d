"""Statements as rows: what a worker writes, a run joins and ``auditor facts`` prints.

A subject leaves a worker only as rows of :data:`FACTS`. ``bucket`` is the subject's hash bucket, by which
the parts of one subject in several shards are brought together on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from auditor.model import Gap, Kind, Place, Statement, Subject

FACTS = pa.schema(
    [
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
    ]
)
EDGES = pa.schema(
    [
        pa.field("child_kind", pa.string()),
        pa.field("child", pa.string()),
        pa.field("parent_kind", pa.string()),
        pa.field("parent", pa.string()),
        pa.field("relation", pa.string()),  # finetune, adapter, merge, quantized, trained-on, sourced-from, copy, ""
        pa.field("source", pa.string()),  # card, header, weights, … : whose word it is
    ]
)


def rows(subjects: Iterable[Subject]) -> pa.RecordBatch:
    """The subjects' statements and gaps as one batch; a subject without any leaves a row without a key.

    A gap is a row with key ``gap``, value what and relation why.
    """
    cells: list[tuple[object, ...]] = []
    for subject in subjects:
        ref = subject.ref
        identity = (ref.bucket, ref.kind, _text(ref.name), _text(ref.revision))
        for s in subject.statements:
            value, relation, uri, remark = _text(s.value), _text(s.relation), _text(s.place.uri), _text(s.remark)
            cells.append((*identity, s.key, value, relation, uri, s.place.line, s.source, remark))
        for gap in subject.gaps:
            uri, line = _text(gap.place.uri), gap.place.line
            cells.append((*identity, "gap", _text(gap.what), _text(gap.why), uri, line, "", ""))
        if not subject.statements and not subject.gaps:
            cells.append((*identity, "", "", "", "", 0, "", ""))
    columns = zip(*cells, strict=True) if cells else [()] * len(FACTS)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, FACTS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=FACTS)


def _text(text: str) -> str:
    """Arrow strings are UTF-8: a lone surrogate is written as its escape."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def subjects(table: pa.Table) -> Iterator[Subject]:
    """The subjects of a table of :data:`FACTS`, joined and in order of (kind, name, revision).

    Statements come in the order (key, value, relation, place, source): the same for any order of shards.
    Equal statements are given once.
    """
    if not table.num_rows:
        return
    order = [(field.name, "ascending") for field in FACTS if field.name not in ("bucket", "remark")]
    columns = [column.to_pylist() for column in table.sort_by(order).columns[1:]]
    identity: tuple[str, str, str] | None = None
    statements: dict[Statement, None] = {}
    gaps: dict[Gap, None] = {}
    for kind, name, revision, key, value, relation, uri, line, source, remark in zip(*columns, strict=True):
        if identity != (kind, name, revision):
            if identity is not None:
                yield _subject(identity, statements, gaps)
            identity, statements, gaps = (kind, name, revision), {}, {}
        if key == "gap":
            gaps[Gap(value, relation, Place(uri, line))] = None
        elif key:
            statements[Statement(key, value, relation, Place(uri, line), source, remark)] = None
    if identity is not None:
        yield _subject(identity, statements, gaps)


def _subject(identity: tuple[str, str, str], statements: Iterable[Statement], gaps: Iterable[Gap]) -> Subject:
    kind: Kind = identity[0]  # type: ignore[assignment]
    return Subject(kind, identity[1], identity[2], tuple(statements), tuple(gaps))
