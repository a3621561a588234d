"""Commands that open, list and show cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import FOLDER, rules_option
from auditor.cli.review.group import command
from auditor.cli.review.options import STAGES, STRENGTHS, case_argument, json_option, ledger_option, open_ledger
from auditor.errors import RuleError

if TYPE_CHECKING:
    from auditor.review.case_candidates import CaseCandidate


@command.command(
    name="open",
    epilog="""\b
Examples:
  auditor review open runs/hub
  auditor review open runs/hub --rules our-rules/     the rules that the run used

What a sender of de-index lists has cleared (overturned, or no action needed) is not opened for the same weights, rules
and strength of evidence, unless --despite-cleared is given.""",
)
@click.argument("runs", nargs=-1, required=True, type=FOLDER, metavar="RUN...")
@click.option("--despite-cleared", is_flag=True, help="Also open what a sender of de-index lists has cleared.")
@click.option(
    "--home", type=FOLDER, metavar="DIR", help="Where received lists are kept (default: the program's own folder)."
)
@rules_option
@ledger_option
def open_(
    runs: tuple[Path, ...], despite_cleared: bool, home: Path | None, rules: tuple[Path, ...], folder: Path
) -> None:
    """Open the cases of finished RUNs, one for each set of weights; re-uploads join the existing case."""
    from auditor.resources import user_data_folder
    from auditor.review.open_cases import open_cases

    received = home or user_data_folder() / "deindex" / "received"
    find_clearance = _received_clearances(received, rules) if received.is_dir() and not despite_cleared else _none

    with open_ledger(folder) as ledger:
        for run in runs:
            opened = open_cases(ledger, run, rules=rules, find_clearance=find_clearance)
            click.echo(
                f"{run}: {len(opened.new)} new cases ({len(opened.linked)} of them other weights of a known subject), "
                f"{len(opened.joined)} joined, {len(opened.unchanged)} unchanged"
            )
            if opened.cleared:
                click.echo(
                    f"{len(opened.cleared)} not opened again: the same facts were overturned or needed no action "
                    f"(case {', '.join(dict.fromkeys(opened.cleared))})"
                )
            for cleared in dict.fromkeys(opened.cleared_elsewhere):
                click.echo(f"not opened, as it was cleared: {cleared} (--despite-cleared opens it)")
            if opened.without_digests:
                click.echo(
                    f"{len(opened.without_digests)} cases have no digest of their weights, so re-uploads cannot be "
                    "recognised; scan with --weights full",
                    err=True,
                )


def _none(candidate: CaseCandidate) -> str:
    """Return that nobody has cleared what a case would be about."""
    return ""


def _received_clearances(home: Path, rules: tuple[Path, ...]) -> Callable[[CaseCandidate], str]:
    """Return a function that says which received list has cleared what a case would be about, if any has."""
    from auditor.deindex.cleared_entries import find_clearance, read_cleared_entries
    from auditor.deindex.hubs import compile_hubs
    from auditor.policy.vocabularies import load_vocabularies
    from auditor.timestamps import current_time

    cleared = tuple(read_cleared_entries(home, current_time()))
    if not cleared:
        return _none
    hubs = compile_hubs(load_vocabularies(rules))
    return lambda candidate: find_clearance(candidate, cleared, hubs)


@command.command(
    name="list",
    epilog="""\b
Examples:
  auditor review list --open-to wren                  cases that wren can claim
  auditor review list --stage re-review --stage appealed
  auditor review list --ground linked --before 2026-11-01 --json
  auditor review list --dataset northlight/scenes --rule trained-on-known-content
  auditor review list --group exposed:dataset:northlight/scenes      see `groups`""",
)
@click.option(
    "--stage", "stages", multiple=True, type=click.Choice(STAGES), help="Only cases in this stage (repeatable)."
)
@click.option("--ground", type=click.Choice(["report", "linked", "exposed"]), help="Only cases with this ground.")
@click.option(
    "--confidence",
    multiple=True,
    type=click.Choice(STRENGTHS),
    help="Only cases whose strongest reason has this strength (repeatable).",
)
@click.option("--before", "opened_before", default="", metavar="DATE", help="Only cases opened before this time.")
@click.option("--mine", default="", metavar="WHO", help="Only cases that WHO has claimed or given an opinion on.")
@click.option("--open-to", default="", metavar="WHO", help="Only cases that WHO can claim now.")
@click.option("--name", default="", metavar="PART", help="Only cases with this text in the subject's name.")
@click.option("--dataset", default="", metavar="NAME", help="Only cases of this dataset, or of models trained on it.")
@click.option("--list", "known_list", default="", metavar="NAME", help="Only cases that match entries of this list.")
@click.option("--parent", default="", metavar="NAME", help="Only cases of models that are made from this one.")
@click.option("--rule", default="", metavar="ID", help="Only cases with a reason that follows from this rule.")
@click.option("--group", default="", metavar="GROUP", help="Only cases of this group (see `groups`).")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N")
@click.option("--after", default="", metavar="PLACE", help="The value of --after that the previous page printed.")
@json_option
@ledger_option
def list_(
    folder: Path,
    as_json: bool,
    ground: str | None,
    dataset: str,
    known_list: str,
    parent: str,
    rule: str,
    group: str,
    **given: Any,
) -> None:
    """List cases, the most urgent first: case, stage, ground, confidence, date, claim and subject."""
    from auditor.review import QueueQuery
    from auditor.review.case_groups import parse_group
    from auditor.review.case_view import queue_json, queue_lines

    named = {"dataset": dataset, "list": known_list, "parent": parent, "rule": rule}
    shared = tuple(f"{kind}:{name}" for kind, name in named.items() if name)
    asked = QueueQuery(ground=ground or "", shared=shared, group=parse_group(group) if group else None, **given)
    with open_ledger(folder) as ledger:
        page = ledger.queue(asked)
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
    """Show why a case is open, the sources of its facts, and what changes when a fact is left out."""
    from auditor.review.case_policy import load_case_policy
    from auditor.review.case_support import compute_support
    from auditor.review.case_view import case_json, case_lines
    from auditor.review.drafts import rehearsal_warning
    from auditor.review.restoration import read_removals

    with open_ledger(folder) as ledger:
        state, events, now = ledger.blinded_state(case), ledger.history(case), ledger.now
        policy, removals = ledger.policy(state.policy), read_removals(ledger, case)
    try:
        judged = compute_support(state, load_case_policy(policy, rules))
    except RuleError as error:  # the case can still be shown
        judged = None
        click.echo(f"its facts were not evaluated again: {error}", err=True)
    if as_json:
        shown = {**case_json(state, events, policy, judged, now), "removals": [asdict(one) for one in removals]}
        click.echo(json.dumps(shown, indent=1))
        return
    if warning := rehearsal_warning(state.reasons, state, policy):
        click.echo(f"Rehearsal: {warning}.\n")
    for line in case_lines(state, events, policy, judged, now):
        click.echo(line)
    for removal in removals:
        click.echo(f"Removed: {removal}")
