"""Each cue decides its own examples, and wrong cues are refused with the file, the key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.clauses.cue_kinds import KINDS
from auditor.clauses.cues import CompiledCues, Cue
from auditor.clauses.detect import detect_clause
from auditor.errors import RuleError
from auditor.policy.vocabularies import load_vocabularies
from tests.clauses.shipped import shipped_cues

VOCABULARIES = load_vocabularies()
CUES = VOCABULARIES.cues


def ids(cue: Cue) -> str:
    return f"{cue.kind}-{cue.id}"


@pytest.mark.parametrize("cue", CUES, ids=ids)
def test_a_cue_decides_its_examples(cue: Cue) -> None:
    wanted = KINDS[cue.kind].answer
    answers = {text: detect_clause(text, shipped_cues()).answer for text in (*cue.examples, *cue.counterexamples)}
    assert all(answers[text] == wanted for text in cue.examples), answers
    assert all(answers[text] != wanted for text in cue.counterexamples), answers


@pytest.mark.slow
@pytest.mark.parametrize("cue", CUES, ids=ids)
def test_without_the_cue_one_of_its_examples_has_another_answer(cue: Cue) -> None:
    without = CompiledCues([other for other in CUES if other is not cue], VOCABULARIES.cue_words)
    answers = {text: detect_clause(text, without) for text in cue.examples}
    others = sorted({by for found in answers.values() for by in found.cues})
    assert any(found.answer != KINDS[cue.kind].answer for found in answers.values()), (
        f"cue {cue.id!r}: its examples have the same answer without it, by {', '.join(others)}; "
        "give it an example that needs it, or delete it"
    )


def test_every_kind_of_cue_has_cues() -> None:
    assert {cue.kind for cue in CUES} == set(KINDS)


def test_a_clause_names_the_cues_that_decided_it() -> None:
    found = detect_clause("You may not generate sexual content involving minors.", shipped_cues())
    assert found.cues == ("sexual", "minors", "modal-not")


def own_rules(path: Path, cues: str, words: str = "") -> Path:
    folder = path / "vocabulary"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clauses.toml").write_text(f"{words}\n{cues}", encoding="utf-8")
    return path


FROWNED_UPON = """
[[cue]]
id = "frowned-upon"
kind = "prohibits-before"
pattern = '\\bis frowned upon\\b'
examples = ["Sexual content involving minors is frowned upon here."]
"""


def test_an_operator_adds_a_cue(tmp_path: Path) -> None:
    text = "Sexual content involving minors is frowned upon here."
    assert detect_clause(text, shipped_cues()).answer == "absent"
    own = load_vocabularies((own_rules(tmp_path, FROWNED_UPON),))
    found = detect_clause(text, CompiledCues(own.cues, own.cue_words))
    assert (found.answer, found.cues[-1]) == ("explicit", "frowned-upon")


@pytest.mark.parametrize(
    ("cues", "says"),
    [
        (FROWNED_UPON.replace("frowned upon\\b", "frowned upon("), "frowned upon(' is not an RE2 pattern: missing ): "),
        (FROWNED_UPON.replace("\\bis ", "(?=is) "), "' is not an RE2 pattern: invalid perl operator: (?="),
        (FROWNED_UPON.replace("\\bis ", "\\b{minr} is "), "there are no words 'minr' (did you mean 'minor'?)"),
        (FROWNED_UPON.replace("'\\bis frowned upon\\b'", "'(?:frowned)?'"), "matches an empty text"),
        (FROWNED_UPON * 2, "cue.frowned-upon: there is a cue of this id in this file; give one"),
        (FROWNED_UPON.replace("frowned-upon", "csam"), "cue.csam: there is a cue of this id in"),
        (FROWNED_UPON.partition("examples")[0], "cue.frowned-upon: examples: missing"),
        (FROWNED_UPON.partition("examples")[0] + "examples = []", "cue.frowned-upon: examples: expected at least one"),
        (FROWNED_UPON.replace("prohibits-before", "prohibits"), "did you mean 'prohibits-"),
        (FROWNED_UPON.replace("[[cue]]", "[[cues]]"), "cues: unknown key (did you mean 'cue'?)"),
        ("[words]\nminor = 'x'", "words.minor: minor: is a kind of cues"),
    ],
)
def test_a_wrong_cue_is_refused_with_its_file_and_what_to_do(cues: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(RuleError) as refused:
        load_vocabularies((own_rules(tmp_path, cues),))
    assert str(refused.value).startswith(f"{tmp_path / 'vocabulary' / 'clauses.toml'}: ")
    assert says in str(refused.value)


def test_a_cue_replaces_a_shipped_one_if_it_says_so(tmp_path: Path) -> None:
    replacing = FROWNED_UPON.replace("frowned-upon", "will-not-be-tolerated") + "replaces = true\n"
    own = load_vocabularies((own_rules(tmp_path, replacing),))
    assert [cue.pattern for cue in own.cues if cue.id == "will-not-be-tolerated"] == ["\\bis frowned upon\\b"]
