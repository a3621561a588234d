"""Create and shift timestamps of the ledger: ISO 8601 in UTC, to the second, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def format_time(moment: datetime) -> str:
    """Return a time as a timestamp, for example ``2026-11-23T09:30:00Z``."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def current_time() -> str:
    """Return the timestamp of the current time."""
    return format_time(datetime.now(UTC))


def add_time(moment: str, **span: float) -> str:
    """Return the timestamp `moment` plus a span in units of :class:`datetime.timedelta` (``days=``, ``hours=`` …)."""
    return format_time(datetime.fromisoformat(moment) + timedelta(**span))
