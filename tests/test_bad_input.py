"""What is broken, hostile or not there never stops a run, is counted, and is explained where it was met.

Only what is wrong with the run itself does stop it: a list or a rule that cannot be trusted, and no target.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.pipeline.audit import audit
from auditor.pipeline.run_facts import read_run_facts
from tests.pictures import jpeg, landscape, png

LIST = Path(__file__).parent / "data" / "known-pictures.csv"
MIT = "license: mit\n"


def auditor(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _bomb() -> bytes:
    """A picture of ten thousand million pixels in about a kilobyte."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + _chunk(b"IEND", b"")
    )


def _files() -> Mapping[str, bytes]:
    picture = jpeg(landscape(1))
    return {
        "pictures/good.jpg": picture,
        "pictures/empty.jpg": b"",
        "pictures/bomb.png": _bomb(),
        "pictures/\x1b[31mred\n\u202egnp.jpg": b"not a picture at all",
        "cards/acme__broken.md": b"---\nlicense: [mit\ntags: {a: b\n---\n# Broken\n",
        "cards/acme__wide.md": f"---\n{MIT}---\n# Wide\n".encode("utf-16"),
        "cards/acme__bare.md": f"{MIT}\n# Without fences\n".encode(),
        "cards/acme__plain.md": b"# Without metadata\n",
        "cards/acme__late.md": f"# Heading\n\n---\n{MIT}---\n\nText.\n".encode(),
        "models/acme/pickled/model.safetensors": pickle.dumps({"layer": [1.0]}),
        "models/acme/pointer/model.safetensors": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 100\n"
        ),
        "models/acme/short/model.safetensors": struct.pack("<Q", 10**15) + b"{}",
    }


class Scanned(NamedTuple):
    code: int
    text: str
    json: dict[str, Any]
    facts: list[dict[str, Any]]
    files: int

    def gaps(self, uri: str) -> list[tuple[str, str]]:
        return [(gap["what"], gap["why"]) for gap in self.json["gaps"] if gap["place"]["uri"] == uri]

    def said(self, subject: str, key: str) -> list[str]:
        return [fact["value"] for fact in self.facts if (fact["subject"], fact["key"]) == (subject, key)]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    root = tmp_path_factory.mktemp("bad")
    target = root / "target"
    for name, content in _files().items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with open(os.path.join(os.fsencode(target), b"pictures", b"caf\xe9 50%.jpg"), "wb") as file:
        file.write(jpeg(landscape(2))[:5_000])
    pq.write_table(pa.table({"colour": ["red"], "number": [1]}), target / "colours.parquet")
    (target / "cards" / "acme__gone.md").symlink_to("nowhere.md")
    (target / "cards" / "acme__out.md").symlink_to("/etc/hostname")
    os.mkfifo(target / "pictures" / "pipe.jpg")
    written = root / "report.json"
    result = auditor(
        "scan", target, "--known", LIST, "--out", root / "run", "--workers", 1, "--format", "json", "-o", written
    )
    assert not result.stderr, result.stderr
    text = auditor("report", root / "run", "-v").stdout
    facts = list(read_run_facts(root / "run"))
    number = sum(len(files) for _, _, files in os.walk(target))
    return Scanned(result.exit_code, text, json.loads(written.read_text()), facts, number)


def test_every_file_and_sample_is_accounted_for_and_what_was_not_read_exits_3(scanned: Scanned) -> None:
    assert scanned.json["counts"]["files"] == {
        "collected": scanned.files,
        "scanned": scanned.files - 13,
        "partly": 8,  # cards and headers with a gap, and three pictures compared by exact digests alone
        "skipped": 2,  # the pipe, the table without a usable column
        "errored": 3,  # the link out, the link to nothing, the picture without a byte
    }
    assert scanned.json["counts"]["samples"] == {"collected": 5, "scanned": 1, "partly": 3, "skipped": 0, "errored": 1}
    assert scanned.code == 3


