"""Read the values of answers in a public summary of training content: yes or no, dates, sizes, names, placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from auditor.syntax.check_boxes import UNKNOWN_BOX

Modality = Literal["text", "image", "audio", "video", "other"]
MODALITIES: tuple[Modality, ...] = ("text", "image", "audio", "video", "other")

_TICKED = r"(?:\[[xX✓]\]|\([xX]\)|[☑☒✅✔✓■])"
_UNTICKED = r"(?:\[ {0,3}\]|\( {0,3}\)|[☐□❌✗✘])"
_BOXES = re.compile(rf"({_TICKED}|{_UNTICKED}|{UNKNOWN_BOX})")
_IS_TICKED = re.compile(rf"^{_TICKED}$")
_YES = re.compile(r"^\W*(?:yes|true|y)\b(?!\s*(?:/|or)\s*no)", re.I)
_BOTH = re.compile(r"^\W*yes\s*[/|,]\s*no\W*$", re.I)  # the form's own words
_NO = re.compile(
    r"^\W*(?:no|none|false|n/?a|not applicable|nil|never|not used(?!\s*:)|there (?:is|are) none)\b"
    r"(?!\s*(?:longer|later))",
    re.I,
)
# Yes and no in the languages of the Union, where an answer stands in two.
_OTHER_YES = r"(?:ja|oui|sí|si|sì|sim|tak|ano|áno|igen|da|да|kyllä|jah|jā|taip|ναι|iva)"
_OTHER_NO = r"(?:nein|non|não|nie|ne|nem|не|ei|nej|nee|nē|όχι|le)"
_YES_WORD = re.compile(rf"^\W*(?:yes\b|{_OTHER_YES}(?=[\s]*[/,.;:(|–—-]))(?:\W*yes\b)?\W*", re.I)
_IN_OTHER_LANGUAGE = re.compile(
    rf"^\W*(?:({_OTHER_YES})|{_OTHER_NO})(?=\s*(?:[/,.;:(|–—-]|$))(?!\s*/\s*{_OTHER_NO}\b)", re.I
)
_NOT = re.compile(
    r"^\W*not\b(?! (?:only|just|yet decided|relevant))|^\W*(?:nothing|zero|neither)\b|^\W*at no (?:point|time|stage)\b"
    r"|^\W*(?:we|it|they)? ?(?:do|did|does|have|has|had|are|is|was|were)(?: not|n['’]t)\W*$",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|none|nothing|without|except|unless|cannot|if)\b|n['’]t\b", re.I)
# What an answer that is no bare yes says of data that there is: what was done with it, or what it consists of.
_AFFIRMS = re.compile(
    r"\b(?:us(?:ed?|es|ing)|crawl(?:s|ed)?|scraped?|collect(?:s|ed)?|obtain(?:s|ed)|licen[cs](?:ed?|es)|bought|"
    r"purchased|concluded|operates?d?|runs?|ran|visit(?:s|ed)|drawn|taken|comes?|came|consists?|contains?|"
    r"includ(?:es?|ed|ing)|generated|written|wrote|created|produced|translat(?:ed|ions?)|composed|made|mixed|trained|"
    r"rewritten|paraphrased|augmented|distilled|agreed|consented|provided|supplied|donated|acquired|gathered|derived|"
    r"sourced|downloaded|synthesi[sz]ed|signed|signatory|data|data ?sets?|corpus|corpora|collections?|recordings?|"
    r"texts?|newspapers?|books?|articles?|images?|photo\w*|videos?|music|songs?|code|manuals?|documents?|"
    r"conversations?|dialogues?|repositor(?:y|ies)|logs?|chats?|archives?|agreements?|publishers?|pages?|"
    r"sites?|web ?sites?|captions?|"
    r"pairs|traces|prompts?|instructions?|answers?|\d+(?:[.,]\d+)* ?(?:%|[a-z]+))\b|`|\]\(",
    re.I,
)
_REFERS = re.compile(
    r"^\W*(?:see|refer|cf|please|(?:is |are )?described|explained|"
    r"as (?:for|in|with|above|described)|will|under|same)\b",
    re.I,
)
# Where a clause begins that may say what the one before denies.
_CONTRAST = re.compile(
    r"(?:,|;|\s[–—-])\s+(?:but|whereas|while|although|though|yet)\b,?\s+"
    r"|\s+but\s+(?!(?:not|never|no|(?:did|does|do|was|were|is|are|has|have)(?: not|n['’]t))\b)|;\s+",
    re.I,
)
_CONTRASTS = re.compile(r"^\W*(?:but|however|nevertheless|nonetheless|only|still)\b", re.I)
_EXCEPTS = re.compile(
    r"\b(?:except|save for|apart from|aside from|with the exception)\b"
    r"(?![^.]{0,40}\b(?:above|below|listed|described|sections?|mentioned)\b)",
    re.I,
)
# Words of a clause that is about the data of its section.
_ABOUT_SECTION: dict[str, re.Pattern[str]] = {
    section: re.compile(words, re.I)
    for section, words in {
        "2.1": r"\b[\w.-]+/[\w.-]+\b|\bpublic",
        "2.2.1": r"\blicen[cs]|rights?holder|publisher|agreement|\bbought\b|purchased",
        "2.2.2": r"third[- ]part|intermediar|\bpartner|\bprivate\b|\bbroker",
        "2.3": r"(?<!public )(?<!existing )(?<!earlier )\b(?:crawled|scraped|crawlers?)\b",
        "2.4": r"\busers?\b|\bprompts?\b|\bconversations?\b|\bservices?\b|\bchats?\b|\bcustomers?\b",
        "2.5": r"\bgenerated\b|\bsynthetic|\bcreated\b|\bwritten\b",
    }.items()
}
# Both options side by side, with nothing that tells them apart.
_BOTH_BARE = re.compile(r"^\W*(?:yes[\s|/,]+no|no[\s|/,]+yes)\b", re.I)
_ALL_MODALITIES = re.compile(r"^\W*(?:modalit\w+\W+)?texts?[\s|/]+images?[\s|/]+audio[\s|/]+videos?\b", re.I)
_ALL_BANDS = re.compile(r"\bless than\b[^.;]{3,40}\bto\b[^.;]{3,40}\bmore than\b", re.I)
# Both options and nothing else, of which one may be struck out or set in bold.
_BOTH_MARKED_UP = re.compile(r"(?i)^([~*_]*(?:yes|no)[~*_]*)[\s/|,]+(?:or\s+)?([~*_]*(?:yes|no)[~*_]*)$")
_OPTION_AT_END = re.compile(r"(?i)(?:^|(?<!or)[\s|:?*_])(yes|no)[\s|*_:]*$")
_MARK_ALONE = re.compile(r"^[\s|*_]*(?:([✅☑✔✓])|[❌✗✘])\ufe0f?[\s|*_–—-]*$")
_AFTER_OPTION = re.compile(r"^(?:yes|no)\s*[.|]\s+(\S.*)$", re.I | re.S)
_NO_ALONE = re.compile(r"^(?:no|none|false|n/?a|not applicable|nil|never)\s*(?:[.,;:|(–—-]|$)", re.I)
_DENIES = re.compile(
    r"\bno (?:\w+[ -]){0,8}?(?:data ?sets?|data|crawl\w*|agreements?|content|sources?|"
    r"licen[cs]\w*|interactions?|scrap\w*|prompts?)\b"
    r"(?:[^.]{0,80}\b(?:was|were|is|are|has|have|been|used|concluded|obtained|collected|trained)\b)?"
    r"|\b(?:did|do|does|has|have|had|was|were|is|are)(?: not|n['’]t)\b[^.]{0,80}"
    r"\b(?:use|used|using|crawl\w*|scrap\w*|conclud\w*|obtain\w*|train\w*|collect\w*|licen\w*|"
    r"generat\w*|rely|relied|include\w*|involve\w*|sourced?|signatory|signed|operate\w*|part|"
    r"create\w*|enter\w*|acquire\w*)\b"
    r"|\bnone (?:was|were|of|has|have)\b|\bnot (?:used|applicable|a signatory)\b|\bnever (?:used|crawled|trained)\b"
    r"|\bneither of (?:which|them)\b|\bnot part of\b"
    r"|\b(?:considered|examined|evaluated|tried|tested|attempt)\b[^.]{0,120}\b(?:rejected|dropped|abandoned|discarded)\b"
    r"|\bwithout (?:any )?(?:\w+ ){0,3}(?:data|crawl\w*|content)\b"
    r"|\bneither\b[^.]{0,120}\bnor\b|\bnone\W*$|^\W*nothing\b[^.]{0,60}\bused\b",
    re.I,
)
_FROM_SCRATCH = re.compile(
    r"from scratch|\bno (?:\w+ ){0,3}(?:dependenc\w+|base|models?|parents?)\b|"
    r"\bnot (?:\w+ ){0,3}(?:based|derived|built|depend\w*|a modification)\b"
    r"|\bdoes not depend|independent of any|random(?:ly)? initiali[sz]",
    re.I,
)
_PLACEHOLDER = re.compile(
    r"^[\s\W_]*(?:(?:to be|tb) ?(?:provided|completed|complete|determined|specified|described|drafted|added|confirmed|"
    r"announced|defined|written|filled|done|d|c|a)\b.{0,40}"
    r"|t\.?b\.?[dca]\.?|to ?do|to follow|fixme|xxx+|n\.?/?a\.?|nil|none|not (?:yet )?(?:provided|available|applicable|"
    r"specified|known|disclosed|completed|stated)"
    r"|not (?:yet )?(?:described|documented|covered|reported|included)"
    r"(?: (?:in|by) (?:this|the) \w+(?: of \w+ \w+)?| here)?"
    r"|(?:will be|yet to be) (?:provided|completed|added|published|described).{0,60}|"
    r"pending.{0,30}|coming soon|under (?:review|construction|preparation|discussion)"
    r"|(?:\w+ ){1,8}(?:will|shall) (?:be (?:provided|completed|added|published|described|supplied)|follow)\b[^.]{0,60}"
    r"|(?:\w+ ){0,4}(?:is|are) being (?:prepared|drafted|written|completed|compiled|finali[sz]ed|reviewed)\b[^.]{0,40}"
    r"|(?:\w+ ){1,2}to (?:provide|supply|complete|write|draft|add) (?:\w+ ){0,2}"
    r"(?:wording|text|input|answer|description|details|information)"
    r"|(?:\w+ ){1,6}(?:(?:have|has|had|is|are) (?:not yet|yet to)(?: been| be)?|(?:haven|hasn)['’]t yet(?: been)?) "
    r"(?:described|documented|written|completed|provided|published|decided|defined|describe|document|finali[sz]ed)"
    r"\b[^.]{0,40}"
    r"|(?:\w+ ){1,4}follows? (?:in|with|later|soon|shortly)\b[^.]{0,60}"
    r"|unknown|blank|empty|placeholder.{0,40}|lorem ipsum.*|in progress|draft|"
    r"information (?:needed|missing|to follow).{0,20}"
    r"|more information needed|(?:please )?(?:describe|insert|specify|fill (?:in|out)|enter|provide|add)\b.{0,200}"
    r"|click or tap here.{0,40}|your (?:answer|text|description|measures).{0,60}|"
    r"<[^<>]{0,200}>|\[[^\[\]]{0,200}\]|…|\.{2,})?[\s\W_]*$",
    re.I | re.S,
)
_IDS_IN_BRACKETS = re.compile(r"\[\s*[\w.-]+/[\w.-]+(?:\s*,\s*[\w.-]+/[\w.-]+)*\s*\]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR = r"((?:19|20)\d\d)"
_DATES = re.compile(
    rf"\b{_YEAR}[-/.](\d{{1,2}})[-/.](\d{{1,2}})\b"
    rf"|\b(\d{{1,2}})[-/.](\d{{1,2}})[-/.]{_YEAR}\b"
    rf"|\b{_YEAR}[-/.](\d{{1,2}})(?![\d/.-]*\d)"
    rf"|\b(\d{{1,2}})[-/.]{_YEAR}\b"
    rf"|\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? {_YEAR}\b"
    rf"|\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}\b"
    rf"|\b{_MONTH},? {_YEAR}\b"
    rf"|\bq([1-4])[ /-]{_YEAR}\b"
    rf"|\b{_YEAR}\b",
    re.I,
)

# The template's bands: below, and above, in tokens, pictures and hours.
_BANDS: dict[str, tuple[float, float, str, str, str]] = {
    "text": (
        1e9,
        1e13,
        "less than 1 billion tokens",
        "1 billion to 10 trillion tokens",
        "more than 10 trillion tokens",
    ),
    "image": (1e6, 1e9, "less than 1 million images", "1 million to 1 billion images", "more than 1 billion images"),
    "audio": (1e4, 1e6, "less than 10 000 hours", "10 000 to 1 million hours", "more than 1 million hours"),
    "video": (1e4, 1e6, "less than 10 000 hours", "10 000 to 1 million hours", "more than 1 million hours"),
}
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9, "g": 1e9,
    "t": 1e12, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_NUMBER_WORDS = {
    word: str(number) for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
} | {"a": "1", "hundred": "100"}
_NUMBER_IN_WORDS = re.compile(rf"\b({'|'.join(_NUMBER_WORDS)})(?= (?:thousand|million|billion|trillion)\b)", re.I)
_NUMBER = r"(\d[\d.,  ']*\d|\d)\s*-?(k|mn|m|bn|b|g|tn|t|thousand|million|billion|trillion)?s?\b"
_RANGE = re.compile(
    rf"{_NUMBER}(?: tokens| images| hours)?\W{{0,3}}"
    r"(?:(?:to|-|–|—|and|but|up to)(?: (?:up to|at most|below|under|fewer than|less than))?)\W{0,3}"
    rf"{_NUMBER}",
    re.I,
)
_BELOW = re.compile(rf"(?:less than|under|below|fewer than|up to|at most|<=?|≤)\s*(?:about )?{_NUMBER}", re.I)
_ABOVE = re.compile(
    rf"(?:more than|over|above|greater than|exceed(?:s|ing)?|at least|>=?|≥)\s*(?:about )?{_NUMBER}|{_NUMBER}\s*\+",
    re.I,
)
_ABOUT = re.compile(_NUMBER, re.I)
_UNITS: tuple[tuple[Modality, re.Pattern[str]], ...] = (
    ("text", re.compile(r"\btokens?\b|\bwords\b", re.I)),
    ("video", re.compile(r"\bhours? of (?:\w+ ){0,2}videos?|\bvideo hours|\bvideos?\b", re.I)),
    (
        "audio",
        re.compile(
            r"\bhours? of (?:\w+ ){0,2}(?:audio|speech|sound|music)|\baudio hours|\b(?:audio|speech|"
            r"music|sound)\b",
            re.I,
        ),
    ),
    ("image", re.compile(r"\b(?:images?|pictures?|photo\w*)\b", re.I)),
    ("text", re.compile(r"\btexts?\b|\btextual\b", re.I)),
)
_OTHER_MODALITY = re.compile(r"\bother\b", re.I)
_HUB = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([\w.-]+/[\w.-]*\w)(?:/[^\s)\]>|,;]*)?", re.I
)
_ADDRESS = re.compile(r"https?://[^\s)\]>|,;\"'`]+|\bwww\.[^\s)\]>|,;\"'`]+", re.I)
_MARKDOWN_LINK = re.compile(
    r"\[([^\[\]]{1,300})\]\(\s*<?([^()\s]{1,1000}(?:\([^()\s]*\))?[^()\s]*)>?(?:\s+\"[^\"]*\")?\s*\)"
)
_REPOSITORY = re.compile(r"(?<![\w/.:@-])[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9](?:[\w.-]{0,95}\w)?(?![\w/])")
# Words that stand on either side of a stroke in plain prose: "text/label pairs", "research/commercial use".
_STROKE_WORDS = frozenset(
    """a academic ai am and answer answers api app assistant attribute audio author authors book books bot browser
    caption captions chat client closed code commercial company completion conditions content copyright creator data
    dataset datasets day dev developer document documents domain domains email english evaluation fine-tuning he her
    him his host hour hours http https human image images in input instruction instructions internet it km label labels
    language languages licence license licensor manual metadata model models month name national news no non-commercial
    nonprofit of off on open opt or organisation organization out output owner page pages partner period picture
    pictures post pre preference pretraining private product prompt prompts provider public publisher query question
    questions read reasoning rejected research response responses reward rights s scraping section sections server
    service services she site sites source sources speech start stop student summary target teacher technical terms
    test tests text texts the their them they time title tool tools train training translation type types url urls
    user users validation value version video videos w web website websites word words work works write year years
    yes""".split()
)
_NO_REPOSITORY = re.compile(
    r"^(?:and/or|yes/no|n/a|text/\w+|image/\w+|audio/\w+|video/\w+|input/output|his/her|"
    r"client/server|tcp/ip|ci/cd|\d+/\d+|w/o)$"
    r"|^(?:\w+)/(?:no|or|her|image|images|text|audio|video|collection|identifiers?|scraping|"
    r"crawling|processing|products?)$",
    re.I,
)
_DOMAIN = re.compile(r"\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,18}\b", re.I)
_NO_DOMAIN = re.compile(
    r"^(?:e\.g|i\.e|robots\.txt|ai\.txt|llms\.txt|\w+\.(?:csv|md|txt|pdf|json|html?|xlsx?|"
    r"docx?|toml|ya?ml|parquet|py))$",
    re.I,
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_BOT = re.compile(
    r"(?<![\w./@-])(?:[A-Z][\w-]*|[a-z][\w-]*[-_A-Z][\w-]*|[a-z]+)?(?:[Bb]ot|[Cc]rawler|"
    r"[Ss]pider|[Ff]etcher|[Ss]craper|[Hh]arvester|[Aa]gent)(?:-\w+)?(?:/v?\d[\w.]*)?(?![\w@])"
)
_NO_BOT = frozenset(
    {
        "crawler",
        "bot",
        "spider",
        "robot",
        "scraper",
        "agent",
        "fetcher",
        "harvester",
        "web-crawler",
        "user-agent",
        "webcrawler",
        "chatbot",
    }
)
_QUOTED = re.compile(r"[`“\"'‘]([\w][\w ./+-]{1,60})[`”\"'’]")
_LISTED = re.compile(
    r"\b(?:namely|including|includ(?:es?|ed)|such as|notably|comprising|comprises?|"
    r"consist(?:s|ed|ing)? of|as follows|following|"
    r"were|are|was|is|used|uses|on|from|of|with|by)\b:?\s+(?=(?:the |an? )?(?:[\w-]*[A-Z0-9/`\"“\[*]))|:\s+",
)
_NAME_STOPS = frozenset(
    """yes no none text image images audio video other the a an we our it this these those they and or in on as for
    all each large publicly public datasets dataset list data internet web article section model training if from both
    no. see full european union content further additional additionally moreover list following link modality name names
    january february march april may june july august september october november december to be hours tokens n/a various
    used used? several some many only also provider i they he she there here note general others code""".split()
)
_TRAILING_WORDS = re.compile(
    r"\s+(?:(?:public |open |large )?(?:data ?sets?|corpus|corpora|collection|dumps?|subset|"
    r"snapshots?|portion|part|split|edition)\b.*|(?:was|were|is|are|has|have|which|that|for|under|"
    r"released|published|made|hosted|available|from|by|with|using|collected|containing|via|at|"
    r"through|as well as|in its|in the|on the|used)\b.*)$",
    re.I,
)
_LEADING_WORDS = re.compile(
    r"^(?:(?:and|or|also|both|(?-i:the)|an?|our|their|its|its|version of|a version of|"
    r"subset of|subsets of|parts? of|filtered|deduplicated|only|large|public|"
    r"publicly available|open|datasets?:?|name:|model:|models?|with)\s+)+",
    re.I,
)
_MAX_NAME_WORDS = 8
_UNUSUAL = re.compile(r"[A-Z\d_.-]")  # in an id, a character that no two words with a stroke between them have
_IS_ID = re.compile(r"\b(?:is|are|namely|called) `?[\w.-]+/[\w.-]+`?\W*$|`[\w.-]+/[\w.-]+`")
_MAX_NAMES = 1000  # of one summary and kind


class NamedSource(NamedTuple):
    """A dataset or model that a summary names; ``repository`` is its id on the hub, "" if none is given."""

    name: str
    repository: str = ""
    address: str = ""

    @property
    def value(self) -> str:
        """Return what identifies it best: the repository, else the name, else the address."""
        return self.repository or self.name or self.address


def is_placeholder(text: str) -> bool:
    """Return whether a summary's answer says nothing: empty, "to be provided", "n/a", or an instruction."""
    plain = re.sub(r"[*_`]", "", text).strip()
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1]
    if _IDS_IN_BRACKETS.fullmatch(plain):
        return False
    return not plain or all(_PLACEHOLDER.match(cell) for cell in plain.split(" | "))


