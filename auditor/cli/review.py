"""``auditor review``: people decide upon cases, and a ledger keeps what they did."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import FOLDER, rules_option
from auditor.errors import RuleError, UsageError
from auditor.resources import user_data_folder

if TYPE_CHECKING:
    from auditor.review import Ledger
    from auditor.review.case_state import CaseState

_VERDICTS = ("de-index", "demote", "label", "gate", "refer", "no-action", "need-more")
_STAGES = (
    "new", "claimed", "proposed", "disputed", "approved", "listed", "re-review", "appealed", "waiting", "overturned",
)  # fmt: skip
_STRENGTHS = ("listed", "exact", "by-name", "named", "short", "derived", "near", "alike", "stated")

ledger_option = click.option(
    "--ledger",
    "folder",
    envvar="AUDITOR_LEDGER",
    default=lambda: user_data_folder() / "review",
    show_default="AUDITOR_LEDGER, or the program's own folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The ledger's folder.",
)
reviewer_option = click.option(
    "--as", "reviewer", envvar="AUDITOR_REVIEWER", required=True, metavar="WHO", help="Your pseudonym."
)
why_option = click.option("--why", required=True, metavar="WORDS", help="Why, in your own words.")
case_argument = click.argument("case")
opinion_rules_option = click.option(
    "--rule", "rules", multiple=True, metavar="ID", help="A rule that it follows (repeatable; default: all)."
)
seen_option = click.option(
    "--seen", type=int, default=-1, metavar="N", help="The event up to which you saw it: refused if there are more."
)
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to write it."
)


@click.group(
    epilog="""\b
A case from beginning to end:
  auditor review init
  auditor review reviewers add heron --person "A. Person"     and a second, and a third
  auditor review open runs/hub                                cases of a run
  auditor review list                                         what waits, the most urgent first
  auditor review show CASE                                    why, and what it rests on
  auditor review claim CASE --as heron
  auditor review propose CASE de-index --as heron --why "…"
  auditor review decide CASE de-index --as wren --why "…"     blind: heron's words are not shown before

A program flags and people decide. Nothing is ever sent from here: reports and notices are drafts."""
)
def command() -> None:
    """Review by people: cases, decisions, appeals, and the ledger that proves them."""


def _ledger(folder: Path) -> Ledger:
    from auditor.review import Ledger

    return Ledger.open(folder)


def _said(state: CaseState) -> None:
    from auditor.review.case_state import STAGE_MEANINGS
    from auditor.review.timestamps import current_time

    stage = state.stage(current_time())
    click.echo(f"case {state.id} is {stage}: {STAGE_MEANINGS[stage]} (event {state.last_event})")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}; name another file with -o") from error


# Setting up


@command.command(epilog="Example: auditor review init --ledger /srv/ledger")
@ledger_option
def init(folder: Path) -> None:
    """Make a ledger and its signing key. Keep copies of the key and of checkpoints elsewhere."""
    from auditor.review import Ledger

    with Ledger.create(folder) as ledger:
        click.echo(f"{folder}: a new ledger, {ledger.origin}; back up {folder / 'signing.key'}")


@command.command(
    epilog="""\b
Examples:
  auditor review reviewers
  auditor review reviewers add heron --person "A. Person\""""
)
@click.argument("what", type=click.Choice(["list", "add"]), default="list")
@click.argument("pseudonym", default="")
@click.option("--person", default="", metavar="NAME", help="Who it is; never in the ledger.")
@ledger_option
def reviewers(what: str, pseudonym: str, person: str, folder: Path) -> None:
    """The reviewers' pseudonyms; add one. Who may write to this folder decides who can act as whom."""
    from auditor.review import reviewers

    _ledger(folder).close()
    if what == "add":
        reviewers.add_reviewer(folder, pseudonym, person)
    click.echo("".join(f"{name}\n" for name in reviewers.read_reviewers(folder)), nl=False)


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

    with _ledger(folder) as ledger:
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


# Looking


