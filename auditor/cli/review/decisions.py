"""Commands by which a reviewer claims, decides and reopens cases, and decides appeals."""

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
    opinion_options,
    opinion_rules_option,
    reviewer_option,
    seen_option,
    why_option,
)


@command.command(epilog="Example: auditor review claim CASE --as heron --hours 2")
@case_argument
@reviewer_option
@click.option("--hours", type=float, default=4, show_default=True, help="Hours that the claim lasts, at most 24.")
@seen_option
@ledger_option
def claim(case: str, reviewer: str, hours: float, seen: int, folder: Path) -> None:
    """Claim a case for some hours, so that nobody else works on it."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.claim(case, reviewer, hours=hours, seen=seen))


@command.command(epilog="Example: auditor review withdraw CASE --as heron")
@case_argument
@reviewer_option
@seen_option
@ledger_option
def withdraw(case: str, reviewer: str, seen: int, folder: Path) -> None:
    """Withdraw your opinion or confirmation, as long as no decision depends on it."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.withdraw(case, reviewer, seen=seen))


@command.command(epilog="Example: auditor review release CASE --as heron")
@case_argument
@reviewer_option
@ledger_option
def release(case: str, reviewer: str, folder: Path) -> None:
    """Release your claim on a case."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.release(case, reviewer))


@command.command(
    epilog="""\b
Verdicts: de-index, demote, label, gate, refer (to a hotline, by hashes only), no-action, need-more.
Example:
  auditor review propose CASE de-index --as heron --why "The hotline's list holds its digest."
"""
)
@opinion_options
def propose(case: str, verdict: Any, reviewer: str, why: str, rules: tuple[str, ...], seen: int, folder: Path) -> None:
    """Give the first opinion on a case that you have claimed. Nobody sees it before the second is given."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.propose(case, reviewer, verdict, why=why, rules=rules, seen=seen))


@command.command(
    epilog="""\b
Example:
  auditor review decide CASE de-index --as wren --why "I compared the digest with the list's entry."
  auditor review decide CASE label --as owl --review-by 2027-01-01T00:00:00Z --why "…"

The same verdict as the first approves it. After a different one, others give their opinions, with any verdict, until
two agree."""
)
@opinion_options
@click.option(
    "--review-by", default="", metavar="TIME", help="When the decision must be reviewed again (default: in 180 days)."
)
def decide(
    case: str, verdict: Any, reviewer: str, why: str, rules: tuple[str, ...], seen: int, folder: Path, review_by: str
) -> None:
    """Give the second opinion, without seeing the first; or a later one, with any verdict."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.decide(case, reviewer, verdict, why=why, rules=rules, review_by=review_by, seen=seen))


@command.command(epilog='Example: auditor review interim CASE --as heron --hours 24 --why "An exact match."')
@case_argument
@reviewer_option
@why_option
@opinion_rules_option
@click.option("--hours", type=float, default=72, show_default=True, help="Hours that the decision lasts, at most 72.")
@ledger_option
def interim(case: str, reviewer: str, why: str, rules: tuple[str, ...], hours: float, folder: Path) -> None:
    """De-index at once by one reviewer, only once, for at most 72 hours; needs an exact match or listed weights."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.interim(case, reviewer, why=why, rules=rules, hours=hours))


def _add_recording_command(name: str, method: str, summary: str) -> None:
    """Add a command that records one event with a reason."""

    @command.command(name=name, help=summary, epilog=f'Example: auditor review {name} CASE --as heron --why "…"')
    @case_argument
    @reviewer_option
    @why_option
    @ledger_option
    def recorded(case: str, reviewer: str, why: str, folder: Path) -> None:
        with open_ledger(folder) as ledger:
            echo_case_state(getattr(ledger, method)(case, reviewer, why=why))


_add_recording_command(
    "confirm", "confirm", "Record that a near match was confirmed: by whom and how, not what it shows."
)
_add_recording_command("reopen", "reopen", "Start a new round of review; the current decision stays in force.")
_add_recording_command("appeal", "appeal", "Record that the owner appeals; give their words with --why.")


@command.command(
    name="decide-appeal", epilog='Example: auditor review decide-appeal CASE overturned --as owl --why "…"'
)
@case_argument
@click.argument("outcome", type=click.Choice(["upheld", "overturned"]))
@reviewer_option
@why_option
@ledger_option
def decide_appeal(case: str, outcome: str, reviewer: str, why: str, folder: Path) -> None:
    """Decide an appeal, if you took no part in the case: upheld (the decision stays in force) or overturned."""
    with open_ledger(folder) as ledger:
        echo_case_state(ledger.decide_appeal(case, reviewer, outcome, why=why))
