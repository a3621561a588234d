"""``auditor hotlines``: whom to report known content to, by country, and who gives lists of it."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import country_option, rules_option


@click.command(
    epilog="""\b
Examples:
  auditor hotlines
  auditor hotlines --country GB"""
)
@country_option
@rules_option
def command(country: str, rules: tuple[Path, ...]) -> None:
    """Print the hotlines that take reports of known child sexual abuse material, and who gives lists of it.

    Addresses change: if one does not answer, INHOPE's directory has the current one.
    """
    from auditor.policy.vocabularies import load_vocabularies

    contacts = load_vocabularies(rules).contacts
    hotlines = [hotline for hotline in contacts.hotlines if country in ("", hotline.code)]
    for hotline in hotlines:
        click.echo(f"{hotline.code}  {hotline.country:<15} {hotline.name}, {hotline.url}")
    if not country or not hotlines:
        click.echo(f"    {'elsewhere':<15} {contacts.directory.name}, {contacts.directory.url}")
    if not country:
        click.echo("\nLists of known content are given, on application and to vetted organisations only, by:")
        for provider in contacts.providers:
            click.echo(f"    {provider.name}: {provider.what}, {provider.url}")
