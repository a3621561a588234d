"""Match models with lists of models: a file's digest is a match, a short hash or a name is a lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from auditor.known.compiled_list import CompiledList
from auditor.known.matcher import Matcher
from auditor.known.model_entries import HUB_URL
from auditor.model import HUB_ANSWER, Basis, Ref, Subject
from auditor.samples import DIGEST_BYTES, HITS_SCHEMA, SHORT_HASH_BITS, Samples, build_sample_batch, empty_hits
from auditor.syntax.repository_name_parsing import normalize_name

_SHA256 = re.compile(r"(sha256):([0-9a-f]{64})")
_HEX = re.compile(r"[0-9a-f]+")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
# The algorithms of hits that are leads; they are none of the exact ones.
NAME, SHORT_HASH, BASE_FILE, BASE_NAME = "name", "short-hash", "base-file", "base-name"
# The digests of lists that begin a file's digest, with how many of its bytes they hold.
_PREFIXES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "sha256": (("sha256", 32), ("autov2", 5)),
    "sha256-tensors": (("sha256-tensors", 32), ("autov3", 6)),
    "xet": (("xet", 32),),
    "blake3": (("blake3", 32),),
    "autov2": (("autov2", 5),),
    "autov1": (("autov1", 4),),
    "crc32": (("crc32", 4),),
}
# Hex digits of each digest that files are stated by.
_HEX_DIGITS = {name: 2 * max(length for _, length in prefixes) for name, prefixes in _PREFIXES.items()}
_BASIS_BY_SOURCE: Mapping[str, Basis] = {"computed": "computed", HUB_ANSWER: "listed"}
# What the coverage counts short hashes by.
SHORT_HASHES_COMPARED = "short hashes compared: "


def match_models(
    subjects: Iterable[Subject], lists: Sequence[CompiledList], compared: Counter[str], coverage: Counter[str]
) -> pa.RecordBatch:
    """Match models with the lists that mean ``model``; return rows of HITS_SCHEMA, for ``restricted/`` alone.

    A model matches by the SHA-256, BLAKE3 or content address of a weights file, by the SHA-256 of its tensors, or by
    AutoV3; the basis is listed where the hub itself states the digest, and declared where a Git LFS pointer or a stored
    listing does. Leads are short hashes
    (algorithm ``short-hash``), the model's address on the hub (``name``), and a base that the model names by the
    SHA-256 of its file or by its address (``base-file``, ``base-name``); the base need not be in the run.

    All models are matched together, one algorithm at a time.

    Args:
        subjects: Subjects of any kind; models are matched.
        lists: Lists of any meaning; lists of samples are never compared with a model's files.
        compared: Takes the number of comparisons with each list.
        coverage: Takes the number of short hashes that were compared, as :func:`short_hash_key` names them.
    """
    matcher = Matcher(tuple(known for known in lists if known.means == "model"))
    models = [subject for subject in subjects if subject.kind == "model"]
    if not matcher.lists or not models:
        return empty_hits()
    signals: dict[_Signal, list[_Row]] = {}
    for number, model in enumerate(models):
        for signal, row in _model_signals(model, matcher.algorithms):
            signals.setdefault(signal, []).append(_Row(number, *row))
    found = []
    for signal, rows in signals.items():
        numbers, samples, places, values = zip(*rows, strict=True)
        # The row of a hit is the number of its model until the hits are found.
        columns = {"row": numbers, "sample": samples, "place": places, signal.column: values}
        algorithms = [signal.column] if signal.column != "url" else []
        matched = matcher.match(Samples(_NO_MODEL, signal.basis, build_sample_batch(columns, algorithms)))
        compared.update(matched.compared)
        if signal.column in SHORT_HASH_BITS:
            for known in matcher.lists:
                if signal.column in known.algorithms:
                    coverage[short_hash_key(known, signal.column)] += len(rows)
        if matched.hits.num_rows:
            found.append(_name_models(_as_lead_hits(matched.hits, signal), models))
    return pa.Table.from_batches(found, HITS_SCHEMA).combine_chunks().to_batches()[0] if found else empty_hits()


def short_hash_key(known: CompiledList, algorithm: str) -> str:
    """Return the key of the coverage that counts the short hashes that were compared with a list's entries."""
    entries = known.manifest["algorithms"][algorithm]["entries"]
    return f"{SHORT_HASHES_COMPARED}{algorithm} with {entries} entries of {known.name}"


