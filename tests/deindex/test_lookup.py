"""Look-ups answer as a plain comparison with every pattern does, only faster."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.deindex import lookup, lookup_output
from auditor.deindex.hubs import shipped_hubs, web_address
from auditor.deindex.locators import build_locators
from auditor.deindex.lookup import LookupResult, _canonical_address
from auditor.deindex.repositories import resolve_repository
from auditor.errors import UsageError
from auditor.hashing.weight_digests import weight_file_digests
from auditor.known.urls import split_canonical_url
from auditor.model import Ref
from auditor.timestamps import add_time
from tests.deindex.lists import NOW, ListExchange, decision
from tests.weights import safetensors_file

HUBS = shipped_hubs()

LISTED = (
    Ref("model", "atelier/harbour"),
    Ref("dataset", "atelier/scenes"),
    Ref("model", "https://modelscope.cn/models/Atelier/Harbour"),
    Ref("model", "https://civitai.com/models/1234"),
)
HOSTILE = "\x1b]52;c;aGk=\x07<script>\u202e=cmd()"

urls = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["https://", "http://", "HTTPS://", "", "ftp://", "//", "https://u:p@"]),
        st.sampled_from(
            [
                "huggingface.co",
                "hf.co",
                "HF-mirror.com",
                "modelscope.cn",
                "civitai.com",
                "example.org",
                "hf.co:443",
                "hf.co.",
            ]
        ),
        st.lists(
            st.sampled_from(
                "/atelier /harbour /Harbour /scenes /datasets /models /Atelier /1234 /api /harbour-v2 "
                "/harbour.git /tree /main / /. /.. /%61telier %2f /har\tbour".split(" ")
            ),
            max_size=6,
        ).map("".join),
        st.sampled_from(["", "/", "?x=1", "#y", "?", "\n", " ", "%00"]),
    ),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, keys: tuple[object, ...]) -> lookup.Lookup:
    exchange = ListExchange(tmp_path_factory.mktemp("exchange"), keys[0], keys[1])  # type: ignore[arg-type]
    made = [decision(f"a/n{n}", subject=ref) for n, ref in enumerate(LISTED)]
    exchange.receive(exchange.build(*made).path)
    return exchange.lookup()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(urls, max_size=5))
def test_a_batch_answers_as_the_plain_comparison_does(found: lookup.Lookup, asked: list[str]) -> None:
    made = [build_locators(resolve_repository(ref, HUBS), HUBS) for ref in LISTED]
    expected = ["listed" if any(one.covers(url) for one in made) else "" for url in asked]
    told = [answer.outcome if answer.outcome == "listed" else "" for answer in found.lookup_urls(asked)]
    assert told == expected


@settings(max_examples=500)
@given(st.one_of(urls, st.text(max_size=40), st.text(max_size=20).map(lambda text: f"https://hf.co/{text}")))
def test_the_short_way_to_an_address_leads_where_the_long_one_does(url: str) -> None:
    assert _canonical_address(url, HUBS) == split_canonical_url(web_address(url, HUBS))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("atelier/harbour", "listed"),
        ("ATELIER/Harbour", "listed"),
        ("models/atelier/harbour", "listed"),
        ("hf://models/atelier/harbour@v1", "listed"),
        ("hf://atelier/harbour", "listed"),
        ("atelier/scenes", "listed"),
        ("datasets/atelier/scenes", "listed"),
        ("hf://datasets/atelier/scenes", "listed"),
        ("models/atelier/scenes", "not listed"),
        ("datasets/atelier/harbour", "not listed"),
        ("atelier/harbour-v2", "not listed"),
        ("huggingface.co/atelier/harbour", "listed"),
        ("modelscope.cn/models/Atelier/Harbour", "listed"),
        ("modelscope.cn/models/atelier/harbour", "not listed"),
        ("https://civitai.com/models/1234/harbour?modelVersionId=7", "listed"),
        ("https://civitai.com/models/12345", "not listed"),
        ("https://civitai.com/models/123", "not listed"),
        ("  https://hf.co/atelier/harbour  ", "listed"),
        ("atelier", "unreadable"),
        ("", "unreadable"),
        ("javascript:alert(1)", "unreadable"),
        ("atelier/har bour", "unreadable"),
        ("x" * 1_000_000, "unreadable"),
    ],
)
def test_an_address_and_a_name_are_understood(found: lookup.Lookup, text: str, outcome: str) -> None:
    assert [answer.outcome for answer in found.lookup_texts([text])] == [outcome]


def test_answers_come_in_order_over_many_batches(found: lookup.Lookup) -> None:
    asked = [f"https://hf.co/{name}" for name in ("atelier/harbour", "atelier/other", "x")] * 4000
    told = list(found.lookup_urls(asked))
    assert [answer.asked for answer in told] == asked
    assert [answer.outcome for answer in told] == ["listed", "not listed", "not listed"] * 4000


def test_an_answer_holds_the_entry(found: lookup.Lookup) -> None:
    (answer,) = found.lookup_urls(["https://hf.co/atelier/harbour"])
    (entry,) = answer.entries
    assert (entry["subject"]["name"], entry["action"]) == ("atelier/harbour", "de-index")


def test_two_decisions_on_one_repository_are_both_answered(exchange: ListExchange) -> None:
    exchange.receive(
        exchange.build(decision("atelier/harbour"), decision("atelier/harbour", "other", verdict="label")).path
    )
    (answer,) = exchange.lookup().lookup_texts(["atelier/harbour"])
    assert sorted(entry["action"] for entry in answer.entries) == ["de-index", "label"]


def test_an_entry_that_lapsed_since_the_list_was_made_is_not_listed(exchange: ListExchange) -> None:
    soon = add_time(NOW, days=2)
    exchange.receive(exchange.build(decision("atelier/harbour", expires_at=soon)).path)
    assert exchange.answers("atelier/harbour") == ["listed"]
    assert exchange.answers("atelier/harbour", now=soon) == ["not listed"]


def test_a_re_upload_is_recognised_by_its_bytes_and_by_its_tensors(exchange: ListExchange, tmp_path: Path) -> None:
    weights = {"layer.weight": np.arange(24, dtype=np.float32).reshape(4, 6)}
    same, edited, other = (tmp_path / f"{name}.safetensors" for name in ("same", "edited", "other"))
    safetensors_file(same, weights, {"title": "Harbour"})
    safetensors_file(edited, weights, {"title": "Something else"})
    safetensors_file(other, {"layer.weight": weights["layer.weight"] + 1}, {"title": "Harbour"})
    start = 8 + int.from_bytes(same.read_bytes()[:8], "little")
    with same.open("rb") as file:
        digests = tuple(weight_file_digests(file, start))
    assert {digest.algorithm for digest in digests} == {"sha256", "sha256-tensors"}
    exchange.receive(exchange.build(decision("atelier/harbour", digests=digests)).path)
    told = [exchange.lookup().lookup_file(path).outcome for path in (same, edited, other)]
    assert told == ["listed", "listed", "not listed"]


def test_one_of_several_files_is_not_listed_by_itself(exchange: ListExchange, tmp_path: Path) -> None:
    """A repository may hold a part that thousands hold: an encoder of the model it was made from."""
    path = tmp_path / "encoder.bin"
    path.write_bytes(b"everybody's encoder")
    with path.open("rb") as file:
        shared = tuple(weight_file_digests(file))
    made = decision("atelier/harbour")
    exchange.receive(exchange.build(decision("atelier/harbour", digests=(*made.digests, *shared))).path)
    answer = exchange.lookup().lookup_file(path)
    assert (answer.outcome, len(answer.entries)) == ("part of listed", 1)
    assert lookup_output.write_results([answer], io.StringIO(), "lines") == 3


def test_a_file_of_another_format_is_recognised_by_its_bytes(exchange: ListExchange, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    with path.open("rb") as file:
        digests = tuple(weight_file_digests(file))
    exchange.receive(exchange.build(decision("atelier/harbour", digests=digests)).path)
    assert exchange.lookup().lookup_file(path).outcome == "listed"
    path.write_bytes(b"")
    assert exchange.lookup().lookup_file(path).outcome == "not listed"
    with pytest.raises(UsageError, match="gone: cannot be read: No such file or directory"):
        exchange.lookup().lookup_file(tmp_path / "gone")


@pytest.mark.parametrize("form", ["lines", "csv", "json"])
@pytest.mark.parametrize("hostile", [HOSTILE, f"={HOSTILE}", "x" * 1_000_000, "\udcff", "a\nlisted\tb"])
def test_what_is_asked_acts_on_nobody(found: lookup.Lookup, form: str, hostile: str) -> None:
    out = io.StringIO()
    entry = json.dumps(json.loads(next(found.lookup_urls(["https://hf.co/atelier/harbour"])).lines[0])).encode()
    told = [LookupResult(hostile, "unreadable"), LookupResult(f"https://hf.co/{hostile}", "listed", (entry,))]
    assert lookup_output.write_results(told, out, form) == 1
    text = out.getvalue()
    text.encode("utf-8")
    assert not set(text) & set("\x1b\x07\r\u202e\x9b\udcff")
    if form == "json":
        assert [json.loads(line)["asked"] for line in text.splitlines()] == [hostile, f"https://hf.co/{hostile}"]
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["answer"] for row in rows] == ["unreadable", "listed"]
        assert not rows[0]["asked"].startswith("=")
        assert len(text) < 10_000
    else:
        assert [line.partition("\t")[0] for line in text.splitlines()] == ["unreadable", "listed"]
        assert len(text) < 10_000


def test_exit_codes_tell_listed_from_unreadable() -> None:
    told = [LookupResult("a", "listed"), LookupResult("b", "unreadable"), LookupResult("c", "not listed")]
    assert lookup_output.write_results(told, io.StringIO(), "lines") == 1
    assert lookup_output.write_results(told[1:], io.StringIO(), "lines") == 3
    assert lookup_output.write_results(told[2:], io.StringIO(), "lines") == 0


def test_a_list_says_its_age(exchange: ListExchange) -> None:
    exchange.receive(exchange.build(decision("atelier/harbour")).path)
    told = lookup_output.describe_list(exchange.lookup(add_time(NOW, days=2, hours=5)))
    assert told == "list of hotline, version 1, 2 days and 5 hours old, expires 2026-11-30T12:00:00Z"


def test_git_addresses_and_tags_are_looked_up_as_the_pages_they_mean(exchange: ListExchange) -> None:
    exchange.receive(exchange.build(decision("atelier/harbour")).path)
    asked = ["git@hf.co:atelier/harbour.git", "hf.co/atelier/harbour:Q4_K_M", "https://www.hf.co/atelier/harbour"]
    assert exchange.answers(*asked, "hf.co/atelier/harbour-2:Q4_K_M") == ["listed", "listed", "listed", "not listed"]
