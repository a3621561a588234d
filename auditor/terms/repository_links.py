"""Find the repositories that a text links or names, and rewrite the sentences around them with markers in their place.

A sentence becomes plain words: links are their labels, Markdown and HTML marks are gone, and each repository is one
character, :data:`MODEL` or :data:`DATASET`. Patterns over such sentences need to know nothing of markup.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from html import unescape
from itertools import islice
from typing import Literal, NamedTuple
from urllib.parse import unquote

MODEL = "\x01"
DATASET = "\x02"
# While a paragraph is rewritten, a marker has the number of its repository, because marks that hold one are removed.
_END = "\x03"
_NUMBERED = re.compile(f"[{MODEL}{DATASET}](\\d+){_END}")
_BRACKETS = re.compile(f"\\s*[(\\[]?\\s*([{MODEL}{DATASET}])\\s*[)\\]]?\\s*")
_NO_MARKERS = str.maketrans(dict.fromkeys(MODEL + DATASET + _END, " "))
_NO_MARKERS_IN_LABEL = _NO_MARKERS | str.maketrans("", "", "[]")
_LINE_BREAK = re.compile(r"[ \t]*\n[ \t>]*")
_FENCES = ("```", "~~~")

# Limits for hostile texts: repositories of a text, lines of a paragraph and characters of a line on either side of a
# repository, characters of a link's label, and lines in which a heading or the lead of a list is looked for.
_MAX_REFERENCES = 400
_MAX_PARAGRAPH_LINES = 8
_MAX_REACH = 400
_MAX_LABEL = 160
_MAX_LINES_TO_LEAD = 30
_MAX_ROWS_TO_HEADER = 60
_MAX_LABEL_LINKS = 400  # uses of links that are defined elsewhere

_HOSTS = ("huggingface.co/", "hf.co/")
_NAME = r"[A-Za-z0-9_][\w.-]{0,95}"
_PATH = re.compile(rf"(datasets/)?({_NAME})(?:/({_NAME}))?(/[^\s)\"'>\]]*)?", re.ASCII)
_BEFORE_HOST = re.compile(r"(?:https?://)?(?:www\.)?$", re.I)
# The hub's own pages: what follows them names no repository (rules/vocabulary/hubs.toml has all that are reserved).
_PAGES = frozenset(
    """api blog collections course docs front inference-endpoints join learn login models nlp organizations papers posts
    pricing settings spaces tasks transformers""".split()
)
# First parts of a path in a repository or a template, which are no owner.
_FOLDERS = frozenset(
    """checkpoint checkpoints configs data dataset datasets dev docs examples exp image images model models org output
    outputs path r scripts src test text train user username valid your-username your_username""".split()
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|mp4|wav|mp3|flac)\b", re.I)
# Each begins with a literal, which is found fast.
_QUOTED_NAMES = tuple(re.compile(rf"{mark}({_NAME}/{_NAME}){mark}", re.ASCII) for mark in ("`", r"\*\*"))
_WORDS_IN_NAME = re.compile(r"(?!n/a$)[^/]*[a-z][^/]*(?:/.*[a-z].*)?$", re.I)  # "12/12" is no name
_PLAIN_NAME = re.compile(rf"[\s*_:|>`\"'\[(,+&]*(?:and\s+)?({_NAME}(?:/{_NAME})?)(?![\w/])", re.ASCII)
# What looks like ORG/NAME and is a file, or two words with a stroke between them.
_FILE = re.compile(
    r"\.(?:py|md|txt|json|jsonl|csv|tsv|ya?ml|sh|ipynb|bin|pt|pth|ckpt|safetensors|gguf|onnx|zip|gz|tar|html?|c|cpp|h|js)$",
    re.I,
)
_LIST_ITEM = re.compile(r"[ \t>]*(?:[-*+•][ \t]|\d{1,3}[.)][ \t]|<li\b|\|)")
_BLOCK_START = re.compile(r"[ \t>]*(?:[-*+•][ \t]|\d{1,3}[.)][ \t]|#|\||<(?:li|p|div|h\d|tr|td|br)\b|```|---)", re.I)
_BLOCK_TAG = re.compile(r"</?(?:p|br|li|ul|ol|div|td|tr|table|h[1-6]|hr|center|details|summary)\b[^>\n]{0,300}>", re.I)
_COMMENT_OR_PICTURE = re.compile(r"<!--.{0,2000}?-->|!\[[^\]\n]{0,300}\]\([^)\n]{0,600}\)", re.S)
_LINK = re.compile(r"\[([^\[\]\n]{0,300})\]\([^)\n]{0,600}\)")
# "[tree]: https://…" and "[^1]: https://…" define a link that "[the tree][tree]", "[tree]" and "[^1]" use.
_DEFINITION = re.compile(r"(?:^|\n) {0,3}\[([^\[\]\n]{1,80})\]:[ \t]+<?$")
_USE = re.compile(r"\[([^\[\]\n]{1,160})\](?:\[([^\[\]\n]{0,80})\])?(?![(\[:])")
# A picture as the label of a link; a badge writes its words into its address: "badge/base%20model-tree-blue".
_PICTURE_LABEL = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*?(?:/badge/((?:[^-)\n]|--)+)-[^)\n]*)?\)?$")
# The header of a column of base models, in a table whose rows are stages or editions and name no other models.
_BASE_HEADER = re.compile(r"(?:base|parent|init(?:iali[sz]ation|iali[sz]ed from)?|backbone|started? from)\b", re.I)
_RULE_ROW = re.compile(r"[ \t>]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*)?$")
_TAG = re.compile(r"</?[a-zA-Z][^>\n]{0,300}>")
_MARKS = re.compile(r"[*_`#>\"“”\U0001f000-\U0001ffff\u2600-\u27bf\ufe0f]+")
_OPTIONAL = re.compile(r"\[optional\]|\(optional\)", re.I)
# Each alternative begins with one of few characters, which is found fast.
_SENTENCE_END = re.compile(r"[\s。](?:(?<=。)|(?<=[.!?]\s)\s*(?=[A-Z\x01\x02\[])|(?<=\n)|·\s|(?<=;\s)\s*)")
# "FP8 (E4M3, dynamic) of X": what stands in brackets between a word and its preposition.
_ASIDE = re.compile(r"(?<=\w) \([^()\x01\x02]{1,60}\)(?= (?:of|from|for|on|with|by)\b)")
_HEADING = re.compile(r"#|<h[1-6]|(?:<b>|\*\*|__|\*)[^*_:]{1,80}(?:</b>|\*\*|__|\*):?$")


class Reference(NamedTuple):
    """A repository that a text links or names: where it is written, its label there, its kind and its name.

    The kind of a name without a link is ``unknown``: only the words around it may tell. Its marker is a model's.
    """

    start: int
    end: int
    label: str
    kind: Literal["model", "dataset", "unknown"]
    name: str


class Sentence(NamedTuple):
    """A sentence in plain words with markers; ``references`` are its repositories in the order of their markers."""

    words: str
    references: tuple[Reference, ...]


def find_references(
    text: str, labelled: Sequence[int], known: Collection[str], among_words: Sequence[tuple[int, int]] = ()
) -> list[Reference]:
    """Return the repositories that a text links, writes in code marks, or names after a label or among words, in order.

    Args:
        text: The text of a card.
        labelled: Positions after a label such as ``Base model:``, where a name needs no marks.
        known: Names of repositories without an owner, in lower case.
        among_words: Where names without marks may stand: their starts and ends.
    """
    found: dict[int, Reference] = {}
    for host in _HOSTS:
        position = text.find(host)
        while position >= 0 and len(found) < _MAX_REFERENCES:
            reference = _linked(text, position, len(host), known)
            if reference:
                found.setdefault(reference.start, reference)
            position = text.find(host, position + len(host))
    if "]:" in text:
        found = _at_their_uses(text, found)
    if "/" in text:
        for match in (match for pattern in _QUOTED_NAMES for match in pattern.finditer(text)):
            if len(found) >= _MAX_REFERENCES:
                break
            if _is_name(match[1]) and not text.startswith("](", match.end()):
                found.setdefault(match.start(), Reference(match.start(), match.end(), "", "unknown", match[1]))
        for position in labelled[:_MAX_REFERENCES]:
            for reference in _named_after_label(text, position, known):
                found.setdefault(reference.start, reference)
    for start, end in among_words[:_MAX_REFERENCES]:
        name = text[start:end].rstrip(".-")
        is_whole = not (text[end : end + 1].isalnum() or text.startswith(("](", "/", "(", "_", "-"), end))
        if is_whole and (name in known or ("/" in name and _is_name(name))):
            kind: Literal["model", "unknown"] = "model" if name in known else "unknown"
            found.setdefault(start, Reference(start, start + len(name), "", kind, name))
    references: list[Reference] = []
    for start in sorted(found):
        if not references or start >= references[-1].end:
            references.append(found[start])
    return references


def _at_their_uses(text: str, found: dict[int, Reference]) -> dict[int, Reference]:
    """Return the repositories, those whose link is defined apart at the places where the text uses the definition."""
    defined: dict[str, Reference] = {}
    for reference in found.values():
        line = text.rfind("\n", 0, reference.start)
        match = _DEFINITION.search(text[max(0, line) : reference.start])
        if match:
            defined.setdefault(match[1].lower(), reference)
    if not defined:
        return found
    used: dict[int, Reference] = {}
    for use in islice(_USE.finditer(text), _MAX_LABEL_LINKS):
        definition = defined.get((use[2] or use[1]).lower())
        if definition:
            label = "" if use[1].startswith("^") else use[1]
            used[use.start()] = definition._replace(start=use.start(), end=use.end(), label=label)
    linked = {reference.name for reference in used.values()}
    spent = {each.start for each in defined.values() if each.name in linked}
    return {at: each for at, each in found.items() if at not in spent} | used


def _linked(text: str, position: int, host_length: int, known: Collection[str]) -> Reference | None:
    """Return the repository whose address on the hub has its host at this position; None for other addresses."""
    match = _PATH.match(text, position + host_length)
    before = text[max(0, position - 12) : position]
    scheme = _BEFORE_HOST.search(before)
    start = position - len(scheme[0]) if scheme else position
    if match is None or (start and (text[start - 1].isalnum() or text[start - 1] in ".-/")):
        return None
    owner, name, below = match[2], match[3], match[4] or ""
    if owner in _PAGES or (match[1] and owner == "viewer") or _PICTURE.search(below):
        return None
    start, end, label = _link_around(text, start, match.end())
    if name is None:
        owner = owner.rstrip(".")
        # An address with one part is a repository's only where the hub's oldest have it; others are people's pages.
        if not match[1] and owner.lower() not in known:
            return None
    else:
        name = name.rstrip(".").removesuffix(".git")
        owner = f"{owner}/{name}"
    last = owner.rpartition("/")[2].lower()
    label = _picture_words(label) if label.startswith("![") else label
    says_name = last in re.sub(r"[\s_]+", "-", label.lower().strip())
    shown = "" if says_name or "://" in label else label[:_MAX_LABEL]
    return Reference(start, end, shown, "dataset" if match[1] else "model", owner)


def _link_around(text: str, start: int, end: int) -> tuple[int, int, str]:
    """Return the beginning, the end and the label of the Markdown or HTML link that has this address."""
    opening = text.rfind("<a", max(0, start - _MAX_LABEL), start)
    if text[max(0, start - 2) : start].endswith(("](", "]( ", "<")) and "](" in text[max(0, start - 3) : start]:
        close = text.find(")", end, end + _MAX_LABEL)
        bracket, depth = text.rfind("](", 0, start), 0
        for at in range(bracket, max(-1, bracket - _MAX_LABEL), -1):
            depth += {"]": 1, "[": -1}.get(text[at], 0)
            if depth == 0:
                return at, (close + 1 if close >= 0 else end), text[at + 1 : bracket]
    elif opening >= 0 and ">" not in text[opening:start]:
        close, label_start = text.find("</a>", end, end + 2 * _MAX_LABEL), text.find(">", end, end + _MAX_LABEL)
        if 0 <= label_start < close:
            return opening, close + 4, _TAG.sub(" ", text[label_start + 1 : close])
    return start, start + len(text[start:end].rstrip(".")), ""


def _picture_words(label: str) -> str:
    """Return what a picture that is the label of a link says, as a label: "base model:"."""
    picture = _PICTURE_LABEL.match(label)
    return f"{unquote(picture[2] or picture[1]).replace('_', ' ').strip()}:" if picture else ""


def _named_after_label(text: str, position: int, known: Collection[str]) -> Iterator[Reference]:
    """Yield the repositories that are named, one after another, after a label."""
    while match := _PLAIN_NAME.match(text, position):
        name = match[1].rstrip(".")
        if not ("/" in name or name.lower() in known) or not _is_name(name) or text.startswith("](", match.end()):
            return
        yield Reference(match.start(1), match.start(1) + len(name), "", "unknown", name)
        position = match.end(1)


def _is_name(name: str) -> bool:
    """Return whether what is linked or written like a repository's name is one: not a path, a file or "N/A"."""
    owner = name.partition("/")[0].lower()
    return bool(_WORDS_IN_NAME.match(name)) and owner not in _FOLDERS and not _FILE.search(name)


