"""Imported lists: who can read them, going back to a version, and removing versions."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from auditor.errors import ListError, UsageError
from auditor.known.list_store import imported_lists, kept_versions, open_imported_list, remove_list, roll_back
from auditor.known.open_list import open_list
from auditor.resources import user_data_folder
from tests.known.list_files import hexes, imported_as, list_file


def test_only_its_owner_can_read_what_was_imported(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1, 2)))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (user_data_folder() / "lists").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_a_person_can_go_back_and_an_import_still_cannot(tmp_path: Path) -> None:
    for number in (1, 2):
        imported_as(list_file(tmp_path, *hexes(number)), str(number))
    assert kept_versions("hills") == ("1", "2")
    with pytest.raises(UsageError, match="needs a --reason"):
        roll_back("hills", "1", " ")
    assert roll_back("hills", "1", "2 was withdrawn").version == open_imported_list("hills").version == "1"
    for version, says in (("2", "version 2 of the list 'hills' is already imported"), ("1.5", "is older than 2")):
        with pytest.raises(ListError, match=says):
            imported_as(list_file(tmp_path, *hexes(3)), version)
    assert imported_as(list_file(tmp_path, *hexes(3)), "3") == open_imported_list("hills")
    with pytest.raises(ListError, match=r"version '7' of the list 'hills' is not kept; there are 1, 2, 3"):
        roll_back("hills", "7", "a slip")


def test_a_damaged_version_is_not_gone_back_to(tmp_path: Path) -> None:
    for number in (1, 2):
        known = imported_as(list_file(tmp_path, *hexes(number)), str(number))
    array = known.path.parent / "1" / "md5.values.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"?")
    with pytest.raises(ListError, match=r"md5\.values\.npy: changed since the list was compiled"):
        roll_back("hills", "1", "2 was withdrawn")
    assert open_imported_list("hills").version == "2"


def test_old_versions_can_be_removed_and_the_active_one_only_with_the_list(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        imported_as(list_file(tmp_path, *hexes(number)), str(number))
    remove_list("hills", ["1"])
    assert kept_versions("hills") == ("2", "3")
    for versions, says in ((["2", "3"], "version 3 .* is the active one"), (["2", "../3"], "is not kept")):
        with pytest.raises(ListError, match=says):
            remove_list("hills", versions)
    assert kept_versions("hills") == ("2", "3")
    remove_list("hills")
    assert imported_lists() == ()
    assert not (user_data_folder() / "lists/hills").exists()
    with pytest.raises(ListError, match="no list 'hills' is imported"):
        remove_list("hills")


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1)))
    manifest = json.loads((known.path / "manifest.json").read_text())
    (known.path / "manifest.json").write_text(json.dumps({**manifest, "means": "benign"}))
    with pytest.raises(ListError, match=r"manifest\.json: changed since the list was imported; import it again"):
        open_list("hills")
