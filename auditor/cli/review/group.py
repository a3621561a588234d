"""The group of review commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    pass


@click.group(
    epilog="""\b
A case from beginning to end:
  auditor review init
  auditor review reviewers add heron --person "A. Person"     and a second, and a third
  auditor review open runs/hub                                cases of a run
  auditor review list                                         what waits, the most urgent first
  auditor review show CASE                                    why, and what it rests on
  auditor review claim CASE --as heron
  auditor review propose CASE de-index --as heron --why "…"
  auditor review decide CASE de-index --as wren --why "…"     blind: heron's words are not shown before

A program flags and people decide. Nothing is ever sent from here: reports and notices are drafts."""
)
def command() -> None:
    """Review by people: cases, decisions, appeals, and the ledger that proves them."""
