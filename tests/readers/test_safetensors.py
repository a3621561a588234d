from __future__ import annotations

import csv
import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from auditor.blob import Blob
from auditor.model import Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import safetensors as reader
from auditor.samples import ARTEFACT_DIGESTS
from tests.weights import safetensors_bytes

ONE = {"w": np.zeros(1, np.float16)}


def subject(tmp_path: Path, data: bytes, options: ReadOptions | None = None, name: str = "m.safetensors") -> Subject:
    path = tmp_path / name
    path.write_bytes(data)
    (part,) = reader.read([Blob(str(path), name, len(data), "model", "org/m")], options or ReadOptions())
    assert isinstance(part, Part)
    return part.subject


def stated(subject: Subject, *keys: str) -> list[tuple[str, str, str]]:
    return [(s.key, s.value, s.relation) for s in subject.statements if s.key in keys]


def raw(text: str, data: bytes = b"\0\0") -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode() + data


@pytest.mark.parametrize("example", reader.EXAMPLES, ids=lambda example: example.name)
def test_an_example_states_exactly_what_it_must(example, tmp_path: Path) -> None:
    found = subject(tmp_path, example.data, example.options, example.name)
    assert tuple((s.key, s.value, s.relation) for s in found.statements) == example.states
    assert tuple(gap.what for gap in found.gaps) == example.gaps


def test_training_folders_and_captions_are_counted_and_not_repeated(tmp_path: Path) -> None:
    tags = {"10_somebody": {"a red barn": 3, "a hill": 1}, "5_other": {"a hill": 2}}
    metadata = {"ss_network_module": "networks.lora", "ss_tag_frequency": json.dumps(tags), "ss_output_name": "barns"}
    found = subject(tmp_path, safetensors_bytes(ONE, metadata))
    assert [(s.value, s.remark) for s in found.statements_for("header")] == [
        ("training-folders", "2 folders"),
        ("captions", "2 different captions or tags"),
    ]
    assert not [s for s in found.statements if "barn" in f"{s}" or "somebody" in f"{s}"]


@pytest.mark.parametrize("broken", ["{{{", "[1, 2", '"text"', "[" * 100_000, '{"a": 7}', '[{"subsets": 3}]'])
def test_broken_json_in_a_string_of_the_metadata_is_ignored(tmp_path: Path, broken: str) -> None:
    metadata = dict.fromkeys(("ss_tag_frequency", "ss_datasets", "ss_dataset_dirs"), broken)
    found = subject(tmp_path, safetensors_bytes(ONE, metadata))
    assert found.gaps == ()


def test_the_name_and_digest_of_the_base_file_are_base_models(tmp_path: Path) -> None:
    metadata = {"ss_network_module": "networks.lora", "ss_sd_model_name": "C:\\u\\hills.ckpt"}
    metadata["ss_new_sd_model_hash"] = "AB" * 32
    found = subject(tmp_path, safetensors_bytes(ONE, metadata))
    assert stated(found, "base_model") == [
        ("base_model", "hills.ckpt", "adapter"),
        ("base_model", "sha256:" + "ab" * 32, "adapter"),
    ]


def test_only_the_keys_that_no_metadata_leaves_are_a_stripped_header(tmp_path: Path) -> None:
    metadata = {"ss_network_module": "networks.lora", "ss_network_dim": "8", "ss_v2": "False"}
    assert stated(subject(tmp_path, safetensors_bytes(ONE, metadata)), "header") == [("header", "stripped", "minimum")]
    metadata["ss_output_name"] = "x"
    assert stated(subject(tmp_path, safetensors_bytes(ONE, metadata)), "header") == []


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight", (4, 2048), "sdxl"),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight", (4, 768), "sd1"),
        ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", (320, 1024), "sd2"),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight", (4, 1280), "sdxl"),
        ("lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight", (4, 768), "sd1"),
        ("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", (4, 3072), "flux"),
        ("model.layers.0.self_attn.q_proj.weight", (16, 16), ""),
    ],
)
def test_the_family_is_that_of_the_tensors_names_and_shapes(
    tmp_path: Path, name: str, shape: tuple[int, int], expected: str
) -> None:
    found = subject(tmp_path, safetensors_bytes({name: np.zeros(shape, np.float16)}))
    assert [s.value for s in found.statements_for("base_family")] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "header too small: the file has 0 bytes"),
        (
            struct.pack("<Q", 1 << 63),
            "header too large, or no safetensors file: a length of 9,223,372,036,854,775,808 bytes is claimed",
        ),
        (struct.pack("<Q", 100) + b"{}", "invalid header length: 100 bytes are claimed, the file has 2 more"),
        (raw("{}", b"\0"), "incomplete metadata: bytes follow the last tensor"),
        (raw('{"w":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}', b"\0" * 4), "invalid offset: tensors overlap"),
        (
            raw('{"w":{"dtype":"F17","shape":[1],"data_offsets":[0,2]}}'),
            "invalid header: a tensor has an unknown dtype",
        ),
        (raw('{"w":{"dtype":"F16","shape":[-1],"data_offsets":[0,2]}}'), "invalid header: a tensor's shape or offsets"),
        (
            raw('{"w":{"dtype":"F16","shape":[true],"data_offsets":[0,2]}}'),
            "invalid header: a tensor's shape or offsets",
        ),
        (raw('{"w":{"dtype":"F16","shape":[01],"data_offsets":[0,2]}}'), "invalid header: not JSON"),
        (raw('{"w":NaN}'), "invalid header: not JSON (NaN is not JSON)"),
        (raw("[" * 100_000), "invalid header: not JSON (nested too deeply)"),
        (raw('{"__metadata__":{"a":"1","a":"2"}}', b""), "invalid header: a key occurs twice"),
        (raw('{"__metadata__":{"a":1}}', b""), "invalid header: a value of __metadata__ is not text"),
    ],
)
def test_a_malformed_header_is_a_gap_that_says_why(tmp_path: Path, data: bytes, why: str) -> None:
    found = subject(tmp_path, data)
    assert stated(found, "weights_format") == [("weights_format", "safetensors", "m.safetensors")]
    assert [(gap.what, gap.place.uri) for gap in found.gaps] == [("header", "m.safetensors")] * len(found.gaps)
    assert any(gap.why.startswith(why) for gap in found.gaps), found.gaps


