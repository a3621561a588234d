"""Known content in a run, from the files to the report: what is counted, set aside, expected by chance, not checked."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report
from auditor.render import report_formats
from auditor.reporting.coverage import chance_matches
from auditor.reporting.render_options import RenderOptions
from tests import pictures


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def write_list(folder: Path, *rows: str, means: str = "csam") -> Path:
    """A list that ordinary pictures stand on."""
    path = folder / "ordinary.csv"
    path.write_text("\n".join(["# name: ordinary", "# version: 1", f"# means: {means}", *rows]) + "\n")
    return path


def pdq_of(data: bytes) -> str:
    digest = hash_images([EncodedImage("a", "a", 0, data)], ["pdq"], ()).column("pdq")[0].as_py()
    assert isinstance(digest, bytes)
    return digest.hex()


def render_text(report: Report, form: str) -> str:
    out = io.StringIO()
    report_formats()[form].render(report, out, RenderOptions(verbose=True))
    return " ".join(out.getvalue().split())


def known_content_remarks(report: Report) -> dict[str, str]:
    """What is said of known content in the dataset: remarks by fact."""
    return {finding.fact: finding.remark for finding in report.findings if finding.rule == "known-content-in-dataset"}


def folder_of_pictures(folder: Path) -> list[bytes]:
    folder.mkdir()
    made = [pictures.jpeg(pictures.landscape(seed, (96, 72)), 85) for seed in range(6)]
    for number, data in enumerate(made):
        (folder / f"{number}.jpg").write_bytes(data)
    return made


def test_a_report_says_what_chance_would_give_and_that_crops_are_not_found(tmp_path: Path) -> None:
    made = folder_of_pictures(tmp_path / "hills")
    random = np.random.default_rng(3)
    known = write_list(tmp_path, "pdq", pdq_of(made[0]), *(random.bytes(32).hex() for _ in range(30)))
    report = audit(tmp_path / "hills", known=[known], out=tmp_path / "run", workers=1)
    # Six pictures; the one that matched is not compared with decoys.
    chance = "List ordinary: among 5 hashes compared, about 0.0 near matches are expected by coincidence"
    for form in ("terminal", "html"):
        text = render_text(report, form)
        assert chance in text
        assert "pictures were not checked for being a cut-out of a listed picture" in text
    assert report.tally.coverage["hits csam near"] == 1
    assert "known-content-in-dataset" in {finding.rule for finding in report.findings}


def manifest(folder: Path, rows: list[tuple[str, str]]) -> Path:
    (folder / "data").mkdir()
    path = folder / "data" / "manifest.csv"
    path.write_text("pdq,md5\n" + "".join(f"{pdq},{md5}\n" for pdq, md5 in rows))
    return folder / "data"


def flip_bits(value: bytes, seed: int) -> str:
    """The hash with 20 to 31 of its bits inverted: no two of them are near each other by more than chance."""
    random = np.random.default_rng(seed)
    bits = np.unpackbits(np.frombuffer(value, np.uint8))
    bits[random.choice(256, random.integers(20, 32), replace=False)] ^= 1
    return np.packbits(bits).tobytes().hex()


def test_an_entry_that_matches_too_much_is_set_aside_with_a_finding_about_its_list(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    poisoned, sound = random.bytes(32), random.bytes(32)
    film = hashlib.md5(b"a film").hexdigest()
    nothing = [(random.bytes(32).hex(), random.bytes(16).hex()) for _ in range(300)]
    data = manifest(
        tmp_path,
        [
            *((flip_bits(poisoned, seed), "") for seed in range(40)),
            (flip_bits(sound, 100), ""),
            (random.bytes(32).hex(), film),
            *nothing,
        ],
    )
    known = write_list(tmp_path, "pdq,md5", f"{poisoned.hex()},", f"{sound.hex()},{film}")
    report = audit(data, known=[known], out=tmp_path / "run", workers=1)
    set_aside = [finding for finding in report.findings if finding.rule == "list-entry-set-aside"]
    assert [finding.fact for finding in set_aside] == ["an entry of list ordinary matched too much and was set aside"]
    assert "nearly matched 40 samples that are not alike; these are not counted" in set_aside[0].remark
    assert poisoned.hex()[:12] not in render_text(report, "json")
    assert known_content_remarks(report) == {
        f"matches entries of list ordinary (claimed-{how})": (
            "1 exact, 1 near of 342 samples; claimed by its manifest, no bytes here"
        )
        for how in ("exact", "near")
    }
    assert report.tally.samples.collected == 342


def test_pictures_that_a_metadata_table_describes_are_counted_once_and_found_by_what_it_declares(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "hills"
    made = folder_of_pictures(folder)
    raw = hashlib.md5(b"the picture before it was resized").hexdigest()
    (folder / "metadata.csv").write_text(f"file_name,md5\n3.jpg,{raw}\n4.jpg,{hashlib.md5(made[4]).hexdigest()}\n")
    known = write_list(tmp_path, "md5", raw, hashlib.md5(made[4]).hexdigest())
    report = audit(folder, known=[known], out=tmp_path / "run", workers=1)
    assert (report.tally.samples.collected, report.tally.samples.scanned) == (6, 6)
    assert report.tally.samples.is_balanced
    # 4.jpg matches by its own digest and by the declared one, 3.jpg by the declared one alone.
    assert known_content_remarks(report) == {
        "matches entries of list ordinary (exact)": "1 exact of 6 samples; computed from its files",
        "matches entries of list ordinary (claimed-exact)": "1 exact of 6 samples; claimed by its manifest",
    }
    assert report.tally.coverage == {
        "compared by md5": 6,
        "compared by md5, as declared too": 2,
        "hits csam exact": 1,
        "hits csam exact, as declared too": 2,
    }


def test_a_git_lfs_pointer_is_matched_by_the_digest_it_declares_and_is_still_a_gap(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    digest = hashlib.sha256(b"a film").hexdigest()
    (folder / "film.mp4").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 6\n")
    report = audit(folder, known=[write_list(tmp_path, "sha256", digest)], out=tmp_path / "run", workers=1)
    assert report.tally.coverage == {"compared by sha256": 1, "hits csam exact": 1}
    remark = "1 exact of 1 samples; claimed by its manifest, no bytes here"
    assert known_content_remarks(report)["matches entries of list ordinary (claimed-exact)"] == remark
    assert known_content_remarks(report)["samples could not be hashed or matched"].startswith("a Git LFS pointer: ")
    assert report.unread == 1


def test_a_git_annex_key_is_matched_by_its_digest_once_however_many_links_lead_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    key = f"SHA256E-s6--{hashlib.sha256(b'a film').hexdigest()}.mp4"
    (folder / "film.mp4").symlink_to(f".git/annex/objects/aa/bb/{key}/{key}")
    (folder / "again.mp4").write_text(f"/annex/objects/{key}\n")
    known = write_list(tmp_path, "sha256", hashlib.sha256(b"a film").hexdigest())
    report = audit(folder, known=[known], out=tmp_path / "run", workers=1)
    remark = "1 exact of 1 samples; claimed by its manifest, no bytes here"
    assert known_content_remarks(report)["matches entries of list ordinary (claimed-exact)"] == remark
    assert known_content_remarks(report)["samples could not be hashed or matched"].startswith("a git-annex pointer: ")


def model_trained_on(folder: Path) -> Path:
    """A hub with a model that says it was trained on acme/pictures, and that dataset's folder, still empty."""
    (folder / "models" / "acme" / "painter").mkdir(parents=True)
    (folder / "models" / "acme" / "painter" / "README.md").write_text(
        "---\ndatasets: [acme/pictures]\n---\n# Painter\n"
    )
    (folder / "datasets" / "acme" / "pictures").mkdir(parents=True)
    return folder / "datasets" / "acme" / "pictures"


