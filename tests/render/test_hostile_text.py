"""Names and texts that attack the reader's terminal, browser or spreadsheet are shown, and do nothing."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import Case, Finding, Gap, Place, Ref
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Edge, Report
from auditor.render import report_formats

Show = Callable[..., str]
ALL = sorted(report_formats())
HOSTILE = {
    "script": "</style></title><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover=\"alert(1)' x='",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "link": "javascript:alert(1)",
    "csi": "\x1b[2J\x1b[31mred",
    "osc52": "\x1b]52;c;aGVsbG8=\x07",
    "c1": "\x9b31m\x9d0;title\x9c",
    "markup": "[bold red]x[/] [link=https://example.org]y[/link]",
    "formula": '=HYPERLINK("https://example.org","x")',
    "plus": "+1+1",
    "at": "@SUM(1)",
    "minus": "-2+3",
    "tab": "\t=1+1",
    "newline": "a\r\nb\n=1+1",
    "bidi": "safe\u202egpj.exe\u2066",
    "invisible": "mo\u200bdel\ufeff",
    "surrogate": "name\ud800\udfff\udc80",
    "nul": "a\x00b",
    "long": "x" * 1_000_000,
    "empty": "",
}


def with_text_everywhere(report: Report, text: str) -> Report:
    """The report with this text in every field that can come from outside."""

    def with_text(finding: Finding) -> Finding:
        return finding._replace(subject=text, revision=text, fact=text, place=Place(text, 3), remark=text)

    ref, lists = Ref("model", text, text), report.policy.lists
    rules = tuple(
        replace(rule, title=text, why=text, fix=text, review=text, references=(text, "https://example.org"))
        for rule in report.policy.rules
    )
    return replace(
        report,
        targets=(text, text),
        policy=replace(
            report.policy,
            profile=text,
            rules=rules,
            lists=(*lists, ListSummary(text, text, text, 1, text, text)),
        ),
        findings=tuple(map(with_text, report.findings)),
        gaps=((ref, Gap("card", text, Place(text, 1))),),
        cases=(Case("exposed", "model", text, text, tuple(map(with_text, report.findings)), (ref,)),),
        lineage=(Edge(Ref("model", text, text), Ref("dataset", f"{text}2"), text, text),),
        tally=replace(report.tally, reasons={text: 1}, coverage={text: 2}),
    )


@pytest.fixture(params=HOSTILE, ids=str)
def hostile(request: pytest.FixtureRequest, report: Report) -> Report:
    return with_text_everywhere(report, HOSTILE[request.param])


def _active_characters(text: str, allowed: str) -> set[str]:
    """Return the characters that a terminal would act on or that mislead a reader."""
    return {c for c in set(text) - set(allowed) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


def separators(name: str) -> str:
    return str(report_formats()[name].SEPARATORS)


def unescaped_separators(report: Report, shown: Show, name: str) -> list[str]:
    """Return the format's separators that a text from outside adds to its output."""
    plain = shown(with_text_everywhere(report, "a b"), name)
    return [
        separator
        for separator in separators(name)
        if shown(with_text_everywhere(report, f"a{separator}b"), name).count(separator) != plain.count(separator)
    ]


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_no_control_character_reaches_any_format(hostile: Report, shown: Show, name: str, share: bool) -> None:
    text = shown(hostile, name, share=share)
    allowed = "\n" + separators(name)
    assert _active_characters(text, allowed) == set(), (
        f"{name} writes control characters that its SEPARATORS do not name"
    )
    assert unescaped_separators(hostile, shown, name) == [], f"{name} lets a separator through; use printable"
    text.encode("utf-8")


@pytest.mark.parametrize("name", ["terminal", "html", "sarif", "csv"])
def test_a_long_name_is_cut_where_people_read(report: Report, shown: Show, name: str) -> None:
    text = shown(with_text_everywhere(report, "x" * 1_000_000), name)
    assert len(text) < 400_000
    assert "1,000,000 characters" in text


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("number", [0, 20_000], ids=["none", "many"])
def test_a_report_of_no_finding_or_of_many_on_one_subject_is_written(
    report: Report, shown: Show, name: str, number: int
) -> None:
    finding = report.findings[0]
    findings = tuple(finding._replace(fact=f"fact {one}", remark="") for one in range(number))
    text = shown(replace(report, findings=findings, cases=(), lineage=(), gaps=()), name)
    assert text.strip(), "a report of nothing says that and what was not checked"
    if name not in {"json", "jsonl", "csv"}:  # those are for machines, and whole
        assert len(text) < 100_000
    else:
        assert text.count("fact 19999") == (number == 20_000)


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}


def test_the_page_runs_and_fetches_nothing(hostile: Report, shown: Show) -> None:
    page = _Page()
    page.feed(shown(hostile, "html"))
    assert page.tags & {"img", "iframe", "object", "embed", "link", "form", "base"} == set()
    assert [name for name in page.attributes if name.startswith("on") or name in {"style", "src"}] == []
    assert [link for link in page.links if not link.startswith(("https://", "#"))] == []


def test_the_page_allows_only_its_own_style_and_script(hostile: Report, shown: Show) -> None:
    import base64
    import hashlib

    text = shown(hostile, "html")
    style = re.search(r"<style>(.*?)</style>", text, re.S)
    assert style is not None
    wanted = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert text.count("<script") == 1
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{wanted}'; script-src 'sha256-{allowed}'" in text
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_no_cell_begins_a_formula(hostile: Report, shown: Show) -> None:
    for row in csv.reader(io.StringIO(shown(hostile, "csv"))):
        assert [cell for cell in row if cell.lstrip()[:1] in set("=+-@\t\r\n＝＋－＠")] == []


def test_a_hostile_name_stays_a_relative_uri(hostile: Report, shown: Show) -> None:
    log = json.loads(shown(hostile, "sarif"))
    for result in log["runs"][0]["results"]:
        for location in result["locations"]:
            if "physicalLocation" in location:
                uri = location["physicalLocation"]["artifactLocation"]["uri"]
                assert re.fullmatch(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=@/]|%[0-9A-Fa-f]{2})+", uri), uri
                assert not uri.startswith("/")


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=60))
def test_any_text_is_shown_harmlessly(report: Report, shown: Show, text: str) -> None:
    for name in ALL:
        assert _active_characters(shown(with_text_everywhere(report, text), name), "\n" + separators(name)) == set()
