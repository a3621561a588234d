"""Derive statements from the texts of a subject: clauses, licences, prose statements and signals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from auditor.clauses.detect import Clause, detect_clause
from auditor.clauses.segment import MAX_TEXT_LENGTH
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.card_part import infer_relation
from auditor.parts import Part, Role, Text
from auditor.printable import printable
from auditor.syntax.repository_name_parsing import stated_name
from auditor.syntax.summary_values import dates
from auditor.terms import card_mentions
from auditor.terms.compiled_vocabulary import CompiledVocabulary, normalise_tag
from auditor.terms.folding import fold
from auditor.terms.language import detect_language
from auditor.terms.licence_mentions import LINKED, find_licence_mentions
from auditor.terms.licences import TextMatch
from auditor.terms.signals import find_signals
from auditor.terms.term_mentions import find_mentions, sentence_at

# The source of a statement, by the role of its text.
_SOURCE_BY_ROLE: Mapping[Role, str] = {
    "card": "card",
    "licence": "licence-file",
    "terms": "terms",
    "document": "document",
    "summary": "summary",
}
_MAX_QUOTE = 400  # characters
_MAX_REMARK = 1000  # characters
# The source of statements that the vocabulary makes about a licence that a card or header names.
_VOCABULARY_SOURCE = "vocabulary"
# Only a model generates or is a companion: a dataset's card that mentions these describes something else.
_MODEL_KEYS = frozenset({"generates", "companion"})
# Values of `safety` that say that the model was tested; a date in the same sentence is that of the test.
_SAFETY_TESTS = frozenset({"red-teaming", "safety-evaluation", "external-testing", "own-testing"})


_PARENT_KEYS: Mapping[str, tuple[str, ...]] = {
    "model": ("base_model", "trained_on"),
    "dataset": ("sourced_from",),
}
_ALL_PARENT_KEYS = ("base_model", "trained_on", "sourced_from")
_OPENING = 100  # characters of a text in which it says what it is: "Quantization made by ..."
_WORD = re.compile(r"[A-Za-z0-9]+(?:-bit)?")


def derive_subject(part: Part, vocabulary: CompiledVocabulary) -> Subject:
    """Return the part's subject with the statements that its texts and metadata add.

    Only the sentence that prohibits is quoted, in a remark; everything else is term ids and lines.
    """
    return next(derive_subjects([part], vocabulary))


def derive_subjects(parts: Sequence[Part], vocabulary: CompiledVocabulary) -> Iterator[Subject]:
    """Yield what :func:`derive_subject` returns for each part.

    The texts of all parts are searched first, one after another. That takes half the time of searching each in turn:
    the automaton is larger than a processor's nearest cache, and everything else that is done with a card evicts it.
    """
    searched = iter(_search_texts([text for part in parts for text in part.texts], vocabulary))
    for part in parts:
        yield _add_statements(part, list(islice(searched, len(part.texts))), vocabulary)


def _add_statements(part: Part, texts: list[_SearchedText], vocabulary: CompiledVocabulary) -> Subject:
    """Return the part's subject with the statements that its licences, terms, cards and tags add."""
    subject = part.subject
    found = [*_licence_statements(subject, vocabulary), *_tag_statements(subject, vocabulary)]
    declared = {
        statement.value for statement in found if isinstance(statement, Statement) and statement.key == "clause"
    }
    for searched in texts:
        if searched.text.role in ("licence", "terms"):
            found += _terms_statements(searched.text, vocabulary)
        elif searched.text.role in ("card", "summary"):
            found += _card_statements(searched, subject, vocabulary, declared)
        elif "clause" in searched.cues:
            found += _document_statements(searched.text, subject, vocabulary)
        if searched.text.role != "summary":  # its words are a part of a document's, which is searched whole
            found += _signal_statements(searched, vocabulary)
    named = [*subject.statements_for(*_ALL_PARENT_KEYS), *(each for each in found if isinstance(each, Statement))]
    found += _lookalike_statements(named, vocabulary)
    if not found:
        return subject
    statements = (*subject.statements, *(each for each in found if isinstance(each, Statement)))
    gaps = (*subject.gaps, *(each for each in found if isinstance(each, Gap)))
    return Subject(subject.kind, subject.name, subject.revision, statements, gaps)


