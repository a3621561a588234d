"""Make a run from targets to its report, or judge finished runs again."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import __version__
from auditor.blob import Unread
from auditor.errors import NothingToAudit, RunError, UsageError
from auditor.extensions import Extension, installed_extensions
from auditor.known.list_file import memory_folder
from auditor.known.private_folder import private_folder
from auditor.model import Tally
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline.accept_findings import apply_baseline
from auditor.pipeline.baseline import read_baseline
from auditor.pipeline.cases import case_to_json
from auditor.pipeline.context_runs import open_contexts
from auditor.pipeline.engines import Engine, find_engine
from auditor.pipeline.evaluate_runs import evaluate_runs
from auditor.pipeline.merge_runs import MergedRuns, differences, merge_runs
from auditor.pipeline.policy_summary import extensions_from_json, lists_from_json, policy_to_json
from auditor.pipeline.report import Notes, Report, read_report
from auditor.pipeline.root_name import parse_root_name
from auditor.pipeline.run_folder import (
    DIGESTS_WANTED,
    LISTS,
    default_run_folder,
    delete_stale_shards,
    errors_name_run,
    ids_of_split_shards,
    lock_run_folder,
    read_results,
    read_run,
    start_or_resume_run,
    untrusted_roots,
    write_results,
)
from auditor.pipeline.run_parts import PartOfShards, check_parts, parse_part, whole_wants
from auditor.pipeline.sample_design import SampleDesign, begun_design, design_to_json, parse_design
from auditor.pipeline.sampled_audit import (
    count_found,
    sampled_audit_to_json,
    with_results,
)
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.scan_shard import record_lost_shard
from auditor.pipeline.selection import Selection, read_selection
from auditor.pipeline.shard import Shard, bytes_to_read, cut_into_shards
from auditor.pipeline.tally_files import finished_tally, tally_to_json
from auditor.pipeline.target_files import list_files, split_targets
from auditor.private_files import keep_new_files_private
from auditor.progress import NullReporter
from auditor.readers import readers
from auditor.timestamps import current_time
from auditor.workers.limits import available_cores
from auditor.workers.pool import FinishedTask

if TYPE_CHECKING:
    from auditor.known.compiled_list import CompiledList
    from auditor.lineage.context import Context
    from auditor.pipeline.remote_shards import RemoteShards
    from auditor.policy.load_policy import Policy

# Bytes that compiling a list file takes at most, for each of the file's: of a PDQ hash in hex, 65 bytes, some 250.
_COMPILED_RATIO = 8


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
    context: Sequence[str | os.PathLike[str]] = (),
    name_as: str = "",
    digests: Sequence[str] = (),
    exclude: Sequence[str] = (),
    files_from: str | os.PathLike[str] | None = None,
    skip_malformed: bool = False,
    progress: NullReporter | None = None,
    isolated: bool = False,
    sample: str = "",
    stratify: str = "",
    seed: int | None = None,
    baseline: str | os.PathLike[str] | None = None,
    trust_target: bool = False,
    content: bool = False,
    since: str | os.PathLike[str] | None = None,
    shard: str = "",
    engine: str = "local",
    keep_digests: bool = False,
) -> Report:
    """Scan targets and judge what they state; the same as ``auditor scan``.

    A script that calls this with worker processes needs the usual ``if __name__ == "__main__":``.

    Args:
        targets: Files and folders, and addresses of a hub (:mod:`auditor.hub_address`).
        known: Names of imported lists, or list files.
        means: What the entries of list files mean, where a file does not say so.
        algorithm: The algorithm of their hashes, where a file does not say so.
        columns: The names of their columns by what these hold, where a file does not say so.
        rules: Folders of further rules.
        profile: The profile, which sets the severity of rules.
        out: The run's folder; without it, a new one in the user's state folder. Where it holds an interrupted run of
            the same targets and policy, that run goes on.
        workers: How many worker processes read; 0: one per core.
        weights: How far weights files are read: ``header``, ``sample`` or ``full``.
        variants: Further forms of a picture that are hashed and compared.
        context: Folders of finished runs in which the parents of the targets' subjects are looked up, several
            generations of them. They are judged by what those runs know, and are not reported themselves.
        digests: Digests of weights files that are stated even if no list asks for them: ``sha256``, ``xet``,
            ``blake3``. Each costs the reading of whole files.
        name_as: The name that the only target will have on a hub, ``ORG/NAME`` or ``ORG/NAME@REVISION``.
        exclude: Patterns of files that are not read (:mod:`auditor.pipeline.selection`); the report counts the files.
        files_from: A file with the paths to read, one per line, or ``-`` for standard input; all other files of the
            targets are counted as skipped.
        skip_malformed: Malformed entries of list files are left out and logged; otherwise such a list is refused.
        progress: What is told how far the scan is.
        isolated: Readers and list formats that other installed distributions add are not loaded.
        sample: How much is read, drawn at random: a number of samples (``3000``) or a share (``0.5%``); "" for all.
        stratify: The column of tables whose values are sampled each by itself; with ``:desc`` or ``:asc`` the highest
            or lowest values most closely.
        seed: What makes the drawing the same again; None: a new one, which the report states.
        baseline: A file of findings and gaps that are accepted (:mod:`auditor.pipeline.baseline`).
        trust_target: The targets may hold the baseline and extensions, and their .gitignore files are followed.
        content: The bytes of samples on a hub are fetched too, in memory alone; that may need authority.
        since: The folder of a finished run: of repositories on a hub that have the same commit, what that run found is
            taken over.
        shard: ``I/N``: part I, from 1, of N parts alone is read, and :func:`reevaluate` judges all parts as one.
        engine: ``local``: worker processes of this machine; ``dask``: a Dask cluster of it; ``dask=ADDRESS``: that of a
            scheduler, whose workers see the targets, the lists and the run's folder under the same paths.
        keep_digests: The digests of samples that match no list are kept in the run for some months, so that
            :func:`reevaluate` can match further lists. MD5, SHA-1, SHA-256 and PDQ are computed for it.

    Raises:
        auditor.errors.AuditorError: Something is wrong with the set-up: targets, lists, rules or the run's folder.
    """
    from auditor.known.list_formats import list_formats
    from auditor.pipeline.draw_sample import drawn_sample
    from auditor.policy.load_policy import load_policy

    if isolated and trust_target:
        raise UsageError("--isolated and --trust-target cannot be used together; choose one of them")
    paths = [os.fspath(target) for target in targets]
    accepted = read_baseline(baseline, targets=() if trust_target else paths) if baseline else None
    folder = Path(out) if out else default_run_folder()
    extensions = () if isolated else installed_extensions(() if trust_target else paths)
    if extensions:
        # A module that is no reader or no list format is an error before anything is read.
        readers(extensions)
        list_formats(extensions)
    selection = replace(read_selection(exclude, files_from), follows_ignore_files=trust_target)
    local, remote = split_targets(paths, weights=weights, has_names=bool(files_from), is_sampled=bool(sample))
    if not remote and (content or since):
        raise UsageError(f"{'--content' if content else '--since'}: is for targets on a hub; leave it out")
    root = parse_root_name(name_as, paths) if name_as else None
    files = list_files(local, folder, selection, root)
    first = next(files, None)
    if first is None and not remote:
        raise NothingToAudit(f"{', '.join(map(str, targets))}: holds no file; name a file or folder that does")
    with keep_new_files_private(), lock_run_folder(folder), folder_of_compiled_lists(known, folder) as compiled:
        ways = ListOptions(means, algorithm, columns, skip_malformed)
        lists = open_lists(known, ways, into=compiled, audited=paths, extensions=extensions)
        policy = load_policy(tuple(map(Path, rules)), profile, lists, extensions)
        if accepted:
            accepted.check_rules(policy.rules)
        options = read_options(lists, weights, variants, content=content, digests=digests)
        wanted_digests: dict[str, Any] = {}
        if keep_digests:
            options, wanted_digests = _with_kept_digests(options, lists)
        design = parse_design(sample, stratify, seed, begun_design(folder))
        part = PartOfShards(parse_part(shard))
        if shard and (design or remote):
            other = "--sample" if design else remote[0]
            raise UsageError(f"--shard and {other} cannot be used together; leave one of them out")
        roots = [path if "://" in path else os.path.abspath(path) for path in paths]
        contexts = open_contexts(context)
        wants = _wants(options, selection, design, trust_target, shard) | {"name_as": str(root or ""), **wanted_digests}
        started = _start_run(folder, paths, roots, policy, wants, since)
        workers = workers or available_cores()

        def shards_of_all() -> Iterator[Shard]:
            return cut_into_shards(list_files(local, folder, selection, root), whole_weights=weights == "full")

        sampled = None
        if design:
            drawn, sampled = drawn_sample(folder, tuple(shards_of_all()), design, extensions, workers)
            options = replace(options, drawn=drawn)
        progress = progress or NullReporter()

        def count_all() -> tuple[int, int]:
            return _count_files(PartOfShards(part.part).take(shards_of_all()), whole_weights=weights == "full")

        # Listing what is on a hub takes too long to do it twice.
        is_counted = bool(remote) or progress.wants_total
        progress.start(*(count_all() if is_counted and not remote else (None, None)))
        to_read = part.take(cut_into_shards(chain([first], files) if first else (), whole_weights=weights == "full"))
        repositories = None
        if remote:
            from auditor.pipeline.remote_shards import RemoteShards

            earlier = Path(since) if since else None
            repositories = RemoteShards(remote, selection, folder, earlier, is_only=not local and len(remote) == 1)
        shared = ScanContext(policy, options, folder)
        to_count = None if is_counted else count_all
        tally, complete = _scan(shared, to_read, repositories, find_engine(engine, shared, workers), progress, to_count)
        if sampled and options.drawn:
            found = count_found(folder, options.drawn, len(sampled.strata))
            sampled = with_results(sampled, tally.drawn, found)
        notes = Notes(remote=repositories.notes()) if repositories else Notes()
        if keep_digests:
            notes = replace(notes, kept_digests=_kept_digests_notes(folder))
        about = {"sampled": sampled_audit_to_json(sampled), "part": part.to_json() if shard else {}}
        report = _evaluate(folder, policy, tally, started, workers, notes, about, contexts, complete=complete)
        return apply_baseline(report, accepted) if accepted else report


class ListOptions(NamedTuple):
    """How an audit's list files are read where they do not say it; see :func:`audit`."""

    means: str = ""
    algorithm: str = ""
    columns: Mapping[str, str] | None = None
    skip_malformed: bool = False


