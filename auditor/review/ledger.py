"""The ledger: every event of every case, in one file that cannot be quietly rewritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.review.decisions import Decision


@dataclass(frozen=True, slots=True)
class Query:
    """Which cases of the queue are wanted."""


class Ledger:
    """A folder (mode 0700): ``ledger.sqlite``, ``signing.key`` (mode 0600), ``reviewers.toml``."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Ledger:
        raise NotImplementedError

    def decisions(self) -> Iterator[Decision]:
        """Every decision, whatever became of it, in order of cases; read as it is iterated."""
        raise NotImplementedError

    def standing(self, now: str = "") -> Iterator[Decision]:
        """The decisions in force: approved or interim, not overturned, superseded or expired."""
        raise NotImplementedError
