"""Importing and opening lists: nothing half-made or damaged is ever used."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError
from auditor.known import Options
from auditor.known.compiled import KnownList
from auditor.known.store import Declared, home, import_list, imported, open_imported, open_list


def hexes(*numbers: int, width: int = 16) -> list[str]:
    return [hashlib.shake_128(str(number).encode()).hexdigest(width) for number in numbers]


def list_file(folder: Path, *lines: str, name: str = "hills.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def imported_as(path: Path, version: str = "", **declared: object) -> KnownList:
    said = Declared(**{"name": "hills", "means": "test", "version": version, **declared})  # type: ignore[arg-type]
    return import_list(path, said, Options())[0]


def test_an_imported_list_is_opened_by_its_name(tmp_path: Path) -> None:
    made = imported_as(list_file(tmp_path, *hexes(1, 2)), "3", holder="a hotline")
    assert open_list("hills") == made == open_imported("hills")
    assert (made.version, made.entries, made.means, made.holder) == ("3", 2, "test", "a hotline")
    assert [known.name for known in imported()] == ["hills"]


def test_only_its_owner_can_read_what_was_imported(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1, 2)))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (home() / "lists").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_what_a_list_means_must_be_said(tmp_path: Path) -> None:
    path = list_file(tmp_path, *hexes(1))
    with pytest.raises(ListError, match=r"hills\.txt: nothing says what its entries mean; give --means csam\|"):
        open_list(path, into=tmp_path / "run")
    with pytest.raises(ListError, match=r"hills\.txt: means 'bad' is none of csam, "):
        open_list(path, means="bad", into=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_comment_in_the_list_may_say_what_it_means(tmp_path: Path) -> None:
    path = list_file(tmp_path, "# means: withdrawn", "# name: lake", "# version: 7", *hexes(1))
    known = open_list(path, into=tmp_path / "run")
    assert (known.name, known.means, known.version) == ("lake", "withdrawn", "7")


def test_a_list_file_is_compiled_once_for_a_run(tmp_path: Path) -> None:
    path = list_file(tmp_path, *hexes(1, 2))
    first = open_list(path, means="test", into=tmp_path / "run")
    before = (first.path / "manifest.json").stat().st_mtime_ns
    assert open_list(path, means="test", into=tmp_path / "run") == first
    assert (first.path / "manifest.json").stat().st_mtime_ns == before
    assert open_list(first.path) == first


def test_two_different_list_files_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    open_list(list_file(tmp_path, *hexes(1)), means="test", into=tmp_path / "run")
    with pytest.raises(ListError, match="another list of this name is there"):
        open_list(list_file(tmp_path, *hexes(2)), means="test", into=tmp_path / "run")


def test_tokens_stay_the_same_over_runs_and_versions(tmp_path: Path) -> None:
    path = list_file(tmp_path, *hexes(1))
    runs = [open_list(path, means="test", into=tmp_path / run) for run in ("one", "two")]
    assert runs[0].tokens("md5", np.arange(1)) == runs[1].tokens("md5", np.arange(1))
    versions = [imported_as(path, version) for version in ("1", "2")]
    assert versions[0].tokens("md5", np.arange(1)) == versions[1].tokens("md5", np.arange(1))
    assert runs[0].tokens("md5", np.arange(1)) != versions[0].tokens("md5", np.arange(1))


def test_a_name_that_is_neither_a_list_nor_a_file_says_which_lists_there_are(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)))
    with pytest.raises(ListError, match=r"hils: neither a list file nor an imported list \(imported: hills\)"):
        open_list("hils")


@pytest.mark.parametrize("name", ["../hills", "a/b", "", ".hidden", "x" * 65])
def test_a_list_cannot_be_named_out_of_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="cannot name a list"):
        imported_as(list_file(tmp_path, *hexes(1)), name=name)


@pytest.mark.parametrize(("old", "new"), [("10", "9"), ("2026-11-02", "2026-10-30"), ("1.10", "1.9"), ("2b", "2a")])
def test_a_version_cannot_go_backwards(old: str, new: str, tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), old)
    with pytest.raises(ListError, match=f"version {new} of the list 'hills' is older than {old}"):
        imported_as(list_file(tmp_path, *hexes(2)), new)
    assert open_imported("hills").version == old
    imported_as(list_file(tmp_path, *hexes(2)), f"{old}.1")
    assert open_imported("hills").version == f"{old}.1"


def test_the_same_version_is_not_imported_twice(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with pytest.raises(ListError, match="version 1 of the list 'hills' is already imported"):
        imported_as(list_file(tmp_path, *hexes(2)), "1")


def test_a_delta_changes_the_active_version(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1, 2)), "1")
    known = imported_as(list_file(tmp_path, "# delta: yes", *hexes(3)), "2")
    assert known.entries == 3
    assert open_imported("hills").version == "2"


def test_a_delta_without_its_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="changes an earlier version, and no list 'hills' is imported yet"):
        imported_as(list_file(tmp_path, "# delta: yes", *hexes(3)))


def test_a_malformed_line_leaves_the_active_version_as_it_was(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with pytest.raises(ListError, match=r"hills\.txt: line 2: .*; nothing was imported"):
        imported_as(list_file(tmp_path, hexes(1)[0], hexes(2)[0][:-1], *hexes(*range(9))), "2")
    assert open_imported("hills").version == "1"
    assert sorted(path.name for path in (home() / "lists/hills").iterdir()) == [".lock", "1", "active.json", "key"]


def test_a_version_that_lists_something_harmless_is_not_activated(tmp_path: Path) -> None:
    empty = hashlib.md5(b"").hexdigest()
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with pytest.raises(
        ListError, match=r"matches the md5 of an empty file, which is harmless; version 2 .* not activated"
    ):
        imported_as(list_file(tmp_path, empty, *hexes(1)), "2")
    assert open_imported("hills").version == "1"
    assert imported_as(list_file(tmp_path, empty), means="benign", name="harmless").entries == 1


@pytest.mark.parametrize("name", ["md5.values.npy", "md5.keys.npy", "md5.filter.npy"])
def test_a_truncated_array_is_refused_by_name(name: str, tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1, 2, 3)))
    array = known.path / name
    size = array.stat().st_size
    array.write_bytes(array.read_bytes()[:-1])
    with pytest.raises(
        ListError, match=rf"{name}: has {size - 1:,} bytes and should have {size:,}; import the list again"
    ):
        open_imported("hills")


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


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1)))
    manifest = json.loads((known.path / "manifest.json").read_text())
    (known.path / "manifest.json").write_text(json.dumps({**manifest, "means": "benign"}))
    with pytest.raises(ListError, match=r"manifest\.json: changed since the list was imported; import it again"):
        open_list("hills")


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"format": 2}', b'{"format": 1}', b'{"format":1,"files":3}']
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


def test_a_threshold_belongs_to_its_list(tmp_path: Path) -> None:
    path = list_file(tmp_path, "# algorithm: pdq", *hexes(1, width=32))
    assert imported_as(path, "1").thresholds == {"pdq": 31}
    assert imported_as(path, "2", thresholds=(("pdq", 20),)).thresholds == {"pdq": 20}
    assert imported_as(path, "3").thresholds == {"pdq": 20}


@pytest.mark.parametrize(
    ("threshold", "says"),
    [(("pdq", 32), "pdq=32: give 0 to 31"), (("md5", 3), "only pdq, phash-64, dhash-64 are matched")],
)
def test_a_threshold_that_makes_no_sense_is_refused(threshold: tuple[str, int], says: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=says):
        imported_as(list_file(tmp_path, *hexes(1)), thresholds=(threshold,))


def test_a_damaged_list_can_be_imported_again(tmp_path: Path) -> None:
    path = list_file(tmp_path, *hexes(1, 2))
    known = imported_as(path, "1")
    (known.path / "md5.keys.npy").write_bytes(b"")
    with pytest.raises(ListError, match="import the list again"):
        open_list("hills")
    imported_as(path, "1")
    assert open_list("hills").entries == 2


@pytest.mark.parametrize("version", ["--", "..", "../..", "/"])
def test_a_version_that_names_no_folder_is_not_used(version: str, tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    assert imported_as(list_file(tmp_path, *hexes(1)), version).version.startswith("20")
    assert (home() / "lists/hills/1/manifest.json").exists()


@pytest.mark.parametrize("version", ["key", "active.json"])
def test_a_version_cannot_be_called_like_a_file_of_the_store(version: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=f"'{version}' cannot name a version"):
        imported_as(list_file(tmp_path, *hexes(1)), version)


def test_what_a_killed_import_left_behind_is_cleared_away(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    (home() / "lists/hills/.importing-left").mkdir()
    (home() / "lists/hills/2").mkdir()
    assert imported_as(list_file(tmp_path, *hexes(1, 2)), "2").entries == 2
    assert sorted(path.name for path in (home() / "lists/hills").iterdir()) == [".lock", "1", "2", "active.json", "key"]


def test_two_imports_of_one_list_do_not_run_at_once(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with (home() / "lists/hills/.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ListError, match="another import of this list is running"):
            imported_as(list_file(tmp_path, *hexes(2)), "2")