class _SearchedText(NamedTuple):
    """A text with its folded form, the UTF-8 of that, and the phrases and cues that the automaton found in it."""

    text: Text
    plain: str
    data: bytes
    phrases: list[int]
    cues: list[str]


def _search_texts(texts: list[Text], vocabulary: CompiledVocabulary) -> list[_SearchedText]:
    """Return a subject's texts folded, with the phrases and cues of terms that they hold."""
    plain = [_fold_text(text) for text in texts]
    found = [vocabulary.prose.search(data) for _, _, data in plain]
    return [_SearchedText(*words, *marks) for words, marks in zip(plain, found, strict=True)]


def _fold_text(text: Text) -> tuple[Text, str, bytes]:
    """Return a subject's text with its folded form, as text and as UTF-8, for the search for terms."""
    plain = fold(text.text)
    try:
        return text, plain, plain.encode()
    except UnicodeEncodeError:
        # RE2 reads UTF-8: a lone surrogate becomes one "?", so that places stay.
        return _fold_text(text._replace(text=text.text.encode("utf-8", "replace").decode()))


def _licence_statements(subject: Subject, vocabulary: CompiledVocabulary) -> Iterator[Statement | Gap]:
    """Derive the ids of licences stated by name or link, and whether their published texts have the clause."""
    ids: dict[str, Statement] = {}
    for statement in subject.statements_for("licence", "licence_name", "licence_link"):
        for found in vocabulary.licences.find_licence_ids(statement.value):
            ids.setdefault(found, statement)
    for found, statement in ids.items():
        licence = vocabulary.licences.by_id[found]
        yield Statement("licence_id", found, "", statement.place, statement.source)
        if licence.clause != "unknown":
            remark = f"{licence.title}, as published"
            yield Statement("clause", licence.clause, licence.refers, statement.place, _VOCABULARY_SOURCE, remark)


def _lookalike_statements(named: Iterable[Statement], vocabulary: CompiledVocabulary) -> Iterator[Statement]:
    """Derive a statement for each parent whose name is nearly that of a known model or dataset."""
    for statement in named:
        if statement.key in _ALL_PARENT_KEYS and (likely := vocabulary.known_names.likely_name(statement.value)):
            written = printable(statement.value)
            yield Statement("lookalike_name", written, likely, statement.place, statement.source)


def _tag_statements(subject: Subject, vocabulary: CompiledVocabulary) -> Iterator[Statement]:
    """Derive the statements that a model's tags make; its prose may make the same ones again."""
    if subject.kind == "model":
        for tag in subject.statements_for("tag"):
            if stated := vocabulary.tags.get(normalise_tag(tag.value)):
                yield Statement(*stated, "", tag.place, tag.source)


def _terms_statements(text: Text, vocabulary: CompiledVocabulary) -> Iterator[Statement | Gap]:
    """Derive what a licence or terms text states: its licence, its clause, a gap where the clause was not judged."""
    source = _SOURCE_BY_ROLE[text.role]
    matches = vocabulary.licences.recognise_text(text.text[:MAX_TEXT_LENGTH])
    for match in matches or ((TextMatch("", "unknown", 0.0),) if text.role == "licence" else ()):
        line = text.first_line + match.line - 1 if text.first_line and match.line else 0
        remark = printable("; ".join(match.differences), _MAX_REMARK)
        yield Statement("licence_text", match.licence, match.relation, Place(text.uri, line), source, remark)
    for licence in dict.fromkeys(match.licence for match in matches if match.relation in ("exact", "edited")):
        yield Statement("licence_id", licence, "", Place(text.uri), source)
    clause = detect_clause(text.text, vocabulary.clause_cues)
    language = detect_language(text.text)
    if clause.answer != "explicit" and language != "en":
        why = f"in another language ({language})" if language else "in a language that was not recognised"
        yield Gap("licence", f"{why}: the clause was not judged", Place(text.uri))
    elif clause.answer == "absent" and clause.unread_reason:
        yield Gap("licence", f"{clause.unread_reason}: the rest was not judged", Place(text.uri))
    else:
        yield _clause_statement(text, clause, clause.answer)


