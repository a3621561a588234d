"""Passes reasons on along the graph: hits, listed models, withdrawn datasets, prohibition clauses.

What is passed on is a reason with its path, depth and weakest word, never a verdict: rules choose what counts.
Walks go level by level over integer ids, so cycles end and the result does not depend on the order of rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import FACTS_SCHEMA, LOW_MEMORY_SCAN
from auditor.known.model_entries import purpose_of
from auditor.lineage import repository_names
from auditor.lineage.graph import Ids, rank, same_files, subject_names
from auditor.lineage.licence_inheritance import beyond
from auditor.lineage.listed_fingerprints import BLEND, IN_PART, RELATED, SHARES
from auditor.lineage.listed_models import BASE_FILE, BASE_NAME, NAME, SHORT
from auditor.model import Basis, Kind, Ref
from auditor.samples import WEIGHT_FINGERPRINT

SOURCE = "lineage"
BATCH = 50_000
# A path longer than this is shown by its ends.
SHOWN = 8
# Whose word an edge is, the weakest first; an unknown word counts as the weakest.
_WORDS = ("card-text", "card", "croissant", "ml-bom", "config", "header", "weights")

# kind, name, key, value, relation, remark; and the revision, where only one is meant
Row = tuple[str, str, str, str, str, str] | tuple[str, str, str, str, str, str, str]


def derive(
    facts: pads.Dataset | pa.Table, hits: pa.Table, edges: pa.Table, vocabulary: Path, observed: Iterable[Row] = ()
) -> Iterator[pa.RecordBatch]:
    """The statements that follow from facts, hits and edges together: batches of FACTS, source ``lineage``.

    ``hits`` has the columns kind, name, revision, list, means, relation (exact, near), basis, hits and samples
    (the subject's number of samples, null where unknown). Only hits of lists that mean ``csam`` make known
    content, and only those of lists that mean ``model`` make known models. A hit with basis ``declared`` is a claim
    that a text file makes: it is stated apart, exposes no model and is passed on to nothing. ``observed``: what
    weights showed.
    """
    dataset = pads.dataset(facts) if isinstance(facts, pa.Table) else facts
    graph = Graph.of(edges)
    matched = _matched(hits, "computed")
    rows = _Rows(dataset)
    listed = sorted({row["name"] for row in hits.to_pylist() if row["means"] == "model" and _is_same(row)})
    observed = tuple(observed)
    yield from rows.write(_known(hits))
    yield from rows.write(_dedicated(graph, hits, observed))
    yield from rows.write(_exposed(graph, matched, "exposed"))
    yield from rows.write(_exposed(graph, _matched(hits, "declared"), "exposed_claim"))
    for table in _descends(graph, matched, listed):
        yield from rows.batches(table)
    trained: dict[str, dict[int, str]] = {}
    yield from rows.write(_withdrawn(dataset, graph, vocabulary, trained))
    for entry, models in trained.items():
        for table in _below(graph.reach(np.array(sorted(models), np.int64)), "descends", models):
            yield from rows.batches(_stated(table, "withdrawn", entry))
    yield from rows.write(_copies(dataset))
    yield from rows.write(_protection(dataset, edges))
    yield from rows.write(beyond(dataset, edges, vocabulary))
    yield from rows.write(observed)


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges as ids. A node is twice its name's place among all names, plus one where it is a dataset."""

    words: pa.Array
    child: Ids
    parent: Ids
    strength: Ids
    copy: npt.NDArray[np.bool_]
    trained: npt.NDArray[np.bool_]
    sourced: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, edges: pa.Table) -> Graph:
        both = pa.chunked_array([*edges["child"].chunks, *edges["parent"].chunks], pa.string())
        ids, words = rank(both)
        half = edges.num_rows

        def kind(column: str) -> Ids:
            return cast(Ids, pc.equal(edges[column], "dataset").to_numpy().astype(np.int64))

        sources = pc.index_in(edges["source"], pa.array(_WORDS)).combine_chunks().fill_null(0)

        def word(relation: str) -> npt.NDArray[np.bool_]:
            return cast(npt.NDArray[np.bool_], pc.equal(edges["relation"], relation).to_numpy().astype(bool))

        return cls(
            words,
            ids[:half] * 2 + kind("child_kind"),
            ids[half:] * 2 + kind("parent_kind"),
            sources.to_numpy().astype(np.int64),
            word("copy"),
            word("trained-on"),
            word("sourced-from"),
        )

    def name(self, node: int) -> str:
        return cast(str, self.words[node >> 1].as_py())

    def names(self, nodes: npt.NDArray[Any]) -> pa.Array:
        return self.words.take(pa.array(nodes >> 1))

    def nodes(self, kind: str, called: Sequence[str]) -> Ids:
        """The nodes of the named subjects that have an edge at all."""
        found = pc.index_in(pa.array(called, pa.string()), self.words).drop_null().to_numpy().astype(np.int64)
        return np.unique(found * 2 + (kind == "dataset"))

    def reach(self, roots: Ids, along: npt.NDArray[np.bool_] | None = None) -> Reached:
        """Everything that descends from the roots, over the chosen edges; a copy passes on both ways.

        The shortest path wins, among those the parent that is first by name, then the strongest word.
        """
        child, parent, strength = self.child, self.parent, self.strength
        if along is not None:
            child, parent, strength = child[along], parent[along], strength[along]
        else:
            back = self.copy
            child, parent = np.concatenate([child, parent[back]]), np.concatenate([parent, child[back]])
            strength = np.concatenate([strength, strength[back]])
        count = 2 * len(self.words)
        order = np.argsort(parent, kind="stable")
        child, strength = child[order], strength[order]
        first = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(parent, minlength=count), out=first[1:])
        via, root = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        weakest = np.full(count, len(_WORDS) - 1, np.int8)
        frontier = np.unique(roots)
        root[frontier] = frontier
        levels = [frontier]
        while len(frontier):
            counts = first[frontier + 1] - first[frontier]
            starts = np.repeat(first[frontier] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
            at = starts + np.arange(counts.sum())
            targets, origins = child[at], np.repeat(frontier, counts)
            new = root[targets] < 0
            targets, origins, at = targets[new], origins[new], at[new]
            best = np.lexsort((-strength[at], origins, targets))
            targets, origins, at = targets[best], origins[best], at[best]
            once = np.ones(len(targets), bool)
            once[1:] = targets[1:] != targets[:-1]
            frontier, origins = targets[once], origins[once]
            via[frontier], root[frontier] = origins, root[origins]
            weakest[frontier] = np.minimum(weakest[origins], strength[at[once]])
            levels.append(frontier)
        return Reached(self, tuple(levels), via, root, weakest)


@dataclass(frozen=True, slots=True)
class Reached:
    """Nodes by their distance from the nearest root; for each its parent on the path, its root, the weakest word."""

    graph: Graph
    levels: tuple[Ids, ...]
    via: npt.NDArray[np.int32]
    root: npt.NDArray[np.int32]
    weakest: npt.NDArray[np.int8]

    def paths(self) -> Iterator[tuple[Ids, pa.Array]]:
        """Level by level, nodes and their paths for a person: the root first, with depth and weakest word."""
        texts = self.graph.names(self.levels[0])
        heads = texts
        for depth, (above, nodes) in enumerate(zip(self.levels, self.levels[1:], strict=False), start=1):
            if not len(nodes):
                return
            before = pa.array(np.searchsorted(above, self.via[nodes]))
            called = self.graph.names(nodes)
            if depth < SHOWN:
                texts = pc.binary_join_element_wise(texts.take(before), called, _MADE)
            else:
                # Too long to show: the first half, how many more, the last half.
                tail, step = called, cast(npt.NDArray[Any], nodes)
                for _ in range(SHOWN // 2 - 1):
                    step = self.via[step]
                    tail = pc.binary_join_element_wise(self.graph.names(step), tail, _MADE)
                texts = pc.binary_join_element_wise(heads.take(before), f"… {depth + 1 - SHOWN:,} more …", tail, _MADE)
            heads = texts if depth < SHOWN // 2 else heads.take(before)
            words = pa.array(_WORDS).take(pa.array(self.weakest[nodes]))
            yield nodes, pc.binary_join_element_wise(f"depth {depth:,}, by ", texts, "; weakest edge: ", words, "")


_MADE = " ← "


@dataclass(frozen=True, slots=True)
class Matched:
    """What was matched in one dataset: samples by relation, of how many, and by which lists."""

    exact: int
    near: int
    samples: int | None
    lists: tuple[str, ...]

    def __str__(self) -> str:
        return f"{_counted(self.exact, self.near)}{_of(self.samples)}"


def _counted(exact: int, near: int) -> str:
    return ", ".join(f"{number:,} {word}" for number, word in ((exact, "exact"), (near, "near")) if number) or "none"


def _of(samples: int | None) -> str:
    return f" of {samples:,} samples" if samples is not None else ", number of samples unknown"


def _matched(hits: pa.Table, basis: Basis) -> dict[str, Matched]:
    """Hits of lists that mean csam with this basis, by the dataset's name.

    One sample may match several lists: the most that any one list matched is given, never a sum over lists.
    """
    most: dict[str, dict[str, dict[str, int]]] = {}
    totals: dict[str, int] = {}
    for row in hits.to_pylist():
        if row["means"] != "csam" or row["kind"] != "dataset" or row["basis"] != basis:
            continue
        subject = row["name"]
        counts = most.setdefault(subject, {}).setdefault(row["list"], {"exact": 0, "near": 0})
        counts[row["relation"]] += row["hits"]
        if row["samples"] is not None:
            totals[subject] = max(totals.get(subject, 0), row["samples"])
    return {
        subject: Matched(
            max(counts["exact"] for counts in lists.values()),
            max(counts["near"] for counts in lists.values()),
            totals.get(subject),
            tuple(sorted(lists)),
        )
        for subject, lists in sorted(most.items())
    }


def _known(hits: pa.Table) -> Iterator[Row]:
    """``known_content`` and ``known_model``, one a list and relation; hits by declared digests are counted apart."""
    groups: dict[tuple[str, str, str, str, str], list[dict[str, Any]]] = {}
    for row in hits.to_pylist():
        if row["means"] in ("csam", "model"):
            subject = row["kind"], row["name"], row["revision"]
            groups.setdefault((*subject, row["list"], row["means"]), []).append(row)
    for (kind, name, revision, listed, means), rows in sorted(groups.items()):
        if means == "model":
            basis = ", ".join(sorted({row["basis"] for row in rows}))
            for relation, said in _listed_as(rows):
                yield kind, name, "known_model", listed, relation, f"by {said}; basis {basis}", revision
            continue
        samples = max((row["samples"] for row in rows if row["samples"] is not None), default=None)
        found = {
            (basis, relation): sum(row["hits"] for row in rows if (row["basis"], row["relation"]) == (basis, relation))
            for basis in ("computed", "declared")
            for relation in ("exact", "near")
        }
        all_declared = not found["computed", "exact"] + found["computed", "near"]
        for (basis, relation), number in found.items():
            if number:
                counted = f"{_counted(found[basis, 'exact'], found[basis, 'near'])}{_of(samples)}"
                claimed = f"claimed by its manifest{', no bytes here' if all_declared else ''}"
                remark = f"{counted}; {claimed if basis == 'declared' else 'basis computed'}"
                stated = f"claimed-{relation}" if basis == "declared" else relation
                yield kind, name, "known_content", listed, stated, remark, revision


def _listed_as(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """How a model's hits of one list are stated, and by what: the same weights, or else each of the leads."""
    how = sorted({(_is_same(row), row["relation"] == "exact", *_parted(row)) for row in rows}, reverse=True)
    same = [f"{by}{said and ': '}{said}" for is_same, _, by, said in how if is_same]
    if same:
        digests = {by for is_same, is_digest, by, _ in how if is_same and is_digest}
        relation = "same-weights" if digests - {"autov3"} else "same-autov3" if digests else "same-values"
        yield relation, ", ".join(same)
        return
    found: dict[str, list[str]] = {}
    for _, is_digest, by, said in how:
        algorithm = by.partition(" (")[0]
        if is_digest:
            relation = "claimed-weights"
        elif by == BASE_FILE and purpose_of(said) == "dedicated":
            relation = "dedicated"
        else:
            relation = _LEADS.get(algorithm, algorithm)
        found.setdefault(relation, []).append(f"{by}{said and ': '}{said}")
    for relation, leads in sorted(found.items()):
        yield relation, ", ".join(leads)


_LEADS = {
    NAME: "name",
    SHORT: "short-hash",
    BASE_FILE: "base",
    BASE_NAME: "base",
    **{lead: lead for lead in (SHARES, RELATED, IN_PART, BLEND)},
}


def _is_same(row: dict[str, Any]) -> bool:
    """Do these hits show that a model is the listed one: by a digest of its files, or by the values sampled of them?

    A digest that is only declared, as by a Git LFS pointer, shows nothing.
    """
    alike = row["relation"] == "exact" or _parted(row)[0].partition(" (")[0] == WEIGHT_FINGERPRINT
    return alike and row["basis"] == "computed"


def _parted(row: dict[str, Any]) -> tuple[str, str]:
    """What a listed model was found by, and what the list says of it."""
    by, _, said = (row.get("how") or "").partition(": ")
    return by, said


def _dedicated(graph: Graph, hits: pa.Table, observed: Iterable[Row]) -> Iterator[Row]:
    """``known_model``, relation dedicated: made directly from a model that a list holds as made for its purpose.

    By its own word or its weights; not where the weights contradict the word, or a text only mentions the model.
    """
    listed: dict[str, dict[str, str]] = {}
    same: set[tuple[str, str]] = set()
    for row in hits.to_pylist():
        if row["means"] == "model" and _is_same(row):
            same.add((row["name"], row["list"]))
            if purpose_of(said := _parted(row)[1]) == "dedicated":
                listed.setdefault(row["name"], {})[row["list"]] = said
    false = {(row[1], row[3]) for row in observed if row[4] == "conflicts"}
    parents = graph.nodes("model", sorted(listed))
    chosen = np.flatnonzero(
        np.isin(graph.parent, parents) & ~graph.copy & (graph.child & 1 == 0) & (graph.strength > 0)
    )
    found: dict[tuple[str, str, str], int] = {}
    for at in chosen.tolist():
        child, parent = graph.name(graph.child[at]), graph.name(graph.parent[at])
        for name in listed[parent]:
            if (child, parent) not in false and (child, name) not in same:
                found[child, name, parent] = max(found.get((child, name, parent), 0), int(graph.strength[at]))
    for (child, name, parent), strength in sorted(found.items()):
        remark = f"made from {parent}, says its {_WORDS[strength]}; the list says of that: {listed[parent][name]}"
        yield "model", child, "known_model", name, "dedicated", remark


def _exposed(graph: Graph, datasets: dict[str, Matched], key: str) -> Iterator[Row]:
    """A statement under ``key`` where a model's own training data has hits."""
    for child, parent, word in _trained_on(graph, graph.nodes("dataset", sorted(datasets))):
        found = datasets[graph.name(parent)]
        for relation, number in (("exact", found.exact), ("near", found.near)):
            if number:
                lists = f"{'list' if len(found.lists) == 1 else 'lists'} {', '.join(found.lists)}"
                remark = f"{found}; {lists}; said by its {word}"
                yield "model", graph.name(child), key, graph.name(parent), relation, remark


def _trained_on(graph: Graph, datasets: Ids) -> list[tuple[int, int, str]]:
    """A model, a dataset of these that it was trained on, and on whose strongest word; sorted."""
    chosen = graph.trained & np.isin(graph.parent, datasets)
    child, parent, strength = graph.child[chosen], graph.parent[chosen], graph.strength[chosen]
    order = np.lexsort((strength, parent, child))
    # The last of each pair is the strongest.
    said = {(int(child[at]), int(parent[at])): _WORDS[strength[at]] for at in order}
    return [(*pair, word) for pair, word in said.items()]


def _descends(graph: Graph, datasets: dict[str, Matched], listed: Sequence[str]) -> Iterator[pa.Table]:
    """``descends``: from listed models; from exposed models; from data with hits through data made from it."""
    yield from _below(graph.reach(graph.nodes("model", listed)), "linked", {})
    roots = graph.nodes("dataset", sorted(datasets))
    of = {node: f"; {datasets[name]} of {name}" for node in roots.tolist() for name in [graph.name(node)]}
    trained: dict[int, str] = {}
    for child, parent, _ in _trained_on(graph, roots):
        trained.setdefault(child, of[parent])
    exposed = graph.reach(np.array(sorted(trained), np.int64))
    yield from _below(exposed, "exposed", trained)
    yield from _below(graph.reach(roots), "exposed", of, exposed.root >= 0)


def _below(
    reached: Reached, relation: str, of: dict[int, str], told: npt.NDArray[np.bool_] | None = None
) -> Iterator[pa.Table]:
    """A statement for every node below the roots, but for those already ``told``."""
    graph = reached.graph
    ends = pa.array(of.values(), pa.string())
    places = {node: place for place, node in enumerate(of)}
    for nodes, texts in reached.paths():
        if told is not None:
            new = ~told[nodes]
            nodes, texts = nodes[new], texts.filter(pa.array(new))
        roots = reached.root[nodes]
        if of:
            end = ends.take(pa.array([places[node] for node in roots.tolist()], pa.int64()))
            texts = pc.binary_join_element_wise(texts, end, "")
        kinds = pa.array(["model", "dataset"]).take(pa.array(nodes & 1))
        columns = [kinds, graph.names(nodes), "descends", graph.names(roots), relation, texts]
        yield pa.table([c if isinstance(c, pa.Array) else pa.repeat(c, len(nodes)) for c in columns], _ROW)


def _stated(table: pa.Table, key: str, value: str) -> pa.Table:
    """The same rows under another key, with one value."""
    for name, word in (("key", key), ("value", value)):
        table = table.set_column(table.schema.get_field_index(name), name, pa.repeat(word, table.num_rows))
    return table


def _withdrawn(
    dataset: pads.Dataset, graph: Graph, vocabulary: Path, trained: dict[str, dict[int, str]]
) -> Iterator[Row]:
    """``withdrawn``: a dataset that is one, or was made from one at any depth, and models trained on either.

    ``trained`` takes the models by the dataset's id, for what descends from them.
    """
    renames = repository_names.renamed(vocabulary)
    subjects = subject_names(dataset, "dataset")
    subject_keys = repository_names.keys(subjects, "datasets", renames)
    used = np.unique(np.concatenate([graph.child[graph.child & 1 == 1], graph.parent[graph.parent & 1 == 1]]))
    node_keys = repository_names.keys(graph.names(used), "datasets", renames)
    for entry in repository_names.withdrawn(vocabulary):
        aliases = pc.unique(repository_names.keys(pa.array(entry.names, pa.string()), "datasets", renames))
        for name in subjects.filter(pc.is_in(subject_keys, aliases)).to_pylist():
            yield "dataset", name, "withdrawn", entry.id, "itself", entry.title
        roots = used[pc.is_in(node_keys, aliases).to_numpy(zero_copy_only=False)]
        if not len(roots):
            continue
        reached = graph.reach(roots, graph.sourced)
        paths = {
            node: text
            for nodes, texts in reached.paths()
            for node, text in zip(nodes.tolist(), texts.to_pylist(), strict=True)
        }
        for node, path in paths.items():
            yield "dataset", graph.name(node), "withdrawn", entry.id, "sourced-from", path
        for child, parent, word in _trained_on(graph, np.flatnonzero(reached.root >= 0)):
            remark = f"trained on {graph.name(parent)}, says its {word}" + (
                f"; {paths[parent]}" if parent in paths else ""
            )
            trained.setdefault(entry.id, {}).setdefault(child, f"; {graph.name(child)} was {remark}")
            yield "model", graph.name(child), "withdrawn", entry.id, "trained-on", remark


def _copies(dataset: pads.Dataset) -> Iterator[Row]:
    """``copy_of``: models that have the same weights file, or the same tensors under another header.

    Each points to the first by name, and the first to the second.
    """
    artefacts = same_files(dataset)
    table = pa.table({"digest": artefacts.digests, "name": artefacts.names})
    table = table.filter(pc.invert(artefacts.shared_part))
    # A model may have the file twice; two models are needed for a copy.
    unique = table.group_by(["digest", "name"]).aggregate([])
    groups = unique.group_by("digest").aggregate([("name", "count")])
    shared = groups.filter(pc.greater(groups["name_count"], 1))["digest"]
    if not len(shared):
        return
    table = unique.filter(pc.is_in(unique["digest"], shared.combine_chunks()))
    table = table.sort_by([("digest", "ascending"), ("name", "ascending")])
    found: dict[tuple[str, str], tuple[str, int]] = {}

    def note(name: str, other: str, algorithm: str) -> None:
        relation = "same-file" if algorithm == "sha256" else "same-tensors"
        before, number = found.get((name, other), (relation, 0))
        found[name, other] = min(before, relation), number + 1

    first = second = digest = ""
    rows = cast("Iterator[tuple[str, str]]", zip(table["digest"].to_pylist(), table["name"].to_pylist(), strict=True))
    for row_digest, name in rows:
        if row_digest != digest:
            digest, first, second = row_digest, name, ""
            continue
        algorithm = digest.partition(":")[0]
        note(name, first, algorithm)
        if not second:
            second = name
            note(first, second, algorithm)
    for (name, other), (relation, number) in sorted(found.items()):
        yield (
            "model",
            name,
            "copy_of",
            other,
            relation,
            "1 digest agrees" if number == 1 else f"{number:,} digests agree",
        )


_CLAUSES = ("absent", "by-reference", "card-only", "explicit")


def _protection(dataset: pads.Dataset, edges: pa.Table) -> Iterator[Row]:
    """``protection``: what became of the prohibition clause on the way from each parent of which it is known.

    Value kept, by-reference, dropped or added; relation the parent. A subject whose terms were not read says nothing.
    """
    for kind in ("model", "dataset"):
        wanted = (pc.field("kind") == kind) & (pc.field("key") == "clause")
        stated = dataset.to_table(["name", "value"], filter=wanted, **LOW_MEMORY_SCAN)
        rated = stated.append_column("rank", pc.index_in(stated["value"], pa.array(_CLAUSES)))
        best = rated.group_by("name").aggregate([("rank", "max")])
        called, ranks = best["name"].combine_chunks(), best["rank_max"].combine_chunks()
        among = pc.and_(pc.equal(edges["child_kind"], kind), pc.equal(edges["parent_kind"], kind))
        made = edges.filter(pc.and_(among, pc.not_equal(edges["relation"], "copy")))
        was, now = (ranks.take(pc.index_in(made[end], called).combine_chunks()) for end in ("parent", "child"))
        rows = made.append_column("was", was).append_column("now", now)
        # Null, where either is unknown, is filtered out; so is an edge between two that never had the clause.
        for row, edge in _once(rows.filter(pc.greater(pc.add(was, now), 0))):
            was, now = row["was"], row["now"]
            became = "added" if not was else "dropped" if not now else "by-reference" if now == 1 < was else "kept"
            words = f"{row['parent']}: {_CLAUSES[was]}; {row['child']}: {_CLAUSES[now]}"
            yield kind, row["child"], "protection", became, row["parent"], f"{words}; {edge}"


def _once(edges: pa.Table) -> Iterator[tuple[dict[str, Any], str]]:
    """Each pair of child and parent, with all that is said of the edge between them."""
    key = ("child_kind", "child", "parent_kind", "parent")
    for _, group in itertools.groupby(edges.to_pylist(), lambda row: [row[name] for name in key]):
        rows = list(group)
        yield rows[0], "edge: " + " and ".join(f"{row['relation'] or 'base'}, {row['source']}" for row in rows)


_ROW = ["kind", "name", "key", "value", "relation", "remark"]


class _Rows:
    """Turns derived statements into batches of FACTS, for every revision of a subject that was read."""

    def __init__(self, dataset: pads.Dataset) -> None:
        wanted = pc.field("revision") != ""
        self.revisions: dict[tuple[str, str], set[str]] = {}
        for batch in dataset.to_batches(columns=["kind", "name", "revision"], filter=wanted, **LOW_MEMORY_SCAN):
            for kind, name, revision in set(zip(*(column.to_pylist() for column in batch.columns), strict=True)):
                self.revisions.setdefault((kind, name), set()).add(revision)

    def write(self, stated: Iterable[Row]) -> Iterator[pa.RecordBatch]:
        rows = iter(stated)
        while some := list(itertools.islice(rows, BATCH)):
            yield from self.batches(
                pa.table(list(zip(*(row[:6] for row in some), strict=True)), _ROW), [row[6:] for row in some]
            )

    def batches(self, table: pa.Table, one: Sequence[tuple[str, ...]] = ()) -> Iterator[pa.RecordBatch]:
        """The rows as facts; ``one`` holds a row's revision where only one is meant."""
        named = zip(table["kind"].to_pylist(), table["name"].to_pylist(), strict=True)
        subjects = list(cast("Iterator[tuple[Kind, str]]", named))
        if self.revisions or any(one):
            chosen = [
                one[at] if one and one[at] else sorted(self.revisions.get(subject, _NONE))
                for at, subject in enumerate(subjects)
            ]
            places = [at for at, revisions in enumerate(chosen) for _ in revisions]
            revisions = [revision for revisions in chosen for revision in revisions]
            table = table.take(pa.array(places, pa.int64()))
            subjects = [subjects[at] for at in places]
        else:
            revisions = [""] * len(subjects)
        buckets = [Ref(kind, name, revision).bucket for (kind, name), revision in zip(subjects, revisions, strict=True)]
        rows = len(subjects)
        given = {"bucket": pa.array(buckets, pa.uint8()), "revision": pa.array(revisions, pa.string())}
        given |= {"uri": pa.repeat("", rows), "source": pa.repeat(SOURCE, rows), "line": pa.repeat(0, rows)}
        arrays = [given[field.name] if field.name in given else table[field.name] for field in FACTS_SCHEMA]
        columns = [array.cast(field.type) for array, field in zip(arrays, FACTS_SCHEMA, strict=True)]
        yield from pa.Table.from_arrays(columns, schema=FACTS_SCHEMA).to_batches(BATCH)


_NONE = frozenset({""})
