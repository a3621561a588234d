from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.lineage.repository_names import join_keys, normalize_names
from auditor.policy.vocabularies import load_vocabularies
from auditor.syntax.repository_name_parsing import normalize_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("org/name", "org/name"),
        (" 'org/name' ", "org/name"),
        ("org/name@main", "org/name"),
        ("https://huggingface.co/org/name", "org/name"),
        ("https://huggingface.co/datasets/org/name/tree/main/data?x=1#y", "org/name"),
        ("huggingface.co/org/name/", "org/name"),
        ("hf://datasets/org/name@v2", "org/name"),
        ("datasets/org/name", "org/name"),
        ("org/name/weights.safetensors", "org/name"),
        ("[name](https://huggingface.co/org/name)", "org/name"),
        ("D:/Hub/models--org--name/snapshots/221e5f92", "org/name"),
        ("D:\\work\\finetuned\\hills_v2", "hills_v2"),
        ("/home/me/hills", "hills"),
        ("./out/checkpoint-500", "local:out/checkpoint-500"),
        ("outputs", "local:outputs"),
        ("org/name/unet", "org/name"),
        ("/data/hills/text_encoder_2", "hills"),
        ("./unet", "local:unet"),
        ("org/vae", "org/vae"),
        ("https://civitai.com/models/12?modelVersionId=3", "civitai.com/models/12"),
        ("https://github.com/org/name.git", "github.com/org/name"),
        ("sha256:" + "ab" * 32, "sha256:" + "ab" * 32),
        ("", ""),
    ],
)
def test_a_name_is_the_same_however_it_is_written(written: str, name: str) -> None:
    assert normalize_name(written) == name


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=30) | st.from_regex(r"[a-z./:\\@-]{0,20}", fullmatch=True))
)
def test_arrays_are_normalised_like_single_names(written: list[str]) -> None:
    assert normalize_names(pa.array(written, pa.string())).to_pylist() == [normalize_name(name) for name in written]


def test_renamed_repositories_and_known_files_join_their_new_name() -> None:
    table = load_vocabularies().renamed
    written = pa.array(["gpt2", "openai-community/GPT2", "v1-5-pruned.ckpt", "runwayml/stable-diffusion-v1-5"])
    base = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert join_keys(written, "models", table).to_pylist() == ["openai-community/gpt2"] * 2 + [base] * 2


def test_no_new_name_is_itself_an_old_one() -> None:
    table = load_vocabularies().renamed
    for part in (table.models, table.datasets):
        assert not {new.lower() for new in part.values()} & set(part)


def test_withdrawn_datasets_have_references_and_what_replaced_them_is_not_among_them() -> None:
    entries = load_vocabularies().withdrawn
    assert [entry.id for entry in entries] == ["laion-400m", "laion-5b", "nudenet"]
    assert all(reference.startswith("https://") for entry in entries for reference in entry.references)
    assert not [name for entry in entries for name in entry.names if "relaion" in name.lower().replace("-", "")]
