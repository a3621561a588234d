"""Read keys and values of a card's metadata: values as strings, and the key that a misspelt or older one means.

Keys are those of huggingface/hub-docs (modelcard.md, datasetcard.md).
"""

from __future__ import annotations

from functools import lru_cache

# The keys that are read.
KEYS = tuple(
    """license license_name license_link language tags datasets pipeline_tag library_name base_model
    base_model_relation source_datasets task_categories model-index buckets""".split()
)
# Spellings that the hub's own documentation once used.
OLDER_KEYS = {
    "licenses": "license",
    "languages": "language",
    "pipeline-tag": "pipeline_tag",
    "model_index": "model-index",
}
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
# Shorter keys are one letter away from too many words.
_MIN_LETTERS_OF_MISSPELT = 5
# A key with at least this number of letters may differ in two of them, a shorter one in one.
_LETTERS_FOR_TWO_EDITS = 7


def metadata_values(value: object) -> list[str]:
    """Return a value of a card's metadata as strings, trimmed, without empty ones.

    A string is one value; a list is any number; of a table they are the values, or the keys that have none
    (``- mit: ~``). An item ``- name: words`` of a list stays as it is written.
    """
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
                found += _item_values(item)
        return found
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in ([str(key)] if item is None else metadata_values(item))]
    return [str(value)]


def _item_values(item: object) -> list[str]:
    """Return an item of a value in a card's metadata as strings."""
    if isinstance(item, dict) and len(item) == 1:
        ((key, value),) = item.items()
        if isinstance(value, str) and value.strip():
            return [f"{key}: {value.strip()}"]
    return metadata_values(item)


@lru_cache(maxsize=4096)
def intended_key(key: str) -> str:
    """Return the key of a card (:data:`KEYS`) that this one is a misspelling of; "" for none."""
    if key in _MISSPELT:
        return _MISSPELT[key]
    plain = key.strip(" -").lower().replace("-", "_")
    for known in KEYS:
        is_long = len(known) >= _MIN_LETTERS_OF_MISSPELT
        if plain == known.replace("-", "_") or (is_long and _is_nearly(plain, known)):
            return known
    return ""


def _is_nearly(word: str, known: str) -> bool:
    """Return whether card keys have the same beginning and are one edit apart, or two where the known one is long.

    The distance is Damerau-Levenshtein's, restricted (optimal string alignment).
    """
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
    return row[-1] <= (2 if len(known) >= _LETTERS_FOR_TWO_EDITS else 1)
