"""``auditor deindex``: build lists for a recipient, and verify, use and export received lists."""

from __future__ import annotations

from auditor.cli.deindex import export, lists, receipts
from auditor.cli.deindex.group import command

__all__ = ["command", "export", "lists", "receipts"]