TRAINED = {"trained-on-known-content", "trained-on-claimed-known-content"}


def of_model(report: Report) -> set[tuple[str, str, str]]:
    """Rule, severity and remark of all that is said of the model's training data."""
    return {(f.rule, f.severity, f.remark) for f in report.findings if f.rule in TRAINED}


CLAIM = ("trained-on-claimed-known-content", "note", "1 exact of {} samples; list ordinary; said by its card")
BYTES = ("trained-on-known-content", "error", "1 exact of {} samples; list ordinary; said by its card")


@pytest.mark.parametrize(("bytes_here", "claimed"), [(False, True), (True, False), (True, True)])
def test_a_manifest_that_claims_a_listed_digest_opens_no_case_and_bytes_do(
    tmp_path: Path, bytes_here: bool, claimed: bool
) -> None:
    data = model_trained_on(tmp_path / "hub")
    picture, film = pictures.jpeg(pictures.landscape(5, (96, 72)), 85), hashlib.md5(b"a film").hexdigest()
    if bytes_here:
        (data / "hill.jpg").write_bytes(picture)
    if claimed:
        (data / "manifest.csv").write_text(f"url,md5\nhttps://films.example.org/1,{film}\n")
    known = write_list(tmp_path, "md5", film, hashlib.md5(picture).hexdigest())
    report = audit(tmp_path / "hub", known=[known], out=tmp_path / "run", workers=1)
    number = bytes_here + claimed
    alone = "" if bytes_here else ", no bytes here"
    counted = f"1 exact of {number} samples"
    expected = {
        "matches entries of list ordinary (exact)": f"{counted}; computed from its files",
        "matches entries of list ordinary (claimed-exact)": f"{counted}; claimed by its manifest{alone}",
    }
    here = [there for there, wanted in zip(expected, (bytes_here, claimed), strict=True) if wanted]
    assert known_content_remarks(report) == {fact: expected[fact] for fact in here}
    assert {f.severity for f in report.findings if f.fact in here} == {"error"}
    expected_sources = [one for one, wanted in ((BYTES, bytes_here), (CLAIM, claimed)) if wanted]
    assert of_model(report) == {(rule, severity, remark.format(number)) for rule, severity, remark in expected_sources}
    assert [(case.ground, case.subject) for case in report.cases] == [("exposed", "acme/painter")] * bytes_here


