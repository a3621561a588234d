"""What a decision takes with it: the re-uploads of the same weights, and every address at a hub and its mirrors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.deindex.hubs import DEFAULT_HUB, Hub
from auditor.deindex.locators import build_locators
from auditor.deindex.repositories import resolve_repository
from auditor.errors import SealError
from auditor.review.case_groups import CaseGroup, count_repositories
from auditor.review.case_state import CaseState, Phase
from auditor.review.ledger import Ledger


@dataclass(frozen=True, slots=True)
class DecisionReach:
    """What a decision takes with it.

    ``repositories`` counts the subject and its re-uploads, ``addresses`` each of their paths at each host.
    ``originals`` are the re-uploads that the subject is a copy of, or was made from. ``unknown`` counts names that have
    no address at a known hub.
    """

    repositories: int
    addresses: int
    originals: tuple[str, ...] = ()
    digests: int = 0
    unknown: int = 0


def case_reach(state: CaseState, hubs: Mapping[str, Hub]) -> DecisionReach:
    """Return what a decision on a case takes with it."""
    refs = tuple(dict.fromkeys((state.subject, *state.copies, *state.joined)))
    parents = {
        fact.statement.value for fact in state.facts if fact.statement.key in ("base_model", "observed_base", "copy_of")
    }
    addresses = unknown = 0
    for ref in refs:
        try:
            made = build_locators(resolve_repository(ref, hubs), hubs)
            addresses += len(made.hosts) * len(made.exact)
        except SealError:
            unknown += 1
    originals = tuple(ref.name for ref in refs[1:] if ref.name in parents)
    return DecisionReach(len(refs), addresses, originals, len(state.digests), unknown)


def group_reach(ledger: Ledger, group: CaseGroup, phases: tuple[Phase, ...], hubs: Mapping[str, Hub]) -> DecisionReach:
    """Return what a decision on a group's cases in these phases takes with it, as if all were at the default hub."""
    repositories = count_repositories(ledger.database, group, phases)
    hub = hubs[DEFAULT_HUB]
    return DecisionReach(repositories, repositories * len(hub.hosts) * len(hub.paths["model"]))
