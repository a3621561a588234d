"""Statements as rows and back."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.facts import FACTS_SCHEMA, subjects_from_rows, subjects_to_rows
from auditor.model import KINDS, Gap, Place, Statement, Subject

words = st.text(max_size=8).filter(lambda text: text.isprintable())
places = st.builds(Place, words, st.integers(0, 9))
statements = st.builds(Statement, st.sampled_from(["licence", "tag", "title"]), words, words, places, words, words)
gaps = st.builds(Gap, st.sampled_from(["card", "file"]), words, places)
drawn = st.builds(
    Subject,
    st.sampled_from(KINDS),
    words,
    words,
    st.lists(statements, max_size=4, unique=True).map(tuple),
    st.lists(gaps, max_size=2, unique=True).map(tuple),
)


def joined(parts: list[Subject]) -> dict[object, tuple[set[Statement], set[Gap]]]:
    found: dict[object, tuple[set[Statement], set[Gap]]] = {}
    for part in parts:
        stated, missed = found.setdefault(part.ref, (set(), set()))
        stated.update(part.statements)
        missed.update(part.gaps)
    return found


@settings(deadline=None)
@given(st.lists(drawn, max_size=6), st.randoms())
def test_parts_of_a_subject_are_joined_whatever_their_order(parts: list[Subject], random: object) -> None:
    shuffled = sorted(parts, key=lambda part: random.random())  # type: ignore[attr-defined]
    tables = [
        pa.Table.from_batches([subjects_to_rows([part]) for part in order], FACTS_SCHEMA) for order in (parts, shuffled)
    ]
    one, two = (list(subjects_from_rows(table)) for table in tables)
    assert [(s.ref, s.statements, s.gaps) for s in one] == [(s.ref, s.statements, s.gaps) for s in two]
    assert {s.ref: (set(s.statements), set(s.gaps)) for s in one} == joined(parts)
    assert [s.ref for s in one] == sorted(s.ref for s in one)


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    batch = subjects_to_rows([Subject("model", "a\ud800b", statements=(Statement("title", "\udfff"),))])
    assert batch["name"].to_pylist() == ["a\\ud800b"]
    assert batch["value"].to_pylist() == ["\\udfff"]


def test_a_subject_of_which_nothing_is_stated_is_not_lost() -> None:
    (subject,) = subjects_from_rows(pa.Table.from_batches([subjects_to_rows([Subject("document", "notes")])]))
    assert subject == Subject("document", "notes")
