"""Lists from pipes and standard input, and names that must not lead to a file of the audited thing."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError
from auditor.known import compile_list as compiling
from auditor.known.entries import ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_file import list_as_file, memory_folder
from auditor.known.list_identity import ListDeclaration
from auditor.known.list_store import active_version, list_folder, open_imported_list
from auditor.known.open_list import open_list
from auditor.pipeline.audit import audit
from tests.known.list_files import hexes, imported_as, list_file


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def pipe_with(path: Path, data: bytes) -> Path:
    """Make a named pipe that gives the data once."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    return path


def input_with(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    class Input:
        buffer = io.BytesIO(data)

    monkeypatch.setattr("sys.stdin", Input)


LIST = ("\n".join(hexes(1, 2)) + "\n").encode()


def test_a_list_from_a_pipe_is_compiled_and_no_copy_of_it_is_left(tmp_path: Path) -> None:
    known = open_list(pipe_with(tmp_path / "hashes", LIST), means="test", into=tmp_path / "run")
    assert (known.name, known.entries) == ("hashes", 2)
    assert known.values("md5", np.arange(2)).to_pylist() == sorted(map(bytes.fromhex, hexes(1, 2)))
    assert [path for path in (tmp_path / "run").rglob("*") if path.is_file() and LIST[:32] in path.read_bytes()] == []


def test_a_list_from_standard_input_is_held_in_a_private_file_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    input_with(monkeypatch, LIST)
    with list_as_file(Path("-")) as path:
        assert path.read_bytes() == LIST
        assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0
        assert memory_folder() in (None, str(path.parent.parent))
    assert not path.parent.exists()


def test_a_list_is_imported_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    input_with(monkeypatch, LIST)
    known, _ = import_list([Path("-")], ListDeclaration("hills", "test", "1"), ListOptions())
    assert (known.entries, open_imported_list("hills").manifest["source"]["file"]) == (2, "stdin")


@pytest.mark.parametrize(
    ("current", "target", "refused"),
    [
        ("data", ".", True),
        ("data", "..", True),
        ("data/x", "..", True),
        (".", "data", False),
        ("other", "../data", False),
    ],
)
def test_a_name_never_leads_to_a_file_of_what_is_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, current: str, target: str, refused: bool
) -> None:
    for folder in ("data/x", "other"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / current)
    list_file(Path.cwd(), *hexes(1), name="hotline")
    if refused:
        with pytest.raises(ListError, match=r"^hotline: no list of this name is imported, .* write \./hotline if you"):
            open_list("hotline", means="test", into=tmp_path / "run", audited=[target])
    else:
        assert open_list("hotline", means="test", into=tmp_path / "run", audited=[target]).entries == 1
    assert open_list("./hotline", means="test", into=tmp_path / "run", audited=[target]).entries == 1


def test_a_link_into_what_is_audited_is_refused_and_an_imported_list_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    list_file(tmp_path / "data", *hexes(1), name="real")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hills").symlink_to("data/real")
    with pytest.raises(ListError, match=r"^hills: no list of this name is imported"):
        audit("data", known=["hills"], means="test", out=tmp_path / "run", workers=1)
    (tmp_path / "lists").mkdir()
    imported_as(list_file(tmp_path / "lists", *hexes(1, 2, 3)))
    assert open_list("hills", audited=["data"]).entries == 3


@pytest.mark.parametrize(
    "version", ["9" * 40, "v" * 65, "9999-12-31", "99991231", "2999-01-01T00:00:00Z", "29990101T000000Z"]
)
def test_a_version_after_which_none_could_be_newer_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(ListError, match=r"is too long; give another|lies in the future, and no later import"):
        imported_as(list_file(tmp_path, *hexes(1)), version)
    assert not (list_folder("hills") / "active.json").exists()


@pytest.mark.parametrize("version", ["1", "2026-11-23", "20261123T101112123456Z", "99999999", "v3.11"])
def test_an_ordinary_version_is_taken(tmp_path: Path, version: str) -> None:
    assert imported_as(list_file(tmp_path, *hexes(1)), version).version == version


def damage_key(folder: Path) -> None:
    (folder / "1" / "key").write_bytes(bytes(32))


def damage_pointer(folder: Path) -> None:
    path = folder / "active.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"newest": "0"}))


def remove_mac(folder: Path) -> None:
    path = folder / "active.json"
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "mac"}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_key, r"key: changed since"),
        (damage_pointer, r"json: changed since"),
        (remove_mac, r"json: changed since"),
    ],
)
def test_a_changed_key_or_pointer_of_an_imported_list_is_refused(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    imported_as(list_file(tmp_path, *hexes(1)), "1")
    assert active_version("hills").version == "1"
    damage(list_folder("hills"))
    with pytest.raises(ListError, match=message):
        open_list("hills")


def test_malformed_entries_of_a_list_file_are_left_out_on_request_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = list_file(tmp_path, "# means: test", "md5", hexes(1)[0], "not a digest", name="hills.csv")
    with pytest.raises(ListError, match="nothing was imported"):
        open_list(path, into=tmp_path / "run")
    with caplog.at_level(logging.WARNING):
        assert open_list(path, into=tmp_path / "run", skip_malformed=True).entries == 1
    assert caplog.messages == ["list hills: malformed entries left out: 1"]


@pytest.mark.parametrize("imports", [True, False])
def test_a_full_disk_while_a_list_is_compiled_is_told_with_the_folder_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, imports: bool
) -> None:
    def raise_disk_full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = list_file(tmp_path, *hexes(1))
    monkeypatch.setattr(compiling.np, "save", raise_disk_full)
    with pytest.raises(
        ListError, match=r": the list cannot be compiled here: No space left on device; nothing was kept$"
    ):
        imported_as(path) if imports else open_list(path, means="test", into=tmp_path / "run")
    left = list_folder("hills") if imports else tmp_path / "run"
    assert [file for file in left.rglob("*") if file.is_file() and file.name not in (".lock", "key")] == []
    shutil.rmtree(left)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_run_keeps_nothing_of_what_was_compiled_from_a_list_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(
        "auditor.pipeline.audit_lists.memory_folder", lambda needed: str(tmp_path / "memory") if in_memory else None
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.bin").write_bytes(b"some bytes")
    known = list_file(tmp_path, *hexes(1))
    report = audit(tmp_path / "data", known=[known], means="test", out=tmp_path / "run", workers=1)
    assert [one.entries for one in report.policy.lists] == [1]
    assert list((tmp_path / "memory").iterdir()) == list((tmp_path / "run" / "restricted" / "lists").iterdir()) == []
