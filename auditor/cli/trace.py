"""``auditor trace``: name the models in a picture's generation parameters."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from auditor.errors import Unreadable, UsageError

# What the exit code of a scan says too: something that was asked for was not read.
_UNRECOGNIZED = 3
_MAX_KEYWORDS = 10
CAVEAT = (
    "Anyone can write such fields, also to incriminate a model. They are leads for a person, and never open a case."
)


@click.command(
    epilog="""\b
Examples:
  auditor trace picture.png --in runs/hub        which models of that run do the parameters name?
  auditor trace - < parameters.txt               the same for a text

Reads what A1111, Forge, ComfyUI, SwarmUI, InvokeAI, Fooocus, Draw Things and Civitai write. The picture is not
decoded, and its prompt is neither kept nor shown. Exit 3: it has metadata that none of them wrote, and names no
model in a form that is known."""
)
@click.argument("file", metavar="FILE|-")
@click.option("--in", "run", metavar="RUN", help="A finished run whose models are searched.")
def command(file: str, run: str | None) -> None:
    """Print the models that a picture's metadata names as used to generate it."""
    from auditor.lineage.generation_parameters import find_candidates, read_generation_parameters
    from auditor.lineage.picture_text import MAX_TEXT_BYTES
    from auditor.printable import printable

    if run and not Path(run, "run.json").is_file():
        raise UsageError(f"{run}: is not the folder of a run; give --in the folder that a scan wrote with --out")
    try:
        if file == "-":
            parameters = read_generation_parameters(io.BytesIO(sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)))
        else:
            with open(file, "rb") as picture:
                parameters = read_generation_parameters(picture)
    except Unreadable as error:
        raise UsageError(f"{file}: {error}") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    for named in parameters.files:
        digest = f"{named.algorithm}:{named.value}" if named.value else "no hash"
        click.echo(f"{named.role}  {printable(named.name) or '(no name)'}  {printable(digest)}  ({named.tool})")
        for candidate in find_candidates(named, Path(run)) if run else ():
            caveat = ""
            if candidate.by == "name":
                caveat = "; matched by file name only, which many files may share"
            elif candidate.by != "sha256":
                caveat = f"; {candidate.chance:.2g} such matches are expected by chance"
            click.echo(f"  → {printable(candidate.name)}, {printable(candidate.file)}, by {candidate.by}{caveat}")
    if parameters.files:
        click.echo(CAVEAT, err=True)
    elif parameters.unrecognized:
        keywords = ", ".join(printable(keyword) or "EXIF" for keyword in parameters.unrecognized[:_MAX_KEYWORDS])
        click.echo(
            f"{file}: its metadata ({keywords}) is in no known form: which models it names is not known", err=True
        )
        sys.exit(_UNRECOGNIZED)
    else:
        click.echo(f"{file}: has no metadata that names a model; metadata is easily lost or removed", err=True)
