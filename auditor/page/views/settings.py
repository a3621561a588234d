"""A reviewer's own settings, and the help."""

from __future__ import annotations

from auditor.page.requests import PageRequest
from auditor.page.responses import Page
from auditor.page.views.categories import CATEGORIES


def settings_page(page_request: PageRequest) -> Page:
    """Return the reviewer's settings."""
    return Page("settings.html", {"choices": page_request.session.store.preferences, "categories": CATEGORIES.items()})
