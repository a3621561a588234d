"""Packs of small finished shards: the files of some hundreds become one of each kind, so that large runs stay small.

A pack is a shard like any other for whoever reads the run: its tally is the sum of theirs. It also keeps the tally of
each, and which rows are its own, so that a run that goes on, or a later one, can take over one of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.model import Tally
from auditor.pipeline.run_folder import SHARD_FOLDERS, SHARDS, errors_name_run, write_json
from auditor.pipeline.tally_files import tally_from_json, tally_to_json

if TYPE_CHECKING:
    import pyarrow as pa

# Shards that become one pack. A run with fewer keeps them as they are.
PACK_SHARDS = 512


@dataclass
class ShardPacker:
    """Packs the finished shards of a run's folder as they come.

    Attributes:
        folder: The run's folder.
        size: How many shards become one pack.
        finished: The ids of the run's finished shards, in which a pack takes the place of those that are in it.
    """

    folder: Path
    size: int = PACK_SHARDS
    finished: set[str] = field(default_factory=set)
    _waiting: dict[str, tuple[Tally, Mapping[str, pa.Table]] | None] = field(default_factory=dict)
    _number: int = -1

    def add(self, name: str) -> None:
        """Add a finished shard whose files lie in the run's folder."""
        self._waiting[name] = None
        self._pack_if_full()

    def add_tables(self, name: str, tally: Tally, tables: Mapping[str, pa.Table]) -> None:
        """Add a shard that was taken over: its tally, and its rows by the folder of the run that they belong to."""
        self._waiting[name] = tally, tables
        self._pack_if_full()

    def finish(self) -> None:
        """Write the files of shards that were taken over and are too few for a pack."""
        for name, held in self._waiting.items():
            if held:
                tally, tables = held
                for folder, table in tables.items():
                    self._write(folder, name, table)
                write_json(self._json(name), {"fingerprint": "", "lost": False} | tally_to_json(tally))
        self._waiting.clear()

    def _pack_if_full(self) -> None:
        """Write a pack once there are enough shards; those that a later run reads again stay as they are."""
        if len(self._waiting) < self.size:
            return
        import pyarrow as pa

        held = {name: kept or self._read(name) for name, kept in self._waiting.items()}
        shards = {name: kept for name, kept in held.items() if kept}
        self._waiting.clear()
        if self._number < 0:
            numbers = [int(path.stem[1:]) for path in (self.folder / SHARDS).glob("k*.json")]
            self._number = max(numbers, default=-1)
        self._number += 1
        pack = f"k{self._number:06}"
        rows: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in shards}
        with errors_name_run(self.folder):
            for folder in SHARD_FOLDERS:
                start, tables = 0, []
                for name, (_, kept) in shards.items():
                    if folder in kept:
                        tables.append(kept[folder])
                        rows[name][folder] = start, kept[folder].num_rows
                        start += kept[folder].num_rows
                if tables:
                    self._write(folder, pack, pa.concat_tables(tables))
            total = reduce(add, (tally for tally, _ in shards.values()), Tally())
            contents = {
                name: {"tally": tally_to_json(tally), "rows": rows[name]} for name, (tally, _) in shards.items()
            }
            write_json(self._json(pack), {"fingerprint": "", "lost": False, "packed": contents} | tally_to_json(total))
            for name in shards:  # the pack is there: a crash from here on leaves them twice, and the next run reads one
                self._json(name).unlink(missing_ok=True)
                for folder in SHARD_FOLDERS:
                    (self.folder / folder / f"{name}.parquet").unlink(missing_ok=True)
        self.finished.difference_update(shards)
        self.finished.add(pack)

    def _read(self, name: str) -> tuple[Tally, Mapping[str, pa.Table]] | None:
        """Return the tally and the rows of a shard in the run's folder; None for one that a later run reads again."""
        content = json.loads(self._json(name).read_bytes())
        return None if content["lost"] else (tally_from_json(content), read_shard_tables(self.folder, name))

    def _write(self, folder: str, name: str, table: pa.Table) -> None:
        """Write a file of a shard or pack."""
        import pyarrow.parquet as pq

        path = self.folder / folder / f"{name}.parquet"
        part = path.with_suffix(".parquet.part")
        pq.write_table(table, part)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)

    def _json(self, name: str) -> Path:
        """Return where the tally of a shard or pack lies."""
        return self.folder / SHARDS / f"{name}.json"


def read_shard_tables(run: Path, name: str) -> dict[str, pa.Table]:
    """Return the rows of a shard or pack, by the folder of the run that they belong to."""
    import pyarrow.parquet as pq

    paths = {folder: run / folder / f"{name}.parquet" for folder in SHARD_FOLDERS}
    # One by one and not as a data set: that keeps what it learns of each file.
    return {folder: pq.ParquetFile(path).read() for folder, path in paths.items() if path.exists()}


def slice_shard(pack: Mapping[str, pa.Table], content: Mapping[str, Any]) -> tuple[Tally, dict[str, pa.Table]]:
    """Return the tally and the rows of one shard of a pack.

    Args:
        pack: The rows of the pack.
        content: What the pack's file says of the shard.
    """
    tables = {folder: pack[folder].slice(start, number) for folder, (start, number) in content["rows"].items()}
    return tally_from_json(content["tally"]), tables
