"""The report formats, one module each: adding a format is adding a file.

Every module of this folder is a format with the duties of :class:`ReportFormat`; a module that lacks one is an error.
What several formats share is in :mod:`auditor.reporting`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from auditor.errors import ExtensionError, UsageError
from auditor.extensions import load_members
from auditor.model import Audience

if TYPE_CHECKING:
    from auditor.pipeline.report import Report
    from auditor.reporting.render_options import RenderOptions


class ReportFormat(Protocol):
    """What a report format must do. Its name is that of its module.

    A format never shows a list's hashes, a matched sample's digest, or a text from outside that
    :func:`auditor.printable.printable` or an escaping of its own has not made harmless. A contract test renders the
    example run, an empty run and a hostile run in every format, and looks for what must not be shown.

    Attributes:
        HELP: One line that says what the format is for.
        SUFFIXES: The suffixes of files by which it is chosen, as ``.csv`` or ``.cdx.json``: the longest one that a
            name ends with. No other format may have them. The stored example is ``reports/example/report`` with the
            first of them (``python -m tests.make_example``).
        SHOWS_PLACES: Whether it can show where matched samples are. If not, it refuses ``--places``.
        AUDIENCE: Who reads it where the command line does not say: ``author`` where it is made for logs and services
            that others can read.
        SEPARATORS: The control characters besides the line feed that separate its fields, such as the tab. They never
            stand within a text from outside.
    """

    HELP: str
    SUFFIXES: tuple[str, ...]
    SHOWS_PLACES: bool = True
    AUDIENCE: Audience = "operator"
    SEPARATORS: str = ""

    def render(self, report: Report, out: TextIO, options: RenderOptions) -> None:
        """Write a report, which :func:`render_report` has redacted as ``options`` ask.

        The report begins with :func:`auditor.reporting.redaction.report_notice`. It is written as it is read:
        ``report.findings`` and ``report.gaps`` may hold millions. Places come from
        :func:`auditor.reporting.restricted_hits.read_restricted_hits`, and are shown if ``options.places`` alone.
        """


def report_format_names() -> tuple[str, ...]:
    """Return the names of all formats without importing one."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def report_formats() -> Mapping[str, ReportFormat]:
    """Return all formats by name.

    Raises:
        ExtensionError: A module of this folder is not a format, or two formats have the same suffix.
    """
    formats = cast("Mapping[str, ReportFormat]", load_members(__name__, ReportFormat))
    _names_by_suffix(formats)
    return formats


def format_of_file(name: str) -> str | None:
    """Return the name of the format that has the longest suffix that a file's name ends with, None if none has one."""
    names = _names_by_suffix(report_formats())
    endings = [suffix for suffix in names if name.lower().endswith(suffix)]
    return names[max(endings, key=len)] if endings else None


def report_format_suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats, sorted."""
    return tuple(sorted(_names_by_suffix(report_formats())))


def _names_by_suffix(formats: Mapping[str, ReportFormat]) -> Mapping[str, str]:
    """Return the name of the format of each file suffix. Raises ExtensionError if two formats have the same one."""
    names: dict[str, str] = {}
    for name, report_format in formats.items():
        for suffix in report_format.SUFFIXES:
            if other := names.get(suffix):
                raise ExtensionError(f"{__name__}.{name}: has the suffix {suffix} of {other}; give it another one")
            names[suffix] = name
    return names


def render_report(report: Report, format_name: str, out: TextIO, options: RenderOptions) -> None:
    """Write a report in a format, redacted as ``options`` ask.

    Raises:
        UsageError: Places are to be shared, or the format never shows them.
        RunError: The run is damaged, or does not hold the places that are asked for.
    """
    from auditor.reporting.redaction import redact

    formats = report_formats()
    if not options.audience:
        options = replace(options, audience="operator" if options.places else formats[format_name].AUDIENCE)
    if options.places and not formats[format_name].SHOWS_PLACES:
        others = ", ".join(name for name in formats if formats[name].SHOWS_PLACES)
        raise UsageError(f"--format {format_name} never shows places of samples; use one of {others}")
    formats[format_name].render(redact(report, options), out, options)
