"""Serve the review page on this machine only, until it is stopped."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from auditor import timestamps
from auditor.errors import UsageError
from auditor.page.app import application
from auditor.page.ledger_session import LedgerSession
from auditor.page.preferences import PreferenceStore
from auditor.page.security import HOST, AccessControl
from auditor.page.service import ReviewService
from auditor.resources import user_data_folder as program_home
from auditor.review import reviewers
from auditor.review.verified_state import require_verified
from auditor.sealing.keys import SigningKey, encode_public_key


def create_service(
    folder: Path,
    names: Sequence[str] = (),
    support: str = "",
    runs: Sequence[Path] = (),
    rules: Sequence[Path] = (),
    recipients: Sequence[str] = (),
    port: int = 0,
    *,
    keys: Sequence[Path] = (),
    home: Path | None = None,
    clock: Callable[[], str] = timestamps.current_time,
) -> tuple[ReviewService, socket.socket]:
    """Return the service of a ledger, and the listening socket that the server serves it on.

    Args:
        folder: The ledger's folder.
        names: The reviewers' pseudonyms; () is the only reviewer there is.
        support: Whom a reviewer can turn to.
        runs: Runs whose coverage is shown.
        rules: Further folders of rules.
        recipients: For whom a list is about to be built.
        port: The port; 0 is any free one.
        keys: The files of the reviewers' private keys in the order of ``names``; () where the ledger has none enrolled.
        home: Where reviewers' preferences are kept (default: the program's own folder).
        clock: Returns the current time.

    Raises:
        AuditorError: The ledger cannot be opened, a reviewer is unknown, or the port cannot be used.
    """
    ledger_session = LedgerSession(folder, clock)
    with ledger_session.open_ledger() as ledger:
        require_verified(ledger)
        origin, enrolled = ledger.origin, ledger.reviewer_keys()
    known = reviewers.read_reviewers(folder)
    if not names and len(known) == 1:
        names = tuple(known)
    if not names:
        raise UsageError(f"name the reviewers with --as: {', '.join(known) or 'this ledger has none yet'}")
    for name in names:
        if name not in known:
            raise UsageError(f"{name!r}: is no reviewer of this ledger; see `auditor review reviewers --help`")
    if keys and len(keys) != len(names):
        raise UsageError("give one --key for each --as, in the same order")
    ledger_session.signers = dict(zip(names, map(SigningKey.load, keys), strict=False))
    for name in names if enrolled.holders else ():
        key = ledger_session.signers.get(name)
        if key is None or encode_public_key(key.public) != enrolled.keys.get(name):
            raise UsageError(f"{name}: this ledger takes only signed entries: give {name}'s own key with --key")
    home = home or program_home() / "review"
    mark = hashlib.sha256(origin.encode()).hexdigest()[:16]
    stores = {name: PreferenceStore.load(name, home / f"{mark}-{name}.json") for name in names}
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((HOST, port))
        listening.listen()  # from now on browsers wait instead of being refused
    except OSError as error:
        listening.close()
        raise UsageError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error
    access = AccessControl(listening.getsockname()[1])
    return ReviewService(
        ledger_session, access, stores, support, tuple(runs), tuple(rules), tuple(recipients)
    ), listening


def create_server(made: ReviewService) -> uvicorn.Server:
    """Return the page's server. It logs no request: an address may hold the token of a link."""
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


def run_server(made: ReviewService, listening: socket.socket) -> None:
    """Run the page's server until stopped."""
    create_server(made).run(sockets=[listening])
