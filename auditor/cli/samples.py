"""``auditor samples``: have a dataset compared with lists that you do not hold, and clean it by the answer."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.deindex.group import keys_option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PATH = click.Path(exists=True, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(
    epilog="""\b
Examples:
  auditor samples export manifest.parquet --out ask.parquet                   the researcher
  auditor samples answer ask.parquet --known my-list --recipient researcher.json --out answer.age   who holds a list
  auditor samples clean manifest.parquet --answer answer.age --holder holder.json --out cleaned/
  auditor samples addresses answer.age --manifest manifest.parquet --recipient holder.json --out addresses.age

Both sides make keys with `auditor deindex keys NAME` and exchange cards once. docs/without-a-list.md says what each
side learns."""
)
def command() -> None:
    """Have a dataset compared with lists that you do not hold.

    The answer names whole blocks of at least 1,000 rows, never a row that matches.
    """


@command.command(
    epilog="""\b
Examples:
  auditor samples export manifest.parquet --out ask.parquet
  auditor samples export shards/ --out ask.parquet --algorithm sha256       a folder of Parquet files
  auditor samples export runs/data --out ask.parquet --perceptual           what `auditor scan --keep-digests` kept"""
)
@click.argument("target", type=_PATH, metavar="MANIFEST|RUN")
@click.option("--out", required=True, type=_NEW_FILE, metavar="FILE", help="The file to give to the list's holder.")
@click.option(
    "--algorithm",
    default="",
    metavar="A",
    help="The algorithm of the digests (default: MD5, or else the first that is declared). A holder answers for one.",
)
@click.option("--column", default="", metavar="NAME", help="The manifest's column of digests (default: by its name).")
@click.option("--perceptual", is_flag=True, help="Export PDQ hashes too, if the holder asks for them: 48 bytes a row.")
def export(target: Path, out: Path, algorithm: str, column: str, perceptual: bool) -> int:
    """Export the digests of a MANIFEST's rows, or those that a RUN keeps: no addresses, at most 24 bytes a row.

    A MANIFEST is Parquet (a file or folder), CSV or JSON lines. Exit code 3: some rows have no digest.
    """
    from auditor.sample_exchange.export_samples import export_samples

    done = export_samples(target, out, algorithm=algorithm, column=column, perceptual=perceptual)
    click.echo(f"{out}: {done.rows:,} rows by {done.header.algorithm}, {out.stat().st_size:,} bytes", err=True)
    if done.without_digest:
        click.echo(f"{done.without_digest:,} rows have no digest; nobody is asked about them", err=True)
    return 3 if done.without_digest else 0


@command.command(
    epilog="""\b
Examples:
  auditor samples answer ask.parquet --known my-list --recipient researcher.json --out answer.age
  auditor samples answer ask.parquet --known a.csv --known b.csv --recipient researcher.json --out answer.age \\
      --record D:\\answers --keys D:\\keys

Nothing is sent and no network is used. Keep the record: it is what makes many answers tell no more than one. Holders
of other lists who answer for the same datasets should share it."""
)
@click.argument("file", type=_FILE, metavar="EXPORT")
@click.option("--known", multiple=True, required=True, metavar="LIST", help="A list's name or file (repeatable).")
@click.option("--means", default="", metavar="MEANING", help="The meaning of a list file's entries, if it states none.")
@click.option("--recipient", required=True, type=_FILE, metavar="CARD", help="The card file of who asks.")
@click.option("--out", required=True, type=_NEW_FILE, metavar="ANSWER", help="The file to give back.")
@click.option(
    "--record", type=_FOLDER, metavar="DIR", help="The record of all answers (default: in the program's own folder)."
)
@click.option("--quota", type=click.IntRange(1), metavar="N", help="Answers that one requester gets (default: 12).")
@keys_option
def answer(
    file: Path,
    known: tuple[str, ...],
    means: str,
    recipient: Path,
    out: Path,
    record: Path | None,
    quota: int | None,
    keys_folder: Path,
) -> None:
    """Answer an EXPORT with lists that you hold: which blocks of rows are to be removed, encrypted for who asks.

    What is printed is for you alone.
    """
    from auditor.deindex.party_cards import load_card
    from auditor.deindex.party_keys import load_keys
    from auditor.errors import UsageError
    from auditor.known.open_list import open_list
    from auditor.resources import user_data_folder
    from auditor.sample_exchange.answer_export import QUOTA_ANSWERS, answer_export
    from auditor.sample_exchange.answer_file import write_answer
    from auditor.sample_exchange.answer_record import open_record
    from auditor.sample_exchange.export_samples import open_export
    from auditor.timestamps import current_time

    keys, party, asked = load_keys(keys_folder), load_card(recipient), open_export(file)
    lists = tuple(open_list(name, means=means) for name in known)
    try:
        with open_record(record or user_data_folder() / "sample-answers") as answers:
            done = answer_export(asked, lists, party, keys.card, answers, current_time(), quota=quota or QUOTA_ANSWERS)
            earlier = answers.of_requester(party.name)
        write_answer(done.answer, party, keys, out)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written: {error.strerror}; nothing was answered") from error
    entry = done.entry
    click.echo(f"{out}: {entry.kind} for {party.name}; expires {done.answer.expires[:10]}", err=True)
    if done.answer.why:
        click.echo(f"withdraw the dataset: {done.answer.why}", err=True)
    click.echo(
        f"{entry.rows:,} different rows, {entry.asked_before:,} of them asked about before; "
        f"{done.answer.block_count:,} blocks named, {done.removed:,} rows to remove",
        err=True,
    )
    total = sum(len(blocks) for one in (*earlier, entry) for blocks in one.named.values())
    click.echo(
        f"{party.name} has had {len(earlier) + 1:,} of {quota or QUOTA_ANSWERS:,} answers, {total:,} blocks in all",
        err=True,
    )


@command.command(
    epilog="""\b
