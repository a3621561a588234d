"""``auditor deindex``: build lists for a recipient, and verify and use received lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import rules_option
from auditor.cli.review.options import ledger_option, open_ledger
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.deindex.lookup import Lookup, LookupResult

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _under_home(name: str) -> Callable[[click.Context, click.Parameter, Path | None], Path]:
    """Return an option callback of ``auditor deindex`` that defaults to a folder below the program's own."""

    def chosen(context: click.Context, option: click.Parameter, given: Path | None) -> Path:
        """Return the folder that the option of ``auditor deindex`` names, or the default one."""
        from auditor.resources import user_data_folder

        return given or user_data_folder() / "deindex" / name

    return chosen


keys_option = click.option(
    "--keys",
    "keys_folder",
    type=_FOLDER,
    callback=_under_home("keys"),
    metavar="DIR",
    help="Your keys (default: those of `auditor deindex keys`).",
)
home_option = click.option(
    "--home",
    type=_FOLDER,
    callback=_under_home("received"),
    metavar="DIR",
    help="Where received lists are kept (default: the program's own folder).",
)
sender_option = click.option(
    "--sender", "sender_card", required=True, type=_FILE, metavar="CARD", help="The card file of the list's sender."
)


@click.group()
def command() -> None:
    """Build, verify and look up de-index lists, and exchange receipts for what was acted on."""


@command.command(
    epilog="""\b
Examples:
  auditor deindex keys example-hotline --appeals https://example.org/appeals
  auditor deindex keys > card.json           print your card, to give to the other side

Both sides create keys once and exchange cards over a channel that both trust."""
)
@click.argument("name", default="")
@click.option(
    "--appeals", default="", metavar="TEXT", help="The address where an owner can appeal; every entry includes it."
)
@keys_option
def keys(name: str, appeals: str, keys_folder: Path) -> None:
    """Create your keys under NAME; without a NAME, print your card (name and public keys)."""
    import json
    from dataclasses import asdict

    from auditor.deindex import party_keys

    made = party_keys.create_keys(keys_folder, name, appeals) if name else party_keys.load_keys(keys_folder)
    if name:
        click.echo(
            f"keys are in {keys_folder}: keep this folder private, and give only the card to the other side", err=True
        )
    click.echo(json.dumps(asdict(made.card), indent=2))


@command.command(
    epilog="""\b
Examples:
  auditor deindex build --recipient search.json --out lists/
  auditor deindex build --recipient search.json --delta --against runs/newest
  auditor deindex build --recipient search.json --plain-csv patterns.csv

Only decisions in force that two people agreed on are listed. Exit code 3: some are held back; messages say why."""
)
@ledger_option
@click.option("--recipient", required=True, type=_FILE, metavar="CARD", help="The card file of the list's recipient.")
@click.option(
    "--out",
    type=_FOLDER,
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
    "--against", type=_FOLDER, metavar="RUN", help="A newer run: entries whose subject has changed there are held back."
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
@click.option("--plain-csv", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Not sealed!")
@click.option(
    "--state",
    type=_FOLDER,
    callback=_under_home("sent"),
    metavar="DIR",
    help="The record of what was sent to each recipient (default: the program's own folder).",
)
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
    plain_csv: Path | None,
    state: Path,
    keys_folder: Path,
    rules: tuple[Path, ...],
) -> int:
    """Build a signed and encrypted list of the decisions in force, for one recipient."""
    from auditor.deindex import build_list, party_keys, proofs, record_listed, staleness
    from auditor.deindex.hubs import compile_hubs
    from auditor.policy.vocabularies import load_vocabularies
    from auditor.printable import printable
    from auditor.review.queue import QueueQuery

    to, own = party_keys.load_card(recipient), party_keys.load_keys(keys_folder)
    hubs = compile_hubs(load_vocabularies(rules))
    with open_ledger(folder) as decided:
        prover, time = proofs.ledger_prover(decided), decided.now
        stale = (
            staleness.staleness_check(against, decided.decisions_in_force(time))
            if against
            else build_list.BuildOptions().stale
        )
        about = decided.queue(QueueQuery(("approved", "listed", "re-review", "appealed"), limit=1)).total
        order = build_list.BuildOptions(days, delta, interim, source, canary, about, at_least, grown_from, stale, hubs)
        standing = decided.decisions_in_force(time, size=prover.size)
        if plain_csv:
            click.echo(f"warning: {plain_csv}: {build_list.PLAIN_CSV_WARNING}", err=True)
            rows = build_list.build_plain_csv(standing, to, own, plain_csv, time, order)
            click.echo(f"{plain_csv}: {rows:,} patterns", err=True)
            return 0
        built = build_list.build_list(standing, to, own, out, state, time, order, prover)
        record_listed.record_listed_decisions(decided, to, state, built.header.version)
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
@click.argument("file", type=_FILE)
@sender_option
@keys_option
@home_option
def verify(file: Path, sender_card: Path, keys_folder: Path, home: Path) -> None:
    """Verify a list FILE (signature, recipient, completeness, dates, version), and make it the list in use."""
    from auditor.deindex import party_keys
    from auditor.deindex.receive_list import receive_list
    from auditor.timestamps import current_time

    found = receive_list(
        file, party_keys.load_keys(keys_folder), party_keys.load_card(sender_card), home, current_time()
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
    from auditor.deindex import lookup_output, party_keys
    from auditor.deindex.hubs import compile_hubs
    from auditor.deindex.lookup import open_lookup
    from auditor.policy.vocabularies import load_vocabularies
    from auditor.timestamps import current_time

    hubs = compile_hubs(load_vocabularies(rules))
    found = open_lookup(home, party_keys.load_card(sender_card), current_time(), hubs)
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


@command.command(
    epilog="""\b
Examples:
  auditor deindex receipt --sender hotline.json --all -o receipt.json
  auditor deindex receipt --sender hotline.json --acted done.txt -o receipt.json
  auditor deindex receipt --check receipt.json --recipient search.json --record ledger/

A line of --acted: ENTRY ACTION [WHEN], for example `3f… de-index 2026-11-23T09:30:00Z` or `3f… restored`."""
)
@click.option("--sender", "sender_card", type=_FILE, metavar="CARD", help="The card file of the list's sender.")
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
@click.option("--check", type=_FILE, metavar="FILE", help="The sender's side: check and show a receipt.")
@click.option(
    "--recipient", type=_FILE, metavar="CARD", help="With --check: the card file of the recipient who signed it."
)
@click.option("--record", type=_FOLDER, metavar="DIR", help="With --check: the ledger that records the receipt.")
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
