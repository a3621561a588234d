"""The command that serves the review page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import FOLDER, rules_option
from auditor.errors import UsageError

if TYPE_CHECKING:
    pass
from auditor.cli.review.group import command
from auditor.cli.review.options import ledger_option


@command.command(
    epilog="""\b
Examples:
  auditor review serve --as heron --support "Ask Sam, 555 0100, any hour"
  auditor review serve --as heron --as wren --run runs/hub

Open the link that is printed in a browser on this machine, once. All of the page can be done with keys alone."""
)
@click.option(
    "--as", "names", multiple=True, envvar="AUDITOR_REVIEWER", metavar="WHO", help="Who reviews (a link for each)."
)
@click.option(
    "--support",
    default="",
    envvar="AUDITOR_SUPPORT",
    metavar="TEXT",
    help="Whom a reviewer can turn to; it is always in sight.",
)
@click.option("--run", "runs", multiple=True, type=FOLDER, metavar="RUN", help="A run, to show its coverage.")
@click.option("--recipient", "recipients", multiple=True, metavar="NAME", help="For whom a list is about to be built.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: any free one).")
@rules_option
@ledger_option
def serve(
    names: tuple[str, ...],
    support: str,
    runs: tuple[Path, ...],
    recipients: tuple[str, ...],
    port: int,
    rules: tuple[Path, ...],
    folder: Path,
) -> None:
    """Review in a browser on this machine, which nobody else can reach."""
    try:
        from auditor.page import server
    except ModuleNotFoundError as error:
        raise UsageError(f"the review page needs {error.name}: pip install 'provenance-auditor[review]'") from error

    service, listening = server.create_service(folder, names, support, runs, rules, recipients, port)
    for reviewer, link in service.links():
        click.echo(f"{reviewer}: {link}")
    click.echo("each link opens once, within 15 minutes; Ctrl+C stops the page", err=True)
    server.run(service, listening)
