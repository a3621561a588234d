"""Columns of URLs: what list entries and samples are looked up by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from auditor.known.url_columns import (
    ExpressionColumn,
    canonical_domains,
    canonical_entries,
    expressions_of_domains,
    expressions_of_urls,
)
from auditor.known.urls import canonical_url, url_expressions


def texts_by_row(found: ExpressionColumn) -> dict[int, list[str]]:
    which, rows = found.rows_of(np.arange(len(found.values)))
    texts: dict[int, list[str]] = {}
    for position, row in sorted(zip(which.tolist(), rows.tolist(), strict=True)):
        texts.setdefault(row, []).append(found.values[position].as_py())
    return texts


def test_list_entries_are_brought_to_the_form_that_samples_are_looked_up_by() -> None:
    urls = pa.array(["HTTP://Example.com/a/../b?q=1", "data:x", None])
    assert canonical_entries(urls).to_pylist() == ["example.com/b?q=1", None, None]
    names = pa.array(["*.Bad.Example", "http://bad.example/x", "co.uk", "", None])
    assert canonical_domains(names).to_pylist() == ["bad.example", "bad.example", None, None, None]


def test_a_column_of_urls_is_looked_up_by_every_expression_of_each_row() -> None:
    column = pa.array(["http://a.example.com/1?x", None, "data:x", "http://a.example.com/1?x"])
    found = expressions_of_urls(column)
    assert texts_by_row(found) == {0: list(url_expressions("http://a.example.com/1?x"))} | {
        3: list(url_expressions("http://a.example.com/1?x"))
    }
    assert len(found.values) == 6  # looked up once, though two rows have them


def test_a_column_of_urls_is_looked_up_by_host_and_the_domains_above() -> None:
    column = pa.array(
        [
            "https://img.cdn.example.co.uk/1.jpg",
            None,
            "http://User@EXAMPLE.com:80/x",
            "no url",
            "http://192.0.2.7/1",
            "example.org/1",
            "data:x",
        ]
    )
    assert texts_by_row(expressions_of_domains(column)) == {
        0: ["img.cdn.example.co.uk", "cdn.example.co.uk", "example.co.uk", "co.uk"],
        2: ["example.com"],
        3: ["no%20url"],
        4: ["192.0.2.7"],
        5: ["example.org"],
    }


@given(st.lists(st.text(alphabet="ab./:@%?#-0", max_size=20) | st.none(), max_size=6))
def test_a_column_gives_what_its_cells_give(texts: list[str | None]) -> None:
    texts = [text if text is None else f"http://{text}" for text in texts]
    first = {row: names[0] for row, names in texts_by_row(expressions_of_domains(pa.array(texts, pa.string()))).items()}
    expected = {
        row: canonical_url(text).split("/")[2] for row, text in enumerate(texts) if text and canonical_url(text)
    }
    assert first == expected
