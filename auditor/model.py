"""The data types that flow from a file to a finding.

All of them are frozen and compare by value; those that a hub's cards make by the million are tuples.
A tuple is never ``None``: nothing is ``()`` or ``""``.
A sample is not here: samples stay columnar, see :mod:`auditor.samples`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeVar

Kind = Literal["model", "dataset", "terms", "document"]
Outcome = Literal["FLAGGED", "UNCHECKED"]
Severity = Literal["note", "warning", "error"]
Ground = Literal["linked", "exposed", "report"]
# Who states a digest: this program, the hub that holds the file, or a text.
Basis = Literal["computed", "listed", "declared"]
Audience = Literal["author", "operator"]
# What holds a sample's bytes, or what is compared in their place.
Carrier = Literal[
    "picture file",
    "table picture",
    "archive member",
    "pixel array",
    "video",
    "sound",
    "other file",
    "declared digest",
    "address",
]

# The source of statements that the hub itself makes when it is asked for a repository's files; and of those that a
# stored copy of such an answer makes, which anyone could have written.
HUB_ANSWER, HUB_LISTING = "hub", "hub-listing"
KINDS: tuple[Kind, ...] = ("model", "dataset", "terms", "document")
SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")

STATEMENT_KEYS: Mapping[str, str] = MappingProxyType(
    {
        # what a subject is
        "card": "a card was read; value is how its metadata stood: front-matter, late-front-matter, none",
        "title": "the name the text gives itself",
        "task": "what it is for, in the hub's terms: text-to-image, image-classification, …",
        "library": "the library it is made for: diffusers, transformers, peft, …",
        "language": "a language it is for, as an ISO code or the card's own word",
        "tag": "a tag, as written",
        "architecture": "the architecture a header or configuration names",
        "base_family": "the family of base models that tensor names and shapes tell: sd1, sd2, sdxl, flux, …",
        "generates": "what a generator makes: image, video, audio, text; unconditional image: without a prompt",
        "companion": "the vocabulary term by which a chat model presents itself as a companion or role-play partner",
        "misspelt_key": "a metadata key that is nearly a known one; relation is the known one",
        "lookalike_name": "a name it gives that is nearly that of a known model or dataset; relation is the known one",
        # terms
        "licence": "a licence, as written; source says whether card, header, file or configuration says so",
        "licence_id": "the vocabulary's id of a licence that is stated or whose text was recognised",
        "licence_name": "the card's licence_name",
        "licence_link": "the card's licence_link",
        "licence_in_text": "the id of a licence that a card's text names, or linked; relation: alone, beside-metadata",
        "licence_text": "the id of the licence whose text was read; relation: exact, edited, derived, unknown",
        "clause": "does a text prohibit sexual exploitation of minors: explicit, by-reference, card-only, absent",
        "gating": "how access is gated: manual, auto, fields, none",
        # where it comes from
        "base_model": "a model it was made from; relation finetune, adapter, merge, quantized or none",
        "trained_on": "a dataset it was trained on",
        "sourced_from": "a dataset this dataset was made from",
        "storage_bucket": "a storage bucket of the hub that its card names: files beside the repository",
        "observed_base": "a model its weights come from, as measured; relation: verdict",
        "artefact": "a model file's digest, algorithm:hex; relation is the file's name (samples' digests never)",
        "weights_format": "the format of a weights file: safetensors, pickle, gguf, onnx, …; relation is its name",
        "weights_shard": "a weights file that the index of sharded weights names",
        "header": "a signal of a weights file's header: stripped, training-folders, captions, disagrees-with-hash",
        # what its text says
        "training_data": "the text describes its training data; value is the vocabulary term or section",
        "intended_use": "the text says what it is for",
        "prohibited_use": "the text says what it must not be used for",
        "limitations": "the text states limits or biases",
        "safety": "a Safety by Design commitment that the text states; value is the commitment's id",
        "contact": "a way to reach those responsible is given",
        "evaluation": "an evaluation is given; value is what was evaluated on",
        "adult_content": "it declares adult content; value is the tag or vocabulary term",
        "age_limit": "an age limit is stated",
        "signal": "evidence for a review found in text; value is the vocabulary term or pair of terms",
        # what documents say that a law asks for, and bills of materials and signatures
        "summary": "a public summary of training content was read; value is its version",
        "summary_answer": "how a question of such a summary is answered; value the question, relation yes, no, stated, "
        "none, not understood, placeholder, empty or absent",
        "provider": "who provides it, as a document names them",
        "date": "a date in ISO 8601; relation says of what: summary updated, placed on the market, latest data, "
        "crawled from, crawled until, evaluated, safety tested, …",
        "modality": "a modality of its training data: text, image, audio, video, other",
        "data_size": "how much training data there is, as a band of the template; relation the modality",
        "crawler": "a crawler that collected its training data",
        "crawled_domain": "a domain that its training data was collected from",
        "data_generator": "a model that generated training data for it",
        "signed_file": "a file that an unverified signature lists; relation fits, differs, is missing …",
        # what it holds (datasets)
        "samples": "how many samples were read; remark is the number (summed over shards)",
        "distribution": "a file a manifest names; value is its digest or the URL's host",
        # derived over the whole run
        "known_content": "samples match entries of a known-content list; value list, relation exact or near by their "
        "bytes, claimed-exact or claimed-near by digests that a manifest only declares",
        "known_content_lead": "samples match a known-content list only with common edits undone; value list, relation "
        "near-thorough",
        "quarantined": "an entry of this known-content list matched too much to be believed; value list",
        "known_model": "a list of models holds it or leads to it; value list, relation same-weights, same-values, …",
        "exposed": "its own training data has hits computed from bytes; value the dataset, relation exact or near",
        "exposed_claim": "digests that its training data only claims have hits; value and relation as of exposed",
        "exposed_lead": "its training data has such leads; value the dataset, relation near",
        "descends": "it descends from an exposed or linked model; value that model, relation exposed or linked",
        "withdrawn": "a dataset it is, or was trained on, was withdrawn; value the vocabulary's id",
        "copy_of": "the same weights as another subject; value that subject's name",
        "licence_beyond": "what its licence allows, or it is, that a parent's does not allow; relation the parent",
        "protection": "what became of the prohibition clause since a parent: kept, by-reference, dropped, added",
        # what could not be read (written so that facts show it)
        "gap": "something that could not be read or judged; value what, relation why",
    }
)


class Place(NamedTuple):
    """Where something was read: a URI relative to the target, and a line (0: the whole file).

    The URI is valid Unicode; bytes of a name that are not UTF-8 are percent-encoded.
    """

    uri: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.uri}:{self.line}" if self.line else self.uri


NOWHERE = Place("")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A digest; the algorithm's name holds every parameter (``phash-64``). ``value`` is lower-case hex."""

    algorithm: str
    value: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"


