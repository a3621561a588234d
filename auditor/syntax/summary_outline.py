"""Take a public summary of training content apart: which words answer which question of the template.

The text may be Markdown, the words of a page or of a document, with tables, lists or prose, in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from auditor.syntax.summary_questions import (
    SECTIONS,
    cued_question,
    find_question,
    is_exact_heading,
    is_summary_title,
    section_of,
)
from auditor.syntax.summary_tables import join_yes_and_no_columns
from auditor.syntax.summary_values import contrasted_clauses

MAX_SUMMARY_LINES = 50_000  # a summary of 200 pages has about 10,000
_MAX_LINE = 4000  # characters of a line that are examined
_MAX_LABEL_WORDS = 60  # the longest question of the template has 47
_MAX_INLINE_WORDS = 6  # of a label between semicolons
_MAX_PLAIN_LABEL_WORDS = 12  # of a line that nothing marks as a heading
_COARSE = frozenset({"0", "1", "2", "2.2", "3"})  # sections that hold others: their prose is told apart by sentences

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.+?)\s*#*$")
_RULE = re.compile(r"^[\s|:=_*-]*$")
_ITEM = re.compile(r"^\s*(?:[-*+•▪◦‣·–]|o|\d{1,2}[.)])\s+(?=\S)")
_BOLD = re.compile(r"^(\*\*|__)(.+?)\1\s*[:–—-]?\s*(.*)$")
_COLON = re.compile(r"^([^:?]{2,400}?)\s*(?:[:：]|\?:?)(?:\*\*?|__?)?(?:\s+|$)(.*)$")
_DASH = re.compile(r"^([^–—]{2,120}?)\s+(?:[–—]|-(?=\s))\s+(.*)$")
_BOX = r"(?:\[[ xX✓]?\]|[☐☑☒✅✔✓□■❌✗✘])"
_STARTS_WITH_BOX = re.compile(rf"^\s*(?:{_BOX}|\([ xX]?\))")
_ASKED = re.compile(r"^(?:\*\*)?(q|a|question|answer|response)\s?\d{0,3}\s*[:.)]\s*(?:\*\*)?\s*", re.I)
# Where another label begins on the same line: in bold, or after a dot in the middle.
_NEXT_LABEL = re.compile(
    r"\s+(?:[·•|–—]\s+)?(?=\*\*[^*]{2,80}(?::\*\*|\*\*\s?:|:\s[^*]{1,80}\*\*))|\s+·\s+(?=[^·:]{2,80}:)"
    r"|\s{3,}(?=[A-Z][^:|\s]{1,30}(?: [^:|\s]{1,30}){0,4}: )"
)
# The mark of an answer at the end of a heading, where a form shows one of the two.
_HEADING_MARK = re.compile(r"^(.*\w)\W*?\s*([✅✔☑✓❌✗✘])\ufe0f?\s*$")
# The same at the end of any line, as of a table whose columns are lost: "User data No".
_TRAILING_ANSWER = re.compile(r"^(.*\w\S*?)[\s:–—-]+(yes|no|none)\W*$", re.I)
# A heading in capitals that begins its sentence: "USER DATA was not used."
_CAPITALS = re.compile(r"^((?:[A-Z][A-Z-]+ ){1,8})(?=[a-z])")
_MARKED = {**dict.fromkeys("✅✔☑✓", "Yes"), **dict.fromkeys("❌✗✘", "No")}
_ASKS = re.compile(r"^\W*(?:have|has|were|was|did|do|does|is|are) ", re.I)
_IS_STATEMENT = re.compile(r"^\W*(?:we|they|it)\b", re.I)  # "We also crawled the web: …" is no label
_IS_SAID = re.compile(r"\b(?:is|are|was|were|has|have|been)\b[^?]*\.$", re.I)
_NOT_APPLICABLE = re.compile(r"^\W*(?:n/?a|not applicable)?\W*$", re.I)
_IS_YES_OR_NO = re.compile(r"^\W*(?:yes|no)\W*$", re.I)
_IS_NUMBER = re.compile(r"^\d(?:\.\d){1,2}[.)]?$")
_GENERIC_LABEL = re.compile(r"^\W*(?:used|answer|response|yes ?/ ?no|applicable|status)\W*$", re.I)
_COLUMN_HEADS = "|--|--|"  # what stands for the line below the heads of a table's columns
_MAX_GROUP_LINES = 30  # below an item of a list in which a name is looked for
_HAS_ADDRESS = re.compile(r"https?://|\bwww\.")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“`\[])")
_TEMPLATE_NUMBER = re.compile(r"^(?:section )?\d(?:\.\d){0,2}[.)]?\s", re.I)
_HEADER_WORD = re.compile(
    r"^\W*(?:\w+ )?(?:sections?|fields?|questions?|items?|answers?|responses?|values?|"
    r"details?|information|descriptions?|"
    r"names?|links?|urls?|references?|data ?sets?|sources?|modalit(?:y|ies)|sizes?|"
    r"training data size|types? of content|"
    r"content(?: types?)?|licen[cs]es?|used\??|comments?|notes?|no\.?|#|id|ref|topic|"
    r"requirement|disclosure|band|period|"
    r"crawlers?|models?|purposes?|domains?|share|volume|version|role|yes ?/ ?no)\W*$",
    re.I,
)

_NUMBER_ALONE = re.compile(
    r"^(?:\*\*|__)?(\d(?:\.\d){1,2})[.):]?(?:\*\*|__)?[.):]?(?:\s+|$)(?![–—-]\s*\d)(?:[–—-]\s+)?"
)
_LETTERED = re.compile(r"^(?:\(?[a-z]\)|[IVX]{1,5}\.)\s+(?=([^.:]{2,120}[.:]))")  # before a heading: "(b)", "IV."
_ENDS_WITH_ADDRESS = re.compile(r"https?://\S+$")
_NAMES_SOURCE = re.compile(r"`|\]\(|\w/\w*[\d_.-]")
_VERB = re.compile(r"\b(?:is|are|was|were|have|has)\b", re.I)
_MAX_RUN_IN_WORDS = 12  # of a heading that is the first sentence of its paragraph: the template's longest

# What says of all private data at once that there is none: both of its kinds are named, or neither is.
_OF_BOTH_PRIVATE = re.compile(
    r"^\W*(?:none|no|yes)\s*[,.;:]|\bneither\b[^.]{0,60}\blicen[cs]\w+[^.]{0,60}\bnor\b", re.I
)
_NEXT_DENIAL = re.compile(r",\s+(?:and|or)\s+(?=(?:no|neither|none)\b)|,\s+(?=nor\b)", re.I)
_OTHER_QUESTION = "0:other"  # one that the template does not ask
_MIN_BROKEN_LINE = 60  # characters; texts are broken at 72 and more
_PLAIN_START = re.compile(r"\s*[a-z(\"“'‘]|\s{0,3}[A-Z][^:|]*$")
_MODALITY_LABEL = re.compile(
    r"^\W*(?:text|images?|audio|videos?|speech|other)(?: data| modality)?\s*(?:[:–—(]|-\s)", re.I
)
_MODALITY_ALONE = re.compile(r"^\W*(?:text|images?|audio|videos?)\W*$", re.I)
# Questions whose answers may go on to answer others: what stands before the first heading, and first lines of prose.
_OPEN = frozenset({"1.1:provider", "1.2:model"})
# Questions that ask for names.
_LISTS = frozenset({"1.2:dependencies", "2.1:large", "2.1:other", "2.2.2:known", "2.5:generators", "2.3:domains"})
# A column's word that tells, in a section, what a table lists.
_COLUMNS = (
    ("2.1", "data", "2.1:large"),
    ("2.1", "name", "2.1:large"),
    ("2.2.2", "data", "2.2.2:known"),
    ("2.3", "crawler", "2.3:crawlers"),
    ("2.3", "domain", "2.3:domains"),
    ("2.5", "model", "2.5:generators"),
)


Kind = Literal["row", "item", "group", "text"]


class Answer(NamedTuple):
    """Words that stand under a question of the summary.

    Attributes:
        question: The question's key, as :func:`find_question` returns it.
        text: The words, of a table's row its cells joined by " | ".
        line: The line of the text, from 1.
        kind: Whether it is a row of a table, an item of a list, the head of items that name something, or text.
    """

    question: str
    text: str
    line: int
    kind: Kind


def outline(text: str) -> tuple[Answer, ...]:
    """Return the outline of a training summary: its answers in order; a heading without words is an empty answer."""
    lines = join_yes_and_no_columns([line[:_MAX_LINE].rstrip() for line in text.split("\n")[:MAX_SUMMARY_LINES]])
    answers: list[Answer] = []
    question, level = "0", 0  # and the level of the heading that asks it
    title_level = 0  # of the summary's heading, where it is a part of another text
    number = 0
    while number < len(lines):
        line = lines[number]
        first = number = number + 1
        if not line.strip(" >•") or line.lstrip().startswith(("```", "~~~")) or _RULE.match(line):
            continue
        while number < len(lines) and _goes_on(lines[number - 1], lines[number]) and len(line) < _MAX_LINE:
            line = f"{line} {lines[number].strip()}"
            number += 1
        following = lines[number] if number < len(lines) else ""
        is_row = line.lstrip().startswith("|")
        if is_row and _is_column_heads(line, following, lines[number + 1 : number + 2], section_of(question)):
            following = _COLUMN_HEADS
        heading = _HEADING.match(line)
        holds_items = _indent(following) > _indent(line) and _ITEM.match(following) is not None
        read = [
            entry
            for piece in ([line.strip()] if line.lstrip().startswith("|") else _NEXT_LABEL.split(line.strip()))
            for entry in _read_line(piece.lstrip("> "), following, question, holds_items=holds_items)
        ]
        for found, words, kind in read:
            if kind == "item" and holds_items and not found and _is_group(lines, number - 1):
                kind = "group"
            if found:
                question = found
                level = len(heading[1]) if heading else level
            elif heading and is_summary_title(heading[2]):
                if len(heading[1]) > 1 and not title_level:
                    answers.clear()  # what stands before is of another text
                question, level, title_level = "0", 0, len(heading[1])
            elif heading and title_level > 1 and len(heading[1]) <= title_level:
                return tuple(_split_prose(answers))  # the end of the summary
            elif heading and (len(heading[1]) < level or (len(heading[1]) == level and question[:1] in ("1", "3"))):
                # another part of the text, in words of its own; in section 2 it may group datasets
                question, level = "0", 0
            for asked, piece in _inline_questions(words, question):
                question = asked or question
                if piece or found or asked:
                    answers.append(Answer(question, piece, first, kind))
    return tuple(_split_prose(answers))


def _goes_on(line: str, following: str) -> bool:
    """Return whether a summary's next line goes on with a sentence that was broken at the width of the text."""
    was_broken = len(line) >= _MIN_BROKEN_LINE and not line.endswith((".", ":", ";", "?", "!", "|", "*"))
    is_heading = _HEADING.match(line) or _TEMPLATE_NUMBER.match(line)
    is_entry = following[:1].isupper() and (
        _ENDS_WITH_ADDRESS.search(line) or is_exact_heading(following.split(":")[0])
    )
    return was_broken and not is_heading and not is_entry and _PLAIN_START.match(following) is not None


