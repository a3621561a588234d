"""``auditor trace``: name the models in a picture's generation parameters."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from auditor.errors import Unreadable, UsageError

CAVEAT = (
    "Anyone can write such fields, also to incriminate a model. They are leads for a person, and never open a case."
)


@click.command(
    epilog="""\b
Examples:
  auditor trace picture.png --in runs/hub        which models of that run do the parameters name?
  auditor trace - < parameters.txt               the same for a text

Reads what A1111, Forge, ComfyUI, InvokeAI and Fooocus write. The picture is not decoded, and its prompt
is neither kept nor shown."""
)
@click.argument("file", metavar="FILE|-")
@click.option("--in", "run", metavar="RUN", help="A finished run whose models are searched.")
def command(file: str, run: str | None) -> None:
    """Print the models that a picture's metadata names as used to generate it."""
    from auditor.lineage.generation_parameters import find_candidates, find_named_files
    from auditor.lineage.picture_text import MAX_TEXT_BYTES
    from auditor.printable import printable

    if run and not Path(run, "run.json").is_file():
        raise UsageError(f"{run}: is not the folder of a run; give --in the folder that a scan wrote with --out")
    try:
        if file == "-":
            found = find_named_files(io.BytesIO(sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)))
        else:
            with open(file, "rb") as picture:
                found = find_named_files(picture)
    except Unreadable as error:
        raise UsageError(f"{file}: {error}") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    for named in found:
        digest = f"{named.algorithm}:{named.value}" if named.value else "no hash"
        click.echo(f"{named.role}  {printable(named.name) or '(no name)'}  {printable(digest)}  ({named.tool})")
        for candidate in find_candidates(named, Path(run)) if run else ():
            caveat = "; matched by file name only, which many files may share" if candidate.by == "name" else ""
            click.echo(f"  → {printable(candidate.name)}, {printable(candidate.file)}, by {candidate.by}{caveat}")
    click.echo(CAVEAT if found else f"{file}: names no model", err=True)
