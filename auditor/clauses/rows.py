"""Lay out policies that are data as Markdown lists and tables: JSON, YAML, CSV and tables without bars.

``{"child exploitation": "prohibited"}`` becomes ``- child exploitation: prohibited``, so that the clause check reads a
key with its value, and a row with its header. Places are kept: each piece of the layout knows where it comes from.
"""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# Characters: longer data is no policy.
MAX_DATA_LENGTH = 1_000_000
MAX_DEPTH = 40
# So many lines of a file of keys and values have a key, or are items of a list.
MIN_KEYED_SHARE = 0.9
# A key is no sentence, and nor is a value.
MAX_KEY_WORDS = 6
MIN_ROWS = 2
# A table's cells are short; a longer line of prose may hold commas.
MAX_ROW_LENGTH, MAX_CELLS = 400, 12

_JSON_TOKEN = re.compile(r"[{}\[\]:,]|\"(?:[^\"\\]|\\.)*\"|[^\s{}\[\]:,\"]+")
_YAML_KEY = re.compile(r"^(?P<indent> *)(?P<item>- +)?(?P<key>[\w\"'][^:#\n]{0,80}?)[\"']? ?:(?: +(?P<value>\S.*))?$")
_YAML_ITEM = re.compile(r"^(?P<indent> *)- +(?P<value>\S.*)$")
_YAML_ASIDE = re.compile(r"^\s*(?:---|\.\.\.)?$")
_RULED_COLUMNS = re.compile(r"^(?:[-=+]{2,}[ \t|+]+)+[-=+]{2,}\s*$")
_COLUMN_GAP = re.compile(r"\s{2,}|\t")


@dataclass(slots=True)
class Layout:
    """A text that is laid out anew, with the place in the original of each of its pieces."""

    pieces: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    length: int = 0

    def add(self, words: str, origin: int) -> None:
        """Add words that come from the character ``origin`` of the original."""
        self.pieces.append(words)
        self.starts.append(self.length)
        self.origins.append(origin)
        self.length += len(words)

    @property
    def text(self) -> str:
        """The text that is laid out."""
        return "".join(self.pieces)

    def original(self, at: int) -> int:
        """Return the character of the original that stands at a character of the layout."""
        piece = max(0, bisect_right(self.starts, at) - 1)
        return self.origins[piece] + min(at - self.starts[piece], max(0, len(self.pieces[piece]) - 1))


def lay_out_data(text: str) -> Layout | None:
    """Return the layout of a text that is JSON, YAML, CSV or a table without bars; None if it is prose."""
    if len(text) > MAX_DATA_LENGTH:
        return None
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first in ("{", "[") and _is_json(text):
        return _lay_out_json(text)
    if text.startswith("---\n") and "\n---" in text[4:]:
        return None  # a card with front matter
    return _lay_out_yaml(text) or _lay_out_table(text)


def _is_json(text: str) -> bool:
    """Return whether a text is JSON that is not nested too deep."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _words(raw: str) -> str:
    """Return the words of a key or value: without quotation marks, with spaces for underscores and escapes."""
    return re.sub(r"\\[nrt]|_", " ", raw.strip().strip("\"'")).replace('\\"', '"')


def _lay_out_json(text: str) -> Layout | None:
    """Return the layout of JSON; None if it is nested too deep."""
    tokens = [(match.group(), match.start()) for match in _JSON_TOKEN.finditer(text)]
    layout = Layout()
    depth = 0
    at = 0
    kinds: list[str] = []  # of the open brackets
    while at < len(tokens):
        token, start = tokens[at]
        at += 1
        if token in "{[":
            row = _flat_row(tokens, at - 1) if token == "{" and kinds[-1:] == ["["] else None
            if row:
                cells, at = row
                layout.add(f"{'  ' * depth}- ", start)
                for number, (words, origin) in enumerate(cells):
                    layout.add(" | " if number else "", origin)
                    layout.add(words, origin)
                layout.add("\n", start)
                continue
            kinds.append(token)
            if len(kinds) > MAX_DEPTH:
                return None
        elif token in "}]":
            kinds.pop()
            depth = max(0, depth - bool(kinds))
        elif token in ",:":
            continue
        else:
            keyed = kinds[-1:] == ["{"] and tokens[at : at + 1] and tokens[at][0] == ":"
            layout.add(f"{'  ' * depth}- ", start)
            layout.add(_words(token), start)
            if keyed and at + 1 < len(tokens):
                value, origin = tokens[at + 1]
                layout.add(":", start + len(token))
                if value in "{[":
                    depth += 1
                    at += 1
                elif value not in "}],:":
                    layout.add(f" {_words(value)}", origin)
                    at += 2
            layout.add("\n", start)
    return layout


def _flat_row(tokens: Sequence[tuple[str, int]], at: int) -> tuple[list[tuple[str, int]], int] | None:
    """Return the values of an object without objects in it, and the token after it; None if it is none."""
    cells: list[tuple[str, int]] = []
    at += 1
    while at + 2 < len(tokens) and tokens[at + 1][0] == ":" and len(cells) < MAX_CELLS:
        (key, start), (value, origin) = tokens[at], tokens[at + 2]
        if value in "{}[]:,":
            return None
        words = _words(value)
        cells.append((words, origin) if value[0] == '"' else (f"{_words(key)}: {words}", start))
        at += 3
        if tokens[at : at + 1] and tokens[at][0] == "}":
            return cells, at + 1
        if not tokens[at : at + 1] or tokens[at][0] != ",":
            return None
        at += 1
    return None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the start and the words of each line."""
    offset = 0
    for line in text.splitlines(keepends=True):
        yield offset, line.rstrip()
        offset += len(line)


