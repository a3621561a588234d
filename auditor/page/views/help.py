"""The help of the page."""

from __future__ import annotations

from auditor.page import page_labels
from auditor.page.requests import PageRequest
from auditor.page.responses import Page
from auditor.review.case_state import STAGE_MEANINGS


def help_page(page_request: PageRequest) -> Page:
    """Return the help page."""
    return Page("help.html", {"stages": STAGE_MEANINGS, "verdicts": page_labels.VERDICT_LABELS})
