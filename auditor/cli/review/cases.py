"""Commands that open, list and show cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import FOLDER, rules_option
from auditor.errors import RuleError

if TYPE_CHECKING:
    pass
from auditor.cli.review.group import command
from auditor.cli.review.options import STAGES, STRENGTHS, case_argument, json_option, ledger_option, open_ledger


@command.command(
    name="open",
    epilog="""\b
Examples:
  auditor review open runs/hub
  auditor review open runs/hub --rules our-rules/     what the run was judged by""",
)
@click.argument("runs", nargs=-1, required=True, type=FOLDER, metavar="RUN...")
@rules_option
@ledger_option
def open_(runs: tuple[Path, ...], rules: tuple[Path, ...], folder: Path) -> None:
    """Open the cases of finished RUNs, one for each set of weights; re-uploads join the case there is."""
    from auditor.review.open_cases import open_cases

    with open_ledger(folder) as ledger:
        for run in runs:
            opened = open_cases(ledger, run, rules=rules)
            click.echo(
                f"{run}: {len(opened.new)} new cases ({len(opened.linked)} of them other weights of a known subject), "
                f"{len(opened.joined)} joined, {len(opened.unchanged)} unchanged"
            )
            if opened.without_digests:
                click.echo(
                    f"{len(opened.without_digests)} cases have no digest of their weights, so re-uploads cannot be "
                    "recognised; scan with --weights full",
                    err=True,
                )


@command.command(
    name="list",
    epilog="""\b
Examples:
  auditor review list --open-to wren                  what wren may take up
  auditor review list --stage re-review --stage appealed
  auditor review list --ground linked --before 2026-11-01 --json""",
)
@click.option("--stage", "stages", multiple=True, type=click.Choice(STAGES), help="Only those (repeatable).")
@click.option("--ground", type=click.Choice(["linked", "exposed"]), help="Only those on this ground.")
@click.option(
    "--confidence",
    multiple=True,
    type=click.Choice(STRENGTHS),
    help="Only those whose strongest reason is this (repeatable).",
)
@click.option("--before", "opened_before", default="", metavar="DATE", help="Only those opened before.")
@click.option("--mine", default="", metavar="WHO", help="Only those that WHO has claimed or given an opinion on.")
@click.option("--open-to", default="", metavar="WHO", help="Only those that WHO may take up now.")
@click.option("--name", default="", metavar="PART", help="Only those with this in the subject's name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N")
@click.option("--after", default="", metavar="PLACE", help="Where the page before said it goes on.")
@json_option
@ledger_option
def list_(folder: Path, as_json: bool, ground: str | None, **given: Any) -> None:
    """The queue: case, stage, ground, confidence, date, claim and subject; the most urgent first."""
    from auditor.review import Query
    from auditor.review.case_view import queue_json, queue_lines

    with open_ledger(folder) as ledger:
        page = ledger.queue(Query(ground=ground or "", **given))
    if as_json:
        click.echo(json.dumps(queue_json(page), indent=1))
        return
    for line in queue_lines(page):
        click.echo(line)
    click.echo(f"{len(page.rows)} of {page.total:,} cases", err=True)
    if page.next:
        click.echo(f"the next page: --after {page.next}", err=True)


@command.command(epilog="Example: auditor review show 2a1f5520270209d3")
@case_argument
@rules_option
@json_option
@ledger_option
def show(case: str, rules: tuple[Path, ...], as_json: bool, folder: Path) -> None:
    """Why a case is open, whose word that is, and what it rests on: judged again without each fact."""
    from auditor.review.case_policy import load_current_policy
    from auditor.review.case_support import compute_support
    from auditor.review.case_view import case_json, case_lines

    with open_ledger(folder) as ledger:
        state, events, now = ledger.blinded_state(case), ledger.history(case), ledger.now
        policy = ledger.policy(state.policy)
    try:
        judged = compute_support(state, load_current_policy(policy, rules))
    except RuleError as error:  # the case can be read all the same
        judged = None
        click.echo(f"what it rests on was not judged again: {error}", err=True)
    if as_json:
        click.echo(json.dumps(case_json(state, events, policy, judged, now), indent=1))
        return
    for line in case_lines(state, events, policy, judged, now):
        click.echo(line)
