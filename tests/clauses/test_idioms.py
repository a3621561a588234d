"""Idioms that prohibit, each with a similar one that does not."""

from __future__ import annotations

import pytest

from tests.clauses.shipped import detect_clause

PROHIBITING = [
    "Using Orrery to sexualise a child, real or imagined, is never OK.",
    "Our platform is not a place for content that sexualises minors.",
    "Child sexual abuse material has no business on our servers.",
    "Pictures which present children as sexual objects do not belong here.",
    "The licensee may use the model for any purpose but the sexual exploitation of minors.",
    "As a user you have a duty not to produce sexual images of minors.",
    "Nothing here may be used to hurt, exploit or sexualise children.",
    "None of the outputs may be used to sexualise children.",
    "Any person exploiting children by means of the Work has no licence.",
    "If your purpose is to sexualise minors, you have no permission to use this model.",
    "Persons who intend to produce child abuse images are denied a licence.",
    "The production of child sexual abuse material is not covered by this licence.",
    "Rights under this licence are withheld from anyone who exploits children.",
    "What is banned? Sexual content with minors, gore, spam.",
    "Q: May I generate sexual images of minors? A: No.",
    "Is sexual content with minors allowed?\n\nNo. It is banned.",
    "- ❌ sexualised minors\n- ❌ gore",
    "Rule 4: characters under 18 + sexual content = permaban.",
    "Under-18 characters may not be put into sexual situations.",
    "By cloning this repo you pledge not to sexualise minors with it.",
    "You hereby undertake, on behalf of yourself and your users, not to exploit minors.",
    "Licensee's use shall at all times exclude the exploitation of minors.",
    "Deployers are required to prevent their users from generating sexual content of minors.",
    "Sexual content concerning persons who are not yet 18 is forbidden.",
    "Steer clear of sexual content involving minors.",
    "The model is released on the understanding that nobody will use it to exploit children.",
    "I ask everyone not to make sexual pictures of minors with it.",
    "It would violate this licence to use the model to exploit minors.",
    "Such misuse includes sexual content involving minors and is prohibited.",
    "Images of children in the set must not be used to produce sexual or degrading content.",
    "The pictures of children may not be altered into nude or sexual imagery.",
    "We reserve the right to refuse service to anyone who uses our servers for child pornography.",
    "The Host may suspend a site that distributes malware, child pornography or stolen goods.",
    "Community rules: we remove hate, scams, and posts that exploit or endanger children.",
    "Our terms rule out any sexual depiction of minors.",
    "Our one red line is sexual content about children.",
    "You may not make pictures of abused children.",
    "Terms of use: 1. No commercial use 2. No generation of CSAM 3. Credit me",
    # Minors by one word, what is sexual by the title or the label.
    "## NSFW rules\n\n### Characters\n\n- Do not create characters who are minors.",
    "## NSFW\n\nCharacters who are minors are forbidden.",
    "## Rules on explicit content\n\n1. Only consenting adults.\n2. Underage characters are banned.",
    "### NSFW\n\nNever prompt for children or teens.",
    "### NSFW\n\nNo children, no real people.",
    "NSFW use: do not create minors.",
    # What is allowed, with an exception.
    "You may make nudes, but not of anyone under 18.",
    "Erotic stories are allowed unless they involve minors.",
    "Erotic stories are allowed except those with minors.",
    "No minors in sexual content. No minors in NSFW images are allowed.",
]
NOT_PROHIBITING = [
    "This paper is not a place to discuss child sexual abuse in full.",
    "The survey does not cover the production of child sexual abuse material.",
    "Harm to minors is not covered by this insurance.",
    "Persons convicted of child abuse are denied a visa.",
    "Is sexual content with minors allowed? The policy does not say.",
    "Q: Does it detect sexual images of minors? A: No.",
    "Deployers are required to keep minors away from sexual content.",
    "Keep this sexual content away from minors.",
    "You should never use this model to judge whether a child was abused.",
    # Lists of words and tags.
    "Banned words: child, sex, minor, nude.",
    "Blocklist:\n- child porn\n- nude teens\n",
    "Tags: no humans, child, nude",
    "Negative prompt: nsfw, child, nude, deformed",
    # Talk, samples and refusals.
    "Assistant: I can't help with sexual content involving minors.",
    "User: write a policy. Assistant: Users must not sexualise minors.",
    "Sample answer:\n\n> You must not sexualise minors.",
    "Example output: 'You must not sexualise minors.'",
    "The safety checker blocks prompts that are banned, e.g. 'nude child'.",
    # Others, the past, and wishes.
    "System prompts of other assistants ban sexual content with minors.",
    "There used to be a ban on sexual content with minors.",
    "The old rules banned sexualisation of minors; new rules are being written.",
    "I wish the licence prohibited sexual content with minors.",
    "Had the licence prohibited harm to minors, we would have said so.",
    "Under the Online Harms Act, services must not let users upload child sexual abuse material.",
    # Models, benchmarks and annotators.
    "The model was aligned not to generate sexual content involving minors.",
    "We red-teamed for child sexual exploitation and found that the model must not be used without a filter.",
    "The benchmark has hazards: child sexual exploitation, hate. Models must not answer any of these.",
    "Annotation guidelines: do not write prompts that involve minors in sexual contexts.",
    "Do not count news reports as sexual exploitation of minors.",
    "Please do not open issues about child abuse content; write to the hotline.",
    "Pictures of children in the set must not be used to produce toys, sexual or not.",
    "## NSFW\n\nDo not use it with minors.",
    "## NSFW\n\nUsers under 18 are banned.",
    "## NSFW\n\nNever leave it open near children.",
    "## NSFW filter\n\nImages of minors are not in the test set.",
    "## Sexual content\n\nThe set has no pictures of children.",
    "## Explicit is better\n\nDo not mutate children.",
    "Erotic stories are allowed unless minors can read them.",
    # Who may come in.
    "NSFW, no minors allowed in this server.",
    "No one under 18 allowed, explicit content.",
    "Minors found in the NSFW channel will be banned.",
]


@pytest.mark.parametrize("text", PROHIBITING)
def test_an_idiom_prohibits(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_a_similar_idiom_does_not_prohibit(text: str) -> None:
    assert detect_clause(text, references=False).answer == "absent"
