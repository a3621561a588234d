"""Split a policy, licence or card into units: sentences, headings and list items, each with the stems above it.

Terms prohibit in lists: "You agree not to use the Model: (a) …; (b) …". So a unit carries the stems above it ("You
agree not to use the Model:") and the headings above it ("Prohibited uses"), the outermost first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal

from auditor.clauses.blocks import (
    CROSS_MARKERS,
    FINITE_CLAUSE,
    INLINE_MARKUP,
    QUESTION_WORD_TITLE,
    TABLE_HEADER,
    Block,
    split_blocks,
)
from auditor.clauses.lazy_pattern import lazy_pattern

# Terms are short. A longer text is data under a licence's name: it is cut, and the caller states the gap.
MAX_TEXT_LENGTH = 1_000_000
# A longer sentence is examined in parts of this many characters, so that the work stays linear.
MAX_UNIT_LENGTH = 2_000
# Stems above one unit; no real list is nested deeper.
MAX_STEMS = 12
# "Prohibited." above a list leads it although it ends in a full stop.
MAX_LEAD_WORDS = 3
# The level of a sentence that introduces headings that are only bold or short lines (levels 5 and 6).
LEAD_IN_LEVEL = 4
# Of an item that leads the items after it, which are no deeper in the list.
_LEAD_DEPTH = (-1, ":")
# Up to this length, the words after the last colon of a block stay in one unit with the words before it.
MAX_LABELLED_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Unit:
    """A heading, a sentence, or a fragment between semicolons; ``start`` and ``end`` are its characters in the text."""

    kind: Literal["heading", "item", "prose"]
    text: str  # white space collapsed
    start: int
    end: int
    stems: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    has_cross_marker: bool = False  # a list item with a cross or a no-entry sign
    is_table_header: bool = False  # the first row of a table, whose cells are the titles of its columns


_RUN_IN_HEADING = lazy_pattern(
    r"^(?:(?:[A-Z]\.?|§ ?|(?:Article|Section|Clause|Rule|Art\.|Sec\.) )?\d[\d.]*[.:]? )?[A-Z][\w’'/&,() -]{2,50}\.$"
)
_PREDICATE = lazy_pattern(
    r"(?i)\b(?:you|we|i|it|they|must|may|shall|will|can|cannot|is|are|was|were|do|does|has|have|no|don['’]t)\b"
)
# A Markdown line break, and a word that is hyphenated at the end of a line.
_MARKDOWN_LINE_BREAK = re.compile(r"\\(?=\n|$)")
HYPHENATED_LINE_END = re.compile(r"([a-z])-\n[ \t>]*([a-z])")
_CELL_BOUNDARY = re.compile(r"(?i)</t[dh]>\s*<t[dh]\b[^<>]{0,300}>")
# A boundary inside a block: after a sentence, a semicolon or a colon, and before an enumerator such as "(b)".
_SENTENCE_BOUNDARY = re.compile(
    r"""[.!?]["')\]*_”’]*\s+["'(\[*_“‘]*[A-Z0-9]|;\s*(?:and|or)?|:(?:\s|\*|</?[a-z]|$)|\s\((?:[a-zA-Z]|[ivx]{1,4}|[IVX]{1,4}|\d{1,2})\)\s|(?i:</?(?:li|p|h[1-6]|tr|div|br)\b[^<>]{0,300}>)"""
)
_ABBREVIATION = lazy_pattern(
    r"(?i)\b(?:e\.g|i\.e|inc|ltd|corp|co|no|nos|art|sec|v|vs|cf|u\.s|u\.k|approx|st|dr|mr|ms|mrs|[a-z])\.$"
)
_FIRST_ENUMERATOR = lazy_pattern(r"^\((?:a|i|1|A|I)\)\s")
_FRAGMENT_START = lazy_pattern(
    r"^(?:[Cc]hild(?:ren)?|[Mm]inors|[Ss]exual\w*|CSAM|[A-Z]?[a-z]+ing|[A-Z]?[a-z]+(?:tion|ment)|For [a-z]+ing|"
    r"In (?:a|any) (?:way|manner))\b"
)
_RELATIVE_PRONOUN = lazy_pattern(r"(?i)[,(]? ?\b(?:that|which|who|whom|whose|where|when|if|whether)\b")
# "We forbid X. This includes …:" belongs to the sentence before it.
_CONTINUES_SENTENCE_BEFORE = lazy_pattern(
    r"^(?:(?:This|That|It|These|Such [a-z]+|Th(?:is|at|ese) [a-z]+)(?: also)? "
    r"(?:includ(?:es?|ing)|covers?|appl(?:y|ies) to|extends? to)|"
    r"(?:Some )?[Ee]xamples?(?: of [a-z ]{3,40})? (?:includ(?:es?|ing)|are)|"
    r"Including|For example|For instance|Such as)\b"
)


