"""The headings and questions of the European Commission's template for the public summary of training content.

The template: C(2025) 8311, annexed to the explanatory notice on Article 53(1)(d) of Regulation (EU) 2024/1689. Authors
shorten, reorder and rephrase its headings and questions, so each is recognised by its words.

A question's key is the number of its section, with a word for what it asks: ``2.3:crawlers``. The section alone is the
question whether there is such data at all, and whatever else the section says.
"""

from __future__ import annotations

import re
from functools import lru_cache

import re2

SECTIONS = (
    "1",
    "1.1",
    "1.2",
    "1.3",
    "2",
    "2.1",
    "2.2",
    "2.2.1",
    "2.2.2",
    "2.3",
    "2.4",
    "2.5",
    "2.6",
    "3",
    "3.1",
    "3.2",
    "3.3",
)

# Words by which a question or heading is recognised wherever it stands. The first that fits decides.
_ANYWHERE: tuple[tuple[str, str], ...] = (
    ("0:version", r"version of (?:the|this) summary|summary version|document version"),
    (
        "0:updated",
        r"last (?:updated?|revis\w+|modified)|date of (?:the |this )?(?:last |latest )?(?:update|"
        r"summary|revision)|summary date|updated on",
    ),
    (
        "1.3",
        r"modalit\w+,? ?/? ?(?:and )?(?:overall|size|training data)|overall training data|"
        r"^how much (?:\w+ ){0,2}data|^what (?:kinds?|types?|amount) (?:\w+ ){0,3}data\b|"
        r"training data (?:size )?(?:overview|at a glance)|"
        r"characteristics of the (?:overall )?(?:training )?data",
    ),
    ("3.2:measures", r"^(?:general )?description of (?:the )?measures taken$"),
    ("3.1:signatory", r"signator|code of practice"),
    ("2.5:own", r"other ai models|(?:own|internal|in-house|proprietary) (?:ai )?models?\b"),
    (
        "2.5:generators",
        r"models? (?:\w+ ){0,2}used (?:to (?:generate|create|produce)|for (?:generat|synthe))|"
        r"(?:generator|generating|teacher|generation) (?:ai )?models?|models? (?:that|"
        r"which) (?:generated|created|produced)|models? at the origin|^(?:generated|made|created|written) (?:by|with)$",
    ),
    ("2.3:purposes", r"purposes? of (?:the |our )?(?:crawl|bot)|crawl\w* purposes?"),
    ("2.3:behaviour", r"(?:crawler|bot|crawling)\S* behaviou?r|behaviou?r of (?:the |our )?(?:crawl|bot)"),
    (
        "2.3:crawlers",
        r"crawlers? ?(?:names?|identifiers?|ids?\b|user[- ]agents?)|(?:names?|"
        r"identifiers?) of (?:the |our )?(?:web )?(?:crawler|bot)|user[- ]agents?|bot names?",
    ),
    (
        "2.3:period",
        r"(?:crawl|scrap)\w* (?:period|dates?|window|time ?frame)|period of (?:data collection|"
        r"crawl|collection)|collection period",
    ),
    (
        "2.3:domains",
        r"domain names?|(?:top|main|most relevant|crawled) (?:\w+ )?(?:domains?|web ?sites?)|"
        r"^domains?\b",
    ),
    ("2.3:content", r"online sources crawled|type of content and online|content (?:types? )?crawled"),
    (
        "2.4:description",
        r"description of (?:\w+\S* ){0,4}services|services? (?:or|"
        r"and) products? (?:that were )?used to collect",
    ),
    ("2.4:services", r"other (?:provider )?(?:services?|products?)|services? (?:or|and|/) products?"),
    (
        "2.4:model",
        r"interactions? with (?:the|this|our) (?:ai )?model|model interactions?|user (?:inputs?|"
        r"prompts?)|prompts and (?:inputs?|outputs?)",
    ),
    ("2.2.2:known", r"publicly known(?! private)|(?<!non-publicly )(?<!not publicly )known (?:private|third)"),
    ("2.2.2:other", r"(?:non|not)[- ]publicly known"),
    (
        "2.1:large",
        r"(?:list|names?) of (?:the )?(?:large |main |"
        r"major )?(?:public(?:ly)? )?(?:available )?(?:data ?sets|corpora)|"
        r"large (?:\w+ )*(?:data ?sets|corpora)",
    ),
    ("2.1:other", r"other (?:smaller )?(?:public|open)\S* |(?:data ?sets )?not listed|smaller (?:public|data)"),
    ("1.1:representative", r"(?:authori[sz]ed|eu|legal|union) representative"),
    ("1.1:provider", r"provider(?:'s|’s)? (?:name|legal)|name of (?:the )?(?:model )?provider|^(?:model )?provider$"),
    (
        "1.2:dependencies",
        r"dependenc|\bdepends? on\b|^starting (?:checkpoint|point|model|weights)\b|"
        r"models? on which|base models?\b|parent models?\b|upstream models?\b|"
        r"(?:derived|fine-?tuned|"
        r"adapted|modified|built|based) (?:from|on|upon)\b|\bmodification of|^dependency$",
    ),
    (
        "1.2:market",
        r"placement|placed on|\bavailable in the (?:eu|union|european)\b|"
        r"(?:union|eu|european) market|market date|on the market (?:since|from)",
    ),
    (
        "1.2:model",
        r"versioned (?:model )?names?|model(?:'s|’s)? (?:versioned )?names?|"
        r"names? of (?:the )?models?|model versions?\b",
    ),
    (
        "1.3:acquired",
        r"(?:latest|newest) (?:date|data|acquisition|collection|item)|"
        r"^when (?:was|were|did) [^.]{0,60}(?:data|collect)|"
        r"cut-?off (?:of|for) (?:the )?(?:\w+ )?data|last (?:date|data)|(?:knowledge|data) cut-?off|"
        r"cut-?off date|date of (?:the )?(?:latest|last|most recent)|most recent data|"
        r"data (?:acquired|collected) (?:until|up to)|acquisition date",
    ),
    ("1.3:languages", r"linguistic|^languages?\b(?! (?:models?|backbone|decoder))|languages? (?:covered|of the)"),
    ("1.3:content", r"types? of content\b|content types?"),
    ("1.3:characteristics", r"other (?:relevant )?characteristics"),
)

