"""Parse the tables of vocabulary files. Each parser raises :class:`ValueError` that names the key at fault."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast, get_args

from auditor.clauses.cue_kinds import KINDS as CUE_KINDS
from auditor.clauses.cues import Cue
from auditor.model import KINDS, STATEMENT_KEYS, Kind, Statement
from auditor.policy.toml_tables import one_of, read_table, read_tables, read_text, read_texts, reject_unknown_keys
from auditor.terms.keyed_words import LONGEST_TERM, HashedTerms, read_term_key
from auditor.terms.licence_words import WORD_BYTES, unpack_words
from auditor.terms.licences import Licence, LicenceText
from auditor.terms.parent_cues import RELATIONS, STATES, ParentCue
from auditor.terms.parent_grammar import ROLES, WordClass
from auditor.terms.patterns import compile_pattern
from auditor.terms.vocabulary import PAIRED_KINDS, Term

LetterCase = Literal["ignored", "kept"]
_CLAUSES = ("explicit", "by-reference", "absent", "unknown")
_PERMISSIONS = ("commercial", "derivatives", "redistribution")
_PERMITTED = ("yes", "no", "conditions", "unknown")


@dataclass(frozen=True, slots=True)
class WithdrawnDataset:
    """A dataset that was withdrawn; ``names`` are exact names by which it or a part of it is called."""

    id: str
    title: str
    names: tuple[str, ...]
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WellKnownBase:
    """What a model that many others were made from states of its terms, for runs that do not hold the model.

    Attributes:
        name: Its repository.
        licence: The id of its licence in the vocabulary.
        clause: Whether its terms prohibit the sexual exploitation of minors: explicit, by-reference, absent or unknown.
        family: The family of base models that it is; "": none of those that tensors tell.
        source: Where licence and clause were read.
        read: When, ISO 8601.
    """

    name: str
    licence: str
    clause: str
    family: str
    source: str
    read: str


@dataclass(frozen=True, slots=True)
class DutyAnswer:
    """A statement by which a subject answers a duty; ``values`` and ``relations`` are those that count (none: any)."""

    key: str
    values: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()

    def matches(self, statement: Statement) -> bool:
        return (
            statement.key == self.key
            and (not self.values or statement.value in self.values)
            and (not self.relations or statement.relation in self.relations)
        )


@dataclass(frozen=True, slots=True)
class Duty:
    """What a law asks to be stated of a model or dataset, and what of it can be checked.

    Attributes:
        binds: Whom the law binds.
        document: The document in which it must be stated.
        checked: What can be checked of it here.
        since: Since when it is in force, ISO 8601.
        source: The law or official document that says so.
        applies: The kinds of subjects it is shown for.
        when: Statement keys of which a subject must have one for the duty to be shown; none: all subjects.
        answers: The statements by which a subject answers it.
    """

    id: str
    title: str
    jurisdiction: str
    binds: str
    document: str
    checked: str
    since: str
    source: str
    applies: tuple[Kind, ...]
    when: tuple[str, ...]
    answers: tuple[DutyAnswer, ...]

    def is_answered_by(self, statement: Statement) -> bool:
        return any(answer.matches(statement) for answer in self.answers)


@dataclass(frozen=True, slots=True)
class RenamedRepositories:
    """New names by old ones in lower case; ``files`` maps file names of well-known base models to repositories."""

    models: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HubAddresses:
    """The addresses under which one hub serves its repositories.

    Attributes:
        hosts: Hosts that serve the same paths.
        letter_case: Whether the hub ignores letter case in names.
        name: A regular expression for the names of repositories.
        parts: How many parts of a path a name takes.
        forbidden: What no name contains.
        reserved: First parts of a path that are no owner.
        paths: The folders of one repository, with ``{name}`` in place of its name, by kind.
    """

    id: str
    title: str
    hosts: tuple[str, ...]
    letter_case: LetterCase
    name: str
    parts: int
    forbidden: tuple[str, ...]
    reserved: tuple[str, ...]
    paths: Mapping[Kind, tuple[str, ...]]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hotline:
    """An organisation in one country to which known content is reported."""

    code: str  # ISO 3166-1 alpha-2
    country: str
    name: str
    url: str
    source: str


@dataclass(frozen=True, slots=True)
class ListProvider:
    """An organisation that gives a list of known content to organisations that it has vetted."""

    name: str
    what: str
    url: str


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of the hotlines of all countries."""

    name: str = ""
    url: str = ""