# An item that does not end its sentence, and one that continues it with a verb, not with a subject.
_OPEN_ENDING = lazy_pattern(r"[;,](?:\s+(?:and|or|and/or))?\s*$")
_CONTINUATION_VERB = lazy_pattern(
    r"^(?:to |for |in )?(?:(?:harm|exploit|abus|sexuali[sz]|groom|endanger|molest|traffick?|entic|lur)(?:e|ing)?|"
    r"(?:creat|generat|produc|depict|shar|post|upload|distribut|promot|facilitat|solicit|mak|stor|host|publish|send|"
    r"display|us|engag|attempt|seek|encourag|request|sell|trad|possess|transmit|writ|draw)(?:e|ing)?)\b"
)
_YES = lazy_pattern(r"(?i)^yes\b")
# A row with a number is a line of statistics.
_NUMBER_CELL = lazy_pattern(r"^\s*\d[\d.,]*\s*%?\s*$")
_ANNOUNCES_LIST = lazy_pattern(r"(?i)\b(?:following|below|lists?|listed)\b")
_OPENING_QUOTES = frozenset("\"'“‘")
_THE_FOLLOWING = lazy_pattern(r"(?i)\b(?:the following|below)\b|\bthese\W*$")


def split_units(text: str) -> Iterator[Unit]:
    """Yield the units of the text in order; offsets are characters of ``text``."""
    headings: list[tuple[int, str]] = []
    stems: list[tuple[Block, str]] = []  # with the block that holds the stem
    interrupted_stems: list[tuple[Block, str]] = []  # stems that the last heading interrupted
    last_list_depth: tuple[int, str] | None = None
    shared: tuple[Block, str] | None = None  # "(a) You shall not lie;", shared by "(b) steal;"
    before = ""  # the words of the unit before
    open_list = False  # the unit before did not end its sentence
    for block, next_block in pairwise(chain(split_blocks(text[:MAX_TEXT_LENGTH]), (None,))):
        if block is None:
            return
        follows = next_block.kind if next_block else ""
        if block.kind == "heading":
            level = block.depth[0]
            # Two short lines, one right below the other, are a title and its subtitle.
            above = headings[-1:] if level > LEAD_IN_LEVEL and headings and headings[-1] == (level, before) else []
            headings = [known for known in headings if known[0] < level] + above
            if level > 1 and before.endswith(":"):  # "The following are prohibited:" above titled paragraphs
                headings.append((min(level - 1, LEAD_IN_LEVEL), before))
            yield Unit("heading", block.text, block.start, block.end, (), tuple(words for _, words in headings))
            headings.append((level, block.text))
            # A page footer or a title between (c) and (d) does not end the list.
            interrupted_stems = stems or interrupted_stems if level > LEAD_IN_LEVEL else []
            stems, open_list, before, shared = [], False, block.text, None
            continue
        if block.kind == "item":
            if not stems and block.continues_list and block.depth == last_list_depth:
                stems = interrupted_stems
            lead = stems[-1:] if stems and before.endswith(":") and stems[-1][0].depth == block.depth else []
            stems, last_list_depth = _stems_above(stems, block), block.depth
            if lead:  # "* Posts cannot:" above "* insult people": the item leads its siblings
                stems = [stem for stem in stems if stem[0].depth != _LEAD_DEPTH]
                stems.append((Block("item", _LEAD_DEPTH, block.start, block.end, ""), lead[0][1]))
            if shared and shared[0].depth == block.depth and _CONTINUATION_VERB.match(block.text):
                stems = [*stems, shared]
        elif not (stems and (open_list or _is_fragment(block.text))):
            stems = []
        pieces = list(_split_sentences(text, block))
        shared = _shared_stem(text, block, pieces, shared) if block.kind == "item" else None
        run_in: tuple[str, ...] = ()
        for at, (start, end, words, closes) in enumerate(pieces):
            own_stems = (
                *(stem for _, stem in stems),
                *((before,) if words[0] in "TISEeF" and _CONTINUES_SENTENCE_BEFORE.match(words) else ()),
            )
            titles = (*(title for _, title in headings), *run_in)
            yield Unit(
                block.kind,
                words[:MAX_UNIT_LENGTH],
                start,
                end,
                own_stems,
                titles,
                has_cross_marker=block.depth[1] in CROSS_MARKERS,
                is_table_header=block.depth[1] == TABLE_HEADER and "|" in words.strip("| "),
            )
            if at == 0 and closes and len(pieces) > 1 and _is_run_in_heading(words):
                run_in = (words,)  # "Misuse. Using the model to …": a heading on the same line
            for beyond in range(MAX_UNIT_LENGTH, len(words), MAX_UNIT_LENGTH):
                rest = words[beyond : beyond + MAX_UNIT_LENGTH]
                yield Unit(block.kind, rest, start, end, (*own_stems, words[:MAX_UNIT_LENGTH]), titles)
            if at == 0 and stems and stems[-1][0].depth[1] == TABLE_HEADER:
                yield from _split_cells(text, block, stems[-1][1], own_stems, titles)
            before = words[:MAX_UNIT_LENGTH]
            last = at == len(pieces) - 1
            after = "" if last else pieces[at + 1][2]
            opens_list = words.endswith(":") or (
                last
                and follows == "item"
                and (
                    words[-1] not in ".!?;"
                    or words.endswith("..")
                    or len(words.split()) <= MAX_LEAD_WORDS
                    or _ANNOUNCES_LIST.search(words) is not None
                )
            )
            opens_list = (
                opens_list
                or block.depth[1] == TABLE_HEADER
                or (after[:1] == "(" and bool(_FIRST_ENUMERATOR.match(after)) and not _FIRST_ENUMERATOR.match(words))
            )
            # "The following uses are forbidden. Sexual content about minors. Spam."
            opens_list = opens_list or (
                after != "" and _THE_FOLLOWING.search(words) is not None and _is_fragment(after)
            )
            # "What is banned? Sexual content about minors. Spam.", or a list of it; "Is anything banned? Yes: …".
            opens_list = opens_list or (
                words[-1] == "?"
                and (_is_fragment(after) or _YES.match(after) is not None if after else last and follows == "item")
            )
            if opens_list:
                stems = [*stems, *((block, stem) for stem in own_stems[len(stems) :]), (block, words)][-MAX_STEMS:]
            elif closes and not last and not (stems and _is_fragment(after)):
                # A new sentence begins: an item keeps the stems of the item, prose keeps none.
                stems = [stem for stem in stems if block.kind == "item" and stem[0] is not block]
            open_list = not closes or opens_list


