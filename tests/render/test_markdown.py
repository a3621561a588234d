"""The Markdown summary is within GitHub's limit, and no text changes its structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.model import Finding, Place
from auditor.pipeline.report import Report
from auditor.render.markdown import MAX_BYTES
from tests.render.test_hostile_text import with_text_everywhere

Show = Callable[..., str]


def test_the_summary_is_below_a_mebibyte_however_much_was_found(report: Report, shown: Show) -> None:
    finding = Finding("no-licence", "model", "", "", "FLAGGED", "error", "", Place("é" * 5000, 3), "r" * 5000)
    findings = tuple(
        finding._replace(subject=f"{number:04}{'ü' * 300}", fact=f"{fact}{'&' * 300}")
        for number in range(700)
        for fact in range(5)
    )
    text = shown(replace(report, findings=findings), "markdown")
    assert MAX_BYTES == 1024 * 1024 - 4096  # GitHub takes 1 MiB of a step's summary
    assert 900_000 < len(text.encode()) < 1024 * 1024
    assert text.endswith("\nThe rest is left out: see the other reports of this run.\n")


def test_a_finding_is_a_row_with_its_local_place_and_what_the_owner_can_do(report: Report, shown: Show) -> None:
    text = shown(report, "markdown")
    assert (
        "| warning | weights-can-run-code | model lake/calm-water | weights in pickle: model.ckpt | "
        "examples/hub/models/lake/calm-water/model.ckpt |\n"
    ) in text
    assert "\n- **weights-can-run-code**, " in text
    assert "- Samples: 126 collected = 121 scanned + 0 partly + 3 skipped + 2 errored\n" in text
    assert "- 1 × card: the metadata is not YAML (hill.md)\n" in text


def test_operators_are_shown_cases_and_lists(report: Report, shown: Show) -> None:
    text = shown(report, "markdown", audience="operator")
    assert "\n### 2 cases for people to decide\n\n- model harbour/pier-lora: linked: a list of models names it" in text
    assert "- List example-known 1: 12 entries; ordinary pictures" in text


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |",
        "</details><img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "@everyone #1",
        "`x`",
        "https://x",
    ],
)
def test_no_text_is_markup(report: Report, shown: Show, text: str) -> None:
    plain = shown(with_text_everywhere(report, "plain"), "markdown", audience="operator")
    hostile = shown(with_text_everywhere(report, text), "markdown", audience="operator")
    for sign in "|<>[]`@#":
        assert hostile.replace("&#", "").count(sign) == plain.replace("&#", "").count(sign), sign
    assert "://x" not in hostile
