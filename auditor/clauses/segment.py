"""Cuts a policy, licence or card into units of sense: sentences and list items with the stems they hang on.

Terms prohibit in lists: "You agree not to use the Model: (a) …; (b) …". A unit therefore carries the stems
("You agree not to use the Model:") and headings ("Prohibited uses") above it, outermost first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal

import re2

# Terms are short; what is longer is data with a licence's name, and is cut (the caller states the gap).
MAX_TEXT_LENGTH = 1_000_000
# A sentence beyond this many characters is judged in stretches, so that the work stays linear.
LONGEST_UNIT = 2_000
# Stems above one unit; no honest list is nested deeper.
DEEPEST = 12
# The level of a sentence that leads over headings that are only bold or short lines (levels 5 and 6).
LEAD = 4
# What follows a colon at the end of a block stays with it up to this length.
SHORT = 60


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a list item's sentence, or a fragment between semicolons; ``start``, ``end``: its characters."""

    kind: Literal["heading", "item", "prose"]
    text: str  # white space collapsed
    start: int
    end: int
    stems: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    crossed: bool = False  # a list item whose marker is a cross or a no-entry sign


@dataclass(slots=True)
class _Block:
    """Lines that belong together: a heading, a list item with its continuation, or a paragraph."""

    kind: Literal["heading", "item", "prose"]
    depth: tuple[int, str]  # item: (indentation, kind of marker); heading: (level, "")
    start: int
    end: int
    text: str  # of its first line
    goes_on: bool = False  # an item whose number or letter is not the first: "(c)", "3."


