"""Split a text into blocks by its layout: headings, list items with their continuation lines, and paragraphs.

Markdown, HTML and plain text are recognised by their marks: hashes, bullets, enumerators, tags, underlines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.clauses.lazy_pattern import lazy_pattern

# Characters: a longer line over a row of dashes is a paragraph.
MAX_UNDERLINED_TITLE = 100
# A longer line in title case is no title; nor is a longer paragraph of one line.
MAX_TITLE_CASE_LINE, MAX_TITLE_CASE_WORDS = 80, 9
MAX_STANDALONE_TITLE, MAX_STANDALONE_WORDS, MAX_QUESTION_TITLE_WORDS = 50, 6, 7
# A shorter line is not wrapped text that the next line continues.
MIN_WRAPPED_LINE = 60
# A title is shorter than the line below it by this at least.
MIN_TITLE_DIFFERENCE = 20


@dataclass(slots=True)
class Block:
    """Lines that belong together: a heading, a list item with its continuation lines, or a paragraph."""

    kind: Literal["heading", "item", "prose"]
    depth: tuple[int, str]  # item: (indentation, kind of marker); heading: (level, "")
    start: int
    end: int
    text: str  # of its first line
    continues_list: bool = False  # an item whose number or letter is not the first: "(c)", "3."


_ATX_HEADING = lazy_pattern(r"^ {0,3}(#{1,6})\s+(.*?)[\s#]*$")

_BOLD_HEADING = lazy_pattern(r"^\s*(?:\*\*|__)([^*_]{2,90}?)(?:\*\*|__)\s*:?\s*$")

_SETEXT_UNDERLINE = lazy_pattern(r"^\s*(?:={3,}|-{3,})\s*$")

_LIST_ITEM = lazy_pattern(
    r"^([\s>]*)("
    r"\\?[-*+]\s|[•·・･–—▪■□◦‣●○➢►▸⁃∙✗✘✖☒❌🚫⛔🛑✓✔✅]|\d\x{FE0F}?\x{20E3}|🔟|"
    r"\((?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,3})\)|"
    r"\[[xX ]\]\s|(?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,3}(?:\.\d{1,3})*)\\?[.)]\s|\d{1,3}(?:\.\d{1,3}){1,4}\s|\||"
    r"(?i:<li\b[^<>]{0,300}>)"
    r")\s*(\S.*)$"
)

CROSS_MARKERS = frozenset("✗✘✖☒❌🚫⛔🛑")

_HTML_HEADING = lazy_pattern(r"(?i)^\s*<h([1-6])\b[^<>]{0,300}>(.*)$")

# The line under a table's first row.
_TABLE_SEPARATOR = lazy_pattern(r"^[\s>]*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?)?\s*$")

TABLE_HEADER = "|header"

# "What is prohibited", "Things we do not allow": titles although they have a verb.
QUESTION_WORD_TITLE = re.compile(r"^(?:What|How|Who|Whom|Where|When|Why|Things|Content)\b")

# "Section 9 – What gets you thrown out"
_SECTION_NUMBER = lazy_pattern(r"^(?:Section|Article|Part|Rule|Chapter|§) ?\d[\d.]*\s*[-–—:.]?\s*")

# "Uses we reject", "Reasons we end accounts".
_NOUN_AND_CLAUSE = lazy_pattern(r"^[A-Z][a-z]+s(?: \w+)? (?:we|you|that|which) [\w’' ]+$")

# Markdown emphasis and HTML tags, which do not change the meaning.
INLINE_MARKUP = lazy_pattern(
    r"(?i)\*{1,3}|\b__|__\b|</?(?:b|i|u|em|strong|span|p|li|ul|ol|a|font|br|div|section|h[1-6]|t[dhr]|table|tbody|thead)"
    r"\b[^<>]{0,300}>"
)

_LOWERCASE_TITLE_WORD_LIST = "a an and as at but by for from if in nor of on or the to up with your our is are not vs"

_LOWERCASE_TITLE_WORDS = frozenset(_LOWERCASE_TITLE_WORD_LIST.split())

_FIRST_ENUMERATORS = frozenset({"a", "i", "1"})

# Words with a finite verb before any relative clause are a sentence, not an entry of a list.
FINITE_CLAUSE = lazy_pattern(
    r"(?i)^(?:we|i|if|when|where|please|our|see|for more|note)\b|"
    r"\b(?:is|are|was|were|you|we|i|they|will|may|can|has|have|had|must|should|shall|do|does|did)\b"
)


def split_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of the text in order; offsets are characters of ``text``."""
    block: Block | None = None
    offset = 0
    previous = ""
    for raw in text.splitlines(keepends=True):
        start, offset = offset, offset + len(raw)
        line = raw.rstrip()
        bare = line.lstrip(" \t>").rstrip()
        if bare[:1] == "<":
            bare = INLINE_MARKUP.sub("", bare).strip()
        if block is not None and block.depth[1] == "|" and _TABLE_SEPARATOR.match(line):
            block.depth = (-1, TABLE_HEADER)
            continue
        ruled = (
            block is not None
            and block.kind == "prose"
            and len(block.text) < MAX_UNDERLINED_TITLE
            and line.lstrip()[:1] in ("=", "-")
        )
        if block is not None and ruled and _SETEXT_UNDERLINE.match(line):
            block.kind, block.depth = "heading", (2, "")
            yield block
            block, previous = None, ""
            continue
        new = _start_block(line, bare, start, previous, block) if bare else None
        if block is not None and (new is not None or not bare or _is_title_before(block, bare)):
            if block.kind == "prose" and (_is_title_before(block, bare) if bare else _is_standalone_title(block)):
                block.kind, block.depth, block.text = "heading", (5, ""), _strip_emphasis(block.text)
            yield block
            block = None
        if new is not None:
            block = new
        elif bare and block is not None:
            block.end = start + len(line)
        elif bare:
            block = Block("prose", (0, ""), start + len(line) - len(line.lstrip()), start + len(line), bare)
        if block is not None and block.kind == "heading":
            yield block
            block = None
        previous = bare
    if block is not None:
        yield block


