"""The few addresses and digests of many texts are matched together, with the results of matching each alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from auditor.known.matcher import Matcher
from auditor.model import Ref, Tally
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline import small_batches
from auditor.pipeline.run_folder import HITS
from auditor.pipeline.small_batches import SmallBatches
from auditor.samples import Samples, build_sample_batch
from tests.pipeline.test_shard_writer import MD5, OTHER_MD5, known, writer

LISTED = "https://hills.example/listed.jpg"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def of_card(number: int, **columns: list[Any]) -> Samples:
    """What the card of one model states."""
    rows = len(next(iter(columns.values())))
    place = {"sample": [f"line {row}" for row in range(rows)], "place": [f"m{number}/README.md"] * rows}
    batch = build_sample_batch(
        {**place, "row": range(1, 1 + rows), **columns}, [name for name in columns if name == "md5"]
    )
    return Samples(Ref("dataset", f"acme/m{number}", "main"), "declared", batch, already_counted=True)


def cards() -> list[Samples]:
    made = [of_card(n, url=[f"https://docs.example/{n}", *([LISTED] if n % 40 == 7 else [])]) for n in range(200)]
    return [*made, *(of_card(n, md5=[OTHER_MD5, MD5][n % 2 :]) for n in range(6))]


def run(folder: Path, batches: list[Samples], options: ReadOptions | None = None) -> tuple[Tally, list[dict[str, Any]]]:
    """The tally and the hits of a shard with these samples."""
    folder.mkdir()
    lists = [known(folder, "csam", "url", LISTED), known(folder, "test", "md5", MD5.hex())]
    with writer(folder, lists=lists, options=options) as into:
        for batch in batches:
            into.add_samples(batch)
        tally = into.finish()
    hits = pq.read_table(folder / "run" / HITS / "7.parquet").drop_columns(["token"]).to_pylist()
    return tally, sorted(hits, key=lambda hit: (hit["algorithm"], hit["place"], hit["row"]))


def test_batches_matched_together_give_what_each_gives_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally, hits = run(tmp_path / "together", cards())
    monkeypatch.setattr(small_batches, "MAX_HELD_ROWS", 0)
    assert (tally, hits) == run(tmp_path / "alone", cards())
    named = [(hit["algorithm"], hit["name"], hit["place"], hit["row"]) for hit in hits if hit["algorithm"] == "url"]
    assert named == [
        ("url", f"acme/m{n}", f"m{n}/README.md", 2) for n in sorted((7, 47, 87, 127, 167), key=lambda n: f"m{n}/")
    ]


def test_the_batches_of_a_shard_are_matched_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    match = Matcher.match

    def counted(self: Matcher, samples: Samples) -> object:
        calls.append(samples.batch.num_rows)
        return match(self, samples)

    monkeypatch.setattr(Matcher, "match", counted)
    run(tmp_path / "together", cards())
    assert sorted(calls) == [9, 205]  # digests, addresses


@pytest.mark.parametrize(
    "samples",
    [
        Samples(Ref("dataset", "a"), "declared", of_card(1, url=[LISTED]).batch),
        Samples(Ref("dataset", "a"), "computed", of_card(1, md5=[MD5]).batch, already_counted=True),
        of_card(1, url=[LISTED], gap=["damaged"]),
        of_card(1, url=[LISTED, None]),
        of_card(1, md5=[MD5, None]),
        of_card(1, url=[LISTED] * small_batches.MAX_HELD_ROWS),
    ],
)
def test_what_has_to_be_counted_or_leaves_a_gap_is_matched_by_itself(samples: Samples) -> None:
    assert not SmallBatches().add(samples, {"url", "md5"})


def test_what_no_list_asks_or_another_subject_says_of_the_same_place_is_matched_by_itself() -> None:
    held = SmallBatches()
    assert not held.add(of_card(1, md5=[MD5]), {"sha1", "url"})
    assert held.add(of_card(1, url=[LISTED]), {"url"})
    other = Samples(Ref("dataset", "other"), "declared", of_card(1, url=[LISTED]).batch, already_counted=True)
    assert not held.add(other, {"url"})
