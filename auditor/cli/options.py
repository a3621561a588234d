"""Options that several commands share, as decorators."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

rules_option = click.option(
    "--rules",
    "rules",
    multiple=True,
    type=FOLDER,
    metavar="DIR",
    help="A further folder of rules, profiles and vocabularies (repeatable).",
)
profile_option = click.option(
    "--profile",
    default="default",
    show_default=True,
    metavar="NAME",
    help="Whose severities count: default, research, hub, gate, search, or one of your own.",
)
