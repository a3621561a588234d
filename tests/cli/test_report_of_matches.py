"""From a match to a draft and its evidence, by one person, in two commands."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.sealing.envelope import open_envelope
from auditor.sealing.keys import SigningKey
from tests.pictures import jpeg, landscape

pyrage = pytest.importorskip("pyrage")

DIGESTS = [hashlib.md5(str(number).encode()).hexdigest() for number in range(40)]
PICTURE = jpeg(landscape(7, (96, 64)))


def auditor(*arguments: object, **options: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run over a manifest with two listed rows of one address and one of another, and a listed picture."""
    data = tmp_path / "web-pictures"
    data.mkdir()
    rows = [f"https://a.example/{number}.jpg,{digest}" for number, digest in enumerate(DIGESTS)]
    rows[5] = f"https://b.example/=1.jpg,{DIGESTS[5]}"
    rows[6] = f"https://b.example/=1.jpg,{DIGESTS[6]}"
    (data / "rows.csv").write_text("url,md5\n" + "\n".join(rows) + "\n")
    (data / "own.jpg").write_bytes(PICTURE)
    listed = [DIGESTS[3], DIGESTS[5], DIGESTS[6], hashlib.md5(PICTURE).hexdigest()]
    (tmp_path / "known.csv").write_text("md5\n" + "\n".join(listed) + "\n")
    scanned = auditor(
        "scan", data, "--known", tmp_path / "known.csv", "--means", "csam", "--out", tmp_path / "run", "--workers", 1
    )
    assert scanned.exit_code == 1, scanned.output
    return tmp_path / "run"


@pytest.fixture
def recipient(tmp_path: Path) -> tuple[Path, str]:
    identity = pyrage.x25519.Identity.generate()
    public = tmp_path / "hotline.age"
    public.write_text(f"# the hotline's key\n{identity.to_public()}\n")
    return public, str(identity)


def opened(file: Path, identity: str) -> dict[str, bytes]:
    data = pyrage.decrypt(file.read_bytes(), [pyrage.x25519.Identity.from_str(identity)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_draft_for_a_hotline_counts_matches_by_how_they_are_known_and_names_no_sample(run: Path) -> None:
    text = auditor("report", run, "--draft", "hotline", "--country", "GB").stdout
    assert text.startswith("DRAFT: written by a program and sent to nobody;")
    assert "To: Internet Watch Foundation, https://report.iwf.org.uk/" in text
    assert "4 samples of the dataset web-pictures match:" in text
    assert "1 × list known: exact, digest computed from the bytes" in text
    assert "3 × list known: exact, digest that the dataset states, not computed from bytes" in text
    assert "Nobody opened, copied or visited one of them" in text
    assert not [secret for secret in ("example/", "own.jpg", *DIGESTS) if secret in text]


def test_a_draft_for_the_cybertipline_is_xml_without_any_file(run: Path, tmp_path: Path) -> None:
    auditor("report", run, "--draft", "cybertipline", "-o", tmp_path / "draft.xml")
    draft = ElementTree.parse(tmp_path / "draft.xml").getroot()
    assert "4 samples of the dataset web-pictures match" in (draft.findtext("additionalInfo") or "")
    assert draft.tag == "report"
    assert draft.find("fileDetails") is None


def test_the_evidence_has_a_row_for_each_address_by_host_and_is_for_its_recipient_alone(
    run: Path, recipient: tuple[Path, str], tmp_path: Path
) -> None:
    public, identity = recipient
    key = SigningKey.create(tmp_path / "our.pem")
    told = public.read_text().split()[-1][-8:]
    out = tmp_path / "evidence.zip.age"
    written = auditor(
        "report",
        run,
        "--evidence",
        "--recipient",
        public,
        "--confirmed",
        told,
        "--key",
        tmp_path / "our.pem",
        "-o",
        out,
    )
    assert written.exit_code == 0, written.output
    assert out.stat().st_mode & 0o077 == 0
    files = opened(out, identity)
    rows = list(csv.DictReader(io.StringIO(files["evidence.csv"].decode())))
    file_digest = hashlib.sha256((tmp_path / "web-pictures" / "rows.csv").read_bytes()).hexdigest()
    assert [(row["host"], row["address"], row["file"], row["row"]) for row in rows] == [
        ("", "", "own.jpg", "0"),
        ("a.example", "https://a.example/3.jpg", "rows.csv", "4"),
        ("b.example", "https://b.example/=1.jpg", "rows.csv", "6"),
    ]
    assert {(row["list"], row["match"], row["visited"]) for row in rows} == {("known", "exact", "not visited")}
    assert [row["basis"] for row in rows] == ["computed", "declared", "declared"]
    assert rows[1]["file_sha256"] == file_digest
    assert "entry_token" not in rows[0]
    sums = open_envelope(
        files["SHA256SUMS.dsse.json"], "application/vnd.provenance-auditor.evidence-digests+text", key.public
    )
    assert sums == files["SHA256SUMS"]
    assert hashlib.sha256(files["evidence.csv"]).hexdigest() in sums.decode()
    assert files["letter.txt"].decode().startswith("DRAFT")


def test_only_a_lists_own_holder_is_given_the_tokens_of_its_entries(
    run: Path, recipient: tuple[Path, str], tmp_path: Path
) -> None:
    public, identity = recipient
    told = public.read_text().split()[-1]
    options = ("--recipient", public, "--confirmed", told, "-o", tmp_path / "e.age")
    assert auditor("report", run, "--evidence", "--holder", "known", *options).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(opened(tmp_path / "e.age", identity)["evidence.csv"].decode())))
    assert all(len(row["entry_token"]) == 16 for row in rows)
    other = auditor("report", run, "--evidence", "--holder", "other", *options)
    assert (other.exit_code, "--holder other: no sample matches a list of this name" in other.stderr) == (2, True)


