"""Where the boxes of a case's lineage are drawn: parents above, copies beside, what was made from it below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from auditor.model import Case, Ref
from auditor.pipeline.report import Edge
from auditor.printable import printable
from auditor.reporting.labels import subject_label

# Limits of one drawing: it fits on a screen.
MAX_ROW = 4  # boxes of one generation, with the box that counts the others
MAX_GENERATIONS = 3  # above, and below
BOX_WIDTH, BOX_HEIGHT, COLUMN_GAP, ROW_GAP, MARGIN = 198, 58, 12, 30, 4  # pixels
MAX_NAME, MAX_LABEL = 25, 32  # characters that fit into a box
COPY = "copy"  # the relation of two subjects with the same weights: neither is the other's parent

# What a parent is to its child, and a child to its parent, by the relation that is stated.
_PARENT_WORDS = MappingProxyType(
    {
        "finetune": "base model",
        "adapter": "base of the adapter",
        "merge": "merged in",
        "quantized": "quantized from it",
        "trained-on": "training data",
        "sourced-from": "source of the data",
    }
)
_CHILD_WORDS = MappingProxyType(
    {
        "finetune": "fine-tune",
        "adapter": "adapter",
        "merge": "merge",
        "quantized": "quantized",
        "trained-on": "trained on it",
        "sourced-from": "made from it",
    }
)


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A box with its upper left corner.

    Attributes:
        x: Pixels from the left.
        y: Pixels from above.
        name: The subject, cut to fit.
        label: How it is related to its neighbour in the row that is nearer to the case, and who says so; cut to fit.
        role: parent, case, copy, child or more (a box that counts those that are not drawn).
        title: Name, label and note, uncut.
        note: What a reviewer must not overlook: the prohibition that was dropped; or "".
    """

    x: int
    y: int
    name: str
    label: str
    role: str
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class LineageDrawing:
    width: int
    height: int
    nodes: tuple[LineageNode, ...]
    lines: tuple[str, ...]  # SVG path data, from a parent's lower edge to its child's upper edge
    copy_lines: tuple[str, ...]  # between subjects with the same weights
    words: str  # the same for those who cannot see it


@dataclass(frozen=True, slots=True)
class _Row:
    """The subjects of one generation, each with the edge by which it was found; ``more`` are left out."""

    edges: tuple[tuple[Ref, Edge], ...] = ()
    more: int = 0


class LineageLayout:
    """The edges of a report by either end; several edges between the same two subjects become one."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self._parent_edges: dict[Ref, list[Edge]] = {}
        self._child_edges: dict[Ref, list[Edge]] = {}
        self._copies: dict[Ref, dict[Ref, Edge]] = {}
        for edge in _merged_edges(edges):
            if edge.relation == COPY:
                self._copies.setdefault(edge.child, {})[edge.parent] = edge
                self._copies.setdefault(edge.parent, {})[edge.child] = edge
            else:
                self._parent_edges.setdefault(edge.child, []).append(edge)
                self._child_edges.setdefault(edge.parent, []).append(edge)

    def layout_case(self, case: Case) -> LineageDrawing | None:
        """Return the drawing of a case's lineage; None when nothing is known of it."""
        subject = Ref(case.kind, case.subject)  # edges name no revision
        found = {Ref(copy.kind, copy.name): Edge(subject, copy, COPY, "") for copy in case.copies}
        copies = {**found, **self._copies.get(subject, {})}
        copies.pop(subject, None)
        placed = {subject, *copies}
        beside = _cut_row(tuple(copies.items()))
        here = (subject, *(ref for ref, _ in beside.edges))
        above = self._generations(here, placed, self._parent_edges, up=True)
        below = self._generations(here, placed, self._child_edges, up=False)
        if not (above or below or beside.edges):
            return None
        nodes: dict[Ref, LineageNode] = {}
        others: list[LineageNode] = []
        for level, row in enumerate(reversed(above)):
            others += _place_row(row, level, 0, "parent", nodes)
        nodes[subject] = _node(len(above), 0, subject_label(subject), f"this case: {case.ground}", "case")
        others += _place_row(beside, len(above), 1, "copy", nodes)
        for level, row in enumerate(below, len(above) + 1):
            others += _place_row(row, level, 0, "child", nodes)
        edges = [edge for ref in nodes for edge in self._parent_edges.get(ref, ()) if edge.parent in nodes]
        lines = tuple(_descent_line(nodes[edge.parent], nodes[edge.child]) for edge in edges)
        beside_nodes = [nodes[subject], *(nodes[ref] for ref, _ in beside.edges)]
        copy_lines = tuple(map(_copy_line, beside_nodes, beside_nodes[1:]))
        drawn = tuple(sorted((*nodes.values(), *others), key=lambda node: (node.y, node.x)))
        return LineageDrawing(
            max(node.x for node in drawn) + BOX_WIDTH + MARGIN,
            max(node.y for node in drawn) + BOX_HEIGHT + MARGIN,
            drawn,
            lines,
            copy_lines,
            "; ".join(node.title for node in drawn),
        )

    def _generations(
        self, generation: tuple[Ref, ...], placed: set[Ref], edges: dict[Ref, list[Edge]], *, up: bool
    ) -> list[_Row]:
        """Return the rows of one direction, the nearest first; what is placed in one is not placed again.

        In a row those that dropped the prohibition come first, so that none of them is left out for others.
        """
        rows: list[_Row] = []
        while len(rows) < MAX_GENERATIONS:
            found: dict[Ref, Edge] = {}
            for ref in generation:
                for edge in edges.get(ref, ()):
                    other = edge.parent if up else edge.child
                    if other not in placed:
                        found.setdefault(other, edge)
            if not found:
                break
            placed |= found.keys()
            row = _cut_row(tuple(sorted(found.items(), key=lambda item: not item[1].dropped)))
            rows.append(row)
            generation = tuple(ref for ref, _ in row.edges)
        return rows