def names_nothing(text: str) -> bool:
    """Return whether a summary's answer says that there is nothing to name: "none", "trained from scratch"."""
    plain = text.strip(" *_|-–.")
    return bool(_NO.match(plain) or _DENIES.search(plain) or _FROM_SCRATCH.search(plain))


def yes_or_no(texts: Iterable[str], section: str = "") -> Literal["yes", "no", ""]:
    """Return the yes or no of a summary's answer: by its ticked box, its first word, or what its words say or deny.

    It is "" where the words do not tell.

    Args:
        texts: The answer's texts.
        section: The section that asks, which tells whether a clause that denies nothing is about its data.
    """
    texts = [text for text in texts if text.strip() and not _BOTH.match(text)]
    joined = " ".join(texts)
    named = [(ticked, words) for ticked, words in _options(joined).options if _YES.match(words) or _NO.match(words)]
    if named:
        # A form that shows "No" alone shows the answer, ticked or crossed; "Yes" alone may be left unticked.
        chosen = [words for ticked, words in named if ticked]
        chosen = chosen or [words for _, words in named if len(named) == 1 and _NO.match(words)]
        answers: set[Literal["yes", "no"]] = {"no" if _NO.match(words) else "yes" for words in chosen}
        is_known = all(ticked is not None for ticked, _ in named)
        return answers.pop() if is_known and len(answers) == 1 else ""  # both ticked: nothing was answered
    if texts and (mark := _MARK_ALONE.match(texts[0].split(" | ")[0])):
        return "yes" if mark[1] else "no"
    if _BOTH_BARE.match(joined) or UNKNOWN_BOX in joined:
        return ""
    both = _BOTH_MARKED_UP.match(joined.strip())
    if both and both[1].strip("~*_").lower() != both[2].strip("~*_").lower():
        return _marked_option(both[1], both[2])
    for text in texts:
        plain = text.strip(" *_|-–:")
        if _YES.match(plain):
            return "yes"
        if other := _IN_OTHER_LANGUAGE.match(plain):
            return "yes" if other[1] else "no"
        if _NO_ALONE.match(plain) or (text is texts[0] and _NO.match(plain) and len(contrasted_clauses(plain)) == 1):
            return "" if _EXCEPTS.search(re.split(r"(?<=[.;])\s", plain, maxsplit=1)[0]) else "no"
    if all(is_placeholder(text) for text in texts):
        return ""
    first, *later = re.split(r"(?<=\.)\s", joined, maxsplit=2)
    clauses = [*contrasted_clauses(first), *(one for one in later[:1] if _CONTRASTS.match(one))]
    answer = _clause_says(clauses[0] if clauses else first, joined)
    others = [clause for clause in clauses[1:] if _clause_says(clause, clause) == "yes"]
    if answer != "no" or not others:
        return answer
    # "Neither … nor … was used, but the data of our notes service was."
    about = _ABOUT_SECTION.get(section)
    return "yes" if about and any(about.search(clause) for clause in others) else ""