_HASHES = re2.compile(r"^ {0,3}(#{1,6})\s+(.*?)[\s#]*$")
_BOLD = re2.compile(r"^\s*(?:\*\*|__)([^*_]{2,90}?)(?:\*\*|__)\s*:?\s*$")
_UNDERLINE = re2.compile(r"^\s*(?:={3,}|-{3,})\s*$")
_ITEM = re2.compile(
    r"^([\s>]*)("
    r"\\?[-*+]\s|[•·・･–—▪■□◦‣●○➢►▸⁃∙✗✘✖☒❌🚫⛔🛑✓✔✅]|\d\x{FE0F}?\x{20E3}|🔟|"
    r"\((?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,3})\)|"
    r"(?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,3}(?:\.\d{1,3})*)\\?[.)]\s|\d{1,3}(?:\.\d{1,3}){1,4}\s|\||"
    r"(?i:<li\b[^<>]{0,300}>)"
    r")\s*(\S.*)$"
)
_CROSSES = frozenset("✗✘✖☒❌🚫⛔🛑")
_MARKUP_HEADING = re2.compile(r"(?i)^\s*<h([1-6])\b[^<>]{0,300}>(.*)$")
# The line under a table's first row.
_TABLE_RULE = re2.compile(r"^[\s>]*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?)?\s*$")
_HEADER = "|header"
_RUN_IN = re2.compile(
    r"^(?:(?:[A-Z]\.?|§ ?|(?:Article|Section|Clause|Rule|Art\.|Sec\.) )?\d[\d.]*[.:]? )?[A-Z][\w’'/&,() -]{2,50}\.$"
)
_SAYS = re2.compile(
    r"(?i)\b(?:you|we|i|it|they|must|may|shall|will|can|cannot|is|are|was|were|do|does|has|have|no|don['’]t)\b"
)
# "What is prohibited", "Things we do not allow": titles, for all their verbs.
_NAMES_WHAT = re.compile(r"^(?:What|How|Who|Whom|Where|When|Why|Things|Content)\b")
# Marks of emphasis and of HTML, which say nothing of the sense.
_TAG = re2.compile(
    r"(?i)\*{1,3}|\b__|__\b|</?(?:b|i|u|em|strong|span|p|li|ul|ol|a|font|br|div|section|h[1-6]|t[dhr]|table|tbody|thead)"
    r"\b[^<>]{0,300}>"
)
# Markdown's break at a line's end, and a word that goes on in the next line.
_LINE_BREAK = re.compile(r"\\(?=\n|$)")
HYPHENATED = re.compile(r"([a-z])-\n[ \t>]*([a-z])")
_CELL = re.compile(r"(?i)</t[dh]>\s*<t[dh]\b[^<>]{0,300}>")
_SMALL_WORDS = "a an and as at but by for from if in nor of on or the to up with your our is are not vs"
_SMALL = frozenset(_SMALL_WORDS.split())
# A cut inside a block: after a sentence, a semicolon or a colon, and before an enumerator such as "(b)".
_CUT = re.compile(
    r"""[.!?]["')\]*_”’]*\s+["'(\[*_“‘]*[A-Z0-9]|;\s*(?:and|or)?|:(?:\s|\*|</?[a-z]|$)|\s\((?:[a-zA-Z]|[ivx]{1,4}|[IVX]{1,4}|\d{1,2})\)\s|(?i:</?(?:li|p|h[1-6]|tr|div|br)\b[^<>]{0,300}>)"""
)
_ABBREVIATION = re2.compile(
    r"(?i)\b(?:e\.g|i\.e|inc|ltd|corp|co|no|nos|art|sec|v|vs|cf|u\.s|u\.k|approx|st|dr|mr|ms|mrs|[a-z])\.$"
)
_NOT_LATER = frozenset({"a", "i", "1"})
_FIRST = re2.compile(r"^\((?:a|i|1|A|I)\)\s")
_FRAGMENT = re2.compile(
    r"^(?:[Cc]hild(?:ren)?|[Mm]inors|[Ss]exual\w*|CSAM|[A-Z]?[a-z]+ing|[A-Z]?[a-z]+(?:tion|ment)|For [a-z]+ing|"
    r"In (?:a|any) (?:way|manner))\b"
)
# What has a verb of its own before any relative clause is a sentence, not one more thing on a list.
_SENTENCE = re2.compile(
    r"(?i)^(?:we|i|if|when|where|please|our|see|for more|note)\b|"
    r"\b(?:is|are|was|were|you|we|i|they|will|may|can|has|have|had|must|should|shall|do|does|did)\b"
)
_RELATIVE = re2.compile(r"(?i)[,(]? ?\b(?:that|which|who|whom|whose|where|when|if|whether)\b")
# "We forbid X. This includes …:" hangs on the sentence before.
_GOES_ON = re2.compile(
    r"^(?:(?:This|That|It|These|Such [a-z]+|Th(?:is|at|ese) [a-z]+)(?: also)? "
    r"(?:includ(?:es?|ing)|covers?|appl(?:y|ies) to|extends? to)|"
    r"(?:Some )?[Ee]xamples?(?: of [a-z ]{3,40})? (?:includ(?:es?|ing)|are)|"
    r"Including|For example|For instance|Such as)\b"
)


# An item that leaves its sentence open, and one that goes on with the sentence: by a verb, not by a subject.
_LEFT_OPEN = re2.compile(r"[;,](?:\s+(?:and|or|and/or))?\s*$")
_CARRIES_ON = re2.compile(
    r"^(?:to |for |in )?(?:(?:harm|exploit|abus|sexuali[sz]|groom|endanger|molest|traffick?|entic|lur)(?:e|ing)?|"
    r"(?:creat|generat|produc|depict|shar|post|upload|distribut|promot|facilitat|solicit|mak|stor|host|publish|send|"
    r"display|us|engag|attempt|seek|encourag|request|sell|trad|possess|transmit|writ|draw)(?:e|ing)?)\b"
)
_ASKS_WHAT = re2.compile(r"(?i)^\W*(?:q\w*[:.] )?(?:what|which)\b")
_FOLLOWING = re2.compile(r"(?i)^[\W_\d]*(?:all |each |any )?(?:of )?the following\b")


