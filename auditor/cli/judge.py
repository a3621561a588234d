"""``auditor judge``: evaluate finished runs under other rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.options import (
    FOLDER,
    NEW_FOLDER,
    ReportOutput,
    algorithm_option,
    baseline_option,
    column_option,
    configurable,
    context_option,
    country_option,
    fail_on_option,
    no_settings_option,
    output_options,
    rules_option,
    workers_option,
    write_outputs,
)


@click.command(
    epilog="""\b
Examples:
  auditor judge runs/hub --profile gate --out runs/hub-gate
  auditor judge runs/models runs/datasets --out runs/both     several runs together
  auditor judge runs/upload --context runs/hub --out runs/upload-2     with parents that a sweep read
  auditor judge runs/data --known new-list --out runs/data-2  a later list, with the digests that runs/data keeps
  auditor judge parts/* --out runs/whole                      the parts of `auditor scan --shard I/N`"""
)
@configurable
@click.argument("runs", nargs=-1, required=True, type=FOLDER, metavar="RUN...")
@click.option(
    "--known",
    multiple=True,
    metavar="LIST",
    help="Match this further list with the digests that the RUNs keep (scan --keep-digests): an imported list's name, "
    "or a list file (repeatable).",
)
@click.option("--means", default="", metavar="MEANING", help="The meaning of a list file's entries, if it states none.")
@algorithm_option
@column_option
@rules_option
@click.option(
    "--profile", default="", metavar="NAME", help="The profile that sets severities (default: that of the RUNs)."
)
@click.option("--out", required=True, type=NEW_FOLDER, metavar="DIR", help="Write the new run into this folder.")
@click.option("--partial", is_flag=True, help="Judge the parts of an audit that are there (exit 3 at least).")
@output_options
@fail_on_option
@workers_option
@baseline_option
@no_settings_option
@context_option
@country_option
@click.option("-v", "--verbose", is_flag=True, help="Show every finding in the summary, and what was compared.")
@click.pass_context
def command(
    context: click.Context,
    /,
    runs: tuple[Path, ...],
    outputs: tuple[ReportOutput, ...],
    fail_on: str,
    verbose: bool,
    country: str,
    **options: Any,
) -> None:
    """Evaluate finished RUNs again with other rules, or several RUNs together.

    No file of the targets is read again; what kept digests cannot answer of a further list is said (exit code 3). A
    file that several RUNs read is counted once. If the RUNs were not asked the same (lists, options, policy), the
    report says so and the exit code is 3. Parts (--shard) must be all parts of one audit.
    """
    from auditor.pipeline.reevaluate import reevaluate

    report = reevaluate(runs, **options)
    write_outputs(report, outputs, verbose=verbose, country=country)
    context.exit(report.exit_code(fail_on))
