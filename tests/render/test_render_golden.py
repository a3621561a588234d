"""The small report in every format, as files that people can read: reports/example.

After a change that is meant: AUDITOR_REGENERATE=1 pytest tests/render/test_render_golden.py, then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.pipeline.audit import Report
from auditor.render import report_formats

GOLDEN = Path(__file__).parents[2] / "reports" / "example"
SUFFIXES = {"terminal": "txt"}


@pytest.mark.parametrize("name", sorted(report_formats()))
def test_the_report_reads_as_before(report: Report, shown: Callable[..., str], name: str) -> None:
    path = GOLDEN / f"report.{SUFFIXES.get(name, name)}"
    text = shown(report, name)
    if os.environ.get("AUDITOR_REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    assert path.read_text("utf-8") == text, f"{path.name} differs; if that is meant, see the head of this file"
