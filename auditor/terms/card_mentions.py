"""Find contact addresses that a card names only in its prose, and the models that a mergekit card lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.syntax.summary_values import size_band

# A text that has none of these, in any letter case, names nothing.
CUES = {
    "contact": "contact|@",
    "merge": "mergekit|merge_method",
    "size": "(?:thousand|million|billion|trillion|[0-9][kmbt]) [a-z ]{0,40}(?:tokens|images|pictures|photos|hours)",
}

_PLACEHOLDER = re.compile(r"\[?(?:more information needed|needs more information|n/?a|todo|none|tbd)\]?\.?", re.I)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[A-Za-z]{2,24}\b")
_CONTACT = re.compile(r"#{1,6}[^\n]{0,60}\bcontact|[-*\s]{0,4}\*{0,2}point of contact:?\*{0,2}:?", re.I)
_DATA_SIZE = re.compile(
    r"\b(?:train(?:ed|ing)|corpus|data ?set)\b[^.\n]{0,120}?"
    r"((?:more than|over|about|around|approximately|nearly|less than|under|some|~|>|<)?\s*\d[\d., ]*\s?"
    r"(?:k|m|b|t|thousand|million|billion|trillion)\b[^.\n\d]{0,40}?\b"
    r"(tokens|images|pictures|photos|hours of (?:audio|speech|video)))",
    re.I,
)
_MODALITY_OF_UNIT = {"tokens": "text", "images": "image", "pictures": "image", "photos": "image"}
_ITEM_LINK = re.compile(r"\[([^\]\n]{1,200})\]\([^)\n]*\)")
_MERGE_KEY = re.compile(r"""\s*(?:-\s+)?(?:- )?(model|base_model):\s*(?:model:\s*)?["']?([^"'\n#{}]+)""")
# Limits for hostile texts: characters of a line, lines of a mergekit card, lines with a word, and characters kept on
# either side of the word.
_MAX_LINE = 1000
_MAX_MERGE_LINES = 5000
_MAX_LINES_WITH_WORD = 50
_REACH = 300
_MAX_CONTACT_SECTION = 400  # characters under a heading in which an answer is looked for


def find_contact(body: str) -> tuple[str, int] | None:
    """Find the contact that a card names and its position in the text; None if there is none."""
    for line, start in _lines_containing(body, "ontact"):
        match = _CONTACT.match(line)
        if not match:
            continue
        heading = line.startswith("#")
        answer = (
            body[start + len(line) : start + len(line) + _MAX_CONTACT_SECTION].partition("\n#")[0]
            if heading
            else line[match.end() :]
        )
        answer = answer.strip(" *\n\t")
        if answer and not _PLACEHOLDER.match(answer):
            return "section" if heading else "point-of-contact", start
    for line, start in _lines_containing(body, "@"):
        match = _EMAIL.search(line)
        if match and not match[0].startswith("git@"):
            return "email", start
    return None


def find_data_sizes(body: str) -> Iterator[tuple[str, str, int]]:
    """Yield how much training data a card says there is: the band, the modality, and the position in the text.

    Bands and modalities are those of the European Commission's template for summaries of training content.
    """
    for word in ("train", "Train", "corpus", "dataset"):
        for line, start in _lines_containing(body, word):
            for match in _DATA_SIZE.finditer(line):
                unit = match[2].lower()
                modality = _MODALITY_OF_UNIT.get(unit) or ("video" if "video" in unit else "audio")
                if band := size_band(match[1], modality):
                    yield band, modality, start + match.start(1)


def _lines_containing(body: str, word: str) -> Iterator[tuple[str, int]]:
    """Yield a card's first lines with the word, each cut to :data:`_REACH` characters, and their starts."""
    position = body.find(word)
    for _ in range(_MAX_LINES_WITH_WORD):
        if position < 0:
            return
        start = max(body.rfind("\n", 0, position) + 1, position - _REACH)
        end = body.find("\n", position)
        yield body[start : min(len(body) if end < 0 else end, position + _REACH)], start
        if end < 0:
            return
        position = body.find(word, end)


def find_merged_models(body: str) -> Iterator[tuple[str, str, int]]:
    """Yield the models that a mergekit card names in its list and in its configuration."""
    listed = code = False
    start = 0
    for line in body.split("\n")[:_MAX_MERGE_LINES]:
        at, start = start, start + len(line) + 1
        bare = line[:_MAX_LINE].strip()
        if bare.startswith("```"):
            code = not code
        elif code:
            match = _MERGE_KEY.match(line[:_MAX_LINE])
            if match:
                # mergekit: "model+lora" applies a LoRA to the model before merging.
                name, plus, lora = match[2].strip().partition("+")
                if name:
                    yield name.strip(), "merge", at
                if plus and lora.strip():
                    yield lora.strip(), "adapter", at
        elif bare.startswith("#"):
            listed = False
        elif "models were included in the merge" in bare or "is a merge of the following models" in bare:
            listed = True
        elif listed and bare[:2] in ("* ", "- "):
            link = _ITEM_LINK.match(bare[2:].strip())
            name = (link[1] if link else bare[2:].partition(" + ")[0]).strip(" `")
            if name:
                yield name, "merge", at
