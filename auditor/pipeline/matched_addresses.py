"""The matched samples of a finished run, and the addresses that its targets state for them, read anew.

A run keeps no addresses. They are read from the same rows of the same files again, when a report needs them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.blob import Blob
from auditor.drawn_sample import DrawnSample, unit_keys
from auditor.errors import Unreadable
from auditor.hashing.thorough_variants import is_thorough
from auditor.known.quarantine import quarantine_entries
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline.read_members import read_with_members
from auditor.pipeline.run_folder import HITS, read_run
from auditor.pipeline.target_files import list_files, split_targets
from auditor.readers import HEAD_BYTES, reader_name
from auditor.samples import HITS_SCHEMA, Samples


def read_matches(run: Path, meaning: str, samples: int) -> pa.Table:
    """Return the matches of a run with lists of one declared meaning, in the order of their places.

    Args:
        run: The run's folder.
        meaning: What the lists mean, such as ``csam``.
        samples: How many samples the run read, by which an entry that matches too much is told.

    Returns:
        Rows of HITS_SCHEMA, with a column ``key`` (uint64, of the sample's unit) and ``is_lead`` (a match of a thorough
        variant alone).
    """
    files = sorted(map(str, (run / HITS).glob("*.parquet")))
    hits = pads.dataset(files, schema=HITS_SCHEMA, format="parquet").to_table() if files else HITS_SCHEMA.empty_table()
    hits = hits.filter(pc.equal(hits["means"], meaning))
    _, quarantined = quarantine_entries(hits, samples)
    believed = np.ones(hits.num_rows, np.bool_)
    believed[quarantined] = False
    hits = hits.filter(pa.array(believed)).sort_by([(name, "ascending") for name in ("place", "row", "sample", "list")])
    leads = pa.array([is_thorough(variant or "") for variant in hits["variant"].to_pylist()], pa.bool_())
    return hits.append_column("key", pa.array(unit_keys(hits))).append_column("is_lead", leads)


def find_addresses(run: Path, matches: pa.Table) -> Mapping[int, str]:
    """Return the address that the targets state for each matched sample, by its key; those without one are left out.

    Args:
        run: The run's folder; its targets must still be there.
        matches: The matches, as :func:`read_matches` returns them.
    """
    local, _ = split_targets(read_run(run)["roots"])
    wanted = {place.partition("!/")[0] for place in pc.unique(matches["place"]).to_pylist()}
    keys = np.unique(matches["key"].to_numpy())
    found: dict[int, str] = {}
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        empty = np.empty(0, np.int64)
        drawn = DrawnSample.write(
            Path(folder), keys, np.zeros(len(keys), np.int16), np.empty(0, np.uint64), empty, empty
        )
        options = ReadOptions(frozenset({"url"}), drawn=drawn)
        for file in list_files(local, run):
            if isinstance(file, Blob) and file.uri in wanted:
                found |= _addresses_in(file, options, drawn)
    return found


def _addresses_in(file: Blob, options: ReadOptions, drawn: DrawnSample) -> dict[int, str]:
    """Return the addresses of matched samples in one file, by their keys; none of a file that cannot be read now."""
    found: dict[int, str] = {}
    try:
        name = reader_name(file, file.head(HEAD_BYTES))
        for item in read_with_members(name, [file], options) if name else ():
            if isinstance(item, Samples):
                keys = unit_keys(item.batch)
                stated = item.batch["url"].is_valid().to_numpy(zero_copy_only=False) & (drawn.strata_of(keys) >= 0)
                urls = item.batch["url"].filter(pa.array(stated)).to_pylist()
                for key, url in zip(keys[stated].tolist(), urls, strict=True):
                    found.setdefault(key, url)
    except (Unreadable, OSError):
        return found
    return found
