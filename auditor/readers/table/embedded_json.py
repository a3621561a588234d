"""Plain columns inside texts that are JSON themselves, as CSV files and exports of databases have them."""

from __future__ import annotations

import json
import re

import numpy as np

from auditor.hashing.value_content import layout
from auditor.readers.table.arrow_types import is_text_type
from auditor.readers.table.json_records import RecordColumns
from auditor.syntax.nested_columns import Leaf
from auditor.syntax.sample_hints import may_hold_samples

NOT_JSON = "texts that look like lists or objects, and are not JSON"
# What a list or an object begins with; "[INST]" and "{{" begin a text.
_BEGINNING = re.compile(r"[\[{]\s*(?:[\"'\[]|\{\s*[\"'])")


def embedded_leaves(leaf: Leaf) -> tuple[Leaf, ...]:
    """Return the columns embedded in the texts of a column that are JSON; one with a problem for damaged ones."""
    if not is_text_type(leaf.values.type):
        return ()
    data, starts, lengths = layout(leaf.values)
    first = data[np.minimum(starts, len(data) - 1)]
    indices = np.flatnonzero(((first == ord("{")) | (first == ord("["))) & (lengths > 0))
    if not len(indices):
        return ()
    columns = RecordColumns(f"{leaf.path}{{}}")
    kept: list[int] = []
    problem = ""
    for index in indices.tolist():
        text = leaf.values[index].as_py()
        if not _BEGINNING.match(text) or not may_hold_samples(text.encode()):
            continue
        try:
            columns.add(json.loads(text))
        except (ValueError, RecursionError):
            problem = NOT_JSON
            continue
        kept.append(index)
    rows = leaf.rows[np.array(kept, np.int64)]
    found = [Leaf(one.path, one.values, rows[one.rows], one.problem) for one in columns.leaves()]
    if problem:
        found.append(Leaf(leaf.path, leaf.values[:0], leaf.rows[:0], problem))
    return tuple(found)
