"""The contract of every report format: what it states of itself, what it must show, and what it must never show."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import auditor.render
from auditor.cli.options import FormatChoice
from auditor.errors import ExtensionError, RunError, UsageError
from auditor.extensions import Extension, load_members
from auditor.model import Case, Count, Finding, Gap, Place, Ref, Tally
from auditor.pipeline.report import Edge, Report
from auditor.render import format_of_file, render_report, report_formats
from auditor.reporting.render_options import RenderOptions
from tests.data.make_hub import LIST, MODELS
from tests.render.test_hostile_text import unescaped_separators

Show = Callable[..., str]
ALL = sorted(report_formats())
WITH_PLACES = [name for name in ALL if report_formats()[name].SHOWS_PLACES]
RESTRICTED = ("SECRET-SAMPLE-0041.jpg", "SECRET-PLACE", "tok-7f3a", "distance", "flip-x")
WIKI = """
from auditor.reporting.redaction import report_notice

HELP = "headings, for a wiki"
SUFFIXES = (".wiki",)


def render(report, out, options):
    out.write(f"# {report_notice(report, options)}\\n")
"""


TABLE = """
from auditor.printable import printable
from auditor.reporting.redaction import report_notice

HELP = "findings, tabs between"
SUFFIXES = (".tsv",)
SEPARATORS = "\\t"


def render(report, out, options):
    out.write(f"{report_notice(report, options)}\\n")
    for finding in report.findings:
        out.write(f"{printable(finding.subject)}\\t{printable(finding.fact)}\\n")
"""


@pytest.mark.parametrize("name", ALL)
def test_a_format_says_in_one_line_what_it_is_for(name: str) -> None:
    report_format = report_formats()[name]
    assert re.fullmatch(r"\S.{10,110}\S", report_format.HELP)
    assert all(re.fullmatch(r"(\.[a-z0-9]+)+", suffix) for suffix in report_format.SUFFIXES)
    assert format_of_file(f"Report{report_format.SUFFIXES[0].upper()}") == name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are members of ``auditor.render`` too."""
    (tmp_path / "formats").mkdir()
    monkeypatch.setattr(auditor.render, "__path__", [*auditor.render.__path__, str(tmp_path / "formats")])
    load_members.cache_clear()
    yield tmp_path / "formats"
    load_members.cache_clear()
    for path in (tmp_path / "formats").glob("*.py"):
        sys.modules.pop(f"auditor.render.{path.stem}", None)


def test_adding_a_format_is_adding_one_file(folder: Path, report: Report, shown: Show) -> None:
    (folder / "wiki.py").write_text(WIKI, encoding="utf-8")
    assert shown(report, "wiki") == "# Confidential: unproven until reviewed\n"
    assert format_of_file("a.wiki") == "wiki"


def test_a_format_may_separate_by_tabs_but_no_text_may_add_one(folder: Path, report: Report, shown: Show) -> None:
    (folder / "table.py").write_text(TABLE, encoding="utf-8")
    (folder / "wrong_table.py").write_text(
        TABLE.replace("printable(finding.fact)", "finding.fact").replace(".tsv", ".tab"), encoding="utf-8"
    )
    assert unescaped_separators(report, shown, "table") == []
    assert unescaped_separators(report, shown, "wrong_table") == ["\t"]
    assert FormatChoice(("csv", "wrong_table")).convert("wrong-table", None, None) == "wrong_table"


def test_a_module_without_what_a_format_must_have_is_an_error(folder: Path) -> None:
    (folder / "wiki.py").write_text(WIKI.replace("def render", "def rendr"), encoding="utf-8")
    with pytest.raises(ExtensionError, match=r"wiki\.py: has no render\(\) \(it has 'rendr': is it misspelt\?\)"):
        report_formats()


def test_two_formats_with_one_suffix_are_an_error(folder: Path) -> None:
    (folder / "wiki.py").write_text(WIKI.replace(".wiki", ".html"), encoding="utf-8")
    with pytest.raises(ExtensionError, match=r"auditor\.render\.wiki: has the suffix \.html of html"):
        report_formats()


@pytest.mark.parametrize("name", ALL)
def test_the_example_shows_no_hash_of_a_list_and_no_place_of_a_match(example: Report, shown: Show, name: str) -> None:
    # A bill of materials has the digests of all models' files, whether a list holds them or not: they tell nothing.
    lists = (LIST,) if name == "cyclonedx" else (LIST, MODELS)
    hashes = {
        cell
        for path in lists
        for row in csv.reader(io.StringIO(path.read_text("utf-8")))
        for cell in row
        if re.fullmatch("[0-9a-f]{32,64}", cell)
    }
    matched_files = {"scene-11.jpg", "scene-12.jpg", "kept-1.jpg"}
    assert len(hashes) == (6 if name == "cyclonedx" else 8)
    for share in (False, True):
        text = shown(example, name, share=share)
        assert [secret for secret in hashes | matched_files if secret in text] == []
    assert "paint-harbour" in shown(example, name)
    assert "paint-harbour" not in shown(example, name, share=True)


