"""The files in which a run keeps the tallies of its finished shards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auditor.errors import RunError
from auditor.model import Comparison, Count, Tally
from auditor.pipeline.run_folder import SHARDS
from auditor.pipeline.shard import Shard


def finished_tally(folder: Path, shard: Shard) -> Tally | None:
    """Return the tally of a shard that was finished before, if its files are still the same, else None.

    A shard that was lost with its worker is not finished.
    """
    path = folder / SHARDS / f"{shard.id}.json"
    try:
        content = json.loads(path.read_bytes())
        is_finished = content["fingerprint"] == shard.fingerprint and not content["lost"]
        return read_tally(path) if is_finished else None
    except (OSError, ValueError, KeyError, TypeError, RunError):
        return None  # not there, or damaged: the shard is read again


def read_tally(path: Path) -> Tally:
    """Return the tally of a finished shard. Raises :class:`RunError` if it is damaged."""
    try:
        return tally_from_json(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: is damaged; delete it and run the scan again with the same --out") from error


def tally_from_json(content: Mapping[str, Any]) -> Tally:
    """Return the tally that JSON holds. Raises KeyError or TypeError for other content."""
    counts = (Count(**content["files"]), Count(**content["samples"]))
    comparisons = {Comparison(*key): number for *key, number in content["comparisons"]}
    return Tally(
        *counts, content["reasons"], content["coverage"], content["compared"], comparisons, content.get("drawn", {})
    )


def tally_to_json(tally: Tally) -> dict[str, Any]:
    """Return a tally as :func:`tally_from_json` reads it."""
    return asdict(tally) | {"comparisons": [[*key, number] for key, number in sorted(tally.comparisons.items())]}
