"""The stored example reports are what the program writes."""

from __future__ import annotations

import pytest

from auditor.pipeline.report import Report
from auditor.render import report_formats
from tests.make_example import EXAMPLE, example_files

STORED = sorted(path.name for path in EXAMPLE.iterdir() if path.suffix != ".png")


@pytest.mark.parametrize("file", STORED)
def test_the_stored_example_is_what_the_format_writes(example: Report, file: str) -> None:
    message = (
        f"reports/example/{file} differs; if that is meant: python -m tests.make_example, then read the difference"
    )
    assert example_files(example)[file] == (EXAMPLE / file).read_bytes().decode(), message


def test_no_example_is_left_of_a_format_that_is_gone() -> None:
    suffixes = {report_format.SUFFIXES[0] for report_format in report_formats().values()}
    assert len(STORED) >= 5
    assert [file for file in STORED if file.removeprefix("report") not in suffixes] == []
