"""Commands that record reports and notices, and write drafts and the transparency report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import (
    case_argument,
    echo_case_state,
    ledger_option,
    open_ledger,
    output_option,
    reviewer_option,
    seen_option,
    why_option,
    write_output,
)
from auditor.errors import UsageError


@command.command(
    epilog="""\b
Examples:
  auditor review reported CASE reported --as heron --why "To the IWF, reference 123"
  auditor review reported CASE not-due --as heron --why "Counsel, 3 November\""""
)
@case_argument
@click.argument("outcome", type=click.Choice(["reported", "not-due"]))
@reviewer_option
@why_option
@seen_option
@ledger_option
def reported(case: str, outcome: str, reviewer: str, why: str, seen: int, folder: Path) -> None:
    """Record that a person reported the case, or that no report is due. Only then may the owner be notified."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.report(case, reviewer, outcome, why=why, seen=seen))


@command.command(
    epilog="""\b
Examples:
  auditor review step CASE restrict --as heron --why "The folder is closed to all but heron."
  auditor review step CASE preserve --as heron --why "Copied by nobody; kept as it is on the locked volume."
  auditor review reported CASE reported --as heron --why "To the IWF, reference 123"
  auditor review step CASE tell-host not-due --as heron --why "We host it ourselves.\"

One person is enough. Only the host waits: it is told after the report."""
)
@case_argument
@click.argument("step", type=click.Choice(["restrict", "preserve", "tell-host"]))
@click.argument("outcome", type=click.Choice(["done", "not-due"]), default="done")
@reviewer_option
@why_option
@seen_option
@ledger_option
def step(case: str, step: str, outcome: str, reviewer: str, why: str, seen: int, folder: Path) -> None:
    """Record a step of a report case, or that it is not due; `reported` records the report itself."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.record_step(case, reviewer, step, outcome=outcome, why=why, seen=seen))


@command.command(
    epilog="""\b
Examples:
  auditor review notify CASE --as heron                    of the decision
  auditor review notify CASE --as heron --appeal-outcome   how the appeal was decided"""
)
@case_argument
@reviewer_option
@click.option("--appeal-outcome", is_flag=True, help="The owner was told the outcome of the appeal.")
@ledger_option
def notify(case: str, reviewer: str, appeal_outcome: bool, folder: Path) -> None:
    """Record that you have notified the owner. Nothing is sent; `draft CASE notice|outcome` writes what to send."""
    with open_ledger(folder) as ledger:
        echo_case_state((ledger.tell_outcome if appeal_outcome else ledger.notify)(case, reviewer))


@command.command(
    epilog="""\b
Examples:
  auditor review draft CASE statement --law "…" --country DE     for the DSA Transparency Database
  auditor review draft CASE cybertipline --url https://… -o draft.xml
  auditor review draft CASE hotline --to "Internet Watch Foundation"
  auditor review draft CASE notice --appeals https://…
  auditor review draft CASE outcome                          how the owner's appeal was decided"""
)
@case_argument
@click.argument("what", type=click.Choice(["statement", "cybertipline", "hotline", "notice", "outcome"]))
@click.option("--url", "urls", multiple=True, help="An address where the model is published (repeatable).")
@click.option("--law", default="", help="The law that makes the content illegal, if it is.")
@click.option(
    "--country", "countries", multiple=True, metavar="CODE", help="A country where the decision applies (repeatable)."
)
@click.option(
    "--source",
    type=click.Choice(["own-audit", "trusted-flagger", "notice", "other"]),
    default="own-audit",
    help="Who told of it, for a statement (default: own-audit, on your own initiative).",
)
@click.option("--to", default="", help="Which hotline.")
@click.option("--appeals", default="", help="The address where the owner can appeal.")
@output_option
@ledger_option
def draft(case: str, what: str, folder: Path, output: Path | None, **given: Any) -> None:
    """Draft a document that may be required after a decision. Nothing is sent: a person completes and files it."""
    from auditor.review import drafts, serialization

    with open_ledger(folder) as ledger:
        state = ledger.state(case)
        if state.ground == "report":
            raise UsageError(
                f"case {case}: is drafted from its run: `auditor report RUN --draft hotline`, or cybertipline"
            )
        if what == "outcome":
            write_output(
                drafts.appeal_outcome_draft(state, ledger.policy(state.policy), appeals=given["appeals"]), output
            )
            return
        if not state.in_force:
            raise UsageError(f"case {case}: no decision is in force, so there is nothing to draft")
        decision, policy = state.in_force[0], ledger.policy(state.policy)
    if what == "statement":
        text = serialization.to_json_text(
            drafts.statement_of_reasons(
                state, decision, policy, law=given["law"], countries=given["countries"], source=given["source"]
            )
        )
    elif what == "cybertipline":
        text = drafts.cybertipline_draft(state, decision, policy, urls=given["urls"])
    elif what == "hotline":
        text = drafts.hotline_draft(state, decision, policy, name=given["to"], urls=given["urls"])
    else:
        text = drafts.owner_notice_draft(state, decision, policy, appeals=given["appeals"])
    write_output(text, output)


@command.command(epilog="Example: auditor review report -o transparency.json")
@output_option
@ledger_option
def report(folder: Path, output: Path | None) -> None:
    """Write the transparency report: only counts, grounds, times to decision, appeals and the Merkle root."""
    from auditor.review import serialization, transparency_report

    with open_ledger(folder) as ledger:
        write_output(serialization.to_json_text(transparency_report.transparency_report(ledger)), output)
