"""The policy of use that a text makes binding by naming it is found."""

from __future__ import annotations

import pytest

from tests.clauses.shipped import detect_clause


def test_a_binding_policy_is_named() -> None:
    found = detect_clause("Your use must comply with the Acme Acceptable Use Policy, available at example.org.")
    assert (found.answer, found.policy) == ("by-reference", "Acme Acceptable Use Policy")


def test_a_reference_in_a_card_is_not_binding() -> None:
    assert (
        detect_clause("See our Acceptable Use Policy, available at example.org.", references=False).answer == "absent"
    )


def test_a_policy_is_named_with_its_owner_and_address() -> None:
    found = detect_clause("Use is subject to Northwind’s usage policies (https://northwind.example/policies).")
    assert (found.answer, found.policy) == (
        "by-reference",
        "Northwind’s usage policies (https://northwind.example/policies)",
    )


@pytest.mark.parametrize(
    ("text", "refers"),
    [
        (
            "Use the weights as set forth in the Tessera Prohibited Use Policy at tessera.example/use\\_1.",
            "Tessera Prohibited Use Policy (tessera.example/use_1)",
        ),
        (
            "You agree to the Usage Policy. You must comply with the Tessera Acceptable Use Policy, found at\n"
            "https://tessera.example/aup.",
            "Tessera Acceptable Use Policy (https://tessera.example/aup)",
        ),
        (
            "Prohibited uses of Tessera are outlined in the [Tessera Prohibited Use Policy](https://tessera.example/u).",
            "Tessera Prohibited Use Policy (https://tessera.example/u)",
        ),
        ("Access is given to those who accept the Tessera Responsible Use Policy.", "Tessera Responsible Use Policy"),
        (
            "# Tessera terms\n\n## Acceptable Use Policy\n\nYou agree to comply with our Acceptable Use Policy.",
            "Acceptable Use Policy",
        ),
        ("You must comply with the\nAcceptable Use Policy\nand with the law.", "Acceptable Use Policy"),
        (
            "Its annex, the Tessera Acceptable Use Policy, forms part of this agreement.",
            "Tessera Acceptable Use Policy",
        ),
        ("What you may not do is listed in the Tessera Acceptable Use Policy.", "Tessera Acceptable Use Policy"),
        ("All content must meet the Nimbus Community Guidelines.", "Community Guidelines"),
        ("See the Tessera Use Policy for what you may not do.", "Tessera Use Policy"),
        ("Access is conditional on adherence to the Usage Policies on our site.", "Usage Policies"),
        (
            "Our [Community Standards](https://nimbus.example/standards/) and these terms apply to everyone on Nimbus.",
            "Community Standards (https://nimbus.example/standards/)",
        ),
        ("By every seller, the Nimbus Platform Rules must be adhered to.", "Nimbus Platform Rules"),
        ("4.1 Usage Policy. You must comply with the Usage Policy on our site.", "Usage Policy"),
    ],
)
def test_the_policy_with_an_address_is_named_before_others(text: str, refers: str) -> None:
    assert (detect_clause(text).answer, detect_clause(text).policy) == ("by-reference", refers)


@pytest.mark.parametrize(
    "text",
    [
        "You must comply with the Tessera Trademark Usage Policy.",
        "Logos are used in accordance with our Third Party Usage Guidelines.",
        "This Acceptable Use Policy binds all users. You must comply with the Acceptable Use Policy.",
        "4. Use Restrictions. You agree to the following.",
        "Support is subject to our Fair Usage Policy.",
        "Contributors follow our Code of Conduct.",
        # Its own title, and a section's.
        "# Acceptable Use Policy\n\nYou agree to what follows. The Acceptable Use Policy was last changed in May.",
        "# Terms\n\nYou agree to these terms.\n\n## Content Policy\n\nUsers who violate this are banned.",
        "Content Policy\n==============\n\nYou agree to be kind.",
        "[](#rules)**Community Rules**\n====\n\nThe Community Rules apply to all members.",
        "Welcome to the Nimbus Community Guidelines! You agree to follow the Community Guidelines.",
        "These Community Standards apply to all users. Whoever violates the Community Standards is banned.",
        "Apps must not contain gore or insults (“App Content Policy”). Sellers agree to the App Content Policy.",
        "You agree to hand on the Prohibited Use Policy set out in Section 4 of this licence.",
        "Our Community Guidelines\n\nBe kind. The Community Guidelines apply to everyone.",
        "The Content Policy team meets on Mondays to agree on dates.",
        "This Content Policy explains how apps are rated. Developers must comply with the Content Policy.",
        # None, and nobody's by name.
        "There is no usage policy that you must comply with.",
        "The paper compares the Acceptable Use Policy of Nimbus with that of Orrery.",
        "The services use other models; you must comply with those parties' acceptable usage policies.",
        "Prohibited uses of the corpus are outlined in section 4. We wrote a Content Policy once.",
    ],
)
def test_a_policy_on_another_subject_and_the_text_itself_are_not_references(text: str) -> None:
    assert detect_clause(text).answer == "absent"
