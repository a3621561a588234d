"""A card's text and its metadata block, wherever that stands and however it is broken, in bounded time.

The hub writes metadata as YAML between two lines of dashes at the start of a card (huggingface/hub-docs:
docs/hub/model-cards.md). Real cards put it after other text, forget a fence, use tabs or UTF-16. Lines are
looked at one by one: a regular expression over the whole block backtracks without bound when the closing
fence is missing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

import ryaml
import yaml

from auditor.errors import Unreadable
from auditor.model import Kind

MetadataPosition = Literal["front-matter", "late-front-matter", "none"]

MAX_YAML_LENGTH = 1 << 20  # characters; the largest block among 55,000 cards has 63,608 bytes
MAX_SLOW_YAML_LENGTH = 1 << 18  # where PyYAML must read it, which is five times slower
MAX_YAML_DEPTH = 100
MAX_YAML_NODES = 200_000  # nodes after aliases are followed
MAX_LINES_BEFORE_BLOCK = 400  # lines before a late block
MAX_BLOCK_LINES = 20_000  # lines of a block that are looked at one by one

# What says that a card is of a dataset or of a model (hub-docs: datasetcard.md, modelcard.md).
DATASET_KEYS = frozenset(
    """annotations_creators configs dataset_info dataset_size language_creators multilinguality paperswithcode_id
    pretty_name size_categories source_datasets task_categories task_ids train-eval-index viewer""".split()
)
MODEL_KEYS = frozenset(
    """base_model base_model_relation co2_eq_emissions datasets eval_results inference instance_prompt library_name
    mask_token metrics model-index model_name new_version pipeline_tag thumbnail widget""".split()
)
_SHARED_KEYS = frozenset("""dataset language languages license licenses license_name license_link tags title""".split())
_SPACE_KEYS = frozenset(("app_file", "sdk"))
CARD_KEYS = DATASET_KEYS | MODEL_KEYS | _SHARED_KEYS

_DATASET_HEADING = re.compile(
    r"dataset card|dataset (?:summary|description|structure|creation|curators)|data (?:fields|splits|instances)"
    r"|source data|personal and sensitive information",
    re.I,
)
_MODEL_HEADING = re.compile(
    r"\bmodels?\b|intended use|training (?:data|procedure|results|hyperparameters)|fine-?tun|pre-?train"
    r"|limitations and bias|eval(?:uation)? results|validation metrics|checkpoints?\b|benchmark",
    re.I,
)
_MODEL_PROSE = re.compile(
    r"\b(?:this|the|our|a|an|my)(?: [\w-]+){0,4} models?\b|fine-?tun(?:ed|ing)|pre-?trained|checkpoint|from_pretrained",
    re.I,
)
_HEADING = re.compile(
    r"\n#{1,6}[ \t]*([^\n]+)"
)  # of a text after a line's end: what begins with a letter is found fast

_KEY = re.compile(r"""["']?([A-Za-z_][\w .-]{0,60})["']?:(?:\s|$)""")
_ANCHOR = re.compile(r"(?:^|[\s,\[{:-])&\w", re.M)
_ALIAS = re.compile(r"(?:^|[\s,\[{:-])\*\w", re.M)
_TEXT_BYTES = bytes(byte for byte in range(256) if byte >= 32 or byte in b"\t\n\r\f")
_BRACKET = re.compile(r"[\[\]{}]")
_ENCODING_BY_BOM = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_BOMS = tuple(_ENCODING_BY_BOM)
# Lines that open or close a code block, and lines of dashes alone.
_FENCE = re.compile(r"^(?:```|---[- \t]*$)", re.M)


class Card(NamedTuple):
    """A text, taken apart. ``lines`` are the metadata's, the first of which is line ``first_line`` of the file.

    ``troubles`` say what could not be read, each with its line (0: the whole).
    """

    body: str
    body_line: int = 1
    standing: MetadataPosition = "none"
    metadata: Mapping[str, object] = MappingProxyType({})
    lines: tuple[str, ...] = ()
    first_line: int = 0
    troubles: tuple[tuple[str, int], ...] = ()


def decode_text(data: bytes) -> tuple[str, str]:
    """The bytes as text with ``\\n`` line ends, and why that is not certain ("": it is).

    UTF-8, UTF-16 and UTF-32 with a byte order mark, and UTF-16 without one. Raises :class:`Unreadable` for
    bytes that are not text.
    """
    text, why = _decode_detected(data)
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return text, why


def decode_text_up_to(data: bytes, limit: int) -> tuple[str, list[str]]:
    """The first ``limit`` bytes as text, and what of it is left out or not certain. Raises :class:`Unreadable`."""
    text, doubt = decode_text(data[:limit])
    gaps = [f"longer than {limit:,} bytes: only these were read"] if len(data) > limit else []
    return text, [*gaps, doubt] if doubt else gaps


def _decode_detected(data: bytes) -> tuple[str, str]:
    if data.startswith(_BOMS):
        mark = next(mark for mark in _ENCODING_BY_BOM if data.startswith(mark))
        return _decode_with_replacement(data[len(mark) :], _ENCODING_BY_BOM[mark])
    head = data[:1024]
    encoding = "utf-8"
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        if odd > 0.4 * half and even < 0.1 * half:
            encoding = "utf-16-le"
        elif even > 0.4 * half and odd < 0.1 * half:
            encoding = "utf-16-be"
    text, why = _decode_with_replacement(data, encoding)
    controls = head if encoding == "utf-8" else text[:1024].encode("latin-1", "ignore")
    unusual = controls.translate(None, _TEXT_BYTES)
    if unusual and len(unusual) > 0.3 * min(len(text), 1024):
        raise Unreadable("is not text: it holds mostly control characters")
    return text, why


def _decode_with_replacement(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        if text.count("\ufffd") > 0.3 * len(text):
            raise Unreadable(f"is not text: most of it is not {encoding.upper()}") from error
        return text, f"is not {encoding.upper()} throughout; other bytes were read as U+FFFD"


def split_card(text: str) -> Card:
    """The card's metadata and body. Never raises; what could not be read stands in ``troubles``."""
    start = len(text) - len(text.lstrip("\ufeff \t\n\v\f\0\u200b\xa0"))
    above = text.count("\n", 0, start) if start else 0
    if text.startswith("---", start):
        end_of_fence = _line_end(text, start)
        if not text[start:end_of_fence].strip("- \t"):
            return _split_fenced(text, end_of_fence + 1, above + 2, "front-matter")
    late = _split_late(text)
    if late is not None:
        return late
    key = _KEY.match(text, start)
    if key and key[1] in CARD_KEYS:
        return _split_unfenced(
            text, start, above + 1, "late-front-matter", "its metadata has no opening line of dashes"
        )
    return Card(text)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _fence_after(text: str, start: int) -> tuple[int, int] | None:
    """Where the next line of dashes alone begins and ends; ``start`` is where a line begins."""
    position = text.find("\n---", start - 1)
    while position >= 0:
        end = _line_end(text, position + 1)
        if not text[position + 1 : end].strip("- \t"):
            return position + 1, end
        position = text.find("\n---", end)
    return None


def _split_fenced(text: str, start: int, first_line: int, standing: MetadataPosition) -> Card:
    """The block that begins at ``start``, after its opening fence."""
    fence = _fence_after(text, start)
    if fence is None:
        return _split_unfenced(text, start, first_line, standing, "its metadata has no closing line of dashes")
    block = text[start : fence[0]]
    if not block or block.isspace():  # two opening fences, one below the other
        key = _KEY.match(text, fence[1] + 1)
        again = key and key[1] in CARD_KEYS and _fence_after(text, fence[1] + 1)
        if again:
            return _split_fenced(text, fence[1] + 1, first_line + block.count("\n") + 1, standing)
    lines = tuple(block[:-1].split("\n")) if block else ()
    metadata, troubles = _parse_metadata(block, lines, first_line)
    if troubles and not metadata and not any(map(_KEY.match, lines[:MAX_BLOCK_LINES])):
        return Card(text, troubles=troubles)  # prose between two rules, or a block without a single key
    return Card(text[fence[1] + 1 :], first_line + len(lines) + 1, standing, metadata, lines, first_line, troubles)


def _split_unfenced(text: str, start: int, first_line: int, standing: MetadataPosition, why: str) -> Card:
    """The block that begins at ``start`` and ends where lines stop looking like YAML."""
    position = start
    lines: list[str] = []
    while position < len(text) and len(lines) < MAX_BLOCK_LINES:
        end = _line_end(text, position)
        line = text[position:end]
        bare = line.strip()
        if bare and not bare.strip("-") and len(bare) >= 3:  # an indented fence
            position = end + 1
            break
        if not (not bare or line[0] in " \t" or line.startswith(("- ", "-\t")) or _KEY.match(line)):
            break
        lines.append(line)
        position = end + 1
    metadata, troubles = _parse_metadata("\n".join(lines), tuple(lines), first_line)
    body_line = text.count("\n", 0, min(position, len(text))) + 1
    known = metadata.keys() & CARD_KEYS
    return Card(
        text[position:] if known else text,
        body_line if known else 1,
        standing if known else "none",
        metadata if known else {},
        tuple(lines) if known else (),
        first_line if known else 0,
        ((f"{why}: where it ends was guessed", first_line), *(troubles if known else ())),
    )


def _split_late(text: str) -> Card | None:
    """A block after other text: between two fences, not within a code block, and with a key the hub knows."""
    if "\n---" not in text:
        return None
    counted, number, code = 0, 1, False
    for match in _FENCE.finditer(text):
        position = match.start()
        number += text.count("\n", counted, position)
        counted = position
        if number > MAX_LINES_BEFORE_BLOCK:
            break
        if text.startswith("`", position):
            code = not code
        elif not code:
            end = match.end()
            fence = _fence_after(text, end + 1)
            if fence is None:
                return None
            if _has_card_key(text[end + 1 : min(fence[0], end + 4000)]):
                card = _split_fenced(text, end + 1, number + 1, "late-front-matter")
                # What stands above the block is prose too: both are the body, on their own lines.
                above = text[:position]
                gap = "\n" * (card.body_line - 1 - above.count("\n"))
                return Card(
                    above + gap + card.body, 1, card.standing, card.metadata, card.lines, card.first_line, card.troubles
                )
    return None


def _has_card_key(block: str) -> bool:
    """Does a block between two lines of dashes begin with a key, and hold one that cards have?"""
    keys = [match and match[1].strip() for match in map(_KEY.match, block.strip().split("\n"))]
    return bool(keys[0]) and any(key in CARD_KEYS for key in keys if key)


def _parse_metadata(
    block: str, lines: tuple[str, ...], first_line: int
) -> tuple[Mapping[str, object], tuple[tuple[str, int], ...]]:
    if not block or block.isspace():
        return {}, ()
    try:
        value, trouble = load_yaml(block)
    except Unreadable as error:
        metadata, bad = _parse_key_by_key(lines)
        line = first_line + bad if metadata or bad else first_line
        return metadata, ((f"its metadata is not valid YAML: {error}", line),)
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}, ((trouble, first_line),) if trouble else ()
    if value is None:
        return {}, ()
    return {}, (("its metadata is not a table of keys", first_line),)


def _parse_key_by_key(lines: tuple[str, ...]) -> tuple[dict[str, object], int]:
    """The top-level keys that can be read one by one, and the index of the first line that can't."""
    lines = lines[:MAX_BLOCK_LINES]
    starts = [index for index, line in enumerate(lines) if line[:1] not in ("", " ", "\t", "-", "#") and ":" in line]
    metadata: dict[str, object] = {}
    bad = starts[0] if starts and any(line.strip() for line in lines[: starts[0]]) else -1
    for start, end in zip(starts, [*starts, len(lines)][1:], strict=True):
        block = "\n".join(lines[start:end]) + "\n"
        try:
            value, _ = load_yaml(block)
        except Unreadable:
            bad = start if bad < 0 else bad
            continue
        if isinstance(value, dict):
            metadata.update((str(key), item) for key, item in value.items())
    return metadata, max(bad, 0)


def load_yaml(text: str) -> tuple[object, str]:
    """The YAML 1.2 value of a text, and what is doubtful in it ("": nothing).

    Size, depth and the growth of aliases are checked before the text is parsed. Where ryaml fails (duplicate
    keys, numbers beyond 128 bits) PyYAML reads it, with YAML 1.2's booleans and nulls and other scalars as
    they are written. Raises :class:`Unreadable`.
    """
    if len(text) > MAX_YAML_LENGTH:
        raise Unreadable(f"longer than {MAX_YAML_LENGTH:,} characters")
    _check_brackets(text)
    if "&" in text and "*" in text and _ANCHOR.search(text) and _ALIAS.search(text):
        _check_events(text)
    try:
        return ryaml.loads(text), ""
    except ValueError as error:
        first = str(error)
    if "recursion limit" in first:
        raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")
    _check_events(text)
    try:
        value = yaml.load(text, Loader=_Yaml12Loader)  # a safe loader
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise Unreadable(_yaml_error_text(error)) from error
    return value, f"its metadata is doubtful: {first}; the last value is used" if "duplicate" in first else ""


def _yaml_error_text(error: Exception) -> str:
    mark = getattr(error, "problem", None)
    return str(mark or error).splitlines()[0][:120]


def _check_brackets(text: str) -> None:
    # libyaml's scanner takes quadratic time over nested flow collections; ryaml stops only at the end of it.
    if text.count("[") + text.count("{") <= MAX_YAML_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        if depth > MAX_YAML_DEPTH:
            raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")


def _check_events(text: str) -> None:
    """Raise unless the text, with its aliases followed, is shallow and small."""
    if len(text) > MAX_SLOW_YAML_LENGTH:
        raise Unreadable(f"irregular, and longer than {MAX_SLOW_YAML_LENGTH:,} characters")
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []  # anchor and nodes before it, of the collections that are open
    nodes = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                if event.anchor not in sizes:
                    raise Unreadable("an alias names no anchor, or one that holds the alias itself")
                nodes += sizes[event.anchor]
            elif isinstance(event, yaml.ScalarEvent):
                nodes += 1
                if event.anchor is not None:
                    sizes[event.anchor] = 1
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append((event.anchor, nodes))
                sizes.pop(event.anchor, None)
                nodes += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = stack.pop()
                if anchor is not None:
                    sizes[anchor] = nodes - before
            if nodes > MAX_YAML_NODES:
                raise Unreadable(f"more than {MAX_YAML_NODES:,} values once its aliases are followed")
            if len(stack) > MAX_YAML_DEPTH:
                raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")
    except yaml.YAMLError as error:
        raise Unreadable(_yaml_error_text(error)) from error


class _Yaml12Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Null and booleans as YAML 1.2 has them; every other scalar as written, whatever its tag."""

    yaml_implicit_resolvers: ClassVar[dict[object, object]] = {}
    yaml_constructors: ClassVar[dict[object, object]] = {}
    yaml_multi_constructors: ClassVar[dict[object, object]] = {}

    def by_shape(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return self.construct_scalar(node)


_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])
_Yaml12Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)
_Yaml12Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value.lower() == "true")
_Yaml12Loader.add_constructor(None, _Yaml12Loader.by_shape)


def kind_of_text(data: bytes) -> Kind:
    """What a folder's README says the folder is: a model or dataset only where it is plainly a hub's card."""
    try:
        card = split_card(decode_text(data)[0])
    except Unreadable:
        return "document"
    if card.metadata.keys() & (CARD_KEYS - {"title"}):
        return kind_of_card(card.metadata, iter_kind_hints(card.body))
    for heading in _HEADING.findall(f"\n{card.body}")[:100]:
        plain = heading.lower().lstrip("*_ ")
        if re.match(r"model ?card\b(?!s)", plain):
            return "model"
        if re.match(r"data(?:set)? ?card\b(?!s)|dataset (?:summary|structure|creation)\b", plain):
            return "dataset"
    return "document"


def iter_kind_hints(body: str) -> Iterator[str]:
    """What of a Markdown text tells its kind: its headings without their marks, and how it begins."""
    for match in _HEADING.finditer(f"\n{body}"):
        yield match[1]
    yield body[:600]


def kind_of_card(metadata: Mapping[str, object], signs: Iterable[str]) -> Kind:
    """What a card is a card of: what its keys say most, else its headings; a document where neither tells."""
    dataset = len(DATASET_KEYS & metadata.keys())
    model = len(MODEL_KEYS & metadata.keys())
    if dataset > model:
        return "dataset"
    if model:
        return "model"
    if _SPACE_KEYS & metadata.keys():  # a demonstration
        return "document"
    kind: Kind = "model" if metadata else "document"
    for number, sign in enumerate(signs):
        short = len(sign) < 200
        told = _kind_of_heading(sign) if short else _named_card_kind(sign)
        if told == "model card":
            return "model"
        if told == "metric card" or number == 400:
            break
        if told == "dataset":
            return "dataset"
        if kind != "model" and (told == "model" if short else _MODEL_PROSE.search(sign)):
            kind = "model"
    return kind


@lru_cache(maxsize=1 << 14)  # hubs' cards share most of their headings
def _kind_of_heading(heading: str) -> str:
    if named := _named_card_kind(heading):
        return named
    return "dataset" if _DATASET_HEADING.search(heading) else "model" if _MODEL_HEADING.search(heading) else ""


def _named_card_kind(text: str) -> str:
    lower = text[:120].lower()
    return "model card" if "model card" in lower else "metric card" if "metric card" in lower else ""
