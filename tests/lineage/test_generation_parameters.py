from __future__ import annotations

import html
import io
import json
import struct
from pathlib import Path
from typing import BinaryIO

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from auditor.cli.main import main
from auditor.errors import Unreadable
from auditor.lineage.generation_parameters import read_generation_parameters
from auditor.lineage.generation_tools.named_file import NamedFile
from auditor.lineage.picture_text import MAX_TEXT_BYTES
from tests.weights import safetensors_file

# As A1111 writes it; the prompt is an ordinary landscape.
A1111 = (
    "a harbour at dusk, <lora:boats:0.8>\nNegative prompt: blurry, Model: decoy\n"
    "Steps: 28, Sampler: DPM++ 2M, Size: 512x512, Model hash: 1fe6c7ec54, Model: paint-base, "
    'VAE hash: 235745af8d, VAE: sea.vae.pt, Lora hashes: "boats: 7c0b3b9a1c4d, foam: 0011aabb2233", '
    'TI hashes: "calm: c74b4e810b03", Hashes: {"model": "1fe6c7ec54", "lora:boats": "7c0b3b9a1c"}, Version: v1.10.1'
)
EXPECTED = {
    NamedFile("checkpoint", "paint-base", "autov2", "1fe6c7ec54", "a1111"),
    NamedFile("vae", "sea.vae.pt", "autov2", "235745af8d", "a1111"),
    NamedFile("lora", "boats", "autov3", "7c0b3b9a1c4d", "a1111"),
    NamedFile("lora", "boats", "autov2", "7c0b3b9a1c", "a1111"),
    NamedFile("lora", "foam", "autov3", "0011aabb2233", "a1111"),
    NamedFile("embedding", "calm", "autov3", "c74b4e810b03", "a1111"),
}


def find_named_files(file: BinaryIO) -> tuple[NamedFile, ...]:
    return read_generation_parameters(file).files


def png(**texts: str) -> bytes:
    info = PngInfo()
    for key, text in texts.items():
        info.add_itxt(key, text) if not text.isascii() else info.add_text(key, text, zip=len(text) > 300)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def jpeg(comment: bytes, form: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, form, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        A1111.encode(),
        png(parameters=A1111),
        png(parameters=A1111.replace("harbour", "havn, blå")),
        jpeg(b"UNICODE\0" + A1111.encode("utf-16-be")),
        jpeg(b"UNICODE\0" + A1111.replace("a harbour", "港 harbour").encode("utf-16-be")),
        jpeg(b"ASCII\0\0\0" + A1111.encode()),
        jpeg(b"UNICODE\0" + A1111.encode("utf-16-le"), "WEBP"),
    ],
    ids=["text", "png", "png, not ASCII", "jpeg, UTF-16", "jpeg, UTF-16, not ASCII", "jpeg, ASCII", "webp"],
)
def test_the_hashes_of_what_was_used_are_found_and_the_prompt_is_not(data: bytes) -> None:
    found = find_named_files(io.BytesIO(data))
    assert set(found) == EXPECTED
    assert "harbour" not in str(found)
    assert "decoy" not in str(found)


def test_each_tool_is_read() -> None:
    comfy = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sea/hills.safetensors"}},
        "9": {"class_type": "LoraLoader", "inputs": {"lora_name": "boats.safetensors", "model": ["4", 0]}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a harbour"}},
    }
    invoke = {
        "positive_prompt": "a harbour",
        "model": {"key": "k", "hash": "blake3:" + "ab" * 32, "name": "hills", "base": "sdxl", "type": "main"},
        "loras": [{"model": {"hash": "sha256:" + "cd" * 32, "name": "boats"}, "weight": 0.7}],
        "vae": None,
    }
    fooocus = {
        "prompt": "a harbour",
        "base_model": "hills",
        "base_model_hash": "1fe6c7ec54",
        "loras": [["boats", 0.5, "7c0b3b9a1c"]],
    }
    assert find_named_files(io.BytesIO(png(prompt=json.dumps(comfy)))) == (
        NamedFile("checkpoint", "hills.safetensors", "", "", "comfyui"),
        NamedFile("lora", "boats.safetensors", "", "", "comfyui"),
    )
    assert find_named_files(io.BytesIO(png(invokeai_metadata=json.dumps(invoke)))) == (
        NamedFile("checkpoint", "hills", "blake3", "ab" * 32, "invokeai"),
        NamedFile("lora", "boats", "sha256", "cd" * 32, "invokeai"),
    )
    assert find_named_files(io.BytesIO(png(parameters=json.dumps(fooocus)))) == (
        NamedFile("checkpoint", "hills", "autov2", "1fe6c7ec54", "fooocus"),
        NamedFile("lora", "boats", "autov2", "7c0b3b9a1c", "fooocus"),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "junk",
    ["Foo: bar, ", " ", 'a:"', 'a:"\\"', "a:{", ","],
    ids=["fields", "spaces", "quotes", "escapes", "braces", "commas"],
)
def test_ten_megabytes_of_parameters_are_read(junk: str) -> None:
    many = 10_000_000 // len(junk)
    assert set(find_named_files(io.BytesIO(("a harbour, " * 1_000_000 + A1111).encode()))) == EXPECTED
    found = find_named_files(io.BytesIO(f"a harbour\nSteps: 2, Model: hills, {junk * many}".encode()))
    assert found == (NamedFile("checkpoint", "hills", "", "", "a1111"),)


