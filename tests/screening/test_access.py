"""Who may ask the service, and how often."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.screening.access import MIN_TOKEN_CHARACTERS, AccessControl, read_token_file
from auditor.screening.rate_limit import RateLimit

TOKENS = ("a" * 40, "b" * 40)


def token_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens.txt"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_each_token_is_a_caller_and_nothing_else_is() -> None:
    access = AccessControl(TOKENS)
    assert access.caller({"authorization": f"Bearer {TOKENS[0]}"}) == 0
    assert access.caller({"authorization": f"bearer {TOKENS[1]}"}) == 1
    for header in ("", TOKENS[0], f"Basic {TOKENS[0]}", f"Bearer {TOKENS[0][:-1]}", "Bearer", "Bearer \udcff"):
        assert access.caller({"authorization": header}) is None, header
    assert access.caller({}) is None
    assert AccessControl().caller({}) == 0


def test_a_web_page_of_another_site_is_not_answered_on_an_open_port() -> None:
    access = AccessControl(authorities=("127.0.0.1:8765",))
    assert not access.is_from_web_page({"host": "127.0.0.1:8765"})
    assert access.is_from_web_page({"host": "rebound.example"})
    assert access.is_from_web_page({"host": "127.0.0.1:8765", "sec-fetch-site": "cross-site"})
    assert not AccessControl(TOKENS, ("127.0.0.1:8765",)).is_from_web_page({"host": "screen.example"})


def test_tokens_are_read_one_a_line(tmp_path: Path) -> None:
    assert read_token_file(token_file(tmp_path, f"# callers\n{TOKENS[0]}\n\n{TOKENS[1]}\n")) == TOKENS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# none yet\n", "holds no token"),
        ("short\n", "token 1 needs at least 32 characters"),
        (f"{TOKENS[0]}\n{'c' * 20} {'c' * 20}\n", "token 2 needs at least 32 characters, and no space"),
        (f"{TOKENS[0]}\n{TOKENS[0]}\n", "a token is there twice"),
        ("ä" * 40, "ASCII characters only"),
    ],
)
def test_a_token_file_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert MIN_TOKEN_CHARACTERS == 32
    with pytest.raises(UsageError, match=says):
        read_token_file(token_file(tmp_path, text))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_token_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UsageError, match="other users can open it; run: chmod 600"):
        read_token_file(token_file(tmp_path, TOKENS[0], mode))


def test_a_caller_has_so_many_requests_a_second_and_others_have_theirs() -> None:
    seconds = 0.0
    limit = RateLimit(2.0, lambda: seconds)
    assert [limit.seconds_to_wait(0) for _ in range(3)] == [0, 0, 0.5]
    assert limit.seconds_to_wait(1) == 0
    seconds = 0.5
    assert [limit.seconds_to_wait(0) for _ in range(2)] == [0, 0.5]
    seconds = 3600.0
    assert [limit.seconds_to_wait(0) for _ in range(3)] == [0, 0, 0.5]


def test_a_rate_below_one_a_second_lets_one_through() -> None:
    limit = RateLimit(0.1, lambda: 0.0)
    assert [limit.seconds_to_wait(0) for _ in range(2)] == [0, 10]
