"""Finds what is not code: ``rules/`` and ``reports/schema/``, and the place for the program's own files."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.errors import RuleError


def resource_folder(name: str) -> Path:
    """The folder ``rules`` or ``reports/schema`` (or another the wheel carries)."""
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / name).is_dir():
            return root / name
    raise RuleError(f"{package}: this installation has no {name}/ folder; install auditor again")


def user_data_folder() -> Path:
    """Where lists, keys and the ledger are kept: ``$AUDITOR_HOME``, or the system's place for a program's files."""
    import click

    return Path(os.environ.get("AUDITOR_HOME") or click.get_app_dir("auditor"))
