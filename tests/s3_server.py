"""A small S3 service over HTTP for tests: lists, ranges, and what goes wrong."""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class S3Server:
    """Objects by ``BUCKET/KEY``; ``failures`` are statuses that the next requests for bytes get, one each."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.failures: list[int] = []
        self.sent: dict[str, int] = {}
        self.is_closed = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> S3Server:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is inherited
                """Log nothing."""

            def answer(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                path = unquote(parts.path).strip("/")
                if server.is_closed:
                    self.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
                elif "list-type=2" in parts.query:
                    self.list_objects(path, parse_qs(parts.query).get("prefix", [""])[0])
                elif path not in server.objects:
                    self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
                elif self.command == "GET" and server.failures:
                    self.answer(server.failures.pop(0), b"<Error><Code>SlowDown</Code><Message>slow</Message></Error>")
                else:
                    self.send_object(path)

            def list_objects(self, bucket: str, prefix: str) -> None:
                found = "".join(
                    f"<Contents><Key>{escape(path.partition('/')[2])}</Key><Size>{len(data)}</Size>"
                    f"<ETag>&quot;{hashlib.md5(data).hexdigest()}&quot;</ETag>"
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                    for path, data in sorted(server.objects.items())
                    if path.startswith(f"{bucket}/{prefix}")
                )
                self.answer(200, f"<ListBucketResult>{found}</ListBucketResult>".encode(), Content_Type="text/xml")

            def send_object(self, path: str) -> None:
                data, status, headers = server.objects[path], 200, {}
                if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
                    start, stop = int(found[1]), int(found[2] or len(data) - 1) + 1
                    headers["Content_Range"] = f"bytes {start}-{min(stop, len(data)) - 1}/{len(data)}"
                    data, status = data[start:stop], 206
                if self.command == "GET":
                    server.sent[path] = server.sent.get(path, 0) + len(data)
                self.answer(status, data, Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT", **headers)

        return Handler
