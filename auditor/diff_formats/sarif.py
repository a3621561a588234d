"""A comparison of two runs as SARIF 2.1.0: the later run's results with their ``baselineState``, then absent ones."""

from __future__ import annotations

import io
import json
from typing import Any, TextIO

from auditor.errors import UsageError
from auditor.pipeline.report import Report
from auditor.render import sarif
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import ReportDiff

Json = dict[str, Any]


def render(diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
    """Write the comparison.

    Where a run has more results than a log takes, one that is in the other log alone gets no state: it may be among
    those that were left out.

    Raises:
        UsageError: It is to be shared; results are found again by their names.
    """
    if options.share:
        raise UsageError("--share: SARIF finds results again by their names; use another format")
    old, log = (_log(report, options) for report in (diff.old, diff.new))
    old_run, new = old["runs"][0], log["runs"][0]
    before = {_identity(result): result for result in old_run["results"]}
    is_known = {"new": not _leaves_out(old_run), "absent": not _leaves_out(new)}
    for result in new["results"]:
        earlier = before.pop(_identity(result), None)
        if earlier is None:
            _set_state(result, "new", is_known)
        else:
            same = all(earlier[key] == result[key] for key in ("message", "level", "kind"))
            result["baselineState"] = "unchanged" if same else "updated"
    indices = {rule["id"]: index for index, rule in enumerate(new["tool"]["driver"]["rules"])}
    for result in before.values():
        _set_state(result, "absent", is_known)
        result.pop("ruleIndex", None)
        if result["ruleId"] in indices:
            result["ruleIndex"] = indices[result["ruleId"]]
        if "baselineState" in result:
            new["results"].append(result)
    new["properties"] |= {"notice": diff.notice, "differences": list(diff.differences)}
    json.dump(log, out, ensure_ascii=True, allow_nan=False, indent=1)
    out.write("\n")


def _log(report: Report, options: RenderOptions) -> Json:
    """Return the SARIF log of one of the reports that are compared."""
    text = io.StringIO()
    sarif.render(report, text, options)
    log: Json = json.loads(text.getvalue())
    return log


def _identity(result: Json) -> str:
    """Return by what a SARIF result of one run is found in a comparison with another."""
    return str(result["partialFingerprints"]["auditorSubject/v1"])


def _leaves_out(run: Json) -> bool:
    """Return whether a SARIF log leaves out results, so that a comparison cannot tell which are absent."""
    notes = run["invocations"][0]["toolExecutionNotifications"]
    return any(note.get("descriptor", {}).get("id") == "left-out" for note in notes)


def _set_state(result: Json, state: str, is_known: dict[str, bool]) -> None:
    """Set the state of a SARIF result that only one of the compared runs has, if that can be known."""
    if is_known[state]:
        result["baselineState"] = state
