"""Load the vocabularies of a run: words, licences, withdrawn datasets, well-known bases, hubs and hotlines.

They are read once, with the policy, from the shipped ``rules/vocabulary`` and from the ``vocabulary/`` of every
further rules folder, and handed to whatever needs them; nothing else reads these files. Which tables a file may hold
depends on its name:

===================  =================================================================================
``withdrawn.toml``   ``[ID]``: a dataset that was withdrawn
``renamed.toml``     ``[models]``, ``[datasets]``, ``[files]``: ``"old" = "new"``
``bases.toml``       ``["ORG/NAME"]``: what a well-known base model states of its terms
``hubs.toml``        ``[ID]``: under which addresses a hub serves its repositories
``hotlines.toml``    ``[directory]``, ``[[hotline]]``, ``[[provider]]``
``duties.toml``      ``[ID]``: what a law asks to be stated, of whom and since when
``clauses.toml``     ``[words]``, ``[[cue]]``: by which the clause check knows a prohibition
``parents.toml``     ``[[word_class]]``: by which a sentence says that a model is a base
any other name       ``[licence.ID]``, ``[[text]]`` (a licence's text), ``[word_list]``, ``[[term]]``,
                     ``[[parent_cue]]``, ``[hashed]``
===================  =================================================================================

Folders add to each other. If two entries have the same key they must be equal, or the later one says
``replaces = true``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from auditor.clauses.cues import CompiledCues, Cue, check_cue
from auditor.errors import RuleError
from auditor.policy.toml_tables import (
    errors_name_file,
    read_table,
    read_tables,
    read_text,
    read_toml,
    reject_unknown_keys,
    toml_files,
)
from auditor.policy.vocabulary_tables import (
    Directory,
    Duty,
    Hotline,
    HubAddresses,
    ListProvider,
    RenamedRepositories,
    WellKnownBase,
    WithdrawnDataset,
    check_parent_cue,
    check_term,
    errors_name_entry,
    parse_cue,
    parse_cue_words,
    parse_directory,
    parse_duty,
    parse_hashed_terms,
    parse_hotline,
    parse_hub,
    parse_licence,
    parse_licence_text,
    parse_list_provider,
    parse_new_name,
    parse_parent_cue,
    parse_term,
    parse_well_known_base,
    parse_withdrawn_dataset,
    parse_word_class,
)
from auditor.resources import resource_folder
from auditor.suggestions import did_you_mean
from auditor.terms.keyed_words import HashedTerms
from auditor.terms.licences import Licence, Licences, LicenceText, SpellingConflict, index_licences
from auditor.terms.parent_cues import CompiledParentCues, ParentCue
from auditor.terms.parent_grammar import ParentGrammar, WordClass
from auditor.terms.vocabulary import Term

if TYPE_CHECKING:
    from auditor.terms.compiled_vocabulary import CompiledVocabulary

_SUBFOLDERS = ("profiles", "vocabulary")
_TERM_TABLES = ("licence", "text", "word_list", "term", "parent_cue", "hashed")
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Contacts:
    """The organisations that take reports of known content, and those that provide lists of it."""

    directory: Directory = field(default_factory=Directory)
    hotlines: tuple[Hotline, ...] = ()
    providers: tuple[ListProvider, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Vocabularies:
    """All vocabularies of a run, merged, as plain tables: small enough to be sent to every worker.

    ``files`` are the names and SHA-256 of the files that were read, in order.
    """

    terms: tuple[Term, ...] = ()
    parent_cues: tuple[ParentCue, ...] = ()
    word_classes: tuple[WordClass, ...] = ()
    hashed_terms: tuple[HashedTerms, ...] = ()
    licences: Licences = field(default_factory=lambda: index_licences(()))
    withdrawn: tuple[WithdrawnDataset, ...] = ()
    renamed: RenamedRepositories = field(default_factory=RenamedRepositories)
    bases: tuple[WellKnownBase, ...] = ()
    hubs: Mapping[str, HubAddresses] = field(default_factory=dict)
    contacts: Contacts = field(default_factory=Contacts)
    cues: tuple[Cue, ...] = ()
    cue_words: Mapping[str, str] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=4)
def compiled_vocabulary(vocabularies: Vocabularies) -> CompiledVocabulary:
    """Return a run's vocabularies of words and licences compiled; once in each process."""
    from auditor.terms.compiled_vocabulary import compile_vocabulary  # slow to import
    from auditor.terms.known_names import KnownNames

    renamed = vocabularies.renamed
    tables = (renamed.models, renamed.datasets)
    names = [name for table in tables for pair in table.items() for name in pair]
    names += [*renamed.files.values(), *(name for dataset in vocabularies.withdrawn for name in dataset.names)]
    return compile_vocabulary(
        vocabularies.terms,
        vocabularies.hashed_terms,
        vocabularies.licences,
        CompiledParentCues(
            vocabularies.parent_cues,
            frozenset(name for name in renamed.models if "/" not in name),
            ParentGrammar(vocabularies.word_classes),
        ),
        KnownNames(names),
        CompiledCues(vocabularies.cues, vocabularies.cue_words),
    )


