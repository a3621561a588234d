"""A repository's patterns cover every address of it, and no address of anything else."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditor.deindex import locators
from auditor.deindex.hubs import Repository, shipped_hubs
from auditor.deindex.repositories import repository_from_url, resolve_repository
from auditor.errors import SealError
from auditor.known.urls import canonical_url, split_canonical_url
from auditor.model import Ref

HUBS = shipped_hubs()

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
HOSTS = ("huggingface.co", "hf.co", "hf-mirror.com")


@st.composite
def parts(draw: st.DrawFn) -> str:
    """An owner's or a repository's name, as the hub allows them."""
    ends = st.sampled_from(LETTERS)
    middle = draw(st.text(st.sampled_from(f"{LETTERS}.-"), max_size=12))
    part = draw(ends) + middle + draw(ends)
    assume("--" not in part and ".." not in part and not part.lower().endswith(".git"))
    assume(part.lower() not in HUBS["huggingface"].reserved)
    return part


names = st.builds("{}/{}".format, parts(), parts())
kinds = st.sampled_from(["model", "dataset"])
inside = st.sampled_from(
    [
        "",
        "/",
        "/tree/main",
        "/tree/refs%2Fpr%2F1/folder",
        "/resolve/main/model.safetensors",
        "/blob/5f1e/README.md",
        "/raw/main/config.json",
        "/commits/main",
        "/discussions/3",
        "/./tree/./main",
        "/x/../tree/main",
    ]
)
after = st.sampled_from(["", "?download=true", "?a=/other/name", "#model-card", "?x#y", "?"])
front = st.sampled_from(["https://", "http://", "HTTPS://", "", "https://user:word@", "//"])


@st.composite
def addresses(draw: st.DrawFn, kind: str, name: str) -> str:
    """One of the many ways to write an address of the repository."""
    bases = [f"/{name}", f"/{name}.git", f"/api/models/{name}", f"/api/resolve-cache/models/{name}"]
    if kind == "dataset":
        bases = [f"/datasets/{name}", f"/datasets/{name}.git", f"/api/datasets/{name}"]
    path = draw(st.sampled_from(bases))
    way = draw(st.sampled_from(["plain", "upper", "escaped", "twice escaped", "slashes"]))
    if way == "upper":
        path = path.upper()
    elif way == "escaped":
        path = "".join(f"%{ord(letter):02x}" if letter not in "/" else letter for letter in path)
    elif way == "twice escaped":
        path = quote("".join(f"%{ord(letter):02X}" if letter in ".-_" else letter for letter in path))
    elif way == "slashes":
        path = path.replace("/", "//")
    host = draw(st.sampled_from(HOSTS))
    host = draw(st.sampled_from([host, host.upper(), f"{host}:443", f"{host}."]))
    return draw(front) + host + path + draw(inside) + draw(after)


@given(st.data(), kinds, names)
def test_every_address_of_the_repository_is_covered(data: st.DataObject, kind: str, name: str) -> None:
    made = locators.build_locators(resolve_repository(Ref(kind, name), HUBS), HUBS)  # type: ignore[arg-type]
    url = data.draw(addresses(kind, name))
    assert made.covers(url)
    found = repository_from_url(url, HUBS)
    assert found is not None
    assert (found.kind, found.name.lower()) == (kind, name.lower())


@given(st.data(), kinds, names, parts())
def test_no_address_of_a_sibling_is_covered(data: st.DataObject, kind: str, name: str, other: str) -> None:
    owner, _, bare = name.partition("/")
    sibling = data.draw(
        st.sampled_from(
            [
                f"{owner}/{bare}-v2",
                f"{owner}/{bare}.x",
                f"{owner}/{bare}_",
                f"{owner}/{bare}{other}",
                f"{owner}/{other}",
                f"{owner}{other}/{bare}",
                f"{other}/{bare}",
                f"{other}{owner}/{bare}",
                f"{other}/{owner}/{bare}",
                f"{owner}/x-{bare}",
            ]
        )
    )
    assume(not f"{sibling}/".lower().startswith(f"{name}/".lower()))
    made = locators.build_locators(resolve_repository(Ref(kind, name), HUBS), HUBS)  # type: ignore[arg-type]
    url = data.draw(addresses(kind, sibling))
    assert not made.covers(url)


@given(kinds, names, after)
def test_no_page_above_the_repository_is_covered(kind: str, name: str, end: str) -> None:
    made = locators.build_locators(resolve_repository(Ref(kind, name), HUBS), HUBS)  # type: ignore[arg-type]
    owner = name.partition("/")[0]
    for host in HOSTS:
        for path in ("", "/", f"/{owner}", f"/{owner}/", "/datasets", f"/datasets/{owner}", f"/api/models/{owner}"):
            assert not made.covers(f"https://{host}{path}{end}")


@given(kinds, names)
def test_a_model_and_a_dataset_of_one_name_are_apart(kind: str, name: str) -> None:
    made = locators.build_locators(resolve_repository(Ref(kind, name), HUBS), HUBS)  # type: ignore[arg-type]
    model, dataset = f"https://huggingface.co/{name}/tree/main", f"https://huggingface.co/datasets/{name}/tree/main"
    assert [made.covers(model), made.covers(dataset)] == [kind == "model", kind == "dataset"]


@given(kinds, names)
def test_patterns_are_safe_to_compare_as_plain_strings(kind: str, name: str) -> None:
    """A recipient without this program compares texts; a prefix must not be one of ``NAME-v2``."""
    made = locators.build_locators(resolve_repository(Ref(kind, name), HUBS), HUBS)  # type: ignore[arg-type]
    assert all(path.endswith((f"/{name.lower()}/", f"/{name.lower()}.git/")) for path in made.prefix)
    for host in made.hosts:
        for path in (*made.exact, *made.prefix):
            assert canonical_url(f"https://{host}{path}") == f"https://{host}{path}"


def test_the_addresses_of_a_model_are_these() -> None:
    made = locators.build_locators(resolve_repository(Ref("model", "Atelier/Harbour.v1"), HUBS), HUBS)
    assert made.hosts == HOSTS
    assert made.exact == (
        "/atelier/harbour.v1",
        "/atelier/harbour.v1.git",
        "/api/models/atelier/harbour.v1",
        "/api/resolve-cache/models/atelier/harbour.v1",
    )
    assert made.prefix == tuple(f"{path}/" for path in made.exact)


@pytest.mark.parametrize(
    ("kind", "name", "hub", "bare"),
    [
        ("model", "atelier/harbour", "huggingface", "atelier/harbour"),
        ("model", "hf://models/atelier/harbour@main", "huggingface", "atelier/harbour"),
        ("dataset", "hf://datasets/atelier/scenes", "huggingface", "atelier/scenes"),
        ("dataset", "https://huggingface.co/datasets/atelier/scenes/tree/main", "huggingface", "atelier/scenes"),
        ("model", "hf.co/atelier/harbour", "huggingface", "atelier/harbour"),
        ("model", "https://www.modelscope.cn/models/Atelier/Harbour", "modelscope", "Atelier/Harbour"),
        ("model", "https://civitai.com/models/1234/harbour-lights?modelVersionId=5", "civitai", "1234"),
        ("model", "git@hf.co:atelier/harbour.git", "huggingface", "atelier/harbour"),
        ("model", "ssh://git@hf.co/atelier/harbour", "huggingface", "atelier/harbour"),
        ("model", "https://www.huggingface.co/atelier/harbour", "huggingface", "atelier/harbour"),
        ("model", "hf.co/atelier/harbour:Q4_K_M", "huggingface", "atelier/harbour"),
        ("model", "git@github.com:atelier/harbour.git", "github", "atelier/harbour"),
        ("model", "https://github.com/atelier/harbour/releases/tag/v1", "github", "atelier/harbour"),
        ("model", "https://www.kaggle.com/models/atelier/harbour/frameworks/jax", "kaggle", "atelier/harbour"),
        ("dataset", "https://kaggle.com/datasets/atelier/scenes", "kaggle", "atelier/scenes"),
        ("model", "ollama.com/library/harbour:8b", "ollama", "library/harbour"),
    ],
)
def test_a_subjects_name_leads_to_its_repository(kind: str, name: str, hub: str, bare: str) -> None:
    assert resolve_repository(Ref(kind, name), HUBS) == Repository(hub, kind, bare)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("model", "atelier"),
        ("model", ""),
        ("model", "datasets/atelier"),
        ("model", "Datasets/atelier"),
        ("model", "api/models"),
        ("model", "https://huggingface.co/atelier"),
        ("model", "https://huggingface.co/datasets/atelier/scenes"),
        ("model", "https://huggingface.co"),
        ("model", "atelier/har*"),
        ("model", "atelier/%2e%2e"),
        ("model", "atelier/.."),
        ("model", "atelier/harbour.git"),
        ("model", "atelier/\u202eharbour"),
        ("model", "atelier/harbour\n"),
        ("model", f"atelier/{'x' * 1_000_000}"),
        ("model", "a/b/c"),
        ("terms", "atelier/harbour"),
    ],
)
def test_what_is_no_repository_has_no_address(kind: str, name: str) -> None:
    with pytest.raises(
        SealError, match="is not a valid repository name at Hugging Face, so it has no address"
    ) as error:
        resolve_repository(Ref(kind, name), HUBS)  # type: ignore[arg-type]
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("name", ["a/%2e%2e", "a/b?c", "a/b#c", "a/b\\c", "a/ü", "a/b c", "/b", "a/"])
def test_a_careless_table_makes_no_name_that_a_path_would_escape(name: str) -> None:
    careless = replace(HUBS["huggingface"], name=re.compile(".*", re.S), forbidden=())
    assert careless.allows_name("a/b")
    assert not careless.allows_name(name)


def test_letter_case_counts_where_the_hub_is_not_known_to_ignore_it() -> None:
    made = locators.build_locators(Repository("modelscope", "model", "Atelier/Harbour"), HUBS)
    assert made.covers("https://modelscope.cn/models/Atelier/Harbour/files")
    assert not made.covers("https://modelscope.cn/models/atelier/harbour/files")


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "http://", "\ud800", "https://[::1", "x" * 100_000])
def test_what_is_no_address_belongs_to_nothing(url: str) -> None:
    assert repository_from_url(url, HUBS) is None
    assert split_canonical_url(url) == ("", "") or split_canonical_url(url)[0]


def test_every_hub_says_where_its_addresses_are_known_from() -> None:
    for hub in HUBS.values():
        assert hub.references
        assert all(reference.startswith("https://") for reference in hub.references)


def test_an_address_that_reads_as_another_repositorys_is_refused() -> None:
    with pytest.raises(SealError, match="is in the dataset atelier/scenes, not the model datasets/atelier/scenes"):
        locators.build_locators(Repository("huggingface", "model", "datasets/atelier/scenes"), HUBS)


def test_an_address_at_an_unknown_hub_names_the_known_ones() -> None:
    with pytest.raises(SealError) as caught:
        resolve_repository(Ref("model", "https://gitlab.example/atelier/harbour"), HUBS)
    assert str(caught.value) == (
        "model https://gitlab.example/atelier/harbour: is at no hub whose addresses are known (Civitai, GitHub, "
        "Hugging Face, Kaggle, ModelScope, Ollama); add its hub to hubs.toml in a folder of --rules"
    )
