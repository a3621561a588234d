"""Build the part of a public summary of training content: its answers as statements with source ``summary``.

Names, dates, sizes and whether a question is answered become statements; descriptions stay in the worker, as texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.model import Gap, Place, Ref, Statement, Subject
from auditor.parts import MAX_VALUE_CHARACTERS, Part, Text
from auditor.syntax.check_boxes import UNKNOWN_BOX, plain_boxes
from auditor.syntax.summary_outline import MAX_SUMMARY_LINES, Answer, outline
from auditor.syntax.summary_questions import section_of
from auditor.syntax.summary_values import (
    crawlers,
    dates,
    domains,
    emails,
    has_unknown_choice,
    is_placeholder,
    modalities,
    named_sources,
    names_nothing,
    size_band,
    ticked,
    yes_or_no,
)

SOURCE = "summary"
# What a statement calls each section and question of the template that is answered by a description, or by yes or no.
TOPICS: Mapping[str, str] = {
    "1.1": "1.1 provider identification",
    "1.1:representative": "1.1 authorised representative",
    "1.2:dependencies": "1.2 model dependencies",
    "1.2": "1.2 model identification",
    "1.3": "1.3 modalities and training data size",
    "1.3:content": "1.3 types of content",
    "1.3:characteristics": "1.3 other characteristics",
    "1.3:languages": "1.3 linguistic characteristics",
    "2.1": "2.1 publicly available datasets",
    "2.1:other": "2.1 other publicly available datasets",
    "2.2": "2.2 private datasets",
    "2.2.1": "2.2.1 commercially licensed datasets",
    "2.2.2": "2.2.2 private datasets of other third parties",
    "2.3": "2.3 crawled and scraped data",
    "2.3:purposes": "2.3 purposes of crawlers",
    "2.3:behaviour": "2.3 behaviour of crawlers",
    "2.3:content": "2.3 content crawled",
    "2.4": "2.4 user data",
    "2.4:model": "2.4 user data from the model",
    "2.4:services": "2.4 user data from other services",
    "2.5": "2.5 synthetic data",
    "2.6": "2.6 other sources of data",
    "3.1": "3.1 reservation of rights",
    "3.1:signatory": "3.1 signatory to the code of practice",
    "3.2": "3.2 removal of illegal content",
    "3.3": "3.3 other information",
}
_ASKED_YES_OR_NO = ("2.1", "2.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6")
_OPTIONS_OF_DATA = ("1.3", "1.3:modality", "1.3:size")
_PRIVATE = ("2.2.1", "2.2.2")  # what 2.2 asks about as a whole
_NOT_UNDERSTOOD = "not understood"
_OPTIONAL = frozenset({"1.1:representative", "1.3:characteristics", "2.1:other", "2.4:model", "2.4:services", "3.3"})
_NO_MEASURES = re.compile(
    r"^\W*(?:no|none)\b(?! doubt)[^.]{0,80}(?:measures?|steps|filter\w*|removal|action|screening)?[^.]{0,60}\.?$"
    r"|\bno (?:\w+ ){0,3}(?:measures|steps|filter\w*|screening|action) (?:\w+ ){0,3}(?:taken|"
    r"applied|made|implemented|performed|used)\b"
    r"|\b(?:was|were|has|have|did)(?: not|n't) (?:\w+ ){0,3}(?:filter\w*|screen\w*|remov\w*|appl\w*|implement\w*)"
    r"|\b(?:measures?|steps|action)\b[^.]{0,40}(?: not|n't) (?:\w+ ){0,2}taken",
    re.I,
)
_DEFERRED = re.compile(
    r"^\W*(?:n/?a|tb[dca]|to ?do|to follow|coming soon|not (?:yet )?(?:available|applicable|provided)|to be \w+)\W*$",
    re.I,
)
_DENIES_ORIGIN = re.compile(
    r"\bnot (?:\w+ ){0,3}(?:depend\w*|based|derived|built|a modification|modified|initiali[sz]ed)\b"
    r"|(?<!not )\bfrom scratch\b|\bno (?:\w+ ){0,2}dependenc",
    re.I,
)
_NOT_FROM_SCRATCH = re.compile(r"\b(?:has|was|is) not (?:been )?trained from scratch\b", re.I)
_NONE = re.compile(r"^\W*(?:none|no|n/a|not applicable)\s*(?:[.;,(]|$)", re.I)  # what follows is an aside
_IS_UNUSED = re.compile(r"^\W*(?:nothing|no \w+|neither|none)\b[^.]*\bused\b", re.I)
_MEASURE = re.compile(r"\b(?:hash|classif|block-? ?list|keyword|match|review|exclud|heuristic|safe)", re.I)
_RELATIONS = (
    ("merge", re.compile(r"\bmerg(?:e|ed|ing)\b", re.I)),
    ("adapter", re.compile(r"\b(?:lora|adapter|peft|low-rank)\b", re.I)),
    ("quantized", re.compile(r"\bquanti[sz]", re.I)),
    ("finetune", re.compile(r"fine-?tun|continued|post-?train|instruct|adapt(?:ed|ation)|modif", re.I)),
)
_COMPANY = (
    r"(?:inc|ltd|llc|gmbh|corp|co|plc|s\.?\s?a\.?(?:\s?s\.?)?|s\.?\s?r\.?\s?l\.?|s\.?\s?l\.?|s\.?p\.?a\.?|lda|b\.?\s?v\.?|"
    r"ag|ab|as|a/s|aps|oyj?|kft|nv|se|ug|d\.\s?o\.\s?o|s\.\s?r\.\s?o|limited|kg|e\.\s?v)\b\.?"
)
_ABBREVIATED = re.compile(
    r"\b(?:inc|ltd|corp|co|lda|bhd|pty|(?:\w\.){1,3}\w)\.$", re.I
)  # a company's name that ends with a dot

_PROVIDER_IN_PROSE = (
    re.compile(r"\bWe, (?:the )?([A-Z][^\n,;]{2,80}?)(?: (?:of|in) [A-Z][\w-]+)?,"),
    re.compile(
        r"\b(?:provider(?: of (?:the|this) models?)?|(?:developed|provided|published|released|"
        r"trained|made) (?:and \w+ )?by|provider is|name is)\b[\s:,]*(?:is|are|"
        r"named)?\s*(?=[A-Z])([^\n;]{2,120})"
    ),
    re.compile(
        r"^\W*([A-Z][^\n,;(]{1,100}?)(?:,[^,]{2,80},)? (?:is|acts as|"
        r"are) (?:the )?(?:\w+ )?(?:provider|developer)\b"
    ),
    re.compile(r"\b(?:that|which) (?=[A-Z])([^\n;,]{2,80}?) (?:placed|put|released|launched|published|developed)\b"),
    re.compile(r"^\W*([A-Z][^\n;(]{1,100}?) (?:provides|develops|developed|trained|publishes|released|makes)\b"),
)
_MODEL_IN_PROSE = (
    re.compile(
        r"\b(?:models?(?: (?:described|covered|concerned|in question))?(?: here)? (?:is|are|"
        r"is called|is named)|(?:covers|concerns|describes|for)(?: the)? (?:models?|versions?)|"
        r"(?:versioned )?(?:model )?names? (?:is|are)|called|named|known as|identified as|covers|"
        r"concerns|describes)\b:?\s+(?:the (?:models? )?)?(?=[A-Z0-9`\"“*]|[a-z][\w.-]*\d)([^\n;]{2,120})"
    ),
    re.compile(
        r"^\W*([A-Z][\w.+-]*(?: [\w.+-]+){0,5}?) (?:is|was|are|were|builds|derives|depends|"
        r"has been) (?:a |an |the |on |from |fine|placed|made|trained|released|built|derived)"
    ),
)
_MAX_NAME_WORDS = 12  # of an answer that is nothing but names
_NAME_FIRST = re.compile(
    r"^\W{0,3}((?:[A-Z]|[a-z][\w.+-]{0,40}\d)[\w.+-]*(?: [\w.+-]*[A-Z\d][\w.+-]*){0,4})"
    r"[*`]*\s?(?:;|,\s(?:an? |the )?(?=[a-z]))",
    re.S,
)
_SAYS_NAME = re.compile(r"\b(?:is|are|covers|concerns|called|named)\b")
_NO_NAME = re.compile(
    r"^\W*(?:the|this|our|it|its|a|an|we|they|these|all|no|none|training|data|both) (?!\w+-)|"
    r"^\W*(?:we|it|they|this|these|none|it is)\b",
    re.I,
)
_NAME_END = re.compile(
    r"\s+(?:is|was|are|were|and (?:is|was|it|can|its)|which|that|by|on|in|(?-i:as)|with|"
    r"placed|can|has|have|from|at|built|fine-?tuned|contact|reach\w*)\b.*$|\.\s.*$|\.$",
    re.I,
)
_LANGUAGES = re.compile(
    r"\b(English|French|German|Spanish|Italian|Portuguese|Dutch|Polish|Romanian|Greek|Czech|"
    r"Hungarian|Swedish|Danish|Finnish|Bulgarian|Slovak|Slovenian|Slovene"
    r"|Croatian|Lithuanian|Latvian|Estonian|Irish|Maltese|Norwegian|Icelandic|Catalan|Basque|"
    r"Galician|Welsh|Luxembourgish|Ukrainian|Russian|Serbian|Turkish"
    r"|Arabic|Hebrew|Persian|Hindi|Bengali|Urdu|Tamil|Telugu|Chinese|Mandarin|Cantonese|"
    r"Japanese|Korean|Vietnamese|Thai|Indonesian|Malay|Swahili|Latin)\b"
)
_VERSION = re.compile(
    r"(?:\bversion (?:of (?:this|the) summary (?:is )?|no\.? ?|number )?"
    r"|^\W{0,3}(?=v\d[\w.]*,? (?:last|dated|updated)\b))"
    r"(v?\d[\w.]*\w|v?\d)",
    re.I,
)
# What precedes the date of the latest data in a text that does not ask for it.
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent|last|until|up to|through|cut-?off|no later than|ending in)\b"
    r"(.{1,60})",
    re.I,
)
_ON_MARKET = re.compile(r"\b(?:union|eu|european|internal) market\b([^.;]{1,40})", re.I)
_SIZE = re.compile(r"\b(?:(?:m|b|tr)illion|\d+ ?[mbt]n?) (?:\w+ ){0,2}(?:tokens|images|hours)\b", re.I)
_SINCE = re.compile(r"\b(?:since|from|between|after|released?|published|version|market)\b", re.I)
_OF_BOTH = re.compile(r"\b(?:either|neither|both|these) (?:of )?(?:kinds?|types?|sorts?|sections?|them|these)\b", re.I)
_PERIOD_END = re.compile(r"\b(?:ongoing|continu\w+|to date|present|still)\b", re.I)


def summary_part(text: str, uri: str, ref: Ref, *, first_line: int = 1, gaps: Iterable[Gap] = ()) -> Part:
    """Build the part of a public summary of training content: what it says of its model.

    Args:
        text: The words of the summary: Markdown, or text with marks of headings, lists and tables.
        uri: Where it was read.
        ref: The model.
        first_line: The line of the file on which the text begins; 0 if its lines are not those of the file.
        gaps: What of the file could not be read.
    """
    gaps = list(gaps)
    if text.count("\n") >= MAX_SUMMARY_LINES:
        gaps.append(Gap("provenance", f"longer than {MAX_SUMMARY_LINES:,} lines: only these were read", Place(uri)))
    reading = _Summary(uri, first_line, outline(plain_boxes(text)))
    statements = dict.fromkeys(reading.statements())
    gaps.extend(
        Gap("provenance", f"its answer to {one.value} says neither yes nor no in words that are known", one.place)
        for one in statements
        if one.key == "summary_answer" and one.relation == _NOT_UNDERSTOOD
    )
    if unknown := reading.unknown_choice():
        why = "which of its options under 1.3 modalities and training data size are ticked cannot be told"
        gaps.append(Gap("provenance", why, unknown))
    texts = [Text("document", uri, text, first_line)]
    if measures := [answer for answer in reading.under("3.2") if not is_placeholder(answer.text)]:
        words = "\n".join(answer.text for answer in measures)
        texts.append(Text("summary", uri, words, first_line and first_line - 1 + measures[0].line))
    return Part(Subject(ref.kind, ref.name, ref.revision, tuple(statements), tuple(gaps)), tuple(texts))


def part_of_unread_summary(language: str, uri: str, ref: Ref) -> Part:
    """Build the part of a public summary of training content in a language that is not read: that there is one."""
    why = f"a public summary of training content that is not in English ({language}): its answers were not read"
    stated = Statement("training_data", "public summary", "", Place(uri), SOURCE)
    return Part(Subject(ref.kind, ref.name, ref.revision, (stated,), (Gap("provenance", why, Place(uri)),)), ())


@dataclass(frozen=True, slots=True)
class _Summary:
    """The answers of one summary, and where they stand."""

    uri: str
    first_line: int
    answers: tuple[Answer, ...]

    def under(self, *questions: str) -> tuple[Answer, ...]:
        """Return the answers to these questions; of a section, those to all of its questions."""
        return tuple(
            answer
            for answer in self.answers
            if answer.text and (answer.question in questions or section_of(answer.question) in questions)
        )

    def exactly(self, *questions: str) -> tuple[Answer, ...]:
        """Return the answers to these questions alone; of a section, to none of its questions."""
        return tuple(answer for answer in self.answers if answer.text and answer.question in questions)

    def place(self, answer: Answer | None) -> Place:
        """Return where an answer stands."""
        return Place(self.uri, self.first_line - 1 + answer.line if answer and self.first_line else 0)

    def unknown_choice(self) -> Place | None:
        """Return where section 1.3 shows options of which it cannot be told which are ticked; None for nowhere."""
        answers = self.exactly(*_OPTIONS_OF_DATA)
        is_unknown = has_unknown_choice(" ".join(answer.text for answer in answers))
        return self.place(answers[0]) if is_unknown else None

    def statement(self, key: str, value: str, relation: str, answer: Answer | None, remark: str = "") -> Statement:
        """Return a statement that an answer makes."""
        return Statement(
            key, value[:MAX_VALUE_CHARACTERS], relation, self.place(answer), SOURCE, remark[:MAX_VALUE_CHARACTERS]
        )

    def statements(self) -> Iterator[Statement]:
        """Yield all that the summary states."""
        first = self.answers[0] if self.answers else None
        yield self.statement("training_data", "public summary", "", first)
        yield from self._identification()
        yield from self._data_overall()
        yield from self._sources()
        yield from self._answered()

    def _identification(self) -> Iterator[Statement]:
        """Yield the summary's version and dates, the provider, the model's names and dependencies."""
        version = next((answer for answer in self.exactly("0:version") if not is_placeholder(answer.text)), None)
        value = (
            re.split(r"[,;|(]|\.\s|\s+[-–—]\s+|\s(?:last|dated?|updated)\b", version.text, maxsplit=1, flags=re.I)[0]
            if version
            else ""
        )
        if not value.strip(" *_."):
            version = next((answer for answer in self.under("0") if _VERSION.search(answer.text)), None)
            value = _VERSION.search(version.text)[1] if version else ""  # type: ignore[index]
        yield self.statement(
            "summary", value.strip(" *_.") or "no version", "", version or (self.answers[0] if self.answers else None)
        )
        for relation, questions in (("summary updated", ("0:updated",)), ("placed on the market", ("1.2:market",))):
            found = list(self._dates(relation, questions, first_only=True))
            yield from found
        if not found:
            yield from self._market_in_words()
        yield from self._provider()
        for answer in self.under("1.1", "0"):
            if emails(answer.text):
                yield self.statement("contact", "email", "", answer)
        if _has(self.exactly("1.1:contact")):
            yield self.statement("contact", "given", "", self.exactly("1.1:contact")[0])
        yield from self._models()
        for answer in self.exactly("1.2:licence"):
            if not is_placeholder(answer.text):
                yield self.statement("licence", answer.text.strip(" *_."), "", answer)
        yield from self._dependencies()

    def _dates(self, relation: str, questions: tuple[str, ...], *, first_only: bool) -> Iterator[Statement]:
        """Yield the dates in the answers to these questions."""
        for answer in self.exactly(*questions):
            found = dates(answer.text)
            found = tuple(date for date in found if not any(other.startswith(f"{date}-") for other in found))
            for date in found[:1] if first_only else found:
                yield self.statement("date", date, relation, answer)
            if found and first_only:
                return

    def _market_in_words(self) -> Iterator[Statement]:
        """Yield the date of placement from answers to other questions: "on the Union market since 02/2025"."""
        for answer in self.exactly("1.2:dependencies", "1.2:model", "1.2", "1.1", "1", "0"):
            for match in _ON_MARKET.finditer(answer.text):
                if found := dates(match[1]):
                    yield self.statement("date", found[0], "placed on the market", answer)
                    return

    def _provider(self) -> Iterator[Statement]:
        """Yield the provider's name."""
        for answer in self.exactly("1.1:provider"):
            name = _organisation(answer.text)
            if name:
                yield self.statement("provider", name, "", answer)
                return
        for answer in (*self.exactly("1.1"), *self.exactly("1", "0"), *self.exactly("1.2:market")):
            for pattern in _PROVIDER_IN_PROSE:
                match = pattern.search(answer.text)
                if match and (name := _organisation(match[1])):
                    yield self.statement("provider", name, "", answer)
                    return
        for answer in self.exactly("1.1")[:1]:
            if (name := _organisation(answer.text)) and _is_proper_name(name):
                yield self.statement("provider", name, "", answer)

    def _models(self) -> Iterator[Statement]:
        """Yield the versioned names of the models."""
        found = False
        for answer in self.exactly("1.2:model"):
            if _SAYS_NAME.search(answer.text):
                continue
            for named in named_sources(answer.text, is_list=True, models=True):
                found = True
                yield self.statement("title", named.name or named.value, "", answer)
        for answer in () if found else self.exactly("1.2"):
            if not _SAYS_NAME.search(answer.text) and len(answer.text.split()) <= _MAX_NAME_WORDS:
                for named in named_sources(answer.text, is_list=True, models=True):
                    found = True
                    yield self.statement("title", named.name or named.value, "", answer)
        if found:
            return
        for answer in self.exactly("1.2", "1.2:dependencies")[:1]:
            # "Leaf-2, built on acme/tree": a name, and what follows is said of it.
            if (match := _NAME_FIRST.match(answer.text)) and not _NO_NAME.match(match[1]) and "/" not in match[1]:
                yield self.statement("title", match[1].strip(" *`"), "", answer)
                return
        for answer in (*self.exactly("1.2:model", "1.2", "1.2:dependencies", "1.2:market"), *self.exactly("1", "0")):
            for pattern in _MODEL_IN_PROSE:
                match = pattern.search(answer.text)
                if match and not _NO_NAME.match(match[1]):
                    words = _NAME_END.sub("", match[1]).split(", ")[0]
                    for named in named_sources(words, is_list=True, models=True):
                        yield self.statement("title", named.name or named.value, "", answer)
                    return

    def _dependencies(self) -> Iterator[Statement]:
        """Yield the models that the model was made from."""
        answers = self.exactly("1.2:dependencies")
        whole = " ".join(answer.text for answer in answers)
        relation = next((name for name, pattern in _RELATIONS if pattern.search(whole)), "")
        found = False
        denied = False
        for answer in answers:
            plain = _NOT_FROM_SCRATCH.sub("", answer.text)
            denied = (denied and answer.kind == "text") or bool(_NONE.match(answer.text))
            if denied or answer.kind == "group" or _DENIES_ORIGIN.search(plain) or _IS_UNUSED.search(plain):
                continue
            own = next((name for name, pattern in _RELATIONS if pattern.search(answer.text)), relation)
            text = _NOT_FROM_SCRATCH.sub("", answer.text)
            if text != answer.text and "/" not in text:
                continue
            words = _without_own_name(text)
            words = text if "/" in text and "/" not in words else words
            for named in named_sources(words, is_list=True, models=True):
                found = True
                yield self.statement("base_model", named.value, own, answer, _also(named.name, named.value))
        if not answers:
            return
        state = (
            "stated"
            if found
            else "none"
            if names_nothing(whole)
            else "placeholder"
            if is_placeholder(whole)
            else "stated"
        )
        yield self.statement("summary_answer", TOPICS["1.2:dependencies"], state, answers[0])

    def _data_overall(self) -> Iterator[Statement]:
        """Yield the modalities and sizes of the training data, its latest date, and its languages."""
        stated: set[str] = set()
        sized: set[str] = set()
        last = ""
        answers = () if self.unknown_choice() else self.exactly(*_OPTIONS_OF_DATA)
        if not any(any(character.isdigit() for character in answer.text) for answer in answers):
            others = self.exactly("0", "1", "1.2", "1.2:dependencies", "1.3:acquired")
            answers += tuple(answer for answer in others if _is_size(answer.text))
        for answer in answers:
            if is_placeholder(answer.text):
                continue
            for words in _clauses(answer):
                named = () if _denies_modality(words) else modalities(words)
                for modality in named:
                    # "Other" is a word of many sentences, and a modality where modalities are listed.
                    if modality not in stated and (modality != "other" or answer.question == "1.3:modality"):
                        stated.add(modality)
                        yield self.statement("modality", modality, "", answer)
                last = named[0] if len(named) == 1 else last
                of = named[0] if named else last or (next(iter(stated)) if len(stated) == 1 else "")
                band = "" if of in sized else size_band(words, of)
                if band:
                    sized.add(of)
                    yield self.statement("data_size", band, of, answer)
        latest = list(self._dates("latest data", ("1.3:acquired",), first_only=False))
        yield from latest or self._latest_in_words()
        for answer in self.exactly("1.3:languages") or self.exactly("1.3", "1.3:content", "1.3:characteristics"):
            for language in dict.fromkeys(_LANGUAGES.findall(answer.text)):
                yield self.statement("language", language, "", answer)

    def _latest_in_words(self) -> Iterator[Statement]:
        """Yield the latest date of the data from answers to other questions: "text, until 03/2025"."""
        answers = self.exactly("1.3", "1.3:size", "1.3:modality")
        for answer in (*answers, *self.exactly("1.2:dependencies", "1", "0", "1.2")):
            for match in _LATEST.finditer(answer.text):
                if found := dates(match[1]):
                    yield self.statement("date", found[0], "latest data", answer)
                    return
        # A section on the data that holds one date has it for its one question that asks for a date.
        single = [(date, answer) for answer in answers for date in dates(answer.text)]
        if len(single) == 1 and not _SINCE.search(single[0][1].text):
            yield self.statement("date", single[0][0], "latest data", single[0][1])

    def _sources(self) -> Iterator[Statement]:
        """Yield the datasets, crawlers, domains and generating models that section 2 names."""
        no = {section for section in _ASKED_YES_OR_NO if self._yes_or_no(section)[0] == "no"}
        for questions, is_list in (
            (("2.1:large", "2.2.2:known"), True),
            (("2.1", "2.1:other", "2.2.1", "2.2.2"), False),
        ):
            for answer in self.exactly(*questions):
                if answer.kind == "group":
                    continue
                if section_of(answer.question) in no and answer.kind == "text":
                    continue
                for named in named_sources(answer.text, is_list=is_list or answer.kind != "text"):
                    yield self.statement("trained_on", named.value, "", answer, _also(named.name, named.value))
        if "2.3" not in no:
            yield from self._crawling()
        if "2.5" not in no:
            for answer in self.exactly("2.5", "2.5:generators", "2.5:own"):
                is_list = answer.question == "2.5:generators"
                for named in named_sources(answer.text, is_list=is_list, models=True):
                    yield self.statement("data_generator", named.value, "", answer, _also(named.name, named.value))
                for named in named_sources(answer.text, is_list=False):
                    if "/datasets/" in named.address:
                        yield self.statement("trained_on", named.value, "", answer, _also(named.name, named.value))

    def _crawling(self) -> Iterator[Statement]:
        """Yield the crawlers' names, the period of collection and the domains."""
        asked = self.exactly("2.3:crawlers")
        for answer in asked or self.exactly("2.3", "2.3:behaviour", "2.3:purposes"):
            for name in crawlers(answer.text, is_list=bool(asked) or False):
                yield self.statement("crawler", name, "", answer)
        for answer in self.exactly("2.3:period") or self.exactly("2.3"):
            found = dates(answer.text)
            if not found:
                continue
            yield self.statement("date", found[0], "crawled from", answer)
            if len(found) > 1:
                yield self.statement("date", found[1], "crawled until", answer)
            elif _PERIOD_END.search(answer.text):
                yield self.statement("date", "ongoing", "crawled until", answer)
            break
        for answer in self.exactly("2.3:domains"):
            for name in domains(answer.text):
                yield self.statement("crawled_domain", name, "", answer)

    def _yes_or_no(self, section: str) -> tuple[str, Answer | None]:
        """Return whether a section says that there is such data, and where; "" if it does not say."""
        answers = self.exactly(section)
        is_open = all(is_placeholder(answer.text) for answer in answers)
        found = yes_or_no((answer.text for answer in answers), section)
        if not found and section == "2.4":
            parts = [yes_or_no((a.text for a in self.exactly(key)), section) for key in ("2.4:model", "2.4:services")]
            found = "yes" if "yes" in parts else "no" if "no" in parts else ""
            answers = self.exactly("2.4:model", "2.4:services")
        if not found and is_open and any(not is_placeholder(answer.text) for answer in self.under(section)):
            answers = tuple(answer for answer in self.under(section) if not is_placeholder(answer.text))
            found = yes_or_no([answers[0].text], section)
        if not found and section in _PRIVATE and self._yes_or_no("2.2")[0] == "no":
            return "no", self.exactly("2.2")[0]
        if not found and section == "2.2.1" and not self.under(section):
            shared = next((a for a in self.exactly("2.2.2") if _OF_BOTH.search(a.text)), None)
            if shared and yes_or_no([shared.text], section) == "no":
                return "no", shared
        return found, answers[0] if answers else None

    def _answered(self) -> Iterator[Statement]:
        """Yield how each section, and each question that is answered by a description, is answered."""
        headed = {section_of(answer.question): answer for answer in reversed(self.answers)}
        asked = {answer.question: answer for answer in reversed(self.answers)}
        for key, topic in TOPICS.items():
            if key == "1.2:dependencies":
                continue
            answers = self.under(key) if ":" not in key else self.exactly(key)
            first = answers[0] if answers else asked.get(key) or headed.get(section_of(key))
            state = self._state(key, answers)
            if key == "2.2" and (not answers or not {*_PRIVATE}.isdisjoint(headed)):
                continue  # it is asked in two parts
            if key in _PRIVATE and key not in headed and self.exactly("2.2"):
                if state == "no":
                    yield self.statement("summary_answer", topic, state, self.exactly("2.2")[0])
                continue
            if key in asked or (key in headed and ":" not in key):
                yield self.statement("summary_answer", topic, state, first)
            elif ":" not in key and key not in _OPTIONAL:
                yield self.statement("summary_answer", topic, "absent", None)

    def _state(self, key: str, answers: tuple[Answer, ...]) -> str:
        """Return how a question is answered: yes, no, not understood, stated, none, placeholder or empty."""
        if key in _ASKED_YES_OR_NO or key in ("2.4:model", "2.4:services", "3.1:signatory"):
            found = self._yes_or_no(key)[0] if key in _ASKED_YES_OR_NO else yes_or_no(a.text for a in answers)
            if found:
                return found
            if any(UNKNOWN_BOX in answer.text or not is_placeholder(ticked(answer.text)) for answer in answers):
                return _NOT_UNDERSTOOD
        filled = [answer for answer in answers if not is_placeholder(ticked(answer.text))]
        if key == "3.2" and filled and _DEFERRED.match(answers[0].text):
            return "placeholder"  # what follows is of another part, whose heading was not recognised
        if key == "3.2" and filled and _takes_no_measures(" ".join(answer.text for answer in filled)):
            return "none"
        return "stated" if filled else "placeholder" if answers else "empty"


