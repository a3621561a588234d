"""The service over HTTP, with a pool of this test's own: what is taken, what is refused, and what answers look like."""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("starlette", reason="needs the extra `serve`")

import httpx2 as httpx
from starlette.testclient import TestClient

from auditor.screening.access import AccessControl
from auditor.screening.app import ScreeningService, ServiceLimits, create_app
from auditor.screening.metrics import BUCKET_SECONDS, ServiceMetrics
from auditor.screening.openapi import openapi_document
from auditor.screening.screener import Screener, Screening
from tests.pictures import jpeg, pattern
from tests.screening.conftest import LISTED

TOKEN = "t" * 32
OTHER = jpeg(pattern(3))


class InProcessPool:
    """Screens in this process; ``hold`` keeps pictures waiting, ``fault`` is raised instead of an answer."""

    def __init__(self, screener: Screener) -> None:
        self.screener = screener
        self.is_working = True
        self.hold: asyncio.Event | None = None
        self.fault: Exception | None = None

    async def screen(self, data: bytes) -> Screening:
        if self.hold:
            await self.hold.wait()
        if self.fault:
            raise self.fault
        return self.screener.screen(data)


class Service:
    """A service and its pool."""

    def __init__(self, screener: Screener, tokens: tuple[str, ...] = (), **limits: Any) -> None:
        self.pool = InProcessPool(screener)
        access = AccessControl(tokens)
        made = ScreeningService(screener, self.pool, access, ServiceLimits(**limits))  # type: ignore[arg-type]
        self.app = create_app(made)
        self.client = TestClient(self.app, raise_server_exceptions=False)


MakeService = Callable[..., Service]


@pytest.fixture
def make_service(screener: Screener) -> MakeService:
    return lambda *tokens, **limits: Service(screener, tokens, **limits)


