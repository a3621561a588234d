"""A small report made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.pipeline.report import Report
from tests.small_report import small_report


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return small_report(tmp_path)
