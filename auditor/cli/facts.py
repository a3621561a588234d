"""``auditor facts``: print what was read, before any rule is applied."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from auditor.ci_environment import runs_in_ci
from auditor.cli.options import create_output, hidden_statement_keys, isolated_option, rules_option, standard_output


@click.command(
    epilog="""\b
Examples:
  auditor facts models/acme/base | jq -r 'select(.key == "licence") | .value'
  auditor facts runs/hub
  auditor facts runs/hub --table --subject acme/base
  auditor facts models/acme/base --table --format html -o who-says-what.html

One JSON object per line: subject, kind, revision, key, value, relation, place, source. The keys are
those of `auditor rules explain`; a `gap` is something that could not be read.

With --table: one row a question, one column a source. What contradicts each other comes first, with the
rule that found it. What a source says is not proven by it."""
)
@click.argument("target", metavar="TARGET|RUN")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep the run of a TARGET in this folder, as `scan` does.",
)
@click.option("--table", is_flag=True, help="Show who says what of each model and dataset, contradictions first.")
@click.option(
    "--format",
    "table_format",
    type=click.Choice(["text", "markdown", "html"]),
    help="The format of the table.  [default: text]",
)
@click.option("--subject", default="", metavar="NAME", help="Show the table of this model or dataset alone.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The file to write."
)
@rules_option
@isolated_option
def command(
    target: str,
    out: Path | None,
    table: bool,
    table_format: str | None,
    subject: str,
    output: Path | None,
    rules: tuple[Path, ...],
    isolated: bool,
) -> None:
    """Print the facts that were read from a TARGET or by a finished RUN, one JSON object per line, or as a table."""
    from auditor.errors import UsageError

    if not table and (table_format or subject):
        raise UsageError(f"{'--format' if table_format else '--subject'} is for --table; add it")
    with _run_of(target, out, rules, table=table, isolated=isolated) as run:
        is_empty = True
        with create_output(output) if output else standard_output() as printed:
            for piece in _table_pieces(run, table_format or "text", subject, rules) if table else _fact_lines(run):
                printed.write(piece)
                is_empty = False
        if is_empty:
            click.echo(f"{target}: no fact was read; `auditor scan` counts its files and shows why", err=True)


@contextmanager
def _run_of(target: str, out: Path | None, rules: tuple[Path, ...], *, table: bool, isolated: bool) -> Iterator[Path]:
    """Give the folder of a run: the target itself if it is one, else that of a scan of it."""
    from auditor.errors import UsageError
    from auditor.pipeline.audit import audit

    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        run = Path(target)
        if not (run / "run.json").is_file():
            run = out or Path(folder, "run")
            audit(target, out=run, rules=rules, isolated=isolated)
        elif out:
            raise UsageError(f"--out: {target} is a run already; leave the option out")
        elif rules and not table:
            raise UsageError(f"{target}: is a run with rules of its own; --rules adds duties to its --table alone")
        yield run


def _fact_lines(run: Path) -> Iterator[str]:
    """Yield the facts of a run, one JSON object a line; in CI, where logs can be public, those for authors alone."""
    from auditor.pipeline.run_facts import read_run_facts

    held = hidden_statement_keys()
    yield from (json.dumps(fact) + "\n" for fact in read_run_facts(run) if fact["key"] not in held)


def _table_pieces(run: Path, table_format: str, subject: str, rules: tuple[Path, ...]) -> Iterable[str]:
    """Return the pieces of the tables of a run in a format."""
    from auditor.pipeline.report import read_report
    from auditor.policy.vocabularies import load_vocabularies
    from auditor.reporting.author_view import make_author_view
    from auditor.reporting.claims_formats import FORMATS
    from auditor.reporting.claims_table import build_tables

    report = make_author_view(read_report(run)) if runs_in_ci() else read_report(run)
    return FORMATS[table_format](build_tables(report, load_vocabularies(rules).duties, subject))
