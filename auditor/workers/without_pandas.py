"""Keeps pandas out of this program's own processes: where it is installed, Arrow loads it with the first array.

That takes 0.2 s a process, for conversions that nothing here makes. A script that imports auditor keeps its pandas.
"""

from __future__ import annotations

import sys


class _Without:
    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError("pandas is not used here")


def keep_out() -> None:
    """From now on this process has no pandas, unless it is loaded already."""
    if not kept_out():
        sys.meta_path.insert(0, _Without)


def kept_out() -> bool:
    """Is this process the program's own, in which :func:`keep_out` was called?"""
    return _Without in sys.meta_path
