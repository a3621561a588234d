"""Commands that show groups of cases that are open for the same reason, and what a decision on one needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import case_argument, json_option, ledger_option, open_ledger, reviewer_option
from auditor.errors import UsageError
from auditor.plurals import count_with_noun
from auditor.printable import printable

if TYPE_CHECKING:
    from auditor.review.case_groups import GroupSummary
    from auditor.review.group_view import GroupMember


@command.command(
    epilog="""\b
Examples:
  auditor review groups
  auditor review groups --kind dataset --ground exposed
  auditor review groups exposed:dataset:northlight/scenes      its cases, each with its line, revision and counts

A case can be in several groups. Cases that are decided are in none. In a group of 100 or more cases, some are known
innocents, made up to show whether the cases are read (see docs/review.md)."""
)
@click.argument("group", default="")
@click.option("--ground", type=click.Choice(["linked", "exposed"]), help="Only groups of cases with this ground.")
@click.option("--kind", type=click.Choice(["dataset", "list", "parent"]), help="Only cases that share this.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N")
@click.option("--after", default="", metavar="PLACE", help="The value of --after that the previous page printed.")
@json_option
@ledger_option
def groups(
    group: str, ground: str | None, kind: str | None, limit: int, after: str, as_json: bool, folder: Path
) -> None:
    """List groups of open cases that share a dataset, a list or a parent, or show the cases of one GROUP.

    The largest come first: group, cases, the oldest, and what they wait for. Report cases are in no group: each is
    reported by itself.
    """
    if group:
        _show_group(folder, group, limit, after, as_json)
        return
    with open_ledger(folder) as ledger:
        found = ledger.groups(ground=ground or "", kind=kind or "")
    if as_json:
        click.echo(json.dumps([_summary_json(one) for one in found], indent=1))
        return
    for one in found:
        click.echo(f"{one.group.label}\t{one.cases:,}\t{one.oldest[:10]}\t{_waits(one)}")
    click.echo(f"{len(found):,} groups", err=True)


def _show_group(folder: Path, name: str, limit: int, after: str, as_json: bool) -> None:
    """Print a page of a group's cases: case, stage, subject and revision, and each reason with counts and places."""
    from auditor.review.case_groups import OPEN_PHASES, parse_group, summarize_group, weights_groups
    from auditor.review.group_view import read_members
    from auditor.review.queue import QueueQuery

    group = parse_group(name)
    with open_ledger(folder) as ledger:
        summary = summarize_group(ledger.database, group)
        members, more = read_members(
            ledger, QueueQuery(stages=("claimed", *OPEN_PHASES), limit=limit, after=after), group
        )
        shared = weights_groups(ledger.database, group) if group.kind != "weights" else ()
        seen = ledger.size - 1
    if as_json:
        shown = {
            **_summary_json(summary),
            "members": [_member_json(one) for one in members],
            "next": more,
            "weights": [str(one) for one in shared],
            "seen": seen,
        }
        click.echo(json.dumps(shown, indent=1))
        return
    for one in members:
        row = one.row
        revision = f" at {printable(row.subject.revision)}" if row.subject.revision else ""
        again = f" and {count_with_noun(one.copies, 're-upload')}" if one.copies else ""
        click.echo(f"{row.case}\t{row.stage}\t{printable(row.subject.name)}{revision}{again}")
        for reason in one.reasons:
            counted = f" ({printable(reason.remark)})" if reason.remark else ""
            where = f", {printable(', '.join(reason.places))}" if reason.places else ""
            click.echo(f"  {printable(reason.fact)}{counted}{where}")
    click.echo(f"{summary.cases:,} open cases: {_waits(summary)}; last event {seen}", err=True)
    for other in shared:
        click.echo(f"the same weights: {other.label}", err=True)
    if more:
        click.echo(f"the next page: --after {more}", err=True)


def _waits(summary: GroupSummary) -> str:
    """Return how many cases of a group wait for which opinion."""
    return f"{summary.new:,} new, {summary.proposed:,} proposed, {summary.disputed:,} disputed"


def _summary_json(summary: GroupSummary) -> dict[str, object]:
    """Return the counts of a group as JSON."""
    return {
        "group": str(summary.group),
        "cases": summary.cases,
        "new": summary.new,
        "proposed": summary.proposed,
        "disputed": summary.disputed,
        "oldest": summary.oldest,
    }


def _member_json(member: GroupMember) -> dict[str, object]:
    """Return a case of a group as JSON."""
    return {
        "case": member.row.case,
        "stage": member.row.stage,
        "name": member.row.subject.name,
        "revision": member.row.subject.revision,
        "copies": member.copies,
        "reasons": [{"fact": one.fact, "remark": one.remark, "places": one.places} for one in member.reasons],
    }


@command.command(
    epilog="""\b
Example: auditor review read CASE --as heron

A group of the ground `exposed` is de-indexed only with cases that each reviewer has read since their facts changed
last."""
)
@case_argument
@reviewer_option
@ledger_option
def read(case: str, reviewer: str, folder: Path) -> None:
    """Show a case's reasons with their counts, its facts and its revision, and record that you read them."""
    from auditor.review.case_view import reading_lines

    with open_ledger(folder) as ledger:
        state = ledger.blinded_state(case)
        for line in reading_lines(state):
            click.echo(line)
        ledger.record_read(case, reviewer, seen=state.last_event)
    click.echo(f"recorded: {reviewer} has read case {case}")


@command.command(
    epilog="""\b
Examples:
  auditor review reasons --as heron
  auditor review reasons save licensed --as heron --why "The card's licence covers every sample."
  auditor review reasons remove licensed --as heron
  auditor review propose GROUP no-action --as heron --reason licensed"""
)
@click.argument("what", type=click.Choice(["list", "save", "remove"]), default="list")
@click.argument("name", default="")
@click.option("--why", default="", metavar="WORDS", help="The reason to save.")
@reviewer_option
@ledger_option
def reasons(what: str, name: str, why: str, reviewer: str, folder: Path) -> None:
    """List, save or remove reasons that you give often. They are shown and confirmed each time they are given."""
    from auditor.review import saved_reasons

    if what == "save" and not why.strip():
        raise UsageError("give the reason to save with --why")
    with open_ledger(folder):
        if what == "remove":
            saved_reasons.saved_reason(folder, reviewer, name)
        if what != "list":
            saved_reasons.save_reason(folder, reviewer, name, why if what == "save" else "")
        for known, text in saved_reasons.read_reasons(folder, reviewer).items():
            click.echo(f"{known}\t{printable(text, 20_000)}")
