"""Turn the markup that public summaries of training content are written in into Markdown: wikis, Org, Textile, CSV.

Each of them has marks that the others do not use, so that nothing needs to say which one it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from auditor.syntax.summary_tables import join_marks_below_yes_and_no

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
_LINK_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]^\n]{1,80})\]:[ \t]*<?(https?://[^\s<>]{1,1000})>?.*$", re.M)
_LINK_BY_REFERENCE = re.compile(r"\[([^\[\]\n]{1,300})\] ?\[([^\[\]\n]{0,80})\]")
_ROMAN = {"I": "1", "II": "2", "III": "3"}
_ROMAN_NUMBER = re.compile(r"^([ \t#*|_-]*+)(I{1,3})\.(?=\d(?:\.\d)?\b)", re.M)
_SECTION_SIGN = re.compile(r"^([ \t#*|_-]*+)§[ \t]*(?=\d)", re.M)
# A label, and its answer in a column further right.
_ALIGNED = re.compile(r"^([ \t]*[^\s|#>:\[\]☐☑☒][^|:\[\]☐☑☒]{0,120}?[\w?)])( {3,})(\S.*)$")
_ALIGNED_REST = re.compile(r"^( {4,})(\S.*)$")
_ORDINAL = re.compile(
    r"^(?:first|second|third|fourth|fifth|sixth|seventh|eighth|"
    r"ninth|tenth|eleventh|twelfth)(?:ly)?[.:)][ \t]+(?=[A-Z])",
    re.M | re.I,
)
_RST_FIELD = re.compile(r"^:([A-Za-z][\w ()-]{1,60}):(?=[ \t]+\S)", re.M)
_RST_COMMENT = re.compile(r"^[ \t]*\.\.[ \t]+(?![_\[])(?!.*::).*$", re.M)
_RST_ROWS = re.compile(r"^\.\. list-table::.*\n(?:(?:[ \t]+\S.*)?\n)+", re.M)
_RST_CELL = re.compile(r"^[ \t]+(\* )?[ \t]*- (.*)$")
_MIN_BARE_ROWS = 4  # of a table without strokes at its ends
_MAX_ALIGNED_LINE = 1000  # characters
_MIN_ALIGNED_LINES = 4  # whose answers begin in the same column


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
    text = _RST_FIELD.sub(r"\1:", text)
    if ".. " in text:
        text = _RST_COMMENT.sub("", _RST_ROWS.sub(lambda match: _table_of_rst(match[0]), text))
    text = join_marks_below_yes_and_no(text)
    text = _with_strokes(_with_aligned_answers(_with_link_definitions(text)))
    return _with_footnotes(_LEADER.sub(": ", _BLANK.sub("", text)))


def with_arabic_numbers(text: str) -> str:
    """Return a summary's text with the numbers of its sections as the template has them, "II.2" and "§ 2.2" as 2.2."""
    text = _ORDINAL.sub("", text)
    return _SECTION_SIGN.sub(r"\1", _ROMAN_NUMBER.sub(lambda match: f"{match[1]}{_ROMAN[match[2]]}.", text))


def _table_of_rst(block: str) -> str:
    """Return a list-table of reStructuredText as a Markdown table, its first row the heads of the columns."""
    lines: list[str] = []
    cells: list[str] = []
    for line in block.split("\n"):
        cell = _RST_CELL.match(line)
        if cell and cell[1] and cells:
            is_first = not any(lines)
            lines[-1], cells = f"| {' | '.join(cells)} |" + ("\n|---|" if is_first else ""), []
        if cell:
            cells.append(cell[2].strip())
        lines.append("")
    if cells:
        lines[-1] = f"| {' | '.join(cells)} |"
    return "\n".join(lines) + "\n"


def _with_link_definitions(text: str) -> str:
    """Return a summary's text with the addresses of its links where they are referred to: ``[words][1]``."""
    addresses = {match[1].casefold(): match[2] for match in _LINK_DEFINITION.finditer(text)}
    if not addresses:
        return text

    def with_address(match: re.Match[str]) -> str:
        """Return a link with its address, if the text defines one."""
        address = addresses.get((match[2] or match[1]).casefold(), "")
        return f"[{match[1]}]({address})" if address else match[0]

    return _LINK_BY_REFERENCE.sub(with_address, _LINK_DEFINITION.sub("", text))


def _with_strokes(text: str) -> str:
    """Return a summary's text with strokes at both ends of a table's rows: "Provider | Acme"."""
    lines = text.split("\n")
    counts = [line.count(" | ") if not line.lstrip().startswith("|") else 0 for line in lines]
    cells = Counter(count for count in counts if count)
    return "\n".join(
        f"| {line.strip()} |" if cells[count] >= _MIN_BARE_ROWS else line
        for line, count in zip(lines, counts, strict=True)
    )


def _with_aligned_answers(text: str) -> str:
    """Return a summary's text with a colon between labels and answers that stand in two columns of a plain text."""
    if "   " not in text:
        return text
    lines = text.split("\n")
    found = [_ALIGNED.match(line) if len(line) <= _MAX_ALIGNED_LINE else None for line in lines]
    starts = Counter(match.start(3) for match in found if match)
    last, column = -1, 0  # the line that an answer's further lines belong to, and the column of its answer
    for number, (line, match) in enumerate(zip(lines, found, strict=True)):
        if match and starts[match.start(3)] >= _MIN_ALIGNED_LINES:
            lines[number] = f"{match[1].rstrip(':')}: {match[3]}"
            last, column = number, match.start(3)
        elif last >= 0 and (rest := _ALIGNED_REST.match(line)) and len(rest[1]) == column:
            lines[last] += f" {rest[2]}"
            lines[number] = ""
        else:
            last = -1
    return "\n".join(lines)


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
