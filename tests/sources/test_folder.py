"""Which files a folder holds, and which subject each belongs to."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from auditor.sources import Blob, Unread, source_of
from auditor.sources.folder import blobs

MODEL_CARD = "---\npipeline_tag: text-generation\n---\n# A model\n"
DATASET_CARD = "---\ntask_categories: [text-classification]\n---\n# Dataset Card for words\n"


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def owners(target: Path) -> dict[str, tuple[str, str, str]]:
    return {b.uri: (b.kind, b.name, b.revision) for b in blobs(str(target)) if isinstance(b, Blob)}


def test_a_hub_layout_names_subjects_by_organisation_and_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "models/acme/base/README.md": MODEL_CARD,
            "models/acme/base/unet/weights.safetensors": b"",
            "datasets/acme/words/README.md": DATASET_CARD,
            "datasets/acme/words/data/a.csv": "md5\n",
        },
    )
    assert owners(tmp_path) == {
        "models/acme/base/README.md": ("model", "acme/base", ""),
        "models/acme/base/unet/weights.safetensors": ("model", "acme/base", ""),
        "datasets/acme/words/README.md": ("dataset", "acme/words", ""),
        "datasets/acme/words/data/a.csv": ("dataset", "acme/words", ""),
    }


def test_the_path_above_the_target_tells_the_subject_too(tmp_path: Path) -> None:
    write(tmp_path, {"models/acme/base/README.md": MODEL_CARD})
    assert owners(tmp_path / "models" / "acme" / "base") == {"README.md": ("model", "acme/base", "")}
    assert owners(tmp_path / "models" / "acme" / "base" / "README.md") == {"README.md": ("model", "acme/base", "")}


def test_a_hub_cache_gives_the_revision_and_its_blobs_are_read_through_the_snapshot(tmp_path: Path) -> None:
    revision = "0123456789abcdef" * 2 + "01234567"
    root = tmp_path / "models--acme--base"
    write(root, {"blobs/aa": MODEL_CARD, "refs/main": revision})
    snapshot = root / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (snapshot / "README.md").symlink_to(Path("..", "..", "blobs", "aa"))
    assert owners(tmp_path) == {f"models--acme--base/snapshots/{revision}/README.md": ("model", "acme/base", revision)}


def test_a_local_download_notes_its_commit(tmp_path: Path) -> None:
    commit = "f" * 40
    write(
        tmp_path / "m", {"README.md": MODEL_CARD, ".cache/huggingface/download/README.md.metadata": f"{commit}\n1\n2\n"}
    )
    assert owners(tmp_path) == {"m/README.md": ("model", "m", commit)}


def test_a_plain_folder_is_what_its_files_or_its_card_say(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "zoo/alpha/weights.safetensors": b"",
            "zoo/alpha/unet/config.json": "{}",
            "zoo/beta/metadata.csv": "file_name\n",
            "zoo/beta/train/1.jpg": b"",
            "zoo/gamma/README.md": DATASET_CARD,
            "zoo/notes.txt": "hello",
        },
    )
    found = owners(tmp_path / "zoo")
    assert found["alpha/weights.safetensors"] == found["alpha/unet/config.json"] == ("model", "alpha", "")
    assert found["beta/train/1.jpg"] == ("dataset", "beta", "")
    assert found["gamma/README.md"] == ("dataset", "gamma", "")
    assert found["notes.txt"] == ("", "zoo", "")


def test_cards_in_a_flat_folder_are_subjects_by_themselves(tmp_path: Path) -> None:
    write(
        tmp_path / "model-cards",
        {"acme__base.md": MODEL_CARD, "acme__tuned__README.md": MODEL_CARD, "README.md": "# Collected cards\n"},
    )
    found = {b.uri: (b.kind, b.standalone_name, b.standalone_kind) for b in blobs(str(tmp_path)) if isinstance(b, Blob)}
    assert found == {
        "model-cards/acme__base.md": ("", "acme/base", "model"),
        "model-cards/acme__tuned__README.md": ("", "acme/tuned", "model"),
        "model-cards/README.md": ("", "model-cards", "model"),
    }


def test_weights_files_without_a_card_or_configuration_are_models_by_themselves(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "lora/harbour.safetensors": b"",
            "lora/hills.safetensors": b"",
            "lora/hills.png": b"",
            "big/part-00001-of-00002.safetensors": b"",
            "big/part-00002-of-00002.safetensors": b"",
            "models/acme/two/a.safetensors": b"",
            "models/acme/two/b.safetensors": b"",
        },
    )
    found = owners(tmp_path)
    assert found["lora/harbour.safetensors"] == ("model", "lora/harbour", "")
    assert found["lora/hills.safetensors"] == ("model", "lora/hills", "")
    assert found["lora/hills.png"] == ("", tmp_path.name, "")
    assert {name for _, name, _ in owners(tmp_path / "big").values()} == {"big"}
    assert found["models/acme/two/a.safetensors"] == found["models/acme/two/b.safetensors"] == ("model", "acme/two", "")


def test_files_are_listed_in_the_order_of_the_bytes_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, {"b": "", "a/z": "", "a/B": "", "Ä": "", "c/1": ""})
    assert [file.uri for file in blobs(str(tmp_path))] == ["b", "Ä", "a/B", "a/z", "c/1"]


def test_a_link_never_leads_out_of_the_target(tmp_path: Path) -> None:
    write(tmp_path, {"outside/secret.txt": "x", "target/in.txt": "y"})
    (tmp_path / "target" / "file").symlink_to(tmp_path / "outside" / "secret.txt")
    (tmp_path / "target" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "target" / "loop").symlink_to(tmp_path / "target")
    (tmp_path / "target" / "same").symlink_to("in.txt")
    (tmp_path / "target" / "gone").symlink_to("nowhere")
    found = {file.uri: getattr(file, "why", "read") for file in blobs(str(tmp_path / "target"))}
    assert found == {
        "file": "a link that leaves the target: not followed",
        "folder": "a link that leaves the target: not followed",
        "loop": "a link to a folder: not followed",
        "gone": "cannot be examined: No such file or directory",
        "in.txt": "read",
        "same": "read",
    }


def test_a_link_loop_or_too_long_a_chain_ends_that_file_alone(tmp_path: Path) -> None:
    write(tmp_path, {"in.txt": "y"})
    for name, to in (("one", "two"), ("two", "one"), ("README.md", "README.md"), ("way", "loop/way")):
        (tmp_path / name).symlink_to(to)
    (tmp_path / "loop").symlink_to("loop", target_is_directory=True)
    (tmp_path / "chain00").symlink_to("in.txt")
    for number in range(1, 60):
        (tmp_path / f"chain{number:02}").symlink_to(f"chain{number - 1:02}")
    found = {file.uri: (getattr(file, "why", "read"), getattr(file, "skipped", False)) for file in blobs(str(tmp_path))}
    looped = ("a link that leads back to itself, or through too many links", False)
    assert {name for name, why in found.items() if why == looped} > {
        *("one", "two", "README.md", "loop", "way", "chain59")
    }
    assert (found["in.txt"], found["chain00"]) == (("read", False), ("read", False))
    assert set(found.values()) == {looped, ("read", False)}


def test_a_target_that_is_a_link_loop_is_refused(tmp_path: Path) -> None:
    from auditor.errors import UsageError

    (tmp_path / "one").symlink_to("one")
    with pytest.raises(UsageError, match="one: is a link that leads back to itself, or through too many links; name"):
        source_of(str(tmp_path / "one"))


def test_a_file_that_vanishes_after_it_was_listed_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.txt": "x", "b.txt": "y"})
    stat_of = os.stat

    def vanishing(path: str, **options: bool) -> os.stat_result:
        if str(path).endswith("a.txt"):
            os.unlink(path)
        return stat_of(path, **options)

    monkeypatch.setattr(os, "stat", vanishing)
    first, second = blobs(str(tmp_path))
    assert first == Unread("a.txt", "cannot be examined: No such file or directory")
    assert (second.uri, isinstance(second, Blob)) == ("b.txt", True)


def test_an_entry_whose_type_cannot_be_told_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Untyped:
        """A listing of a file system that gives no types and then refuses to examine the file."""

        name, path = "a.txt", str(tmp_path / "a.txt")

        def is_symlink(self) -> bool:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", lambda folder: nullcontext([Untyped()]))
    assert list(blobs(str(tmp_path))) == [Unread("a.txt", "cannot be examined: Permission denied")]


def test_what_is_not_a_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list(blobs(str(tmp_path))) == [Unread("pipe", "not a regular file: not opened", skipped=True)]


def test_a_folder_that_cannot_be_listed_is_a_gap(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list any folder")
    write(tmp_path, {"closed/a.txt": "x", "open.txt": "y"})
    (tmp_path / "closed").chmod(0)
    try:
        assert [(file.uri, getattr(file, "why", "")) for file in blobs(str(tmp_path))] == [
            ("open.txt", ""),
            ("closed/", "folder cannot be listed: Permission denied"),
        ]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_name_that_is_not_utf_8_is_percent_encoded(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9 100%.jpg"), "wb"):
        pass
    (blob,) = blobs(str(tmp_path))
    assert blob.uri == "caf%E9 100%25.jpg"
    assert isinstance(blob, Blob)
    assert blob.read() == b""


def test_a_target_that_does_not_exist_is_refused() -> None:
    from auditor.errors import UsageError

    with pytest.raises(UsageError, match="nowhere: does not exist; name a file or a folder"):
        source_of("nowhere")
