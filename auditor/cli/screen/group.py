"""The command group ``auditor screen``, whose arguments are files unless they name another of its commands."""

from __future__ import annotations

import click

DEFAULT_COMMAND = "files"


class FilesByDefault(click.Group):
    """A group that runs its command ``files`` where the first argument names none of its commands."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put the default command before arguments that begin with a file or with one of its options."""
        if args and args[0] not in (*self.commands, *self.get_help_option_names(context)):
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(context, args)


@click.group(
    cls=FilesByDefault,
    subcommand_metavar="FILE...|- --known LIST",
    epilog="""\b
Examples:
  auditor screen upload.jpg --known hotline
  auditor screen serve --known hotline

`auditor screen FILE...` is short for `auditor screen files FILE...`; its options and exit codes are shown by
`auditor screen files --help`. A file that is called serve is written ./serve.""",
)
def command() -> None:
    """Screen single pictures against known-content lists: files, or what is sent to a service.

    Made for datasets, models and what is about to be published, not for private messages or
    people's devices. Folders, archives and videos are read by `auditor scan`.
    """
