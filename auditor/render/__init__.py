"""One module a report format: adding a format is adding a file.

A format is a module of this package with a line of help and one function::

    HELP: str
    def render(report: Report, out: TextIO, options: Options) -> None

A format streams: ``report.findings`` may hold millions.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Protocol, TextIO

from auditor.pipeline.audit import Report
from auditor.reporting.options import Options


class Format(Protocol):
    HELP: str

    def render(self, report: Report, out: TextIO, options: Options) -> None: ...


@cache
def formats() -> Mapping[str, Format]:
    """Every module of this package that renders, by the name a user types."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "render")}
