"""Find what negates a prohibition: a negation, a definition, another act, a protective context, or another time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import re2

from auditor.clauses.lazy_pattern import lazy_pattern

# A prohibition that is negated, not in force, or another party's.
_NEGATION = lazy_pattern(
    r"(?i)(?:(?:\b(?:nothing|not|never|neither|nor|without|no longer)|n['’]t)(?: [\w’']+){0,5} (?:prohibit|"
    r"forbid|ban|"
    r"bar|disallow|restrict)(?:s|ed|ned|ing)?\b|"
    r"\b(?:is|are) not (?:\w+ )?(?:prohibited|forbidden|banned|disallowed|barred|restricted)\b|"
    r"\b(?:is|are) (?:an? )?(?:\w+ )?(?:forms?|kinds?|types?|sorts?) of (?:\w+ )?(?:abuse|misuse|violence|"
    r"exploitation)\b|"
    r"\b(?:study|paper|corpus|data ?set|survey|set|report|benchmark|chapter|course|book|film|classifier|filter)"
    r"(?: \w+){0,2} (?:covers?|includes?|contains?|treats?|discuss(?:es)?|address(?:es)?|detects?|has) [^.;]{0,60}"
    r"\bbut not\b|"
    r"\b(?:prohibited|forbidden|banned|outlawed) (?:under|by) (?:the )?(?:[\w’'-]+ ){0,4}(?:articles?|convention|"
    r"directive|protocol|treaty|(?-i:Act|Code|Law))\b|"
    r"\bno (?:\w+ ){0,2}(?:prohibitions?|restrictions?|bans?)\b|\bfail(?:s|ed|ure)? to (?:prohibit|ban|forbid)\b|"
    r"\b(?:laws?|legislation|statutes?|regulations?|acts?|conventions?|treaty|treaties|countries|"
    r"bills?|amendments?|proposals?|governments?|parliaments?|lawmakers|legislators?|senators?|europe|eu|uk|"
    r"jurisdictions|states|"
    r"licen[cs]es|polic(?:y|ies) of other|companies|platforms|providers)"
    r"(?: [\w’',-]+){0,6} (?:that )?(?:prohibit|forbid|ban|criminali[sz]|outlaw)(?:s|ing|ning|ting|e|es)?\b|"
    r"\b(?:whether|if|when|where)(?: \w+){0,5} (?:prohibits?|forbids?|prohibited|forbidden|banned)\b|"
    # Not in force: planned, demanded, or in the past.
    r"\b(?:aligned|trained|tuned|taught|designed|built|programmed|fine-?tuned|optimi[sz]ed) (?:to not|not to|"
    r"never to)\b|"
    r"\b(?:should|ought to|could|would)(?: \w+)? (?:prohibit|ban|forbid|outlaw|disallow)\b|"
    r"\b(?:could|would|might) (?:be|have been) (?:\w+ ){1,3}to (?:prohibit|ban|forbid|outlaw|disallow)\b|"
    r"\b(?:decid\w+|chose|choose|vot\w+|advis\w+|argu\w+|spoke) against (?:\w+ ){0,3}(?:prohibit|bann?|forbid|"
    r"restrict)\w*|\b(?:discuss\w*|debat\w+|ask\w*|wonder\w*|consider\w*) (?:whether|if) (?:\w+ ){0,4}(?:prohibit|"
    r"bans?\b|banning|forbid|rules?\b)\w*|"
    r"\b(?:should|need to|ought to)(?: \w+)? (?:have|adopt|publish|include|write) [^.;]{0,40}"
    r"\b(?:prohibit|ban|forbid)\w*|"
    r"\b(?:was|were|had been|got) (?:\w+ly )?(?:banned|barred|suspended|expelled|kicked|jailed)\b|"
    r"\b(?:remov|delet|drop|strik)(?:e|es|ed|ing)? (?:the )?(?:clause|sentence|paragraph|section|line|words?)\b|"
    r"\b(?:to ?do|add|adding|adopt|draft|propos\w+|consider\w*|call\w* (?:on|for)|asks? (?:\w+ ){1,3}to|"
    r"urg\w+|demand\w*|"
    r"might|lacks?|missing|removed|dropped)\b[^.;]{0,60}\b(?:prohibit\w*|forbid\w*|ban(?:s|ning)?|outlaw|rules? "
    r"against|polic(?:y|ies) against)\b|"
    r"\b(?:prohibit\w*|forbid\w*|ban(?:s|ning)?|clause)\b[^.;]{0,60}\b(?:(?:is|are) (?:missing|absent|lacking)|"
    r"(?:was|were|has been) (?:removed|dropped|deleted|lifted))\b|"
    r"\b(?:prohibit\w*|forbid\w*|bann\w+)\b[^.;]{0,120}\b(?:decided|chose|voted|opted) against (?:it|them|this|that)\b|"
    r"\b(?:wish(?:es|ed)?|if only|had (?:the|it|we|our|this))\b[^.;]{0,40}\b(?:prohibit|forb[ai]d|bann)\w*|"
    r"\bused to (?:be|have) (?:an? )?(?:\w+ )?(?:bans?|prohibitions?|rules? against)\b|"
    r"\b(?:(?:in|until|before) (?:19|20)\d\d|previous(?:ly)?|earlier|former(?:ly)?|used to|last year|(?:the|our) old|"
    r"years ago)\b[^.;]{0,60}\b(?:prohibit\w*|"
    r"forbade|banned|outlawed)\b|\bwas (?:banned|barred|suspended|expelled)\b|"
    r"\b(?:should|must|ought to|needs? to) (?:have|publish|adopt|write) [^.;]{0,40}\b(?:prohibit|forbid|ban)\w*|"
    r"\b(?:remov|delet|dropp?)(?:e|es|ed|ing|s)? (?:the |this |a )?clause\b)"
)
DEFINITION = lazy_pattern(
    r"(?i)(?:[\"“'’*)]|\b(?:csam|minors?|child(?:ren)?|material|exploitation|abuse|pornography|term))\s*(?:shall |"
    r"will )?(?:means?|refers? to|is defined as|are defined as|has the meaning|is any|is an?)\b"
)
REASON = lazy_pattern(
    r"(?i)(?:^|[,;:–—-]) ?otherwise\b|\b(?:because|since|as (?:it|this|they|we)|due to|lest|or else|except|"
    r"other than|unless|(?:found|shows?|showed|suggests?|conclude[sd]?) that|"
    r"(?:as|since|for|where) (?:\w+ ){1,4}(?:may|might|could|would|can|will|is|are|do|does)\b|"
    r"(?:,|but|and|so|while|however|although) (?:we|our|it|the model|this model|the dataset|they|i) (?:\w+ )?(?:may|"
    r"will|can|is|are|was|were|has|have|use|uses|report|remove|filter|do|does|did|also)\b)"
)
# "For contents which are …": a relative clause, not a reason.
_RELATIVE_CLAUSE = lazy_pattern(r"(?i)^(?:as|since|for|where) .*\b(?:which|that|who)\b")
# "must not ignore abuse", "may not sell the data, which is about abuse": another act is prohibited.
OTHER_ACT = lazy_pattern(
    r"(?i)^ ?(?:\w+ly )?(?:be )?(?:(?:have|need) to|detect|recogni[sz]e|guarantee|prevent|stop|verify|exclude|"
    r"rule out|delay|"
    r"blam|surpris|alarm|punish|ignor|overlook|dismiss|underestimat|downplay|forget|hesitat|rely|"
    r"relied|"
    r"depend|assum|"
    r"(?:the|an?|your|our) (?:only|sole|single|main|last)|contact|count|label|classify|treat|open (?:an? |"
    r"any )?(?:issue|ticket|pull request)s?|(?:\w+ ){0,4}(?:judg|"
    r"decid|tell|determin|detect|assess|check|know|predict|say|establish)(?:e|ing)? (?:if|whether)|"
    r"(?:\w+ ){0,6}(?:draw|reach|mak|form|bas)(?:e|ing)? (?:any |a |final )?(?:conclusions?|inferences?|decisions?|"
    r"claims?|judge?ments?|predictions?|statements?) (?:about|on|as to|regarding|concerning)|"
    r"re-?identif|confus|forward|diagnos)\w*\b|, (?:which|who|whose|as) (?:was|were|is|are|ha[sd]|"
    r"have|contains?|covers?|"
    r"deals?|it|they|the)\b"
)
LIABILITY = lazy_pattern(r"(?i)\b(?:liab\w+|responsib\w+|accountable|be obliged|be required|be deemed)\b")
# Words right before a target that show an act for the good of children: prevention, detection, research.
PROTECTIVE_WORDS = (
    r"(?:prevent\w*|combat\w*|detect\w*|report(?:s|ed|ing)?|fight\w*|protect\w*|filter\w*|remov\w+|delet\w+|block\w*|"
    r"screen\w*|"
    r"scan\w*|safeguards?|classif\w+|identif\w+|counter\w*|tackl\w+|eliminat\w+|eradicat\w+|stop(?:s|ping)?|"
    r"mitigat\w+|moderat\w+|"
    r"victims?|survivors?|research\w*|stud(?:y|ies|ying)|news|articles?|papers?|investigat\w+|address\w*|reduc\w+|"
    r"disrupt\w*|evaluat\w+|(?:measures?|defen[cs]es?|protections?|campaigns?|action|laws?|tools?|charity|charities) "
    r"(?:against|for)|"
    r"flag(?:s|ged|ging)?|awareness|prosecut\w+|discourag\w+|deter(?:s|ring)?)"
)
PROTECTIVE_CONTEXT = lazy_pattern(
    rf"(?i)\b{PROTECTIVE_WORDS}(?:(?:,|,? and|,? or) {PROTECTIVE_WORDS})*"
    r"(?: (?:against|any|the|all|of|for|on|about|into|known|potential|suspected|possible|"
    r"attempts|to|at|content|material|[a-z]+ing|from|out|such|risks?|cases|instances|by|with|as|our|users|children|"
    r"minors|images|sexual|sexually|child)){0,6}[ ,]*$"
)
FAILURE_TO = lazy_pattern(r"(?i)\b(?:fail\w*|refus\w+|neglect\w*|declin\w+|not) to (?:\w+ )?$")
# "We prohibit and report X": a protective act next to a prohibition does not undo it.
JOINED_PROHIBITION = lazy_pattern(
    r"(?i)(?:\b(?:prohibit|forbid|ban|disallow|reject|condemn)(?:s|ned)?|(?:not|n['’]t|never) (?:allow|permit|"
    r"tolerate|accept|condone))"
    r"(?: \w+)?(?:,|,? and|,? or)(?: (?:we|will|immediately|promptly|also|actively))* $"
)
OBSERVED_FACT = lazy_pattern(
    r"(?i)^[^.;]{0,60}\b(?:was|were|been|is|are) (?:\w+ )?(?:found|detected|present|included|contained|known|"
    r"identified|observed|removed|used in training)\b|^[^.;]{0,60}\b(?:was|were) (?:\w+ )?(?:harmed|hurt|abused|"
    r"exploited)\b|"
    r"^[^.;]{0,60}\b(?:was|were) (?:\w+ )?(?:seen|reported|recorded|noted|noticed|encountered|discovered|uncovered)\b"
)
MODEL_BEHAVIOUR = lazy_pattern(
    r"(?i)\b(?:model|models|"
    r"filter|filters|classifier|dataset|data|system|tool|it|detector|corpus|checker|checkpoint)"
    r"(?: \w+)? (?:may|can|will|does|do|should|might|could)(?:\s?not|n['’]t)\b"
)
BOUND_PARTY = lazy_pattern(
    r"(?i)\b(?:you|users?|licensees?|customers?|recipients?|developers?|apps?|applications?|products?|warrants?|"
    r"represents?|agrees?|undertakes?|promises?|(?:so|as) long as|provided|condition|each party|"
    r"(?:n?either|such) party|covenants?|pledges?|confirms?|certif(?:y|ies)|vows?)\b"
)
BE_USED = lazy_pattern(
    r"(?i)^(?: \w+)? be (?:used|applied|deployed|employed|utili[sz]ed|fine-?tuned|modified|made|integrated|run)"
)


def contains_reason(words: str) -> bool:
    """Return whether the words end what is prohibited and continue with a reason, or with what the text itself does."""
    return any(not _RELATIVE_CLAUSE.search(found.group()) for found in REASON.finditer(words))


def _negations(words: str) -> Iterator[re2._Match]:
    """Yield the words that negate a prohibition; not "whether or not prohibited" or "without consent is prohibited"."""
    even_so = words.replace("hether or not", "hether or so ") if "hether or not" in words else words
    for match in _NEGATION.finditer(even_so):
        if not _NEGATES_OTHER_WORDS.search(match.group()):
            yield match


_NEGATES_OTHER_WORDS = lazy_pattern(
    r"(?i)^(?:not|never|without|n['’]t)(?: [\w’']+)+ (?:is|are|was|were|be|being)(?: \w+)? \w+$"
)


@lru_cache(maxsize=64)
def negated_spans(words: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the starts and the ends of the spans that negate a prohibition, in order."""
    spans = [found.span() for found in _negations(words)]
    return tuple(start for start, _ in spans), tuple(end for _, end in spans)


def is_negated(words: str) -> bool:
    """Return whether anything in the words negates a prohibition."""
    return any(True for _ in _negations(words))
