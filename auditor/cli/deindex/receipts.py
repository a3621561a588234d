"""Commands of ``auditor deindex`` for receipts: what a recipient did with a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.deindex.group import FILE, FOLDER, command, home_option, keys_option
from auditor.cli.review.options import open_ledger
from auditor.errors import UsageError


@command.command(
    epilog="""\b
Examples:
  auditor deindex receipt --sender hotline.json --all -o receipt.json
  auditor deindex receipt --sender hotline.json --acted done.txt -o receipt.json
  auditor deindex receipt --check receipt.json --recipient search.json --record ledger/

A line of --acted: ENTRY ACTION [WHEN], for example `3f… de-index 2026-11-23T09:30:00Z` or `3f… restored`."""
)
@click.option("--sender", "sender_card", type=FILE, metavar="CARD", help="The card file of the list's sender.")
@click.option(
    "--all", "everything", is_flag=True, help="Every entry of the list in use was acted on, at the current time."
)
@click.option(
    "--acted",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE|-",
    help="A file of the entries that were acted on, and when.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The receipt.")
@click.option("--check", type=FILE, metavar="FILE", help="The sender's side: check and show a receipt.")
@click.option(
    "--recipient", type=FILE, metavar="CARD", help="With --check: the card file of the recipient who signed it."
)
@click.option("--record", type=FOLDER, metavar="DIR", help="With --check: the ledger that records the receipt.")
@keys_option
@home_option
def receipt(
    sender_card: Path | None,
    everything: bool,
    acted: Any,
    output: Path | None,
    check: Path | None,
    recipient: Path | None,
    record: Path | None,
    keys_folder: Path,
    home: Path,
) -> None:
    """Write a signed receipt of what you acted on and when, for the sender of a list; or check a received receipt."""
    from auditor.deindex import party_keys, receipts
    from auditor.deindex.lookup import open_lookup
    from auditor.printable import printable
    from auditor.timestamps import current_time

    if check and recipient:
        said = receipts.read_receipt(check, party_keys.load_card(recipient))
        click.echo(
            f"version {said.version}, {len(said.acted):,} entries, stated by {said.recipient} at {said.issued_at}"
        )
        for each in said.acted:
            click.echo("\t".join(map(printable, (each.entry, each.action, each.at))))
        if record:
            with open_ledger(record) as ledger:
                receipts.record_receipt(ledger, said)
        return
    if not sender_card or not output or everything == bool(acted):
        raise UsageError("give --sender, -o and one of --all and --acted; or --check and --recipient")
    found = open_lookup(home, party_keys.load_card(sender_card), current_time())
    which = (
        receipts.all_entries_acted(found, current_time())
        if everything
        else receipts.parse_acted_lines(acted, current_time())
    )
    output.write_bytes(receipts.sign_receipt(found, party_keys.load_keys(keys_folder), which, current_time()))
    click.echo(f"{output}: version {found.header.version}, {len(which):,} entries", err=True)
