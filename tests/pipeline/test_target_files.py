"""Which files of the targets a run reads."""

from __future__ import annotations

from pathlib import Path

from auditor.model import Count
from auditor.pipeline.audit import audit
from auditor.pipeline.run_facts import read_run_facts

HUB = Path(__file__).parents[1] / "data" / "hub"


def test_a_run_inside_its_target_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "acme__m.md").write_text("---\nlicense: mit\n---\n# Model\n")
    first = audit(tmp_path / "zoo", out=tmp_path / "zoo" / "runs" / "1", workers=1)
    repeated = audit(tmp_path / "zoo", out=tmp_path / "zoo" / "runs" / "1", workers=1)
    assert list(repeated.findings) == list(first.findings)
    assert repeated.tally == first.tally
    assert first.tally.files == Count(1, 1, 0, 0)
    second = audit(tmp_path / "zoo", out=tmp_path / "zoo" / "runs" / "2", workers=1)
    assert second.tally.files == Count(2, 1, 1, 0)
    assert second.tally.reasons == {"a run of this program": 1}
    assert list(second.findings) == list(first.findings)


def test_several_targets_keep_their_places_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "acme__m.md").write_text("---\nlicense: mit\n---\n# Model\n")
    audit(tmp_path / "one", tmp_path / "two", out=tmp_path / "run", workers=1)
    places = {fact["place"]["uri"] for fact in read_run_facts(tmp_path / "run") if fact["key"] == "licence"}
    assert places == {"one/acme__m.md", "two/acme__m.md"}
