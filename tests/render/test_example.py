"""The stored example reports are what the program writes."""

from __future__ import annotations

import pytest

from auditor.pipeline.report import Report
from auditor.render import report_formats
from tests.make_example import EXAMPLE, example_files


@pytest.mark.parametrize("name", sorted(report_formats()))
def test_the_stored_example_is_what_the_format_writes(example: Report, name: str) -> None:
    file = f"report{report_formats()[name].SUFFIXES[0]}"
    stored = (EXAMPLE / file).read_bytes().decode() if (EXAMPLE / file).exists() else ""
    message = (
        f"reports/example/{file} differs; if that is meant: python -m tests.make_example, then read the difference"
    )
    assert example_files(example)[file] == stored, message


def test_no_example_is_left_of_a_format_that_is_gone() -> None:
    suffixes = {report_format.SUFFIXES[0] for report_format in report_formats().values()} | {".png"}
    assert {path.suffix for path in EXAMPLE.iterdir()} == suffixes
