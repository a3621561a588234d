"""A run that read nothing, or compared nothing with a list it was given, says so first and exits 3."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report
from auditor.render import render_report
from auditor.reporting.render_options import RenderOptions
from tests import pictures

CARD = "---\npipeline_tag: text-generation\n---\n# A model\n"
DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def write_list(folder: Path, name: str, means: str, *rows: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text("\n".join([f"# name: {name}", "# version: 1", f"# means: {means}", *rows]) + "\n")
    return path


def model_card(folder: Path) -> Path:
    card = folder / "models" / "acme" / "one" / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text(CARD)
    return folder / "models"


def picture(folder: Path, data: bytes) -> Path:
    (folder / "pictures").mkdir(exist_ok=True)
    (folder / "pictures" / "a.png").write_bytes(data)
    return folder / "pictures"


def outcome(report: Report) -> tuple[int, tuple[str, ...]]:
    return report.exit_code("never"), report.nothing_compared


@pytest.mark.parametrize(
    ("form", "before"),
    [
        ("terminal", ""),
        ("html", '<p class="notice" role="note">'),
        ("json", '"notice": "'),
        ("csv", "notice,,,,,,,,,"),
        ("sarif", '"notice": "'),
    ],
)
def test_every_format_begins_with_the_list_that_nothing_was_compared_with(
    tmp_path: Path, form: str, before: str
) -> None:
    lists = [write_list(tmp_path, "digests", "csam", "md5", "0" * 32)]
    report = audit(model_card(tmp_path), known=lists, out=tmp_path / "run", workers=1)
    assert outcome(report) == (3, ("digests",))
    for options in (RenderOptions(audience="operator"), RenderOptions(audience="operator", share=True)):
        out = io.StringIO()
        render_report(report, form, out, options)
        text = " ".join(out.getvalue().split()).replace(',"', ",")  # a cell with a comma is quoted
        notice = f"{before}Nothing was compared with list digests: no sample was found."
        assert notice in text
        assert form != "terminal" or text.startswith(notice)


def test_a_run_whose_files_were_all_skipped_says_that_nothing_was_read(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    for name in ("a.py", "b.py"):
        (tmp_path / "code" / name).touch()
    report = audit(tmp_path / "code", out=tmp_path / "run", workers=1)
    assert (report.nothing_read, report.exit_code("never")) == (True, 3)
    out = io.StringIO()
    render_report(report, "terminal", out, RenderOptions())
    assert out.getvalue().startswith("Nothing was read: all 2 files were skipped.\n")
    (tmp_path / "code" / "README.md").write_text(CARD)
    assert audit(tmp_path / "code", out=tmp_path / "other", workers=1).exit_code("never") == 0


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(("url", "https://huggingface.co/acme/other"), (0, ())), (("sha256", DIGEST), (3, ("models",)))],
    ids=["names are compared", "no file has a digest"],
)
def test_of_model_cards_a_list_of_models_compares_names_alone(
    tmp_path: Path, rows: tuple[str, ...], expected: tuple[int, tuple[str, ...]]
) -> None:
    lists = [write_list(tmp_path, "models", "model", *rows)]
    assert outcome(audit(model_card(tmp_path), known=lists, out=tmp_path / "run", workers=1)) == expected


def test_a_picture_of_low_detail_is_compared_by_its_digest_alone(tmp_path: Path) -> None:
    target = picture(tmp_path, pictures.png(Image.fromarray(np.full((64, 64, 3), 128, np.uint8))))
    near = write_list(tmp_path, "near", "csam", "pdq", "0f" * 32)
    exact = write_list(tmp_path, "exact", "csam", "sha256", DIGEST)
    assert outcome(audit(target, known=[near], out=tmp_path / "one", workers=1)) == (3, ("near",))
    assert outcome(audit(target, known=[near, exact], out=tmp_path / "two", workers=1)) == (0, ())


def test_a_list_for_which_nothing_is_there_is_named_only_if_no_other_list_was_compared(tmp_path: Path) -> None:
    target = picture(tmp_path, pictures.png(pictures.landscape(1)))
    samples = write_list(tmp_path, "samples", "csam", "sha256", hashlib.sha256(b"other").hexdigest())
    models = write_list(tmp_path, "models", "model", "sha256", DIGEST)
    benign = write_list(tmp_path, "benign", "benign", "md5", "0" * 32)
    lists = [samples, models, benign]
    assert outcome(audit(target, known=lists, out=tmp_path / "one", workers=1)) == (0, ())
    assert outcome(audit(target, known=[models, benign], out=tmp_path / "two", workers=1)) == (3, ("models",))
    empty = model_card(tmp_path)
    both = audit(empty, known=lists, out=tmp_path / "three", workers=1)
    assert outcome(both) == (3, ("models", "samples"))


def test_runs_that_are_judged_as_one_count_what_any_of_them_compared(tmp_path: Path) -> None:
    lists = [write_list(tmp_path, "samples", "csam", "sha256", DIGEST)]
    cards = audit(model_card(tmp_path), known=lists, out=tmp_path / "cards", workers=1)
    assert outcome(cards) == (3, ("samples",))
    audit(picture(tmp_path, pictures.png(pictures.landscape(1))), known=lists, out=tmp_path / "images", workers=1)
    assert outcome(reevaluate([tmp_path / "cards"], out=tmp_path / "same", workers=1)) == (3, ("samples",))
    assert outcome(reevaluate([tmp_path / "cards", tmp_path / "images"], out=tmp_path / "all", workers=1)) == (0, ())
