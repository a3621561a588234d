"""``auditor rules``: list rules, explain one, and test them against their examples."""

from __future__ import annotations

import os
import secrets
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from auditor.cli.options import FOLDER, profile_option, rules_option

if TYPE_CHECKING:
    from auditor.model import Rule, RuleExample
    from auditor.policy.profiles import Profile


@click.group(name="rules")
def command() -> None:
    """List, explain and test the rules for models, datasets, terms and documents."""


@command.command(
    name="list",
    epilog="""\b
Examples:
  auditor rules list                                    the shipped rules in the default profile
  auditor rules list --profile gate --rules our-rules/  their severities in another profile, with rules of your own""",
)
@rules_option
@profile_option
def list_rules(rules: tuple[Path, ...], profile: str) -> None:
    """List every rule with its title and its severity in the profile."""
    from auditor.policy.profiles import choose_profile, read_profiles
    from auditor.policy.rule_files import read_rules

    known = read_rules(rules)
    chosen = choose_profile(read_profiles(rules, known), profile)
    width = max(map(len, known), default=0)
    for name, (rule, _) in known.items():
        click.echo(f"{name:<{width}}  {chosen.severity(rule):<7}  {rule.title}")


@command.command(epilog="Example: auditor rules explain no-licence")
@click.argument("rule")
@rules_option
def explain(rule: str, rules: tuple[Path, ...]) -> None:
    """Explain a RULE: what it looks for, why, and what to do about a finding."""
    from auditor.policy.profiles import read_profiles
    from auditor.policy.rule_files import read_rules
    from auditor.reporting.author_view import HELD_RULE
    from auditor.suggestions import did_you_mean

    if rule == HELD_RULE.id:  # stands in reports for authors, and has no file
        advice = (*_wrap_paragraphs(HELD_RULE.why), "", *_wrap_paragraphs(HELD_RULE.fix))
        click.echo("\n".join((f"{HELD_RULE.id}: {HELD_RULE.title}", "", *advice)))
        return
    known = read_rules(rules)
    if rule not in known:
        raise click.UsageError(
            f"there is no rule {rule!r}{did_you_mean(rule, known)}; `auditor rules list` shows all rules"
        )
    click.echo("\n".join(_explanation_lines(known[rule][0], read_profiles(rules, known))))


@command.command(
    epilog="""\b
Examples:
  auditor rules test                test the shipped rules
  auditor rules test our-rules/     also the rules, profiles and vocabularies of a folder""",
)
@click.argument("folder", required=False, type=FOLDER)
@click.pass_context
def test(context: click.Context, folder: Path | None) -> None:
    """Test rules, cues and word classes by their examples, those in FOLDER included; exit 1 if an example fails."""
    from auditor.policy.examples import failed_cues, failed_examples, failed_word_classes
    from auditor.policy.profiles import read_profiles
    from auditor.policy.rule_files import read_rules
    from auditor.policy.vocabularies import load_vocabularies

    further = () if folder is None else (folder,)
    rules = read_rules(further)
    read_profiles(further, rules)  # these two raise errors for broken files
    vocabularies = load_vocabularies(further)
    known = [rule for rule, _ in rules.values()]
    failures = [failure for rule in known for failure in failed_examples(rule)]
    failures += [
        *failed_cues(vocabularies, load_vocabularies()),
        *failed_word_classes(vocabularies, load_vocabularies()),
    ]
    for failure in failures:
        click.echo(failure)
    examples = sum(len(rule.examples) for rule in known)
    cues = len(vocabularies.cues)
    click.echo(f"{len(known)} rules, {examples} examples, {cues} cues, {len(failures)} failed", err=True)
    context.exit(1 if failures else 0)