def test_an_edited_copy_is_a_lead_with_thorough_variants_and_opens_no_case(tmp_path: Path) -> None:
    data = model_trained_on(tmp_path / "hub")
    picture = pictures.landscape(5, (240, 180))
    noise = np.random.default_rng(7).integers(0, 256, (200, 260, 3), np.uint8)
    framed = Image.fromarray(noise)
    framed.paste(picture, (10, 10))
    (data / "framed.jpg").write_bytes(pictures.jpeg(framed, 90))
    (data / "other.jpg").write_bytes(pictures.jpeg(pictures.objects(6, (240, 180)), 90))
    known = write_list(tmp_path, "pdq", pdq_of(pictures.png(picture)))
    default = ("oriented", "unpadded", "512", "dihedral")
    plain = audit(tmp_path / "hub", known=[known], out=tmp_path / "plain", workers=1, variants=default)
    assert not any("known-content" in finding.rule for finding in plain.findings)
    report = audit(tmp_path / "hub", known=[known], out=tmp_path / "run", workers=1, variants=(*default, "thorough"))
    assert {(f.rule, f.severity, f.fact, f.remark) for f in report.findings if "known-content" in f.rule} == {
        (
            "known-content-lead",
            "warning",
            "leads to entries of list ordinary (near-thorough)",
            "1 near of 2 samples; with common edits undone",
        ),
        (
            "trained-on-known-content-lead",
            "note",
            "trained on dataset acme/pictures, which has leads to a known-content list (near)",
            "1 near of 2 samples; list ordinary; said by its card",
        ),
    }
    assert report.cases == ()
    # The picture that gave the lead is not compared with decoys; the other one is, in every variant of enough detail.
    _, leads = chance_matches(report)
    assert leads.startswith(
        "List ordinary, with common edits undone: among 79 hashes (pictures: 1), about 0.0 leads are "
    )
    assert leads.endswith(
        "no more than 3.6 with 95 % confidence: 9.7e-01 for each picture, and 4.6e-02 each time that one hash "
        "is compared with one entry."
    )
