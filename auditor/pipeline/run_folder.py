"""A run's folder: its layout and format version, its lock, and what makes an interrupted run resumable.

A run folder holds::

    auditor.lock           held by the process that writes the run; marks the folder as a run's
    run.json               format, version, targets, policy: what makes two runs the same
    shards/N.json          the tally of a finished shard, renamed into place last
    files/N.parquet        what became of each file of the shard, and of its samples
    facts/N.parquet        what the shard's files state
    fingerprints/N.parquet sampled values of weights files, where --weights asks for them
    tensors/N.parquet      digests of their tensors, where it asks for all
    sample/                of a sampled audit: which samples were drawn
    derived/               what follows from all shards together, and the lineage's edges
    findings/  gaps/       what the rules say, in order of subject
    report.json            times, counts, cases: written when the run is complete
    context-index/         what it knows of its subjects, for runs that have it as a context
    restricted/            hits, compiled lists and kept digests: mode 0700, never to be committed or sent on
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from auditor.errors import RunError, UsageError
from auditor.file_lock import try_lock
from auditor.resources import user_state_folder
from auditor.timestamps import current_time

# Raised when an older program would misread a run, or this one a run of before. 3: tallies
# count what was read in part, and the comparisons by list, algorithm and kind of carrier. 4: files/.
# 5: digests of the files that state something.
FORMAT_VERSION = 5

SHARDS, FILES, FACTS, FINGERPRINTS, TENSORS = "shards", "files", "facts", "fingerprints", "tensors"
DERIVED, FINDINGS, GAPS, SAMPLE = "derived", "findings", "gaps", "sample"
CONTEXT_INDEX = "context-index"
MATCHES = "matches.parquet"  # in DERIVED: how many samples match each list
RESTRICTED, HITS, LISTS = "restricted", "restricted/hits", "restricted/lists"
DIGESTS = "restricted/digests"
DIGESTS_WANTED = "keep_digests"  # among the options in run.json: for how many days, and what the lists asked
# Where each shard has a file of what was read.
SHARD_FOLDERS = (FILES, FACTS, HITS, FINGERPRINTS, TENSORS)
_LOCK, _RUN, _REPORT = "auditor.lock", "run.json", "report.json"
_MADE_FIRST = (SHARDS, FILES, FACTS, FINGERPRINTS, TENSORS, DERIVED, RESTRICTED, HITS, LISTS, DIGESTS)
# All that a run's folder holds of the run, the file that marks it as one last.
RUN_NAMES = (
    RESTRICTED, SHARDS, FILES, FACTS, FINGERPRINTS, TENSORS, DERIVED, FINDINGS, GAPS, SAMPLE, CONTEXT_INDEX, _REPORT,
    _RUN, _LOCK,
)  # fmt: skip


def default_run_folder() -> Path:
    """Return a new folder for a run in the user's state folder, named by the time."""
    return user_state_folder() / "runs" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def is_in_run_folder(path: Path) -> bool:
    """Return whether a file is to lie in a run's folder."""
    return any((folder / _RUN).exists() for folder in path.absolute().parents)