class Statement(NamedTuple):
    """One thing that is known of a subject, and where it comes from.

    ``key`` is one of :data:`STATEMENT_KEYS`. ``source`` names the reader or derivation that
    made it (``card``, ``header``, ``licence-file``, ``lineage`` …). ``remark`` holds counts, paths and other
    details for a person: no rule compares it and no fingerprint includes it.
    """

    key: str
    value: str
    relation: str = ""
    place: Place = NOWHERE
    source: str = ""
    remark: str = ""


class Gap(NamedTuple):
    """What could not be read or judged. ``what`` is a key of :data:`GAP_KINDS`, ``why`` the reason."""

    what: str
    why: str
    place: Place = NOWHERE


GAP_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "file": "a file could not be opened or read",
        "card": "a card's metadata or text could not be read",
        "provenance": "a document about training data or provenance could not be read",
        "configuration": "a model's configuration could not be read",
        "licence": "a licence or terms text could not be judged (another language, not text)",
        "header": "a weights file's header could not be read",
        "weights": "a weights file's values could not be compared",
        "table": "a table or manifest could not be read or has no usable column",
        "samples": "samples could not be hashed or matched",
        "shard": "the worker that read these files was lost",
        "judgement": "a rule failed on this subject",
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """The identity of a subject."""

    kind: Kind
    name: str
    revision: str = ""

    @property
    def bucket(self) -> int:
        """A number 0-255 that is the same in every process; parts of a subject share it."""
        key = "\0".join((self.kind, self.name, self.revision)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(key, digest_size=1).digest()[0]


class Subject(NamedTuple):
    """A model, dataset, terms text or document, and all that is stated of it.

    An object only while it is read or judged; rows of statements elsewhere.
    """

    kind: Kind
    name: str
    revision: str = ""
    statements: tuple[Statement, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.name, self.revision)

    def has(self, key: str) -> bool:
        """Return whether anything is stated under this key."""
        return any(statement.key == key for statement in self.statements)

    def statements_for(self, *keys: str) -> Iterator[Statement]:
        """Return the statements under these keys, in order."""
        return (statement for statement in self.statements if statement.key in keys)

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values stated under this key, in order."""
        return tuple(statement.value for statement in self.statements if statement.key == key)


class Evidence(NamedTuple):
    """What a check found.

    ``fact`` holds no counts, times or error texts: those belong in ``remark``. ``relation`` is that of the statement
    the fact was found in (``exact``, ``near``, ``name`` …), "" where there is none.
    """

    fact: str
    place: Place = NOWHERE
    remark: str = ""
    relation: str = ""


class Finding(NamedTuple):
    """What one rule says of one subject. ``place``, ``remark`` and ``relation`` are those of the evidence."""

    rule: str
    kind: Kind
    subject: str
    revision: str
    outcome: Outcome
    severity: Severity
    fact: str
    place: Place = NOWHERE
    remark: str = ""
    relation: str = ""

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.subject, self.revision)

    @property
    def fingerprint(self) -> str:
        """The finding's identity over runs: 32 hex digits over rule, kind, subject, outcome and fact."""
        parts = (self.rule, self.kind, self.subject, self.outcome, self.fact)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Case:
    """What people are asked to decide: whether one model, or one set with the same weights, is de-indexed.

    ``reasons`` are findings, the most serious first. ``copies`` are other subjects with the same weights.
    """

    ground: Ground
    kind: Kind
    subject: str
    revision: str
    reasons: tuple[Finding, ...]
    copies: tuple[Ref, ...] = ()

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.subject, self.revision)

    @property
    def id(self) -> str:
        """The case's identity over runs: 16 hex digits over ground and subject."""
        parts = (self.ground, self.kind, self.subject)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Count:
    """How many files or samples there were: ``collected = scanned + partly + skipped + errored``.

    ``partly``: files and samples of which a part was read or compared, and another part could not be.
    """

    collected: int = 0
    scanned: int = 0
    skipped: int = 0
    errored: int = 0
    partly: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.collected + other.collected,
            self.scanned + other.scanned,
            self.skipped + other.skipped,
            self.errored + other.errored,
            self.partly + other.partly,
        )

    @property
    def is_balanced(self) -> bool:
        """Whether every collected file or sample is accounted for."""
        return self.collected == self.scanned + self.partly + self.skipped + self.errored