def units(text: str) -> Iterator[Unit]:
    """The text's units in order; offsets are characters of ``text``."""
    headings: list[tuple[int, str]] = []
    stems: list[tuple[_Block, str]] = []  # with the block that holds the stem
    broken_off: list[tuple[_Block, str]] = []  # the stems that the last heading ended, and the list under them
    listed: tuple[int, str] | None = None
    carried: tuple[_Block, str] | None = None  # "(a) You shall not lie;", over "(b) steal;"
    before = ""  # the words of the unit before
    open_list = False  # the unit before did not end its sentence
    for block, next_block in pairwise(chain(_blocks(text[:MAX_TEXT_LENGTH]), (None,))):
        if block is None:
            return
        follows = next_block.kind if next_block else ""
        if block.kind == "heading":
            level = block.depth[0]
            # A title right under a title is its first part, where nothing but their shortness makes them titles.
            above = headings[-1:] if level > LEAD and headings and headings[-1] == (level, before) else []
            headings = [known for known in headings if known[0] < level] + above
            if level > 1 and before.endswith(":"):  # "The following are prohibited:" over titled paragraphs
                headings.append((min(level - 1, LEAD), before))
            yield Unit("heading", block.text, block.start, block.end, (), tuple(words for _, words in headings))
            headings.append((level, block.text))
            # A page's foot or a title between (c) and (d) does not end the list.
            broken_off = stems or broken_off if level > LEAD else []
            stems, open_list, before, carried = [], False, block.text, None
            continue
        if block.kind == "item":
            if not stems and block.goes_on and block.depth == listed:
                stems = broken_off
            stems, listed = _above(stems, block), block.depth
            if carried and carried[0].depth == block.depth and _CARRIES_ON.match(block.text):
                stems = [*stems, carried]
        elif not (stems and (open_list or _is_fragment(block.text))):
            stems = []
        pieces = list(_pieces(text, block))
        carried = _carries(text, block, pieces, carried) if block.kind == "item" else None
        run_in: tuple[str, ...] = ()
        for at, (start, end, words, closes) in enumerate(pieces):
            here = (
                *(stem for _, stem in stems),
                *((before,) if words[0] in "TISEeF" and _GOES_ON.match(words) else ()),
            )
            titles = (*(title for _, title in headings), *run_in)
            yield Unit(block.kind, words[:LONGEST_UNIT], start, end, here, titles, block.depth[1] in _CROSSES)
            if at == 0 and closes and len(pieces) > 1 and _is_run_in(words):
                run_in = (words,)  # "Misuse. Using the model to …": a heading on the same line
            for beyond in range(LONGEST_UNIT, len(words), LONGEST_UNIT):
                rest = words[beyond : beyond + LONGEST_UNIT]
                yield Unit(block.kind, rest, start, end, (*here, words[:LONGEST_UNIT]), titles)
            before = words[:LONGEST_UNIT]
            last = at == len(pieces) - 1
            after = "" if last else pieces[at + 1][2]
            hangs = words.endswith(":") or (
                last and follows == "item" and (words[-1] not in ".!?;" or words.endswith("..") or "following" in words)
            )
            hangs = (
                hangs
                or block.depth[1] == _HEADER
                or (after[:1] == "(" and bool(_FIRST.match(after)) and not _FIRST.match(words))
            )
            # "The following uses are forbidden. Sexual content about minors. Spam."
            hangs = hangs or (after != "" and _FOLLOWING.search(words) is not None and _is_fragment(after))
            # "What is banned? Sexual content about minors. Spam.", or a list of it.
            hangs = hangs or (
                words[-1] == "?"
                and _ASKS_WHAT.match(words) is not None
                and (_is_fragment(after) if after else last and follows == "item")
            )
            if hangs:
                stems = [*stems, *((block, stem) for stem in here[len(stems) :]), (block, words)][-DEEPEST:]
            elif closes and not last and not (stems and _is_fragment(after)):
                # A new sentence begins: an item keeps what the item hangs on, prose keeps nothing.
                stems = [stem for stem in stems if block.kind == "item" and stem[0] is not block]
            open_list = not closes or hangs