def load_vocabularies(rules: Sequence[Path] = ()) -> Vocabularies:
    """Load the shipped vocabularies and those of further rules folders. Raises :class:`RuleError`."""
    if not rules:
        return _shipped_vocabularies()
    roots = (resource_folder("rules"), *rules)
    for root in roots:
        for name in sorted(path.name for path in root.iterdir() if path.is_dir()):
            if name not in _SUBFOLDERS and (similar := did_you_mean(name, _SUBFOLDERS)):
                raise RuleError(f"{root / name}: this folder is not read{similar}; rename it")
    return read_vocabularies([folder for root in roots if (folder := root / "vocabulary").is_dir()])


@cache
def _shipped_vocabularies() -> Vocabularies:
    """Return the shipped vocabularies, loaded once in each process."""
    return read_vocabularies([resource_folder("rules") / "vocabulary"])


def read_vocabularies(folders: Sequence[Path]) -> Vocabularies:
    """Read and merge every ``*.toml`` of these vocabulary folders.

    Raises:
        RuleError: A file cannot be trusted, or two entries contradict each other; the message names file and key.
    """
    merged = _Merged()
    files: list[tuple[str, str]] = []
    for folder in folders:
        for path in toml_files(folder):
            with errors_name_file(path):
                tables, digest = read_toml(path)
                _READERS.get(path.name, _read_terms_and_licences)(merged, tables, path)
            files.append((path.name, digest))
    return merged.vocabularies(tuple(files))


