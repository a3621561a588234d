"""Compile RE2 patterns, with one message for those that RE2 refuses."""

from __future__ import annotations

import re2


def compile_re2(pattern: str | bytes, options: re2.Options, written: str = "") -> re2._Regexp:
    """Compile a pattern.

    Args:
        pattern: The pattern; one given as bytes is for the search in bytes.
        options: How it is compiled.
        written: What its author wrote, where the pattern was made from that.

    Raises:
        ValueError: RE2 refuses it; the message has what was written and the reason.
    """
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        shown = written or (pattern.decode() if isinstance(pattern, bytes) else pattern)
        reason = error.args[0]
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"{shown!r} is not an RE2 pattern: {reason}") from error
