"""``auditor lists``: imports known-content lists, shows and checks them, and explains a match or a miss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from auditor.errors import UsageError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise click.BadParameter(f"{name!r}: write WHAT=VALUE")
    return {name: value for name, _, value in pairs}


algorithm_option = click.option(
    "--algorithm", default="", metavar="A", help="What the hashes are, where the file does not say."
)
column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    callback=_pairs,
    metavar="A=NAME",
    help="A CSV's column: md5, sha1, sha256, pdq, photodna, url, id, classification … (repeatable).",
)


@click.group()
def command() -> None:
    """Lists of known content: import, list, check, and explain a match."""


@command.command(
    name="import",
    epilog="""\b
Examples:
  auditor lists import hashes.csv --name hotline --means csam --column md5="File hash"
  auditor lists import export.xml --name ncmec --holder NCMEC --version 2026-11-23
  auditor lists import pdq.txt --name ours --means withdrawn --algorithm pdq --threshold pdq=24

Meanings: csam, exploitative, ncii, terrorism, withdrawn, benign, model, test. A line that is malformed
refuses the list; `auditor lists check FILE` shows all of them.""",
)
@click.argument("file", type=_FILE)
@click.option("--name", required=True, metavar="N", help="What the list is called from now on.")
@click.option("--means", default="", metavar="M", help="What its entries mean, where the file does not say.")
@click.option(
    "--version", default="", metavar="V", help="Which version this is (default: the file's own, or the time)."
)
@click.option("--holder", default="", metavar="H", help="Who holds the list.")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    callback=_pairs,
    metavar="A=BITS",
    help="How far a near match may be: pdq up to 31 (the default), phash-64 or dhash-64 up to 16 (default: equality).",
)
@algorithm_option
@column_option
def import_(
    file: Path,
    name: str,
    means: str,
    version: str,
    holder: str,
    thresholds: Mapping[str, str],
    algorithm: str,
    columns: Mapping[str, str],
) -> None:
    """Compile a list FILE and make it the active version of the list NAME.

    A delta changes the active version. Nothing becomes active unless all of it is right.
    """
    from auditor.known import Options
    from auditor.known.store import Declared, import_list

    try:
        distances = tuple((what, int(bits)) for what, bits in thresholds.items())
    except ValueError as error:
        raise UsageError(f"--threshold: {error}; write for example pdq=24") from error
    known, _ = import_list(file, Declared(name, means, version, holder, distances), Options(columns, algorithm))
    click.echo(f"{known.name} version {known.version} is active: {known.entries:,} entries, means {known.means}")


@command.command(name="list", epilog="Example: auditor lists list")
def list_() -> None:
    """Every imported list: name, version, meaning, entries, holder."""
    from auditor.known.store import home, imported
    from auditor.printable import printable

    lists = imported()
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
        click.echo(f"no list is imported in {home()}; see `auditor lists import --help`", err=True)


@command.command(
    epilog="""\b
Examples:
  auditor lists check hotline          is what was imported still whole, and how old is it
  auditor lists check export.csv       every malformed line of a file, before importing it"""
)
@click.argument("list_", metavar="NAME|FILE")
@algorithm_option
@column_option
def check(list_: str, algorithm: str, columns: Mapping[str, str]) -> None:
    """How healthy a list is: malformed, duplicate, low-quality, withdrawn and disputed entries, and its age."""
    from auditor.known import Options
    from auditor.known.health import check_file, check_imported
    from auditor.printable import printable

    lines = check_file(Path(list_), Options(columns, algorithm)) if Path(list_).is_file() else check_imported(list_)
    for line in lines:
        click.echo(printable(line, 1000))


@command.command(
    epilog="""\b
Examples:
  auditor lists why picture.jpg --known hotline
  auditor lists why picture.jpg --known test-list.csv --means test

A miss never says how near the nearest entry is: that would give the list away, bit by bit."""
)
@click.argument("image", type=_FILE)
@click.option("--known", required=True, metavar="LIST", help="An imported list's name, or a list file.")
@click.option("--means", default="", metavar="M", help="What a list file's entries mean, where it does not say.")
@click.option("--places", is_flag=True, help="Say how far away a hit is (confidential).")
@algorithm_option
@column_option
def why(image: Path, known: str, means: str, places: bool, algorithm: str, columns: Mapping[str, str]) -> None:
    """Explain why an IMAGE matches a list, or does not."""
    from auditor.known import why as explaining
    from auditor.known.store import open_list
    from auditor.printable import printable

    opened = open_list(known, means=means, algorithm=algorithm, columns=columns)
    for line in explaining.why(image, opened, places=places):
        click.echo(printable(line, 1000))
