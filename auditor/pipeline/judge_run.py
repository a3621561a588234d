"""Begin a run, and judge what it read: the two steps that a scan and a judging of finished runs share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor import __version__
from auditor.errors import RunError
from auditor.model import Tally
from auditor.pipeline.cases import case_to_json
from auditor.pipeline.evaluate_runs import evaluate_runs
from auditor.pipeline.policy_summary import policy_to_json
from auditor.pipeline.report import Notes, Report, read_report
from auditor.pipeline.run_folder import errors_name_run, start_or_resume_run, write_results
from auditor.pipeline.tally_files import tally_to_json
from auditor.timestamps import current_time

if TYPE_CHECKING:
    from auditor.lineage.context import Context
    from auditor.policy.load_policy import Policy


def start_run(
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


def judge_run(
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
    """Judge what a run read, and write the results, which make the run complete.

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
