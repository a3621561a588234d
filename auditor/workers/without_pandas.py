"""Keep pandas out of the program's own processes: where it is installed, Arrow loads it with the first array.

That takes 0.2 s per process, for conversions that nothing here makes. A script that imports auditor keeps its pandas.
"""

from __future__ import annotations

import sys


class _PandasBlocker:
    """An import finder that finds no pandas."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raise ImportError for an import of pandas."""
        if name == "pandas":
            raise ImportError("pandas is not used here")


def block_pandas() -> None:
    """Keep pandas out: make every import of it in this process fail from now on, unless it is loaded already."""
    if not is_pandas_blocked():
        sys.meta_path.insert(0, _PandasBlocker)


def is_pandas_blocked() -> bool:
    """Return whether :func:`block_pandas` was called: then this process is the program's own."""
    return _PandasBlocker in sys.meta_path
