"""Options that the commands of ``auditor screen`` share, and the screener that they describe."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import algorithm_option, column_option, isolated_option
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.screening.screener import Screener


def screener_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a screener, and pass to the command as ``open_screener`` what opens it."""

    @functools.wraps(command)
    def with_screener(*args: Any, known: tuple[str, ...], max_list_age: int | None, **options: Any) -> Any:
        settings = {name: options.pop(name) for name in _SETTINGS}
        if max_list_age:
            settings["max_list_age"] = datetime.timedelta(days=max_list_age)

        def open_screener(audited: Sequence[str] = ()) -> Screener:
            """Open the lists that the options name."""
            from auditor.screening.screener import Screener

            if "-" in known and "-" in audited:
                raise UsageError("a list and a picture: only one of them can be standard input (-)")
            return Screener(known, audited=audited, **settings)

        return command(*args, open_screener=open_screener, **options)

    wrapped = with_screener
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_SETTINGS = ("means", "algorithm", "columns", "skip_malformed", "dihedral", "isolated")
_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--known",
        multiple=True,
        required=True,
        metavar="LIST",
        help="An imported list's name, or a list file (repeatable).",
    ),
    click.option(
        "--means", default="", metavar="M", help="The meaning of the entries of list files that do not state one."
    ),
    algorithm_option,
    column_option,
    click.option("--skip-malformed", is_flag=True, help="Match with the good entries of list files."),
    click.option("--dihedral", is_flag=True, help="Also match rotated and mirrored forms of each picture."),
    click.option(
        "--max-list-age",
        type=click.IntRange(1),
        metavar="DAYS",
        help="A list that was imported longer ago still finds matches, and answers unchecked instead of none "
        "(default: 90).",
    ),
    isolated_option,
)