def test_every_text_of_a_picture_is_read_though_two_have_one_name() -> None:
    info = PngInfo()
    info.add_text("parameters", "a\nSteps: 2, Model: hills")
    info.add_text("parameters", "a\nSteps: 2, Model: lakes")
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    assert {named.name for named in find_named_files(io.BytesIO(out.getvalue()))} == {"hills", "lakes"}


def test_many_texts_that_unpack_to_much_are_refused_together() -> None:
    texts = {f"text{number}": "a" * (MAX_TEXT_BYTES // 8) for number in range(9)}
    with pytest.raises(Unreadable, match="its text decompresses to more than"):
        find_named_files(io.BytesIO(png(**texts)))


def test_what_another_field_quotes_is_no_field() -> None:
    metadata = 'a harbour\nSteps: 2, ADetailer prompt 2nd: "a boat, Model: words of a prompt, x", Model: hills'
    assert find_named_files(io.BytesIO(metadata.encode())) == (NamedFile("checkpoint", "hills", "", "", "a1111"),)


def test_what_tools_write_where_nothing_was_chosen_names_nothing() -> None:
    fooocus = {"base_model": "hills", "refiner_model": "None", "vae": "Default (model)", "loras": []}
    assert [named.name for named in find_named_files(io.BytesIO(json.dumps(fooocus).encode()))] == ["hills"]
    assert find_named_files(io.BytesIO(b"a harbour\nSteps: 2, VAE: Automatic, Model: None")) == ()


def test_older_and_other_forms_of_the_tools_are_read() -> None:
    invoke = {"model": {"name": "hills"}, "refiner_model": {"name": "lakes", "hash": "blake3:" + "ab" * 32}}
    assert set(find_named_files(io.BytesIO(png(invokeai_metadata=json.dumps(invoke))))) == {
        NamedFile("checkpoint", "hills", "", "", "invokeai"),
        NamedFile("checkpoint", "lakes", "blake3", "ab" * 32, "invokeai"),
    }
    invoke = {"model": "stable diffusion", "model_weights": "hills", "model_hash": "ab" * 32, "image": {}}
    assert find_named_files(io.BytesIO(png(**{"sd-metadata": json.dumps(invoke)}))) == (
        NamedFile("checkpoint", "hills", "sha256", "ab" * 32, "invokeai"),
    )
    loras = {"lora_1": {"on": True, "lora": "boats.safetensors"}, "lora_2": {"on": False, "lora": "no.safetensors"}}
    comfy = {"3": {"class_type": "Power Lora Loader (rgthree)", "inputs": {**loras, "lora_prompt": "a boat"}}}
    boats = (NamedFile("lora", "boats.safetensors", "", "", "comfyui"),)
    assert find_named_files(io.BytesIO(png(prompt=json.dumps(comfy)))) == boats
    workflow = {
        "nodes": [
            {"type": "LoraLoader", "widgets_values": ["boats.safetensors", 1, 1]},
            {"type": "CLIPTextEncode", "widgets_values": ["a harbour"]},
        ]
    }
    assert find_named_files(io.BytesIO(png(workflow=json.dumps(workflow)))) == boats
    exif = Image.Exif()
    exif[0x0110] = f"prompt:{json.dumps(comfy)}"
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "WEBP", exif=exif)
    assert find_named_files(io.BytesIO(out.getvalue())) == boats


def test_civitai_names_files_by_the_numbers_of_their_versions() -> None:
    resources = [
        {"type": "checkpoint", "modelVersionId": 11, "modelName": "Hills", "modelVersionName": "v6"},
        {"type": "lora", "weight": 0.4, "modelVersionId": 12},
    ]
    text = f"a harbour\nSteps: 2, Seed: 1, Civitai resources: {json.dumps(resources)}, Civitai metadata: {{}}"
    expected = (
        NamedFile("checkpoint", "Hills v6", "civitai-version", "11", "civitai"),
        NamedFile("lora", "", "civitai-version", "12", "civitai"),
    )
    assert find_named_files(io.BytesIO(png(parameters=text))) == expected
    extra = {"resource-stack": {}, "extraMetadata": json.dumps({"prompt": "a harbour", "resources": resources})}
    assert find_named_files(io.BytesIO(jpeg(b"UNICODE\0" + json.dumps(extra).encode("utf-16-be")))) == expected
    comfy = {"1": {"class_type": "LoraLoader", "inputs": {"lora_name": "urn:air:sdxl:lora:civitai:5@12"}}}
    assert find_named_files(io.BytesIO(png(prompt=json.dumps(comfy)))) == expected[1:]


def test_the_subgraphs_of_a_comfyui_workflow_are_read() -> None:
    inner = {"id": "s", "nodes": [{"type": "CheckpointLoaderSimple", "widgets_values": ["hills.safetensors"]}]}
    workflow = {"nodes": [{"type": "s", "widgets_values": []}], "definitions": {"subgraphs": [inner]}}
    assert find_named_files(io.BytesIO(png(workflow=json.dumps(workflow)))) == (
        NamedFile("checkpoint", "hills.safetensors", "", "", "comfyui"),
    )


def test_swarmui_and_draw_things_are_read() -> None:
    swarm = {
        "sui_image_params": {"prompt": "a harbour", "model": "hills", "loras": ["boats"]},
        "sui_models": [
            {"name": "sd/hills.safetensors", "param": "model", "hash": "0x" + "ab" * 32},
            {"name": "boats.safetensors", "param": "loras", "hash": None},
        ],
    }
    assert find_named_files(io.BytesIO(png(parameters=json.dumps(swarm)))) == (
        NamedFile("checkpoint", "hills.safetensors", "autov3", "ab" * 32, "swarmui"),
        NamedFile("lora", "boats.safetensors", "", "", "swarmui"),
    )
    del swarm["sui_models"]
    assert find_named_files(io.BytesIO(png(parameters=json.dumps(swarm)))) == (
        NamedFile("checkpoint", "hills", "", "", "swarmui"),
        NamedFile("lora", "boats", "", "", "swarmui"),
    )
    metadata = html.escape(json.dumps({"model": "hills.ckpt", "lora": [{"model": "boats.ckpt"}], "c": "a harbour"}))
    expected = (
        NamedFile("checkpoint", "hills.ckpt", "", "", "draw things"),
        NamedFile("lora", "boats.ckpt", "", "", "draw things"),
    )
    for comment in (
        f"<exif:UserComment><rdf:Alt><rdf:li>{metadata}</rdf:li></rdf:Alt></exif:UserComment>",
        f'<rdf:Description exif:UserComment="{metadata}"/>',
    ):
        assert find_named_files(io.BytesIO(png(**{"XML:com.adobe.xmp": comment}))) == expected
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, "JPEG", xmp=comment.encode())
        assert find_named_files(io.BytesIO(out.getvalue())) == expected


