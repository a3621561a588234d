"""A target and a word that forbids, refuses or punishes prohibit together, whatever the turn of phrase."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.clauses.shipped import detect_clause

TURNS_OF_PHRASE = tomllib.loads((Path(__file__).parents[1] / "data" / "turns_of_phrase.toml").read_text("utf-8"))


@pytest.mark.parametrize("text", TURNS_OF_PHRASE["prohibits"])
def test_a_prohibition_is_found_in_any_turn_of_phrase(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize(
    "text",
    [
        "Material that sexually exploits a minor falls outside everything we offer.",
        "Your licence lapses the moment you make intimate pictures of an under-age person.",
        "Guild rules\n\nYou are removed for cheating and for anything predatory towards minors.",
        "We draw the line at kids: sexual content about them is deleted.",
        "Please don't flirt with children. Sexual messages about them get you kicked.",
        "We kick anyone who sends sexual messages to a minor.",
        "Sexualisation of anyone who is not an adult is out of the question here.",
        "| ✅ Yes | ❌ No |\n|---|---|\n| Portraits of adults | Sexualised minors |",
        "Prohibited.\n\na. Impersonation\nb. Sexual material with minors",
        "I will use these weights\n[x] for art\n[x] not for making sexual images of children",
        "Section 9 – What will get you thrown out\n\nSelling drugs. Posting sexual material with minors in it.",
        "Uses we reject\n\nSexual depictions of minors. Mass spam.",
        "Is there content that is blocked? Yes. Sexual material with minors, and spam.",
        "This policy lists what customers must keep away from.\n\n- Child exploitation\n- Malware",
    ],
)
def test_words_of_each_class_prohibit_in_any_order_and_layout(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize(
    "text",
    [
        "We closed 1,204 accounts for child sexual exploitation.",
        "The gateway refuses requests for sexual content about minors.",
        "If users report child sexual abuse, lock the thread and call the lead.",
        "Their licence says that you must not use the model to exploit minors. Ours is plain MIT.",
        "Acme's licence prohibits sexual content with minors, but this fork is older than that.",
        "Acme, Beta and Gamma all prohibit content that endangers minors.",
        "The Acme guidelines prohibit sexual content with minors.",
        "Lab A: 'Do not sexualise minors.' Lab B: no such clause.",
        "In Germany, § 184b forbids the possession of child pornography.",
        "Most frequent reasons for closure: spam (71 %), child sexual exploitation (2 %).",
        "At present no clause of this licence rules out sexual content with minors.",
        "The policy has yet to forbid sexual images of minors.",
        "There is no rule in this licence against exploiting minors.",
        "We reject the exploitation of children in cocoa farming.",
        "Do not send child sexual abuse material to our support.",
        "You confirm that you are not a minor and that sexual content does not offend you.",
        "We do not study child sexual exploitation.",
        "The nursery must not employ anyone who was convicted of child abuse.",
    ],
)
def test_a_sentence_that_tells_or_is_about_others_does_not_prohibit(text: str) -> None:
    assert detect_clause(text, references=False).answer == "absent"
