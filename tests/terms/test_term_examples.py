"""Every example of a vocabulary's term states the term, and no counterexample does."""

from __future__ import annotations

import pytest

from auditor.model import Subject
from auditor.parts import Part, Text
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.terms.derive_subjects import derive_subject
from auditor.terms.vocabulary import Term

VOCABULARIES = load_vocabularies()
WITH_EXAMPLES = [term for term in VOCABULARIES.terms if term.examples or term.counterexamples]


def states(term: Term, text: str) -> bool:
    part = Part(Subject("model", "acme/tree"), (Text("card", "README.md", text),))
    subject = derive_subject(part, compiled_vocabulary(VOCABULARIES))
    return (term.kind, term.value) in {(each.key, each.value) for each in subject.statements}


@pytest.mark.parametrize("term", WITH_EXAMPLES, ids=lambda term: term.id)
def test_a_term_is_stated_by_its_examples_and_not_by_its_counterexamples(term: Term) -> None:
    assert [text for text in term.examples if not states(term, text)] == []
    assert [text for text in term.counterexamples if states(term, text)] == []


def test_the_safeguards_and_companions_have_examples_on_both_sides() -> None:
    assert {"companion", "role-play", "refusals", "safety-evaluation"} <= {term.id for term in WITH_EXAMPLES}
    assert all(term.examples and term.counterexamples for term in WITH_EXAMPLES)