def _is_size(text: str) -> bool:
    """Return for a summary's part whether an answer to another question tells how much data there is."""
    return _SIZE.search(text) is not None


def _takes_no_measures(text: str) -> bool:
    """Return for a summary's part whether an answer about illegal content names no measure."""
    return _NO_MEASURES.search(text) is not None and _MEASURE.search(text) is None


def _has(answers: tuple[Answer, ...]) -> bool:
    """Return for a summary's part whether one of the answers says something."""
    return any(not is_placeholder(answer.text) for answer in answers)


def _also(name: str, value: str) -> str:
    """Return for a summary's part a name as a remark, where the statement's value is another one."""
    return f"named {name}" if name and name != value else ""


def _organisation(text: str) -> str:
    """Return for a summary's part the organisation at the beginning of an answer, without its address."""
    plain = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    plain = re.sub(r"[*`“”\"]", "", plain.split("|")[0]).strip(" -–—:,")
    pieces = re.split(
        r",\s+|\s+[-–—(<|]\s*|\s*[(;]|\s+https?://|\s*\S+@|\.\s+(?=[A-Z])|\s+(?:e-?mail|contact|tel|website)\b",
        plain,
        flags=re.I,
    )
    name = pieces[0].strip(" .,")
    if len(pieces) > 1 and re.fullmatch(_COMPANY, pieces[1].strip(), re.I):
        name = f"{name}, {pieces[1].strip()}"
    name = _NAME_END.sub("", name) if not re.search(_COMPANY + r"$", name, re.I) else name
    if f"{name}." in plain and _ABBREVIATED.search(f"{name}."):
        name = f"{name}."
    is_pronoun = name.casefold() in ("we", "it", "they", "this", "us", "our")
    return "" if is_placeholder(name) or len(name) > 120 or "@" in name or is_pronoun else name


