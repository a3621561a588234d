"""Which subject a folder is, by the names of its files."""

from __future__ import annotations

import pytest

from auditor.repository_layout import kind_from_file_names


@pytest.mark.parametrize("name", ["train.pt", "embeddings.pth", "index.bin", "features.msgpack"])
@pytest.mark.parametrize("data", ["a.jpg", "rows.parquet", "00000.tar", "labels.csv"])
def test_a_folder_of_data_is_no_model_for_the_suffix_of_one_file(name: str, data: str) -> None:
    assert kind_from_file_names([name, data, "README.md"]) == ""
    assert kind_from_file_names([name, data, "metadata.csv"]) == "dataset"


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "my-lora.pt", "epoch_10.pth", "weights.h5", "a.safetensors", "a.gguf"]
)
def test_weights_that_say_so_make_a_model_of_a_folder_that_holds_pictures_too(name: str) -> None:
    assert kind_from_file_names([name, "sample.png", "README.md"]) == "model"


def test_a_configuration_makes_a_model_and_weights_alone_do_too() -> None:
    assert kind_from_file_names(["config.json", "x.bin", "sample.png"]) == "model"
    assert kind_from_file_names(["x.bin"]) == "model"
    assert kind_from_file_names(["x.csv"]) == ""


def test_a_dataset_s_card_says_more_than_a_suffix_that_data_has_too() -> None:
    assert kind_from_file_names(["README.md", "train.pt"], has_dataset_card=True) == ""
    assert kind_from_file_names(["README.md", "a.safetensors"], has_dataset_card=True) == "model"
    assert kind_from_file_names(["README.md", "pytorch_model.bin"], has_dataset_card=True) == "model"
