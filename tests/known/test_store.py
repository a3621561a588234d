"""Importing and opening lists: nothing half-made or damaged is ever used."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError, UsageError
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_identity import ListDeclaration
from auditor.known.list_store import imported_lists, kept_versions, open_imported_list, remove_list, roll_back
from auditor.known.manifest import FORMAT_VERSION
from auditor.known.open_list import open_list
from auditor.resources import user_data_folder


def hexes(*numbers: int, width: int = 16) -> list[str]:
    return [hashlib.shake_128(str(number).encode()).hexdigest(width) for number in numbers]


def list_file(folder: Path, *lines: str, name: str = "hills.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def imported_as(path: Path, version: str = "", **declared: object) -> CompiledList:
    said = ListDeclaration(**{"name": "hills", "means": "test", "version": version, **declared})  # type: ignore[arg-type]
    return import_list([path], said, ListOptions())[0]


def test_an_imported_list_is_opened_by_its_name(tmp_path: Path) -> None:
    made = imported_as(list_file(tmp_path, *hexes(1, 2)), "3", holder="a hotline")
    assert open_list("hills") == made == open_imported_list("hills")
    assert (made.version, made.entries, made.means, made.holder) == ("3", 2, "test", "a hotline")
    assert [known.name for known in imported_lists()] == ["hills"]


def test_only_its_owner_can_read_what_was_imported(tmp_path: Path) -> None:
    imported_as(list_file(tmp_path, *hexes(1, 2)))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (user_data_folder() / "lists").rglob("*")}
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
    inside = "".join(map(element, items))
    path.write_text(f'<queryResult xmlns="{space}"><images count="{len(items)}">{inside}</images></queryResult>')
    return path


def classified(known: CompiledList) -> dict[str, str]:
    """The classification of each MD5 that a list holds."""
    every = np.arange(known.entries)
    texts = [value.hex() for value in known.values("md5", every).to_pylist()]
    return dict(zip(texts, known.classifications_of("md5", every), strict=True))


def test_pages_of_a_feed_change_the_list_that_their_first_ones_began(tmp_path: Path) -> None:
    one, two, three = hexes(1, 2, 3)
    first = ncmec(tmp_path, "1.xml", f"a A1 {one}", f"b A1 {two}")
    said = ListDeclaration(name="ncmec")
    assert classified(import_list([first], replace(said, version="1"), ListOptions())[0]) == {one: "A1", two: "A1"}
    second = ncmec(tmp_path, "2.xml", f"a A2 {one}", "b", f"c B1 {three}")
    changed = import_list([second], replace(said, version="2"), ListOptions())[0]
    assert classified(changed) == {one: "A2", three: "B1"}
    assert changed.means == "csam"
    nothing = import_list([ncmec(tmp_path, "3.xml")], replace(said, version="3"), ListOptions())[0]
    assert classified(nothing) == {one: "A2", three: "B1"}
    anew = import_list([second], replace(said, version="4"), ListOptions(), whole=True)[0]
    assert classified(anew) == {one: "A2", three: "B1"}
    anew = import_list([first], replace(said, version="5"), ListOptions(), whole=True)[0]
    assert classified(anew) == {one: "A1", two: "A1"}


def test_pages_that_are_imported_at_once_change_each_other_in_their_order(tmp_path: Path) -> None:
    one, two, three = hexes(1, 2, 3)
    pages = [
        ncmec(tmp_path, "1.xml", f"a A1 {one}", f"b A1 {two}", f"c A1 {three}"),
        ncmec(tmp_path, "2.xml", f"a A2 {one}", "b", "c"),
        ncmec(tmp_path, "3.xml", f"c B2 {three}"),
    ]
    known, _ = import_list(pages, ListDeclaration(name="ncmec", version="1"), ListOptions())
    assert classified(known) == {one: "A2", three: "B2"}
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


def test_a_delta_is_no_list_to_scan_with(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"hills\.txt: changes an earlier version of a list; import it"):
        open_list(list_file(tmp_path, "# delta: yes", *hexes(1)), means="test", into=tmp_path / "run")


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


def test_a_list_file_is_compiled_anew_when_it_is_read_in_another_way(tmp_path: Path) -> None:
    table = list_file(tmp_path, "a,b", f"{hexes(1)[0]},{hexes(2)[0]}", name="hills.csv")
    first = open_list(table, means="test", columns={"md5": "a"}, into=tmp_path / "run")
    assert first.values("md5", np.arange(1)).to_pylist() == [bytes.fromhex(hexes(1)[0])]
    with pytest.raises(ListError, match="another list of this name is there"):
        open_list(table, means="test", columns={"md5": "b"}, into=tmp_path / "run")
    with pytest.raises(ListError, match="another list of this name is there"):
        open_list(table, means="csam", columns={"md5": "a"}, into=tmp_path / "run")


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
    digests = [file["sha256"] for known in lists for _, file in sorted(known.manifest["files"].items())]
    assert (FORMAT_VERSION, hashlib.sha256("".join(digests).encode()).hexdigest()[:16]) == (2, "25c8c40b85e48bc0"), (
        "the arrays or their keys are made in another way: count FORMAT, so that older lists are imported again"
    )


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


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    known = imported_as(list_file(tmp_path, *hexes(1)))
    manifest = json.loads((known.path / "manifest.json").read_text())
    (known.path / "manifest.json").write_text(json.dumps({**manifest, "means": "benign"}))
    with pytest.raises(ListError, match=r"manifest\.json: changed since the list was imported; import it again"):
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
