"""Ages in words, defined terms, stems that name a consequence, and samples of dialogue."""

from __future__ import annotations

import pytest

from tests.clauses.shipped import detect_clause

PROHIBITING = [
    "A persona whose apparent age is below 18 may not be used in romantic or sexual scenes.",
    "Bots with a stated age under eighteen must never be sexualised.",
    "You may not make sexual images of a figure whose age appears to be less than 18.",
    # What hangs on a consequence.
    "We may disable access to, or stop delivery of, content that:\n\n- shows child sexual abuse;\n- spreads malware.",
    "Orrery will suspend service for sites which:\n(a) host child sexual abuse material; or\n(b) send spam.",
    "Anything sexual with minors is a permanent ban.",
    "Sexual pictures of minors are an instant ban and a report to the police.",
    "A server is blocked if\n\na) it spreads malware,\nb) it hosts images of child sexual abuse.",
    "The agreement forbids recipients to share the corpus or to exploit minors with it.",
    # Hyphens and spaces of typesetters.
    "Orrery keeps a zero\u2011tolerance policy towards child\u2011abuse material.",
    "You may\u00a0not upload sexual images of under\u2011age characters.",
    "Characters who are, or look like, children, must not be put into sexual scenes.",
    "Sexual images of persons under 19 are forbidden.",
    # A term, prohibited here and defined there.
    "You may not upload Forbidden Material. Forbidden Material means malware, and any image that sexualises a child.",
    "“Harmful Output” means output that depicts the sexual abuse of a child.\n\n2. You must not seek Harmful Output.",
    "'Restricted Content' means child sexual abuse material and malware. You may not upload Restricted Content.",
    '"Red-line outputs" are outputs that sexualise minors. Red-line outputs are prohibited.',
    '"Red items": child sexual abuse material, stolen data. No Red items may be stored on the service.',
    'This section is on images of child sexual abuse ("Illicit Material"). Customer must not host Illicit Material.',
    "1. Banned Content includes spam and child sexual abuse material.\n\n2. Accounts are free.\n\n"
    "3. Nobody may store Banned Content on our servers.",
]
NOT_PROHIBITING = [
    "A person whose age is below 18 may not use the site.",
    "We may disable access to accounts that have been idle for a year. We study child sexual abuse material laws.",
    "Sexual health lessons for minors are an instant success.",
    # Defined, and not prohibited, or another thing is.
    "“Harmful Output” means any output that depicts the sexual abuse of a child.\n\n2. We count Harmful Output.",
    "'Restricted Content' means child sexual abuse material and malware. You may upload Restricted Content.",
    "'Restricted Content' means child sexual abuse material. Our classifier counts Restricted Content.",
    '"Red items": child sexual abuse material, stolen data. The study counts Red items.',
    'This section is on images of child sexual abuse ("Illicit Material"). The report lists Illicit Material.',
    "Acme's policy says that users must not share child sexual abuse material.",
    "“Minor” means a person under 18. “Abuse” means the sexual exploitation of a minor. You must not share your key.",
    "Flagged Content means posts that depict child sexual abuse. You must not change the labels of a row.",
    "A server is blocked if it sends spam. We study child sexual abuse material laws.",
    "Disclosures of the sexual exploitation of a child go to the lead. Secrecy cannot be promised in that event.",
    # Advertising codes.
    "Advertisements must not exploit the credulity of children.",
    "You shall not exploit the inexperience, loyalty or trust of young people in an offer.",
    # Told of others.
    "Of 90 adapters whose base model forbids harm to minors, 30 declare another licence.",
    "The video service says that users must not create sexual content with minors.",
    "In its new terms, the company states that nobody may sexualise children.",
    "We weighed a list of prohibited purposes such as harm to minors, and decided against it.",
    '```json\n{"site": 7, "text": "Members must not share material that sexually exploits minors."}\n```',
    "| Category | Reports | Automated |\n|---|---|---|\n| Sexual exploitation of minors | 6 | no |\n| Spam | 9 | yes |",
    "| Number | Kind | Upheld |\n|---|---|---|\n| 6 | Sexual exploitation of minors | no |",
    "| Prohibited category | Upheld | Count |\n|---|---|---|\n| Grooming of minors | no | 12 |",
    "| Keyword | Automated | Count |\n|---|---|---|\n| Grooming of minors | no | 12 |",
]


@pytest.mark.parametrize("text", PROHIBITING)
def test_ages_in_words_defined_terms_and_stems_prohibit(text: str) -> None:
    assert detect_clause(text).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_a_similar_sentence_does_not_prohibit(text: str) -> None:
    assert detect_clause(text).answer == "absent", detect_clause(text).quote


def test_a_defined_term_is_quoted_with_its_definition() -> None:
    text = "You may not upload Class R Material.\n\nClass R Material means any image that sexualises a child."
    said = detect_clause(text)
    assert said.quote == (
        "You may not upload Class R Material. … Class R Material means any image that sexualises a child."
    )
    assert text[said.start : said.end] == "Class R Material means any image that sexualises a child."


@pytest.mark.parametrize("columns", ["Content | Allowed", "Number | Permitted", "Items | OK"])
def test_a_no_in_a_table_of_rules_prohibits(columns: str) -> None:
    text = f"| {columns} |\n|---|---|\n| Landscapes | yes |\n| Sexual content with minors | no |"
    assert detect_clause(text).answer == "explicit"


def test_too_many_mentions_of_a_defined_term_leave_the_rest_unread_and_say_from_where() -> None:
    text = "Bad Stuff means images of child sexual abuse.\n\n" + "We write of Bad Stuff here.\n\n" * 3000
    said = detect_clause(text)
    assert said.answer == "absent"
    assert said.unread_reason.startswith("more sentences than are read, from character ")
