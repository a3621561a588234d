"""Key pairs of senders and recipients of lists, and the cards of public keys that they exchange.

With a passphrase, the age key is encrypted with it, and the other private files with the age key: one slow derivation
opens them all, and `age` and `openssl` open them too.
"""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from auditor.errors import SealError, UsageError
from auditor.sealing import encryption, envelope
from auditor.sealing.keys import SigningKey, decode_public_key, encode_public_key

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SIGNING, _IDENTITY, _CARD, _SECRET = "signing.pem", "identity.age", "card.json", "tokens.key"
_AGE_FILE = b"age-encryption.org/v1\n"  # https://age-encryption.org/v1: the first line of an encrypted file
PASSPHRASE_VARIABLE = "AUDITOR_KEYS_PASSPHRASE"
MIN_PASSPHRASE_LENGTH = 15  # NIST SP 800-63B-4, 3.1.1.2: a password that is the only factor


@dataclass(frozen=True, slots=True)
class Party:
    """A card: the public keys of one side. ``ed25519`` verifies what they sign, ``age`` encrypts for them.

    Cards must be exchanged in a way that both sides trust: someone who can replace a card can pose as its holder.
    """

    name: str
    ed25519: str
    age: str
    appeals: str = ""  # where an owner can appeal

    @property
    def public(self) -> bytes:
        return decode_public_key(self.ed25519)


@dataclass(frozen=True, slots=True)
class Keys:
    """One's own keys. ``secret`` makes tokens, ``identity`` decrypts what was encrypted for the card's holder."""

    card: Party
    signing: SigningKey
    identity: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Keys({self.card.name})"


def create_keys(folder: Path, name: str, appeals: str = "", passphrase: str = "") -> Keys:
    """Create the keys of a sender or recipient of lists in a folder of mode 0700.

    Args:
        folder: Where the keys are written.
        name: The name of the party.
        appeals: Where an owner can appeal.
        passphrase: Encrypts the private keys; "" leaves them readable by whoever reads the folder.

    Raises:
        UsageError: The folder is not empty (keys are never replaced), the name cannot be used, or the passphrase is
            too short.
    """
    envelope.require_sealing_libraries()
    if passphrase and len(passphrase) < MIN_PASSPHRASE_LENGTH:
        raise UsageError(f"the passphrase is too short: use at least {MIN_PASSPHRASE_LENGTH} characters")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:80]!r}: is not a valid name: use letters, digits, '.', '_' and '-', at most 64")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: is not empty; keys are never replaced, so name another folder")
        identity, secret = encryption.generate_identity(), os.urandom(32)
        signing = SigningKey.create(folder / _SIGNING, identity.encode() if passphrase else b"")
        card = Party(name, encode_public_key(signing.public), encryption.recipient_from_identity(identity), appeals)
        identity_file, secret_file = f"# public key: {card.age}\n{identity}\n".encode(), secret
        if passphrase:
            identity_file = encryption.encrypt_with_passphrase(identity_file, passphrase)
            encryption.encrypt((secret,), encrypted := io.BytesIO(), card.age)
            secret_file = encrypted.getvalue()
        _write_new_file(folder / _IDENTITY, identity_file)
        _write_new_file(folder / _SECRET, secret_file)
        _write_new_file(folder / _CARD, json.dumps(asdict(card), indent=2).encode() + b"\n")
    except OSError as error:
        raise UsageError(f"{folder}: keys cannot be written there: {error.strerror}; name another folder") from error
    return Keys(card, signing, identity, secret)


def load_keys(folder: Path) -> Keys:
    """Return the keys of a sender or recipient of lists from their folder.

    A passphrase is read from :data:`PASSPHRASE_VARIABLE`, or asked for at the terminal.

    Raises:
        UsageError: The folder holds no keys, or the passphrase that they need cannot be asked for.
        SealError: A file is damaged, readable by others, or does not belong to the other files, or the passphrase is
            another one.
    """
    envelope.require_sealing_libraries()
    if not (folder / _CARD).exists():
        raise UsageError(
            f"{folder}: holds no keys; create them with `auditor deindex keys NAME`, or give another folder with --keys"
        )
    card = load_card(folder / _CARD)
    content, secret = _read_private_file(folder / _IDENTITY), _read_private_file(folder / _SECRET)
    if is_encrypted := content.startswith(_AGE_FILE):
        try:
            content = encryption.decrypt_with_passphrase(content, _read_passphrase(folder))
        except SealError as error:
            raise SealError(f"{folder / _IDENTITY}: {error}") from error
    lines = content.decode("utf-8", "replace").splitlines()
    identity = next((text.strip() for text in lines if text.startswith("AGE-SECRET-KEY-")), "")
    signing = SigningKey.load(folder / _SIGNING, identity.encode() if is_encrypted else b"")
    if is_encrypted:
        try:
            encryption.decrypt(io.BytesIO(secret), decrypted := io.BytesIO(), identity)
        except SealError as error:
            raise SealError(f"{folder / _SECRET}: does not belong to these keys, or is damaged") from error
        secret = decrypted.getvalue()
    if card.public != signing.public or card.age != encryption.recipient_from_identity(identity):
        raise SealError(
            f"{folder / _CARD}: is not the card of these keys; put back the card that was created with them"
        )
    return Keys(card, signing, identity, secret)


def load_card(path: Path) -> Party:
    """Return the card of a party's public keys in a file. Raises SealError."""
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read(10_000))
        card = Party(**content)
        if not all(isinstance(value, str) for value in asdict(card).values()) or not _NAME.fullmatch(card.name):
            raise ValueError("a name, and texts")
        if not card.age.startswith("age1") or not card.public:
            raise ValueError("no public keys")
    except OSError as error:
        raise SealError(f"{path}: the card cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise SealError(f"{path}: is not the card.json that `auditor deindex keys` makes; ask for it again") from error
    return card


def _read_passphrase(folder: Path) -> str:
    """Return the passphrase of the keys in a folder. Raises UsageError if there is nobody to ask."""
    if given := os.environ.get(PASSPHRASE_VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"{folder}: the keys need their passphrase; set {PASSPHRASE_VARIABLE}, or use a terminal")
    return getpass.getpass(f"Passphrase of the keys in {folder}: ")


def _read_private_file(path: Path) -> bytes:
    """Return the content of a private file with keys of a party, a sender or recipient."""
    try:
        with open(path, "rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise SealError(f"{path}: others can read this private key; run chmod 600 on it, or create new keys")
            return file.read(10_000)
    except OSError as error:
        raise SealError(f"{path}: the key cannot be read: {error.strerror}") from error


def _write_new_file(path: Path, data: bytes) -> None:
    """Write a new file with keys of a party, a sender or recipient."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