def sentences_with_references(text: str, references: Sequence[Reference], own_name: str) -> Iterator[Sentence]:
    """Yield the sentences that name or link repositories, outside code blocks, each once.

    Before each stand the heading or the lead of its list, and a colon; the text's title is no such heading.
    ``own_name`` is the name of the text's own subject: it is written as words.
    """
    text = text.translate(_NO_MARKERS) if _has_control(text) else text
    code = _code_blocks(text) if "```" in text or "~~~" in text else ()
    at = 0
    while at < len(references):
        if any(first <= references[at].start < last for first, last in code):
            at += 1
            continue
        first, last = _paragraph(text, references[at].start)
        start = max(first, references[at].start - _MAX_REACH)
        end = min(last, references[at].end + _MAX_REACH)
        inside = []
        while at < len(references) and references[at].start < end:
            inside.append(references[at])
            end = max(end, references[at].end)
            at += 1
        yield from _rewritten(text, start, end, inside, own_name.lower(), _lead(text, first))


def _has_control(text: str) -> bool:
    """Return whether a text has a character that is a marker."""
    return MODEL in text or DATASET in text or _END in text


def _code_blocks(text: str) -> Sequence[tuple[int, int]]:
    """Return the beginnings and ends of the fenced blocks of code."""
    fences = []
    for fence in _FENCES:
        position = text.find(fence)
        while position >= 0:
            start = text.rfind("\n", 0, position) + 1
            if not text[start:position].strip(" \t>"):
                fences.append(start)
            position = text.find(fence, position + len(fence))
    fences.sort()
    # One that is never closed hides nothing.
    return [(first, _line_end(text, last)) for first, last in zip(fences[::2], fences[1::2], strict=False)]


