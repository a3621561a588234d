"""`auditor lists`: what its commands print, and what they refuse."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.pipeline.audit import audit
from tests import pictures
from tests.weights import safetensors_file


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path / "home"))


def lists(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["lists", *map(str, arguments)])


def hexes(*numbers: int) -> list[str]:
    return [hashlib.md5(str(number).encode()).hexdigest() for number in numbers]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hills.txt"
    path.write_text("\n".join([*hexes(1, 2, 1), "0" * 31 + "x"][:3]))
    return path


def test_a_list_is_imported_listed_and_checked(file: Path) -> None:
    made = lists("import", file, "--name", "hills", "--means", "test", "--version", "7", "--holder", "a hotline")
    assert (made.exit_code, made.stdout) == (0, "hills version 7 is active: 2 entries, means test\n")
    assert lists("list").stdout == "hills\t7\ttest\t2\tmd5\ta hotline\n"
    checked = lists("check", "hills").stdout.splitlines()
    assert checked[:5] == [
        "list: hills version 7, format plain",
        "holder: a hotline",
        "means: test",
        "md5: 2 entries, matched by equality",
        "duplicate: 1 md5",
    ]
    assert checked[5].endswith(", 0 days ago")


def test_a_list_without_a_meaning_is_refused_with_the_meanings_there_are(file: Path) -> None:
    result = lists("import", file, "--name", "hills")
    assert result.exit_code == 2
    assert f"{file}: nothing says what its entries mean; give --means csam|exploitative|ncii|" in result.stderr
    assert lists("list").stdout == ""


def test_a_columns_name_is_given_with_its_algorithm(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("nr,print of the file\n1," + hexes(1)[0] + "\n")
    result = lists("import", path, "--name", "hills", "--means", "test", "--column", "md5=print of the file")
    assert "1 entries" in result.stdout
    assert "write WHAT=VALUE" in lists("import", path, "--name", "x", "--column", "md5").stderr


def test_every_malformed_line_of_a_file_is_shown_and_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "hills.txt"
    good, bad = hexes(1, 2)
    path.write_text("\n".join([good] * 5 + [bad[:-1], good, bad[:-1] + "x"]))
    result = lists("check", path)
    assert result.exit_code == 0
    malformed = [line for line in result.stdout.splitlines() if line.startswith("malformed: ")]
    assert [line.split(":")[1] for line in malformed] == [" line 6", " line 8"]
    assert good[:12] not in result.output
    assert bad[:12] not in result.output


@pytest.mark.parametrize(("threshold", "says"), [("pdq=many", "write for example pdq=24"), ("pdq=99", "give 0 to 31")])
def test_a_threshold_that_makes_no_sense_is_refused(threshold: str, says: str, file: Path) -> None:
    result = lists("import", file, "--name", "hills", "--means", "test", "--threshold", threshold)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_match_is_explained(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(pictures.png(pictures.pattern(3, (96, 72))))
    known = tmp_path / "list.txt"
    known.write_text(f"# means: test\n{hashlib.md5(picture.read_bytes()).hexdigest()}\n")
    result = lists("why", picture, "--known", known)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].startswith("md5: matches entry ")


def test_an_explanation_exits_as_screening_does(tmp_path: Path) -> None:
    picture, cut = tmp_path / "picture.jpg", tmp_path / "cut.jpg"
    picture.write_bytes(pictures.jpeg(pictures.pattern(3, (96, 72))))
    cut.write_bytes(picture.read_bytes()[:900])
    known = tmp_path / "list.txt"
    known.write_text(f"# means: benign\n# algorithm: pdq\n{'0f' * 32}\n")
    missed = lists("why", picture, "--known", known)
    assert (missed.exit_code, missed.stdout.splitlines()[-1]) == (
        0,
        "none: no match in 1 list (list), which does not say that it is free of such content",
    )
    broken = lists("why", cut, "--known", known)
    assert (broken.exit_code, broken.stdout.splitlines()[-1]) == (3, "unchecked: truncated picture")


@pytest.mark.parametrize("name", ["import", "list", "check", "why", "rollback", "remove"])
def test_every_command_shows_examples(name: str) -> None:
    assert f"auditor lists {name}" in lists(name, "--help").stdout


def test_going_back_and_removing_versions(file: Path) -> None:
    for version in ("1", "2"):
        lists("import", file, "--name", "hills", "--means", "test", "--version", version)
    back = lists("rollback", "hills", "1", "--reason", "2 was withdrawn")
    assert back.stdout == "hills version 1 is active: 2 entries, means test\n"
    checked = lists("check", "hills").stdout
    assert "versions kept: 1, 2\nnot the newest version, 2, on purpose: 2 was withdrawn\n" in checked
    assert lists("remove", "hills", "2").exit_code != 0, "nobody said yes"
    assert lists("remove", "hills", "2", "--yes").stdout == "deleted version 2 of the list hills\n"
    assert "versions kept" not in lists("check", "hills").stdout
    assert lists("remove", "hills", "--yes").exit_code == 0
    assert lists("list").stdout == ""


@pytest.mark.parametrize("damage", ["truncated", "tampered"])
def test_a_list_that_is_not_what_was_imported_is_refused_with_what_is_wrong(damage: str, file: Path) -> None:
    lists("import", file, "--name", "hills", "--means", "test", "--version", "1")
    array = file.parent / "home" / "lists" / "hills" / "1" / "md5.values.npy"
    data = array.read_bytes()
    array.write_bytes(data[:-1] if damage == "truncated" else data[:-1] + bytes([data[-1] ^ 1]))
    result = lists("check", "hills")
    wrong = "has 159 bytes and should have 160" if damage == "truncated" else "changed since the list was compiled"
    assert result.exit_code == 2
    assert f"md5.values.npy: {wrong}" in result.stderr


def test_a_scan_takes_a_list_file_whose_columns_the_user_names(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "film.mp4").write_bytes(b"a film")
    known = tmp_path / "known.csv"
    known.write_text(f"nr,print\n1,{hashlib.sha256(b'a film').hexdigest()}\n")
    said = ["--known", str(known), "--means", "test", "--column", "sha256=print", "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, ["scan", str(tmp_path / "hub"), *said, "--workers", "1", "--format", "json"])
    assert '"hits test exact": 1' in result.stdout


def models(folder: Path) -> dict[str, Path]:
    """A listed model, the same at half the precision, one tuned from it, another, and one too small to tell."""
    random = np.random.default_rng(4)
    listed, other = ({f"blocks.{n}.weight": random.normal(0, 0.02, (64, 64)) for n in range(12)} for _ in range(2))
    tuned = {name: values + random.normal(0, 0.002, values.shape) for name, values in listed.items()}
    made = {
        "listed": {name: values.astype(np.float32) for name, values in listed.items()},
        "half": {name: values.astype(np.float16) for name, values in listed.items()},
        "tuned": {name: values.astype(np.float32) for name, values in tuned.items()},
        "other": {name: values.astype(np.float32) for name, values in other.items()},
        "small": {"a.weight": random.normal(0, 0.02, (32, 32)).astype(np.float32)},
    }
    return {name: safetensors_file(folder / f"{name}.safetensors", weights) for name, weights in made.items()}


def lineage(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["lineage", *map(str, arguments)])


def test_an_analyst_hands_on_a_fingerprint_and_a_hub_finds_the_model_with_it(tmp_path: Path) -> None:
    files = models(tmp_path)
    kept = tmp_path / "found.fingerprint"
    said = ("--id", "m1", "--purpose", "dedicated", "--authority", "a hotline", "--confirmations", 2)
    assert lineage("fingerprint", files["listed"], "-o", kept, *said).exit_code == 0
    assert kept.stat().st_size < files["listed"].stat().st_size / 10
    made = lists("import", kept, "--name", "models", "--version", "1", "--holder", "a hotline")
    assert (made.exit_code, made.stdout) == (0, "models version 1 is active: 1 entries, means model\n")
    assert lists("list").stdout == "models\t1\tmodel\t1\tauditor-fingerprint-1\ta hotline\n"
    assert lists("check", "models").stdout.splitlines()[3:5] == [
        "auditor-fingerprint-1: 1 entries, matched by the weights' sampled values, with --weights sample or full",
        "auditor-fingerprint-1 classified: dedicated, 2 confirmations, a hotline 1",
    ]
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(pictures.jpeg(pictures.landscape(1)))
    explained = lists("why", picture, "--known", "models").stdout.splitlines()
    assert explained[-2:] == [
        "auditor-fingerprint-1: not compared; it cannot be computed from a picture here",
        "unchecked: nothing of it can be compared with models",
    ]
    for name, relation in (("half", "the same values"), ("tuned", "made from it")):
        compared = lineage(files[name], "--against", "models")
        assert compared.stdout.startswith("models, entry "), compared.output
        assert f": {relation} (undeclared): mean cosine" in compared.stdout
    assert lineage(files["other"], "--against", "models").stdout == ""
    assert "models: holds no similar model" in lineage(files["other"], "--against", "models").stderr


def test_several_fingerprints_are_one_file_and_one_that_is_too_small_is_said_at_once(tmp_path: Path) -> None:
    files = models(tmp_path)
    kept = tmp_path / "found.fingerprint"
    made = lineage("fingerprint", files["listed"], files["other"], files["small"], "-o", kept, "--purpose", "general")
    assert made.exit_code == 0
    assert f"{files['small']}: cannot be put on a list: the fingerprint holds 256 values of 1 diff" in made.stderr
    assert lists("check", kept).stdout.splitlines()[3:] == [
        "auditor-fingerprint-1: 2 entries, matched by the weights' sampled values, with --weights sample or full",
        "auditor-fingerprint-1 classified: general 2",
        "malformed: line 3: the fingerprint holds 256 values of 1 different tensors; with less than 2,048 of 8 unlike "
        "models may be alike: list the file's digest",
    ]
    refused = lists("import", kept, "--name", "models")
    assert refused.exit_code == 2
    assert "found.fingerprint: line 3: the fingerprint holds 256 values" in refused.stderr
    assert lineage(files["half"], "--against", kept).exit_code == 2
    assert (
        "holds 3 fingerprints: import it as a list, and name that" in lineage(files["half"], "--against", kept).stderr
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fingerprint", "a", "b"), "several fingerprints are written into one file: give it with -o"),
        (("fingerprint", "a", "b", "-o", "c", "--id", "m"), "--id is for one model: write the fingerprints one by one"),
        (("a", "--purpose", "general"), "--purpose is for a fingerprint: auditor lineage fingerprint FILE"),
        (("a", "--against", "nowhere"), "a: cannot be read: No such file"),
    ],
)
def test_what_a_fingerprint_cannot_say_is_refused(arguments: tuple[str, ...], message: str) -> None:
    result = lineage(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_list_of_models_as_json_finds_by_digest_by_name_and_by_fingerprint(tmp_path: Path) -> None:
    files = models(tmp_path / "elsewhere")
    kept = tmp_path / "one.fingerprint"
    lineage("fingerprint", files["listed"], "-o", kept)
    entries = [
        {"id": "m1", "fingerprint": base64.b64encode(kept.read_bytes()).decode(), "purpose": "dedicated"},
        {"id": "m2", "sha256": hashlib.sha256(files["other"].read_bytes()).hexdigest()},
        {"id": "m3", "name": "c/named"},
    ]
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"name": "models", "version": 4, "means": "model", "entries": entries}))
    assert lists("import", path, "--name", "models").stdout == "models version 4 is active: 3 entries, means model\n"
    for name, file in (("a/again", "half"), ("b/copy", "other"), ("c/named", "tuned"), ("d/none", "small")):
        (tmp_path / "hub" / name).mkdir(parents=True)
        (tmp_path / "hub" / name / "model.safetensors").write_bytes(files[file].read_bytes())
    report = audit(tmp_path / "hub", known=["models"], weights="sample", out=tmp_path / "run", workers=1)
    assert {(f.rule, f.subject) for f in report.findings if f.rule.startswith(("linked", "listed"))} == {
        ("linked-same-values", "a/again"),
        ("linked-same-weights", "b/copy"),
        ("linked-listed-model", "c/named"),
        ("listed-model-related", "c/named"),
    }


def test_a_malformed_line_refuses_the_list_unless_it_is_skipped_and_counted(file: Path) -> None:
    file.write_text("\n".join([hexes(1)[0], "0" * 31 + "x", hexes(2)[0]]))
    command = ("import", file, "--name", "hills", "--means", "test")
    refused = lists(*command)
    assert refused.exit_code == 2
    assert "hills.txt: line 2: not a md5 in hex, base64 or base32; nothing was imported" in refused.stderr
    made = lists(*command, "--skip-malformed", "--version", "1")
    assert (made.exit_code, made.stdout) == (0, "hills version 1 is active: 2 entries, means test\n")
    assert made.stderr == "malformed entries left out: 1; `auditor lists check FILE` shows them\n"
    assert "malformed: 1, left out when the list was imported" in lists("check", "hills").stdout.splitlines()
