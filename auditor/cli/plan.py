"""``auditor plan``: say what a scan would take, before it is begun."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from auditor.pipeline.estimate import Estimate

# What a list means changes nothing of how long it takes.
_ANY_MEANING = "test"


@click.command(
    epilog="""\b
Examples:
  auditor plan data/
  auditor plan data/ --known my-list --cores 64 --cores 1024
  auditor plan data/ --thorough --format json
  auditor plan s3://BUCKET/PREFIX --content

Only the listing of TARGETs and the footers of Parquet files are read. How fast this machine is, is measured
on pictures and rows that the command makes itself; slow storage is not part of it. Of a hub or a bucket only the
listing is asked for; how long it takes to fetch what would be read is not part of the hours."""
)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--known", multiple=True, metavar="LIST", help="An imported list's name, or a list file, as of `scan`.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files that are not read, as of `scan`.")
@click.option(
    "--content", is_flag=True, help="Estimate for `scan --content`: samples on a hub or in a bucket are fetched too."
)
@click.option("--thorough", is_flag=True, help="Estimate for `scan --thorough`.")
@click.option(
    "--cores",
    multiple=True,
    type=click.IntRange(min=1),
    help="Say how long so many cores take, of this speed (repeatable; default: those of this machine).",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    targets: tuple[str, ...],
    known: tuple[str, ...],
    exclude: tuple[str, ...],
    content: bool,
    thorough: bool,
    cores: tuple[int, ...],
    form: str,
) -> None:
    """Say how many shards, bytes and hours a scan of TARGETs takes.

    Without --known it is estimated for a list of MD5 and PDQ hashes.
    """
    import tempfile

    from auditor.errors import NothingToAudit
    from auditor.pipeline.audit_lists import ListOptions, folder_of_compiled_lists, open_lists, read_options
    from auditor.pipeline.dry_run import files_to_read
    from auditor.pipeline.estimate import estimate_audit, measure_rates
    from auditor.pipeline.selection import read_selection
    from auditor.workers.limits import available_cores

    variants = ("oriented", "unpadded", "512", *(("dihedral", "thorough") if thorough else ()))
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(folder, "run")
        with folder_of_compiled_lists(known, run) as compiled:
            lists = open_lists(known, ListOptions(_ANY_MEANING), into=compiled, audited=targets, extensions=())
            options = read_options(lists, "header", variants, content=content)
        rates = measure_rates(options.algorithms or frozenset({"md5", "pdq"}), frozenset(variants))
        files = files_to_read(targets, run, read_selection(exclude, None), options)
        estimate = estimate_audit(files, rates)
    if not estimate.work:
        raise NothingToAudit(f"{', '.join(targets)}: holds no file; name a file or folder that does")
    wanted = cores or (available_cores(),)
    if form == "json":
        hours = [{"cores": number, "hours": estimate.hours(number)} for number in wanted]
        click.echo(json.dumps({**asdict(estimate), "seconds": estimate.seconds, "hours": hours}))
    else:
        _print_text(estimate, wanted)


def _print_text(estimate: Estimate, cores: tuple[int, ...]) -> None:
    """Print an estimate for a person."""
    from auditor.plurals import count_with_noun

    click.echo(f"{'':<26}{'files':>14}{'GB':>12}{'rows':>18}{'core hours':>12}")
    for one in estimate.work:
        rows = f"{one.rows:,}" if one.rows else ""
        click.echo(f"{one.kind:<26}{one.files:>14,}{one.size / 1e9:>12,.2f}{rows:>18}{one.seconds / 3600:>12,.2f}")
    size = sum(one.size for one in estimate.work)
    files = sum(one.files for one in estimate.work)
    click.echo(f"{'all':<26}{files:>14,}{size / 1e9:>12,.2f}{'':>18}{estimate.seconds / 3600:>12,.2f}")
    if estimate.left_out:
        click.echo(f"\n{estimate.left_out:,} files are not read (`auditor scan --dry-run` says why).")
    rates = estimate.rates
    click.echo(
        f"\nOne core of this machine hashes {rates.pictures:,.0f} pictures of 1.2 megapixels a second and reads "
        f"{rates.rows:,.0f} rows."
    )
    for number in cores:
        shards = count_with_noun(estimate.shards, "shard")
        click.echo(f"{count_with_noun(number, 'core')}: {_duration(estimate.hours(number))}, in {shards}")


def _duration(hours: float) -> str:
    """Return an estimated duration in words."""
    if hours >= 48:
        return f"{hours / 24:,.1f} days"
    if hours >= 1:
        return f"{hours:,.1f} hours"
    return f"{60 * hours:,.0f} minutes" if hours > 1 / 60 else "less than a minute"