# Words of the sections' headings, and of the question whether there is such data.
_ILLEGAL = r"\b(?:illegal|unlawful|illicit)\b"
_HEADINGS: tuple[tuple[str, str], ...] = (
    ("3.2", _ILLEGAL),
    (
        "2.2.2",
        r"\bpartners?\b[^.]{0,40}\b(?:gave|provided|supplied|shared|delivered)\b|"
        r"other third part|not licen[cs]ed|data intermediar|"
        r"private data ?sets (?:obtained )?(?:from|of) third|other private data|"
        r"third[- ]party data",
    ),
    ("2.2.1", r"licen[cs](?:ed|ing)\b|\brights ?holders(?<!^rightsholders)(?<!^rights holders)"),
    ("2.2", r"\bprivate\b|non-?public|\bdata (?:that )?we (?:\w+ ){0,3}(?:bought|purchased|were given|received)\b"),
    (
        "3.1",
        r"reserv\w+ of rights?|rights?[- ]reservations?|copyright|text and data mining|\btdm\b|opt[- ]?outs?\b|"
        r"^rights? ?holders$",
    ),
    (
        "2.1",
        r"(?<!non-)(?<!non )(?<!not )\b(?:public|open)(?:ly)?[- ](?:(?:available|accessible|"
        r"released) )?(?:training )?(?:data|corpora)|\b(?:available|accessible|open) to the public"
        r"|\bsets of data public|data ?sets? publicly",
    ),
    ("2.3", r"\bcrawl(?:ed|ing|ers?)?\b|scrap(?:ed?|ing|ers?)\b|\bharvested\b|\bweb data"),
    (
        "2.5",
        r"\bsynthetic|\bsynthesi[sz]ed|(?:ai|machine|model)[- ]generated|"
        r"\bdata (?:made|written|generated|created|produced) by (?:\w+ ){0,2}models?\b",
    ),
    (
        "2.4",
        r"\busers?(?:['’]s?|s['’])? (?:data|interactions?|content|conversations?)|(?:data|content|"
        r"interactions?) (?:collected )?(?:from|of) (?:our |the )?(?:users?|customers?)\b|"
        r"\btrain\w* on (?:\w+ ){0,3}users?\b",
    ),
    ("2.6", r"other (?:data )?sources|sources other than|other data\b|^anything else$"),
    (
        "1.1",
        r"\bprovider (?:identification|information|details)|(?:identification|indications?) (?:of|to|about) the "
        r"(?:provider|supplier)|about the provider|"
        r"^who (?:we are|(?:is|are) the provider|provides)\b",
    ),
    (
        "1.2",
        r"\bmodel (?:identification|information|details)|(?:identification|indications?) (?:of|to|about) the model|"
        r"about the model|"
        r"^the model$|^(?:which|what) model\b",
    ),
    ("1.3", r"^modalit(?:y|ies)(?: and \w+)?$|(?:data|training) size"),
    ("3.3", r"other (?:relevant )?(?:information|aspects)|further information|additional information"),
    ("1", r"general in(?:formation|dications)|information (?:of (?:a )?)?general"),
    (
        "3",
        r"^how (?:the |this )?(?:training )?data (?:was|were|is) (?:treated|processed|handled|prepared)|"
        r"data processing|processing (?:of (?:the )?data|aspects)|^processing$",
    ),
    (
        "2",
        r"^where (?:the |our )?(?:training )?data (?:comes?|came) from|"
        r"data sources|sources of (?:the )?(?:training )?data|list of sources",
    ),
)

