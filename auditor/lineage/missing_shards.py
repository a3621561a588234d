"""Find the weights files that an index names and that are not among the files of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import FACTS_SCHEMA, LOW_MEMORY_SCAN
from auditor.lineage.derived_statements import SOURCE

_OWNER = ("kind", "name", "revision")


def missing_shard_gaps(facts: pads.Dataset) -> Iterator[pa.RecordBatch]:
    """Yield a gap, in the schema of facts, for each weights file that an index names and of which nothing was read.

    A file that was found but could not be read leaves facts too: a gap of its own.
    """
    named = facts.to_table(filter=pc.field("key") == "weights_shard", **LOW_MEMORY_SCAN)
    if not named.num_rows:
        return
    folders = pc.replace_substring_regex(named["uri"], "[^/]*$", "")
    named = named.append_column("file", pc.binary_join_element_wise(folders, named["value"], ""))
    is_weights = pc.field("uri").isin(pc.unique(named["file"]))
    present = facts.to_table(columns=[*_OWNER, "uri"], filter=is_weights, **LOW_MEMORY_SCAN)
    present = present.group_by([*_OWNER, "uri"]).aggregate([])
    missing = named.join(present, [*_OWNER, "file"], [*_OWNER, "uri"], "left anti")
    if not missing.num_rows:
        return
    missing = missing.sort_by([("bucket", "ascending"), *((name, "ascending") for name in (*_OWNER, "file"))])
    rows = missing.num_rows
    why = pc.binary_join_element_wise("the index names ", missing["value"], ", which is not among the files read", "")
    derived = {"key": pa.repeat("gap", rows), "value": pa.repeat("header", rows), "relation": why}
    derived["source"] = pa.repeat(SOURCE, rows)
    arrays = [derived.get(field.name, missing[field.name]).cast(field.type) for field in FACTS_SCHEMA]
    yield from pa.Table.from_arrays(arrays, schema=FACTS_SCHEMA).to_batches()
