from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.blob import Blob
from auditor.model import Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, reader_name
from auditor.readers import other_weights as reader
from tests.readers.blobs import unopened_blob


def subject(tmp_path: Path, name: str, data: bytes, options: ReadOptions | None = None) -> Subject:
    path = tmp_path / name
    path.write_bytes(data)
    (part,) = reader.read([Blob(str(path), name, len(data), "model", "org/m")], options or ReadOptions())
    assert isinstance(part, Part)
    return part.subject


def formats(found: Subject) -> list[str]:
    return [s.value for s in found.statements_for("weights_format")]


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return file.getvalue()


@pytest.mark.parametrize("example", reader.EXAMPLES, ids=lambda example: example.name)
def test_an_example_states_exactly_what_it_must(example, tmp_path: Path) -> None:
    found = subject(tmp_path, example.name, example.data, example.options)
    assert tuple((s.key, s.value, s.relation) for s in found.statements) == example.states
    assert tuple(gap.what for gap in found.gaps) == example.gaps
    path = tmp_path / example.name
    blob = Blob(str(path), example.name, len(example.data), "model", "org/m")
    assert reader_name(blob, example.data[:HEAD_BYTES]) == "other_weights"


@pytest.mark.parametrize(
    ("name", "members", "expected"),
    [
        ("m.pt", ("archive/data.pkl", "archive/data/0"), "pickle"),
        ("m.bin", ("archive/other.pkl",), "pickle"),
        ("m.keras", ("config.json", "model.weights.h5"), "keras"),
        ("m.npz", ("a.npy",), "numpy"),
        ("m.pt", ("readme.txt",), "zip"),
    ],
)
def test_the_format_of_a_zip_is_that_of_its_members(
    tmp_path: Path, name: str, members: tuple[str, ...], expected: str
) -> None:
    assert formats(subject(tmp_path, name, zipped(*members))) == [expected]


def test_a_zip_without_its_directory_is_a_gap(tmp_path: Path) -> None:
    found = subject(tmp_path, "m.pt", zipped("archive/data.pkl")[:40])
    assert [gap.why for gap in found.gaps] == ["a zip without its directory: cut off"]
    assert formats(found) == ["pickle"]


def test_a_pickle_called_safetensors_is_a_gap(tmp_path: Path) -> None:
    found = subject(tmp_path, "m.safetensors", zipped("archive/data.pkl"))
    assert [gap.why for gap in found.gaps] == ["called .safetensors but is pickle, not safetensors"]
    assert next(iter(found.statements_for("weights_format"))).remark == "loading it can run code"


def test_nothing_is_loaded_when_it_is_hashed(tmp_path: Path) -> None:
    # An opcode that would raise if it were run.
    data = b"\x80\x04cnowhere\nnothing\n."
    found = subject(tmp_path, "m.pkl", data, ReadOptions(weights="full"))
    assert [s.key for s in found.statements] == ["weights_format", "artefact"]


def test_a_datasets_own_files_are_left_to_other_readers(tmp_path: Path) -> None:
    blob = Blob("x", "x.pkl", 9, "dataset", "org/d")
    assert reader.claims(blob, b"\x80\x04}q\x00.") == 0


