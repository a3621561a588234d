"""A hub that answers wrongly holds no run up and ends none: what it keeps from being read is a gap with a reason."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from auditor import audit, hub_requests
from auditor.blob import Unread
from auditor.errors import UsageError
from auditor.pipeline.report import Report
from auditor.sources.hub import HubRepository
from tests.hub_server import Fault, HubServer

CARD = b"---\nlicense: mit\n---\n# Base\nA model of hills.\n"
LATER = ": run it again later, with the same --out"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as server:
        server.add("model", "acme/base", {"README.md": CARD})
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        yield server


def scan(tmp_path: Path, *targets: str) -> Report:
    return audit(*(targets or ("hf://models/acme/base",)), out=tmp_path / "run", workers=1)


def gaps(report: Report) -> list[tuple[str, str]]:
    return [(gap.place.uri, gap.why) for _, gap in report.gaps]


def listed(hub: HubServer, *items: object) -> list[tuple[str, str]]:
    """Return the files of a repository that the hub lists as these items, each with why it is not read."""
    hub.faults.append(Fault("/tree/", body=json.dumps(items).encode()))
    files = HubRepository("model", "acme/base", hub.repositories["model", "acme/base"].head).files()
    return [(file.uri, file.why if isinstance(file, Unread) else "") for file in files]


def item(path: object, size: object = len(CARD), **more: object) -> dict[str, object]:
    return {"type": "file", "path": path, "size": size, **more}


@pytest.mark.parametrize("size", [-1, 2**50 + 1, 2**64, 10**30, True, 1.5, "10", None])
def test_a_size_that_no_file_has_is_a_gap_of_its_repository(hub: HubServer, tmp_path: Path, size: object) -> None:
    hub.faults.append(Fault("/tree/", body=json.dumps([item("README.md"), item("a.md", size)]).encode()))
    report = scan(tmp_path)
    ((subject, gap),) = report.gaps
    assert (subject.name, gap.place.uri) == ("acme/base", "hf://models/acme/base/a.md")
    assert gap.why == "the hub lists it without a size: not read"


@pytest.mark.parametrize("name", ["\ud800.md", "\u202egnp.exe", "a\x00b", "a\nb", "../x", "/x", "a\\b", "", None, 7])
def test_a_name_that_no_file_has_is_a_gap_of_its_repository(hub: HubServer, tmp_path: Path, name: object) -> None:
    hub.faults.append(Fault("/tree/", body=json.dumps([item("README.md"), item(name)]).encode()))
    ((subject, gap),) = scan(tmp_path).gaps
    assert (subject.name, gap.why) == ("acme/base", "a name that leaves its repository, or is none: not read")


def test_what_the_hub_lists_as_no_file_is_named_and_folders_are_not(hub: HubServer) -> None:
    why = "the hub lists it as something else than a file or a folder: not read"
    found = listed(hub, {"type": "directory", "path": "d"}, {"type": "link", "path": "l"}, {"path": "m"}, "README.md")
    leaves = "a name that leaves its repository, or is none: not read"
    uri = "hf://models/acme/base/"
    assert found == [(uri, leaves), (f"{uri}l", why), (f"{uri}m", why)]


def test_a_file_that_is_listed_again_is_one_file_and_one_that_differs_is_a_gap(hub: HubServer) -> None:
    one, other = (item("w.bin", 9, lfs={"oid": digit * 64}) for digit in "ab")
    assert listed(hub, item("README.md"), item("README.md"), one, other) == [
        ("hf://models/acme/base/README.md", ""),
        ("hf://models/acme/base/w.bin", "the hub lists it more than once, and each time differently: not read"),
    ]


def test_a_repository_that_is_listed_without_a_name_is_a_gap(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.append(Fault("/api/models", body=b'["acme/base", {"sha": "x"}, {"id": [5]}]'))
    report = scan(tmp_path, "hf://models/acme")
    assert report.tally.files.errored == 3
    assert {why for _, why in gaps(report)} == {"the hub lists a repository by a name that none can have: not read"}


def test_a_hub_that_asks_to_wait_for_a_day_is_not_waited_for(hub: HubServer, tmp_path: Path) -> None:
    assert hub_requests.MAX_WAIT_SECONDS == 600
    hub.faults.append(Fault("README.md", status=429, headers={"Retry-After": "86400"}, times=1))
    assert gaps(scan(tmp_path)) == [
        ("hf://models/acme/base/README.md", f"the hub asks to wait for 86,400 seconds{LATER}")
    ]
    hub.faults.append(Fault("/api/", status=429, headers={"RateLimit": '"api";r=0;t=4000'}))
    with pytest.raises(UsageError, match="the hub asks to wait for 4,000 seconds"):
        scan(tmp_path / "other")


@pytest.mark.parametrize("status", [200, 302, 404])
def test_an_answer_that_trickles_is_given_up(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(hub_requests, "_TRANSFER_SECONDS", 0.5)
    elsewhere = {"Location": f"{hub.url}/nowhere"} if status == 302 else {}
    hub.faults.append(Fault("/tree/", status=status, headers=elsewhere, body=b" " * 4000, drip=0.05))
    start = time.monotonic()
    (((_, why),)) = gaps(scan(tmp_path))
    assert time.monotonic() - start < 30, "4,000 bytes would take 200 s"
    assert why.startswith("the hub sends it too slowly" if status == 200 else "not found, or private")


def test_an_answer_beyond_all_measure_is_not_held_in_memory(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub_requests.MAX_ANSWER_BYTES == 64 << 20
    monkeypatch.setattr(hub_requests, "MAX_ANSWER_BYTES", 1 << 20)
    packed = gzip.compress(b"[" + b" " * (8 << 20) + b"]")
    hub.faults.append(Fault("/tree/", status=200, headers={"Content-Encoding": "gzip"}, body=packed))
    assert gaps(scan(tmp_path)) == [("hf://models/acme/base/", "the hub answers with something that is not understood")]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "{hub}/acme/base/resolve/main/README.md"]
)
def test_a_redirect_without_end_or_out_of_the_web_is_not_followed(
    hub: HubServer, tmp_path: Path, location: str
) -> None:
    hub.faults.append(Fault("README.md", status=302, headers={"Location": location.format(hub=hub.url)}))
    assert gaps(scan(tmp_path)) == [
        ("hf://models/acme/base/README.md", "the hub answers with something that is not understood")
    ]
    assert len([path for path in hub.paths() if "README.md" in path]) <= 20


def test_a_token_is_sent_to_no_other_host_or_port(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_requests, "_headers", lambda: {"authorization": f"Bearer {hub.token}"})
    with HubServer() as other:
        port = other.url.rpartition(":")[2]
        for place in (other.url, f"http://localhost:{port}", f"http://me:you@127.0.0.1:{port}", f"//127.0.0.1:{port}"):
            hub.faults = [Fault("README.md|/tree/", status=302, headers={"Location": f"{place}/x"})]
            scan(tmp_path / place.rpartition("/")[2].replace(":", "-"))
        assert len(other.requests) >= 4
        assert not any(hub.token in str(one.headers) for one in other.requests)
    assert any(hub.token in str(one.headers) for one in hub.requests)


def test_a_token_that_is_none_is_named_and_not_told(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret\u00e9")
    hub_requests._headers.cache_clear()
    with pytest.raises(UsageError, match="HF_TOKEN has characters that no token has: set it anew") as caught:
        scan(tmp_path)
    hub_requests._headers.cache_clear()
    assert "secret" not in str(caught.value)
    assert not hub.requests
