"""Key pairs of senders and recipients of lists: created, rotated, and kept in files.

With a passphrase, the age key is encrypted with it, and the other private files with the age key: one slow derivation
opens them all, and `age` and `openssl` open them too.
"""

from __future__ import annotations

import getpass
import io
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from auditor.deindex.party_cards import Party, card_to_json, is_party_name, load_card, rotate_card
from auditor.disk_sync import sync_folder
from auditor.errors import SealError, UsageError
from auditor.sealing import encryption, envelope
from auditor.sealing.keys import SigningKey, encode_public_key
from auditor.timestamps import add_time

_SIGNING, _IDENTITY, _CARD, _SECRET = "signing.pem", "identity.age", "card.json", "tokens.key"
_AGE_FILE = b"age-encryption.org/v1\n"  # https://age-encryption.org/v1: the first line of an encrypted file
PASSPHRASE_VARIABLE = "AUDITOR_KEYS_PASSPHRASE"
REPLACED_KEYS_DAYS = 30  # how long a list can be valid: until then lists that the old key signed are in use
_ROTATING = "rotating"  # the folder of new keys, while they replace the old ones
MIN_PASSPHRASE_LENGTH = 15  # NIST SP 800-63B-4, 3.1.1.2: a password that is the only factor


@dataclass(frozen=True, slots=True)
class Keys:
    """One's own keys. ``secret`` makes tokens, ``identity`` decrypts what was encrypted for the card's holder.

    ``replaced`` are the identities before the last rotations, for what was encrypted for the keys of older cards.
    """

    card: Party
    signing: SigningKey
    identity: str
    secret: bytes
    replaced: tuple[str, ...] = ()

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
    if not is_party_name(name):
        raise UsageError(f"{name[:80]!r}: is not a valid name: use letters, digits, '.', '_' and '-', at most 64")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: is not empty; keys are never replaced, so name another folder")
        identity, secret = encryption.generate_identity(), os.urandom(32)
        signing = SigningKey.create(folder / _SIGNING, identity.encode() if passphrase else b"")
        card = Party(name, encode_public_key(signing.public), encryption.recipient_from_identity(identity), appeals)
        made = Keys(card, signing, identity, secret)
        _write_keys(folder, made, passphrase)
    except OSError as error:
        raise UsageError(f"{folder}: keys cannot be written there: {error.strerror}; name another folder") from error
    return made


def rotate_keys(folder: Path, now: str, days: int = REPLACED_KEYS_DAYS) -> Keys:
    """Replace the keys in a folder by new ones, with a card that the old signing key signs; then it is deleted.

    The secret that makes tokens stays, so entries and receipts keep their tokens.

    Args:
        folder: The folder of keys.
        now: The current time, ISO 8601.
        days: For how long the replaced keys count; 0: no longer.

    Raises:
        UsageError: The folder holds no keys or cannot be written.
        SealError: As for :func:`load_keys`.
    """
    passphrase = _passphrase_of(folder)
    old = load_keys(folder, passphrase)
    making = folder / _ROTATING
    try:
        making.mkdir(mode=0o700, exist_ok=True)
        for path in making.iterdir():
            path.unlink()  # left by a process that was killed before the new keys were whole
        identity = encryption.generate_identity()
        signing = SigningKey.create(making / _SIGNING, identity.encode() if passphrase else b"")
        age = encryption.recipient_from_identity(identity)
        card = rotate_card(old.card, old.signing, signing.public, age, add_time(now, days=days))
        ages = card.accepted_ages(now)
        replaced = tuple(
            one for one in (old.identity, *old.replaced) if encryption.recipient_from_identity(one) in ages
        )
        made = Keys(card, signing, identity, old.secret, replaced)
        _write_keys(making, made, passphrase)
        _finish_rotation(folder)
    except OSError as error:
        raise UsageError(f"{folder}: keys cannot be written there: {error.strerror}") from error
    return made


def _write_keys(folder: Path, made: Keys, passphrase: str) -> None:
    """Write keys into a folder that has their signing key; the card is written last."""
    identities = [(encryption.recipient_from_identity(one), one) for one in (made.identity, *made.replaced)]
    identity_file = "".join(f"# public key: {age}\n{identity}\n" for age, identity in identities).encode()
    secret_file = made.secret
    if passphrase:
        identity_file = encryption.encrypt_with_passphrase(identity_file, passphrase)
        encryption.encrypt((made.secret,), encrypted := io.BytesIO(), made.card.age)
        secret_file = encrypted.getvalue()
    _write_new_file(folder / _IDENTITY, identity_file)
    _write_new_file(folder / _SECRET, secret_file)
    _write_new_file(folder / _CARD, json.dumps(card_to_json(made.card), indent=2).encode() + b"\n")
    sync_folder(folder)


def _finish_rotation(folder: Path) -> None:
    """Put new keys that are whole in the place of the old ones, also after a process was killed while doing so."""
    making = folder / _ROTATING
    if not (making / _CARD).exists():
        return
    for name in (_SIGNING, _IDENTITY, _SECRET, _CARD):  # the card last: until then the rest is done again
        with suppress(FileNotFoundError):
            os.replace(making / name, folder / name)
    sync_folder(folder)
    with suppress(OSError):
        making.rmdir()


def load_keys(folder: Path, passphrase: str = "") -> Keys:
    """Return the keys of a sender or recipient of lists from their folder.

    Args:
        folder: The folder.
        passphrase: The passphrase of the keys; "" reads it from :data:`PASSPHRASE_VARIABLE`, or asks for it at the
            terminal, if they have one.

    Raises:
        UsageError: The folder holds no keys, or the passphrase that they need cannot be asked for.
        SealError: A file is damaged, readable by others, or does not belong to the other files, or the passphrase is
            another one.
    """
    envelope.require_sealing_libraries()
    _finish_rotation(folder)
    if not (folder / _CARD).exists():
        raise UsageError(
            f"{folder}: holds no keys; create them with `auditor deindex keys NAME`, or give another folder with --keys"
        )
    card = load_card(folder / _CARD)
    content, secret = _read_private_file(folder / _IDENTITY), _read_private_file(folder / _SECRET)
    if is_encrypted := content.startswith(_AGE_FILE):
        try:
            content = encryption.decrypt_with_passphrase(content, passphrase or _read_passphrase(folder))
        except SealError as error:
            raise SealError(f"{folder / _IDENTITY}: {error}") from error
    lines = content.decode("utf-8", "replace").splitlines()
    identity, *replaced = [text.strip() for text in lines if text.startswith("AGE-SECRET-KEY-")] or [""]
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
    return Keys(card, signing, identity, secret, tuple(replaced))


def _passphrase_of(folder: Path) -> str:
    """Return the passphrase that the keys in a folder need; "" for none. Raises UsageError if nobody can be asked."""
    try:
        with open(folder / _IDENTITY, "rb") as file:
            return _read_passphrase(folder) if file.read(len(_AGE_FILE)) == _AGE_FILE else ""
    except OSError:
        return ""  # load_keys says what is wrong


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
            return file.read(100_000)
    except OSError as error:
        raise SealError(f"{path}: the key cannot be read: {error.strerror}") from error


def _write_new_file(path: Path, data: bytes) -> None:
    """Write a new file with keys of a party, a sender or recipient."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
