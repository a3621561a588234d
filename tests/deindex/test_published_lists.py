"""Lists in a folder that a web server serves, and how a recipient fetches them."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auditor.deindex.published_lists import (
    PublishedList,
    fetch_lists,
    plan_fetch,
    publish_list,
    recipient_folder,
)
from auditor.deindex.received_state import sender_folder
from auditor.errors import SealError, UsageError
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision


class _Handler(SimpleHTTPRequestHandler):
    """Serves files with an ETag, as web servers do; ``server`` says what to do otherwise."""

    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path.rpartition("/")[2], self.headers.get("if-none-match", "")))
        if self.server.answers:
            status, headers = self.server.answers.pop(0)
            self.send_response(status)
            for name, value in (*headers, ("content-length", "0")):
                self.send_header(name, value)
            self.end_headers()
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        etag = f'"{len(data)}-{hash(data)}"'
        if self.headers.get("if-none-match") == etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("etag", etag)
        self.send_header("last-modified", formatdate())
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: -self.server.cut] if self.server.cut and path.suffix == ".age" else data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answers: list[tuple[int, tuple[tuple[str, str], ...]]] = []
        self.cut = 0
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[_Server]:
    (tmp_path / "www").mkdir()
    with _Server(tmp_path / "www") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def publish(exchange: ListExchange, *names: str, **order: object) -> None:
    built = exchange.build(*(decision(f"atelier/{name}") for name in names), **order)  # type: ignore[arg-type]
    publish_list(built.path, built.header, exchange.folder / "www", NOW)


def fetch(exchange: ListExchange, server: _Server) -> list[int]:
    """Fetch, and return the versions that were put into use."""
    received = fetch_lists(server.url, exchange.recipient, exchange.sender.card, exchange.folder / "home", NOW)
    return [one.header.version for one in received]


def test_a_recipient_fetches_what_is_new_and_no_more(exchange: ListExchange, server: _Server) -> None:
    publish(exchange, "harbour")
    assert fetch(exchange, server) == [1]
    assert exchange.answers("atelier/harbour", "atelier/lights") == ["listed", "not listed"]
    server.asked.clear()
    assert fetch(exchange, server) == []
    ((name, etag),) = server.asked
    assert (name, bool(etag)) == ("index.json", True)
    publish(exchange, "harbour", "lights", delta=True)
    publish(exchange, "lights", delta=True)
    assert fetch(exchange, server) == [2, 3]
    assert exchange.answers("atelier/harbour", "atelier/lights") == ["not listed", "listed"]


def test_the_folder_tells_strangers_neither_the_recipient_nor_what_is_listed(
    exchange: ListExchange, server: _Server
) -> None:
    publish(exchange, "harbour")
    (place,) = (exchange.folder / "www").iterdir()
    assert place.name == recipient_folder(exchange.recipient.card)
    assert {path.suffix for path in place.iterdir()} == {".json", ".age"}
    assert b"harbour" not in b"".join(path.read_bytes() for path in place.iterdir())


def test_expired_lists_are_deleted_where_they_are_published(exchange: ListExchange, server: _Server) -> None:
    publish(exchange, "harbour", days=1)
    later = add_time(NOW, days=2)
    built = exchange.build(decision("atelier/harbour"), now=later)
    place = publish_list(built.path, built.header, exchange.folder / "www", later)
    assert [one["version"] for one in json.loads((place / "index.json").read_text())["lists"]] == [2]
    assert len(list(place.glob("*.age"))) == 1


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([(404, ())], "answers with 404; try again later, or ask the sender"),
        ([(302, (("location", "https://elsewhere.example/"),))], "answers with another address; ask the sender"),
        ([(200, ())], r"is no index of published lists \(deindex-index/1\); ask the sender"),
    ],
)
def test_an_answer_that_is_no_index_changes_nothing(
    exchange: ListExchange, server: _Server, answers: list[tuple[int, tuple[tuple[str, str], ...]]], why: str
) -> None:
    publish(exchange, "harbour")
    fetch(exchange, server)
    server.answers = answers
    with pytest.raises(SealError, match=why):
        fetch(exchange, server)
    assert exchange.answers("atelier/harbour") == ["listed"]


def test_a_busy_server_is_waited_for(exchange: ListExchange, server: _Server) -> None:
    publish(exchange, "harbour")
    server.answers = [(429, (("retry-after", "1"),)), (503, ())]
    assert fetch(exchange, server) == [1]


def test_a_list_that_breaks_off_changes_nothing_and_is_fetched_again(exchange: ListExchange, server: _Server) -> None:
    publish(exchange, "harbour")
    server.cut = 100
    with pytest.raises(SealError, match="nothing has changed"):
        fetch(exchange, server)
    server.cut = 0
    assert fetch(exchange, server) == [1]


def test_what_a_killed_fetch_left_is_no_obstacle(exchange: ListExchange, server: _Server) -> None:
    publish(exchange, "harbour")
    place = sender_folder(exchange.folder / "home", exchange.sender.card)
    place.mkdir(parents=True, exist_ok=True)
    (place / ".fetched-1.age").write_bytes(b"half of a list")
    assert fetch(exchange, server) == [1]
    assert not (place / ".fetched-1.age").exists()


def test_an_older_list_in_the_index_is_not_fetched(exchange: ListExchange, server: _Server) -> None:
    publish(exchange, "harbour")
    old = (exchange.folder / "www" / recipient_folder(exchange.recipient.card) / "index.json").read_bytes()
    publish(exchange, "lights")
    assert fetch(exchange, server) == [2]
    (exchange.folder / "www" / recipient_folder(exchange.recipient.card) / "index.json").write_bytes(old)
    assert fetch(exchange, server) == []
    assert exchange.answers("atelier/lights") == ["listed"]


@pytest.mark.parametrize(
    "url", ["http://hotline.example/lists", "ftp://hotline.example", "file:///etc", "https://me:word@hotline.example/"]
)
def test_only_https_addresses_without_a_password_are_asked(exchange: ListExchange, url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a folder; write https://HOST/PATH"):
        fetch_lists(url, exchange.recipient, exchange.sender.card, exchange.folder / "home", NOW)


@pytest.mark.parametrize(
    ("published", "version", "expected"),
    [
        ([(1, 0)], 0, [1]),
        ([(1, 0), (2, 1), (3, 2)], 1, [2, 3]),
        ([(1, 0), (2, 1), (3, 2)], 0, [1, 2, 3]),
        ([(1, 0), (3, 2)], 1, []),
        ([(2, 1), (5, 0), (6, 5)], 1, [5, 6]),
        ([(2, 1), (5, 0), (6, 5)], 6, []),
        ([(4, 3)], 0, []),
        ([(1, 0), (2, 1), (4, 3)], 0, [1, 2]),
    ],
)
def test_deltas_are_taken_where_they_connect_else_a_whole_list(
    published: list[tuple[int, int]], version: int, expected: list[int]
) -> None:
    lists = [PublishedList(number, base, "a.age", 1, "0" * 64, NOW) for number, base in published]
    assert [one.version for one in plan_fetch(lists, version)] == expected
