"""Lay out policies that are data as Markdown lists and tables: JSON, YAML, TOML, CSV, and tables without bars.

``{"child exploitation": "prohibited"}`` becomes ``- child exploitation: prohibited``, so that the clause check reads a
key with its value, and a row with its header. Each piece of the layout keeps its place in the original.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.errors import Unreadable
from auditor.syntax.safe_yaml import load_yaml

# Characters: longer data is no policy.
MAX_DATA_LENGTH = 1_000_000
# Levels of data; what is nested deeper is left out, and no policy is.
MAX_DEPTH = 40
# So many lines of a file of keys and values have a key, or are items of a list.
MIN_KEYED_SHARE = 0.9
# A key is no sentence, and nor is a value.
MAX_KEY_WORDS = 6
MIN_ROWS = 2
# A table with such a key is one entry of a policy, with what happens to it.
VERDICT_KEYS = frozenset({"action", "consequence", "decision", "enforcement", "outcome", "penalty", "verdict"})
# A table's cells are short; a longer line of prose may hold commas.
MAX_ROW_LENGTH, MAX_CELLS = 400, 12

_KEYED_LINE = re.compile(r"^ *(?:- +)?(?P<key>[\w\"'][^:=#\n]{0,80}?) ?(?::(?: |$)|= ?)(?P<value>.*)$")
_ITEM_LINE = re.compile(r"^ *(?:- +\S|(?P<quote>[\"'])[^\"'\n]{1,80}(?P=quote),?\s*$|[\])}],?\s*$)")
_ASIDE_LINE = re.compile(r"^\s*(?:[#;].*|---|\.\.\.|\[[\w. \"'-]{1,80}\])?$")
# A heading of Markdown stands above an empty line, unlike a comment.
_HEADING = re.compile(r"(?m)^#{1,6} .*\n\s*\n")
_EQUALS_LINE = re.compile(r"^\s*(?P<key>\w[^:=\n]{0,80}?) *= *(?P<value>\S.*)$")
_RULED_COLUMNS = re.compile(r"^(?:[-=+]{2,}[ \t|+]+)+[-=+]{2,}\s*$")
_COLUMN_GAP = re.compile(r"\s{2,}|\t")
_BARE_TABLE_RULE = re.compile(r"^\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)+$")


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
    """Return the layout of a text that is data or a table without bars; None if it is prose."""
    if len(text) > MAX_DATA_LENGTH or (text.startswith("---\n") and "\n---" in text[4:]):
        return None  # a card has front matter
    value = _parse_data(text)
    if value is None:
        return _lay_out_table(text)
    layout = _ValueLayout(text)
    layout.add_value(value, 0)
    return layout.layout


def _parse_data(text: str) -> object:
    """Return the value of a text that is JSON, YAML, TOML or lines of keys and values; None if it is none of these."""
    try:
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if not _has_keys(text):
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        pass
    if lines := [match for line in text.splitlines() if (match := _EQUALS_LINE.match(line))]:
        return {match["key"]: match["value"] for match in lines}
    try:
        value, _ = load_yaml(text)
    except Unreadable:
        return None
    return value if isinstance(value, Mapping | list) else None


def _has_keys(text: str) -> bool:
    """Return whether nearly every line has a key or is an item of a list, and none is a sentence."""
    if _HEADING.search(text):
        return False
    lines = [line for line in text.splitlines() if not _ASIDE_LINE.match(line)]
    keyed = [match for line in lines if (match := _KEYED_LINE.match(line))]
    items = sum(_KEYED_LINE.match(line) is None and _ITEM_LINE.match(line) is not None for line in lines)
    keys = sum(
        len(match["key"].split()) <= MAX_KEY_WORDS and (match["value"] or "x").rstrip()[-1:] not in (".", "?", "!", ";")
        for match in keyed
    )
    return len(lines) >= MIN_ROWS and keys > 0 and keys + items >= MIN_KEYED_SHARE * len(lines)


def _words(value: object) -> str:
    """Return a key or a scalar as words, with spaces for underscores and line breaks."""
    return " ".join((value if isinstance(value, str) else json.dumps(value, default=str)).replace("_", " ").split())


def _is_scalar(value: object) -> bool:
    """Return whether a value is neither a table nor a list."""
    return not isinstance(value, Mapping | list)


class _ValueLayout:
    """Lays out a value as a list: a key with its scalar, a key above its items, and a flat table as one row."""

    def __init__(self, text: str) -> None:
        self.layout = Layout()
        self._text = text
        self._at = 0

    def _find(self, value: object) -> int:
        """Return where a key or scalar stands in the text, after the one before."""
        words = value if isinstance(value, str) else json.dumps(value, default=str)
        found = self._text.find(words.partition("\n")[0], self._at)
        if found >= 0:
            self._at = found + len(words)
        return found if found >= 0 else self._at

    def add_value(self, value: object, depth: int) -> None:
        """Add a value as items of a list ``depth`` levels deep."""
        if depth > MAX_DEPTH:
            return
        if isinstance(value, Mapping):
            if all(map(_is_scalar, value.values())) and VERDICT_KEYS & value.keys():
                self._add_row("", value, depth)
                return
            for key, member in value.items():
                self._add_member(key, member, depth)
        elif isinstance(value, list):
            for member in value:
                if isinstance(member, Mapping) and all(map(_is_scalar, member.values())):
                    self._add_row("", member, depth)
                elif _is_scalar(member):
                    self._add_line(depth, _words(member), self._find(member))
                else:
                    self.add_value(member, depth + 1)

    def _add_member(self, key: object, member: object, depth: int) -> None:
        """Add a key with its value."""
        start = self._find(key)
        if _is_scalar(member):
            self._add_line(depth, f"{_words(key)}: {_words(member)}", start)
            self._find(member)
        elif isinstance(member, Mapping) and member and depth and all(map(_is_scalar, member.values())):
            self._add_row(_words(key), member, depth, start)
        else:
            self._add_line(depth, f"{_words(key)}:", start)
            self.add_value(member, depth + 1)

    def _add_row(self, title: str, row: Mapping[object, object], depth: int, start: int | None = None) -> None:
        """Add a table of scalars as a row of cells: texts as they are, other values with their keys."""
        cells = [title] if title else []
        for key, value in [*row.items()][:MAX_CELLS]:
            at = self._find(key)
            start = at if start is None else start
            is_text = isinstance(value, str) and (title or len(row) > 1)
            cells.append(_words(value) if is_text else f"{_words(key)}: {_words(value)}")
            self._find(value)
        self._add_line(depth, " | ".join(cells), start or 0)

    def _add_line(self, depth: int, words: str, origin: int) -> None:
        """Add one item of a list."""
        self.layout.add(f"{'  ' * depth}- ", origin)
        self.layout.add(f"{words}\n", origin)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the start and the words of each line."""
    offset = 0
    for line in text.splitlines(keepends=True):
        yield offset, line.rstrip()
        offset += len(line)


