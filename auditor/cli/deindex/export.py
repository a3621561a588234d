"""Commands of ``auditor deindex`` that write a received list in other forms: export, dump, diff."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.deindex.group import FILE, command, home_option, keys_option, sender_option


@command.command(
    epilog="""\b
Examples:
  auditor deindex export hotline-search-000007.list.age --sender hotline.json --format plain -o blocked.txt
  auditor deindex export --sender hotline.json --format csv -o list.csv
  auditor deindex export --sender hotline.json --format hash-prefix -o prefixes.txt

FILE must be the list in use, or the next one, which is verified first. An export is not encrypted: keep it private,
and delete it when it expires. Hash prefixes are for cheap look-ups; they do not hide the list."""
)
@click.argument("file", type=FILE, required=False)
@sender_option
@click.option(
    "--format", "form", type=click.Choice(["plain", "csv", "hash-prefix"]), default="plain", show_default=True
)
@click.option(
    "--action",
    "actions",
    multiple=True,
    type=click.Choice(["de-index", "demote", "label", "gate", "interim"]),
    help="Export entries with this action (default: all in CSV, else de-index).",
)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@keys_option
@home_option
def export(
    file: Path | None,
    sender_card: Path,
    form: str,
    actions: tuple[str, ...],
    output: Path,
    keys_folder: Path,
    home: Path,
) -> None:
    """Export a received list in a form that a search service can load."""
    from auditor.deindex import party_cards, party_keys
    from auditor.deindex.export_list import export_list
    from auditor.deindex.lookup import open_lookup
    from auditor.deindex.receive_list import receive_list
    from auditor.timestamps import current_time

    sender, now = party_cards.load_card(sender_card), current_time()
    if file:
        receive_list(file, party_keys.load_keys(keys_folder), sender, home, now)
    lookup = open_lookup(home, sender, now)
    exported, left_out = export_list(lookup, form, actions, output)
    rest = f"; {left_out:,} with another action are left out" if left_out else ""
    click.echo(f"{output}: {exported:,} entries{rest}; delete it when it expires, {lookup.earliest_expiry()}", err=True)


@command.command(
    epilog="""\b
Example:
  auditor deindex dump --sender hotline.json > version-7.jsonl"""
)
@sender_option
@home_option
def dump(sender_card: Path, home: Path) -> None:
    """Print the list in use as JSON lines: its header, then its entries."""
    from auditor.deindex import party_cards
    from auditor.deindex.list_diff import dump_entries
    from auditor.deindex.lookup import open_lookup
    from auditor.timestamps import current_time

    with click.open_file("-", "wb") as out:
        for line in dump_entries(open_lookup(home, party_cards.load_card(sender_card), current_time())):
            out.write(line)


@command.command(
    epilog="""\b
Example:
  auditor deindex diff version-6.jsonl version-7.jsonl

OLD and NEW were written by `auditor deindex dump`. A line: the change, the entry, its action, kind and name, and the
fields that have another value."""
)
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
def diff(old: Path, new: Path) -> None:
    """Print which entries were added, removed or changed between two dumps."""
    from auditor.deindex.list_diff import compare_dumps
    from auditor.printable import printable

    for each in compare_dumps(old, new):
        subject = each.entry["subject"]
        about = (each.entry["entry"], each.entry["action"], subject["kind"], subject["name"], " ".join(each.fields))
        click.echo("\t".join((each.change, *(printable(str(text)) for text in about))).rstrip("\t"))
