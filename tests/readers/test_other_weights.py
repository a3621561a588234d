from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Subject
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, ReadOptions, reader_name
from auditor.readers import other_weights as reader
from auditor.sources import Blob


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


def test_a_gguf_file_states_what_it_was_converted_from(tmp_path: Path) -> None:
    def text(key: str, value: str) -> bytes:
        return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<IQ", 8, len(value.encode())) + value.encode()

    pairs = (
        text("general.source.huggingface.repository", "org/hills"),
        struct.pack("<Q", 24) + b"general.base_model.count" + struct.pack("<II", 4, 1),
        text("general.base_model.0.repo_url", "https://huggingface.co/org/lakes"),
        struct.pack("<Q", 12) + b"general.tags" + struct.pack("<IIQ", 9, 8, 1) + struct.pack("<Q", 1) + b"t",
        struct.pack("<Q", 16) + b"general.datasets" + struct.pack("<IIQ", 9, 8, 1) + struct.pack("<Q", 3) + b"d/s",
    )
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)
    found = subject(tmp_path, "m.gguf", data)
    assert [(s.key, s.value, s.relation) for s in found.statements[1:]] == [
        ("base_model", "org/hills", "quantized"),
        ("base_model", "https://huggingface.co/org/lakes", ""),
        ("trained_on", "d/s", ""),
    ]


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
