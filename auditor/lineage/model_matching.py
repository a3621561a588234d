"""Match models with lists of models: a file's digest is a match, a short hash or a name is a lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from auditor.known.compiled_list import CompiledList
from auditor.known.matcher import Matcher
from auditor.known.model_entries import HUB_URL
from auditor.model import Basis, Statement, Subject
from auditor.samples import DIGEST_BYTES, HITS_SCHEMA, Samples, build_sample_batch, empty_hits
from auditor.syntax.repository_name_parsing import normalize_name

_SHA256 = re.compile(r"(sha256):([0-9a-f]{64})")
_FILE_DIGEST = re.compile(r"(sha256|sha256-tensors):([0-9a-f]{64})")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
# The algorithms of hits that are leads; they are none of the exact ones.
NAME, SHORT_HASH, BASE_FILE, BASE_NAME = "name", "short-hash", "base-file", "base-name"
# The digests of lists that begin a file's digest, with how many of its bytes they hold.
_PREFIXES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "sha256": (("sha256", 32), ("autov2", 5)),
    "sha256-tensors": (("sha256-tensors", 32), ("autov3", 6)),
}
# The algorithms of lists that are compared with the digests of files.
FILE_ALGORITHMS = frozenset(algorithm for prefixes in _PREFIXES.values() for algorithm, _ in prefixes)


def match_models(subjects: Iterable[Subject], lists: Sequence[CompiledList], compared: Counter[str]) -> pa.RecordBatch:
    """Match models with the lists that mean ``model``; return rows of HITS_SCHEMA, for ``restricted/`` alone.

    A model matches by the SHA-256 of a weights file or of its tensors, or by AutoV3; the basis is declared where a Git
    LFS pointer states the digest. Leads are AutoV2 (algorithm ``short-hash``), the model's address on the hub
    (``name``), and a base that the model names by the SHA-256 of its file or by its address (``base-file``,
    ``base-name``); the base need not be in the run.

    Args:
        subjects: Subjects of any kind; models are matched.
        lists: Lists of any meaning; lists of samples are never compared with a model's files.
        compared: Takes the number of comparisons with each list.
    """
    matcher = Matcher(tuple(known for known in lists if known.means == "model"))
    if not matcher.lists:
        return empty_hits()
    models = (subject for subject in subjects if subject.kind == "model")
    found = [hits for model in models for hits in _match_model(model, matcher, compared) if hits.num_rows]
    return pa.Table.from_batches(found, HITS_SCHEMA).combine_chunks().to_batches()[0] if found else empty_hits()


def _match_model(model: Subject, matcher: Matcher, compared: Counter[str]) -> Iterator[pa.RecordBatch]:
    """Yield the hits of one model on lists of models: by its files, its name, and the bases that it names."""

    def match(basis: Basis, columns: Mapping[str, Sequence[object]], algorithms: Sequence[str]) -> pa.RecordBatch:
        """Return the model's hits on the lists by one kind of its signals."""
        matched = matcher.match(Samples(model.ref, basis, build_sample_batch(columns, algorithms)))
        compared.update(matched.compared)
        return matched.hits

    for (basis, algorithm), files in _file_digests(model, matcher.algorithms).items():
        columns: dict[str, Sequence[object]] = {
            "sample": [file.relation for file, _ in files],
            "place": [file.place.uri for file, _ in files],
            algorithm: [digest for _, digest in files],
        }
        hits = match(basis, columns, [algorithm])
        yield _as_lead_hits(hits, SHORT_HASH) if algorithm == "autov2" else hits
    # A card and the weights of a model are parts of one subject: its name is compared with the part that has a card,
    # or with that of the weights.
    if model.has("card") or model.has("weights_format"):
        address = {"sample": [model.name], "place": [""], "url": [HUB_URL + model.name]}
        yield _as_lead_hits(match("declared", address, []), NAME)
    bases = [(base, normalize_name(base.value)) for base in model.statements_for("base_model")]
    for lead, column, values in (
        (BASE_FILE, "sha256", [(base, bytes.fromhex(m[2])) for base, name in bases if (m := _SHA256.fullmatch(name))]),
        (BASE_NAME, "url", [(base, HUB_URL + name) for base, name in bases if _REPOSITORY.fullmatch(name)]),
    ):
        if values:
            places = {"sample": [base.value for base, _ in values], "place": [base.place.uri for base, _ in values]}
            hits = match("declared", {**places, column: [value for _, value in values]}, ["sha256"])
            yield _as_lead_hits(hits, lead)


def _file_digests(model: Subject, algorithms: Iterable[str]) -> dict[tuple[Basis, str], list[tuple[Statement, bytes]]]:
    """Return a model's file digests by basis and algorithm, cut to the length in lists, with their statements."""
    found: dict[tuple[Basis, str], list[tuple[Statement, bytes]]] = {}
    for statement in model.statements_for("artefact"):
        if match := _FILE_DIGEST.fullmatch(statement.value):
            basis: Basis = "computed" if statement.source == "computed" else "declared"
            for algorithm, length in _PREFIXES[match[1]]:
                if algorithm in algorithms:
                    digest = bytes.fromhex(match[2])[:length].ljust(DIGEST_BYTES[algorithm], b"\0")
                    found.setdefault((basis, algorithm), []).append((statement, digest))
    return found


def _as_lead_hits(hits: pa.RecordBatch, algorithm: str) -> pa.RecordBatch:
    """Return the hits of a model as leads: with the algorithm of a lead instead of their own."""
    position = HITS_SCHEMA.get_field_index("algorithm")
    return hits.set_column(position, HITS_SCHEMA.field(position), pa.repeat(pa.scalar(algorithm), hits.num_rows))
