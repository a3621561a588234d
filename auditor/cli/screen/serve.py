"""``auditor screen serve``: a service that screens the bytes of pictures over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.screen.group import command
from auditor.cli.screen.options import screener_options
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.screening.screener import Screener

_HOST, _PORT = "127.0.0.1", 8765


@command.command(
    epilog="""\b
Examples:
  auditor screen serve --known hotline
  curl --data-binary @upload.jpg http://127.0.0.1:8765/v1/screen
  auditor screen serve --known hotline --unix-socket /run/auditor/screen.sock
  auditor screen serve --known hotline --host 0.0.0.0 --token-file tokens.txt

Answers are JSON: {"outcome": "match" | "none" | "unchecked", "lists": [{"name", "means", "match": "exact" | "near"}],
"why"}. GET /v1/openapi.json describes them, /health and /metrics (Prometheus) are for operators. Pictures are compared
in worker processes; they are neither stored nor logged. Lists are opened once: start it again after an import."""
)
@screener_options
@click.option("--host", metavar="H", help=f"The address to listen on (default: {_HOST}).")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help=f"The port (default: {_PORT}; 0: a free one).")
@click.option(
    "--unix-socket",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Listen on a Unix socket, which only you can open, instead of a port.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The tokens of callers, one a line, each of 32 characters or more; only you may be able to open the file. "
    "Needed where other machines can reach the address.",
)
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Worker processes (default: one per core).")
@click.option("--max-mib", type=click.IntRange(1, 256), default=20, show_default=True, help="The largest body in MiB.")
@click.option(
    "--queue",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    metavar="N",
    help="Pictures that are received, wait or are compared at one time; more are answered 503.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=100.0,
    show_default=True,
    metavar="N",
    help="Pictures a second for each token, or for all callers without tokens; more are answered 429.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="The time that one picture may take; then it is unchecked.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log the route, status and time of each request to stderr.")
def serve(
    open_screener: Callable[..., Screener],
    host: str | None,
    port: int | None,
    unix_socket: Path | None,
    token_file: Path | None,
    workers: int | None,
    max_mib: int,
    queue: int,
    rate: float,
    timeout: float,
    verbose: bool,
) -> None:
    """Serve the screening of pictures to programs of this machine, or to bearers of a token."""
    try:
        from auditor.screening import access, app, server
    except ModuleNotFoundError as error:
        raise UsageError(f"the service needs {error.name}: pip install 'provenance-auditor[serve]'") from error
    from auditor.workers.limits import available_cores

    if unix_socket and (host is not None or port is not None):
        raise click.UsageError("--unix-socket takes the place of --host and --port")
    logging.basicConfig(format="%(message)s")
    logging.getLogger("auditor.screening").setLevel(logging.INFO if verbose else logging.WARNING)
    tokens = access.read_token_file(token_file) if token_file else ()
    screener = open_screener()
    limits = app.ServiceLimits(max_mib << 20, queue, rate)
    with (
        server.listen_on_unix_socket(unix_socket)
        if unix_socket
        else server.listen_on_port(host or _HOST, _PORT if port is None else port, needs_token=bool(tokens))
    ) as listening:
        place = unix_socket or "{}, port {}".format(*listening.getsockname()[:2])
        click.echo(f"screening on {place}, with {', '.join(screener.lists)}; Ctrl+C stops it", err=True)
        server.run_service(screener, listening, tokens, limits, workers=workers or available_cores(), timeout=timeout)