def _line_end(text: str, position: int) -> int:
    """Return the position of the end of the line that this position is in."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _lines_above(text: str, start: int, count: int) -> Iterator[tuple[int, str]]:
    """Yield the beginning and the words of each line above the one that begins here, the nearest first."""
    for _ in range(count):
        if start == 0:
            return
        end = start - 1
        start = text.rfind("\n", 0, end) + 1
        yield start, text[start:end]


def _paragraph(text: str, position: int) -> tuple[int, int]:
    """Return the beginning and the end of the paragraph, list item or row that this position is in."""
    first = text.rfind("\n", 0, position) + 1
    last = _line_end(text, position)
    ends_with_line = text[first:last].lstrip(" >").startswith(("#", "|"))
    for start, line in _lines_above(text, first, _MAX_PARAGRAPH_LINES):
        if _BLOCK_START.match(text, first) or not line.strip() or line.lstrip(" >").startswith(("#", "|", "```")):
            break
        first = start
    for _ in range(_MAX_PARAGRAPH_LINES):
        if ends_with_line or last == len(text) or _BLOCK_START.match(text, last + 1):
            break
        end = _line_end(text, last + 1)
        if not text[last + 1 : end].strip():
            break
        last = end
    return first, last


def _lead(text: str, first: int) -> str:
    """Return the heading or the lead ("… the following models:") of what begins here; "" for none."""
    if text[first : first + _MAX_REACH].lstrip(" >").startswith("#"):
        return ""
    is_item = bool(_LIST_ITEM.match(text, first))
    for _, line in _lines_above(text, first, _MAX_LINES_TO_LEAD):
        bare = line[:_MAX_REACH].strip()
        if not bare or (bare[0] not in "#<*_" and bare[-1] not in ":：*_"):
            continue
        plain = _plain(bare).strip()
        is_heading = bool(_HEADING.match(bare)) and not plain.endswith((".", ","))
        if is_heading or (plain.endswith((":", "：")) and (is_item or not _LIST_ITEM.match(line))):
            return "" if bare.startswith(("# ", "<h1")) else plain.strip(" :")
    return ""


def _plain(marked: str) -> str:
    """Return Markdown or HTML around a repository's link as plain words."""
    # Most have none of these marks, and a search for one character is fast.
    if "<!--" in marked or "![" in marked:
        marked = _COMMENT_OR_PICTURE.sub(" ", marked)
    if "](" in marked:
        marked = _LINK.sub(r"\1", marked)
    if "<" in marked:
        marked = _TAG.sub(" ", _BLOCK_TAG.sub("\n", marked))
    plain = _MARKS.sub("", unescape(marked) if "&" in marked else marked)
    return _OPTIONAL.sub("", plain) if "[" in plain or "(" in plain else plain


