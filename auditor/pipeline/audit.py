"""A run: its folder, how it is made or resumed, and the report that is read from it.

A run folder holds::

    auditor.lock           held by the process that writes the run; marks the folder as a run's
    run.json               format, version, targets, policy: what makes two runs the same
    shards/N.json          the tally of a finished shard, renamed into place last
    facts/N.parquet        what the shard's files state
    fingerprints/N.parquet sampled values of weights files, where --weights asks for them
    tensors/N.parquet      digests of their tensors, where it asks for all
    derived/               what follows from all shards together, and the lineage's edges
    findings/  gaps/       what the rules say, in order of subject
    report.json            times, counts, cases: written when the run is complete
    restricted/            hits and compiled lists: mode 0700, never to be committed or sent on
"""

from __future__ import annotations

import heapq
import json
import os
import shutil
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from auditor import __version__
from auditor.errors import NothingToAudit, RunError, UsageError
from auditor.extensions import Extension, installed_extensions
from auditor.model import SEVERITIES, Case, Count, Finding, Gap, Kind, Outcome, Place, Ref, Rule, Severity, Tally
from auditor.pipeline import evaluate
from auditor.pipeline.scan_shard import Setup, Shard, lost, prepare, shards, work, write_json, writing
from auditor.policy.vocabularies import Contacts
from auditor.policy.vocabulary_tables import Directory, Hotline, ListProvider
from auditor.progress import NullReporter
from auditor.readers import ReadOptions, readers
from auditor.sources import Blob, Unread
from auditor.workers.pool import Done, cores, run

if TYPE_CHECKING:
    from auditor.policy.load import Policy

