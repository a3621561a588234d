"""Where the lines and names of a case's lineage are drawn: ancestors above, the case, its descendants below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.model import Case, Ref
from auditor.pipeline.report import Edge
from auditor.printable import printable
from auditor.reporting.labels import subject_label

# Limits of one drawing: it fits on a screen.
MAX_ANCESTORS = 10
MAX_CHILDREN = 5  # of one parent
MAX_ROWS = 24
MAX_GENERATIONS = 5
INDENT, ROW_HEIGHT, LETTER_WIDTH = 22, 42, 7.4  # pixels
MARGIN_X, MARGIN_Y = 8, 16  # pixels
LABEL_SCALE = 0.86  # of the size of a name


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A name with its position; ``label`` says how it is related, ``role`` is ancestor, case, descendant or more."""

    x: int
    y: int
    name: str
    label: str
    role: str


@dataclass(frozen=True, slots=True)
class LineageDrawing:
    width: int
    height: int
    nodes: tuple[LineageNode, ...]
    lines: tuple[str, ...]  # SVG path data
    words: str  # the same for those who cannot see it


class LineageLayout:
    """The edges of a report by either end; several edges between the same two subjects become one."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self._parent_edges: dict[Ref, list[Edge]] = {}
        self._child_edges: dict[Ref, list[Edge]] = {}
        merged: dict[tuple[Ref, Ref], Edge] = {}
        for edge in edges:
            first = merged.setdefault((edge.child, edge.parent), edge)
            merged[edge.child, edge.parent] = replace(
                first,
                relation=first.relation if first.relation != "observed" else edge.relation,
                source=first.source
                if edge.source in first.source.split(" and ")
                else f"{first.source} and {edge.source}",
                dropped=first.dropped or edge.dropped,
            )
        for edge in merged.values():
            self._parent_edges.setdefault(edge.child, []).append(edge)
            self._child_edges.setdefault(edge.parent, []).append(edge)

    def layout_case(self, case: Case) -> LineageDrawing | None:
        """Return the drawing of a case's lineage; None when nothing is known of it."""
        subject = Ref(case.kind, case.subject)  # edges name no revision
        rows: dict[Ref | int, LineageNode] = {}
        lines: list[str] = []
        subject_level = self._count_generations_above(subject)

        def add(key: Ref | int, level: int, name: str, label: str, role: str) -> LineageNode:
            """Add a node to the drawing of lineage, in a row of its own."""
            x, y = level * INDENT + MARGIN_X, len(rows) * ROW_HEIGHT + MARGIN_Y
            rows[key] = LineageNode(x, y, printable(name, 40), printable(label, 60), role)
            return rows[key]

        def add_ancestors(child: Ref, level: int) -> list[Ref]:
            """Add the child's parents, each under its own; return those whose lines end at the child."""
            joined = []
            for edge in self._parent_edges.get(child, ()) if level >= 0 else ():
                if edge.parent != subject and edge.parent not in rows and len(rows) < MAX_ANCESTORS:
                    ends = add_ancestors(edge.parent, level - 1)
                    if edge.parent not in rows:
                        node = add(edge.parent, level, subject_label(edge.parent), _edge_label(edge), "ancestor")
                        lines.extend(_connecting_line(rows[end], node) for end in ends)
                if edge.parent in rows and rows[edge.parent].x <= level * INDENT + MARGIN_X:
                    joined.append(edge.parent)
            return joined

        def add_descendants(parent: Ref, level: int) -> None:
            """Add the parent's children to the drawing of lineage, each with its own below it."""
            edges = self._child_edges.get(parent, [])
            has_room = level - subject_level <= MAX_GENERATIONS and len(rows) < MAX_ROWS
            for edge in edges[:MAX_CHILDREN] if has_room else ():
                if edge.child not in rows:
                    child = add(edge.child, level, subject_label(edge.child), _edge_label(edge), "descendant")
                    lines.append(_connecting_line(rows[parent], child))
                    add_descendants(edge.child, level + 1)
            hidden = sum(edge.child not in rows for edge in edges)
            if hidden:
                more = add(len(rows), level, f"{hidden:,} more", "made from the same", "more")
                lines.append(_connecting_line(rows[parent], more))

        ends = add_ancestors(subject, subject_level - 1)
        node = add(subject, subject_level, subject_label(subject), f"this case: {case.ground}", "case")
        lines += [_connecting_line(rows[end], node) for end in ends]
        add_descendants(subject, subject_level + 1)
        return _make_drawing(tuple(rows.values()), tuple(lines)) if len(rows) > 1 else None

    def _count_generations_above(self, subject: Ref) -> int:
        """Return how many generations above the subject are drawn."""
        seen, generation, number = {subject}, {subject}, 0
        while number < MAX_GENERATIONS:
            generation = {edge.parent for child in generation for edge in self._parent_edges.get(child, ())} - seen
            if not generation:
                break
            seen |= generation
            number += 1
        return number


def _make_drawing(nodes: tuple[LineageNode, ...], lines: tuple[str, ...]) -> LineageDrawing:
    """Return the drawing of nodes and lines, as wide as its longest label needs, and its content in words."""
    width = max(
        node.x + 16 + max(len(node.name) * LETTER_WIDTH, len(node.label) * LETTER_WIDTH * LABEL_SCALE) for node in nodes
    )
    words = "; ".join(f"{node.name} ({node.label})" for node in nodes)
    return LineageDrawing(int(width) + 8, len(nodes) * ROW_HEIGHT + 2, nodes, lines, words)


def _edge_label(edge: Edge) -> str:
    """Return the text at a line of the drawing of lineage."""
    relation = edge.relation or "made from it"
    label = f"{relation}, by {edge.source}" if edge.source else relation
    return f"{label}; prohibition dropped" if edge.dropped else label


def _connecting_line(parent: LineageNode, child: LineageNode) -> str:
    """Return a path in the lineage drawing from the parent's dot, around a corner, to the child's dot."""
    return f"M{parent.x} {parent.y + 5}V{child.y - 8}q0 8 8 8H{child.x - 6}"
