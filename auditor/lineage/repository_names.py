"""Normalise columns of names of models and datasets, so that different spellings of one name compare equal."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy.vocabulary_tables import RenamedRepositories
from auditor.syntax.repository_name_parsing import COMMON_FOLDERS, normalize_name

_NORMAL_NAME = r"^[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)?$"


def normalize_names(written: pa.Array) -> pa.Array:
    """Normalise every name of an array of repositories; only unusual ones are handled one by one."""
    is_normal = pc.and_(pc.match_substring_regex(written, _NORMAL_NAME), pc.invert(pc.starts_with(written, "models/")))
    is_normal = pc.and_(is_normal, pc.invert(pc.starts_with(written, "datasets/")))
    is_normal = pc.and_(is_normal, pc.invert(pc.ends_with(written, ".git")))
    is_normal = pc.and_(
        is_normal, pc.invert(pc.match_substring_regex(written, rf"^(?:{COMMON_FOLDERS})$", ignore_case=True))
    )
    unusual = np.flatnonzero(~is_normal.to_numpy(zero_copy_only=False))
    if not len(unusual):
        return written
    places = pa.array(unusual)
    replaced = pa.array([normalize_name(name) for name in written.take(places).to_pylist()], pa.string())
    return pc.replace_with_mask(written, pc.invert(is_normal), replaced)


def without_local_mark(normal: pa.Array) -> pa.Array:
    """Return normalised repository names without ``local:``, except of folders that many machines have."""
    is_own = pc.and_(
        pc.starts_with(normal, "local:"),
        pc.invert(pc.match_substring_regex(normal, rf"^local:(?:.*/)?(?:{COMMON_FOLDERS})$", ignore_case=True)),
    )
    return pc.if_else(is_own, pc.replace_substring_regex(normal, "^local:", ""), normal)


def join_keys(written: pa.Array, kind: Literal["models", "datasets"], renames: RenamedRepositories) -> pa.Array:
    """Return the keys by which repository names are joined: normalised, with renamed ones replaced, in lower case."""
    lowered = pc.utf8_lower(without_local_mark(normalize_names(written)))
    for table in (renames.models if kind == "models" else renames.datasets, renames.files):
        if not table:
            continue
        at = pc.index_in(lowered, pa.array(list(table), pa.string()))
        moved = pc.utf8_lower(pa.array(list(table.values()), pa.string())).take(at)
        lowered = pc.coalesce(moved, lowered)
    return lowered
