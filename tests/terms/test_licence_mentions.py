"""A licence that a card's text names as its own is found by label, heading, table, badge and sentence."""

from __future__ import annotations

import pytest

from auditor.policy.vocabularies import load_vocabularies
from auditor.terms.licence_mentions import find_licence_mentions

LICENCES = load_vocabularies().licences


def named(text: str) -> list[str]:
    return [mention.licence for mention in find_licence_mentions(text, LICENCES)]


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("**License:** Apache 2.0\n", "apache-2.0"),
        ("- **License**: [CC BY-NC 4.0](https://creativecommons.org/licenses/by-nc/4.0/)\n", "cc-by-nc-4.0"),
        ("* Model license - MIT\n", "mit"),
        ("| Author | Someone |\n| **License**      |      apache-2.0   |\n", "apache-2.0"),
        ("<tr><td>License</td><td>MIT</td></tr>\n", "mit"),
        ("## License\n\nMIT\n", "mit"),
        ("## 📜 Licence information\n\nThe code is released under the [MIT License](LICENSE).\n", "mit"),
        ("License\n=======\n\nCC-BY-SA 4.0\n", "cc-by-sa-4.0"),
        ("<h2>License</h2>\nThis model uses the GPLv3 license.\n", "gpl-3.0"),
        ("[![License](https://img.shields.io/badge/License-Apache%202.0-blue.svg)](LICENSE)\n", "apache-2.0"),
        ("![l](https://img.shields.io/badge/license-MIT-green)\n", "mit"),
        ("<!--- SPDX-License-Identifier: BSD-3-Clause -->\n", "bsd-3-clause"),
        ("This model is licensed under the Apache License, Version 2.0 (the License).\n", "apache-2.0"),
        ("All weights are released under the CreativeML Open RAIL-M license.\n", "creativeml-openrail-m"),
        ("We release it under an Apache\u20112.0 licence.\n", "apache-2.0"),
        ("Released under the MIT license.\n", "mit"),
        ("> Distributed under the terms of the GPL-3.0 license.\n", "gpl-3.0"),
        ("- Licensed under Apache-2.0\n", "apache-2.0"),
        ("| Distribution | released under the MIT license |\n", "mit"),
        ("## Available under a CC BY 4.0 licence\n", "cc-by-4.0"),
        ("Code released under the MIT license.\n", "mit"),
        ("## License\n\nYou find it [here](https://example.org/x/LICENSE).\n", "linked"),
    ],
)
def test_a_licence_that_the_text_names_is_found(text: str, licence: str) -> None:
    assert named(f"# A model\n\nWrites rhymes.\n\n{text}\nMore words.\n") == [licence]


@pytest.mark.parametrize(
    "text",
    [
        "**License:** More information needed\n",
        "**License:** other\n",
        "## License\n\n## Citation\n\nMIT press\n",
        "The base model is licensed under the Apache License 2.0.\n",
        "The original images are distributed under the CC BY 4.0 license.\n",
        "Images available under CC BY 4.0 from elsewhere.\n",
        "It was released under pressure.\n",
        "Our [base](https://example.org) is licensed under the MIT license.\n",
        "@misc{x,\n  license = {Apache-2.0},\n}\n",
        "Pick a license such as MIT or Apache 2.0.\n",
        "Trained at the MIT without a license.\n",
    ],
)
def test_a_licence_of_something_else_or_none_is_not(text: str) -> None:
    assert named(f"# A model\n\n{text}\nMore words.\n") == []


def test_a_licence_is_certain_by_a_label_and_not_by_a_sentence() -> None:
    text = "License: MIT\n\nThis model is licensed under the Apache License 2.0.\n"
    assert find_licence_mentions(text, LICENCES) == (("mit", 0, True), ("apache-2.0", 14, False))


@pytest.mark.parametrize(
    "text", ["license " * 100_000, "license: " + "x" * 1_000_000, "| license |" * 50_000, "#license\n" * 90_000]
)
def test_a_hostile_text_is_searched_within_bounds(text: str) -> None:
    assert named(text) == []
