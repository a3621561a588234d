"""Command that lists the dates which cases have ahead, for people or as a calendar."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import ledger_option, open_ledger, output_option, write_output


@command.command(
    epilog="""\b
Examples:
  auditor review calendar
  auditor review calendar --format ics -o review.ics

A date names a case by its number alone. Dates that have passed and wait for a person come first."""
)
@click.option("--format", "form", type=click.Choice(["text", "ics"]), default="text", show_default=True)
@output_option
@ledger_option
def calendar(form: str, output: Path | None, folder: Path) -> None:
    """List the dates of all cases: reviews, expiries, appeals, claims, and until when what was reported is kept."""
    from auditor.review.due_dates import calendar_text, due_dates

    with open_ledger(folder) as ledger:
        dates, origin, now = due_dates(ledger), ledger.origin, ledger.now
    if form == "ics":
        write_output(calendar_text(dates, origin, now), output)
    else:
        write_output("".join(f"{date.at}\t{date.case}\t{date.kind}\n" for date in dates), output)
    click.echo(f"{len(dates):,} dates, {sum(date.at <= now for date in dates):,} of them have passed", err=True)