def _inline_questions(words: str, question: str) -> Iterator[tuple[str, str]]:
    """Outline a summary's line that answers several questions between semicolons: yield each with its words."""
    held: list[str] = []
    asked = ""
    for piece in words.split("; ") if "; " in words and (":" in words or " - " in words) else [words]:
        is_asked = bool(held) or question == "2.2"  # "licensed ones: no; of other third parties: yes"
        label, rest = _split_label(piece, section_of(asked or question)) if is_asked else ("", "")
        found = find_question(label, section_of(asked or question)) if len(label.split()) <= _MAX_INLINE_WORDS else ""
        if found:
            if held:
                yield asked, "; ".join(held)
            asked, held = found, [rest]
        else:
            held.append(piece)
    yield asked, "; ".join(held)


def _is_group(lines: list[str], number: int) -> bool:
    """Return whether an item of a summary's list names nothing itself, and the items below it do."""
    if _NAMES_SOURCE.search(lines[number]) or _HAS_ADDRESS.search(lines[number]):
        return False
    for line in lines[number + 1 : number + 1 + _MAX_GROUP_LINES]:
        if line.strip() and _indent(line) <= _indent(lines[number]):
            return False
        if _NAMES_SOURCE.search(line) or _HAS_ADDRESS.search(line):
            return True
    return False


