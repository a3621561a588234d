"""``auditor judge``: derive and judge again what runs have read."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import FOLDER, output_options, profile_option, rules_option, workers_option, write


@click.command(
    epilog="""\b
Examples:
  auditor judge runs/hub --profile gate --out runs/hub-gate
  auditor judge runs/models runs/datasets --out runs/both     several runs as one"""
)
@click.argument("runs", nargs=-1, required=True, type=FOLDER, metavar="RUN...")
@rules_option
@profile_option
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The new run."
)
@output_options
@click.option("--fail-on", type=click.Choice(["note", "warning", "error", "never"]), default="error", show_default=True)
@workers_option
@click.pass_context
def command(context: click.Context, /, runs: tuple[Path, ...], fail_on: str, **given: object) -> None:
    """Derive and judge finished RUNs again, alone or together, under other rules. Nothing is read anew."""
    from auditor.pipeline.audit import judge

    formats, files = given.pop("formats"), given.pop("files")
    report = judge(runs, **given)  # type: ignore[arg-type]
    write(report, formats, files)  # type: ignore[arg-type]
    context.exit(report.exit_code(fail_on))
