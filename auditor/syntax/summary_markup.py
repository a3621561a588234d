"""Turn the markup that public summaries of training content are written in into Markdown: wikis, Org, Textile, CSV.

Each of them has marks that the others do not use, so that nothing needs to say which one it is.
"""

from __future__ import annotations

import csv
import io
import re

_WIKI_HEADING = re.compile(r"^(={1,6})[ \t]*([^=\n].{0,300}?)[ \t]*\1[ \t]*$", re.M)
_WIKI_TERM = re.compile(r"^;[ \t]*([^:\n]{1,300}?)[ \t]*:[ \t]*(.*)$", re.M)
_WIKI_BOLD = re.compile(r"'''([^'\n]+)'''")
_WIKI_LINK = re.compile(r"(?<!\[)\[(https?://[^\s\[\]]+)[ \t]+([^\[\]\n]+)\](?![\](])")
_TEXTILE_HEADING = re.compile(r"^h([1-6])\.[ \t]+", re.M)
_TEXTILE_LINK = re.compile(r"\"([^\"\n]{1,300})\":(https?://[^\s\"<>]*[^\s\"<>.,;:)])")
_ORG_TITLE = re.compile(r"^#\+TITLE:[ \t]*", re.M | re.I)
_ORG_HEADING = re.compile(r"^(\*{1,6})[ \t]+", re.M)
_ORG_LINK = re.compile(r"\[\[(https?://[^\[\]\s]+)\]\[([^\[\]\n]+)\]\]")
_ORG_TERM = re.compile(r"^([ \t]*[-+][ \t]+[^:\n]{1,300}?)[ \t]+::[ \t]+", re.M)
# A second level of stars without an indentation is a heading of Org, where a wiki's text has headings of its own.
_IS_ORG = re.compile(r"^\*\*[ \t]+\S", re.M)
# Dots up to an answer; those of a table of contents lead to the number of a page.
_LEADER = re.compile(r"(?<=\w)[ \t]*\.{4,}+[ \t]*+(?!\d{1,3}[ \t]*$)", re.M)
_BLANK = re.compile(r"(?<=[:\w])[ \t]+(?:\.{4,}|_{4,})[ \t]*$", re.M)
_NOTES = re.compile(r"^\W{0,6}(?:foot|end)?notes?\W{0,6}$|^\W{0,6}references\W{0,6}$", re.I | re.M)
_MARKED_NOTE = re.compile(r"^[ \t]*\[\^([\w-]{1,20})\]:[ \t]*(.+)$", re.M)
_NUMBERED_NOTE = re.compile(r"^[ \t]*[(\[](\d{1,2})[)\]][ \t]+(.+)$", re.M)
_REFERENCE = re.compile(r"\[\^[\w-]{1,20}\]|\(\d{1,2}\)|\[\d{1,2}\]")
_NAMES_SOURCE = re.compile(r"https?://|\b[\w.-]+/[\w.-]+\b")


def summary_markup_to_markdown(text: str, suffix: str) -> str:
    """Return a summary's text with the headings, links, terms and footnotes of other markup as Markdown has them."""
    if suffix in (".csv", ".tsv"):
        return _table_of_csv(text, "\t" if suffix == ".tsv" else ",")
    is_wiki = len(_WIKI_HEADING.findall(text)) > 2
    if is_wiki:
        text = _WIKI_BOLD.sub(r"**\1**", _WIKI_HEADING.sub(lambda match: f"{'#' * len(match[1])} {match[2]}", text))
        text = _WIKI_TERM.sub(r"\1: \2", text)
    elif _IS_ORG.search(text):
        text = _ORG_HEADING.sub(lambda match: "#" * (len(match[1]) + 1) + " ", _ORG_TITLE.sub("# ", text))
        text = _ORG_TERM.sub(r"\1: ", text)
    text = _TEXTILE_HEADING.sub(lambda match: "#" * int(match[1]) + " ", text)
    text = _WIKI_LINK.sub(r"[\2](\1)", _ORG_LINK.sub(r"[\2](\1)", _TEXTILE_LINK.sub(r"[\1](\2)", text)))
    return _with_footnotes(_LEADER.sub(": ", _BLANK.sub("", text)))


def _table_of_csv(text: str, delimiter: str) -> str:
    """Return the rows of a CSV file as those of a Markdown table, each on the line on which it begins."""
    lines: list[str] = []
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        for cells in reader:
            lines.append("| " + " | ".join(" ".join(cell.replace("|", "/").split()) for cell in cells) + " |")
            lines.extend([""] * (reader.line_num - len(lines)))
    except csv.Error:  # a cell of more than 128 kB
        return text
    return "\n".join(lines)


def _with_footnotes(text: str) -> str:
    """Return a text with the footnotes that name a source in brackets where they are referred to."""
    notes = {f"[^{match[1]}]": match[2] for match in _MARKED_NOTE.finditer(text)}
    headings = list(_NOTES.finditer(text))
    body, rest = (text[: headings[-1].start()], text[headings[-1].start() :]) if headings else (text, "")
    for match in _NUMBERED_NOTE.finditer(rest):
        notes |= {f"({match[1]})": match[2], f"[{match[1]}]": match[2]}
    if not notes:
        return text
    body = _MARKED_NOTE.sub("", body)
    rest = _MARKED_NOTE.sub("", _NUMBERED_NOTE.sub("", rest))

    def in_brackets(reference: re.Match[str]) -> str:
        """Return the source in brackets where it is first referred to; so a text grows by its footnotes once."""
        note = notes.get(reference[0])
        if note is None:
            return reference[0]
        notes[reference[0]] = ""
        return f" ({note.strip()})" if _NAMES_SOURCE.search(note) else ""

    return _REFERENCE.sub(in_brackets, body) + rest
