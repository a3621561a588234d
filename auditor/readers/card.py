"""Model and dataset cards: the metadata block as statements, the prose as a text for the derivations.

Keys are those of huggingface/hub-docs (modelcard.md, datasetcard.md). ``source`` is ``card`` for what the
metadata says. A value that stands under a misspelt key is used where the right key is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

from auditor.model import Gap, Kind, Place, Ref, Statement, Subject
from auditor.readers import Example, Part, Role, Text, Wants, each
from auditor.sources import Blob, Unread
from auditor.syntax.front_matter import Card, decoded_within, kind_of_card, signs, split

READ_LIMIT = 8 << 20  # bytes; cards of 50 MB exist, and what follows works on the whole text
VALUE_LIMIT = 1000  # characters of a value
VALUES_LIMIT = 1000  # values of a key

_NAME = re.compile(r"(?:readme|(?:model|data|dataset)[-_ ]?card)(?:[-_.]\w+)?(?:\.(?:md|markdown|mdx|txt|rst))?", re.I)
_MARKDOWN = (".md", ".markdown", ".mdx")

RELATIONS = frozenset(("finetune", "adapter", "merge", "quantized"))
_ADAPTER = frozenset(("peft", "lora", "qlora", "adapter", "adapter-transformers", "adapters", "lycoris", "dora"))
_QUANTIZED = frozenset(
    """gguf ggml gptq awq exl2 exl3 imatrix quantized bnb bitsandbytes 4-bit 8-bit 4bit 8bit fp8 nvfp4 int8 int4 hqq
    mlx exllama""".split()
)
_MERGE = frozenset(("merge", "mergekit", "model-merge", "lazymergekit"))

_GENERATES = {
    "text-to-image": "image",
    "image-to-image": "image",
    "unconditional-image-generation": "image",
    "inpainting": "image",
    "stable-diffusion": "image",
    "stable-diffusion-xl": "image",
    "stable-diffusion-diffusers": "image",
    "image-generation": "image",
    "text-to-video": "video",
    "image-to-video": "video",
    "video-to-video": "video",
    "unconditional-video-generation": "video",
    "text-to-speech": "audio",
    "text-to-audio": "audio",
    "text-to-music": "audio",
    "text-generation": "text",
    "text2text-generation": "text",
    "conversational": "text",
    "image-text-to-text": "text",
    "any-to-any": "text",
}
# Platforms' own words for it, as tags: hub-docs (not-for-all-audiences), and what uploaders write.
_ADULT = frozenset(("not-for-all-audiences", "nsfw", "adult-content", "adult", "mature-content", "18+"))

# Other spellings of a key: older or shorter ones that were once right, and misspellings often met.
_OLDER = {"licenses": "license", "languages": "language", "pipeline-tag": "pipeline_tag", "model_index": "model-index"}
_MISSPELT = {
    "licence": "license",
    "licences": "license",
    "licence_name": "license_name",
    "licence_link": "license_link",
    "tag": "tags",
    "dataset": "datasets",
    "lang": "language",
    "library": "library_name",
    "library_tag": "library_name",
    "pipeline": "pipeline_tag",
}
_READ = """license license_name license_link language tags datasets pipeline_tag library_name base_model
    base_model_relation source_datasets task_categories model-index""".split()

_TITLE = re.compile(r"\n[ \t]{0,3}#(?!#)[ \t]*([^\n]+)")  # what begins with a letter is found fast
_FIRST = re.compile(r"\n{0,9}[ \t]{0,3}#(?!#)[ \t]*([^\n]+)")


def claims(blob: Blob, head: bytes) -> int:
    if _NAME.fullmatch(blob.basename):
        return 60
    return 30 if blob.suffix in _MARKDOWN and not blob.kind else 0


def read(blobs: Iterable[Blob], wants: Wants) -> Iterator[Part | Unread]:
    return each(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """What the card in ``data`` says of its subject. Raises :class:`Unreadable` where it is no text."""
    text, gaps = decoded_within(data, READ_LIMIT)
    return part_of(text, blob.uri, blob.kind or blob.alone_kind, blob.text_ref, gaps)


def part_of(
    text: str, uri: str, kind: Kind | Literal[""], ref: Callable[[Kind], Ref], gaps: Iterable[str] = ()
) -> Part:
    """What a card's text says of the subject that ``ref`` names; ``kind`` "": the text tells."""
    card = split(text)
    kind = kind or kind_of_card(card.metadata, signs(card.body))
    statements = _Statements(uri, card)
    _identity(statements, card)
    _metadata(statements, card, kind)
    subject = ref(kind)
    troubles = (*((why, 0) for why in gaps), *card.troubles, *statements.troubles)
    missing = tuple(Gap("card", why, Place(uri, line)) for why, line in troubles) if troubles else ()
    role: Role = "document" if kind == "document" else "card"
    texts = [Text(role, uri, card.body, card.body_line)]
    # The terms that a reader must accept before a download stand in the metadata.
    for key in _PROMPTS:
        prompt = card.metadata.get(key)
        if isinstance(prompt, str) and prompt.strip():
            texts.append(Text(role, uri, prompt, statements.line(key), accepted=True))
    # "I will not use it for …: checkbox": each name is a promise of its own.
    fields = card.metadata.get("extra_gated_fields")
    if isinstance(fields, Mapping) and fields:
        promises = "\n".join(f"- {name}" for name in fields)
        texts.append(Text(role, uri, promises, statements.line("extra_gated_fields"), accepted=True))
    return Part(Subject(subject.kind, subject.name, subject.revision, tuple(statements.made), missing), tuple(texts))


