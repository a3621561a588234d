"""The command that serves the review page."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import FOLDER, rules_option
from auditor.cli.review.group import command
from auditor.cli.review.options import ledger_option
from auditor.errors import UsageError


@command.command(
    epilog="""\b
Examples:
  auditor review serve --as heron --support "Ask Sam, 555 0100, any hour"
  auditor review serve --as heron --key heron.key
  auditor review serve --as heron --as wren --run runs/hub

Open the printed link once, in a browser on this machine. The page can be used with the keyboard alone."""
)
@click.option(
    "--as",
    "names",
    multiple=True,
    envvar="AUDITOR_REVIEWER",
    metavar="WHO",
    help="A reviewer's pseudonym; one link is printed for each (repeatable).",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    envvar="AUDITOR_REVIEWER_KEY",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The private key of a reviewer, where the ledger has enrolled keys (repeatable, in the order of --as).",
)
@click.option(
    "--support",
    default="",
    envvar="AUDITOR_SUPPORT",
    metavar="TEXT",
    help="A support contact for reviewers, always visible on the page.",
)
@click.option(
    "--run", "runs", multiple=True, type=FOLDER, metavar="RUN", help="A run whose coverage is shown (repeatable)."
)
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="NAME",
    help="A recipient for whom the next list is previewed (repeatable).",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: a free one).")
@rules_option
@ledger_option
def serve(
    names: tuple[str, ...],
    keys: tuple[Path, ...],
    support: str,
    runs: tuple[Path, ...],
    recipients: tuple[str, ...],
    port: int,
    rules: tuple[Path, ...],
    folder: Path,
) -> None:
    """Serve the review page to browsers on this machine only."""
    try:
        from auditor.page import server
    except ModuleNotFoundError as error:
        raise UsageError(f"the review page needs {error.name}: pip install 'provenance-auditor[review]'") from error

    service, listening = server.create_service(folder, names, support, runs, rules, recipients, port, keys=keys)
    for reviewer, link in service.links():
        click.echo(f"{reviewer}: {link}")
    click.echo("each link works once, within 15 minutes; Ctrl+C stops the page", err=True)
    server.run_server(service, listening)
