"""``auditor verify``: check a signed statement of what was compared, and show it."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import FOLDER
from auditor.errors import SealError, UsageError

_MAX_KEY_FILE_BYTES = 10_000


@click.command(
    epilog="""\b
Examples:
  auditor verify hub.comparison.json --key 'kD3…='             the signer's public key, in base64
  auditor verify hub.comparison.json --key signer.pub          or a file of it (base64 or PEM)
  auditor verify hub.comparison.json --key signer.pub --run runs/hub

\b
Exit codes:
  0  signed with this key, and valid today
  1  not signed with it, changed, expired, or about another run
  2  misuse

Get the public key over a channel that you trust. Needs pip install 'provenance-auditor[deindex]'."""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", required=True, metavar="KEY|FILE", help="The signer's public key (Ed25519), or a file of it.")
@click.option("--run", type=FOLDER, metavar="RUN", help="Also check that the statement is about this finished run.")
@click.pass_context
def command(context: click.Context, file: Path, key: str, run: Path | None) -> None:
    """Verify the FILE that `auditor attest` wrote, and show what it states."""
    from auditor.pipeline.report import read_report
    from auditor.reporting.comparison_statement import NOT_SAID, PAYLOAD_TYPE, listing_digest, read_statement
    from auditor.sealing.envelope import MAX_ENVELOPE_BYTES, open_envelope
    from auditor.timestamps import current_time

    public = read_public_key(key)
    listing = listing_digest(read_report(run)) if run else ""
    try:
        with open(file, "rb") as envelope:
            payload = open_envelope(envelope.read(MAX_ENVELOPE_BYTES + 1), PAYLOAD_TYPE, public)
        statement = read_statement(payload)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except SealError as error:
        click.echo(f"auditor: {file}: {error}", err=True)
        context.exit(1)
    for line in (*statement.lines, NOT_SAID):
        click.echo(line)
    if statement.expires <= current_time():
        click.echo(f"auditor: {file}: expired on {statement.expires}; ask for a newer one", err=True)
        context.exit(1)
    if run and listing != statement.listing:
        click.echo(f"auditor: {file}: is about other files than {run}", err=True)
        context.exit(1)


def read_public_key(text: str, option: str = "--key") -> bytes:
    """Return the public key that an option gives, or that is in the file which it names. Raises UsageError."""
    from auditor.sealing.keys import decode_public_key

    path = Path(text)
    try:
        if path.is_file():
            with open(path, encoding="utf-8") as file:
                text = file.read(_MAX_KEY_FILE_BYTES)
        return decode_public_key(text)
    except (OSError, UnicodeDecodeError, SealError) as error:
        raise UsageError(f"{option}: {error}") from error
