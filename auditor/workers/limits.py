"""What worker processes may use: cores, threads and memory."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

# Memory that the workers may allocate together, of what the machine or the control group has: the rest is for the
# main process and for the pages of lists.
WORKERS_SHARE = 0.8
# No worker may allocate more, and each may allocate this much: the largest picture that is decoded takes some 400 MB.
# RLIMIT_DATA does not count shared mappings of files, so lists may be larger.
MAX_WORKER_BYTES = 8 * 1024**3
MIN_WORKER_BYTES = 512 * 1024**2
# There is a worker for every core already: threads of BLAS and of Arrow would only get in each other's way.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

# Of glibc (man 3 mallopt): M_TRIM_THRESHOLD, and M_MMAP_THRESHOLD at its most. A decoded picture takes some megabytes.
_KEPT_MEMORY = {-1: 1 << 27, -3: 1 << 25}
_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_OWN_CONTROL_GROUPS = Path("/proc/self/cgroup")


def available_cores() -> int:
    """Return the limit of cores: the number that worker processes may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads() -> None:
    """Limit libraries that a worker loads from now on to one thread, unless the environment says otherwise."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")


def keep_freed_memory() -> None:
    """Have the allocator of Linux keep freed memory for the next picture, within limits.

    Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_``, by which memory goes back at once: each picture is then
    decoded into fresh pages, which takes as long as decoding it. A local worker of our own needs nothing.
    """
    if sys.platform != "linux":
        return
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):  # musl has none
        for option, size in _KEPT_MEMORY.items():
            mallopt(option, size)


def worker_memory(workers: int) -> int:
    """Return the bytes that each of so many workers may allocate: its part of the memory, within fixed limits."""
    share = int(available_memory() * WORKERS_SHARE) // max(1, workers)
    return min(MAX_WORKER_BYTES, max(MIN_WORKER_BYTES, share))


def available_memory() -> int:
    """Return the limit of memory: that of the machine, or of this process's control group where it has fewer."""
    limits = list(_control_group_limits(_CONTROL_GROUPS, _OWN_CONTROL_GROUPS))
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=MAX_WORKER_BYTES)


def _control_group_limits(root: Path, own: Path) -> list[int]:
    """Return the memory limits of a process's control groups and of those above them, of version 1 and 2.

    Args:
        root: Where the file system of control groups is mounted.
        own: The file that names the groups of the process, as ``/proc/self/cgroup`` (man 7 cgroups).
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container the path may be that of the host, which does not exist there: its own group is the top.
        group = top / path.lstrip("/")
        for folder in (group, *group.parents[: len(group.parts) - len(top.parts)]):
            try:
                text = (folder / name).read_text(encoding="ascii").strip()
            except OSError:
                continue
            if text.isdigit():  # else "max"
                limits.append(int(text))
    return limits


def limit_memory(allowed: int) -> None:
    """Limit what this worker process may allocate from now on, in bytes, on Linux."""
    if sys.platform == "linux":
        import resource

        pages_of_data = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
        allowed += pages_of_data * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(
            resource.RLIMIT_DATA, (allowed if hard == resource.RLIM_INFINITY else min(allowed, hard), hard)
        )


def limit_core_dumps() -> None:
    """Limit what this worker process leaves behind: one that crashes writes no core dump of what it was reading."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
