"""Only web addresses become links."""

from __future__ import annotations

import pytest

from auditor.reporting.web_links import split_reference


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("LAION, Re-LAION-5B: https://laion.ai/blog/relaion-5b", "https://laion.ai/blog/relaion-5b"),
        ("IWF manifesto: models overseen", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x https://", ""),
        ('https://example.org/" onclick="x', ""),
    ],
)
def test_only_web_addresses_become_links(text: str, address: str) -> None:
    assert split_reference(text)[1] == address
