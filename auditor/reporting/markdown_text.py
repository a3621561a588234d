"""Make text from outside harmless in Markdown."""

from __future__ import annotations

import re

# Signs that Markdown, or GitHub's form of it, gives a meaning: marks, links, mentions, addresses.
_MARKDOWN_SIGNS = re.compile(r"[\\`*_\[\]<>#|~&@$]|:(?=//)|(?<=www)\.")


def escape_markdown(text: str) -> str:
    """Return the text with every sign that Markdown gives a meaning as a character reference."""
    return _MARKDOWN_SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", text)