class _Entries(Generic[Entry]):
    """The entries of one table by key, with the file that each comes from."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.by_key: dict[str, Entry] = {}
        self.file: dict[str, Path] = {}

    def add(
        self, key: str, table: Mapping[str, Any], parse: Callable[[str, Mapping[str, Any]], Entry], path: Path
    ) -> None:
        """Add the entry of a table. Raises :class:`ValueError` if it contradicts an earlier one."""
        with errors_name_entry(f"{self.table}.{key}" if self.table else key):
            if not isinstance(table, Mapping):
                raise ValueError(f"expected a table, not {table!r}")
            replaces = table.get("replaces", False)
            entry = parse(key, {name: value for name, value in table.items() if name != "replaces"})
            if not isinstance(replaces, bool):
                raise ValueError(f"replaces: expected true or false, not {replaces!r}")
            if replaces and key not in self.by_key:
                raise ValueError(f"replaces: there is no entry {key!r} before it{did_you_mean(key, self.by_key)}")
            if not replaces and self.by_key.get(key, entry) != entry:
                raise ValueError(
                    f"contradicts the entry of this name in {self.where(key, path)}; correct one of the two, or write "
                    "replaces = true in this entry"
                )
            self.by_key[key], self.file[key] = entry, path

    def where(self, key: str, path: Path) -> str:
        """Return the file that an entry stands in, as a message about the file ``path`` names it."""
        return "this file" if self.file[key] == path else str(self.file[key])

    @property
    def all(self) -> tuple[Entry, ...]:
        return tuple(self.by_key.values())


class _Merged:
    """The entries that were read so far, by table and key."""

    def __init__(self) -> None:
        """Start with empty tables of every kind of vocabulary."""
        self.licences = _Entries[Licence]("licence")
        self.texts = _Entries[LicenceText]("text")
        self.known_words: set[str] = set()
        self.terms = _Entries[Term]("term")
        self.parent_cues = _Entries[ParentCue]("parent_cue")
        self.word_classes = _Entries[WordClass]("word_class")
        self.hashed_terms: list[tuple[HashedTerms, Path]] = []
        self.withdrawn = _Entries[WithdrawnDataset]("")
        self.renamed = {name: _Entries[str](name) for name in ("models", "datasets", "files")}
        self.bases = _Entries[WellKnownBase]("")
        self.hubs = _Entries[HubAddresses]("")
        self.directory = _Entries[Directory]("")
        self.hotlines = _Entries[Hotline]("hotline")
        self.providers = _Entries[ListProvider]("provider")
        self.cues = _Entries[Cue]("cue")
        self.cue_words = _Entries[str]("words")
        self.duties = _Entries[Duty]("")

    def add_hashed_terms(self, hashed: HashedTerms, path: Path) -> None:
        """Add a table of hashed terms. Raises :class:`ValueError` if another one of its key contradicts it."""
        for other, other_path in self.hashed_terms:
            for digest in sorted(hashed.terms.keys() & other.terms.keys() if hashed.key == other.key else ()):
                if hashed.terms[digest] != other.terms[digest]:
                    raise ValueError(
                        f"terms.{hashed.terms[digest]}: a digest of it is given to {other.terms[digest]} in "
                        f"{other_path}; remove one of the two"
                    )
        self.hashed_terms.append((hashed, path))

    def vocabularies(self, files: tuple[tuple[str, str], ...]) -> Vocabularies:
        """Return the merged vocabularies. Raises :class:`RuleError` if entries contradict each other."""
        self._check_hosts()
        self._check_patterns()
        contacts = Contacts(next(iter(self.directory.all), Directory()), self.hotlines.all, self.providers.all)
        return Vocabularies(
            self.terms.all,
            self.parent_cues.all,
            self.word_classes.all,
            tuple(hashed for hashed, _ in self.hashed_terms),
            self._licences(),
            tuple(sorted(self.withdrawn.all, key=lambda dataset: dataset.id)),
            RenamedRepositories(**{name: _newest_names(entries) for name, entries in self.renamed.items()}),
            self.bases.all,
            self.hubs.by_key,
            contacts,
            self.cues.all,
            self.cue_words.by_key,
            self.duties.all,
            files,
        )

    def _licences(self) -> Licences:
        """Return the vocabulary's licences with their texts, indexed. Raises :class:`RuleError` for a contradiction."""
        for digest, text in self.texts.by_key.items():
            if text.licence not in self.licences.by_key:
                similar = did_you_mean(text.licence, self.licences.by_key)
                raise RuleError(f"{self.texts.file[digest]}: text: there is no licence {text.licence!r}{similar}")
        try:
            return index_licences(self.licences.all, self.texts.all, tuple(sorted(self.known_words)))
        except SpellingConflict as conflict:
            first, second = (self.licences.file[name] for name in conflict.licences)
            raise RuleError(f"{second}: {conflict} (of {first}); remove one of the two spellings") from conflict

    def _check_patterns(self) -> None:
        """Raise :class:`RuleError` if an entry has a pattern that RE2 refuses, or that names unknown words.

        Tables of which every entry is shipped are left to the tests: their patterns take long to compile.
        """
        shipped = resource_folder("rules") / "vocabulary"
        check_own_cue = partial(check_cue, cues=self.cues.all, words=self.cue_words.by_key)
        checks: tuple[tuple[_Entries[Any], Callable[[Any], None], tuple[Path, ...]], ...] = (
            (self.terms, check_term, ()),
            (self.parent_cues, check_parent_cue, ()),
            (self.cues, check_own_cue, tuple(self.cue_words.file.values())),
        )
        for entries, check, files in checks:
            if all(file.parent == shipped for file in (*entries.file.values(), *files)):
                continue
            for key, entry in entries.by_key.items():
                with errors_name_file(entries.file[key]), errors_name_entry(f"{entries.table}.{key}"):
                    check(entry)

    def _check_hosts(self) -> None:
        """Raise :class:`RuleError` if two hubs of the vocabularies have the same host."""
        owners: dict[str, str] = {}
        for hub in self.hubs.all:
            for host in hub.hosts:
                if (owner := owners.setdefault(host, hub.id)) != hub.id:
                    raise RuleError(
                        f"{self.hubs.file[hub.id]}: {hub.id}.hosts: {host!r} is a host of {owner} already, in "
                        f"{self.hubs.file[owner]}; remove it from one of the two"
                    )


def _newest_names(entries: _Entries[str]) -> Mapping[str, str]:
    """Follow names in the renamed vocabulary that changed more than once. Raises :class:`RuleError` for a circle."""
    newest: dict[str, str] = {}
    for old, new in entries.by_key.items():
        seen = {old}
        while (following := entries.by_key.get(new.lower())) is not None and new.lower() != following.lower():
            if new.lower() in seen:
                raise RuleError(
                    f"{entries.file[old]}: {entries.table}.{old}: was renamed in a circle, with an entry of "
                    f"{entries.file[new.lower()]}; correct one of the two"
                )
            seen.add(new.lower())
            new = following
        newest[old] = new
    return newest


def _text_key(table: Mapping[str, Any]) -> str:
    """Return the key of a licence's text in a vocabulary: its licence and the digest of its words."""
    words = hashlib.sha256(str(table.get("words", "")).encode()).hexdigest()
    return f"{table.get('licence', '')}-{words[:8]}"


