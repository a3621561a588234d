"""Compiled lists: whatever changed since it was compiled is refused by name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError
from auditor.known.list_store import open_imported_list
from auditor.known.manifest import FORMAT_VERSION
from auditor.known.open_list import open_list
from tests.known.list_files import hexes, imported_as, list_file


def test_a_list_of_an_older_layout_is_to_be_imported_again(tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1)))
    manifest = json.loads((known.path / "manifest.json").read_text())
    (known.path / "manifest.json").write_text(json.dumps({**manifest, "format": manifest["format"] - 1}))
    with pytest.raises(ListError, match=r"manifest\.json: not of format \d+; import the list again"):
        open_list(known.path)


def test_arrays_that_change_have_a_format_of_their_own(tmp_path: Path) -> None:
    pdq = list_file(tmp_path, "# algorithm: pdq", *hexes(*range(50), width=32), name="pdq.txt")
    urls = list_file(tmp_path, *(f"http://a{n}.example/{n}" for n in range(50)), name="urls.txt")
    lists = [open_list(path, means="test", into=tmp_path / "run") for path in (pdq, urls)]
    digests = [
        file["sha256"] for known in lists for name, file in sorted(known.manifest["files"].items()) if name != "key"
    ]
    assert (FORMAT_VERSION, hashlib.sha256("".join(digests).encode()).hexdigest()[:16]) == (2, "25c8c40b85e48bc0"), (
        "the arrays or their keys are made in another way: count FORMAT, so that older lists are imported again"
    )


@pytest.mark.parametrize("name", ["md5.values.npy", "md5.keys.npy", "md5.filter.npy"])
def test_a_truncated_array_is_refused_by_name(name: str, tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1, 2, 3)))
    array = known.path / name
    size = array.stat().st_size
    array.write_bytes(array.read_bytes()[:-1])
    with pytest.raises(
        ListError, match=rf"{name}: has {size - 1:,} bytes and should have {size:,}; import the list again"
    ):
        open_imported_list("hills")


def test_a_changed_array_is_refused_by_name(tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1, 2, 3)))
    array = known.path / "md5.values.npy"
    data = bytearray(array.read_bytes())
    data[-1] ^= 1
    array.write_bytes(data)
    with pytest.raises(
        ListError, match=r"md5\.values\.npy: changed since the list was compiled; import the list again"
    ):
        open_list("hills")


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"format": 1}', b'{"format": 2}', b'{"format":2,"files":3}']
)
def test_a_manifest_that_is_none_is_refused(junk: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(junk)
    with pytest.raises(ListError, match=r"manifest\.json: .*import the list again"):
        open_list(tmp_path)


def test_a_lost_key_is_named(tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1)))
    (known.path / "key").unlink()
    with pytest.raises(ListError, match=r"key: the list's key cannot be read"):
        known.tokens("md5", np.arange(1))
