"""Commands by which a reviewer claims, decides and reopens cases, and decides appeals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import (
    case_argument,
    chosen_words,
    echo_case_state,
    echo_group_result,
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
Examples:
  auditor review propose CASE de-index --as heron --why "The hotline's list holds its digest."
  auditor review propose exposed:dataset:northlight/scenes gate --as heron --why "…" --except CASE

A GROUP (see `groups`) gets no-action, label, gate or need-more at once; each case keeps its own reviews. De-index is
for a group of weights (exposed:weights:sha256:…) and, where the ground is exposed, for cases that you `read`."""
)
@opinion_options
def propose(case: str, folder: Path, **given: Any) -> None:
    """Give the first opinion on a case that you have claimed, or on a group. Nobody sees it before the second."""
    _give_opinion(folder, case, first=True, **given)


@command.command(
    epilog="""\b
Examples:
  auditor review decide CASE de-index --as wren --why "I compared the digest with the list's entry."
  auditor review decide CASE label --as owl --review-by 2027-01-01T00:00:00Z --why "…"
  auditor review decide exposed:dataset:northlight/scenes gate --as wren --why "…"

The same verdict as the first approves it. After a different one, others give their opinions, with any verdict, until
two agree. Of a GROUP, cases whose facts have changed since the first opinion are left out and named."""
)
@opinion_options
@click.option(
    "--review-by", default="", metavar="TIME", help="When the decision must be reviewed again (default: in 180 days)."
)
def decide(case: str, folder: Path, **given: Any) -> None:
    """Give the second opinion, without seeing the first; or a later one, with any verdict. Also on a group."""
    _give_opinion(folder, case, first=False, **given)


def _give_opinion(
    folder: Path,
    case: str,
    *,
    first: bool,
    verdict: Any,
    reviewer: str,
    why: str,
    saved: str,
    rules: tuple[str, ...],
    only: tuple[str, ...],
    without: tuple[str, ...],
    seen: int,
    **given: str,
) -> None:
    """Give an opinion on a case or a group, and print what was recorded.

    Args:
        folder: The ledger's folder.
        case: The id of a case, or the name of a group.
        first: Whether it is the first opinion.
        verdict: The verdict.
        reviewer: Who gives it.
        why: The reasons, or "".
        saved: The name of saved reasons, or "".
        rules: The rules that it follows; () for all.
        only: Of a group, only these cases.
        without: Of a group, all but these cases.
        seen: The last event that the reviewer saw; -1 for any.
        given: ``review_by``, for a second opinion.
    """
    from auditor.review.case_groups import is_group, parse_group

    words = chosen_words(folder, reviewer, why, saved)
    if is_group(case):
        from auditor.review.group_decisions import GroupOpinion, decide_group

        group = parse_group(case)
        with open_ledger(folder) as ledger:
            result = decide_group(
                ledger,
                GroupOpinion(
                    group, reviewer, verdict, words, first, rules, only=only, without=without, seen=seen, **given
                ),
            )
            echo_group_result(ledger, result)
        return
    if only or without:
        raise click.UsageError("--only and --except are for a group")
    with open_ledger(folder) as ledger:
        give = ledger.propose if first else ledger.decide
        echo_case_state(give(case, reviewer, verdict, why=words, rules=rules, seen=seen, **given))


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
