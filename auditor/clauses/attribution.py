"""Decide whether a sentence that prohibits is the text's own statement or reports another party's.

A prohibition is another party's if its subject is named and is not a party of the text ("OpenAI's policies forbid …",
"Court bars …"), if it is reported ("the team says it bans …"), or if all of it is in quotation marks, as messages in
code are. A sentence with we, our, you or this is the text's own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from auditor.clauses.lazy_pattern import lazy_pattern

_THIRD_PARTY_SOURCE = lazy_pattern(
    r"(?i)^[\W_]*(?:according to|unlike|as (?:stated|noted|described|reported) (?:in|by)|(?:for example|for instance|"
    r"similarly),? [^.]{0,60}(?:polic|terms|licen)|"
    r"(?:(?:some|many|most|other|several|certain|various|their|his|her) )+(?:\w+ ){0,3}(?:polic|terms|platforms?|"
    r"companies|licen[cs]es|providers?|laws?|models?|services)|"
    r"(?:\w+ ){1,4}of (?:other|some|many|most|several) (?:\w+ ){1,2}(?:ban|prohibit|forbid|disallow)s?\b|"
    r"(?:(?:prohibited|banned|forbidden) \w+ )?under (?:the )?(?:[\w-]+ ){1,4}(?:act|directive|penal code|"
    r"criminal code)\b|"
    r"(?:the )?(?:law|eu|un|united nations|congress|government|act|directive|authors? of)\b)"
    r"|(?i)\b(?:minister|senator|president|police|court|judge|officials?|spokes\w+|mayor|campaigners?|experts?|"
    r"lawyers?)\b"
    r"(?: [\w’']+){0,6} (?:said|says|called|urged|warned|announced|told|wrote|promised|ruled)\b"
    r"|(?i), (?:the|an?|one|its) (?:article|paper|report|newspaper|authors?|study|press|blog) (?:says?|said|"
    r"writes?|notes?|"
    r"reports?|reported)\b|\b(?:as reported|reportedly)\b"
    r"|(?i)\b(?:researchers?|paper|article|study|survey|report|journalists?|reporters?)(?: [\w’']+){0,6} (?:found|"
    r"shows?|showed|reports?|reported|describes?|discuss\w*|examin\w*|analy[sz]\w*|asks?|argued?|suggest\w*|"
    r"recommend\w*)\b"
)
_FIRST_OR_SECOND_PERSON = lazy_pattern(r"(?i)\b(?:we|our|ours|us|your?|this|these|hereby)\b")
_PARTY_NAME = r"((?:The |the )?(?:[A-Z][\w&.+-]*)(?: (?:of |the |and )?[A-Z][\w&.+-]*){0,3})"
_RULES_NOUN = r"(?:polic(?:y|ies)|rules?|terms|guidelines?|licen[cs]es?|agreements?|standards?|code|constitution)"
_FORBIDS = (
    r"(?:(?:prohibit|forbid|ban|bar|disallow|outlaw|reject|condemn|exclude)s|has (?:banned|prohibited|forbidden)|"
    r"(?:does not|doesn['’]t|will not|won['’]t) (?:allow|permit|tolerate|accept|host))"
)
_FORBID = r"(?:prohibit|forbid|ban|bar|disallow|outlaw|reject|exclude|(?:do not|don['’]t) (?:allow|permit|tolerate))"
_CLAUSE_START = r"(?:^[\W_\d]*|[,;:|] ?(?:and |but |while |whereas |though )?)"
# "Discord prohibits …"; "Apple's rules ban …"; "Under Meta's licence, …".
_NAMED_PARTY_FORBIDS = (
    lazy_pattern(rf"{_CLAUSE_START}{_PARTY_NAME} (?:[a-z]+ly |also |now )?{_FORBIDS}\b"),
    lazy_pattern(
        rf"{_CLAUSE_START}{_PARTY_NAME}['’]s? (?:[\w-]+ ){{0,3}}{_RULES_NOUN} (?:[a-z]+ly |also )?"
        rf"(?:{_FORBIDS}|{_FORBID})\b"
    ),
    lazy_pattern(
        rf"{_CLAUSE_START}(?:Under|under|Per|per|As per|In|in|By|by|Following|following|Going by) {_PARTY_NAME}['’]s? "
        rf"(?:[\w-]+ ){{0,3}}{_RULES_NOUN}\b"
    ),
)
# "Nimbus: bans …", also with the name in a stem; titles of lists and reviews of what others forbid.
_NAME_COLON_FORBIDS = lazy_pattern(
    rf"^[\W_\d]*{_PARTY_NAME}: (?:[a-z]+ly |also )?(?:{_FORBIDS}|(?:says|states|writes) (?:that )?it)\b"
)
_POLICIES_OF_OTHERS = lazy_pattern(
    r"(?i)\b(?:polic(?:y|ies)|rules|terms|licen[cs]es|guidelines|standards)(?: [\w-]+){0,3} "
    r"(?:of|at|across|by|from|on) (?:(?:other|some|major|large|popular|big|different|various|several) "
    r"(?:\w+ )?(?:sites|websites|providers|"
    r"services|tools)|(?:\w+ )?(?:platforms|companies|hubs|vendors|labs|others))\b|"
    r"\b(?:comparison|comparing|compared|survey|reading list)\b.*\b(?:policies|licen[cs]es|terms|rules|safety)\b|"
    r"\b(?:policies|licen[cs]es|terms|rules) (?:[\w-]+ )?compared\b|"
    r"\b(?:its|their) (?:\w+ ){0,2}(?:polic(?:y|ies)|rules|terms|guidelines|licen[cs]e)\b|"
    r"(?:polic(?:y|ies)|rules|terms|guidelines|licen[cs]e)(?:: an?| ?[-–—])? (?:\w+ )?(?:explained|reviewed|review|"
    r"analysis|explainer)\W*$"
)
# A company that writes about itself by name mentions its users or its services.
_OWN_USERS_OR_SERVICES = lazy_pattern(
    r"(?i)\b(?:users?|customers?|members?|clients?|licensees?|subscribers?|anyone (?:from|to))\b|"
    r"\bits (?:\w+ )?(?:services?|platforms?|products?|models?|software|apis?|sites?|websites?|networks?|systems?|"
    r"technology|technologies|weights)\b"
)
_REPORTED_SPEECH = lazy_pattern(
    r"^(?:He|She)\b|\b(?:says?|said|claims?|claimed|announced|insists?|explained|wrote)(?: that)? (?:it|they|he|she)\b"
)
_MARKDOWN_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,500}\)")
# Minutes and news report others, even if the sentence says "we".
_NARRATION = lazy_pattern(
    r"\b(?:He|he|She|she|They|they|[A-Z][a-z]+) (?:also |then )?(?:noted|argued|explained|observed|remarked|objected|"
    r"mentioned|proposed|suggested|added|stressed|recalled|pointed out|told \w+|said) that\b|"
    r"\b(?:[Tt]he|[Aa]n?|[Ii]ts) (?:\w+ ){0,2}(?:generator|company|firm|start-?up|operator|maker|vendor|competitor|"
    r"service|site|network|app|lab|group|agency) (?:also |now )?(?:says|said|states|stated|writes|wrote|announced|"
    r"announces) that\b|"
    # "Of 90 adapters whose base model forbids X, …".
    r"\bwhose (?:[\w-]+ ){1,3}(?:forbids?|prohibits?|bans?|disallows?)\b"
)
# A line of data: {"text": "…"}.
_JSON_RECORD = re.compile(r"[ \t>]*(?:[-*] )?[{\[,]?[ \t]*\"[\w-]{1,40}\"[ \t]*:[ \t]*[\"\[{\d]")
# Capitalised words for a role in a contract or a part of the text; they name no other party.
_CONTRACT_ROLES = frozenset(
    "licensor licensors licensee licensees company provider providers owner owners author authors creator creators "
    "team platform service services site website server app policy policies licence license agreement terms model "
    "models section attachment appendix exhibit annex schedule rule rules community content guidelines management "
    "staff moderators operator publisher user users customer customers member members developer developers nobody "
    "everyone anyone nothing anything it he she they that which who everything use usage software product dataset "
    "paragraph clause article part".split()
)
# Characters at the beginning of a text in which its title names its owner.
TITLE_LENGTH = 300
# Characters at the beginning of a text in which it introduces its parties.
OPENING_LENGTH = 50_000
MAX_PARTIES = 50
_PARTY_INTRODUCTION = lazy_pattern(
    r"[\"“(][A-Z][\w&.+ -]{1,40}[\"”)]|[A-Z][\w&.+-]*(?: [A-Z][\w&.+-]*){0,3},? \(?[\"“]?(?:we|us|our)\b|"
    r"(?:©|\([cC]\)|[Cc]opyright)[^\n]{0,60}|\b(?:with|by|from) (?:[A-Z][\w&.+-]* ?){1,4},? ?(?:Inc|Ltd|LLC|GmbH)\b"
)
# A title such as "Child Safety Standards": the only party that forbids something below it owns the text.
_RULES_TITLE = lazy_pattern(
    r"(?im)\A(?:[#*_=\s]|<h[1-6]>)*(?:(?:our|the|public|published|official) )?(?:(?:child|children['’]?s?|minors?|user|"
    r"community|content|safety|protection|standards|csae|csam|platform|acceptable|prohibited|use|usage|and|against|of|"
    r"sexual|abuse|exploitation|service|conduct|for|general|&) ?)*(?:standards|polic(?:y|ies)|guidelines|rules|terms|"
    r"code of conduct|terms of (?:use|service)|terms and conditions)"
    r"(?: (?:against|on|for) (?:\w+ ?){1,8}(?:\(\w+\))?)?(?:[#*_ \t]|</h[1-6]>)*$"
)
# Where a sentence that names a party may begin, and its words.
_NAMED_SENTENCE = lazy_pattern(r"(?:^|[.\n>#*_|-] *)([A-Z][^.\n]{10,300})")
MAX_NAMED_SENTENCES = 500
_QUOTATION = lazy_pattern(r"“([^“”]{10,})”|\"([^\"]{10,})\"|(?:^|[\s(])(?:'[^']{10,}'|‘[^‘]{10,}’)(?:[\s.,;)]|$)")
# A line of a sample dialogue, and a model's refusal.
_SAMPLE_DIALOGUE = lazy_pattern(
    r"(?i)^\W*(?:assistant|user|human|bot|chatbot|ai|responses?|completions?|refusals?|outputs?|"
    r"(?:samples?|examples?)(?: of)? (?:\w+ )?(?:answers?|outputs?|responses?|refusals?|reply|replies|prompts?|"
    r"conversations?|dialogues?|messages?))\s*[:\"]"
    r"|(?i)\bI(?:['’]m| am)? (?:sorry|unable|(?:cannot|can['’]?t) (?:help|assist|fulfil|comply|provide|create|generate|"
    r"write|engage|produce|continue|discuss))"
)
_TEXT_EDIT = lazy_pattern(
    r"(?i)\b(?:remove[sd]?|delete[sd]?|drop(?:s|ped)?|replace[sd]?|says?|said|asks?|such as|e\.g|samples?|tests?|"
    r"placeholders?|fixtures?|dummy|mock|made-up|invented|fictional)\b"
)
_CONTRACT_WORDS = lazy_pattern(
    r"(?i)\b(?:must|shall|agrees?|licen[cs](?:e|es|ee|ees|or)|clauses?|section|article|rules?|polic(?:y|ies)|terms|conditions?|notice|prompt|"
    r"restrictions?|following|uses?)\b"
)


def is_third_party(words: str) -> bool:
    """Return whether the sentence itself shows that it is about others: the law, the press, several companies."""
    return bool(_THIRD_PARTY_SOURCE.search(words))


def is_reported(text: str, words: str, start: int, target: str) -> bool:
    """Return whether ``words`` report what another party states about ``target``.

    Args:
        text: The whole text.
        words: The sentence.
        start: The character of ``text`` at which the sentence begins.
        target: The words of the target.
    """
    line = text.rfind("\n", 0, start) + 1
    if _SAMPLE_DIALOGUE.search(words) or _is_only_quoted(words, target) or _JSON_RECORD.match(text[line : line + 100]):
        return True
    if _NARRATION.search(words):
        return True
    if _FIRST_OR_SECOND_PERSON.search(words):
        return False
    if "](" in words:
        words = _MARKDOWN_LINK.sub(r"\1", words)
    if _REPORTED_SPEECH.search(words):
        return True
    parties = _NAMED_PARTY_FORBIDS[1:] if _OWN_USERS_OR_SERVICES.search(words) else _NAMED_PARTY_FORBIDS
    return any(
        not _is_own_party(text, start, found.group(1)) for pattern in parties for found in pattern.finditer(words)
    )


def is_enumeration_of_policies(text: str, words: str, start: int, stem: str, titles: tuple[str, ...]) -> bool:
    """Return whether the sentence is in a list of other parties' policies, by a title above it or a name before it.

    Args:
        text: The whole text.
        words: The sentence.
        start: The character of ``text`` at which the sentence begins.
        stem: The stem that it belongs to, or "".
        titles: The headings above it.
    """
    if _FIRST_OR_SECOND_PERSON.search(words):
        return False
    if any(_POLICIES_OF_OTHERS.search(title) and not _FIRST_OR_SECOND_PERSON.search(title) for title in titles):
        return True
    named = _NAME_COLON_FORBIDS.match(words) or _NAME_COLON_FORBIDS.match(f"{stem} {words}")
    line = text.rfind("\n", 0, start) + 1
    return bool(named and not _is_own_party(text, line, named.group(1)))


def _is_only_quoted(words: str, target: str) -> bool:
    """Return whether the target is inside quotation marks and the words around it do not make it the text's own."""
    for found in _QUOTATION.finditer(words):
        if target in found.group():
            around = words[: found.start()] + " " + words[found.end() :]
            if not any(map(str.isalpha, around)):
                return False  # if all of it is in quotation marks, they mean nothing
            return bool(_TEXT_EDIT.search(around)) or not (
                _FIRST_OR_SECOND_PERSON.search(around) or _CONTRACT_WORDS.search(around)
            )
    return False


