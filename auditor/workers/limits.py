"""What worker processes may use: cores, threads and memory."""

from __future__ import annotations

import os
import sys

# Memory that a worker may allocate. RLIMIT_DATA does not count shared mappings of files, so lists may be larger.
MEMORY_BYTES = 8 * 1024**3
# There is a worker for every core already: threads of BLAS and of Arrow would only get in each other's way.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def available_cores() -> int:
    """Return the number of cores that worker processes may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads() -> None:
    """Limit libraries that a worker loads from now on to one thread, unless the environment says otherwise."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")


def limit_memory() -> None:
    """Limit what a worker process may allocate to :data:`MEMORY_BYTES`, on Linux."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