@contextmanager
def errors_name_entry(entry: str) -> Iterator[None]:
    """Put the name of a vocabulary's entry before the message of a :class:`ValueError`."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{entry}: {error}") from error


def parse_licence(name: str, table: Mapping[str, Any]) -> Licence:
    """Parse the vocabulary table ``[licence.NAME]``."""
    reject_unknown_keys(table, ("title", "spdx", "permits", "clause", "refers", "aliases", "source"))
    permits = read_table(table, "permits")
    for permission, permitted in permits.items():
        one_of("permits", permission, _PERMISSIONS)
        one_of(f"permits.{permission}", permitted, _PERMITTED)
    return Licence(
        name,
        read_text(table, "title"),
        read_text(table, "spdx", ""),
        _words(table, "aliases"),
        permits,
        one_of("clause", read_text(table, "clause", "unknown"), _CLAUSES),
        read_text(table, "refers", ""),
        read_text(table, "source", ""),
    )


def parse_licence_text(_: str, table: Mapping[str, Any]) -> LicenceText:
    """Parse the vocabulary table ``[[text]]``: the hashes of a licence text's words, and which are the licence."""
    reject_unknown_keys(table, ("licence", "words", "first", "last"))
    try:
        words = unpack_words(read_text(table, "words"))
    except ValueError as error:
        raise ValueError(f"words: {error}; write what `python -m tests.make_licence_text` prints") from error
    first, last, size = _index(table, "first"), _index(table, "last"), len(words) // WORD_BYTES
    if not first <= (last or size) <= size:
        raise ValueError(f"first, last: expected indexes of the {size:,} words, first before last")
    return LicenceText(read_text(table, "licence"), words, first, last)


def _index(table: Mapping[str, Any], key: str) -> int:
    """Return the number under ``key`` of a vocabulary's table, 0 if there is none. Raises :class:`ValueError`."""
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{key}: expected a number of words, not {value!r}")
    return value


def parse_term(_: str, table: Mapping[str, Any]) -> Term:
    """Parse the vocabulary table ``[[term]]``."""
    examples = ("examples", "counterexamples")
    reject_unknown_keys(
        table, ("id", "kind", "value", "headings", "patterns", "words", "tags", "source", "exceptions", *examples)
    )
    name = read_text(table, "id")
    term = Term(
        name,
        one_of("kind", read_text(table, "kind"), (*STATEMENT_KEYS, *PAIRED_KINDS)),
        read_text(table, "value", name),
        _words(table, "headings"),
        _words(table, "patterns"),
        _words(table, "words"),
        _words(table, "tags"),
        read_text(table, "source", ""),
        *(_words(table, key) for key in ("exceptions", *examples)),
    )
    if not (term.headings or term.patterns or term.words or term.tags):
        raise ValueError("has neither headings, patterns, words nor tags")
    return term


def check_term(term: Term) -> None:
    """Compile the patterns of a term. Raises :class:`ValueError` for one that RE2 refuses."""
    for pattern in (*term.headings, *term.patterns, *term.exceptions):
        compile_pattern(pattern)


def parse_parent_cue(_: str, table: Mapping[str, Any]) -> ParentCue:
    """Parse the vocabulary table ``[[parent_cue]]``: a turn of phrase that names a parent, with its examples."""
    reject_unknown_keys(
        table, ("id", "states", "relation", "pattern", "label", "sentence", "certain", "examples", "counterexamples")
    )
    cue = ParentCue(
        read_text(table, "id"),
        one_of("states", read_text(table, "states"), STATES),
        one_of("relation", read_text(table, "relation", ""), RELATIONS),
        read_text(table, "pattern", ""),
        read_text(table, "label", ""),
        read_text(table, "sentence", ""),
        table.get("certain", False) is True,
        _words(table, "examples"),
        _words(table, "counterexamples"),
    )
    if [bool(cue.pattern), bool(cue.label), bool(cue.sentence)].count(True) != 1:
        raise ValueError("pattern: give either a pattern, a label or a sentence")
    if not cue.examples or not (cue.counterexamples or cue.states == "nothing"):
        raise ValueError("examples: give at least one example and one counterexample")
    return cue


def check_parent_cue(cue: ParentCue) -> None:
    """Compile the pattern of a cue. Raises :class:`ValueError` if RE2 refuses it or it names no place for a parent."""
    try:
        compile_pattern(cue.compiled, cue.pattern or cue.label or cue.sentence)
    except ValueError as error:
        key = "pattern" if cue.pattern else "label" if cue.label else "sentence"
        raise ValueError(f"{key}: {error}") from error


