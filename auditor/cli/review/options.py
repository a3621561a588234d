"""Options that the review commands share, and functions that print their results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import create_output
from auditor.errors import UsageError
from auditor.resources import user_data_folder

if TYPE_CHECKING:
    from auditor.review import Ledger
    from auditor.review.case_state import CaseState
    from auditor.review.group_decisions import GroupResult


# Keys of click's context under which the options of a command leave who acts, and with which key.
_REVIEWER, _KEY_FILE = "auditor.review.reviewer", "auditor.review.key_file"


VERDICTS = ("de-index", "demote", "label", "gate", "refer", "no-action", "need-more")


STAGES = (
    "new", "claimed", "proposed", "disputed", "approved", "listed", "re-review", "appealed", "waiting", "overturned",
    "reported", "closed",
)  # fmt: skip


STRENGTHS = ("listed", "exact", "by-name", "named", "short", "derived", "near", "alike", "declared", "stated")


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


def reviewer_name(context: click.Context, option: click.Parameter, name: str) -> str:
    """Return the pseudonym that an option names, in the form in which reviewers are recorded."""
    from auditor.review.reviewers import normalize_name

    context.meta[_REVIEWER] = normalize_name(name)
    return normalize_name(name)


def _keep_key_file(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    """Keep the file of the reviewer's key for :func:`open_ledger`."""
    context.meta[_KEY_FILE] = path


key_option = click.option(
    "--key",
    envvar="AUDITOR_REVIEWER_KEY",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_keep_key_file,
    help="Your own private key, with which your entry is signed (see `keys`).",
)


def reviewer_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say who records something, and with which key."""
    named = click.option(
        "--as",
        "reviewer",
        envvar="AUDITOR_REVIEWER",
        required=True,
        metavar="WHO",
        callback=reviewer_name,
        help="Your pseudonym.",
    )
    return named(key_option(function))


why_option = click.option("--why", required=True, metavar="WORDS", help="Your reasons.")


case_argument = click.argument("case")


opinion_rules_option = click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="ID",
    help="A rule that justifies the verdict (repeatable; default: all rules of the case).",
)


seen_option = click.option(
    "--seen",
    type=int,
    default=-1,
    metavar="N",
    help="The number of the last event that you saw: refused if the case has newer ones.",
)


json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The file to write."
)


def words_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that give the reasons of an opinion: new ones, or saved ones, which are shown and confirmed."""
    given = click.option("--why", default="", metavar="WORDS", help="Your reasons.")
    saved = click.option(
        "--reason",
        "saved",
        default="",
        metavar="NAME",
        help="A reason that you saved (see `reasons`) in place of --why; it is shown, and you confirm it.",
    )
    return given(saved(function))


def chosen_words(folder: Path, reviewer: str, why: str, saved: str) -> str:
    """Return the reasons that an opinion's options give; a saved one once its reviewer has confirmed it."""
    if bool(why) == bool(saved):
        raise click.UsageError("give your reasons with --why, or saved ones with --reason")
    if why:
        return why
    from auditor.printable import printable
    from auditor.review.saved_reasons import saved_reason

    text = saved_reason(folder, reviewer, saved)
    click.echo(f"{saved}: {printable(text, 20_000)}", err=True)
    if not click.confirm("Are these your reasons here?", err=True):
        raise UsageError("nothing was recorded")
    return text


def opinion_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a command that gives an opinion on a case."""
    verdict = click.argument("verdict", type=click.Choice(VERDICTS), metavar="VERDICT")
    only = click.option("--only", multiple=True, metavar="CASE", help="Of a group, only this case (repeatable).")
    without = click.option(
        "--except", "without", multiple=True, metavar="CASE", help="Of a group, all but this case (repeatable)."
    )
    options = (ledger_option, seen_option, without, only, opinion_rules_option, words_options, reviewer_option, verdict)
    for option in options:
        function = option(function)
    return click.argument("case", metavar="CASE|GROUP")(function)


def open_ledger_unverified(folder: Path) -> Ledger:
    """Open the ledger that a command names which verifies it itself, or must work on a damaged one."""
    from auditor.review import Ledger

    ledger = Ledger.open(folder)
    given = click.get_current_context().meta
    if given.get(_KEY_FILE) and given.get(_REVIEWER):
        from auditor.sealing.keys import SigningKey

        ledger.signers[given[_REVIEWER]] = SigningKey.load(given[_KEY_FILE])
    return ledger


@contextmanager
def verification_progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far a verification of a ledger is, once it begins."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    shown = False

    def advance(done: int, total: int) -> None:
        """Show how far it is."""
        nonlocal shown
        shown = True
        click.echo(f"\rverifying the ledger: {100 * done // max(1, total)}%", err=True, nl=False)

    try:
        yield advance
    finally:
        if shown:
            click.echo("\r\x1b[K", err=True, nl=False)  # clear the line


def open_ledger(folder: Path) -> Ledger:
    """Open the ledger that a review command names, if it is intact. Raises SealError."""
    from auditor.review.verified_state import require_verified

    ledger = open_ledger_unverified(folder)
    try:
        with verification_progress() as progress:
            require_verified(ledger, progress)
    except BaseException:
        ledger.close()
        raise
    return ledger


def echo_case_state(state: CaseState) -> None:
    """Print the stage of a case, what it means, and its last event."""
    from auditor.review.case_state import STAGE_MEANINGS
    from auditor.timestamps import current_time

    stage = state.stage(current_time())
    click.echo(f"case {state.id} is {stage}: {STAGE_MEANINGS[stage]} (event {state.last_event})")


def echo_group_result(ledger: Ledger, result: GroupResult) -> None:
    """Print how many cases of a group an opinion was recorded on, their stages, and each case that was left out."""
    from collections import Counter

    from auditor.printable import printable

    stages = Counter(state.stage(ledger.now) for state in result.taken)
    counted = ", ".join(f"{count:,} {stage}" for stage, count in stages.items())
    click.echo(f"recorded on {len(result.taken):,} cases: now {counted} (event {ledger.size - 1})")
    for one in result.left_out:
        click.echo(f"left out: case {one.case}, {printable(one.name)}: {printable(one.why, 1000)}", err=True)


def write_output(text: str, output: Path | None) -> None:
    """Write a text to a file, or to standard output where none is named. Raises UsageError."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with create_output(output) as out:
            out.write(text)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}; name another file with -o") from error