@command.command(
    name="hash-terms",
    epilog="""\b
Examples:
  auditor rules hash-terms words.txt --key our-rules/vocabulary/terms.key > our-rules/vocabulary/terms.toml
  auditor scan models/ --rules our-rules/""",
)
@click.argument("words", type=click.File("r", encoding="utf-8"))
@click.option(
    "--key",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key file; created (mode 0600) if it does not exist.",
)
def hash_terms(words: TextIO, key: Path) -> None:
    """Print confidential WORDS (a file or -) as keyed hashes, for a vocabulary without readable words.

    One term per line, ID: WORDS. Reports name the ID and never the words. Save the output as
    DIR/vocabulary/NAME.toml next to the key, and scan with --rules DIR. Keep the key as secret as the words:
    whoever has it can guess them.
    """
    from auditor.terms.keyed_words import format_hashed_table, read_term_key

    try:
        if not key.exists():
            with open(os.open(key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
            click.echo(f"created a new key: {key}", err=True)
        click.echo(format_hashed_table(words, read_term_key(key), key.name), nl=False)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error


def _explanation_lines(rule: Rule, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Yield for ``auditor rules`` what a rule judges, why, how to answer it, what it reads, and its examples."""
    yield f"{rule.id}: {rule.title}"
    yield ""
    kinds = _join_words(kind if kind == "terms" else f"{kind}s" for kind in rule.applies)
    yield f"Judges {kinds}; {f'opens a case: {rule.case}' if rule.case else 'opens no case'}."
    yield ""
    yield from _wrap_paragraphs(rule.why)
    yield ""
    yield "Facts that it reads"
    yield from _statement_key_lines(rule)
    yield ""
    yield "Severity in each profile"
    width = max(map(len, profiles), default=0)
    for profile in profiles.values():
        yield f"  {profile.name:<{width}}  {profile.severity(rule)}"
    yield ""
    yield "What the owner can do"
    yield from _wrap_paragraphs(rule.fix, "  ")
    if rule.review:
        yield ""
        yield "For reviewers"
        yield from _wrap_paragraphs(rule.review, "  ")
    yield ""
    yield "Examples"
    for example in rule.examples:
        yield from _example_lines(example)
    yield ""
    yield "References"
    for reference in rule.references:
        yield from _wrap_paragraphs(reference, "  ")


def _statement_key_lines(rule: Rule) -> Iterator[str]:
    """Yield for ``auditor rules`` the statement keys and gaps that a rule reads, with their meanings."""
    from auditor.check_parameters import parameter_keys
    from auditor.checks import bind_check
    from auditor.model import GAP_KINDS, STATEMENT_KEYS

    keys = dict.fromkeys(rule.when)
    for parameter in bind_check(rule.check, rule.params).keywords.values():
        keys.update(dict.fromkeys(parameter_keys(parameter)))
    width = max(map(len, keys), default=0)
    for key in keys:
        yield from _wrap_paragraphs(STATEMENT_KEYS[key], f"  {key:<{width}}  ", " " * (width + 4))
    if rule.reads:
        yield from _wrap_paragraphs(
            f"Not judged (UNCHECKED) if {'; or '.join(GAP_KINDS[what] for what in rule.reads)}.", "  "
        )


def _example_lines(example: RuleExample) -> Iterator[str]:
    """Yield for ``auditor rules`` a rule's example: what is stated, and what is expected."""
    yield from _wrap_paragraphs(f"* {example.name}:", "  ", "    ")
    for statement in example.statements:
        relation = f" ({statement.relation})" if statement.relation else ""
        yield f"      {statement.key} {statement.value}{relation}".rstrip()
    for gap in example.gaps:
        yield f"      gap: {gap.what}, {gap.why}"
    expected = [f"flagged: {fact}" for fact in example.flags] + [f"unchecked: {fact}" for fact in example.unchecked]
    for line in expected or ["no finding"]:
        yield f"    → {line}"


def _wrap_paragraphs(text: str, first: str = "", indent: str | None = None) -> list[str]:
    """Return the lines of a rule's text, wrapped paragraph by paragraph."""
    return [
        line
        for paragraph in text.split("\n\n")
        for line in textwrap.wrap(
            " ".join(paragraph.split()),
            88,
            initial_indent=first,
            subsequent_indent=first if indent is None else indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _join_words(words: Iterable[str]) -> str:
    """Return words of a rule's explanation joined by commas and, before the last, "and"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