@pytest.mark.parametrize("name", ALL)
def test_an_empty_run_never_reads_as_clean(report: Report, shown: Show, name: str) -> None:
    nothing = replace(report, findings=(), gaps=(), cases=(), flagged={}, lineage=(), subjects={}, targets=())
    nothing = replace(nothing, policy=replace(report.policy, rules=(), lists=()), tally=Tally(Count(3, 0, 3)))
    text = shown(nothing, name)
    assert "clean" not in text.lower()
    assert "Nothing was read: all 3 files were skipped." in text
    assert "were not matched against known content: no list of it was loaded." in " ".join(text.split())


@pytest.mark.parametrize("name", ALL)
def test_files_that_options_left_out_are_counted_and_named(report: Report, shown: Show, name: str) -> None:
    left_out = replace(report, tally=replace(report.tally, reasons={"excluded by --exclude drafts": 7}))
    text = " ".join(shown(left_out, name).split())
    assert "excluded by --exclude drafts" in text
    assert "7" in text


@pytest.mark.parametrize("name", ALL)
def test_extensions_of_other_packages_are_named_with_their_version(report: Report, shown: Show, name: str) -> None:
    extension = Extension("auditor.readers", "acme", "acme.reader", "acme-auditor", "2.1.7")
    text = shown(replace(report, policy=replace(report.policy, extensions=(extension,))), name)
    assert "acme-auditor" in text
    assert "2.1.7" in text


@pytest.mark.parametrize("name", ALL)
def test_places_and_distances_stay_restricted(report: Report, shown: Show, name: str) -> None:
    text = shown(report, name)
    assert "Confidential: unproven until reviewed" in text
    assert [secret for secret in RESTRICTED if secret in text] == []


@pytest.mark.parametrize("name", WITH_PLACES)
def test_places_are_shown_on_request_and_marked(report: Report, shown: Show, name: str) -> None:
    text = shown(report, name, places=True)
    assert "RESTRICTED: shows where matched samples are" in text
    assert [secret for secret in RESTRICTED if secret not in text] == []
    assert "12" in text


@pytest.mark.parametrize("name", sorted({*ALL} - {*WITH_PLACES}))
def test_a_format_that_never_shows_places_refuses_them(report: Report, shown: Show, name: str) -> None:
    message = f"--format {name} never shows places of samples; use one of {', '.join(WITH_PLACES)}"
    with pytest.raises(UsageError, match=message):
        shown(report, name, places=True)


@pytest.mark.parametrize("name", WITH_PLACES)
def test_a_run_without_places_says_so(report: Report, shown: Show, name: str) -> None:
    with pytest.raises(RunError, match="holds no places"):
        shown(replace(report, restricted=None), name, places=True)


@pytest.mark.parametrize("name", WITH_PLACES)
def test_places_and_share_exclude_each_other(report: Report, shown: Show, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used together"):
        shown(report, name, places=True, share=True)


@pytest.fixture
def planted(report: Report) -> Report:
    """The report with a secret in every field that comes from a target."""

    def secret(finding: Finding) -> Finding:
        return finding._replace(
            subject=f"SECRET/{finding.subject}",
            revision="SECRET-revision",
            fact=f"SECRET {finding.fact}",
            place=Place(f"SECRET/{finding.place.uri}", 5),
            remark=f"SECRET {finding.remark}",
        )

    def ref(old: Ref) -> Ref:
        return Ref(old.kind, f"SECRET/{old.name}", "SECRET-revision")

    return replace(
        report,
        targets=("SECRET-target",),
        findings=tuple(map(secret, report.findings)),
        gaps=tuple((ref(r), Gap(gap.what, f"SECRET {gap.why}", Place("SECRET"))) for r, gap in report.gaps),
        cases=tuple(
            Case(
                case.ground,
                case.kind,
                f"SECRET/{case.subject}",
                "SECRET-revision",
                tuple(map(secret, case.reasons)),
                tuple(map(ref, case.copies)),
            )
            for case in report.cases
        ),
        lineage=tuple(Edge(ref(edge.child), ref(edge.parent), edge.relation, "SECRET") for edge in report.lineage),
        tally=replace(report.tally, reasons={"unreadable: SECRET.jpg": 3}),
    )


@pytest.mark.parametrize("name", ALL)
def test_a_shared_report_holds_no_name(planted: Report, shown: Show, name: str) -> None:
    assert "SECRET" in shown(planted, name)
    text = shown(planted, name, share=True)
    assert "SECRET" not in text
    assert "Shared without names" in text
    assert "model 2" in text


@pytest.mark.parametrize("name", ALL)
def test_every_format_can_be_written_to_an_ascii_stream(report: Report, name: str) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    if name == "csv":
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    render_report(report, name, out, RenderOptions())
    out.flush()
