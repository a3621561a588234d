"""Define the words that join an act and a minor to a target, and those that show that there is none."""

from __future__ import annotations

from auditor.clauses.lazy_pattern import lazy_pattern


def _word_set(words: str) -> frozenset[str]:
    """Return the set of the words in a text."""
    return frozenset(words.split())


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
    "forfeits loses not never appears appear features poses performs participates takes looks character — – -"
) | {""}

# Words that may stand between an act and the minor that it is done to.
CONNECTING_WORDS = _word_set(
    "a an the any all some of to or and and/or in on at by for with as against from toward towards upon involving "
    "involve involves depicting depict depicts depiction featuring feature including include includes showing "
    "portraying portray portrayed shown depicted engaged engaging performing participating posing representing "
    "related relating relate relates pertaining concerning about regarding who whom "
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
