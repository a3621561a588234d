"""What every worker needs, imported once in the server that workers are forked from."""

from __future__ import annotations

import os

from auditor.workers import pool, without_pandas

for name in pool.THREADS:
    os.environ.setdefault(name, "1")
without_pandas.keep_out()

import pyarrow.dataset  # noqa: E402
import pyarrow.parquet  # noqa: E402, F401

import auditor.facts  # noqa: E402
import auditor.pipeline.evaluate  # noqa: E402
import auditor.pipeline.scan_shard  # noqa: E402
import auditor.policy.evaluate  # noqa: E402
import auditor.terms.derive  # noqa: E402, F401
from auditor.readers import readers  # noqa: E402

readers()