def lock_run_folder(folder: Path) -> BinaryIO:
    """Make a run's folders and lock them for this process until the returned file is closed, however that happens.

    The folder is for its owner alone; what is restricted is kept out of version control too.

    Raises:
        UsageError: The folder holds something else, or cannot be written.
        RunError: Another process is writing this run.
    """
    try:
        is_run = (folder / _LOCK).exists() or (folder / _RUN).exists()
        if folder.is_dir() and not is_run and any(folder.iterdir()):
            raise UsageError(f"{folder}: is not empty and holds no run; name an empty or a new folder with --out")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = open(folder / _LOCK, "ab")  # noqa: SIM115 - the caller closes it
        if not _try_lock(lock.fileno()):
            lock.close()
            raise RunError(f"{folder}: another process is writing this run; wait for it, or name another folder")
        for name in _MADE_FIRST:
            (folder / name).mkdir(exist_ok=True)
            (folder / name).chmod(0o700)
        (folder / RESTRICTED / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot hold a run: {error.strerror}; name another folder with --out") from error
    return lock


def _try_lock(file: int) -> bool:
    """Take the lock of a run's folder on an open file, and return False if another process has it."""
    try:
        return try_lock(file)
    except OSError:  # a file system without locks: then it is for the user to run one scan at a time
        return True


def start_or_resume_run(folder: Path, content: Mapping[str, Any]) -> str:
    """Write ``run.json``, or check that the run begun in the folder is this one; return when it was started.

    Args:
        folder: The run's folder, locked.
        content: What makes two runs the same: ``targets``, ``wants``, ``version`` and ``policy``, with its
            ``fingerprint``.

    Raises:
        UsageError: The folder holds another run.
    """
    content = {"format": FORMAT_VERSION, **content, "started": current_time()}
    if (folder / _RUN).exists():
        begun = read_run(folder)
        for key, what in (("targets", "other targets"), ("wants", "other options"), ("version", "another auditor")):
            if begun.get(key) != content[key]:
                raise UsageError(f"{folder}: holds a run with {what}; name another folder with --out")
        if begun["policy"]["fingerprint"] != content["policy"]["fingerprint"]:
            raise UsageError(
                f"{folder}: holds a run under other rules, lists or extensions; name another folder with --out"
            )
        (folder / _REPORT).unlink(missing_ok=True)  # until there is a new one, this run is unfinished
        return str(begun["started"])
    with errors_name_run(folder):
        write_json(folder / _RUN, content)
    return str(content["started"])


def read_run(folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` in a run's folder holds.

    Raises:
        RunError: The folder is not a run's, or of another format version.
    """
    try:
        content = json.loads((folder / _RUN).read_bytes())
        version = content["format"]
        if not isinstance(version, int):
            raise TypeError(f"format {version!r}")
    except FileNotFoundError as error:
        raise RunError(f"{folder}: is not a run's folder (it has no {_RUN})") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder}/{_RUN}: cannot be read; run the scan again") from error
    if version > FORMAT_VERSION:
        raise RunError(
            f"{folder}: was written by a newer auditor (format {version}, this one reads {FORMAT_VERSION}); "
            "update auditor, or scan again into a new folder"
        )
    if version < FORMAT_VERSION:
        raise RunError(
            f"{folder}: has an older format ({version}, this auditor reads {FORMAT_VERSION}); "
            "scan again into a new folder"
        )
    from auditor.pipeline.run_shapes import RunContent, check_shape

    try:
        check_shape(content, RunContent)
    except ValueError as error:
        raise RunError(f"{folder}/{_RUN}: is damaged or was altered ({error}); run the scan again") from error
    return content  # type: ignore[no-any-return]


def untrusted_roots(runs: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return where the targets of runs are that must not decide how they are judged; ``runs``: each one's run.json."""
    return tuple(dict.fromkeys(root for run in runs if not run["wants"]["trust_target"] for root in run["roots"]))


def read_results(folder: Path) -> dict[str, Any]:
    """Return what ``report.json`` in a run's folder holds.

    Raises:
        RunError: The run is not complete, or the file is damaged.
    """
    from auditor.pipeline.run_shapes import ResultsContent, check_shape

    try:
        content = json.loads((folder / _REPORT).read_bytes())
        check_shape(content, ResultsContent)
    except FileNotFoundError as error:
        raise RunError(f"{folder}: was interrupted; run the same scan with --out {folder} to finish it") from error
    except (OSError, ValueError) as error:
        why = f"is damaged or was altered ({error}); run the same scan with --out {folder} to make it again"
        raise RunError(f"{folder}/{_REPORT}: {why}") from error
    return content  # type: ignore[no-any-return]


def write_results(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``report.json`` into a run's folder, which makes the run complete."""
    with errors_name_run(folder):
        write_json(folder / _REPORT, content)


def ids_of_split_shards(folder: Path) -> set[str]:
    """Return the ids of shards that were cut into parts, as the names of the finished parts in the run folder show."""
    names = (path.stem.split("-") for path in (folder / SHARDS).glob("*-*.json"))
    return {"-".join(name[:depth]) for name in names for depth in range(1, len(name))}


def delete_stale_shards(folder: Path, finished: set[str]) -> None:
    """Delete what an interrupted run left of shards that are now cut differently; ``finished`` are those to keep."""
    for name in (SHARDS, *SHARD_FOLDERS, DIGESTS):
        for path in (folder / name).iterdir():
            if path.name.partition(".")[0] not in finished or path.suffix == ".part":
                path.unlink()


@contextmanager
def errors_name_run(folder: Path) -> Iterator[None]:
    """Turn an OSError into a RunError that names the run's folder and says how to go on.

    No file of the target is to blame for it, so it ends the run.
    """
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise RunError(
            f"{folder}: cannot be written: {why}; see to that and give the same command again with --out {folder}"
        ) from error


def write_json(path: Path, content: object) -> None:
    """Write a file of a run's folder whole or not at all."""
    part = path.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
