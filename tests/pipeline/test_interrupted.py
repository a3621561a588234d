"""A scan that is interrupted, killed, starved or raced: it says so, leaves nothing behind, and goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.errors import RunError
from auditor.model import Count
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report, read_report
from auditor.pipeline.run_facts import read_run_facts
from auditor.pipeline.run_folder import lock_run_folder
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.shard import Shard
from auditor.progress import NullReporter

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

# A scan in small shards, by a process that can be killed; argv: folder, workers, worker kills to survive.
SCAN = f"""
import multiprocessing, os, random, signal, sys, threading, time
import auditor.pipeline.shard
from auditor.pipeline.audit import audit

def kill_workers(number):
    while number:
        time.sleep(random.uniform(0.3, 0.8))
        workers = multiprocessing.active_children()
        if workers:
            os.kill(random.choice(workers).pid, signal.SIGKILL)
            number -= 1

if __name__ == "__main__":
    auditor.pipeline.shard.SHARD_FILES = 3
    threading.Thread(target=kill_workers, args=[int(sys.argv[3])], daemon=True).start()
    audit({str(HUB)!r}, known=[{str(LIST)!r}], profile="example", out=sys.argv[1], workers=int(sys.argv[2]))
    print("finished")
"""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return audit(HUB, known=[LIST], profile="example", out=tmp_path_factory.mktemp("whole") / "run", workers=1)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "scan.py"
    path.write_text(SCAN)
    return path


def start_script(script: Path, folder: Path, *, workers: int = 2, kills: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, str(script), str(folder), str(workers), str(kills)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def group_is_gone(group: int, seconds: float = 10) -> bool:
    """Has every process of the session that began with this one ended?"""
    for _ in range(int(seconds * 20)):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def have_equal_results(one: Report, other: Report) -> bool:
    return (list(one.findings), one.cases, one.tally, list(one.gaps)) == (
        list(other.findings),
        other.cases,
        other.tally,
        list(other.gaps),
    )


@posix
def test_a_scan_that_was_killed_several_times_ends_with_the_same_report(
    uninterrupted: Report, script: Path, tmp_path: Path
) -> None:
    moments = random.Random(7)
    for _ in range(4):
        scan = start_script(script, tmp_path / "run")
        try:
            scan.communicate(timeout=moments.uniform(0.4, 2))
        except subprocess.TimeoutExpired:
            scan.kill()
            scan.communicate()
        assert group_is_gone(scan.pid), "a worker outlived the scan"
    out, err = start_script(script, tmp_path / "run").communicate(timeout=60)
    assert out == "finished\n", err
    assert have_equal_results(read_report(tmp_path / "run"), uninterrupted)
    assert not list((tmp_path / "run").rglob("*.part"))


@posix
def test_workers_that_are_killed_at_random_cost_nothing(uninterrupted: Report, script: Path, tmp_path: Path) -> None:
    out, err = start_script(script, tmp_path / "run", kills=3).communicate(timeout=180)
    assert out == "finished\n", err
    assert have_equal_results(read_report(tmp_path / "run"), uninterrupted)
    assert read_report(tmp_path / "run").complete


@pytest.mark.slow
@posix
def test_an_interrupt_exits_130_says_how_to_go_on_and_leaves_no_worker(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(16_000):
        (tmp_path / "many" / f"acme__m{number}.md").write_text("---\nlicense: mit\n---\n# Model\n" + "word " * 200)
    command = [sys.executable, "-c", "from auditor.cli.main import main; main()"]
    command += ["scan", str(tmp_path / "many"), "--out", str(tmp_path / "run"), "--workers", "2"]
    scan = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list(tmp_path.glob("run/shards/*.json")):
        assert scan.poll() is None
        time.sleep(0.02)
    os.killpg(scan.pid, signal.SIGINT)  # as a terminal sends it: to the workers too
    out, err = scan.communicate(timeout=30)
    assert scan.returncode == 130
    assert out == ""
    assert (
        err.lstrip("\n") == f"auditor: interrupted; the same command with --out {tmp_path / 'run'} resumes the scan\n"
    )
    assert group_is_gone(scan.pid), "a worker outlived the scan"
    with pytest.raises(RunError, match="was interrupted; run the same scan with --out"):
        read_report(tmp_path / "run")


def test_a_resumed_run_tries_again_what_was_lost_with_its_worker_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cards").mkdir()
    for number in range(5):
        (tmp_path / "cards" / f"acme__m{number}.md").write_text("---\nlicense: mit\n---\n# Model\n")
    monkeypatch.setattr("auditor.pipeline.engines.scan_shard", dies_on_m3)
    failed_run = audit(tmp_path / "cards", out=tmp_path / "run", workers=1)
    assert not failed_run.complete
    assert failed_run.exit_code("never") == 3
    assert failed_run.tally.files == Count(5, 4, 0, 1)
    kept = written_shards(tmp_path / "run")
    assert len(kept) == 5
    again = audit(tmp_path / "cards", out=tmp_path / "run", workers=1)
    assert have_equal_results(again, failed_run)
    assert not again.complete
    assert not reevaluate([tmp_path / "run"], out=tmp_path / "judged", workers=1).complete
    monkeypatch.undo()
    uninterrupted = audit(tmp_path / "cards", out=tmp_path / "run", workers=1)
    assert uninterrupted.tally.files == Count(5, 5, 0, 0)
    assert list(uninterrupted.gaps) == []
    assert uninterrupted.complete
    changed = {name for name, time in written_shards(tmp_path / "run").items() if kept[name] != time}
    assert changed == {"000000-03.json"}


def written_shards(run: Path) -> dict[str, int]:
    """Return when the tally of each shard was written."""
    return {path.name: path.stat().st_mtime_ns for path in (run / "shards").iterdir()}


def dies_on_m3(context: ScanContext, shard: Shard) -> object:
    from auditor.pipeline.scan_shard import scan_shard

    if any("m3" in file.uri for file in shard.files):
        os._exit(9)
    return scan_shard(context, shard)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_a_file_that_takes_more_memory_than_a_worker_may_is_a_gap_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cards").mkdir()
    for number in range(5):
        (tmp_path / "cards" / f"acme__m{number}.md").write_text("---\nlicense: mit\n---\n# Model\n")
    monkeypatch.setattr("auditor.pipeline.engines.scan_shard", takes_much_for_m3)
    monkeypatch.setattr("auditor.workers.limits.available_memory", lambda: 2 * 1024**3)
    found = audit(tmp_path / "cards", out=tmp_path / "run", workers=2)
    assert [(gap.place.uri, gap.why) for _, gap in found.gaps] == [
        (
            "acme__m3.md",
            "the worker ran out of memory: it may take 0.8 GiB, and more if --workers is less",
        )
    ]
    assert found.tally.files == Count(5, 4, 0, 1)
    assert found.tally.reasons == {"the worker ran out of memory": 1}
    assert found.exit_code("never") == 3


def takes_much_for_m3(context: ScanContext, shard: Shard) -> object:
    from auditor.pipeline.scan_shard import scan_shard

    if any("m3" in file.uri for file in shard.files):
        bytearray(1024**3)
    return scan_shard(context, shard)


def test_a_run_whose_folder_is_deleted_meanwhile_ends_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 3)

    class Deleting(NullReporter):
        def advance(self, *numbers: object, **options: object) -> None:
            while (tmp_path / "run").exists():
                shutil.rmtree(tmp_path / "run", ignore_errors=True)

    with pytest.raises(RunError, match=r"run: cannot be written: No such file or directory; see to that and give the"):
        audit(HUB, out=tmp_path / "run", workers=2, progress=Deleting())
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_run_whose_folder_becomes_read_only_ends_with_a_message_and_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 3)
    folders = [tmp_path / "run" / name for name in ("shards", "files", "facts")]

    class Closing(NullReporter):
        def advance(self, *numbers: object, **options: object) -> None:
            for folder in folders:
                folder.chmod(0o500)

    with pytest.raises(RunError, match=r"run: cannot be written: Permission denied; see to that and give the same"):
        audit(HUB, out=tmp_path / "run", workers=2, progress=Closing())
    for folder in folders:
        folder.chmod(0o700)
    uninterrupted = audit(HUB, out=tmp_path / "whole", workers=2)
    assert have_equal_results(audit(HUB, out=tmp_path / "run", workers=2), uninterrupted)


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    card = tmp_path / "cards" / "acme__m.md"
    card.parent.mkdir()
    card.write_text("---\nlicense: mit\n---\n# Model\n")
    audit(card.parent, out=tmp_path / "run", workers=1)
    card.write_text("---\nlicense: bsd\n---\n# Model\n")  # of the same length
    audit(card.parent, out=tmp_path / "run", workers=1)
    assert [fact["value"] for fact in read_run_facts(tmp_path / "run") if fact["key"] == "licence"] == ["bsd"]


def test_a_damaged_tally_is_read_again(tmp_path: Path) -> None:
    first = audit(HUB / "models", out=tmp_path / "run", workers=1)
    (tmp_path / "run" / "shards" / "000000.json").write_text('{"fingerprint": ')
    assert have_equal_results(audit(HUB / "models", out=tmp_path / "run", workers=1), first)


def test_damaged_facts_are_an_error_that_says_to_scan_again(tmp_path: Path) -> None:
    audit(HUB / "models", out=tmp_path / "run", workers=1)
    (tmp_path / "run" / "facts" / "000000.parquet").write_bytes(b"PAR1 and nothing of a table")
    with pytest.raises(RunError, match=r"what was read is damaged .*; run the scan again into a new folder"):
        reevaluate([tmp_path / "run"], out=tmp_path / "again", workers=1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_run_with_a_message_and_the_run_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = audit(HUB / "models", out=tmp_path / "whole", workers=1)
    lock_run_folder(tmp_path / "run").close()
    part = tmp_path / "run" / "facts" / "000000.parquet.part"
    part.symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"run: cannot be written: No space left on device; see to that and give the"):
        audit(HUB / "models", out=tmp_path / "run", workers=1)
    part.unlink()
    assert have_equal_results(audit(HUB / "models", out=tmp_path / "run", workers=1), uninterrupted)
