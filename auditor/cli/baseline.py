"""``auditor baseline``: accept findings and gaps for a time, and look through what is accepted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from auditor.cli.options import FOLDER

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(
    name="baseline",
    epilog="""\b
Examples:
  auditor baseline new runs/model -o auditor-baseline.toml --rule no-licence --owner docs-team \\
      --reason "the licence is being chosen" --expires 2027-03-31
  auditor scan model/ --baseline auditor-baseline.toml
  auditor baseline check auditor-baseline.toml runs/model""",
)
def command() -> None:
    """Accept findings and gaps for a time, in a file that says who, why and until when.

    An acceptance holds for one rule (or reason of a gap), one subject and the file that shows it, as that file was: it
    ends on its last day, and when the file changes. Matches with lists, listed models and cases are never accepted.
    """


@command.command(
    epilog="""\b
Examples:
  auditor baseline new runs/model -o auditor-baseline.toml --owner docs-team --reason "old cards" --expires 2027-03-31
  auditor baseline new runs/model -o auditor-baseline.toml --gap "a Git LFS pointer" --owner ci \\
      --reason "CI has no LFS files" --expires 2027-03-31"""
)
@click.argument("run", type=FOLDER)
@click.option("-o", "--output", "path", type=_FILE, required=True, metavar="FILE", help="Write or extend this file.")
@click.option("--owner", required=True, metavar="WHO", help="Who answers for it.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted.")
@click.option(
    "--expires",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The last day on which it is accepted, at most a year from now.",
)
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="Only findings of this rule (repeatable).")
@click.option("--gap", "gaps", multiple=True, metavar="REASON", help="Only gaps with this reason (repeatable).")
@click.option(
    "--severity",
    type=click.Choice(["note", "warning", "error"]),
    default="warning",
    show_default=True,
    help="Without --rule and --gap: all gaps, and findings of this severity or above.",
)
def new(
    run: Path,
    path: Path,
    owner: str,
    reason: str,
    expires: datetime,
    rules: tuple[str, ...],
    gaps: tuple[str, ...],
    severity: str,
) -> None:
    """Accept what a finished RUN has found, in FILE.

    What FILE accepts already stays as it is. Read what was written before you commit it.
    """
    from auditor.pipeline.new_baseline import Acceptance, extend_baseline
    from auditor.plurals import count_with_noun

    acceptance = Acceptance(owner, reason, expires.date(), rules, gaps, severity)  # type: ignore[arg-type]
    added = extend_baseline(run, path, acceptance)
    if added.entries:
        click.echo(f"{count_with_noun(added.entries, 'acceptance')} written to {path}", err=True)
    else:
        click.echo("nothing to accept; name a --rule or a --gap, or a lower --severity", err=True)
    for text in added.left_out:
        click.echo(f"not accepted: {text}", err=True)


@command.command(
    epilog="""\b
Examples:
  auditor baseline check auditor-baseline.toml                 is it well formed, has anything expired?
  auditor baseline check auditor-baseline.toml runs/model      also: is every entry still needed?"""
)
@click.argument("path", type=_FILE, metavar="FILE")
@click.argument("run", type=FOLDER, required=False)
@click.pass_context
def check(context: click.Context, path: Path, run: Path | None) -> None:
    """Look through the acceptances in FILE, and which of them a finished RUN still needs.

    Exits 1 if an entry has expired or accepts nothing, and 2 if the file is malformed.
    """
    from auditor.pipeline.accept_findings import apply_baseline
    from auditor.pipeline.baseline import read_baseline
    from auditor.pipeline.report import read_report
    from auditor.printable import printable

    baseline = read_baseline(path)
    unused = apply_baseline(read_report(run), baseline).accepted.unused if run else ()
    for entry in baseline.entries:
        state = "expired" if entry.has_expired else "accepts nothing" if entry in unused else "accepted"
        click.echo(
            f"{state:<15} until {entry.expires}  {printable(entry.what)}  {entry.kind} {printable(entry.subject)}  "
            f"({printable(entry.owner)}: {printable(entry.reason)})"
        )
    context.exit(int(bool(unused) or any(entry.has_expired for entry in baseline.entries)))
