"""Recognise tables of cards by the names of their columns, as hubs' dumps have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

_CARD = re.compile(r"(?:model|readme|repo|dataset)?(?:card|readme)(?:text|content|data)?")
# Columns with the repository's id, the surest first.
_IDS = ("modelid", "datasetid", "repoid", "id", "model", "dataset", "repo", "name", "modelname")
_IDS_OF_DATASETS = ("datasetid", "dataset")
_REVISIONS = ("sha", "revision", "commit")


class CardColumns(NamedTuple):
    """The columns of a table of cards, by name; "" for none."""

    id: str
    card: str
    revision: str

    @property
    def are_of_datasets(self) -> bool:
        """Return whether the name of the id column shows that the cards describe datasets."""
        return bare_name(self.id) in _IDS_OF_DATASETS


def card_columns(names: Iterable[str]) -> CardColumns | None:
    """Return which columns hold cards, their repositories' ids and revisions; None if it is no table of cards."""
    bare = {bare_name(name): name for name in reversed(list(names))}
    card = next((name for short, name in bare.items() if _CARD.fullmatch(short)), "")
    own = next((bare[short] for short in _IDS if short in bare), "")
    revision = next((bare[short] for short in _REVISIONS if short in bare), "")
    return CardColumns(own, card, revision) if own and card else None


@cache
def bare_name(name: str) -> str:
    """Return the name of what may be a table's column of cards, in lower-case letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
