"""Define the words for minors, acts (harm, abuse, sexualisation) and imagery that the clause check recognises."""

from __future__ import annotations

from auditor.clauses.lazy_pattern import lazy_pattern


def _word_set(words: str) -> frozenset[str]:
    """Return the set of the words in a text."""
    return frozenset(words.split())


AGE = r"(?:1[0-9]|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|(?:legal|adult) age|age of (?:majority|consent))"

MINOR = (
    r"minors|(?:a|an|any|another|the|one|real|no) minor|children|child|kids?|teen(?:s|agers?)|pre-?teens?|"
    r"adolescents?|infants?|"
    r"toddlers?|babies|juveniles|youths?|young (?:people|persons?|children)|school ?(?:girls?|boys?|children)|"
    r"pre-?pubescents?|under-?\s?aged?|child-?like|kiddie|"
    r"(?:any ?one|any ?body|some ?one|persons?|people|individuals?|users?|characters?|those|humans?|subjects?|"
    r"figures?|models?|girls?|boys?)"
    r"(?:,? [a-z]+){0,6}?,? (?:under|below|younger than|less than)(?: the)?(?: age)?(?: of)? " + AGE + r"|"
    r"(?:any ?one|some ?one|persons?|people|individuals?|characters?|those)(?: who (?:is|are|has|have))? not yet (?:18|"
    r"eighteen|of (?:legal )?age|adults?)|under[- ]?18s?|"
    r"(?:whose|with an?) (?:[a-z]+,? ){0,5}age (?:of |is |appears to be |seems to be )?(?:under|below|less than) "
    + AGE
    + r"|"
    r"(?:under|below) the age of " + AGE
)

HARM = (
    r"exploit(?:s|ed|ing|ation|ations|ative|ive)?|harm(?:s|ed|ing)?|abus(?:e|es|ed|ing|ive)|endanger(?:s|ed|"
    r"ing|ment)?|"
    r"groom(?:s|ing|ed)?|molest\w*|victimi[sz]\w*|prey(?:s|ing)? (?:up)?on|mistreat\w*|sextort\w*|hurt(?:s|ing)?|"
    r"traffick(?:s|ing|ed)?|entic(?:e|es|ing|ement)|lur(?:e|es|ing)|coerc(?:e|es|ing|ion)|(?:harmful|"
    r"detrimental) (?:to|for)"
)

SEXUAL = (
    r"sexuali[sz]\w*|sexually|sexual|sex|sexy|erotic\w*|porn\w*|obscene|nude|nudes|nudity|naked|lewd|explicit|"
    r"indecent|"
    r"sensual|nsfw|suggestive|"
    r"inappropriate(?:ly)?|undress\w*|intimate|fetish\w*|romantic|erp|adult (?:content|material|"
    r"role-?play|"
    r"imagery|scenes?|scenarios?|"
    r"situations?)"
)

SPAN = r"[^.;:!?\n]"

IMAGERY = (
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

ACT_WORD_BYTES = lazy_pattern(f"(?i)\\b(?:{HARM}|{SEXUAL}|{IMAGERY})".encode())

# Checked first: without such a word there is no clause. Fast enough for every card of a hub.
_MINOR_WORDS = (
    r"(?i)\b(?:csam|csem|csai|csea|csae|loli(?:s|con)?|shota(?:s|con)?|minors?|child(?:ren)?|kids?|teens?|"
    r"teenagers?|preteens?|infants?|toddlers?|"
    r"under-?\s?aged?|p(?:a|e|ae)?edophil\w*|adolescents?|juveniles?|youths?|under[- ]?18s?|pre-?pubescents?|"
    r"school ?(?:girl|boy|child)\w*|babies|young (?:people|persons?)|"
    r"p(?:a|e|ae)?edo(?:porn|-?sex)\w*|kiddie|child-?like|"
    rf"(?:under|below|younger than|less than)(?: the)?(?: age)?(?: of)? {AGE}|"
    r"not yet (?:18|eighteen|of (?:legal )?age|adults?)|age of (?:18|eighteen|majority|consent))\b"
)
MINOR_WORD = lazy_pattern(_MINOR_WORDS)
MINOR_WORD_BYTES = lazy_pattern(_MINOR_WORDS.encode())

NOUNS_AFTER_TECHNICAL_CHILD = _word_set(
    "process processes class classes node nodes window windows element elements component components model models "
    "table tables theme domain domains object objects thread threads task tasks account accounts labor labour "
    "support care development welfare protection education page pages directory directories folder folders branch "
    "tag tags link workflow workflows work workers worker module modules span spans record records issue ticket "
    "commit"
)

NOUNS_AFTER_HARMLESS_SEXUAL = _word_set(
    "orientation orientations identity preference preferences health education characteristics reproduction life "
    "dimorphism function dysfunction history minority minorities"
)

# Words after "a minor" that show that it is a person, unlike "a minor bug".
WORDS_AFTER_A_MINOR = _word_set(
    "who that which in or and by for under to is are with without through as at on from of if being engaged engaging "
    "depicted shown portrayed performing posing appearing must may can will shall should cannot gets get has have "
    "results result leads lead means ends breaks violates breaches constitutes voids costs triggers earns faces risks "
    "forfeits loses not never appears appear features poses performs participates takes looks — – -"
) | {""}

# Words that may stand between an act and the minor that it is done to.
CONNECTING_WORDS = _word_set(
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

OTHER_PEOPLE = _word_set(
    "others other individuals people persons person humans human users user anyone yourself someone animals"
)

ACCESS_WORD = lazy_pattern(
    r"(?i)\b(?:access\w*|view\w*|watch\w*|use|uses|using|visit\w*|register\w*|expos\w*|suitable|appropriate|"
    r"available|"
    r"directed|"
    r"intended|personal (?:data|information)|knowingly collect|consult\w*|must not|may not|should not|cannot)\b"
)

NOUNS_ABOUT_ABUSE = _word_set(
    "labor labour injury injuries case cases prevention detection detector classifier research researcher researchers "
    "survivor survivors victim victims hotline helpline investigation investigations law laws legislation court news "
    "corpus corpora dataset datasets transcripts interviews testimony testimonies "
    "statistics awareness charity charities charges trial trials ruling rulings scanning scanner scanners reporting "
    "reports filter filters filtering hash hashes hashing matching risk risks vector vectors benchmark benchmarks "
    "-adjacent adjacent"
)
