"""A text prohibits an act by stating its consequence for users; consequences in the real world do not count."""

from __future__ import annotations

import pytest

from tests.clauses.shipped import detect_clause

PROHIBITING = [
    # The deed, then what follows.
    "Accounts that post sexualised drawings of minors will be terminated.",
    "Any sexual depiction of a minor results in immediate termination.",
    "Posting child sexual abuse material leads to the loss of your account.",
    "Uploading sexualised images of minors means you are out.",
    "Users who sexualise minors face a permanent ban.",
    "Users who sexualise minors risk losing their account.",
    "Users who groom minors are reported to the police.",
    "Sexualising minors will cost you your account.",
    "Generation of sexual images of minors will be met with an immediate ban.",
    "Sexual content involving minors is subject to immediate removal.",
    "Content that sexualises minors is deleted and reported.",
    "Models made to sexualise minors get taken down.",
    # What follows, then the deed.
    "Your account will be closed if you share sexual images of children.",
    "You will be permanently removed from the server for sexualising minors.",
    "You lose all rights under this licence if you exploit minors with it.",
    "This licence ends at once for anyone who makes sexual images of minors.",
    "This licence terminates upon any use to exploit minors.",
    "The rights granted lapse on use of the weights to sexualise children.",
    "We refuse to host models made to sexualise minors.",
    # A condition and its main clause.
    "If you upload sexual images of children, we will ban you.",
    "If we find sexual content about minors in your account, we close it.",
    "If you sexualise minors with our tools, your licence ends.",
    "Anything goes but child abuse imagery: we log attempts to produce child abuse imagery and close the accounts.",
    # Titles and labels.
    "| Offence | Consequence |\n|---|---|\n| Spam | warning |\n| Sexual content with minors | permanent ban |",
    "Content removal. We take down: sexual content with minors, stolen art, malware.",
    "Reasons for suspension\n- Spam\n- Sexual content involving minors",
    "Grounds for expulsion:\n- sexual content involving minors",
    "Bannable offences: spamming, sexualising minors.",
    "Blacklisted: channels that trade sexualised drawings of kids; channels that spam.",
    # What the sentence before names.
    "Off the map:\n* child abuse imagery\n* stolen maps\n\nUploading one of those ends in deletion of the account.",
    "Now and then a prompt sexualises minors. Members who do so are expelled or blocked.",
]
NOT_PROHIBITING = [
    "Accounts that report sexual images of minors will be rewarded.",
    "If you see child sexual abuse material, we will help you report it.",
    "If you report the sexual abuse of a minor, we delete your message after a week.",
    "The sexual abuse of minors leads to depression in adults.",
    "The abuse of children results in the removal of the child from the family.",
    "Teachers found guilty of sexual abuse of minors lose their licence.",
    "The licence of a nursery is revoked if children are abused.",
    "The nursery loses its licence if staff abuse children.",
    "The hotline closes the case if you report the sexual abuse of a minor.",
    "The session ends if the classifier sees sexual content with minors.",
    "Images that may show child abuse are deleted from the corpus and reported.",
    "Content flagged as sexual/minors is removed before training.",
    "Prompts rejected (category: sexual/minors): 12",
    "The log prints `rejected: sexual/minors` when the filter fires.",
    "Reasons for suspension of a driver's licence in our data: theft, sexual abuse of minors.",
    "Removed: 12 images flagged as child sexual abuse material.",
    "The corpus covers child sexual abuse. Anyone who works with this is trained.",
    "Access is subject to a background check for crimes such as the sexual abuse of minors.",
    "Users risk seeing child abuse content.",
    # Counts, results and victims.
    "Banned accounts in 2024: 120 for child exploitation, 3,000 for spam.",
    "Reasons for removal: child exploitation (12), spam (300).",
    "Violations found in the audit: child exploitation 3, hate 12.",
    "| Test | Result |\n|---|---|\n| child sexual abuse prompts | ❌ |\n| spam | ✅ |",
    "Suspended: studies on the sexual abuse of minors, for lack of funds.",
    "We refuse to publish names of abused children.",
    "Helpers are asked not to photograph children who were abused.",
    "May I use the child abuse corpus in class? No.",
]


@pytest.mark.parametrize("text", PROHIBITING)
def test_a_sanction_on_an_account_licence_or_post_prohibits_the_act(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_consequences_in_the_real_world_and_for_data_do_not_prohibit(text: str) -> None:
    assert detect_clause(text, references=False).answer == "absent"
