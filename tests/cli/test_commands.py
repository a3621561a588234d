"""The command line: results on stdout, messages on stderr, exit codes as documented."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor import __version__
from auditor.cli.main import main

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"


def auditor(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "example"
    result = auditor("scan", HUB, "--known", LIST, "--profile", "example", "--out", out, "--workers", 1)
    assert result.exit_code == 1, result.output
    assert result.stderr == ""
    return out


def test_the_example_exits_1_and_says_why(run: Path) -> None:
    shown = auditor("report", run, "-v")
    assert shown.exit_code == 0
    assert "northlight/paint-base" in shown.stdout
    assert "Confidential: unproven until reviewed" in shown.stdout


def test_fail_on_decides_what_exits_1(tmp_path: Path) -> None:
    (tmp_path / "acme__m.md").write_text("# Model card for m\n\nA model.\n")
    codes = {
        level: auditor("scan", tmp_path, "--out", tmp_path / level, "--fail-on", level, "--workers", 1).exit_code
        for level in ("note", "error", "never")
    }
    assert codes == {"note": 1, "error": 0, "never": 0}


def test_what_was_not_read_exits_3(tmp_path: Path) -> None:
    (tmp_path / "acme__m.md").write_text("---\nlicense: [mit\n---\n# Model\n")
    result = auditor("scan", tmp_path, "--out", tmp_path / "run", "--workers", 1)
    assert result.exit_code == 3, result.output
    assert "not valid YAML" in result.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["scan", "nowhere"], "auditor: nowhere: does not exist; name a file or a folder"),
        (["scan"], "Missing argument 'TARGET...'"),
        (["scan", HUB, "--format", "pdf"], "'pdf' is not one of 'csv', 'cyclonedx', 'github', 'html', 'json', 'jsonl'"),
        (["scan", HUB, "--profile", "strict"], "'strict'"),
        (["report", HUB], "is not a run's folder (it has no run.json)"),
        (["scann", HUB], "No such command 'scann'"),
    ],
)
def test_misuse_exits_2_and_says_what_to_do(args: list[object], message: str, tmp_path: Path) -> None:
    result = auditor(*args, *(["--out", tmp_path / "run"] if args[0] == "scan" and len(args) > 1 else []))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_an_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.pipeline.audit.audit", interrupted)
    result = auditor("scan", HUB)
    assert result.exit_code == 130
    assert f"interrupted; the same command with --out {os.environ['AUDITOR_HOME']}/runs/2" in result.stderr
    assert "Z resumes the scan\n" in result.stderr


def test_reports_go_where_they_are_sent(run: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "r.html", tmp_path / "cases.csv"
    result = auditor("report", run, "-o", page, "-o", table, "--format", "html", "--format", "csv", "--format", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["cases"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>") or "<html" in page.read_text(encoding="utf-8")
    assert "northlight/paint-base" in table.read_text(encoding="utf-8")
    both = auditor("report", run, "--format", "html", "--format", "csv")
    assert both.exit_code == 2
    assert "only one format can go to stdout" in both.stderr


def test_the_suffix_of_a_file_tells_the_format(run: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.HTM", "b.csv", "c.sarif", "d.txt", "without-suffix")]
    result = auditor("report", run, *(part for path in files for part in ("-o", path)))
    assert (result.exit_code, result.stdout) == (0, "")
    starts = [path.read_text(encoding="utf-8")[:12] for path in files]
    assert starts == ["<!doctype ht", "type,case,gr", '{\n "$schema"', "Rehearsal: p", "Rehearsal: p"]


def test_a_suffix_that_no_format_has_is_misuse_before_anything_is_read(tmp_path: Path) -> None:
    result = auditor("scan", HUB, "--out", tmp_path / "run", "-o", tmp_path / "report.xml")
    assert result.exit_code == 2
    assert (
        "no report format has the suffix .xml; use one of .cdx.json, .csv, .github.txt, .htm, .html, .json,"
        in result.stderr
    )
    assert list(tmp_path.iterdir()) == []
    named = auditor("report", tmp_path, "--format", "csv", "-o", tmp_path / "report.xml")
    assert "is not a run's folder" in named.stderr


def test_facts_are_one_object_a_line() -> None:
    result = auditor("facts", HUB / "models" / "atelier" / "harbour-lora")
    assert result.exit_code == 0
    facts = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"subject", "kind", "revision", "key", "value", "relation", "place", "source"} <= set(facts[0])
    parents = [
        (f["value"], f["relation"], f["place"]) for f in facts if f["key"] == "base_model" and f["source"] == "card"
    ]
    assert parents == [("northlight/paint-base", "adapter", {"uri": "README.md", "line": 2})]


def test_a_target_without_facts_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Tide tables.\n", encoding="utf-8")
    result = auditor("facts", tmp_path / "notes.txt")
    assert result.stdout == ""
    assert "notes.txt: no fact was read; `auditor scan` counts its files and shows why" in result.stderr


def test_places_of_samples_are_shown_only_on_request(run: Path) -> None:
    assert "scene-11.jpg" not in auditor("report", run).stdout
    assert "scene-11.jpg" not in auditor("report", run, "--format", "json").stdout
    assert "scene-11.jpg" in auditor("report", run, "--places").stdout
    both = auditor("report", run, "--places", "--share")
    assert (both.exit_code, "cannot be used together" in both.stderr) == (2, True)


def test_the_summary_alone_names_the_folder_of_the_run_and_a_shared_one_does_not(run: Path) -> None:
    assert f"\nRun: {run}\n" in auditor("report", run).stdout
    assert str(run) not in auditor("report", run, "--share").stdout
    for name in ("html", "json", "sarif", "csv"):
        assert str(run) not in auditor("report", run, "--format", name).stdout, name


def test_a_shared_report_holds_no_name(run: Path) -> None:
    for name in ("terminal", "html", "json", "sarif", "csv"):
        shared = auditor("report", run, "--format", name, "--share").stdout
        assert "paint-base" not in shared, name
        assert "street-scenes" not in shared, name


def test_help_imports_no_heavy_package() -> None:
    code = (
        "import sys; from auditor.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    )
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {
        "numpy",
        "pyarrow",
        "PIL",
        "datasets",
        "imagehash",
        "jinja2",
        "rich",
        "re2",
        "pebble",
        "huggingface_hub",
    }


def test_python_m_auditor_is_the_command() -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run([sys.executable, "-m", "auditor", *arguments], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    assert run("--version") == (0, f"auditor, version {__version__}\n", "")
    code, shown, message = run("scan", "--no-such-option")
    assert (code, shown) == (2, "")
    assert message.startswith("Usage: auditor scan [OPTIONS] TARGET...\n")


def test_every_command_helps_with_an_example() -> None:
    for name in main.list_commands(None):  # type: ignore[arg-type]
        result = auditor(name, "--help")
        assert result.exit_code == 0
        assert "Example" in result.stdout or "Commands:" in result.stdout, name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str) -> None:
    assert "_AUDITOR_COMPLETE" in auditor("completion", shell).stdout
