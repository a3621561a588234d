"""A reviewer's own settings, and the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.page import wording
from auditor.review.case_state import STAGE_MEANINGS

if TYPE_CHECKING:
    pass
from auditor.page.requests import Page, PageRequest
from auditor.page.views.categories import CATEGORIES


def settings_page(page_request: PageRequest) -> Page:
    """Return the reviewer's settings."""
    return Page("settings.html", {"choices": page_request.session.store.preferences, "categories": CATEGORIES.items()})


def help_page(page_request: PageRequest) -> Page:
    """Return the help."""
    return Page("help.html", {"stages": STAGE_MEANINGS, "verdicts": wording.VERDICT_LABELS})
