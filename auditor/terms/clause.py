"""Does a text itself prohibit sexual exploitation or abuse of minors, or such imagery?

Three things must meet in one unit of sense (:mod:`auditor.terms.sentences`): what is meant (abuse, harm or
sexualisation, and a minor as its object), a prohibition that governs it (in the unit, in a stem above it,
or in a heading), and nothing that undoes it (a negation, a permission, a definition, someone else's policy).
English only: ask :func:`auditor.terms.language.language_of` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

import re2

from auditor.terms.sentences import Unit, units
from auditor.terms.whose import of_others, told

Answer = Literal["explicit", "by-reference", "absent"]


@dataclass(frozen=True, slots=True)
class Clause:
    """What a text says; ``start`` and ``end`` are characters of it. ``refers``: the policy it points to."""

    answer: Answer
    quote: str = ""
    start: int = 0
    end: int = 0
    refers: str = ""


ABSENT = Clause("absent")


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


# --- what is meant -----------------------------------------------------------------------------------

_AGE = (
    r"(?:1[0-8]|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|(?:legal|adult) age|age of (?:majority|consent))"
)
_MINOR = (
    r"minors|(?:a|an|any|another|the|one|real|no) minor|children|child|kids?|teen(?:s|agers?)|pre-?teens?|"
    r"adolescents?|infants?|"
    r"toddlers?|babies|juveniles|youths?|young (?:people|persons?|children)|school ?(?:girls?|boys?|children)|"
    r"pre-?pubescents?|under-?\s?aged?|child-?like|kiddie|"
    r"(?:any ?one|any ?body|some ?one|persons?|people|individuals?|users?|characters?|those|humans?|subjects?|"
    r"figures?|models?|girls?|boys?)"
    r"(?:,? [a-z]+){0,6}?,? (?:under|below|younger than|less than)(?: the)?(?: age)?(?: of)? " + _AGE + r"|"
    r"under[- ]?18s?|"
    r"(?:under|below) the age of " + _AGE
)
_HARM = (
    r"exploit(?:s|ed|ing|ation|ations|ative|ive)?|harm(?:s|ed|ing)?|abus(?:e|es|ed|ing|ive)|endanger(?:s|ed|"
    r"ing|ment)?|"
    r"groom(?:s|ing|ed)?|molest\w*|victimi[sz]\w*|prey(?:s|ing)? (?:up)?on|mistreat\w*|sextort\w*|hurt(?:s|ing)?|"
    r"traffick(?:s|ing|ed)?|entic(?:e|es|ing|ement)|lur(?:e|es|ing)|coerc(?:e|es|ing|ion)|(?:harmful|"
    r"detrimental) (?:to|for)"
)
_SEXUAL = (
    r"sexuali[sz]\w*|sexually|sexual|sex|sexy|erotic\w*|porn\w*|obscene|nude|nudes|nudity|naked|lewd|explicit|"
    r"indecent|"
    r"sensual|nsfw|suggestive|inappropriate|undress\w*|intimate|fetish\w*|romantic|erp|adult (?:content|material|"
    r"role-?play|"
    r"imagery|scenes?|scenarios?|"
    r"situations?)"
)
_SPAN = r"[^.;:!?\n]"
_IMAGERY = (
    r"csam|csem|csai|csea|csae|"
    r"child(?:ren)?(?:['’]?s|hood)?[- ,/]+(?:and (?:youth|teen) )?(?:sex\w*|porn\w*|exploit\w*|abus(?:e|ive)\b|"
    r"erotica|molest\w*|endangerment|"
    r"grooming|nudity|predat\w*)|"
    r"(?:child|minor|under-?age|teen|infant|youth|juvenile)[- ](?:sex\w*|porn\w*|nudity|exploitation|abuse|grooming)|"
    r"(?:child|minor)[- ](?:sexual[- ])?traffick\w*|solicit(?:s|ing|ation)?(?: of)? (?:minors|"
    r"(?:a )?child(?:ren)?|a minor)|"
    r"p(?:a|e|ae)?edo(?:phil|porn|-?sex)\w*|loli(?:con)?|shota(?:con)?|"
    r"(?:illegal|unlawful|illicit) (?:\w+ )?(?:content|material|imagery|images)(?: \w+)? (?:involving|depicting|"
    r"of|with|featuring) "
    r"(?:minors|children|a minor|a child)|"
    r"under-?\s?aged? (?:content|material|images?|imagery|pictures|nsfw|stuff|porn\w*|nud\w+|sex\w*)|"
    r"abus\w+ (?:imagery|images|material|pictures|videos?) of (?:children|minors|a child)|"
    r"sexual exploitation and (?:sexual )?abuse of (?:a )?(?:child(?:ren)?|minors?)"
)
_TARGETS = (
    re2.compile(rf"(?i)\b(?:{_IMAGERY})"),
    re2.compile(rf"(?i)\b({_HARM}|{_SEXUAL})\b({_SPAN}{{0,110}}?)\b({_MINOR})\b"),
    re2.compile(rf"(?i)\b({_MINOR})\b({_SPAN}{{0,60}}?)\b({_HARM}|{_SEXUAL})\b"),
)
# "Minors must never be sexualised", "… may not appear in sexual scenes": what is done to them, not what they may do.
_SUFFERED = re2.compile(
    rf"(?i)\b(?:{_MINOR})(?: [a-z]+){{0,3}} (?:must|may|shall|should|can|will)(?:not| not| never|n['’]t) (?:\w+ )?"
    rf"(?:(?:be|appear) (?:[a-z]+ly )?(?:(?:depicted|shown|portrayed|presented|used|in|as|an?|any) (?:\w+ )?)*)"
    rf"(?:{_HARM}|{_SEXUAL})\b"
)
_HARMING = re2.compile(f"(?i)(?:{_HARM})")
_DEED = re2.compile(f"(?i)(?:{_HARM}|{_SEXUAL})")
_DEEDS = re2.compile(f"(?i)\\b(?:{_HARM}|{_SEXUAL}|{_IMAGERY})".encode())
# Before anything else: no such word, no clause. Cheap enough for every card of a hub.
TOPIC = re2.compile(
    (
        r"(?i)\b(?:csam|csem|csai|csea|csae|loli(?:con)?|shota(?:con)?|minors?|child(?:ren)?|kids?|teens?|"
        r"teenagers?|preteens?|infants?|toddlers?|"
        r"under-?\s?aged?|p(?:a|e|ae)?edophil\w*|adolescents?|juveniles?|youths?|under[- ]?18s?|pre-?pubescents?|"
        r"school ?(?:girl|boy|child)\w*|babies|young (?:people|persons?)|"
        r"p(?:a|e|ae)?edo(?:porn|-?sex)\w*|kiddie|child-?like|"
        rf"(?:under|below|younger than|less than)(?: the)?(?: age)?(?: of)? {_AGE}|"
        r"age of (?:18|eighteen|majority|consent))\b"
    ).encode()
)
_NAMED = re2.compile(TOPIC.pattern.decode())
_NOT_A_CHILD = _words(
    "process processes class classes node nodes window windows element elements component components model models "
    "table tables theme domain domains object objects thread threads task tasks account accounts labor labour "
    "support care development welfare protection education page pages directory directories folder folders branch "
    "tag tags link workflow workflows work workers worker module modules span spans record records issue ticket "
    "commit"
)
_NOT_SEXUAL = _words(
    "orientation orientations identity preference preferences health education characteristics reproduction life "
    "dimorphism function dysfunction history minority minorities"
)
# Words that may stand between a deed and the minor it is done to.
_LINKS = _words(
    "a an the any all some of to or and and/or in on at by for with as against from toward towards upon involving "
    "involve involves depicting depict depicts depiction featuring feature including include includes showing "
    "portraying portray portrayed shown depicted engaged engaging performing participating posing representing "
    "related relating pertaining concerning about regarding who whom "
    "which that is are attempt attempting attempts attempted try tries seeking intend intended intends such like "
    "especially particularly way ways other otherwise potentially knowingly intentionally directly indirectly "
    "actual real fictional apparent imaginary virtual simulated computer-generated ai-generated generated "
    "synthetic whether not be being been material materials content contents image images imagery video videos "
    "media conduct act acts activity activities situation situations context contexts manner poses pose purposes "
    "purpose depictions solicitation creation production distribution dissemination promotion vulnerable groups "
    "group individuals people persons person human humans between adult adults toward one into it its their them "
    "his her this these those threaten threatening negatively affect affecting impact impacting safety wellbeing "
    "well-being rights physical physically emotional emotionally mental mentally psychological psychologically "
    "extort extortion blackmail coercion manipulation manipulate solicit soliciting kidnap recruit nudity "
    "explicit exploitation abuse harm sexual sexually interest attraction appear appears appearing look looks "
    "seem seems perceived known order generate create produce make"
)
_OTHERS = _words(
    "others other individuals people persons person humans human users user anyone yourself someone animals"
)
_ACCESS = re2.compile(
    r"(?i)\b(?:access\w*|view\w*|watch\w*|use|uses|using|visit\w*|register\w*|expos\w*|suitable|appropriate|"
    r"available|"
    r"directed|"
    r"intended|personal (?:data|information)|knowingly collect|consult\w*|must not|may not|should not|cannot)\b"
)
_MAY = re2.compile(r"(?i)\b(?:may|might|could|would|can|will|it|they|she|he)\b")
_NEXT = re2.compile(r"(?i), ?(?:and|or|but)\b")
# "Adult content is fine as long as no minors are shown."
_PROVISO = re2.compile(
    rf"(?i)\b(?:{_SEXUAL})\b{_SPAN}{{0,80}}(?:\bprovided|\b(?:as|so) long as|\bonly (?:if|when|where)|\bbut|"
    rf"\bexcept|,)"
    rf"(?: that| there (?:is|are)| it has| it shows)?(?: no| not with| never(?: with)?| without|"
    rf" excluding)(?: \w+){{0,2}}? "
    rf"({_MINOR})\b"
)
# A label above or before names one half, the words under it the other: "Sexual content: no depictions of minors".
_LABEL = re2.compile(r"^([^:]{3,50}): +\S")
_LABEL_SEXUAL = re2.compile(rf"(?i)\b(?:{_SEXUAL})\b")
_LABEL_MINORS = re2.compile(
    r"(?i)^[\W_\d.]*(?:(?:protection|safety|protecting|content|depictions?|no) (?:of |involving |with |about )?)?"
    r"(?:minors?|children|child|kids|teens|youth|under-?aged?|under[- ]?18s?)(?: \w+)?(?: safety| protection)?[\W_]*$"
)
_SHOWN = re2.compile(
    rf"(?i)(?:\b(?:depict\w*|involv\w*|featur\w*|includ\w*|of|with|show\w*|portray\w*|about|contain\w*|concern\w*)"
    rf"(?: \w+){{0,3}}? |^no )({_MINOR})\b"
)
_DONE = re2.compile(rf"(?i)\b(sexuali[sz]\w*|sexual|nud\w+|porn\w*|lewd|(?:{_HARM})\b{_SPAN}{{0,40}}\bthem)\b")
_ABOUT_ABUSE = _words(
    "labor labour injury injuries case cases prevention detection detector classifier research researcher researchers "
    "survivor survivors victim victims hotline helpline investigation investigations law laws legislation court news "
    "statistics awareness charity charities charges trial trials ruling rulings scanning scanner scanners reporting "
    "reports filter filters filtering hash hashes hashing matching risk risks vector vectors benchmark benchmarks "
    "-adjacent adjacent"
)
_BROKEN = re2.compile(r"(?i)\b(?:not|never|no)\b|, so\b|, (?:but|because|while|whereas)\b")
_LABOUR = re2.compile(
    r"(?i)\b(?:child(?:ren)?[- ]labou?r|employees?|employers?|employment|wages?|supply[- ]chains?|suppliers?|workers?|"
    r"factory|factories|workplace|hir(?:e|es|ed|ing)|employ(?:s|ed|ing)? (?:\w+ ){0,2}(?:persons?|people|"
    r"child(?:ren)?|minors?))\b"
)
# A tree's children and a version's minor number are no people.
_MACHINE = re2.compile(
    r"(?i)\b(?:(?:parent|orphan(?:ed)?|leaf|root|child|sub|tree) ?-?(?:nodes?|process(?:es)?|pointers?|threads?|"
    r"widgets?|"
    r"elements?|components?|domains?|themes?|class(?:es)?|tasks?|tables?)|its (?:own )?child(?:ren)?|scheduler|"
    r"subtree|sub-?domains?|"
    r"(?:major|patch) (?:and|or) minor|minor (?:versions?|releases?|updates?|keys?|chords?|scales?))\b"
)
_TRAITS = re2.compile(r"(?i)\bdiscriminat\w+|\bsexual orientation\b")
_SEX = re2.compile(rf"(?i)\b(?:{_SEXUAL}|{_IMAGERY})")

# --- what prohibits it -------------------------------------------------------------------------------

_YOU = (
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
# "May not" before one of these prohibits, whoever is meant; before others it may say what is uncertain.
_DOING = (
    r"(?:us(?:e|ed)|upload(?:ed)?|creat(?:e|ed)|generat(?:e|ed)|shar(?:e|ed)|post(?:ed)?|produc(?:e|ed)|"
    r"distribut(?:e|ed)|"
    r"publish(?:ed)?|stor(?:e|ed)|host(?:ed)?|submit(?:ted)?|send|sent|mak(?:e|ing)|display(?:ed)?|request(?:ed)?|"
    r"promot(?:e|ed)|engag(?:e|ed)|depict(?:ed)?|sell|sold|offer(?:ed)?|transmit(?:ted)?|employ(?:ed)?|attempt|exploit|"
    r"harm|abuse|sexuali[sz]e|endanger|groom|portray(?:ed)?|draw|write|ask|train(?:ed)?|fine-?tune(?:d)?)"
)
# Each says that what comes after it is prohibited.
_BEFORE = re2.compile(
    r"(?i)(?:"
    rf"\b{_YOU}(?: [\w’',()]+){{0,6}}? (?:must|shall|may|can|should|will)(?: [a-z]+)? ?not\b|"
    rf"\b(?:{_YOU}|[a-z]{{3,}}(?:er|or|ant|ee)s)(?: [\w’']+){{0,4}}?,? (?:cannot|can['’]?t|mustn['’]?t|won['’]?t|"
    r"shan['’]?t|shouldn['’]?t)\b|\b(?:nobody|no[- ]one) (?:may|shall|can|is (?:allowed|permitted) to)\b|"
    r"\baccounts? (?:found|caught|seen|used for)\b|"
    r"\b(?:must|shall|shalt) (?:\w+ )?not\b|"
    rf"(?:\b\w+ )?\b(?:may|should) not (?:\w+ly )?(?:be )?{_DOING}\b|"
    r"\b(?:may|can|should) not be\b|\bcannot be\b|\bmust never\b|"
    r"(?:^|[,;:.–—-] ?|\band |\bor |\bplease |\bthen )(?:do not|don['’]?t|never|avoid)\b|"
    r"(?-i:\b(?:Do not|Do NOT|DO NOT|Don['’]t|DON['’]T|Never|NEVER)\b)|"
    r"\byou(?: [a-z]+)? (?:do not|don['’]?t|never)\b|"
    rf"\b{_YOU}(?: [a-z]+)? never\b|"
    r"\b(?:agrees?|agreed|undertakes?|commit|commits|covenants?|promise|promises|warrants?|required|asked|obligated|"
    r"obliged) not to\b|"
    r"\bagrees? (?:that )?(?:you|they|it)? ?(?:will|shall|do|must)(?: [a-z]+)? not\b|"
    r"\b(?:is|are|be) not (?:allowed|permitted|authori[sz]ed|licen[cs]ed|entitled) to\b|"
    r"\b(?:refrain|refrains|abstain|desist|prohibited|barred|banned|forbidden|restricted|disallowed|"
    r"excluded)(?: [a-z]+)? from\b|"
    r"\b(?:not|never)(?: to)? be (?:used|applied|deployed|employed)\b|\bnot to (?:use|be used|allow|permit|upload|"
    r"generate|create|share|post)\b|"
    r"\b(?:nobody|no (?:\w+ ){0,2}(?:part(?:y|ies)|users?|person|one|licensee|member))\b (?:may|shall|can|"
    r"is (?:allowed|permitted) to)\b|"
    r"(?:^|[:–—,;/)(-] ?|\b(?:strictly|absolutely|definitely|provided|that|is|are|be|say) )(?:no|zero)\b|"
    r"^not (?:to )?[a-z]+|"
    r"\b(?:and|but|or)(?: also| in particular| especially| therefore)? not (?:to )?(?:for |to )?(?:creat\w+|"
    r"generat\w+|"
    r"us(?:e|ing)|produc\w+|mak(?:e|ing)|shar\w+|upload\w*|post\w*|distribut\w+|depict\w*|engag\w+|promot\w+|"
    r"sexual\w*|exploit\w*|harm\w*|abus\w+|the)\b|\b(?:and|but|or|,) never(?: to| for)?\b|"
    r"\b(?:polic(?:y|ies)|rules?|stance|position|terms|guidelines) (?:against|on no)\b|"
    r"\boutside (?:of )?(?:the scope of )?(?:the|this) licen[cs]e\b|\bdraw the line at\b|"
    r"\b(?:must|may|shall|can|should) not,(?: [a-z]+){1,4},|"
    r"\b(?:grants?|gives?|confers?) no (?:rights?|licen[cs]es?|permission)\b|"
    r"\bno (?:rights?|licen[cs]es?|permission)(?: \w+)? (?:granted|given)\b|"
    r"\b(?:licen[cs]es?|licen[cs]ed|permission|permitted|grant(?:s|ed)?|allowed|free|may|lawful|agreement|rights)\b"
    r"[^.;]{0,120}\b(?:except(?: for| to| in| where| when| that)?|other than|excluding|excludes?|"
    r"with the exception of)\b|"
    r"\b(?:void|invalid|terminat\w*|ends?|revoked?|lapses?|expires?|withdrawn)\b[^.;]{0,60}\b(?:if|where|when|"
    r"as soon as)\b|"
    r"\b(?:ends?|loses?|losing|forfeits?) (?:all )?(?:your|their|the|its) (?:rights?|licen[cs]e|access)\b|"
    r"\b(?:suspend|terminat|clos|block|delet|ban)(?:|e|s|es|ing|ning) [^.;]{0,40}\baccounts?\b[^.;]{0,40}\b(?:if|"
    r"where|when|"
    r"for)\b|\bnot for (?:use|the purposes?)\b|"
    r"\b(?:agrees?|undertakes?|engages?|promises?|commits?|accepts?|asked|required|"
    r"obliged)(?: \w+){0,3} (?:to not|not to)\b|"
    r"\b(?:must|shall|should) be free (?:of|from)\b|"
    r"\b(?:warrants?|represents?|confirms?|agrees?|ensures?|promises?)(?: \w+)? (?:that )?(?:nothing|none of)\b|"
    r"\b(?:just|but|only) not (?:for|to|in)\b|\bno (?:place|room)(?: here)? for\b|\boff[- ]limits\b|\b(?:is|"
    r"are) not (?:used|employed|deployed) (?:to|for|in)\b|"
    r"\b(?:you|users?|licensees?|customers?|recipients?|developers?|deployers?|part(?:y|"
    r"ies))(?: \w+){0,3} ensure(?: \w+){0,6} (?:not|no|never)\b|"
    r"\b(?:licen[cs]es?|rights?|permissions?|grants?|authori[sz]ation)(?: \w+){0,5} (?:do|does|shall|"
    r"will) not (?:extend|apply|include|cover|"
    r"permit|allow|grant|give|confer)\b|"
    r"\b(?:terminat|ban|suspend|revok|remov|clos)(?:|e|s|es|ing|ning) [^.;]{0,60}\b(?:if (?:you|(?:the |any |"
    r"a )?(?:licensee|user)s?)|"
    r"(?:users?|anyone|accounts?|members?|persons?|creators?)(?: [a-z]+){0,2} (?:who|that|which|for))\b|"
    r"\bat no (?:time|point)\b|\b(?:is|are) not to (?:\w+ly )?[a-z]+\b|\bunder no circumstances?\b|"
    r"\bin no (?:event|case|way)\b|"
    r"\b(?:prohibit|forbid|ban|disallow|bar|outlaw|reject|oppose|condemn)(?:s|d|ed|ned|ting|ning|ding|ing)?\b|"
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
    r"\b(?:violat(?:e|es|ions?) of|violat(?:e|es) (?:this|our|the)|breach of|contrary to|against) (?:this|our|the|"
    r"these)\b"
    r")"
)
# Each says that what comes before it is prohibited.
_AFTER = re2.compile(
    r"(?i)(?:"
    r"\b(?:will|shall) (?:have|get|see|lose) (?:their|his|her|your|the|all) (?:\w+ )?(?:access|accounts?|"
    r"licen[cs]es?|rights?)\b|"
    r"\b(?:which|that) (?:we|our \w+|this \w+|the (?:polic(?:y|ies)|rules?|licen[cs]e|"
    r"terms)) (?:\w+ )?(?:prohibits?|forbids?|bans?|"
    r"(?:does|do) not (?:allow|permit|tolerate|accept))\b|"
    r"[:–—-] ?(?:all |both |each |is |are |strictly |absolutely |expressly )+(?:prohibited|forbidden|banned|"
    r"not allowed)\b|"
    r"\b(?:is|are) (?:\w+ )?(?:off the table|out of bounds|a no-?go)\b|"
    r"\b(?:is|are|be|being|remains?|shall be|will be|has been|have been)(?: [a-z]+){0,2} (?:prohibited|forbidden|"
    r"banned|disallowed|barred|unacceptable|"
    r"off[- ]limits|not (?:allowed|permitted|licen[cs]ed|tolerated|acceptable|accepted|welcome|ok|okay))\b|"
    r"\b(?:will|shall|must|can|should|may|is|are)(?: [a-z]+)? ?(?:not|never)(?: [a-z]+){0,2} (?:be )?(?:tolerated|"
    r"allowed|permitted|accepted|acceptable|used|uploaded|posted|"
    r"generated|created|hosted|condoned|welcome)\b|"
    r"\bcannot be (?:tolerated|allowed|permitted|accepted|uploaded|posted|used|generated|hosted)\b|"
    r"\b(?:is|are) not (?:licen[cs]ed|authori[sz]ed)\b|"
    r"\bwill never be (?:tolerated|allowed|permitted)\b|"
    r"\b(?:isn['’]?t|aren['’]?t|won['’]?t be)(?: [a-z]+)? (?:allowed|permitted|tolerated|acceptable|welcome|ok)\b|"
    r"\b(?:terminates?|voids?|ends?|forfeits?|revokes?) (?:this|the|your|all) (?:\w+ )?(?:licen[cs]e|rights?|"
    r"access|agreement|"
    r"permission)s?\b|"
    r"\bzero[- ]tolerance\b|\b(?:breach(?:es)?|(?:violation|infringement)s?) of (?:our|the|these|this) (?:rules?|terms|"
    r"polic\w+|licen\w+|"
    r"agreement|guidelines)\b|\boutside (?:of )?(?:the (?:scope|terms) of )?(?:this|the|our) (?:licen[cs]e|"
    r"agreement|permission|grant)\b|"
    r"\b(?:your|the|this|their) (?:licen[cs]e|rights?|access|accounts?|permission)s? (?:\w+ )?(?:ends?|"
    r"terminates?|lapses?|expires?|"
    r"(?:is|are|will be) (?:\w+ )?(?:revoked|terminated|withdrawn))\b|"
    r"\b(?:will|shall|must) be (?:\w+ly |at once )?(?:deleted|removed|rejected|refused|taken down)\b|"
    r"\b(?:grounds|cause|reason) for (?:\w+ ){0,3}(?:termination|suspension|removal|expulsion|an? (?:\w+ )?ban)\b|"
    r"\b(?:strictly|expressly|absolutely|explicitly|completely) (?:prohibited|forbidden|banned|disallowed|"
    r"not (?:allowed|permitted|tolerated))\b|"
    r"[:|–—(-] ?\**(?:prohibited|forbidden|banned|not (?:allowed|permitted)|disallowed|never allowed)\b|"
    r"\b(?:and|or|therefore|thus|hence)(?: [a-z]+)? (?:prohibited|forbidden|banned|not (?:allowed|permitted))\b|"
    r"\b(?:outside the scope of|excluded from) (?:this|the) licen[cs]e\b|\b(?:is|are|be|constitutes?|"
    r"considered) (?:an? )?(?:\w+ )?(?:breach|violation)(?:es|s)? of\b|"
    r"\baccounts? (?:is|are|gets?) (?:\w+ ){0,2}(?:closed|deleted|removed|terminated|suspended|banned)\b|"
    r"\boutside (?:of )?(?:the|its|our) (?:permitted|licensed|allowed|acceptable) (?:scope|uses?)\b|"
    r"\bbreaks? (?:our|the|these|this) (?:rules?|terms|policy|licen[cs]e)\b|"
    r"\bwill get (?:you|them|users?)(?: [a-z]+){0,2} (?:banned|suspended|removed)\b|"
    r"\bha(?:s|ve) no place\b|\b(?:violates?|breach(?:es)?|are (?:a )?violations? of|is a violation of|(?:is|"
    r"are) (?:\w+ly )?(?:in violation of|against|contrary to)) (?:our|this|these|the)\b|"
    r"\b(?:will|shall|may|to) (?:also )?(?:result|lead)s? (?:in|to) [^.;]{0,40}(?:ban|banned|termination|suspension|"
    r"removal)\b|"
    r"\b(?:will|shall|must|may|are|is) be (?:\w+ ){0,2}(?:banned|terminated|suspended|closed|taken down|expelled|"
    r"blocked)\b|\b(?:are|is|being) (?:\w+ ){0,2}(?:banned|taken down)\b|\bviolations? of this policy\b|"
    r"\b(?:gets?|means?|leads? to|results? in|triggers?|brings?|causes?|earns?|=) [^.;]{0,30}\b(?:bans?|"
    r"banned|deleted|"
    r"terminat\w+|suspen\w+|kicked|removal|removed)\b|= ?[^.;]{0,20}\bban\b|\bbannable\b|"
    r"\b(?:lose|loses|forfeits?) (?:\w+ )?(?:access|accounts?|rights?|licen[cs]e)\b|"
    r"\b(?:is|are|be|constitutes?) (?:an? |considered )?(?:\w+ ){0,2}(?:misuse|abuse|breach|violation|"
    r"infringement)s?\b|"
    r"\bviolates? (?:this|the|our)\b|\b(?:hereby|expressly|specifically|is|are) excluded\b|\bnot (?:ok|okay|"
    r"fine|cool)\b|"
    r"\| ?(?:\*\*)?(?:no|never|❌|✗|✘|🚫|⛔)(?:\*\*)? ?(?:\||$)|(?:[:–—-]|\.{3}) ?never\b[.!)*]*$|"
    r", ?(?:just |please )?don['’]?t[.!)*]*$"
    r")"
)
# "Accounts found sharing X are removed": not "images that show X are removed".
_CULPRIT = re2.compile(
    r"(?i)\b(?:accounts?|users?|members?|anyone|players?|people|persons?|those|creators?|channels?|servers?|bots?) "
    r"(?:\w+ )?(?:that|who|which|found|caught|seen|reported|\w+ing)\b[^.;]*$"
)
_EXPELLED = re2.compile(
    r"(?i)^[^.;]*\b(?:is|are|gets?|be) (?:\w+ ){0,2}(?:removed|banned|deleted|closed|suspended|"
    r"terminated|blocked|kicked)\b"
)
# A prohibition undone, or not this text's own.
_UNDONE = re2.compile(
    r"(?i)(?:(?:\b(?:nothing|not|never|neither|nor|without|no longer)|n['’]t)(?: [\w’']+){0,5} (?:prohibit|"
    r"forbid|ban|"
    r"bar|disallow|restrict)(?:s|ed|ned|ing)?\b|"
    r"\b(?:is|are) not (?:\w+ )?(?:prohibited|forbidden|banned|disallowed|barred|restricted)\b|"
    r"\bno (?:\w+ ){0,2}(?:prohibitions?|restrictions?|bans?)\b|\bfail(?:s|ed|ure)? to (?:prohibit|ban|forbid)\b|"
    r"\b(?:laws?|legislation|statutes?|regulations?|acts?|conventions?|treaty|treaties|countries|"
    r"bills?|amendments?|proposals?|governments?|parliaments?|lawmakers|legislators?|senators?|europe|eu|uk|"
    r"jurisdictions|states|"
    r"licen[cs]es|polic(?:y|ies) of other|companies|platforms|providers)"
    r"(?: [\w’',-]+){0,6} (?:that )?(?:prohibit|forbid|ban|criminali[sz]|outlaw)(?:s|ing|ning|ting|e|es)?\b|"
    r"\b(?:whether|if|when|where)(?: \w+){0,5} (?:prohibits?|forbids?|prohibited|forbidden|banned)\b|"
    # Not in force: planned, asked for, or of the past.
    r"\b(?:should|ought to|could|would)(?: \w+)? (?:prohibit|ban|forbid|outlaw|disallow)\b|"
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
    r"\b(?:(?:in|until|before) (?:19|20)\d\d|previous(?:ly)?|earlier|former(?:ly)?|used to|last year|"
    r"years ago)\b[^.;]{0,60}\b(?:prohibit\w*|"
    r"forbade|banned|outlawed)\b|\bwas (?:banned|barred|suspended|expelled)\b|"
    r"\b(?:should|must|ought to|needs? to) (?:have|publish|adopt|write) [^.;]{0,40}\b(?:prohibit|forbid|ban)\w*|"
    r"\b(?:remov|delet|dropp?)(?:e|es|ed|ing|s)? (?:the |this |a )?clause\b)"
)
_DEFINITION = re2.compile(
    r"(?i)(?:[\"“'’*)]|\b(?:csam|minors?|child(?:ren)?|material|exploitation|abuse|pornography|term))\s*(?:shall |"
    r"will )?(?:means?|refers? to|is defined as|are defined as|has the meaning|is any|is an?)\b"
)
_CAUSE = re2.compile(
    r"(?i)(?:^|[,;:–—-]) ?otherwise\b|\b(?:because|since|as (?:it|this|they|we)|due to|lest|or else|except|"
    r"other than|unless|"
    r"(?:as|since|for|where) (?:\w+ ){1,4}(?:may|might|could|would|can|will|is|are|do|does)\b|"
    r"(?:,|but|and|so|while|however|although) (?:we|our|it|the model|this model|the dataset|they|i) (?:\w+ )?(?:may|"
    r"will|can|is|are|was|were|has|have|use|uses|report|remove|filter|do|does|did|also)\b)"
)
# "must not ignore abuse", "may not sell the data, which is about abuse": another deed is prohibited.
_ANOTHER_DEED = re2.compile(
    r"(?i)^ ?(?:\w+ly )?(?:be )?(?:ignor|overlook|dismiss|underestimat|downplay|forget|hesitat|rely|relied|"
    r"depend|assum|"
    r"contact|re-?identif|confus|forward|diagnos)\w*\b|, (?:which|who|whose|as) (?:was|were|is|are|ha[sd]|"
    r"have|contains?|covers?|"
    r"deals?|it|they|the)\b"
)
_LIABLE = re2.compile(r"(?i)\b(?:liab\w+|responsib\w+|accountable|be obliged|be required|be deemed)\b")
# What is done for children, not to them, in the words right before what is meant.
_DUTY = (
    r"(?:prevent\w*|combat\w*|detect\w*|report(?:s|ed|ing)?|fight\w*|protect\w*|filter\w*|remov\w+|delet\w+|block\w*|"
    r"screen\w*|"
    r"scan\w*|safeguards?|classif\w+|identif\w+|counter\w*|tackl\w+|eliminat\w+|eradicat\w+|stop(?:s|ping)?|"
    r"mitigat\w+|moderat\w+|"
    r"victims?|survivors?|research\w*|stud(?:y|ies|ying)|news|articles?|papers?|investigat\w+|address\w*|reduc\w+|"
    r"disrupt\w*|evaluat\w+|(?:measures?|defen[cs]es?|protections?|campaigns?|action|laws?|tools?|charity|charities) "
    r"(?:against|for)|"
    r"flag(?:s|ged|ging)?|awareness|prosecut\w+|discourag\w+|deter(?:s|ring)?)"
)
_BENIGN = re2.compile(
    rf"(?i)\b{_DUTY}(?:(?:,|,? and|,? or) {_DUTY})*(?: (?:against|any|the|all|of|for|on|about|into|known|potential|"
    rf"suspected|possible|"
    r"attempts|to|at|content|material|[a-z]+ing|from|out|such|risks?|cases|instances|by|with|as|our|users|children|"
    r"minors|images)){0,6}[ ,]*$"
)
_FAILING = re2.compile(r"(?i)\b(?:fail\w*|refus\w+|neglect\w*|declin\w+|not) to (?:\w+ )?$")
# "We prohibit and report X": the duty stands beside the prohibition.
_JOINED = re2.compile(
    r"(?i)(?:\b(?:prohibit|forbid|ban|disallow|reject|condemn)(?:s|ned)?|(?:not|n['’]t|never) (?:allow|permit|"
    r"tolerate|accept|condone))"
    r"(?: \w+)?(?:,|,? and|,? or)(?: (?:we|will|immediately|promptly|also|actively))* $"
)
_DESCRIBED = re2.compile(
    r"(?i)^[^.;]{0,60}\b(?:was|were|been|is|are) (?:\w+ )?(?:found|detected|present|included|contained|known|"
    r"identified|observed|removed|used in training)\b|^[^.;]{0,60}\b(?:was|were) (?:\w+ )?(?:harmed|hurt|abused|"
    r"exploited)\b"
)
_MODEL_DOES = re2.compile(
    r"(?i)\b(?:model|models|filter|filters|classifier|dataset|data|system|tool|it|detector|corpus|checker|checkpoint)"
    r"(?: \w+)? (?:may|can|will|does|do|should|might|could)(?:\s?not|n['’]t)\b"
)
_BOUND = re2.compile(
    r"(?i)\b(?:you|users?|licensees?|customers?|recipients?|developers?|apps?|applications?|products?|warrants?|"
    r"represents?|agrees?|undertakes?|promises?)\b"
)
_BE = re2.compile(
    r"(?i)^(?: \w+)? be (?:used|applied|deployed|employed|utili[sz]ed|fine-?tuned|modified|made|integrated|run)"
)

_STEM_PERMITS = re2.compile(
    r"(?i)(?:\b(?:intended|permitted|allowed|acceptable|encouraged|appropriate|approved) (?:uses?|purposes?|"
    r"for|to)\b|"
    r"\b(?:you|users?|licensees?) (?:may|can|are (?:free|allowed|permitted) to)(?: [a-z]+){0,6}?:|"
    r"\b(?:we|our (?:team|efforts|work|moderators?)) (?:use|report|work|collect|remove|take|may|filter|screen|detect|"
    r"recommend|support|partner|measure|evaluat\w+)\b|"
    r"\b(?:please |to )?report\b|\b(?:contact|resources|helplines?|hotlines?|learn more|see also|references)\b)"
)
_HEADING_PROHIBITS = re2.compile(
    r"(?i)\b(?:prohibit\w*|forbidden|disallowed|unacceptable|not (?:allowed|permitted|acceptable)|may not|must not|"
    r"shall not|do not|don['’]?t|never|"
    r"restricted uses?|use[- ]restrictions?|use-?based restrictions?|restrictions on use|usage restrictions?|"
    r"out[- ]of[- ]scope uses?|misuse|malicious use|zero[- ]tolerance|"
    r"banned|what(?: is|['’]s) not|agrees? not|(?:harmful|excluded|inappropriate|unintended|unsafe) uses?|"
    r"not intended|hard (?:exclusions?|limits?|lines?)|(?:excluded|inappropriate|harmful) content|violations|"
    r"not (?:ok|okay|allowed here)|out[- ]of[- ]scope|"
    r"off[- ]limits|"
    r"(?:content|posts?|accounts?|materials?|images|things|what) (?:that )?we (?:will )?(?:remove|delete|ban|reject|"
    r"take down|refuse)|"
    r"red lines?|hard no(?:e?s|['’]s)?|no-?no(?:e?s|['’]s)?|don['’]ts|no[- ]go(?:es|s)?|(?:can['’]?t|cannot) do)\b"
)


# A title of work on what is prohibited, not a prohibition.
_OF_DATA = re2.compile(r"(?i)\b(?:data ?sets?|detect\w*|classif\w+|benchmarks?|corpus|moderation|taxonomy|labels?)\b")
_MOST = 16  # more targets in one unit are a text made to be slow
_FINITE = re2.compile(
    r"(?i)\b(?:is|are|was|were|we|you|i|our|your|will|may|can|has|have|had|must|should|do|does|please)\b"
)


@lru_cache(maxsize=512)
def _is_meant(unit: str) -> tuple[tuple[int, int], ...]:
    """Where the unit names abuse, harm or sexualisation of a minor, or such imagery: starts and ends."""
    found: list[tuple[int, int]] = []
    for match in islice(_TARGETS[0].finditer(unit), _MOST):
        after = unit[match.end() : match.end() + 20].split()
        if after and after[0].lower().strip(".,;:") in _ABOUT_ABUSE:
            continue
        if match.group()[:6].lower() == "minor " and after and after[0].lower() in ("of", "to"):
            continue  # "minor abuse of equipment"
        found.append(match.span())
    for minor_first, pattern in enumerate(_TARGETS[1:]):
        match = pattern.search(unit)
        for _ in range(_MOST):
            if match is None:
                break
            if _linked(unit, match, minor_first=bool(minor_first)):
                found.append(match.span())
            # The next may begin within this one: "harm others or exploit minors".
            match = pattern.search(unit, match.end(1))
    found += [match.span(1) for match in islice(_PROVISO.finditer(unit), _MOST)]
    return () if _of_no_people(unit) else tuple(sorted(found))


def _of_no_people(unit: str) -> bool:
    """Does it speak of work or of machines, and of nothing sexual?"""
    return bool(_LABOUR.search(unit) or _MACHINE.search(unit)) and not _SEX.search(unit)


def _linked(unit: str, match: re2._Match, *, minor_first: bool) -> bool:
    """Is the minor the one that the deed is done to, or shown in? Judged by the words between them."""
    deed_group, minor_group = (3, 1) if minor_first else (1, 3)
    deed, minor = match.group(deed_group).lower(), match.group(minor_group).lower()
    after_deed = unit[match.end(deed_group) :].lstrip(" -").split(maxsplit=1)
    if deed == "sex" and _TRAITS.search(unit):
        return False  # "age, sex, sexual orientation"
    if deed in {"sexual", "sexually", "sex"} and after_deed and after_deed[0].lower().strip(".,;:()") in _NOT_SEXUAL:
        return False
    if minor_first and after_deed and after_deed[0].lower().strip(".,;:()") in _ABOUT_ABUSE:
        return False
    after_minor = unit[match.end(minor_group) :].split(maxsplit=1)
    next_word = after_minor[0].lower().strip(".,;:()") if after_minor else ""
    if minor == "child" and next_word in _NOT_A_CHILD:
        return False
    if minor.endswith(" minor") and next_word not in {
        "",
        "who",
        "in",
        "or",
        "and",
        "by",
        "for",
        "under",
        "to",
        "is",
        "with",
        "through",
        "as",
        "being",
        "engaged",
        "engaging",
        "depicted",
        "shown",
        "portrayed",
        "performing",
        "posing",
        "appearing",
    }:
        return False
    between = match.group(2)
    if _BROKEN.search(between):
        return False
    words = [word.strip("\"'“”’().,*_").lower() for word in between.replace("/", " ").replace(",", " ").split()]
    harming = bool(_HARMING.fullmatch(deed))
    if minor_first:
        if (
            _ACCESS.search(between)
            or _MAY.search(between)
            or _NEXT.search(between)
            or (harming and deed.endswith(("ing", "s")))
        ):
            return False
        return sum(word not in _LINKS for word in words) <= 1
    if harming:
        taken = next((at for at, word in enumerate(words) if word in _OTHERS), None)
        rest = words[taken + 1 :] if taken is not None else []
        if taken is not None and not {"including", "such", "especially", "particularly", "like", "under"} & set(rest):
            joined = [word for word in rest if word]
            if joined and joined[0] in {"or", "and"} and len(joined) > 2:
                return False
        return sum(word not in _LINKS and not _DEED.fullmatch(word) for word in words) <= 3
    if (
        words
        and words[-1] in {"to", "with", "by"}
        and "related" not in words
        and "relating" not in words
        and deed not in {"sexualize", "sexualise"}
    ):
        return words[-1] == "with" and deed in {"sex", "sexual", "sexually"}
    if _ACCESS.search(between):
        return False
    return sum(word not in _LINKS and not _DEED.fullmatch(word) for word in words) <= 5


def _undoings(words: str) -> Iterator[re2._Match]:
    """What undoes a prohibition; not "whether or not prohibited", nor "without consent is prohibited"."""
    even_so = words.replace("hether or not", "hether or so ") if "hether or not" in words else words
    for match in _UNDONE.finditer(even_so):
        if not _OF_ANOTHER.search(match.group()):
            yield match


_OF_ANOTHER = re2.compile(r"(?i)^(?:not|never|without|n['’]t)(?: [\w’']+)+ (?:is|are|was|were|be|being)(?: \w+)? \w+$")


def _undone(words: str) -> bool:
    return any(True for _ in _undoings(words))


def _prohibitions(sentence: str, low: int, high: int, pattern: re2._Regexp) -> Iterator[tuple[int, int]]:
    """Where ``sentence[low:high]`` prohibits and nothing undoes it: starts and ends in the sentence."""
    undone: list[tuple[int, int]] | None = None
    for match in pattern.finditer(sentence[low:high]):
        if undone is None:
            undone = [found.span() for found in _undoings(sentence)]
        start, end = low + match.start(), low + match.end()
        if any(first <= end and start <= last for first, last in undone):
            continue
        # "The model will not generate X" describes; "the model must not be used for X" prohibits.
        words = match.group()
        bound = _BOUND.search(words)
        if (
            not bound
            and _MODEL_DOES.search(words)
            and not words.lower().endswith(" be")
            and not _BE.match(sentence[end:])
        ):
            continue
        yield start, end


def _governed(unit: str, start: int, end: int) -> bool | None:
    """Does the unit's own wording prohibit what stands at ``start``? None: it says nothing either way."""
    benign = _BENIGN.search(unit[:start])
    if of_others(unit) or (
        benign and not _FAILING.search(unit[: benign.start()]) and not _JOINED.search(unit[: benign.start()])
    ):
        return False
    for first, last in _prohibitions(unit, 0, start, _BEFORE):
        between = unit[last:start].replace("without limitation", "")
        found_none = unit[first:last].strip(" :–—-").lower() in ("no", "zero") and _DESCRIBED.match(unit[start:])
        if not (_CAUSE.search(between) or _LIABLE.search(between) or _ANOTHER_DEED.search(between) or found_none):
            return True
    for first, _ in _prohibitions(unit, end, len(unit), _AFTER):
        if not _CAUSE.search(unit[end:first]):
            return True
    if _CULPRIT.search(unit[:start]) and _EXPELLED.search(unit[end:]):
        return True
    return False if _undone(unit) or _DEFINITION.search(unit) else None


