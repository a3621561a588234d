"""Lists in every markup and sentences of every structure: pronouns, consequences, other acts, others' words."""

from __future__ import annotations

import pytest

from auditor.syntax.html_text import text_of_html
from tests.clauses.shipped import detect_clause

PROHIBITING_LISTS = {
    "items of HTML inside Markdown": (
        "<p>You may not use Tessera to:</p>\n<ul>\n  <li>send spam</li>\n  <li>exploit minors</li>\n</ul>\n"
    ),
    "items of HTML on lines of their own": (
        "You must not:\n<ol>\n<li>\n  resell access\n</li>\n<li>\n  groom children\n</li>\n</ol>"
    ),
    "lines without marks": "You may not use our maps:\nTo break the law.\nTo harm minors.\nTo send spam.\n",
    "paragraphs without marks": "You may not use our maps:\n\nTo break the law.\n\nTo harm minors.\n",
    "titles between the items": (
        "You agree not to:\n\n### Illegal Content\n* break the law\n\n### Other Content\n* exploit minors\n"
    ),
    "a page's foot between two items": (
        "You shall not use the Works to:\nI. send spam;\nII. host malware; or\nTessera Use Policy 2\n\n"
        "III. distribute child sexual abuse material.\n"
    ),
    "a table's header": (
        "| Not allowed | Why |\n|---|---|\n| Spam | tiresome |\n| Child sexual abuse material | illegal |\n"
    ),
    "a column of don'ts": "| Do | Don't |\n|---|---|\n| Credit us | Generate child sexual abuse material |\n",
    "a title on a line of its own": (
        "Forbidden uses\nGenerating child sexual abuse material of whatever kind or origin.\n"
    ),
    "a title under a title": "Prohibited Content\nSexual Content\n- Content that sexualizes minors\n",
    "capitals wrapped at forty columns": (
        "9. CONDUCT. NO USER MAY EMPLOY THE WORKS\nTO MAKE, KEEP OR SELL IMAGES WHICH SHOW\n"
        "THE SEXUAL ABUSE OF CHILDREN.\n"
    ),
    "numbers without a full stop": "3.1 You must not:\n3.1.1 resell access;\n3.1.2 exploit or endanger children.\n",
    "items that go on with the first one's sentence": (
        "(a) You shall not use the Work to deceive others;\n(b) exploit, harm or groom children; or\n(c) send spam.\n"
    ),
    "middle dots": "Forbidden on the board:\n\n・Adverts\n・Nude pictures of minors\n",
    "a title about abuse, over no labour": "## No child exploitation\n\nWe mean it.\n",
    "a bold title on the same line": "**Children.** Don't use Tessera to sexualise or endanger children.\n",
}


