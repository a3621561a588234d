"""Turn the page of a public summary of training content into text, with its links' addresses and its forms' boxes."""

from __future__ import annotations

import re
from html import unescape

from auditor.syntax.html_text import text_of_html
from auditor.syntax.summary_tables import join_cell_lines

_LINK = re.compile(
    r"<a\b[^<>]{0,2000}?\bhre"
    r"f\s*=\s*[\"']?([^\"'\s<>]{1,2000})[^<>]{0,2000}>([^<]{0,500}(?:<(?!/a\b)[^<>]{0,200}>[^<]{0,300}){0,5})</a\s*>",
    re.I,
)
_BOX = re.compile(r"<input\b([^<>]{0,1000})>", re.I)
_IS_BOX = re.compile(r"type\s*=\s*[\"']?(?:checkbox|radio)\b", re.I)
_IS_CHECKED = re.compile(r"(?<![\w-])checked(?!\s*=\s*[\"']?false)\b", re.I)
_BOLD = re.compile(r"<(/?)(?:b|strong)\b[^<>]{0,500}>", re.I)
# Blocks that text_of_html does not know as such.
_BLOCK = re.compile(
    r"<(/?)(?:details|summary|fieldset|legend|form|figure|address|caption|aside|label)\b[^<>]{0,1000}>", re.I
)
_TERM = re.compile(r"<dt\b[^<>]{0,500}>(.{1,500}?)(?=<d[dt]\b|</d[tl]\b)", re.I | re.S)
_HAS_MARKDOWN = re.compile(r"^(?:#{1,6}[ \t]+\S|[-*][ \t]+\S|\*\*\S)", re.M)
_MIN_MARKDOWN_LINES = 3
_AUTOLINK = re.compile(r"<(https?://[^\s<>]{1,1000})>")
_TABLE_TAG = re.compile(r"(</?table\b[^<>]{0,500}>)", re.I)
_PREFORMATTED = re.compile(r"</?pre\b[^<>]{0,500}>", re.I)
_SUMMARY = re.compile(r"<summary\b[^<>]{0,500}>([^<>]{1,300})</summary\s*>", re.I)
_CELL_BREAK = re.compile(r"<(?:p|div|br)\b[^<>]{0,500}>|</(?:p|div)\s*>", re.I)
_CELL = re.compile(r"(<t[dh]\b[^<>]{0,1000}>)(.{0,20000}?)(?=</?t[dhr]\b)", re.I | re.S)
_HAS_BLOCKS = re.compile(r"<(?:li|table|h\d)\b", re.I)


def summary_text_of_html(html: str) -> tuple[str, str]:
    """Return the words of a summary's HTML page, with addresses, boxes and bold words marked."""
    html = _LINK.sub(lambda match: _with_address(match[1], match[2]), html)
    html = _BOX.sub(lambda match: _box(match[1]), html)
    html = _BOLD.sub("**", html)
    html = _TERM.sub(lambda match: f"<dt>{_term(match[1])}\n", html) if "<dt" in html.lower() else html
    html = _BLOCK.sub(r"<\1div>", html)
    html = _CELL.sub(
        lambda match: match[1] + (match[2] if _HAS_BLOCKS.search(match[2]) else _joined_cell(match[2])), html
    )
    text, why = text_of_html(html)
    return re.sub(r"\*\*\s*\*\*", "", text), why


def _joined_cell(words: str) -> str:
    """Return the words of a cell without its breaks and paragraphs, those between entries of a list as semicolons."""
    return join_cell_lines([" ".join(piece.split()) for piece in _CELL_BREAK.split(words)])


def _term(words: str) -> str:
    """Return the term of a summary's definition list in bold, as the label that it is."""
    plain = " ".join(words.replace("**", "").split())
    return f"**{plain}**" if plain and "<" not in plain else " ".join(words.split())


def holds_markdown(text: str) -> bool:
    """Return whether a summary with tags in it is Markdown: it has headings, items or bold words of Markdown."""
    return len(_HAS_MARKDOWN.findall(text)) >= _MIN_MARKDOWN_LINES


def markdown_without_html(text: str) -> str:
    """Return a summary's Markdown with the tags in it replaced as in a page, and its own lines kept."""
    text = _AUTOLINK.sub(r"\1", _PREFORMATTED.sub("", text))
    text = _SUMMARY.sub(r"\n**\1**\n", text)
    pieces = _TABLE_TAG.split(text)
    for at in range(2, len(pieces), 2):
        if not pieces[at - 1].startswith("</"):  # the lines in a table are not those of its rows
            pieces[at] = " ".join(pieces[at].split())
    return summary_text_of_html(f"<pre>{''.join(pieces)}</pre>")[0]


def _with_address(address: str, words: str) -> str:
    """Return the words of a link in a summary's HTML with its address, as Markdown has it; without it in the page."""
    address = unescape(address)
    plain = re.sub(r"<[^<>]*>", "", words).strip()
    if not address.lower().startswith(("http://", "https://")):
        return words
    if not plain or plain.rstrip("/").removeprefix("https://") == address.rstrip("/").removeprefix("https://"):
        return f" {address} "
    return f"[{plain.replace('[', '(').replace(']', ')')}]({address})"


def _box(attributes: str) -> str:
    """Return the mark of a box of a form in a summary's HTML: ticked, not ticked, or none for another field."""
    if not _IS_BOX.search(attributes):
        return ""
    return "☒ " if _IS_CHECKED.search(attributes) else "☐ "
