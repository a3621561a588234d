"""Find prohibitions that are stated as a consequence: "… results in a ban", "your licence ends if you …".

Only what a text can do to its own users counts: sanctions on their accounts, licences and posts. A teacher's licence, a
child's family or a corpus's images are ended, separated or removed by others.
"""

from __future__ import annotations

import re2

from auditor.clauses.lazy_pattern import lazy_pattern

_RIGHTS = (
    r"(?:licen[cs]es?|rights?|access|accounts?|permissions?|agreements?|memberships?|subscriptions?|privileges|"
    r"grants?|contracts?|terms)"
)
_ENDED = (
    r"(?:banned|suspended|terminated|closed|blocked|removed|deleted|expelled|kicked|revoked|withdrawn|cancell?ed|"
    r"deactivated|disabled|blacklisted|disconnected|delisted|unlisted|void(?:ed)?|forfeit(?:ed)?)"
)
_END = (
    r"(?:ban|suspend|terminate|close|block|expel|kick|revoke|withdraw|cancel|deactivate|disable|blacklist|remove|"
    r"delete)"
)
_SANCTION_NOUN = (
    r"(?:bans?|terminations?|suspensions?|closures?|deletions?|removals?|expulsions?|blacklisting|revocations?|"
    r"deactivations?|disqualifications?|disconnections?|delistings?|(?:loss|"
    r"losing)(?: of)?(?: [\w’']+){0,3} " + _RIGHTS + r")"
)
_IF = r"(?:if|when|where|whenever|once|should|as soon as|for|upon|on|in case of)"
_LEADS_TO = (
    r"(?:means?|results? in|leads? (?:straight )?to|triggers?|brings?|carr(?:y|ies)|causes?|earns?|gets?|faces?|"
    r"risks?|ends? in|entails?|justif(?:y|ies)|warrants?|"
    r"(?:is|are|will be) (?:subject to|met with|punished (?:with|by)|"
    r"followed by|grounds for|(?:a )?(?:cause|reason) for))"
)
# The longest patterns need more than RE2's default of 8 MiB; beyond it RE2 is slow and writes a line to stderr.
RE2_OPTIONS = re2.Options()
RE2_OPTIONS.max_mem = 32 << 20
# Each states a sanction on what comes after it.
SANCTION_PREFIX_CUES = lazy_pattern(
    r"(?i)(?:"
    r"\baccounts? (?:found|caught|seen|used for)\b|"
    rf"\b(?:withdraws?|revokes?|denies|withholds?)\b[^.;]{{0,30}}\b{_RIGHTS}\b[^.;]{{0,20}}\b(?:from|to) (?:anyone|"
    rf"any ?body|"
    r"users?|those|persons?|people|licensees?|whoever|all who)\b|"
    # "We reserve the right to refuse models made for …".
    r"\breserves? the (?:\w+ )?right to (?:\w+ly )?(?:refuse|reject|remove|delete|block|ban|suspend|terminate|close|"
    r"take down)\b[^.;]{0,40}\b(?:content|models?|uploads?|posts?|accounts?|users?|members?|anyone|any ?body|images?|"
    r"material|listings?|apps?|files|characters?|bots?|requests?|orders?|commissions?|data ?sets?|anything),? "
    r"(?:that|which|who|whose|with|of|for|if|made|used|found|[a-z]{3,}ing)\b|"
    r"\b(?:void|invalid)\b[^.;]{0,60}\b(?:if|where|when|as soon as)\b|"
    rf"\b{_RIGHTS}\b[^.;]{{0,60}}\b(?:terminat\w*|ends?|revoked?|lapses?|expires?|withdrawn)\b[^.;]{{0,60}}\b"
    r"(?:if|where|when|as soon as)\b|"
    rf"\b(?:terminat\w*|ends?|revokes?|withdraws?)\b[^.;]{{0,30}}\b{_RIGHTS}\b[^.;]{{0,60}}\b(?:if|where|when|"
    r"should (?:the |any |an? )?(?:you|users?|licensees?|customers?|members?|subscribers?|recipients?))\b|"
    r"\b(?:ends?|loses?|losing|forfeits?) (?:all )?(?:your|their|the|its) (?:rights?|licen[cs]e|access)\b|"
    r"\b(?:suspend|terminat|clos|block|delet|ban)(?:|e|s|es|ing|ning) [^.;]{0,40}\baccounts?\b[^.;]{0,40}\b"
    r"(?:if|where|when|for)\b|"
    r"\b(?:terminat|ban|suspend|revok|remov|clos)(?:|e|s|es|ing|ning) [^.;]{0,60}\b(?:if (?:you|(?:the |any |a )?"
    r"(?:licensee|user)s?)|(?:users?|anyone|accounts?|members?|persons?|creators?|sites?|websites?|servers?|instances?|"
    r"channels?|customers?|subscribers?)(?: [a-z]+){0,2} (?:who|that|which|for))\b|"
    r"\b(?:refuse|deny) (?:service|access|registration|an? \w+) to (?:anyone|users?|persons?|those|customers?)\b|"
    r"\bwe (?:will |may |also )*(?:remove|delete|take down) [^.;]{0,60}\b(?:posts|uploads|comments|messages|"
    r"listings|apps|"
    r"accounts|channels|groups) (?:that|which|with|containing)\b|"
    rf"\b(?:your|their|the|an?|any|this|that) (?:\w+ )?{_RIGHTS}(?: \w+){{0,3}} (?:is|are|be|gets?)(?: \w+){{0,2}} "
    rf"{_ENDED}\b[^.;]{{0,60}}\b{_IF}\b|"
    r"\b(?:instances?|servers?|sites?|websites?|apps?|channels?|bots?|projects?|repositor(?:y|ies)|models?)"
    rf"(?: \w+)? (?:is|are|will be|gets?)(?: \w+)? {_ENDED}\b[^.;]{{0,60}}\b(?:if|when|where|once)\b|"
    rf"\byou(?:['’]ll)?(?: \w+){{0,2}} (?:be|are|get)(?: \w+ly| also)? {_ENDED}\b[^.;]{{0,60}}\b{_IF}\b|"
    rf"\b{_RIGHTS}(?: \w+){{0,3}} (?:ends?|laps(?:e|es)|terminates?|expires?|(?:is|are|be|becomes?)(?: \w+)? void)\b"
    rf"[^.;]{{0,40}}\b(?:if|when|where|once|as soon as|upon|for any(?:one|body)?|on(?: any| the)? use)\b|"
    rf"\b(?:lose|loses|forfeit|forfeits) [^.;]{{0,30}}\b{_RIGHTS}\b[^.;]{{0,60}}\b(?:if|when|where|once|for|by)\b|"
    r"\bwe (?:\w+ )?(?:refuse|decline) to (?:host|accept|allow|serve|publish|support|list|carry|store) (?:\w+ ){0,3}"
    r"(?:content|models?|material|images?|anything|uploads|data ?sets?|loras?|files|sites?|users?|customers?|anyone|"
    r"posts?|"
    r"games|apps|projects)\b|"
    r"\b(?:disable|cut off|stop|suspend|terminate|end|withdraw|block|refuse) [^.;:]{0,60}\b(?:content|material|sites?|"
    r"websites?|domains?|customers?|accounts?|files|images) (?:that|which|who)\b|"
    r"\bbans? (?:is|are) (?:given|issued|handed out) (?:for|to)\b"
    r")",
    RE2_OPTIONS,
)
# Each states a sanction on what comes before it.
SANCTION_SUFFIX_CUES = lazy_pattern(
    r"(?i)(?:"
    rf"\b(?:will|shall) (?:have|get|see|lose) (?:their|his|her|your|the|all) (?:\w+ )?{_RIGHTS}\b|"
    rf"\b(?:renders?|makes?) (?:this|the|your) (?:\w+ )?{_RIGHTS} (?:granted \w+ )?(?:null and )?(?:void|invalid)\b|"
    rf"\b(?:terminates?|voids?|ends?|forfeits?|revokes?) (?:this|the|your|all) (?:\w+ )?{_RIGHTS}\b|"
    r"\b(?:your|the|this|their) (?:licen[cs]e|rights?|access|accounts?|permission)s? (?:\w+ )?(?:ends?|terminates?|"
    r"lapses?|expires?|(?:is|are|will be) (?:\w+ )?(?:revoked|terminated|withdrawn))\b|"
    r"\b(?:will|shall|must) be (?:\w+ly |at once )?(?:deleted|removed|rejected|refused|taken down)\b|"
    r"\b(?:grounds|cause|reason) for (?:\w+ ){0,3}(?:termination|suspension|removal|expulsion|an? (?:\w+ )?ban)\b|"
    r"\baccounts? (?:is|are|gets?) (?:\w+ ){0,2}(?:closed|deleted|removed|terminated|suspended|banned)\b|"
    r"\bwill get (?:you|them|users?)(?: [a-z]+){0,2} (?:banned|suspended|removed)\b|"
    r"\b(?:will|shall|may|to) (?:also )?(?:result|lead)s? (?:in|to) [^.;]{0,40}(?:ban|banned|termination|suspension|"
    r"removal)\b|"
    r"\b(?:will|shall|must|may|are|is) be (?:\w+ ){0,2}(?:banned|terminated|suspended|closed|taken down|expelled|"
    r"disconnected|delisted|shut down|ejected|blocked)\b|\b(?:are|is|being) (?:\w+ ){0,2}(?:banned|taken down)\b|"
    r"\b(?:gets?|means?|leads? to|results? in|triggers?|brings?|causes?|earns?|=) [^.;]{0,30}\b(?:bans?|banned|"
    r"deleted|terminat\w+|suspen\w+|kicked|removal|removed)\b|= ?[^.;]{0,20}\b(?:(?:perma-?)?ban(?:ned)?|deleted?|"
    r"deletion|removal|kick(?:ed)?|block(?:ed)?|"
    r"expulsion)\b|\bbannable\b|"
    r"\b(?:lose|loses|forfeits?) (?:\w+ )?(?:access|accounts?|rights?|licen[cs]e)\b|"
    rf"\b{_LEADS_TO} [^.;]{{0,40}}\b{_SANCTION_NOUN}\b|"
    r"\band (?:we )?(?:will )?(?:close|ban|suspend|terminate|delete) (?:the|their|your|those|"
    r"such) (?:\w+ )?(?:accounts?|"
    r"users?)\b|\| ?\**(?:(?:permanent|instant|immediate|lifetime) )?(?:bans?|removal|termination)\b|"
    rf"\b(?:costs?|cost) (?:you|them|him|her|users?|members?|the \w+) [^.;]{{0,20}}\b{_RIGHTS}\b|"
    rf"\brisks? losing [^.;]{{0,20}}\b{_RIGHTS}\b|"
    rf"\b(?:is|are|gets?|get|be)(?: \w+)? (?:deleted|removed|taken down),?(?: \w+){{0,2}} and (?:\w+ ){{0,5}}"
    rf"(?:reported|banned|suspended|referred)\b|\bgets? (?:deleted|removed|taken down)\b|"
    rf"\bmeans? (?:that )?(?:you are|you['’]re) (?:out|gone|banned)\b|"
    r"\b(?:is|are) an? (?:\w+ ){0,2}(?:perma-?)?ban\b"
    r")"
)
# "Accounts found sharing X are removed": not "images that show X are removed".
_OFFENDER = lazy_pattern(
    r"(?i)\b(?:accounts?|users?|members?|anyone|players?|people|persons?|those|creators?|channels?|servers?|bots?) "
    r"(?:\w+ )?(?:that|who|which|found|caught|seen|reported|\w+ing)\b[^.;]*$"
)
_EXPELLED = lazy_pattern(
    r"(?i)^[^.;]*\b(?:is|are|gets?|be) (?:\w+ ){0,2}(?:removed|banned|deleted|closed|suspended|"
    r"terminated|blocked|kicked|reported to (?:the )?(?:police|authorities|law))\b"
)
# "If you upload X, we close your account": the act is in the condition, the sanction in the main clause.
_CONDITION = lazy_pattern(
    r"(?i)^[\W_\d]*(?:and |but )?(?:if|when|where|should|once|whenever)\b(?: \w+){0,4}? (?:you|users?|anyone|any ?body|"
    r"someone|members?|licensees?|customers?|we (?:find|see|learn|detect|notice|discover)|"
    r"(?:your|an?|any|the|their) (?:\w+ )?(?:account|post|upload|app|application|product|character|bot|user|model|"
    r"video|image|picture|member|customer|licensee|purpose|aim|goal|intention))\b"
)
_SANCTION_CLAUSE = lazy_pattern(
    rf"(?i)(?:\bwe(?: may| will| shall| must| can| then| immediately| permanently| reserve the right to)* {_END} "
    r"(?:you|it|them|him|her|your|the|that|such|those|their|any|his)\b|"
    rf"\b(?:your|their|the|this|that|its) (?:\w+ )?{_RIGHTS}(?: \w+){{0,2}} (?:(?:is|are|be|gets?)(?: \w+){{0,2}} "
    rf"{_ENDED}|ends?|lapses?|terminates?|expires?)\b|"
    rf"\b(?:you|they|he|she|users?)(?: \w+){{0,2}} (?:be|are|is|get)(?: \w+ly)? {_ENDED}\b|"
    rf"\b(?:you|they|he|she|users?) (?:will |shall )?(?:lose|loses|forfeit|forfeits) [^.;]{{0,20}}\b{_RIGHTS}\b|"
    rf"\byou (?:have|get) no (?:\w+ )?{_RIGHTS}\b)"
)
# To find or report content is not an act that is sanctioned.
_FINDS_OR_REPORTS = lazy_pattern(
    r"(?i)\b(?:you|users?|anyone|someone|any ?body|members?|customers?)(?: \w+){0,2} (?:see|sees|find|finds|"
    r"encounter\w*|come|comes|report|reports|notice|notices|spot|spots|suspect|suspects|know|knows|learn|learns|discover|discovers|"
    r"receive|receives|(?:is|are|were|was) (?:an? )?(?:the )?(?:minor|child|victim|survivor|witness|under))\b"
)
# Consequences in the real world, and for data: not sanctions by a text on its users.
REAL_WORLD_CONTEXT = lazy_pattern(
    r"(?i)\b(?:teach(?:ers?|ing)|nurser(?:y|ies)|priests?|clergy|coach(?:es)?|nurses?|nursing|doctors?|physicians?|"
    r"famil(?:y|ies)|custody|jail|prison|convict\w*|offenders?|guilty|court|judge|hotline|helpline|trauma|depression|"
    r"corpus|corpora|crawl(?:s|ed|ing|er)?|training (?:data|set)|pre-?training|annotat\w+|flagged|classifier|"
    r"parental)\b"
)


