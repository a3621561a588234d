"""GitHub workflow commands: annotations of files in a pull request, as a step of a workflow prints them.

Syntax: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TextIO

from auditor.model import Place, Severity
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting.coverage import accounting_sentences, files_left_out, missing_lists
from auditor.reporting.finding_groups import FindingGroup, card_places, most_severe_groups, severity_counts
from auditor.reporting.labels import subject_label
from auditor.reporting.local_paths import local_path
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import group_gaps

HELP = "GitHub workflow commands: annotations of the files of a pull request"
SUFFIXES = (".github.txt",)
SHOWS_PLACES = False  # logs can be public
AUDIENCE = "author"
# GitHub shows 10 errors, 10 warnings and 10 notices of a step (docs.github.com: limitations of annotations).
MAX_OF_LEVEL = 10
MAX_GROUPS = 5000

_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the annotations that GitHub shows, the most severe first, and how many more findings there are."""
    encoding = out.encoding or "utf-8"
    for line in _lines(report, report_notice(report, options)):
        out.write(f"{line.encode(encoding, 'backslashreplace').decode(encoding)}\n")


def _lines(report: Report, notice: str) -> Iterator[str]:
    """Yield the workflow commands: the notice, findings, what was not checked, and how much is left out."""
    extensions = (f"Extension: {printable(str(one))}" for one in report.policy.extensions)
    left_out_files = map(printable, files_left_out(report))
    about = (notice, *accounting_sentences(report), *left_out_files, *missing_lists(report), *extensions)
    yield _command("notice", {"title": "auditor"}, "\n".join(about))
    groups, left_out = most_severe_groups(report, MAX_GROUPS)
    cards = card_places(report, groups)
    fixes = {rule.id: " ".join(rule.fix.split()) for rule in report.policy.rules}
    # The notice is one of its level, and what was not checked is one of the warnings.
    free = {"error": MAX_OF_LEVEL, "warning": MAX_OF_LEVEL - 1, "notice": MAX_OF_LEVEL - 2}
    for group in groups:
        level = _LEVELS[group.severity] if group.is_flagged else "notice"
        if free[level]:
            free[level] -= 1
            yield _annotation(level, group, report, group.place(cards), fixes.get(group.first.rule, ""))
        else:
            left_out[group.severity] += 1
    gaps = group_gaps(report.gaps, 1)
    if gaps:
        more = f" And {len(gaps) - 1:,} other reasons." if len(gaps) > 1 else ""
        yield _command("warning", {"title": "auditor: not checked"}, f"{gaps[0].sentence}.{more}")
    if left_out:
        text = f"{severity_counts(left_out)} more (rules by subjects): see the other reports of this run."
        yield _command("notice", {"title": "auditor: left out"}, text)


def _annotation(level: str, group: FindingGroup, report: Report, place: Place, fix: str) -> str:
    """Return the workflow command for a group of findings; without a file where it lies outside of the workspace."""
    path = local_path(place.uri, report.targets) if place.uri else ""
    is_inside = path and not os.path.isabs(path) and "://" not in path
    where = {"file": printable(path, 1000), "line": str(max(place.line, 1))} if is_inside else {}
    subject = printable(subject_label(group.first.ref))
    text = f"{subject}: {'; '.join(group.facts)}"
    advice = f"\nWhat the owner can do: {printable(fix, 1000)}" if fix and group.is_flagged else ""
    unchecked = "" if group.is_flagged else "Unchecked: "
    return _command(level, {**where, "title": printable(group.first.rule)}, f"{unchecked}{text}{advice}")


def _command(level: str, properties: Mapping[str, str], text: str) -> str:
    """Return one workflow command; a text cannot end it or begin another one (actions/toolkit, command.ts)."""
    shown = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_escape_data(text)}"


def _escape_data(text: str) -> str:
    """Return the text as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    """Return the text as the value of a property of a workflow command."""
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
