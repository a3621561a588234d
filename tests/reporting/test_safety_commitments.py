"""A model's row of Safety by Design commitments: what its card states, what it doesn't, and what was not read."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from auditor.cli.main import main
from auditor.policy.vocabularies import load_vocabularies
from auditor.reporting.safety_commitments import COMMITMENTS

CARD = "---\npipeline_tag: text-to-image\n---\n# Painter\n\n{body}\n"


def page(target: Path, run: Path, *options: str) -> str:
    run_it = CliRunner()
    run_it.invoke(main, ["scan", str(target), "--out", str(run), "--workers", "1"])
    shown = run_it.invoke(main, ["report", str(run), "--format", "html", *options])
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_the_columns_are_the_commitments_of_the_vocabulary() -> None:
    known = {term.value for term in load_vocabularies().terms if term.kind == "safety"}
    # Details of the others: who tested, and what is built in.
    details = {"safety-evaluation", "external-testing", "own-testing", "refusals", "crisis-protocol"}
    assert set(COMMITMENTS) == known - details


def test_a_models_row_says_what_is_stated_and_what_is_missing(tmp_path: Path) -> None:
    for name, body in (("plain", "Paints."), ("<b>tested", "The model was red-teamed before release.")):
        (tmp_path / "hub" / "models" / "acme" / name).mkdir(parents=True)
        (tmp_path / "hub" / "models" / "acme" / name / "README.md").write_text(CARD.format(body=body))
    html = page(tmp_path / "hub", tmp_path / "run")
    table = html.partition('id="commitments"')[2].partition("</section>")[0]
    rows = {
        re.sub("<[^>]+>", "", name).rpartition("/")[2]: cells
        for name, *cells in re.findall(
            r'<th scope="row">(.*?)</th><td>(.*?)</td><td class="quiet">(.*?)</td></tr>', table
        )
    }
    titles = list(COMMITMENTS.values())
    assert rows["plain"] == ["nothing of it", ", ".join(titles)]
    tested = next(cells for name, cells in rows.items() if name.endswith("tested"))
    assert tested == ["Red teaming", ", ".join(title for title in titles if title != "Red teaming")]
    assert 'id="commitments"' not in page(tmp_path / "hub", tmp_path / "run-2", "--share")


def test_nothing_is_called_missing_from_a_card_that_was_not_fully_read(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "models" / "acme" / "broken"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: [mit\ntags: {a: b\n---\nPaints.\n")
    html = page(tmp_path / "hub", tmp_path / "run")
    row = html.partition('id="commitments"')[2].partition("</tbody>")[0]
    assert "not known: not all of it was read" in row
    assert "Red teaming" not in row