def _indent(line: str) -> int:
    """Return by how many characters a line of a summary is indented."""
    return len(line) - len(line.lstrip())


def _read_line(
    line: str, following: str, question: str, *, holds_items: bool = False
) -> Iterator[tuple[str, str, Kind]]:
    """Outline a line of a summary: yield the question that it asks ("": the one before), its other words, its kind."""
    section = section_of(question)
    if line.count("|") >= 2 and line.startswith("|"):
        yield (*_read_row([cell.strip() for cell in line.strip().strip("|").split("|")], following, question), "row")
        return
    if heading := _HEADING.match(line):
        words = heading[2].strip(" *_")
        if (mark := _HEADING_MARK.match(words)) and (found := find_question(mark[1], section)):
            yield found, _MARKED[mark[2]], "text"
            return
        if (answered := _TRAILING_ANSWER.match(words)) and (found := find_question(answered[1], section)):
            yield found, answered[2], "text"
            return
        label, rest = _split_label(words, section)
        found = find_question(label or words, section)
        # A heading that is none of the template's own ends nothing: "English datasets".
        yield found, rest if label else "", "text"
        return
    item = _ITEM.match(line)
    is_item = item is not None and not _TEMPLATE_NUMBER.match(line)
    kind: Literal["item", "text"] = "item" if is_item else "text"
    words = line[item.end() :] if item and is_item else line
    if (mark := _LETTERED.match(words)) and find_question(mark[1], "0")[:1] in ("1", "2", "3"):
        words = words[mark.end() :].replace(" - ", " – ", 1)
    if asked := _ASKED.match(words):
        words = words[asked.end() :]
        if asked[1].lower().startswith(("a", "r")):
            yield "", words, kind
            return
        if not find_question(words, section):
            yield _OTHER_QUESTION, "", kind
            return
    if _STARTS_WITH_BOX.match(words):
        yield "", words, kind
        return
    if (answered := _TRAILING_ANSWER.match(words)) and is_exact_heading(answered[1]):
        yield find_question(answered[1], section), answered[2], kind
        return
    if (capitals := _CAPITALS.match(words)) and (found := find_question(capitals[1].lower(), section)):
        yield found, words, kind
        return
    number = _NUMBER_ALONE.match(words)
    if number and number[1] in SECTIONS:
        rest = words[number.end() :]
        is_label = find_question(rest, section) or _split_label(words, section)[0]
        if not is_label or (_NAMES_SOURCE.search(rest) and not _split_label(rest, section)[0]):
            yield number[1], rest, kind
            return
    bold = _BOLD.match(words)
    if bold and bold[3] and _IS_NUMBER.match(bold[2]):  # "**3.1** Signatory of the Code of Practice?"
        words = f"{bold[2]} {bold[3]}"
        bold = None
    if bold and bold[2].strip(" :*"):
        if _IS_SAID.search(bold[2]) and (found := find_question(bold[2], section)):  # "**No user data was used.**"
            yield found, f"{bold[2]} {bold[3]}".strip(), kind
            return
        label, rest = _split_label(bold[2], section)
        if label and rest and not bold[3]:
            yield find_question(label, section), rest, kind
            return
        if found := _question_of(bold[2], bold[3], question, is_item=is_item):
            yield found, bold[3].strip(" *_"), kind
            return
        words = f"{bold[2]} {bold[3]}".strip() if not bold[2].rstrip().endswith(":") else f"{bold[2].strip()} {bold[3]}"
    if section[:1] in ("0", "1") and (_MODALITY_LABEL.match(words) or _MODALITY_ALONE.match(words)):
        yield "1.3", words, kind
        return
    sentences = _SENTENCE_END.split(words)
    if len(sentences) > 1 and _is_run_in_heading(sentences[0]):
        yield find_question(sentences[0], section), " ".join(sentences[1:]), kind
        return
    if len(sentences) > 1 and any(_split_label(sentence, section)[0] for sentence in sentences[1:]):
        for sentence in sentences:
            for found, rest, _ in _read_line(sentence, "", question):
                question = found or question
                yield found, rest, kind
        return
    label, rest = _split_label(words, section)
    if label and (found := _question_of(label, rest, question, is_item=is_item)):
        yield found, rest, kind
        return
    is_numbered = bool(_TEMPLATE_NUMBER.match(words))
    short = len(words.split()) <= (_MAX_LABEL_WORDS if is_numbered else _MAX_PLAIN_LABEL_WORDS)
    if (
        short
        and not words.endswith((".", ";", ","))
        and (not is_item or is_numbered or holds_items or is_exact_heading(words))
    ):
        found = find_question(words, section)
        if found and (is_numbered or _is_title(words) or is_exact_heading(words)):
            yield found, "", kind
            return
    if words.rstrip("*_ ").endswith("?") and not is_item and short:
        yield _OTHER_QUESTION, "", kind
        return
    yield "", words, kind


