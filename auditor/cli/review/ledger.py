"""Commands that create, verify, export and restore the ledger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    pass
from auditor.cli.review.group import command
from auditor.cli.review.options import (
    ledger_option,
    open_ledger,
    output_option,
    reviewer_option,
    why_option,
    write_output,
)


@command.command(epilog="Example: auditor review init --ledger /srv/ledger")
@ledger_option
def init(folder: Path) -> None:
    """Make a ledger and its signing key. Keep copies of the key and of checkpoints elsewhere."""
    from auditor.review import Ledger

    with Ledger.create(folder) as ledger:
        click.echo(f"{folder}: a new ledger, {ledger.origin}; back up {folder / 'signing.key'}")


@command.command(
    epilog="""\b
Examples:
  auditor review reviewers
  auditor review reviewers add heron --person "A. Person\""""
)
@click.argument("what", type=click.Choice(["list", "add"]), default="list")
@click.argument("pseudonym", default="")
@click.option("--person", default="", metavar="NAME", help="Who it is; never in the ledger.")
@ledger_option
def reviewers(what: str, pseudonym: str, person: str, folder: Path) -> None:
    """The reviewers' pseudonyms; add one. Who may write to this folder decides who can act as whom."""
    from auditor.review import reviewers

    open_ledger(folder).close()
    if what == "add":
        reviewers.add_reviewer(folder, pseudonym, person)
    click.echo("".join(f"{name}\n" for name in reviewers.read_reviewers(folder)), nl=False)


@command.command(
    epilog="""\b
Examples:
  auditor review verify
  auditor review verify --earlier checkpoint-2026-11.txt    has it been cut short or rewritten since?

Exit code 2 where it is not whole."""
)
@click.option(
    "--earlier", type=click.File(encoding="utf-8"), help="A checkpoint that was kept elsewhere (see `checkpoint`)."
)
@ledger_option
def verify(earlier: Any, folder: Path) -> None:
    """Prove the whole ledger again: every entry, hash, signature and rule; tell where it breaks."""
    from auditor.review.verify_ledger import verify_ledger

    with open_ledger(folder) as ledger:
        proof = verify_ledger(ledger, earlier=earlier.read() if earlier else "")
    for fault in proof.faults:
        click.echo(str(fault))
    if proof.faults:
        click.echo(f"{folder}: is not whole; restore it from an export", err=True)
        sys.exit(2)
    click.echo(f"{folder}: {proof.size:,} events of {proof.cases:,} cases are whole; Merkle root {proof.root.hex()}")


@command.command(epilog="Example: auditor review checkpoint -o checkpoint.txt")
@output_option
@ledger_option
def checkpoint(folder: Path, output: Path | None) -> None:
    """The last signed checkpoint: keep copies where whoever can change the ledger cannot."""
    with open_ledger(folder) as ledger:
        write_output(ledger.checkpoint_note(), output)


@command.command(epilog="Example: auditor review export backup.jsonl")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@ledger_option
def export(file: Any, folder: Path) -> None:
    """Write the ledger as JSON lines: confidential, names and opinions included."""
    from auditor.review.ledger_export import export_ledger

    with open_ledger(folder) as ledger:
        click.echo(f"{export_ledger(ledger, file):,} events", err=True)


@command.command(epilog="Example: auditor review restore backup.jsonl --ledger restored/")
@click.argument("file", type=click.File(encoding="utf-8"))
@ledger_option
def restore(file: Any, folder: Path) -> None:
    """Restore a ledger from an export, into a folder that has none, if every entry of it is whole."""
    from auditor.review.ledger_export import restore_ledger

    with restore_ledger(file, folder) as ledger:
        click.echo(f"{folder}: {ledger.size:,} events are whole; put signing.key there to go on recording")


@command.command(epilog='Example: auditor review clock --as heron --why "The machine was a year ahead"')
@reviewer_option
@why_option
@ledger_option
def clock(reviewer: str, why: str, folder: Path) -> None:
    """Record that the clock was wrong before: without this, time never goes back in a ledger."""
    with open_ledger(folder) as ledger:
        ledger.correct_clock(reviewer, why=why)
