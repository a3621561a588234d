"""Opening lists by name, folder or file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError
from auditor.known.list_store import imported_lists, open_imported_list
from auditor.known.open_list import open_list
from tests.known.list_files import hexes, imported_as, list_file


def test_an_imported_list_is_opened_by_its_name(tmp_path: Path) -> None:
    made = imported_as(list_file(tmp_path, *hexes(1, 2)), "3", holder="a hotline")
    assert open_list("hills") == made == open_imported_list("hills")
    assert (made.version, made.entries, made.means, made.holder) == ("3", 2, "test", "a hotline")
    assert [known.name for known in imported_lists()] == ["hills"]


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


def test_a_delta_is_no_list_to_scan_with(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"hills\.txt: changes an earlier version of a list; import it"):
        open_list(list_file(tmp_path, "# delta: yes", *hexes(1)), means="test", into=tmp_path / "run")


def test_a_list_file_is_compiled_anew_when_it_is_read_in_another_way(tmp_path: Path) -> None:
    table = list_file(tmp_path, "a,b", f"{hexes(1)[0]},{hexes(2)[0]}", name="hills.csv")
    first = open_list(table, means="test", columns={"md5": "a"}, into=tmp_path / "run")
    assert first.values("md5", np.arange(1)).to_pylist() == [bytes.fromhex(hexes(1)[0])]
    with pytest.raises(ListError, match="another list of this name is there"):
        open_list(table, means="test", columns={"md5": "b"}, into=tmp_path / "run")
    with pytest.raises(ListError, match="another list of this name is there"):
        open_list(table, means="csam", columns={"md5": "a"}, into=tmp_path / "run")
