from __future__ import annotations

from tests.lineage.lineage_facts import FILE_DIGEST, derive_rows, edge_triples, facts, model_with_file


def test_copies_point_to_the_first_and_shared_components_make_none() -> None:
    table = facts(
        model_with_file("o/a", FILE_DIGEST),
        model_with_file("o/b", FILE_DIGEST),
        model_with_file("o/c", "sha256:" + "cd" * 32, "models/o/c/vae/model.safetensors"),
        model_with_file("o/d", "sha256:" + "cd" * 32, "models/o/d/vae/model.safetensors"),
    )
    assert edge_triples(table) == [("o/b", "o/a", "copy")]
    assert derive_rows(table) == [
        ("o/a", "copy_of", "o/b", "same-file", "1 digest agrees"),
        ("o/b", "copy_of", "o/a", "same-file", "1 digest agrees"),
    ]


def test_an_edited_header_does_not_hide_a_copy() -> None:
    tensors = "sha256-tensors:" + "ef" * 32
    table = facts(model_with_file("o/a", tensors), model_with_file("o/b", tensors))
    assert ("o/b", "copy_of", "o/a", "same-tensors", "1 digest agrees") in derive_rows(table)
