"""A case is drawn between its ancestors and its descendants, within limits."""

from __future__ import annotations

import pytest

from auditor.model import Case, Ref
from auditor.pipeline.report import Edge, Report
from auditor.reporting.lineage_layout import LineageLayout


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