def contrasted_clauses(sentence: str) -> tuple[str, ...]:
    """Return the clauses of a summary's sentence of which one may deny what another says: parted by "but" and ";"."""
    return tuple(clause for clause in _CONTRAST.split(sentence) if clause.strip())


def _clause_says(clause: str, joined: str) -> Literal["yes", "no", ""]:
    """Return what a clause of a summary's answer says or denies; ``joined`` is the whole answer if it is the first."""
    if _DENIES.search(clause) or _NO.match(clause) or (_NOT.match(clause) and not is_placeholder(clause)):
        return "" if _EXCEPTS.search(clause) else "no"
    negation = _NEGATION.search(clause)
    said = clause[: negation.start()] if negation else joined
    affirms = _AFFIRMS.search(said) or _ADDRESS.search(said) or _REPOSITORY.search(said) or _BOT.search(said)
    return "yes" if affirms and not _REFERS.match(said) else ""


def _marked_option(first: str, second: str) -> Literal["yes", "no", ""]:
    """Return which of the two options of a summary's form is the answer: the one not struck out, or the bold one."""
    for mark, answers in (("~~", False), ("*", True), ("__", True)):
        marked = [mark in first, mark in second]
        if marked.count(True) == 1:
            chosen = first if marked[0] == answers else second
            return "no" if "no" in chosen.lower() else "yes"
    return ""


