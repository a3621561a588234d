"""Make a run from targets to its report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.bucket_address import PACKAGES
from auditor.errors import NothingToAudit, UsageError
from auditor.extensions import installed_extensions
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline.accept_findings import apply_baseline
from auditor.pipeline.audit_lists import ListOptions, folder_of_compiled_lists, open_lists, read_options
from auditor.pipeline.baseline import read_baseline
from auditor.pipeline.context_runs import open_contexts
from auditor.pipeline.engines import find_engine
from auditor.pipeline.judge_run import judge_run, start_run
from auditor.pipeline.read_shards import LocalTargets, read_shards
from auditor.pipeline.report import Notes, Report
from auditor.pipeline.root_name import parse_names
from auditor.pipeline.run_folder import DIGESTS_WANTED, default_run_folder, lock_run_folder, read_run
from auditor.pipeline.run_parts import PartOfShards, parse_part
from auditor.pipeline.sample_design import SampleDesign, begun_design, design_to_json, parse_design
from auditor.pipeline.sampled_audit import count_found, sampled_audit_to_json, with_results
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.selection import Selection, read_selection
from auditor.pipeline.target_files import split_targets
from auditor.private_files import keep_new_files_private
from auditor.progress import NullReporter
from auditor.readers import readers
from auditor.workers.limits import available_cores

if TYPE_CHECKING:
    from auditor.known.compiled_list import CompiledList


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
    dataset: str = "",
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
        dataset: The name of the one dataset that all targets, files and folders of this machine, are parts of.
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
        shard: ``I/N``: part I, from 1, of N parts alone is read, and ``auditor judge`` makes one report of all parts.
        engine: ``local``: worker processes of this machine; ``dask``: a Dask cluster of it; ``dask=ADDRESS``: that of a
            scheduler, whose workers see the targets, the lists and the run's folder under the same paths.
        keep_digests: The digests of samples that match no list are kept in the run for some months, so that
            ``auditor judge`` can match further lists. MD5, SHA-1, SHA-256 and PDQ are computed for it.

    Raises:
        auditor.errors.AuditorError: Something is wrong with the set-up: targets, lists, rules or the run's folder.
    """
    from auditor.known.list_formats import list_formats
    from auditor.pipeline.draw_sample import drawn_sample
    from auditor.policy.load_policy import load_policy

    if isolated and trust_target:
        raise UsageError("--isolated and --trust-target cannot be used together; choose one of them")
    paths = [_without_last_slash(os.fspath(target)) for target in targets]
    accepted = read_baseline(baseline, targets=() if trust_target else paths) if baseline else None
    if out and (scheme := os.fspath(out).partition(":/")[0]) in PACKAGES:  # of a Path, one slash is left
        why = "a run is kept on this machine: in a bucket, what it restricts could not be kept to its owner"
        raise UsageError(f"--out {scheme}://: {why}")
    folder = Path(out) if out else default_run_folder()
    extensions = () if isolated else installed_extensions(() if trust_target else paths)
    if extensions:
        # A module that is no reader or no list format is an error before anything is read.
        readers(extensions)
        list_formats(extensions)
    selection = replace(read_selection(exclude, files_from), follows_ignore_files=trust_target)
    local, remote = split_targets(paths, weights=weights, has_names=bool(files_from), is_sampled=bool(sample))
    if not remote and (content or since):
        raise UsageError(
            f"{'--content' if content else '--since'}: is for targets on a hub or in a bucket; leave it out"
        )
    naming = parse_names(name_as, dataset, paths)
    here = LocalTargets(tuple(local), folder, selection, naming, weights == "full")
    if not here.has_file() and not remote:
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
        wants = _wants(options, selection, design, trust_target, shard) | wanted_digests
        wants |= {"name_as": str(naming or "")} if not dataset else {"name_as": "", "dataset": dataset}
        started = start_run(folder, paths, roots, policy, wants, since)
        workers = workers or available_cores()
        sampled = None
        if design:
            drawn, sampled = drawn_sample(folder, tuple(here.shards()), design, extensions, workers)
            options = replace(options, drawn=drawn)
        progress = progress or NullReporter()

        def count_all() -> tuple[int, int]:
            return here.count(PartOfShards(part.part).take(here.shards()))

        # Listing what is on a hub takes too long to do it twice.
        is_counted = bool(remote) or progress.wants_total
        progress.start(*(count_all() if is_counted and not remote else (None, None)))
        repositories = None
        if remote:
            from auditor.pipeline.remote_shards import RemoteShards

            earlier = Path(since) if since else None
            repositories = RemoteShards(remote, selection, folder, earlier, is_only=not local and len(remote) == 1)
        shared = ScanContext(policy, options, folder)
        to_count = None if is_counted else count_all
        reading = find_engine(engine, shared, workers)
        tally, complete = read_shards(shared, part.take(here.shards()), repositories, reading, progress, to_count)
        if sampled and options.drawn:
            found = count_found(folder, options.drawn, len(sampled.strata))
            sampled = with_results(sampled, tally.drawn, found)
        notes = Notes(remote=repositories.notes()) if repositories else Notes()
        if keep_digests:
            notes = replace(notes, kept_digests=_kept_digests_notes(folder))
        about = {"sampled": sampled_audit_to_json(sampled), "part": part.to_json() if shard else {}}
        report = judge_run(folder, policy, tally, started, workers, notes, about, contexts, complete=complete)
        return apply_baseline(report, accepted) if accepted else report


def _without_last_slash(path: str) -> str:
    """Return the path of a folder without the slash at its end, which parts of one audit may differ in."""
    return path if "://" in path else path.rstrip("/" + os.sep) or path


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
