"""Every reader, found by being there: its examples hold, junk never makes it raise, no blob is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import GAP_KINDS, STATEMENT_KEYS
from auditor.parts import Part
from auditor.readers import Reader, ReaderExample, ReadOptions, readers
from auditor.samples import Samples
from auditor.sources import Blob, Unread

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


def answer(reader: Reader, blob: Blob, options: ReadOptions) -> list[Part | Samples | Unread]:
    """What the reader says, checked against what every answer must be."""
    said = list(reader.read([blob], options))
    for item in said:
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
    return said


def test_there_are_readers() -> None:
    assert {"card", "licence", "configuration", "croissant", "dataset_infos", "card_dump", "document"} <= set(readers())


@pytest.mark.parametrize(("reader", "example"), EXAMPLES)
def test_an_example_is_claimed_and_says_what_it_promises(
    reader: Reader, example: ReaderExample, tmp_path: Path
) -> None:
    blob = blob_of(tmp_path, example.name, example.data)
    assert reader.claims(blob, example.data[:4096]) > 0
    said = answer(reader, blob, example.options)
    parts = [item for item in said if isinstance(item, Part)]
    stated = {(s.key, s.value, s.relation) for part in parts for s in part.subject.statements}
    assert set(example.states) <= stated
    whys = [item.why for item in said if isinstance(item, Unread)]
    assert any(example.unread in why for why in whys) if example.unread else not whys
    gaps = {gap.what for part in parts for gap in part.subject.gaps}
    assert set(example.gaps) <= gaps
    if not example.gaps and not example.unread:
        assert not gaps
    columns = {name for item in said if isinstance(item, Samples) for name in item.batch.schema.names}
    assert set(example.columns) <= columns


@pytest.mark.parametrize(("name", "reader"), ALL)
@QUIET
@given(data=st.binary(max_size=600))
def test_junk_never_makes_a_reader_raise(name: str, reader: Reader, data: bytes, tmp_path: Path) -> None:
    for example in {example.name: example for example in reader.EXAMPLES}.values():
        blob = blob_of(tmp_path, example.name, data)
        reader.claims(blob, data[:4096])
        answer(reader, blob, example.options)


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
    answer(reader, blob, example.options)


@pytest.mark.parametrize(("name", "reader"), ALL)
def test_a_file_that_is_gone_is_unread(name: str, reader: Reader, tmp_path: Path) -> None:
    for example in {example.name: example for example in reader.EXAMPLES}.values():
        blob = Blob(str(tmp_path / "gone" / example.name), example.name, 10, standalone_name="example")
        said = answer(reader, blob, example.options)
        assert said, f"{name} loses a blob it cannot open"
        # Samples may say it of the row instead: then the row's own gap does.
        assert all(isinstance(item, (Unread, Samples)) for item in said), said
