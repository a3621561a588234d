"""``auditor review serve``, started as a user would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from auditor.review import Ledger
from tests.reviewing import Clock, create_ledger, opening_action

pytest.importorskip("uvicorn", reason="needs the extra `review`")


def serving(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    home = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    program = [sys.executable, "-c", "from auditor.cli.main import main; main()"]
    command = [*program, "review", "serve", "--ledger", str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=home)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with create_ledger(tmp_path / "ledger", Clock("2026-01-01T09:00:00Z")) as ledger:
        ledger.record(opening_action(1))
    return tmp_path / "ledger"


def test_each_reviewer_gets_a_link_that_opens_the_page_and_nothing_of_it_is_logged(folder: Path) -> None:
    page = serving(folder, "--as", "heron", "--as", "wren", "--support", "Ask Sam")
    try:
        assert page.stdout is not None
        links = dict(page.stdout.readline().strip().split(": ", 1) for _ in range(2))
        assert list(links) == ["heron", "wren"]
        assert all(re.match(r"http://127\.0\.0\.1:\d+/enter\?token=[\w-]{43}$", link) for link in links.values())
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        shown = browser.open(links["heron"], timeout=30).read().decode()
        assert "Ask Sam" in shown
        assert "atelier/model-1" in shown
    finally:
        page.send_signal(signal.SIGINT)
        _, said = page.communicate(timeout=30)
    assert "Ctrl+C stops the page" in said
    assert "token" not in said
    assert "Traceback" not in said
    with Ledger.open(folder) as ledger:
        assert ledger.size == 2


def test_the_reviewer_must_be_named_and_known(folder: Path) -> None:
    for arguments, message in (((), "name the reviewers with --as: heron"), (("--as", "nobody"), "is no reviewer")):
        page = serving(folder, *arguments)
        _, said = page.communicate(timeout=30)
        assert page.returncode == 2
        assert message in said