def conform(service: Service, path: str, answer: httpx.Response, method: str = "get") -> Any:
    """Check an answer against the service's own OpenAPI document, and return its body."""
    document = service.client.get("/v1/openapi.json").json()
    described = document["paths"][path][method]["responses"]
    assert str(answer.status_code) in described, f"{answer.status_code} is not described"
    schema = described[str(answer.status_code)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def post(service: Service, data: bytes | Iterator[bytes] = b"", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.post("/v1/screen", content=data, headers=named)


def screen(service: Service, data: bytes | Iterator[bytes] = b"", **headers: str) -> tuple[int, Any]:
    answer = post(service, data, **headers)
    return answer.status_code, conform(service, "/v1/screen", answer, "post")


def test_the_limits_are_those_that_the_documentation_names() -> None:
    assert ServiceLimits() == ServiceLimits(max_bytes=20 * 1024**2, max_requests=64, rate=100.0, body_seconds=30.0)


def test_every_outcome_is_answered_as_the_document_says(make_service: MakeService) -> None:
    service = make_service()
    assert screen(service, LISTED) == (
        200,
        {
            "outcome": "match",
            "lists": [{"name": "hills", "means": "test", "match": "exact"}],
            "why": "matches an entry of hills, which means test (exact)",
        },
    )
    status, none = screen(service, OTHER)
    assert (status, none["outcome"], none["lists"]) == (200, "none", [])
    assert none["why"].endswith("which does not say that it is free of such content")
    assert screen(service, OTHER[:4000])[1] == {"outcome": "unchecked", "lists": [], "why": "truncated picture"}
    assert screen(service)[1] == {"outcome": "unchecked", "lists": [], "why": "empty"}


def test_a_body_larger_than_the_service_takes_is_refused_with_or_without_its_length(make_service: MakeService) -> None:
    service = make_service(max_bytes=1000)
    refused = (413, {"error": "more than 1,000 bytes; scan the file instead"})
    assert screen(service, bytes(1001)) == refused
    assert screen(service, iter([bytes(600), bytes(600)])) == refused
    assert screen(service, bytes(1000))[0] == 200


@pytest.mark.parametrize("headers", [{"content_type": "multipart/form-data; boundary=x"}, {"content_encoding": "gzip"}])
def test_a_form_or_a_compressed_body_is_refused(make_service: MakeService, headers: dict[str, str]) -> None:
    status, body = screen(make_service(), LISTED, **headers)
    assert status == 415
    assert body["error"].startswith("send the bytes of the file as they are")


def test_a_wrong_token_is_refused_and_the_right_one_is_not(make_service: MakeService) -> None:
    service = make_service(TOKEN)
    assert post(service, LISTED).headers["www-authenticate"] == "Bearer"
    assert screen(service, LISTED)[0] == 401
    assert screen(service, LISTED, authorization=f"Bearer {TOKEN[:-1]}")[0] == 401
    assert screen(service, LISTED, authorization=f"Bearer {TOKEN}")[1]["outcome"] == "match"
    assert service.client.get("/metrics").status_code == 401
    assert service.client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert service.client.get("/health").status_code == 200


def test_a_web_page_is_refused(make_service: MakeService) -> None:
    assert screen(make_service(), LISTED, sec_fetch_site="cross-site")[0] == 403


def test_more_requests_than_the_rate_are_told_when_to_come_again(make_service: MakeService) -> None:
    service = make_service(rate=0.5)
    assert screen(service, OTHER)[0] == 200
    answer = post(service, OTHER)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_more_pictures_than_may_wait_are_told_to_come_again(make_service: MakeService) -> None:
    service = make_service(max_requests=2)

    async def ask_three() -> list[httpx.Response]:
        service.pool.hold = asyncio.Event()
        transport = httpx.ASGITransport(app=service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            waiting = [asyncio.create_task(client.post("/v1/screen", content=OTHER)) for _ in range(2)]
            await asyncio.sleep(0.1)
            refused = await client.post("/v1/screen", content=OTHER)
            service.pool.hold.set()
            answered = await asyncio.gather(*waiting)
            service.pool.hold = None
            return [refused, *answered, await client.post("/v1/screen", content=OTHER)]

    refused, *answered = asyncio.run(ask_three())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    conform(service, "/v1/screen", refused, "post")
    assert [answer.status_code for answer in answered] == [200, 200, 200]


def test_a_body_that_arrives_too_slowly_is_given_up_and_frees_its_place(make_service: MakeService) -> None:
    service = make_service(body_seconds=0.05, max_requests=1)

    async def ask() -> int:
        received = iter([{"type": "http.request", "body": b"\xff", "more_body": True}])
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            message = next(received, None)
            if message is None:
                await asyncio.sleep(30)
            assert message
            return message

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/screen", "headers": [], "query_string": b""}
        await service.app(scope, receive, send)
        return int(sent[0]["status"])

    assert asyncio.run(ask()) == 408
    assert screen(service, OTHER)[0] == 200


def test_a_fault_is_an_error_and_no_answer(make_service: MakeService) -> None:
    service = make_service()
    service.pool.fault = KeyError("secret")
    assert screen(service, LISTED) == (500, {"error": "a fault of the service"})


def test_health_tells_lists_that_are_too_old_and_workers_that_do_not_start(
    make_service: MakeService, hills: Path
) -> None:
    service = make_service()
    assert conform(service, "/health", service.client.get("/health")) == {"status": "ok"}
    service.pool.is_working = False
    unhealthy = service.client.get("/health")
    assert (unhealthy.status_code, conform(service, "/health", unhealthy)) == (503, {"status": "no workers"})
    stale = Service(Screener([hills], max_list_age=datetime.timedelta(0)))
    assert conform(stale, "/health", stale.client.get("/health")) == {"status": "lists too old"}
    assert screen(stale, OTHER)[1]["outcome"] == "unchecked"


def test_metrics_count_answers_and_refusals(make_service: MakeService) -> None:
    service = make_service(max_bytes=1 << 20)
    for data in (LISTED, OTHER, OTHER, b"", bytes((1 << 20) + 1)):
        post(service, data)
    answer = service.client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    counts = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert counts['auditor_screenings_total{outcome="match"}'] == "1"
    assert counts['auditor_screenings_total{outcome="none"}'] == "2"
    assert counts['auditor_screenings_total{outcome="unchecked"}'] == "1"
    assert counts['auditor_refused_requests_total{status="413"}'] == "1"
    assert counts["auditor_screenings_in_progress"] == "0"
    assert counts['auditor_screening_seconds_bucket{le="+Inf"}'] == counts["auditor_screening_seconds_count"] == "4"


def test_a_time_is_counted_in_each_bucket_whose_bound_it_does_not_exceed() -> None:
    metrics = ServiceMetrics()
    for seconds in (0.005, 0.0051, 11.0):
        metrics.count_answer("none", seconds)
    buckets = re.findall(r'le="([^"]+)"} (\d+)', metrics.text(0))
    assert buckets[:2] == [("0.005", "1"), ("0.01", "2")]
    assert buckets[-2:] == [("10.0", "2"), ("+Inf", "3")]
    assert len(buckets) == len(BUCKET_SECONDS) + 1


def test_the_document_describes_every_route_and_its_references_are_there(make_service: MakeService) -> None:
    service = make_service(TOKEN)
    answer = service.client.get("/v1/openapi.json")
    document = answer.json()
    assert document == openapi_document(ServiceLimits().max_bytes, needs_token=True)
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {route.path for route in service.app._app.routes}  # type: ignore[attr-defined]
    for reference in re.findall(r'"\$ref": ?"#/components/schemas/(\w+)"', answer.text.replace('":"', '": "')):
        jsonschema.Draft202012Validator.check_schema(document["components"]["schemas"][reference])
    assert document["paths"]["/v1/screen"]["post"]["security"] == [{"token": []}]


def test_unknown_paths_and_methods_are_errors_as_json(make_service: MakeService) -> None:
    client = make_service().client
    assert (client.get("/v1/entries").status_code, client.get("/v1/entries").json()) == (404, {"error": "Not Found"})
    assert client.get("/v1/screen").status_code == 405
