"""Does a text bind its users by naming a policy of use that stands elsewhere?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import re2

_OWNER = r"(?:[A-Z][\w.&’'+-]*\s+){0,5}"
_POLICY = re2.compile(
    rf"((?:{_OWNER}(?:Acceptable|Prohibited|Responsible|Safety|Permitted)[ -](?:Use|Usage|Uses|Content)\s+(?:Policy|"
    rf"Policies|Guidelines)|{_OWNER}(?:(?:Use|Usage|Uses|Content)\s+(?:Policy|Policies)|Content\s+Guidelines)|"
    r"Community\s+(?:Guidelines|Standards)|(?:Content|Safety)\s+Policy|"
    r"(?:AI|Services?|API|Generative)[\w ]{0,30}\s+Code\s+of\s+Conduct|"
    rf"{_OWNER}(?i:(?:acceptable[ -]use|prohibited[ -]use|usage|content) polic(?:y|ies))))"
)
# Policies on other things than what the work may be used for.
_NOT_OF_USE = re2.compile(
    r"(?i)\b(?:trade ?marks?|brands?|brand features|logos?|marks|copyrights?|data|fair|third[- ]party|privacy|cookies?|"
    r"media|press) (?:and |& )?(?:use|usage|uses|content) (?:policy|policies|guidelines)$"
)
# The policy's address, in the same sentence.
_ADDRESS = re2.compile(
    r"^(?:[^.!?]|\.\S){0,120}?(https?://[^\s<>()\[\]\"'“”]+|\b(?:[a-z0-9-]+\.)+[a-z]{2,12}/[^\s<>()\[\]\"'“”]+)"
)
_BINDS = re2.compile(
    r"(?i)\b(?:comply|complies|compliance|accordance|adhere|adheres|adherence|observ(?:e|es|ance)|respect|"
    r"governed by|subject to|incorporat\w*|agree|agrees|violat\w+|"
    r"bound by|follow|"
    r"available at|set (?:forth|out) (?:in|at)|restrictions in|consistent with|abide|conform\w*|means the|"
    r"prohibited by|found at|located at|enforceable)\b"
)
# Right before its name: "users who accept the X Policy", "prohibited uses are outlined in the X Policy".
_ACCEPTS = re2.compile(
    r"(?i)\b(?:(?:(?:prohibited|restricted|forbidden|disallowed|permitted|allowed|acceptable) uses?|what (?:you|"
    r"users?|one) "
    r"(?:may|can|must)(?: not)?)\b[^.]{0,80}\b(?:outlined|listed|described|defined|specified|detailed|stated|given|"
    r"covered) (?:in|by|at)|"
    r"accept(?:s|ed|ing|ance of)?|agreed|consent(?:s|ed|ing)? to|signed?|against|breach(?:es)?(?: of)?|meets?|"
    r"covered by|outside|keep to|uphold) "
    r"(?:to )?(?:all |both )?(?:the |our |its |their |this )?(?-i:[A-Z][\w.&’'-]* ){0,3}\W*$"
)
# Right after it: "… forms part of this agreement", "… for what you may not do".
_APPLIES = re2.compile(
    r"(?i)^[^.\n]{0,40}?\b(?:applies|apply|governs?|binds?|(?:forms? (?:an? \w+ )?|is )part of|"
    r"(?:must|shall|has to|is to) be (?:followed|observed|respected|kept))\b|"
    r"^\W{0,3} ?for (?:what|(?:the |a )?(?:full |complete )?(?:list of )?(?:prohibited|restricted|permitted|"
    r"forbidden) uses?)\b"
)
_HAS_NONE = re2.compile(r"(?i)\b(?:no|without an?|lacks? an?|(?:not|n['’]t) have an?|(?:write|adopt|draft) an?) \W*$")
# Policies of parties that the text does not name.
_OF_UNNAMED = re2.compile(
    r"(?i)\b(?:(?:those|these|other|any|their|third|respective|such) (?:[\w-]+['’]?s?['’]? ){0,2}|(?:parties|providers|"
    r"platforms|partners|vendors)['’] )(?:[a-z]+ )?(?:use|usage|content) polic(?:y|ies)$"
)
# The text's own section, or the text itself: the name is all that its line says.
_TITLE_MARK = re2.compile(
    r"(?:^|\n)[ \t>]*(?:#{1,6}[ \t]+(?:\d[\d.]*[ \t]+)?[*_]{0,3}|\d[\d.]*[ \t]+[*_]{0,3}|[*_]{2,3})$"
)
_ALONE_AFTER = re2.compile(r"^[*_]{0,3}[ \t:#]*(?:\n|$)")
_BLANK_BEFORE = re2.compile(r"(?:^|\n[ \t]*\n)[ \t]*$")
_BLANK_AFTER = re2.compile(r"^[ \t:]*(?:$|\n[ \t]*(?:\n|$|={3}|-{3}))")
# "This Acceptable Use Policy …": the text is the policy.
_THIS = re2.compile(r"(?i)\bthis ((?:[\w&’'-]+\s+){0,4}?(?:use|usage|content)\s+(?:policy|policies|guidelines))")
_MOST_POLICIES = 100


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy by its name (with its address, where the sentence gives it) and its characters of the text."""

    name: str
    start: int
    end: int


def reference(text: str) -> Policy | None:
    """The policy of use that binds by being named: one with its address before one without."""
    named = list(islice(_POLICY.finditer(text), _MOST_POLICIES))
    own = {_of_policy(match.group(1)) for match in _THIS.finditer(text)} if named else set()
    best: Policy | None = None
    for match in named:
        before = " ".join(text[max(0, match.start() - 20) : match.end()].split())
        if _NOT_OF_USE.search(before) or _of_policy(match.group()) in own or _OF_UNNAMED.search(before):
            continue
        if _is_title(text, match.start(), match.end()):
            if not text[: match.start()].strip(" \t\n>#*_"):
                own.add(_of_policy(match.group()))  # what the text itself is called
            continue
        around = text[max(0, match.start() - 250) : match.end() + 160]
        just_before = text[max(0, match.start() - 150) : match.start()]
        if _HAS_NONE.search(just_before):
            continue
        after = text[match.end() : match.end() + 80]
        if _BINDS.search(around) or _ACCEPTS.search(just_before) or _APPLIES.search(after):
            name = " ".join(match.group().split())
            if address := _ADDRESS.search(text[match.end() : match.end() + 300]):
                name += f" ({address.group(1).replace(chr(92), '').rstrip('.,;:*')})"
                return Policy(name, match.start(), match.end())
            best = best or Policy(name, match.start(), match.end())
    return best


def _is_title(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 20) : start], text[end : end + 20]
    marked = _TITLE_MARK.search(before) and _ALONE_AFTER.search(after)
    return bool(marked or (_BLANK_BEFORE.search(before) and _BLANK_AFTER.search(after)))


def _of_policy(name: str) -> str:
    return " ".join(name.lower().split()[-3:])
