"""Serve the screening service on a port or a Unix socket, until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import math
import os
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from auditor.errors import UsageError
from auditor.screening.access import AccessControl
from auditor.screening.app import ScreeningService, ServiceLimits, create_app
from auditor.screening.screener import Screener
from auditor.screening.worker_pool import ScreeningPool

# Seconds that the head of a request may take to arrive, and that a connection may be idle.
HEAD_SECONDS = 10.0
_IDLE_SECONDS = 5
# Connections beyond those of the pictures in progress: callers that wait, and probes.
_FURTHER_CONNECTIONS = 256
_NO_SOCKETS = "a Unix socket needs a system that has them; use --port"


class TimedProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection on which no head of a request arrives in time; uvicorn alone waits for ever.

    The same holds for a body that goes on after its request was refused.
    """

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a connection's first request."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request's head, unless a request is there that is not answered yet."""
        super().data_received(data)
        is_answered = self.cycle is None or self.cycle.response_complete
        if self.conn.their_state is not h11.IDLE and not is_answered:
            self._late.cancel()
        elif self._late.cancelled():
            self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._late.cancel()
        super().connection_lost(exc)


@contextmanager
def listen_on_port(host: str, port: int, *, needs_token: bool) -> Iterator[socket.socket]:
    """Listen on a port; 0 is any free one.

    Raises:
        UsageError: It cannot be used, or other machines can reach it and no token is needed.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise UsageError(f"--host {host}: give an IP address of this machine") from error
    if not needs_token and not address.is_loopback:
        raise UsageError(f"--host {host}: other machines can reach it, so that callers need a token: give --token-file")
    with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM) as listening:
        if os.name == "posix":  # elsewhere it would let another program take the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((str(address), port))
            listening.listen()
        except OSError as error:
            raise UsageError(f"{host}, port {port}: cannot be used: {error.strerror}; choose another --port") from error
        yield listening


@contextmanager
def listen_on_unix_socket(path: Path) -> Iterator[socket.socket]:
    """Listen on a Unix socket that only this user can open, and delete it at the end.

    Raises:
        UsageError: It cannot be made, something else is there, or a service listens on it.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise UsageError(_NO_SOCKETS)
    _delete_left_over_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        except OSError as error:
            raise UsageError(f"{path}: a socket cannot be made: {error.strerror or error}") from error
        finally:
            os.umask(before)
        try:
            listening.listen()
            yield listening
        finally:
            path.unlink(missing_ok=True)


def _delete_left_over_socket(path: Path) -> None:
    """Delete the socket of a service that was killed. Raises UsageError if something else is there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path}: a socket cannot be made: {error.strerror}") from error
    if not stat.S_ISSOCK(mode):
        raise UsageError(f"{path}: is there already and no socket; name another --unix-socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        result = probe.connect_ex(str(path))
    if result != errno.ECONNREFUSED:
        raise UsageError(f"{path}: another service listens there; name another --unix-socket")
    path.unlink(missing_ok=True)


def run_service(
    screener: Screener,
    listening: socket.socket,
    tokens: tuple[str, ...],
    limits: ServiceLimits,
    *,
    workers: int,
    timeout: float,
) -> None:
    """Serve until a signal ends it: what is in progress is answered first.

    Args:
        screener: Its lists are compared.
        listening: The socket to listen on.
        tokens: The tokens of callers; if there are none, no token is needed.
        limits: What is taken.
        workers: The number of worker processes.
        timeout: Seconds that one picture may take.

    Raises:
        UsageError: No worker can be started.
    """
    pool = ScreeningPool(screener, workers=workers, timeout=timeout)
    try:
        pool.start()
        service = ScreeningService(screener, pool, AccessControl(tokens, authorities_of(listening)), limits)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(service),
                http=TimedProtocol,
                access_log=False,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
                ws="none",
                lifespan="off",
                limit_concurrency=limits.max_requests + _FURTHER_CONNECTIONS,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=math.ceil(timeout + limits.body_seconds),
            )
        )
        # uvicorn raises the signal again once it has ended: that must end this program as an exception does.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        asyncio.run(server.serve(sockets=[listening]))
    finally:
        pool.close()


def authorities_of(listening: socket.socket) -> tuple[str, ...]:
    """Return the values of ``Host`` under which programs of this machine reach a port; () for a Unix socket."""
    if listening.family == getattr(socket, "AF_UNIX", None):
        return ()
    address, port = listening.getsockname()[:2]
    names = ("127.0.0.1", "localhost", "[::1]", f"[{address}]" if ":" in address else address)
    return tuple(f"{name}:{port}" for name in names) + (names if port == 80 else ())