class Comparison(NamedTuple):
    """What became of a sample where a list asks for an algorithm.

    ``outcome``: it was compared; it is of too little detail to be compared; it was not hashed, which leaves a gap; or
    auditor does not compute this algorithm.
    """

    list: str
    algorithm: str
    carrier: Carrier
    outcome: Literal["compared", "low detail", "not compared", "not computed"]


_Key = TypeVar("_Key")


def _add_counts(left: Mapping[_Key, int], right: Mapping[_Key, int]) -> Mapping[_Key, int]:
    """Return two mappings of counts added up by their keys."""
    total = dict(left)
    for key, number in right.items():
        total[key] = total.get(key, 0) + number
    return total


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of a shard or a run. Tallies add up in any order.

    ``reasons`` counts why files and samples were skipped or errored; ``coverage`` counts what was and was
    not checked (``compared by pdq``, ``unmatchable: quality below 50``, ``hits csam near`` …). ``compared`` counts the
    comparisons with each list, by its name; a list that was compared with nothing is not in it. ``comparisons`` says of
    how many samples each list's algorithms were compared, by what carried them. ``drawn`` counts the units of a sampled
    audit that were answered, by the number of their stratum.
    """

    files: Count = Count()
    samples: Count = Count()
    reasons: Mapping[str, int] = field(default_factory=dict)
    coverage: Mapping[str, int] = field(default_factory=dict)
    compared: Mapping[str, int] = field(default_factory=dict)
    comparisons: Mapping[Comparison, int] = field(default_factory=dict)
    drawn: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.files + other.files,
            self.samples + other.samples,
            _add_counts(self.reasons, other.reasons),
            _add_counts(self.coverage, other.coverage),
            _add_counts(self.compared, other.compared),
            _add_counts(self.comparisons, other.comparisons),
            _add_counts(self.drawn, other.drawn),
        )


@dataclass(frozen=True, slots=True)
class RuleExample:
    """An example in a rule's file: statements and gaps, and the facts that the rule must find, word for word."""

    name: str
    kind: Kind
    statements: tuple[Statement, ...]
    gaps: tuple[Gap, ...] = ()
    flags: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


# In the middle of 0-99, so that a rule can be placed before or after all that name no priority.
DEFAULT_PRIORITY = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """One TOML file of ``rules/``; ``id`` is its stem and never changes.

    ``priority`` orders cases, and the reasons of one case, that are equally severe: the lowest number comes first.
    ``when`` narrows the subjects: every key must be stated with one of its values (none: any value).
    ``reads`` names the gaps (:data:`GAP_KINDS`) that leave the question open: then the outcome is UNCHECKED.
    ``fix`` says what the owner of the subject can do; a notice shows it. ``review`` says how reviewers, platforms and
    search services decide ("": nothing for them to do); no notice shows it.
    """

    id: str
    title: str
    applies: tuple[Kind, ...]
    check: str
    params: Mapping[str, object]
    severity: Severity
    why: str
    fix: str
    review: str = ""
    case: Ground | None = None
    priority: int = DEFAULT_PRIORITY
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    examples: tuple[RuleExample, ...] = ()


StatementsByKey = Mapping[str, Sequence[Statement]]


def group_statements_by_key(statements: Iterable[Statement]) -> StatementsByKey:
    """Return the statements by their key."""
    grouped: dict[str, list[Statement]] = {}
    for statement in statements:
        if (group := grouped.get(statement.key)) is None:
            grouped[statement.key] = [statement]
        else:
            group.append(statement)
    return grouped
