"""What texts say of their subject: clauses, licences, prose statements and signals, while the text is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from auditor.clauses.detect import Clause, detect_clause
from auditor.clauses.segment import MAX_TEXT_LENGTH
from auditor.model import Gap, Place, Statement, Subject
from auditor.parts import Part, Role, Text
from auditor.printable import printable
from auditor.terms import card_mentions
from auditor.terms.compiled_vocabulary import CompiledVocabulary, normal_tag
from auditor.terms.language import language_of
from auditor.terms.prose import mentions
from auditor.terms.signals import folded, signals

# Whose word a statement is, by the role of the text.
_SOURCES: Mapping[Role, str] = {"card": "card", "licence": "licence-file", "terms": "terms", "document": "document"}
_QUOTE = 400
_HUB = "https://huggingface.co/"
# A statement that says so because the vocabulary knows the licence that a card or header names.
_KNOWN = "vocabulary"
# Generators and chat partners are models: a dataset's card speaks of others when it says so.
_OF_MODELS = frozenset({"generates", "companion"})


def derive(part: Part, known: CompiledVocabulary) -> Subject:
    """The part's subject with what its texts and metadata further state.

    Of a text only the sentence that prohibits is quoted, in a remark; all else is term ids and lines.
    """
    return next(derived([part], known))


def derived(parts: Sequence[Part], known: CompiledVocabulary) -> Iterator[Subject]:
    """:func:`derive` of each of several parts: texts looked at one after another cost half of texts looked at apart.

    The automaton that looks is larger than a processor's nearest cache, which all else that is done with a card fills
    with its own.
    """
    looked = iter(_look([text for part in parts for text in part.texts], known))
    for part in parts:
        yield _derive(part, list(islice(looked, len(part.texts))), known)


def _derive(part: Part, texts: list[_Looked], known: CompiledVocabulary) -> Subject:
    subject = part.subject
    said = [*_of_licences(subject, known), *_of_tags(subject, known)]
    declared = {statement.value for statement in said if isinstance(statement, Statement) and statement.key == "clause"}
    for looked in texts:
        if looked.text.role in ("licence", "terms"):
            said += _of_terms(looked.text, known)
        elif looked.text.role == "card":
            said += _of_card(looked, subject, known, declared)
        said += _of_signals(looked, known)
    if not said:
        return subject
    statements = (*subject.statements, *(found for found in said if isinstance(found, Statement)))
    gaps = (*subject.gaps, *(found for found in said if isinstance(found, Gap)))
    return Subject(subject.kind, subject.name, subject.revision, statements, gaps)


class _Looked(NamedTuple):
    """A text, its words in plain letters (:func:`folded`) and their UTF-8, and what the one pass over it found."""

    text: Text
    plain: str
    data: bytes
    phrases: list[int]
    cues: list[str]


def _look(texts: list[Text], known: CompiledVocabulary) -> list[_Looked]:
    plain = [_plain(text) for text in texts]
    found = [known.prose.found(data) for _, _, data in plain]
    return [_Looked(*words, *marks) for words, marks in zip(plain, found, strict=True)]


def _plain(text: Text) -> tuple[Text, str, bytes]:
    plain = folded(text.text)
    try:
        return text, plain, plain.encode()
    except UnicodeEncodeError:
        # RE2 reads UTF-8: a lone surrogate becomes one "?", so that places stay.
        return _plain(text._replace(text=text.text.encode("utf-8", "replace").decode()))


def _of_licences(subject: Subject, known: CompiledVocabulary) -> Iterator[Statement | Gap]:
    """Ids of the licences that are stated by name or link, and what their published texts are known to say."""
    ids: dict[str, Statement] = {}
    for statement in subject.statements_for("licence", "licence_name", "licence_link"):
        for found in known.licences.ids_of(statement.value):
            ids.setdefault(found, statement)
    for found, statement in ids.items():
        licence = known.licences.by_id[found]
        yield Statement("licence_id", found, "", statement.place, statement.source)
        if licence.clause != "unknown":
            remark = f"{licence.title}, as published"
            yield Statement("clause", licence.clause, licence.refers, statement.place, _KNOWN, remark)


def _of_tags(subject: Subject, known: CompiledVocabulary) -> Iterator[Statement]:
    """What a model's tags state; where its prose states the same, both stand."""
    if subject.kind == "model":
        for tag in subject.statements_for("tag"):
            if stated := known.tags.get(normal_tag(tag.value)):
                yield Statement(*stated, "", tag.place, tag.source)


