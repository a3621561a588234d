"""Find cues in sentences: the words that prohibit what stands before or after them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import re2

from auditor.clauses.lazy_pattern import lazy_pattern
from auditor.clauses.negation import BE_USED, BOUND_PARTY, MODEL_BEHAVIOUR, negated_spans
from auditor.clauses.sanctions import RE2_OPTIONS

_ADDRESSEE = (
    r"(?:you|your|users?|licensees?|recipients?|customers?|clients?|partners?|participants?|members?|developers?|"
    r"deployers?|"
    r"they|subscribers?|part(?:y|ies)|anyone|one|no one|nobody|content|use|models?|derivatives?|services?|software|"
    r"materials?|works?|"
    r"outputs?|products?|tools?|creators?|uploaders?|contributors?|people|persons?|we|who|organi[sz]ations?|apps?|"
    r"applications?|i|sellers?|buyers?|merchants?|vendors?|players?|students?|hosts?|guests?|artists?|advertisers?|"
    r"publishers?|streamers?|readers?|writers?|visitors?|staff|bots?|"
    r"images?|posts?|data|datasets?|api|system|technology|and|or|it|weights|checkpoints?|licensed \w+|third part(?:y|"
    r"ies)|adapters?|loras?)"
)

# "May not" before one of these verbs prohibits, whoever it addresses; before others it may mean a possibility.
_USE_VERB = (
    r"(?:us(?:e|ed)|upload(?:ed)?|creat(?:e|ed)|generat(?:e|ed)|shar(?:e|ed)|post(?:ed)?|produc(?:e|ed)|"
    r"distribut(?:e|ed)|"
    r"publish(?:ed)?|stor(?:e|ed)|host(?:ed)?|submit(?:ted)?|send|sent|mak(?:e|ing)|display(?:ed)?|request(?:ed)?|"
    r"promot(?:e|ed)|engag(?:e|ed)|depict(?:ed)?|sell|sold|offer(?:ed)?|transmit(?:ted)?|employ(?:ed)?|attempt|exploit|"
    r"harm|abuse|sexuali[sz]e|endanger|groom|portray(?:ed)?|draw|write|ask|train(?:ed)?|fine-?tune(?:d)?)"
)

# Each prohibits what comes after it.
PREFIX_CUES = lazy_pattern(
    r"(?i)(?:"
    rf"\b{_ADDRESSEE}(?: [\w’',()]+){{0,6}}? (?:must|shall|may|can|should|will)(?: [a-z]+)? ?not\b|"
    rf"\b(?:{_ADDRESSEE}|[a-z]{{3,}}(?:er|or|ant|ee)s)(?: [\w’']+){{0,4}}?,? (?:cannot|can['’]?t|mustn['’]?t|won['’]?t|"
    r"shan['’]?t|shouldn['’]?t)\b|\b(?:nobody|no[- ]one) (?:may|shall|can|is (?:allowed|permitted) to)\b|"
    r"\b(?:must|shall|shalt) (?:\w+ )?not\b|"
    rf"(?:\b\w+ )?\b(?:may|should) not (?:\w+ly )?(?:be )?{_USE_VERB}\b|"
    r"\b(?:may|can|should) not be\b|\bcannot be\b|\bmust never\b|"
    r"(?:^|[,;:.–—-] ?|\band |\bor |\bplease |\bthen )(?:do not|don['’]?t|never|avoid)\b|"
    r"(?-i:\b(?:Do not|Do NOT|DO NOT|Don['’]t|DON['’]T|Never|NEVER)\b)|"
    r"\byou(?: [a-z]+)? (?:do not|don['’]?t|never)\b|"
    rf"\b{_ADDRESSEE}(?: [a-z]+)? never\b|"
    r"\b(?:agrees?|agreed|undertakes?|commit|commits|covenants?|promise|promises|warrants?|required|asked|obligated|"
    r"obliged) not to\b|"
    r"\bagrees? (?:that )?(?:you|they|it)? ?(?:will|shall|do|must)(?: [a-z]+)? not\b|"
    r"\b(?:is|are|be) not (?:allowed|permitted|authori[sz]ed|licen[cs]ed|entitled|licit|admitted|admissible) to\b|"
    r"\bwhat (?:can['’]?t|cannot|mustn['’]?t|shouldn['’]?t) (?:i|we|one|users?|you)\b|"
    r"\bwhat (?:may|can|must|should) (?:i|we|one|users?|you) (?:not|never)\b|"
    r"\b(?:agrees?|undertakes?|engages?|promises?|commits?|pledges?)(?: [\w,]+){1,10} (?:and|or|but)"
    r"(?: (?:in particular|especially|also))? (?:to not|not to|never to)\b|"
    r"\b(?:refrain|refrains|abstain|desist|prohibited|barred|banned|forbidden|restricted|disallowed|"
    r"excluded)(?: [a-z]+)? from\b|"
    r"\b(?:not|never)(?: to)? be (?:used|applied|deployed|employed)\b|\bnot to (?:use|be used|allow|permit|upload|"
    r"generate|create|share|post)\b|"
    r"\b(?:nobody|no (?:\w+ ){0,2}(?:part(?:y|ies)|users?|person|one|licensee|member))\b (?:may|shall|can|"
    r"is (?:allowed|permitted) to)\b|"
    r"(?:^|[:–—,;/)(+&-] ?|\b(?:strictly|absolutely|definitely|provided|that|is|are|be|say) )(?:no|zero)\b|"
    r"^not (?:to )?[a-z]+|"
    r"\b(?:and|but|or)(?: also| in particular| especially| therefore)? not (?:to )?(?:for |to )?(?:creat\w+|"
    r"generat\w+|"
    r"us(?:e|ing)|produc\w+|mak(?:e|ing)|shar\w+|upload\w*|post\w*|distribut\w+|depict\w*|engag\w+|promot\w+|"
    r"sexual\w*|exploit\w*|harm\w*|abus\w+|the)\b|\b(?:and|but|or|,) never(?: to| for)?\b|"
    r"\b(?:polic(?:y|ies)|rules?|stance|position|terms|guidelines) (?:against|on no)\b|"
    r"\boutside (?:of )?(?:the scope of )?(?:the|this) licen[cs]e\b|\bdraw the line at\b|\bred lines? (?:is|are)\b|"
    r"\b(?:terms|rules?|polic(?:y|ies)|licen[cs]e|guidelines|we)\b(?: \w+){0,2} (?:rules?|ruled) out\b|"
    r"\b(?:must|may|shall|can|should) not,(?: [a-z]+){1,4},|"
    r"\b(?:grants?|gives?|confers?) no (?:rights?|licen[cs]es?|permission)\b|"
    r"\bno (?:rights?|licen[cs]es?|permission)(?: \w+)? (?:granted|given)\b|"
    rf"\bno (?:rights?|licen[cs]e|permission|authority|authori[sz]ation)(?: \w+)? to {_USE_VERB}\b|"
    r"\b(?:licen[cs]es?|licen[cs]ed|permission|permitted|grant(?:s|ed)?|allowed|free|may|lawful|agreement|rights)\b"
    r"[^.;]{0,120}\b(?:except(?: for| to| in| where| when| that)?|other than|excluding|excludes?|"
    r"with the exception of|with (?:one|two|three|a few|some|the following|these) exceptions?)\b|"
    # "You can do whatever you like, except …"; "we accept stories of every kind, but not …".
    r"\b(?:do|make|create|generate|draw|write|use (?:it|this|them)(?: for| as)?) (?:what(?:ever)?|any ?thing|"
    r"how(?:ever)?)\b"
    r"[^.;]{0,80}\b(?:except|but not|just not|only not)\b|"
    r"\b(?:accept|allow|permit|welcome|publish|host|take)(?:s|ed)?\b[^.;]{0,80}\bbut (?:not|no|never)\b|"
    r"\bno (?:patience|mercy) (?:for|with)\b|"
    r"\bnot for (?:use|the purposes?)\b|"
    # A permission that is refused: "we do not consent to …", "nothing herein authorises …".
    r"\b(?:we|i|authors?|licensors?|artists?|owners?|creators?|providers?|developers?|team)(?: \w+)? "
    r"(?:do|does|will|shall|cannot|can)? ?(?:not|never) (?:consent|agree|give (?:our |my |its )?(?:consent|"
    r"permission)) "
    r"to\b|"
    r"\bnothing(?: \w+){0,5} (?:(?:shall|may|will|is to|can) (?:be (?:construed|read|taken|understood) (?:to|as) )?)?"
    r"(?:authori[sz]|permitt?|allow|entitl|licen[cs]|grant)(?:e|es|s|ing)?\b|"
    # "Nothing sexual involving minors."
    r"(?:^|[,;:–—(-] ?)(?:(?:\w+ly|and|please) )?nothing (?:that )?$|"
    r"\b(?:uses?|use cases?|purposes?|applications?)(?: \w+){0,2} excluded\b|\binterdicted\b|\binadmissible\b|"
    r"\b(?:is|are) not (?:a|the) place for\b|\b(?:any|every|all)(?: \w+)? (?:use|purpose|thing)s? but\b|"
    r"\b(?:duty|obligation|promise|undertaking|commitment|agreement|condition) not to\b|"
    r"\b(?:nothing|none)\b[^.;]{0,40}\b(?:may|shall|can|must|should) be (?:used|employed|applied|deployed|turned)\b|"
    r"\b(?:licen[cs]es?|rights?|permissions?|access)\b[^.;]{0,60}\b(?:withheld from|denied to|not granted to|"
    r"refused to)\b|"
    r"\b(?:pledges?|swears?|vows?) (?:never|not) to\b|\b(?:pledges?|swears?|vows?) to never\b|"
    r"\b(?:agrees?|undertakes?|promises?|commits?|pledges?|accepts?),[^.;,]{0,60}, (?:not to|never to|to not)\b|"
    r"\b(?:shall|must|will)(?: \w+){0,3} exclude\b|"
    r"\b(?:must|shall|will|required|obliged|agrees?|undertakes?)(?: \w+){0,3} prevent (?:\w+ ){0,3}(?:users?|others|"
    r"third parties|anyone|any ?body|customers?|people) from\b|"
    r"(?:^|[,;:.–—-] ?|\bplease |\band |\bmust |\bshall |\bshould |\bhas to |\bhave to )(?:stay|"
    r"keep) (?:well )?(?:away from|clear of)\b|\bsteer (?:well )?clear of\b|"
    r"\b(?:ask|request|urge|want|expect|require|beg)(?:s|ed)? (?:\w+ ){1,3}(?:to not|not to|never to)\b|"
    r"\bviolat(?:e|es) (?:this|our|the|these) [^.;]{0,30}\b(?:to|by|if|when)\b|"
    # Use is permitted on a condition: "… provided that you do not …".
    r"\b(?:uses?|permission|licen[cs]es?|grants?|granted|rights?|allowed|permitted|free|fine|ok|okay|welcome|may|can|"
    r"released?|shared?|published?|access)\b[^.;]{0,120}\b(?:provided|conditional (?:up)?on|on (?:the )?condition|"
    r"(?:so|as) long as|only if|only [a-z]+(?: \w+){0,5} if|"
    r"on the understanding)\b[^.;]{0,80}\b(?:(?:does|do|will|shall|is|are|has|have)(?: not|n['’]t)|not [a-z]+ing|"
    r"never|nobody|no one|none)\b|"
    r"\b(?:allowed|permitted|fine|ok|okay|welcome|accepted)\b[^.;]{0,40}\bunless (?:it|they|these|those|the \w+) "
    r"(?:involve|depict|show|feature|contain|are|is)s?\b|"
    r"\b(?:may|can|free|freely|allowed|permitted|welcome)\b[^.;]{0,80}\bunless (?:you|users?|they|the (?:user|"
    r"licensee))"
    rf"(?: \w+){{0,3}} to {_USE_VERB}\b|"
    # A pledge about one's own content: "I confirm that my uploads contain no …".
    r"\bi (?:\w+ )?(?:confirm|certify|warrant|promise|declare|affirm|agree|pledge|swear) (?:that )?(?:my|none of my) "
    r"(?:\w+ ){1,3}(?:contains? no|shows? no|depicts? no|(?:do|does) not|(?:is|are) free of)\b|"
    r"\b(?:you|users?|licensees?|customers?|uploaders?|members?|contributors?|recipients?|sellers?|creators?|"
    r"submitters?|participants?|developers?|artists?|applicants?|suppliers?|undersigned)(?: \w+){0,3} (?:represents?|"
    r"warrants?|promises?|confirms?|"
    r"certif(?:y|ies)|guarantees?|agrees?|affirms?|declares?|ensures?|undertakes?|attests?|pledges?):? "
    r"(?:that )?(?:(?:your|its|their|the|any|all|such|each|no) )?(?:\w+ ){0,2}(?:content|uploads?|files?|"
    r"submissions?|data ?sets?|sets?|characters?|posts?|materials?|images?|videos?|works?|models?|outputs?|"
    r"derivatives?|apps?|products?|listings?|goods|items?|artworks?|pictures?|drawings?|photos?|recordings?|it|"
    r"they)(?: \w+){0,3} (?:"
    r"(?:do|does|will|shall|is|are)(?: not|n['’]t| never)|(?:contains?|includes?|has|have|depicts?|features?|shows?) "
    r"no|(?:is|are|be) free (?:of|from)|never)\b|"
    r"\b(?:exclud(?:e|es|ed|ing)|rul(?:e|es|ed|ing) out|carv(?:e|es|ed) out)(?: \w+){0,4} (?:uses?|purposes?|"
    r"applications?)\b|"
    r"\b(?:no one|nobody)(?: \w+)? (?:gets?|has|have|receives?|is given) (?:\w+ )?(?:permission|licen[cs]e|rights?)\b|"
    r"\b(?:agrees?|undertakes?|engages?|promises?|commits?|accepts?|asked|required|"
    r"obliged?s?|binds?|pledges?)(?: \w+){0,3} (?:to not|not to)\b|"
    r"\b(?:must|shall|should) be free (?:of|from)\b|"
    r"\b(?:warrants?|represents?|confirms?|agrees?|ensures?|promises?)(?: \w+)? (?:that )?(?:nothing|none of)\b|"
    r"\b(?:just|but|only) not (?:for|to|in|of|with)\b|\bno (?:place|room)(?: here)? for\b|\boff[- ]limits\b|\b(?:is|"
    r"are) not (?:used|employed|deployed) (?:to|for|in)\b|"
    r"\b(?:you|users?|licensees?|customers?|recipients?|developers?|deployers?|part(?:y|"
    r"ies))(?: \w+){0,6} ensure(?: \w+){0,6} (?:not|no|never)\b|"
    r"\b(?:licen[cs]es?|rights?|permissions?|grants?|authori[sz]ation)(?: \w+){0,5} (?:do|does|shall|"
    r"will) not (?:extend|apply|include|cover|"
    r"permit|allow|grant|give|confer)\b|"
    r"\bat no (?:time|point)\b|\b(?:is|are) not to (?:\w+ly )?[a-z]+\b|\bunder no circumstances?\b|"
    r"\bin no (?:event|case|way)\b|"
    r"\b(?:prohibit|forbid|ban|disallow|bar|outlaw|oppose|condemn)(?:s|d|ed|ned|ting|ning|ding|ing)?\b|"
    r"\breject(?:s|ing)?\b|"
    r"\bforbidding\b|"
    r"\b(?:restricted|impermissible|excluded|banned) (?:uses?|purposes?|content|materials?|activit(?:y|ies)|conduct)\b|"
    r"\bprohibitions?\b|\bprohibited\b|\bforbidden\b|\bunacceptable\b|\bdisallowed\b|\bbans? on\b|"
    r"\brestrictions? (?:on|against)\b|"
    r"(?:\bnot|n['’]t|\bnever)(?: [a-z]+)? (?:allow|permit|tolerate|accept|condone|host|support|authori[sz]e|want|"
    r"endorse)(?:ed)?\b|"
    r"\b(?:is|are) not (?:allowed|permitted|tolerated|acceptable|welcome)\b|"
    r"\bzero[- ]tolerance\b|\bno tolerance\b|\bintolerant of\b|\bneither\b|"
    r"\b(?:uses?|purposes?|content|welcome|anything|everything|accept\w*) (?:is |are )?(?:\w+ )?(?:except(?: for|"
    r" to)?|other than|apart from|but not)\b|"
    r"\b(?:is|are) not (?:intended|meant|designed|suitable|to be used) (?:to|for)\b|"
    r"\b(?:violat(?:e|es|ions?) of|violat(?:e|es) (?:this|our|the)|breach of|contrary to) (?:this|our|the|"
    r"these)\b|\bagainst (?:this|our|the|these|all) (?:\w+ ){0,3}(?:rules?|terms|polic(?:y|ies)|licen[cs]es?|agreement|"
    r"guidelines|standards|laws?|spirit|code|values|principles)\b"
    r")",
    RE2_OPTIONS,
)

# Each prohibits what comes before it.
SUFFIX_CUES = lazy_pattern(
    r"(?i)(?:"
    # "It does not belong here", "… is denied a licence", "… is not covered by this licence".
    r"\b(?:do|does) not belong (?:here|on (?:our|this)|in (?:our|this))\b|"
    r"\b(?:is|are) (?:denied|refused|withheld) (?:an?|any|all|this|the) (?:\w+ )?(?:licen[cs]e|access|permission|"
    r"rights?)\b|"
    r"\b(?:is|are) not covered by (?:this|the|our) (?:\w+ )?(?:licen[cs]e|agreement|grant|permission|terms)\b|"
    # "Apps that sexualise minors may not be built": what is made, not reports of abuse.
    r"\b(?:may|must|shall|can)(?: not|not| never)(?: \w+ly)? be (?:\w+ (?:or|and) )?(?:built|developed|produced|"
    r"offered|trained|fine-?tuned|drawn|requested|solicited|promoted|advertised|depicted|portrayed|sold|"
    r"made(?: (?:or|and) \w+| with| using| on| here| by|[.;,]|$))(?:\b|$)|"
    r"\b(?:may|must|shall|can)(?: not|not| never) be (?:stored|kept|shared|published|transmitted|sent|distributed|"
    r"displayed|"
    r"linked) (?:on|over|through|via|in|to|from) (?:the|our|this|these|any) (?:\w+ )?(?:servers?|services?|platforms?|"
    r"networks?|sites?|websites?|hub|systems?|channels?|forums?|apps?|community)\b|"
    r"\b(?:which|that) (?:we|our \w+|this \w+|the (?:polic(?:y|ies)|rules?|licen[cs]e|"
    r"terms)) (?:\w+ )?(?:prohibits?|forbids?|bans?|"
    r"(?:does|do) not (?:allow|permit|tolerate|accept))\b|"
    r"[:–—-] ?(?:all |both |each |is |are |strictly |absolutely |expressly )+(?:prohibited|forbidden|banned|"
    r"not allowed)\b|"
    r"\b(?:is|are) (?:\w+ )?(?:off the table|out of bounds|a no-?go)\b|"
    r"\b(?:is|are|be|being|remains?|shall be|will be|has been|have been)(?: [a-z]+){0,2} (?:prohibited|forbidden|"
    r"banned|disallowed|barred|unacceptable|interdicted|inadmissible|"
    r"off[- ]limits|not (?:allowed|permitted|licen[cs]ed|tolerated|acceptable|accepted|admitted|admissible|welcome|ok|"
    r"okay))\b|"
    r"\b(?:will|shall|must|can|should|may|is|are)(?: [a-z]+)? ?(?:not|never)(?: [a-z]+){0,2} (?:be )?(?:tolerated|"
    r"allowed|permitted|accepted|acceptable|used|uploaded|posted|"
    r"generated|created|hosted|condoned|welcome)\b|"
    r"\bcannot be (?:tolerated|allowed|permitted|accepted|uploaded|posted|used|generated|hosted)\b|"
    r"\b(?:is|are) not (?:licen[cs]ed|authori[sz]ed)\b|"
    r"\bwill never be (?:tolerated|allowed|permitted)\b|"
    r"\b(?:isn['’]?t|aren['’]?t|won['’]?t be)(?: [a-z]+)? (?:allowed|permitted|tolerated|acceptable|welcome|ok)\b|"
    r"\bzero[- ]tolerance\b|\b(?:breach(?:es)?|(?:violation|infringement)s?) of (?:our|the|these|this) (?:rules?|terms|"
    r"polic\w+|licen\w+|"
    r"agreement|guidelines)\b|\boutside (?:of )?(?:the (?:scope|terms) of )?(?:this|the|our) (?:licen[cs]e|"
    r"agreement|permission|grant)\b|"
    r"\b(?:strictly|expressly|absolutely|explicitly|completely) (?:prohibited|forbidden|banned|disallowed|"
    r"not (?:allowed|permitted|tolerated))\b|"
    r"[:|–—(-] ?\**(?:prohibited|forbidden|banned|not (?:allowed|permitted)|disallowed|never allowed)\b|"
    r"\b(?:and|or|therefore|thus|hence)(?: [a-z]+)? (?:prohibited|forbidden|banned|not (?:allowed|permitted))\b|"
    r"\b(?:outside the scope of|excluded from) (?:this|the) licen[cs]e\b|\b(?:is|are|be|constitutes?|"
    r"considered) (?:an? )?(?:\w+ )?(?:breach|violation)(?:es|s)? of\b|"
    r"\boutside (?:of )?(?:the|its|our) (?:permitted|licensed|allowed|acceptable) (?:scope|uses?)\b|"
    r"\bbreaks? (?:our|the|these|this) (?:rules?|terms|policy|licen[cs]e)\b|"
    r"\bha(?:s|ve) no (?:place|business|home|licen[cs]e|permission|rights?)\b|\b(?:violates?|breach(?:es)?|"
    r"are (?:a )?violations? of|is a violation of|(?:is|"
    r"are) (?:\w+ly )?(?:in violation of|against|contrary to)) (?:our|this|these|the)\b|"
    r"\bviolations? of this policy\b|"
    r"\b(?:is|are|be|constitutes?) (?:an? |considered )?(?:\w+ ){0,2}(?:misuse|abuse|breach|violation|"
    r"infringement)s?\b|"
    r"\bviolates? (?:this|the|our)\b|\b(?:hereby|expressly|specifically|is|are) excluded\b|\b(?:not|never) (?:ok|okay|"
    r"fine|cool)\b|"
    r"\| ?(?:\*\*)?(?:no|never|❌|✗|✘|🚫|⛔)(?:\*\*)? ?(?:\||$)|(?:[:–—-]|\.{3}) ?never\b[.!)*]*$|"
    r", ?(?:just |please )?don['’]?t[.!)*]*$|"
    r"[:–—-] ?(?:(?:a |an )?(?:hard|absolute|definite|clear) no|absolutely not|no way|absolutely never)[.!)*]*$"
    r")"
)

_PARTIAL_NEGATION = lazy_pattern(
    r"(?i)^not (?:all|every\w*|only|just|yet|sure|much|many|enough|even|always|because|everyone)$"
)

_PERFECT_NEVER = lazy_pattern(r"(?i)\b(?:have|has|had|['’]ve) never$")

_PAST_TENSE = lazy_pattern(
    r"(?i)^ (?:\w+ly )?(?:saw|made|wrote|gave|drew|sent|got|was|were|had|has|have|[a-z]+(?:duc|rat|ar|at|how|ost|"
    r"epict|urn|"
    r"ind)ed|found|shown)\b"
)


def find_cues(sentence: str, low: int, high: int, pattern: re2._Regexp) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each cue in ``sentence[low:high]`` that prohibits and is not negated.

    "The model will not generate X" describes a model and is no cue; "the model must not be used for X" is one.
    """
    for match in pattern.finditer(sentence[low:high]):
        start, end = low + match.start(), low + match.end()
        starts, ends = negated_spans(sentence)
        if (nearest := bisect_right(starts, end)) and start <= ends[nearest - 1]:
            continue
        if _PARTIAL_NEGATION.search(match.group()):
            continue
        if match.group()[-5:].lower() == "never" and (
            _PAST_TENSE.search(sentence[end:]) or _PERFECT_NEVER.search(match.group())
        ):
            continue  # "our model never produced X"
        # "The model will not generate X" describes; "the model must not be used for X" prohibits.
        words = match.group()
        bound = BOUND_PARTY.search(words)
        if (
            not bound
            and MODEL_BEHAVIOUR.search(words)
            and not words.lower().endswith(" be")
            and not BE_USED.match(sentence[end:])
        ):
            continue
        yield start, end