def _read_terms_and_licences(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Add a vocabulary file's licences, licence texts, terms and hashed terms."""
    for name in tables:
        if name not in _TERM_TABLES:
            raise ValueError(
                f"{name}: unknown table{did_you_mean(name, _TERM_TABLES)}; a file called {path.name} may hold "
                f"{', '.join(_TERM_TABLES[:-1])} and {_TERM_TABLES[-1]}"
                f"{_file_hint(path.name)}"
            )
    for name, table in read_table(tables, "licence").items():
        merged.licences.add(name, table, parse_licence, path)
    for table in read_tables(tables, "text"):
        merged.texts.add(_text_key(table), table, parse_licence_text, path)
    if "word_list" in tables:
        with errors_name_entry("word_list"):
            word_list = read_table(tables, "word_list")
            reject_unknown_keys(word_list, ("words",))
            merged.known_words.update(read_text(word_list, "words").split())
    for table in read_tables(tables, "term"):
        merged.terms.add(str(table.get("id", "")), table, parse_term, path)
    for table in read_tables(tables, "parent_cue"):
        merged.parent_cues.add(str(table.get("id", "")), table, parse_parent_cue, path)
    if "hashed" in tables:
        with errors_name_entry("hashed"):
            merged.add_hashed_terms(parse_hashed_terms(read_table(tables, "hashed"), path.parent), path)


def _file_hint(name: str) -> str:
    """Return a hint on how the name of a vocabulary file may have been meant."""
    return did_you_mean(name, _READERS).replace("did you mean", "did you mean to call it")


def _read_bases(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Read the well-known bases of one vocabulary file."""
    for name, table in tables.items():
        merged.bases.add(name, table, parse_well_known_base, path)


def _read_withdrawn(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Read the withdrawn datasets of one vocabulary file."""
    for name, table in tables.items():
        merged.withdrawn.add(name, table, parse_withdrawn_dataset, path)


def _read_duties(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Read the duties of one vocabulary file."""
    for name, table in tables.items():
        merged.duties.add(name, table, parse_duty, path)


def _read_renamed(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Add a vocabulary file's renamed repositories."""
    reject_unknown_keys(tables, tuple(merged.renamed))
    for name, entries in merged.renamed.items():
        for old, new in read_table(tables, name).items():
            table = new if isinstance(new, Mapping) else {"name": new}
            entries.add(old.lower(), table, parse_new_name, path)


def _read_hubs(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Read the hubs of one vocabulary file."""
    for name, table in tables.items():
        merged.hubs.add(name, table, parse_hub, path)


def _read_hotlines(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Add a vocabulary file's hotlines, list providers and directory of hotlines."""
    reject_unknown_keys(tables, ("directory", "hotline", "provider"))
    if "directory" in tables:
        merged.directory.add("directory", tables["directory"], parse_directory, path)
    for table in read_tables(tables, "hotline"):
        merged.hotlines.add(f"{table.get('code', '')} {table.get('name', '')}", table, parse_hotline, path)
    for table in read_tables(tables, "provider"):
        merged.providers.add(str(table.get("name", "")), table, parse_list_provider, path)


def _read_clauses(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Add the cues of a vocabulary file, and the words that their patterns name. No id may be given twice."""
    reject_unknown_keys(tables, ("words", "cue"))
    for name, words in read_table(tables, "words").items():
        merged.cue_words.add(name, words if isinstance(words, Mapping) else {"words": words}, parse_cue_words, path)
    for table in read_tables(tables, "cue"):
        name = str(table.get("id", ""))
        if name in merged.cues.by_key and not table.get("replaces"):
            raise ValueError(
                f"cue.{name}: there is a cue of this id in {merged.cues.where(name, path)}; give one of the two "
                "another id, or write replaces = true in this entry"
            )
        merged.cues.add(name, table, parse_cue, path)


def _read_parents(merged: _Merged, tables: Mapping[str, Any], path: Path) -> None:
    """Add the word classes of a vocabulary file."""
    reject_unknown_keys(tables, ("word_class",))
    for table in read_tables(tables, "word_class"):
        merged.word_classes.add(str(table.get("id", "")), table, parse_word_class, path)


_READERS: Mapping[str, Callable[[_Merged, Mapping[str, Any], Path], None]] = {
    "withdrawn.toml": _read_withdrawn,
    "bases.toml": _read_bases,
    "renamed.toml": _read_renamed,
    "hubs.toml": _read_hubs,
    "hotlines.toml": _read_hotlines,
    "clauses.toml": _read_clauses,
    "parents.toml": _read_parents,
    "duties.toml": _read_duties,
}
