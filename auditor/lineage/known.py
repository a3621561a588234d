"""Compares models with lists of models: a file's digest is a match, a name is a lead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import pyarrow as pa

from auditor.known.compiled import KnownList
from auditor.known.match import Matcher
from auditor.model import Basis, Statement, Subject
from auditor.samples import HITS, Samples, no_hits, sample_batch

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
# The algorithm of a hit by name; it is none of the exact ones, so it counts as a lead.
NAME = "name"
HUB = "https://huggingface.co/"


def model_hits(subjects: Iterable[Subject], lists: Sequence[KnownList]) -> pa.RecordBatch:
    """The entries that models match of the lists that mean ``model``: rows of HITS, for ``restricted/`` alone.

    By the SHA-256 of a weights file (basis declared where a Git LFS pointer says it), and by the address of the
    model on the hub, with algorithm ``name``. A list of samples is never compared with a model's files.
    """
    matcher = Matcher(tuple(known for known in lists if known.means == "model"))
    batches = [batch for subject in subjects for batch in _of(subject, matcher)] if matcher.lists else []
    found = [batch for batch in batches if batch.num_rows]
    return pa.Table.from_batches(found, HITS).combine_chunks().to_batches()[0] if found else no_hits()


def _of(subject: Subject, matcher: Matcher) -> Iterator[pa.RecordBatch]:
    if subject.kind != "model":
        return
    by_basis: dict[Basis, list[Statement]] = {}
    for statement in subject.of("artefact"):
        if _SHA256.fullmatch(statement.value):
            by_basis.setdefault("computed" if statement.source == "computed" else "declared", []).append(statement)
    for basis, files in by_basis.items():
        columns = {
            "sample": [file.relation for file in files],
            "place": [file.place.uri for file in files],
            "sha256": [bytes.fromhex(file.value.removeprefix("sha256:")) for file in files],
        }
        yield matcher.match(Samples(subject.ref, basis, sample_batch(columns, ["sha256"]))).hits
    # A card and the weights of a model are parts of one subject; its name is compared once, by the card or else.
    if subject.stated("card") or subject.stated("weights_format"):
        named = sample_batch({"sample": [subject.name], "place": [""], "url": [HUB + subject.name]}, [])
        hits = matcher.match(Samples(subject.ref, "declared", named)).hits
        algorithm = HITS.get_field_index("algorithm")
        yield cast(
            pa.RecordBatch,
            hits.set_column(algorithm, HITS.field(algorithm), pa.repeat(pa.scalar(NAME), hits.num_rows)),
        )