class _Options(NamedTuple):
    """The options of a form's question: what stands before them, and of each whether it is ticked (None: not known)."""

    before: str
    options: tuple[tuple[bool | None, str], ...]


def _options(text: str) -> _Options:
    """Return the options of a form's question in a summary.

    A box stands before its option, unless words stand before the first box and before each other, and none follow.
    """
    pieces = _BOXES.split(text)
    if len(pieces) > 3 and (first := _OPTION_AT_END.search(pieces[0])):
        options = first[1].lower(), pieces[2].strip(" |*_;,/").lower()
        if sorted(options) == ["no", "yes"]:
            return _Options("", ((_is_ticked(pieces[1]), options[0]), (_is_ticked(pieces[3]), options[1])))
    words = [piece.strip(" |*_;,/") for piece in pieces[::2]]
    *before, words[0] = (piece.strip(" *_") for piece in re.split(r"[:?|;]", words[0]))
    if len(words) > 2 and all(words[:-1]) and not words[-1]:
        boxes = map(_is_ticked, pieces[1::2])
        return _Options(" ; ".join(before), tuple(zip(boxes, words[:-1], strict=True)))
    state: list[bool | None] = []
    found = []
    for at in range(1, len(pieces), 2):
        state.append(_is_ticked(pieces[at]))
        option = pieces[at + 1].strip(" |*_;,")
        if option:  # "- [x] ☒ Yes" has two boxes
            found.append((None if None in state else any(state), option))
            state = []
    return _Options(pieces[0].strip(" |"), tuple(found))


