"""What every worker needs, imported once in the server that workers are forked from; see :mod:`auditor.engines`."""

from __future__ import annotations

import os

from auditor import engines, without_pandas

for name in engines.THREADS:
    os.environ.setdefault(name, "1")
without_pandas.keep_out()

import pyarrow.dataset  # noqa: E402
import pyarrow.parquet  # noqa: E402, F401

import auditor.facts  # noqa: E402
import auditor.judging  # noqa: E402
import auditor.policy  # noqa: E402
import auditor.scan  # noqa: E402
import auditor.terms.derive  # noqa: E402, F401
from auditor.readers import readers  # noqa: E402

readers()
