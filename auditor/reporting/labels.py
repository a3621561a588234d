"""Plain words for subjects, the grounds of cases and what lists mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.model import Carrier, Ground, Ref
from auditor.pipeline.policy_summary import ListSummary
from auditor.printable import printable

CASE_GROUNDS: Mapping[Ground, str] = MappingProxyType(
    {
        "linked": "a list of models names it, or holds its weights, similar values, or the model that it was made from",
        "exposed": "its own training data has samples that match entries of a known-content list",
        "report": "its samples match entries of a known-content list: restrict access, preserve, report",
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
        "test": "ordinary pictures, for a test",
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
        "declared digest": "digests that manifests claim",
        "address": "addresses that files name",
    }
)


# What could not be read or judged (the keys of GAP_KINDS), for people who did not make the run.
GAP_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "file": "files",
        "card": "cards",
        "provenance": "documents about training data",
        "configuration": "configurations",
        "licence": "licences and terms",
        "header": "headers of weights files",
        "weights": "values of weights",
        "table": "tables and manifests",
        "samples": "pictures and other samples",
        "shard": "files whose reading broke off",
        "judgement": "rules that could not be judged",
    }
)


def list_label(known: ListSummary) -> str:
    """Return the label of a list; one of ordinary pictures for a test is named as such."""
    return f"list {printable(known.name, 80)}{', a test list' if known.means == 'test' else ''}"


def subject_label(ref: Ref) -> str:
    """Return the label of a subject: kind and name; a numbered name ("model 3") already begins with its kind."""
    return ref.name if ref.name.startswith(f"{ref.kind} ") else f"{ref.kind} {ref.name}"
