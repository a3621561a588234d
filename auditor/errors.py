"""The exceptions of this program, as one tree.

    AuditorError               exit code 2, and the message says what to do
    ├── UsageError             a target, option or run folder that cannot be used
    │   └── NothingToAudit     the targets hold nothing
    ├── ExtensionError         a reader, list format or other member that lacks what every member must have
    ├── RuleError              a rule, profile or vocabulary that cannot be trusted
    ├── ListError              a known-content or known-model list that cannot be trusted
    ├── RunError               a run folder that is damaged, locked or of another format version
    └── SealError              a signature, ledger or de-index list that does not verify

    Unreadable                 not one of them: a reader raises it for one file, and it becomes a gap

What is wrong with the audited thing is never an exception outside a reader: it is a gap or a finding.
"""

from __future__ import annotations


class AuditorError(Exception):
    """The program cannot go on; the message names the file and says what to do."""


class UsageError(AuditorError):
    pass


class NothingToAudit(UsageError):
    pass


class ExtensionError(AuditorError):
    pass


class RuleError(AuditorError):
    pass


class ListError(AuditorError):
    pass


class RunError(AuditorError):
    pass


class SealError(AuditorError):
    pass


class Unreadable(Exception):
    """A file, or a part of one, that a reader cannot read; the message becomes a gap's ``why``."""
