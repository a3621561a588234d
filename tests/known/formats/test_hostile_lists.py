"""Lists that are made to hurt: endless lines, deep nesting, entities; refused with their place, in flat memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.errors import ListError
from auditor.known.entries import ListOptions
from auditor.known.formats import nsrl
from auditor.known.formats.vics import read as read_vics
from auditor.known.list_formats import list_formats

JSON_FORMATS = (
    "arachnid",
    "hashlookup",
    "json_hashes",
    "misp",
    "models_json",
    "stix",
    "stopncii",
    "tech_against_terrorism",
    "vics",
)


@pytest.mark.parametrize("name", JSON_FORMATS)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"value":[', b'{"objects":[{"hashes":'])
def test_json_nested_ten_thousand_deep_is_refused(tmp_path: Path, name: str, opening: bytes) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(opening * 10_000)
    with pytest.raises(ListError, match=r"deep\.json: JSON nested deeper than 200"):
        list(list_formats()[name].read(path, ListOptions()))


@pytest.mark.parametrize("name", sorted(list_formats()))
def test_a_line_of_a_hundred_megabytes_is_refused_in_bounded_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "long.txt"
    seed = next(example for example in list_formats()[name].EXAMPLES if not example.refused)
    path.write_bytes(seed.data.rstrip(b"\n") + b"a" * 100_000_000)
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        found: list[object] = []
        refusal = ""
        try:
            found.extend(list_formats()[name].read(path, seed.options))
        except ListError as error:
            refusal = str(error)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if name != "nsrl":  # SQLite knows its pages and does not look beyond them
        assert str(path) in refusal
    assert peak + pa.total_allocated_bytes() - before < 150_000_000


def test_entities_and_external_references_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xml"
    space = 'xmlns="https://hashsharing.ncmec.org/hashsharing/v2"'
    for declared in (
        '<!DOCTYPE a [<!ENTITY a "b">]>',
        '<!DOCTYPE a SYSTEM "http://a.example/a.dtd">',
        '<!DOCTYPE a [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]>',
    ):
        path.write_text(f"{declared}<queryResult {space}/>")
        with pytest.raises(ListError, match="declares a document type or entities"):
            list(list_formats()["ncmec"].read(path, ListOptions()))


@pytest.mark.slow
def test_a_large_vics_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    media = [
        {"MediaID": n, "Category": 1, "MD5": f"{n:032x}", "MediaFiles": [{"FileName": "a" * 50}] * 3}
        for n in range(2000)
    ]
    with path.open("w") as file:
        file.write('{"@odata.context": "http://a/2.0.xml/US/$metadata#Cases", "value": [')
        for case in range(8):
            file.write(("," if case else "") + json.dumps({"CaseID": str(case), "Media": media}))
        file.write("]}")
    list(read_vics(path, ListOptions()))  # pyarrow imports more the first time
    tracemalloc.start()
    try:
        rows = sum(len(item) for item in read_vics(path, ListOptions()) if hasattr(item, "values"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == 16_000
    assert peak < 4_000_000 < path.stat().st_size


def test_a_damaged_byte_anywhere_in_a_sqlite_list_is_told_by_the_files_name(tmp_path: Path) -> None:
    seed, path, messages = nsrl.EXAMPLES[0].data, tmp_path / "rds.db", set()
    for at in range(len(seed)):
        path.write_bytes(seed[:at] + b"\x80" + seed[at + 1 :])
        try:
            list(nsrl.read(path, ListOptions()))
        except ListError as error:
            messages.add(str(error))
    assert all(words.startswith(f"{path}: ") for words in messages)
    assert f"{path}: the SQLite file cannot be read: its schema is not UTF-8" in messages