def open_lists(
    known: Sequence[str | os.PathLike[str]],
    ways: ListOptions,
    *,
    into: Path,
    audited: Sequence[str],
    extensions: tuple[Extension, ...],
) -> tuple[CompiledList, ...]:
    """Return an audit's lists. Raises ListError and UsageError.

    Args:
        known: Their names or files.
        ways: How list files are read.
        into: The folder for what is compiled from them.
        audited: The targets, in which no list may lie.
        extensions: List formats that installed packages add.
    """
    from auditor.known.open_list import open_list

    same = {**ways._asdict(), "into": into, "audited": audited, "extensions": extensions}
    return tuple(open_list(os.fspath(name), **same) for name in known)


def read_options(
    lists: Sequence[CompiledList],
    weights: str,
    variants: Iterable[str],
    *,
    content: bool,
    digests: Collection[str] = (),
) -> ReadOptions:
    """Return what the readers of an audit compute for its lists, and the digests of weights files beside."""
    from auditor.samples import ARTEFACT_DIGEST_OF, ARTEFACT_DIGESTS

    algorithms = frozenset(name for opened in lists if opened.means != "model" for name in opened.algorithms)
    # A digest costs the reading of whole files: not for a list of names or fingerprints alone.
    by_models = frozenset(name for opened in lists if opened.means == "model" for name in opened.algorithms)
    asked = {*digests, *(ARTEFACT_DIGEST_OF[name] for name in by_models if name in ARTEFACT_DIGEST_OF)}
    if "xet" in asked and not find_spec("hf_xet"):
        raise UsageError("the Xet hash cannot be computed here: install hf-xet, or leave out what asks for it")
    algorithms |= {ARTEFACT_DIGESTS[name] for name in asked}
    return ReadOptions(algorithms, weights, frozenset(variants), content=content)  # type: ignore[arg-type]


