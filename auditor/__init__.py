"""auditor: a provenance auditor for AI models and datasets.

``auditor.audit(...)`` scans targets and returns a :class:`auditor.pipeline.report.Report`; ``auditor.reevaluate(...)``
judges finished runs again; ``auditor.Screener`` screens the bytes of single pictures. They are imported when they are
first used, because the command line must start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Report", "Screener", "Screening", "audit", "reevaluate"]

if TYPE_CHECKING:
    from auditor.pipeline.audit import audit as audit
    from auditor.pipeline.reevaluate import reevaluate as reevaluate
    from auditor.pipeline.report import Report as Report
    from auditor.screening.screener import Screener as Screener
    from auditor.screening.screener import Screening as Screening


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = {"audit": "pipeline.audit", "reevaluate": "pipeline.reevaluate", "Report": "pipeline.report"}
    return getattr(import_module(f"auditor.{module.get(name, 'screening.screener')}"), name)
