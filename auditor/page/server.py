"""Listens on this machine alone, and serves a desk until it is stopped."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from auditor.errors import UsageError
from auditor.page.app import Desk, application
from auditor.page.ledger_session import Watch
from auditor.page.preferences import Seat
from auditor.page.security import HOST, Door
from auditor.resources import user_data_folder as program_home
from auditor.review import reviewers, timestamps


def desk(
    folder: Path,
    names: Sequence[str] = (),
    support: str = "",
    runs: Sequence[Path] = (),
    rules: Sequence[Path] = (),
    recipients: Sequence[str] = (),
    port: int = 0,
    *,
    home: Path | None = None,
    clock: Callable[[], str] = timestamps.current_time,
) -> tuple[Desk, socket.socket]:
    """A desk over a ledger, and the socket that it is served on, listening. Raises :class:`AuditorError`.

    ``home`` is where reviewers' own choices are kept; by default the program's own folder.
    """
    watch = Watch(folder, clock)
    with watch.ledger() as ledger:
        origin = ledger.origin
    known = reviewers.read_reviewers(folder)
    if not names and len(known) == 1:
        names = tuple(known)
    if not names:
        raise UsageError(f"say who reviews, with --as: {', '.join(known) or 'none is entered yet'}")
    for name in names:
        if name not in known:
            raise UsageError(f"{name!r}: is no reviewer of this ledger; see `auditor review reviewers --help`")
    home = home or program_home() / "review"
    mark = hashlib.sha256(origin.encode()).hexdigest()[:16]
    seats = {name: Seat.of(name, home / f"{mark}-{name}.json") for name in names}
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((HOST, port))
        listening.listen()  # from now on a browser waits, rather than is refused
    except OSError as error:
        listening.close()
        raise UsageError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error
    door = Door(listening.getsockname()[1])
    return Desk(watch, door, seats, support, tuple(runs), tuple(rules), tuple(recipients)), listening


def server(made: Desk) -> uvicorn.Server:
    """Nothing of a request is logged: an address may hold a link's token."""
    return uvicorn.Server(
        uvicorn.Config(
            application(made),
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
    )


def run(made: Desk, listening: socket.socket) -> None:
    """Until it is stopped."""
    server(made).run(sockets=[listening])
