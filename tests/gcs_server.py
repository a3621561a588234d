"""A small Google Cloud Storage service over HTTP for tests: its JSON interface, with lists and ranges."""

from __future__ import annotations

import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.s3_server import S3Server


class GcsServer(S3Server):
    """Objects by ``BUCKET/NAME``, as of an S3 service."""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(super()._handler()):  # type: ignore[misc]
            def do_GET(self) -> None:  # noqa: N802 - the name that is inherited
                parts = urlsplit(self.path)
                found = re.fullmatch(r"(?:/download)?/storage/v1/b/([^/]+)/o(?:/(.+))?", parts.path)
                path = f"{found[1]}/{unquote(found[2] or '')}" if found else ""
                if server.is_closed:
                    self.answer(403, b'{"error": {"code": 403, "message": "no"}}')
                elif found and not found[2]:
                    self.list_objects(found[1], parse_qs(parts.query).get("prefix", [""])[0])
                elif path not in server.objects:
                    self.answer(404, b'{"error": {"code": 404, "message": "none"}}')
                elif server.failures:
                    self.answer(server.failures.pop(0), b'{"error": {"code": 503, "message": "slow"}}')
                else:
                    self.send_object(path)

            def list_objects(self, bucket: str, prefix: str) -> None:
                items = [
                    {
                        "bucket": bucket,
                        "name": path.partition("/")[2],
                        "size": str(len(data)),
                        "etag": hashlib.md5(data).hexdigest(),
                        "updated": "2026-01-01T00:00:00.000Z",
                    }
                    for path, data in sorted(server.objects.items())
                    if path.startswith(f"{bucket}/{prefix}")
                ]
                self.answer(200, json.dumps({"items": items}).encode(), Content_Type="application/json")

        return Handler
