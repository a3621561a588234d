"""Addresses on a hub: what each means, and what is said of one that cannot be understood."""

from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.hub_address import HubAddress, is_hub_address, parse_hub_address


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("hf://models/acme/base", HubAddress("model", "acme/base")),
        ("hf://acme/base", HubAddress("model", "acme/base")),
        ("hf://datasets/acme/hills", HubAddress("dataset", "acme/hills")),
        ("hf://datasets/acme/hills@v1.0", HubAddress("dataset", "acme/hills", "v1.0")),
        ("hf://models/acme/base@refs/pr/3", HubAddress("model", "acme/base", "refs/pr/3")),
        ("hf://models/acme/base@refs%2Fpr%2F3", HubAddress("model", "acme/base", "refs/pr/3")),
        ("hf://models/acme", HubAddress("model", author="acme")),
        ("hf://datasets/acme/", HubAddress("dataset", author="acme")),
        (
            "hf://models?author=acme&search=hill&filter=lora&filter=license:mit&limit=20",
            HubAddress("model", author="acme", search="hill", filters=("lora", "license:mit"), limit=20),
        ),
        ("hf://models?base_model=acme/base", HubAddress("model", filters=("base_model:acme/base",))),
        ("hf://models?base_model=adapter:acme/base", HubAddress("model", filters=("base_model:adapter:acme/base",))),
    ],
)
def test_an_address_names_a_repository_an_organisation_or_a_search(target: str, address: HubAddress) -> None:
    assert is_hub_address(target)
    assert parse_hub_address(target) == address


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("hf://", "names no repository"),
        ("hf://gpt2", "names no repository"),
        ("hf://models", "names all models of the hub; narrow it, for example hf://models?limit=1000"),
        ("hf://models?", "the query asks for nothing"),
        ("hf://spaces/acme/app", "spaces are not audited"),
        ("hf://buckets/acme/app", "buckets are not audited"),
        ("hf://models/acme/base/README.md", "names a file; a repository is read as a whole: hf://models/acme/base"),
        ("hf://models/acme/..", "no organisation or repository can have this name"),
        ("hf://models/../../etc", "no organisation or repository can have this name"),
        ("hf://models/acme/base@", "a revision follows the name of a repository"),
        ("hf://models/acme@main", "a revision follows the name of a repository"),
        ("hf://models/acme?limit=3", "a query follows hf://models at once"),
        ("hf://models?autor=acme", "no query has the key 'autor' (did you mean 'author'?)"),
        ("hf://models?limit=0", "limit is a number of repositories from 1"),
        ("hf://models?limit=many", "limit is a number of repositories from 1"),
        ("hf://models?search=", "search has no value; write search=VALUE"),
        ("hf://models?author=a&author=b", "author is given twice"),
        ("hf://models/acme/base::simplecache", "addresses are not chained"),
    ],
)
def test_what_cannot_be_understood_says_what_to_write(target: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_hub_address(target)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{target}: ")
