"""``auditor diff``: what has changed from one run to another."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from auditor.cli.options import (
    FOLDER,
    ReportOutput,
    baseline_option,
    configurable,
    fail_on_option,
    no_settings_option,
    output_options,
    write_outputs,
)


@click.command(
    epilog="""\b
Examples:
  auditor diff runs/monday runs/tuesday
  auditor diff runs/main runs/change --fail-on warning --format markdown -o changes.md
  auditor diff runs/old runs/new --format html --share -o changes.html

Formats are terminal, csv, html, json, markdown and sarif (with baselineState). Exit codes: 1 if a finding is new at or
above --fail-on, else 3 if something was not checked that was before, else 0."""
)
@configurable
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER)
@output_options
@fail_on_option
@baseline_option
@no_settings_option
@click.option("--share", is_flag=True, help="Leave out every name, so that the comparison can be sent to others.")
@click.pass_context
def command(
    context: click.Context,
    /,
    old: Path,
    new: Path,
    outputs: tuple[ReportOutput, ...],
    fail_on: str,
    baseline: Path | None,
    share: bool,
) -> None:
    """Show what has changed from the run OLD to the run NEW: cases, findings, what was not checked, and counts.

    A finding is the same if rule, subject and fact are, wherever it was read. What the runs were not asked alike
    (targets, rules, lists, options) is said first, because a change may come from that.
    """
    from auditor.diff_formats import render_diff
    from auditor.pipeline.accept_findings import apply_baseline_file
    from auditor.pipeline.report import read_report
    from auditor.pipeline.run_folder import read_run
    from auditor.reporting.report_diff import exit_code

    before, after = read_report(old), read_report(new)
    if baseline:
        before, after = apply_baseline_file(before, baseline), apply_baseline_file(after, baseline)
    wants = [read_run(folder)["wants"] for folder in (old, new)]
    write_outputs(after, outputs, share=share, render=partial(render_diff, before, after, wants), stem="diff")
    context.exit(exit_code(before, after, fail_on))
