"""Decide how much of each file of a hub is fetched, and say what of it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import groupby, islice
from typing import NamedTuple

from auditor.blob import MAX_KEPT_BYTES, Blob, Unread
from auditor.errors import Unreadable
from auditor.model import HUB_ANSWER, Gap, Place, Statement, Subject
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import HEAD_BYTES
from auditor.readers.image_files import IMAGE_SUFFIXES
from auditor.readers.other_files import MEDIA_SUFFIXES
from auditor.readers.other_weights import SUFFIXES as OTHER_WEIGHTS
from auditor.readers.table.row_samples import ASKABLE
from auditor.remote_file import NOT_FETCHED, Reading
from auditor.samples import COMPUTED_ALGORITHMS, Samples, build_sample_batch
from auditor.syntax.safetensors_header import SUFFIXES as SAFETENSORS
from auditor.syntax.summary_names import names_itself_summary

# What the statements of a hub's list of files name as their source.
NO_LIST = "listed, not fetched: no list to match it against"
NO_READER = "listed, not fetched: code, or the vocabulary of a model, in which no reader looks for anything"
TOO_MANY_TEXTS = "listed, not fetched: one of very many texts of a dataset, and no list to match them against"
TOO_LARGE = "a table that is fetched whole, and is too large for that: not read"
_NOT_LISTED = "the hub does not list what a list asks of weights, and no weights are fetched"
_ONLY_SHA256 = "only --content fetches it: of what a list asks, only the SHA-256 that the hub lists was compared"

# Texts that say something of a model or dataset, by their suffix; ones with none are licences and the like.
_TEXTS = frozenset(
    "|.md|.markdown|.mdx|.txt|.rst|.json|.jsonld|.yaml|.yml|.toml|.html|.htm|.xml|.sig|.sigstore|.license|.licence"
    "|.spdx|.cff|.bib|.rdf|.ttl|.ipynb|.c2pa".split("|")
)
_DOCUMENTS = frozenset((".pdf", ".docx"))
_MAX_TEXT_BYTES, _MAX_DOCUMENT_BYTES = 16 << 20, 64 << 20
# In a dataset, texts so far below its top say something of it; those below are its samples.
_MAX_TEXT_DEPTH = 2
# Without a list, so many of these are read of a shard's: a dataset that has more holds its samples in them.
MAX_DATASET_TEXTS = 100
_TABLES = frozenset((".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson", ".jsonlines", ".json", ".txt", ".geojson"))
_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz", ".lz4")
# A manifest in text is fetched whole: so many bytes hold some 300,000 digests with addresses.
MAX_TABLE_BYTES = 64 << 20
_PICTURES = IMAGE_SUFFIXES | MEDIA_SUFFIXES
_CODE = frozenset((".py", ".sh", ".js", ".ts", ".cpp", ".h", ".c", ".cu", ".rs", ".go", ".java", ".css", ".jinja"))
_VOCABULARIES = frozenset(
    "tokenizer.json tokenizer.model tokenizer_config.json vocab.json vocab.txt merges.txt spiece.model tekken.json "
    "sentencepiece.bpe.model added_tokens.json special_tokens_map.json .gitattributes .gitignore".split()
)
# Files of a shard whose first bytes are fetched at the same time.
_CONCURRENT_REQUESTS = 8
_BATCH_FILES = 256


class ReadingPlan(NamedTuple):
    """How much of a hub's file is fetched.

    Attributes:
        reading: How much.
        why: Why it is no more.
        skipped: Nothing of it was asked.
        is_sample_text: It is a dataset's text, which may speak of the dataset or be one of its samples.
    """

    reading: Reading
    why: str = ""
    skipped: bool = False
    is_sample_text: bool = False


def plan_readings(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[tuple[Blob, ReadingPlan]]:
    """Yield hub's files, each with how much of it is fetched; of very many texts of a dataset, not all are."""
    texts = 0
    for blob in blobs:
        plan = plan_reading(blob, options)
        if plan.is_sample_text:
            texts += 1
            if texts > MAX_DATASET_TEXTS:
                plan = ReadingPlan("listed", TOO_MANY_TEXTS, skipped=True)
        yield blob, plan