Examples:
  auditor samples clean manifest.parquet --answer answer.age --holder holder.json --out cleaned/
  auditor samples clean shards/ --answer answer.age --holder holder.json --out cleaned/"""
)
@click.argument("manifest", type=_PATH)
@click.option("--answer", "answer_path", required=True, type=_FILE, metavar="ANSWER", help="What the holder sent.")
@click.option(
    "--holder", "holder_card", required=True, type=_FILE, metavar="CARD", help="The card file of the list's holder."
)
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="A new or empty folder.")
@keys_option
def clean(manifest: Path, answer_path: Path, holder_card: Path, out: Path, keys_folder: Path) -> int:
    """Write a MANIFEST without the blocks that an answer names, in its own format; kept lines are unchanged.

    Exit code 3: some rows have no digest, so nobody was asked about them; they are kept.
    """
    from auditor.deindex.party_cards import load_card
    from auditor.deindex.party_keys import load_keys
    from auditor.sample_exchange.answer_file import open_answer
    from auditor.sample_exchange.clean_manifest import clean_manifest, other_files
    from auditor.sample_exchange.manifest_files import manifest_files
    from auditor.timestamps import current_time

    answered = open_answer(answer_path, load_keys(keys_folder), load_card(holder_card), current_time())
    done = clean_manifest(manifest, answered, out)
    lists = ", ".join(f"{name} {version}" for name, version in answered.lists)
    click.echo(
        f"{out}: {done.rows - done.removed:,} of {done.rows:,} rows; {done.removed:,} removed, in whole blocks, by an "
        f"answer of {answered.holder} ({lists}) of {answered.issued[:10]}",
        err=True,
    )
    if not answered.manifest:
        click.echo("the digests that a run kept were asked about: see to it that this is that run's manifest", err=True)
    if done.without_digest:
        click.echo(f"{done.without_digest:,} rows have no digest, so nobody was asked about them; kept", err=True)
    if others := other_files(manifest, manifest_files(manifest)):
        click.echo(f"{others:,} files of the folder are no part of the manifest, and are not in {out}", err=True)
    return 3 if done.without_digest else 0


@command.command(
    epilog="""\b
Examples:
  auditor samples addresses answer.age --manifest manifest.parquet --recipient holder.json --out addresses.age

The holder opens the file with age or `rage`, and asks the hosts that serve what matches to remove it."""
)
@click.argument("answer_path", type=_FILE, metavar="ANSWER")
@click.option("--manifest", required=True, type=_PATH, metavar="MANIFEST", help="The manifest that was exported.")
@click.option(
    "--recipient",
    "holder_card",
    required=True,
    type=_FILE,
    metavar="CARD",
    help="The card file of the list's holder, who alone can read the file.",
)
@click.option("--out", required=True, type=_NEW_FILE, metavar="FILE", help="The encrypted file.")
@click.option("--url-column", default="", metavar="NAME", help="The column of addresses (default: by its name).")
@keys_option
def addresses(
    answer_path: Path, manifest: Path, holder_card: Path, out: Path, url_column: str, keys_folder: Path
) -> None:
    """Seal the addresses in the blocks that an ANSWER names, for the holder of the list and nobody else."""
    from auditor.deindex.party_cards import load_card
    from auditor.deindex.party_keys import load_keys
    from auditor.sample_exchange.answer_file import open_answer
    from auditor.sample_exchange.seal_addresses import seal_addresses
    from auditor.timestamps import current_time

    holder = load_card(holder_card)
    answered = open_answer(answer_path, load_keys(keys_folder), holder, current_time())
    done = seal_addresses(manifest, answered, holder, out, url_column)
    rest = f"; {done.without_address:,} rows have no address" if done.without_address else ""
    click.echo(f"{out}: {done.addresses:,} addresses, encrypted for {holder.name}{rest}", err=True)