def _merged_edges(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Yield one edge for each pair of subjects, with all who say so; the same weights make the two copies."""
    pairs: dict[frozenset[Ref], list[Edge]] = {}
    for edge in edges:
        if edge.child != edge.parent:
            pairs.setdefault(frozenset((edge.child, edge.parent)), []).append(edge)
    for found in pairs.values():
        same = [edge for edge in found if edge.relation == COPY]
        directed = same or [edge for edge in found if edge.child == found[0].child]
        stated = next((edge.relation for edge in directed if edge.relation not in ("", "observed")), "")
        sources = dict.fromkeys(edge.source for edge in directed if edge.source)
        dropped = any(edge.dropped for edge in directed)
        yield Edge(directed[0].child, directed[0].parent, stated, " and ".join(sources), dropped)


def _cut_row(edges: tuple[tuple[Ref, Edge], ...]) -> _Row:
    """Return a row of at most MAX_ROW boxes, the last of which counts what is left out."""
    if len(edges) <= MAX_ROW:
        return _Row(edges)
    return _Row(edges[: MAX_ROW - 1], len(edges) - MAX_ROW + 1)


def _place_row(row: _Row, level: int, column: int, role: str, nodes: dict[Ref, LineageNode]) -> list[LineageNode]:
    """Add the boxes of a row to ``nodes``; return the box that counts those that are left out, if there are any."""
    for number, (ref, edge) in enumerate(row.edges, column):
        note = "prohibition dropped" if edge.dropped else ""
        nodes[ref] = _node(level, number, subject_label(ref), _relation_label(edge, role), role, note)
    if not row.more:
        return []
    words = {"parent": "parents", "copy": "with the same weights", "child": "made from the same"}[role]
    return [_node(level, column + len(row.edges), f"{row.more:,} more", words, "more")]


def _node(level: int, column: int, name: str, label: str, role: str, note: str = "") -> LineageNode:
    """Return the box of a row and column."""
    x, y = MARGIN + column * (BOX_WIDTH + COLUMN_GAP), MARGIN + level * (BOX_HEIGHT + ROW_GAP)
    name, label = printable(name, 200), printable(label, 200)
    title = f"{name} ({label}{f'; {note}' if note else ''})"
    return LineageNode(x, y, _cut(name, MAX_NAME), _cut(label, MAX_LABEL), role, title, note)


def _cut(text: str, length: int) -> str:
    """Return the text, cut in its middle: names often differ at the end."""
    if len(text) <= length:
        return text
    end = length // 2
    return f"{text[: length - end - 1]}…{text[-end:]}"


def _relation_label(edge: Edge, role: str) -> str:
    """Return in words how a box is related to the one nearer to the case, and who says so."""
    if role == "copy":
        what = "the same weights"
    else:
        words = _PARENT_WORDS if role == "parent" else _CHILD_WORDS
        what = words.get(edge.relation) or edge.relation or ("made from it" if role == "child" else "made from this")
    said = f", says {edge.source}" if edge.source else ""
    return f"{what}{said}"


def _descent_line(parent: LineageNode, child: LineageNode) -> str:
    """Return a path from the middle of the parent's lower edge to that of the child's upper edge."""
    x, y = parent.x + BOX_WIDTH // 2, parent.y + BOX_HEIGHT
    to_x, to_y = child.x + BOX_WIDTH // 2, child.y
    middle = to_y - ROW_GAP // 2
    return f"M{x} {y}V{middle}H{to_x}V{to_y}"


def _copy_line(left: LineageNode, right: LineageNode) -> str:
    """Return two short lines, like an equals sign, between neighbours of one row."""
    x, y = left.x + BOX_WIDTH, left.y + BOX_HEIGHT // 2
    return f"M{x} {y - 3}H{right.x}M{x} {y + 3}H{right.x}"