@pytest.mark.parametrize(("kind", "count"), [(4, 2**63), (4, 2**64 - 1), (9, 2**40), (8, 2**22)])
def test_an_array_longer_than_its_file_is_a_gap(tmp_path: Path, kind: int, count: int) -> None:
    array = struct.pack("<Q", 1) + b"a" + struct.pack("<IIQ", 9, kind, count)
    found = subject(tmp_path, "m.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + array + array)
    assert [gap.why for gap in found.gaps] == ["the metadata is cut off or longer than is read"]


def gguf_file(*pairs: tuple[str, int, bytes], order: str = "<") -> bytes:
    """Return a GGUF file of these keys, value types and values."""
    data = b"GGUF" + struct.pack(f"{order}IQQ", 3, 0, len(pairs))
    for key, value_type, value in pairs:
        data += struct.pack(f"{order}Q", len(key)) + key.encode() + struct.pack(f"{order}I", value_type) + value
    return data


def gguf_text(value: str, order: str = "<") -> bytes:
    return struct.pack(f"{order}Q", len(value.encode())) + value.encode()


def gguf_texts(*values: str, order: str = "<") -> bytes:
    return struct.pack(f"{order}IQ", 8, len(values)) + b"".join(gguf_text(value, order) for value in values)


def stated(found: Subject) -> list[tuple[str, str, str]]:
    return [(s.key, s.value, s.relation) for s in found.statements[1:]]


def test_a_gguf_file_states_what_it_was_converted_from(tmp_path: Path) -> None:
    data = gguf_file(
        ("general.source.huggingface.repository", 8, gguf_text("org/hills")),
        ("general.base_model.count", 4, struct.pack("<I", 1)),
        ("general.base_model.0.repo_url", 8, gguf_text("https://huggingface.co/org/lakes")),
        ("general.tags", 9, gguf_texts("t")),
        ("general.datasets", 9, gguf_texts("d/s")),
    )
    assert stated(subject(tmp_path, "m.gguf", data)) == [
        ("tag", "t", ""),
        ("trained_on", "d/s", ""),
        ("base_model", "org/hills", "quantized"),
        ("base_model", "https://huggingface.co/org/lakes", ""),
    ]


def test_a_gguf_source_without_an_address_is_named_by_its_organization(tmp_path: Path) -> None:
    data = gguf_file(
        ("general.base_model.count", 4, struct.pack("<I", 2)),
        ("general.base_model.0.name", 8, gguf_text("Green Hills 7B")),
        ("general.base_model.0.organization", 8, gguf_text("Some Org")),
        ("general.base_model.1.name", 8, gguf_text("lakes")),
        ("general.license", 8, gguf_text("other")),
        ("general.license.name", 8, gguf_text("hills-community")),
        ("general.license.link", 8, gguf_text("https://example.org/licence")),
    )
    assert stated(subject(tmp_path, "m.gguf", data)) == [
        ("licence", "other", ""),
        ("licence_name", "hills-community", ""),
        ("licence_link", "https://example.org/licence", ""),
        ("base_model", "Some-Org/Green-Hills-7B", ""),
        ("base_model", "lakes", ""),
    ]


@pytest.mark.parametrize("order", ["<", ">"])
def test_gguf_metadata_after_the_vocabulary_is_read_in_either_byte_order(tmp_path: Path, order: str) -> None:
    words = [f"word{number}" * 9 for number in range(60_000)]  # more than is read at once
    data = gguf_file(
        ("tokenizer.ggml.tokens", 9, gguf_texts(*words, order=order)),
        ("tokenizer.ggml.scores", 9, struct.pack(f"{order}IQ", 6, 60_000) + bytes(240_000)),
        ("tokenizer.ggml.bos_token_id", 4, bytes(4)),
        ("general.license", 8, gguf_text("mit", order)),
        order=order,
    )
    found = subject(tmp_path, "m.gguf", data)
    assert stated(found) == [("licence", "mit", "")]
    assert not found.gaps


def test_a_gguf_file_cut_off_keeps_what_was_read_before(tmp_path: Path) -> None:
    data = gguf_file(("general.license", 8, gguf_text("mit")), ("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 100)))
    found = subject(tmp_path, "m.gguf", data)
    assert stated(found) == [("licence", "mit", "")]
    assert [gap.why for gap in found.gaps] == ["the metadata is cut off or longer than is read"]


@given(st.binary(max_size=80), st.sampled_from([b"GGUF\x03\0\0\0", b"PK\x03\x04", b"\x80\x04", b""]))
def test_junk_is_read_without_an_error(tmp_path_factory, data: bytes, start: bytes) -> None:
    folder = tmp_path_factory.mktemp("junk")
    for name in ("m.gguf", "m.pt", "m.safetensors"):
        subject(folder, name, start + data)


@pytest.mark.corpus
def test_every_pointer_called_weights_states_its_digest(corpus: Path, tmp_path: Path) -> None:
    files = sorted((corpus / "07-safetensors-headers" / "git-lfs-pointers").glob("*.safetensors"))
    assert len(files) >= 8
    for file in files:
        data = file.read_bytes()
        found = subject(tmp_path, file.name, data)
        (digest,) = (s.value for s in found.statements_for("artefact"))
        assert digest.removeprefix("sha256:").encode() in data
        assert [gap.why for gap in found.gaps] == ["a Git LFS pointer: the weights themselves are not here"]


def test_a_list_in_messagepack_outside_a_model_is_no_weights() -> None:
    assert reader.claims(unopened_blob("rows.msgpack"), b"\x91\x81\xa1i") == 0
    assert reader.claims(unopened_blob("flax_model.msgpack"), b"\x81\xa6params") == 50
    assert reader.claims(unopened_blob("flax_model.msgpack", "model"), b"\x91") == 50
