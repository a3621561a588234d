"""What a card states, where, and whose word it is."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from auditor.blob import Blob, Unread
from auditor.model import Kind, Statement
from auditor.part_builders.card_part import MAX_CARD_BYTES
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.pipeline.read_members import read_with_members
from auditor.readers.card import claims, part, read
from auditor.samples import Samples
from tests.pictures import jpeg, landscape
from tests.readers.blobs import written_blob


def card(text: str | bytes, kind: Kind = "model") -> Part:
    data = text.encode() if isinstance(text, str) else text
    return part(Blob("/nowhere", "acme/leaf/README.md", len(data), kind, "acme/leaf"), data)


def stated(text: str, *keys: str, kind: Kind = "model") -> list[tuple[str, str, str, int]]:
    return [(s.key, s.value, s.relation, s.place.line) for s in card(text, kind).subject.statements_for(*keys)]


def test_every_value_is_stated_on_its_own_line() -> None:
    text = "---\nlicense: mit\ntags:\n- trees\n- leaves\nlanguage:\n- en\n- no\n---\n\n# Leaf\n"
    assert stated(text, "licence", "tag", "language", "title") == [
        ("title", "Leaf", "", 11),
        ("licence", "mit", "", 2),
        ("language", "en", "", 7),
        ("language", "no", "", 8),
        ("tag", "trees", "", 4),
        ("tag", "leaves", "", 5),
    ]


def test_a_string_is_a_list_of_one_and_null_is_no_value() -> None:
    text = "---\nlicense: [mit, apache-2.0]\ntags: trees\ndatasets: ~\nlanguage: {all: [en, fr]}\n"
    text += "library_name: {peft: ~}\n---\n"
    values = {key: card(text).subject.values(key) for key in ("licence", "tag", "trained_on", "language", "library")}
    assert values == {
        "licence": ("mit", "apache-2.0"),
        "tag": ("trees",),
        "trained_on": (),
        "language": ("en", "fr"),
        "library": ("peft",),
    }


@pytest.mark.parametrize(
    ("lines", "relation"),
    [
        ("base_model: acme/tree", "finetune"),
        ("base_model: [acme/tree, acme/bush]", "merge"),
        ("base_model: acme/tree\ntags: [mergekit]", "merge"),
        ("base_model: acme/tree\nlibrary_name: peft", "adapter"),
        ("base_model: acme/tree\ntags: [text-to-image, lora]", "adapter"),
        ("base_model: acme/tree\ntags: [GGUF]", "quantized"),
        ("base_model: acme/tree\nbase_model_relation: quantized\ntags: [lora]", "quantized"),
        ("base_model: [acme/tree, acme/bush]\nbase_model_relation: adapter", "adapter"),
        ("base_model: acme/tree\nbase_model_relation: nonsense", "finetune"),
    ],
)
def test_the_relation_to_a_base_model_is_the_declared_one_or_what_the_hub_infers(lines: str, relation: str) -> None:
    found = stated(f"---\n{lines}\n---\n", "base_model")
    assert found
    assert {(value, found_relation) for _, value, found_relation, _ in found} <= {
        ("acme/tree", relation),
        ("acme/bush", relation),
    }


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("lisence", "license"),
        ("licence", "license"),
        ("liscence", "license"),
        ("License", "license"),
        ("dataset", "datasets"),
        ("tag", "tags"),
        ("base-model", "base_model"),
        ("pipline_tag", "pipeline_tag"),
    ],
)
def test_a_misspelt_key_is_stated_and_its_value_used(key: str, right: str) -> None:
    subject = card(f"---\n{key}: acme\n---\n").subject
    assert [(s.value, s.relation, s.place.line) for s in subject.statements_for("misspelt_key")] == [(key, right, 2)]
    used = {
        "license": "licence",
        "datasets": "trained_on",
        "tags": "tag",
        "base_model": "base_model",
        "pipeline_tag": "task",
    }
    assert subject.values(used[right]) == ("acme",)


@pytest.mark.parametrize(
    "key", ["metrics", "license_details", "widget", "languages", "licenses", "inference", "thumbnail"]
)
def test_other_keys_are_not_taken_for_misspelt_ones(key: str) -> None:
    assert stated(f"---\n{key}: acme\n---\n", "misspelt_key") == []


def test_a_right_key_outweighs_a_misspelt_one() -> None:
    assert card("---\nlicence: mit\nlicense: cc0-1.0\n---\n").subject.values("licence") == ("cc0-1.0",)


def test_the_template_that_says_licence_license_states_no_licence() -> None:
    subject = card("---\nlicence: license\n---\n").subject
    assert (subject.values("licence"), subject.values("misspelt_key")) == ((), ("licence",))


def test_an_item_with_a_colon_is_stated_as_written() -> None:
    subject = card("---\ndatasets:\n- leaves: https://example.org/leaves\n- trees: ~\n---\n").subject
    assert subject.values("trained_on") == ("leaves: https://example.org/leaves", "trees")


def test_a_dataset_card_states_its_sources_and_tasks() -> None:
    text = "---\nsource_datasets:\n- original\n- extended|acme/trees\n- extended|other\n"
    text += "task_categories: [image-classification]\n---\n"
    assert stated(text, "sourced_from", "task", kind="dataset") == [
        ("task", "image-classification", "", 6),
        ("sourced_from", "acme/trees", "", 4),
    ]


@pytest.mark.parametrize(
    ("lines", "made"),
    [
        ("pipeline_tag: text-to-image", ("image",)),
        ("tags: [stable-diffusion, lora]", ("image",)),
        ("pipeline_tag: text-to-video\ntags: [image-to-video]", ("video",)),
        ("pipeline_tag: text-classification", ()),
    ],
)
def test_what_a_model_generates_is_stated_by_its_task_and_tags(lines: str, made: tuple[str, ...]) -> None:
    assert card(f"---\n{lines}\n---\n").subject.values("generates") == made


def test_gating_adult_tags_licence_name_and_link_are_stated() -> None:
    text = (
        "---\nlicense: other\nlicense_name: leaf-terms\nlicense_link: LICENSE.md\ntags:\n- not-for-all-audiences\n"
        "extra_gated_prompt: |\n  You agree to be kind.\nextra_gated_fields:\n  Name: text\n---\n"
    )
    assert stated(text, "licence_name", "licence_link", "adult_content", "gating") == [
        ("licence_name", "leaf-terms", "", 3),
        ("licence_link", "LICENSE.md", "", 4),
        ("adult_content", "not-for-all-audiences", "", 6),
        ("gating", "fields", "", 7),
    ]
    assert [(t.text, t.first_line) for t in card(text).texts] == [
        ("", 12),
        ("You agree to be kind.\n", 7),
        ("- Name", 9),
    ]


@pytest.mark.parametrize(
    "index",
    [
        "[{name: x, results: [{dataset: {name: Leaves, type: acme/leaves}}, {dataset: {name: Leaves}}]}]",
        "{results: {dataset: Leaves}}",
        "[x, ~, {results: [1, {dataset: {type: Leaves}}]}]",
    ],
)
def test_an_evaluation_is_read_whatever_shape_the_model_index_has(index: str) -> None:
    assert card(f"---\nmodel-index: {index}\n---\n").subject.values("evaluation") == ("Leaves",)


def test_a_card_of_fifty_megabytes_is_read_in_part_with_a_gap() -> None:
    found = card(b"---\nlicense: mit\n---\n" + b"Leaf leaf leaf.\n" * (MAX_CARD_BYTES // 10))
    assert found.subject.values("licence") == ("mit",)
    assert [gap.why for gap in found.subject.gaps] == ["longer than 8,388,608 bytes: only these were read"]


def test_values_beyond_the_first_thousand_are_a_gap() -> None:
    found = card("---\ntags:\n" + "".join(f"- tag{n}\n" for n in range(10_000)) + "---\n").subject
    assert len(found.values("tag")) == 1000
    assert [(gap.what, gap.why) for gap in found.gaps] == [("card", "tags has more than 1,000 values")]


def test_a_gap_names_the_line() -> None:
    (gap,) = card("---\nlicense: mit\ntags:\n\t- x\n---\n").subject.gaps
    assert (gap.what, str(gap.place)) == ("card", "acme/leaf/README.md:3")


def test_the_kind_of_a_standalone_card_is_that_of_its_folders_or_of_its_text() -> None:
    data = b"---\nsize_categories: [n<1K]\n---\n"
    blob = Blob("/nowhere", "acme__leaf.md", len(data), standalone_name="acme/leaf")
    assert part(blob, data).subject.ref.kind == "dataset"
    labelled = Blob("/nowhere", "acme__leaf.md", len(data), standalone_name="acme/leaf", standalone_kind="model")
    assert (part(labelled, data).subject.kind, part(labelled, data).subject.name) == ("model", "acme/leaf")
    document = part(blob, b"Notes on gardens.\n")
    assert (document.subject.kind, document.texts[0].role) == ("document", "document")


def test_a_readme_that_is_a_picture_is_unread_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(bytes(range(32)) * 100)
    blob = Blob(str(path), "README.md", path.stat().st_size, "model", "leaf")
    assert list(read([blob], ReadOptions())) == [
        Unread("README.md", "is not text: it holds mostly control characters", blob=blob)
    ]


@pytest.mark.parametrize(
    "name", ["README.md", "readme.MD", "README", "modelcard.md", "MODEL_CARD.md", "dataset-card.txt"]
)
def test_a_card_is_known_by_its_name(name: str) -> None:
    assert claims(Blob("/x", f"a/{name}", 1, "model", "a"), b"# Leaf") > 50


def test_markup_and_escapes_stay_as_written() -> None:
    wild = "<script>x</script>\u202e\x1b[31m"
    (title,) = card(f"# {wild}\n").subject.statements_for("title")
    assert isinstance(title, Statement)
    assert title.value == wild


def test_base_models_are_repositories_whatever_they_are_written_as() -> None:
    text = (
        "---\nbase_model:\n- https://huggingface.co/acme/Tree/tree/main\n- ACME/tree\n- name: acme/bush\n"
        "  revision: v1\n- None\n- /home/jane/models/seed\n---\n# Leaf\n"
    )
    read = [(s.value, s.place.line) for s in card(text).subject.statements_for("base_model")]
    assert read == [("acme/Tree", 3), ("acme/bush", 5), ("local:seed", 8)]


def test_a_card_whose_base_model_is_none_names_none() -> None:
    assert [*card("---\nbase_model: None\ndatasets: N/A\n---\n# Leaf\n").subject.statements_for("base_model")] == []


def test_a_picture_in_a_card_is_a_sample_where_a_list_asks_for_samples(tmp_path: Path) -> None:
    picture = base64.b64encode(jpeg(landscape(1))).decode()
    blob = written_blob(tmp_path, "README.md", f"# Hills\n\n![a](data:image/jpeg;base64,{picture})\n".encode())
    items = read_with_members("card", [blob], ReadOptions(frozenset({"md5"})))
    (samples,) = [item for item in items if isinstance(item, Samples)]
    assert samples.batch["md5"].to_pylist() == [hashlib.md5(jpeg(landscape(1))).digest()]
    assert samples.batch["place"].to_pylist() == ["README.md!/line 3, 1"]
    assert not [item for item in read_with_members("card", [blob], ReadOptions()) if isinstance(item, Samples)]


def test_storage_buckets_that_a_card_names_are_stated_with_their_lines() -> None:
    text = "---\nlicense: mit\nbuckets:\n- acme/checkpoints\n- acme/logs\n---\n# A model\n"
    assert stated(text, "storage_bucket") == [
        ("storage_bucket", "acme/checkpoints", "", 4),
        ("storage_bucket", "acme/logs", "", 5),
    ]
