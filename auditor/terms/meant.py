"""What a clause is about: abuse, harm or sexualisation, and a minor as its object; or imagery of it by name."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import re2

from auditor.terms.sentences import Unit


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


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
SUFFERED = re2.compile(
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
NAMED = re2.compile(TOPIC.pattern.decode())
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
LABEL = re2.compile(r"^([^:]{3,50}): +\S")
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
_MOST = 16  # more targets in one unit are a text made to be slow


def near(text: bytes) -> bool:
    """Does a word for a minor stand near a word for harm or sex? No unit need be cut where none does."""
    return any(_DEEDS.search(text[max(0, match.start() - 250) : match.end() + 250]) for match in TOPIC.finditer(text))


@lru_cache(maxsize=512)
def is_meant(unit: str) -> tuple[tuple[int, int], ...]:
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
    return () if of_no_people(unit) else tuple(sorted(found))


def of_no_people(unit: str) -> bool:
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


# "Adult content. Do not share with people under 18."
_GIVEN = re2.compile(
    r"(?i)\b(?:shar(?:e|ed|ing)|show(?:n|ing)?|s[eo]ll(?:ing)?|sold|giv(?:e|en|ing)|send(?:ing)?|sent|"
    r"offer(?:ed)?|provid\w+|"
    r"distribut\w+|expos\w+|accessible|available)(?: \w+){0,3} (?:with|to|by)\b"
)


def by_label(unit: Unit, *, names: bool) -> list[tuple[int, int]]:
    """What only a label (before a colon, or the heading or stem right above) and the unit together name.

    ``names``: the unit itself has a word for a minor.
    """
    label, low = "", 0
    if own := LABEL.match(unit.text):
        label, low = own.group(1), own.end(1) + 1
    elif unit.stems or unit.headings:
        label = (unit.stems or unit.headings)[-1]
    rest = unit.text[low:]
    if not 0 < len(label) <= 50 or not (names or NAMED.search(label)):
        return []
    if _ACCESS.search(rest.partition("not ")[0]) or _GIVEN.search(rest):
        return []
    if _LABEL_SEXUAL.search(label):
        return [(low + found.start(1), low + found.end(1)) for found in islice(_SHOWN.finditer(rest), _MOST)]
    if _LABEL_MINORS.search(label):
        return [(low + found.start(1), low + found.end(1)) for found in islice(_DONE.finditer(rest), _MOST)]
    return []
