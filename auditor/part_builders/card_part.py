"""Build the part of a card from its text: its metadata as statements, its prose as texts.

Keys are those of huggingface/hub-docs (modelcard.md, datasetcard.md). The source of the statements is ``card``. The
value of a misspelt key is used if the right key is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from auditor.model import Gap, Kind, Place, Ref, Statement, Subject
from auditor.parts import MAX_VALUE_CHARACTERS, Part, Role, Text
from auditor.syntax.card_keys import KEYS, OLDER_KEYS, intended_key, metadata_values
from auditor.syntax.card_kind import iter_kind_hints, kind_of_card
from auditor.syntax.front_matter import Card, split_card
from auditor.syntax.repository_name_parsing import names_of, stated_name

MAX_CARD_BYTES = 8 << 20  # cards of 50 MB exist, and what follows works on the whole text
MAX_VALUES_OF_KEY = 1000

_RELATIONS = frozenset(("finetune", "adapter", "merge", "quantized"))
# Tags and libraries by which the hub itself infers the relation to a base model.
_ADAPTER_MARKS = frozenset(("peft", "lora", "qlora", "adapter", "adapter-transformers", "adapters", "lycoris", "dora"))
_QUANTIZED_MARKS = frozenset(
    """gguf ggml gptq awq exl2 exl3 imatrix quantized quantised quantization quantizations quants bnb bitsandbytes
    4-bit 8-bit 4bit 8bit fp8 nvfp4 int8 int4 hqq mlx exllama""".split()
)
_MERGE_MARKS = frozenset(("merge", "mergekit", "model-merge", "lazymergekit"))
# What a model makes, by its task or tag.
_GENERATES = {
    "text-to-image": "image",
    "image-to-image": "image",
    "unconditional-image-generation": "unconditional image",
    "huggan": "unconditional image",
    "gan": "unconditional image",
    "lightweight-gan": "unconditional image",
    "stylegan2": "unconditional image",
    "inpainting": "image",
    "stable-diffusion": "image",
    "stable-diffusion-xl": "image",
    "stable-diffusion-diffusers": "image",
    "image-generation": "image",
    "text-to-video": "video",
    "image-to-video": "video",
    "video-to-video": "video",
    "unconditional-video-generation": "unconditional video",
    "text-to-speech": "audio",
    "text-to-audio": "audio",
    "text-to-music": "audio",
    "text-generation": "text",
    "text2text-generation": "text",
    "conversational": "text",
    "image-text-to-text": "text",
    "any-to-any": "text",
}
# Tasks and tags of models that make pictures from a prompt.
_PROMPTED_MARKS = frozenset(("text-to-image", "stable-diffusion", "stable-diffusion-xl", "stable-diffusion-diffusers"))
# Platforms' own tags for adult content: hub-docs (not-for-all-audiences), and what uploaders write.
_ADULT_TAGS = frozenset(("not-for-all-audiences", "nsfw", "adult-content", "adult", "mature-content", "18+"))
# What has to be accepted before a download.
_PROMPT_KEYS = ("extra_gated_prompt", "extra_gated_description")
# Keys whose values are statements without any change, for a model and for a dataset.
_STATED_AS_WRITTEN = {
    "license": "licence",
    "license_name": "licence_name",
    "license_link": "licence_link",
    "language": "language",
}
# Misspelt keys that count only if the right key is missing: a dataset card may have its own "library".
_AMBIGUOUS_KEYS = ("library", "pipeline", "library_tag", "lang")
_KEYS = frozenset(KEYS)
# Lines of metadata, after the last value that was found, in which the next one is looked for.
_LINES_TO_SEARCH = 60
# Characters of the text in which a title is looked for.
_TITLE_CHARACTERS = 20_000
_TITLE = re.compile(r"\n[ \t]{0,3}#(?!#)[ \t]*([^\n]+)")  # begins with a literal, which is found fast
_TITLE_AT_START = re.compile(r"\n{0,9}[ \t]{0,3}#(?!#)[ \t]*([^\n]+)")


def card_part(
    text: str, uri: str, kind: Kind | Literal[""], ref: Callable[[Kind], Ref], gaps: Iterable[str] = ()
) -> Part:
    """Build a card's part: the statements and the texts about its subject.

    Args:
        text: The card, with its front matter.
        uri: Where it was read.
        kind: The kind of its subject; "": it is determined from the text.
        ref: Gives the subject, once its kind is known.
        gaps: What of the card could not be read.
    """
    card = split_card(text)
    kind = kind or kind_of_card(card.metadata, iter_kind_hints(card.body))
    statements = _Statements(uri, card)
    _state_identity(statements, card)
    _state_metadata(statements, card, kind)
    subject = ref(kind)
    troubles = (*((why, 0) for why in gaps), *card.warnings, *statements.troubles)
    missing = tuple(Gap("card", why, Place(uri, line)) for why, line in troubles) if troubles else ()
    role: Role = "document" if kind == "document" else "card"
    texts = [Text(role, uri, card.body, card.body_line)]
    for key in _PROMPT_KEYS:
        prompt = card.metadata.get(key)
        if isinstance(prompt, str) and prompt.strip():
            texts.append(Text(role, uri, prompt, statements.line(key), accepted=True))
    # "I will not use it for …: checkbox": each name of a field is a promise.
    fields = card.metadata.get("extra_gated_fields")
    if isinstance(fields, Mapping) and fields:
        promises = "\n".join(f"- {name}" for name in fields)
        texts.append(Text(role, uri, promises, statements.line("extra_gated_fields"), accepted=True))
    return Part(Subject(subject.kind, subject.name, subject.revision, tuple(statements.made), missing), tuple(texts))


class _Statements:
    """Collects statements, each with the line of the metadata that it comes from."""

    def __init__(self, uri: str, card: Card) -> None:
        """Index the lines of the card's metadata by their key."""
        self.uri = uri
        self.made: list[Statement] = []
        self.troubles: list[tuple[str, int]] = []
        self._lines = card.lines
        self._first = card.first_line
        # The line of each key, and the line from which its next value is looked for.
        self._key_lines = {
            line.partition(":")[0].strip("\"' "): index
            for index, line in enumerate(card.lines)
            if line and line[0] not in " \t-#" and ":" in line
        }
        self._value_lines: dict[str, int] = {}

    def line(self, key: str, value: str = "") -> int:
        """Return the line of the card on which the key, or this value of it, stands; call it in the order of values."""
        start = self._key_lines.get(key)
        if start is None:
            return self._first
        if value:
            first = self._value_lines.get(key, start)
            for index in range(first, min(first + _LINES_TO_SEARCH, len(self._lines))):
                line = self._lines[index]
                if index > start and line and line[0] not in " \t-#":  # the next key
                    break
                if value in line and (index == start or line.endswith(value) or _ends_with(line, value)):
                    self._value_lines[key] = index
                    return self._first + index
        return self._first + start

    def add(self, key: str, values: Iterable[str], written_key: str, relation: str = "", remark: str = "") -> None:
        """Add a statement of each value that the card's metadata has under ``written_key``."""
        for value in values:
            place = Place(self.uri, self.line(written_key, value))
            self.made.append(Statement(key, _shortened(value), relation, place, "card", remark))

    def add_names(
        self, key: str, names: Mapping[str, str], written_key: str, relation: str = "", remark: str = ""
    ) -> None:
        """Add a statement of each repository that the card's metadata names; ``names`` has the words for each."""
        for name, written in names.items():
            place = Place(self.uri, self.line(written_key, written))
            self.made.append(Statement(key, _shortened(name), relation, place, "card", remark))

    def derive(self, key: str, value: str, written_key: str, relation: str = "", remark: str = "") -> None:
        """Add a statement that is derived from the card's value under ``written_key`` and not written there itself."""
        place = Place(self.uri, self.line(written_key))
        self.made.append(Statement(key, _shortened(value), relation, place, "card", remark))