def _is_ticked(box: str) -> bool | None:
    """Return whether a box in a summary is ticked; None if that is not known."""
    return None if box == UNKNOWN_BOX else _IS_TICKED.match(box) is not None


def has_unknown_choice(text: str) -> bool:
    """Return whether a summary's answer shows options of which it cannot be told which were chosen.

    Either a box beside them is drawn with a character that is not known, or the form's own words stand without boxes.
    """
    if UNKNOWN_BOX in text:
        return True
    return not _BOXES.search(text) and bool(_ALL_MODALITIES.search(text) or _ALL_BANDS.search(text))


def ticked(text: str) -> str:
    """Return the words of the ticked options of a summary's answer; the whole text if it has no boxes."""
    before, options = _options(text)
    if not options:
        return text
    said = (words if is_ticked else _after_option(words) for is_ticked, words in options)
    return " ; ".join([before, *(words for words in said if words)]).strip(" ;")


def _after_option(words: str) -> str:
    """Return what follows an option of a summary's form that is yes or no and not ticked: "☐ No. The data is …"."""
    match = _AFTER_OPTION.match(words)
    return match[1] if match else ""


def modalities(text: str) -> tuple[Modality, ...]:
    """Return the modalities in a summary's answer, in the template's order; of boxes, those that are ticked."""
    words = ticked(text)
    found = {modality for modality, pattern in _UNITS if pattern.search(words)}
    if _OTHER_MODALITY.search(words) and not re.search(r"other (?:than|relevant|data|sources|content)", words, re.I):
        found.add("other")
    return tuple(modality for modality in MODALITIES if modality in found)


def size_band(text: str, modality: str) -> str:
    """Return the band of sizes of the summary's template that an answer belongs to; "" if the words tell none."""
    if modality not in _BANDS:
        return ""
    low, high, below, between, above = _BANDS[modality]
    words = re.sub(r"(?<=\d)[  '](?=\d{3}\b)", "", ticked(text))
    words = _NUMBER_IN_WORDS.sub(lambda match: _NUMBER_WORDS[match[1].lower()], words)
    if match := _RANGE.search(words):
        first, second = _amount(match[1], match[2]), _amount(match[3], match[4])
        if not match[2] and first < _amount(match[3], None):  # "1 to 10 trillion"
            first = _amount(match[1], match[4])
        middle = (first + second) / 2
        return (
            between
            if first <= low and second >= high
            else below
            if middle < low
            else above
            if middle > high
            else between
        )
    if match := _BELOW.search(words):
        number = _amount(match[1], match[2])
        return below if number <= low else between if number <= high else ""
    if match := _ABOVE.search(words):
        number = _amount(match[1] or match[3], match[2] or match[4])
        return above if number >= high else between if number >= low else ""
    amounts = [_amount(match[1], match[2]) for match in _ABOUT.finditer(_without_dates(words))]
    if not amounts:
        return ""
    number = max(amounts)
    return below if number < low else above if number > high else between