@lru_cache(maxsize=512)  # one stem says the same to each item under it
def _stem_says(stem: str) -> bool | None:
    """Does a stem prohibit (True) or permit (False) what hangs on it? None: neither."""
    if of_others(stem):
        return False
    if any(True for pattern in (_BEFORE, _AFTER) for _ in _prohibitions(stem, 0, len(stem), pattern)):
        return True
    if len(stem) <= 60 and stem.endswith(":") and _HEADING_PROHIBITS.search(stem) and not _undone(stem):
        return True
    return False if _undone(stem) or _STEM_PERMITS.search(stem) else None


# "Adult content. Do not share with people under 18."
_GIVEN = re2.compile(
    r"(?i)\b(?:shar(?:e|ed|ing)|show(?:n|ing)?|s[eo]ll(?:ing)?|sold|giv(?:e|en|ing)|send(?:ing)?|sent|"
    r"offer(?:ed)?|provid\w+|"
    r"distribut\w+|expos\w+|accessible|available)(?: \w+){0,3} (?:with|to|by)\b"
)


def _by_label(unit: Unit, *, names: bool) -> list[tuple[int, int]]:
    """What only a label (before a colon, or the heading or stem right above) and the unit together name.

    ``names``: the unit itself has a word for a minor.
    """
    label, low = "", 0
    if own := _LABEL.match(unit.text):
        label, low = own.group(1), own.end(1) + 1
    elif unit.stems or unit.headings:
        label = (unit.stems or unit.headings)[-1]
    rest = unit.text[low:]
    if not 0 < len(label) <= 50 or not (names or _NAMED.search(label)):
        return []
    if _ACCESS.search(rest.partition("not ")[0]) or _GIVEN.search(rest):
        return []
    if _LABEL_SEXUAL.search(label):
        return [(low + found.start(1), low + found.end(1)) for found in islice(_SHOWN.finditer(rest), _MOST)]
    if _LABEL_MINORS.search(label):
        return [(low + found.start(1), low + found.end(1)) for found in islice(_DONE.finditer(rest), _MOST)]
    return []