def jxl(*boxes: tuple[bytes, bytes]) -> bytes:
    """Return the boxes of a JPEG XL file; the picture itself is not read."""
    data = b"\0\0\0\x0cJXL \r\n\x87\n"
    return data + b"".join(struct.pack(">I4s", len(content) + 8, kind) + content for kind, content in boxes)


def test_exif_is_read_wherever_a_picture_keeps_it() -> None:
    exif = Image.Exif()
    exif[0x0131] = "painter"  # Pillow writes no EXIF without a tag in the first directory
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111.encode("utf-16-be")
    tiff = exif.tobytes().removeprefix(b"Exif\0\0")
    pictures = []
    for form in ("PNG", "AVIF"):
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, form, exif=exif)
        pictures.append(out.getvalue())
    pictures.append(jxl((b"ftyp", b"jxl \0\0\0\0jxl "), (b"Exif", bytes(4) + tiff), (b"jxlc", b"\xff\n")))
    for data in pictures:
        assert set(find_named_files(io.BytesIO(data))) == EXPECTED


def test_metadata_that_no_known_tool_wrote_is_told_from_none(tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    for data, exit_code, message in (
        (png(), 0, "p.png: has no metadata that names a model; metadata is easily lost or removed"),
        (png(foo='{"model_used": "hills"}'), 3, "its metadata (foo) is in no known form: which models it names is not"),
        (png(parameters="a harbour, Model hills"), 3, "its metadata (parameters) is in no known form"),
        (png(parameters="a harbour\nSteps: 2, Seed: 1"), 0, "has no metadata that names a model"),
        (jxl((b"brob", b"Exifxx")), 2, "its metadata is packed with Brotli, which is not read"),
    ):
        picture.write_bytes(data)
        result = CliRunner().invoke(main, ["trace", str(picture)])
        assert message in result.stderr
        assert result.exit_code == exit_code


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0\1\2", "neither text nor a PNG"),
        (b"x" * (MAX_TEXT_BYTES + 1), "more than "),
        (png(parameters="a" * (MAX_TEXT_BYTES + 9)), "its text decompresses to more than"),
    ],
    ids=["binary", "long", "bomb"],
)
def test_what_cannot_be_read_is_said(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        find_named_files(io.BytesIO(data))


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1\0\x20Exif\0\0", b"Steps: 1, ", jxl(), b"\0\0\0\x1cftypavif"]
    ),
)
def test_junk_is_read_or_refused(data: bytes, start: bytes) -> None:
    try:
        find_named_files(io.BytesIO(start + data))
    except Unreadable as error:
        assert str(error)  # noqa: PT017