# Short headings that the template's number before them tells apart.
_NUMBERED = (
    ("2.2.2", re.compile(r"^(?:others?\b|obtained from other)", re.I)),
    ("2.6", re.compile(r"^(?:\w+ / )?others?\b", re.I)),
)
# Short words that are a question only in their own section ("": in any).
_IN_SECTION: tuple[tuple[str, str, str], ...] = (
    ("", "comments", r"(?:additional )?(?:comments?|remarks?|notes?)$"),
    ("0", "version", r"^version\b"),
    ("0", "updated", r"^(?:date|updated?|published)\b"),
    ("1.1", "provider", r"^(?:legal |company |full )?(?:name|entity|organi[sz]ation|company|provider|developer)\b"),
    ("1.1", "contact", r"contact|e-?mail|web ?site|address|^url\b"),
    ("1.2", "model", r"^(?:models?|names?|versions?|identifiers?)\b"),
    ("1.2", "market", r"^(?:release|launch|availab)|date"),
    ("1.2", "licence", r"\blicen[cs]e\b"),
    ("2", "2.1", r"^public(?:ly)?(?: available)?$"),
    ("2.3", "2.6", r"^others?$"),
    ("2.4", "2.6", r"^others?$"),
    ("2.5", "2.6", r"^others?$"),
    ("1.3", "size", r"\bsize\b|volume|amount|quantity"),
    ("1.3", "modality", r"modalit"),
    ("1.3", "acquired", r"collection date|date|cut-?off"),
    ("1.3", "languages", r"languages?"),
    (
        "2.1",
        "large",
        r"^(?:the )?(?:following )?(?:named |main |major )?(?:data ?sets?|corpora|names?|"
        r"list)(?: names?| used| \(?names?.*)?$",
    ),
    ("2.1", "other", r"^(?:others?|general) (?:description|data ?sets?|public)|^others?$|^general description"),
    ("2.2.2", "known", r"^(?:data ?sets?|names?|list)\b"),
    ("2.2.2", "other", r"description"),
    ("2.3", "crawlers", r"^(?:(?:crawlers?|bots?)(?: names?)?|names?|identifiers?)$|^names?\b"),
    ("2.3", "purposes", r"purposes?"),
    ("2.3", "behaviour", r"behaviou?r|robots"),
    ("2.3", "period", r"period|time ?frame|dates?\b|when"),
    ("2.3", "domains", r"domains?|web ?sites|^sites"),
    ("2.3", "content", r"content|sources"),
    ("2.4", "description", r"description|services"),
    ("2.5", "generators", r"^(?:generat\w+|generators?|(?:ai )?models?(?: used| names?)?)\b"),
    ("2.6", "description", r"description"),
    ("3.1", "measures", r"measures|description|describe|protocols?"),
    ("3.2", "measures", r"measures|description|describe"),
    ("3.3", "description", r"description"),
)
# The same in every part of section 1, where authors leave its subsections out.
_IN_SECTION_1: tuple[tuple[str, str], ...] = (
    ("1.2:model", r"^(?:model )?(?:names?|versions?)$|^models?(?: names?| versions?| covered)?$"),
    ("1.1:provider", r"^(?:provider|developer|company|organi[sz]ation|published by|legal entity)$"),
    ("1.1:contact", r"^(?:contacts?|e-?mail)\b"),
    ("1.2:licence", r"^(?:model )?licen[cs]e$"),
    ("1.2:market", r"^(?:release|launch)(?:d| date)?$"),
    ("1.3:modality", r"^modalit"),
    ("1.2:market", r"^market$"),
    ("1.3:size", r"\bsize\b|^(?:tokens|images|hours)$"),
    ("1.3", r"^(?:training )?data$"),
)
# How sentences begin to answer a question that they do not repeat.
_IN_PROSE: tuple[tuple[str, str], ...] = (
    (
        "0:updated",
        r"\b(?:last (?:updated|revised)|updated on|summary (?:was|is) (?:last )?(?:updated|dated|"
        r"revised)|version \S+ of (?:this|the) summary)\b",
    ),
    ("1.1:representative", r"authori[sz]ed representative"),
    (
        "1.2:dependencies",
        r"\b(?:fine-?tun\w+|derived|built|adapted|initiali[sz]ed|distilled|continued|merge[d]?|"
        r"quanti[sz]ed),? (?:[\w-]+,? ){0,5}(?:from|of|on|upon|with)\b|\bafter (?:[\w-]+ ){0,3}tuning\b|"
        r"\b(?:adapt\w+|built) for\b|"
        r"from scratch|\bstarting point\b|\bbuilds? (?:up)?on\b|depends? on|dependenc|"
        r"\b(?:base|parent|upstream) models?\b|\bmodification of",
    ),
    (
        "1.2:market",
        r"\b(?:placed|put|made available|released|launched|placement)\b[^.]{0,40}\bmarket\b|"
        r"\b(?:union|eu|european) market\b",
    ),
    (
        "1.3:acquired",
        r"\b(?:latest|last|most recent|newest) (?:\w+ ){0,4}(?:data|acquisition|collection|"
        r"acquired|collected|document|item)\b|cut-?off|\bdata (?:was|were) (?:\w+ )?(?:acquired|"
        r"collected) (?:until|up to|through)|(?:acquisition|collection) (?:ended|stopped|finished)",
    ),
    (
        "1.3",
        r"\b(?:\d|hundred|thousand|million|billion|trillion)[\w,.' ]* (?:tokens?|words|images?|"
        r"pictures?|photo\w*|hours|clips|videos?)\b|\bmodalit(?:y|ies)\b|"
        r"\btrained (?:only )?on (?:text|image|audio|video)s?\b",
    ),
    (
        "1.1",
        r"\bthe provider\b(?! of the data)[^.]{0,30}\b(?:is|are)\b|\bis the provider\b|"
        r"\bwe are\b(?! not)|\b(?:provided|developed|published) by\b",
    ),
    (
        "1.2:model",
        r"\bmodels?\b[^.]{0,40}\b(?:is|are) (?:called|named)\b|\bthe (?:model|summary) (?:is|"
        r"covers|concerns)\b|\bcovers the models?\b|\bversioned\b",
    ),
)
_IS_QUESTION_OF_SOURCES = re.compile(
    r"^(?:have|has|were|was|did) (?:you|any|the|crawlers?|data|synthetic)\b|^datasets commercially licensed\b", re.I
)
_NAMES_OF_MODELS = re.compile(r"^(?:names?|list) of (?:the )?(?:ai )?models?\b|^model(?:'s|’s)? names?\b", re.I)
_OF_ALL_DATA = re.compile(r"modalit\w+,? ?/? ?(?:and )?(?:overall|size)|overall training data", re.I)
_MODALITIES_OF_SOURCE = re.compile(r"modalit", re.I)

