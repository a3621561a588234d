"""The formats of a comparison of two runs, one module each, of the same names as the formats of reports.

A format's suffixes and its readers are those of the report format of its name. A contract test renders a comparison in
every format, and looks for what must not be shown.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from auditor.errors import UsageError
from auditor.extensions import load_members
from auditor.render import report_formats

if TYPE_CHECKING:
    from auditor.pipeline.report import Report
    from auditor.reporting.render_options import RenderOptions
    from auditor.reporting.report_diff import ReportDiff


class DiffFormat(Protocol):
    """What a format of comparisons must do. Its name is that of its module."""

    def render(self, diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
        """Write a comparison, which :func:`render_diff` has redacted as ``options`` ask.

        It says first how it may be used (``diff.notice``) and what the runs were not asked alike. ``diff.findings``
        and ``diff.gaps`` may hold millions.
        """


def diff_format_names() -> tuple[str, ...]:
    """Return the names of all formats without importing one."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def render_diff(
    old: Report,
    new: Report,
    wants: Sequence[Mapping[str, Any]],
    format_name: str,
    out: TextIO,
    options: RenderOptions,
) -> None:
    """Write what has changed from one report to another, redacted as ``options`` ask.

    Args:
        old: The earlier report.
        new: The later one.
        wants: What each of the two runs was asked.
        format_name: The format.
        out: Where it is written.
        options: Who reads it.

    Raises:
        UsageError: Comparisons have no such format.
    """
    from auditor.reporting.report_diff import compare_reports

    formats = cast("Mapping[str, DiffFormat]", load_members(__name__, DiffFormat))
    if format_name not in formats:
        raise UsageError(f"--format {format_name}: comparisons have no such format; use one of {', '.join(formats)}")
    audience = options.audience or report_formats()[format_name].AUDIENCE
    options = replace(options, audience=audience)
    formats[format_name].render(compare_reports(old, new, options, wants), out, options)
