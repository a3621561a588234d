"""The command group ``auditor review``."""

from __future__ import annotations

import click


@click.group(
    epilog="""\b
A case from beginning to end:
  auditor review init
  auditor review reviewers add heron --person "A. Person"     and a second, and a third
  auditor review open runs/hub                                cases of a run
  auditor review list                                         the queue, the most urgent first
  auditor review groups                                       like cases, which are decided at once
  auditor review show CASE                                    its reasons and facts
  auditor review claim CASE --as heron
  auditor review propose CASE de-index --as heron --why "…"
  auditor review decide CASE de-index --as wren --why "…"     blind: heron's opinion is hidden

The program flags and people decide. Nothing is ever sent: reports and notices are drafts."""
)
def command() -> None:
    """Review cases: opinions, decisions and appeals, in a ledger that cannot be changed unnoticed."""
