"""Answer for one text whether it prohibits the sexual exploitation of minors, and write a paragraph that would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.clauses.cues import CompiledCues
from auditor.clauses.detect import Clause, detect_clause
from auditor.errors import Unreadable
from auditor.syntax.html_text import is_html, text_of_html
from auditor.syntax.text_encoding import decode_text_up_to
from auditor.terms.language import detect_language

MAX_TEXT_BYTES = 8 << 20
SUGGESTED_PARAGRAPH = (
    "Sexual exploitation of minors is prohibited. You must not use the service, the model or its outputs to create, "
    "request, alter, share, store or promote child sexual abuse material or any other sexual content involving minors, "
    "whether real, altered or generated, nor to exploit, groom or harm minors in any other way. Whoever does so loses "
    "access at once, and is reported to the authorities."
)
TermsAnswer = Literal["clear", "by reference", "not found"]
_ANSWERS: dict[str, TermsAnswer] = {"explicit": "clear", "by-reference": "by reference", "absent": "not found"}


@dataclass(frozen=True, slots=True)
class TermsAssessment:
    """What a text says of the sexual exploitation of minors.

    Attributes:
        answer: Whether the text prohibits it in its own words, by a policy that it makes binding, or not at all.
        clause: The clause, with its quotation or the policy's name.
        line: The line of the file on which it begins; 0 if lines of the text are not those of the file.
    """

    answer: TermsAnswer
    clause: Clause
    line: int


def assess_terms(data: bytes, name: str, cues: CompiledCues) -> TermsAssessment:
    """Return what the text of a file says of the sexual exploitation of minors.

    Args:
        data: The bytes of the file: plain text, Markdown, HTML, JSON, YAML or CSV.
        name: Its name, by which HTML is recognised; it may be empty.
        cues: The compiled cues.

    Raises:
        Unreadable: It is no text, holds no words, is in another language, or is too long to be read to its end.
    """
    text, gaps = decode_text_up_to(data, MAX_TEXT_BYTES)
    page = is_html(f".{name.rpartition('.')[2].lower()}", text)
    if page:
        text, why = text_of_html(text)
        gaps += [why] if why else []
    if not text.strip():
        raise Unreadable("it holds no words")
    clause = detect_clause(text.replace("_", " ") if text.lstrip()[:1] in "{[" else text, cues)
    if clause.answer != "explicit":
        language = detect_language(text)
        if language not in ("en", ""):
            raise Unreadable(f"it is in another language ({language}), and only English is understood")
        if gaps or clause.unread_reason:
            raise Unreadable("; ".join([*gaps, *([clause.unread_reason] if clause.unread_reason else [])]))
    return TermsAssessment(_ANSWERS[clause.answer], clause, 0 if page else text.count("\n", 0, clause.start) + 1)
