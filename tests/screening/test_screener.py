"""A screener answers match, none or unchecked, as a scan of the same file does, and never says more than it may."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import pickle
import re
import struct
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

import auditor
from auditor.errors import ListError, UsageError
from auditor.known.list_health import MAX_LIST_AGE
from auditor.screening.screener import MatchedList, Screener, Screening
from tests.known.list_files import hexes, imported_as
from tests.known.list_files import list_file as text_list
from tests.pictures import encoded, jpeg, landscape, objects, pattern, png
from tests.screening.conftest import LISTED, LISTED_NEARLY, ListFile

OTHER = jpeg(pattern(3))
NONE = "no match in 1 list (hills), which does not say that it is free of such content"


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("picture.jpg", data)
    return file.getvalue()


def png_of_claimed_size(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes whose header claims so many pixels."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(100_000))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def test_the_same_bytes_match_exactly_and_say_what_the_entry_means(screener: Screener) -> None:
    assert screener.screen(LISTED) == Screening(
        "match", (MatchedList("hills", "test", "exact"),), "matches an entry of hills, which means test (exact)"
    )


@pytest.mark.parametrize(
    "copy",
    [jpeg(objects(2), 60), png(objects(2)), jpeg(objects(2).resize((700, 525)), 80), encoded(objects(2), "WEBP")],
    ids=["quality", "png", "larger", "webp"],
)
def test_an_encoded_anew_copy_matches_nearly(screener: Screener, copy: bytes) -> None:
    assert screener.screen(copy).lists == (MatchedList("hills", "test", "near"),)


def test_another_picture_is_no_match_which_is_no_assurance(screener: Screener) -> None:
    assert screener.screen(OTHER) == Screening("none", (), NONE)


def test_a_turned_copy_matches_only_if_it_is_asked_for(hills: Path) -> None:
    turned = jpeg(objects(2).rotate(90, expand=True))
    assert Screener([hills]).screen(turned).outcome == "none"
    assert Screener([hills], dihedral=True).screen(turned).lists == (MatchedList("hills", "test", "near"),)


def test_every_frame_of_an_animation_is_compared(screener: Screener) -> None:
    frames = [pattern(3), pattern(4), objects(2)]
    animation = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=90)
    assert screener.screen(animation).lists == (MatchedList("hills", "test", "near"),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>404</title>", "is text or numbers, no picture"),
        (bytes(4096), "is nothing but zeros"),
        (bytes(100 << 20), "not a picture in a format that is read here, or its header is damaged"),
        (zipped(LISTED), "is an archive; scan it"),
        (b"\x1f\x8b\x08" + bytes(range(200)), "is an archive; scan it"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(range(200)), "is an archive; scan it"),
        (LISTED[:20_000], "truncated picture"),
        (png_of_claimed_size(60_000, 60_000), "more than 64 megapixels, so not decoded"),
        (
            b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
            "is a video, whose frames are not compared here; scan it",
        ),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a picture or document in a format that is not decoded: PDF"),
        (b"ID3" + bytes(range(256)) + b"APIC", "is a sound file, whose cover art is not compared"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n",
            "is a pointer of Git LFS or git-annex: the file itself is not here",
        ),
    ],
)
def test_what_is_not_compared_is_unchecked_and_never_none(list_file: ListFile, data: bytes, why: str) -> None:
    # The list holds nothing of it: a truncated picture would still match by what is left of it.
    assert Screener([list_file(LISTED_NEARLY)]).screen(data) == Screening("unchecked", (), why)


def test_the_exact_digest_of_what_cannot_be_decoded_matches_all_the_same(list_file: ListFile) -> None:
    archive = zipped(OTHER)
    found = Screener([list_file(archive, algorithms=("sha256",))]).screen(archive)
    assert found.lists == (MatchedList("hills", "test", "exact"),)
    assert found.why == "matches an entry of hills, which means test (exact); is an archive; scan it"


def test_a_page_instead_of_a_picture_is_unchecked_for_exact_digests_too(list_file: ListFile) -> None:
    exact_alone = Screener([list_file(LISTED, algorithms=("sha256",))])
    assert exact_alone.screen(b"<html>not found</html>").why == "is text or numbers, no picture"
    assert exact_alone.screen(OTHER).outcome == "none"


def test_a_picture_without_detail_is_compared_by_exact_digests_and_says_so(hills: Path, list_file: ListFile) -> None:
    blank = png(Image.new("L", (300, 200), 240))
    assert Screener([hills]).screen(blank).why == f"{NONE}; not compared by pdq: it shows too little detail"
    by_pdq = Screener([list_file(LISTED, algorithms=("pdq",), name="pdq-alone")])
    assert by_pdq.screen(blank) == Screening(
        "unchecked", (), "nothing of it can be compared with pdq-alone; it shows too little detail"
    )


def test_a_benign_list_excludes_near_matches_and_is_not_named(hills: Path, list_file: ListFile) -> None:
    copy = jpeg(objects(2), 60)
    benign = list_file(copy, means="benign", name="stock")
    assert Screener([hills, benign]).screen(copy) == Screening("none", (), NONE)
    assert Screener([hills, benign]).screen(LISTED_NEARLY).lists == (MatchedList("hills", "test", "exact"),)


def test_entries_that_nothing_here_computes_are_named_in_an_answer_without_a_match(tmp_path: Path) -> None:
    path = tmp_path / "hills.csv"
    path.write_text(f"# means: test\nmd5,photodna\n{'0' * 31}1,{'07' * 144}\n")
    assert Screener([path]).screen(OTHER).why == f"{NONE}; not compared with the entries of hills by photodna"


def test_a_list_that_is_too_old_finds_matches_and_answers_nothing_else(
    tmp_path: Path, list_file: ListFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))
    assert datetime.timedelta(days=90) == MAX_LIST_AGE
    imported_as(list_file(LISTED, name="old"), name="old")
    screener = Screener(["old"])
    assert screener.screen(OTHER).outcome == "none"
    old = Screener(["old"], max_list_age=datetime.timedelta(0))
    assert old.outdated_lists == ("old",)
    assert old.screen(OTHER) == Screening("unchecked", (), "old is too old: import a newer version")
    assert old.screen(LISTED).lists == (MatchedList("old", "test", "exact"),)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("# means: test", "https://example.org/a.jpg"), "holds nothing that a picture's bytes can be compared with"),
        (("# means: benign", *hexes(1)), "no list that can match is given"),
    ],
)
def test_a_list_that_cannot_answer_for_a_picture_is_refused(tmp_path: Path, lines: tuple[str, ...], says: str) -> None:
    with pytest.raises((ListError, UsageError), match=says):
        Screener([text_list(tmp_path, *lines)])


def test_without_a_list_or_with_two_of_one_name_there_is_no_screener(hills: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no list that can match is given"):
        Screener([])
    (tmp_path / "other").mkdir()
    again = text_list(tmp_path / "other", "# means: test", *hexes(1), name="hills.txt")
    with pytest.raises(UsageError, match="two lists are called 'hills'"):
        Screener([hills, again])


def test_many_threads_get_the_answers_of_one(screener: Screener) -> None:
    data = [LISTED, jpeg(objects(2), 50), OTHER, OTHER[:5000], b"", zipped(OTHER)]
    alone = [screener.screen(each) for each in data]
    assert {each.outcome for each in alone} == {"match", "none", "unchecked"}
    fresh = Screener([screener._opened[0].path])  # maps its arrays while the threads run
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fresh.screen, data * 20)) == alone * 20


def test_a_screener_is_sent_to_a_process_as_its_lists_paths(screener: Screener) -> None:
    sent = pickle.dumps(screener)
    assert len(sent) < 2000
    assert pickle.loads(sent).screen(LISTED) == screener.screen(LISTED)


def test_screening_finds_what_a_scan_of_the_same_files_finds(hills: Path, tmp_path: Path) -> None:
    made = {
        "same.jpg": LISTED,
        "small.jpg": jpeg(landscape(1).resize((300, 225)), 80),
        "worse.jpg": jpeg(objects(2), 30),
        "padded.png": png(padded(objects(2))),
        "upright.jpg": exif_turned(objects(2)),
        "turned.jpg": jpeg(objects(2).rotate(90, expand=True)),
        "other.jpg": OTHER,
        "cut.jpg": OTHER[: len(OTHER) // 2],
        "blank.png": png(Image.new("L", (90, 90))),
        "packed.zip": zipped(OTHER),
    }
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in made.items():
        (folder / name).write_bytes(data)
    screener = Screener([hills])
    report = auditor.audit(folder, known=[hills], out=tmp_path / "run", workers=1)
    hits = [line for part in report.restricted.rglob("*.parquet") for line in read_rows(part)]
    assert hits, "the scan found nothing"
    scanned = {(row["sample"], row["list"], match_kind(row["algorithm"])) for row in hits}
    best = {(name, each) for name, each, kind in scanned if kind == "exact"}
    scanned = {(name, each, kind) for name, each, kind in scanned if kind == "exact" or (name, each) not in best}
    answers = {name: screener.screen(data) for name, data in made.items()}
    screened = {(name, each.name, each.match) for name, answer in answers.items() for each in answer.lists}
    assert screened == scanned
    assert {name for name, _, _ in screened} == {"same.jpg", "small.jpg", "worse.jpg", "padded.png", "upright.jpg"}
    assert {name for name, answer in answers.items() if answer.outcome == "unchecked"} == {"cut.jpg", "packed.zip"}


def padded(picture: Image.Image) -> Image.Image:
    wide = Image.new("RGB", (picture.width, picture.height + 200))
    wide.paste(picture, (0, 100))
    return wide


def exif_turned(picture: Image.Image) -> bytes:
    """Return a picture that is stored on its side, with the orientation that shows it upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(picture.rotate(90, expand=True), exif=exif)


def read_rows(path: Path) -> list[dict[str, object]]:
    import pyarrow.parquet as pq

    return [row for row in pq.read_table(path).to_pylist() if "token" in row]


def match_kind(algorithm: object) -> str:
    return "exact" if algorithm in ("md5", "sha1", "sha256", "sha512") else "near"


def test_an_answer_tells_no_token_digest_distance_or_variant(screener: Screener) -> None:
    padded_copy = screener.screen(png(padded(objects(2))))
    assert padded_copy.outcome == "match"
    text = json.dumps([dataclasses.asdict(each) for each in (padded_copy, screener.screen(LISTED))])
    assert not re.search(r"[0-9a-f]{8}|\d+ bits|unpadded|oriented|pdq|md5", text)


def test_the_package_offers_the_screener_by_name() -> None:
    assert auditor.Screener is Screener
    assert auditor.Screening is Screening
