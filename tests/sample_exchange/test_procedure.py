"""The whole procedure from the command line: export, answer, clean, addresses; and what can go wrong in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.deindex.party_cards import load_card
from auditor.deindex.party_keys import load_keys
from auditor.pipeline.audit import audit
from auditor.sample_exchange import answer_file
from auditor.sample_exchange.answer_file import open_answer, write_answer
from auditor.sample_exchange.export_samples import open_export
from auditor.sealing.encryption import decrypt
from tests.sample_exchange.exchange import digest, write_list

ROWS = 120_000
LISTED = (7, 60_000, 119_999)


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def done(*args: object, code: int = 0) -> str:
    result = run(*args)
    assert result.exit_code == code, result.output
    return result.output


@dataclass(frozen=True)
class Sides:
    """A researcher, the holder of a list and a stranger, each with a folder of keys and a card."""

    folder: Path

    def keys(self, name: str) -> Path:
        return self.folder / f"keys-{name}"

    def card(self, name: str) -> Path:
        return self.keys(name) / "card.json"

    def export(self, target: Path, *options: object, code: int = 0) -> Path:
        out = self.folder / "ask.parquet"
        done("samples", "export", target, "--out", out, *options, code=code)
        return out

    def answer(self, export: Path, out: str = "answer.age") -> Path:
        args = ("--known", self.folder / "known.csv", "--recipient", self.card("researcher"))
        places = ("--keys", self.keys("holder"), "--record", self.folder / "record", "--out", self.folder / out)
        done("samples", "answer", export, *args, *places)
        return self.folder / out

    def clean(self, manifest: Path, answer: Path, *, keys: str = "researcher", holder: str = "holder") -> Result:
        args = ("--answer", answer, "--holder", self.card(holder), "--keys", self.keys(keys))
        return run("samples", "clean", manifest, *args, "--out", self.folder / "cleaned")


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    both = Sides(tmp_path)
    for name in ("researcher", "holder", "stranger"):
        done("deindex", "keys", name, "--keys", both.keys(name))
    write_list(tmp_path / "known.csv", LISTED)
    return both


def rows_of(numbers: Sequence[int]) -> pa.Table:
    columns = {
        "URL": [f"https://host.example/{n}.jpg" for n in numbers],
        "md5": [digest(n).hex() for n in numbers],
        "caption": [f'number {n}, "quoted"\nand broken' for n in numbers],
        "width": numbers,
    }
    return pa.table(columns).replace_schema_metadata({"made": "by a test"})


def write_csv(path: Path, numbers: Sequence[int]) -> list[bytes]:
    """Write a CSV with quotes, broken lines, CRLF and a blank line; return its records."""
    records = [b"URL,md5,caption\r\n"]
    records += [
        f'https://host.example/{n}.jpg,{digest(n).hex()},"number ""{n}"",\nbroken"\r\n'.encode() for n in numbers
    ]
    records.insert(3, b"\r\n")
    path.write_bytes(b"".join(records))
    return records


def write_jsonl(path: Path, numbers: Sequence[int]) -> list[bytes]:
    records = [json.dumps({"n": n, "md5": digest(n).hex(), "url": f"https://h.example/{n}"}).encode() for n in numbers]
    records = [one + b"\n" for one in records[:-1]] + records[-1:]  # no line break at the end
    path.write_bytes(b"".join(records))
    return records


def test_from_export_to_cleaned_manifest_and_sealed_addresses(sides: Sides) -> None:
    manifest = sides.folder / "manifest.parquet"
    pq.write_table(
        rows_of(range(ROWS)),
        manifest,
        compression={"URL": "snappy", "md5": "none", "caption": "zstd", "width": "gzip"},
        row_group_size=50_000,
    )
    export = sides.export(manifest)
    assert export.stat().st_size <= 24 * ROWS
    assert b"host.example" not in export.read_bytes()
    answer = sides.answer(export)
    assert not {digest(n) for n in LISTED} & {answer.read_bytes()[i : i + 16] for i in range(answer.stat().st_size)}
    cleaned = sides.clean(manifest, answer)
    assert cleaned.exit_code == 0, cleaned.output
    assert "removed, in whole blocks, by an answer of holder (known" in cleaned.output

    before, after = pq.ParquetFile(manifest), pq.ParquetFile(sides.folder / "cleaned" / "manifest.parquet")
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    for column in range(4):
        of = (file.metadata.row_group(0).column(column).compression for file in (before, after))
        assert len(set(of)) == 1, "each column keeps its compression"
    kept = after.read()["width"].to_pylist()
    assert not set(LISTED) & set(kept)
    removed = ROWS - len(kept)
    assert removed >= 3_000, "three rows match, and at least 1,000 go with each"
    assert kept == sorted(kept)

    sealed = sides.folder / "addresses.age"
    args = ("--manifest", manifest, "--recipient", sides.card("holder"), "--keys", sides.keys("researcher"))
    done("samples", "addresses", answer, *args, "--out", sealed)
    assert b"host.example" not in sealed.read_bytes()
    out = io.BytesIO()
    with open(sealed, "rb") as file:
        decrypt(file, out, load_keys(sides.keys("holder")).identity)
    lines = out.getvalue().decode().splitlines()
    assert lines[0] == "url,md5"
    assert len(lines) - 1 == removed
    assert f'"https://host.example/60000.jpg","{digest(60_000).hex()}"' in lines


def test_lines_of_csv_are_kept_unchanged(sides: Sides) -> None:
    manifest = sides.folder / "manifest.csv"
    records = write_csv(manifest, range(ROWS))
    answer = sides.answer(sides.export(manifest))
    assert sides.clean(manifest, answer).exit_code == 0
    opened = open_answer(answer, load_keys(sides.keys("researcher")), load_card(sides.card("holder")), "2026-01-01")
    from tests.sample_exchange.exchange import hashes_of

    removed = opened.ranges.contain(hashes_of(range(ROWS)))
    assert removed.sum() >= 3_000
    numbers = iter(range(ROWS))
    expected = [one for one in records if not one.startswith(b"https") or not removed[next(numbers)]]
    assert (sides.folder / "cleaned" / "manifest.csv").read_bytes() == b"".join(expected)


def test_lines_of_json_are_kept_unchanged(sides: Sides) -> None:
    manifest = sides.folder / "manifest.jsonl"
    records = write_jsonl(manifest, range(ROWS))
    assert sides.clean(manifest, sides.answer(sides.export(manifest))).exit_code == 0
    kept = (sides.folder / "cleaned" / "manifest.jsonl").read_bytes()
    assert set(kept.splitlines(keepends=True)) <= set(records)
    assert not {json.loads(line)["n"] for line in kept.splitlines()} & set(LISTED)
    assert 100_000 < len(kept.splitlines()) <= ROWS - 3_000


def test_a_folder_of_parquet_files_is_cleaned_file_by_file(sides: Sides) -> None:
    folder = sides.folder / "shards"
    (folder / "deep").mkdir(parents=True)
    for number in range(3):
        part = rows_of(range(number * 40_000, (number + 1) * 40_000))
        pq.write_table(part, folder / ("deep" if number else ".") / f"{number}.parquet")
    (folder / "README.md").write_text("A list of numbers.\n")
    result = sides.clean(folder, sides.answer(sides.export(folder)))
    assert result.exit_code == 0, result.output
    assert "1 files of the folder are no part of the manifest" in result.output
    names = {path.relative_to(sides.folder / "cleaned").as_posix() for path in (sides.folder / "cleaned").rglob("*.*")}
    assert names == {"0.parquet", "deep/1.parquet", "deep/2.parquet"}


def test_rows_without_a_digest_stay_and_are_said(sides: Sides) -> None:
    manifest = sides.folder / "manifest.parquet"
    table = rows_of(range(ROWS))
    digests = [None if n % 1_000 == 1 else "not a digest" if n % 1_000 == 2 else digest(n).hex() for n in range(ROWS)]
    pq.write_table(table.set_column(1, "md5", pa.array(digests)), manifest)
    result = sides.clean(manifest, sides.answer(sides.export(manifest, code=3)))
    assert result.exit_code == 3
    assert "240 rows have no digest, so nobody was asked about them; kept" in result.output


def test_the_digests_that_a_run_keeps_are_exported(sides: Sides) -> None:
    manifest = sides.folder / "manifest.parquet"
    pq.write_table(rows_of(range(ROWS)), manifest)
    audit(manifest, out=sides.folder / "run", workers=1, keep_digests=True)
    export = sides.export(sides.folder / "run")
    assert open_export(export).rows == ROWS
    result = sides.clean(manifest, sides.answer(export))
    assert result.exit_code == 0, result.output
    assert "see to it that this is that run's manifest" in result.output
    assert not set(LISTED) & set(pq.read_table(sides.folder / "cleaned" / "manifest.parquet")["width"].to_pylist())


def test_a_small_dataset_is_to_be_withdrawn(sides: Sides) -> None:
    manifest = sides.folder / "manifest.parquet"
    pq.write_table(rows_of(range(500)), manifest)
    result = sides.clean(manifest, sides.answer(sides.export(manifest)))
    assert result.exit_code == 2
    assert "the answer is to withdraw the dataset: it has 500 different rows" in result.output
    assert not (sides.folder / "cleaned").exists()


def small_answer(sides: Sides, **changes: object) -> tuple[Path, Path]:
    """Return a manifest of a few rows, and an answer for it that names the half of all hashes."""
    manifest = sides.folder / "few.csv"
    manifest.write_text("md5\n" + "".join(f"{digest(n).hex()}\n" for n in range(100)))
    export = open_export(sides.export(manifest))
    keys, asker = load_keys(sides.keys("holder")), load_card(sides.card("researcher"))
    answer = answer_file.Answer(
        kind="blocks",
        why="",
        algorithm="md5",
        manifest=export.header.manifest,
        column="md5",
        export=export.sha256,
        rows=100,
        blocks=((1, (0,)),),
        unanswered=(),
        lists=(("known", "1"),),
        holder="holder",
        recipient="researcher",
        recipient_key=asker.age,
        issued="2026-11-30T00:00:00Z",
        expires="2999-01-01T00:00:00Z",
    )
    path = sides.folder / "made.age"
    write_answer(replace(answer, **changes), asker, keys, path)  # type: ignore[arg-type]
    return manifest, path


def test_an_answer_is_used_for_thirty_days(sides: Sides) -> None:
    assert answer_file.ANSWER_DAYS == 30
    assert answer_file.expiry("2026-11-30T12:00:00Z") == "2026-12-30T12:00:00Z"
    result = sides.clean(*small_answer(sides, expires="2026-01-01T00:00:00Z"))
    assert result.exit_code == 2
    assert "was to be used until 2026-01-01; export the samples and ask again" in result.output


def test_wrong_keys_wrong_holders_and_changed_bytes_are_refused(sides: Sides) -> None:
    manifest, answer = small_answer(sides)
    cases = [
        ({"keys": "stranger"}, "was encrypted for another key"),
        ({"holder": "stranger"}, "the signature is not by the sender's key"),
    ]
    for options, message in cases:
        result = sides.clean(manifest, answer, **options)
        assert (result.exit_code, message in result.output) == (2, True), result.output
    data = bytearray(answer.read_bytes())
    data[-40] ^= 1
    answer.write_bytes(data)
    assert "cannot be decrypted" in sides.clean(manifest, answer).output
    _, forwarded = small_answer(sides, recipient_key="age1other")
    assert "was made for another recipient" in sides.clean(manifest, forwarded).output
    assert not (sides.folder / "cleaned").exists()


def test_another_manifest_and_a_changed_one_are_refused(sides: Sides) -> None:
    manifest, answer = small_answer(sides)
    manifest.write_text(manifest.read_text() + f"{digest(1000).hex()}\n")
    result = sides.clean(manifest, answer)
    assert result.exit_code == 2
    assert "is not what was exported: another dataset, or changed since" in result.output


def test_what_is_no_manifest_or_export_is_refused(sides: Sides) -> None:
    (sides.folder / "no.csv").write_text("name,size\na,1\n")
    (sides.folder / "broken.parquet").write_bytes(b"PAR1 not really")
    (sides.folder / "odd.csv").write_text(f"md5,x\n{digest(1).hex()},1,2\n")
    (sides.folder / "text.txt").write_text("text")
    (sides.folder / "empty").mkdir()
    for name, message in (
        ("no.csv", "has no column of md5 or sha1 or sha256 or sha512; name one with --column"),
        ("broken.parquet", "is damaged"),
        ("odd.csv", "is damaged"),
        ("text.txt", "is no manifest"),
        ("empty", "holds no Parquet file"),
    ):
        result = run("samples", "export", sides.folder / name, "--out", sides.folder / "out.parquet")
        assert (result.exit_code, message in result.output) == (2, True), result.output
        assert not (sides.folder / "out.parquet").exists()
    pq.write_table(pa.table({"digest": [b"x"]}), sides.folder / "other.parquet")
    args = ("--known", sides.folder / "known.csv", "--recipient", sides.card("researcher"), "--out", sides.folder / "a")
    result = run("samples", "answer", sides.folder / "other.parquet", *args, "--keys", sides.keys("holder"))
    assert "is not a file that `auditor samples export` wrote" in result.output


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_leaves_nothing_half_written(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, answer = small_answer(sides)
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = sides.clean(manifest, answer)
    assert result.exit_code == 2
    assert "No space left on device" in result.output
    args = ("--manifest", manifest, "--recipient", sides.card("holder"), "--keys", sides.keys("researcher"))
    result = run("samples", "addresses", answer, *args, "--url-column", "md5", "--out", sides.folder / "addresses.age")
    assert "No space left on device; nothing was sealed" in result.output
    monkeypatch.setattr(os, "fsync", real)
    names = {path.name for path in sides.folder.iterdir()}
    assert not names & {"cleaned", "addresses.age", "addresses.age.part"}
    assert not [name for name in names if name.startswith(".cleaning")]


def test_a_perceptual_export_names_the_block_of_a_near_match(sides: Sides) -> None:
    numbers = range(ROWS)
    hashes = [hashlib.sha256(str(n).encode()).digest() for n in numbers]
    near = bytearray(hashes[500])
    near[0] ^= 3
    (sides.folder / "known.csv").write_text(f"# means: test\npdq\n{near.hex()}\n")
    manifest = sides.folder / "manifest.parquet"
    pq.write_table(rows_of(numbers).append_column("pdq", pa.array([one.hex() for one in hashes])), manifest)
    exact = run(
        "samples",
        "answer",
        sides.export(manifest),
        "--known",
        sides.folder / "known.csv",
        "--recipient",
        sides.card("researcher"),
        "--keys",
        sides.keys("holder"),
        "--out",
        sides.folder / "a",
        "--record",
        sides.folder / "r",
    )
    assert "known: holds no md5" in exact.output
    assert sides.clean(manifest, sides.answer(sides.export(manifest, "--perceptual"))).exit_code == 0
    kept = pq.read_table(sides.folder / "cleaned" / "manifest.parquet")["width"].to_pylist()
    assert 500 not in kept
    assert 1_000 <= ROWS - len(kept) <= 3_000, "one block"