def _with_kept_digests(
    options: ReadOptions, lists: Sequence[CompiledList]
) -> tuple[ReadOptions, dict[str, dict[str, Any]]]:
    """Return what readers compute where digests are kept, and what ``run.json`` says of it."""
    from auditor.pipeline.kept_digests import KEPT_BESIDE, KEPT_DAYS

    asked = {name for known in lists if known.means != "model" for name in known.algorithms}
    options = replace(options, algorithms=options.algorithms | {*KEPT_BESIDE}, keeps_digests=True)
    return options, {DIGESTS_WANTED: {"days": KEPT_DAYS, "asked": sorted(asked)}}


def _kept_digests_notes(folder: Path) -> tuple[str, ...]:
    """Return the sentence of a report on the digests that the run keeps."""
    from auditor.pipeline.kept_digests import kept_until

    until = kept_until(read_run(folder))[:10]
    return (
        f"Digests of the samples that match no list are kept in the run's restricted/ until {until}; `auditor judge` "
        "matches further lists with them, and `auditor runs purge` deletes them.",
    )


@contextmanager
def folder_of_compiled_lists(known: Sequence[str | os.PathLike[str]], run: Path) -> Iterator[Path]:
    """Make an audit's folder for what is compiled from list files, and delete it at the end.

    It lies in memory where there is room for that, else in what is restricted of the run.
    """
    size = sum(os.path.getsize(name) for name in known if os.path.isfile(name))
    with private_folder(memory_folder(_COMPILED_RATIO * size) or run / LISTS) as folder:
        yield folder


