"""Options and fixtures of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from auditor.ci_environment import CI_VARIABLES
from tests import network_guard

network_guard.install()

# No test is timed: a machine that is busy with other things makes any of them slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--corpus", default=os.environ.get("AUDITOR_CORPUS", ""), help="a folder of real files")
    parser.addoption("--soak", action="store_true", help="also run the long tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skips = {
        "corpus": (config.getoption("--corpus"), "needs a folder of real files: --corpus DIR"),
        "soak": (config.getoption("--soak"), "long: --soak"),
    }
    for item in items:
        for marker, (given, why) in skips.items():
            if marker in item.keywords and not given:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session", autouse=True)
def outside_ci() -> Iterator[None]:
    """Tests run the same in CI, where the command line shows less, and elsewhere."""
    before = {name: os.environ.pop(name) for name in CI_VARIABLES if name in os.environ}
    yield
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests keep lists, keys and ledgers in a place of their own, never in that of whoever runs them."""
    before = os.environ.get("AUDITOR_HOME")
    os.environ["AUDITOR_HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    os.environ.pop("AUDITOR_HOME") if before is None else os.environ.update(AUDITOR_HOME=before)


@pytest.fixture(scope="session")
def corpus(pytestconfig: pytest.Config) -> Path:
    """The folder of real files that ``corpus`` tests run over."""
    return Path(pytestconfig.getoption("--corpus"))
