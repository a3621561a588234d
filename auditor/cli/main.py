"""``auditor``: find the command, and turn errors into a message and an exit code."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

import click

import auditor.cli
from auditor import __version__
from auditor.cli import faults
from auditor.errors import AuditorError
from auditor.workers import without_pandas

_NOT_COMMANDS = {"faults", "main", "options", "report_of_matches"}


class Commands(click.Group):
    """The commands: one for each module of this package. A module is imported only when its command is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the program's commands."""
        names = (module.name for module in pkgutil.iter_modules(auditor.cli.__path__))
        return sorted(name for name in names if name not in _NOT_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import and return the command of this name; None if there is none."""
        if name not in self.list_commands(context):
            return None
        module = importlib.import_module(f"auditor.cli.{name}")
        command: click.Command = module.command
        return command

    def invoke(self, context: click.Context) -> Any:
        """Run the command; end it quietly once the reading process of a pipe has ended, where click would exit 1."""
        try:
            return super().invoke(context)
        except BrokenPipeError:
            from auditor.cli.options import discard_output

            discard_output()
            return 0

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Exit 2 for misuse and for what is wrong with our own set-up, 130 when interrupted, 70 for a fault of ours."""
        without_pandas.block_pandas()
        with faults.hidden_tracebacks():
            sys.exit(self._run(args, *rest, **options))

    def _run(self, args: Sequence[str] | None, *rest: Any, **options: Any) -> int:
        """Run the command line and return its exit code; print the message of an error."""
        try:
            code = super().main(args, *rest, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            return 2
        except AuditorError as error:
            click.echo(f"auditor: {error}", err=True)
            return 2
        except (click.Abort, KeyboardInterrupt) as error:
            # click turns an interrupt into an Abort, whose cause says how to resume.
            click.echo(f"auditor: interrupted{error.__cause__ or error}", err=True)
            return 130
        except Exception as error:  # whatever nobody caught ends here, so that no user sees a traceback
            faults.report_fault(error)
            return faults.EXIT_CODE
        return code if isinstance(code, int) else 0


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  auditor scan models/ datasets/ --known my-list      audit folders against an imported list
  auditor scan manifest.parquet --known list.csv      match the digests that a manifest declares
  auditor lists import hashes.csv --name my-list --means csam
  auditor rules explain no-licence

\b
Exit codes:
  0    no finding at or above --fail-on, and everything selected was read and judged
  1    a finding at or above --fail-on
  2    misuse, nothing to audit, or a rule or list that cannot be trusted
  3    no such finding, but something was not read or judged, all files were skipped,
       or nothing was compared with a list
  70   a fault of auditor itself, or of the machine that it runs on
  130  interrupted""",
)
@click.version_option(__version__, prog_name="auditor")
@click.option("-v", "--verbose", is_flag=True, help="Log each step, and show the traceback of a fault.")
def main(verbose: bool) -> None:
    """Audit AI models and datasets: their content, statements, terms and lineage.

    Auditor matches samples by hash alone against known-content lists, checks licences and terms,
    traces lineage, and flags models for a de-indexing review by people. It never shows, copies,
    fetches or runs what it audits.
    """
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