def _carries(
    text: str, block: _Block, pieces: list[tuple[int, int, str, bool]], carried: tuple[_Block, str] | None
) -> tuple[_Block, str] | None:
    """The sentence that an item begins and the next items may go on with, as long as each ends in a semicolon."""
    ending = text[max(block.start, block.end - 20) : block.end].rstrip()
    if not pieces or ending[-1:] not in ";,dr" or not _LEFT_OPEN.search(ending):
        return None
    words = pieces[0][2]
    return (block, words) if words[:1].isupper() and _SENTENCE.search(words) else carried


def _is_fragment(words: str) -> bool:
    """Is this one more thing on a list ("To harm minors.", "Images that are abusive."), no sentence of its own?"""
    if _FRAGMENT.match(words):
        return True
    relative = _RELATIVE.search(words)
    return not _SENTENCE.search(words[: relative.start()] if relative else words)


def _above(stems: list[tuple[_Block, str]], item: _Block) -> list[tuple[_Block, str]]:
    """The stems that this item hangs on: those before its first sibling, or of a block less deep."""
    for position, (holder, _) in enumerate(stems):
        if holder.kind == "item" and (holder.depth == item.depth or holder.depth[0] > item.depth[0]):
            return stems[:position]
    return stems


def _blocks(text: str) -> Iterator[_Block]:
    block: _Block | None = None
    offset = 0
    previous = ""
    for raw in text.splitlines(keepends=True):
        start, offset = offset, offset + len(raw)
        line = raw.rstrip()
        bare = line.lstrip(" \t>").rstrip()
        if bare[:1] == "<":
            bare = _TAG.sub("", bare).strip()
        if block is not None and block.depth[1] == "|" and _TABLE_RULE.match(line):
            block.depth = (-1, _HEADER)
            continue
        ruled = (
            block is not None and block.kind == "prose" and len(block.text) < 100 and line.lstrip()[:1] in ("=", "-")
        )
        if block is not None and ruled and _UNDERLINE.match(line):
            block.kind, block.depth = "heading", (2, "")
            yield block
            block, previous = None, ""
            continue
        new = _begin(line, bare, start, previous, block) if bare else None
        if block is not None and (new is not None or not bare or _is_title_of(block, bare)):
            if block.kind == "prose" and (_is_title_of(block, bare) if bare else _stands_alone(block)):
                block.kind, block.depth, block.text = "heading", (5, ""), _plain(block.text)
            yield block
            block = None
        if new is not None:
            block = new
        elif bare and block is not None:
            block.end = start + len(line)
        elif bare:
            block = _Block("prose", (0, ""), start + len(line) - len(line.lstrip()), start + len(line), bare)
        if block is not None and block.kind == "heading":
            yield block
            block = None
        previous = bare
    if block is not None:
        yield block


def _is_run_in(words: str) -> bool:
    return bool(_RUN_IN.match(words) and (_NAMES_WHAT.match(words) or not _SAYS.search(words)))


def _stands_alone(block: _Block) -> bool:
    """Is it one short line that is no sentence: "Acceptable use"?"""
    words = block.text
    alone = (
        block.kind == "prose" and block.end - block.start <= 50 and words[:1].isupper() and words[-1] not in ".,;:!?"
    )
    if not alone or len(words.split()) > 7:
        return False
    return bool(_NAMES_WHAT.match(words)) or (not _SENTENCE.search(words) and len(words.split()) <= 6)


def _is_title_of(block: _Block, line: str) -> bool:
    """No text is wrapped as short as this before a line as long as that, and begins it with a capital."""
    return line[:1].isupper() and len(line) > len(block.text) + 20 and _stands_alone(block)


