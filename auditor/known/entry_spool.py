"""Store entries on disk while a list is compiled, so that they need not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.known import exact_index
from auditor.known.entries import Entries
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS

# The columns of an entry that are kept in addition to its value.
ROW_SCHEMA = pa.schema([(name, pa.string()) for name in ("ids", "classification", "series", "contributor", "feedback")])
_TEXT_ROW_SCHEMA = ROW_SCHEMA.append(pa.field("value", pa.string()))


class EntrySpool:
    """One algorithm's entries on disk, in the order added: digests in one file, the other columns in another.

    Attributes:
        algorithm: The entries' algorithm.
        is_text: The values are strings, not digests.
        values_only: No column but the value holds anything.
        count: The number of entries.
    """

    def __init__(self, folder: Path, algorithm: str) -> None:
        """Open empty spool files for the entries of one algorithm."""
        self.algorithm = algorithm
        self.is_text = algorithm in TEXT_SIGNALS
        self.values_only = not self.is_text
        self.count = 0
        self._values_path = folder / f"{algorithm}.spool"
        self._columns_path = folder / f"{algorithm}.columns"
        self._values_file = self._values_path.open("wb")
        self._columns_writer = pa.ipc.new_file(
            self._columns_path,
            _TEXT_ROW_SCHEMA if self.is_text else ROW_SCHEMA,
            options=pa.ipc.IpcWriteOptions(compression="lz4"),
        )

    def add(self, entries: Entries) -> None:
        """Append entries of the spool's algorithm."""
        columns = [getattr(entries, name) for name in ROW_SCHEMA.names]
        empty = all(column is None or column.null_count == len(column) for column in columns)
        self.values_only = self.values_only and empty
        self.count += len(entries)
        arrays = [pa.nulls(len(entries), pa.string()) if column is None else column for column in columns]
        if self.is_text:
            self._columns_writer.write_batch(pa.record_batch([*arrays, entries.values], schema=_TEXT_ROW_SCHEMA))
        else:
            self._values_file.write(exact_index.digest_rows(entries.values).data)
            self._columns_writer.write_batch(pa.record_batch(arrays, schema=ROW_SCHEMA))

    def close(self) -> None:
        """End writing; only then can the spool be read."""
        self._values_file.close()
        self._columns_writer.close()

    def batches(self) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        """Yield the values and the other columns, batch by batch, in the order added."""
        width = DIGEST_BYTES.get(self.algorithm, 0)
        values = None if self.is_text else np.memmap(self._values_path, np.uint8, "r")
        start = 0
        with pa.memory_map(str(self._columns_path)) as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                if values is None:
                    yield batch.column("value"), batch.select(ROW_SCHEMA.names)
                else:
                    data = pa.py_buffer(values[start * width : (start + len(batch)) * width])
                    yield pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(batch), [None, data]), batch
                start += len(batch)

    def take(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the values of these rows; texts as large strings."""
        if self.is_text:
            texts = [values for values, _ in self.batches()]
            return pa.concat_arrays(texts).cast(pa.large_string()).take(pa.array(rows))
        width = DIGEST_BYTES[self.algorithm]
        values = np.memmap(self._values_path, np.uint8, "r").reshape(-1, width)[rows]
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(values), [None, pa.py_buffer(values)])

    def remove(self) -> None:
        """Delete the spool's files."""
        self._values_path.unlink()
        self._columns_path.unlink()
