"""What texts say of their subject: clauses, licences, prose statements and signals, while the text is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from auditor.model import Gap, Place, Statement, Subject
from auditor.printable import printable
from auditor.readers import Part, Role, Text
from auditor.terms.clause import Clause, clause
from auditor.terms.language import language_of
from auditor.terms.sentences import LONGEST
from auditor.terms.vocabulary import Vocabulary

# Whose word a statement is, by the role of the text.
_SOURCES: Mapping[Role, str] = {"card": "card", "licence": "licence-file", "terms": "terms", "document": "document"}
_QUOTE = 400


def load(folders: tuple[Path, ...]) -> Vocabulary:
    """The vocabularies of these folders (later ones add to earlier ones); once a worker, it compiles patterns.

    Raises :class:`auditor.errors.RuleError` that names the file and what is wrong with it.
    """
    return Vocabulary(folders)


def derive(part: Part, vocabulary: Vocabulary) -> Subject:
    """The part's subject with what its texts and metadata further state.

    Of a text only the sentence that prohibits is quoted, in a remark; all else is term ids and lines.
    """
    subject = part.subject
    said = [found for text in part.texts for found in _of_text(text)]
    if not said:
        return subject
    return replace(
        subject,
        statements=(*subject.statements, *(found for found in said if isinstance(found, Statement))),
        gaps=(*subject.gaps, *(found for found in said if isinstance(found, Gap))),
    )


def _of_text(text: Text) -> Iterator[Statement | Gap]:
    if text.role in ("licence", "terms"):
        yield from _clause_of_terms(text)
    elif text.role == "card":
        found = clause(text.text, references=False)
        if found.answer == "explicit":
            yield _clause_statement(text, found, "card-only")


def _clause_of_terms(text: Text) -> Iterator[Statement | Gap]:
    found = clause(text.text)
    language = language_of(text.text)
    if found.answer != "explicit" and language != "en":
        why = f"in another language ({language})" if language else "in a language that was not recognised"
        yield Gap("licence", f"{why}: the clause was not judged", Place(text.uri))
    elif found.answer == "absent" and len(text.text) > LONGEST:
        yield Gap("licence", f"longer than {LONGEST:,} characters: the rest was not judged", Place(text.uri))
    else:
        yield _clause_statement(text, found, found.answer)


def _clause_statement(text: Text, found: Clause, answer: str) -> Statement:
    quoted = f"“{printable(found.quote, _QUOTE)}” at characters {found.start}-{found.end}" if found.quote else ""
    line = text.first_line + text.text.count("\n", 0, found.start) if found.answer != "absent" else 0
    return Statement("clause", answer, printable(found.refers), Place(text.uri, line), _SOURCES[text.role], quoted)