_PROMPTS = ("extra_gated_prompt", "extra_gated_description")


class _Statements:
    """Statements as they are made, with the line of the metadata that says each."""

    def __init__(self, uri: str, card: Card) -> None:
        self.uri = uri
        self.made: list[Statement] = []
        self.troubles: list[tuple[str, int]] = []
        self._lines = card.lines
        self._first = card.first_line
        # Where each key stands, and from where its next value is looked for.
        self._starts = {
            line.partition(":")[0].strip("\"' "): index
            for index, line in enumerate(card.lines)
            if line and line[0] not in " \t-#" and ":" in line
        }
        self._cursors: dict[str, int] = {}

    def line(self, key: str, value: str = "") -> int:
        """The line of the file where the key, or this value of it, stands; values are asked for in order."""
        start = self._starts.get(key)
        if start is None:
            return self._first
        if value:
            cursor = self._cursors.get(key, start)
            for index in range(cursor, min(cursor + 60, len(self._lines))):
                line = self._lines[index]
                if index > start and line and line[0] not in " \t-#":  # the next key
                    break
                if value in line and (index == start or line.endswith(value) or _ends_with(line, value)):
                    self._cursors[key] = index
                    return self._first + index
        return self._first + start

    def add(self, key: str, values: Iterable[str], under: str, relation: str = "", remark: str = "") -> None:
        """A statement of each value of the metadata's key ``under``."""
        for value in values:
            place = Place(self.uri, self.line(under, value))
            self.made.append(Statement(key, _cut(value), relation, place, "card", remark))

    def derive(self, key: str, value: str, under: str, relation: str = "", remark: str = "") -> None:
        """One statement that follows from the metadata's key ``under`` and is not written there."""
        place = Place(self.uri, self.line(under))
        self.made.append(Statement(key, _cut(value), relation, place, "card", remark))


def _ends_with(line: str, value: str) -> bool:
    return line.rstrip(" \t\"',]}").endswith(value)


def _cut(value: str) -> str:
    return value if len(value) <= VALUE_LIMIT else value[:VALUE_LIMIT] + "…"


