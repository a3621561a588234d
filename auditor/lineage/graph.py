"""What was made from what: edges from child to parent, read from a run's facts.

Names become integer ids before anything is compared, so two million models and four million edges fit in
memory. Edges are deduplicated and sorted: the same for any order of rows and shards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import EDGES_SCHEMA, LOW_MEMORY_SCAN
from auditor.lineage import repository_names
from auditor.resources import resource_folder

Ids = npt.NDArray[np.int64]
# Which statements are edges: of which kind the child is, of which the parent, and the edge's word where the
# statement's relation is not one.
_KEYS = {
    "base_model": ("model", "model", ""),
    "trained_on": ("model", "dataset", "trained-on"),
    "sourced_from": ("dataset", "dataset", "sourced-from"),
}
# Names of weights files that a thousand models have.
_USUAL_FILES = r"^(model|pytorch_model|adapter_model|diffusion_pytorch_model|pytorch_lora_weights|consolidated)\b"
# Parts that unlike models share as they are: the same file there makes no copy of the model.
SHARED_PARTS = r"(^|/)(vae|text_encoder|tokenizer|safety_checker|image_encoder|feature_extractor|scheduler)[^/]*/"
_TABLES: dict[str, Literal["models", "datasets"]] = {"model": "models", "dataset": "datasets"}


def edges(facts: pads.Dataset | pa.Table, vocabulary: Path | None = None) -> pa.Table:
    """Every declared edge of these facts, and those of copies, schema ``EDGES``, deduplicated and sorted.

    A parent that is a subject of the facts is called as it is there, another by its normal name. A subject
    is never its own parent. Copies of the same weights point to the first of them by name.
    """
    renames = repository_names.renamed(vocabulary or resource_folder("rules") / "vocabulary")
    dataset = pads.dataset(facts) if isinstance(facts, pa.Table) else facts
    artefacts = same_files(dataset)
    subjects = {kind: _Subjects(subject_names(dataset, kind), kind, renames) for kind in _TABLES}
    parts = [_edges_of(dataset, key, subjects, artefacts) for key in _KEYS]
    parts.append(_copies(artefacts))
    return tidy(pa.concat_tables(parts))


def subject_names(dataset: pads.Dataset, kind: str) -> pa.Array:
    """The names of the subjects of one kind, sorted, each once."""
    wanted = (pc.field("kind") == kind) & ~pc.field("key").isin(["gap", "tag", "language", "signal", "clause"])
    found: list[pa.Array] = []
    last = pa.array([], pa.string())
    for batch in dataset.to_batches(columns=["name"], filter=wanted, **LOW_MEMORY_SCAN):
        if batch.num_rows:
            last = batch.column(0).unique()
            found.append(last)
    return _sorted(pa.chunked_array(found, pa.string()).unique())


def _sorted(values: pa.Array) -> pa.Array:
    return values.take(pc.sort_indices(values))


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Which model has which weights file: aligned columns, one row a digest of a file."""

    names: pa.Array
    digests: pa.Array
    shared_part: pa.Array


def same_files(dataset: pads.Dataset) -> Artefacts:
    """The artefacts of models; ``shared_part`` where the file is one that unlike models share."""
    wanted = (pc.field("kind") == "model") & (pc.field("key") == "artefact")
    table = dataset.to_table(["name", "value", "uri"], filter=wanted, **LOW_MEMORY_SCAN).combine_chunks()
    columns = [_array(column) for column in table.columns]
    return Artefacts(columns[0], columns[1], pc.match_substring_regex(columns[2], SHARED_PARTS))


