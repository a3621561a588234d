"""Importing lists: nothing half-made, older or harmful becomes active."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_identity import ListDeclaration
from auditor.known.list_store import imported_lists, open_imported_list
from auditor.known.open_list import open_list
from auditor.resources import user_data_folder
from tests.known.list_files import hexes, imported_as, list_file


@pytest.mark.parametrize("name", ["../hills", "a/b", "", ".hidden", "x" * 65])
def test_a_list_cannot_be_named_out_of_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="cannot name a list"):
        imported_as(list_file(tmp_path, *hexes(1)), name=name)


@pytest.mark.parametrize(("old", "new"), [("10", "9"), ("2026-11-02", "2026-10-30"), ("1.10", "1.9"), ("2b", "2a")])
def test_a_version_cannot_go_backwards(old: str, new: str, tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), old)
    with pytest.raises(ListError, match=f"version {new} of the list 'hills' is older than {old}"):
        imported_as(list_file(tmp_path, *hexes(2)), new)
    assert open_imported_list("hills").version == old
    imported_as(list_file(tmp_path, *hexes(2)), f"{old}.1")
    assert open_imported_list("hills").version == f"{old}.1"


def test_the_same_version_is_not_imported_twice(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with pytest.raises(ListError, match="version 1 of the list 'hills' is already imported"):
        imported_as(list_file(tmp_path, *hexes(2)), "1")


def test_a_delta_changes_the_active_version(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1, 2)), "1")
    known = imported_as(list_file(tmp_path, "# delta: yes", *hexes(3)), "2")
    assert known.entries == 3
    assert open_imported_list("hills").version == "2"


def test_a_delta_without_its_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="changes an earlier version, and no list 'hills' is imported yet"):
        imported_as(list_file(tmp_path, "# delta: yes", *hexes(3)))


def ncmec(folder: Path, name: str, *items: str) -> Path:
    """A page of NCMEC's: ``i1 A1 HEX`` is an image with its classification and MD5, ``i1`` a tombstone."""

    def element(item: str) -> str:
        key, *rest = item.split()
        known = f'<member id="4">Hills</member><id>{key}</id>'
        if not rest:
            return f"<deletedImage>{known}</deletedImage>"
        classified = f"<classification>{rest[0]}</classification><fingerprints><md5>{rest[1]}</md5></fingerprints>"
        return f"<image>{known}{classified}</image>"

    path = folder / name
    space = "https://hashsharing.ncmec.org/hashsharing/v2"
    elements = "".join(map(element, items))
    path.write_text(f'<queryResult xmlns="{space}"><images count="{len(items)}">{elements}</images></queryResult>')
    return path


def classifications(known: CompiledList) -> dict[str, str]:
    """The classification of each MD5 that a list holds."""
    every = np.arange(known.entries)
    texts = [value.hex() for value in known.values("md5", every).to_pylist()]
    return dict(zip(texts, known.classifications_of("md5", every), strict=True))


def test_pages_of_a_feed_change_the_list_that_their_first_ones_began(tmp_path: Path) -> None:
    one, two, three = hexes(1, 2, 3)
    first = ncmec(tmp_path, "1.xml", f"a A1 {one}", f"b A1 {two}")
    declared = ListDeclaration(name="ncmec")
    assert classifications(import_list([first], replace(declared, version="1"), ListOptions())[0]) == {
        one: "A1",
        two: "A1",
    }
    second = ncmec(tmp_path, "2.xml", f"a A2 {one}", "b", f"c B1 {three}")
    changed = import_list([second], replace(declared, version="2"), ListOptions())[0]
    assert classifications(changed) == {one: "A2", three: "B1"}
    assert changed.means == "csam"
    nothing = import_list([ncmec(tmp_path, "3.xml")], replace(declared, version="3"), ListOptions())[0]
    assert classifications(nothing) == {one: "A2", three: "B1"}
    reimported = import_list([second], replace(declared, version="4"), ListOptions(), whole=True)[0]
    assert classifications(reimported) == {one: "A2", three: "B1"}
    reimported = import_list([first], replace(declared, version="5"), ListOptions(), whole=True)[0]
    assert classifications(reimported) == {one: "A1", two: "A1"}


def test_pages_that_are_imported_at_once_change_each_other_in_their_order(tmp_path: Path) -> None:
    one, two, three = hexes(1, 2, 3)
    pages = [
        ncmec(tmp_path, "1.xml", f"a A1 {one}", f"b A1 {two}", f"c A1 {three}"),
        ncmec(tmp_path, "2.xml", f"a A2 {one}", "b", "c"),
        ncmec(tmp_path, "3.xml", f"c B2 {three}"),
    ]
    known, _ = import_list(pages, ListDeclaration(name="ncmec", version="1"), ListOptions())
    assert classifications(known) == {one: "A2", three: "B2"}
    assert known.manifest["withdrawn"] == 2


def test_a_feeds_first_page_without_an_entry_is_no_list_yet(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"0\.xml: holds no entry that can be matched"):
        import_list([ncmec(tmp_path, "0.xml")], ListDeclaration(name="ncmec"), ListOptions())
    assert imported_lists() == ()


