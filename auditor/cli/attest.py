"""``auditor attest``: sign a statement of what a run compared."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.cli.options import FOLDER
from auditor.errors import UsageError
from auditor.model import Audience

DEFAULT_DAYS = 90
_MAX_DAYS = 3660


def parse_expiry(context: click.Context, option: click.Parameter, text: str) -> str:
    """Return the time that a number of days or a date stands for, ISO 8601 in UTC; it must be in the future."""
    from auditor.timestamps import add_time, current_time, format_time

    if re.fullmatch(r"[0-9]{1,4}d?", text):
        days = int(text.rstrip("d"))
        if not 0 < days <= _MAX_DAYS:
            raise click.BadParameter(f"{text}: name 1 to {_MAX_DAYS} days")
        return add_time(current_time(), days=days)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: write a number of days (90d) or a date (2027-03-01)") from error
    expires = format_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if expires <= current_time():
        raise click.BadParameter(f"{text}: is in the past")
    return expires


@click.command(
    epilog="""\b
Examples:
  auditor attest runs/hub --key attest.pem --create-key -o hub.comparison.json
  auditor attest runs/hub --key attest.pem --expires 30d --name-lists -o hub.comparison.json
  auditor verify hub.comparison.json --key PUBLIC-KEY

The statement has no field that says "passed": nothing that was compared is proven to be free of such content. Needs
pip install 'provenance-auditor[deindex]'."""
)
@click.argument("run", type=FOLDER)
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file of the private key that signs (Ed25519, PEM).",
)
@click.option("--create-key", is_flag=True, help="Create the key first, if its file is not there.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the signed statement to FILE.",
)
@click.option(
    "--expires",
    default=f"{DEFAULT_DAYS}d",
    show_default=True,
    metavar="DAYS|DATE",
    callback=parse_expiry,
    help="When the statement ends to hold: lists grow, so what was compared gets old.",
)
@click.option(
    "--name-lists",
    is_flag=True,
    help="Also tell the names, holders and sizes of the lists, because their holders allow it. Without it a list is "
    "known by the digest of its file.",
)
@click.option(
    "--audience",
    type=click.Choice(["author", "operator"]),
    default="author",
    show_default=True,
    help="author: of a local target only the last part of its path. operator: the whole path.",
)
def command(
    run: Path, key_file: Path, create_key: bool, output: Path, expires: str, name_lists: bool, audience: Audience
) -> None:
    """Sign an in-toto statement of what a finished RUN compared with which lists, in a DSSE envelope.

    It says how many samples were answered, not what was found.
    """
    import json

    from auditor.pipeline.report import read_report
    from auditor.reporting.comparison_statement import PAYLOAD_TYPE, make_statement
    from auditor.sealing.envelope import sign_envelope
    from auditor.sealing.keys import SigningKey, encode_public_key
    from auditor.timestamps import current_time

    report = read_report(run)
    is_new = create_key and not key_file.exists()
    key = SigningKey.create(key_file) if is_new else SigningKey.load(key_file)
    statement = make_statement(report, issued=current_time(), expires=expires, name_lists=name_lists, audience=audience)
    envelope = sign_envelope(PAYLOAD_TYPE, json.dumps(statement).encode(), key)
    try:
        output.write_bytes(envelope + b"\n")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}; name another file with -o") from error
    click.echo(f"public key, for those who verify: {encode_public_key(key.public)}", err=True)
