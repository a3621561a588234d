"""``auditor facts``: what was read, apart from any rule."""

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

One JSON object a line: subject, kind, revision, key, value, relation, place, source. The keys are
those of `auditor rules explain`; a `gap` is something that could not be read."""
)
@click.argument("target", metavar="TARGET|RUN")
@isolated_option
def command(target: str, isolated: bool) -> None:
    """Print what a TARGET states, or a finished RUN has read: one JSON object a line."""
    from auditor.pipeline.audit import audit
    from auditor.pipeline.report import read_facts

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = Path(folder, "run")
            audit(target, out=run, isolated=isolated)
        is_empty = True
        with standard_output() as out:
            for fact in read_facts(run):
                out.write(json.dumps(fact) + "\n")
                is_empty = False
        if is_empty:
            click.echo(f"{target}: no fact was read; `auditor scan` counts its files and says why not", err=True)
