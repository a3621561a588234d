"""Write drafts and evidence of known content: what ``auditor report --draft`` and ``--evidence`` do."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click

from auditor.errors import UsageError
from auditor.pipeline.report import Report

_MAX_KEY_BYTES = 10_000
_MIN_PASSPHRASE = 12


class EvidenceOptions(NamedTuple):
    """For whom evidence is, and who signs it, as the command line gives it."""

    recipient: Path | None
    confirmed: str
    key: Path | None
    holder: str
    country: str


def write_draft(report: Report, kind: str, country: str, path: Path | None) -> None:
    """Write a draft of a report of known content to a file, or to standard output. Raises UsageError."""
    from auditor.cli.review.options import write_output
    from auditor.reporting.match_report import cybertipline_draft, hotline_draft, reportable_matches

    matches = reportable_matches(report)
    text = hotline_draft(report, matches, country) if kind == "hotline" else cybertipline_draft(report, matches)
    write_output(text, path)


def write_evidence(report: Report, options: EvidenceOptions, path: Path | None) -> None:
    """Write the encrypted evidence of known content to a file. Raises UsageError and SealError."""
    import io

    from auditor.reporting.evidence import build_evidence
    from auditor.reporting.match_report import reportable_matches
    from auditor.sealing.encryption import encrypt, encrypt_with_passphrase
    from auditor.sealing.envelope import require_sealing_libraries
    from auditor.sealing.keys import SigningKey

    if path is None:
        raise UsageError("--evidence: name the file to write with -o FILE; it is never printed")
    require_sealing_libraries()
    matches = reportable_matches(report)
    if options.holder and options.holder not in matches["list"].to_pylist():
        raise UsageError(f"--holder {options.holder}: no sample matches a list of this name")
    recipient = _confirmed_recipient(options) if options.recipient else ""
    passphrase = "" if recipient else _ask_for_passphrase()
    key = SigningKey.load(options.key) if options.key else None
    archive = build_evidence(report, matches, country=options.country, holder_of=options.holder, key=key)
    out = io.BytesIO()
    if recipient:
        encrypt([archive], out, recipient)
    else:
        out.write(encrypt_with_passphrase(archive, passphrase))
    try:
        path.touch(mode=0o600)
        path.write_bytes(out.getvalue())
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}; name another file with -o") from error
    click.echo(f"{path}: encrypted, for its recipient alone (age --decrypt -o evidence.zip {path})", err=True)


def _confirmed_recipient(options: EvidenceOptions) -> str:
    """Return the key that evidence is encrypted for, once the user has compared it. Raises UsageError."""
    assert options.recipient is not None
    try:
        text = options.recipient.read_bytes()[:_MAX_KEY_BYTES].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{options.recipient}: cannot be read as an age key") from error
    keys = [word for word in text.split() if word.startswith("age1")]
    if len(keys) != 1:
        raise UsageError(f"{options.recipient}: holds {len(keys)} public age keys (age1…); it must hold one")
    if "AGE-SECRET-KEY" in text:
        raise UsageError(f"{options.recipient}: holds a private key; ask the recipient for the public one alone")
    told = options.confirmed or click.prompt(
        f"{options.recipient} holds the key {keys[0]}\nType its last 8 characters as the recipient told them to you by "
        "another way, such as the telephone",
        err=True,
    )
    if not (len(told.strip()) >= 8 and keys[0].endswith(told.strip())):
        raise UsageError(f"{options.recipient}: is not the key that was confirmed; nothing was written")
    return keys[0]


def _ask_for_passphrase() -> str:
    """Return the passphrase that evidence is encrypted with. Raises UsageError for a short one."""
    passphrase: str = click.prompt("Passphrase for the recipient", hide_input=True, confirmation_prompt=True, err=True)
    if len(passphrase) < _MIN_PASSPHRASE:
        raise UsageError(f"a passphrase needs at least {_MIN_PASSPHRASE} characters")
    return passphrase