def _lay_out_yaml(text: str) -> Layout | None:
    """Return the layout of YAML, or of any text in which every line has a key; None if it is neither."""
    lines = [(start, line) for start, line in _lines(text) if not _YAML_ASIDE.match(line)]
    if len(lines) < MIN_ROWS:
        return None
    comments = sum(line.lstrip().startswith("#") for _, line in lines)
    keyed = [(start, line, _YAML_KEY.match(line)) for start, line in lines]
    keys = sum(match is not None and _is_key(match) for _, _, match in keyed)
    items = sum(match is None and _YAML_ITEM.match(line) is not None for _, line, match in keyed)
    if not keys or keys + items < MIN_KEYED_SHARE * (len(lines) - comments):
        return None
    layout = Layout()
    for start, line, match in keyed:
        if match:
            indent = len(match["indent"]) + (2 if match["item"] else 0)
            value = match["value"] or ""
            if value[:1] == "[" and value[-1:] == "]":
                value = value[1:-1].replace('"', "").replace("'", "").replace(",", ";")
            layout.add(f"{' ' * indent}- ", start)
            layout.add(f"{_words(match['key'])}:{' ' if value else ''}{_words(value)}\n", start + match.start("key"))
        elif item := _YAML_ITEM.match(line):
            layout.add(f"{item['indent']}  - ", start)
            layout.add(f"{_words(item['value'])}\n", start + item.start("value"))
        elif line.lstrip().startswith("#"):  # a comment, or a heading of Markdown
            layout.add(f"\n{line.lstrip()}\n\n", start)
    return layout


def _is_key(match: re.Match[str]) -> bool:
    """Return whether a line has a key with a value, and is no sentence with a colon."""
    return len(match["key"].split()) <= MAX_KEY_WORDS and (match["value"] or "x")[-1] not in ".?!;"


def _lay_out_table(text: str) -> Layout | None:
    """Return the layout of CSV, or of a text with a table whose columns are ruled or tabbed; None if there is none."""
    lines = list(_lines(text))
    layout = Layout()
    delimiter = _delimiter(lines)
    ruled = [number for number, (_, line) in enumerate(lines) if number and _RULED_COLUMNS.match(line)]
    if delimiter:
        for number, (start, line) in enumerate(lines):
            _add_row(layout, start, line, next(csv.reader([line], delimiter=delimiter), []), header=not number)
        return layout
    if not ruled:
        return None
    for number, (start, line) in enumerate(lines):
        above = max((rule for rule in ruled if rule <= number), default=None)
        inside = above is not None and all(lines[row][1].strip() for row in range(above, number + 1))
        if number + 1 in ruled:
            _add_row(layout, start, line, _COLUMN_GAP.split(line.strip()), header=True)
        elif number in ruled:
            continue
        elif inside:
            _add_row(layout, start, line, _COLUMN_GAP.split(line.strip()), header=False)
        else:
            layout.add(line + "\n", start)
    return layout


def _delimiter(lines: Sequence[tuple[int, str]]) -> str:
    """Return the delimiter of a text all of whose lines are short rows of as many cells; "" if there is none."""
    rows = [line for _, line in lines if line.strip()]
    if len(rows) <= MIN_ROWS or any(len(row) > MAX_ROW_LENGTH or row[:1] in "#-*|<" for row in rows):
        return ""
    for delimiter in ("\t", ",", ";", "|"):
        if delimiter not in rows[0]:
            continue
        try:
            widths = {len(row) for row in csv.reader(rows, delimiter=delimiter)}
        except csv.Error:
            continue
        if len(widths) == 1 and 1 < next(iter(widths)) <= MAX_CELLS and rows[0].rstrip()[-1] not in ".:;":
            return delimiter
    return ""


def _add_row(layout: Layout, start: int, line: str, cells: Sequence[str], *, header: bool) -> None:
    """Add a row as one of a Markdown table, its cells at the place of the line."""
    if not cells or not line.strip():
        layout.add("\n", start)
        return
    layout.add("| ", start)
    layout.add(" | ".join(_words(cell) for cell in cells), start)
    layout.add(" |\n|---|\n" if header else " |\n", start + len(line))
