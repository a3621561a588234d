"""A small model hub for tests: it answers huggingface_hub's and datasets' real clients over HTTP, on this machine.

It has lists of repositories and of files, page by page; files by ranges, large ones by a redirect to another address
as that of a content network; gated, private, renamed and missing repositories; and, where a test asks for it, faults.
Nothing of it is the project's: other tests and benchmarks may use it too::

    with HubServer() as hub:
        hub.add("model", "acme/base", {"README.md": b"---\\nlicense: mit\\n---\\n"})
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.url)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

# Files that a hub keeps apart from git, by their suffix: they have a SHA-256 and come from the content network.
LFS_SUFFIXES = (".safetensors", ".gguf", ".bin", ".pt", ".ckpt", ".parquet", ".png", ".jpg", ".tar", ".zip", ".mp4")
SIGNATURE = "Signature=signed-for-this-test"


@dataclass
class Fault:
    """What the server does in place of an answer.

    Attributes:
        path: An expression that the path of a request matches.
        status: The status that it answers with; 0: the right one.
        headers: Further headers of that answer.
        cut_after: So many bytes of a body are sent, and the connection is closed; -1: all.
        seconds: How long it waits before it answers.
        drip: Seconds that it waits before each byte of a body.
        ignores_range: It sends the whole file, whatever range is asked for.
        body: What it sends in place of the right answer; None: that.
        times: How many requests it is for; -1: all.
    """

    path: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int = -1
    seconds: float = 0
    drip: float = 0
    ignores_range: bool = False
    body: bytes | None = None
    times: int = -1


@dataclass
class Repository:
    """A repository: its commits with their files, the newest last, and how it is to be had."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)  # of branches and tags: the commits
    is_gated: bool = False
    is_private: bool = False

    @property
    def head(self) -> str:
        return next(reversed(self.commits))


