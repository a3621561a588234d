"""Every reader of the folder: its examples hold, junk never makes it raise, no file is lost."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import auditor.readers
from auditor.blob import Blob, Unread
from auditor.errors import ExtensionError
from auditor.extensions import load_members
from auditor.model import GAP_KINDS, STATEMENT_KEYS
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import Reader, ReaderExample, croissant, dataset_infos, model_openness, reader_name, readers
from auditor.samples import Samples
from auditor.sources.folder import blobs

ALL = tuple(readers().items())
EXAMPLES = [
    pytest.param(reader, example, id=f"{name}-{number}-{example.name}")
    for name, reader in ALL
    for number, example in enumerate(reader.EXAMPLES)
]
QUIET = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def blob_of(folder: Path, name: str, data: bytes) -> Blob:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Blob(str(path), name, len(data), standalone_name="example")


def read_checked(reader: Reader, blob: Blob, options: ReadOptions) -> list[Part | Samples | Unread]:
    """Return what the reader yields of a file, each item checked for what it must have."""
    items = list(reader.read([blob], options))
    for item in items:
        if isinstance(item, Unread):
            assert item.why, "an unread file without a reason"
            assert item.uri, "an unread file without its place"
        elif isinstance(item, Part):
            for statement in item.subject.statements:
                assert statement.key in STATEMENT_KEYS, statement
                assert statement.place.uri.startswith(blob.uri), statement
                assert statement.place.line >= 0, statement
                assert statement.source, statement
            for gap in item.subject.gaps:
                assert gap.what in GAP_KINDS, gap
                assert gap.why, gap
    return items


def test_every_module_of_the_folder_is_a_reader() -> None:
    (folder,) = map(Path, auditor.readers.__path__)
    modules = {path.stem for path in folder.iterdir() if not path.name.startswith("__")}
    assert set(readers()) == modules
    assert {"card", "safetensors", "table"} <= modules


@pytest.mark.parametrize(("reader", "example"), EXAMPLES)
def test_an_example_is_claimed_and_its_reader_says_what_it_must(
    reader: Reader, example: ReaderExample, tmp_path: Path
) -> None:
    blob = blob_of(tmp_path, example.name, example.data)
    assert reader.claims(blob, example.data[:4096]) > 0
    items = read_checked(reader, blob, example.options)
    parts = [item for item in items if isinstance(item, Part)]
    stated = {(s.key, s.value, s.relation) for part in parts for s in part.subject.statements}
    assert set(example.states) <= stated
    whys = [item.why for item in items if isinstance(item, Unread)]
    assert any(example.unread in why for why in whys) if example.unread else not whys
    gaps = {gap.what for part in parts for gap in part.subject.gaps}
    assert set(example.gaps) <= gaps
    if not example.gaps and not example.unread:
        assert not gaps
    columns = {name for item in items if isinstance(item, Samples) for name in item.batch.schema.names}
    assert set(example.columns) <= columns


@pytest.mark.parametrize(("name", "reader"), ALL)
@QUIET
@given(data=st.binary(max_size=600))
def test_junk_never_makes_a_reader_raise(name: str, reader: Reader, data: bytes, tmp_path: Path) -> None:
    for example in {example.name: example for example in reader.EXAMPLES}.values():
        blob = blob_of(tmp_path, example.name, data)
        reader.claims(blob, data[:4096])
        read_checked(reader, blob, example.options)


@pytest.mark.parametrize(("reader", "example"), EXAMPLES)
@QUIET
@given(choices=st.data())
def test_a_truncated_or_altered_example_never_makes_a_reader_raise(
    reader: Reader, example: ReaderExample, choices: st.DataObject, tmp_path: Path
) -> None:
    data = example.data[:20_000]
    cut = choices.draw(st.integers(0, len(data)))
    junk = choices.draw(st.binary(max_size=8))
    blob = blob_of(tmp_path, example.name, data[:cut] + junk + (data[cut:] if choices.draw(st.booleans()) else b""))
    reader.claims(blob, blob.read(4096))
    read_checked(reader, blob, example.options)


@pytest.mark.parametrize(("name", "reader"), ALL)
def test_a_file_that_is_gone_is_unread(name: str, reader: Reader, tmp_path: Path) -> None:
    for example in {example.name: example for example in reader.EXAMPLES}.values():
        blob = Blob(str(tmp_path / "gone" / example.name), example.name, 10, standalone_name="example")
        items = read_checked(reader, blob, example.options)
        assert items, f"{name} loses a blob it cannot open"
        # Samples may say it of the row instead: then the row's own gap does.
        assert all(isinstance(item, (Unread, Samples)) for item in items), items


def test_a_module_of_the_folder_that_is_no_reader_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "misspelt.py").write_text("EXAMPLES = ()\ndef claims(blob, head): ...\ndef reed(blobs, options): ...\n")
    monkeypatch.setattr(auditor.readers, "__path__", [*auditor.readers.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "auditor.readers.misspelt", raising=False)
    load_members.cache_clear()
    with pytest.raises(ExtensionError) as refused:
        readers()
    load_members.cache_clear()
    why = "has no read() (it has 'reed': is it misspelt?); add it, or move what is no member out of auditor.readers"
    assert str(refused.value) == f"{tmp_path / 'misspelt.py'}: {why}"


@pytest.mark.corpus
def test_every_croissant_infos_and_openness_file_is_read(corpus: Path) -> None:
    """Numbers counted by a plain JSON reading of the same files."""
    for folder, name, reader in (
        ("04-dataset-cards/hf-dataset_infos", "dataset_infos", dataset_infos),
        ("08-manifests-and-hash-lists/mof", "model_openness", model_openness),
        ("04-dataset-cards/croissant/datasets", "croissant", croissant),
    ):
        claimed = [
            b for b in blobs(str(corpus / folder)) if isinstance(b, Blob) and reader_name(b, b.read(4096)) == name
        ]
        assert len(claimed) > 50, folder
        items = list(reader.read(claimed, ReadOptions()))
        assert [item for item in items if isinstance(item, Unread)] == []
        assert len(items) == len(claimed)
        if name == "croissant":
            for found, item in zip(claimed, items, strict=True):
                assert isinstance(item, Part)
                plain = json.loads(found.read())
                licence = plain.get("license", [])
                expected = licence if isinstance(licence, list) else [licence]
                assert list(item.subject.values("licence")) == expected, found.uri
