"""Where the lines and names of a case's lineage go: ancestors above, the case, what was made from it below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.model import Case, Ref
from auditor.printable import printable
from auditor.render.sharing import called
from auditor.runs import Edge

ANCESTORS = 10
CHILDREN = 5
DEPTH = 5
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
    """The edges of a report by either end."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self.up: dict[Ref, list[Edge]] = {}
        self.down: dict[Ref, list[Edge]] = {}
        for edge in edges:
            self.up.setdefault(edge.child, []).append(edge)
            self.down.setdefault(edge.parent, []).append(edge)

    def draw(self, case: Case) -> Drawing | None:
        """The drawing of this case; None when nothing is known of its lineage."""
        subject = case.ref
        above = list(self._ancestors(subject))
        deepest = max((distance for distance, _ in above), default=0)
        rows: dict[Ref | int, Node] = {}
        lines: list[str] = []

        def add(key: Ref | int, level: int, name: str, label: str, role: str) -> Node:
            rows[key] = Node(level * INDENT + 8, len(rows) * ROW + 16, printable(name, 40), printable(label, 60), role)
            return rows[key]

        for distance, edge in sorted(above, key=lambda pair: -pair[0]):
            add(edge.parent, deepest - distance, called(edge.parent), _label(edge), "ancestor")
        add(subject, deepest, called(subject), f"this case: {case.ground}", "case")
        lines += [_line(rows[edge.parent], rows[edge.child]) for _, edge in above if edge.child in rows]
        stack = [(subject, deepest + 1)]
        while stack:
            parent, level = stack.pop()
            children = [edge for edge in self.down.get(parent, ()) if edge.child not in rows]
            # Deeper levels of a wide family would hide the family: they are counted by the report's findings.
            kept = children[:CHILDREN] if level - deepest <= DEPTH else []
            for edge in kept:
                if edge.child not in rows:
                    node = add(edge.child, level, called(edge.child), _label(edge), "descendant")
                    lines.append(_line(rows[parent], node))
            if len(children) > len(kept):
                node = add(len(rows), level, f"{len(children) - len(kept):,} more", "made from the same", "more")
                lines.append(_line(rows[parent], node))
            if len(kept) == 1 or parent == subject:
                stack += [(edge.child, level + 1) for edge in reversed(kept) if self.down.get(edge.child)][:1]
        if len(rows) == 1:
            return None
        nodes = tuple(rows.values())
        width = max(node.x + 16 + max(len(node.name) * LETTER, len(node.label) * LETTER * 0.86) for node in nodes)
        words = "; ".join(f"{node.name} ({node.label})" for node in nodes)
        return Drawing(int(width) + 8, len(nodes) * ROW + 2, nodes, tuple(lines), words)

    def _ancestors(self, subject: Ref) -> Iterator[tuple[int, Edge]]:
        seen, level, distance, number = {subject}, [subject], 0, 0
        while level and distance < DEPTH:
            distance += 1
            edges = [edge for child in level for edge in self.up.get(child, ())]
            level = []
            for edge in edges:
                if edge.parent not in seen and number < ANCESTORS:
                    seen.add(edge.parent)
                    level.append(edge.parent)
                    number += 1
                    yield distance, edge


def _label(edge: Edge) -> str:
    relation = edge.relation or "made from it"
    return f"{relation}, by {edge.source}" if edge.source else relation


def _line(parent: Node, child: Node) -> str:
    """Down from the parent's dot, around a corner, to the child's dot."""
    return f"M{parent.x} {parent.y + 5}V{child.y - 8}q0 8 8 8H{child.x - 6}"