def _lay_out_table(text: str) -> Layout | None:
    """Return the layout of CSV, or of a text with tables without outer bars or with ruled columns; None for others."""
    lines = list(_lines(text))
    layout = Layout()
    if delimiter := _delimiter(lines):
        for number, (start, line) in enumerate(lines):
            cells = next(csv.reader([line], delimiter=delimiter), [])
            _add_cells(layout, start, line, cells, header=not number)
        return layout
    rules = {number for number, (_, line) in enumerate(lines) if number and _BARE_TABLE_RULE.match(line)}
    ruled = {number for number, (_, line) in enumerate(lines) if number and _RULED_COLUMNS.match(line)} - rules
    if not rules and not ruled:
        return None
    inside = ""  # the kind of the table that the line is in
    for number, (start, line) in enumerate(lines):
        if number in rules or number in ruled:
            continue
        if number + 1 in rules or number + 1 in ruled:
            inside = "bars" if number + 1 in rules else "columns"
        elif not line.strip():
            inside = ""
        if inside:
            cells = line.split("|") if inside == "bars" else _COLUMN_GAP.split(line.strip())
            _add_cells(layout, start, line, cells, header=number + 1 in rules or number + 1 in ruled)
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
        titles = rows[0].rstrip().split(delimiter)
        is_header = titles[-1][-1:] not in ("", ".", ":", ";") and all(len(t.split()) <= MAX_KEY_WORDS for t in titles)
        if len(widths) == 1 and 1 < next(iter(widths)) <= MAX_CELLS and is_header:
            return delimiter
    return ""


def _add_cells(layout: Layout, start: int, line: str, cells: Sequence[str], *, header: bool) -> None:
    """Add a row as one of a Markdown table, at the place of its line."""
    if not line.strip():
        layout.add("\n", start)
        return
    layout.add("| ", start)
    layout.add(" | ".join(_words(cell) for cell in cells), start)
    layout.add(" |\n|---|\n" if header else " |\n", start + len(line))
