"""Two markers close together are for a person to look at; one is not, nor both in a sentence that prohibits."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policy.vocabularies import load_vocabularies, read_vocabularies
from auditor.terms import signals as terms_signals
from auditor.terms.folding import fold
from auditor.terms.signals import Markers, Signal, compile_markers
from tests.clauses.shipped import shipped_cues

VOCABULARIES = load_vocabularies()
MARKERS = compile_markers(VOCABULARIES.terms)


def signals(text: str, known: Markers) -> list[Signal]:
    plain = fold(text)
    return list(terms_signals.find_signals(plain, plain.encode(), known, shipped_cues()))


def found_signals(text: str) -> list[tuple[str, str]]:
    return [(signal.value, text[signal.start : signal.end]) for signal in signals(text, MARKERS)]


def test_two_markers_close_together_are_a_signal_with_their_place() -> None:
    assert found_signals("Tags: nsfw, teens, 4k") == [("nsfw + teenagers", "nsfw, teens")]


@pytest.mark.parametrize(
    "text",
    [
        "An nsfw checkpoint.",
        "Drawings of children at play.",
        "Trained on adult content. " + "It likes landscapes a lot. " * 5 + "Also children.",
        "You must not use it for sexual content with minors.",
        "We removed all adult content that shows minors.",
        "Sexual content with minors is prohibited.",
        "No nudity, no minors.",
        "The safety filter stops explicit content with children.",
    ],
)
def test_one_marker_alone_or_a_sentence_that_prohibits_is_no_signal(text: str) -> None:
    assert found_signals(text) == []


@pytest.mark.parametrize(("gap", "found"), [(56, True), (57, False)])
def test_markers_count_up_to_60_bytes_apart(gap: int, found: bool) -> None:
    assert bool(found_signals(f"children{' ' * gap}nsfw")) is found
    assert bool(found_signals(f"nsfw{' ' * gap}children")) is found


@pytest.mark.parametrize(
    "text", ["kid nude", "nude\u200b k\u200di\u200dd", "n u d e k i d s", "ｎｕｄｅ ｋｉｄｓ", "ոudе kіds", "nud3 k1ds"]
)
def test_disguised_markers_are_found(text: str) -> None:
    assert [value for value, _ in found_signals(text)] == ["nudity + children"]


def test_the_place_of_a_signal_is_that_in_the_original_text() -> None:
    text = "Ünïcödé 🎨 first, then n\u200bsfw for t\u0435ens\u202e."
    assert [text[signal.start : signal.end] for signal in signals(text, MARKERS)] == ["n\u200bsfw for t\u0435ens"]


LOOKALIKE = {
    "a": "а",
    "c": "с",
    "e": "е",
    "i": "і",
    "o": "о",
    "p": "р",
    "s": "ѕ",
    "x": "х",
    "y": "у",
    "n": "ո",
    "h": "һ",
}
LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "l": "1"}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202e\u2066\u0336"


def disguise(word: str, way: int, rng: random.Random) -> str:
    match way:
        case 0:
            return "".join(letter + rng.choice(INVISIBLE) for letter in word)
        case 1:
            return "".join(LOOKALIKE.get(letter, letter) for letter in word)
        case 2:
            return "".join(LEET.get(letter, letter) if rng.random() < 0.7 else letter for letter in word)
        case 3:
            return rng.choice([" ", ".", "-", "_", " . ", "*", "  "]).join(word.replace(" ", "").replace("-", ""))
        case 4:
            return "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in word)
        case 5:
            return "".join(chr(0x1D400 + ord(letter.upper()) - 65) if letter.isalpha() else letter for letter in word)
        case 6:
            return "".join(letter + (rng.choice("\u0301\u0308\u0335") if rng.random() < 0.5 else "") for letter in word)
        case 7:
            return "".join(letter.upper() if rng.random() < 0.5 else letter for letter in word)
        case 8:
            return "".join(chr(0x24D0 + ord(letter) - 97) if letter.isalpha() else letter for letter in word)
        case _:
            return disguise(disguise(word, 0, rng), 1, rng)


def test_95_of_100_generated_disguises_of_the_policy_words_are_found() -> None:
    rng = random.Random(20)
    words = {
        kind: [w for term in VOCABULARIES.terms if term.kind == kind for w in term.words] for kind in ("adult", "minor")
    }
    missed = []
    for number in range(2_000):
        adult, minor = rng.choice(words["adult"]), rng.choice(words["minor"])
        text = f"pictures of {disguise(adult, number % 10, rng)} and {disguise(minor, number % 10, rng)} here"
        if not signals(text, MARKERS):
            missed.append(text)
    assert len(missed) <= 100, missed[:10]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["nsfw", "child", " ", "\u200b", "é", "🎨", "k i d", "ｎude", "\n", "not "]), max_size=30)
)
def test_every_place_is_within_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for signal in signals(text, MARKERS):
        assert 0 <= signal.start < signal.end <= len(text)


def test_an_operators_plain_words_are_a_signal_alone(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[[term]]\nid = "op-1"\nkind = "signal"\nwords = ["teapot"]\n')
    known = compile_markers(read_vocabularies((tmp_path,)).terms)
    assert [found.value for found in signals("a t e a p o t", known)] == ["op-1"]