def _rewritten(
    text: str, start: int, end: int, inside: list[Reference], own_name: str, lead: str
) -> Iterator[Sentence]:
    """Yield the sentences of a paragraph that name repositories, with markers in their place."""
    parts, position = [], start
    for at, reference in enumerate(inside):
        parts.append(text[position : reference.start])
        position = reference.end
        name = reference.name.lower()
        # A dataset is often named like the model that was trained on it.
        if own_name in ((name,) if reference.kind == "dataset" else (name, name.rpartition("/")[2])):
            parts.append(" this model ")
        else:
            label = reference.label.translate(_NO_MARKERS_IN_LABEL)
            parts.append(f" {label} {DATASET if reference.kind == 'dataset' else MODEL}{at}{_END} ")
    parts.append(text[position:end])
    marked = "".join(parts)
    cells = [cell.strip() for cell in marked.strip("|> \t\n").split("|")]
    if len(cells) == 2 and all(cells):  # a table of names and values
        headers = [header for header in _header_cells(text, start) if header]
        marked = ": ".join([*([", ".join(headers)] if headers else ()), *cells])
    elif marked.lstrip("> ").startswith("|"):
        marked = _under_headers(cells, _header_cells(text, start)) or marked
        lead = ""  # a table of several columns: its heading speaks of all of them
    else:
        marked = _unwrapped(marked)
    question = ""
    for sentence in _SENTENCE_END.split(_plain(marked)):
        numbers = _NUMBERED.findall(sentence)
        if numbers:
            words = _NUMBERED.sub(lambda marker: marker[0][0], " ".join(sentence.split())).lstrip("-*+•|.): ")
            if "(" in words or "[" in words:
                words = _BRACKETS.sub(r" \1 ", words).replace("( ", "(").strip()
                words = _ASIDE.sub("", words)
            words = ": ".join(each for each in (lead, question, words) if each)
            yield Sentence(words, tuple(inside[int(number)] for number in numbers))
        question = sentence.strip(" ?") if sentence.endswith("?") and not numbers else ""


