"""Which texts of rules and vocabularies may become links in a report."""

from __future__ import annotations

from urllib.parse import urlsplit


def split_reference(text: str) -> tuple[str, str]:
    """Split a rule's reference into its words and its web address.

    Either may be empty. Only an http(s) address counts as one.
    """
    words, found, rest = text.partition("https://")
    if not found:
        words, found, rest = text.partition("http://")
    address = f"{found}{rest}"
    return (words.strip().rstrip(":"), address) if is_web_address(address) else (text, "")


def is_web_address(address: str) -> bool:
    """Return whether a report may link to this address: ``javascript:`` and the like may not become links."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not set(address) & set(" \t\r\n\"'<>")
