"""Count the hits of each subject, once all shards are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from auditor.known.quarantine import quarantine_notice
from auditor.model import Basis, Subject
from auditor.pipeline.run_folder import HITS

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads


# Who states a digest, the strongest first. How weak a match is: twice its place here, and 1 more for a near one; a lead
# is weaker than all.
_BASES: tuple[Basis, ...] = ("computed", "listed", "declared")
_LEAD = 2 * len(_BASES)


def count_subject_hits(
    folders: Sequence[Path], facts: pads.Dataset, treat: Mapping[str, str]
) -> tuple[pa.Table, tuple[Subject, ...]]:
    """Count the hits of each subject by list, relation and basis; each sample counts once.

    A sample that matches by a digest of its bytes counts as computed, whatever digests are declared for it; among hits
    of one basis, exact counts before near. A sample that only a thorough variant matches has the relation
    ``near-thorough``, which is a lead: any other match counts before it.

    Args:
        folders: The run folders that the hits are in.
        facts: The facts of the same runs, for the number of samples of each dataset.
        treat: Replaces a list's meaning: a profile may treat ``test`` as ``csam``.

    Returns:
        A table with columns kind, name, revision, list, means, basis, algorithm, variant, classification, relation,
        hits, samples; and a document for each list entry that matches too much to be believed: its hits are not
        counted. For lists of models algorithm, variant and classification say what a model was found by, with details,
        and what the list says of it; they are "" for samples.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    from auditor.facts import LOW_MEMORY_SCAN
    from auditor.hashing.thorough_variants import is_thorough
    from auditor.known.quarantine import quarantine_entries
    from auditor.samples import EXACT_ALGORITHMS, HITS_SCHEMA

    identity = ["kind", "name", "revision"]
    sums = facts.to_table([*identity, "remark"], filter=pc.field("key") == "samples", **LOW_MEMORY_SCAN)
    sums = sums.set_column(3, "samples", pc.cast(sums["remark"], pa.int64()))
    totals = sums.group_by(identity).aggregate([("samples", "sum")]).rename_columns([*identity, "samples"])
    files = sorted(str(path) for folder in folders for path in (folder / HITS).glob("*.parquet"))
    found = pads.dataset(files, schema=HITS_SCHEMA, format="parquet").to_table() if files else HITS_SCHEMA.empty_table()
    thorough = pa.array([is_thorough(variant or "") for variant in found["variant"].to_pylist()], pa.bool_())
    number = pc.sum(totals["samples"]).as_py() or 0
    # Leads are looked at by themselves: they must not set aside what else an entry matches.
    believed = np.ones(found.num_rows, np.bool_)
    lists: tuple[Subject, ...] = ()
    for kind in (pc.invert(thorough), thorough):
        quarantined, is_quarantined = quarantine_entries(found.filter(kind), number)
        believed[np.flatnonzero(kind)[is_quarantined]] = False
        lists += tuple(quarantine_notice(entry) for entry in quarantined)
    found, thorough = found.filter(pa.array(believed)), thorough.filter(pa.array(believed))
    near = pc.cast(pc.invert(pc.is_in(found["algorithm"], pa.array(EXACT_ALGORITHMS))), pa.int8())
    basis = pc.cast(pc.index_in(found["basis"], pa.array(_BASES)), pa.int8())
    weakness = pc.if_else(thorough, pa.scalar(_LEAD, pa.int8()), pc.add(pc.add(basis, basis), near))
    found = found.append_column("weakness", weakness)
    # Samples are counted together, whatever they matched by; a model has a row for each way it was found.
    is_model = pc.equal(found["means"], "model")
    details = ["algorithm", "variant", "classification"]
    for name in details:
        column = pc.if_else(is_model, pc.fill_null(found[name], ""), "")
        found = found.set_column(found.schema.get_field_index(name), name, column)
    per_list = [*identity, "list", "means", *details]
    samples = found.group_by([*per_list, "place", "row", "sample"]).aggregate([("weakness", "min")])
    counted = samples.group_by([*per_list, "weakness_min"]).aggregate([("sample", "count")])
    weakest = counted["weakness_min"]
    relation = pc.if_else(pc.equal(pc.bit_wise_and(weakest, 1), 1), "near", "exact")
    relation = pc.if_else(pc.equal(weakest, _LEAD), "near-thorough", relation)
    basis = pa.array(_BASES).take(pc.if_else(pc.equal(weakest, _LEAD), 0, pc.shift_right(weakest, 1)))
    counted, per_list = counted.append_column("basis", basis), [*identity, "list", "means", "basis", *details]
    counted = counted.append_column("relation", relation).append_column("hits", counted["sample_count"])
    counted = treat_meanings(counted, treat)
    joined = counted.select([*per_list, "relation", "hits"]).join(totals, identity, join_type="left outer")
    return joined.sort_by([(name, "ascending") for name in (*per_list, "relation")]), lists


def treat_meanings(counted: pa.Table, treat: Mapping[str, str]) -> pa.Table:
    """Return counted hits with the meanings of lists as a profile treats them."""
    import pyarrow as pa

    words = cast("list[str]", counted["means"].to_pylist())
    means = pa.array([treat.get(word, word) for word in words], pa.string())
    return counted.set_column(counted.schema.get_field_index("means"), "means", means)


def count_list_hits(counted: pa.Table) -> pa.Table:
    """Return how many samples match each list: columns list, basis, relation, number.

    Args:
        counted: The hits of each subject, of :func:`count_subject_hits`. Lists of models are left out.
    """
    import pyarrow.compute as pc

    keys = ["list", "basis", "relation"]
    samples = counted.filter(pc.not_equal(counted["means"], "model"))
    summed = samples.group_by(keys).aggregate([("hits", "sum")]).rename_columns([*keys, "number"])
    return summed.sort_by([(key, "ascending") for key in keys])
