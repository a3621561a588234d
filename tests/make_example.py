"""Make the example reports, ``reports/example``, from the bundled hub and the rules: ``python -m tests.make_example``.

They are what this command writes, with fixed times, so that they change only when the program or the rules do::

    auditor scan tests/data/hub --known tests/data/known-pictures.csv --known tests/data/listed-models.csv \\
        --weights sample --profile example --out runs/hub

``tests/render/test_example.py`` compares them with what the program writes. The picture of the page, ``report.png``, is
made anew where Chromium is installed; no test compares it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from auditor.render import render_report, report_formats
from auditor.reporting.render_options import RenderOptions
from tests.data.make_hub import HUB, LIST, MODELS

EXAMPLE = Path(__file__).parents[1] / "reports" / "example"
STARTED, FINISHED = "2026-01-05T09:00:00Z", "2026-01-05T09:00:42Z"
WIDTH, HEIGHT = 985, 2250  # pixels of the picture


def example_report(run: Path) -> Report:
    """Scan the hub into the folder ``run``; return the report with the fixed times and relative paths."""
    report = audit(HUB, known=[LIST, MODELS], weights="sample", profile="example", out=run, workers=1)
    return replace(report, targets=("tests/data/hub",), started=STARTED, finished=FINISHED, folder=Path("runs/hub"))


def example_files(report: Report) -> Mapping[str, str]:
    """Return the report in every format, by the name of its file."""
    files = {}
    for name, report_format in report_formats().items():
        out = StringIO()
        render_report(report, name, out, RenderOptions())
        files[f"report{report_format.SUFFIXES[0]}"] = out.getvalue()
    return files


def take_picture(page: Path, picture: Path, chromium: str) -> None:
    """Take a picture of the top of a page, in few colours so that it is small."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto(page.as_uri())
        png = tab.screenshot()
        browser.close()
    Image.open(BytesIO(png)).convert("RGB").quantize(64).save(picture, optimize=True)


def main() -> None:
    """Write the example anew."""
    EXAMPLE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        for name, text in example_files(example_report(Path(folder, "run"))).items():
            (EXAMPLE / name).write_text(text, encoding="utf-8", newline="")
    if chromium := shutil.which("chromium"):
        take_picture(EXAMPLE / "report.html", EXAMPLE / "report.png", chromium)
    else:
        print("report.png stays as it is: Chromium is not installed", file=sys.stderr)


if __name__ == "__main__":
    main()
