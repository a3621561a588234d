"""Where the lines and names of a case's lineage go: ancestors above, the case, what was made from it below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.model import Case, Ref
from auditor.pipeline.audit import Edge
from auditor.printable import printable
from auditor.reporting.sharing import called

ANCESTORS = 10
CHILDREN = 5  # of one parent
ROWS = 24
GENERATIONS = 5
INDENT, ROW, LETTER = 22, 42, 7.4  # pixels


@dataclass(frozen=True, slots=True)
class Node:
    """A name at its place; ``label`` says how it is related, ``role`` is ancestor, case, descendant or more."""

    x: int
    y: int
    name: str
    label: str
    role: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    nodes: tuple[Node, ...]
    lines: tuple[str, ...]  # SVG path data
    words: str  # the same for those who cannot see it


class Kin:
    """The edges of a report by either end; what several say of one pair is one edge."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self.up: dict[Ref, list[Edge]] = {}
        self.down: dict[Ref, list[Edge]] = {}
        pairs: dict[tuple[Ref, Ref], Edge] = {}
        for edge in edges:
            first = pairs.setdefault((edge.child, edge.parent), edge)
            pairs[edge.child, edge.parent] = replace(
                first,
                relation=first.relation if first.relation != "observed" else edge.relation,
                source=first.source
                if edge.source in first.source.split(" and ")
                else f"{first.source} and {edge.source}",
                dropped=first.dropped or edge.dropped,
            )
        for edge in pairs.values():
            self.up.setdefault(edge.child, []).append(edge)
            self.down.setdefault(edge.parent, []).append(edge)

    def draw(self, case: Case) -> Drawing | None:
        """The drawing of this case; None when nothing is known of its lineage."""
        here = Ref(case.kind, case.subject)  # edges name no revision
        rows: dict[Ref | int, Node] = {}
        lines: list[str] = []
        deepest = self._generations(here)

        def add(key: Ref | int, level: int, name: str, label: str, role: str) -> Node:
            rows[key] = Node(level * INDENT + 8, len(rows) * ROW + 16, printable(name, 40), printable(label, 60), role)
            return rows[key]

        def above(child: Ref, level: int) -> list[Ref]:
            """Draw the child's parents, each under its own; those that end at the child are given back."""
            joined = []
            for edge in self.up.get(child, ()) if level >= 0 else ():
                if edge.parent != here and edge.parent not in rows and len(rows) < ANCESTORS:
                    ends = above(edge.parent, level - 1)
                    if edge.parent not in rows:
                        node = add(edge.parent, level, called(edge.parent), _label(edge), "ancestor")
                        lines.extend(_line(rows[end], node) for end in ends)
                if edge.parent in rows and rows[edge.parent].x <= level * INDENT + 8:
                    joined.append(edge.parent)
            return joined

        def below(parent: Ref, level: int) -> None:
            kept = self.down.get(parent, [])[:CHILDREN] if level - deepest <= GENERATIONS and len(rows) < ROWS else []
            for edge in kept:
                if edge.child not in rows:
                    child = add(edge.child, level, called(edge.child), _label(edge), "descendant")
                    lines.append(_line(rows[parent], child))
                    below(edge.child, level + 1)
            hidden = sum(edge.child not in rows for edge in self.down.get(parent, ()))
            if hidden:
                more = add(len(rows), level, f"{hidden:,} more", "made from the same", "more")
                lines.append(_line(rows[parent], more))

        ends = above(here, deepest - 1)
        subject = add(here, deepest, called(here), f"this case: {case.ground}", "case")
        lines += [_line(rows[end], subject) for end in ends]
        below(here, deepest + 1)
        if len(rows) == 1:
            return None
        nodes = tuple(rows.values())
        width = max(node.x + 16 + max(len(node.name) * LETTER, len(node.label) * LETTER * 0.86) for node in nodes)
        words = "; ".join(f"{node.name} ({node.label})" for node in nodes)
        return Drawing(int(width) + 8, len(nodes) * ROW + 2, nodes, tuple(lines), words)

    def _generations(self, subject: Ref) -> int:
        """How many generations above the subject are drawn."""
        seen, level, number = {subject}, {subject}, 0
        while number < GENERATIONS:
            level = {edge.parent for child in level for edge in self.up.get(child, ())} - seen
            if not level:
                break
            seen |= level
            number += 1
        return number


def _label(edge: Edge) -> str:
    relation = edge.relation or "made from it"
    said = f"{relation}, by {edge.source}" if edge.source else relation
    return f"{said}; prohibition dropped" if edge.dropped else said


def _line(parent: Node, child: Node) -> str:
    """Down from the parent's dot, around a corner, to the child's dot."""
    return f"M{parent.x} {parent.y + 5}V{child.y - 8}q0 8 8 8H{child.x - 6}"