def test_digests_are_computed_only_if_they_are_asked_for(tmp_path: Path) -> None:
    plain = safetensors_bytes({"w": np.arange(256, dtype=np.float32)})
    edited = safetensors_bytes({"w": np.arange(256, dtype=np.float32)}, {"modelspec.title": "Other"})
    found = [stated(subject(tmp_path, data, ReadOptions(weights="full")), "artefact") for data in (plain, edited)]
    whole, tensors = found[0]
    # Expected values by hashlib, over the file and over its last 1,024 bytes.
    assert whole[1] == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert tensors[1] == f"sha256-tensors:{hashlib.sha256(plain[-1024:]).hexdigest()}"
    assert found[1][0] != whole
    assert found[1][1] == tensors
    assert stated(subject(tmp_path, plain), "artefact") == []
    listed = ReadOptions(algorithms=frozenset({ARTEFACT_DIGESTS["sha256"]}))
    assert stated(subject(tmp_path, plain, listed), "artefact") == found[0]


def tensors(tmp_path: Path, weights: dict[str, np.ndarray], options: ReadOptions) -> frozenset[bytes]:
    path = tmp_path / "m.safetensors"
    path.write_bytes(safetensors_bytes(weights))
    (part,) = reader.read([Blob(str(path), path.name, path.stat().st_size, "model", "org/m")], options)
    assert isinstance(part, Part)
    return part.tensors


def test_the_digest_of_a_tensor_holds_its_type_and_shape_and_not_its_name(tmp_path: Path) -> None:
    full = ReadOptions(weights="full")
    values = np.random.default_rng(1).normal(size=(32, 32)).astype(np.float32)
    expected = frozenset({hashlib.sha256(b"F32 (32, 32)\n" + values.tobytes()).digest()[:16]})
    assert tensors(tmp_path, {"layers.0.proj.weight": values}, full) == expected
    assert tensors(tmp_path, {"another.name": values}, full) == expected
    assert tensors(tmp_path, {"w": values.reshape(16, 64)}, full).isdisjoint(expected)
    assert tensors(tmp_path, {"w": values.view(np.uint8)}, full).isdisjoint(expected)
    for less in (ReadOptions(weights="sample"), ReadOptions(algorithms=frozenset({ARTEFACT_DIGESTS["sha256"]}))):
        assert tensors(tmp_path, {"w": values}, less) == frozenset()


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("layers.0.norm.weight", (32, 32), "float32"),
        ("model.embed_tokens.weight", (32, 32), "float32"),
        ("unet.lora_down.weight", (32, 32), "float32"),
        ("rotary_emb.cos_cached", (32, 32), "float32"),
        ("encoder.position_table", (32, 32), "float32"),
        ("first_stage_model.decoder.weight", (32, 32), "float32"),
        ("model.vision_tower.layers.0.weight", (32, 32), "float32"),
        ("layers.0.bias", (1024,), "float32"),
        ("layers.0.small", (8, 8), "float32"),
        ("relative_index", (32, 32), "int64"),
    ],
)
def test_tensors_that_unlike_models_share_have_no_digest(
    tmp_path: Path, name: str, shape: tuple[int, ...], dtype: str
) -> None:
    values = np.random.default_rng(2).integers(0, 1 << 30, shape).astype(dtype)
    telling = {"layers.0.proj.weight": np.random.default_rng(1).normal(size=(32, 32)).astype(np.float32)}
    alone = tensors(tmp_path, telling, ReadOptions(weights="full"))
    assert len(alone) == 1
    assert tensors(tmp_path, telling | {name: values}, ReadOptions(weights="full")) == alone