_ANYWHERE_PATTERNS = tuple((key, re.compile(words, re.I)) for key, words in _ANYWHERE)
_HEADING_PATTERNS = tuple((key, re.compile(words, re.I)) for key, words in _HEADINGS)
_SECTION_1_PATTERNS = tuple((key, re.compile(words, re.I)) for key, words in _IN_SECTION_1)
_PROSE_PATTERNS = tuple((key, re.compile(words, re.I)) for key, words in _IN_PROSE)
_IN_SECTION_PATTERNS = tuple((section, part, re.compile(words, re.I)) for section, part, words in _IN_SECTION)
_NUMBER = re.compile(
    r"^\W{0,3}(?:section |part |q(?:uestion)? ?)?(\d(?:\.\d){0,2})(?:\.?\s*\(\w{1,4}\))?[.):\s–—-]*", re.I
)
_ASIDE = re.compile(r"\([^()]{0,400}\)")
_LABEL_CHARACTERS = 400
# Words by which a whole text is told to be a filled template. Each is counted once.
_MARKS = (
    r"summary (?:of|on|over|about) (?:the )?(?:training contents?|"
    r"contents? (?:of|used (?:for|in)) (?:the )?(?:model )?training)|training[- ]contents? summary|"
    r"\btrain\w*[^\n]{0,40}\bpublic summary\b|\bpublic summary\b[^\n]{0,40}\btrain",
    r"article 53\s?\(1\)\s?\(d\)|\bart\.? 53\b",
    r"provider (?:identification|name)|(?:identification|name) of (?:the )?(?:provider|supplier)|"
    r"authori[sz]ed representative",
    r"model (?:identification|dependenc)|identification of the model|versioned model name",
    r"placement of the model|(?:union|eu) market",
    r"overall training data size|types? of content|latest date of data|linguistic characteristics",
    r"data sources|sources of (?:the )?data",
    r"publicly (?:available|accessible) (?:data ?sets|data)|data ?sets? (?:publicly|available to the public)|"
    r"sets of data publicly",
    r"non-publicly available|other third parties|transactional commercial licensing|commercially licensed",
    r"crawled and scraped|were crawlers used|crawlers? (?:name|used)|crawled data|data crawled",
    r"user interactions|\buser data|data of (?:the )?users?\b",
    r"synthetic(?:al)? (?:data|ai-generated)|data synthetic",
    r"data processing aspects|aspects of (?:the )?(?:data processing|processing of (?:the )?data|treatment of data)",
    r"reserv\w+ (?:of|for) rights?|reservations? of right|text and data mining|\btdm\b",
    r"(?:removal|removing|remove|withdrawal|deletion|elimination) (?:of )?(?:illegal|unlawful|illicit)|illegal content",
)
_TITLE = re.compile(rf"{_MARKS[0]}|\bsummary of training data", re.I)
MIN_MARKS = 6  # of the fifteen; a text about training data in general has two or three
MIN_MARKS_WITH_TITLE = 4  # of a text that calls itself such a summary
MIN_LABELLED_SECTIONS = 4  # of sections 2 and 3 of a text that calls itself such a summary: most have twelve
_MAX_LABELLED_LINES = 1000
_MAX_LABEL_OF_SECTION = 10  # words
MIN_NUMBERS = 8  # of a text that calls itself such a summary, and has the template's numbers alone
_NUMBERED_LINE = re.compile(r"^\W{0,4}([123]\.[1-6])(?:\.[12])?\b(?![%/])", re.M)


