"""Whom to report to: every hotline has an address and a source."""

from __future__ import annotations

from auditor.policy.vocabularies import load_vocabularies
from auditor.reporting.web_links import is_web_address


def test_every_hotline_is_a_web_address_with_a_source() -> None:
    contacts = load_vocabularies().contacts
    codes = [hotline.code for hotline in contacts.hotlines]
    assert {"US", "GB", "CA", "AU"} <= set(codes)
    assert len(codes) == len(set(codes))
    for hotline in contacts.hotlines:
        assert is_web_address(hotline.url)
        assert is_web_address(hotline.source)
