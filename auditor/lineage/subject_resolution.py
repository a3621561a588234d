"""Resolve a model or dataset name in a card or header to the subject of the run that has this name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import LOW_MEMORY_SCAN
from auditor.lineage import repository_names
from auditor.lineage.artefacts import Artefacts
from auditor.lineage.string_ids import to_contiguous_array
from auditor.policy.vocabulary_tables import RenamedRepositories
from auditor.syntax.repository_name_parsing import WEIGHTS_SUFFIXES

# File names of weights that thousands of models have: such a name identifies no model.
_COMMON_FILE_NAMES = r"^(model|pytorch_model|adapter_model|diffusion_pytorch_model|pytorch_lora_weights|consolidated)\b"
# Keys that never appear alone, so that skipping their rows loses no subject; there are many of them.
_KEYS_TO_SKIP = ("gap", "tag", "language", "signal", "clause")
# The table of renamed repositories for each kind of subject.
RENAME_TABLES: Mapping[str, Literal["models", "datasets"]] = {"model": "models", "dataset": "datasets"}


def list_subject_names(facts: pads.Dataset, kind: str) -> pa.Array:
    """Return the names of all subjects of one kind, by which names are resolved, sorted and distinct."""
    wanted = (pc.field("kind") == kind) & ~pc.field("key").isin(_KEYS_TO_SKIP)
    batches = facts.to_batches(columns=["name"], filter=wanted, **LOW_MEMORY_SCAN)
    found = [batch.column(0).unique() for batch in batches if batch.num_rows]
    names = pa.chunked_array(found, pa.string()).unique()
    return names.take(pc.sort_indices(names))


class SubjectResolver:
    """Finds the subject of one kind that a written name means."""

    def __init__(self, names: pa.Array, kind: str, renames: RenamedRepositories) -> None:
        self.names = names
        self.kind = kind
        self.renames = renames
        self.keys = repository_names.join_keys(names, RENAME_TABLES[kind], renames)

    def resolve(self, written: pa.Array, artefacts: Artefacts) -> pa.Array:
        """Return the subject's name for each written name.

        Where it means none: the new name of a renamed repository, or else the normalised name.
        """
        normal = repository_names.normalize_names(written)
        bare = repository_names.without_local_mark(normal)
        exact = self.names.take(pc.index_in(bare, self.names))
        keys = repository_names.join_keys(written, RENAME_TABLES[self.kind], self.renames)
        by_key = self.names.take(pc.index_in(keys, self.keys))
        # A header may name its base by the digest of a file.
        by_digest = _first_owner(normal, artefacts)
        return pc.coalesce(exact, by_key, by_digest, self._renamed(bare), normal)

    def _renamed(self, normal: pa.Array) -> pa.Array:
        """Return the new name, in its own letter case, of each repository that was renamed; null for others."""
        table = getattr(self.renames, RENAME_TABLES[self.kind]) | self.renames.files
        at = pc.index_in(pc.utf8_lower(normal), pa.array(list(table), pa.string()))
        return pa.array(list(table.values()), pa.string()).take(at)


def _first_owner(digests: pa.Array, artefacts: Artefacts) -> pa.Array:
    """Resolve each digest to the first model in order of name with such a file; null where no model has one."""
    order = pc.sort_indices(artefacts.names)
    return artefacts.names.take(order.take(pc.index_in(digests, artefacts.digests.take(order))))


def resolve_file_names(facts: pads.Dataset, names: pa.Array) -> pa.Array:
    """Resolve each name that is an uncommon weights file of exactly one model to that model's name."""
    is_file = pc.and_(
        pc.match_substring_regex(names, rf"^[^/]+({'|'.join(WEIGHTS_SUFFIXES).replace('.', '[.]')})$"),
        pc.invert(pc.match_substring_regex(names, _COMMON_FILE_NAMES, ignore_case=True)),
    )
    files = names.filter(is_file)
    if not len(files):
        return names
    wanted = (pc.field("kind") == "model") & (pc.field("key") == "weights_format") & pc.field("relation").isin(files)
    owners = (
        facts.to_table(["relation", "name"], filter=wanted, **LOW_MEMORY_SCAN)
        .group_by(["relation", "name"])
        .aggregate([])
    )
    single = owners.group_by("relation").aggregate([("name", "count"), ("name", "min")])
    single = single.filter(pc.equal(single["name_count"], 1)).combine_chunks()
    owner = to_contiguous_array(single["name_min"]).take(pc.index_in(names, to_contiguous_array(single["relation"])))
    return pc.coalesce(owner, names)
