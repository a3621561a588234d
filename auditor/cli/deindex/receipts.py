"""Commands of ``auditor deindex`` for receipts: what a recipient did with a list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.deindex.group import FILE, FOLDER, command, home_option, keys_option, state_option
from auditor.cli.review.options import key_option, open_ledger, reviewer_name
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.deindex.party_cards import Party
    from auditor.deindex.receipts import Receipt
    from auditor.review import Ledger


@command.command(
    epilog="""\b
Examples:
  auditor deindex receipt --sender hotline.json --all -o receipt.json
  auditor deindex receipt --sender hotline.json --acted done.txt -o receipt.json
  auditor deindex receipt --check receipt.json --recipient search.json --record ledger/ --as heron

A line of --acted: ENTRY ACTION [WHEN] [REASON], for example `3f… de-index 2026-11-23T09:30:00Z`, `3f… restored`,
`3f… declined no such page here` or `3f… questioned the card names another dataset now`. With --record and --as, cases
of questioned entries are opened again; the decision stays in force until there is another."""
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
@click.option(
    "--as",
    "reviewer",
    default="",
    metavar="NAME",
    callback=reviewer_name,
    help="With --record: who opens questioned cases again.",
)
@key_option
@state_option
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
    reviewer: str,
    state: Path,
    keys_folder: Path,
    home: Path,
) -> None:
    """Write a signed receipt of what you acted on and when, for the sender of a list; or check a received receipt."""
    from auditor.deindex import party_cards, party_keys, receipts
    from auditor.deindex.lookup import open_lookup
    from auditor.deindex.sent_state import require_newest_card
    from auditor.printable import printable
    from auditor.timestamps import current_time

    if check and recipient:
        card = party_cards.load_card(recipient)
        require_newest_card(state, card)
        said = receipts.read_receipt(check, card, current_time())
        click.echo(
            f"version {said.version}, {len(said.acted):,} entries, stated by {said.recipient} at {said.issued_at}"
        )
        for each in said.acted:
            click.echo("\t".join(map(printable, (each.entry, each.action, each.at, each.why))).rstrip("\t"))
        if record:
            with open_ledger(record) as ledger:
                receipts.record_receipt(ledger, said)
                _reopen_questioned_cases(ledger, said, card, state, reviewer)
        return
    if not sender_card or not output or everything == bool(acted):
        raise UsageError("give --sender, -o and one of --all and --acted; or --check and --recipient")
    found = open_lookup(home, party_cards.load_card(sender_card), current_time())
    which = (
        receipts.all_entries_acted(found, current_time())
        if everything
        else receipts.parse_acted_lines(acted, current_time())
    )
    output.write_bytes(receipts.sign_receipt(found, party_keys.load_keys(keys_folder), which, current_time()))
    click.echo(f"{output}: version {found.header.version}, {len(which):,} entries", err=True)


def _reopen_questioned_cases(ledger: Ledger, said: Receipt, recipient: Party, state: Path, reviewer: str) -> None:
    """Open the cases again whose entries a receipt questions, or say how to."""
    from contextlib import closing

    from auditor.deindex.receipts import questioned_cases
    from auditor.deindex.sent_state import open_sent_state
    from auditor.printable import printable

    with closing(open_sent_state(state, recipient)) as sent:
        questions = list(questioned_cases(ledger, said, sent))
    for case, why in questions:
        if reviewer:
            ledger.reopen(case, reviewer, why=f"{recipient.name} questions the entry: {printable(why, 1000)}")
            click.echo(f"case {case} is open again", err=True)
        else:
            hint = f"auditor review reopen {case} --as NAME --why TEXT"
            click.echo(f"case {case} is questioned: {printable(why, 300)} (`{hint}`, or --as here)", err=True)