def test_a_key_that_was_not_confirmed_gets_nothing(run: Path, recipient: tuple[Path, str], tmp_path: Path) -> None:
    for told in ("age1x", "12345678"):
        refused = auditor(
            "report", run, "--evidence", "--recipient", recipient[0], "-o", tmp_path / "e.age", input=f"{told}\n"
        )
        assert refused.exit_code == 2
        assert not (tmp_path / "e.age").exists()


def test_without_a_key_a_long_passphrase_is_asked_for(run: Path, tmp_path: Path) -> None:
    short = auditor("report", run, "--evidence", "-o", tmp_path / "e.age", input="short\nshort\n")
    assert (short.exit_code, "at least 12 characters" in short.stderr) == (2, True)
    words = "correct horse battery\n"
    assert auditor("report", run, "--evidence", "-o", tmp_path / "e.age", input=words * 2).exit_code == 0
    archive = pyrage.passphrase.decrypt((tmp_path / "e.age").read_bytes(), words.strip())
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist()[0] == "evidence.csv"


def test_evidence_is_never_printed_and_nothing_is_left_in_the_run(run: Path, recipient: tuple[Path, str]) -> None:
    before = {path: path.stat().st_size for path in run.rglob("*") if path.is_file()}
    refused = auditor("report", run, "--evidence", "--recipient", recipient[0])
    assert (refused.exit_code, "name the file to write with -o" in refused.stderr) == (2, True)
    assert {path: path.stat().st_size for path in run.rglob("*") if path.is_file()} == before


def test_what_matches_no_list_of_known_content_is_not_reported(tmp_path: Path) -> None:
    hub, known = Path(__file__).parents[1] / "data" / "hub", Path(__file__).parents[1] / "data" / "known-pictures.csv"
    auditor("scan", hub, "--known", known, "--profile", "example", "--out", tmp_path / "run", "--workers", 1)
    for options in (("--draft", "hotline"), ("--evidence", "-o", tmp_path / "e")):
        refused = auditor("report", tmp_path / "run", *options)
        assert refused.exit_code == 2
        assert "list known-pictures means `test`, so this is a rehearsal" in refused.stderr


def test_addresses_of_targets_that_are_gone_are_left_out(
    run: Path, recipient: tuple[Path, str], tmp_path: Path
) -> None:
    (tmp_path / "web-pictures" / "rows.csv").unlink()
    public, identity = recipient
    told = public.read_text().split()[-1]
    auditor("report", run, "--evidence", "--recipient", public, "--confirmed", told, "-o", tmp_path / "e.age")
    rows = list(csv.DictReader(io.StringIO(opened(tmp_path / "e.age", identity)["evidence.csv"].decode())))
    assert [(row["address"], row["file"], row["row"]) for row in rows] == [
        ("", "own.jpg", "0"),
        ("", "rows.csv", "4"),
        ("", "rows.csv", "6"),
        ("", "rows.csv", "7"),
    ]
