"""Commands that verify the ledger, publish its checkpoints, and cosign those of others as a witness."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import (
    ledger_option,
    open_ledger_unverified,
    output_option,
    verification_progress,
    write_output,
)
from auditor.errors import SealError
from auditor.resources import user_data_folder

_MAX_CHECKPOINT_BYTES = 1 << 20  # 32 proofs of 64 steps are about 100 kB


@command.command(
    epilog="""\b
Examples:
  auditor review verify
  auditor review verify --checkpoint november.txt                      was it rolled back or rewritten since?
  auditor review verify --checkpoint november.txt --witness PUBLIC-KEY

Exit code 1: the ledger is not a continuation of the checkpoint. Exit code 2: it was changed or is damaged, the
checkpoint is no proof, or an entry is of the future."""
)
@click.option(
    "--checkpoint",
    "--earlier",
    "earlier",
    type=click.File(encoding="utf-8"),
    help="A checkpoint that was published, witnessed or kept elsewhere (see `checkpoint`).",
)
@click.option(
    "--witness", default="", metavar="KEY", help="The public key of the witness that cosigned the checkpoint."
)
@ledger_option
def verify(earlier: Any, witness: str, folder: Path) -> None:
    """Verify the whole ledger: every entry, hash, signature and state change; show where it fails.

    With a checkpoint, also that entries were only added since then.
    """
    from auditor.cli.verify import read_public_key
    from auditor.review.verify_ledger import verify_ledger
    from auditor.timestamps import current_time

    if witness and not earlier:
        raise click.UsageError("--witness needs --checkpoint FILE, the checkpoint that the witness cosigned")
    key = read_public_key(witness, "--witness") if witness else b""
    text = earlier.read(_MAX_CHECKPOINT_BYTES) if earlier else ""
    with open_ledger_unverified(folder) as ledger, verification_progress() as progress:
        proof = verify_ledger(ledger, earlier=text, witness=key, now=current_time(), progress=progress)
    for fault in proof.faults:
        click.echo(str(fault))
    if proof.faults and all(fault.diverged for fault in proof.faults):
        click.echo(f"{folder}: does not continue the checkpoint; decide nothing, and find the newest copy", err=True)
        sys.exit(1)
    if proof.faults and all(fault.unproven for fault in proof.faults):
        click.echo(f"{folder}: not verified, for the reason above; its entries themselves are intact", err=True)
        sys.exit(2)
    if proof.faults:
        click.echo(f"{folder}: was changed or is damaged; restore it from an export", err=True)
        sys.exit(2)
    click.echo(f"{folder}: {proof.size:,} events of {proof.cases:,} cases are intact; Merkle root {proof.root.hex()}")
    click.echo(proof.signatures)
    if proof.erased:
        click.echo(f"{proof.erased:,} texts erased")
    click.echo(proof.growth)


@command.command(
    epilog="""\b
Examples:
  auditor review checkpoint -o november.txt
  auditor review checkpoint --since 1200 -o november.txt      a witness asks for the growth since 1,200 events"""
)
@click.option(
    "--since", multiple=True, type=int, metavar="N", help="A further size from which growth is proven (repeatable)."
)
@output_option
@ledger_option
def checkpoint(since: tuple[int, ...], folder: Path, output: Path | None) -> None:
    """Publish a signed checkpoint: size, Merkle root and time, with proofs of growth since those published before.

    It holds nothing of any case. Give it to a witness, and keep copies where nobody who can change the ledger can
    change them.
    """
    from auditor.review.published_checkpoints import publish_checkpoint

    with open_ledger_unverified(folder) as ledger:
        write_output(publish_checkpoint(ledger, since).text, output)


@command.command(
    epilog="""\b
Examples:
  auditor review witness november.txt --key witness.key --create-key
  auditor review witness december.txt --key witness.key -o december-cosigned.txt

Run it on another machine, as another person. Exit code 1: the ledger was rolled back, rewritten or forked."""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file of the witness's private key (Ed25519, PEM).",
)
@click.option("--create-key", is_flag=True, help="Create the key first, if its file is not there.")
@click.option(
    "--state",
    default=lambda: user_data_folder() / "witness",
    show_default="the program's own folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the witness keeps the last checkpoint of each ledger.",
)
@output_option
def witness(file: Path, key_file: Path, create_key: bool, state: Path, output: Path | None) -> None:
    """Cosign a published checkpoint of another's ledger, if it continues the last one that you cosigned.

    The cosigned checkpoint replaces FILE, or is written to the file that -o names.
    """
    from auditor.review.published_checkpoints import CheckpointConflict, parse_published, witness_checkpoint
    from auditor.sealing.keys import SigningKey, encode_public_key
    from auditor.timestamps import current_time

    try:
        with open(file, encoding="utf-8") as stream:
            published = parse_published(stream.read(_MAX_CHECKPOINT_BYTES))
        create = create_key and not key_file.exists()
        key = SigningKey.create(key_file) if create else SigningKey.load(key_file)
        cosigned, kept = witness_checkpoint(published, key, state, current_time())
    except CheckpointConflict as error:
        click.echo(f"auditor: {file}: {error}", err=True)
        sys.exit(1)
    except UnicodeDecodeError as error:
        raise SealError(f"{file}: is not a checkpoint") from error
    except SealError as error:
        raise SealError(f"{file}: {error}") from error
    write_output(cosigned.text, output or file)
    click.echo(
        f"cosigned: it continues the checkpoint of {kept.time} ({kept.size:,} events)"
        if kept
        else "cosigned: the first checkpoint of this ledger that you see, so nothing is proven of the time before"
    )
    click.echo(f"the witness's public key: {encode_public_key(key.public)}")
