from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from auditor.pipeline.report import Report
from auditor.pipeline.sampled_audit import SampledAudit, Stratum
from auditor.render import json as json_format
from auditor.reporting.redaction import redact, report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.sample_text import sample_notice, sample_sentences
from tests.small_report import small_report

SCHEMA = json.loads((Path(__file__).parents[2] / "reports/schema/report.schema.json").read_text())


def sampled_report(folder: Path, found: int = 13, answered: int = 3000, column: str = "") -> Report:
    report = small_report(folder)
    name = next(known.name for known in report.policy.lists if known.means not in ("model", "benign"))
    strata = (Stratum("high", 5_000, 1_000, answered - 2_000, {name: found}), Stratum("low", 995_000, 2_000, 2_000))
    return replace(report, sampled=SampledAudit("3,000", 7, column, strata))


def test_the_first_line_of_every_report_says_that_it_is_about_a_sample(tmp_path: Path) -> None:
    report = sampled_report(tmp_path)
    assert sample_notice(report) == ("A random sample: 3,000 of 1,000,000 samples were read.",)
    assert report_notice(report, RenderOptions()).startswith("A random sample: 3,000 of 1,000,000 samples were read. ")
    assert sample_notice(replace(report, sampled=None)) == sample_sentences(replace(report, sampled=None)) == ()


def test_what_was_found_is_told_with_its_bounds_for_the_whole(tmp_path: Path) -> None:
    sentences = sample_sentences(sampled_report(tmp_path))
    assert sentences[0].startswith("3,000 asked for, 3,000 of 1,000,000 samples drawn at random (--seed 7).")
    assert sentences[1].startswith("13 of 3,000 match list ")
    assert "with 95 % confidence between 0.003" in sentences[1]
    assert len(sentences) == 2


def test_nothing_found_is_told_as_an_upper_bound_and_never_as_none(tmp_path: Path) -> None:
    text = sample_sentences(sampled_report(tmp_path, found=0))[1]
    assert text.startswith("None of 3,000 match list ")
    assert text.endswith("That is not none.")


def test_each_stratum_has_bounds_of_its_own(tmp_path: Path) -> None:
    sentences = sample_sentences(sampled_report(tmp_path, column="score"))
    assert "each part by values of score for itself" in sentences[0]
    assert sentences[2].startswith("high: 13 of 1,000 drawn of 5,000; between 0.6")
    assert sentences[3] == "low: 0 of 2,000 drawn of 995,000; between 0 % and 0.18 % of these."


def test_samples_that_could_not_be_compared_are_told(tmp_path: Path) -> None:
    assert sample_sentences(sampled_report(tmp_path, answered=2990))[1] == (
        "10 samples of those could not be compared: the upper bounds count them as matches."
    )


@pytest.mark.parametrize("options", [RenderOptions(), RenderOptions(share=True), RenderOptions(audience="author")])
def test_the_json_report_of_a_sample_is_valid_for_every_reader(options: RenderOptions, tmp_path: Path) -> None:
    out = io.StringIO()
    json_format.render(redact(sampled_report(tmp_path, column="secret"), options), out, options)
    content = json.loads(out.getvalue())
    jsonschema.validate(content, SCHEMA)
    assert content["sampled"]["drawn"] == 3000
    if options.share:
        assert "secret" not in out.getvalue()
        assert [stratum["name"] for stratum in content["sampled"]["strata"]] == ["part 1", "part 2"]
    if options.audience == "author":
        assert content["sampled"]["found"] == []
