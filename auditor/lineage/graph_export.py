"""Draws a run's lineage: a tree for the terminal, or JSON, DOT and Mermaid, with what was passed on marked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.errors import RunError
from auditor.printable import printable

Node = tuple[str, str]  # kind, name
# What is marked, the heaviest first, and how it is said.
_MARKS: Mapping[str, Callable[[str, str], str]] = {
    "known_content": lambda value, relation: f"matches list {value}, {relation}",
    "known_model": lambda value, relation: f"list {value}: {relation}",
    "exposed": lambda value, relation: f"exposed: {value} has {relation} matches",
    "exposed_claim": lambda value, relation: f"{value} claims {relation} matches",
    "withdrawn": lambda value, relation: f"withdrawn data: {value} ({relation})",
    "descends": lambda value, relation: f"descends from {relation} {value}",
    "protection": lambda value, relation: f"clause {value}",
}


@dataclass(frozen=True, slots=True)
class Lineage:
    """Edges by parent, and marks by node, each sorted. ``parents`` counts a node's edges upwards."""

    below: Mapping[Node, tuple[tuple[Node, str, str], ...]]  # parent → child, relation, source
    parents: Mapping[Node, int]
    marks: Mapping[Node, tuple[str, ...]]


def load_lineage(run: Path) -> Lineage:
    """The lineage of a finished run. Raises :class:`RunError`."""
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
    table = pq.read_table(paths[1], columns=columns, filters=pc.field("key").isin(list(_MARKS)))
    said_of: dict[Node, set[tuple[int, str]]] = {}
    for row in table.to_pylist():
        if row["key"] == "protection" and row["value"] != "dropped":
            continue
        said = _MARKS[row["key"]](printable(row["value"]), row["relation"])
        said_of.setdefault((row["kind"], row["name"]), set()).add((list(_MARKS).index(row["key"]), said))
    marks = {node: tuple(said for _, said in sorted(all_said)) for node, all_said in sorted(said_of.items())}
    edges = {
        node: tuple((child, relation, " + ".join(sorted(words))) for (child, relation), words in sorted(found.items()))
        for node, found in sorted(below.items())
    }
    return Lineage(edges, parents, marks)


def tree(graph: Lineage) -> Iterator[str]:
    """Lines of text: each root, what was made from it below it; a node with its branch is drawn once."""
    nodes = sorted({*graph.below, *graph.parents, *graph.marks})
    drawn: set[Node] = set()
    roots = [node for node in nodes if not graph.parents.get(node)]
    # What is left when all roots are drawn lies on a cycle; it begins at its first name.
    for root in [*roots, *nodes]:
        if root not in drawn:
            yield from _branch(graph, root, drawn)


def _branch(graph: Lineage, root: Node, drawn: set[Node]) -> Iterator[str]:
    todo: list[tuple[Node, str, str, str]] = [(root, "", "", "")]
    while todo:
        node, lead, stem, how = todo.pop()
        again = node in drawn and node in graph.below
        yield f"{lead}{_called(graph, node)}{how}{' (drawn above)' if again else ''}"
        if again:
            continue
        drawn.add(node)
        children: dict[Node, list[str]] = {}
        for child, relation, source in graph.below.get(node, ()):
            children.setdefault(child, []).append(", ".join(word for word in (relation, source) if word))
        for place, (child, said) in reversed(list(enumerate(children.items(), start=1))):
            last, how = place == len(children), f" ({'; '.join(said)})"
            todo.append((child, stem + ("└── " if last else "├── "), stem + ("    " if last else "│   "), how))


def _called(graph: Lineage, node: Node) -> str:
    kind, name = node
    shown = printable(name) if kind == "model" else f"{kind} {printable(name)}"
    return "".join((shown, *(f"  [{mark}]" for mark in graph.marks.get(node, ()))))


def as_json(graph: Lineage) -> Iterator[str]:
    """One JSON object: ``nodes`` with their marks, ``edges`` from child to parent."""
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


def _numbered(graph: Lineage) -> dict[Node, int]:
    return {node: number for number, node in enumerate(sorted({*graph.below, *graph.parents, *graph.marks}))}


def dot(graph: Lineage) -> Iterator[str]:
    """Graphviz. Labels are quoted as JSON strings, which DOT's quoting understands."""
    numbers = _numbered(graph)
    yield "digraph lineage {\n  rankdir=LR;\n  node [shape=box];"
    for node, number in numbers.items():
        marked = ' style=filled fillcolor="#ffe0b2"' if graph.marks.get(node) else ""
        yield f"  n{number} [label={_quoted(_called(graph, node))}{marked}];"
    for parent, children in graph.below.items():
        for child, relation, source in children:
            yield f"  n{numbers[parent]} -> n{numbers[child]} [label={_quoted(relation or source)}];"
    yield "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid(graph: Lineage) -> Iterator[str]:
    """Mermaid. Characters that its labels take as markup are written as entities."""
    numbers = _numbered(graph)
    yield "flowchart LR"
    for node, number in numbers.items():
        yield f'  n{number}["{_entities(_called(graph, node))}"]'
    for parent, children in graph.below.items():
        for child, relation, source in children:
            yield f'  n{numbers[parent]} -->|"{_entities(relation or source)}"| n{numbers[child]}'
    if marked := [f"n{numbers[node]}" for node in graph.marks if node in numbers]:
        yield f"  classDef marked fill:#ffe0b2\n  class {','.join(marked)} marked"


def _entities(text: str) -> str:
    return "".join(c if c.isalnum() or c in " /-_.:,…" else f"#{ord(c)};" for c in text)


FORMATS: Mapping[str, Callable[[Lineage], Iterator[str]]] = {
    "tree": tree,
    "json": as_json,
    "dot": dot,
    "mermaid": mermaid,
}