def _is_proper_name(name: str) -> bool:
    """Return for a summary's part whether words are a name: each begins with a capital, or joins two that do."""
    words = name.split()
    return len(words) <= _MAX_NAME_WORDS and all(
        word[:1].isupper()
        or re.fullmatch(_COMPANY, word, re.I)
        or word.casefold() in ("of", "and", "for", "de", "da", "di", "du", "des", "der", "für", "&")
        for word in words
    )


def _without_own_name(text: str) -> str:
    """Return for a summary's part the words after "fine-tuned from" and the like, where an answer has them."""
    match = re.search(
        r"\b(?:fine-?tun\w*|derived|built|based|adapted|adaptation|modified|modification|version|"
        r"initiali[sz]ed|distilled|trained|merge|continued|started|starts|checkpoint|quanti\w+|"
        r"depends|builds?|adapter|lora)"
        r"\b[^.:;]{0,40}?\b(?:from|of|on|upon|for|with)\b:?\s+(?:and \w+ (?:from|of|on|with) )?"
        r"(?:the |a |an )?(?:(?:pre-?trained|"
        r"base|open|published|foundation|parent) )*(?:(?:models?|checkpoints?|weights)(?: of)? )?",
        text,
        re.I,
    )
    if not match:
        return text
    rest = text[match.end() :]
    return re.split(
        r"(?<=[a-z0-9)])\.\s+(?=[A-Z])|, (?:whose|which|released|published|see|a|an|the)\b|"
        r"\s(?:whose|which|released under|by|and then|using|with|through)\s",
        rest,
    )[0]


def _clauses(answer: Answer) -> Iterator[str]:
    """Yield for a summary's part the clauses of an answer on modalities and sizes, each about one of them."""
    if answer.kind == "row":
        yield answer.text
        return
    for sentence in re.split(r";\s+|(?<=[a-z)])\.\s+|\n", answer.text):
        pieces = re.split(
            r",\s+(?:and\s+)?(?=(?:[a-z]+ ){0,3}\D*\d)|\s+(?:and|plus|as well as)\s+(?=(?:about |"
            r"around |roughly |some |approximately |more than |less than |under |over |fewer than |"
            r"between )?[\d<>~])",
            sentence,
        )
        yield from pieces


def _denies_modality(words: str) -> bool:
    """Return for a summary's part whether words of an answer say that there is no data of a modality."""
    return re.search(r"\b(?:no|none|not|without|n/a|not applicable)\b", words, re.I) is not None