FORMAT = 2  # 2: tallies count the comparisons with each list, findings keep the relation of their statement
_LOCK = "auditor.lock"
_FOLDERS = (
    "shards",
    "facts",
    "fingerprints",
    "tensors",
    "derived",
    "restricted",
    "restricted/hits",
    "restricted/lists",
)


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list as every report may show it: never an entry of it."""

    name: str
    version: str
    means: str
    entries: int
    sha256: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class PolicySummary:
    fingerprint: str
    profile: str
    rules: tuple[Rule, ...]
    lists: tuple[ListSummary, ...] = ()
    extensions: tuple[Extension, ...] = ()
    contacts: Contacts = field(default_factory=Contacts)


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` was made from ``parent``; ``source`` is whose word that is.

    ``dropped``: the parent prohibits the sexual exploitation of minors, and the child's terms do not.
    """

    child: Ref
    parent: Ref
    relation: str
    source: str
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    ``findings`` and ``gaps`` can be iterated any number of times, are in order of (kind, subject, revision,
    rule, fact) and are read from disk as they go: there may be millions. ``flagged`` counts findings by
    (rule, outcome, severity). ``cases`` come most serious first. ``lineage`` holds the edges on the paths of
    the subjects that have a case or descend from one that has, at most some hundreds.
    """

    version: str
    targets: tuple[str, ...]
    started: str  # ISO 8601, UTC
    finished: str
    policy: PolicySummary
    complete: bool
    tally: Tally
    subjects: Mapping[Kind, int]
    findings: Iterable[Finding] = ()
    gaps: Iterable[tuple[Ref, Gap]] = ()
    cases: tuple[Case, ...] = ()
    flagged: Mapping[tuple[str, Outcome, Severity], int] = field(default_factory=dict)
    lineage: tuple[Edge, ...] = ()
    restricted: Path | None = None  # folder with hits/*.parquet (schema auditor.samples.HITS_SCHEMA), for --places only
    unread: int = 0  # gaps: what was selected but could not be read or judged

    @property
    def nothing_read(self) -> bool:
        """Whether every file was skipped."""
        return 0 < self.tally.files.collected == self.tally.files.skipped

    @property
    def nothing_compared(self) -> tuple[str, ...]:
        """Return the names of the lists that had to be compared with something and were compared with nothing.

        Lists of samples answer together, for samples; lists of models together, for models. Where there is nothing
        that they could answer for, they are named only if no other list was compared with anything. Benign lists
        flag nothing and are never named.
        """
        of_models = [one.name for one in self.policy.lists if one.means == "model"]
        of_samples = [one.name for one in self.policy.lists if one.means not in ("model", "benign")]
        compared = {name for name in (*of_models, *of_samples) if self.tally.compared.get(name)}
        there = ((of_samples, self.tally.samples.collected), (of_models, self.subjects.get("model")))
        silent = (names for names, number in there if compared.isdisjoint(names) and (number or not compared))
        return tuple(sorted(chain.from_iterable(silent)))

    def exit_code(self, fail_on: str = "error") -> int:
        """1: a finding at or above ``fail_on``; else 3: something was not read, compared or judged; else 0."""
        if fail_on != "never":
            counted = SEVERITIES[SEVERITIES.index(fail_on) :]
            if any(outcome == "FLAGGED" and severity in counted for _, outcome, severity in self.flagged):
                return 1
        unread = self.unread or self.tally.files.errored or self.tally.samples.errored or not self.complete
        return 3 if unread or self.nothing_read or self.nothing_compared else 0


def audit(
    *targets: str | os.PathLike[str],
    known: Sequence[str | os.PathLike[str]] = (),
    means: str = "",
    algorithm: str = "",
    columns: Mapping[str, str] | None = None,
    rules: Sequence[str | os.PathLike[str]] = (),
    profile: str = "default",
    out: str | os.PathLike[str] | None = None,
    workers: int = 0,
    weights: str = "header",
    variants: Iterable[str] = ("oriented", "unpadded", "512"),
    progress: NullReporter | None = None,
    isolated: bool = False,
) -> Report:
    """Scan targets and judge what they state; the same as ``auditor scan``.

    ``known`` are imported lists' names or list files; ``means``, ``algorithm`` and ``columns`` (what it holds →
    its name) say of files what they do not say themselves. ``out`` is the run's folder (a new one under
    ``reports/runs/`` otherwise); where it holds an interrupted run of the same targets and policy, that run goes
    on. ``workers`` 0 is one a core. ``isolated``: readers and list formats that other installed distributions add are
    not loaded. A script that calls this with worker processes needs the usual ``if __name__ == "__main__":``.

    Raises :class:`auditor.errors.AuditorError` for what is wrong with the set-up: targets, lists, rules.
    """
    from auditor.known import list_formats
    from auditor.known.open_list import open_list
    from auditor.lineage.model_matching import FILE_ALGORITHMS
    from auditor.policy.load import load_policy
    from auditor.samples import ARTEFACT_SHA256

    folder = Path(out) if out else default_folder()
    extensions = () if isolated else installed_extensions()
    if extensions:
        readers(extensions)  # one that is no reader is an error before anything is read
        list_formats(extensions)
    paths = [os.fspath(target) for target in targets]
    files = _files(paths, folder)
    first = next(files, None)
    if first is None:
        raise NothingToAudit(f"{', '.join(map(str, targets))}: holds no file; name a file or folder that does")
    with _held(folder):
        into = folder / "restricted" / "lists"
        lists = tuple(
            open_list(
                os.fspath(name), means=means, algorithm=algorithm, columns=columns, into=into, extensions=extensions
            )
            for name in known
        )
        policy = load_policy(tuple(map(Path, rules)), profile, lists, extensions)
        algorithms = frozenset(name for opened in lists if opened.means != "model" for name in opened.algorithms)
        # A digest costs the reading of whole files: not for a list of names or fingerprints alone.
        if any(opened.means == "model" and opened.algorithms & FILE_ALGORITHMS for opened in lists):
            algorithms |= {ARTEFACT_SHA256}
        wants = ReadOptions(algorithms, weights, frozenset(variants))  # type: ignore[arg-type]
        started = _begin(folder, paths, policy, wants)
        if type(progress) is not NullReporter and progress:  # someone waits, and wants to know for how long
            _expect(_files(paths, folder), progress)
        setup = Setup(policy, wants, folder)
        tally = _scan(folder, chain([first], files), setup, workers or cores(), progress or NullReporter())
        return _conclude(folder, policy, tally, started, workers or cores())


def judge(
    runs: Sequence[str | os.PathLike[str]],
    *,
    out: str | os.PathLike[str],
    rules: Sequence[str | os.PathLike[str]] = (),
    profile: str = "default",
    workers: int = 0,
) -> Report:
    """Derive and judge finished runs again, or several as one, under other rules. Nothing is read anew."""
    from auditor.policy.load import load_policy

    folders = list(dict.fromkeys(Path(folder).resolve() for folder in runs))
    begun = [_run_json(folder) for folder in folders]
    for folder in folders:
        _finished(folder)
    lists = tuple(
        {entry["name"]: ListSummary(**entry) for started in begun for entry in started["policy"]["lists"]}.values()
    )
    extensions = tuple(sorted({Extension(*one) for run in begun for one in run["policy"].get("extensions", ())}))
    policy = load_policy(tuple(map(Path, rules)), profile, lists, extensions)
    target = Path(out)
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(f"{target}: is not empty; name another folder with --out")
    with _held(target):
        with writing(target):
            for number, folder in enumerate(folders):
                for kind in ("facts", "fingerprints", "tensors", "restricted/hits", "shards"):
                    for path in sorted((folder / kind).glob("*")):
                        _share(path, target / kind / f"{number:02}-{path.name}")
        started = _begin(target, [name for run in begun for name in run["targets"]], policy, ReadOptions())
        tally = sum((_tally(path) for path in (target / "shards").glob("*.json")), Tally())
        return _conclude(target, policy, tally, started, workers or cores())


def _share(path: Path, to: Path) -> None:
    """The same file under another run, without a copy where the file system can."""
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)


def default_folder() -> Path:
    return Path("reports", "runs", datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ"))


def _files(targets: Sequence[str], out: Path) -> Iterator[Blob | Unread]:
    """Every file of the targets, each once. The run's own folder is no part of them, nor are the runs beside it."""
    from auditor.sources import source_of

    where: dict[Path, str] = {}
    for target in targets:
        where.setdefault(Path(os.path.realpath(target)), target)
    sources = {target: source_of(target) for target in where.values()}
    for path, target in where.items():
        if outer := next((where[parent] for parent in path.parents if parent in where), ""):
            raise UsageError(f"{target}: lies in {outer}, which is named too; name one of them")
    taken: set[str] = set()
    for path, target in where.items():
        prefix = _prefix(path, taken) if len(where) > 1 else ""
        taken.add(prefix)
        mine, others = _runs_in(path, Path(os.path.realpath(out)))
        for file in sources[target].blobs(target):
            if file.uri.startswith(mine + others):
                continue
            yield file.with_prefix(prefix) if prefix else file
        for uri in others:
            yield Unread(prefix + uri, "a run of this program: not read", skipped=True)