def reevaluate(
    runs: Sequence[str | os.PathLike[str]],
    *,
    out: str | os.PathLike[str],
    rules: Sequence[str | os.PathLike[str]] = (),
    profile: str = "default",
    context: Sequence[str | os.PathLike[str]] = (),
    workers: int = 0,
    baseline: str | os.PathLike[str] | None = None,
    partial: bool = False,
    known: Sequence[str | os.PathLike[str]] = (),
    means: str = "",
    algorithm: str = "",
    columns: Mapping[str, str] | None = None,
) -> Report:
    """Derive and judge finished runs again under other rules, several as one; the same as ``auditor judge``.

    Nothing is read anew. Further lists are matched with the digests that the runs keep.

    Args:
        runs: Folders of finished runs.
        out: The new run's folder, new or empty.
        rules: Folders of further rules.
        profile: The profile, which sets the severity of rules.
        context: Folders of finished runs in which parents are looked up, as in :func:`audit`.
        workers: How many worker processes judge; 0: one per core.
        baseline: A file of findings and gaps that are accepted (:mod:`auditor.pipeline.baseline`).
        partial: Of an audit that ran in parts, some may be missing; the report says so.
        known: Names of further imported lists, or list files.
        means, algorithm, columns: How list files are read, as in :func:`audit`.

    Raises:
        auditor.errors.AuditorError: A run is not finished or damaged, or rules or folder cannot be used.
    """
    from auditor.policy.load_policy import load_policy

    folders = list(dict.fromkeys(Path(folder).resolve() for folder in runs))
    begun = [read_run(folder) for folder in folders]
    results = [read_results(folder) for folder in folders]
    missing_parts = check_parts(folders, begun, results, partial=partial)
    extensions = tuple(sorted({extension for run in begun for extension in extensions_from_json(run["policy"])}))
    target = Path(out)
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(f"{target}: is not empty; name another folder with --out")
    with ExitStack() as stack:
        stack.enter_context(keep_new_files_private())
        further: tuple[CompiledList, ...] = ()
        if known:
            from auditor.pipeline.match_kept_digests import check_kept_digests, match_kept_digests

            size = sum(os.path.getsize(name) for name in known if os.path.isfile(name))
            compiled = stack.enter_context(private_folder(memory_folder(_COMPILED_RATIO * size)))
            ways = ListOptions(means, algorithm, columns)
            further = open_lists(known, ways, into=compiled, audited=untrusted_roots(begun), extensions=extensions)
            check_kept_digests(folders, begun, further)
        lists: dict[str, Any] = {one.name: one for run in begun for one in lists_from_json(run["policy"])}
        lists |= {one.name: one for one in further}
        policy = load_policy(tuple(map(Path, rules)), profile, tuple(lists.values()), extensions)
        accepted = read_baseline(baseline, targets=untrusted_roots(begun)) if baseline else None
        if accepted:
            accepted.check_rules(policy.rules)
        contexts = open_contexts(context)
        stack.enter_context(lock_run_folder(target))
        with errors_name_run(target):
            merged = merge_runs(folders, begun, target, are_disjoint=any(one.get("part") for one in results))
        targets = list(dict.fromkeys(name for run in begun for name in run["targets"]))
        # Digests stay with the run that keeps them.
        wants = {key: value for key, value in whole_wants(begun[0]["wants"]).items() if key != DIGESTS_WANTED}
        wants |= {"trust_target": any(run["wants"]["trust_target"] for run in begun)}
        roots = list(dict.fromkeys(root for run in begun for root in run["roots"]))
        started = _start_run(target, targets, roots, policy, wants)
        notes = _merge_notes(merged, begun, results)
        notes = replace(notes, asked_differently=missing_parts + notes.asked_differently)
        tally = merged.tally
        if further:
            with errors_name_run(target):
                matched = match_kept_digests(folders, begun, target, further)
            tally = matched.tally
            notes = replace(notes, asked_differently=notes.asked_differently + matched.not_compared)
        report = _evaluate(
            target,
            policy,
            tally,
            started,
            workers or available_cores(),
            notes,
            {"sampled": _only_sample(folders, results), "part": {}},
            contexts,
            complete=all(one["complete"] for one in results),
        )
    return apply_baseline(report, accepted) if accepted else report