def values(value: object) -> list[str]:
    """A metadata value as strings: one for a string, any number for a list; a table's values, or the keys
    that have none (``- mit: ~``); an item ``- name: words`` of a list as it is written. Trimmed, without
    empty ones."""
    if isinstance(value, str):
        text = value.strip()
        return [text] if text else []
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        found: list[str] = []
        for item in value:
            if isinstance(item, str):
                if text := item.strip():
                    found.append(text)
            else:
                found += _item(item)
        return found
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in ([str(key)] if item is None else values(item))]
    return [str(value)]


def _item(item: object) -> list[str]:
    if isinstance(item, dict) and len(item) == 1:
        ((key, value),) = item.items()
        if isinstance(value, str) and value.strip():
            return [f"{key}: {value.strip()}"]
    return values(item)


@lru_cache(maxsize=4096)
def known_key(key: str) -> str:
    """The key that this one is a misspelling of, or ""."""
    if key in _MISSPELT:
        return _MISSPELT[key]
    plain = key.strip(" -").lower().replace("-", "_")
    for known in _READ:
        if plain == known.replace("-", "_") or (len(known) > 4 and _near(plain, known)):
            return known
    return ""


def _near(word: str, known: str) -> bool:
    """Are they one letter apart, or two where the word is long? (Damerau-Levenshtein.)"""
    if abs(len(word) - len(known)) > 2 or word[:1] != known[:1]:
        return False
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and word[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1] <= (2 if len(known) >= 7 else 1)


def _sorted_out(metadata: Mapping[str, object], statements: _Statements) -> dict[str, tuple[str, object]]:
    """The metadata by its right keys: the key as written, and the value."""
    found = {key: (key, value) for key, value in metadata.items() if key in _WANTED}
    for key, value in metadata.items() if len(found) < len(metadata) else ():
        if key in _WANTED:
            continue
        right = _OLDER.get(key)
        if right is None:
            right = known_key(key[:80])
            # A dataset card may list itself under "dataset"; a misspelling is one only beside no right key.
            if not right or (right in found and key in ("library", "pipeline", "library_tag", "lang")):
                continue
            statements.derive("misspelt_key", key, key, right)
            if right == "license" and values(value) == ["license"]:  # a template's own words, not an answer
                continue
        found.setdefault(right, (key, value))
    return found


_WANTED = frozenset(_READ)


def _identity(statements: _Statements, card: Card) -> None:
    place = Place(statements.uri, card.first_line or 1)
    statements.made.append(Statement("card", card.standing, "", place, "card"))
    if title := _title(card):
        words, line = title
        statements.made.append(Statement("title", _cut(words), "", Place(statements.uri, line), "card"))


def _title(card: Card) -> tuple[str, int] | None:
    body = card.body
    if "#" not in body:
        return None
    if (first := _FIRST.match(body)) and (title := first[1].strip(" #*\t")):
        return title, card.body_line + body.count("\n", 0, first.start(1))
    for match in _TITLE.finditer(body):
        start, title = match.start(), match[1].strip(" #*\t")
        if title and f"\n{body[:start]}".count("\n```") % 2 == 0:
            return title, card.body_line + body.count("\n", 0, start + 1)
        if start > 20_000:
            break
    return None


# Of what a model, or a dataset, the values of these keys are statements as they stand.
_PLAIN = {"license": "licence", "license_name": "licence_name", "license_link": "licence_link", "language": "language"}


