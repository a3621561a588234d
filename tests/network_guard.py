"""Refuse every connection that leaves this machine, so that no test depends on the network.

It covers the test process and what is forked from it; `.ci/offline` cuts off whole process trees.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

import pytest

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def is_local(host: str | bytes | None) -> bool:
    """Tell whether `host` is this machine: a loopback address, ``localhost``, or none at all."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CONNECTING:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # anything else is a socket of this machine's files
    elif event in _RESOLVING:
        host = arguments[0]
    else:
        return
    if not is_local(host):
        # pytest's own failure is no Exception: the code under test cannot catch it by mistake.
        pytest.fail(f"a test tried to reach {host!r} over the network ({event})")


def install() -> None:
    """Refuse from now on, in this process. An audit hook cannot be removed, nor bypassed by another socket class."""
    sys.addaudithook(_audit)