@pytest.mark.parametrize(
    ("uri", "what", "why"),
    [
        ("pictures/empty.jpg", "samples", "empty"),
        ("pictures/caf%E9 50%25.jpg", "samples", "truncated picture"),
        ("pictures/bomb.png", "samples", "more than 64 megapixels, so not decoded"),
        (
            "pictures/\x1b[31mred\n\u202egnp.jpg",
            "samples",
            "not a picture in a format that is read here, or its header is damaged",
        ),
        ("cards/acme__broken.md", "card", "its metadata is not valid YAML: did not find expected ',' or ']'"),
        ("cards/acme__bare.md", "card", "its metadata has no opening line of dashes: where it ends was guessed"),
        ("cards/acme__gone.md", "file", "cannot be examined: No such file or directory"),
        ("models/acme/pickled/model.safetensors", "header", "called .safetensors but is pickle, not safetensors"),
        ("models/acme/pointer/model.safetensors", "header", "a Git LFS pointer: the weights themselves are not here"),
    ],
)  # fmt: skip
def test_what_could_not_be_read_is_a_gap_with_its_place(scanned: Scanned, uri: str, what: str, why: str) -> None:
    assert scanned.gaps(uri) == [(what, why)]
    assert why[:40] in " ".join(scanned.text.split())


def test_a_header_longer_than_its_file_is_a_gap(scanned: Scanned) -> None:
    ((what, why),) = scanned.gaps("models/acme/short/model.safetensors")
    assert what == "header"
    assert why[:40] in " ".join(scanned.text.split())


def test_cards_that_can_be_read_in_part_are(scanned: Scanned) -> None:
    assert scanned.said("acme/wide", "licence") == ["mit"]
    assert scanned.gaps("cards/acme__wide.md") == []
    assert scanned.said("acme/bare", "licence") == ["mit"]
    assert scanned.said("acme/late", "licence") == ["mit"]
    assert scanned.said("acme/late", "card") == ["late-front-matter"]
    assert scanned.said("acme/plain", "card") == ["none"]
    assert scanned.said("acme/broken", "card") != []


def test_what_was_passed_over_is_counted_by_its_reason(scanned: Scanned) -> None:
    reasons = scanned.json["reasons"]
    for why in (
        "no column holds digests, URLs or image bytes",
        "a link that leaves the target",
        "not a regular file",
        "truncated picture",
    ):
        assert reasons[why] == 1
        assert why in scanned.text


def test_names_cannot_act_on_a_terminal(scanned: Scanned) -> None:
    assert not {"\x1b", "\u202e"} & set(scanned.text)
    assert r"pictures/\u{1b}[31mred\u{a}\u{202e}gnp.jpg" in scanned.text


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read_is_a_gap(tmp_path: Path) -> None:
    card = tmp_path / "cards" / "acme__closed.md"
    card.parent.mkdir()
    card.write_text("# Closed\n")
    card.chmod(0)
    assert _one_gap(card.parent, tmp_path / "run") == ("acme/closed", "file", "cannot be opened: Permission denied")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_fails_while_it_is_read_is_a_gap(tmp_path: Path) -> None:
    assert _one_gap(Path("/proc/self/mem"), tmp_path / "run") == (
        "mem",
        "samples",
        "cannot be read: Input/output error",
    )


