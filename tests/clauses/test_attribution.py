"""Prohibitions of the text's own parties count; those reported of other parties do not."""

from __future__ import annotations

import time

import pytest

from tests.clauses.shipped import detect_clause

REPORTED = [
    "Nimbus's policies forbid sexual content involving minors.",
    "Under Nimbus' terms, players may not sexualise children.",
    "Nimbus bans drawings that sexualise children, and its lawyers enforce that.",
    "A tribunal sat on Monday. Tribunal bars teacher from work with children after sexual abuse of minors.",
    "The trust team at Nimbus says it bans anyone who grooms children.",
    'Nimbus: "Content that sexualises minors is not allowed on Nimbus."',
    'raise PolicyError("sexual content involving minors is not allowed")',
    '"error.minors": "Images that sexualise minors are prohibited.",',
    'Commit: drop the sentence "You agree not to exploit minors" from the template',
    "| Nimbus | Nimbus forbids the exploitation of minors |",
    "Economists have argued that shops should ban dolls that sexualise children.",
    "If your app has a chat you should have a policy that prohibits child sexual abuse material.",
    "Bo objected that a rule against harming minors, which this draft bans, was vague.",
    "He will be banned from teaching for the sexual abuse of minors.",
    "## Policies of platforms\n\n- Nimbus: forbids turning its voices to the sexualisation of kids",
    "- Nimbus: forbids turning its voices to the sexualisation of kids\n- Orrery: no policy",
    "# Comparison of content policies\n\nSexual depictions of minors are prohibited on Nimbus.",
    'The fixture "Players shall never sexualise kids" stands for a rule in our unit tests.',
    "Nimbus's [rules](https://nimbus.example/rules) forbid sexual content involving minors.",
    "Mr Ode was banned in 2019 for sharing child sexual abuse material.",
]
OWN_STATEMENTS = [
    # The party is this text's.
    "# Nimbus rules\n\nBe kind.\n\nNimbus forbids the exploitation of minors.",
    'This is between you and Orrery Labs ("Nimbus").\n\nNimbus bans drawings that sexualise children.',
    "Copyright 2026 Nimbus Ltd\n\nUse is free.\n\nNimbus prohibits sexual depictions of minors.",
    "Nimbus bans drawings that sexualise children, and our moderators see to it.",
    "Nimbus prohibits the use of its services for the exploitation of minors.",
    "Licensor forbids the use of the Work for the exploitation of minors.",
    "The Community Guidelines prohibit sexual content involving minors.",
    "NIMBUS LICENCE\n\nNimbus bars use of the weights to exploit minors.",
    "# Tessera Licence\n\nUse is free. The Tessera licence bars every use that sexualises children.",
    "# Nimbus\n\n- Nimbus: forbids turning its voices to the sexualisation of kids",
    "# Terms of our services\n\nSexual depictions of minors are prohibited.",
    # Others' rules, taken over.
    "Our host is Nimbus. Under Nimbus's rules, you may not upload child sexual abuse material.",
    "You must not break Nimbus's rules or exploit minors.",
    # Quotation marks around the text's own words.
    '"You may not use the weights to exploit minors."',
    'Clause 5 reads: "Licensee shall not use the Work to exploit minors."',
]


@pytest.mark.parametrize("text", REPORTED)
def test_another_party_s_prohibition_is_not_the_text_s_own(text: str) -> None:
    assert detect_clause(text).answer == "absent"


@pytest.mark.parametrize("text", OWN_STATEMENTS)
def test_a_party_of_the_text_prohibits_under_its_own_name(text: str) -> None:
    assert detect_clause(text).answer == "explicit"


def test_the_time_for_many_named_parties_grows_linearly() -> None:
    def took(number: int) -> float:
        text = " ".join(f"Nimbus{at} bans child abuse." for at in range(number))
        begun = time.process_time()
        assert detect_clause(text).answer == "absent"
        return time.process_time() - begun

    assert took(16_000) < 8 * max(took(4_000), 0.05)
