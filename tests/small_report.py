"""A small report made by hand: one exposed model with a descendant and a copy, one linked, ordinary notes, gaps."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.model import Case, Comparison, Count, Finding, Gap, Place, Ref, Tally
from auditor.pipeline.policy_summary import ListSummary, PolicySummary
from auditor.pipeline.report import Edge, MatchCount, Report
from auditor.policy.load_policy import load_policy
from auditor.render import render_report
from auditor.reporting.render_options import RenderOptions
from auditor.samples import HITS_SCHEMA

RULES = {
    "descends-from-exposed",
    "known-content-in-dataset",
    "linked-listed-model",
    "no-licence",
    "trained-on-known-content",
    "weights-can-run-code",
}


def small_report(folder: Path) -> Report:
    """Make the report; its restricted hits are written into ``folder``."""
    policy = load_policy()
    rules = tuple(rule for rule in policy.rules if rule.id in RULES)
    matches = Finding(
        "known-content-in-dataset",
        "dataset",
        "shore/coast-photos",
        "",
        "FLAGGED",
        "error",
        "samples match entries of list example-known (exact, near)",
        Place("datasets/shore/coast-photos"),
        "3 of 120 samples: 1 exact, 2 near",
    )
    trained = Finding(
        "trained-on-known-content",
        "model",
        "shore/coast-diffusion",
        "4f2a9c1",
        "FLAGGED",
        "error",
        "trained on shore/coast-photos, whose samples match entries of list example-known",
        Place("models/shore/coast-diffusion/README.md", 7),
        "3 of 120 samples: 1 exact, 2 near",
    )
    listed = Finding(
        "linked-listed-model",
        "model",
        "harbour/pier-lora",
        "",
        "FLAGGED",
        "error",
        "list example-models names the same weights",
        Place("models/harbour/pier-lora/pier.safetensors"),
    )
    descends = Finding(
        "descends-from-exposed",
        "model",
        "lake/calm-water",
        "",
        "FLAGGED",
        "note",
        "descends from shore/coast-diffusion",
        Place("models/lake/calm-water/README.md", 4),
        "depth 1; 3 of 120 samples",
    )
    pickle = Finding(
        "weights-can-run-code",
        "model",
        "lake/calm-water",
        "",
        "FLAGGED",
        "warning",
        "weights in pickle: model.ckpt",
        Place("models/lake/calm-water/model.ckpt"),
    )
    silent = Finding("no-licence", "model", "lake/calm-water", "", "FLAGGED", "note", "no licence is stated")
    unread = Finding(
        "no-licence", "model", "hill/green", "", "UNCHECKED", "note", "the card could not be read", Place("hill.md")
    )
    coast = Ref("model", "shore/coast-diffusion", "4f2a9c1")
    bare = Ref("model", coast.name)  # edges name no revision
    restricted = folder / "restricted"
    (restricted / "hits").mkdir(parents=True)
    hits = [
        {
            "kind": "dataset",
            "name": "shore/coast-photos",
            "revision": "",
            "list": "example-known",
            "version": "1",
            "means": "test",
            "token": "tok-7f3a",
            "classification": "",
            "sample": "SECRET-SAMPLE-0041.jpg",
            "place": "datasets/shore/coast-photos/SECRET-PLACE.parquet",
            "row": 41,
            "algorithm": "pdq",
            "distance": 12,
            "variant": "flip-x",
            "basis": "computed",
        }
    ]
    pq.write_table(pa.Table.from_pylist(hits, HITS_SCHEMA), restricted / "hits" / "0.parquet")
    return Report(
        version="0.1.0",
        targets=("examples/hub",),
        started="2026-01-05T09:00:00Z",
        finished="2026-01-05T09:00:42Z",
        policy=PolicySummary(
            "9b1c2d3e4f5061728394a5b6c7d8e9f0",
            "default",
            rules,
            (
                ListSummary("example-known", "1", "test", 12, "c0ffee" + "0" * 58, "this project"),
                ListSummary("example-models", "2026-01", "model", 3, "decade" + "0" * 58, "this project"),
            ),
            contacts=policy.vocabularies.contacts,
        ),
        complete=True,
        tally=Tally(
            Count(31, 28, 2, 1),
            Count(126, 121, 3, 2),
            {"skipped: not a kind of file that is read": 2, "unreadable: the picture is truncated": 2},
            {"compared by pdq": 121, "hits test exact": 1, "hits test near": 2, "unmatchable: quality below 50": 3},
            {"example-known": 124, "example-models": 5},
            {Comparison("example-known", "pdq", "picture file", "compared"): 121},
        ),
        subjects={"model": 5, "dataset": 2},
        findings=(matches, unread, listed, descends, silent, pickle, trained),
        gaps=(
            (Ref("dataset", "shore/coast-photos"), Gap("samples", "the picture is truncated", Place("a.jpg"))),
            (Ref("model", "hill/green"), Gap("card", "the metadata is not YAML", Place("hill.md", 3))),
        ),
        cases=(
            Case("linked", "model", "harbour/pier-lora", "", (listed,)),
            Case(
                "exposed",
                "model",
                coast.name,
                coast.revision,
                (trained,),
                (Ref("model", "mirror/coast-diffusion-copy"),),
            ),
        ),
        flagged={
            ("known-content-in-dataset", "FLAGGED", "error"): 1,
            ("descends-from-exposed", "FLAGGED", "note"): 1,
            ("linked-listed-model", "FLAGGED", "error"): 1,
            ("trained-on-known-content", "FLAGGED", "error"): 1,
            ("no-licence", "FLAGGED", "note"): 1,
            ("no-licence", "UNCHECKED", "note"): 1,
            ("weights-can-run-code", "FLAGGED", "warning"): 1,
        },
        lineage=(
            Edge(bare, Ref("dataset", "shore/coast-photos"), "trained-on", "card"),
            Edge(Ref("model", "lake/calm-water"), bare, "finetune", "card"),
            Edge(Ref("model", "mirror/coast-diffusion-copy"), bare, "copy", "weights"),
        ),
        restricted=restricted,
        matches=(
            MatchCount("example-known", "computed", "exact", 1),
            MatchCount("example-known", "computed", "near", 2),
        ),
    )


def show(report: Report, name: str, **options: Any) -> str:
    """Return a report as a format shows it."""
    out = StringIO()
    render_report(report, name, out, RenderOptions(**options))
    return out.getvalue()
