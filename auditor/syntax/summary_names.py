"""Recognise by its name a file that calls itself a public summary of training content."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"train\w*[ _.-]*(?:content|data)?[ _.-]*(?:public[ _.-]*)?summar|summar\w*[ _.-]*(?:of|"
    r"on)?[ _.-]*(?:the)?[ _.-]*(?:content[ _.-]*used[ _.-]*(?:for|in)[ _.-]*)?train"
    r"|public[ _.-]*summary|(?:art|article)[ _.-]*53|training[ _.-]*content|(?:ai[ _.-]*act|gpai)\w*[ _.-]*summary",
    re.I,
)


def names_itself_summary(name: str) -> bool:
    """Return whether a file's name says that it is a summary of training content."""
    return _NAME.search(name) is not None
