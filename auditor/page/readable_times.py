"""Write times and spans of time as a reader of the page understands them."""

from __future__ import annotations

from datetime import datetime

from auditor.plurals import count_with_noun
from auditor.printable import printable


def parse_time(iso: str) -> datetime | None:
    """Parse a time to be shown readably; None if the text is not ISO 8601."""
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


def readable_time(iso: str) -> str:
    """Return a readable time like "23 November 2026, 09:30 UTC"."""
    at = parse_time(iso)
    return f"{at.day} {at:%B %Y, %H:%M} UTC" if at else printable(iso, 40)


def relative_time(iso: str, now: str) -> str:
    """Return as a readable time how long before or after `now` a time is, such as "3 hours ago"."""
    at, here = parse_time(iso), parse_time(now)
    if at is None or here is None:
        return ""
    seconds = (here - at).total_seconds()
    span = _span(abs(seconds))
    return "just now" if span == "" else f"in {span}" if seconds < 0 else f"{span} ago"


def _span(seconds: float) -> str:
    """Return a span of readable time in words, in its largest unit."""
    for name, size in (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if number := int(seconds // size):
            return count_with_noun(number, name)
    return ""
