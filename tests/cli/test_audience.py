"""``--audience``: what the command line shows to authors, and where operators' reports go in CI."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.ci_environment import runs_in_ci
from auditor.cli.main import main
from auditor.cli.options import AUTHOR_FORMATS
from auditor.render import report_formats

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"
MATCHED = "crawlers/web-pictures"  # the dataset of the example that holds matches
# Not "exposed": pages explain that word to every reader.
SECRET = ("known-pictures", "trained-on-known-content", "matches entries of list")


def auditor(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "example"
    assert auditor("scan", HUB, "--known", LIST, "--profile", "example", "--out", out, "--workers", 1).exit_code == 1
    return out


@pytest.fixture
def in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


def _is_for_authors(text: str) -> bool:
    """Whether a text says what is held, and nothing that operators alone may see."""
    return "held for a check by people" in text and MATCHED in text and not any(secret in text for secret in SECRET)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CI", "true", True),
        ("CI", "1", True),
        ("CI", "false", False),
        ("CI", "", False),
        ("GITHUB_ACTIONS", "true", True),
        ("TF_BUILD", "True", True),
        ("JENKINS_URL", "https://ci.example.org/", True),
    ],
)
def test_ci_is_told_by_the_variables_that_its_services_set(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: bool
) -> None:
    assert not runs_in_ci()
    monkeypatch.setenv(name, value)
    assert runs_in_ci() is expected


def test_a_terminal_shows_operators_all_and_authors_what_is_theirs(run: Path) -> None:
    assert "known-pictures" in auditor("report", run).stdout
    assert _is_for_authors(auditor("report", run, "--audience", "author").stdout)


def test_the_help_names_the_formats_that_are_for_authors() -> None:
    assert set(AUTHOR_FORMATS) == {name for name, one in report_formats().items() if one.AUDIENCE == "author"}


@pytest.mark.parametrize("name", sorted(report_formats()))
def test_in_ci_every_format_is_for_authors(run: Path, in_ci: None, name: str) -> None:
    text = auditor("report", run, "--format", name).stdout
    assert [secret for secret in SECRET if secret in text] == []
    assert MATCHED in text


def test_the_exit_code_in_ci_is_the_same(in_ci: None, tmp_path: Path) -> None:
    scan = ("scan", HUB, "--known", LIST, "--profile", "example", "--workers", 1)
    author = auditor(*scan, "--out", tmp_path / "author")
    assert (author.exit_code, author.stderr) == (1, "")
    assert _is_for_authors(author.stdout)
    operator = auditor(*scan, "--out", tmp_path / "operator", "--audience", "operator")
    assert (operator.exit_code, operator.stdout) == (1, "")
    held = tmp_path / "operator" / "report.txt"
    assert operator.stderr == (
        f"CI logs and files may be public: the terminal report for operators is kept in {held}; for a report that "
        "authors may see, use --audience author\n"
    )
    assert "list known-pictures" in " ".join(held.read_text("utf-8").split())
    assert stat.S_IMODE(held.stat().st_mode) == 0o600


def test_in_ci_a_file_for_operators_is_written_into_the_runs_folder_alone(
    run: Path, in_ci: None, tmp_path: Path
) -> None:
    outside, inside = tmp_path / "cases.csv", run / "own.csv"
    shown = auditor("report", run, "--audience", "operator", "-o", outside, "-o", inside)
    assert shown.exit_code == 0
    assert not outside.exists()
    assert "known-pictures" in inside.read_text("utf-8")
    assert (run / "cases.csv").read_text("utf-8") == inside.read_text("utf-8")
    assert f"the csv report for operators is kept in {run / 'cases.csv'}" in shown.stderr


def test_in_ci_places_are_written_into_the_restricted_folder_alone(run: Path, in_ci: None) -> None:
    shown = auditor("report", run, "--places", "--format", "csv")
    assert shown.stdout == ""
    assert "RESTRICTED" in (run / "restricted" / "report.csv").read_text("utf-8")


@pytest.mark.parametrize("command", ["facts", "lineage"])
def test_in_ci_statements_that_follow_from_lists_are_left_out(
    run: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    assert "known-pictures" in auditor(command, run).stdout
    monkeypatch.setenv("CI", "true")
    shown = auditor(command, run)
    assert shown.exit_code == 0
    assert MATCHED in shown.stdout
    assert [secret for secret in (*SECRET, "known_content") if secret in shown.stdout] == []
    assert shown.stderr == "CI logs may be public: what follows from lists is left out here\n"


def test_in_ci_the_table_of_who_says_what_has_no_finding_that_follows_from_lists(run: Path, in_ci: None) -> None:
    shown = auditor("facts", run, "--table")
    assert shown.exit_code == 0
    assert MATCHED in shown.stdout
    assert [secret for secret in SECRET if secret in shown.stdout] == []


def test_places_are_not_for_authors(run: Path) -> None:
    refused = auditor("report", run, "--places", "--audience", "author")
    assert refused.exit_code == 2
    assert "--places and --audience author cannot be used together" in refused.stderr
