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
        if _NOT_OF_USE.search(before) or _of_policy(match.group()) in own:
            continue
        around = text[max(0, match.start() - 250) : match.end() + 160]
        if _BINDS.search(around):
            name = " ".join(match.group().split())
            if address := _ADDRESS.search(text[match.end() : match.end() + 300]):
                name += f" ({address.group(1).replace(chr(92), '').rstrip('.,;:*')})"
                return Policy(name, match.start(), match.end())
            best = best or Policy(name, match.start(), match.end())
    return best


def _of_policy(name: str) -> str:
    return " ".join(name.lower().split()[-3:])
