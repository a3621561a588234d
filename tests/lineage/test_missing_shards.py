from __future__ import annotations

import pyarrow.dataset as pads

from auditor.lineage.missing_shards import missing_shard_gaps
from auditor.model import Gap, Place, Statement, Subject
from tests.lineage.lineage_facts import facts


def index(folder: str, *names: str) -> tuple[Statement, ...]:
    place = Place(f"{folder}model.safetensors.index.json", 3)
    return tuple(Statement("weights_shard", name, "", place, "index") for name in names)


def weights(uri: str) -> Statement:
    return Statement("weights_format", "safetensors", uri.rpartition("/")[2], Place(uri), "header")


def gaps(*subjects: Subject) -> list[tuple[str, str, str, str, int]]:
    return [
        (row["name"], row["value"], row["relation"], row["uri"], row["line"])
        for batch in missing_shard_gaps(pads.dataset(facts(*subjects)))
        for row in batch.to_pylist()
    ]


def test_a_shard_that_is_not_there_is_a_gap_at_the_index() -> None:
    model = Subject("model", "org/m", "", (*index("m/", "1.safetensors", "2.safetensors"), weights("m/1.safetensors")))
    assert gaps(model) == [
        (
            "org/m",
            "header",
            "the index names 2.safetensors, which is not among the files read",
            "m/model.safetensors.index.json",
            3,
        )
    ]


def test_a_shard_of_another_folder_or_model_does_not_stand_in() -> None:
    model = Subject("model", "org/m", "", (*index("m/unet/", "1.safetensors"), weights("m/vae/1.safetensors")))
    other = Subject("model", "org/n", "", (weights("m/unet/1.safetensors"),))
    assert [gap[:2] for gap in gaps(model, other)] == [("org/m", "header")]


def test_a_shard_that_could_not_be_read_has_its_own_gap_alone() -> None:
    broken = Gap("header", "cannot be opened: Permission denied", Place("m/1.safetensors"))
    assert gaps(Subject("model", "org/m", "", index("m/", "1.safetensors"), (broken,))) == []


def test_no_index_is_no_gap() -> None:
    assert gaps(Subject("model", "org/m", "", (weights("m/1.safetensors"),))) == []