def _prefix(target: Path, taken: Container[str]) -> str:
    """What a target's places begin with where there are several: its name, with a number where that is taken."""
    from auditor.sources import uri_of

    name = uri_of(target.name)
    return next(
        prefix for prefix in chain([f"{name}/"], (f"{name}~{number}/" for number in count(2))) if prefix not in taken
    )


def _runs_in(target: Path, out: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The places in a target of a run's folder, and of the other runs beside it."""
    from auditor.sources import uri_of

    if not out.parent.is_relative_to(target):
        return (), ()
    places = [out, *sorted(path.parent for path in out.parent.glob("*/run.json") if path.parent != out)]
    uris = ["".join(f"{uri_of(part)}/" for part in path.relative_to(target).parts) for path in places]
    return tuple(uris[:1]), tuple(uris[1:])


def _expect(files: Iterable[Blob | Unread], progress: NullReporter) -> None:
    """Count the files beforehand: a walk costs little beside reading them."""
    number = size = 0
    for file in files:
        number += 1
        size += file.size if isinstance(file, Blob) else 0
    progress.start(number, size)


def _held(folder: Path) -> BinaryIO:
    """Make the folders of a run, this process's alone until the returned lock is closed, however that happens.

    What is restricted is for its owner alone, and kept out of version control.
    """
    try:
        ours = (folder / _LOCK).exists() or (folder / "run.json").exists()
        if folder.is_dir() and not ours and any(folder.iterdir()):
            raise UsageError(f"{folder}: is not empty and holds no run; name an empty or a new folder with --out")
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / _LOCK, "ab")  # noqa: SIM115 - the caller closes it
        if not _locked(lock.fileno()):
            lock.close()
            raise RunError(f"{folder}: another process is writing this run; wait for it, or name another folder")
        for name in _FOLDERS:
            (folder / name).mkdir(exist_ok=True)
            if name.startswith("restricted"):
                (folder / name).chmod(0o700)
        (folder / "restricted" / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot hold a run: {error.strerror}; name another folder with --out") from error
    return lock


def _locked(file: int) -> bool:
    """Take the lock on an open file; False: another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: then it is for the user to run one scan at a time
        return True
    return True


def _begin(folder: Path, targets: Sequence[str], policy: Policy, wants: ReadOptions) -> str:
    """Write run.json, or check that the run begun here is this one. Returns when it was started."""
    content = {
        "format": FORMAT,
        "version": __version__,
        "targets": list(targets),
        "wants": {"algorithms": sorted(wants.algorithms), "weights": wants.weights, "variants": sorted(wants.variants)},
        "policy": {
            "fingerprint": policy.fingerprint,
            "profile": policy.profile,
            "rules": [_rule(rule) for rule in policy.rules],
            "lists": [_list(opened) for opened in policy.lists],
            "extensions": policy.extensions,
            "contacts": asdict(policy.vocabularies.contacts),
        },
        "started": _now(),
    }
    if (folder / "run.json").exists():
        begun = _run_json(folder)
        for key, what in (("targets", "other targets"), ("wants", "other options"), ("version", "another auditor")):
            if begun.get(key) != content[key]:
                raise UsageError(f"{folder}: holds a run with {what}; name another folder with --out")
        if begun["policy"]["fingerprint"] != policy.fingerprint:
            raise UsageError(
                f"{folder}: holds a run under other rules, lists or extensions; name another folder with --out"
            )
        (folder / "report.json").unlink(missing_ok=True)  # until there is a new one, this run is unfinished
        return str(begun["started"])
    with writing(folder):
        write_json(folder / "run.json", content)
    return str(content["started"])


def _scan(folder: Path, files: Iterable[Blob | Unread], setup: Setup, workers: int, progress: NullReporter) -> Tally:
    """Read every shard that is not finished yet; the tally of them all."""
    total = Tally()
    finished: set[str] = set()
    split = _split(folder)

    def open_shards(cut: Iterable[Shard]) -> Iterator[Shard]:
        nonlocal total
        for shard in cut:
            done = _done(folder, shard)
            if done is not None:
                total += done
                finished.add(shard.id)
                progress.advance(len(shard.counted), shard.bytes, done.samples.collected)
            elif shard.id in split:  # it was lost before, and some of its parts are finished
                yield from open_shards(shard.split())
            else:
                yield shard

    try:
        for ended in run(
            open_shards(shards(files, whole_weights=setup.wants.weights == "full")),
            work,
            workers=workers,
            initializer=prepare,
            initargs=(setup,),
            seconds=lambda shard: shard.seconds,
            retry=Shard.split,
        ):
            if isinstance(ended, Done):
                tally = ended.result
            else:
                prepare(setup)
                tally = lost(ended.task, ended.why, folder)
            total += tally
            finished.add(ended.task.id)
            progress.advance(len(ended.task.counted), ended.task.bytes, tally.samples.collected)
    finally:
        progress.finish()
    _forget_all_but(finished, folder)
    return total


def _forget_all_but(finished: set[str], folder: Path) -> None:
    """Delete what an interrupted run left of shards that are now cut differently."""
    for name in ("shards", "facts", "fingerprints", "tensors", "restricted/hits"):
        for path in (folder / name).iterdir():
            if path.name.partition(".")[0] not in finished or path.suffix == ".part":
                path.unlink()


def _split(folder: Path) -> set[str]:
    """The shards that a run has gone on with in parts."""
    names = (path.stem.split("-") for path in (folder / "shards").glob("*-*.json"))
    return {"-".join(name[:depth]) for name in names for depth in range(1, len(name))}


def _done(folder: Path, shard: Shard) -> Tally | None:
    """The tally of a shard that was finished before, if its files are still the same."""
    path = folder / "shards" / f"{shard.id}.json"
    try:
        same = json.loads(path.read_bytes())["fingerprint"] == shard.fingerprint
        return _tally(path) if same else None
    except (OSError, ValueError, KeyError, TypeError, RunError):
        return None  # not there, or damaged: read it again


def _tally(path: Path) -> Tally:
    try:
        content = json.loads(path.read_bytes())
        return _tally_from(content)
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: is damaged; delete it and run the scan again with the same --out") from error


def _tally_from(content: Mapping[str, Any]) -> Tally:
    counts = (Count(**content["files"]), Count(**content["samples"]))
    return Tally(*counts, content["reasons"], content["coverage"], content["compared"])


def _conclude(folder: Path, policy: Policy, tally: Tally, started: str, workers: int) -> Report:
    import pyarrow as pa

    try:
        with writing(folder):
            verdicts, cases = evaluate.judge_runs([folder], policy, folder, workers=workers)
    except pa.ArrowInvalid as error:
        raise RunError(f"{folder}: what was read is damaged ({error}); run the scan again into a new folder") from error
    content = {
        "started": started,
        "finished": _now(),
        "complete": True,
        "tally": asdict(tally),
        "subjects": dict(sorted(verdicts.subjects.items())),
        "flagged": [[*key, number] for key, number in sorted(verdicts.flagged.items())],
        "gaps": verdicts.gaps,
        "cases": [_case_json(case) for case in cases],
    }
    with writing(folder):
        write_json(folder / "report.json", content)
    return report(folder)


def report(folder: str | os.PathLike[str]) -> Report:
    """The report of a finished run. Raises :class:`auditor.errors.RunError`."""
    path = Path(folder)
    begun, content = _run_json(path), _finished(path)
    policy = begun["policy"]
    try:
        cases = tuple(_case(case) for case in content["cases"])
        return Report(
            version=begun["version"],
            targets=tuple(begun["targets"]),
            started=content["started"],
            finished=content["finished"],
            policy=PolicySummary(
                policy["fingerprint"],
                policy["profile"],
                tuple(_rule_from(rule) for rule in policy["rules"]),
                tuple(ListSummary(**entry) for entry in policy["lists"]),
                tuple(Extension(*extension) for extension in policy.get("extensions", ())),
                _contacts(policy["contacts"]),
            ),
            complete=content["complete"],
            tally=_tally_from(content["tally"]),
            subjects=content["subjects"],
            findings=Findings(path / "findings"),
            gaps=Gaps(path / "gaps"),
            cases=cases,
            flagged={(rule, outcome, severity): number for rule, outcome, severity, number in content["flagged"]},
            lineage=_lineage(path / "derived" / "edges.parquet", cases),
            restricted=path / "restricted",
            unread=content["gaps"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: report.json is damaged; run `auditor judge {path} --out DIR`") from error


def _run_json(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "run.json").read_bytes())
        number = content["format"]
    except FileNotFoundError as error:
        raise RunError(f"{folder}: is not a run's folder (it has no run.json)") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder}/run.json: cannot be read; run the scan again") from error
    if number > FORMAT:
        raise RunError(
            f"{folder}: was written by a newer auditor (format {number}, this one reads {FORMAT}); "
            "update auditor, or scan again into a new folder"
        )
    if number < FORMAT:
        raise RunError(
            f"{folder}: has an older format ({number}, this auditor reads {FORMAT}); scan again into a new folder"
        )
    return content  # type: ignore[no-any-return]


def _finished(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "report.json").read_bytes())  # type: ignore[no-any-return]
    except FileNotFoundError as error:
        raise RunError(f"{folder}: was interrupted; run the same scan with --out {folder} to finish it") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{folder}/report.json: cannot be read; run the scan again") from error


def facts(folder: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """What a run states, one mapping a fact, as ``auditor facts`` prints it: in order of shards, derived last."""
    import pyarrow.parquet as pq

    path = Path(folder)
    _run_json(path)
    for file in (*sorted((path / "facts").glob("*.parquet")), *(path / "derived").glob("derived.parquet")):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(4096):
                for row in batch.to_pylist():
                    if row["key"]:
                        yield _fact(row)


def _fact(row: Mapping[str, Any]) -> dict[str, Any]:
    fact = {"subject": row["name"], **{key: row[key] for key in ("kind", "revision", "key", "value", "relation")}}
    fact |= {"place": {"uri": row["uri"], "line": row["line"]}, "source": row["source"]}
    return fact | ({"remark": row["remark"]} if row["remark"] else {})


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a run, read as they are iterated, in order of (kind, subject, revision, rule, fact)."""

    folder: Path

    def __iter__(self) -> Iterator[Finding]:
        return map(evaluate.finding, _merged(self.folder, evaluate.FINDING_COLUMNS))

    def outline(self, examples: int) -> tuple[Mapping[tuple[str, Outcome, Severity], tuple[Finding, ...]], int]:
        """The first of each rule, outcome and severity, and how many subjects have any: no other becomes an object."""
        import numpy as np
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        from auditor.facts import group_starts

        found: dict[tuple[str, Outcome, Severity], list[tuple[Any, ...]]] = {}
        subjects = 0
        for path in sorted(self.folder.glob("*.parquet")):  # a subject's findings are in one of them
            table = pq.read_table(path, columns=list(evaluate.FINDING_COLUMNS)).combine_chunks()
            if not table.num_rows:
                continue
            subjects += pc.sum(group_starts([table[name].chunk(0) for name in evaluate.FINDING_COLUMNS[:3]])).as_py()
            codes = np.zeros(table.num_rows, np.int64)
            for name in ("rule", "outcome", "severity"):
                column = table[name].chunk(0).dictionary_encode()
                codes = codes * len(column.dictionary) + column.indices.to_numpy()
            order = np.argsort(codes, kind="stable")
            starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
            ends = np.append(starts[1:], len(order))
            rows = [order[start : min(start + examples, end)] for start, end in zip(starts, ends, strict=True)]
            for cells in zip(*(c.to_pylist() for c in table.take(np.concatenate(rows)).columns), strict=True):
                found.setdefault((cells[3], cells[5], cells[6]), []).append(cells)
        return {key: tuple(map(evaluate.finding, sorted(rows)[:examples])) for key, rows in found.items()}, subjects


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of a run with their subjects, in order of (kind, subject, revision)."""

    folder: Path

    def __iter__(self) -> Iterator[tuple[Ref, Gap]]:
        for kind, subject, revision, what, why, uri, line in _merged(self.folder, evaluate.GAP_COLUMNS):
            yield Ref(kind, subject, revision), Gap(what, why, Place(uri, line))


def _merged(folder: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of sorted files, in one order: that of their cells, from the first column on."""
    import pyarrow.parquet as pq

    paths = sorted(folder.glob("*.parquet"))
    ahead = max(64, 16384 // max(1, len(paths)))  # rows of each file in memory, so that many files hold no more

    def rows(path: Path) -> Iterator[tuple[Any, ...]]:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ahead, columns=list(columns)):
                yield from zip(*(batch[column].to_pylist() for column in columns), strict=True)

    return heapq.merge(*map(rows, paths))


def _lineage(path: Path, cases: Sequence[Case], most: int = 300, generations: int = 5) -> tuple[Edge, ...]:
    """The edges above and below the cases, nearest first; so many that a person can still look at them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not cases or not path.exists():
        return ()
    table = pq.read_table(path)
    wanted = (pc.field("key") == "protection") & (pc.field("value") == "dropped")
    clauses = pq.read_table(path.with_name("derived.parquet"), columns=["kind", "name", "relation"], filters=wanted)
    dropped = set(zip(*(column.to_pylist() for column in clauses.columns), strict=True))
    found: dict[Edge, None] = {}
    for here, there in (("child", "parent"), ("parent", "child")):
        names = {(case.kind, case.subject) for case in cases[:most]}
        seen = set(names)
        for _ in range(generations):
            rows = table.filter(pc.is_in(table[here], pa.array(sorted({name for _, name in names})))).to_pylist()
            rows = [row for row in rows if (row[f"{here}_kind"], row[here]) in names][:most]
            for row in rows:
                child, parent = Ref(row["child_kind"], row["child"]), Ref(row["parent_kind"], row["parent"])
                without = (child.kind, child.name, parent.name) in dropped
                found[Edge(child, parent, row["relation"], row["source"], without)] = None
            names = {(row[f"{there}_kind"], row[there]) for row in rows} - seen
            seen |= names
            if not names:
                break
    return tuple(found)[: 2 * most]


def _rule(rule: Rule) -> dict[str, Any]:
    shown = (
        "id", "title", "applies", "severity", "case", "priority", "why", "fix", "review", "references", "check",
        "params",
    )  # fmt: skip
    return {name: getattr(rule, name) for name in shown}


def _rule_from(content: Mapping[str, Any]) -> Rule:
    lists = {name: tuple(content[name]) for name in ("applies", "references")}
    return Rule(**{**content, **lists})


def _list(opened: Any) -> dict[str, Any]:
    return {name: getattr(opened, name) for name in ("name", "version", "means", "entries", "sha256", "holder")}


def _contacts(content: Mapping[str, Any]) -> Contacts:
    return Contacts(
        Directory(**content["directory"]),
        tuple(Hotline(**hotline) for hotline in content["hotlines"]),
        tuple(ListProvider(**provider) for provider in content["providers"]),
    )


def _case_json(case: Case) -> dict[str, Any]:
    reasons = [reason._asdict() | {"place": reason.place._asdict()} for reason in case.reasons]
    return asdict(case) | {"reasons": reasons}


def _case(content: Mapping[str, Any]) -> Case:
    reasons = tuple(Finding(**{**reason, "place": Place(**reason["place"])}) for reason in content["reasons"])
    copies = tuple(Ref(**copy) for copy in content["copies"])
    return Case(content["ground"], content["kind"], content["subject"], content["revision"], reasons, copies)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
