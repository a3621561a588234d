"""Compares models with lists of models: a file's digest is a match, a short hash or a name is a lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from auditor.known.compiled_list import CompiledList
from auditor.known.matcher import Matcher
from auditor.lineage.repository_names import normal
from auditor.model import Basis, Statement, Subject
from auditor.samples import DIGEST_BYTES, HITS_SCHEMA, Samples, build_sample_batch, empty_hits

_FILE = re.compile(r"(sha256):([0-9a-f]{64})")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_DIGEST = re.compile(r"(sha256|sha256-tensors):([0-9a-f]{64})")
# The algorithms of hits that are leads; they are none of the exact ones.
NAME, SHORT = "name", "short-hash"
BASE_FILE, BASE_NAME = "base-file", "base-name"
HUB = "https://huggingface.co/"
# Which digests follow from one of a file, with how many of its bytes.
_FOLLOW: Mapping[str, tuple[tuple[str, int], ...]] = {
    "sha256": (("sha256", 32), ("autov2", 5)),
    "sha256-tensors": (("sha256-tensors", 32), ("autov3", 6)),
}
# What of a list is compared with the digests of files.
OF_FILES = frozenset(name for followed in _FOLLOW.values() for name, _ in followed)


def model_hits(subjects: Iterable[Subject], lists: Sequence[CompiledList], compared: Counter[str]) -> pa.RecordBatch:
    """The entries that models match of the lists that mean ``model``: rows of HITS, for ``restricted/`` alone.

    By the SHA-256 of a weights file or of its tensors, or AutoV3 (basis declared where a Git LFS pointer says it);
    with algorithm ``short-hash`` by AutoV2, and ``name`` by the address of the model on the hub. ``base-file`` and
    ``base-name``: so is a base that the model names, by its file's SHA-256 or its address; it need not be here. A
    list of samples is never compared with a model's files. ``compared`` counts the comparisons with each list.
    """
    matcher = Matcher(tuple(known for known in lists if known.means == "model"))
    batches = [batch for subject in subjects for batch in _of(subject, matcher, compared)] if matcher.lists else []
    found = [batch for batch in batches if batch.num_rows]
    return pa.Table.from_batches(found, HITS_SCHEMA).combine_chunks().to_batches()[0] if found else empty_hits()


def _of(subject: Subject, matcher: Matcher, compared: Counter[str]) -> Iterator[pa.RecordBatch]:
    if subject.kind != "model":
        return

    def hits(samples: Samples) -> pa.RecordBatch:
        matched = matcher.match(samples)
        compared.update(matched.compared)
        return matched.hits

    asked: dict[tuple[Basis, str], list[tuple[Statement, bytes]]] = {}
    for statement in subject.statements_for("artefact"):
        if match := _DIGEST.fullmatch(statement.value):
            basis: Basis = "computed" if statement.source == "computed" else "declared"
            for algorithm, length in _FOLLOW[match[1]]:
                if algorithm in matcher.algorithms:
                    digest = bytes.fromhex(match[2])[:length].ljust(DIGEST_BYTES[algorithm], b"\0")
                    asked.setdefault((basis, algorithm), []).append((statement, digest))
    for (basis, algorithm), files in asked.items():
        columns = {
            "sample": [file.relation for file, _ in files],
            "place": [file.place.uri for file, _ in files],
            algorithm: [digest for _, digest in files],
        }
        found = hits(Samples(subject.ref, basis, build_sample_batch(columns, [algorithm])))
        yield _as_lead(found, SHORT) if algorithm == "autov2" else found
    # A card and the weights of a model are parts of one subject; its name is compared once, by the card or else.
    if subject.has("card") or subject.has("weights_format"):
        named = build_sample_batch({"sample": [subject.name], "place": [""], "url": [HUB + subject.name]}, [])
        yield _as_lead(hits(Samples(subject.ref, "declared", named)), NAME)
    bases = [(base, normal(base.value)) for base in subject.statements_for("base_model")]
    for lead, column, values in (
        (BASE_FILE, "sha256", [(b, bytes.fromhex(m[2])) for b, n in bases if (m := _FILE.fullmatch(n))]),
        (BASE_NAME, "url", [(b, HUB + n) for b, n in bases if _REPOSITORY.fullmatch(n)]),
    ):
        if values:
            columns = {"sample": [b.value for b, _ in values], "place": [b.place.uri for b, _ in values]}
            batch = build_sample_batch({**columns, column: [value for _, value in values]}, ["sha256"])
            yield _as_lead(hits(Samples(subject.ref, "declared", batch)), lead)


def _as_lead(hits: pa.RecordBatch, algorithm: str) -> pa.RecordBatch:
    at = HITS_SCHEMA.get_field_index("algorithm")
    column = pa.repeat(pa.scalar(algorithm), hits.num_rows)
    return hits.set_column(at, HITS_SCHEMA.field(at), column)