def _prohibited(unit: Unit, start: int, end: int) -> bool:
    if unit.text.rstrip("'\"”’)*_ ").endswith("?"):
        return False  # asked, not said
    if unit.crossed:
        return True
    own = _governed(unit.text, start, end)
    if own is not None:
        return own
    label = _LABEL.match(unit.text)
    if label and label.end(1) <= start and _HEADING_PROHIBITS.search(label.group(1)):
        return True
    for stem in reversed(unit.stems):
        said = _stem_says(stem)
        if said is not None:
            return said
    if unit.kind == "prose" and _FINITE.search(unit.text[:start]):
        return False  # a sentence of its own, which the heading does not make a prohibition
    for heading in reversed(unit.headings):
        if heading.endswith(":") and (said := _stem_says(heading)) is not None:
            return said
        if _HEADING_PROHIBITS.search(heading) and not _undone(heading) and not _OF_DATA.search(heading):
            return True
        if _STEM_PERMITS.search(heading):
            return False
    return False


# --- by reference ------------------------------------------------------------------------------------

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


def _reference(text: str) -> Clause:
    """The policy of use that binds by being named: one with its address before one without."""
    named = list(islice(_POLICY.finditer(text), _MOST_POLICIES))
    own = {_of_policy(match.group(1)) for match in _THIS.finditer(text)} if named else set()
    best = ABSENT
    for match in named:
        before = " ".join(text[max(0, match.start() - 20) : match.end()].split())
        if _NOT_OF_USE.search(before) or _of_policy(match.group()) in own:
            continue
        around = text[max(0, match.start() - 250) : match.end() + 160]
        if _BINDS.search(around):
            name = " ".join(match.group().split())
            address = _ADDRESS.search(text[match.end() : match.end() + 300])
            if address:
                name += f" ({address.group(1).replace(chr(92), '').rstrip('.,;:*')})"
            if address or best is ABSENT:
                best = Clause("by-reference", "", match.start(), match.end(), name)
            if address:
                break
    return best


