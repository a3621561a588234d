"""Commands of ``auditor deindex`` for keys and lists: create keys, build, verify, look up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.deindex.group import (
    FILE,
    FOLDER,
    command,
    home_option,
    keys_option,
    sender_option,
    state_option,
)
from auditor.cli.options import rules_option
from auditor.cli.review.options import ledger_option, open_ledger

if TYPE_CHECKING:
    from auditor.deindex.lookup import Lookup, LookupResult


@command.command(
    epilog="""\b
Examples:
  auditor deindex keys example-hotline --appeals https://example.org/appeals
  auditor deindex keys example-hotline --passphrase
  auditor deindex keys > card.json           print your card, to give to the other side
  auditor deindex keys --rotate > card.json  new keys, with a card that the old ones sign
  auditor deindex keys --rotate --days 0     the old keys were stolen: they count no longer

Both sides create keys once and exchange cards over a channel that both trust. After --rotate, give the new card to the
other sides; recipients of your lists accept it without that. A thief can rotate a stolen key too, so after a theft
compare cards over a channel that you trust."""
)
@click.argument("name", default="")
@click.option(
    "--appeals", default="", metavar="TEXT", help="The address where an owner can appeal; every entry includes it."
)
@click.option(
    "--passphrase",
    "with_passphrase",
    is_flag=True,
    help="Encrypt the private keys with a passphrase, which is asked for (or taken from AUDITOR_KEYS_PASSPHRASE).",
)
@click.option("--rotate", is_flag=True, help="Replace your keys by new ones.")
@click.option(
    "--days",
    type=click.IntRange(0, 365),
    default=30,
    show_default=True,
    metavar="N",
    help="With --rotate: for how many days the old keys still count.",
)
@keys_option
def keys(name: str, appeals: str, with_passphrase: bool, rotate: bool, days: int, keys_folder: Path) -> None:
    """Create your keys under NAME; without a NAME, print your card (name and public keys)."""
    import json
    import os

    from auditor.deindex import party_cards, party_keys
    from auditor.timestamps import current_time

    if with_passphrase and not name:
        raise click.UsageError("--passphrase is for new keys; name them")
    if rotate and (name or appeals):
        raise click.UsageError("--rotate replaces the keys that there are, under the same name and address")
    if name:
        passphrase = ""
        if with_passphrase:
            passphrase = os.environ.get(party_keys.PASSPHRASE_VARIABLE) or click.prompt(
                "Passphrase", hide_input=True, confirmation_prompt=True, err=True
            )
        made = party_keys.create_keys(keys_folder, name, appeals, passphrase)
    elif rotate:
        made = party_keys.rotate_keys(keys_folder, current_time(), days)
        until = made.card.rotations[-1].until
        click.echo(f"the old keys count until {until}; give this card to the other sides", err=True)
    else:
        made = party_keys.load_keys(keys_folder)
    if name:
        click.echo(
            f"keys are in {keys_folder}: keep this folder private, and give only the card to the other side", err=True
        )
    click.echo(json.dumps(party_cards.card_to_json(made.card), indent=2))


def _only_recipient(_context: click.Context, _option: click.Parameter, cards: tuple[Path, ...]) -> Path:
    """Return the one card that was given; a second one is not ignored but refused."""
    if len(cards) != 1:
        raise click.BadParameter("a list has one recipient: run the command once for each, as each gets its own list")
    return cards[0]


@command.command(
    epilog="""\b
Examples:
  auditor deindex build --recipient search.json --out lists/
  auditor deindex build --recipient search.json --delta --against runs/newest
  auditor deindex build --recipient search.json --plain-csv patterns.csv

