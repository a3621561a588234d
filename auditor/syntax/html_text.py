"""Extract the words of an HTML page in one pass, with marks for its lists, tables and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
# What each block begins with, as Markdown: a sentence means something else in a list, table or heading.
_BLOCK_MARKS = {
    **dict.fromkeys("p div br ul ol table section article header footer nav main hr pre blockquote".split(), "\n"),
    "dt": "\n\n",
    "dd": "\n\n",
    **{f"h{level}": f"\n\n{'#' * level} " for level in range(1, 7)},
    "li": "\n- ",
    "tr": "\n| ",
}
_CELL_ELEMENTS = frozenset({"td", "th"})
_MAX_LIST_DEPTH = 12
_MAX_STRUCK = 5_000  # characters that are struck out at once
_HIDDEN_ELEMENTS = {
    name: re.compile(rf"</{name}\b|<body" if name == "head" else rf"</{name}\b", re.I)
    for name in ("head", "script", "style", "template", "noscript", "svg", "title")
}
# Words that are struck out are no longer said. Without the end tag they are shown: a page may forget it.
_STRUCK_ELEMENTS = {name: re.compile(rf"</{name}\b", re.I) for name in ("del", "s", "strike")}


def _visible_text(html: str) -> Iterator[str]:
    """Yield the text of an HTML page that a browser shows, with a line break at each block.

    It is one pass from left to right: html.parser takes quadratic time over ``<!--<!--<!--`` (CVE-2025-6069).
    """
    position, last = 0, html.rfind(">")
    lists = preformatted = 0
    has_title_cell = has_value_cell = False  # in this row of a table
    while True:
        start = html.find("<", position)
        words = html[position : start if 0 <= start <= last else len(html)]
        yield words if preformatted else _SPACE.sub(" ", words)
        if start < 0 or start > last:
            return
        if html.startswith("<!--", start):
            end = html.find("-->", start + 4)
            if end < 0:  # a comment to the end of the page
                return
            position = end + 3
            continue
        tag = _TAG.match(html, start)
        if tag is None and html[start + 1 : start + 2] not in ("!", "?"):
            yield "<"
            position = start + 1
            continue
        position = html.find(">", start) + 1
        name, closing = (tag[2].lower(), bool(tag[1])) if tag else ("", False)
        if name in ("ul", "ol"):
            lists = max(0, lists + (-1 if closing else 1))
        elif name == "pre":
            preformatted = not closing
        if name in _CELL_ELEMENTS:
            has_title_cell, has_value_cell = has_title_cell or name == "th", has_value_cell or name == "td"
            yield " | " if closing else ""
        elif name == "tr" and closing:
            yield "\n|---|" if has_title_cell and not has_value_cell else ""
            has_title_cell = has_value_cell = False
        elif name in _BLOCK_MARKS:
            yield "\n" if closing else _BLOCK_MARKS[name].replace("-", "  " * min(lists - 1, _MAX_LIST_DEPTH) + "-")
        elif name in _HIDDEN_ELEMENTS and tag and not tag[1]:
            end_tag = _HIDDEN_ELEMENTS[name].search(html, position)
            if end_tag is None:
                return
            position = end_tag.start()
        elif name in _STRUCK_ELEMENTS and not closing:
            end_tag = _STRUCK_ELEMENTS[name].search(html, position, position + _MAX_STRUCK)
            if end_tag:
                position = end_tag.start()


def _normalized_line(line: str) -> str:
    """Return a line of HTML text, white space collapsed but a list item's indentation; "" for a mark alone."""
    words = " ".join(line.split())
    if words in ("-", "|", "#", "##", "###", "####", "#####", "######"):
        return ""
    return line[: len(line) - len(line.lstrip(" "))] + words if words.startswith("- ") else words


def text_of_html(html: str) -> tuple[str, str]:
    """Return the words of an HTML page, without scripts and styles, and why they may not be all ("": they are)."""
    lines = (_normalized_line(line) for line in unescape("".join(_visible_text(html))).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return text, "its HTML shows no words" if html.strip() and not text else ""


def is_html(suffix: str, text: str) -> bool:
    """Return whether a text is an HTML page, by its suffix or its beginning."""
    return suffix in (".html", ".htm") or text[:200].lstrip().lower().startswith(("<!doctype html", "<html"))
