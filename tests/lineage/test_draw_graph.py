from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import RunError
from auditor.facts import EDGES_SCHEMA, FACTS_SCHEMA, subjects_to_rows
from auditor.lineage.draw_graph import FORMATS, load_lineage
from auditor.model import Statement, Subject


def run(folder: Path, edges: list[tuple[str, str, str, str]], *subjects: Subject) -> Path:
    """Edges as (child, parent, relation, source), of models but for names that begin with d/."""
    (folder / "derived").mkdir()

    def kind(name: str) -> str:
        return "dataset" if name.startswith("d/") else "model"

    table = [(kind(child), child, kind(parent), parent, *how) for child, parent, *how in edges]
    columns = list(zip(*table, strict=True)) or [[]] * 6
    pq.write_table(pa.table(columns, EDGES_SCHEMA), folder / "derived" / "edges.parquet")
    facts = pa.Table.from_batches([subjects_to_rows(subjects)], FACTS_SCHEMA)
    pq.write_table(facts, folder / "derived" / "derived.parquet")
    return folder


def draw(folder: Path, shape: str = "tree") -> str:
    return "\n".join(FORMATS[shape](load_lineage(folder)))


def test_a_tree_shows_what_was_passed_on(tmp_path: Path) -> None:
    exposed = Subject("model", "o/a", "", (Statement("exposed", "d/p", "exact"), Statement("exposed", "d/p", "near")))
    dropped = Subject("model", "o/b", "", (Statement("protection", "dropped"), Statement("protection", "kept")))
    folder = run(
        tmp_path,
        [
            ("o/a", "d/p", "trained-on", "card"),
            ("o/b", "o/a", "finetune", "card"),
            ("o/b", "o/a", "finetune", "header"),
            ("o/b", "o/a", "observed", "weights"),
            ("o/c", "o/a", "", "card"),
        ],
        exposed,
        dropped,
    )
    assert draw(folder).splitlines() == [
        "dataset d/p",
        "└── o/a  [exposed: d/p has exact matches]  [exposed: d/p has near matches] (trained-on, card)",
        "    ├── o/b  [clause dropped] (finetune, card + header; observed, weights)",
        "    └── o/c (card)",
    ]


def test_a_cycle_is_drawn_once(tmp_path: Path) -> None:
    folder = run(tmp_path, [("o/a", "o/b", "merge", "card"), ("o/b", "o/a", "merge", "card")])
    assert draw(folder).splitlines() == [
        "o/a",
        "└── o/b (merge, card)",
        "    └── o/a (merge, card) (drawn above)",
    ]


def test_a_deep_chain_is_drawn_without_recursion(tmp_path: Path) -> None:
    folder = run(tmp_path, [(f"o/{i + 1}", f"o/{i}", "", "card") for i in range(3000)])
    assert len(draw(folder).splitlines()) == 3001


@pytest.mark.parametrize("shape", list(FORMATS))
def test_names_cannot_act_on_the_terminal_or_the_chart(tmp_path: Path, shape: str) -> None:
    name = 'o/a"]; click n0 "javascript:x"\x1b]52;c\x07\u202e\\'
    text = draw(run(tmp_path, [("o/b", name, "", "card")]), shape)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    if shape == "json":
        assert json.loads(text)["edges"][0]["parent"] == ["model", name]
    if shape == "mermaid":
        assert '"]; click' not in text
    if shape == "dot":
        assert '\\"]; click' in text


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"edges.parquet: is missing; finish the run"):
        load_lineage(tmp_path)


def test_the_command_draws_a_target_and_refuses_two(tmp_path: Path) -> None:
    for name, base in (("base", ""), ("tuned", "base_model: o/base\n")):
        folder = tmp_path / "models" / "o" / name
        folder.mkdir(parents=True)
        (folder / "README.md").write_text(f"---\nlicense: mit\n{base}---\n# {name}\n")
    out = tmp_path / "lineage.txt"
    result = CliRunner().invoke(main, ["lineage", str(tmp_path / "models"), "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text(encoding="utf-8").splitlines() == ["o/base", "└── o/tuned (finetune, card)"]
    refused = CliRunner().invoke(main, ["lineage", "a", "b"])
    assert refused.exit_code == 2
    assert "to compare weights, give the other files with --against" in refused.stderr