def parse_word_class(_: str, table: Mapping[str, Any]) -> WordClass:
    """Parse the vocabulary table ``[[word_class]]`` of ``parents.toml``: words of one role, separated by commas."""
    reject_unknown_keys(table, ("id", "role", "relation", "words", "examples", "counterexamples"))
    words = tuple(" ".join(word.split()) for word in read_text(table, "words").split(","))
    if not all(words) or any(word == "*" for word in words):
        raise ValueError("words: one of the words is empty")
    return WordClass(
        read_text(table, "id"),
        one_of("role", read_text(table, "role"), tuple(ROLES)),
        words,
        one_of("relation", read_text(table, "relation", ""), RELATIONS),
        read_texts(table, "examples"),
        _words(table, "counterexamples"),
    )


def parse_hashed_terms(table: Mapping[str, Any], folder: Path) -> HashedTerms:
    """Parse the vocabulary table ``[hashed]``; its key file lies in ``folder``."""
    reject_unknown_keys(table, ("key_file", "words", "terms"))
    key_file = folder / read_text(table, "key_file")
    try:
        key = read_term_key(key_file)
    except OSError as error:
        raise ValueError(f"key_file: {key_file} cannot be read: {error.strerror}") from error
    lengths, terms = table.get("words", [1]), read_table(table, "terms")
    if not isinstance(lengths, list) or not all(type(each) is int and 1 <= each <= LONGEST_TERM for each in lengths):
        raise ValueError(f"words: expected the numbers of words that terms have, each 1 to {LONGEST_TERM}")
    ids: dict[bytes, str] = {}
    for name in terms:
        for text in read_texts(terms, name):
            digest = _unhex({name: text}, name)
            if len(digest) != 32:
                raise ValueError(f"terms.{name}: a digest is not HMAC-SHA256 (64 hex digits)")
            if ids.setdefault(digest, name) != name:
                raise ValueError(f"terms.{name}: a digest of it is given to {ids[digest]} too")
    return HashedTerms(key, tuple(lengths), ids)


def parse_withdrawn_dataset(name: str, table: Mapping[str, Any]) -> WithdrawnDataset:
    """Parse the vocabulary table ``[NAME]`` of ``withdrawn.toml``; ``why`` is for people alone."""
    reject_unknown_keys(table, ("title", "why", "names", "references"))
    read_text(table, "why", "")
    return WithdrawnDataset(
        name, read_text(table, "title", name), read_texts(table, "names"), read_texts(table, "references", ())
    )


def _check_date(key: str, text: str) -> None:
    """Raise ValueError if the text of a vocabulary's key is no date."""
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{key}: expected a date such as 2026-01-31, not {text!r}") from error


def parse_well_known_base(name: str, table: Mapping[str, Any]) -> WellKnownBase:
    """Parse ``["ORG/NAME"]`` of ``bases.toml``. A base without a source is refused."""
    reject_unknown_keys(table, ("licence", "clause", "family", "source", "read"))
    source, read = read_text(table, "source"), read_text(table, "read")
    if not source.startswith("https://"):
        raise ValueError(f"source: expected an address with https://, not {source!r}")
    clause = one_of("clause", read_text(table, "clause"), _CLAUSES)
    _check_date("read", read)
    return WellKnownBase(name, read_text(table, "licence"), clause, read_text(table, "family", ""), source, read)


def parse_duty(name: str, table: Mapping[str, Any]) -> Duty:
    """Parse ``[ID]`` of ``duties.toml``. A duty without a primary source is refused."""
    texts = ("title", "jurisdiction", "binds", "document", "checked", "since", "source")
    reject_unknown_keys(table, (*texts, "applies", "when", "answers"))
    title, jurisdiction, binds, document, checked, since, source = (read_text(table, key) for key in texts)
    _check_date("since", since)
    answers = []
    for answer in read_tables(table, "answers"):
        reject_unknown_keys(answer, ("key", "values", "relations"))
        key = one_of("answers.key", read_text(answer, "key"), tuple(STATEMENT_KEYS))
        answers.append(DutyAnswer(key, read_texts(answer, "values", ()), read_texts(answer, "relations", ())))
    if not answers:
        raise ValueError("answers: missing")
    applies = tuple(cast("Kind", one_of("applies", kind, KINDS)) for kind in read_texts(table, "applies"))
    when = tuple(one_of("when", key, tuple(STATEMENT_KEYS)) for key in read_texts(table, "when", ()))
    return Duty(name, title, jurisdiction, binds, document, checked, since, source, applies, when, tuple(answers))


