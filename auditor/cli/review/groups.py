"""Command that lists groups of cases that are open for the same reason."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import json_option, ledger_option, open_ledger
from auditor.printable import printable


@command.command(
    epilog="""\b
Examples:
  auditor review groups
  auditor review groups --kind dataset --ground exposed
  auditor review list --group exposed:dataset:northlight/scenes

A case can be in several groups. Cases that are decided are in none."""
)
@click.option("--ground", type=click.Choice(["linked", "exposed"]), help="Only groups of cases with this ground.")
@click.option("--kind", type=click.Choice(["dataset", "list", "parent"]), help="Only cases that share this.")
@json_option
@ledger_option
def groups(ground: str | None, kind: str | None, as_json: bool, folder: Path) -> None:
    """List groups of open cases that share a dataset, a list or a parent: group, cases, oldest, and what they wait for.

    The largest come first. Report cases are in no group: each is reported by itself.
    """
    with open_ledger(folder) as ledger:
        found = ledger.groups(ground=ground or "", kind=kind or "")
    if as_json:
        rows = [
            {
                "group": str(one.group),
                "cases": one.cases,
                "new": one.new,
                "proposed": one.proposed,
                "disputed": one.disputed,
                "oldest": one.oldest,
            }
            for one in found
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for one in found:
        waits = f"{one.new:,} new, {one.proposed:,} proposed, {one.disputed:,} disputed"
        click.echo(f"{printable(str(one.group), 400)}\t{one.cases:,}\t{one.oldest[:10]}\t{waits}")
    click.echo(f"{len(found):,} groups", err=True)
