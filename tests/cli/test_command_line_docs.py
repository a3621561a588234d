"""docs/command-line.md is the help of every command."""

from __future__ import annotations

from tests.make_command_line_docs import PAGE, command_line_page


def test_the_page_is_the_help_of_every_command() -> None:
    message = "docs/command-line.md differs from the help: run python -m tests.make_command_line_docs"
    assert PAGE.read_text(encoding="utf-8") == command_line_page(), message