@command.command(
    name="list",
    epilog="""\b
Examples:
  auditor review list --open-to wren                  what wren may take up
  auditor review list --stage re-review --stage appealed
  auditor review list --ground linked --before 2026-11-01 --json""",
)
@click.option("--stage", "stages", multiple=True, type=click.Choice(_STAGES), help="Only those (repeatable).")
@click.option("--ground", type=click.Choice(["linked", "exposed"]), help="Only those on this ground.")
@click.option(
    "--confidence",
    multiple=True,
    type=click.Choice(_STRENGTHS),
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

    with _ledger(folder) as ledger:
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

    with _ledger(folder) as ledger:
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


# Deciding


def _opinion(function: Callable[..., None]) -> Callable[..., None]:
    verdict = click.argument("verdict", type=click.Choice(_VERDICTS), metavar="VERDICT")
    for option in (ledger_option, seen_option, opinion_rules_option, why_option, reviewer_option, verdict):
        function = option(function)
    return case_argument(function)


@command.command(epilog="Example: auditor review claim CASE --as heron --hours 2")
@case_argument
@reviewer_option
@click.option("--hours", type=float, default=4, show_default=True, help="For how long; 24 at most.")
@seen_option
@ledger_option
def claim(case: str, reviewer: str, hours: float, seen: int, folder: Path) -> None:
    """Keep a case to yourself for some hours, so that no two begin on it."""
    with _ledger(folder) as ledger:
        _said(ledger.claim(case, reviewer, hours=hours, seen=seen))


@command.command(epilog="Example: auditor review withdraw CASE --as heron")
@case_argument
@reviewer_option
@seen_option
@ledger_option
def withdraw(case: str, reviewer: str, seen: int, folder: Path) -> None:
    """Take back your opinion, while two have not agreed."""
    with _ledger(folder) as ledger:
        _said(ledger.withdraw(case, reviewer, seen=seen))


@command.command(epilog="Example: auditor review release CASE --as heron")
@case_argument
@reviewer_option
@ledger_option
def release(case: str, reviewer: str, folder: Path) -> None:
    """Give a claim back."""
    with _ledger(folder) as ledger:
        _said(ledger.release(case, reviewer))


@command.command(
    epilog="""\b
Verdicts: de-index, demote, label, gate, refer (to a hotline, by hashes only), no-action, need-more.
Example:
  auditor review propose CASE de-index --as heron --why "The hotline's list holds its digest."
"""
)
@_opinion
def propose(case: str, verdict: Any, reviewer: str, why: str, rules: tuple[str, ...], seen: int, folder: Path) -> None:
    """Give the first opinion on a case that you have claimed. Nobody sees it before the second is given."""
    with _ledger(folder) as ledger:
        _said(ledger.propose(case, reviewer, verdict, why=why, rules=rules, seen=seen))


@command.command(
    epilog="""\b
Example:
  auditor review decide CASE de-index --as wren --why "I compared the digest with the list's entry."
  auditor review decide CASE label --as owl --review-by 2027-01-01T00:00:00Z --why "…"

The same verdict as the first approves it; another disputes it, and then a third person decides between
the two."""
)
@_opinion
@click.option("--review-by", default="", metavar="TIME", help="When it must be looked at again (default: 180 days).")
def decide(
    case: str, verdict: Any, reviewer: str, why: str, rules: tuple[str, ...], seen: int, folder: Path, review_by: str
) -> None:
    """Give the second opinion, without having seen the first; or the third, between two that differ."""
    with _ledger(folder) as ledger:
        _said(ledger.decide(case, reviewer, verdict, why=why, rules=rules, review_by=review_by, seen=seen))


@command.command(epilog='Example: auditor review interim CASE --as heron --hours 24 --why "An exact match."')
@case_argument
@reviewer_option
@why_option
@opinion_rules_option
@click.option("--hours", type=float, default=72, show_default=True, help="For how long; 72 at most.")
@ledger_option
def interim(case: str, reviewer: str, why: str, rules: tuple[str, ...], hours: float, folder: Path) -> None:
    """De-index at once, alone: on an exact match or listed weights only, for 72 hours at most, once."""
    with _ledger(folder) as ledger:
        _said(ledger.interim(case, reviewer, why=why, rules=rules, hours=hours))


def _recorded(name: str, method: str, summary: str) -> None:
    """A command that records one thing with a reason."""

    @command.command(name=name, help=summary, epilog=f'Example: auditor review {name} CASE --as heron --why "…"')
    @case_argument
    @reviewer_option
    @why_option
    @ledger_option
    def recorded(case: str, reviewer: str, why: str, folder: Path) -> None:
        with _ledger(folder) as ledger:
            _said(getattr(ledger, method)(case, reviewer, why=why))


_recorded("confirm", "confirm", "Record that a near match was confirmed: by whom and how, not what it shows.")
_recorded("reopen", "reopen", "Begin a new round; what stands goes on standing meanwhile.")
_recorded("appeal", "appeal", "Record that the owner appeals; --why holds their words.")


@command.command(
    name="decide-appeal", epilog='Example: auditor review decide-appeal CASE overturned --as owl --why "…"'
)
@case_argument
@click.argument("outcome", type=click.Choice(["upheld", "overturned"]))
@reviewer_option
@why_option
@ledger_option
def decide_appeal(case: str, outcome: str, reviewer: str, why: str, folder: Path) -> None:
    """Decide an appeal as someone who took no part: upheld (the decision stands) or overturned."""
    with _ledger(folder) as ledger:
        _said(ledger.decide_appeal(case, reviewer, outcome, why=why))


# Duties


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
@ledger_option
def reported(case: str, outcome: str, reviewer: str, why: str, folder: Path) -> None:
    """Record that a person reported it, or that no report is due. Only then may the owner be told."""
    with _ledger(folder) as ledger:
        _said(ledger.report(case, reviewer, outcome, why=why))


@command.command(epilog="Example: auditor review notify CASE --as heron")
@case_argument
@reviewer_option
@ledger_option
def notify(case: str, reviewer: str, folder: Path) -> None:
    """Record that you have notified the owner. Nothing is sent; `draft CASE notice` writes what to send."""
    with _ledger(folder) as ledger:
        _said(ledger.notify(case, reviewer))


@command.command(
    epilog="""\b
Examples:
  auditor review draft CASE statement --law "…" --country DE     for the DSA Transparency Database
  auditor review draft CASE cybertipline --url https://… -o draft.xml
  auditor review draft CASE hotline --to "Internet LedgerSession Foundation"
  auditor review draft CASE notice --appeals https://…"""
)
@case_argument
@click.argument("what", type=click.Choice(["statement", "cybertipline", "hotline", "notice"]))
@click.option("--url", "urls", multiple=True, help="Where it is published (repeatable).")
@click.option("--law", default="", help="The legal ground, if it is illegal content.")
@click.option("--country", "countries", multiple=True, metavar="CODE", help="Where the decision holds (repeatable).")
@click.option("--to", default="", help="Which hotline.")
@click.option("--appeals", default="", help="Where an owner can appeal.")
@output_option
@ledger_option
def draft(case: str, what: str, folder: Path, output: Path | None, **given: Any) -> None:
    """Draft what the last decision on a case may oblige to. Nothing is sent: a person completes and files it."""
    from auditor.review import drafts, serialization

    with _ledger(folder) as ledger:
        state = ledger.state(case)
        if not state.in_force:
            raise UsageError(f"case {case}: no decision is in force, so nothing follows from one")
        decision, policy = state.in_force[0], ledger.policy(state.policy)
    if what == "statement":
        text = serialization.to_json_text(
            drafts.statement_of_reasons(state, decision, policy, law=given["law"], countries=given["countries"])
        )
    elif what == "cybertipline":
        text = drafts.cybertipline_draft(state, decision, policy, urls=given["urls"])
    elif what == "hotline":
        text = drafts.hotline_draft(state, decision, policy, name=given["to"], urls=given["urls"])
    else:
        text = drafts.owner_notice_draft(state, decision, policy, appeals=given["appeals"])
    _write(text, output)


@command.command(epilog="Example: auditor review report -o transparency.json")
@output_option
@ledger_option
def report(folder: Path, output: Path | None) -> None:
    """The public report: counts, grounds, times to decision, appeals and the Merkle root, nothing else."""
    from auditor.review import serialization, transparency_report

    with _ledger(folder) as ledger:
        _write(serialization.to_json_text(transparency_report.transparency_report(ledger)), output)


# The ledger


@command.command(
    epilog="""\b
Examples:
  auditor review verify
  auditor review verify --earlier checkpoint-2026-11.txt    has it been cut short or rewritten since?

Exit code 2 where it is not whole."""
)
@click.option(
    "--earlier", type=click.File(encoding="utf-8"), help="A checkpoint that was kept elsewhere (see `checkpoint`)."
)
@ledger_option
def verify(earlier: Any, folder: Path) -> None:
    """Prove the whole ledger again: every entry, hash, signature and rule; tell where it breaks."""
    from auditor.review.verify_ledger import verify_ledger

    with _ledger(folder) as ledger:
        proof = verify_ledger(ledger, earlier=earlier.read() if earlier else "")
    for one in proof.faults:
        click.echo(str(one))
    if proof.faults:
        click.echo(f"{folder}: is not whole; restore it from an export", err=True)
        sys.exit(2)
    click.echo(f"{folder}: {proof.size:,} events of {proof.cases:,} cases are whole; Merkle root {proof.root.hex()}")


@command.command(epilog="Example: auditor review checkpoint -o checkpoint.txt")
@output_option
@ledger_option
def checkpoint(folder: Path, output: Path | None) -> None:
    """The last signed checkpoint: keep copies where whoever can change the ledger cannot."""
    with _ledger(folder) as ledger:
        _write(ledger.checkpoint_note(), output)


@command.command(epilog="Example: auditor review export backup.jsonl")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@ledger_option
def export(file: Any, folder: Path) -> None:
    """Write the ledger as JSON lines: confidential, names and opinions included."""
    from auditor.review.ledger_export import export_ledger

    with _ledger(folder) as ledger:
        click.echo(f"{export_ledger(ledger, file):,} events", err=True)


@command.command(epilog="Example: auditor review restore backup.jsonl --ledger restored/")
@click.argument("file", type=click.File(encoding="utf-8"))
@ledger_option
def restore(file: Any, folder: Path) -> None:
    """Restore a ledger from an export, into a folder that has none, if every entry of it is whole."""
    from auditor.review.ledger_export import restore_ledger

    with restore_ledger(file, folder) as ledger:
        click.echo(f"{folder}: {ledger.size:,} events are whole; put signing.key there to go on recording")


@command.command(epilog='Example: auditor review clock --as heron --why "The machine was a year ahead"')
@reviewer_option
@why_option
@ledger_option
def clock(reviewer: str, why: str, folder: Path) -> None:
    """Record that the clock was wrong before: without this, time never goes back in a ledger."""
    with _ledger(folder) as ledger:
        ledger.correct_clock(reviewer, why=why)


@command.command(
    epilog="""\b
Examples:
  auditor review serve --as heron --support "Ask Sam, 555 0100, any hour"
  auditor review serve --as heron --as wren --run runs/hub

Open the link that is printed in a browser on this machine, once. All of the page can be done with keys alone."""
)
@click.option(
    "--as", "names", multiple=True, envvar="AUDITOR_REVIEWER", metavar="WHO", help="Who reviews (a link for each)."
)
@click.option(
    "--support",
    default="",
    envvar="AUDITOR_SUPPORT",
    metavar="TEXT",
    help="Whom a reviewer can turn to; it is always in sight.",
)
@click.option("--run", "runs", multiple=True, type=FOLDER, metavar="RUN", help="A run, to show its coverage.")
@click.option("--recipient", "recipients", multiple=True, metavar="NAME", help="For whom a list is about to be built.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: any free one).")
@rules_option
@ledger_option
def serve(
    names: tuple[str, ...],
    support: str,
    runs: tuple[Path, ...],
    recipients: tuple[str, ...],
    port: int,
    rules: tuple[Path, ...],
    folder: Path,
) -> None:
    """Review in a browser on this machine, which nobody else can reach."""
    try:
        from auditor.page import server
    except ModuleNotFoundError as error:
        raise UsageError(f"the review page needs {error.name}: pip install 'provenance-auditor[review]'") from error

    service, listening = server.create_service(folder, names, support, runs, rules, recipients, port)
    for reviewer, link in service.links():
        click.echo(f"{reviewer}: {link}")
    click.echo("each link opens once, within 15 minutes; Ctrl+C stops the page", err=True)
    server.run(service, listening)