def _without_dates(words: str) -> str:
    """Return the words of a size in a summary's answer without dates and years."""
    return _DATES.sub(" ", words)


def _amount(number: str, scale: str | None) -> float:
    """Return a number in a summary's answer as it is written with its scale: ``1.5`` and ``billion``."""
    plain = number.replace(" ", "").replace(" ", "").replace("'", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain) or ("," in plain and "." in plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", plain):
        plain = plain.replace(".", "")
    else:
        plain = plain.replace(",", ".")
    try:
        return float(plain.rstrip(".")) * _SCALES.get((scale or "").lower(), 1.0)
    except ValueError:
        return 0.0


def dates(text: str) -> tuple[str, ...]:
    """Return the dates in a summary's answer in ISO 8601, as exact as written: ``2025-12-31``, ``2025-12``."""
    return tuple(found for match in _DATES.finditer(text) if (found := _iso_date(match)))


def _iso_date(match: re.Match[str]) -> str:
    """Return a date in a summary's answer in ISO 8601; "" if there is no such month or day."""
    g = match.groups()
    year, month, day = "", 0, 0
    if g[0]:
        year, month, day = g[0], int(g[1]), int(g[2])
    elif g[5]:
        year, month, day = g[5], int(g[4]), int(g[3])
        if month > 12:  # as in the United States
            month, day = day, month
    elif g[6]:
        year, month = g[6], int(g[7])
    elif g[9]:
        year, month = g[9], int(g[8])
    elif g[12]:
        year, month, day = g[12], _MONTHS.index(g[11].lower()) + 1, int(g[10])
    elif g[15]:
        year, month, day = g[15], _MONTHS.index(g[13].lower()) + 1, int(g[14])
    elif g[17]:
        year, month = g[17], _MONTHS.index(g[16].lower()) + 1
    elif g[19]:
        return f"{g[19]}-Q{g[18]}"
    else:
        return g[20]
    if not 1 <= month <= 12 or not 0 <= day <= 31:
        return ""
    return f"{year}-{month:02}-{day:02}" if day else f"{year}-{month:02}"


def emails(text: str) -> tuple[str, ...]:
    """Return the e-mail addresses in a summary's answer."""
    return tuple(dict.fromkeys(match[0] for match in _EMAIL.finditer(text)))


def domains(text: str) -> tuple[str, ...]:
    """Return the domain names in a summary's answer, each once."""
    plain = _EMAIL.sub(" ", text)
    found = (match[0].lower().removeprefix("www.") for match in _DOMAIN.finditer(plain))
    return tuple(
        dict.fromkeys(name for name in found if not _NO_DOMAIN.match(name) and not name.rsplit(".", 1)[-1].isdigit())
    )


def crawlers(text: str, *, is_list: bool) -> tuple[str, ...]:
    """Return the names of crawlers in a summary's answer; of a list, every entry is one."""
    plain = _MARKDOWN_LINK.sub(r"\1", ticked(text))
    if is_list and not _is_sentence(plain):
        found = [_clean_name(piece) for piece in _pieces(_ADDRESS.sub("", plain))]
    else:
        found = [match[1] for match in _QUOTED.finditer(plain) if " " not in match[1] or "bot" in match[1].lower()]
        found += [match[0] for match in _BOT.finditer(plain)]
    names = (name.strip(" .:") for name in found)
    kept = [
        n for n in names if n and n.lower() not in _NO_BOT and n.lower() not in _NAME_STOPS and not is_placeholder(n)
    ]
    return tuple(name for name in dict.fromkeys(kept) if not any(longer.startswith(f"{name}/") for longer in kept))


def named_sources(text: str, *, is_list: bool, models: bool = False) -> tuple[NamedSource, ...]:
    """Return the datasets or models that a summary's answer names, each once.

    Args:
        text: The answer; a row of a table has its cells joined by " | ".
        is_list: Whether it stands where names are asked for. Then each entry is one; else only what reads like one is.
        models: Whether models are looked for: an address of a dataset on the hub is none.
    """
    text = _YES_WORD.sub("", ticked(text).strip(" *_"))
    clauses = contrasted_clauses(text) if _DENIES.search(text) or _NO.match(text) else ()
    if len(clauses) > 1:
        return tuple(
            named
            for clause in clauses
            if not _DENIES.search(clause) and not _NO.match(clause)
            for named in named_sources(clause, is_list=is_list and _is_sentence(clause), models=models)
        )
    if is_placeholder(text) or _NO.match(text.strip(" *_|-")):
        return ()
    is_list = is_list or " " not in text.strip()
    if _SETS_ASIDE.match(text):
        return ()
    ids = re.split(r"[\s,;`]+(?:and[\s`]+)?", text.strip(" .`[]"))
    if len(ids) > 1 and all(_is_id(one) and ("," in text or not _is_pair_of_words(one)) for one in ids):
        return tuple(NamedSource(one, one) for one in dict.fromkeys(ids))
    if " | " in text:
        return _named_in_row(text.split(" | "), models=models)
    pieces = [text]
    if is_list and not _is_sentence(text):
        pieces = list(_pieces(text))
        found = [entry for piece in pieces if (entry := _named_entry(piece, models=models))]
    else:
        found = list(_named_in_prose(text, models=models))
    return tuple({entry.value.casefold(): entry for entry in reversed(found) if entry.value}.values())[::-1][
        :_MAX_NAMES
    ]


def _named_in_row(cells: list[str], *, models: bool) -> tuple[NamedSource, ...]:
    """Return the dataset or model in a row of a summary's answer: its first words, and the first address."""
    joined = " ".join(cells)
    ids = [
        one for cell in cells if (one := _named_entry(_YES_WORD.sub("", cell), models=models)) and _is_id_alone(cell)
    ]
    if len({one.repository for one in ids}) > 1:  # a column for each model
        return tuple(ids)
    entry = _named_entry(
        cells[0] if not _STARTS_WITH_NUMBER.match(cells[0]) or len(cells) == 1 else cells[1], models=models
    )
    if entry is None or not entry.value:
        return ()
    link = _named_entry(joined, models=models)
    if link and link.repository and not entry.repository:
        entry = entry._replace(repository=link.repository, address=link.address)
    elif link and link.address and not entry.address:
        entry = entry._replace(address=link.address)
    return (entry,)


def _is_id_alone(cell: str) -> bool:
    """Return whether a cell of a summary's table is a link to the hub or an id of it, and nothing more."""
    plain = _YES_WORD.sub("", cell).strip(" `*.,;:")
    link = _MARKDOWN_LINK.fullmatch(plain)
    return bool(_HUB.search(link[2]) if link else _HUB.fullmatch(plain) or _is_id(plain))


# Words before names that the provider looked at and did not use.
_SETS_ASIDE = re.compile(
    r"^\W*(?:not used|nothing (?:of|from)\b|excluded|rejected|discarded)\b|"
    r"^[^,;.]{0,80}\b(?:was|were|is|are) (?:not|never) used\b",
    re.I,
)
_QUANTITY = re.compile(
    r"^[~<>]?\d[\d.,]*\s?(?:k|m|bn?|t|thousand|million|billion|trillion|images?|pictures?|tokens?|hours?|samples?|rows?|"
    r"examples?|documents?|pairs?|gb|tb|mb)\b",
    re.I,
)
_PLATFORM = re.compile(r"^(?:the )?(?:hugging ?face|github|kaggle)(?: hub)?$", re.I)
_AVAILABLE_AT = re.compile(r"^\W*(?:publicly )?(?:available|published) (?:at|from|on|under)\b", re.I)
# The words of a link to something about a dataset or model, not to it.
_ASIDE_LINK = re.compile(
    r"^\W*(?:the |its |our |their )?(?:code|source code|github|repository|paper|article|report|arxiv|blog(?: post)?|"
    r"here|details?|more|documentation|docs|card|data ?card|model card|licen[cs]e|"
    r"terms|summary|web ?site|home ?page)\W*$",
    re.I,
)
_SUMMARY_LINK = re.compile(r"^(?:(?:its|the|public|training|content|data)\s)*summary\b", re.I)
_STARTS_WITH_NUMBER = re.compile(r"^\d{1,3}\.?$")


def _named_entry(text: str, *, models: bool) -> NamedSource | None:
    """Return the dataset or model that one entry of a summary's answer names; None if it names none."""
    text = _BOXES.sub("", text).replace("\\_", "_")
    repository = address = ""
    for link in (*(match[2] for match in _MARKDOWN_LINK.finditer(text)), text):
        hub = _HUB.search(link)
        if (
            hub
            and bool(hub[1]) is not models
            and hub[2].split("/")[0].lower() not in ("docs", "blog", "spaces", "papers", "collections", "datasets")
        ):
            repository, address = repository or hub[2], address or hub[0]
        elif plain := _ADDRESS.search(link):
            address = address or plain[0].rstrip(".")
    words = _MARKDOWN_LINK.sub(r"\1", text)
    if models and not repository and ((_HUB.search(address) and "/datasets/" in address) or _SUMMARY_LINK.match(words)):
        return None
    words = _HUB.sub(" ", words) if repository else words
    words = _ADDRESS.sub(" ", words)
    name = _clean_name(words)
    plain_id = _REPOSITORY.search(re.sub(r"[`*\"“”']", " ", words))
    if not repository and plain_id and not _NO_REPOSITORY.match(plain_id[0]):
        repository = plain_id[0]
    if (
        name.casefold() in _NAME_STOPS
        or _PLATFORM.match(name)
        or (not repository and not address and not _reads_like_name(name))
    ):
        name = ""
    return NamedSource(name, repository, address) if name or repository or address else None


def _clean_name(text: str) -> str:
    """Return the name in a summary's answer without marks, asides, descriptions and words around it."""
    plain = re.sub(r"[*`“”\"]|(?<!\w)_|_(?!\w)", "", text)
    plain = re.split(r"\s[–—-]\s|[:;](?:\s|$)|\s\|\s", plain.strip(" -–—:;,"))[0]
    plain = re.sub(r"\s*[(\[][^()\[\]]*[)\]]?", " ", plain)
    plain = _TRAILING_WORDS.sub("", _LEADING_WORDS.sub("", " ".join(plain.split()).strip(" .,:;–—-'’‘()[]")))
    words = plain.strip(" .,:;–—-'()[]<>")
    return words if len(words.split()) <= _MAX_NAME_WORDS else ""


def _reads_like_name(name: str) -> bool:
    """Return whether words of a summary's answer may name a dataset or model: by a capital or a digit."""
    if _REPOSITORY.fullmatch(name):
        return _NO_REPOSITORY.match(name) is None
    if _QUANTITY.match(name):
        return False
    first = name.split()[0].casefold().strip(".,") if name else ""
    is_plain_word = first in _NAME_STOPS and first != "the" and "-" not in first
    return len(name) > 1 and not is_plain_word and any(c.isupper() or c.isdigit() for c in name)


def _is_sentence(text: str) -> bool:
    """Return whether a summary's answer is a sentence rather than a list of names."""
    text = re.sub(r"\([^()]*\)", " ", _ADDRESS.sub(" ", text))
    words = text.split()
    return len(words) > 6 and re.search(
        r"\b(?:is|are|was|were|we|our|used|uses|has|have|been|contains?|comes?|drawn|taken|"
r"trained|include[sd]?|consists?|operates?|employ(?:s|ed)?)\b", text
    ) is not None  # fmt: skip


def _pieces(text: str) -> Iterator[str]:
    """Yield the entries of a list in one line of a summary's answer: split at semicolons, else commas and "and"."""
    by_semicolon = list(_split_outside_brackets(text, r";\s+(?:and\s+)?|\s*<br\s*/?>\s*"))
    if len(by_semicolon) > 1:
        for piece in by_semicolon:
            yield from _pieces(piece)
        return
    pieces = list(_split_outside_brackets(text, r",\s+(?:and\s+)?|\s+and\s+"))
    if len(pieces) > 1 and _is_same_source(pieces[0], pieces[1]):
        yield text  # "FineWeb 2, HuggingFaceFW/fineweb-2, the Norwegian part"
        return
    # "Name, 2024 release, from the web" is one entry with its description.
    if len(pieces) > 1 and not all(
        _reads_like_name(_clean_name(piece)) or _ADDRESS.search(piece) for piece in pieces if piece.strip()
    ):
        named = [piece for piece in pieces if _begins_like_name(_clean_name(piece)) or _ADDRESS.search(piece)]
        yield from (
            named
            if named and _reads_like_name(_clean_name(pieces[0])) and not re.search(r"[(:–—]", pieces[0])
            else [text]
        )
        return
    if len(pieces) > 1 and all(
        _ADDRESS.search(piece)
        and not _clean_name(_AVAILABLE_AT.sub("", _ADDRESS.sub("", _MARKDOWN_LINK.sub(r"\1", piece))))
        for piece in pieces[1:]
    ):
        yield text  # "Name, https://…"
        return
    yield from (piece for piece in pieces if piece.strip())


def _is_id(text: str) -> bool:
    """Return whether a text is an id of the hub, not two words with a stroke between them."""
    return _REPOSITORY.fullmatch(text) is not None and _NO_REPOSITORY.match(text) is None


def _is_same_source(name: str, repository: str) -> bool:
    """Return whether an id of the hub is that of the dataset or model named before it."""
    found = _REPOSITORY.fullmatch(repository.strip(" `*."))
    plain = re.sub(r"^\W*the\b|^\(?\w{1,3}\)|\W", "", name.casefold())
    return bool(found and plain and "/" not in name and plain in re.sub(r"\W", "", found[0].casefold()))


def _split_outside_brackets(text: str, separator: str) -> Iterator[str]:
    """Yield the pieces of a summary's answer between separators that stand in no brackets."""
    depth = start = 0
    for match in re.finditer(rf"[(\[]|[)\]]|{separator}", text):
        if match[0] in ("(", "["):
            depth += 1
        elif match[0] in (")", "]"):
            depth = max(0, depth - 1)
        elif depth == 0:
            yield text[start : match.start()]
            start = match.end()
    yield text[start:].rstrip(";")


def _named_in_prose(text: str, *, models: bool) -> Iterator[NamedSource]:
    """Yield the datasets or models in sentences of a summary's answer: links, hub ids, names after "namely" …"""
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z`\[])", text):
        if _DENIES.search(sentence) and not _HUB.search(sentence):
            continue
        found = list(_named_in_sentence(sentence, models=models))
        # "of text/label pairs" is no id of the hub, unless the sentence names another one.
        is_sure = _IS_ID.search(sentence) is not None
        for entry in found:
            is_linked = bool(entry.repository) and entry.repository in entry.address
            if is_sure or is_linked or not _is_pair_of_words(entry.repository):
                yield entry


def _is_pair_of_words(repository: str) -> bool:
    """Return whether an id in a summary may be two plain words with a stroke between them."""
    return not _UNUSUAL.search(repository) and not _STROKE_WORDS.isdisjoint(repository.split("/"))


def _named_in_sentence(sentence: str, *, models: bool) -> Iterator[NamedSource]:
    """Yield the datasets or models that one sentence of a summary's answer seems to name."""
    for match in _MARKDOWN_LINK.finditer(sentence):
        entry = _named_entry(match[0], models=models)
        if entry and entry.value and (entry.repository or not _ASIDE_LINK.match(match[1])):
            yield entry
    rest = _MARKDOWN_LINK.sub(" , ", sentence)
    seen: set[str] = set()
    if cue := _LISTED.search(rest):
        for piece in _pieces(rest[cue.end() :].rstrip(" .")):
            entry = _named_entry(piece, models=models)
            if entry and entry.value and (entry.repository or entry.address or _is_proper_name(entry.name)):
                seen.add(entry.repository)
                yield entry
    for match in _HUB.finditer(rest):
        if bool(match[1]) is not models and match[2] not in seen:
            yield NamedSource("", match[2], match[0])
    for match in _REPOSITORY.finditer(_ADDRESS.sub(" ", rest)):
        if not _NO_REPOSITORY.match(match[0]) and match[0] not in seen:
            yield NamedSource(match[0], match[0])


def _is_proper_name(name: str) -> bool:
    """Return whether words in a sentence of a summary are a name, no description: "Dutch parliamentary records"."""
    words = name.split()
    capitals = sum(any(c.isupper() or c.isdigit() for c in word) for word in words)
    return _begins_like_name(name) and 2 * capitals > len(words)


def _begins_like_name(name: str) -> bool:
    """Return whether words in a summary's answer begin as a name does: with a capital, or one or a digit within."""
    if _REPOSITORY.fullmatch(name):
        return _NO_REPOSITORY.match(name) is None
    first = name.split()[0] if name.split() else ""
    return (
        first.casefold() not in _NAME_STOPS
        and any(c.isupper() or c.isdigit() for c in first)
        and not first.isdigit()
        and len(name.split()) <= 6
    )
