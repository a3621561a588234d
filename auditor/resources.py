"""Find the folders that are not code: ``rules/``, ``reports/schema/``, and the user's folder for this program."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.errors import RuleError


def resource_folder(name: str) -> Path:
    """Return the folder ``rules`` or ``reports/schema``, beside the package in a checkout, else inside it.

    Raises:
        RuleError: The installation has no such folder.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / name).is_dir():
            return root / name
    raise RuleError(f"{package}: this installation has no {name}/ folder; install auditor again")


def user_state_folder() -> Path:
    """Return the folder of runs that are given no other: ``$AUDITOR_HOME``, or the system's for a program's state."""
    if home := os.environ.get("AUDITOR_HOME"):
        return Path(home)
    import platformdirs

    return platformdirs.user_state_path("auditor", appauthor=False)


def user_data_folder() -> Path:
    """Return the folder of lists, keys and the ledger: ``$AUDITOR_HOME``, or the system's for a program's files."""
    import click

    return Path(os.environ.get("AUDITOR_HOME") or click.get_app_dir("auditor"))
