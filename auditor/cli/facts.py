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
@isolated_option
def command(target: str, isolated: bool) -> None:
    """Print the facts that were read from a TARGET or by a finished RUN, one JSON object per line."""
    from auditor.pipeline.audit import audit
    from auditor.pipeline.run_facts import read_run_facts

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = Path(folder, "run")
            audit(target, out=run, isolated=isolated)
        is_empty = True
        with standard_output() as out:
            for fact in read_run_facts(run):
                out.write(json.dumps(fact) + "\n")
                is_empty = False
        if is_empty:
            click.echo(f"{target}: no fact was read; `auditor scan` counts its files and shows why", err=True)