def _split_label(words: str, section: str) -> tuple[str, str]:
    """Return what stands before the first colon or question mark of a summary's line, and what follows it, or ""."""
    for pattern in (_COLON, _DASH):
        match = pattern.match(words)
        if not match or _IS_STATEMENT.match(match[1]):
            continue
        if len(match[1].split()) <= _MAX_LABEL_WORDS and find_question(match[1], section):
            return match[1], match[2].strip(" *_")
    return "", ""


def _question_of(label: str, rest: str, question: str, *, is_item: bool) -> str:
    """Return the question that a label in a summary asks; "" where it rather names an entry of a list."""
    if len(label.split()) > _MAX_LABEL_WORDS:
        return ""
    in_list = question in _LISTS
    if in_list and is_item and (_HAS_ADDRESS.search(rest) or _HAS_ADDRESS.search(label)):
        return ""
    found = find_question(label, section_of(question))
    # "Data crawled from partners: …" is a sentence, "Crawled data: …" a label.
    is_short = len(label.split()) <= (8 if is_item and in_list else _MAX_LABEL_WORDS)
    return found if found and (is_short or _ASKS.match(label)) else ""


def _is_run_in_heading(sentence: str) -> bool:
    """Return whether the first sentence of a paragraph is its heading: "Private datasets. There are none."."""
    words = sentence.rstrip(".")
    is_short = sentence.endswith(".") and "/" not in words and 1 < len(words.split()) <= _MAX_RUN_IN_WORDS
    is_heading = _is_title(words) or (is_exact_heading(words) and not _VERB.search(words))
    return is_short and is_heading and section_of(find_question(words, "0"))[:1] in ("1", "2", "3")