def _is_standalone_title(block: Block) -> bool:
    """Return whether the block is one short line without a sentence: "Acceptable use"."""
    words = _SECTION_NUMBER.sub("", block.text)
    alone = (
        block.kind == "prose"
        and block.end - block.start <= MAX_STANDALONE_TITLE
        and words[:1].isupper()
        and words[-1] not in ".,;:!?"
    )
    if not alone or len(words.split()) > MAX_QUESTION_TITLE_WORDS:
        return False
    return bool(QUESTION_WORD_TITLE.match(words) or _NOUN_AND_CLAUSE.match(words)) or (
        not FINITE_CLAUSE.search(words) and len(words.split()) <= MAX_STANDALONE_WORDS
    )


def _is_title_before(block: Block, line: str) -> bool:
    """Return whether the block is a title because the line after it is much longer and begins with a capital."""
    return line[:1].isupper() and len(line) > len(block.text) + MIN_TITLE_DIFFERENCE and _is_standalone_title(block)


def _start_block(line: str, bare: str, start: int, previous: str, block: Block | None) -> Block | None:
    """Return the block that begins on this line, or None if the line continues the block before it.

    Args:
        line: The line, without its line end.
        bare: The line without indentation, quote marks and HTML tags.
        start: The character of the text at which the line begins.
        previous: The line before, bare.
        block: The block before, if it is still open.
    """
    end = start + len(line)
    if bare[0] == "#" and (hashes := _ATX_HEADING.match(line)):
        return Block("heading", (len(hashes.group(1)), ""), start, end, _strip_emphasis(hashes.group(2)))
    if line.lstrip()[:2].lower() == "<h" and (marked := _HTML_HEADING.match(line)):
        return Block("heading", (int(marked.group(1)), ""), start, end, _strip_emphasis(bare))
    # A word is not a list marker unless a full stop or bracket follows it directly.
    word = bare[0].isalpha() and line.lstrip()[:1] == bare[0] and not any(mark in bare[:6] for mark in ".)")
    word = word or bare[:3] == "Q. "
    if not word and (item := _LIST_ITEM.match(line)):
        indent = len(item.group(1).expandtabs(4))
        cross = item.group(3)[0] in CROSS_MARKERS  # "- ❌ …"
        marker = item.group(3)[0] if cross else _marker_kind(item.group(2), block)
        continues_list = item.group(2).strip("(). \t\\").lower() not in _FIRST_ENUMERATORS and marker[0] in "1iaA"
        return Block("item", (indent, marker), start + item.start(3), end, item.group(3).strip(), continues_list)
    if line.lstrip()[:1] in "*_" and (bold := _BOLD_HEADING.match(line)):
        return Block("heading", (6, ""), start, end, _strip_emphasis(bold.group(1)))
    if (
        len(bare) <= MAX_TITLE_CASE_LINE
        and bare[-1] not in ".,;:!?"
        and (not previous or previous[-1] in ".:;)!?" or (len(previous) < MIN_WRAPPED_LINE and not previous.isupper()))
    ):
        words = [word for word in bare.split() if word[0].isalpha()]
        titled = (
            words
            and words[0][0].isupper()
            and all(word[0].isupper() or word in _LOWERCASE_TITLE_WORDS for word in words)
        )
        if (
            titled
            and len(words) <= MAX_TITLE_CASE_WORDS
            and (block is None or block.kind != "item" or not line[0].isspace())
        ):
            return Block("heading", (5, ""), start + len(line) - len(line.lstrip()), end, _strip_emphasis(bare))
    return None


def _marker_kind(marker: str, block: Block | None) -> str:
    """Return the kind of a list marker; items of one list have the same kind."""
    marker = marker.strip().replace("\\", "")
    if marker[0] == "<":
        return "<li>"
    core = marker.strip("().")
    around = marker.replace(core, "") if core else marker
    if not core or not core[0].isalnum():
        return marker
    if core[0].isdigit():
        return f"1{core.count('.')}{around}"
    roman = set(core.lower()) <= set("ivx") and not (
        block is not None and block.depth[1] == f"a{around}" and core not in "i"
    )
    return f"{'i' if roman else 'a' if core.islower() else 'A'}{around}"


def _strip_emphasis(words: str) -> str:
    """Remove the marks of emphasis and headings around the words."""
    return words.strip(" *_#:")
