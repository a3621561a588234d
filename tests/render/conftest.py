"""Reports to render: a small one made by hand, and that of the example hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.pipeline.report import Report
from tests import make_example, small_report


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return small_report.small_report(tmp_path)


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The run whose reports are stored in reports/example."""
    return make_example.example_report(tmp_path_factory.mktemp("example") / "run")


@pytest.fixture
def shown() -> Callable[..., str]:
    """A report as one format shows it."""
    return small_report.show
