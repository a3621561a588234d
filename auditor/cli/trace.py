"""``auditor trace``: the models that a picture's generation parameters name."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from auditor.errors import Unreadable, UsageError

FORGEABLE = "Anyone can write such fields, also to frame a model: a lead for a person, which alone opens nothing."


@click.command(
    epilog="""\b
Examples:
  auditor trace picture.png --in runs/hub        whose weights in that run do the parameters name?
  auditor trace - < parameters.txt               the same from a text

Reads what A1111, Forge, ComfyUI, InvokeAI and Fooocus write. The picture is not decoded, and its prompt
is neither kept nor shown."""
)
@click.argument("file", metavar="FILE|-")
@click.option("--in", "run", metavar="RUN", help="A finished run whose models are searched.")
def command(file: str, run: str | None) -> None:
    """Name the models that a picture's metadata says it was made with."""
    from auditor.lineage.trace import LONGEST, candidates, leads
    from auditor.printable import printable

    if run and not Path(run, "run.json").is_file():
        raise UsageError(f"{run}: is no run folder; give --in the --out folder of a scan")
    try:
        if file == "-":
            found = leads(io.BytesIO(sys.stdin.buffer.read(LONGEST + 1)))
        else:
            with open(file, "rb") as picture:
                found = leads(picture)
    except Unreadable as error:
        raise UsageError(f"{file}: {error}") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    for lead in found:
        digest = f"{lead.algorithm}:{lead.value}" if lead.value else "no hash"
        click.echo(f"{lead.role}  {printable(lead.name) or '(no name)'}  {printable(digest)}  ({lead.tool})")
        for candidate in candidates(lead, Path(run)) if run else ():
            weak = "; a name alone: many files may share it" if candidate.by == "name" else ""
            click.echo(f"  → {printable(candidate.name)}, {printable(candidate.file)}, by {candidate.by}{weak}")
    click.echo(FORGEABLE if found else f"{file}: names no model", err=True)