def _split_cells(
    text: str, block: Block, header: str, stems: tuple[str, ...], titles: tuple[str, ...]
) -> Iterator[Unit]:
    """Yield the cells of a row of a table, each below the cell of the header above it."""
    columns = [cell.strip() for cell in header.strip().strip("|").split("|")]
    cells = _plain_text(text[block.start : block.end]).strip().strip("|").split("|")
    if len(columns) == len(cells) > 1 and not any(_NUMBER_CELL.match(cell) for cell in cells):
        for column, cell in zip(columns, cells, strict=True):
            if column and (words := cell.strip()):
                yield Unit("item", words[:MAX_UNIT_LENGTH], block.start, block.end, (*stems, column), titles)


def _shared_stem(
    text: str, block: Block, pieces: list[tuple[int, int, str, bool]], shared: tuple[Block, str] | None
) -> tuple[Block, str] | None:
    """Return the sentence that an item begins and later items may continue, as long as each ends in a semicolon."""
    ending = text[max(block.start, block.end - 20) : block.end].rstrip()
    if not pieces or ending[-1:] not in ";,dr" or not _OPEN_ENDING.search(ending):
        return None
    words = pieces[0][2]
    return (block, words) if words[:1].isupper() and FINITE_CLAUSE.search(words) else shared


