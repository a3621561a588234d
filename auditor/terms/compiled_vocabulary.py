"""Compile the terms and licences of a run, once in each process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.clauses.cues import CompiledCues
from auditor.terms import card_mentions, licence_mentions
from auditor.terms.keyed_words import HashedTerms
from auditor.terms.known_names import KnownNames
from auditor.terms.licences import Licences
from auditor.terms.parent_cues import CompiledParentCues
from auditor.terms.signals import Markers, compile_markers
from auditor.terms.term_mentions import CompiledMentions, compile_mentions
from auditor.terms.vocabulary import Term


@dataclass(frozen=True, slots=True)
class CompiledVocabulary:
    """The compiled terms and licences to search texts for. ``tags`` maps a tag to the key and value that it states."""

    licences: Licences
    prose: CompiledMentions
    parents: CompiledParentCues
    known_names: KnownNames
    markers: Markers
    tags: Mapping[str, tuple[str, str]]
    clause_cues: CompiledCues


def compile_vocabulary(
    terms: Sequence[Term],
    hashed_terms: Sequence[HashedTerms],
    licences: Licences,
    parents: CompiledParentCues,
    known_names: KnownNames,
    clause_cues: CompiledCues,
) -> CompiledVocabulary:
    """Compile the patterns of a vocabulary's terms into automata."""
    markers = compile_markers(terms, hashed_terms)
    # A text without its cue is not searched for a clause, for what its prose names, or for signals.
    cues = {"clause": clause_cues.minor_word, **card_mentions.CUES, "licence": licence_mentions.CUE}
    if parents.label_pattern:
        cues["label"] = parents.label_pattern
    cues["name"] = parents.name_pattern
    if markers.cue:
        cues["signal"] = markers.cue
    tags = {normalise_tag(tag): (term.kind, term.value) for term in terms for tag in term.tags}
    return CompiledVocabulary(licences, compile_mentions(terms, cues), parents, known_names, markers, tags, clause_cues)


def normalise_tag(tag: str) -> str:
    """Return the tag as the compiled vocabulary has it: lower case with hyphens, ``Role-Play`` as ``role-play``."""
    return tag.casefold().replace("_", "-").replace(" ", "-")
