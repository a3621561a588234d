"""``auditor facts``: print what was read, before any rule is applied."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from auditor.cli.options import isolated_option, standard_output


@click.command(
    epilog="""\b
Examples:
  auditor facts models/acme/base | jq -r 'select(.key == "licence") | .value'
  auditor facts runs/hub

One JSON object per line: subject, kind, revision, key, value, relation, place, source. The keys are
those of `auditor rules explain`; a `gap` is something that could not be read."""
)
@click.argument("target", metavar="TARGET|RUN")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep the run of a TARGET in this folder, as `scan` does.",
)
@isolated_option
def command(target: str, out: Path | None, isolated: bool) -> None:
    """Print the facts that were read from a TARGET or by a finished RUN, one JSON object per line."""
    from auditor.errors import UsageError
    from auditor.pipeline.audit import audit
    from auditor.pipeline.run_facts import read_run_facts

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = out or Path(folder, "run")
            audit(target, out=run, isolated=isolated)
        elif out:
            raise UsageError(f"--out: {target} is a run already; leave the option out")
        is_empty = True
        with standard_output() as printed:
            for fact in read_run_facts(run):
                printed.write(json.dumps(fact) + "\n")
                is_empty = False
        if is_empty:
            click.echo(f"{target}: no fact was read; `auditor scan` counts its files and shows why", err=True)
