"""A reader that another installed distribution adds takes part in a run, in its policy and in its report."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import ExtensionError
from auditor.extensions import load_members
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import read_report
from auditor.render import report_formats
from auditor.reporting.render_options import RenderOptions

READER = """
from auditor.model import Place, Statement, Subject
from auditor.parts import Part
from auditor.readers import ReaderExample

EXAMPLES = (ReaderExample("a.leaf", b"LEAF", (("title", "Leaf", ""),)),)


def claims(blob, head):
    return 90 if head.startswith(b"LEAF") else 0


def read(blobs, options):
    for blob in blobs:
        yield Part(Subject("model", "acme/leaf", "", (Statement("title", "Leaf", "", Place(blob.uri), "leaf"),)))
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution acme-leaf 1.2 that adds a reader, on Python's path; the file it reads, in ``target``."""
    site = tmp_path / "site"
    metadata = site / "acme_leaf-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-leaf\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text("[auditor.readers]\nleaf = acme_leaf\n")
    (site / "acme_leaf.py").write_text(READER)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "acme_leaf", raising=False)
    load_members.cache_clear()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "a.leaf").write_bytes(b"LEAF")
    return tmp_path


def facts(folder: Path, *options: str) -> list[tuple[str, str, str]]:
    lines = CliRunner().invoke(main, ["facts", str(folder), *options]).stdout.splitlines()
    return [(fact["subject"], fact["key"], fact["value"]) for fact in map(json.loads, lines)]


def test_workers_load_the_reader_and_isolated_ones_do_not(installed: Path) -> None:
    assert facts(installed / "target") == [("acme/leaf", "title", "Leaf")]
    assert facts(installed / "target", "--isolated") == []


def test_the_report_names_the_reader_with_its_distribution_and_version(installed: Path) -> None:
    audit(installed / "target", out=installed / "run", workers=1)
    judged = reevaluate([installed / "run"], out=installed / "judged", workers=1)
    for made in (read_report(installed / "run"), judged):
        out = io.StringIO()
        report_formats()["json"].render(made, out, RenderOptions())
        assert json.loads(out.getvalue())["policy"]["extensions"] == [
            {"group": "auditor.readers", "name": "leaf", "distribution": "acme-leaf", "version": "1.2"}
        ]


def test_the_reader_and_its_version_count_in_the_policys_fingerprint(installed: Path) -> None:
    def fingerprint(name: str, isolated: bool = False) -> str:
        made = audit(installed / "target", out=installed / name, workers=1, isolated=isolated)
        return made.policy.fingerprint

    found = fingerprint("first")
    alone = fingerprint("isolated", isolated=True)
    (installed / "site" / "acme_leaf-1.2.dist-info").rename(installed / "site" / "acme_leaf-1.3.dist-info")
    (installed / "site" / "acme_leaf-1.3.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-leaf\nVersion: 1.3\n"
    )
    assert len({found, alone, fingerprint("newer")}) == 3


def test_what_is_no_reader_ends_the_run_before_it_begins(installed: Path) -> None:
    (installed / "site" / "acme_leaf.py").write_text(READER.replace("def claims", "def claim"))
    with pytest.raises(ExtensionError, match=r"^acme-leaf 1\.2 \(auditor\.readers: leaf\): .*has no claims\(\)"):
        audit(installed / "target", out=installed / "run", workers=1)
    assert not (installed / "run").exists()
