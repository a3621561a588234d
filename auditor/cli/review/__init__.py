"""``auditor review``: people decide cases, and a ledger records what they did."""

from __future__ import annotations

from auditor.cli.review import calendar, cases, checkpoints, decisions, groups, ledger, reporting, reviewers, serve
from auditor.cli.review.group import command

__all__ = [
    "calendar",
    "cases",
    "checkpoints",
    "command",
    "decisions",
    "groups",
    "ledger",
    "reporting",
    "reviewers",
    "serve",
]