def _merge_notes(merged: MergedRuns, runs: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> Notes:
    """Return what the report of an audit of several runs says of them, and of those that they were made from."""
    once = merged.counted_once
    files = f"{once:,} files that several runs read are" if once > 1 else "1 file that several runs read is"
    earlier = [Notes(**one["notes"]) for one in results]
    return Notes(
        tuple(dict.fromkeys(note for notes in earlier for note in notes.asked_differently)) + differences(runs),
        tuple(dict.fromkeys(note for notes in earlier for note in notes.counted_once))
        + ((f"{files} counted once.",) if once else ()),
    )


def _only_sample(folders: Sequence[Path], results: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what the audit's sample proves, if it is of one run; what several samples prove together is not known.

    Raises:
        UsageError: One of several runs read a sample.
    """
    if len(folders) == 1:
        return results[0].get("sampled", {})  # type: ignore[no-any-return]
    for folder, result in zip(folders, results, strict=True):
        if result.get("sampled"):
            raise UsageError(f"{folder}: read a sample, which cannot be joined with other runs; judge it alone")
    return {}


def _wants(
    options: ReadOptions, selection: Selection, design: SampleDesign | None, trust_target: bool, shard: str
) -> dict[str, Any]:
    """Return what ``run.json`` keeps of an audit's options."""
    further = {"sample": design_to_json(design)} if design else {}
    further |= {"part": asdict(parse_part(shard))} if shard else {}
    return further | {
        "algorithms": sorted(options.algorithms),
        "weights": options.weights,
        "variants": sorted(options.variants),
        "exclude": list(selection.exclude),
        "files_from": selection.digest,
        "trust_target": trust_target,
        "content": options.content,
    }


def _start_run(
    folder: Path,
    targets: Sequence[str],
    roots: Sequence[str],
    policy: Policy,
    wants: Mapping[str, Any],
    since: str | os.PathLike[str] | None = None,
) -> str:
    """Write or check what the run of an audit is to read; return when it was started.

    Args:
        folder: The run's folder.
        targets: The targets as they were given.
        roots: Where they are.
        policy: What they are judged by.
        wants: What is read of them.
        since: The folder of a run that it takes over from; None: of none.
    """
    content = {
        "version": __version__,
        "targets": list(targets),
        "roots": list(roots),
        "wants": dict(wants),
        "policy": policy_to_json(policy),
    }
    if since:
        from auditor.pipeline.remote_shards import check_since

        check_since(Path(since), content)
    return start_or_resume_run(folder, content)


def _count_files(shards: Iterable[Shard], *, whole_weights: bool) -> tuple[int, int]:
    """Return how many files an audit has, and their bytes to read: listing them costs little beside reading them."""
    number = size = 0
    for shard in shards:
        number += sum(isinstance(file, Unread) or not file.partition[0] for file in shard.files)
        size += sum(bytes_to_read(file, whole_weights) for file in shard.files)
    return number, size


def _scan(
    context: ScanContext,
    shards: Iterable[Shard],
    repositories: RemoteShards | None,
    engine: Engine,
    progress: NullReporter,
    count_all: Callable[[], tuple[int, int]] | None,
) -> tuple[Tally, bool]:
    """Read every shard of an audit that is not finished yet, those of repositories on a hub last.

    Args:
        context: What the workers share.
        shards: The files of the local targets.
        repositories: The repositories of targets on a hub.
        workers: How many worker processes read.
        progress: What is told how far the scan is.
        count_all: Returns the number of all files and their bytes to read; None: it is told already or not known.

    Returns:
        The tally of all shards, and whether no shard was lost that a resumed run would try again.
    """
    folder = context.folder
    total = Tally()
    finished: set[str] = set()
    split = ids_of_split_shards(folder)
    complete = True
    whole_weights = context.options.weights == "full"

    def count(shard: Shard, tally: Tally, *, resumed: bool = False) -> None:
        nonlocal total, count_all
        total += tally
        finished.add(shard.id)
        size = sum(bytes_to_read(file, whole_weights) for file in shard.files)
        matches = (key for key in tally.coverage if key.startswith("hits ") and not key.startswith("hits benign"))
        hits = sum(tally.coverage[key] for key in matches)
        progress.advance(tally.files.collected, size, tally.samples.collected, hits, resumed=resumed)
        if count_all and progress.wants_total:
            progress.set_total(*count_all())
            count_all = None

    def unfinished(shards: Iterable[Shard]) -> Iterator[Shard]:
        for shard in shards:
            tally = finished_tally(folder, shard)
            if tally is not None:
                count(shard, tally, resumed=True)
            elif shard.id in split:  # it was lost before, and some of its parts are finished
                yield from unfinished(shard.split())
            else:
                yield shard

    if repositories:
        repositories.packer.finished = finished
    remote = repositories.unfinished(partial(count, resumed=True)) if repositories else ()
    try:
        for ended in engine(unfinished(chain(shards, remote))):
            if isinstance(ended, FinishedTask):
                count(ended.task, ended.result)
                if repositories:
                    repositories.pack(ended.task.id)
            else:
                complete &= not ended.is_dead
                count(ended.task, record_lost_shard(context, ended.task, ended.why, try_again=ended.is_dead))
    finally:
        progress.finish()
    with errors_name_run(folder):
        if repositories:
            repositories.packer.finish()
        delete_stale_shards(folder, finished)
    return total, complete


def _evaluate(
    folder: Path,
    policy: Policy,
    tally: Tally,
    started: str,
    workers: int,
    notes: Notes,
    about: Mapping[str, Any],
    contexts: Sequence[Context],
    *,
    complete: bool,
) -> Report:
    """Judge what an audit read, and write the results, which make the run complete.

    Args:
        folder, policy, tally, started, workers, notes, complete: As the audit has them.
        about: What the run is: a sample, or a part of an audit.
    """
    import pyarrow as pa

    try:
        with errors_name_run(folder):
            evaluation, cases = evaluate_runs([folder], policy, folder, workers=workers, contexts=contexts)
    except pa.ArrowInvalid as error:
        raise RunError(f"{folder}: what was read is damaged ({error}); run the scan again into a new folder") from error
    content = {
        "started": started,
        "finished": current_time(),
        "complete": complete,
        "notes": asdict(notes),
        "ancestors": evaluation.ancestors,
        "tally": tally_to_json(tally),
        "subjects": dict(sorted(evaluation.subjects.items())),
        "flagged": [[*key, number] for key, number in sorted(evaluation.flagged.items())],
        "gaps": evaluation.gaps,
        "cases": [case_to_json(case) for case in cases],
        **about,
    }
    write_results(folder, content)
    return read_report(folder)