KEYS = st.sampled_from(
    [
        "sui_image_params",
        "sui_models",
        "nodes",
        "extraMetadata",
        "v2",
        "model",
        "loras",
        "vae",
        "base_model",
        "inputs",
        "ckpt_name",
        "hash",
        "lora",
    ]
)
JSON = st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda v: st.lists(v) | st.dictionaries(KEYS, v))


@pytest.mark.slow
@given(st.dictionaries(KEYS, JSON))
def test_json_of_any_shape_is_read(content: dict[str, object]) -> None:
    find_named_files(io.BytesIO(json.dumps(content).encode()))


def test_the_command_names_the_model_of_a_run_and_that_it_is_a_lead(tmp_path: Path) -> None:
    import hashlib

    import numpy as np

    hub, run, picture = tmp_path / "hub", tmp_path / "run", tmp_path / "p.png"
    model = safetensors_file(hub / "models" / "o" / "hills" / "hills.safetensors", {"w": np.zeros((2, 2), np.float16)})
    (model.parent / "README.md").write_text("---\nlicense: mit\n---\n# hills\n")
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    picture.write_bytes(png(parameters=f"a harbour\nSteps: 2, Model hash: {digest[:10]}, Model: renamed"))
    scan = CliRunner().invoke(main, ["scan", str(hub), "--weights", "full", "--out", str(run), "--workers", "1"])
    assert scan.exit_code in (0, 1), scan.output
    result = CliRunner().invoke(main, ["trace", str(picture), "--in", str(run)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"checkpoint  renamed  autov2:{digest[:10]}  (a1111)",
        "  → o/hills, hills.safetensors, by autov2; 9.1e-13 such matches are expected by chance",  # 1 / 2**40
    ]
    assert "They are leads for a person, and never open a case." in result.stderr


def test_fooocus_pictures_name_refiner_and_loras_from_the_first_exif_directory(tmp_path: Path) -> None:
    metadata = {"base_model": "hills", "base_model_hash": "0123456789", "refiner_model": "lakes"}
    metadata |= {"refiner_model_hash": "abcdef0123", "loras": [["harbour", 0.5, "9876543210"]], "prompt": "words"}
    exif = Image.Exif()
    exif[0x9286] = json.dumps(metadata)
    Image.new("L", (8, 8)).save(tmp_path / "picture.jpg", exif=exif)
    found = {
        (named.role, named.name, named.algorithm, named.value)
        for named in find_named_files(io.BytesIO((tmp_path / "picture.jpg").read_bytes()))
    }
    assert found == {
        ("checkpoint", "hills", "autov2", "0123456789"),
        ("checkpoint", "lakes", "autov2", "abcdef0123"),
        ("lora", "harbour", "autov2", "9876543210"),
    }
