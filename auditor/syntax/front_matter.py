"""Split a card into its metadata block and its text, wherever and however the block is written, in linear time.

The hub writes metadata as YAML between two lines of dashes at the start of a card (huggingface/hub-docs:
docs/hub/model-cards.md). Real cards have text before it, lack a fence, or use tabs or UTF-16. Lines are examined one by
one, because a regular expression over the whole block backtracks without bound if the closing fence is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from auditor.errors import Unreadable
from auditor.syntax.safe_yaml import load_yaml

MetadataPlacement = Literal["front-matter", "late-front-matter", "none"]

MAX_LINES_BEFORE_BLOCK = 400  # lines before a late block
MAX_BLOCK_LINES = 20_000  # lines of a block that are examined one by one

# Keys that only cards of datasets, or only cards of models, have (hub-docs: datasetcard.md, modelcard.md).
DATASET_KEYS = frozenset(
    """annotations_creators configs dataset_info dataset_size language_creators multilinguality paperswithcode_id
    pretty_name size_categories source_datasets task_categories task_ids train-eval-index viewer""".split()
)
MODEL_KEYS = frozenset(
    """base_model base_model_relation co2_eq_emissions datasets eval_results inference instance_prompt library_name
    mask_token metrics model-index model_name new_version pipeline_tag thumbnail widget""".split()
)
_SHARED_KEYS = frozenset(
    """buckets dataset language languages license licenses license_name license_link tags title""".split()
)
CARD_KEYS = DATASET_KEYS | MODEL_KEYS | _SHARED_KEYS


_KEY = re.compile(r"""["']?([A-Za-z_][\w .-]{0,60})["']?:(?:\s|$)""")
# Lines that open or close a code block, and lines of dashes alone.
_FENCE = re.compile(r"^(?:```|---[- \t]*$)", re.M)


class Card(NamedTuple):
    """A card, split into metadata and text.

    ``lines`` are those of the metadata; the first of them is line ``first_line`` of the file. ``warnings`` name what
    could not be read, each with its line (0: the whole card).
    """

    body: str
    body_line: int = 1
    placement: MetadataPlacement = "none"
    metadata: Mapping[str, object] = MappingProxyType({})
    lines: tuple[str, ...] = ()
    first_line: int = 0
    warnings: tuple[tuple[str, int], ...] = ()


def split_card(text: str) -> Card:
    """Split a card into front matter and body. Never raises: what could not be read is in ``warnings``."""
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
    """Return the position at which a line of a card's front matter ends."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _fence_after(text: str, start: int) -> tuple[int, int] | None:
    """Return the next fence of front matter (a line of dashes alone): begin and end, or None."""
    position = text.find("\n---", start - 1)
    while position >= 0:
        end = _line_end(text, position + 1)
        if not text[position + 1 : end].strip("- \t"):
            return position + 1, end
        position = text.find("\n---", end)
    return None


def _split_fenced(text: str, start: int, first_line: int, placement: MetadataPlacement) -> Card:
    """Split a card whose front matter begins at ``start``, after its opening fence."""
    fence = _fence_after(text, start)
    if fence is None:
        return _split_unfenced(text, start, first_line, placement, "its metadata has no closing line of dashes")
    block = text[start : fence[0]]
    if not block or block.isspace():  # two opening fences, one below the other
        key = _KEY.match(text, fence[1] + 1)
        has_second_fence = key and key[1] in CARD_KEYS and _fence_after(text, fence[1] + 1)
        if has_second_fence:
            return _split_fenced(text, fence[1] + 1, first_line + block.count("\n") + 1, placement)
    lines = tuple(block[:-1].split("\n")) if block else ()
    metadata, warnings = _parse_metadata(block, lines, first_line)
    if warnings and not metadata and not any(map(_KEY.match, lines[:MAX_BLOCK_LINES])):
        return Card(text, warnings=warnings)  # prose between two rules, or a block without a single key
    return Card(text[fence[1] + 1 :], first_line + len(lines) + 1, placement, metadata, lines, first_line, warnings)


def _split_unfenced(text: str, start: int, first_line: int, placement: MetadataPlacement, why: str) -> Card:
    """Split a card whose front matter lacks a fence: it ends where lines no longer look like YAML."""
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
    metadata, warnings = _parse_metadata("\n".join(lines), tuple(lines), first_line)
    body_line = text.count("\n", 0, min(position, len(text))) + 1
    known = metadata.keys() & CARD_KEYS
    return Card(
        text[position:] if known else text,
        body_line if known else 1,
        placement if known else "none",
        metadata if known else {},
        tuple(lines) if known else (),
        first_line if known else 0,
        ((f"{why}: where it ends was guessed", first_line), *(warnings if known else ())),
    )


def _split_late(text: str) -> Card | None:
    """Split a card whose front matter follows other text, between fences, outside code, with a key the hub knows."""
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
                # The text above the block is prose too: the body is both, each on its own lines.
                above = text[:position]
                gap = "\n" * (card.body_line - 1 - above.count("\n"))
                return Card(
                    above + gap + card.body,
                    1,
                    card.placement,
                    card.metadata,
                    card.lines,
                    card.first_line,
                    card.warnings,
                )
    return None


def _has_card_key(block: str) -> bool:
    """Return whether a block between two lines of dashes is front matter: keys, one of which cards use."""
    keys = [match and match[1].strip() for match in map(_KEY.match, block.strip().split("\n"))]
    return bool(keys[0]) and any(key in CARD_KEYS for key in keys if key)


def _parse_metadata(
    block: str, lines: tuple[str, ...], first_line: int
) -> tuple[Mapping[str, object], tuple[tuple[str, int], ...]]:
    """Return the metadata of a card's front matter and the warnings about it, each with its line."""
    if not block or block.isspace():
        return {}, ()
    try:
        value, warning = load_yaml(block)
    except Unreadable as error:
        metadata, bad = _parse_key_by_key(lines)
        line = first_line + bad if metadata or bad else first_line
        return metadata, ((f"its metadata is not valid YAML: {error}", line),)
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}, ((warning, first_line),) if warning else ()
    if value is None:
        return {}, ()
    return {}, (("its metadata is not a table of keys", first_line),)


def _parse_key_by_key(lines: tuple[str, ...]) -> tuple[dict[str, object], int]:
    """Return the front matter's top-level keys that can be parsed one by one, and the first line that cannot."""
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
