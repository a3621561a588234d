"""``auditor deindex``: build lists for a recipient, and fetch, verify, use and export received lists."""

from __future__ import annotations

from auditor.cli.deindex import export, fetch, lists, receipts
from auditor.cli.deindex.group import command

__all__ = ["command", "export", "fetch", "lists", "receipts"]
