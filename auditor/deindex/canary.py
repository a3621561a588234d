"""Canaries: entries under a name of the sender that show, after a leak, for whom the list was made."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import replace

from auditor.deindex.entries import (
    DeindexEntry,
    EntryContext,
    repository_entry_id,
)
from auditor.deindex.locators import build_locators
from auditor.deindex.repositories import resolve_repository
from auditor.model import Ref


class Canary:
    """An entry under a name of the sender, where it harms nobody: whoever acts on it has this list.

    No decision is about it. It follows the entries of a decision as a copy of the same weights would: with its words,
    digests, place in the ledger and proof, and an id made in the same way. Within a list nothing distinguishes it from
    a copy, and it is removed with that decision. It is added to a randomly chosen decision. Someone who has the
    lists of two recipients, or who finds other weights in the repository, can tell.
    """

    def __init__(self, terms: EntryContext, namespace: str, decision_count: int, beside: str = "") -> None:
        self.terms, self.namespace = terms, namespace
        self.beside = beside  # the decision that it stood beside in the last list
        self.subject: Ref | None = None
        self._wait = 0 if beside else secrets.randbelow(max(decision_count, 1))
        self._last: DeindexEntry | None = None

    def before(self, entry: DeindexEntry) -> Iterator[DeindexEntry]:
        """Yield the canary after the last entry of its decision, before `entry`."""
        if self.namespace and self._last and self._last.decision.id != entry.decision.id:
            if self._last.decision.id == self.beside or (not self.beside and not self._wait):
                yield from self.at_end()
            self._wait -= 1
        self._last = entry

    def at_end(self) -> Iterator[DeindexEntry]:
        """Yield the canary beside the last decision, if it was not listed yet."""
        if self.namespace and self._last and not self.subject:
            made = canary_entry(self._last, self.namespace, self.terms)
            self.beside, self.subject = made.decision.id, made.subject
            yield made


# Words that are usual in the names of re-uploads.
_NAME_SUFFIXES = (
    "fp16",
    "ema",
    "pruned",
    "gguf",
    "merged",
    "mix",
    "final",
    "lite",
    "hd",
    "tuned",
    "plus",
    "alt",
    "full",
    "new",
)


def canary_entry(like: DeindexEntry, owner: str, terms: EntryContext) -> DeindexEntry:
    """Return the canary for one recipient: the entry that the same weights would have in a repository of this owner.

    Raises:
        SealError: The owner's name is not possible at the hub.
    """
    mark = int(terms.token("canary", owner, like.decision.id), 16)
    words = (_NAME_SUFFIXES[mark % 14], _NAME_SUFFIXES[mark // 14 % 14], f"v{mark // 196 % 9 + 1}")
    stem = like.repository.name.rpartition("/")[2][:48].rstrip("-_.") or "model"
    name = "-".join((stem, *dict.fromkeys(words)))
    revision = hashlib.sha256(f"{mark}".encode()).hexdigest()[: len(like.subject.revision)]
    subject = Ref(like.subject.kind, f"{owner}/{name}", revision)
    found = resolve_repository(subject, terms.hubs, terms.hub)
    return replace(
        like,
        id=repository_entry_id(terms, like.decision.id, found),
        token=terms.token("subject", found.hub, found.kind, found.name),
        subject=subject,
        repository=found,
        locators=build_locators(found, terms.hubs),
        supersedes=repository_entry_id(terms, like.decision.supersedes, found) if like.supersedes else "",
    )
