"""Which files a folder holds, and which subject each belongs to."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.sources import find_source
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


def test_a_link_loop_ends_that_file_alone_and_a_long_chain_is_followed(tmp_path: Path) -> None:
    write(tmp_path, {"in.txt": "y"})
    for name, to in (("one", "two"), ("two", "one"), ("README.md", "README.md"), ("way", "loop/way")):
        (tmp_path / name).symlink_to(to)
    (tmp_path / "loop").symlink_to("loop", target_is_directory=True)
    (tmp_path / "chain00").symlink_to("in.txt")
    for number in range(1, 60):
        (tmp_path / f"chain{number:02}").symlink_to(f"chain{number - 1:02}")
    found = {file.uri: (getattr(file, "why", "read"), getattr(file, "skipped", False)) for file in blobs(str(tmp_path))}
    looped = ("a link that leads back to itself, or through too many links", False)
    assert {name for name, why in found.items() if why == looped} > {*("one", "two", "README.md", "loop")}
    assert {found["in.txt"], found["chain00"], found["chain59"]} == {("read", False)}
    assert set(found.values()) == {looped, ("read", False)}


def test_a_target_that_is_a_link_loop_is_refused(tmp_path: Path) -> None:
    from auditor.errors import UsageError

    (tmp_path / "one").symlink_to("one")
    with pytest.raises(UsageError, match="one: is a link that leads back to itself, or through too many links; name"):
        find_source(str(tmp_path / "one"))


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
        find_source("nowhere")


COMMIT = "0123456789abcdef" * 2 + "01234567"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def listed(target: Path) -> dict[str, str]:
    """Return by place why a file is not read, "skipped: …" or "gap: …"; "" for one that is."""
    return {
        one.uri: "" if isinstance(one, Blob) else f"{'skipped' if one.skipped else 'gap'}: {one.why}"
        for one in blobs(str(target))
    }


def hub_cache(root: Path) -> Path:
    """Make a cache with one dataset: a card and a picture in two snapshots, a blob that none links, and bookkeeping."""
    repository = root / "datasets--acme--pics"
    write(
        root,
        {
            "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache\n",
            ".locks/datasets--acme--pics/aa.lock": "",
        },
    )
    write(
        repository,
        {
            "blobs/aa": DATASET_CARD,
            "blobs/bb": PNG,
            "blobs/cc": PNG + b"old",
            "blobs/dd.incomplete": PNG[:20],
            "refs/main": COMMIT,
            f".no_exist/{COMMIT}/config.json": "",
        },
    )
    for revision in (COMMIT, "f" * 40):
        (repository / "snapshots" / revision / "data").mkdir(parents=True)
        (repository / "snapshots" / revision / "README.md").symlink_to("../../blobs/aa")
        (repository / "snapshots" / revision / "data" / "a.png").symlink_to("../../../blobs/bb")
    return repository


def test_blobs_of_a_hub_cache_are_listed_in_their_snapshots_and_those_that_none_links_by_themselves(
    tmp_path: Path,
) -> None:
    hub_cache(tmp_path)
    base = "datasets--acme--pics"
    assert listed(tmp_path) == {
        "CACHEDIR.TAG": "skipped: a marker of a cache",
        ".locks/datasets--acme--pics/aa.lock": "skipped: a lock: empty",
        f"{base}/.no_exist/{COMMIT}/config.json": "skipped: a marker of the hub's cache: empty",
        f"{base}/refs/main": "skipped: a reference of the hub's cache",
        **{f"{base}/snapshots/{revision}/README.md": "" for revision in (COMMIT, "f" * 40)},
        **{f"{base}/snapshots/{revision}/data/a.png": "" for revision in (COMMIT, "f" * 40)},
        f"{base}/blobs/cc": "",
        f"{base}/blobs/dd.incomplete": "gap: an unfinished download: not read",
    }


def test_links_of_a_snapshot_are_followed_to_the_blobs_of_their_repository_where_the_snapshot_is_the_target(
    tmp_path: Path,
) -> None:
    repository = hub_cache(tmp_path)
    snapshot = repository / "snapshots" / COMMIT
    write(tmp_path, {"secret.png": PNG})
    (snapshot / "out.png").symlink_to("../../../secret.png")
    assert listed(snapshot) == {
        "README.md": "",
        "data/a.png": "",
        "out.png": "gap: a link that leaves the target: not followed",
    }
    assert owners(snapshot)["data/a.png"] == ("dataset", "acme/pics", COMMIT)


def test_a_snapshots_link_whose_text_was_stored_as_a_file_stands_for_its_blob(tmp_path: Path) -> None:
    repository = tmp_path / "datasets--acme--pics"
    snapshot = f"snapshots/{COMMIT}"
    write(
        repository,
        {
            f"blobs/{'a' * 40}": PNG,
            f"{snapshot}/data/a.png": f"../../../blobs/{'a' * 40}",
            f"{snapshot}/gone.png": f"../../blobs/{'b' * 40}",
            f"{snapshot}/note.txt": "not a link",
        },
    )
    found = {one.uri: one for one in blobs(str(tmp_path))}
    assert [one.rpartition("--")[2] for one in found] == [
        f"pics/{snapshot}/{name}" for name in ("gone.png", "note.txt", "data/a.png")
    ]
    picture = found[f"datasets--acme--pics/{snapshot}/data/a.png"]
    assert isinstance(picture, Blob)
    assert picture.read() == PNG
    gone = found[f"datasets--acme--pics/{snapshot}/gone.png"]
    assert isinstance(gone, Unread)
    assert (gone.why, gone.skipped) == ("the text of a link: the blob that it names is not here", False)


def test_only_what_its_bytes_prove_to_be_bookkeeping_is_skipped(tmp_path: Path) -> None:
    notes = ".cache/huggingface/download"
    write(
        tmp_path,
        {
            "a.png": PNG,
            f"{notes}/a.png.metadata": f"{COMMIT}\nabcdef\n1700000000.5\n",
            f"{notes}/b.png.metadata": PNG,
            f"{notes}/a.png.lock": "",
            f"{notes}/c.png.lock": PNG,
            f"{notes}/d.png.incomplete": PNG,
            ".cache/huggingface/.gitignore": "*",
            ".cache/pics/x.png": PNG,
            ".hidden/y.png": PNG,
            "datasets--a--b/refs/main": PNG,
            "datasets--a--b/snapshots/x/.no_exist/z.png": PNG,
            "CACHEDIR.TAG": PNG,
        },
    )
    assert {uri: why for uri, why in listed(tmp_path).items() if why} == {
        f"{notes}/a.png.metadata": "skipped: a note of a download",
        f"{notes}/a.png.lock": "skipped: a lock: empty",
        f"{notes}/d.png.incomplete": "gap: an unfinished download: not read",
        ".cache/huggingface/.gitignore": "skipped: a marker of the hub's cache",
    }
    assert len(listed(tmp_path)) == 12


def test_a_git_folder_is_skipped_but_for_what_is_not_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.png": PNG,
            ".git/HEAD": "ref: refs/heads/main\n",
            ".git/objects/aa/bb": b"x",
            ".git/refs/heads/main": COMMIT,
            ".git/pics/x.png": PNG,
            "sub/.git/pics/y.png": PNG,
        },
    )
    assert listed(tmp_path) == {
        "a.png": "",
        ".git/": "skipped: a .git folder: what only the history of version control holds was not read",
        ".git/pics/x.png": "",
        "sub/.git/pics/y.png": "",
    }


def test_nothing_inside_a_target_says_what_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.png": PNG, **dict.fromkeys((".gitignore", ".auditorignore", ".dockerignore"), "*.png\n*\n")})
    assert set(listed(tmp_path).values()) == {""}
    assert len(listed(tmp_path)) == 4


def annex_link(root: Path, name: str, key: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    up = "../" * name.count("/")
    path.symlink_to(f"{up}.git/annex/objects/aa/bb/{key}/{key}")


def test_links_of_git_annex_lead_to_their_object_and_without_one_stand_for_the_digest_in_their_key(
    tmp_path: Path,
) -> None:
    here, gone = f"SHA256E-s{len(PNG)}--{'a' * 64}.png", f"SHA256E-s99--{'b' * 64}.png"
    write(
        tmp_path,
        {
            f".git/annex/objects/aa/bb/{here}/{here}": PNG,
            ".git/HEAD": "ref: refs/heads/main\n",
            ".git/objects/pack/x": b"",
            ".git/refs/heads/main": COMMIT,
        },
    )
    annex_link(tmp_path, "pics/here.png", here)
    annex_link(tmp_path, "pics/gone.png", gone)
    for target in (tmp_path, tmp_path / "pics"):
        found = {one.uri.rpartition("/")[2]: one.read() for one in blobs(str(target)) if isinstance(one, Blob)}
        assert found == {
            "here.png": PNG,
            "gone.png": f"../.git/annex/objects/aa/bb/{gone}/{gone}".encode(),
        }


@pytest.mark.parametrize("replacement", ["pipe", "link", "folder"])
def test_a_file_that_is_replaced_after_it_was_listed_is_not_opened(tmp_path: Path, replacement: str) -> None:
    write(tmp_path, {"secret.txt": "xx", "target/a.txt": "xx", "target/b.txt": "x" * 100_000})
    listing = [one for one in blobs(str(tmp_path / "target")) if isinstance(one, Blob)]
    for blob in listing:
        os.unlink(blob.path)
        if replacement == "pipe":
            os.mkfifo(blob.path)
        elif replacement == "link":
            os.symlink(tmp_path / "secret.txt", blob.path)
        else:
            os.mkdir(blob.path)
        for use in (blob.read, blob.open, lambda blob=blob: blob.head(100)):
            with pytest.raises(Unreadable, match=r"^changed since it was listed: it is no regular file any more$"):
                use()


def test_a_file_that_grew_after_it_was_listed_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "x"})
    (blob,) = blobs(str(tmp_path))
    write(tmp_path, {"a.txt": "xyz"})
    assert isinstance(blob, Blob)
    with pytest.raises(Unreadable, match=r"^changed since it was listed: it had 1 bytes and has 3$"):
        blob.read()
