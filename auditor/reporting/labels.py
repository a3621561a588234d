"""Plain words for subjects, the grounds of cases and what lists mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.model import Carrier, Ground, Ref

CASE_GROUNDS: Mapping[Ground, str] = MappingProxyType(
    {
        "linked": "a list of models names it, or holds its weights, similar values, or the model that it was made from",
        "exposed": "its own training data has samples that match entries of a known-content list",
    }
)
LIST_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "csam": "known child sexual abuse material",
        "exploitative": "known exploitative material",
        "ncii": "intimate images shared without consent",
        "terrorism": "known terrorist content",
        "withdrawn": "samples of withdrawn datasets",
        "benign": "what is known to be harmless, which only excludes near matches",
        "model": "models that the list's holder lists",
        "test": "ordinary pictures that stand for known content in a test",
    }
)

# What holds samples, in the plural.
CARRIERS: Mapping[Carrier, str] = MappingProxyType(
    {
        "picture file": "picture files",
        "table picture": "pictures in tables",
        "archive member": "pictures in archives",
        "pixel array": "pictures stored as arrays of pixels",
        "video": "videos",
        "sound": "sound files",
        "other file": "other files",
        "declared digest": "digests that manifests state",
        "address": "addresses",
    }
)


def subject_label(ref: Ref) -> str:
    """Return the label of a subject: kind and name; a numbered name ("model 3") already begins with its kind."""
    return ref.name if ref.name.startswith(f"{ref.kind} ") else f"{ref.kind} {ref.name}"
