"""The group ``auditor deindex`` and the options that its commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def folder_option_default(name: str) -> Callable[[click.Context, click.Parameter, Path | None], Path]:
    """Return an option callback of ``auditor deindex`` that defaults to a folder below the program's own."""

    def chosen(context: click.Context, option: click.Parameter, given: Path | None) -> Path:
        """Return the folder that the option of ``auditor deindex`` names, or the default one."""
        from auditor.resources import user_data_folder

        return given or user_data_folder() / "deindex" / name

    return chosen


keys_option = click.option(
    "--keys",
    "keys_folder",
    type=FOLDER,
    callback=folder_option_default("keys"),
    metavar="DIR",
    help="Your keys (default: those of `auditor deindex keys`).",
)
home_option = click.option(
    "--home",
    type=FOLDER,
    callback=folder_option_default("received"),
    metavar="DIR",
    help="Where received lists are kept (default: the program's own folder).",
)
sender_option = click.option(
    "--sender", "sender_card", required=True, type=FILE, metavar="CARD", help="The card file of the list's sender."
)


state_option = click.option(
    "--state",
    type=FOLDER,
    callback=folder_option_default("sent"),
    metavar="DIR",
    help="The sender's record of what was sent to each recipient (default: the program's own folder).",
)


@click.group()
def command() -> None:
    """Build, verify and look up de-index lists, and exchange receipts for what was acted on."""
