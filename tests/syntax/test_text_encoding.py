"""Documents are decoded from every encoding that cards are found in."""

from __future__ import annotations

import pytest

from auditor.errors import Unreadable
from auditor.syntax.front_matter import split_card
from auditor.syntax.text_encoding import decode_text


@pytest.mark.parametrize(
    ("data", "doubt"),
    [
        ("---\nlicense: mit\n---\nä\n".encode("utf-16"), ""),
        ("---\nlicense: mit\n---\n".encode("utf-16-le"), ""),
        ("---\nlicense: mit\n---\n".encode("utf-16-be"), ""),
        ("---\nlicense: mit\n---\n".encode("utf-32"), ""),
        (b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n", ""),
        (b"---\r\r\nlicense: mit\r\r\n---\r\r\n", ""),
        (b"---\nlicense: mit\n---\nna\xefve\n", "is not UTF-8 throughout; other bytes were read as U+FFFD"),
    ],
)
def test_every_encoding_is_read(data: bytes, doubt: str) -> None:
    text, why = decode_text(data)
    assert why == doubt
    assert dict(split_card(text).metadata) == {"license": "mit"}


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(Unreadable, match="is not text"):
        decode_text(b"\x00\x01\x02\x03" * 300)