def _of_policy(name: str) -> str:
    return " ".join(name.lower().split()[-3:])


def _near(text: bytes) -> bool:
    """Does a word for a minor stand near a word for harm or sex? No unit need be cut where none does."""
    return any(_DEEDS.search(text[max(0, match.start() - 250) : match.end() + 250]) for match in TOPIC.finditer(text))


def clause(text: str, *, references: bool = True) -> Clause:
    """What this English text says itself; the first unit that prohibits is quoted.

    A heading alone ("Child sexual abuse material") prohibits nothing. ``references``: look for a policy
    that the text points to (cards point to many that do not bind).
    """
    if _near(text.encode()):
        # The sentence before, where it names it and says neither that it may be nor that it may not.
        named: tuple[Unit, int] | None = None
        for unit in units(text):
            names = _NAMED.search(unit.text) is not None
            if names and _SUFFERED.search(unit.text) and not (_of_no_people(unit.text) or _disowned(unit.text)):
                return _said(unit)
            meant = (_is_meant(unit.text) if names else ()) or _by_label(unit, names=names)
            for start, end in meant:
                if _prohibited(unit, start, end) and not _told(text, unit, start, end):
                    return _said(unit)
            if named is not None and _prohibits_what_was_named(unit, topic=named[1] < _AT_ITS_HEAD):
                before = named[0]
                return Clause("explicit", f"{before.text} {unit.text}", before.start, unit.end)
            if meant and _leaves_open(unit, meant[0][0]):
                named = unit, meant[0][0]
            elif not (named and named[0].kind == unit.kind == "item"):  # "… any of the above" may follow the list
                named = None
    return _reference(text) if references else ABSENT