def _ends_with(line: str, value: str) -> bool:
    """Return whether a line of the card of a part ends with this value, quotes and brackets aside."""
    return line.rstrip(" \t\"',]}").endswith(value)


def _shortened(value: str) -> str:
    """Return a value for a card's part, cut to the length that a statement may have."""
    return value if len(value) <= MAX_VALUE_CHARACTERS else value[:MAX_VALUE_CHARACTERS] + "…"


def _state_identity(statements: _Statements, card: Card) -> None:
    """Add to a card's part the placement of its metadata, and its title."""
    place = Place(statements.uri, card.first_line or 1)
    statements.made.append(Statement("card", card.placement, "", place, "card"))
    if title := _title(card):
        words, line = title
        statements.made.append(Statement("title", _shortened(words), "", Place(statements.uri, line), "card"))


def _title(card: Card) -> tuple[str, int] | None:
    """Return the title for a card's part: the first heading of level 1 outside a code block, and its line."""
    body = card.body
    if "#" not in body:
        return None
    if (first := _TITLE_AT_START.match(body)) and (title := first[1].strip(" #*\t")):
        return title, card.body_line + body.count("\n", 0, first.start(1))
    for match in _TITLE.finditer(body):
        start, title = match.start(), match[1].strip(" #*\t")
        if title and f"\n{body[:start]}".count("\n```") % 2 == 0:
            return title, card.body_line + body.count("\n", 0, start + 1)
        if start > _TITLE_CHARACTERS:
            break
    return None


