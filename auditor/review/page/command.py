"""``auditor review serve``: the review page, on this machine alone."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.errors import UsageError

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    epilog="""\b
Examples:
  auditor review serve ledger/ --reviewer heron --support "Ask Sam, 555 0100, any hour"
  auditor review serve ledger/ --reviewer heron --reviewer wren --run reports/runs/hub

Open the link that is printed, once, in your browser; Ctrl+C stops the page. Everything on it can be done with keys."""
)
@click.argument("ledger", type=_FOLDER)
@click.option("--reviewer", "names", multiple=True, metavar="NAME", help="Who reviews (repeatable: a link for each).")
@click.option(
    "--support",
    default="",
    envvar="AUDITOR_SUPPORT",
    show_envvar=True,
    metavar="TEXT",
    help="Whom a reviewer can turn to; it is always in sight.",
)
@click.option("--run", "runs", multiple=True, type=_FOLDER, metavar="RUN", help="A run, to show its coverage.")
@click.option("--rules", "rules", multiple=True, type=_FOLDER, metavar="DIR", help="A further folder of rules.")
@click.option("--recipient", "recipients", multiple=True, metavar="NAME", help="For whom a list is about to be built.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: any free one).")
def serve(
    ledger: Path,
    names: tuple[str, ...],
    support: str,
    runs: tuple[Path, ...],
    rules: tuple[Path, ...],
    recipients: tuple[str, ...],
    port: int,
) -> None:
    """Review the cases of a LEDGER in a browser on this machine."""
    try:
        from auditor.review.page import serving
    except ImportError as error:
        raise UsageError(f"the review page needs {error.name}: pip install 'provenance-auditor[review]'") from error

    desk, listening = serving.desk(ledger, names, support, runs, rules, recipients, port)
    for reviewer, address in desk.links():
        click.echo(f"{reviewer}: {address}")
    click.echo("Each link opens once, within 15 minutes. Ctrl+C stops the page.", err=True)
    serving.run(desk, listening)
