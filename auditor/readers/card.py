"""Model and dataset cards: the metadata block as statements, the prose as a text for the derivations.

Keys are those of huggingface/hub-docs (modelcard.md, datasetcard.md). ``source`` is ``card`` for what the
metadata says and ``card-text`` for a parent that only the prose names (mergekit's and the trainers' own
sentences). A value that stands under a misspelt key is used where the right key is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

from auditor.model import Gap, Kind, Place, Ref, Statement, Subject
from auditor.readers import Example, Part, Role, Text, Wants, each
from auditor.sources import Blob, Unread
from auditor.syntax.frontmatter import Card, decoded_within, kind_of_card, signs, split

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

_PLACEHOLDER = re.compile(r"\[?(?:more information needed|needs more information|n/?a|todo|none|tbd)\]?\.?", re.I)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[A-Za-z]{2,24}\b")
_CONTACT = re.compile(r"#{1,6}[^\n]{0,60}\bcontact|[-*\s]{0,4}\*{0,2}point of contact:?\*{0,2}:?", re.I)
_TITLE = re.compile(r"\n[ \t]{0,3}#(?!#)[ \t]*([^\n]+)")  # what begins with a letter is found fast
_HUB = r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/"
_TUNED = re.compile(
    r"(?:fine-?tuned (?:version|checkpoint|variant) (?:of|from)|LoRA adap(?:ta)?tion weights for"
    r"|^\W{0,6}base model\W{1,8}) ?(?:the )?"
    rf"(?:\[[^\]\n]{{1,120}}\]\({_HUB}(\w[\w.-]*(?:/[\w.-]+)?)/?\)|{_HUB}(\w[\w.-]*/[\w.-]*\w))",
    re.I | re.M,
)
_ITEM_LINK = re.compile(r"\[([^\]\n]{1,200})\]\([^)\n]*\)")
_MERGE_KEY = re.compile(r"""\s*(?:-\s+)?(?:- )?(model|base_model):\s*(?:model:\s*)?["']?([^"'\n#{}]+)""")


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
    _prose(statements, card.body, card.body_line, kind)
    subject = ref(kind)
    troubles = (*((why, 0) for why in gaps), *card.troubles, *statements.troubles)
    return Part(
        Subject(
            subject.kind,
            subject.name,
            subject.revision,
            tuple(statements.made),
            tuple(Gap("card", why, Place(uri, line)) for why, line in troubles),
        ),
        tuple(_texts(uri, card, kind, statements)),
    )


def _texts(uri: str, card: Card, kind: Kind, statements: _Statements) -> Iterator[Text]:
    role: Role = "document" if kind == "document" else "card"
    yield Text(role, uri, card.body, card.body_line)
    # The terms that a reader must accept before a download stand in the metadata.
    for key in ("extra_gated_prompt", "extra_gated_description"):
        prompt = card.metadata.get(key)
        if isinstance(prompt, str) and prompt.strip():
            yield Text(role, uri, prompt, statements.line(key))


class _Statements:
    """Statements as they are made, with the line of the metadata that says each."""

    def __init__(self, uri: str, card: Card) -> None:
        self.uri = uri
        self.made: list[Statement] = []
        self.troubles: list[tuple[str, int]] = []
        self._lines = card.lines
        self._first = card.first_line
        self._starts: dict[str, int] = {}
        for index, line in enumerate(card.lines):
            if line and line[0] not in " \t-#" and ":" in line:
                self._starts[line.partition(":")[0].strip("\"' ")] = index
        self._cursors = dict(self._starts)

    def line(self, key: str, value: str = "") -> int:
        """The line of the file where the key, or this value of it, stands; values are asked for in order."""
        start = self._starts.get(key)
        if start is None:
            return self._first
        if value:
            cursor = self._cursors[key]
            for index in range(cursor, min(cursor + 60, len(self._lines))):
                line = self._lines[index]
                if index > start and line and line[0] not in " \t-#":  # the next key
                    break
                if value in line and (index == start or line.rstrip(" \t\"',]}").endswith(value)):
                    self._cursors[key] = index
                    return self._first + index
        return self._first + start

    def add(
        self, key: str, value: str, relation: str = "", *, under: str, remark: str = "", derived: bool = False
    ) -> None:
        """One statement of the metadata's key ``under``; ``derived``: its value is not written there."""
        place = Place(self.uri, self.line(under, "" if derived else value))
        self.made.append(Statement(key, _cut(value), _cut(relation), place, "card", remark))

    def tell(self, key: str, value: str, line: int, relation: str = "") -> None:
        """One statement of the prose."""
        self.made.append(Statement(key, _cut(value), relation, Place(self.uri, line), "card-text"))


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
        return [text for item in value for text in _item(item)]
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
    found: dict[str, tuple[str, object]] = {}
    for key, value in metadata.items():
        if key in _WANTED:
            found[key] = (key, value)
    for key, value in metadata.items():
        if key in _WANTED:
            continue
        right = _OLDER.get(key)
        if right is None:
            right = known_key(key[:80])
            # A dataset card may list itself under "dataset"; a misspelling is one only beside no right key.
            if not right or (right in found and key in ("library", "pipeline", "library_tag", "lang")):
                continue
            statements.add("misspelt_key", key, right, under=key, derived=True)
            if right == "license" and values(value) == ["license"]:  # a template's own words, not an answer
                continue
        found.setdefault(right, (key, value))
    return found


_WANTED = frozenset(_READ)


def _identity(statements: _Statements, card: Card) -> None:
    statements.made.append(
        Statement("card", card.standing, place=Place(statements.uri, card.first_line or 1), source="card")
    )
    title = _title(card)
    if title:
        statements.made.append(Statement("title", _cut(title[0]), place=Place(statements.uri, title[1]), source="card"))


def _title(card: Card) -> tuple[str, int] | None:
    if "#" not in card.body:
        return None
    body = f"\n{card.body}"
    for match in _TITLE.finditer(body):
        start, title = match.start(), match[1].strip(" #*\t")
        if title and body.count("\n```", 1, start) % 2 == 0:
            return title, card.body_line + body.count("\n", 1, start + 1)
        if start > 20_000:
            break
    return None


_NOT_THERE = ("", None)


def _metadata(statements: _Statements, card: Card, kind: Kind) -> None:
    if not card.metadata:
        return  # most documents
    metadata = _sorted_out(card.metadata, statements)

    def stated(key: str) -> tuple[str, list[str]]:
        under, value = metadata.get(key, _NOT_THERE)
        if not under:
            return "", []
        found = values(value)
        if len(found) > VALUES_LIMIT:
            statements.troubles.append((f"{key} has more than {VALUES_LIMIT:,} values", statements.line(under)))
            del found[VALUES_LIMIT:]
        return under, found

    def simple(key: str, statement: str) -> list[str]:
        under, found = stated(key)
        for value in found:
            statements.add(statement, value, under=under)
        return found

    simple("license", "licence")
    simple("license_name", "licence_name")
    simple("license_link", "licence_link")
    simple("language", "language")
    tags = simple("tags", "tag")
    libraries = simple("library_name", "library")
    tasks = simple("pipeline_tag", "task")
    marks = {mark.lower() for mark in (*tags, *libraries)}
    _parents(statements, card, *stated("base_model"), stated("base_model_relation")[1], marks)
    if kind == "dataset":
        simple("task_categories", "task")
        under, sources = stated("source_datasets")
        for source in sources:
            name = source.removeprefix("extended|").strip()
            if name not in ("original", "extended", "other", ""):
                statements.add("sourced_from", name, under=under)
    else:
        under, datasets = stated("datasets")
        for name in datasets:
            statements.add("trained_on", name, under=under)
    if kind == "model":
        made = {_GENERATES[mark]: None for mark in map(str.lower, (*tasks, *tags)) if mark in _GENERATES}
        for what in made:
            statements.add("generates", what, under=metadata["pipeline_tag" if tasks else "tags"][0], derived=True)
    for tag in tags:
        if tag.lower() in _ADULT:
            statements.add("adult_content", tag, under=metadata["tags"][0])
    for key in card.metadata:
        if key.startswith("extra_gated_"):
            statements.add("gating", "fields", under=key, remark=key, derived=True)
            break
    under, _ = metadata.get("model-index", ("", None))
    for name in _evaluated(card.metadata.get(under)):
        statements.add("evaluation", name, under=under)


def _parents(
    statements: _Statements, card: Card, under: str, names: list[str], declared: list[str], marks: set[str]
) -> None:
    """Base models, with the relation that is declared, or else the one that the hub would infer."""
    relation = declared[0].lower() if declared else ""
    if relation not in RELATIONS:
        if len(names) > 1 or marks & _MERGE:
            relation = "merge"
        elif marks & _ADAPTER:
            relation = "adapter"
        elif marks & _QUANTIZED:
            relation = "quantized"
        else:
            relation = "finetune"
    for name in names:
        statements.add("base_model", name, relation, under=under)
    for name in values(card.metadata.get("duplicated_from")):
        statements.add("base_model", name, under="duplicated_from", remark="duplicated_from")


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


def _prose(statements: _Statements, body: str, first: int, kind: Kind) -> None:
    contact = _contact(body)
    if contact:
        statements.tell("contact", contact[0], first + body.count("\n", 0, contact[1]))
    if kind != "model":
        return
    known = {
        statement.value.removeprefix("https://huggingface.co/")
        for statement in statements.made
        if statement.key == "base_model"
    }
    if "mergekit" in body or "merge_method" in body:
        for name, relation, line in _merged(body):
            if name not in known:
                known.add(name)
                statements.tell("base_model", name, first + line, relation)
        return
    for words, start in _lines_with(body, "huggingface.co/"):
        if "tuned" not in words and "ase model" not in words and "LoRA" not in words:
            continue
        match = _TUNED.search(words)
        if match:
            name = match[1] or match[2]
            if name not in known:
                relation = "adapter" if "lora" in match[0].lower() else "finetune"
                statements.tell("base_model", name, first + body.count("\n", 0, start), relation)
            return  # a second one would speak of another model


def _lines_with(body: str, word: str) -> Iterator[tuple[str, int]]:
    """The first 50 lines that hold the word, each cut to 600 characters about it, and where they begin."""
    position = body.find(word)
    for _ in range(50):
        if position < 0:
            return
        start = max(body.rfind("\n", 0, position) + 1, position - 300)
        end = body.find("\n", position)
        yield body[start : min(len(body) if end < 0 else end, position + 300)], start
        if end < 0:
            return
        position = body.find(word, end)


def _contact(body: str) -> tuple[str, int] | None:
    """How those responsible can be reached, and where the text says so."""
    for line, start in _lines_with(body, "ontact"):
        match = _CONTACT.match(line)
        if not match:
            continue
        heading = line.startswith("#")
        answer = (
            body[start + len(line) : start + len(line) + 400].partition("\n#")[0] if heading else line[match.end() :]
        )
        answer = answer.strip(" *\n\t")
        if answer and not _PLACEHOLDER.match(answer):
            return "section" if heading else "point-of-contact", start
    for line, start in _lines_with(body, "@"):
        match = _EMAIL.search(line)
        if match and not match[0].startswith("git@"):
            return "email", start
    return None


def _merged(body: str) -> Iterator[tuple[str, str, int]]:
    """The parents that a mergekit card names in its list and its configuration, each with its line's offset."""
    listed = code = False
    for number, line in enumerate(body.split("\n")[:5000]):
        bare = line.strip()
        if bare.startswith("```"):
            code = not code
            continue
        if code:
            match = _MERGE_KEY.match(line[:1000])
            if match:
                # mergekit: "model+lora" applies a LoRA to the model before merging.
                name, plus, lora = match[2].strip().partition("+")
                if name:
                    yield name.strip(), "merge", number
                if plus and lora.strip():
                    yield lora.strip(), "adapter", number
        elif bare.startswith("#"):
            listed = False
        elif "models were included in the merge" in bare or "is a merge of the following models" in bare:
            listed = True
        elif listed and bare[:2] in ("* ", "- "):
            link = _ITEM_LINK.match(bare[2:].strip())
            name = (link[1] if link else bare[2:].partition(" + ")[0]).strip(" `")
            if name:
                yield name, "merge", number


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