def _is_title(words: str) -> bool:
    """Return whether a short line of a summary is a heading: it begins with a capital and holds no verb."""
    is_said = re.search(r"@|https?://|\b(?:is|are|was|were|we|our|has|have|been|used|by)\b|\d{2}", words)
    return words[:1].isupper() and not is_said and not _NAMES_SOURCE.search(words)


def _read_row(cells: list[str], following: str, question: str) -> tuple[str, str]:
    """Outline a table's row in a summary: return the question that it asks, and its other cells."""
    section = section_of(question)
    is_header = following.count("-") >= 2 and not following.strip(" \t|:-")
    filled = [cell for cell in cells if cell.strip("* ")]
    if filled and len(cells) > 1 and _GENERIC_LABEL.match(cells[0].strip("*_ ")) and not is_header:
        return "", " | ".join(cell for cell in cells[1:] if cell)
    if following == _COLUMN_HEADS:
        return _asked_by_header(" ".join(filled).lower(), section), ""
    if (
        filled
        and all(_HEADER_WORD.match(cell.strip("*_ ")) for cell in filled)
        and (is_header or (len(filled) > 2 and not any(map(_IS_YES_OR_NO.match, filled[1:]))))
    ):
        return _asked_by_header(" ".join(filled).lower(), section), ""
    if section[:1] in ("0", "1") and cells and _MODALITY_LABEL.match(f"{cells[0].strip('*_☒☐☑[]xX ')}:"):
        return "1.3", " | ".join(cells)
    found, rest = "", list(cells)
    if (
        question in _LISTS
        and any(_HAS_ADDRESS.search(cell) for cell in cells)
        and not _TEMPLATE_NUMBER.match(cells[0] + " ")
        and not is_exact_heading(cells[0])
    ):
        return "", " | ".join(cells)
    while len(rest) > 1 or (rest and not found):
        label = rest[0].strip("*_ ")
        is_answer = len(rest) == 1 and _NAMES_SOURCE.search(label)
        asked = find_question(label, section_of(found) if found else section) if label and not is_answer else ""
        if not label or label.rstrip(".") in SECTIONS or re.fullmatch(r"\d+(?:\.\d+)*\.?(?:\(\w+\))?", label):
            found = asked or found
        elif found in SECTIONS and find_question(f"{found} {label}", section) == found and len(rest) > 1:
            pass  # "2.6 | Other": the number tells what the short heading asks
        elif found in SECTIONS and asked and found.startswith(asked) and len(rest) > 1:
            pass  # "2.2.2 | Private data": so is the heading's
        elif asked and (not found or len(rest) > 1) and len(label.split()) <= _MAX_LABEL_WORDS:
            found = asked
        else:
            break
        rest.pop(0)
    given = [cell for cell in rest if cell]
    if found[:1] in ("1", "3") and len(given) > 1:  # "n/a" in the column for yes or no, and the answer beside it
        given = [cell for cell in given if not _NOT_APPLICABLE.match(cell)] or given[:1]
    return found, " | ".join(given)