def test_a_named_target_that_is_no_file_is_a_gap(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert _one_gap(tmp_path / "pipe", tmp_path / "run")[1:] == ("file", "not a regular file: not opened")


def _one_gap(target: Path, out: Path) -> tuple[str, str, str]:
    result = auditor("scan", target, "--out", out, "--workers", 1, "--format", "json")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert report["counts"]["files"] == {"collected": 1, "scanned": 0, "partly": 0, "skipped": 0, "errored": 1}
    (gap,) = report["gaps"]
    return gap["subject"], gap["what"], gap["why"]


def test_a_path_that_is_too_long_for_the_system_is_a_gap(tmp_path: Path) -> None:
    """Made step by step, because no path can name the last of these folders."""
    here = os.getcwd()
    (tmp_path / "deep").mkdir()
    os.chdir(tmp_path / "deep")
    try:
        for _ in range(20):
            os.mkdir("folder" * 40)
            os.chdir("folder" * 40)
        Path("acme__deep.md").write_text("# Deep\n")
    finally:
        os.chdir(here)
    subject, what, why = _one_gap(tmp_path / "deep", tmp_path / "run")
    assert (what, why) == ("file", "folder cannot be listed: File name too long")
    assert subject.count("/") >= 15


def test_a_list_with_a_malformed_line_is_refused_with_its_number(tmp_path: Path) -> None:
    known = tmp_path / "known.csv"
    known.write_text("# means: test\nid,md5\n1,d41d8cd98f00b204e9800998ecf8427e\n2,not-a-digest\n")
    result = auditor("scan", LIST.parent / "hub", "--known", known, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "known.csv: line 4: not a md5" in result.stderr
    assert result.stdout == ""


def test_a_rule_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    rule = tmp_path / "rules" / "own-rule.toml"
    rule.parent.mkdir()
    rule.write_text('title = "A rule"\nseverty = "error"\n')
    result = auditor("scan", LIST.parent / "hub", "--rules", rule.parent, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"auditor: {rule}: ")
    assert "severty: unknown key" in result.stderr


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("empty", "holds no file; name a file or folder that does"),
        ("nowhere", "does not exist; name a file or a folder"),
    ],
)
def test_nothing_to_audit_is_misuse_and_leaves_nothing(target: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = auditor("scan", tmp_path / target, "--out", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"auditor: {tmp_path / target}: {message}\n"
    assert not (tmp_path / "run").exists()


def test_a_target_that_is_missing_is_told_before_the_others_are_read(tmp_path: Path) -> None:
    result = auditor("scan", LIST.parent / "hub", tmp_path / "nowhere", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert result.stderr == f"auditor: {tmp_path / 'nowhere'}: does not exist; name a file or a folder\n"
    assert not (tmp_path / "run").exists()


def test_a_target_within_another_is_misuse_and_one_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "zoo" / "cards").mkdir(parents=True)
    (tmp_path / "zoo" / "cards" / "acme__m.md").write_text("# Model\n")
    result = auditor("scan", tmp_path / "zoo", tmp_path / "zoo" / "cards", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert f"zoo/cards: lies in {tmp_path / 'zoo'}, which is named too; name one of them" in result.stderr
    twice = audit(tmp_path / "zoo", tmp_path / "zoo", out=tmp_path / "run", workers=1)
    assert twice.tally.files.collected == 1


def test_targets_of_one_name_keep_their_places_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "zoo").mkdir(parents=True)
        (tmp_path / name / "zoo" / "bad.jpg").write_bytes(b"")
        (tmp_path / name / "zoo" / f"acme__{name}.md").write_text(f"---\n{MIT}---\n")
    audit(tmp_path / "a" / "zoo", tmp_path / "b" / "zoo", out=tmp_path / "run", workers=1)
    places = {fact["place"]["uri"] for fact in read_run_facts(tmp_path / "run") if fact["key"] == "licence"}
    assert places == {"zoo/acme__a.md", "zoo~2/acme__b.md"}


@pytest.mark.slow
def test_many_files_in_one_folder_are_listed_once_and_in_order(tmp_path: Path) -> None:
    from itertools import pairwise

    from auditor.pipeline.shard import cut_into_shards
    from auditor.sources import find_source

    for number in range(20_000):
        (tmp_path / f"{number}.txt").touch()
    cut = list(cut_into_shards(find_source(str(tmp_path)).blobs(str(tmp_path))))
    names = [file.uri for shard in cut for file in shard.files]
    assert len(names) == 20_000
    assert all(one < two for one, two in pairwise(names))


def test_a_picture_is_whole_again_when_it_can_be_read(tmp_path: Path) -> None:
    """The same picture as a file that is read: no gap is left where nothing is wrong."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "good.png").write_bytes(png(landscape(1)))
    result = auditor("scan", tmp_path / "pictures", "--known", LIST, "--out", tmp_path / "run", "--format", "json")
    report = json.loads(result.stdout)
    assert report["gaps"] == []
    assert report["counts"]["samples"] == {"collected": 1, "scanned": 1, "partly": 0, "skipped": 0, "errored": 0}
    assert result.exit_code == 0
