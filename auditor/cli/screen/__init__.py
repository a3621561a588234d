"""``auditor screen``: screen single pictures against lists, from files or as a service."""

from __future__ import annotations

from auditor.cli.screen import files, serve
from auditor.cli.screen.group import command

__all__ = ["command", "files", "serve"]
