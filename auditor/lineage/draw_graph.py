"""Draw a run's lineage as a tree for the terminal, JSON, DOT or Mermaid, with marks for derived statements."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.errors import RunError
from auditor.printable import printable

Node = tuple[str, str]  # kind, name
# The statements that are marked, the heaviest first, and the mark's text for a value and relation.
_MARK_TEXTS: Mapping[str, Callable[[str, str], str]] = {
    "known_content": lambda value, relation: f"matches list {value}, {relation}",
    "known_model": lambda value, relation: f"list {value}: {relation}",
    "exposed": lambda value, relation: f"exposed: {value} has {relation} matches",
    "exposed_claim": lambda value, relation: f"{value} claims {relation} matches",
    "known_content_lead": lambda value, relation: f"lead to list {value}, {relation}",
    "exposed_lead": lambda value, relation: f"{value} has leads to a list",
    "withdrawn": lambda value, relation: f"withdrawn data: {value} ({relation})",
    "descends": lambda value, relation: f"descends from {relation} {value}",
    "protection": lambda value, relation: f"clause {value}",
}


@dataclass(frozen=True, slots=True)
class LineageDrawing:
    """Edges by parent, and marks by node, each sorted. ``parents`` counts the edges from a node to its parents."""

    below: Mapping[Node, tuple[tuple[Node, str, str], ...]]  # parent → child, relation, source
    parents: Mapping[Node, int]
    marks: Mapping[Node, tuple[str, ...]]


def load_lineage(run: Path, hidden: Collection[str] = ()) -> LineageDrawing:
    """Load the lineage of a finished run to draw, without marks for statements under ``hidden``. Raises RunError."""
    paths = run / "derived" / "edges.parquet", run / "derived" / "derived.parquet"
    for path in paths:
        if not path.is_file():
            raise RunError(f"{path}: is missing; finish the run, or `auditor judge` it again")
    below: dict[Node, dict[tuple[Node, str], set[str]]] = {}
    parents: dict[Node, int] = {}
    for row in pq.read_table(paths[0]).to_pylist():
        child, parent = (row["child_kind"], row["child"]), (row["parent_kind"], row["parent"])
        below.setdefault(parent, {}).setdefault((child, row["relation"]), set()).add(row["source"])
        parents[child] = parents.get(child, 0) + 1
    columns = ["kind", "name", "key", "value", "relation"]
    table = pq.read_table(
        paths[1], columns=columns, filters=pc.field("key").isin(sorted(set(_MARK_TEXTS) - set(hidden)))
    )
    marks_of: dict[Node, set[tuple[int, str]]] = {}
    for row in table.to_pylist():
        if row["key"] == "protection" and row["value"] != "dropped":
            continue
        text = _MARK_TEXTS[row["key"]](printable(row["value"]), row["relation"])
        marks_of.setdefault((row["kind"], row["name"]), set()).add((list(_MARK_TEXTS).index(row["key"]), text))
    marks = {node: tuple(text for _, text in sorted(found)) for node, found in sorted(marks_of.items())}
    edges = {
        node: tuple((child, relation, " + ".join(sorted(words))) for (child, relation), words in sorted(found.items()))
        for node, found in sorted(below.items())
    }
    return LineageDrawing(edges, parents, marks)


def tree_lines(graph: LineageDrawing) -> Iterator[str]:
    """Draw the lineage as text: each root with its descendants below it; the branch of a node is drawn once."""
    nodes = sorted({*graph.below, *graph.parents, *graph.marks})
    drawn: set[Node] = set()
    roots = [node for node in nodes if not graph.parents.get(node)]
    # Nodes that no root reaches lie on a cycle, which is drawn from its first name.
    for root in [*roots, *nodes]:
        if root not in drawn:
            yield from _tree_lines_below(graph, root, drawn)


def _tree_lines_below(graph: LineageDrawing, root: Node, drawn: set[Node]) -> Iterator[str]:
    """Yield the lines of the lineage tree below one root; a node in ``drawn`` is named but not drawn again."""
    stack: list[tuple[Node, str, str, str]] = [(root, "", "", "")]
    while stack:
        node, branch, stem, how = stack.pop()
        already_drawn = node in drawn and node in graph.below
        yield f"{branch}{_node_label(graph, node)}{how}{' (drawn above)' if already_drawn else ''}"
        if already_drawn:
            continue
        drawn.add(node)
        children: dict[Node, list[str]] = {}
        for child, relation, source in graph.below.get(node, ()):
            children.setdefault(child, []).append(", ".join(word for word in (relation, source) if word))
        for number, (child, relations) in reversed(list(enumerate(children.items(), start=1))):
            last, how = number == len(children), f" ({'; '.join(relations)})"
            stack.append((child, stem + ("└── " if last else "├── "), stem + ("    " if last else "│   "), how))


def _node_label(graph: LineageDrawing, node: Node) -> str:
    """Return the label of a node in a drawing of lineage: its kind (unless a model), its name and its marks."""
    kind, name = node
    shown = printable(name) if kind == "model" else f"{kind} {printable(name)}"
    return "".join((shown, *(f"  [{mark}]" for mark in graph.marks.get(node, ()))))


def json_lines(graph: LineageDrawing) -> Iterator[str]:
    """Draw the lineage as one JSON object: ``nodes`` with their marks, ``edges`` from child to parent."""
    nodes = sorted({*graph.below, *graph.parents, *graph.marks})
    content = {
        "nodes": [
            {"kind": kind, "name": name, "marks": list(graph.marks.get((kind, name), ()))} for kind, name in nodes
        ],
        "edges": [
            {"child": list(child), "parent": list(parent), "relation": relation, "source": source}
            for parent, children in graph.below.items()
            for child, relation, source in children
        ],
    }
    yield json.dumps(content, indent=1)


def _node_numbers(graph: LineageDrawing) -> dict[Node, int]:
    """Return the numbers of the nodes in a drawing of lineage."""
    return {node: number for number, node in enumerate(sorted({*graph.below, *graph.parents, *graph.marks}))}


def dot_lines(graph: LineageDrawing) -> Iterator[str]:
    """Draw the lineage as a Graphviz chart."""
    numbers = _node_numbers(graph)
    yield "digraph lineage {\n  rankdir=LR;\n  node [shape=box];"
    for node, number in numbers.items():
        marked = ' style=filled fillcolor="#ffe0b2"' if graph.marks.get(node) else ""
        yield f"  n{number} [label={_quote_for_dot(_node_label(graph, node))}{marked}];"
    for parent, children in graph.below.items():
        for child, relation, source in children:
            yield f"  n{numbers[parent]} -> n{numbers[child]} [label={_quote_for_dot(relation or source)}];"
    yield "}"


def _quote_for_dot(text: str) -> str:
    """Return a label of a Graphviz lineage chart in quotation marks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid_lines(graph: LineageDrawing) -> Iterator[str]:
    """Draw the lineage as a Mermaid chart. Characters that its labels take as markup are written as entities."""
    numbers = _node_numbers(graph)
    yield "flowchart LR"
    for node, number in numbers.items():
        yield f'  n{number}["{_escape_for_mermaid(_node_label(graph, node))}"]'
    for parent, children in graph.below.items():
        for child, relation, source in children:
            yield f'  n{numbers[parent]} -->|"{_escape_for_mermaid(relation or source)}"| n{numbers[child]}'
    if marked := [f"n{numbers[node]}" for node in graph.marks if node in numbers]:
        yield f"  classDef marked fill:#ffe0b2\n  class {','.join(marked)} marked"


def _escape_for_mermaid(text: str) -> str:
    """Return a label of a Mermaid lineage chart with its markup escaped."""
    return "".join(c if c.isalnum() or c in " /-_.:,…" else f"#{ord(c)};" for c in text)


FORMATS: Mapping[str, Callable[[LineageDrawing], Iterator[str]]] = {
    "tree": tree_lines,
    "json": json_lines,
    "dot": dot_lines,
    "mermaid": mermaid_lines,
}
