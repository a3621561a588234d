"""Parents and datasets that cards name in their prose alone: recall and precision.

    python tests/benchmarks/bench_prose.py [--show] FOLDER_OR_LABELS...

A folder holds real cards (``*.md``). Where a card's metadata gives a base model, or a dataset it was trained on, and
its prose links it, the metadata is blanked and the prose must still state it: recall. Every stated edge of the folder
is printed with ``--show``, to be read by hand: precision.

A file of labels (``*.jsonl``) holds one text a line: ``text``, ``parents`` ([[name, relation]], "" for any relation)
and ``datasets`` ([name]).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from auditor.model import Ref, Statement
from auditor.part_builders.card_part import card_part
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.syntax.front_matter import split_card
from auditor.syntax.repository_name_parsing import normalize_name
from auditor.terms.derive_subjects import derive_subject

_KEYS = {"base_model": "parents", "trained_on": "datasets"}


def stated(text: str, name: str = "measured") -> list[Statement]:
    """Return the base models and datasets that only the prose of a model's card states."""
    part = card_part(text, "README.md", "model", lambda kind: Ref(kind, name, ""))
    subject = derive_subject(part, compiled_vocabulary(load_vocabularies()))
    return [each for each in subject.statements_for(*_KEYS) if each.source == "card-text"]


def same(name: str) -> str:
    return normalize_name(name).lower()


def linked_truth(text: str) -> dict[str, set[str]]:
    """Return the names that a card's metadata gives and its prose links, by statement key."""
    part = card_part(text, "README.md", "model", lambda kind: Ref(kind, "measured", ""))
    body = split_card(text).body.lower()
    found = {}
    for key, folder in (("base_model", ""), ("trained_on", "datasets/")):
        names = {same(each.value) for each in part.subject.statements_for(key)}
        found[key] = {
            name
            for name in names
            for host in ("huggingface.co", "hf.co")
            if any(f"{host}/{folder}{name}{end}" in body for end in (")", '"', " ", "\n", ".", "/", ">", ","))
        }
    return found


def own_name(path: Path) -> str:
    """Return the repository's name that a collection writes as ``OWNER__NAME.md`` or ``OWNER_NAME.md``."""
    stem = path.stem.removesuffix("README").rstrip("_-")
    return stem.replace("__" if "__" in stem else "_", "/", 1)


def measure_cards(folder: Path, show: bool) -> None:
    cards = [path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*.md"))]
    wanted = dict.fromkeys(_KEYS, 0)
    hits = dict.fromkeys(_KEYS, 0)
    for path, text in zip(sorted(folder.rglob("*.md")), cards, strict=True):
        truth, card = linked_truth(text), split_card(text)
        if not show and not any(truth.values()):
            continue
        edges = stated("\n" * (card.body_line - 1) + card.body, own_name(path))
        for key, names in truth.items():
            told = {same(each.value) for each in edges if each.key == key}
            wanted[key] += len(names)
            hits[key] += len(names & told)
            for name in sorted(names - told) if show else ():
                print(f"MISSED {key} {name} in {path.name}")
        for each in edges if show else ():
            line = text.split("\n")[each.place.line - 1].strip()
            known = same(each.value) in truth[each.key]
            what = f"{'=' if known else '?'} {each.key} {each.value} ({each.relation})"
            print(f"STATED {what} {path.name}:{each.place.line}: {line[:240]}")
    for key, total in wanted.items():
        share = f"{hits[key] / total:.1%}" if total else "-"
        print(f"{folder.name}: {key}: {hits[key]} of {total} linked ones found in the prose alone, recall {share}")


def measure_labels(path: Path, show: bool) -> None:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    wanted = told = right = relations = 0
    for row in rows:
        edges = stated(row["text"])
        for key, field in _KEYS.items():
            given = [entry if isinstance(entry, list) else [entry, ""] for entry in row.get(field, ())]
            truth = {same(name): relation for name, relation in given}
            found = {same(each.value): each.relation for each in edges if each.key == key}
            wanted, told, right = wanted + len(truth), told + len(found), right + len(truth.keys() & found.keys())
            relations += sum(truth[name] in ("", found[name]) for name in truth.keys() & found.keys())
            if show and truth != found:
                print(f"{key}: wanted {truth}, stated {found}: {row['text'][:400]!r}")
    print(
        f"{path.name}: {len(rows)} texts: recall {right / wanted:.1%} ({right} of {wanted}), "
        f"precision {right / max(told, 1):.1%} ({right} of {told}), relation right in {relations} of {right}"
    )


def main() -> None:
    show = "--show" in sys.argv
    for path in map(Path, [each for each in sys.argv[1:] if each != "--show"]):
        (measure_labels if path.suffix == ".jsonl" else measure_cards)(path, show)


if __name__ == "__main__":
    main()
