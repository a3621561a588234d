"""docs/extending.md: every file it shows keeps the contract, and every command it shows does what it says."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import hatchling.build
import pytest
from click.testing import CliRunner

from auditor.blob import Blob
from auditor.cli.main import main
from auditor.extensions import load_members
from auditor.known.list_formats import list_formats
from auditor.parts import PartlyRead
from auditor.readers import readers
from auditor.render import render_report, report_formats
from auditor.reporting.render_options import RenderOptions
from auditor.samples import Samples
from tests import small_report
from tests.checks import test_checks as check_contract
from tests.known.formats import test_formats as list_contract
from tests.readers import test_contract as reader_contract
from tests.render import test_report_formats as report_contract

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.M | re.S)
FILES = {name: content for _, name, content in FENCES if name}
COMMANDS = [line for language, _, content in FENCES if language == "sh" for line in content.splitlines()]
# Writes each file and runs each command of the page, one after the other; prints exit codes and outputs.
FOLLOW_THE_PAGE = """
import json, os, pathlib, shlex, sys
from click.testing import CliRunner
from auditor.blob import Blob
from auditor.cli.main import main
from auditor.extensions import load_members

said = {}
for name, content in json.load(sys.stdin):
    if name:
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        load_members.cache_clear()
    else:
        words = [word.replace("$PWD", os.getcwd()) for word in shlex.split(content)][1:]
        result = CliRunner().invoke(main, words)
        said[content] = [result.exit_code, result.output]