def parse_new_name(_: str, table: Mapping[str, Any]) -> str:
    """Parse a vocabulary table ``{ name = "new" }`` of ``renamed.toml``, which may write ``"new"`` instead."""
    reject_unknown_keys(table, ("name",))
    return read_text(table, "name")


def parse_hub(name: str, table: Mapping[str, Any]) -> HubAddresses:
    """Parse the vocabulary table ``[NAME]`` of ``hubs.toml``."""
    reject_unknown_keys(
        table,
        ("title", "hosts", "letter_case", "name", "parts", "forbidden", "reserved", "paths", "references"),
    )
    pattern, parts, folders = read_text(table, "name"), table.get("parts"), read_table(table, "paths")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"name: {pattern!r} is not a regular expression: {error}") from error
    if type(parts) is not int or parts < 1:
        raise ValueError(f"parts: expected a number from 1 on, not {parts!r}")
    paths: dict[Kind, tuple[str, ...]] = {}
    for kind in folders:
        one_of("paths", kind, KINDS)
        paths[cast("Kind", kind)] = read_texts(folders, kind)
        for path in paths[cast("Kind", kind)]:
            before, found, after = path.partition("{name}")
            if not found or not before.startswith("/") or not before.endswith("/") or "/" in after:
                raise ValueError(f"paths.{kind}: {path!r}: write /…/{{name}}, with nothing after it but a suffix")
    if not paths:
        raise ValueError("paths: missing")
    return HubAddresses(
        name,
        read_text(table, "title"),
        read_texts(table, "hosts"),
        cast("LetterCase", one_of("letter_case", read_text(table, "letter_case"), get_args(LetterCase))),
        pattern,
        parts,
        read_texts(table, "forbidden", ()),
        read_texts(table, "reserved", ()),
        paths,
        read_texts(table, "references", ()),
    )


def parse_cue(_: str, table: Mapping[str, Any]) -> Cue:
    """Parse the vocabulary table ``[[cue]]`` of ``clauses.toml``. RE2's check of its pattern comes later."""
    reject_unknown_keys(table, ("id", "kind", "pattern", "gate", "examples", "counterexamples"))
    return Cue(
        read_text(table, "id"),
        one_of("kind", read_text(table, "kind"), CUE_KINDS),
        read_text(table, "pattern"),
        read_texts(table, "examples"),
        _words(table, "counterexamples"),
        read_text(table, "gate", ""),
    )


def parse_cue_words(name: str, table: Mapping[str, Any]) -> str:
    """Parse the words of one name in the vocabulary table ``[words]`` of ``clauses.toml``."""
    reject_unknown_keys(table, ("words",))
    if name in CUE_KINDS:
        raise ValueError(f"{name}: is a kind of cues; give the words another name")
    return read_text(table, "words")


def parse_hotline(_: str, table: Mapping[str, Any]) -> Hotline:
    """Parse the vocabulary table ``[[hotline]]`` of ``hotlines.toml``."""
    keys = ("code", "country", "name", "url", "source")
    reject_unknown_keys(table, keys)
    return Hotline(*(read_text(table, key) for key in keys))


def parse_list_provider(_: str, table: Mapping[str, Any]) -> ListProvider:
    """Parse the vocabulary table ``[[provider]]`` of ``hotlines.toml``."""
    keys = ("name", "what", "url")
    reject_unknown_keys(table, keys)
    return ListProvider(*(read_text(table, key) for key in keys))


def parse_directory(_: str, table: Mapping[str, Any]) -> Directory:
    """Parse the vocabulary table ``[directory]`` of ``hotlines.toml``."""
    keys = ("name", "url")
    reject_unknown_keys(table, keys)
    return Directory(*(read_text(table, key) for key in keys))


def _words(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the words of a vocabulary table's key."""
    words = read_texts(table, key, ())
    if not all(words):
        raise ValueError(f"{key}: one of the texts is empty")
    return words


def _unhex(table: Mapping[str, Any], key: str) -> bytes:
    """Return the bytes that a vocabulary table writes in hexadecimal."""
    try:
        return binascii.unhexlify(read_text(table, key))
    except binascii.Error as error:
        raise ValueError(f"{key}: expected hex digits") from error