def _metadata(statements: _Statements, card: Card, kind: Kind) -> None:
    if not card.metadata:
        return  # most documents
    metadata = _sorted_out(card.metadata, statements)

    def stated(key: str) -> list[str]:
        if key not in metadata:
            return []
        under, value = metadata[key]
        found = values(value)
        if len(found) > VALUES_LIMIT:
            statements.troubles.append((f"{key} has more than {VALUES_LIMIT:,} values", statements.line(under)))
            del found[VALUES_LIMIT:]
        return found

    def simple(key: str, statement: str) -> list[str]:
        found = stated(key)
        if found:
            statements.add(statement, found, metadata[key][0])
        return found

    for key, statement in _PLAIN.items():
        simple(key, statement)
    tags = simple("tags", "tag")
    libraries = simple("library_name", "library")
    tasks = simple("pipeline_tag", "task")
    marks = {mark.lower() for mark in (*tags, *libraries)}
    if "base_model" in metadata:
        names, under = stated("base_model"), metadata["base_model"][0]
        statements.add("base_model", names, under, _relation(names, stated("base_model_relation"), marks))
    if copied := values(card.metadata.get("duplicated_from")):
        statements.add("base_model", copied, "duplicated_from", remark="duplicated_from")
    if kind == "dataset":
        simple("task_categories", "task")
        sources = (source.removeprefix("extended|").strip() for source in stated("source_datasets"))
        named = [source for source in sources if source not in ("original", "extended", "other", "")]
        if named:
            statements.add("sourced_from", named, metadata["source_datasets"][0])
    else:
        simple("datasets", "trained_on")
    if kind == "model":
        made = {_GENERATES[mark]: None for mark in map(str.lower, (*tasks, *tags)) if mark in _GENERATES}
        for what in made:
            statements.derive("generates", what, metadata["pipeline_tag" if tasks else "tags"][0])
    if adult := [tag for tag in tags if tag.lower() in _ADULT]:
        statements.add("adult_content", adult, metadata["tags"][0])
    gated = next((key for key in card.metadata if key.startswith("extra_gated_")), "")
    if gated:
        statements.derive("gating", "fields", gated, remark=gated)
    if "model-index" in metadata:
        under = metadata["model-index"][0]
        statements.add("evaluation", _evaluated(card.metadata[under]), under)


def _relation(names: list[str], declared: list[str], marks: set[str]) -> str:
    """How a model was made from its bases, as declared, or else as the hub would infer it."""
    relation = declared[0].lower() if declared else ""
    if relation in RELATIONS:
        return relation
    if len(names) > 1 or marks & _MERGE:
        return "merge"
    if marks & _ADAPTER:
        return "adapter"
    return "quantized" if marks & _QUANTIZED else "finetune"


def _evaluated(index: object) -> Iterator[str]:
    """The names of the data sets that a ``model-index`` gives results on; whatever else it is, nothing."""
    seen: set[str] = set()
    for model in index if isinstance(index, list) else (index,):
        results = model.get("results") if isinstance(model, dict) else None
        for result in results if isinstance(results, list) else (results,):
            dataset = result.get("dataset") if isinstance(result, dict) else None
            name = dataset.get("name") or dataset.get("type") if isinstance(dataset, dict) else dataset
            for text in values(name)[:1]:
                if text not in seen and len(seen) < VALUES_LIMIT:
                    seen.add(text)
                    yield text


EXAMPLES = (
    Example(
        "README.md",
        b"---\nlicense: mit\nlanguage: no\ntags: lora\nbase_model: acme/base\ndatasets:\n- acme/leaves\n---\n# Leaf\n",
        (
            ("card", "front-matter", ""),
            ("title", "Leaf", ""),
            ("licence", "mit", ""),
            ("language", "no", ""),
            ("tag", "lora", ""),
            ("base_model", "acme/base", "adapter"),
            ("trained_on", "acme/leaves", ""),
        ),
    ),
    Example(
        "README.md",
        b"A logo\n---\nlisence: mit\npipeline_tag: text-to-image\n---\nPictures of trees.\n",
        (
            ("card", "late-front-matter", ""),
            ("misspelt_key", "lisence", "license"),
            ("licence", "mit", ""),
            ("task", "text-to-image", ""),
            ("generates", "image", ""),
        ),
    ),
    Example(
        "README.md",
        b"---\nlicense: mit\ntags:\n\t- trees\n---\n",
        (("card", "front-matter", ""), ("licence", "mit", "")),
        gaps=("card",),
    ),
    Example("README.md", b"# Trees\n\nA model.\n", (("card", "none", ""), ("title", "Trees", ""))),
)