def _is_fragment(words: str) -> bool:
    """Return whether the words are an entry of a list ("To harm minors."), not a sentence of their own."""
    if _FRAGMENT_START.match(words):
        return True
    relative = _RELATIVE_PRONOUN.search(words)
    return not FINITE_CLAUSE.search(words[: relative.start()] if relative else words)


def _stems_above(stems: list[tuple[Block, str]], item: Block) -> list[tuple[Block, str]]:
    """Return the stems that this item belongs to: those before its first sibling, or of a block less deep."""
    for position, (holder, _) in enumerate(stems):
        if holder.kind == "item" and (holder.depth == item.depth or holder.depth[0] > item.depth[0]):
            return stems[:position]
    return stems


def _is_run_in_heading(words: str) -> bool:
    """Return whether the words are a heading at the beginning of a paragraph: "Misuse. Using the model to …"."""
    return bool(_RUN_IN_HEADING.match(words) and (QUESTION_WORD_TITLE.match(words) or not _PREDICATE.search(words)))


def _strip_markup(words: str) -> str:
    """Remove Markdown emphasis and HTML tags; the boundary of two table cells becomes " | "."""
    if "<t" in words:
        words = _CELL_BOUNDARY.sub(" | ", words)
    return INLINE_MARKUP.sub("", words) if "*" in words or "<" in words or "__" in words else words


def _plain_text(raw: str) -> str:
    """Return the words without markup, hyphenation and repeated white space."""
    if "\\" in raw:
        raw = _MARKDOWN_LINE_BREAK.sub("", raw)
    if "-" in raw and "\n" in raw:
        raw = HYPHENATED_LINE_END.sub(r"\1\2", raw)
    return " ".join(_strip_markup(raw).split())


def _split_sentences(text: str, block: Block) -> Iterator[tuple[int, int, str, bool]]:
    """Yield the sentences and fragments of a block: start, end, words, and whether the sentence ends there."""
    raw = text[block.start : block.end]
    begin = 0
    for cut in _SENTENCE_BOUNDARY.finditer(raw):
        mark = raw[cut.start()]
        if mark == "<":
            at, closes = cut.end(), True
        elif mark in ".!?":
            at = cut.start() + 1
            if mark == "." and _ABBREVIATION.search(raw[max(begin, at - 12) : at]):
                continue
            at += len(raw[at : cut.end()]) - len(raw[at : cut.end()].lstrip("\"'”’"))
            closes = True
        elif (
            mark == ":"
            and 0 < len(raw) - cut.end() <= MAX_LABELLED_LENGTH
            and not any(sign in raw[cut.start() :] for sign in ";(\n")
        ):
            continue  # "CSAM: not allowed." is one unit
        elif mark == ":" and raw[cut.end() : cut.end() + 1] in _OPENING_QUOTES:
            continue  # 'Site X: "…"'
        else:
            at, closes = cut.start() + (0 if mark.isspace() else 1), False
        words = _plain_text(raw[begin:at])
        if words.strip(".;:()*_- "):
            yield block.start + begin, block.start + at, words, closes
        begin = at
    words = _plain_text(raw[begin:])
    if words.strip(".;:()*_- "):
        yield block.start + begin, block.end, words, words[-1] in ".!?" or words.endswith(('."', ".)", ".”", ".**"))