def _card_statements(
    searched: _SearchedText, subject: Subject, vocabulary: CompiledVocabulary, declared: set[str]
) -> Iterator[Statement]:
    """Derive what a card's prose states: contact, base models, mentions of terms, and the clause."""
    text, cues = searched.text, searched.cues
    contact = card_mentions.find_contact(text.text) if "contact" in cues else None
    if contact:
        yield _card_text_statement(text, "contact", *contact)
    if text.role == "card":
        yield from _parent_statements(searched, subject, vocabulary)
    if subject.kind == "model" and "size" in cues and text.role == "card":
        for band, modality, start in dict.fromkeys(card_mentions.find_data_sizes(text.text)):
            yield _card_text_statement(text, "data_size", band, start, modality)
    if "licence" in cues and text.role == "card" and not text.accepted:
        yield from _mentioned_licences(text, subject, vocabulary)
    stated = {(statement.key, statement.value) for statement in subject.statements}
    test_dates: set[str] = set()
    for mention in find_mentions(searched.data, searched.phrases, vocabulary.prose, stated):
        if mention.key == "contact" and contact:
            continue
        if mention.key == "generates" and mention.value == "image" and _is_unconditional(subject, text):
            continue
        if subject.kind == "model" or mention.key not in _MODEL_KEYS:
            line = text.first_line + searched.data.count(b"\n", 0, mention.start)
            place, source = Place(text.uri, line), _SOURCE_BY_ROLE[text.role]
            yield Statement(mention.key, mention.value, "", place, source)
            if mention.key == "safety" and mention.value in _SAFETY_TESTS:
                sentence = sentence_at(searched.data, mention.start, mention.start).decode("utf-8", "replace")
                for date in dict.fromkeys(dates(sentence)):
                    if date not in test_dates:
                        test_dates.add(date)
                        yield Statement("date", date, "safety tested", place, source)
    if text.role == "card" and ("clause" in cues or text.accepted):
        clause = detect_clause(text.text, vocabulary.clause_cues, references=text.accepted)
        if clause.answer == "explicit":
            yield _clause_statement(text, clause, "explicit" if "explicit" in declared else "card-only")
        elif clause.answer == "by-reference":
            yield _clause_statement(text, clause, clause.answer)


def _document_statements(text: Text, subject: Subject, vocabulary: CompiledVocabulary) -> Iterator[Statement]:
    """Derive the clause of a document; beside a model or dataset it binds no more than a card."""
    is_alone = subject.kind not in ("model", "dataset")
    clause = detect_clause(text.text, vocabulary.clause_cues, references=is_alone)
    if clause.answer == "explicit":
        yield _clause_statement(text, clause, "explicit" if is_alone else "card-only")
    elif clause.answer == "by-reference":
        yield _clause_statement(text, clause, clause.answer)


# Words of models that make more of what they were trained on, and of models that follow a prompt.
_UNCONDITIONAL = re.compile(r"(?i)\bunconditional\b|\b(?:[dw]c?|style|lightweight[- ])?GANs?\b")
_PROMPTED = re.compile(r"(?i)\btext[- ]?(?:to|2)[- ]?image|\bprompts?\b|\bstable[- ]diffusion\b|\bdreambooth\b")


def _is_unconditional(subject: Subject, text: Text) -> bool:
    """Derive whether a model makes pictures without a prompt: of butterflies, if trained on butterflies."""
    made = {statement.value for statement in subject.statements_for("generates")}
    is_unconditional = "unconditional image" in made or _UNCONDITIONAL.search(text.text) is not None
    return is_unconditional and "image" not in made and _PROMPTED.search(text.text) is None