def is_summary_title(words: str) -> bool:
    """Return whether a heading is the title of such a summary."""
    return _TITLE.search(words) is not None


def is_training_summary(text: str) -> bool:
    """Return whether a text is a public summary of training content, by the template's headings and questions."""
    found = _mark_set().Match(text.encode("utf-8", "replace")) or ()
    if len(found) >= (MIN_MARKS_WITH_TITLE if 0 in found else MIN_MARKS):
        return True
    if 0 not in found:
        return False
    numbers = {number for number in _NUMBERED_LINE.findall(text) if number in SECTIONS}
    return len(numbers) >= MIN_NUMBERS or len(_labelled_sections(text)) >= MIN_LABELLED_SECTIONS


def _labelled_sections(text: str) -> set[str]:
    """Return the sections of the summary's template that the labels and headings of a text ask about."""
    found = set()
    for line in text.split("\n")[:_MAX_LABELLED_LINES]:
        label = re.split(r"[:?|]\s|\s[–—-]\s| {3,}|\.{3,}", line[:_LABEL_CHARACTERS].lstrip(" \t#*_-+|"), maxsplit=1)[0]
        if len(label.split()) <= _MAX_LABEL_OF_SECTION and not label.rstrip().endswith("."):
            found.add(section_of(find_question(re.sub(r"^\w[.)]\s+", "", label), "0")))
    return {section for section in found if section[:1] in ("2", "3") and len(section) > 1}


@lru_cache(maxsize=1)
def _mark_set() -> re2.Set:
    """Return the marks of the summary template's headings and questions as one automaton."""
    options = re2.Options()
    options.case_sensitive = False
    marks = re2.Set.SearchSet(options)
    for mark in _MARKS:
        marks.Add(mark)
    marks.Compile()
    return marks


def section_of(key: str) -> str:
    """Return the section of a summary's question: ``2.3`` of ``2.3:crawlers``; "0" stands for what precedes 1."""
    return key.partition(":")[0]


