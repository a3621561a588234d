"""``auditor lists``: import, show and check known-content lists, and explain a match or a miss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.ci_environment import runs_in_ci
from auditor.cli.options import algorithm_option, column_option, isolated_option, parse_pairs
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.extensions import Extension
    from auditor.known.compiled_list import CompiledList

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FILE_OR_INPUT = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.group()
def command() -> None:
    """Import, show and check lists of known content, and explain a match."""


@command.command(
    name="import",
    epilog="""\b
Examples:
  auditor lists import hashes.csv --name hotline --means csam --column md5="File hash"
  auditor lists import export.xml --name ncmec --holder NCMEC --version 2026-11-23
  auditor lists import page1.xml page2.xml --name ncmec       pages of a feed, the oldest first
  gpg -d hashes.csv.gpg | auditor lists import - --name hotline --means csam      no copy of the file is kept
  auditor lists import pdq.txt --name ours --means withdrawn --algorithm pdq --threshold pdq=24
  auditor lists import found.fingerprint --name models        what `auditor lineage fingerprint` wrote, added to the
                                                              list; many at once as one file: cat *.fingerprint
  auditor lists import bases.fingerprint --name bases --means benign      base models that only explain a similarity

Meanings: csam, exploitative, ncii, terrorism, withdrawn, benign, model, test. A list with a malformed line is
refused, unless with --skip-malformed; `auditor lists check FILE` shows all such lines.""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=_FILE_OR_INPUT)
@click.option("--name", required=True, metavar="N", help="The name of the list.")
@click.option("--means", default="", metavar="M", help="The meaning of its entries, if the file does not state one.")
@click.option(
    "--version",
    default="",
    metavar="V",
    help="The version (default: the one that the file states, or the current time).",
)
@click.option("--holder", default="", metavar="H", help="Who holds the list.")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    callback=parse_pairs,
    metavar="A=BITS",
    help="How far a near match may be: pdq up to 31 (the default), phash-64 or dhash-64 up to 16 (default: equality).",
)
@click.option(
    "--whole", is_flag=True, help="The given pages or fingerprints are the whole list: replace the active version."
)
@click.option("--skip-malformed", is_flag=True, help="Import the good entries, and count the malformed ones.")
@isolated_option
@algorithm_option
@column_option
def import_(
    files: tuple[Path, ...],
    name: str,
    means: str,
    version: str,
    holder: str,
    thresholds: Mapping[str, str],
    whole: bool,
    skip_malformed: bool,
    isolated: bool,
    algorithm: str,
    columns: Mapping[str, str],
) -> None:
    """Compile list FILEs into a new version of the list NAME, and make it the active version.

    Pages of a feed (NCMEC, StopNCII, Tech Against Terrorism), fingerprints and deltas change the active version;
    --whole replaces it. Nothing becomes active if an entry is malformed, unless with --skip-malformed.
    """
    from auditor.known.entries import ListOptions
    from auditor.known.import_list import import_list
    from auditor.known.list_identity import ListDeclaration

    try:
        distances = tuple((what, int(bits)) for what, bits in thresholds.items())
    except ValueError as error:
        raise UsageError(f"--threshold: {error}; write for example pdq=24") from error
    declaration = ListDeclaration(name, means, version, holder, distances)
    known, statistics = import_list(
        files,
        declaration,
        ListOptions(columns, algorithm),
        whole=whole,
        skip_malformed=skip_malformed,
        extensions=_extensions(isolated),
    )
    click.echo(_active(known))
    if statistics.malformed_count:
        click.echo(
            f"malformed entries left out: {statistics.malformed_count:,}; `auditor lists check FILE` shows them",
            err=True,
        )


@command.command(name="list", epilog="Example: auditor lists list")
def list_() -> None:
    """Print every imported list: name, version, meaning, entries, holder."""
    from auditor.known.list_store import imported_lists
    from auditor.printable import printable
    from auditor.resources import user_data_folder

    lists = imported_lists()
    for known in lists:
        row = (
            known.name,
            known.version,
            known.means,
            f"{known.entries:,}",
            " ".join(sorted(known.algorithms)),
            known.holder,
        )
        click.echo("\t".join(map(printable, row)))
    if not lists:
        click.echo(f"no list is imported in {user_data_folder()}; see `auditor lists import --help`", err=True)


