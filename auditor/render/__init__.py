"""The report formats: one module each. Adding a format is adding a file.

Every module of this folder is a format with the duties of :class:`ReportFormat`; a module that lacks one is an error.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from auditor.pipeline.audit import Report
    from auditor.reporting.render_options import RenderOptions


class ReportFormat(Protocol):
    """What a module of this folder must have."""

    HELP: str

    def render(self, report: Report, out: TextIO, options: RenderOptions) -> None: ...


@cache
def report_formats() -> Mapping[str, ReportFormat]:
    """Return every format by its name, which is the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