def test_several_files_that_are_no_pages_are_refused(tmp_path: Path) -> None:
    files = [list_file(tmp_path, *hexes(n), name=f"{n}.txt") for n in (1, 2)]
    with pytest.raises(ListError, match=r"2\.txt: several files are one list only as pages of a feed"):
        import_list(files, ListDeclaration(name="hills", means="test"), ListOptions())
    delta = list_file(tmp_path, "# delta: yes", *hexes(3), name="delta.txt")
    assert import_list([files[0], delta], ListDeclaration(name="hills", means="test"), ListOptions())[0].entries == 2


def test_a_malformed_line_of_any_page_is_named_with_its_file(tmp_path: Path) -> None:
    pages = [ncmec(tmp_path, "1.xml", f"a A1 {hexes(1)[0][:-1]}"), ncmec(tmp_path, "2.xml", f"b A1 {hexes(1)[0]}")]
    with pytest.raises(ListError, match=r"1\.xml: line 1: not a md5"):
        import_list(pages, ListDeclaration(name="ncmec"), ListOptions())


def test_disputes_of_older_entries_are_counted_in_every_version(tmp_path: Path) -> None:
    table = list_file(tmp_path, "id,md5,feedback", f"a,{hexes(1)[0]},disputed", f"b,{hexes(2)[0]},", name="hills.csv")
    assert imported_as(table, "1").manifest["disputed"] == 1
    assert (
        imported_as(
            list_file(tmp_path, "# delta: yes", "id,md5,feedback", f"c,{hexes(3)[0]},", name="d.csv"), "2"
        ).manifest["disputed"]
        == 1
    )
    renewed = list_file(tmp_path, "# delta: yes", "id,md5,feedback", f"a,{hexes(1)[0]},", name="e.csv")
    assert imported_as(renewed, "3").manifest["disputed"] == 0


def test_a_malformed_line_leaves_the_active_version_as_it_was(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with pytest.raises(ListError, match=r"hills\.txt: line 2: .*; nothing was imported"):
        imported_as(list_file(tmp_path, hexes(1)[0], hexes(2)[0][:-1], *hexes(*range(9))), "2")
    assert open_imported_list("hills").version == "1"
    assert sorted(path.name for path in (user_data_folder() / "lists/hills").iterdir()) == [
        ".lock",
        "1",
        "active.json",
        "key",
    ]


def test_a_version_that_lists_something_harmless_is_not_activated(tmp_path: Path) -> None:
    empty = hashlib.md5(b"").hexdigest()
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with pytest.raises(
        ListError, match=r"matches the md5 of an empty file, which is harmless; version 2 .* not activated"
    ):
        imported_as(list_file(tmp_path, empty, *hexes(1)), "2")
    assert open_imported_list("hills").version == "1"
    assert imported_as(list_file(tmp_path, empty), means="benign", name="harmless").entries == 1


def test_a_threshold_belongs_to_its_list(tmp_path: Path) -> None:
    path = list_file(tmp_path, "# algorithm: pdq", *hexes(1, width=32))
    assert imported_as(path, "1").thresholds == {"pdq": 31}
    assert imported_as(path, "2", thresholds=(("pdq", 20),)).thresholds == {"pdq": 20}
    assert imported_as(path, "3").thresholds == {"pdq": 20}


@pytest.mark.parametrize(
    ("threshold", "says"),
    [
        (("pdq", 32), "pdq=32: give 0 to 31"),
        (("pdq", -1), "pdq=-1: give 0 to 31"),
        (("phash-64", 17), "phash-64=17: give 0 to 16"),
        (("dhash-64", 17), "dhash-64=17: give 0 to 16"),
        (("md5", 3), "only pdq, phash-64, dhash-64 are matched"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(threshold: tuple[str, int], says: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=says):
        imported_as(list_file(tmp_path, *hexes(1)), thresholds=(threshold,))


def test_the_largest_thresholds_are_31_of_256_bits_and_a_quarter_of_64(tmp_path: Path) -> None:
    largest = {"pdq": 31, "phash-64": 16, "dhash-64": 16}
    for version, (algorithm, threshold) in enumerate(largest.items()):
        width = 32 if algorithm == "pdq" else 8
        path = list_file(tmp_path, f"# algorithm: {algorithm}", *hexes(1, width=width), name=f"{algorithm}.txt")
        found = imported_as(path, str(version), name=algorithm, thresholds=((algorithm, threshold),))
        assert found.thresholds == {algorithm: threshold}


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
    assert (user_data_folder() / "lists/hills/1/manifest.json").exists()


@pytest.mark.parametrize("version", ["key", "active.json"])
def test_a_version_cannot_be_called_like_a_file_of_the_store(version: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=f"'{version}' cannot name a version"):
        imported_as(list_file(tmp_path, *hexes(1)), version)


def test_what_a_killed_import_left_behind_is_cleared_away(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    (user_data_folder() / "lists/hills/.importing-left").mkdir()
    (user_data_folder() / "lists/hills/2").mkdir()
    assert imported_as(list_file(tmp_path, *hexes(1, 2)), "2").entries == 2
    assert sorted(path.name for path in (user_data_folder() / "lists/hills").iterdir()) == [
        ".lock",
        "1",
        "2",
        "active.json",
        "key",
    ]


def test_two_imports_of_one_list_do_not_run_at_once(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    with (user_data_folder() / "lists/hills/.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ListError, match="another import of this list is running"):
            imported_as(list_file(tmp_path, *hexes(2)), "2")
