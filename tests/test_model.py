"""Laws of the nouns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Count, Finding, Place, Ref, Tally

numbers = st.integers(0, 1000)
counts = st.builds(lambda a, b, c, d: Count(a + b + c + d, a, b, c, d), numbers, numbers, numbers, numbers)
named = st.dictionaries(st.text(max_size=5), numbers, max_size=4)
tallies = st.builds(Tally, counts, counts, named, named)
FINDING = Finding(
    "no-licence", "model", "acme/base", "r1", "FLAGGED", "note", "names no licence", Place("README.md", 3)
)


@given(tallies, tallies, tallies)
def test_tallies_add_up_in_any_order(one: Tally, two: Tally, three: Tally) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Tally() == one
    assert (one + two).files.is_balanced


def test_a_fingerprint_is_of_what_is_claimed_and_nothing_else() -> None:
    same = FINDING._replace(revision="r2", severity="error", place=Place("x", 9), remark="3 of 9")
    assert same.fingerprint == FINDING.fingerprint
    for other in (
        FINDING._replace(rule="x"),
        FINDING._replace(kind="dataset"),
        FINDING._replace(subject="acme/other"),
        FINDING._replace(outcome="UNCHECKED"),
        FINDING._replace(fact="names another"),
    ):
        assert other.fingerprint != FINDING.fingerprint


@given(st.text(), st.text(), st.text())
def test_a_subjects_bucket_is_a_byte_even_for_odd_names(name: str, revision: str, other: str) -> None:
    assert 0 <= Ref("model", name, revision).bucket <= 255
    assert Ref("model", "\ud800" + name, other).bucket == Ref("model", "\ud800" + name, other).bucket