@dataclass(frozen=True)
class Request:
    """A request as the server saw it, and how many bytes of a body it sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    sent: int


class HubServer:
    """A hub on this machine; a context manager. ``requests`` are those that it was asked, in order.

    Attributes:
        url: Its address.
        cdn_url: That of its content network, another port.
        token: The token that may read gated and private repositories.
        page_size: Items of a page of its lists.
    """

    def __init__(self, *, token: str = "hf_canaryCanaryCanaryCanaryCanary", page_size: int = 1000) -> None:
        self.token = token
        self.page_size = page_size
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.renamed: dict[tuple[str, str], str] = {}
        self.sizes: dict[bytes, int] = {}  # what the list of files says of a content's size, if it is another
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self._contents: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._servers = [_Server(self, is_cdn=False), _Server(self, is_cdn=True)]
        self.url, self.cdn_url = (f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers)

    def __enter__(self) -> HubServer:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def add(self, kind: str, name: str, files: Mapping[str, bytes], **about: Any) -> str:
        """Add a commit with these files to a repository, which is made if there is none; return the commit."""
        repository = self.repositories.setdefault((kind, name), Repository())
        for key, value in about.items():
            setattr(repository, key, value)
        number = len(repository.commits)
        commit = hashlib.sha1(f"{kind} {name} {number} {sorted(files)}".encode()).hexdigest()
        repository.commits[commit] = dict(files)
        for path, data in files.items():
            if is_lfs(path):
                self._contents[hashlib.sha256(data).hexdigest()] = data
        return commit

    def rename(self, kind: str, old: str, new: str) -> None:
        """Give a repository another name; the old one leads to it."""
        self.repositories[kind, new] = self.repositories.pop((kind, old))
        self.renamed[kind, old] = new

    def sent(self, path: str) -> int:
        """Return how many bytes of bodies were sent for a path of a repository, from the hub or its network."""
        contents = {hashlib.sha256(data).hexdigest() for data in self._all_versions(path)}
        return sum(
            one.sent
            for one in self.requests
            if one.path.endswith(f"/{quote(path)}") or one.path.rpartition("/")[2] in contents
        )

    def paths(self) -> list[str]:
        """Return the paths of the requests so far."""
        return [one.path for one in self.requests]

    def _all_versions(self, path: str) -> Iterator[bytes]:
        for repository in self.repositories.values():
            for files in repository.commits.values():
                if path in files:
                    yield files[path]

    def _fault(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None


def is_lfs(path: str) -> bool:
    """Return whether the hub keeps a file apart from git."""
    return path.lower().endswith(LFS_SUFFIXES)


def xet_hash(data: bytes) -> str:
    """Return what the list of files gives as a file's Xet hash: 64 hex digits, here not those of the algorithm."""
    return hashlib.blake2s(data).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, hub: HubServer, *, is_cdn: bool) -> None:
        self.hub, self.is_cdn = hub, is_cdn
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._answer()

    do_HEAD = do_POST = do_GET  # noqa: N815 - names of http.server

    def _answer(self) -> None:
        hub, url = self.server.hub, urlsplit(self.path)
        self._sent = 0
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._fault = hub._fault(self.path)
        try:
            if self._fault and self._fault.seconds:
                time.sleep(self._fault.seconds)
            if self._fault and self._fault.status:
                self._send(self._fault.status, self._fault.body or b"{}", self._fault.headers)
            elif self._fault and self._fault.body is not None:
                self._send(200, self._fault.body)
            elif self.server.is_cdn:
                self._send_range(hub._contents[url.path.rpartition("/")[2]], {})
            else:
                self._route(unquote(url.path), parse_qs(url.query))
        finally:
            hub.requests.append(Request(self.command, url.path, url.query, dict(self.headers.items()), self._sent))

    def _route(self, path: str, query: Mapping[str, list[str]]) -> None:
        if found := re.fullmatch(r"/api/(model|dataset)s", path):
            self._list(found[1], query)
        elif found := re.fullmatch(
            r"/api/(model|dataset)s/((?:[^/]+/)?[^/]+?)(?:/(tree|revision|paths-info)/([^/]+)(/.*)?)?", path
        ):
            self._repository(found[1], found[2], found[3] or "revision", found[4] or "main", found[5] or "", query)
        elif found := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve("dataset" if found[1] else "model", found[2], found[3], found[4])
        else:
            self._error(404, "EntryNotFound")

    def _list(self, kind: str, query: Mapping[str, list[str]]) -> None:
        hub = self.server.hub
        asked = {key: values[0] for key, values in query.items()}
        found = [
            {"_id": name, "id": name, "sha": one.head, "private": one.is_private, "tags": list(one.tags)}
            for (of, name), one in hub.repositories.items()
            if of == kind
            and name.startswith(f"{asked['author']}/" if "author" in asked else "")
            and asked.get("search", "") in name
            and set(query.get("filter", ())) <= set(one.tags)
        ]
        self._send_page(found, query, min(hub.page_size, int(asked.get("limit", hub.page_size))))

    def _repository(
        self, kind: str, name: str, what: str, revision: str, below: str, query: Mapping[str, list[str]]
    ) -> None:
        hub = self.server.hub
        if new := hub.renamed.get((kind, name)):
            self._send(307, b"", {"Location": self.path.replace(name, new, 1)})
            return
        found = self._find(kind, name, revision)
        if not found:
            return
        repository, commit = found
        files = repository.commits[commit]
        if what == "tree":
            tree = [path for path in files if f"/{path}".startswith(below)]
            self._send_page(tree, query, hub.page_size, lambda path: _tree_item(path, files[path], hub))
        elif what == "paths-info":
            paths = json.loads(self._body)["paths"]
            self._send_json([_tree_item(path, files[path], hub) for path in paths if path in files])
        else:
            about = {"_id": name, "id": name, "sha": commit, "private": repository.is_private, "downloads": 0}
            about |= {"gated": "auto" if repository.is_gated else False, "tags": list(repository.tags), "likes": 0}
            about["siblings"] = [{"rfilename": path} for path in files]
            expand = query.get("expand")
            self._send_json({key: about[key] for key in ("_id", "id", *expand)} if expand else about)

    def _resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        hub = self.server.hub
        if new := hub.renamed.get((kind, name)):
            self._send(307, b"", {"Location": self.path.replace(name, new, 1)})
            return
        found = self._find(kind, name, revision)
        if not found:
            return
        repository, commit = found
        if repository.is_gated and not self._is_authorized():
            self._error(403, "GatedRepo")
            return
        data = repository.commits[commit].get(path)
        if data is None:
            self._error(404, "EntryNotFound")
            return
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not is_lfs(path):
            self._send_range(data, {**headers, "ETag": f'"{hashlib.sha1(data).hexdigest()}"'})
            return
        sha256 = hashlib.sha256(data).hexdigest()
        headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data)), "X-Xet-Hash": xet_hash(data)}
        headers["Location"] = f"{hub.cdn_url}/files/{sha256}?{SIGNATURE}"
        self._send(302, b"", {**headers, "ETag": f'"{sha256}"'})

    def _find(self, kind: str, name: str, revision: str) -> tuple[Repository, str] | None:
        """Find a repository and the commit of a revision, or answer that there is none."""
        repository = self.server.hub.repositories.get((kind, name))
        if not repository or (repository.is_private and not self._is_authorized()):
            self._error(404 if self._is_authorized() else 401, "RepoNotFound")
            return None
        commit = repository.head if revision == "main" else repository.names.get(revision, revision)
        if commit not in repository.commits:
            self._error(404, "RevisionNotFound")
            return None
        return repository, commit

    def _is_authorized(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.server.hub.token}"

    def _send_page(
        self,
        items: list[Any],
        query: Mapping[str, list[str]],
        size: int,
        describe: Callable[[Any], object] = lambda item: item,
    ) -> None:
        start = int(query.get("cursor", ["0"])[0])
        headers = {}
        if start + size < len(items):
            path, _, text = self.path.partition("?")
            rest = "&".join(part for part in text.split("&") if part and not part.startswith("cursor="))
            following = f"{self.server.hub.url}{path}?{rest}&cursor={start + size}"
            headers["Link"] = f'<{following}>; rel="next"'
        self._send_json([describe(item) for item in items[start : start + size]], headers)

    def _send_range(self, data: bytes, headers: Mapping[str, str]) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not found or (self._fault and self._fault.ignores_range):
            self._send(200, data, headers)
            return
        start, stop = int(found[1]), min(len(data), int(found[2] or len(data)) + 1)
        if start >= len(data):
            self._send(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
            return
        self._send(206, data[start:stop], {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"})

    def _send_json(self, content: object, headers: Mapping[str, str] | None = None) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _error(self, status: int, code: str) -> None:
        self._send(status, b'{"error": "no"}', {"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self._fault.cut_after if self._fault else -1
        body = body if cut < 0 else body[:cut]
        self._sent = len(body)
        if self._fault and self._fault.drip:
            for at in range(len(body)):
                time.sleep(self._fault.drip)
                self.wfile.write(body[at : at + 1])
        else:
            self.wfile.write(body)
        if cut >= 0:
            self.close_connection = True


def _tree_item(path: str, data: bytes, hub: HubServer) -> dict[str, object]:
    """Return what the list of a repository's files says of one."""
    size = hub.sizes.get(data, len(data))
    item: dict[str, object] = {"type": "file", "path": path, "size": size, "oid": hashlib.sha1(data).hexdigest()}
    if is_lfs(path):
        sha256 = hashlib.sha256(data).hexdigest()
        item |= {"lfs": {"oid": sha256, "size": size, "pointerSize": 134}, "xetHash": xet_hash(data)}
    return item
