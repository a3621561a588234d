"""``auditor report``: show a finished run in another format."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import (
    FOLDER,
    ReportOutput,
    baseline_option,
    configurable,
    country_option,
    output_options,
    write_outputs,
)


@click.command(
    epilog="""\b
Examples:
  auditor report runs/hub                               the summary again (-v: with every finding)
  auditor report runs/hub --format csv -o cases.csv     the cases with their reasons
  auditor report runs/hub --format html --share -o public.html""",
)
@configurable
@click.argument("run", type=FOLDER)
@output_options
@click.option(
    "--places",
    is_flag=True,
    help="Also show where matched samples are; rows count from 1. Only for people who are authorised to act on them.",
)
@click.option("--share", is_flag=True, help="Leave out every name, so that the report can be sent to others.")
@baseline_option
@country_option
@click.option("-v", "--verbose", is_flag=True, help="Show every finding in the summary, and what was compared.")
def command(
    run: Path,
    outputs: tuple[ReportOutput, ...],
    places: bool,
    share: bool,
    baseline: Path | None,
    verbose: bool,
    country: str,
) -> None:
    """Write the report of a finished RUN in any format."""
    from auditor.pipeline.accept_findings import apply_baseline_file
    from auditor.pipeline.report import read_report

    if places and share:
        raise click.UsageError("--places and --share cannot be used together")
    report = read_report(run)
    if baseline:
        report = apply_baseline_file(report, baseline)
    write_outputs(report, outputs, places=places, share=share, verbose=verbose, country=country)
