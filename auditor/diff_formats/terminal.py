"""A comparison of two runs for a person at a terminal."""

from __future__ import annotations

import textwrap
from typing import TextIO

from auditor.reporting.diff_text import diff_sections
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import ReportDiff, headline

WIDTH = 100  # columns
MAX_LINES = 20  # of a section


def render(diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
    """Write the comparison; its length is bounded."""
    encoding = getattr(out, "encoding", None) or "utf-8"

    def write(text: str, first: str = "", rest: str = "") -> None:
        filled = textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
        out.write(f"{filled}\n".encode(encoding, "backslashreplace").decode(encoding))

    write(diff.notice)
    out.write("\n")
    write(headline(diff))
    for section in diff_sections(diff, MAX_LINES):
        out.write("\n")
        write(section.title)
        for line in section.lines:
            write(line, "  - ", "    ")
        if section.more:
            write(f"  and {section.more:,} more: --format csv or json")
