"""A comparison of two runs as one page that fetches nothing and has no script."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from auditor.reporting.diff_text import diff_sections
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import ReportDiff, headline

MAX_LINES = 500  # of a section
_TEMPLATES = Path(__file__).parent.parent / "reporting" / "templates"


def render(diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
    """Write the comparison; its length is bounded."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("diff.html").render(
        diff=diff, headline=headline(diff), sections=list(diff_sections(diff, MAX_LINES))
    )
    encoding = out.encoding or "utf-8"
    out.write(page.encode(encoding, "xmlcharrefreplace").decode(encoding))
