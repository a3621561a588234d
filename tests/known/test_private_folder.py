"""Folders for compiled lists: for their owner alone, and nothing is left of a process that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auditor.known.private_folder import private_folder

posix = pytest.mark.skipif(os.name != "posix", reason="signals and modes as POSIX has them")

HOLD = """
import sys, time
from auditor.known.private_folder import private_folder

with private_folder(sys.argv[1]) as folder:
    (folder / "values.npy").write_bytes(b"digests")
    print(folder, flush=True)
    time.sleep(60)
"""


def start_holder(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that holds a folder, and return it with the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, place], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


@posix
def test_what_a_killed_process_left_is_deleted_by_the_next_and_what_a_live_one_holds_is_kept(tmp_path: Path) -> None:
    dead, left_over = start_holder(tmp_path)
    live, held = start_holder(tmp_path)
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert (left_over / "values.npy").exists()
    with private_folder(tmp_path) as folder:
        assert not left_over.exists()
        assert (held / "values.npy").exists()
        assert {path.stem for path in tmp_path.iterdir()} == {held.name, folder.name}
    live.kill()
    live.communicate()


@posix
def test_a_folder_and_its_lock_are_for_their_owner_and_go_with_the_block(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.with_suffix(".lock").stat().st_mode & 0o777 == 0o600
        (folder / "values.npy").write_bytes(b"digests")
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_link_in_place_of_a_lock_or_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("kept")
    (tmp_path / "auditor-list-a.lock").symlink_to(tmp_path / "mine" / "file")
    (tmp_path / "auditor-list-b").symlink_to(tmp_path / "mine")
    (tmp_path / "auditor-list-b.lock").touch()
    with private_folder(tmp_path):
        pass
    assert (tmp_path / "mine" / "file").read_text() == "kept"


def test_processes_that_start_together_never_delete_each_others_folders(tmp_path: Path) -> None:
    lost: list[Path] = []

    def make_many() -> None:
        for _ in range(200):
            with private_folder(tmp_path) as folder:
                (folder / "values.npy").write_bytes(b"digests")
                if not (folder / "values.npy").exists():
                    lost.append(folder)

    threads = [threading.Thread(target=make_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list(tmp_path.iterdir()) == []
