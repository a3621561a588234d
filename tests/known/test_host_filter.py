"""A URL whose host is on no list is ruled out quickly, and one that an entry can match never is."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.known import matcher
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import make_entries
from auditor.known.host_filter import authorities_of_urls, build_host_filter, host_tails
from auditor.known.matcher import Matcher
from auditor.known.url_columns import expressions_of_domains
from auditor.known.urls import url_expressions
from auditor.model import Ref
from auditor.samples import Samples, build_sample_batch

MakeList = Callable[..., CompiledList]

# Each is an address at hills.example, or at one of the two IP addresses that are listed, written in an unusual way.
ODD_BUT_LISTED = (
    "https://user@hills.example/1.jpg",
    "https://user:secret@hills.example:8443/1.jpg",
    "https://HILLS.Example/1.jpg",
    "https://hills.example./1.jpg",
    "https://a..hills.example/1.jpg",
    "https://hills..example/1.jpg",
    "https://.hills.example/1.jpg",
    "https://hills.example?1.jpg",
    "https://hills.example#1.jpg",
    "https://hills.example",
    "https://hills%2Eexample/1.jpg",
    "https://hills.example%2F.lake.example/1.jpg",
    "https://hills.example\\.lake.example/1.jpg",
    "https:///hills.example/1.jpg",
    "https://hi\tlls.exa\nmple/1.jpg",
    "  https://hills.example/1.jpg  ",
    "HTTPS://hills.example/1.jpg",
    "ftp://hills.example/1.jpg",
    "//hills.example/1.jpg",
    "hills.example/1.jpg",
    "https://ｈｉｌｌｓ.example/1.jpg",
    "https://deep.down.in_the.hills.example/1.jpg",
    "http://192.0.2.7/1.jpg",
    "http://192.0.2.0x7/1.jpg",
    "http://3221225991/1.jpg",
    "http://[2001:db8::1]/1.jpg",
    "http://[2001:DB8::1]:80/1.jpg",
)
NOT_LISTED = (
    "https://lake.example/hills.example/1.jpg",
    "https://lake.example/?u=https://hills.example/1.jpg",
    "https://hills.example.org/1.jpg",
    "https://nothills.example/1.jpg",
    "https://example/1.jpg",
    "https://192.0.2.8/1.jpg",
    "https:///",
    "",
    "hills",
)
HOSTS = ("hills.example", "192.0.2.7", "[2001:db8::1]", "xn--n3h.example")


def hits_of(known: CompiledList, urls: list[str | None], monkeypatch: pytest.MonkeyPatch, rows: int) -> list[object]:
    """The rows that match if so many rows are filtered first."""
    monkeypatch.setattr(matcher, "MIN_ROWS_TO_FILTER", rows)
    columns = {"sample": [str(number) for number in range(len(urls))], "url": urls}
    of = Samples(Ref("dataset", "hills", "main"), "declared", build_sample_batch(columns, ["url"]))
    result = Matcher((known,)).match(of)
    return [result.hits.to_pylist(), result.compared, result.coverage, result.comparisons]


@pytest.mark.parametrize("signal", ["domain", "url"])
def test_unusual_hosts_match_as_without_the_filter(
    make_list: MakeList, monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    entries = list(HOSTS) if signal == "domain" else [f"{host}/1.jpg" for host in HOSTS]
    known = make_list(make_entries(signal, entries))
    urls: list[str | None] = [*ODD_BUT_LISTED, None, *NOT_LISTED, "https://☃.example/1.jpg"]
    filtered = hits_of(known, urls, monkeypatch, 1)
    assert filtered == hits_of(known, urls, monkeypatch, len(urls) + 1)
    if signal == "domain":
        found = {int(hit["sample"]) for hit in filtered[0]}  # type: ignore[attr-defined]
        assert [urls[row] for row in range(len(urls)) if row in found] == [*ODD_BUT_LISTED, "https://☃.example/1.jpg"]


def test_hosts_that_are_on_no_list_are_ruled_out() -> None:
    known = build_host_filter(pa.array(["hills.example", "img.lake.example"]))
    urls = ["https://a.hills.example/1", "https://lake.example/", "https://sea.example/1", "https://hills.org/1", None]
    tails = host_tails(authorities_of_urls(pa.array(urls)))
    assert known.may_match(tails).tolist() == [True, True, False, False, True]


ADDRESS = st.text(alphabet="ab./:@%?#\\-0xA2E", max_size=24)


@given(st.lists(ADDRESS, min_size=1, max_size=8), st.sampled_from(["https://", "http://", ""]))
def test_no_host_that_an_expression_names_is_ruled_out(texts: list[str], scheme: str) -> None:
    urls = [f"{scheme}{text}" for text in texts]
    tails = host_tails(authorities_of_urls(pa.array(urls)))
    column = expressions_of_domains(pa.array(urls))
    for row, url in enumerate(urls):
        domains = [
            domain
            for domain, owner in zip(column.values.to_pylist(), column.owners.tolist(), strict=True)
            if owner == column.codes[row] and "." in domain
        ]
        named = [expression.partition("/")[0] for expression in url_expressions(url)]
        for host in {*domains, *(host for host in named if "." in host)}:
            assert build_host_filter(pa.array([host])).may_match(tails)[row], (url, host)
