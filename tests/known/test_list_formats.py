"""Formats of lists: every module of the folder is one, and installed distributions add theirs."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import ExtensionError, ListError
from auditor.extensions import LIST_FORMATS, Extension, installed_extensions, load_members
from auditor.known.list_formats import detect_format, list_formats
from auditor.known.open_list import open_list
from auditor.pipeline.audit import audit
from auditor.render import report_formats
from auditor.reporting.render_options import RenderOptions

FORMAT = """
from auditor.known.list_formats import ListExample
from auditor.known.entries import ListHeader, make_entries

HELP = "Acme's list"
EXAMPLES = (ListExample("a.acme", b"ACME 9e107d9d372bb6826bd81d3542a419d6"),)


def claims(head, name):
    return 99 if head.startswith(b"ACME ") else 0


def read(path, options):
    yield ListHeader("acme", holder="Acme", means="test")
    yield make_entries("md5", [bytes.fromhex(line[5:]) for line in path.read_text().splitlines()])
"""
MD5 = "9e107d9d372bb6826bd81d3542a419d6"


@pytest.fixture
def list_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list in the format of an installed distribution acme-lists 1.2."""
    site = tmp_path / "site"
    metadata = site / "acme_lists-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-lists\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text("[auditor.list_formats]\nacme = acme_lists\n")
    (site / "acme_lists.py").write_text(FORMAT)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "acme_lists", raising=False)
    load_members.cache_clear()
    path = tmp_path / "hills.acme"
    path.write_text(f"ACME {MD5}\n")
    return path


def test_an_installed_format_reads_a_list_and_without_it_nothing_does(list_file: Path, tmp_path: Path) -> None:
    known = open_list(list_file, into=tmp_path / "run", extensions=installed_extensions())
    assert (known.name, known.holder, known.entries) == ("hills", "Acme", 1)
    assert known.manifest["source"] == {
        "file": "hills.acme",
        "format": "acme",
        "read_as": '["", []]',
        "extension": "acme-lists 1.2 (auditor.list_formats: acme)",
    }
    with pytest.raises(ListError, match=r"hills\.acme: no list format recognises this file \(arachnid, checksums, "):
        open_list(list_file, into=tmp_path / "isolated")


def test_import_and_check_name_the_distribution_and_isolated_ones_load_nothing(list_file: Path) -> None:
    command = ["lists", "import", str(list_file), "--name", "hills", "--version", "1"]
    refused = CliRunner().invoke(main, [*command, "--isolated"])
    assert refused.exit_code == 2
    assert "no list format recognises this file" in refused.stderr
    made = CliRunner().invoke(main, command)
    assert made.stdout == "hills version 1 is active: 1 entries, means test\n"
    checked = CliRunner().invoke(main, ["lists", "check", "hills"]).stdout.splitlines()
    assert checked[0] == "list: hills version 1, format acme of acme-lists 1.2 (auditor.list_formats: acme)"


def test_a_scan_with_the_list_names_the_format_and_counts_it_in_the_policys_fingerprint(
    list_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "rows.csv").write_text(f"url,md5\nhttps://a.example/1.jpg,{MD5}\n")
    made = audit(target, known=[list_file], out=tmp_path / "with", workers=1)
    out = io.StringIO()
    report_formats()["json"].render(made, out, RenderOptions())
    assert json.loads(out.getvalue())["policy"]["extensions"] == [
        {"group": "auditor.list_formats", "name": "acme", "distribution": "acme-lists", "version": "1.2"}
    ]
    plain = tmp_path / "plain.txt"
    plain.write_text(f"# means: test\n{MD5}\n")
    with_it = audit(target, known=[plain], out=tmp_path / "plain", workers=1).policy.fingerprint
    without = audit(target, known=[plain], out=tmp_path / "isolated", workers=1, isolated=True).policy.fingerprint
    assert with_it != without


def test_an_installed_format_never_replaces_one_of_the_package() -> None:
    extension = Extension(LIST_FORMATS, "csv", "acme_lists", "acme-lists", "1.2")
    with pytest.raises(ExtensionError, match=r"acme-lists 1\.2 \(auditor\.list_formats: csv\): there is another"):
        list_formats((extension,))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"gone\.txt: the list cannot be read: No such file"):
        detect_format(tmp_path / "gone.txt")
