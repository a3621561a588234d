"""A case is drawn below its parents, beside its copies and above what was made from it, within limits."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from auditor.model import Case, Ref
from auditor.pipeline.report import Edge, Report
from auditor.reporting.lineage_layout import BOX_HEIGHT, BOX_WIDTH, LineageDrawing, LineageLayout, LineageNode


def draw(edges: tuple[Edge, ...], case: Case) -> LineageDrawing:
    drawing = LineageLayout(edges).layout_case(case)
    assert drawing is not None
    return drawing


def model(name: object) -> Ref:
    return Ref("model", f"m/{name}")


def boxes(drawing: LineageDrawing) -> dict[str, LineageNode]:
    return {node.name.rpartition("/")[2]: node for node in drawing.nodes}


def joined(drawing: LineageDrawing) -> set[tuple[str, str]]:
    """The pairs of boxes that a line joins: the one whose lower edge it leaves, the one whose upper edge it enters."""
    found = set()
    for line in drawing.lines:
        x, y, to_x, to_y = map(int, re.fullmatch(r"M(\d+) (\d+)V\d+H(\d+)V(\d+)", line).groups())  # type: ignore[union-attr]
        upper = [node.name for node in drawing.nodes if (node.x + BOX_WIDTH // 2, node.y + BOX_HEIGHT) == (x, y)]
        lower = [node.name for node in drawing.nodes if (node.x + BOX_WIDTH // 2, node.y) == (to_x, to_y)]
        found.add((upper[0].rpartition("/")[2], lower[0].rpartition("/")[2]))
    return found


def test_parents_are_drawn_above_copies_beside_and_descendants_below(report: Report) -> None:
    drawing = draw(report.lineage, report.cases[1])
    assert [(node.role, node.title) for node in drawing.nodes] == [
        ("parent", "dataset shore/coast-photos (training data, says card)"),
        ("case", "model shore/coast-diffusion (this case: exposed)"),
        ("copy", "model mirror/coast-diffusion-copy (the same weights, says weights)"),
        ("child", "model lake/calm-water (fine-tune, says card)"),
    ]
    parent, case, copy, child = drawing.nodes
    assert parent.y < case.y == copy.y < child.y
    assert case.x < copy.x
    assert len(drawing.copy_lines) == 1
    assert LineageLayout(report.lineage).layout_case(report.cases[0]) is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_copy_is_never_drawn_as_a_parent_or_child(report: Report, turned: bool) -> None:
    ends = (model("original"), model("case"))
    copy = Edge(*(ends if turned else reversed(ends)), "copy", "weights")
    stated = Edge(model("case"), model("original"), "finetune", "card")
    drawing = draw((copy, stated), Case("linked", "model", "m/case", "", ()))
    found = boxes(drawing)
    assert found["original"].role == "copy"
    assert found["original"].y == found["case"].y
    assert drawing.lines == ()


def test_what_was_made_from_a_copy_is_drawn_below_the_copy() -> None:
    edges = (Edge(model("case"), model("copy"), "copy", "weights"), Edge(model("x"), model("copy"), "merge", "card"))
    drawing = draw(edges, Case("linked", "model", "m/case", "", ()))
    assert joined(drawing) == {("copy", "x")}


def test_each_line_joins_a_parent_above_with_its_child_below(report: Report) -> None:
    pairs = {("A", "a"), ("B", "b"), ("a", "case"), ("b", "case"), ("x", "x1"), ("case", "x"), ("case", "y")}
    edges = tuple(Edge(model(child), model(parent), "merge", "") for parent, child in sorted(pairs))
    drawing = draw(edges, Case("exposed", "model", "m/case", "", report.cases[1].reasons))
    assert joined(drawing) == pairs
    found = boxes(drawing)
    rows = [{"A", "B"}, {"a", "b"}, {"case"}, {"x", "y"}, {"x1"}]
    heights = [{found[name].y for name in row} for row in rows]
    assert [len(height) for height in heights] == [1] * 5
    assert [max(height) for height in heights] == sorted({node.y for node in drawing.nodes})


def test_who_says_so_stands_in_each_box_and_a_dropped_prohibition_is_marked() -> None:
    edges = (
        Edge(model("x"), model("case"), "observed", "weights", dropped=True),
        Edge(model("x"), model("case"), "finetune", "card"),
    )
    (box,) = [node for node in draw(edges, Case("linked", "model", "m/case", "", ())).nodes if node.role == "child"]
    assert (box.label, box.note) == ("fine-tune, says weights and card", "prohibition dropped")


@pytest.mark.parametrize("family", ["wide", "deep", "circle", "merge", "copies"])
def test_any_family_fits_into_boxes_that_do_not_overlap(report: Report, family: str) -> None:
    pairs = {
        "wide": [(number, 0) for number in range(1, 501)],
        "deep": [(number + 1, number) for number in range(500)],
        "circle": [(1, 0), (2, 1), (0, 2), (0, 0)],
        "merge": [(0, parent) for parent in range(1, 40)],
        "copies": [(0, copy) for copy in range(1, 40)],
    }[family]
    relation = "copy" if family == "copies" else "finetune"
    edges = tuple(Edge(model(child), model(parent), relation, "card") for child, parent in pairs)
    drawing = draw(edges, Case("exposed", "model", "m/0", "", report.cases[1].reasons))
    assert len(drawing.nodes) <= 7 * 5
    for one, other in combinations(drawing.nodes, 2):
        assert abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT
    assert drawing.width >= max(node.x for node in drawing.nodes) + BOX_WIDTH
    assert drawing.height >= max(node.y for node in drawing.nodes) + BOX_HEIGHT
    left_out = {"wide": "497 more", "merge": "36 more", "copies": "36 more"}.get(family, "")
    assert left_out in drawing.words


def test_a_long_name_is_cut_in_its_middle_and_whole_in_the_title() -> None:
    long = "m/" + "abcdefghij" * 10
    edges = (Edge(Ref("model", long), model("case"), "adapter", "header"),)
    (box,) = [node for node in draw(edges, Case("linked", "model", "m/case", "", ())).nodes if node.role == "child"]
    assert len(box.name) <= 25
    assert box.name.endswith("abcdefghij")
    assert long in box.title