def is_sanctioned_condition(unit: str, start: int, end: int) -> bool:
    """Return whether the target is an act in an if-clause whose main clause ends an account, a licence or a post."""
    opening = _CONDITION.match(unit)
    if not opening or opening.start() >= start or _FINDS_OR_REPORTS.search(unit[:start]):
        return False
    return bool(_SANCTION_CLAUSE.search(unit[end:]))


# "Suspended:" above "servers that host X".
_EXPULSION_LABEL = lazy_pattern(
    r"(?i)^\W*(?:permanently |instantly )?(?:suspended|expelled|blacklisted|blocked|de-?federated)\W*$"
)
_OFFENDER_START = lazy_pattern(
    r"(?i)^\W*(?:accounts?|users?|members?|anyone|servers?|instances?|channels?|bots?|people|those)\b"
)


def is_offender_under_expulsion(stem: str, unit: str) -> bool:
    """Return whether the unit names offenders ("servers that host …") under a stem such as "Suspended:"."""
    return bool(_EXPULSION_LABEL.match(stem) and _OFFENDER_START.match(unit))


def is_act_of_expelled_offender(unit: str, start: int, end: int) -> bool:
    """Return whether the text names an act only to say that it removes people or accounts for it.

    ``start`` and ``end`` are where the act stands in ``unit``.
    """
    return bool(_OFFENDER.search(unit[:start]) and _EXPELLED.search(unit[end:]))
