"""A hub's word on a dataset's licence beside the one that people verified (Data Provenance Initiative)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from auditor.policy.vocabularies import load_vocabularies

KNOWN = load_vocabularies().licences


@pytest.mark.parametrize(
    ("words", "licence"),
    [
        ("Attribution-NonCommercial 4.0 International", "cc-by-nc-4.0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International Public License", "cc-by-sa-4.0"),
        ("Computational Use of Data Agreement License", "c-uda"),
    ],
)
def test_titles_of_licence_texts_are_names_of_licences(words: str, licence: str) -> None:
    assert KNOWN.find_licence_ids(words) == (licence,)


@pytest.mark.corpus
def test_what_the_hub_says_of_datasets_agrees_differs_or_is_left_out(corpus: Path) -> None:
    folder = corpus / "04-dataset-cards" / "data-provenance"
    spellings = json.loads((folder / "constants__license_paraphrases.json").read_text("utf-8"))
    name_of = {spelling.casefold(): name for name, others in spellings.items() for spelling in (name, *others)}
    counts: Counter[str] = Counter()
    for path in sorted((folder / "data_summaries").glob("*.json")):
        for record in json.loads(path.read_text("utf-8")).values():
            verified = [licence.get("License") or "" for licence in record.get("Licenses", ())]
            truth = {
                found for words in verified for found in KNOWN.find_licence_ids(name_of.get(words.casefold(), words))
            }
            inferred = record.get("Inferred Metadata") or {}
            said = inferred.get("HF Config License") or inferred.get("HF Yaml License") or ""
            if not truth:
                counts["no licence of the vocabulary was verified"] += 1
            elif said.casefold() in ("", "unknown", "other", "unspecified"):
                counts["left out"] += 1
            elif not (stated := KNOWN.find_licence_ids(said)):
                counts["not understood"] += 1
            else:
                counts["agrees" if truth & set(stated) else "differs"] += 1
    # Of four datasets whose licence the hub names, one is under another.
    assert counts == {
        "agrees": 855,
        "differs": 273,
        "left out": 199,
        "no licence of the vocabulary was verified": 504,
    }
