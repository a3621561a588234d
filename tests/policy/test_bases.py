"""The shipped table of well-known bases: every row has a source, and says what that source says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from auditor.blob import Blob
from auditor.errors import RuleError
from auditor.part_builders.read_options import ReadOptions
from auditor.policy.vocabularies import load_vocabularies
from auditor.readers import readers

VOCABULARIES = load_vocabularies()
_CARD = re.compile(r"https://github\.com/([^/]+/[^/]+)/blob/([0-9a-f]{40})/(.+)")


@pytest.mark.parametrize("base", VOCABULARIES.bases, ids=lambda base: base.name)
def test_a_base_has_a_source_a_known_licence_and_the_clause_of_that(base) -> None:  # type: ignore[no-untyped-def]
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", base.name)
    assert re.match(r"https://(github\.com|huggingface\.co)/", base.source)
    assert base.clause == VOCABULARIES.licences.by_id[base.licence].clause
    assert base.family in ("", "sd1", "sd2", "sdxl", "sd3", "flux", "flux2")
    assert base.name.lower() not in VOCABULARIES.renamed.models, "the table has today's names"


def test_a_base_without_a_source_or_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules" / "vocabulary" / "bases.toml"
    file.parent.mkdir(parents=True)
    row = '["acme/base"]\nlicence = "mit"\nclause = "absent"\n'
    for text, message in (
        (row, "source: missing"),
        (f'{row}source = "a card"\nread = "2026-11-30"\n', "source: expected an address with https://"),
        (f'{row}source = "https://example.org/card"\nread = "November"\n', "read: expected a date"),
        (f'{row}source = "https://example.org/card"\nread = "2026-11-30"\nlicense = "mit"\n', "license"),
    ):
        file.write_text(text)
        with pytest.raises(RuleError, match=message):
            load_vocabularies([tmp_path / "rules"])


@pytest.mark.corpus
def test_the_card_that_a_row_names_as_its_source_states_its_licence(corpus: Path) -> None:
    with open(corpus / "03-model-cards" / "MANIFEST.csv", newline="", encoding="utf-8") as file:
        cards = {
            (row["repo"].partition(" ")[0], row["commit"], row["source_path"]): row for row in csv.DictReader(file)
        }
    read = 0
    for base in VOCABULARIES.bases:
        if not (found := _CARD.fullmatch(base.source)):
            continue
        path = corpus / cards[found[1], found[2], found[3]]["path"]
        blob = Blob(str(path), "README.md", path.stat().st_size, "model", base.name)
        (part,) = readers()["card"].read([blob], ReadOptions())
        licences = {statement.value for statement in part.subject.statements_for("licence")}  # type: ignore[union-attr]
        # The cards of FLUX.1 have no metadata: their texts name the licence.
        if licences:
            assert base.licence in licences, f"{base.name}: {licences}"
            read += 1
    assert read >= 20
