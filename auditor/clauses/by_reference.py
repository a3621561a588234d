"""Find the usage policy that a text makes binding by naming it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from auditor.clauses.cues import CompiledCues
from auditor.clauses.lazy_pattern import lazy_pattern

# The policy's address, in the same sentence.
_ADDRESS = lazy_pattern(
    r"^(?:[^.!?]|\.\S){0,120}?(https?://[^\s<>()\[\]\"'“”]+|\b(?:[a-z0-9-]+\.)+[a-z]{2,12}/[^\s<>()\[\]\"'“”]+)"
)
# A title: the name is alone on its line.
_TITLE_MARKUP = lazy_pattern(
    r"(?:^|\n)[ \t>]*(?:\[\]\([^)\n]{0,60}\))?(?:#{1,6}[ \t]+(?:\d[\d.]*[ \t]+)?[*_]{0,3}|\d[\d.]*[ \t]+[*_]{0,3}|"
    r"[*_]{2,3})$"
)
_ANCHOR = lazy_pattern(r"\[\]\([^)\n]{0,60}\)")
_END_OF_LINE = lazy_pattern(r"^[*_]{0,3}[ \t:#]*(?:\n|$)")
_BLANK_BEFORE = lazy_pattern(r"(?:^|\n[ \t]*\n)[ \t]*(?:(?:Our|The|OUR|THE) )?$")
_TITLE_BEFORE = lazy_pattern(r"^[\W_]*(?:(?:Our|The|OUR|THE) )?$")
_BLANK_AFTER = lazy_pattern(r"^[ \t:]*(?:$|\n[ \t]*(?:\n|$|={3}|-{3}))")
# "This Acceptable Use Policy …", "Welcome to our Community Guidelines": the text is the policy.
_THIS_POLICY = lazy_pattern(
    r"(?i)\bthis ((?:[\w&’'-]+\s+){0,4}?(?:use|usage|content)\s+(?:policy|policies|guidelines))|"
    r"\b(?:these|this|welcome to (?:the|our)) ((?:(?-i:[A-Z])[\w&’'-]*\s+){0,3}?(?:community|platform)\s+"
    r"(?:guidelines|standards|rules))"
)
# "The Acceptable Use Policy set out in section 4": a part of this text.
_IN_OWN_SECTION = lazy_pattern(
    r"(?i)^[\W_]{0,6}(?:(?:as |which is |that is )?(?:referenced|referred to|set (?:out|forth)|described|contained|"
    r"stated|defined|given|"
    r"provided|included) )?(?:in|at|under) (?:this )?(?:sections?|articles?|clauses?|paragraphs?|§|part) ?\(?[\dIVXA-H]"
)
# "(“App Content Policy”)": a name defined for the words before it.
_DEFINED_NAME = lazy_pattern(r"\((?:the |our )?[\"“]$")
_POINTS_ELSEWHERE = lazy_pattern(
    r"(?i)https?:|www\.|\b(?:polic(?:y|ies)|guidelines|rules|standards|available|found|located)\b"
)
_LINK_ADDRESS = lazy_pattern(r"\]\([^)\n]*\)")
MAX_POLICIES = 100


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """A policy by its name (with its address, if the sentence gives one), and its characters in the text."""

    name: str
    start: int
    end: int


def find_policy_reference(text: str, cues: CompiledCues) -> PolicyReference | None:
    """Return the usage policy that the text makes binding, or None; one with an address comes before one without."""
    named = list(islice(cues.pattern("{policy-name}").finditer(text), MAX_POLICIES))
    own = {_policy_key(match.group(1) or match.group(2)) for match in _THIS_POLICY.finditer(text)} if named else set()
    own.update(
        _policy_key(match.group())
        for match in named
        if _IN_OWN_SECTION.search(text[match.end() : match.end() + 60]) or _is_defined_name(text, match.start())
    )
    best: PolicyReference | None = None
    for match in named:
        before = " ".join(text[max(0, match.start() - 20) : match.end()].split())
        if cues.has("other-policy", before) or _policy_key(match.group()) in own:
            continue
        if _is_title(text, match.start(), match.end()):
            if match.start() < 200 and _TITLE_BEFORE.search(_ANCHOR.sub("", text[: match.start()])):
                own.add(_policy_key(match.group()))  # the text's own title
            continue
        around = text[max(0, match.start() - 250) : match.end() + 160]
        just_before = text[max(0, match.start() - 150) : match.start()]
        if cues.has("no-policy", just_before) or cues.has("no-policy-after", text[match.end() : match.end() + 80]):
            continue
        after = _LINK_ADDRESS.sub("]", text[match.end() : match.end() + 200])[:100]
        if cues.has("binds", around) or cues.has("binds-before", just_before) or cues.has("binds-after", after):
            name = " ".join(match.group().split())
            if address := _ADDRESS.search(text[match.end() : match.end() + 300]):
                name += f" ({address.group(1).replace(chr(92), '').rstrip('.,;:*')})"
                return PolicyReference(name, match.start(), match.end())
            best = best or PolicyReference(name, match.start(), match.end())
    return best


def _is_defined_name(text: str, start: int) -> bool:
    """Return whether the name at ``start`` is one that this text defines for words of its own."""
    before = text[max(0, start - 500) : start]
    if not _DEFINED_NAME.search(before):
        return False
    return not _POINTS_ELSEWHERE.search(before[before.rfind(". ") + 1 :])


def _is_title(text: str, start: int, end: int) -> bool:
    """Return whether the name is alone on its line, as a title."""
    before, after = text[max(0, start - 20) : start], text[end : end + 20]
    marked = _TITLE_MARKUP.search(before) and _END_OF_LINE.search(after)
    return bool(marked or (_BLANK_BEFORE.search(before) and _BLANK_AFTER.search(after)))


def _policy_key(name: str) -> str:
    """Return the words of a policy's name that are compared, in lower case."""
    words = name.lower().removeprefix("this ").removeprefix("the ").removeprefix("our ").split()
    return " ".join(words[-2:] if words[-2:-1] in (["community"], ["platform"]) else words[-3:])