@command.command(
    epilog="""Example: auditor lists rollback hotline 2026-11-22 --reason "the holder withdrew 2026-11-23"

`auditor lists check NAME` shows which versions are kept."""
)
@click.argument("name")
@click.argument("version")
@click.option(
    "--reason", required=True, metavar="TEXT", help="The reason; it is stored, and shown by `auditor lists check`."
)
def rollback(name: str, version: str, reason: str) -> None:
    """Make a kept VERSION of a list active again.

    The next import must still be newer than the newest version that was ever imported.
    """
    from auditor.known.list_store import roll_back

    known = roll_back(name, version, reason)
    click.echo(_active(known))


@command.command(
    epilog="""\b
Examples:
  auditor lists remove hotline 2026-11-21 2026-11-22    versions that are not needed any more
  auditor lists remove hotline                          the whole list"""
)
@click.argument("name")
@click.argument("versions", nargs=-1, metavar="[VERSION...]")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def remove(name: str, versions: tuple[str, ...], yes: bool) -> None:
    """Delete kept VERSIONs of a list, or the whole list."""
    from auditor.known.list_store import remove_list

    what = f"version {', '.join(versions)} of the list {name}" if versions else f"the list {name}, all its versions"
    if not yes:
        click.confirm(f"delete {what}?", abort=True, err=True)
    remove_list(name, versions)
    click.echo(f"deleted {what}")


@command.command(
    epilog="""\b
Examples:
  auditor lists check hotline          is the imported list undamaged, and how old is it?
  auditor lists check export.csv       every malformed line of a file, before importing it"""
)
@click.argument("list_", metavar="NAME|FILE")
@algorithm_option
@column_option
@isolated_option
def check(list_: str, algorithm: str, columns: Mapping[str, str], isolated: bool) -> None:
    """Report the state of a list: malformed, duplicate, low-quality, withdrawn and disputed entries, and its age."""
    from auditor.known.entries import ListOptions
    from auditor.known.list_health import check_imported_list, check_list_file
    from auditor.printable import printable

    lines = (
        check_list_file(Path(list_), ListOptions(columns, algorithm), _extensions(isolated))
        if Path(list_).is_file()
        else check_imported_list(list_)
    )
    for line in lines:
        click.echo(printable(line, 1000))


@command.command(
    epilog="""\b
Examples:
  auditor lists why picture.jpg --known hotline
  auditor lists why picture.jpg --known test-list.csv --means test

\b
Exit codes, as those of `auditor screen`:
  0    none: compared, without a match
  1    a match
  2    misuse, or a list that cannot be trusted
  3    unchecked: no match, and something was not compared

A miss never shows the distance to the nearest entry: repeated queries could reconstruct the list."""
)
@click.argument("image", type=_FILE)
@click.option("--known", required=True, metavar="LIST", help="An imported list's name, or a list file.")
@click.option(
    "--means", default="", metavar="M", help="The meaning of a list file's entries, if it does not state one."
)
@click.option("--places", is_flag=True, help="Show the distance of a match (confidential).")
@click.option("--thorough", is_flag=True, help="Undo common edits too, as `auditor scan --thorough` does.")
@algorithm_option
@column_option
@isolated_option
@click.pass_context
def why(
    context: click.Context,
    image: Path,
    known: str,
    means: str,
    places: bool,
    thorough: bool,
    algorithm: str,
    columns: Mapping[str, str],
    isolated: bool,
) -> None:
    """Explain why an IMAGE matches a list, or does not."""
    from dataclasses import replace

    from auditor.known.explain import VARIANTS, explain_match
    from auditor.known.open_list import open_list
    from auditor.printable import printable
    from auditor.screening.exit_codes import exit_code
    from auditor.screening.screener import screen_bytes

    if runs_in_ci():
        raise UsageError("explains a match, which logs of continuous integration must not show: run it elsewhere")
    opened = open_list(known, means=means, algorithm=algorithm, columns=columns, extensions=_extensions(isolated))
    for line in explain_match(image, opened, places=places, thorough=thorough):
        click.echo(printable(line, 1000))
    variants = (*VARIANTS, "thorough") if thorough else VARIANTS
    # As in the explanation, an entry of a benign list is matched too.
    answer = screen_bytes(image.read_bytes(), (replace(opened, means="test"),), variants)
    if answer.outcome != "match":
        click.echo(printable(f"{answer.outcome}: {answer.why}", 1000))
    context.exit(exit_code({answer.outcome}))


def _extensions(isolated: bool) -> tuple[Extension, ...]:
    """Return the extensions that ``auditor lists`` uses."""
    from auditor.extensions import installed_extensions

    return () if isolated else installed_extensions()


def _active(known: CompiledList) -> str:
    """Return the sentence in which ``auditor lists`` says which version of a list is active."""
    return f"{known.name} version {known.version} is active: {known.entries:,} entries, means {known.means}"
