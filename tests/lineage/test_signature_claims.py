"""What an unverified signature claims makes no model a copy of another."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.dataset as pads

from auditor.facts import subjects_to_rows
from auditor.lineage.artefacts import read_artefacts
from auditor.model import Statement, Subject

DIGEST = f"sha256:{'ab' * 32}"


def test_a_digest_that_a_signature_claims_is_no_artefact_of_lineage() -> None:
    rows = subjects_to_rows(
        [
            Subject("model", "a", "", (Statement("artefact", DIGEST, "m.bin", source="computed"),)),
            Subject("model", "b", "", (Statement("artefact", DIGEST, "m.bin", source="signature"),)),
        ]
    )
    found = read_artefacts(pads.dataset(pa.Table.from_batches([rows])))
    assert found.names.to_pylist() == ["a"]
