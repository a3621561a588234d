"""What models' configuration files name as the model they were made from."""

from __future__ import annotations

import json

import pytest

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.readers.configuration import MAX_FILE_BYTES, claims, part


def stated(name: str, data: object, own: str = "acme/leaf") -> list[tuple[str, str, str]]:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    subject = part(Blob("/nowhere", name, len(raw), "model", own), raw).subject
    assert all(s.source == "config" for s in subject.statements)
    return [(s.key, s.value, s.relation) for s in subject.statements]


def test_an_adapter_names_its_base() -> None:
    config = {"base_model_name_or_path": "acme/tree", "revision": "abc", "peft_type": "LORA"}
    assert stated("adapter_config.json", config)[0] == ("base_model", "acme/tree", "adapter")


def test_a_model_that_names_itself_names_no_base() -> None:
    assert stated("config.json", {"_name_or_path": "acme/leaf"}) == []
    assert stated("config.json", {"_name_or_path": "leaf"}) == []
    assert stated("config.json", {"_name_or_path": ""}) == []


def test_a_quantized_model_says_so() -> None:
    config = {"_name_or_path": "acme/tree", "quantization_config": {"quant_method": "gptq"}}
    assert stated("config.json", config) == [("base_model", "acme/tree", "quantized")]


@pytest.mark.parametrize(
    ("pipeline", "made"),
    [("StableDiffusionXLPipeline", "image"), ("StableVideoDiffusionPipeline", "video"), ("AudioLDM2Pipeline", "audio")],
)
def test_a_pipeline_tells_what_it_makes(pipeline: str, made: str) -> None:
    assert ("generates", made, "") in stated("model_index.json", {"_class_name": pipeline})


def test_a_merge_names_its_models_in_every_form_of_a_reference() -> None:
    whole = b"models:\n- model: {model: {path: acme/a}, lora: {path: acme/lora}}\n- model: acme/b@v1\n"
    found = stated("mergekit_config.yml", whole)
    assert [(value, relation) for _, value, relation in found] == [
        ("acme/a", "merge"),
        ("acme/lora", "adapter"),
        ("acme/b", "merge"),
    ]


def test_a_mixture_of_experts_names_its_experts() -> None:
    mixture = b"base_model: acme/a\ngate_mode: hidden\nexperts:\n- source_model: acme/b\n  positive_prompts: [x]\n"
    assert [value for _, value, _ in stated("mergekit_config.yml", mixture)] == ["acme/a", "acme/b"]


def test_a_merge_in_stages_names_only_models_from_outside_the_file() -> None:
    stages = (
        b"name: first\nmodels: [{model: acme/a}, {model: acme/b}]\n---\nmodels: [{model: first}, {model: acme/c}]\n"
    )
    assert [value for _, value, _ in stated("mergekit_config.yml", stages)] == ["acme/a", "acme/b", "acme/c"]


def test_a_statement_names_its_line() -> None:
    raw = b'{\n  "peft_type": "LORA",\n  "base_model_name_or_path": "acme/tree"\n}'
    (base, _) = part(Blob("/nowhere", "m/adapter_config.json", 1, "model", "m"), raw).subject.statements
    assert str(base.place) == "m/adapter_config.json:3"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[" * 100_000, "nested too deep to be read"),
        (b'{"a": ' * 100_000, "nested too deep to be read"),
        (b"[1]", "is not a JSON object"),
        (b"{", "is not JSON"),
        (b" " * (MAX_FILE_BYTES + 1), "longer than 4,194,304 bytes"),
    ],
)
def test_a_broken_configuration_is_refused_by_reason(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        stated("config.json", data)


def test_keys_of_the_wrong_type_and_duplicate_keys_are_ignored() -> None:
    odd = b'{"_name_or_path": 3, "architectures": {"a": null}, "_class_name": ["x"], "_name_or_path": "acme/tree"}'
    assert stated("config.json", odd) == [("base_model", "acme/tree", "")]


def test_a_config_json_of_a_dataset_is_not_claimed() -> None:
    assert claims(Blob("/x", "config.json", 1, "dataset", "d"), b'{"builder": 1}') == 0