def _array(column: pa.ChunkedArray[Any] | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


class _Subjects:
    """Finds the subject that a written name means."""

    def __init__(self, found: pa.Array, kind: str, renames: repository_names.Renamed) -> None:
        self.names = found
        self.kind = kind
        self.renames = renames
        self.keys = repository_names.keys(found, _TABLES[kind], renames)

    def called(self, written: pa.Array, artefacts: Artefacts) -> pa.Array:
        """The subject's name for each distinct written name, its normal name where no subject is meant."""
        normal = repository_names.normals(written)
        exact = self.names.take(pc.index_in(normal, self.names))
        keys = repository_names.keys(written, _TABLES[self.kind], self.renames)
        by_key = self.names.take(pc.index_in(keys, self.keys))
        # A header may name a file, or the digest of one.
        by_file = _first(normal, artefacts.digests, artefacts.names)
        moved = self._moved(normal)
        return pc.coalesce(exact, by_key, by_file, moved, normal)

    def _moved(self, normal: pa.Array) -> pa.Array:
        """The new name, in its own letter case, of a repository that was renamed."""
        table = getattr(self.renames, _TABLES[self.kind]) | self.renames.files
        at = pc.index_in(pc.utf8_lower(normal), pa.array(list(table), pa.string()))
        return pa.array(list(table.values()), pa.string()).take(at)


def _first(wanted: pa.Array, digests: pa.Array, owners: pa.Array) -> pa.Array:
    """The first owner by name of each digest, null where nobody has it."""
    order = pc.sort_indices(owners)
    return owners.take(order.take(pc.index_in(wanted, digests.take(order))))


def _edges_of(dataset: pads.Dataset, key: str, subjects: dict[str, _Subjects], artefacts: Artefacts) -> pa.Table:
    child_kind, parent_kind, word = _KEYS[key]
    wanted = (pc.field("kind") == child_kind) & (pc.field("key") == key)
    batches = [
        pa.RecordBatch.from_arrays(
            [column.dictionary_encode() for column in batch.columns], ["child", "value", "relation", "source"]
        )
        for batch in dataset.to_batches(
            columns=["name", "value", "relation", "source"], filter=wanted, **LOW_MEMORY_SCAN
        )
        if batch.num_rows
    ]
    if not batches:
        return EDGES_SCHEMA.empty_table()
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    child, value, relation, source = (_array(column) for column in table.columns)
    called = subjects[parent_kind].called(value.dictionary, artefacts)
    if parent_kind == "model":
        called = _by_file(dataset, called)
    parent = pa.DictionaryArray.from_arrays(value.indices, called)
    if word:
        relation = _constant(word, len(child))
    columns = [_constant(child_kind, len(child)), child, _constant(parent_kind, len(child)), parent, relation, source]
    return pa.Table.from_arrays([column.cast(pa.string()) for column in columns], schema=EDGES_SCHEMA)


def _by_file(dataset: pads.Dataset, called: pa.Array) -> pa.Array:
    """Where a name is that of a weights file which one model alone has, and no usual one: that model."""
    is_file = pc.and_(
        pc.match_substring_regex(called, rf"^[^/]+({'|'.join(repository_names.WEIGHTS).replace('.', '[.]')})$"),
        pc.invert(pc.match_substring_regex(called, _USUAL_FILES, ignore_case=True)),
    )
    files = called.filter(is_file)
    if not len(files):
        return called
    wanted = (pc.field("kind") == "model") & (pc.field("key") == "weights_format") & pc.field("relation").isin(files)
    owners = (
        dataset.to_table(["relation", "name"], filter=wanted, **LOW_MEMORY_SCAN)
        .group_by(["relation", "name"])
        .aggregate([])
    )
    single = owners.group_by("relation").aggregate([("name", "count"), ("name", "min")])
    single = single.filter(pc.equal(single["name_count"], 1)).combine_chunks()
    owner = _array(single["name_min"]).take(pc.index_in(called, _array(single["relation"])))
    return pc.coalesce(owner, called)


def _constant(word: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([word]))


def _copies(artefacts: Artefacts) -> pa.Table:
    """An edge from every model to the first by name that has one of its own files."""
    mine = pc.invert(artefacts.shared_part)
    table = pa.table({"digest": artefacts.digests.filter(mine), "name": artefacts.names.filter(mine)})
    firsts = table.group_by("digest").aggregate([("name", "min")])
    joined = table.join(firsts, "digest")
    joined = joined.filter(pc.not_equal(joined["name"], joined["name_min"]))
    rows = joined.num_rows
    columns = [_constant("model", rows), joined["name"], _constant("model", rows), joined["name_min"]]
    columns += [_constant("copy", rows), _constant("weights", rows)]
    return pa.Table.from_arrays([column.cast(pa.string()) for column in columns], schema=EDGES_SCHEMA)


def tidy(table: pa.Table) -> pa.Table:
    """The edges sorted by their columns, each once, without an edge from a subject to itself or to nothing."""
    encoded = [rank(column) for column in table.columns]
    child, parent = table["child"], table["parent"]
    keep = pc.and_(pc.not_equal(parent, ""), pc.or_(pc.not_equal(child, parent), pc.not_equal(table[0], table[2])))
    order = np.flatnonzero(keep.to_numpy())
    columns = [ids[order] for ids, _ in encoded]
    # Ranks are packed into two words: who and whom, then how.
    who = columns[1] * len(encoded[3][1]) + columns[3]
    how = np.zeros(len(who), np.int64)
    for number in (0, 2, 4, 5):
        how = how * len(encoded[number][1]) + columns[number]
    places = np.lexsort((how, who))
    who, how = who[places], how[places]
    new = np.ones(len(who), bool)
    new[1:] = (who[1:] != who[:-1]) | (how[1:] != how[:-1])
    places = places[new]
    return pa.Table.from_arrays(
        [words.take(pa.array(ids[places])) for (_, words), ids in zip(encoded, columns, strict=True)],
        schema=EDGES_SCHEMA,
    )


def rank(column: pa.ChunkedArray[Any] | pa.Array) -> tuple[Ids, pa.Array]:
    """Every value's place among the sorted distinct values, and those values."""
    encoded = _array(column.dictionary_encode()) if isinstance(column, pa.Array) else _unified(column)
    words = encoded.dictionary
    order = pc.sort_indices(words).to_numpy()
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places[encoded.indices.to_numpy()], words.take(pa.array(order))


def _unified(column: pa.ChunkedArray[Any]) -> pa.DictionaryArray:
    return _array(column.dictionary_encode().unify_dictionaries())