def test_few_bytes_of_tensors_have_no_digest(tmp_path: Path) -> None:
    found = subject(tmp_path, safetensors_bytes(ONE), ReadOptions(weights="full"))
    assert [value.partition(":")[0] for value in found.values("artefact")] == ["sha256"]


def test_a_hash_in_the_header_that_is_not_that_of_the_tensors_is_stated(tmp_path: Path) -> None:
    right = hashlib.sha256(bytes(2)).hexdigest()
    for hash_in_header, expected in (
        (f"0x{right}", []),
        ("00" * 32, [("header", "disagrees-with-hash", "modelspec.hash_sha256")]),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", []),  # of no bytes
        ("6ce0161689", []),  # no SHA-256
    ):
        data = safetensors_bytes(ONE, {"modelspec.hash_sha256": hash_in_header})
        assert stated(subject(tmp_path, data, ReadOptions(weights="full")), "header") == expected


def test_a_file_is_claimed_by_its_content_whatever_its_name() -> None:
    data = safetensors_bytes(ONE)
    assert reader.claims(Blob("x", "x.bin", len(data)), data) > 0
    assert reader.claims(Blob("x", "x.json", 20), b'{"a": 1, "b": {"c":') == 0


# The verdict of safetensors 0.8 in its words, and where this reader is stricter: a header begins with "{" (README).
VERDICTS = {
    "incomplete metadata, file not fully covered": "incomplete metadata",
    "header too large": "header too large",
    "header too small": "header too small",
    "invalid header length": "invalid header length",
    "invalid UTF-8 in header": "invalid header: not UTF-8",
    "invalid shape, data type, or offset": "invalid shape, dtype or offset",
    "overflow computing buffer size": "overflow",
    "invalid JSON in header": "invalid header",
    "invalid offset for tensor": "invalid offset",
}
STRICTER = {"test_whitespace_leading_padded_header_1.safetensors": "invalid start"}


@pytest.mark.corpus
@pytest.mark.parametrize("cases", ["06-scanners-and-hostile-inputs/safetensors/cases", "07-safetensors-headers/cases"])
def test_every_case_gets_the_verdict_of_safetensors(corpus: Path, tmp_path: Path, cases: str) -> None:
    with open(corpus / cases / "EXPECTED.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 11
    for row in rows:
        found = subject(tmp_path, (corpus / cases / row["file"]).read_bytes(), name=row["file"])
        outcome = row["outcome of safetensors 0.8.0"]
        expected = STRICTER.get(row["file"], "")
        if outcome.startswith("SafetensorError"):
            expected = next(gap for verdict, gap in VERDICTS.items() if verdict in outcome)
        assert [gap.why for gap in found.gaps if gap.why.startswith(expected)] or not (expected or found.gaps), row


@pytest.mark.corpus
def test_kohya_headers_are_read_as_expected(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "07-safetensors-headers" / "cases"

    def read(name: str) -> list[tuple[str, str, str]]:
        found = subject(tmp_path, (folder / name).read_bytes())
        return [
            (s.key, s.value, s.remark) for s in found.statements_for("architecture", "base_family", "header", "title")
        ]

    captions = ("header", "captions", "2 different captions or tags")
    assert captions in read("kohya-nested-tags.safetensors")
    assert ("architecture", "sdxl_base_v1-0", "ss_base_model_version") in read("kohya-nested-tags.safetensors")
    assert ("title", "Snapshot", "") in read("kohya-two-tags-photo.safetensors")
    assert captions in read("kohya-merged-dirs.safetensors")
    assert ("architecture", "something-nobody-predicted", "ss_base_model_version") in read(
        "base-model-freetext.safetensors"
    )
    assert ("base_family", "sdxl", "ss_base_model_version") in read("lora-sdxl-min.safetensors")


@pytest.mark.corpus
def test_real_tensor_names_tell_the_family_that_the_file_is_called_by(corpus: Path, tmp_path: Path) -> None:
    files = sorted((corpus / "07-safetensors-headers" / "header-only").iterdir())
    assert len(files) >= 12
    for file in files:
        found = subject(tmp_path, file.read_bytes(), name=file.name)
        assert [s.value for s in found.statements_for("base_family")] == [file.name.partition("_")[0]], file.name
        assert [gap.why for gap in found.gaps] == ["the file ends before its tensors do: cut off, or a header alone"]