def plan_reading(blob: Blob, options: ReadOptions) -> ReadingPlan:
    """Return how much of a hub's file is fetched, by its name and size alone."""
    suffix, name = blob.suffix, blob.basename.lower()
    is_asked = not ASKABLE.isdisjoint(options.algorithms)
    is_model = blob.kind == "model"
    if suffix in SAFETENSORS or (is_model and suffix in OTHER_WEIGHTS):
        return ReadingPlan("header")
    if is_model and (name in _VOCABULARIES or suffix in _CODE) and not is_asked:
        return ReadingPlan("listed", NO_READER, skipped=True)
    depth = blob.remote.path.count("/") if blob.remote else 0
    may_be_text = suffix in _TEXTS or "." not in blob.basename.strip(".")
    is_named = name.startswith(("readme", "licen"))
    if may_be_text and (is_named or is_model or depth < _MAX_TEXT_DEPTH):
        if blob.size <= _MAX_TEXT_BYTES or is_named:
            is_cut = _is_text_table(name) and not is_named and not (is_asked and options.content)
            reading: Reading = "declared" if is_cut else "all"
            return ReadingPlan(reading, is_sample_text=not (is_asked or is_named or is_model))
    elif suffix in _DOCUMENTS and names_itself_summary(blob.basename) and blob.size <= _MAX_DOCUMENT_BYTES:
        return ReadingPlan("all")
    if not is_asked:
        return ReadingPlan("listed", NO_LIST, skipped=True)
    if options.content:
        return ReadingPlan("all")
    if suffix == ".parquet":
        return ReadingPlan("declared")
    if _is_text_table(name):
        return ReadingPlan("declared") if blob.size <= MAX_TABLE_BYTES else ReadingPlan("listed", TOO_LARGE)
    if is_model and suffix in _CODE and blob.size <= _MAX_TEXT_BYTES:
        return ReadingPlan("all")
    return ReadingPlan("listed", NOT_FETCHED)


def listed_artefacts(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part]:
    """Yield the digests that the hub lists of weights files, without a byte of them, and a gap for those it does not.

    Args:
        blobs: The weights files.
        options: What the run needs.
    """
    for blob in blobs:
        if not blob.remote:
            continue
        listed = {name: value for name, value in (("sha256", blob.remote.sha256), ("xet", blob.remote.xet)) if value}
        place = Place(blob.uri)
        statements = (
            Statement("artefact", f"{name}:{value}", blob.basename, place, HUB_ANSWER) for name, value in listed.items()
        )
        missing = ", ".join(sorted(options.file_digests - listed.keys()))
        gaps = (Gap("weights", f"{_NOT_LISTED}: {missing}", place),) if missing else ()
        if listed or gaps:
            yield Part(Subject(blob.kind or "model", blob.name, blob.revision, tuple(statements), gaps))


def listed_samples(blobs: Iterable[tuple[Blob, ReadingPlan]], options: ReadOptions) -> Iterator[Samples | Unread]:
    """Yield files that are not fetched: as samples by the SHA-256 that the hub lists of them, if a list asks for it.

    Args:
        blobs: The files, with how they are read.
        options: What the run needs.
    """
    algorithms = ("sha256",) if "sha256" in options.algorithms else ()
    # A list that asks for SHA-256 alone is answered: the hub checks the digest when a file is uploaded.
    asks_more = not options.algorithms.isdisjoint({*COMPUTED_ALGORITHMS} - {"sha256"})
    samples: list[tuple[Blob, str, str | None]] = []  # with the digest that is compared, and what is not
    for blob, plan in blobs:
        digest = blob.remote.sha256 if blob.remote and algorithms else ""
        if plan.skipped or not (digest or blob.suffix in _PICTURES):
            yield Unread(blob.uri, plan.why, skipped=plan.skipped, blob=blob)
        else:
            samples.append((blob, digest, (_ONLY_SHA256 if asks_more else None) if digest else plan.why))
    for ref, group in groupby(samples, key=lambda row: row[0].ref("dataset")):
        while some := tuple(islice(group, _BATCH_FILES)):
            columns: dict[str, list[object]] = {
                "sample": [blob.basename for blob, _, _ in some],
                "place": [blob.uri for blob, _, _ in some],
                "gap": [gap for _, _, gap in some],
                "sha256": [bytes.fromhex(digest) or None for _, digest, _ in some],
            }
            yield Samples(ref, "declared", build_sample_batch(columns, algorithms))


def fetch_heads(blobs: Iterable[Blob]) -> None:
    """Fetch the first bytes of hub's files, several at a time; each keeps its own, or why they cannot be had."""
    remote = [blob for blob in blobs if blob.remote]
    if len(remote) > 1:
        list(_request_threads().map(_fetch_head, remote))


def planned_bytes(blob: Blob, plan: ReadingPlan) -> int:
    """Return the bytes of a hub's file that are fetched at most, as far as that can be told before."""
    if plan.reading == "listed":
        return 0
    return min(blob.size, MAX_KEPT_BYTES) if plan.reading == "header" else blob.size


def _fetch_head(blob: Blob) -> None:
    """Fetch the first bytes of a hub's file."""
    with suppress(Unreadable):  # it is said where the file is read
        blob.head(HEAD_BYTES)


@cache
def _request_threads() -> ThreadPoolExecutor:
    """Return the threads in which a worker process fetches from a hub."""
    return ThreadPoolExecutor(_CONCURRENT_REQUESTS)


def _is_text_table(name: str) -> bool:
    """Return whether a file's name is that of a table in text, packed or not."""
    for ending in _COMPRESSIONS:
        name = name.removesuffix(ending)
    return any(name.endswith(suffix) for suffix in _TABLES)
