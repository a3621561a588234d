"""``auditor runs``: delete what runs keep."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import click

from auditor.cli.options import FOLDER

_UNITS = {"d": "days", "w": "weeks", "h": "hours"}


def _parse_age(context: click.Context, option: click.Parameter, text: str) -> timedelta | None:
    """Return the age that ``30d``, ``12h`` or ``4w`` names; None for ""."""
    if not text:
        return None
    found = re.fullmatch(r"([0-9]{1,5})([dwh])", text)
    if not found:
        raise click.BadParameter(f"{text!r}: write a number and d, w or h, such as 30d", context, option)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.group()
def command() -> None:
    """Delete what runs keep."""


@command.command(
    epilog="""\b
Examples:
  auditor runs purge --older-than 30d       the digests that runs in your state folder keep
  auditor runs purge runs/data --yes        those of one run
  auditor runs purge --all --older-than 26w --yes      whole runs in your state folder

Reports, findings and hits of a run stay, unless --all. A folder that holds no run is never touched, nor is a file in a
run's folder that is not the run's own."""
)
@click.argument("runs", nargs=-1, type=FOLDER, metavar="[RUN]...")
@click.option(
    "--older-than",
    default="",
    callback=_parse_age,
    metavar="AGE",
    help="Only runs that were started so long ago: 30d, 4w, 12h.",
)
@click.option("--all", "whole", is_flag=True, help="Delete whole runs, and not the digests alone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(runs: tuple[Path, ...], older_than: timedelta | None, whole: bool, yes: bool) -> None:
    """Delete the digests that RUNs keep (scan --keep-digests), or whole RUNs.

    Without RUN, of all runs in your state folder.
    """
    from auditor.pipeline import purge_runs
    from auditor.printable import printable

    chosen = list(purge_runs.runs_to_purge(runs, older_than, whole=whole))
    what = "the whole run" if whole else "the kept digests"
    if not chosen:
        click.echo("nothing to delete")
        return
    for one in chosen:
        click.echo(f"{printable(str(one.folder))}: {what}, started {one.started}")
    if not yes:
        click.confirm(f"Delete {what} of {len(chosen):,} run(s)?", abort=True)
    for one in chosen:
        done = purge_runs.purge(one)
        left = f"; left as they are no part of a run: {printable(', '.join(done.left))}" if done.left else ""
        click.echo(f"{printable(str(done.folder))}: deleted {done.files:,} files, {done.size:,} bytes{left}")