class _Metadata:
    """A card's metadata by the keys that are meant, and what is stated of them."""

    def __init__(self, statements: _Statements, card: Card) -> None:
        """Find the keys that are meant; misspelt ones are stated."""
        self.statements = statements
        self.as_written = card.metadata
        self._by_key = _by_intended_key(card.metadata, statements)

    def written_key(self, key: str) -> str:
        """Return the key as the card writes it; "" if it has none."""
        return self._by_key.get(key, ("", None))[0]

    def values(self, key: str) -> list[str]:
        """Return the values under a key, at most MAX_VALUES_OF_KEY."""
        return self._limited(key, metadata_values(self._by_key[key][1])) if key in self._by_key else []

    def names(self, key: str) -> Mapping[str, str]:
        """Return the repositories that a key names, with the words for each."""
        if key not in self._by_key:
            return {}
        written = [name.removeprefix("extended|") for name in names_of(self._by_key[key][1])]
        return _repositories(self._limited(key, written))

    def _limited(self, key: str, values: list[str]) -> list[str]:
        """Return the values that are stated, and say if there are more."""
        if len(values) > MAX_VALUES_OF_KEY:
            trouble = f"{key} has more than {MAX_VALUES_OF_KEY:,} values"
            self.statements.troubles.append((trouble, self.statements.line(self.written_key(key))))
        return values[:MAX_VALUES_OF_KEY]

    def state(self, key: str, statement: str) -> list[str]:
        """State the values under a key, and return them."""
        if found := self.values(key):
            self.statements.add(statement, found, self.written_key(key))
        return found

    def state_names(self, key: str, statement: str, relation: str = "") -> None:
        """State the repositories that a key names."""
        self.statements.add_names(statement, self.names(key), self.written_key(key), relation)


def _state_metadata(statements: _Statements, card: Card, kind: Kind) -> None:
    """Add to a card's part the statements that the keys of its metadata make about its subject."""
    if not card.metadata:  # as of most documents
        return
    metadata = _Metadata(statements, card)
    for key, statement in _STATED_AS_WRITTEN.items():
        metadata.state(key, statement)
    metadata.state_names("buckets", "storage_bucket")
    tags = metadata.state("tags", "tag")
    libraries = metadata.state("library_name", "library")
    tasks = metadata.state("pipeline_tag", "task")
    _state_bases(metadata, (*tags, *libraries))
    if kind == "dataset":
        metadata.state("task_categories", "task")
        sources = {name: written for name, written in metadata.names("source_datasets").items() if name != "extended"}
        statements.add_names("sourced_from", sources, metadata.written_key("source_datasets"))
    else:
        metadata.state_names("datasets", "trained_on")
    if kind == "model":
        _state_generated(metadata, tasks, tags)
    if adult := [tag for tag in tags if tag.lower() in _ADULT_TAGS]:
        statements.add("adult_content", adult, metadata.written_key("tags"))
    if gated := next((key for key in card.metadata if key.startswith("extra_gated_")), ""):
        statements.derive("gating", "fields", gated, remark=gated)
    if written_key := metadata.written_key("model-index"):
        statements.add("evaluation", _evaluation_datasets(card.metadata[written_key]), written_key)


