"""``auditor lineage``: what was made from what."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from auditor.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  auditor lineage runs/hub                             the tree of a finished run, with what was passed on
  auditor lineage models/ --format mermaid             the same of a target, as a Mermaid chart
  auditor lineage suspect.safetensors --against bases/*.safetensors
                                                       is it made from one of these? by the values themselves
  auditor lineage suspect.safetensors --against bases/*.safetensors --weights full
                                                       and which tensors are byte for byte the same?
  auditor lineage fingerprint base.safetensors -o base.fingerprint
                                                       a small file to compare with instead of the weights

A path is somebody's word unless it says "weights": a mark says what follows if all its edges are true."""
)
@click.argument("targets", nargs=-1, required=True, metavar="[fingerprint] TARGET|RUN|FILE")
@click.option(
    "--against",
    multiple=True,
    metavar="FILE...",
    help="Weights or fingerprints that FILE may be made from; further arguments are more of them.",
)
@click.option(
    "--weights",
    type=click.Choice(["header", "sample", "full"]),
    help="How far weights are read: the headers of a TARGET's alone, sampled values (what --against does), or in full, "
    "to find tensors that are byte for byte the same.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["tree", "json", "dot", "mermaid"]),
    default="tree",
    show_default=True,
    help="How to draw it.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
def command(
    targets: tuple[str, ...], against: tuple[str, ...], weights: str | None, shape: str, output: Path | None
) -> None:
    """Draw what was made from what in a TARGET or RUN, or compare the weights of a FILE."""
    if targets[0] == "fingerprint" and len(targets) == 2:
        _fingerprint(Path(targets[1]), output)
    elif against:
        if weights == "header":
            raise UsageError("--weights header: headers alone cannot be compared; say sample or full with --against")
        _compare(Path(targets[0]), tuple(map(Path, (*against, *targets[1:]))), shape, full=weights == "full")
    elif len(targets) == 1:
        _draw(targets[0], shape, output, weights)
    else:
        raise UsageError("one TARGET or RUN can be drawn at a time; to compare weights, name the others with --against")


def _draw(target: str, shape: str, output: Path | None, weights: str | None) -> None:
    from auditor.lineage.tree import FORMATS, lineage
    from auditor.runs import audit

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = Path(folder, "run")
            audit(target, out=run, weights=weights or "header")
        elif weights:
            raise UsageError(f"{target}: is a run, of which nothing is read anew; scan again with --weights {weights}")
        lines = FORMATS[shape](lineage(run))
        with click.open_file(str(output or "-"), "w", encoding="utf-8") as out:
            for line in lines:
                out.write(f"{line}\n")


def _fingerprint(file: Path, output: Path | None) -> None:
    from auditor.lineage.observed import fingerprint, save

    out = output or file.with_name(f"{file.name}.fingerprint")
    save(fingerprint(file), out)
    click.echo(f"{out}: {out.stat().st_size:,} bytes", err=True)


def _compare(file: Path, bases: tuple[Path, ...], shape: str, *, full: bool) -> None:
    import json

    from auditor.lineage.observed import LIMITS, compare, opened

    mine = opened(file, full=full)
    compared = [(base, compare(mine, opened(base, full=full))) for base in bases]
    for base, found in compared if full else ():
        if not found.hashed:
            why = "one of the two is a fingerprint, or has no tensors that tell"
            click.echo(f"{base}: not compared byte for byte: {why}", err=True)
    if shape == "json":
        click.echo(json.dumps([{"base": str(base), **found.as_dict()} for base, found in compared], indent=1))
        return
    for base, found in sorted(compared, key=lambda pair: -pair[1].cosine):
        click.echo(f"{base}: {found}")
    click.echo(LIMITS, err=True)
