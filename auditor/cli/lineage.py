"""``auditor lineage``: draw lineage, compare weights, write fingerprints."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from auditor.cli.options import create_output, hidden_statement_keys, isolated_option, rules_option
from auditor.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  auditor lineage runs/hub                             the lineage tree of a finished run
  auditor lineage models/ --format mermaid             the same for a target, as a Mermaid chart
  auditor lineage suspect.safetensors --against bases/*.safetensors
                                                       is it made from one of these? (compares weights)
  auditor lineage suspect.safetensors --against bases/*.safetensors --weights full
                                                       also finds tensors that are identical byte for byte
  auditor lineage fingerprint base.safetensors -o base.fingerprint
                                                       a small file that replaces the weights in comparisons
  auditor lineage fingerprint found/*.safetensors -o found.fingerprint --purpose dedicated --authority "A. Hotline"
                                                       a list of models for which others can scan, without the weights
  auditor lineage model.safetensors --against hotline  is it similar to a model of an imported list?

An edge shows what a card or header claims, unless its source is "weights". A mark, such as [exposed], is correct only
if all edges that lead to it are true."""
)
@click.argument("targets", nargs=-1, required=True, metavar="[fingerprint] TARGET|RUN|FILE")
@click.option(
    "--against",
    multiple=True,
    metavar="FILE...",
    help="Weights, fingerprints or lists to compare FILE with; arguments after FILE are added to them.",
)
@click.option(
    "--weights",
    type=click.Choice(["header", "sample", "full"]),
    help="How much of the weights is read: headers only (for a TARGET), sampled values (the default with --against), "
    "or all bytes, which finds tensors that are byte for byte the same.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["tree", "json", "dot", "mermaid"]),
    default="tree",
    show_default=True,
    help="The format of the drawing.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option(
    "--id", "id_", default="", metavar="ID", help="For a fingerprint: the list holder's reference for the model."
)
@click.option(
    "--purpose",
    type=click.Choice(["dedicated", "general"]),
    help="For a fingerprint: whether the model was made to produce what it is listed for, or for general purposes.",
)
@click.option("--authority", default="", metavar="NAME", help="For a fingerprint: who confirms the entry.")
@click.option(
    "--confirmations",
    type=click.IntRange(0, 999_999),
    help="For a fingerprint: how many confirmed it independently of each other.",
)
@rules_option
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
    rules: tuple[Path, ...],
    isolated: bool,
) -> None:
    """Draw the lineage of a TARGET or RUN, or compare the weights of a FILE.

    With the word fingerprint first, write the fingerprints of FILEs. They include --id, --purpose, --authority
    and --confirmations, for those who import the fingerprints as a list.
    """
    count = "" if confirmations is None else str(confirmations)
    options = {"id": id_, "purpose": purpose or "", "authority": authority, "confirmations": count}
    description = {key: value for key, value in options.items() if value}
    if targets[0] == "fingerprint" and len(targets) > 1:
        _write_fingerprints(tuple(map(Path, targets[1:])), output, description)
    elif description:
        raise UsageError(f"--{next(iter(description))} is for a fingerprint: auditor lineage fingerprint FILE")
    elif rules and (against or len(targets) > 1):
        raise UsageError("--rules is for a TARGET that is drawn; no rule is used where weights are compared")
    elif against:
        if weights == "header":
            raise UsageError("--weights header: headers alone cannot be compared; use sample or full with --against")
        _compare(Path(targets[0]), (*against, *targets[1:]), shape, full=weights == "full")
    elif len(targets) == 1:
        _draw(targets[0], shape, output, weights, rules, isolated=isolated)
    else:
        raise UsageError(
            "one TARGET or RUN can be drawn at a time; to compare weights, give the other files with --against"
        )


def _draw(
    target: str, shape: str, output: Path | None, weights: str | None, rules: tuple[Path, ...], *, isolated: bool
) -> None:
    """Draw for ``auditor lineage`` the lineage of a run, or of a target that is scanned into a temporary run."""
    from auditor.lineage.draw_graph import FORMATS, load_lineage
    from auditor.pipeline.audit import audit

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = Path(folder, "run")
            audit(target, out=run, weights=weights or "header", rules=rules, isolated=isolated)
        elif weights:
            raise UsageError(
                f"{target}: is a run, and a run does not contain weights; scan the target with --weights {weights}"
            )
        elif rules:
            raise UsageError(f"{target}: is a run with rules of its own; use auditor judge --rules DIR first")
        lines = FORMATS[shape](load_lineage(run, hidden_statement_keys()))
        with create_output(output) if output else click.open_file("-", "w", encoding="utf-8") as out:
            for line in lines:
                out.write(f"{line}\n")


def _write_fingerprints(files: tuple[Path, ...], output: Path | None, description: Mapping[str, str]) -> None:
    """Write for ``auditor lineage`` the fingerprints of files into one file."""
    from auditor.hashing.weight_fingerprints import too_small_reason
    from auditor.lineage.fingerprint_files import save_fingerprint
    from auditor.lineage.weight_samples import sample_model

    if len(files) > 1 and not output:
        raise UsageError("several fingerprints are written into one file: give it with -o")
    if len(files) > 1 and "id" in description:
        raise UsageError("--id is for one model: write the fingerprints one by one")
    out = output or files[0].with_name(f"{files[0].name}.fingerprint")
    for number, file in enumerate(files):
        weights = sample_model(file)
        save_fingerprint(weights, out, description, append=number > 0)
        if why := too_small_reason(weights.values):
            click.echo(f"{file}: cannot be put on a list: {why}", err=True)
    click.echo(f"{out}: {out.stat().st_size:,} bytes", err=True)


def _compare(file: Path, bases: tuple[str, ...], shape: str, *, full: bool) -> None:
    """Compare the weights of the file of ``auditor lineage`` with those of other files and of lists."""
    import json

    from auditor.known.open_list import open_list
    from auditor.lineage.fingerprint_files import load_weights
    from auditor.lineage.fingerprint_matching import ListFingerprints
    from auditor.lineage.weight_samples import SampledWeights
    from auditor.lineage.weight_similarity import LIMITS, compare_weights

    def load(path: Path) -> SampledWeights:
        """Load weights, and say which of their tensors are not compared."""
        weights = load_weights(path, full=full)
        if types := ", ".join(f"{count:,} of {of}" for of, count in sorted(weights.unread_types.items())):
            click.echo(f"{path}: tensors whose values are not compared: {types}", err=True)
        return weights

    model = load(file)
    files = [base for base in bases if Path(base).exists()]
    compared = [(base, compare_weights(model, load(Path(base)))) for base in files]
    for base, similarity in compared if full else ():
        if not similarity.hashed:
            why = "one of the two is no safetensors file, or has no tensors that distinguish models"
            click.echo(f"{base}: not compared byte for byte: {why}", err=True)
    for name in (base for base in bases if base not in files):
        fingerprints = ListFingerprints.of_list(open_list(name))
        found = fingerprints.similar_entries(model, model.sketch())
        compared += [(f"{name}, entry {fingerprints.token(each.entry)}", each.similarity) for each in found]
        if not found:
            click.echo(f"{name}: holds no similar model", err=True)
    if shape == "json":
        click.echo(json.dumps([{"base": base, **similarity.as_dict()} for base, similarity in compared], indent=1))
        return
    for base, similarity in sorted(compared, key=lambda pair: -pair[1].cosine):
        click.echo(f"{base}: {similarity}")
    click.echo(LIMITS, err=True)