def _state_bases(metadata: _Metadata, marks: Iterable[str]) -> None:
    """Add to a card's part the models that its metadata says it was made from; ``marks``: its tags and libraries."""
    if names := metadata.names("base_model"):
        relation = _relation(list(names), metadata.values("base_model_relation"), {mark.lower() for mark in marks})
        metadata.statements.add_names("base_model", names, metadata.written_key("base_model"), relation)
    if "duplicated_from" in metadata.as_written:
        copied = _repositories(names_of(metadata.as_written["duplicated_from"]))
        metadata.statements.add_names("base_model", copied, "duplicated_from", remark="duplicated_from")


def _state_generated(metadata: _Metadata, tasks: Sequence[str], tags: Sequence[str]) -> None:
    """Add to a card's part what its model generates, as its task and tags tell."""
    marks = list(map(str.lower, (*tasks, *tags)))
    made = {_GENERATES[mark]: None for mark in marks if mark in _GENERATES}
    if "unconditional image" in made and not _PROMPTED_MARKS.intersection(marks):
        made.pop("image", None)  # a GAN that turns pictures into others of one style
    for what in made:
        metadata.statements.derive("generates", what, metadata.written_key("pipeline_tag" if tasks else "tags"))


def _repositories(written: Iterable[str]) -> Mapping[str, str]:
    """Return for a card's part the repositories that names in its metadata mean, each once, with the words."""
    seen: set[str] = set()
    found: dict[str, str] = {}
    for words in written:
        name = stated_name(words)
        if name and name.lower() not in seen:
            seen.add(name.lower())
            found[name] = words
    return found


def _by_intended_key(metadata: Mapping[str, object], statements: _Statements) -> dict[str, tuple[str, object]]:
    """Return for a card's part (key as written, value) by the key that is meant; state the misspelt keys."""
    found = {key: (key, value) for key, value in metadata.items() if key in _KEYS}
    for key, value in metadata.items() if len(found) < len(metadata) else ():
        if key in _KEYS:
            continue
        intended = OLDER_KEYS.get(key)
        if intended is None:
            intended = intended_key(key[:80])
            if not intended or (intended in found and key in _AMBIGUOUS_KEYS):
                continue
            statements.derive("misspelt_key", key, key, intended)
            if intended == "license" and metadata_values(value) == ["license"]:  # a template's words, not an answer
                continue
        found.setdefault(intended, (key, value))
    return found


def _relation(names: list[str], declared: list[str], marks: set[str]) -> str:
    """Return for a card's part how its model was made from its bases: as declared, else as the hub infers it."""
    relation = declared[0].lower() if declared else ""
    if relation in _RELATIONS:
        return relation
    return "merge" if len(names) > 1 else infer_relation(marks)


def infer_relation(marks: Iterable[str]) -> str:
    """Return for a card's part how a model was made from its base, as the hub infers it from tags and libraries."""
    lowered = {mark.lower() for mark in marks}
    if lowered & _MERGE_MARKS:
        return "merge"
    if lowered & _ADAPTER_MARKS:
        return "adapter"
    return "quantized" if lowered & _QUANTIZED_MARKS else "finetune"


def _evaluation_datasets(index: object) -> Iterator[str]:
    """Yield for a card's part the datasets that its ``model-index`` has results on; none for another form."""
    seen: set[str] = set()
    for model in index if isinstance(index, list) else (index,):
        results = model.get("results") if isinstance(model, dict) else None
        for result in results if isinstance(results, list) else (results,):
            dataset = result.get("dataset") if isinstance(result, dict) else None
            name = dataset.get("name") or dataset.get("type") if isinstance(dataset, dict) else dataset
            for text in metadata_values(name)[:1]:
                if text not in seen and len(seen) < MAX_VALUES_OF_KEY:
                    seen.add(text)
                    yield text
