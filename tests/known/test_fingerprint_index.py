"""Fingerprints in a compiled list: kept as they were given, looked up by their sketch, refused where no use."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import ListError
from auditor.known.compiled_list import CompiledList
from auditor.known.entries import ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_health import check_imported_list, check_list_file
from auditor.known.list_identity import ListDeclaration
from auditor.known.list_store import open_imported_list
from auditor.known.open_list import open_list
from auditor.lineage.fingerprint_files import encode_fingerprint
from auditor.lineage.weight_samples import sample_model
from auditor.samples import WEIGHT_FINGERPRINT
from tests.weights import safetensors_file


def fingerprint(folder: Path, seed: int, tensors: int = 8, **about: str) -> bytes:
    random = np.random.default_rng(seed)
    weights = {f"layers.{at}.weight": random.normal(0, 0.02, (32, 32)).astype(np.float32) for at in range(tensors)}
    return encode_fingerprint(sample_model(safetensors_file(folder / f"{seed}.safetensors", weights)), about)


def file(folder: Path, name: str, *prints: bytes) -> Path:
    path = folder / name
    path.write_bytes(b"".join(prints))
    return path


def stored(known: CompiledList) -> set[bytes]:
    return {known.fingerprints[entry] for entry in range(len(known.fingerprints.sketches))}


def import_files(*paths: Path, version: str = "", means: str = "", whole: bool = False) -> CompiledList:
    return import_list(paths, ListDeclaration("found", means, version), ListOptions(), whole=whole)[0]


def test_fingerprints_are_kept_as_they_were_given_each_with_what_is_said_of_it(tmp_path: Path) -> None:
    first = fingerprint(tmp_path, 1, id="m1", purpose="dedicated", authority="an authority", confirmations="2")
    second = fingerprint(tmp_path, 2)
    known = open_list(file(tmp_path, "found.fp", first, second, first), into=tmp_path / "run")
    assert (known.name, known.means, known.entries) == ("found", "model", 2)
    assert stored(known) == {first, second}
    entries = np.arange(2)
    declared = dict(
        zip(
            (known.fingerprints[at] for at in entries),
            known.classifications_of(WEIGHT_FINGERPRINT, entries),
            strict=True,
        )
    )
    assert declared == {first: "dedicated, 2 confirmations, an authority", second: ""}


def test_a_sketch_is_found_among_the_others_and_nothing_is_near_to_none(tmp_path: Path) -> None:
    prints = [fingerprint(tmp_path, seed) for seed in range(20)]
    known = open_list(file(tmp_path, "found.fp", *prints), into=tmp_path / "run").fingerprints
    for data in prints:
        (at,) = [entry for entry in range(20) if known[entry] == data]
        assert known.nearest(known.sketches[at], 8, 0.9) == [at]
    assert known.nearest(np.zeros(1024, np.float32), 8, 0.25) == []


def test_workers_share_the_files_and_copy_none(tmp_path: Path) -> None:
    known = open_list(file(tmp_path, "found.fp", fingerprint(tmp_path, 1)), into=tmp_path / "run")
    prints = pickle.loads(pickle.dumps(known)).fingerprints
    for array in (prints.sketches, prints.bounds, prints.data):
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable


def test_a_file_adds_to_the_list_of_that_name_and_whole_starts_it_anew(tmp_path: Path) -> None:
    one, two, three = (fingerprint(tmp_path, seed) for seed in (1, 2, 3))
    import_files(file(tmp_path, "one.fp", one), file(tmp_path, "two.fp", two), version="1")
    assert stored(import_files(file(tmp_path, "three.fp", three), version="2")) == {one, two, three}
    assert stored(open_imported_list("found")) == {one, two, three}
    assert stored(import_files(tmp_path / "two.fp", version="3", whole=True)) == {two}


def test_an_entry_given_again_under_its_id_replaces_the_one_before(tmp_path: Path) -> None:
    one, two = fingerprint(tmp_path, 1, id="m1"), fingerprint(tmp_path, 2, id="m2")
    import_files(file(tmp_path, "one.fp", one, two), version="1")
    newer = fingerprint(tmp_path, 3, id="m1")
    assert stored(import_files(file(tmp_path, "two.fp", newer), version="2")) == {newer, two}


def test_a_json_list_withdraws_an_entry_by_its_id(tmp_path: Path) -> None:
    one, two = (base64.b64encode(fingerprint(tmp_path, seed)).decode() for seed in (1, 2))
    path = tmp_path / "found.json"
    entries = [{"id": "m1", "fingerprint": one}, {"id": "m2", "fingerprint": two}, {"id": "m1", "name": "a/b"}]
    path.write_text(json.dumps({"means": "model", "version": 1, "entries": entries[:2]}))
    assert import_files(path).manifest["algorithms"][WEIGHT_FINGERPRINT]["entries"] == 2
    withdrawn_entries = [*entries[:2], {**entries[0], "status": "withdrawn"}]
    path.write_text(json.dumps({"means": "model", "version": 2, "entries": withdrawn_entries}))
    assert stored(import_files(path)) == {base64.b64decode(two)}


@pytest.mark.parametrize("at", [3, 40, -4000, -1])
def test_a_damaged_fingerprint_refuses_the_list_and_says_which(tmp_path: Path, at: int) -> None:
    damaged = bytearray(fingerprint(tmp_path, 2))
    damaged[at] ^= 0x11
    path = file(tmp_path, "found.fp", fingerprint(tmp_path, 1), bytes(damaged))
    with pytest.raises(ListError, match=r"found\.fp: number 2 is a damaged fingerprint \(.+\); make it again"):
        import_files(path)


@pytest.mark.parametrize("tensors", [0, 1, 7])
def test_one_that_holds_too_little_refuses_the_list_and_says_why(tmp_path: Path, tensors: int) -> None:
    path = file(tmp_path, "found.fp", fingerprint(tmp_path, 1, tensors))
    with pytest.raises(ListError, match=rf"line 1: the fingerprint holds {tensors * 256:,} values of {tensors} diff"):
        import_files(path)
    with_another = file(tmp_path, "two.fp", path.read_bytes(), fingerprint(tmp_path, 2))
    lines = list(check_list_file(with_another, ListOptions()))
    assert any(line.startswith("malformed: line 1: the fingerprint holds") for line in lines)


def test_tensors_that_are_alike_count_once(tmp_path: Path) -> None:
    """Models that were begun alike and never trained have the same values without being the same."""
    unfinished = np.random.default_rng(1).normal(size=(32, 32)).astype(np.float32)
    weights = {f"layers.{at}.weight": unfinished for at in range(40)}
    data = encode_fingerprint(sample_model(safetensors_file(tmp_path / "new.safetensors", weights)))
    with pytest.raises(ListError, match="256 values of 1 different tensors"):
        import_files(file(tmp_path, "found.fp", data))


def test_fingerprints_are_of_models_whatever_the_user_says_of_them(tmp_path: Path) -> None:
    path = file(tmp_path, "found.fp", fingerprint(tmp_path, 1))
    with pytest.raises(ListError, match=r"found\.fp: holds fingerprints of models: give --means model or benign"):
        import_files(path, means="csam")
    assert import_files(path, means="benign").means == "benign"


def test_what_is_kept_is_looked_after_like_the_rest(tmp_path: Path) -> None:
    known = import_files(file(tmp_path, "found.fp", fingerprint(tmp_path, 1)))
    assert (
        f"{WEIGHT_FINGERPRINT}: 1 entries, matched by the weights' sampled values, with --weights sample or full"
        in list(check_imported_list("found"))
    )
    path = known.path / f"{WEIGHT_FINGERPRINT}.prints"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ListError, match=r"prints: changed since the list was compiled; import the list again"):
        open_list("found")


def test_the_digest_of_a_fingerprint_is_none(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"# means: test\nmd5,{WEIGHT_FINGERPRINT}\n{'ab' * 16},{'cd' * 32}\n")
    known = open_list(path, columns={WEIGHT_FINGERPRINT: WEIGHT_FINGERPRINT, "md5": "md5"}, into=tmp_path / "run")
    assert known.algorithms == {"md5"}
    assert known.manifest["unmatchable"] == {f"{WEIGHT_FINGERPRINT}: the digest of a fingerprint, without it": 1}