def _header_cells(text: str, start: int) -> list[str]:
    """Return the cells of the header of the table whose row begins here; none if it has no header."""
    below = ""
    for _, line in _lines_above(text, start, _MAX_ROWS_TO_HEADER):
        if "|" not in line:
            break
        if below and _RULE_ROW.match(below):
            return [_plain(cell).strip() for cell in line[:_MAX_REACH].strip("|> \t").split("|")]
        below = line
    return []


def _under_headers(cells: Sequence[str], headers: Sequence[str]) -> str:
    """Return the cells of a row that have datasets, each after the table's other headers and its own; "" for none.

    A column of models says little of them, because most such tables compare, unless its header names a base.
    """
    if len(cells) != len(headers):
        return ""
    rows = []
    for at, cell in enumerate(cells):
        others = ", ".join(header for place, header in enumerate(headers) if place != at)
        if DATASET in cell and MODEL not in cell:
            rows.append(f"{others}, {cells[0] if at else ''}: {headers[at]}: {cell}")
        elif MODEL in cell and _BASE_HEADER.match(headers[at]) and not any(MODEL in other for other in cells[:at]):
            rows.append(f"{headers[at]}: {cell}")
    if any(DATASET in cell for cell in cells) and rows and any(MODEL in cell for cell in cells):
        rows.append(" | ".join(cells))
    return "\n".join(rows)


def _unwrapped(paragraph: str) -> str:
    """Return a paragraph that links repositories on one line, because a line's end is no sentence's end."""
    paragraph = paragraph.strip()
    return _LINE_BREAK.sub(" ", paragraph) if "\n" in paragraph else paragraph
