"""The HTML report: one file without script that fetches nothing, for screens, phones, dark mode and paper."""

from __future__ import annotations

import base64
import hashlib
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting import coverage, guidance, labels, safety_commitments
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.lineage_layout import LineageLayout
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import summarise
from auditor.reporting.restricted_hits import read_restricted_hits
from auditor.reporting.sample_text import sample_sentences
from auditor.reporting.web_links import is_web_address, split_reference

if TYPE_CHECKING:
    import jinja2

HELP = "one self-contained page for people: cases, findings by subject, lineage, what was not checked"
SUFFIXES = (".html", ".htm")
# Limits of the page, so that a browser opens it however large the run is.
MAX_CASES = 100
MAX_DRAWINGS = 40
MAX_HITS = 1000
MAX_TEXT_LENGTH = 1000  # characters of any text from outside

TEMPLATES = Path(__file__).parent / "templates"


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the HTML report; its size is bounded, however many findings there are."""
    from markupsafe import Markup

    layout = LineageLayout(report.lineage)
    css = (TEMPLATES / "report.css").read_text("utf-8")
    hits = list(islice(read_restricted_hits(report), MAX_HITS + 1)) if options.places else []
    page = _template_environment().get_template("report.html")
    summary = summarise(report)
    refs = [subject.ref for subject in summary.subjects]
    pieces = page.generate(
        report=report,
        notice=report_notice(report, options),
        summary=summary,
        commitments=safety_commitments.COMMITMENTS,
        model_commitments=safety_commitments.read_commitments(report, refs),
        cases=[
            (case, layout.layout_case(case) if number < MAX_DRAWINGS else None)
            for number, case in enumerate(report.cases[:MAX_CASES])
        ],
        cases_left_out=max(len(report.cases) - MAX_CASES, 0),
        has_matches=guidance.has_known_content_matches(report),
        sample=sample_sentences(report),
        acceptances=acceptance_sentences(report),
        left_out=coverage.files_left_out(report),
        missing_lists=coverage.missing_lists(report),
        contacts=report.policy.contacts,
        guidance=guidance,
        labels=labels,
        split_reference=split_reference,
        coverage_counts=coverage.coverage_counts(report),
        comparisons=coverage.comparison_sentences(report),
        chance_matches=coverage.chance_matches(report),
        not_compared=(*coverage.nothing_read_or_compared(report), *coverage.uncompared_weights(report)),
        ancestors=coverage.ancestor_sentences(report),
        next_steps=guidance.next_steps(report),
        shows_places=options.places,
        hits=hits[:MAX_HITS],
        hits_left_out=len(hits) > MAX_HITS,
        is_shared=options.share,
        subject_label=labels.subject_label,
        css=Markup(css),
        style_hash=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
    )
    for piece in pieces:
        out.write(piece.encode(out.encoding or "utf-8", "xmlcharrefreplace").decode(out.encoding or "utf-8"))


def _template_environment() -> jinja2.Environment:
    """Return the Jinja environment of the report, which makes all values harmless and escapes them."""
    import jinja2
    from markupsafe import Markup

    def sanitize(value: object) -> object:
        """Make a text of the HTML report printable; every expression passes through this before it is escaped."""
        return printable(value, MAX_TEXT_LENGTH) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=sanitize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["prose"] = lambda text: " ".join(text.split())
    environment.tests["web"] = is_web_address
    return environment
