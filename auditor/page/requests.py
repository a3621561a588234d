"""A request to the review page, and what a view returns: a page or a redirect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.review.ledger import Ledger

if TYPE_CHECKING:
    from auditor.page.service import ReviewService
    from auditor.page.sessions import Session


class QueryParameters(dict[str, str]):
    """The parameters of an address; a missing one is ""."""

    def __missing__(self, name: str) -> str:
        return ""


class FormFields(dict[str, tuple[str, ...]]):
    """The fields of a form; a missing one is ()."""

    def __missing__(self, name: str) -> tuple[str, ...]:
        return ()


@dataclass(slots=True)
class PageRequest:
    """One request: the reviewer's session, what is asked, and the ledger as it is now."""

    service: ReviewService
    session: Session
    ledger: Ledger
    query: QueryParameters = field(default_factory=QueryParameters)
    path: QueryParameters = field(default_factory=QueryParameters)
    form: FormFields = field(default_factory=FormFields)

    @property
    def reviewer(self) -> str:
        """The reviewer's pseudonym."""
        return self.session.reviewer

    def form_value(self, name: str) -> str:
        """Return the first value of a form field, "" if it is missing."""
        return next(iter(self.form[name]), "")


def parse_query_number(text: str) -> int:
    """Parse a number in a request's address; a very large one for "". Raises :class:`UsageError`."""
    if not text:
        return 2**62
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise UsageError(f"{text[:40]!r}: is not the number of an entry")
    return int(text)
