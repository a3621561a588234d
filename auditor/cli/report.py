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
    no_settings_option,
    output_options,
    write_outputs,
    write_tables,
)


@click.command(
    epilog="""\b
Examples:
  auditor report runs/hub                               the summary again (-v: with every finding)
  auditor report runs/hub --format csv -o cases.csv     the cases with their reasons
  auditor report runs/hub --format html --share -o public.html
  auditor report runs/hub --tables tables/              findings and gaps as CSV and Parquet
  auditor report runs/hub --draft hotline --country GB -o report.txt
  auditor report runs/hub --evidence --recipient hotline.age -o evidence.zip.age

A draft can be made as soon as a sample matches a list of known content: it waits for no decision and no second
person. It names no sample; the evidence does, and is encrypted for its recipient. Nothing is sent.""",
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
@click.option(
    "--tables",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write instead the findings, the gaps and, with --places, the matched samples into DIR: each as CSV and as "
    "Parquet.",
)
@click.option(
    "--draft",
    type=click.Choice(["hotline", "cybertipline"]),
    help="Draft a report of known content instead, for a person to complete.",
)
@click.option(
    "--evidence",
    is_flag=True,
    help="Write instead which samples match, with their addresses read anew from the targets, encrypted into the file "
    "of -o (a ZIP with a table and a letter).",
)
@click.option(
    "--recipient",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file with the recipient's age key (age1…). Without it you are asked for a passphrase.",
)
@click.option(
    "--confirmed",
    default="",
    metavar="KEY",
    help="The recipient's key as they told it to you by another way; you are asked for it otherwise.",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Your signing key (Ed25519, PEM), which signs the evidence.",
)
@click.option("--holder", default="", metavar="LIST", help="Add the tokens of this list's entries, for its holder.")
@baseline_option
@no_settings_option
@country_option
@click.option("-v", "--verbose", is_flag=True, help="Show every finding in the summary, and what was compared.")
def command(
    run: Path,
    outputs: tuple[ReportOutput, ...],
    places: bool,
    share: bool,
    baseline: Path | None,
    tables: Path | None,
    draft: str | None,
    evidence: bool,
    recipient: Path | None,
    confirmed: str,
    key: Path | None,
    holder: str,
    verbose: bool,
    country: str,
) -> None:
    """Write the report of a finished RUN in any format."""
    from auditor.cli.report_of_matches import EvidenceOptions, write_draft, write_evidence
    from auditor.pipeline.accept_findings import apply_baseline_file
    from auditor.pipeline.report import read_report

    if places and share:
        raise click.UsageError("--places and --share cannot be used together")
    report = read_report(run)
    if draft or evidence:
        if share or places or (draft and evidence):
            raise click.UsageError("--draft, --evidence, --places and --share cannot be used together")
        path = outputs[0].path
        if draft:
            write_draft(report, draft, country, path)
        else:
            write_evidence(report, EvidenceOptions(recipient, confirmed, key, holder, country), path)
        return
    if baseline:
        report = apply_baseline_file(report, baseline)
    if tables:
        write_tables(report, tables, places=places, share=share)
        return
    write_outputs(report, outputs, places=places, share=share, verbose=verbose, country=country)
