"""Finds what must be prohibited: abuse, harm or sexualisation with a minor as its object, or such imagery by name."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import re2

from auditor.clauses.segment import HYPHENATED_LINE_END, Unit


def _word_set(words: str) -> frozenset[str]:
    """Return the set of the words in a text."""
    return frozenset(words.split())


_AGE = (
    r"(?:1[0-9]|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|(?:legal|adult) age|age of (?:majority|consent))"
)
_MINOR = (
    r"minors|(?:a|an|any|another|the|one|real|no) minor|children|child|kids?|teen(?:s|agers?)|pre-?teens?|"
    r"adolescents?|infants?|"
    r"toddlers?|babies|juveniles|youths?|young (?:people|persons?|children)|school ?(?:girls?|boys?|children)|"
    r"pre-?pubescents?|under-?\s?aged?|child-?like|kiddie|"
    r"(?:any ?one|any ?body|some ?one|persons?|people|individuals?|users?|characters?|those|humans?|subjects?|"
    r"figures?|models?|girls?|boys?)"
    r"(?:,? [a-z]+){0,6}?,? (?:under|below|younger than|less than)(?: the)?(?: age)?(?: of)? " + _AGE + r"|"
    r"(?:any ?one|some ?one|persons?|people|individuals?|characters?|those)(?: who (?:is|are|has|have))? not yet (?:18|"
    r"eighteen|of (?:legal )?age|adults?)|under[- ]?18s?|"
    r"(?:whose|with an?) (?:[a-z]+,? ){0,5}age (?:of |is |appears to be |seems to be )?(?:under|below|less than) "
    + _AGE
    + r"|"
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
    r"sensual|nsfw|suggestive|"
    r"inappropriate(?:ly)?|undress\w*|intimate|fetish\w*|romantic|erp|adult (?:content|material|"
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
    r"p(?:a|e|ae)?edo(?:phil|porn|-?sex)\w*|loli(?:s|con)?|shota(?:s|con)?|"
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
# "Minors must never be sexualised", "… may not appear in sexual scenes": what must not be done to them.
PASSIVE_PROHIBITION = re2.compile(
    rf"(?i)\b(?:{_MINOR})(?: [a-z]+){{0,3}},? (?:must|may|shall|should|can|will)(?:not| not| never|n['’]t) (?:\w+ )?"
    rf"(?:(?:be|appear) (?:[a-z]+ly )?(?:(?:depicted|shown|portrayed|presented|used|put|placed|cast|drawn|in|into|"
    rf"as|an?|any) (?:\w+ )?)*)"
    rf"(?:{_HARM}|{_SEXUAL})\b|"
    rf"\b(?:images?|pictures?|photos?|photographs?|videos?|voices?|faces?|likeness(?:es)?|recordings?) of (?:{_MINOR})"
    r"(?: [a-z]+){0,6} (?:must|may|shall|should|can)(?: not|not| never) be (?:used|altered|edited|turned|changed|"
    rf"manipulated|processed)(?: [a-z]+){{0,5}} (?:{_SEXUAL}) (?:imagery|images?|content|material|pictures?|scenes?|"
    r"(?:or|and) |ways?|manner|purposes)"
)
# "No minors allowed in this server", "minors found in the adult section are banned": who is admitted.
_ADMISSION_RULE = re2.compile(
    rf"(?i)(?:^|[,;:.!–—(-] ?|\bno (?:one )?)(?:{_MINOR})(?: (?:who|that|found|caught|seen|are|is|will|be|gets?|not|"
    r"(?:in|on) (?:the|this|our|my) (?:nsfw |adult |explicit |18\+ )?(?:server|channel|site|chat|group|space|"
    r"community|account|page|section|stream))){0,6} "
    r"(?:allowed|permitted|welcome|banned|kicked|blocked|removed|prohibited|forbidden)\b(?:\W*$|[,;!]| (?:in|on|"
    r"from|at) "
    r"(?:this|the|our|my) (?:nsfw |adult |discord )?(?:server|channel|site|chat|group|space|community|account|page|"
    r"section|stream|game|app|blog)\b)"
)
_COUNT_AFTER = re2.compile(r"^(?: ?\(\d[\d,]*\)|:? \d[\d,]*[,;]|: \d[\d,]*\.?$)")
_COUNT_BEFORE = re2.compile(r"(?i)\b\d[\d,]* (?:cases? |accounts? |users? |reports? )?(?:for|of) $")
# "An abused child", "children who were abused": victims who are mentioned; "images of abused children" are imagery.
_VICTIM_PARTICIPLE = re2.compile(
    r"(?i)^(?:abused|exploited|harmed|hurt|endangered|mistreated|molested|trafficked|victimi[sz]ed)$"
)
_VICTIM_NOUN = re2.compile(r"(?i)\b(?:victims?|survivors?)\b")
_IMAGES_OF = re2.compile(
    r"(?i)\b(?:imag|pictur|photo|video|depict|content|material|show|portray|scene|draw)\w*[^.;]{0,20}$"
)
_WHO_WERE = re2.compile(
    r"(?i)\bwho (?:were|was|have been|had been|has been|(?:have |has |had )?(?:reported|suffered|survived|experienced|"
    r"disclosed|spoken|spoke|told))\b"
)
_HARM_WORD = re2.compile(f"(?i)(?:{_HARM})")
_ACT_WORD = re2.compile(f"(?i)(?:{_HARM}|{_SEXUAL})")
_ACT_WORD_BYTES = re2.compile(f"(?i)\\b(?:{_HARM}|{_SEXUAL}|{_IMAGERY})".encode())
# Checked first: without such a word there is no clause. Fast enough for every card of a hub.
MINOR_WORD_BYTES = re2.compile(
    (
        r"(?i)\b(?:csam|csem|csai|csea|csae|loli(?:s|con)?|shota(?:s|con)?|minors?|child(?:ren)?|kids?|teens?|"
        r"teenagers?|preteens?|infants?|toddlers?|"
        r"under-?\s?aged?|p(?:a|e|ae)?edophil\w*|adolescents?|juveniles?|youths?|under[- ]?18s?|pre-?pubescents?|"
        r"school ?(?:girl|boy|child)\w*|babies|young (?:people|persons?)|"
        r"p(?:a|e|ae)?edo(?:porn|-?sex)\w*|kiddie|child-?like|"
        rf"(?:under|below|younger than|less than)(?: the)?(?: age)?(?: of)? {_AGE}|"
        r"not yet (?:18|eighteen|of (?:legal )?age|adults?)|age of (?:18|eighteen|majority|consent))\b"
    ).encode()
)
MINOR_WORD = re2.compile(MINOR_WORD_BYTES.pattern.decode())
_NOUNS_AFTER_TECHNICAL_CHILD = _word_set(
    "process processes class classes node nodes window windows element elements component components model models "
    "table tables theme domain domains object objects thread threads task tasks account accounts labor labour "
    "support care development welfare protection education page pages directory directories folder folders branch "
    "tag tags link workflow workflows work workers worker module modules span spans record records issue ticket "
    "commit"
)
_NOUNS_AFTER_HARMLESS_SEXUAL = _word_set(
    "orientation orientations identity preference preferences health education characteristics reproduction life "
    "dimorphism function dysfunction history minority minorities"
)
# Words after "a minor" that show that it is a person, unlike "a minor bug".
_WORDS_AFTER_A_MINOR = _word_set(
    "who that which in or and by for under to is are with without through as at on from of if being engaged engaging "
    "depicted shown portrayed performing posing appearing must may can will shall should cannot gets get has have "
    "results result leads lead means ends breaks violates breaches constitutes voids costs triggers earns faces risks "
    "forfeits loses not never appears appear features poses performs participates takes looks — – -"
) | {""}
# Words that may stand between an act and the minor that it is done to.
_CONNECTING_WORDS = _word_set(
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
_OTHER_PEOPLE = _word_set(
    "others other individuals people persons person humans human users user anyone yourself someone animals"
)
_ACCESS_WORD = re2.compile(
    r"(?i)\b(?:access\w*|view\w*|watch\w*|use|uses|using|visit\w*|register\w*|expos\w*|suitable|appropriate|"
    r"available|"
    r"directed|"
    r"intended|personal (?:data|information)|knowingly collect|consult\w*|must not|may not|should not|cannot)\b"
)
_MODAL_OR_PRONOUN = re2.compile(r"(?i)\b(?:may|might|could|would|can|will|it|they|she|he)\b")
_NEXT_CLAUSE = re2.compile(r"(?i), ?(?:and|or|but)\b")
# "Adult content is fine as long as no minors are shown."
_PROVISO = re2.compile(
    rf"(?i)\b(?:{_SEXUAL})\b{_SPAN}{{0,80}}(?:\bprovided|\b(?:as|so) long as|\bonly (?:if|when|where)|\bbut|"
    rf"\bexcept|,)"
    rf"(?: that| there (?:is|are)| it has| it shows)?(?: no| not with| never(?: with)?| without|"
    rf" excluding)(?: \w+){{0,2}}? "
    rf"({_MINOR})\b"
)
# "… are allowed unless they involve minors", "… but not of minors".
_EXCEPTION = re2.compile(
    rf"(?i)\b(?:{_SEXUAL})\b{_SPAN}{{0,80}}(?:\bunless|\bexcept|\bsave|\bbut (?:not|never))(?: \w+){{0,4}}? (?:of|with|"
    rf"about|involv\w+|depict\w*|featur\w*|show\w*)(?: \w+)?? ({_MINOR})\b"
)
# "… explicit content of adults, and never such content of minors".
_SUCH_CONTENT = re2.compile(
    rf"(?i)\b(?:{_SEXUAL})\b{_SPAN}{{0,120}}\b(?:such|similar|that kind of) (?:content|material|images?|imagery|"
    rf"pictures?|scenes?|stories|texts?) (?:of|with|about|involving|depicting|featuring|showing)(?: \w+)?? ({_MINOR})\b"
)
# A label names one half of a target, the words after it the other half: "Sexual content: no depictions of minors".
LABEL = re2.compile(r"^([^:]{3,50}): +\S")
_SEXUAL_LABEL = re2.compile(rf"(?i)\b(?:{_SEXUAL})\b")
_MINORS_LABEL = re2.compile(
    r"(?i)^[\W_\d.]*(?:(?:protection|safety|protecting|content|depictions?|no) (?:of |involving |with |about )?)?"
    r"(?:minors?|children|child|kids|teens|youth|under-?aged?|under[- ]?18s?)(?: \w+)?(?: safety| protection)?[\W_]*$"
)
_CHARACTER_NOUN = r"(?:characters?|persons?|people|girls?|boys?|figures?|bots?|personas?)"
_MINOR_SHOWN = re2.compile(
    rf"(?i)(?:\b(?:depict\w*|involv\w*|featur\w*|includ\w*|of|show\w*|portray\w*|about|contain\w*|concern\w*|"
    rf"creat\w+|generat\w+|mak(?:e|es|ing)|draw\w*|produc\w+|render\w*|writ\w+|prompt\w* for|"
    rf"(?:content|images?|pictures?|scenes?|stories|art|material|stuff|anything|nothing|not|videos?) with)"
    rf"(?: \w+){{0,3}}? |^no |\b{_CHARACTER_NOUN} (?:who|that) (?:are|is|looks?(?: like)?) )({_MINOR})\b|"
    rf"^\W*(?:(?:any|all) )?(?:under-?\s?aged?|minor|child|teen) {_CHARACTER_NOUN}\b|"
    rf"^\W*{_CHARACTER_NOUN} (?:who|that) (?:are|is|looks?(?: like)?) (?:{_MINOR})\b"
)
_SEXUAL_ACT = re2.compile(rf"(?i)\b(sexuali[sz]\w*|sexual|nud\w+|porn\w*|lewd|(?:{_HARM})\b{_SPAN}{{0,40}}\bthem)\b")
_NOUNS_ABOUT_ABUSE = _word_set(
    "labor labour injury injuries case cases prevention detection detector classifier research researcher researchers "
    "survivor survivors victim victims hotline helpline investigation investigations law laws legislation court news "
    "corpus corpora dataset datasets transcripts interviews testimony testimonies "
    "statistics awareness charity charities charges trial trials ruling rulings scanning scanner scanners reporting "
    "reports filter filters filtering hash hashes hashing matching risk risks vector vectors benchmark benchmarks "
    "-adjacent adjacent"
)
_CLAUSE_BREAK = re2.compile(
    r"(?i)\b(?:not|never|no)\b|, so\b|, (?:but|because|while|whereas|since|"
    r"as (?:\w+ ){1,2}(?:is|are|may|can|might|contains?|has|have|"
    r"does|do)|for it|"
    r"for they)\b"
)
# "Which a reasonable person would regard as indecent": the words in between are removed.
_REASONABLE_PERSON = re2.compile(
    r"(?i)\b(?:which|that|who|whom) (?:an? )?reasonabl[ey] (?:\w+ )?(?:would|might|could|may) "
    r"(?:regard|consider|deem|find|take|see|think|perceive|view)(?: as| to be)?\b"
)
# "Cases of alleged child abuse", "signs of …": mentioned, not done.
_ALLEGED = re2.compile(
    r"(?i)\b(?:alleged|allegedly|(?:allegations?|accusations?|suspicions?|disclosures?|signs|symptoms|indicators) "
    r"(?:of|about|concerning|regarding)(?: [a-z]+)?)$"
)
_LABOUR_WORD = re2.compile(
    r"(?i)\b(?:child(?:ren)?[- ]labou?r|employees?|employers?|employment|wages?|supply[- ]chains?|suppliers?|workers?|"
    r"factory|factories|workplace|hir(?:e|es|ed|ing)|employ(?:s|ed|ing)? (?:\w+ ){0,2}(?:persons?|people|"
    r"child(?:ren)?|minors?|any ?one|those)|modern slavery)\b"
)
# The children of a tree and the minor number of a version are not people.
_NON_HUMAN_CHILD = re2.compile(
    r"(?i)\b(?:(?:parent|orphan(?:ed)?|leaf|root|child|sub|tree) ?-?(?:nodes?|process(?:es)?|pointers?|threads?|"
    r"widgets?|"
    r"elements?|components?|domains?|themes?|class(?:es)?|tasks?|tables?)|its (?:own )?child(?:ren)?|scheduler|"
    r"subtree|sub-?domains?|"
    r"toys?|robots?|appliances?|vehicles?|playgrounds?|furniture|medicines?|"
    r"(?:major|patch) (?:and|or) minor|minor (?:versions?|releases?|updates?|keys?|chords?|scales?))\b"
)
_DISCRIMINATION = re2.compile(r"(?i)\bdiscriminat\w+|\bsexual orientation\b")
# Words that no policy on labour uses; there "child exploitation" means work.
_SEXUAL_OR_ABBREVIATION = re2.compile(
    rf"(?i)\b(?:{_SEXUAL}|cs[ae]m|csa[ie]|csea|p(?:a|e|ae)?edo\w*|loli\w*|shota\w*|groom\w*)\b"
)
_SEXUAL_OR_IMAGERY = re2.compile(rf"(?i)\b(?:{_SEXUAL}|{_IMAGERY})")
# "Advertisements must not exploit the credulity of children": an advertising code.
_ADVERTISING_CODE = re2.compile(
    r"(?i)\bexploit\w* (?:the |their )?(?:(?:inexperience|credulity|loyalty|trust|naivety|gullibility|"
    r"lack of experience|sense of loyalty)(?:,? (?:and |or )?)?)+(?:of|in) "
)
# A unit with more targets than this is made to be slow.
MAX_TARGETS = 16
# A longer line above a unit is not a label.
MAX_LABEL_LENGTH = 50
# Bytes between a word for a minor and a word for an act: longer than any sentence that joins the two.
NEAR_WINDOW = 250


def may_mention(text: str) -> bool:
    """Return whether a word for a minor is near a word for harm or sex; if none is, the text has no target."""
    return _has_act_near_minor(text.encode()) or (
        _has_hyphenated_line_end(text) and _has_act_near_minor(HYPHENATED_LINE_END.sub(r"\1\2", text).encode())
    )


def _has_hyphenated_line_end(text: str) -> bool:
    """Return whether a line ends in a part of a word; never in a card, which is Markdown and begins with "---"."""
    if text.startswith("---"):
        return False
    at = text.find("-\n", 1)
    while at != -1 and not text[at - 1].islower():
        at = text.find("-\n", at + 1)
    return at != -1


def _has_act_near_minor(text: bytes) -> bool:
    """Return whether a word for harm or sex is within :data:`NEAR_WINDOW` bytes of a word for a minor."""
    return any(
        _ACT_WORD_BYTES.search(text[max(0, match.start() - NEAR_WINDOW) : match.end() + NEAR_WINDOW])
        for match in MINOR_WORD_BYTES.finditer(text)
    )


@lru_cache(maxsize=512)
def find_targets(unit: str) -> tuple[tuple[int, int], ...]:
    """Return the starts and ends of the targets in the unit, in order."""
    found: list[tuple[int, int]] = []
    for match in islice(_TARGETS[0].finditer(unit), MAX_TARGETS):
        after = unit[match.end() : match.end() + 20].split()
        if after and after[0].lower().strip(".,;:") in _NOUNS_ABOUT_ABUSE:
            continue
        if match.group()[:6].lower() == "minor " and after and after[0].lower() in ("of", "to"):
            continue  # "minor abuse of equipment"
        found.append(match.span())
    for minor_first, pattern in enumerate(_TARGETS[1:]):
        match = pattern.search(unit)
        for _ in range(MAX_TARGETS):
            if match is None:
                break
            if _is_act_on_minor(unit, match, minor_first=bool(minor_first)):
                found.append(match.span())
            # The next target may begin within this one: "harm others or exploit minors".
            match = pattern.search(unit, match.end(1))
    for pattern in (_PROVISO, _EXCEPTION, _SUCH_CONTENT):
        found += [match.span(1) for match in islice(pattern.finditer(unit), MAX_TARGETS)]
    found = [span for span in found if not (_is_statistic(unit, *span) or _ALLEGED.search(unit[: span[0]].rstrip()))]
    return (
        () if not found or is_about_labour_or_machines(unit) or _ADMISSION_RULE.search(unit) else tuple(sorted(found))
    )


def _is_statistic(unit: str, start: int, end: int) -> bool:
    """Return whether the target is in a line of statistics: "child exploitation (12)", "120 for child exploitation"."""
    return bool(_COUNT_AFTER.match(unit[end : end + 20]) or _COUNT_BEFORE.search(unit[max(0, start - 40) : start]))


def is_about_labour(words: str) -> bool:
    """Return whether a title, or a sentence under it, is about labour and suppliers."""
    return _LABOUR_WORD.search(words) is not None


def has_sexual_word(words: str) -> bool:
    """Return whether the words contain a word that policies on labour do not use."""
    return _SEXUAL_OR_ABBREVIATION.search(words) is not None


def is_about_labour_or_machines(unit: str) -> bool:
    """Return whether the unit is about labour, or about children and minors that are not people, and nothing sexual."""
    return bool(_LABOUR_WORD.search(unit) or _NON_HUMAN_CHILD.search(unit)) and not _SEXUAL_OR_IMAGERY.search(unit)


def _is_act_on_minor(unit: str, match: re2._Match, *, minor_first: bool) -> bool:
    """Return whether the act is done to the minor, or shows the minor, by the words between the two."""
    deed_group, minor_group = (3, 1) if minor_first else (1, 3)
    deed, minor = match.group(deed_group).lower(), match.group(minor_group).lower()
    after_deed = unit[match.end(deed_group) :].lstrip(" -").split(maxsplit=1)
    if deed == "sex" and _DISCRIMINATION.search(unit):
        return False  # "age, sex, sexual orientation"
    if (
        deed in {"sexual", "sexually", "sex"}
        and after_deed
        and after_deed[0].lower().strip(".,;:()") in _NOUNS_AFTER_HARMLESS_SEXUAL
    ):
        return False
    if minor_first and after_deed and after_deed[0].lower().strip(".,;:()") in _NOUNS_ABOUT_ABUSE:
        return False
    after_minor = unit[match.end(minor_group) :].split(maxsplit=1)
    next_word = after_minor[0].lower().strip(".,;:()") if after_minor else ""
    if minor == "child" and next_word in _NOUNS_AFTER_TECHNICAL_CHILD:
        return False
    if minor.endswith(" minor") and next_word not in _WORDS_AFTER_A_MINOR and not next_word.startswith(("'s", "’s")):
        return False
    between = match.group(2)
    if "reasonabl" in between:
        between = _REASONABLE_PERSON.sub(" ", between)
    if _CLAUSE_BREAK.search(between):
        return False
    words = [word.strip("\"'“”’().,*_").lower() for word in between.replace("/", " ").replace(",", " ").split()]
    if between[:2] in ("'s", "’s"):
        words = words[1:]
    if deed.startswith("exploit") and _ADVERTISING_CODE.match(unit[match.start() :]):
        return False
    if minor_first and _WHO_WERE.search(between):
        return False
    if minor_first and between.strip() == "," and unit[: match.start()].lower().endswith("no "):
        return False  # "No minors, explicit talk inside"
    if minor_first and _VICTIM_NOUN.search(between) and not _IMAGES_OF.search(unit[: match.start()]):
        return False
    if (
        not minor_first
        and not words
        and _VICTIM_PARTICIPLE.match(deed)
        and not _IMAGES_OF.search(unit[: match.start()])
    ):
        return False
    harming = bool(_HARM_WORD.fullmatch(deed))
    if minor_first:
        if (
            _ACCESS_WORD.search(between)
            or _MODAL_OR_PRONOUN.search(between)
            or _NEXT_CLAUSE.search(between)
            or (harming and deed.endswith(("ing", "s")))
        ):
            return False
        return sum(word not in _CONNECTING_WORDS for word in words) <= 1
    if harming:
        taken = next((at for at, word in enumerate(words) if word in _OTHER_PEOPLE), None)
        rest = words[taken + 1 :] if taken is not None else []
        if taken is not None and not {"including", "such", "especially", "particularly", "like", "under"} & set(rest):
            joined = [word for word in rest if word]
            if joined and joined[0] in {"or", "and"} and len(joined) > 2:
                return False
        return sum(word not in _CONNECTING_WORDS and not _ACT_WORD.fullmatch(word) for word in words) <= 3
    if (
        words
        and words[-1] in {"to", "with", "by"}
        and "related" not in words
        and "relating" not in words
        and deed not in {"sexualize", "sexualise"}
    ):
        return words[-1] == "with" and (
            deed in {"sex", "sexual", "sexually", "erotic", "lewd", "erp"}
            or (deed.startswith("porn") and not _SHARING_VERB.search(unit[: match.start()]))
        )
    if _ACCESS_WORD.search(between) or (words and words[-1] == "from" and _KEPT_FROM.search(unit[: match.start()])):
        return False
    return sum(word not in _CONNECTING_WORDS and not _ACT_WORD.fullmatch(word) for word in words) <= 5


# "… keeps sexual content from minors".
_KEPT_FROM = re2.compile(r"(?i)\b(?:keep|kept|hid|shield|protect|block|withh)\w*\b[^.;]{0,60}$")
# "Pornographic material with minors" shows them, unless it is shared with them.
_SHARING_VERB = re2.compile(r"(?i)\b(?:shar|show|watch|discuss|view|look|send|see|leav|talk)\w*\b[^.;]{0,60}$")
# "Adult content. Do not share with people under 18."
_GIVEN_TO = re2.compile(
    r"(?i)\b(?:shar(?:e|ed|ing)|show(?:n|ing)?|s[eo]ll(?:ing)?|sold|giv(?:e|en|ing)|send(?:ing)?|sent|"
    r"offer(?:ed)?|provid\w+|"
    r"distribut\w+|expos\w+|accessible|available)(?: \w+){0,3} (?:with|to|by)\b"
)


def find_label_targets(unit: Unit, *, names_minor: bool) -> list[tuple[int, int]]:
    """Return the targets that a label and the unit name only together, such as "Sexual content: no minors".

    The label stands before a colon in the unit, or is the heading or stem right above it.

    Args:
        unit: The unit.
        names_minor: The unit itself has a word for a minor.
    """
    label, low = "", 0
    if ":" in unit.text and (own := LABEL.match(unit.text)):
        label, low = own.group(1), own.end(1) + 1
    else:
        above = (*unit.stems[::-1], *unit.headings[::-1])
        label = next(
            (words for words in above if _pattern_under_label(words) is _MINOR_SHOWN), above[0] if above else ""
        )
    if (
        not 0 < len(label) <= MAX_LABEL_LENGTH
        or not (pattern := _pattern_under_label(label))
        or not (names_minor or MINOR_WORD.search(label))
    ):
        return []
    rest = unit.text[low:]
    if _ACCESS_WORD.search(rest.partition("not ")[0]) or _GIVEN_TO.search(rest):
        return []
    spans = (found.span(1 if found.group(1) else 0) for found in islice(pattern.finditer(rest), MAX_TARGETS))
    return [(low + start, low + end) for start, end in spans]


@lru_cache(maxsize=512)
def _pattern_under_label(label: str) -> re2._Regexp | None:
    """Return what must stand under a label that names one half of a target; None if it names neither half."""
    if len(label) > MAX_LABEL_LENGTH:
        return None
    sexual = _SEXUAL_LABEL.search(label)
    if sexual and not _NOUNS_AFTER_HARMLESS_SEXUAL & set(label[sexual.end() :].lower().split()[:1]):
        return _MINOR_SHOWN
    return _SEXUAL_ACT if _MINORS_LABEL.search(label) else None
