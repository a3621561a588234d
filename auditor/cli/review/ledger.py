"""Commands that create, verify, export and restore the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import (
    ledger_option,
    open_ledger,
    open_ledger_unverified,
    reviewer_option,
    why_option,
)


@command.command(epilog="Example: auditor review init --ledger /srv/ledger")
@ledger_option
def init(folder: Path) -> None:
    """Create a ledger and its signing key. Keep copies of the key and of checkpoints elsewhere."""
    from auditor.review import Ledger

    with Ledger.create(folder) as ledger:
        click.echo(f"{folder}: a new ledger, {ledger.origin}; back up {folder / 'signing.key'}")


@command.command(epilog="Example: auditor review export backup.jsonl")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@ledger_option
def export(file: Any, folder: Path) -> None:
    """Export the ledger as JSON lines. The file is confidential: it includes names and opinions."""
    from auditor.review.ledger_export import export_ledger

    with open_ledger(folder) as ledger:
        click.echo(f"{export_ledger(ledger, file):,} events", err=True)


@command.command(epilog="Example: auditor review restore backup.jsonl --ledger restored/")
@click.argument("file", type=click.File(encoding="utf-8"))
@ledger_option
def restore(file: Any, folder: Path) -> None:
    """Restore a ledger from an export into a folder without one, if every entry is valid."""
    from auditor.review.ledger_export import restore_ledger

    with restore_ledger(file, folder) as ledger:
        click.echo(f"{folder}: {ledger.size:,} events are intact; put signing.key there to continue recording")


@command.command(epilog='Example: auditor review clock --as heron --why "The machine was a year ahead"')
@reviewer_option
@why_option
@ledger_option
def clock(reviewer: str, why: str, folder: Path) -> None:
    """Record that the clock was wrong earlier. Otherwise the time of a ledger never goes back."""
    with open_ledger_unverified(folder) as ledger:
        ledger.correct_clock(reviewer, why=why)