def _of_terms(text: Text, known: CompiledVocabulary) -> Iterator[Statement | Gap]:
    source = _SOURCES[text.role]
    found, relation, share = known.licences.text_of(text.text[:MAX_TEXT_LENGTH])
    if text.role == "licence" or found:
        remark = f"about {min(share, 0.99):.0%} of its words in common" if relation == "edited" else ""
        yield Statement("licence_text", found, relation, Place(text.uri), source, remark)
    if found:
        yield Statement("licence_id", found, "", Place(text.uri), source)
    said = detect_clause(text.text)
    language = language_of(text.text)
    if said.answer != "explicit" and language != "en":
        why = f"in another language ({language})" if language else "in a language that was not recognised"
        yield Gap("licence", f"{why}: the clause was not judged", Place(text.uri))
    elif said.answer == "absent" and said.unread_reason:
        yield Gap("licence", f"{said.unread_reason}: the rest was not judged", Place(text.uri))
    else:
        yield _clause(text, said, said.answer)


def _of_card(looked: _Looked, subject: Subject, known: CompiledVocabulary, declared: set[str]) -> Iterator[Statement]:
    text, cues = looked.text, looked.cues
    reached = card_mentions.contact(text.text) if "contact" in cues else None
    if reached:
        yield _named(text, "contact", *reached)
    if subject.kind == "model" and cues:
        bases = {base.value.removeprefix(_HUB) for base in subject.statements_for("base_model")}
        for name, relation, start in card_mentions.parents(text.text, cues, bases):
            yield _named(text, "base_model", name, start, relation)
    stated = {(statement.key, statement.value) for statement in subject.statements}
    for mention in mentions(looked.data, looked.phrases, known.prose, stated):
        if mention.key == "contact" and reached:
            continue
        if subject.kind == "model" or mention.key not in _OF_MODELS:
            line = text.first_line + looked.data.count(b"\n", 0, mention.start)
            yield Statement(mention.key, mention.value, "", Place(text.uri, line), _SOURCES[text.role])
    if "clause" in cues or text.accepted:
        said = detect_clause(text.text, references=text.accepted)
        if said.answer == "explicit":
            yield _clause(text, said, "explicit" if "explicit" in declared else "card-only")
        elif said.answer == "by-reference":
            yield _clause(text, said, said.answer)


def _named(text: Text, key: str, value: str, start: int, relation: str = "") -> Statement:
    return Statement(key, value, relation, Place(text.uri, _line(text, start)), "card-text")


def _of_signals(looked: _Looked, known: CompiledVocabulary) -> Iterator[Statement]:
    text = looked.text
    for signal in signals(looked.plain, looked.data, known.markers, "signal" in looked.cues):
        place = Place(text.uri, _line(text, signal.start))
        remark = f"at characters {signal.start}-{signal.end}"
        yield Statement("signal", signal.value, "", place, _SOURCES[text.role], remark)


def _clause(text: Text, said: Clause, answer: str) -> Statement:
    quoted = f"“{printable(said.quote, _QUOTE)}” at characters {said.start}-{said.end}" if said.quote else ""
    place = Place(text.uri, _line(text, said.start) if said.answer != "absent" else 0)
    return Statement("clause", answer, printable(said.policy), place, _SOURCES[text.role], quoted)


def _line(text: Text, start: int) -> int:
    return 0 if not text.first_line else text.first_line + text.text.count("\n", 0, start)