json.dump(said, sys.stdout)
"""
MODULES = {name.removesuffix(".py").replace("/", ".") for name in FILES}
PACKAGES = ("auditor.readers", "auditor.known.formats", "auditor.checks", "auditor.render", "auditor.sources")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with the page's files that are no modules of the auditor, and a home of its own."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))
    imported = set(sys.modules)
    load_members.cache_clear()
    yield tmp_path
    load_members.cache_clear()
    for module in set(sys.modules) - imported:
        if module in MODULES or module.startswith("acme_auditor"):
            del sys.modules[module]


@pytest.fixture
def members(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with the page's modules as members of their packages."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder / name.replace(".", "/"))])
    return folder


def test_the_page_shows_a_file_for_each_kind_of_extension() -> None:
    kinds = {name.rpartition("/")[0] for name in FILES}
    assert {name.replace(".", "/") for name in PACKAGES} <= kinds
    assert {"try/rules", "try/rules/vocabulary", "acme-auditor"} <= kinds


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[int, str]]]:
    """A copy of the checkout in which the page was followed step by step, and what each command gave.

    Left out are the runs of pytest, which the other tests stand for, and the section on packages.
    """
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("auditor", "rules", "reports/schema"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    steps: list[tuple[str, str]] = []
    for language, name, content in FENCES:
        if name and not name.startswith("acme-auditor/"):
            steps.append((name, content))
        elif language == "sh":
            steps += [("", line) for line in content.splitlines() if " -m pytest " not in line]
    # All commands run in one process here, and the server that workers are forked from finds the readers once.
    steps.sort(key=lambda step: not step[0].startswith("auditor/readers/"))
    environment = {**os.environ, "PYTHONPATH": str(checkout), "AUDITOR_HOME": str(checkout / "home")}
    finished = subprocess.run(
        [sys.executable, "-c", FOLLOW_THE_PAGE],
        input=json.dumps(steps[:-2]),
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(finished.stdout)
    return checkout, {command.removeprefix(".venv/bin/"): (code, output) for command, (code, output) in said.items()}


def test_every_command_of_the_page_exits_as_the_page_says(followed: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    with_gaps = (
        "auditor scan try/models --known acme --profile example --fail-on never --out try/run",
        "auditor scan try/albums --out try/run-album",
    )
    assert len(followed[1]) > 10
    for command, (code, output) in followed[1].items():
        assert code == (3 if command in with_gaps else 0), f"{command}\n{output}"


def test_every_command_of_the_page_prints_what_the_page_says(
    followed: tuple[Path, dict[str, tuple[int, str]]],
) -> None:
    checkout, results = followed
    said = {command: output for command, (_, output) in results.items()}
    facts = said["auditor facts try/models"]
    assert '"key": "title", "value": "Leaves"' in facts
    assert '"key": "licence", "value": "MIT"' in facts
    assert "cues, 0 failed\n" in said["auditor rules test try/rules"]
    clear = said["auditor terms try/house-rules.md --rules try/rules"]
    assert clear.startswith("try/house-rules.md:3: clear: ")
    assert "“Sexual content involving minors gets the cold shoulder from us.”" in clear
    assert "by the cues: sexual, minors, cold-shoulder\n" in clear
    hatched = said["auditor facts try/models/acme/hatched --rules try/rules"]
    assert re.search(r'"key": "base_model", "value": "acme/tree".* "remark": "cue hatching"', hatched)
    album = " ".join(said["auditor scan try/albums --out try/run-album"].split())
    assert "Files 1 = 0 read + 1 partly" in album
    assert "line 4: an entry of a kind that is not read" in album
    checked = said["auditor lists check try/acme.txt"]
    assert "list: acme version 2026-11, format acme\n" in checked
    assert "sha256: 1 entries, matched by equality\n" in checked
    assert "wiki\t.wiki\theadings and bullets, for a page of a wiki\n" in said["auditor report --formats"]
    findings = (checkout / "try" / "findings.csv").read_text(encoding="utf-8")
    assert re.search(r"several-licences,FLAGGED,note,names several licences,\"gpl-3\.0, mit\",", findings)
    withdrawn = (checkout / "try" / "withdrawn.csv").read_text(encoding="utf-8")
    assert "acme/trained,,trained-on-withdrawn-dataset,FLAGGED," in withdrawn
    shown = said["auditor report try/run-with-rule --format wiki"]
    assert shown.startswith("= Confidential: unproven until reviewed =\n")
    assert "acme/leaf: names several licences (several-licences)" in shown
    assert "acme" not in (checkout / "try" / "report.wiki").read_text(encoding="utf-8")
    assert '"value": "Leaves"' in said["auditor facts file://$PWD/try/models"]


def test_every_test_folder_that_the_page_names_is_there() -> None:
    runs = [command.split() for command in COMMANDS if " -m pytest " in command]
    assert [words[3:] for words in runs] == [
        ["tests/readers", "-k", "citation"],
        ["tests/readers", "-k", "album"],
        ["tests/known", "-k", "acme"],
        ["tests/checks", "-k", "several"],
        ["tests/render", "-k", "wiki"],
    ]
    assert all((ROOT / words[3]).is_dir() for words in runs)


@pytest.mark.parametrize("name", ["citation", "album"])
def test_the_readers_keep_the_contract(members: Path, name: str) -> None:
    reader = readers()[name]
    for example in reader.EXAMPLES:
        reader_contract.test_an_example_is_claimed_and_its_reader_says_what_it_must(reader, example, members / "work")
    reader_contract.test_a_file_that_is_gone_is_unread(name, reader, members)
    reader_contract.test_junk_never_makes_a_reader_raise(name, reader, members)


def test_the_reader_of_albums_reads_pictures_and_names_every_other_carrier(members: Path) -> None:
    reader = readers()["album"]
    path = members / "try" / "albums" / "spring.album"
    blob = Blob(str(path), path.name, path.stat().st_size, standalone_name="spring")
    partly, samples = reader.read([blob], reader.EXAMPLES[0].options)
    assert partly == PartlyRead(blob, "line 4", "an entry of a kind that is not read")
    assert isinstance(samples, Samples)
    (row,) = [row for row in samples.batch.to_pylist() if not row["variant"]]
    assert (row["sample"], row["row"], row["gap"], len(row["pdq"])) == ("hill", 2, None, 32)


def test_the_list_format_keeps_the_contract(members: Path) -> None:
    for example in list_formats()["acme"].EXAMPLES:
        list_contract.test_an_example_is_read_as_it_states(members, "acme", example)
        list_contract.test_a_truncated_list_is_read_or_refused_and_never_crashes(members, "acme", example)
    list_contract.test_a_missing_file_is_named(members, "acme")


def test_the_check_keeps_the_contract(members: Path) -> None:
    check_contract.test_a_check_keeps_the_contract("several")
    for example in check_contract.checks()["several"].EXAMPLES:
        check_contract.test_an_example_of_a_check_holds("several", example)
        check_contract.test_a_check_finds_nothing_where_nothing_that_triggers_it_is_stated("several", example)
        check_contract.test_junk_does_no_harm_and_the_order_of_statements_does_not_matter("several", example)


def test_the_report_format_keeps_the_contract(members: Path) -> None:
    report = small_report.small_report(members / "small")
    report_contract.test_a_format_says_in_one_line_what_it_is_for("wiki")
    assert not report_formats()["wiki"].SHOWS_PLACES
    for keeps in (
        report_contract.test_an_empty_run_never_reads_as_clean,
        report_contract.test_extensions_of_other_packages_are_named_with_their_version,
        report_contract.test_places_and_distances_stay_restricted,
    ):
        keeps(report, small_report.show, "wiki")
    out = StringIO()
    render_report(report, "wiki", out, RenderOptions(share=True))
    assert "coast-diffusion" not in out.getvalue()


def test_the_package_adds_the_list_format_and_isolated_leaves_it_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = folder / "acme-auditor" / "acme_auditor"
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "list_format.py").write_text(FILES["auditor/known/formats/acme.py"], encoding="utf-8")
    monkeypatch.chdir(module.parent)
    wheel = folder / hatchling.build.build_wheel(str(folder))
    zipfile.ZipFile(wheel).extractall(folder / "site")
    monkeypatch.syspath_prepend(str(folder / "site"))
    monkeypatch.chdir(folder)
    found, isolated = (CliRunner().invoke(main, command.split()[1:]) for command in COMMANDS[-2:])
    assert (found.exit_code, isolated.exit_code) == (0, 2)
    named = "format acme of acme-auditor 1.2 (auditor.list_formats: acme)\n"
    assert f"list: acme version 2026-11, {named}" in found.output
    assert "no list format recognises this file" in isolated.output


def test_a_reader_that_lacks_a_function_is_named_by_a_scan(followed: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    checkout = followed[0]
    reader = checkout / "auditor" / "readers" / "misspelt.py"
    reader.write_text(FILES["auditor/readers/citation.py"].replace("def read(", "def reed("), encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "auditor", "facts", "try/models"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
    )
    reader.unlink()
    assert finished.returncode == 2
    why = "has no read() (it has 'reed': is it misspelt?); add it, or move what is no member out of auditor.readers"
    assert finished.stderr == f"auditor: {reader}: {why}\n"