class _Signal(NamedTuple):
    """What models are compared with lists by: a column of samples, its basis, and the algorithm of a lead or ""."""

    column: str
    basis: Basis
    lead: str = ""


class _Row(NamedTuple):
    """A model's value of one signal: the model's number, the file or base that has it, where it is stated."""

    model: int
    sample: str
    place: str
    value: object


_NO_MODEL = Ref("model", "")


def _model_signals(model: Subject, algorithms: Collection[str]) -> Iterator[tuple[_Signal, tuple[str, str, object]]]:
    """Yield what a model is compared by: its files, its name, and the bases that it names."""
    for statement in model.statements_for("artefact"):
        name, _, value = statement.value.partition(":")
        if _HEX.fullmatch(value) and len(value) == _HEX_DIGITS.get(name):
            basis = _BASIS_BY_SOURCE.get(statement.source, "declared")
            for algorithm, length in _PREFIXES[name]:
                if algorithm in algorithms:
                    digest = bytes.fromhex(value)[:length].ljust(DIGEST_BYTES[algorithm], b"\0")
                    lead = SHORT_HASH if algorithm in SHORT_HASH_BITS else ""
                    yield _Signal(algorithm, basis, lead), (statement.relation, statement.place.uri, digest)
    # A card and the weights of a model are parts of one subject: its name is compared with the part that has a card,
    # or with that of the weights.
    if "url" in algorithms and (model.has("card") or model.has("weights_format")):
        yield _Signal("url", "declared", NAME), (model.name, "", HUB_URL + model.name)
    for base in model.statements_for("base_model"):
        name = normalize_name(base.value)
        if "sha256" in algorithms and (found := _SHA256.fullmatch(name)):
            yield _Signal("sha256", "declared", BASE_FILE), (base.value, base.place.uri, bytes.fromhex(found[2]))
        if "url" in algorithms and _REPOSITORY.fullmatch(name):
            yield _Signal("url", "declared", BASE_NAME), (base.value, base.place.uri, HUB_URL + name)


def _name_models(hits: pa.RecordBatch, models: Sequence[Subject]) -> pa.RecordBatch:
    """Return hits with the names of their models, whose numbers are the rows."""
    owners = [models[number] for number in hits.column("row").to_pylist()]
    columns = {
        "name": pa.array([model.name for model in owners], pa.string()),
        "revision": pa.array([model.revision for model in owners], pa.string()),
        "row": pa.repeat(pa.scalar(0, pa.int64()), hits.num_rows),
    }
    return _with_columns(hits, columns)


def _as_lead_hits(hits: pa.RecordBatch, signal: _Signal) -> pa.RecordBatch:
    """Return the hits of a signal that is a lead with the algorithm of that, which details name; others unchanged."""
    if not signal.lead:
        return hits
    cells = {"algorithm": signal.lead}
    if signal.lead == SHORT_HASH:
        cells["variant"] = f"{signal.column}, {SHORT_HASH_BITS[signal.column]} bits"
    columns = {name: pa.repeat(pa.scalar(cell), hits.num_rows) for name, cell in cells.items()}
    return _with_columns(hits, columns)


def _with_columns(hits: pa.RecordBatch, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Return hits of models with some columns replaced."""
    arrays = [columns[name] if name in columns else hits.column(name) for name in HITS_SCHEMA.names]
    return pa.RecordBatch.from_arrays(arrays, schema=HITS_SCHEMA)
