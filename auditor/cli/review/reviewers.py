"""Commands that list, add, enroll and revoke reviewers, and create their keys."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.review.group import command
from auditor.cli.review.options import key_option, ledger_option, open_ledger, reviewer_name
from auditor.errors import UsageError


@command.command(
    epilog="""\b
Examples:
  auditor review reviewers
  auditor review reviewers add heron --person "A. Person"
  auditor review reviewers add wren --person "B. Person" --public-key wren.pub
  auditor review reviewers enroll heron --public-key heron.pub
  auditor review reviewers enroll owl --public-key owl.pub --as wren --key wren.key     wren vouches for it
  auditor review reviewers revoke heron --why "The key was lost."

From the first enrolled key on, everything that a reviewer records must be signed with that reviewer's key (--key)."""
)
@click.argument("what", type=click.Choice(["list", "add", "enroll", "revoke"]), default="list")
@click.argument("pseudonym", default="")
@click.option("--person", default="", metavar="NAME", help="The person's name; never recorded in the ledger.")
@click.option("--public-key", default="", metavar="KEY", help="The reviewer's public key, or its file (see `keys`).")
@click.option("--why", default="", metavar="WORDS", help="Why a reviewer is revoked.")
@click.option(
    "--as",
    "by",
    default="",
    metavar="WHO",
    callback=reviewer_name,
    help="The reviewer who enrolls the key (default: the ledger's keeper).",
)
@key_option
@ledger_option
def reviewers(what: str, pseudonym: str, person: str, public_key: str, why: str, by: str, folder: Path) -> None:
    """List the reviewers, or add, enroll or revoke one.

    Without keys, anyone who can write to this folder can act as any reviewer. With them, whoever holds the ledger's
    signing.key can still enroll keys, which the ledger shows; that two keys are two people is the keeper's promise.
    """
    from auditor.cli.verify import read_public_key
    from auditor.review import reviewers as known
    from auditor.review.reviewers import PROGRAM_ACTOR, normalize_name

    name = normalize_name(pseudonym)
    public = read_public_key(public_key, "--public-key") if public_key else b""
    with open_ledger(folder) as ledger:
        if what == "add":
            known.add_reviewer(folder, name, person)
        if what == "enroll" and not public:
            raise UsageError("name the reviewer's public key with --public-key; `auditor review keys` makes one")
        if what in ("add", "enroll") and public:
            try:
                ledger.enroll(name, public, by=by or PROGRAM_ACTOR)
            except BaseException:
                if what == "add":  # not half: a reviewer without the key that was given
                    known.remove_reviewer(folder, name)
                raise
        if what == "revoke":
            for case in ledger.revoke(name, why=why):
                click.echo(f"case {case}: the claim of {name} has ended; another reviewer can claim it", err=True)
        keys = ledger.reviewer_keys()
    for one in known.read_reviewers(folder):
        key = keys.keys.get(one, "")
        state = "revoked" if one in keys.revoked else f"signs with {key}" if key else "no key" if keys.holders else ""
        click.echo(f"{one}\t{state}".rstrip())


@command.command(
    epilog="""\b
Example:
  auditor review keys new heron
  auditor review claim CASE --as heron --key heron.key"""
)
@click.argument("what", type=click.Choice(["new"]))
@click.argument("pseudonym")
@click.option(
    "--out",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where to write the files.",
)
def keys(what: str, pseudonym: str, out: Path) -> None:
    """Create a reviewer's own key: NAME.key stays with the reviewer, NAME.pub goes to the ledger's keeper."""
    from auditor.review.reviewers import valid_pseudonym
    from auditor.sealing.keys import SigningKey, encode_public_key

    name = valid_pseudonym(pseudonym)
    out.mkdir(parents=True, exist_ok=True)
    key = SigningKey.create(out / f"{name}.key")
    (out / f"{name}.pub").write_text(f"{encode_public_key(key.public)}\n", encoding="ascii")
    click.echo(f"{out / f'{name}.key'}: keep it where only you can read it; give {out / f'{name}.pub'} to the keeper")


@command.command(
    epilog="""\b
Examples:
  auditor review erase --person heron --why "Asked for by the person."     their texts, and their name
  auditor review erase --entry 17 --why "It names the owner."

Exports, checkpoints' copies and backups made before are not changed: delete them, and make a new export."""
)
@click.option("--person", default="", metavar="NAME", help="A reviewer, by pseudonym or name: all their texts.")
@click.option("--entry", "entries", multiple=True, type=int, metavar="ID", help="The number of an entry (repeatable).")
@click.option("--why", required=True, metavar="WORDS", help="The reason, which stays in the ledger.")
@ledger_option
def erase(person: str, entries: tuple[int, ...], why: str, folder: Path) -> None:
    """Erase free text from the ledger for good; it still verifies, and shows what was erased."""
    from auditor.review import erasure
    from auditor.review.reviewers import erase_person
    from auditor.review.saved_reasons import erase_reasons

    if not person and not entries:
        raise UsageError("name a --person or an --entry")
    with open_ledger(folder) as ledger:
        name, numbers = erasure.entries_of_person(ledger, person) if person else ("", ())
        count = erasure.erase_words(ledger, tuple(dict.fromkeys((*numbers, *entries))), why=why)
    if name:
        erase_person(folder, name)
        erase_reasons(folder, name)
    click.echo(f"{count:,} texts erased")
