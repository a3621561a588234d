from __future__ import annotations

import pytest

from auditor.blob import Blob
from auditor.model import Place
from auditor.readers import evaluation_results as reader

RESULTS = Blob("x", "m/.eval_results/benchmark.yaml", 9, "model", "org/m")


def test_each_result_states_its_dataset_and_date_with_its_line_and_who_reported_it() -> None:
    text = b"""- dataset:
    id: acme/benchmark
  value: 63.3
  date: 2026-02-03T10:00:00Z
  source:
    url: https://example.org/paper
- dataset: {id: acme/second}
  value: 1
"""
    found = reader.part(RESULTS, text).subject
    assert [(s.key, s.value, s.relation, s.remark, s.place.line) for s in found.statements] == [
        ("evaluation", "acme/benchmark", "", "reported by https://example.org/paper", 2),
        ("date", "2026-02-03", "evaluated", "acme/benchmark", 4),
        ("evaluation", "acme/second", "", "", 7),
    ]
    assert found.statements[0].place == Place("m/.eval_results/benchmark.yaml", 2)


@pytest.mark.parametrize("text", [b"- 1\n- dataset: name\n- dataset:\n    id:\n", b"[]"])
def test_results_of_another_form_state_nothing(text: bytes) -> None:
    assert reader.part(RESULTS, text).subject.statements == ()


def test_more_results_than_are_read_are_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_RESULTS", 1)
    found = reader.part(RESULTS, b"- dataset: {id: a/b}\n- dataset: {id: a/c}\n").subject
    assert [s.value for s in found.statements] == ["a/b"]
    assert [gap.why for gap in found.gaps] == ["names more than 1 results"]


@pytest.mark.parametrize("uri", ["m/eval_results/a.yaml", "m/.eval_results/a.json", "m/.eval_results/deep/a.yaml"])
def test_other_files_are_not_claimed(uri: str) -> None:
    assert reader.claims(Blob("x", uri, 9, "model", "org/m"), b"- dataset:") == 0