def _begin(line: str, bare: str, start: int, previous: str, block: _Block | None) -> _Block | None:
    """The block that begins on this line, or None: it goes on with the one before."""
    end = start + len(line)
    if bare[0] == "#" and (hashes := _HASHES.match(line)):
        return _Block("heading", (len(hashes.group(1)), ""), start, end, _plain(hashes.group(2)))
    if line.lstrip()[:2].lower() == "<h" and (marked := _MARKUP_HEADING.match(line)):
        return _Block("heading", (int(marked.group(1)), ""), start, end, _plain(bare))
    # A word of letters is no list's mark, unless a stop or bracket follows at once.
    word = bare[0].isalpha() and line.lstrip()[:1] == bare[0] and not any(mark in bare[:6] for mark in ".)")
    word = word or bare[:3] == "Q. "
    if not word and (item := _ITEM.match(line)):
        indent = len(item.group(1).expandtabs(4))
        crossed = item.group(3)[0] in _CROSSES  # "- ❌ …"
        marker = item.group(3)[0] if crossed else _marker(item.group(2), block)
        goes_on = item.group(2).strip("(). \t\\").lower() not in _NOT_LATER and marker[0] in "1iaA"
        return _Block("item", (indent, marker), start + item.start(3), end, item.group(3).strip(), goes_on)
    if line.lstrip()[:1] in "*_" and (bold := _BOLD.match(line)):
        return _Block("heading", (6, ""), start, end, _plain(bold.group(1)))
    if (
        len(bare) <= 80
        and bare[-1] not in ".,;:!?"
        and (not previous or previous[-1] in ".:;)!?" or (len(previous) < 60 and not previous.isupper()))
    ):
        words = [word for word in bare.split() if word[0].isalpha()]
        titled = words and words[0][0].isupper() and all(word[0].isupper() or word in _SMALL for word in words)
        if titled and len(words) <= 9 and (block is None or block.kind != "item" or not line[0].isspace()):
            return _Block("heading", (5, ""), start + len(line) - len(line.lstrip()), end, _plain(bare))
    return None


def _marker(marker: str, block: _Block | None) -> str:
    """The kind of a list marker: its siblings have the same."""
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


def _untagged(words: str) -> str:
    if "<t" in words:
        words = _CELL.sub(" | ", words)
    return _TAG.sub("", words) if "*" in words or "<" in words or "__" in words else words


def _plain_words(raw: str) -> str:
    if "\\" in raw:
        raw = _LINE_BREAK.sub("", raw)
    if "-" in raw and "\n" in raw:
        raw = HYPHENATED.sub(r"\1\2", raw)
    return " ".join(_untagged(raw).split())


def _plain(words: str) -> str:
    return words.strip(" *_#:")


def _pieces(text: str, block: _Block) -> Iterator[tuple[int, int, str, bool]]:
    """Sentences and fragments of a block: start, end, words, and whether the sentence ends there."""
    raw = text[block.start : block.end]
    begin = 0
    for cut in _CUT.finditer(raw):
        mark = raw[cut.start()]
        if mark == "<":
            at, closes = cut.end(), True
        elif mark in ".!?":
            at = cut.start() + 1
            if mark == "." and _ABBREVIATION.search(raw[max(begin, at - 12) : at]):
                continue
            closes = True
        elif (
            mark == ":" and 0 < len(raw) - cut.end() <= SHORT and not any(sign in raw[cut.start() :] for sign in ";(\n")
        ):
            continue  # "CSAM: not allowed." is one unit
        else:
            at, closes = cut.start() + (0 if mark.isspace() else 1), False
        words = _plain_words(raw[begin:at])
        if words.strip(".;:()*_- "):
            yield block.start + begin, block.start + at, words, closes
        begin = at
    words = _plain_words(raw[begin:])
    if words.strip(".;:()*_- "):
        yield block.start + begin, block.end, words, words[-1] in ".!?" or words.endswith(('."', ".)", ".”", ".**"))
