"""``auditor lineage``: what was made from what."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from auditor.cli.options import isolated_option
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
  auditor lineage fingerprint found/*.safetensors -o found.fingerprint --purpose dedicated --authority "A. Hotline"
                                                       a list of models that others can scan for without the weights
  auditor lineage model.safetensors --against hotline  the same of a list of models that was imported

A path is somebody's word unless it says "weights": a mark says what follows if all its edges are true."""
)
@click.argument("targets", nargs=-1, required=True, metavar="[fingerprint] TARGET|RUN|FILE")
@click.option(
    "--against",
    multiple=True,
    metavar="FILE...",
    help="Weights, fingerprints or lists that FILE may be made from; further arguments are more of them.",
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
@click.option("--id", "id_", default="", metavar="ID", help="Of a fingerprint: the reference of who lists the model.")
@click.option(
    "--purpose",
    type=click.Choice(["dedicated", "general"]),
    help="Was the model made to produce what it is listed for, or for all purposes?",
)
@click.option("--authority", default="", metavar="NAME", help="Who confirms it.")
@click.option("--confirmations", type=click.IntRange(0, 999_999), help="How many confirmed it, each on their own.")
@isolated_option
def command(
    targets: tuple[str, ...],
    against: tuple[str, ...],
    weights: str | None,
    shape: str,
    output: Path | None,
    id_: str,
    purpose: str | None,
    authority: str,
    confirmations: int | None,
    isolated: bool,
) -> None:
    """Draw what was made from what in a TARGET or RUN, or compare the weights of a FILE.

    With the word fingerprint before them, write the fingerprints of FILEs. What is said of the models with --id,
    --purpose, --authority and --confirmations stands in it, for those who use it as a list.
    """
    counted = "" if confirmations is None else str(confirmations)
    about = {"id": id_, "purpose": purpose or "", "authority": authority, "confirmations": counted}
    about = {key: value for key, value in about.items() if value}
    if targets[0] == "fingerprint" and len(targets) > 1:
        _fingerprint(tuple(map(Path, targets[1:])), output, about)
    elif about:
        raise UsageError(f"--{next(iter(about))} says something of a fingerprint: auditor lineage fingerprint FILE")
    elif against:
        if weights == "header":
            raise UsageError("--weights header: headers alone cannot be compared; say sample or full with --against")
        _compare(Path(targets[0]), (*against, *targets[1:]), shape, full=weights == "full")
    elif len(targets) == 1:
        _draw(targets[0], shape, output, weights, isolated=isolated)
    else:
        raise UsageError("one TARGET or RUN can be drawn at a time; to compare weights, name the others with --against")


def _draw(target: str, shape: str, output: Path | None, weights: str | None, *, isolated: bool) -> None:
    from auditor.lineage.graph_export import FORMATS, lineage
    from auditor.pipeline.audit import audit

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = Path(folder, "run")
            audit(target, out=run, weights=weights or "header", isolated=isolated)
        elif weights:
            raise UsageError(f"{target}: is a run, of which nothing is read anew; scan again with --weights {weights}")
        lines = FORMATS[shape](lineage(run))
        with click.open_file(str(output or "-"), "w", encoding="utf-8") as out:
            for line in lines:
                out.write(f"{line}\n")


def _fingerprint(files: tuple[Path, ...], output: Path | None, about: Mapping[str, str]) -> None:
    from auditor.hashing.weight_fingerprints import too_small_reason
    from auditor.lineage.weight_similarity import fingerprint, save

    if len(files) > 1 and not output:
        raise UsageError("several fingerprints are one file: name it with -o")
    if len(files) > 1 and "id" in about:
        raise UsageError("--id is of one model: write the fingerprints one by one")
    out = output or files[0].with_name(f"{files[0].name}.fingerprint")
    for number, file in enumerate(files):
        found = fingerprint(file)
        save(found, out, about, add=number > 0)
        if why := too_small_reason(found.values):
            click.echo(f"{file}: cannot be put on a list: {why}", err=True)
    click.echo(f"{out}: {out.stat().st_size:,} bytes", err=True)


def _compare(file: Path, bases: tuple[str, ...], shape: str, *, full: bool) -> None:
    import json

    from auditor.known.open_list import open_list
    from auditor.lineage.fingerprint_matching import Prints
    from auditor.lineage.weight_similarity import LIMITS, compare, opened

    mine = opened(file, full=full)
    compared = [(base, compare(mine, opened(Path(base), full=full))) for base in bases if Path(base).exists()]
    for base, found in compared if full else ():
        if not found.hashed:
            why = "one of the two is a fingerprint, or has no tensors that tell"
            click.echo(f"{base}: not compared byte for byte: {why}", err=True)
    for base in bases:
        if not Path(base).exists():
            listed = Prints.of(open_list(base))
            alike = listed.alike(mine, mine.sketch())
            compared += [(f"{base}, entry {listed.token(one.entry)}", one.found) for one in alike]
            if not alike:
                click.echo(f"{base}: holds no model that it is like", err=True)
    if shape == "json":
        click.echo(json.dumps([{"base": base, **found.as_dict()} for base, found in compared], indent=1))
        return
    for base, found in sorted(compared, key=lambda pair: -pair[1].cosine):
        click.echo(f"{base}: {found}")
    click.echo(LIMITS, err=True)