@pytest.mark.parametrize("text", PROHIBITING_LISTS.values(), ids=PROHIBITING_LISTS)
def test_an_item_of_a_prohibiting_list_is_prohibited_in_every_markup(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize(
    "html",
    [
        "<p>You may not:</p><ul><li>send spam</li><li>exploit minors</li></ul>",
        "<h2>Not allowed</h2><ul><li>Spam<ul><li>unasked advertising</li></ul></li><li>Abuse of children</li></ul>",
        "<table><tr><th>Forbidden</th></tr><tr><td>Child sexual abuse material</td></tr></table>",
        "<table><tr><td>Satire</td><td>Allowed</td></tr><tr><td>Child abuse images</td><td>Banned</td></tr></table>",
    ],
)
def test_an_item_of_a_prohibiting_list_in_a_saved_web_page_is_prohibited(html: str) -> None:
    text, trouble = text_of_html(f"<!DOCTYPE html><html><body>{html}</body></html>")
    assert trouble == ""
    assert detect_clause(text, references=False).answer == "explicit"


def test_text_after_the_list_of_a_saved_web_page_is_not_prohibited() -> None:
    html = "<p>You may not:</p><ul><li>send spam</li></ul><p>Our partner is a charity against child abuse.</p>"
    assert detect_clause(text_of_html(html)[0], references=False).answer == "absent"


PROHIBITING = [
    # What one sentence names the next prohibits.
    "Some people ask image generators to sexualise minors. We do not allow this.",
    "Child sexual abuse imagery is a crime. You must never create it with these weights.",
    "The weights can be misused to sexualise children. Such use is forbidden.",
    "- grooming of minors\n- doxxing\n\nYou shall not use the weights for any of the above.",
    # A word of the text's own.
    'You may not use the API for a Restricted Purpose. "Restricted Purpose" includes the exploitation of minors.',
    # Who may not, and what has no licence.
    "Nobody may turn these voices to anything that sexualises kids.",
    "Sellers can't list dolls that sexualise children.",
    "Rule 9. Absolutely zero pictures that sexualise children.",
    "A derivative tuned to produce child pornography is not licensed.",
    "Posts we remove: anything that sexually exploits a child.",
    "These purposes are excluded. All of the following are forbidden. Writing sexual scenes about minors. Stalking.",
    # What follows from the deed.
    "Members caught trading sexual pictures of minors are removed and reported.",
    "Anyone who uses the weights to make sexual images of children will have their access revoked.",
    "Uploads that sexualise minors will be deleted.",
    "Should you use the weights to exploit a minor, your licence ends.",
    "Sexualising children is among the gravest breaches of our rules.",
    "We remove those who share sexual images of minors, which our rules forbid.",
    # Whoever is meant.
    "Exhibitors may not offer drawings that sexualise children.",
    "The Licensee shall not, and shall see to it that others do not, employ the Works in the abuse of any person under "
    "the age of eighteen.",
    "At no time shall the Works be used to produce images in which a child is shown being abused.",
    # What is done, in other words.
    "You can't use Tessera for anything that hurts kids.",
    "Do not use the voice to lure or entice minors.",
    "The Works may not be used for trafficking of children.",
    "You will not publish what is harmful to minors or obscene.",
    "Paedopornographic content is forbidden here.",
    "Do not make illegal content involving minors.",
    # What stands beside the prohibition undoes nothing.
    "You may not exploit children in any way, whether or not prohibited by law.",
    "Publishing sexual content involving minors, or pictures of others without their consent, is prohibited.",
    "You may not use the data to trace, contact or otherwise endanger the children recorded.",
    "We prohibit and report child sexual abuse material.",
    "You may not use the weights for forced labour, human trafficking or the exploitation of children.",
    "All uses are welcome other than those that exploit children.",
    "Our stance on the sexual exploitation of children is one of zero tolerance.",
    "You warrant that nothing you offer here depicts the exploitation of minors.",
    "Any use for the exploitation of children ends this licence.",
    "Collections hosted here must be free of child sexual abuse material.",
    "Making sexual images of children with it? This gets you banned.",
    # Use is free on a condition.
    "Access is conditional upon the Recipient not employing the maps to harm minors.",
    "The licence is granted on condition that the Licensee does not use it to exploit children.",
    "Any use is fine as long as it does not sexualise minors.",
    "Permission is given so long as nobody uses the files to sexualise minors.",
    # What is pledged of one's content.
    "You represent and warrant that your content does not sexualise minors.",
    "By uploading you confirm that your files contain no sexual images of minors.",
    "You promise that:\n- it is yours;\n- it does not depict the sexual abuse of children;",
    # What is left out of a grant, and what may not be made.
    "The maintainers rule out these applications: scoring people; erotic chat with minors; scams.",
    "Games that sexualise minors may not be built with the engine.",
    "Characters that sexualise minors must not be made or shared.",
    "Under this licence no one gets permission to use the work for the sexual exploitation of minors.",
    "The voice must not be lent to anyone who would win a minor's confidence for sexual aims.",
]
NOT_PROHIBITING = [
    "The parent process must not abuse its children.",
    "Orphaned child nodes must not be exploited by the scheduler.",
    "Minor abuse of the equipment is not allowed.",
    "You may not discriminate by age, sex, sexual orientation, pregnancy or having children.",
    "The table must not be used to dose drugs for children, as an error may harm a child.",
    "No child was harmed in making this corpus.",
    "The minister said that platforms must not host child abuse material.",
    "Governments have taken a first step toward banning AI-generated child abuse imagery.",
    "In 2023 we closed 40 accounts for child exploitation.",
    "No CSAM scanning is done on your uploads.",
    "The corpus holds news of child abuse; do not redistribute it.",
    "Prohibited content classifier\n\nIts classes are:\n- csam\n- spam\n",
    "Suppliers must not hire anyone under 15 or tolerate the exploitation of children in their factories.",
    "Do not exploit juvenile fish.",
    "Adult content. Do not share it with people under 18.",
    "The bill would prohibit tools made for child sexual abuse material.",
    "Until 2019 our terms banned the sexualisation of minors.",
    "We warrant that the data set does not contain sexual images of minors.",
    "The licence is granted on condition that the Licensee keeps the data, which cover abuse of minors, in a safe.",
    "You agree that we are not liable if content harms minors.",
    "We have excluded the following articles: sports; sexual abuse of minors.",
    "Reports on sexual abuse of minors may not be made public.",
    "A minor bug must not exploit the cache. You must obtain a minor's consent before sexual health counselling.",
    "## Sexual health\n\nDo not share images of minors.",
    "## No child exploitation\n\nSuppliers pay fair wages.",
    "# Supplier code\n\n## Our suppliers\n\nThe exploitation of children is prohibited.",
    "- You may use the data to train filters;\n- promote safety of abused minors;\n- do research.",
    "(a) You shall not sell the data;\n(b) the data covers sexual abuse of minors; and\n(c) it is large.",
    "A clause could have been written to outlaw harm to children; there is none.",
    "We decided against forbidding the exploitation of minors in the licence.",
    "We discussed whether a ban on harm to minors would help.",
    "You may not use it:\n- to send spam\n\nWe like children. Our staff is trained in preventing abuse of minors.\n",
]


@pytest.mark.parametrize("text", PROHIBITING)
def test_a_prohibition_is_found_in_every_sentence_structure(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_a_sentence_that_prohibits_something_else_is_not_a_prohibition(text: str) -> None:
    assert detect_clause(text, references=False).answer == "absent"


def test_the_quote_of_a_prohibition_over_two_sentences_has_both() -> None:
    text = "Hello. Some try to sexualise minors with it. This is not allowed. Bye."
    found = detect_clause(text)
    assert found.quote == "Some try to sexualise minors with it. This is not allowed."
    assert text[found.start : found.end].strip() == found.quote


@pytest.mark.parametrize(
    "text",
    [
        "Nobody may use these pictures for anything that sexualises children.",
        "Vendors can't offer material that sexually exploits minors.",
        "Accounts found sharing sexual material of minors are closed and reported.",
        "A derivative that was trained to sexualise minors is not licensed.",
        "The Provider's policies prohibit sexual content involving minors.",
        "Lakeside's rules, which are part of these terms, ban content that sexualises minors.",
    ],
)
def test_a_prohibition_is_found_whoever_it_addresses(text: str) -> None:
    assert detect_clause(text).answer == "explicit"


@pytest.mark.parametrize(
    "text",
    [
        "Lakeside's rules forbid sexual content involving minors.",
        "Under Lakeside's licence, users may not exploit minors.",
        "He was banned from the forum for sharing child sexual abuse material.",
        "Scholars and researchers have argued that policies should prohibit the sexualisation of minors.",
        "If an app allows uploads, its makers should have rules that prohibit child sexual abuse material.",
        'raise ValueError("sexual content involving minors is not allowed")',
        '"error_minors": "Content that sexualises minors is prohibited.",',
    ],
)
def test_what_others_say_or_did_or_should_do_is_not_a_prohibition(text: str) -> None:
    assert detect_clause(text).answer == "absent"
