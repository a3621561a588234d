"""Runs over repositories of a hub: what is fetched, what is not, and that this is said."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

from auditor import audit
from auditor.blob import Unread
from auditor.errors import NothingToAudit, UsageError
from auditor.pipeline.remote_reading import MAX_DATASET_TEXTS, MAX_TABLE_BYTES
from auditor.pipeline.report import Report
from auditor.pipeline.run_facts import read_run_facts
from auditor.sources.hub import HubRepository
from auditor.syntax.parquet_schema import MAX_DECLARED_BYTES, MAX_DECLARED_TEXT
from tests.hub_server import Fault, HubServer, xet_hash
from tests.pictures import landscape, png

CARD = b"---\nlicense: mit\nbase_model: acme/root\n---\n# Base\nA model of hills.\n"
TENSORS = bytes(range(256)) * 400


def safetensors(tensors: bytes = TENSORS, **metadata: str) -> bytes:
    shape = {"dtype": "U8", "shape": [len(tensors)], "data_offsets": [0, len(tensors)]}
    header = json.dumps({"__metadata__": {"format": "pt", **metadata}, "w": shape}).encode()
    return struct.pack("<Q", len(header)) + header + tensors


def header_length(data: bytes) -> int:
    return 8 + int(struct.unpack("<Q", data[:8])[0])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        yield server


def scan(tmp_path: Path, *targets: str, name: str = "run", **options: object) -> Report:
    return audit(*targets, out=tmp_path / name, workers=1, **options)  # type: ignore[arg-type]


def facts(report: Report) -> set[tuple[str, str, str, str]]:
    return {(one["subject"], one["key"], one["value"], one["source"]) for one in read_run_facts(report.folder)}


def reasons_and_places(report: Report) -> list[tuple[str, str]]:
    return [(gap.why, gap.place.uri) for _, gap in report.gaps]


def test_of_a_model_card_configuration_and_headers_are_read_and_no_byte_of_its_tensors(
    hub: HubServer, tmp_path: Path
) -> None:
    weights = safetensors(**{"modelspec.title": "Hills"})
    pickle = b"\x80\x02}q\x00." + bytes(50_000)
    files = {"README.md": CARD, "model.safetensors": weights, "old/model.bin": pickle, "tokenizer.json": b"{}"}
    commit = hub.add("model", "acme/base", {**files, "config.json": b'{"architectures": ["LlamaForCausalLM"]}'})
    report = scan(tmp_path, "hf://models/acme/base")
    found = facts(report)
    digest = hashlib.sha256(weights).hexdigest()
    assert {
        ("acme/base", "licence", "mit", "card"),
        ("acme/base", "base_model", "acme/root", "card"),
        ("acme/base", "architecture", "LlamaForCausalLM", "config"),
        ("acme/base", "title", "Hills", "header"),
        ("acme/base", "weights_format", "pickle", "header"),
        ("acme/base", "artefact", f"sha256:{digest}", "hub"),
        ("acme/base", "artefact", f"xet:{xet_hash(weights)}", "hub"),
    } <= found
    assert hub.sent("model.safetensors") <= header_length(weights) + 8, "bytes of tensors were sent"
    assert hub.sent("old/model.bin") == 4096
    assert hub.sent("tokenizer.json") == 0
    files_count = report.tally.files
    assert (files_count.collected, files_count.scanned, files_count.skipped) == (5, 4, 1)
    assert {one["revision"] for one in read_run_facts(report.folder)} == {commit}
    assert report.exit_code() == 0
    (place,) = {one["place"]["uri"] for one in read_run_facts(report.folder) if one["key"] == "licence"}
    assert place == "hf://models/acme/base/README.md"


def test_an_organisation_a_search_and_children_are_read_page_by_page(hub: HubServer, tmp_path: Path) -> None:
    hub.page_size = 2
    for number in range(5):
        hub.add("model", f"acme/hill-{number}", {"README.md": CARD}, tags=("base_model:acme/root",))
    hub.add("model", "other/lake", {"README.md": CARD})
    names = {f"acme/hill-{number}" for number in range(5)}
    for number, target in enumerate(
        ("hf://models/acme", "hf://models?search=hill", "hf://models?base_model=acme/root")
    ):
        report = scan(tmp_path, target, name=f"run{number}")
        assert {one["subject"] for one in read_run_facts(report.folder)} == names, target
    report = scan(tmp_path, "hf://models?author=acme&limit=3", name="limited")
    assert len({one["subject"] for one in read_run_facts(report.folder)}) == 3


def test_local_folders_and_repositories_are_read_in_one_run(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/base", {"README.md": CARD})
    local = tmp_path / "mine"
    local.mkdir()
    (local / "README.md").write_bytes(b"---\nbase_model: acme/base\nlicense: mit\n---\n# Mine\n")
    (local / "config.json").write_text("{}")
    report = scan(tmp_path, str(local), "hf://acme/base", "hf://acme/base")
    assert {one["subject"] for one in read_run_facts(report.folder)} == {"mine", "acme/base"}
    assert report.tally.files.collected == 3, "a target that is named twice was read twice"


def test_a_sole_target_that_is_not_there_is_misuse(hub: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"hf://models/acme/gone: not found, or private: look at .*acme/gone"):
        scan(tmp_path, "hf://models/acme/gone")
    hub.add("model", "acme/base", {"README.md": CARD})
    with pytest.raises(UsageError, match=r"has no revision v9: look at .*acme/base"):
        scan(tmp_path, "hf://models/acme/base@v9", name="other")
    with pytest.raises(NothingToAudit, match="no file is listed there"):
        scan(tmp_path, "hf://datasets/nobody", name="nobody")


def test_beside_others_a_target_that_is_not_there_is_a_gap_that_names_it(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/base", {"README.md": CARD})
    report = scan(tmp_path, "hf://models/acme/gone", "hf://models/acme/base")
    assert ("acme/base", "licence", "mit", "card") in facts(report)
    ((why, place),) = reasons_and_places(report)
    assert place == "hf://models/acme/gone"
    assert why.startswith("not found, or private")
    assert report.exit_code() == 3


def test_a_gated_repository_says_what_to_do_and_nothing_else_is_lost(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/gated", {"README.md": CARD, "model.safetensors": safetensors()}, is_gated=True)
    hub.add("model", "acme/open", {"README.md": CARD})
    report = scan(tmp_path, "hf://models/acme")
    assert ("acme/open", "licence", "mit", "card") in facts(report)
    gaps = reasons_and_places(report)
    assert {place for _, place in gaps} == {
        "hf://models/acme/gated/README.md",
        "hf://models/acme/gated/model.safetensors",
    }
    assert all(
        why.startswith(f"gated: accept its terms at {hub.url}/acme/gated, and set HF_TOKEN") for why, _ in gaps
    ), gaps
    digests = {value for _, key, value, _ in facts(report) if key == "artefact"}
    assert f"sha256:{hashlib.sha256(safetensors()).hexdigest()}" in digests, "what is listed is known all the same"


def test_a_renamed_repository_is_read_under_its_new_name_and_that_is_said(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/old", {"README.md": CARD})
    hub.rename("model", "acme/old", "acme/new")
    report = scan(tmp_path, "hf://models/acme/old")
    assert ("acme/new", "licence", "mit", "card") in facts(report)
    assert report.tally.files.skipped == 1
    assert any(why.startswith("renamed on the hub") for why in report.tally.reasons)


def test_a_repository_that_changes_while_it_is_read_is_read_at_the_commit_of_its_list(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hub.add("model", "acme/base", {"README.md": CARD})
    files = HubRepository.files

    def files_then_push(self: HubRepository) -> object:
        found = list(files(self))
        hub.add("model", "acme/base", {"README.md": b"---\nlicense: other\n---\n"})
        return iter(found)

    monkeypatch.setattr(HubRepository, "files", files_then_push)
    report = scan(tmp_path, "hf://models/acme/base")
    assert {(one["revision"], one["value"]) for one in read_run_facts(report.folder) if one["key"] == "licence"} == {
        (first, "mit")
    }
    assert report.notes.remote == (
        "1 repository was changed on the hub meanwhile: what is reported is the commit that is given.",
    )


def picture_list(tmp_path: Path, algorithm: str, value: str) -> Path:
    path = tmp_path / f"{algorithm}.csv"
    path.write_text(f"{algorithm}\n{value}\n")
    return path


def test_without_a_list_nothing_is_asked_of_samples_and_nothing_is_a_gap(hub: HubServer, tmp_path: Path) -> None:
    files = {"README.md": CARD, "a.png": png(landscape(1)), "train.parquet": b"PAR1", "x.csv": b"a,b\n1,2\n"}
    hub.add("dataset", "acme/hills", files)
    report = scan(tmp_path, "hf://datasets/acme/hills")
    assert report.exit_code() == 0
    assert hub.sent("a.png") == hub.sent("train.parquet") == 0
    assert any(why.startswith("listed, not fetched") for why in report.tally.reasons), report.tally.reasons


def test_the_sha256_that_the_hub_lists_of_a_picture_is_compared_and_the_rest_is_a_gap(
    hub: HubServer, tmp_path: Path
) -> None:
    picture = png(landscape(1))
    hub.add("dataset", "acme/hills", {"README.md": CARD, "a.png": picture, "b.png": png(landscape(2))})
    known = picture_list(tmp_path, "sha256", hashlib.sha256(picture).hexdigest())
    report = scan(tmp_path, "hf://datasets/acme/hills", known=[known], means="test")
    assert hub.sent("a.png") == hub.sent("b.png") == 0
    assert (report.tally.samples.collected, report.tally.samples.scanned) == (2, 2)
    assert sum(number for what, number in report.tally.coverage.items() if what.startswith("hits test")) == 1
    assert not reasons_and_places(report), "a list of SHA-256 alone was answered"
    asked_more = picture_list(tmp_path, "md5", hashlib.md5(picture).hexdigest())
    report = scan(tmp_path, "hf://datasets/acme/hills", known=[known, asked_more], means="test", name="both")
    assert report.exit_code() == 3
    assert any("only --content fetches it" in why for why, _ in reasons_and_places(report)), list(report.gaps)


def test_of_a_table_only_the_columns_of_digests_and_addresses_are_fetched(hub: HubServer, tmp_path: Path) -> None:
    pictures = [png(landscape(number)) for number in range(40)]
    digests = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    columns = {
        "image": [{"bytes": picture, "path": f"{number}.png"} for number, picture in enumerate(pictures)],
        "sha256": digests,
        "url": [f"https://pictures.example/{number}.png" for number in range(40)],
        "label": list(range(40)),
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=10)
    data = out.getvalue()
    hub.add("dataset", "acme/hills", {"README.md": CARD, "data/train.parquet": data})
    known = picture_list(tmp_path, "sha256", digests[7])
    report = scan(tmp_path, "hf://datasets/acme/hills", known=[known], means="test")
    assert report.tally.samples.collected == 40
    assert sum(number for what, number in report.tally.coverage.items() if what.startswith("hits test")) == 1
    assert hub.sent("data/train.parquet") < len(data) // 4
    metadata = pq.read_metadata(io.BytesIO(data))
    stored = [metadata.row_group(group).column(0) for group in range(metadata.num_row_groups)]
    for request in hub.requests:
        if "Range" in request.headers and request.path.endswith(hashlib.sha256(data).hexdigest()):
            start, stop = map(int, request.headers["Range"].removeprefix("bytes=").split("-"))
            for column in stored:
                first = column.dictionary_page_offset or column.data_page_offset
                assert stop < first or start >= first + column.total_compressed_size, "bytes of pictures were fetched"
    assert any(why == "image.bytes: not read: only --content fetches it" for why, _ in reasons_and_places(report))
    assert report.exit_code() == 3


def test_with_content_pictures_are_fetched_and_compared(hub: HubServer, tmp_path: Path) -> None:
    picture = png(landscape(1))
    hub.add("dataset", "acme/hills", {"README.md": CARD, "a.png": picture, "b.png": png(landscape(2))})
    hub.add("model", "acme/base", {"README.md": CARD, "model.safetensors": safetensors()})
    known = picture_list(tmp_path, "md5", hashlib.md5(picture).hexdigest())
    report = scan(
        tmp_path, "hf://datasets/acme/hills", "hf://models/acme/base", known=[known], means="test", content=True
    )
    assert hub.sent("a.png") == len(picture)
    assert (report.tally.samples.collected, report.tally.samples.scanned) == (2, 2)
    assert sum(number for what, number in report.tally.coverage.items() if what.startswith("hits test")) == 1
    assert hub.sent("model.safetensors") <= header_length(safetensors()) + 8, "weights were fetched"
    assert report.exit_code("never") == 0, list(report.gaps)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("/resolve/.*README", status=404, headers={"X-Error-Code": "EntryNotFound"}), "gone since it was listed"),
        (Fault("/resolve/.*README", status=401), "refused by the hub (401): set HF_TOKEN"),
        (Fault("/resolve/.*README", body=b"another text"), "changed since it was listed"),
        (Fault("/resolve/.*README", cut_after=0), "the hub breaks the transfer off"),
    ],
)
def test_a_file_that_cannot_be_had_is_a_gap_and_the_others_are_read(
    hub: HubServer, tmp_path: Path, fault: Fault, says: str
) -> None:
    hub.add("model", "acme/base", {"README.md": CARD, "config.json": b'{"architectures": ["A"]}'})
    hub.faults.append(fault)
    report = scan(tmp_path, "hf://models/acme/base")
    ((why, place),) = reasons_and_places(report)
    assert says in why
    assert place == "hf://models/acme/base/README.md"
    assert ("acme/base", "architecture", "A", "config") in facts(report)


def test_a_transfer_that_breaks_off_goes_on_where_it_broke(hub: HubServer, tmp_path: Path) -> None:
    card = CARD + b"A hill. " * 1000
    hub.add("model", "acme/base", {"README.md": card})
    hub.faults.append(Fault("/resolve/.*README", cut_after=3000, times=2))
    report = scan(tmp_path, "hf://models/acme/base")
    assert not reasons_and_places(report)
    assert hub.sent("README.md") == len(card)


def test_what_failed_for_a_while_is_read_again_when_the_run_goes_on_and_nothing_else(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.add("model", "acme/base", {"README.md": CARD})
    hub.add("model", "acme/other", {"README.md": CARD})
    hub.faults.append(Fault("acme/base/resolve/", cut_after=0))
    report = scan(tmp_path, "hf://models/acme")
    assert "run it again later" in reasons_and_places(report)[0][0]
    hub.faults.clear()
    hub.requests.clear()
    report = scan(tmp_path, "hf://models/acme")
    assert not reasons_and_places(report)
    assert not any("acme/other" in path for path in hub.paths()), "a finished repository was asked for again"


def test_names_that_leave_the_repository_are_gaps_and_are_never_asked_for(hub: HubServer, tmp_path: Path) -> None:
    names = ("../../x", "/etc/passwd", "a/../../y", "a\\..\\z", "b\nc.md", "")
    hub.add("model", "acme/base", {"README.md": CARD, **dict.fromkeys(names, b"secret")})
    report = scan(tmp_path, "hf://models/acme/base")
    assert report.tally.files.errored == len(names)
    assert {why for why, _ in reasons_and_places(report)} == {"a name that leaves its repository, or is none: not read"}
    assert [path for path in hub.paths() if "resolve" in path] == [
        f"/acme/base/resolve/{hub.repositories['model', 'acme/base'].head}/README.md"
    ]


def test_weights_cannot_be_asked_for_and_files_of_a_hub_cannot_be_named(hub: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--weights full: no weights are fetched from a hub"):
        scan(tmp_path, "hf://models/acme/base", weights="full")
    names = tmp_path / "names"
    names.write_text("a.md\n")
    with pytest.raises(UsageError, match="--files-from: names files of this machine"):
        scan(tmp_path, "hf://models/acme/base", files_from=names)
    with pytest.raises(UsageError, match=r"addresses that begin with hf://, s3://, gs:// or abfs:// are read"):
        scan(tmp_path, "ftp://host/x")
    assert not hub.requests


def test_what_the_user_leaves_out_is_counted_and_not_fetched(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/base", {"README.md": CARD, "drafts/notes.md": b"notes"})
    report = scan(tmp_path, "hf://models/acme/base", exclude=["drafts/**"])
    assert report.tally.reasons["excluded by --exclude drafts/**"] == 1
    assert hub.sent("drafts/notes.md") == 0


def test_pictures_that_are_not_fetched_are_samples_that_were_not_compared(hub: HubServer, tmp_path: Path) -> None:
    hub.add("dataset", "acme/hills", {"README.md": CARD, **{f"{one}.jpg": b"%d" % one for one in range(300)}})
    known = picture_list(tmp_path, "md5", "ab" * 16)
    report = scan(tmp_path, "hf://datasets/acme/hills", known=[known], means="test")
    assert (report.tally.samples.collected, report.tally.samples.errored) == (300, 300)
    assert report.nothing_compared
    assert report.exit_code() == 3


def test_a_text_table_that_begins_with_encoded_pictures_is_not_fetched_further(hub: HubServer, tmp_path: Path) -> None:
    row = json.dumps({"image": base64.b64encode(png(landscape(1))).decode()}).encode() + b"\n"
    manifest = b"sha256,url\n" + f"{'ab' * 32},https://pictures.example/1.png\n".encode() * 50_000
    hub.add("dataset", "acme/hills", {"README.md": CARD, "t.jsonl": row * 20, "manifest.csv": manifest})
    known = picture_list(tmp_path, "sha256", "ab" * 32)
    report = scan(tmp_path, "hf://datasets/acme/hills", known=[known], means="test")
    assert hub.sent("t.jsonl") == 1 << 16
    ((why, place),) = reasons_and_places(report)
    assert why == "it may hold encoded pictures: only --content fetches it"
    assert place == "hf://datasets/acme/hills/t.jsonl"
    assert report.tally.samples.scanned == 50_000


def test_of_gguf_no_more_is_fetched_than_its_metadata_takes(hub: HubServer, tmp_path: Path) -> None:
    def text(key: bytes, value: bytes) -> bytes:
        return struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value

    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 2)
    head += text(b"general.architecture", b"llama") + text(b"general.license", b"mit")
    hub.add("model", "acme/base", {"README.md": CARD, "base.gguf": head + bytes(5 << 20)})
    report = scan(tmp_path, "hf://models/acme/base")
    assert ("acme/base", "architecture", "llama", "header") in facts(report)
    assert hub.sent("base.gguf") == 64 << 10


def test_a_list_of_models_is_compared_with_what_the_hub_lists_and_no_weights_are_fetched(
    hub: HubServer, tmp_path: Path
) -> None:
    weights = b"\x80\x02}q\x00." + bytes(200_000)
    hub.add("model", "acme/base", {"README.md": CARD, "model.bin": weights})
    known = picture_list(tmp_path, "sha256", hashlib.sha256(weights).hexdigest())
    report = scan(tmp_path, "hf://models/acme/base", known=[known], means="model")
    assert hub.sent("model.bin") == 4096
    assert set(_known_models(report)) == {"hub-listed-weights"}
    ((ground, reason),) = [(case.ground, case.reasons[0]) for case in report.cases]
    assert (ground, reason.rule, reason.relation) == ("linked", "linked-same-weights", "hub-listed-weights")
    assert reason.remark.endswith("; as the hub lists them, no weights read here")


def _known_models(report: Report) -> list[str]:
    return [one["relation"] for one in read_run_facts(report.folder) if one["key"] == "known_model"]


@pytest.mark.slow
def test_a_list_of_100000_files_is_read_page_by_page_in_order(hub: HubServer) -> None:
    names = [f"images/{number % 100}/{number}.jpg" for number in range(100_000)]
    commit = hub.add("dataset", "acme/hills", dict.fromkeys(names, b"a hill"))
    files = list(HubRepository("dataset", "acme/hills", commit).files())
    assert [file.uri for file in files] == sorted(f"hf://datasets/acme/hills/{name}" for name in names)
    assert len([path for path in hub.paths() if "/tree/" in path]) == 100


def test_a_list_without_end_is_given_up(hub: HubServer) -> None:
    commit = hub.add("model", "acme/base", {"README.md": CARD})
    item = b'[{"type": "file", "path": "README.md", "size": 1, "oid": ""}]'
    again = f"{hub.url}/api/models/acme/base/tree/{commit}?cursor=1"
    hub.faults.append(Fault("/tree/", status=200, headers={"Link": f'<{again}>; rel="next"'}, body=item))
    ((unread),) = HubRepository("model", "acme/base", commit).files()
    assert isinstance(unread, Unread)
    assert unread.why == "the hub answers with something that is not understood"


def test_the_next_page_is_asked_of_the_same_hub_wherever_it_is_said_to_be(hub: HubServer) -> None:
    commit = hub.add("model", "acme/base", {"README.md": CARD})
    elsewhere = {"Link": '<http://192.0.2.1/api/models/acme/base/tree/x?cursor=1>; rel="next"'}
    hub.faults.append(Fault("/tree/", status=200, headers=elsewhere, body=b"[]", times=1))
    list(HubRepository("model", "acme/base", commit).files())
    assert [path for path in hub.paths() if "/tree/" in path][-1] == "/api/models/acme/base/tree/x"


def test_of_very_many_texts_of_a_dataset_not_all_are_fetched_without_a_list(hub: HubServer, tmp_path: Path) -> None:
    texts = {f"{one:04}.txt": b"a hill" for one in range(MAX_DATASET_TEXTS + 50)}
    hub.add("dataset", "acme/hills", {"README.md": CARD, **texts})
    report = scan(tmp_path, "hf://datasets/acme/hills")
    assert len([path for path in hub.paths() if path.endswith(".txt")]) == MAX_DATASET_TEXTS
    assert report.tally.files.skipped == 50
    assert report.exit_code() == 0


def test_numbers_that_decide_what_is_fetched() -> None:
    assert MAX_DATASET_TEXTS == 100
    assert MAX_TABLE_BYTES == 64 << 20
    assert (MAX_DECLARED_TEXT, MAX_DECLARED_BYTES) == (512, 144)


def test_gated_files_are_asked_for_again_when_the_run_goes_on(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/gated", {"README.md": CARD}, is_gated=True)
    assert reasons_and_places(scan(tmp_path, "hf://models/acme/gated"))[0][0].startswith("gated: ")
    hub.repositories["model", "acme/gated"].is_gated = False
    report = scan(tmp_path, "hf://models/acme/gated")
    assert not reasons_and_places(report)
    assert ("acme/gated", "licence", "mit", "card") in facts(report)


def test_encoded_pictures_near_the_top_of_a_dataset_are_not_fetched_without_a_list_either(
    hub: HubServer, tmp_path: Path
) -> None:
    picture = base64.b64encode(png(landscape(1))).decode()
    hub.add("dataset", "acme/hills", {"README.md": CARD, "data/t.json": json.dumps([{"image": picture}] * 9).encode()})
    report = scan(tmp_path, "hf://datasets/acme/hills")
    assert hub.sent("data/t.json") == 1 << 16
    assert report.tally.reasons["it may hold encoded pictures"] == 1
    assert report.exit_code() == 0


def test_where_a_list_asks_code_and_vocabularies_are_not_passed_over(hub: HubServer, tmp_path: Path) -> None:
    hidden = json.dumps([{"sha256": "ab" * 32}]).encode()
    hub.add("model", "acme/base", {"README.md": CARD, "vocab.json": hidden, "tokenizer.model": bytes(99), "a.py": b"1"})
    known = picture_list(tmp_path, "sha256", "ab" * 32)
    report = scan(tmp_path, "hf://models/acme/base", known=[known], means="test")
    assert sum(number for what, number in report.tally.coverage.items() if what.startswith("hits test")) == 1
    assert [place for _, place in reasons_and_places(report)] == ["hf://models/acme/base/tokenizer.model"]
    assert report.tally.files.skipped == 0


@pytest.mark.parametrize(
    "answer", [b"[]", b"{", b'{"id": "../../x", "sha": "%b"}' % (b"a" * 40), b'{"id": "a/b", "sha": 1}']
)
def test_an_answer_that_is_not_understood_ends_in_a_message(hub: HubServer, tmp_path: Path, answer: bytes) -> None:
    hub.faults.append(Fault("/api/models/acme/base", body=answer))
    with pytest.raises(
        UsageError, match="hf://models/acme/base: the hub answers with something that is not understood"
    ):
        scan(tmp_path, "hf://models/acme/base")


def test_a_digest_that_a_list_asks_and_the_hub_does_not_list_is_a_gap(hub: HubServer, tmp_path: Path) -> None:
    hub.add("model", "acme/base", {"README.md": CARD, "in-git.onnx": b"\x08\x07\x12\x04test"})
    known = picture_list(tmp_path, "sha256", "ab" * 32)
    report = scan(tmp_path, "hf://models/acme/base", known=[known], means="model")
    ((why, place),) = reasons_and_places(report)
    assert why == "the hub does not list what a list asks of weights, and no weights are fetched: sha256"
    assert place == "hf://models/acme/base/in-git.onnx"
    assert report.exit_code() == 3