# "X is illegal. Such use is forbidden.", "… You must never generate it."
_BACK = re2.compile(
    r"(?i)^(?:and |but |so )?(?:any |all |none of )?(?:such|this|that|these|those|doing (?:so|this|that))\b"
)
_BACK_OBJECT = re2.compile(
    r"(?i)^ ?(?:\w+ ){0,4}?(?:this|that|such [a-z]+|these|those|so)\b|"
    r"^[^.;]{0,120}\b(?:the|these|those) (?:above|foregoing|aforementioned|preceding)\b"
)
_BACK_TOPIC = re2.compile(r"(?i)^ ?(?:\w+ ){1,4}?(?:it|them)\b")
_AT_ITS_HEAD = 20  # characters before what a sentence is about


def _leaves_open(unit: Unit, start: int) -> bool:
    words = unit.text
    said = unit.kind == "heading" or words.endswith(":") or _BENIGN.search(words[:start])
    return not (said or _undone(words) or _DEFINITION.search(words))


def _prohibits_what_was_named(unit: Unit, *, topic: bool) -> bool:
    """Does this sentence prohibit what the one before it names, by a pronoun? "It" is what that one is about."""
    words = unit.text
    if unit.kind == "heading" or _disowned(words):
        return False
    if _BACK.search(words) and any(True for _ in _prohibitions(words, 0, len(words), _AFTER)):
        return True
    rests = [words[end:] for _, end in _prohibitions(words, 0, len(words), _BEFORE)]
    return any(_BACK_OBJECT.search(rest) or (topic and _BACK_TOPIC.search(rest)) for rest in rests)


def _told(text: str, unit: Unit, start: int, end: int) -> bool:
    """Is it somebody else's prohibition, by the unit's words or by those of a stem that it hangs on?"""
    target = unit.text[start:end]
    return any(told(text, words, unit.start, target) for words in (unit.text, *unit.stems))


def _said(unit: Unit) -> Clause:
    stem = f"{unit.stems[0]} … " if unit.stems else ""
    return Clause("explicit", stem + unit.text, unit.start, unit.end)


def _disowned(unit: str) -> bool:
    return bool(of_others(unit) or _undone(unit) or unit.endswith("?"))


def speaks_against(sentence: str) -> bool:
    """Does this sentence prohibit, filter, report or deny, whatever it names?"""
    return bool(_BEFORE.search(sentence) or _AFTER.search(sentence) or _AGAINST.search(sentence))


_AGAINST = re2.compile(
    rf"(?i)\b{_DUTY}\b|\b(?:no|not|never|without|non|avoid\w*|exclud\w+|refus\w+|negative|nor|unsafe|toxic\w*|"
    rf"harmful|"
    rf"safety|policy|illegal)\b"
)