def _is_own_party(text: str, start: int, name: str) -> bool:
    """Return whether the named party is the text's own: in its title, defined in it, its copyright owner, or "we"."""
    name = name.removeprefix("The ").removeprefix("the ")
    if any(word.lower() in _CONTRACT_ROLES for word in name.split()):
        return True
    title = text[: min(TITLE_LENGTH, start)]
    if _RULES_TITLE.search(title) and _sole_forbidding_party(text) == name:
        return True
    return name in title or name.upper() in title or any(name in words for words in _introduced_parties(text))


@lru_cache(maxsize=1)
def _sole_forbidding_party(text: str) -> str:
    """Return the only party that forbids something, by the text; "" if there are several or none."""
    names = {
        found.group(1).removeprefix("The ").removeprefix("the ")
        for sentence in islice(_NAMED_SENTENCE.finditer(text[:OPENING_LENGTH]), MAX_NAMED_SENTENCES)
        for pattern in _NAMED_PARTY_FORBIDS
        for found in islice(pattern.finditer(sentence.group(1)), MAX_PARTIES)
    }
    return names.pop() if len(names) == 1 else ""


@lru_cache(maxsize=1)
def _introduced_parties(text: str) -> tuple[str, ...]:
    """Return the places where a text introduces the party that speaks: "Acme", (Acme), Acme ("we"), © Acme."""
    return tuple(islice((found.group() for found in _PARTY_INTRODUCTION.finditer(text[:OPENING_LENGTH])), MAX_PARTIES))