Only decisions in force that two people agreed on are listed. Exit code 3: some are held back; messages say why."""
)
@ledger_option
@click.option(
    "--recipient",
    required=True,
    multiple=True,
    type=FILE,
    metavar="CARD",
    callback=_only_recipient,
    help="The card file of the list's recipient.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("."),
    metavar="DIR",
    help="The folder to write the list to (default: the current folder).",
)
@click.option(
    "--days",
    type=int,
    default=7,
    show_default=True,
    metavar="N",
    help="The number of days for which the list is valid.",
)
@click.option("--delta", is_flag=True, help="Only what changed since the last list, removals first.")
@click.option("--interim", is_flag=True, help="Also list interim decisions, which one reviewer made for 72 hours.")
@click.option(
    "--against", type=FOLDER, metavar="RUN", help="A newer run: entries whose subject has changed there are held back."
)
@click.option("--source", default="", metavar="TEXT", help="Who found the listed models (default: your name).")
@click.option(
    "--canary", default="", metavar="OWNER", help="An owner's name that you control: adds a canary entry under it."
)
@click.option(
    "--at-least", type=int, default=1, metavar="N", help="The lowest version number to use, if your state was lost."
)
@click.option(
    "--grown-from",
    type=int,
    multiple=True,
    metavar="SIZE",
    help="A ledger size to which a recipient wants a consistency proof.",
)
@click.option(
    "--country",
    "countries",
    multiple=True,
    metavar="XX",
    help="A country where the decisions hold (ISO 3166; default: everywhere).",
)
@click.option("--legal-ground", default="", metavar="TEXT", help="The law or terms that the decisions follow from.")
@click.option("--plain-csv", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Not sealed!")
@click.option(
    "--publish",
    type=FOLDER,
    metavar="DIR",
    help="Also copy the list into this folder, from which its recipient can fetch it once a web server serves it.",
)
@state_option
@keys_option
@rules_option
def build(
    folder: Path,
    recipient: Path,
    out: Path,
    days: int,
    delta: bool,
    interim: bool,
    against: Path | None,
    source: str,
    canary: str,
    at_least: int,
    grown_from: tuple[int, ...],
    countries: tuple[str, ...],
    legal_ground: str,
    plain_csv: Path | None,
    publish: Path | None,
    state: Path,
    keys_folder: Path,
    rules: tuple[Path, ...],
) -> int:
    """Build a signed and encrypted list of the decisions in force, for one recipient."""
    from auditor.deindex import build_list, party_cards, party_keys, proofs, record_listed, staleness
    from auditor.deindex.hubs import compile_hubs
    from auditor.policy.vocabularies import load_vocabularies
    from auditor.printable import printable
    from auditor.review.queue import QueueQuery

    to, own = party_cards.load_card(recipient), party_keys.load_keys(keys_folder)
    hubs = compile_hubs(load_vocabularies(rules))
    with open_ledger(folder) as decided:
        prover, time = proofs.ledger_prover(decided), decided.now
        stale = (
            staleness.staleness_check(against, decided.decisions_in_force(time))
            if against
            else build_list.BuildOptions().stale
        )
        about = decided.queue(QueueQuery(("approved", "listed", "re-review", "appealed"), limit=1)).total
        order = build_list.BuildOptions(
            days,
            delta,
            interim,
            source,
            canary,
            about,
            at_least,
            grown_from,
            countries,
            legal_ground,
            stale,
            hubs,
            decided.clearance,
        )
        standing = decided.decisions_in_force(time, size=prover.size)
        if plain_csv:
            click.echo(f"warning: {plain_csv}: {build_list.PLAIN_CSV_WARNING}", err=True)
            rows = build_list.build_plain_csv(standing, to, own, plain_csv, time, order)
            click.echo(f"{plain_csv}: {rows:,} patterns", err=True)
            return 0
        built = build_list.build_list(standing, to, own, out, state, time, order, prover)
        record_listed.record_listed_decisions(decided, to, state, built.header.version)
    if publish:
        from auditor.deindex.published_lists import publish_list

        click.echo(f"published in {publish_list(built.path, built.header, publish, time)}", err=True)
    for held in built.held:
        click.echo(printable(f"held back: {held.subject.kind} {held.subject.name}: {held.why}", 1000), err=True)
    click.echo(
        f"version {built.header.version} for {to.name}: {built.entries:,} entries, {built.removed:,} removals, "
        f"{len(built.held):,} held back; expires {built.header.expires_at}",
        err=True,
    )
    if built.canary:
        click.echo(
            f"canary: {built.canary.kind} {built.canary.name}: keep control of that name, and watch who acts on it",
            err=True,
        )
    click.echo(str(built.path))
    return 3 if built.held else 0


@command.command(epilog="Example: auditor deindex verify hotline-search-000007.list.age --sender hotline.json")
@click.argument("file", type=FILE)
@sender_option
@keys_option
@home_option
def verify(file: Path, sender_card: Path, keys_folder: Path, home: Path) -> None:
    """Verify a list FILE (signature, recipient, completeness, dates, version), and make it the list in use."""
    from auditor.deindex import party_cards, party_keys
    from auditor.deindex.receive_list import receive_list
    from auditor.timestamps import current_time

    found = receive_list(
        file, party_keys.load_keys(keys_folder), party_cards.load_card(sender_card), home, current_time()
    )
    header = found.header
    click.echo(
        f"version {header.version} from {header.sender.name} {'is in use' if found.new else 'was in use already'}: "
        f"{found.entries:,} entries, {found.removals:,} removals, issued {header.issued_at}, "
        f"expires {header.expires_at}; each entry is proven to be in the sender's ledger of "
        f"{header.log.verify().size:,} events"
    )


@command.command(
    epilog="""\b
Examples:
  auditor deindex lookup https://huggingface.co/owner/name --sender hotline.json
  auditor deindex lookup model.safetensors --sender hotline.json --format json
  auditor deindex lookup - --sender hotline.json < addresses.txt

Exit codes: 1 something is listed; else 3 something was neither an address, a name nor a file, or is only one of
several files of a listed repository (unrelated repositories may have the same file); else 0.
"Not listed" means only that no decision is on the list."""
)
@click.argument("what", nargs=-1, required=True, metavar="URL|NAME|FILE|-...")
@click.option("--format", "form", type=click.Choice(["lines", "json", "csv"]), default="lines", show_default=True)
@sender_option
@home_option
@rules_option
def lookup(what: tuple[str, ...], form: str, sender_card: Path, home: Path, rules: tuple[Path, ...]) -> int:
    """Look up addresses, names or weights files in the list in use."""
    from auditor.deindex import lookup_output, party_cards
    from auditor.deindex.hubs import compile_hubs
    from auditor.deindex.lookup import open_lookup
    from auditor.policy.vocabularies import load_vocabularies
    from auditor.timestamps import current_time

    hubs = compile_hubs(load_vocabularies(rules))
    found = open_lookup(home, party_cards.load_card(sender_card), current_time(), hubs)
    click.echo(lookup_output.describe_list(found), err=True)
    with click.open_file("-", "w", encoding="utf-8") as out:
        return lookup_output.write_results(_look_up_all(found, what), out, form)


def _look_up_all(found: Lookup, what: Iterable[str]) -> Iterator[LookupResult]:
    """Look up each argument of ``deindex lookup``: an address or name, a file, or the lines of standard input."""
    for text in what:
        if text == "-":
            with click.open_file("-", encoding="utf-8", errors="surrogateescape") as stdin:
                yield from found.lookup_texts(line.strip() for line in stdin if line.strip())
        elif "://" not in text and Path(text).is_file():
            yield found.lookup_file(Path(text))
        else:
            yield from found.lookup_texts([text])
