"""``auditor screen FILE``: screen files, one answer a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.ci_environment import runs_in_ci
from auditor.cli.screen.group import DEFAULT_COMMAND, command
from auditor.cli.screen.options import screener_options

if TYPE_CHECKING:
    from auditor.screening.screener import Screener, Screening

_FILE_OR_INPUT = click.Path(exists=True, dir_okay=False, readable=False, allow_dash=True)
_STANDARD_INPUT = "-"


@command.command(
    name=DEFAULT_COMMAND,
    epilog="""\b
Examples:
  auditor screen upload.jpg --known hotline
  auditor screen *.png --known hotline --known ours --format json
  curl -s https://example.org/picture.jpg | auditor screen - --known hotline

\b
Exit codes:
  0    none: compared with every list, without a match
  1    a match
  2    misuse, or a list that cannot be trusted
  3    unchecked: no match, and something was not compared, as of an archive, a video, a damaged picture or
       with a list that is too old

An answer never says which entry matches or how nearly: repeated questions could reconstruct a list. In continuous
integration, whose logs may be public, it names no list, and of a match it says "held for a check by people".""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...|-", type=_FILE_OR_INPUT)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="One line of text, or one JSON object a line.",
)
@screener_options
@click.pass_context
def screen_files(
    context: click.Context, files: tuple[str, ...], format_name: str, open_screener: Callable[..., Screener]
) -> None:
    """Screen FILEs (-: standard input): does one match an entry of a list?"""
    from auditor.printable import printable
    from auditor.reporting.author_view import author_answer
    from auditor.screening.exit_codes import exit_code

    screener = open_screener(audited=files)
    in_ci = runs_in_ci()
    outcomes = set()
    for file in files:
        answer = _screen_file(screener, file)
        outcomes.add(answer.outcome)
        if in_ci:
            answer = author_answer(answer, screener.lists)
        if format_name == "json":
            click.echo(json.dumps({"file": printable(file, 4000), **asdict(answer)}))
        else:
            click.echo(f"{printable(file, 1000)}: {answer.outcome}: {printable(answer.why, 1000)}")
    context.exit(exit_code(outcomes))


def _screen_file(screener: Screener, file: str) -> Screening:
    """Screen one file; what cannot be held in memory or read is unchecked."""
    from auditor.part_builders.file_samples import MAX_DECODED_BYTES
    from auditor.screening.screener import Screening

    try:
        with sys.stdin.buffer if file == _STANDARD_INPUT else Path(file).open("rb") as stream:
            data = stream.read(MAX_DECODED_BYTES + 1)
    except OSError as error:
        return Screening("unchecked", why=f"cannot be read: {error.strerror}")
    if len(data) > MAX_DECODED_BYTES:
        return Screening("unchecked", why="more than 256 MiB; scan it")
    return screener.screen(data)
