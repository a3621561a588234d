"""No test can reach the network; connections to this machine itself work."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from tests.network_guard import is_local


def test_a_connection_that_leaves_the_machine_fails_the_test() -> None:
    # 192.0.2.0/24 is reserved for documentation (RFC 5737): nobody answers there.
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1.*socket\.connect"):
        client.connect(("192.0.2.1", 80))


def test_a_name_is_not_even_looked_up() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"host\.invalid.*socket\.getaddrinfo"):
        urllib.request.urlopen("http://host.invalid/", timeout=1)


def test_a_datagram_that_leaves_the_machine_fails_the_test() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1.*socket\.sendto"),
    ):
        client.sendto(b"x", ("192.0.2.1", 9))


def test_a_connection_to_this_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port), timeout=5) as client, server.accept()[0] as accepted:
            accepted.sendall(b"here")
            assert client.recv(4) == b"here"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "", None, b"localhost"])
def test_these_hosts_are_this_machine(host: str | bytes | None) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["0.0.0.1", "10.0.0.1", "192.168.1.1", "fe80::1", "host.example", "localhost.example"])
def test_these_hosts_are_not(host: str) -> None:
    assert not is_local(host)