def _mentioned_licences(text: Text, subject: Subject, vocabulary: CompiledVocabulary) -> Iterator[Statement]:
    """Derive the licences that a card's text names, and whether its metadata names one.

    Where it does, only a licence that a label or heading names counts: a sentence may be about something else.
    """
    is_declared = any(True for _ in subject.statements_for("licence", "licence_name", "licence_link"))
    for mention in find_licence_mentions(text.text, vocabulary.licences):
        if (mention.is_certain and mention.licence != LINKED) or not is_declared:
            relation = "beside-metadata" if is_declared else "alone"
            yield _card_text_statement(text, "licence_in_text", mention.licence, mention.start, relation)
            if not is_declared and mention.licence != LINKED:
                yield _card_text_statement(text, "licence_id", mention.licence, mention.start)


def _parent_statements(
    searched: _SearchedText, subject: Subject, vocabulary: CompiledVocabulary
) -> Iterator[Statement]:
    """Derive the models and datasets that a subject's card says it was made from, and its metadata does not."""
    text, cues = searched.text, searched.cues
    known = {(each.key, each.value.lower()) for each in subject.statements_for(*_ALL_PARENT_KEYS)}
    if subject.kind == "model" and "merge" in cues:
        for written, relation, start in card_mentions.find_merged_models(text.text):
            name = stated_name(written)
            if name and ("base_model", name.lower()) not in known:
                known.add(("base_model", name.lower()))
                yield _card_text_statement(text, "base_model", name, start, relation)
    keys = _PARENT_KEYS.get(subject.kind, ())
    marks = ("label" in cues, known, "name" in cues)
    for parent in vocabulary.parents.find(text.text, searched.data, subject.name, keys, *marks):
        if (parent.states, parent.name.lower()) not in known:
            relation = _relation_to_base(parent.relation, subject, text.text) if parent.states == "base_model" else ""
            yield _card_text_statement(text, parent.states, parent.name, parent.start, relation, f"cue {parent.cue}")


def _relation_to_base(stated: str, subject: Subject, text: str) -> str:
    """Derive how a model was made from its base: as its card's prose says, else as the hub infers it."""
    marks = [each.value for each in subject.statements_for("tag", "library")]
    titles = [subject.name, text[:_OPENING], *(title.value for title in subject.statements_for("title"))]
    inferred = infer_relation([*marks, *(word for title in titles for word in _WORD.findall(title))])
    # Trainers write "a fine-tuned version of" of adapters too.
    return inferred if not stated or (stated == "finetune" and inferred == "adapter") else stated


def _card_text_statement(
    text: Text, key: str, value: str, start: int, relation: str = "", remark: str = ""
) -> Statement:
    """Return a statement derived from a card's text, with its line."""
    return Statement(key, value, relation, Place(text.uri, _line_number(text, start)), "card-text", remark)


def _signal_statements(searched: _SearchedText, vocabulary: CompiledVocabulary) -> Iterator[Statement]:
    """Derive the statements of the signals in a text."""
    text = searched.text
    for signal in find_signals(
        searched.plain, searched.data, vocabulary.markers, vocabulary.clause_cues, "signal" in searched.cues
    ):
        place = Place(text.uri, _line_number(text, signal.start))
        remark = f"at characters {signal.start}-{signal.end}"
        yield Statement("signal", signal.value, "", place, _SOURCE_BY_ROLE[text.role], remark)


def _clause_statement(text: Text, clause: Clause, answer: str) -> Statement:
    """Derive the statement of a text's clause, with its quotation."""
    quoted = (
        f"“{printable(clause.quote, _MAX_QUOTE)}” at characters {clause.start}-{clause.end}, "
        f"by the cues {', '.join(dict.fromkeys(clause.cues))}"
        if clause.quote
        else ""
    )
    place = Place(text.uri, _line_number(text, clause.start) if clause.answer != "absent" else 0)
    return Statement("clause", answer, printable(clause.policy), place, _SOURCE_BY_ROLE[text.role], quoted)


def _line_number(text: Text, start: int) -> int:
    """Return the number of the line of a text from which a statement is derived."""
    return 0 if not text.first_line else text.first_line + text.text.count("\n", 0, start)
