"""The page of a reviewer's own settings."""

from __future__ import annotations

from auditor.page.requests import PageRequest
from auditor.page.responses import Page
from auditor.page.views.categories import CATEGORIES


def settings_page(page_request: PageRequest) -> Page:
    """Return the page of the reviewer's settings."""
    return Page("settings.html", {"choices": page_request.session.store.preferences, "categories": CATEGORIES.items()})