def _is_column_heads(line: str, following: str, after: list[str], section: str) -> bool:
    """Return whether a table's row in a summary is the heads of its columns, not its first question."""
    if following.count("-") < 3 or following.strip(" \t|:-") or not (after and after[0].lstrip().startswith("|")):
        return False
    cells = [cell.strip(" *_") for cell in line.strip(" |").split("|")]
    filled = [cell for cell in cells if cell]
    if not filled or any(_NAMES_SOURCE.search(cell) or _HAS_ADDRESS.search(cell) for cell in filled):
        return False
    below = after[0].strip(" |").split("|")
    asks = find_question(below[0].strip(" *_"), "0") != ""
    if section != "0" and find_question(filled[0], section) and find_question(below[0].strip(" *_"), section):
        return False  # both rows ask a question of the section that they stand in
    return not any(find_question(cell, "0") for cell in filled[:-1] or filled) or (
        len(filled) > 1 and len(below) > 1 and not asks
    )


def _asked_by_header(header: str, section: str) -> str:
    """Return the question that the columns of a table in a summary answer; "" if they do not tell."""
    if "modalit" in header and ("size" in header or "content" in header) and section[:1] in ("0", "1"):
        return "1.3"
    for own, word, question in _COLUMNS:
        if section == own and word in header:
            return question
    return ""


def _split_prose(answers: list[Answer]) -> Iterator[Answer]:
    """Yield the answers in a summary's prose, sentence by sentence in the section it is about."""
    current = last = ""
    for answer in answers:
        current = current if answer.question == last else ""
        last = answer.question
        if (":" in answer.question and answer.question not in _OPEN) or answer.kind == "row" or not answer.text:
            current = ""
            yield answer
            continue
        if answer.question in _COARSE or answer.question[:1] in ("0", "1"):
            within = answer.question[:1]
            is_of_3 = within == "2"  # prose on the sources may go on with what was done with the data
        else:
            within = answer.question
            is_of_3 = False
        is_coarse = answer.question in ("2", "2.2")
        for sentence in _SENTENCE_END.split(answer.text) if not is_coarse else _sentences_and_clauses(answer.text):
            cued = "" if answer.question == "2.2" and _OF_BOTH_PRIVATE.search(sentence) else cued_question(sentence)
            is_near = cued.startswith(within) or (cued[:1] == "0" and within == "1") or (is_of_3 and cued[:2] == "3.")
            if cued and (within == "0" or is_near):
                current = cued
            elif answer.question not in _COARSE:
                current = answer.question
            else:
                current = section_of(current) if current[:1] != "0" else ""
            yield answer._replace(question=current or answer.question, text=sentence)


def _sentences_and_clauses(text: str) -> Iterator[str]:
    """Yield the sentences of a summary's prose, and the clauses of one that denies a part of what it speaks of."""
    for sentence in _SENTENCE_END.split(text):
        for clause in contrasted_clauses(sentence):
            yield from _NEXT_DENIAL.split(clause)
