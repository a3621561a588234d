"""The page shows the heaviest first, counts what it leaves out, and draws each case's lineage."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.model import Case, Count, Finding, Gap, Ref, Tally
from auditor.pipeline.audit import Edge, Report
from auditor.policy.vocabularies import load_vocabularies
from auditor.reporting import web_links
from auditor.reporting.lineage_layout import LineageLayout
from auditor.reporting.summary import summarise

Show = Callable[..., str]


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</head>")[1]).split())


def test_the_page_proves_its_counts(report: Report, shown: Show) -> None:
    text = plain(shown(report, "html"))
    assert "Files 31 = 28 + 2 + 1" in text
    assert "Samples 126 = 121 + 3 + 2" in text
    assert "The counts do not add up" in plain(shown(replace(report, tally=Tally(Count(5, 3))), "html"))


def test_nothing_found_never_reads_as_clean(report: Report, shown: Show) -> None:
    bare = replace(
        report, findings=(), cases=(), gaps=(), flagged={}, tally=Tally(), policy=replace(report.policy, lists=())
    )
    text = plain(shown(bare, "html"))
    assert "clean" not in text.lower()
    assert "It does not mean that nothing is there" in text
    assert "not matched against known content: no list of it was loaded" in text
    assert "What to do now" not in text


def test_a_long_report_shows_the_heaviest_and_counts_the_rest(report: Report) -> None:
    note = Finding("no-licence", "model", "", "", "FLAGGED", "note", "no licence is stated")
    light = [note._replace(subject=f"a/{number:04}") for number in range(500)]
    heavy = [note._replace(subject="z/heavy", severity="error", fact=f"fact {number:02}") for number in range(40)]
    summary = summarise(replace(report, findings=(*light, *heavy)), max_subjects=10, max_findings=30)
    assert summary.subjects[0].ref == Ref("model", "z/heavy")
    assert [len(block.findings) for block in summary.subjects] == [30] + [1] * 9
    assert (summary.subjects[0].more, summary.subjects_left_out, summary.findings_left_out) == (10, 491, 501)
    assert summary.findings == 540 == sum(line.count for line in summary.rules)


def test_the_summary_counts_what_the_report_counts(report: Report) -> None:
    counted = {(line.rule, line.outcome, line.severity): line.count for line in summarise(report).rules}
    assert counted == report.flagged


def test_rare_reasons_are_counted_together(report: Report) -> None:
    gaps = tuple((Ref("model", f"m/{number}"), Gap("card", f"reason {number}")) for number in range(1000))
    lines = summarise(replace(report, gaps=gaps)).gaps
    assert sum(line.count for line in lines) == 1000
    assert (lines[0].why, lines[0].count) == ("", 800)


def test_a_case_is_drawn_between_its_ancestors_and_descendants(report: Report) -> None:
    drawing = LineageLayout(report.lineage).layout_case(report.cases[1])
    assert drawing is not None
    assert [(node.role, node.name, node.label) for node in drawing.nodes] == [
        ("ancestor", "dataset shore/coast-photos", "trained-on, by card"),
        ("case", "model shore/coast-diffusion", "this case: exposed"),
        ("descendant", "model lake/calm-water", "finetune, by card"),
        ("descendant", "model mirror/coast-diffusion-copy", "copy, by weights"),
    ]
    assert len(drawing.lines) == 3
    assert LineageLayout(report.lineage).layout_case(report.cases[0]) is None


def test_each_line_of_descent_is_drawn_under_its_own_parent(report: Report) -> None:
    pairs = [("a", "A"), ("b", "B"), ("case", "a"), ("case", "b"), ("x", "case"), ("x1", "x"), ("y", "case")]
    edges = tuple(Edge(Ref("model", child), Ref("model", parent), "merge", "") for child, parent in pairs)
    drawing = LineageLayout(edges).layout_case(Case("exposed", "model", "case", "", report.cases[1].reasons))
    assert drawing is not None
    assert [(node.x, node.name.removeprefix("model ")) for node in drawing.nodes] == [
        (8, "A"),
        (30, "a"),
        (8, "B"),
        (30, "b"),
        (52, "case"),
        (74, "x"),
        (96, "x1"),
        (74, "y"),
    ]
    assert len(drawing.lines) == len(pairs)


@pytest.mark.parametrize("family", ["wide", "deep", "circle", "merge"])
def test_any_family_can_be_drawn(report: Report, family: str) -> None:
    def model(number: int) -> Ref:
        return Ref("model", f"m/{number}")

    pairs = {
        "wide": [(number, 0) for number in range(1, 501)],
        "deep": [(number + 1, number) for number in range(500)],
        "circle": [(1, 0), (2, 1), (0, 2), (0, 0)],
        "merge": [(0, parent) for parent in range(1, 40)],
    }[family]
    edges = tuple(Edge(model(child), model(parent), "finetune", "card") for child, parent in pairs)
    drawing = LineageLayout(edges).layout_case(Case("exposed", "model", "m/0", "", report.cases[1].reasons))
    assert drawing is not None
    assert len(drawing.nodes) <= 60
    assert len({node.y for node in drawing.nodes}) == len(drawing.nodes)
    assert drawing.height >= max(node.y for node in drawing.nodes)
    if family == "wide":
        assert "495 more (made from the same)" in drawing.words


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("LAION, Re-LAION-5B: https://laion.ai/blog/relaion-5b", "https://laion.ai/blog/relaion-5b"),
        ("IWF manifesto: models overseen", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x https://", ""),
        ('https://example.org/" onclick="x', ""),
    ],
)
def test_only_web_addresses_become_links(text: str, address: str) -> None:
    assert web_links.split_reference(text)[1] == address


def test_every_hotline_is_a_web_address_with_a_source() -> None:
    contacts = load_vocabularies().contacts
    codes = [hotline.code for hotline in contacts.hotlines]
    assert {"US", "GB", "CA", "AU"} <= set(codes)
    assert len(codes) == len(set(codes))
    for hotline in contacts.hotlines:
        assert web_links.is_web_address(hotline.url)
        assert web_links.is_web_address(hotline.source)


def test_chance_is_told_in_words_not_in_raw_counts(report: Report, shown: Show) -> None:
    coverage = {"compared with decoys: example-known": 1000, "decoys met by chance: example-known": 0, "matched pdq": 5}
    text = plain(shown(replace(report, tally=replace(report.tally, coverage=coverage)), "html"))
    assert "chance alone would give about 0.0 near matches, at most 3.0 (95 %)" in text
    assert "compared with decoys" not in text
