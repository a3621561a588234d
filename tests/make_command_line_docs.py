"""Make ``docs/command-line.md`` from the help of every command: ``python -m tests.make_command_line_docs``.

``tests/cli/test_command_line_docs.py`` compares the file with the help.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from auditor.cli.main import main as auditor

PAGE = Path(__file__).parents[1] / "docs" / "command-line.md"
WIDTH = 100  # columns of the help, whatever terminal this runs in
INTRODUCTION = """\
# The command line

What `auditor COMMAND --help` prints, for every command. This page is made from it by
`python -m tests.make_command_line_docs`.
"""


def command_line_page() -> str:
    """Return the page."""
    settings = {**auditor.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(auditor, info_name="auditor", **settings)
    return "\n".join([INTRODUCTION, *_sections(auditor, context)])


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """The section of a command, then those of its subcommands."""
    level = "#" * min(2 + context.command_path.count(" "), 4)
    yield f"{level} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            assert subcommand is not None
            yield from _sections(subcommand, click.Context(subcommand, context, info_name=name))


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(command_line_page(), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
