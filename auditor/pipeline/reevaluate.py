"""Judge finished runs again under other rules, several as one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import UsageError
from auditor.pipeline.accept_findings import apply_baseline
from auditor.pipeline.audit_lists import ListOptions, folder_of_compiled_lists, open_lists
from auditor.pipeline.baseline import read_baseline
from auditor.pipeline.context_runs import open_contexts
from auditor.pipeline.judge_run import judge_run, start_run
from auditor.pipeline.merge_runs import MergedRuns, differences, merge_runs
from auditor.pipeline.policy_summary import extensions_from_json, lists_from_json
from auditor.pipeline.report import Notes, Report
from auditor.pipeline.run_folder import (
    DIGESTS_WANTED,
    errors_name_run,
    lock_run_folder,
    read_results,
    read_run,
    untrusted_roots,
)
from auditor.pipeline.run_parts import check_parts, whole_wants
from auditor.private_files import keep_new_files_private
from auditor.workers.limits import available_cores

if TYPE_CHECKING:
    from auditor.known.compiled_list import CompiledList

DEFAULT_PROFILE = "default"


def reevaluate(
    runs: Sequence[str | os.PathLike[str]],
    *,
    out: str | os.PathLike[str],
    rules: Sequence[str | os.PathLike[str]] = (),
    profile: str = "",
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
        profile: The profile, which sets the severity of rules; "": that of the runs, and where
            they have several, the default one.
        context: Folders of finished runs in which parents are looked up, as in :func:`audit`.
        workers: How many worker processes judge; 0: one per core.
        baseline: A file of findings and gaps that are accepted (:mod:`auditor.pipeline.baseline`).
        partial: Of an audit that ran in parts, some may be missing; the report says so.
        known: Names of further imported lists, or list files.
        means: What the entries of list files mean, where a file does not say so.
        algorithm: The algorithm of their hashes, where a file does not say so.
        columns: The names of their columns by what these hold, where a file does not say so.

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

            compiled = stack.enter_context(folder_of_compiled_lists(known, None))
            ways = ListOptions(means, algorithm, columns)
            further = open_lists(known, ways, into=compiled, audited=untrusted_roots(begun), extensions=extensions)
            check_kept_digests(folders, begun, further)
        lists: dict[str, Any] = {one.name: one for run in begun for one in lists_from_json(run["policy"])}
        lists |= {one.name: one for one in further}
        policy = load_policy(
            tuple(map(Path, rules)), profile or _common_profile(begun), tuple(lists.values()), extensions
        )
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
        started = start_run(target, targets, roots, policy, wants)
        notes = _merge_notes(merged, begun, results)
        notes = replace(notes, asked_differently=missing_parts + notes.asked_differently)
        tally = merged.tally
        if further:
            with errors_name_run(target):
                matched = match_kept_digests(folders, begun, target, further)
            tally = matched.tally
            notes = replace(notes, asked_differently=notes.asked_differently + matched.not_compared)
        report = judge_run(
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


def _common_profile(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the profile of all runs, or the default one if they have several."""
    profiles = {run["policy"]["profile"] for run in runs}
    return str(profiles.pop()) if len(profiles) == 1 else DEFAULT_PROFILE


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
