"""One HTML file for people: no script, nothing fetched, readable on paper, on a phone and in the dark."""

from __future__ import annotations

import base64
import hashlib
from itertools import islice
from pathlib import Path
from typing import TextIO

import jinja2
from markupsafe import Markup

from auditor.pipeline.audit import Report
from auditor.printable import printable
from auditor.reporting import commitments, guidance, sharing
from auditor.reporting.drawing import Kin
from auditor.reporting.options import Options
from auditor.reporting.summary import summarise

HELP = "one self-contained page for people: cases, findings by subject, lineage, what was not checked"
CASES = 100
DRAWINGS = 40
PLACES = 1000
LONGEST = 1000  # characters of any text from outside

TEMPLATES = Path(__file__).parent / "templates"


def render(report: Report, out: TextIO, options: Options) -> None:
    """Write the page; its size is bounded, however many findings there are."""
    shown = sharing.prepared(report, options)
    kin = Kin(shown.lineage)
    css = (TEMPLATES / "report.css").read_text("utf-8")
    hits = list(islice(sharing.placed_hits(report), PLACES + 1)) if options.places else []
    page = _environment().get_template("report.html")
    summary = summarise(shown)
    # Numbers stand for names in a report that is shared: nothing could be looked up by them.
    stated = () if options.share else commitments.rows(report, [block.ref for block in summary.subjects])
    pieces = page.generate(
        report=shown,
        notice=sharing.notice(report, options),
        summary=summary,
        commitments=commitments.COMMITMENTS,
        stated=stated,
        cases=[(case, kin.draw(case) if n < DRAWINGS else None) for n, case in enumerate(shown.cases[:CASES])],
        cases_left_out=max(len(shown.cases) - CASES, 0),
        matched=guidance.matched(shown),
        missing=guidance.lists_missing(shown),
        contacts=guidance.contacts(),
        guidance=guidance,
        asked=guidance.asked(shown),
        chance=guidance.chance(shown),
        uncompared=(*guidance.nothing_done(shown), *guidance.uncompared(shown)),
        steps=guidance.next_steps(shown),
        places=options.places,
        hits=hits[:PLACES],
        hits_left_out=len(hits) > PLACES,
        shared=options.share,
        called=sharing.called,
        css=Markup(css),
        style_hash=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
    )
    for piece in pieces:
        out.write(piece.encode(out.encoding or "utf-8", "xmlcharrefreplace").decode(out.encoding or "utf-8"))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["prose"] = lambda text: " ".join(text.split())
    environment.tests["web"] = guidance.web
    return environment


def _harmless(value: object) -> object:
    """What every expression of the template passes through, before it is escaped."""
    return printable(value, LONGEST) if isinstance(value, str) and not isinstance(value, Markup) else value
