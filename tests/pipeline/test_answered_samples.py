"""A sample is answered when every algorithm that a list asks, and that it can have, was compared."""

from __future__ import annotations

import pytest

from auditor.model import Basis, Count, Ref
from auditor.pipeline.answered_samples import answered_samples
from auditor.samples import Samples, build_sample_batch

MD5, PDQ = bytes(16), bytes(32)
NOT_ASKED = "the samples state only digests or addresses that no loaded list holds"


def answered(basis: Basis, asked: set[str], *, already_counted: bool = False, **cells: object) -> tuple[Count, object]:
    """Return the counts of one sample with these cells, and its gap."""
    columns = {"sample": ["1"], "place": ["a"], **{name.replace("_", "-"): [cell] for name, cell in cells.items()}}
    batch = build_sample_batch(columns, [name for name in ("md5", "pdq", "sha256") if name in cells])
    found = answered_samples(Samples(Ref("dataset", ""), basis, batch, already_counted), batch, asked)
    assert list(found.counts) == ["a"]
    assert found.counts["a"].is_balanced
    return found.counts["a"], found.gaps[0].as_py()


@pytest.mark.parametrize(
    ("asked", "cells", "counts", "gap"),
    [
        ({"md5", "pdq"}, {"md5": MD5, "pdq": PDQ, "quality": 90}, Count(1, 1), None),
        (
            {"md5", "pdq"},
            {"md5": MD5, "pdq": PDQ},
            Count(1, partly=1),
            "not compared by every hash that a list asks for: pdq",
        ),
        ({"md5", "pdq"}, {"md5": MD5, "pdq": PDQ, "quality": 3}, Count(1, 1), None),
        ({"md5", "pdq"}, {"md5": MD5, "gap": "not decoded"}, Count(1, partly=1), "not decoded"),
        ({"pdq"}, {"gap": "not decoded"}, Count(1, errored=1), "not decoded"),
        ({"md5", "pdq"}, {"md5": MD5}, Count(1, partly=1), "not compared by every hash that a list asks for: pdq"),
        ({"pdq"}, {}, Count(1, errored=1), "not compared by every hash that a list asks for: pdq"),
        ({"md5", "photodna"}, {"md5": MD5}, Count(1, 1), None),
        ({"url"}, {"url": "http://a.example"}, Count(1, 1), None),
        ({"url"}, {}, Count(1, skipped=1), None),
        (set(), {}, Count(1, skipped=1), None),
    ],
)
def test_bytes_must_be_compared_by_every_algorithm_that_is_computed(
    asked: set[str], cells: dict[str, object], counts: Count, gap: str | None
) -> None:
    assert answered("computed", asked, **cells) == (counts, gap)


@pytest.mark.parametrize(
    ("asked", "cells", "counts", "gap"),
    [
        ({"md5", "pdq"}, {"md5": MD5}, Count(1, 1), None),
        ({"md5"}, {"md5": MD5, "url": "http://a.example"}, Count(1, 1), None),
        ({"md5"}, {"url": "http://a.example"}, Count(1, errored=1), NOT_ASKED),
        ({"url"}, {"url": "http://a.example"}, Count(1, 1), None),
        ({"md5"}, {}, Count(1, skipped=1), None),
        (set(), {"url": "http://a.example"}, Count(1, skipped=1), None),
        (
            {"md5"},
            {"md5": MD5, "gap": "the file itself is not here"},
            Count(1, partly=1),
            "the file itself is not here",
        ),
    ],
)
def test_a_row_without_bytes_must_be_compared_by_what_it_states(
    asked: set[str], cells: dict[str, object], counts: Count, gap: str | None
) -> None:
    assert answered("declared", asked, **cells) == (counts, gap)


def test_what_is_declared_of_a_sample_that_was_counted_leaves_no_gap() -> None:
    assert answered("computed", {"md5", "pdq"}, already_counted=True, md5=MD5)[1] is None
