"""A comparison of two runs as Markdown, for comments and step summaries."""

from __future__ import annotations

from typing import TextIO

from auditor.reporting.diff_text import diff_sections
from auditor.reporting.markdown_text import escape_markdown
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import ReportDiff, headline

MAX_LINES = 100  # of a section


def render(diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
    """Write the comparison; its length is bounded."""
    lines = [f"## What has changed\n\n**{escape_markdown(diff.notice)}**\n\n{escape_markdown(headline(diff))}"]
    for section in diff_sections(diff, MAX_LINES):
        lines.append(f"\n### {section.title}\n")
        lines += [f"- {escape_markdown(line)}" for line in section.lines]
        lines += [f"- and {section.more:,} more"] if section.more else []
    encoding = out.encoding or "utf-8"
    out.write("\n".join([*lines, ""]).encode(encoding, "xmlcharrefreplace").decode(encoding))
