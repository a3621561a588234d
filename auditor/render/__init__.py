"""One module a report format.

A format is a module of this package with one line of help and one function::

    HELP: str
    def render(report: Report, out: TextIO, options: Options) -> None

``auditor.runs.Report`` is what a run found; ``Options`` says whether places of samples (``--places``) or
no names at all (``--share``) are shown. A format streams: a report may hold millions of findings.
"""
