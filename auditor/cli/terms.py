"""``auditor terms``: does a text say clearly that the sexual exploitation of minors is prohibited?"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from auditor.cli.options import rules_option

if TYPE_CHECKING:
    from auditor.terms.assess import TermsAssessment

_WIDTH = 88
_EXIT_CLEAR, _EXIT_NOT_CLEAR, _EXIT_UNREADABLE = 0, 1, 3


@click.command(
    epilog="""\b
Examples:
  auditor terms LICENSE
  auditor terms policy.html
  curl -s https://example.org/terms | auditor terms -

\b
Exit codes:
  0    clear: the text prohibits it in its own words; the sentence is quoted
  1    by reference (only a policy that the text names may prohibit it) or not found
  2    misuse
  3    not readable: no text, another language, or too long""",
)
@click.argument("file", metavar="FILE|-", type=click.File("rb"))
@rules_option
@click.pass_context
def command(context: click.Context, file: BinaryIO, rules: tuple[Path, ...]) -> None:
    """Say whether a text prohibits the sexual exploitation of minors: clear, by reference or not found.

    FILE is a licence, a policy, terms or any other rules: plain text, Markdown, HTML, JSON, YAML or CSV. The answer
    comes with the place and the words. Where it is not clear, a paragraph is printed that would state it clearly.
    """
    from auditor.errors import Unreadable
    from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
    from auditor.terms.assess import MAX_TEXT_BYTES, assess_terms

    name = str(getattr(file, "name", "<stdin>"))
    cues = compiled_vocabulary(load_vocabularies(rules)).clause_cues
    try:
        found = assess_terms(file.read(MAX_TEXT_BYTES + 1), name, cues)
    except Unreadable as error:
        click.echo(f"{name}: not readable: {error}", err=True)
        context.exit(_EXIT_UNREADABLE)
    for line in _answer_lines(found, name):
        click.echo(line)
    context.exit(_EXIT_CLEAR if found.answer == "clear" else _EXIT_NOT_CLEAR)


def _answer_lines(found: TermsAssessment, name: str) -> Iterator[str]:
    """Yield the answer of ``auditor terms`` with its place and words, and a paragraph that would make it clear."""
    from auditor.printable import printable
    from auditor.terms.assess import SUGGESTED_PARAGRAPH

    place = f"{name}:{found.line}" if found.line else name
    if found.answer == "clear":
        yield f"{place}: clear: the text itself prohibits the sexual exploitation of minors"
        yield f"  “{printable(found.clause.quote, 1000)}”"
        yield f"  by the cues: {', '.join(dict.fromkeys(found.clause.cues))}"
        return
    if found.answer == "by reference":
        yield f"{place}: by reference: the text binds its readers to {printable(found.clause.policy)}"
        yield "  That policy was not read; the text itself prohibits nothing of the kind."
    else:
        yield f"{name}: not found: the text does not prohibit the sexual exploitation of minors"
    yield "\nThis paragraph would state it clearly:\n"
    yield textwrap.fill(SUGGESTED_PARAGRAPH, _WIDTH, initial_indent="  ", subsequent_indent="  ")
