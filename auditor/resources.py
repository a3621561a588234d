"""Finds ``rules/`` and ``reports/schema/``: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import RuleError


def resource(name: str) -> Path:
    """The folder ``rules`` or ``reports/schema`` (or another the wheel carries)."""
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / name).is_dir():
            return root / name
    raise RuleError(f"{package}: this installation has no {name}/ folder; install auditor again")
