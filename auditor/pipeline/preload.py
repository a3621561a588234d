"""Import what every worker of a scan needs, once, in the server that workers are forked from."""

from __future__ import annotations

from contextlib import suppress

from auditor.workers.limits import limit_threads
from auditor.workers.without_pandas import block_pandas

limit_threads()
block_pandas()

import pyarrow.dataset  # noqa: E402
import pyarrow.parquet  # noqa: E402, F401

import auditor.facts  # noqa: E402
import auditor.pipeline.evaluate_runs  # noqa: E402
import auditor.pipeline.scan_shard  # noqa: E402
import auditor.policy.evaluate_rules  # noqa: E402
import auditor.terms.derive_subjects  # noqa: E402, F401
from auditor.errors import ExtensionError  # noqa: E402
from auditor.readers import readers  # noqa: E402

with suppress(ExtensionError):  # the worker that needs the readers raises it, and its message reaches the user
    readers()