@lru_cache(maxsize=4096)
def find_question(label: str, section: str) -> str:
    """Return the key of the question that a label asks in a section of the summary; "" if it asks none.

    Args:
        label: A heading, a question, or the first words of a line.
        section: The section that the label stands in.
    """
    plain = " ".join(label[:_LABEL_CHARACTERS].split()).strip(" *_#:|`\"'").replace("(s)", "s").replace("y(ies)", "ies")
    number = _NUMBER.match(plain)
    whole = plain[number.end() :] if number else plain
    plain = _ASIDE.sub("", whole).strip(" *_:.")
    if plain != whole and plain:
        return _find_question(plain, section, number) or _find_question(whole, section, number)
    if " " not in plain and re.search(r"\w[-_]\w", plain):  # a key: "data_size", "user-data"
        return _find_question(re.sub(r"[-_]", " ", plain), section, number) or _find_question(plain, section, number)
    return _find_question(plain, section, number)


def _find_question(plain: str, section: str, number: re.Match[str] | None) -> str:
    """Return the summary's question that a label asks, without its number, which may tell it apart."""
    if not plain:
        return number[1] if number and number[1] in SECTIONS else ""
    if number and any(key == number[1] and pattern.search(plain) for key, pattern in _NUMBERED):
        return number[1]
    if number and any(key == number[1] and pattern.search(plain) for key, pattern in _HEADING_PATTERNS):
        is_question = any(":" in key and pattern.search(plain) for key, pattern in _ANYWHERE_PATTERNS)
        if not is_question:
            return number[1]
    if _MODALITIES_OF_SOURCE.search(plain) and section[:1] == "2" and not _OF_ALL_DATA.search(plain):
        return f"{_find_heading(plain) or section}:modalities"
    if section == "2.5" and _NAMES_OF_MODELS.search(plain):
        return "2.5:generators"
    for key, pattern in _ANYWHERE_PATTERNS:
        if pattern.search(plain):
            return key
    if re.search(_ILLEGAL, plain, re.I):  # "measures to remove illegal content" in the section before it
        return "3.2:measures" if section == "3.2" and re.search(r"measures|descri", plain, re.I) else "3.2"
    if _IS_QUESTION_OF_SOURCES.match(plain) and (heading := _find_heading(plain)):
        return heading
    for own, part, pattern in _IN_SECTION_PATTERNS:
        if section.startswith(own) and (own or section) and pattern.search(plain):
            if part in SECTIONS:
                return part
            return f"{section if part == 'comments' or own in ('2.4',) else own}:{part}"
    if section[:1] in ("0", "1"):
        for key, pattern in _SECTION_1_PATTERNS:
            if pattern.search(plain):
                return key
    return _find_heading(plain)


# Words of the template's headings, long and short. A label of these alone is no name of a dataset or model.
_HEADING_WORDS = frozenset(
    """a acquisition act additional ai and any are aspects at authorised authorized available base by characteristics
    code collected collection commercial commercially contact content contents crawled crawlers crawling data
    dataset datasets date dependencies dependency details domains external for from general generated generators
    have how identification illegal illicit in information is large last latest licensed list main market
    measures mining modalities modality model models name name(s) names newest non-publicly obtained of on
    online opt-outs or origin other others overall parties party placement practice private processing provider
    public publicly removal removing representative representatives reservation reservations reserve reserved
    respect respected rights rightsholders scraped scraping signatory size source sources summary synthetic text
    the their third to top training types union unlawful used user users version versioned was web were what
    which with""".split()
)
_MAX_HEADING_WORDS = 12  # the longest heading of the template has twelve


def is_exact_heading(words: str) -> bool:
    """Return whether words are nothing but a heading of the summary's template, in the template's words or fewer."""
    plain = _NUMBER.sub("", words.strip(" *_:.?"), count=1)
    single = re.split(r"[\s,/&–—]+", plain.casefold().strip(" *_:.?"))
    known = len(single) <= _MAX_HEADING_WORDS and all(not word or word in _HEADING_WORDS for word in single)
    return known and find_question(plain, "0") != ""


def _find_heading(plain: str) -> str:
    """Return the section of the summary's template whose heading or first question a label is; "" for none."""
    for key, pattern in _HEADING_PATTERNS:
        if pattern.search(plain):
            return key
    return ""


def cued_question(sentence: str) -> str:
    """Return the summary's question that a sentence of plain prose answers, by its words; "" if they do not tell."""
    for key, pattern in _PROSE_PATTERNS:
        if pattern.search(sentence):
            return key
    for key, pattern in _ANYWHERE_PATTERNS:
        if pattern.search(sentence):
            return key
    return _find_heading(sentence)
