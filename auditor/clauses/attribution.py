"""Decide whether a sentence that prohibits is the text's own statement or reports another party's.

A prohibition is another party's if its subject is named and is not a party of the text ("OpenAI's policies forbid …",
"Court bars …"), if it is reported ("the team says it bans …"), or if all of it is in quotation marks, as messages in
code are. A sentence with we, our, you or this is the text's own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from auditor.clauses.cues import CompiledCues
from auditor.clauses.lazy_pattern import lazy_pattern

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
        rf"{_CLAUSE_START}{_PARTY_NAME}(?:['’]s?)? (?:[\w-]+ ){{0,3}}{_RULES_NOUN} (?:[a-z]+ly |also )?"
        rf"(?:{_FORBIDS}|{_FORBID}|(?:say|state|stipulate|provide|require)s? that)\b"
    ),
    lazy_pattern(
        rf"{_CLAUSE_START}(?:Under|under|Per|per|As per|In|in|By|by|Following|following|Going by) {_PARTY_NAME}['’]s? "
        rf"(?:[\w-]+ ){{0,3}}{_RULES_NOUN}\b"
    ),
)
# "Acme, Beta and Gamma all prohibit …".
_NAMED_PARTIES_FORBID = lazy_pattern(
    rf"{_CLAUSE_START}{_PARTY_NAME}(?:, [A-Z][\w&.+-]*)*,? and [A-Z][\w&.+-]*(?: [a-z]+)? {_FORBID}\b"
)
# "Nimbus: bans …", also with the name in a stem; titles of lists and reviews of what others forbid.
_NAME_COLON_FORBIDS = lazy_pattern(
    rf"^[\W_\d]*{_PARTY_NAME}: (?:[a-z]+ly |also )?(?:{_FORBIDS}|(?:says|states|writes) (?:that )?it)\b"
)
_MARKDOWN_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,500}\)")
# A line of data: {"text": "…"}.
_JSON_RECORD = re.compile(r"[ \t>]*(?:[-*] )?[{\[,]?[ \t]*\"[\w-]{1,40}\"[ \t]*:[ \t]*[\"\[{\d]")
# Capitalised words for a role in a contract or a part of the text; they name no other party.
_CONTRACT_ROLES = frozenset(
    "licensor licensors licensee licensees company provider providers owner owners author authors creator creators "
    "team platform service services site website server app policy policies licence license agreement terms model "
    "models section attachment appendix exhibit annex schedule rule rules community content guidelines management "
    "staff moderators operator publisher user users customer customers member members developer developers nobody "
    "everyone anyone nothing anything it he she they that which who everything use usage software product dataset "
    "paragraph clause article part the this these our your all such any".split()
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


def is_reported(cues: CompiledCues, text: str, words: str, start: int, target: str) -> bool:
    """Return whether ``words`` report what another party states about ``target``.

    Args:
        cues: The compiled cues.
        text: The whole text.
        words: The sentence.
        start: The character of ``text`` at which the sentence begins.
        target: The words of the target.
    """
    line = text.rfind("\n", 0, start) + 1
    if cues.has("dialogue", words) or cues.has("narration", words) or _is_only_quoted(cues, words, target):
        return True
    if _JSON_RECORD.match(text[line : line + 100]):
        return True
    if "](" in words:
        words = _MARKDOWN_LINK.sub(r"\1", words)
    if cues.has("own-voice", words):
        before = words[: words.find(target)]
        if cues.has("own-voice", before):
            return False
        named = _NAMED_PARTY_FORBIDS[1].search(before)  # "Acme's licence forbids X, but this one …"
        return bool(named and not _is_own_party(text, start, named.group(1)))
    if cues.has("reported-speech", words) or _NAMED_PARTIES_FORBID.search(words):
        return True
    parties = _NAMED_PARTY_FORBIDS[1:] if cues.has("own-users", words) else _NAMED_PARTY_FORBIDS
    return any(
        not _is_own_party(text, start, found.group(1)) for pattern in parties for found in pattern.finditer(words)
    )


def is_enumeration_of_policies(
    cues: CompiledCues, text: str, words: str, start: int, stem: str, titles: tuple[str, ...]
) -> bool:
    """Return whether the sentence is in a list of other parties' policies, by a title above it or a name before it.

    Args:
        cues: The compiled cues.
        text: The whole text.
        words: The sentence.
        start: The character of ``text`` at which the sentence begins.
        stem: The stem that it belongs to, or "".
        titles: The headings above it.
    """
    if cues.has("own-voice", words):
        return False
    if any(cues.has("others-policies", title) and not cues.has("own-voice", title) for title in titles):
        return True
    named = _NAME_COLON_FORBIDS.match(words) or _NAME_COLON_FORBIDS.match(f"{stem} {words}")
    line = text.rfind("\n", 0, start) + 1
    return bool(named and not _is_own_party(text, line, named.group(1)))


def _is_only_quoted(cues: CompiledCues, words: str, target: str) -> bool:
    """Return whether the target is inside quotation marks and the words around it do not make it the text's own."""
    for found in _QUOTATION.finditer(words):
        if target in found.group():
            around = words[: found.start()] + " " + words[found.end() :]
            if not any(map(str.isalpha, around)):
                return False  # if all of it is in quotation marks, they mean nothing
            return bool(cues.has("quoted-text", around)) or not (
                cues.has("own-voice", around) or cues.has("contract-word", around)
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
