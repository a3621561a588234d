"""auditor: a provenance auditor for AI models and datasets.

``auditor.audit(...)`` scans targets and returns a :class:`auditor.pipeline.report.Report`; it is imported when it is
first used, because the command line must start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Report", "audit"]

if TYPE_CHECKING:
    from auditor.pipeline.audit import audit as audit
    from auditor.pipeline.report import Report as Report


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from auditor.pipeline import audit

    return getattr(audit, name)
