"""``auditor deindex fetch``: get the newest list from the folder that its sender publishes."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.deindex.group import command, home_option, keys_option, sender_option


@command.command(
    epilog="""\b
Example:
  auditor deindex fetch https://hotline.example/lists --sender hotline.json

Run it on a schedule: what has not changed is not sent again. What is fetched is encrypted for you and counts only
once it is verified, as by `auditor deindex verify`; whatever fails, the list in use stays."""
)
@click.argument("url")
@sender_option
@keys_option
@home_option
def fetch(url: str, sender_card: Path, keys_folder: Path, home: Path) -> None:
    """Fetch what is newer than the list in use from URL, verify it and put it into use."""
    from auditor.deindex import party_cards, party_keys
    from auditor.deindex.published_lists import fetch_lists
    from auditor.timestamps import current_time

    sender = party_cards.load_card(sender_card)
    received = fetch_lists(url, party_keys.load_keys(keys_folder), sender, home, current_time())
    for found in received:
        click.echo(
            f"version {found.header.version} from {sender.name} is in use: {found.entries:,} entries, "
            f"{found.removals:,} removals, expires {found.header.expires_at}"
        )
    if not received:
        click.echo(f"nothing new from {sender.name}")
