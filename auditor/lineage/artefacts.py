"""Read the digests of each model's files from a run's facts."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import LOW_MEMORY_SCAN
from auditor.lineage.string_ids import to_contiguous_array

# Paths of pipeline components that unrelated models share unchanged, as diffusers names their folders. The same file
# there does not make one model a copy of another.
SHARED_COMPONENT_PATH = (
    r"(^|/)(vae|text_encoder|tokenizer|safety_checker|image_encoder|feature_extractor|scheduler)[^/]*/"
)
_LONG_DIGEST = ":[0-9a-f]{32}"
_SHARED_COMPONENT = re.compile(SHARED_COMPONENT_PATH)


@dataclass(frozen=True, slots=True)
class Artefacts:
    """The digests of models' files, as aligned columns with one row for each digest.

    ``names`` are models, ``digests`` are written ``algorithm:hex``, ``shared_component`` is a Boolean column.
    """

    names: pa.Array
    digests: pa.Array
    shared_component: pa.Array


def read_artefacts(facts: pads.Dataset) -> Artefacts:
    """Return the digests of all models' files, without short hashes and what an unverified signature claims."""
    wanted = (pc.field("kind") == "model") & (pc.field("key") == "artefact") & (pc.field("source") != "signature")
    # A short hash is that of other files too.
    wanted &= pc.match_substring_regex(pc.field("value"), _LONG_DIGEST)
    table = facts.to_table(["name", "value", "uri"], filter=wanted, **LOW_MEMORY_SCAN).combine_chunks()
    names, digests, uris = (to_contiguous_array(column) for column in table.columns)
    return Artefacts(names, digests, pc.match_substring_regex(uris, SHARED_COMPONENT_PATH))


def is_shared_component(uri: str) -> bool:
    """Return whether an artefact is of a pipeline component that unrelated models share unchanged."""
    return _SHARED_COMPONENT.search(uri) is not None
