"""Publish lists in a static folder, and fetch the newest of them over HTTPS.

Each recipient has a subfolder that is named after the digest of their first public key, with an index and the encrypted
lists. Any web server can serve it; nothing in it is readable but by the recipient. The index is not signed: what it
says decides what is fetched, and a list counts only once :func:`auditor.deindex.receive_list.receive_list` has verified
it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import IO, Any
from urllib.parse import urlsplit

from auditor.deindex.list_header import DeindexListHeader
from auditor.deindex.party_cards import Party
from auditor.deindex.party_keys import Keys
from auditor.deindex.receive_list import receive_list
from auditor.deindex.received_state import ReceivedList, read_received_state, sender_folder
from auditor.deindex.temporary_file import temporary_file_beside
from auditor.errors import SealError, UsageError
from auditor.printable import printable

INDEX_SCHEMA = "deindex-index/1"
MAX_INDEX_BYTES = 1 << 20
MAX_LIST_BYTES = 1 << 34  # a list of ten million entries has some 10 GB
_INDEX, _FETCHED = "index.json", "fetched.json"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.age")
_OK, _NOT_MODIFIED = 200, 304
_CHUNK_BYTES = 1 << 20
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list in the index of a folder. ``base`` is the version that a delta changes, 0 for a whole list."""

    version: int
    base: int
    file: str
    bytes: int
    sha256: str
    expires_at: str


def recipient_folder(recipient: Party) -> str:
    """Return the name of a recipient's folder: it does not tell who they are to those who don't have their card.

    It stays the same when they rotate their keys.
    """
    return hashlib.sha256(recipient.first.age.encode()).hexdigest()[:32]


# ---- the sender's side -------------------------------------------------------------------------------------


def publish_list(file: Path, header: DeindexListHeader, folder: Path, now: str) -> Path:
    """Copy a list into a folder for its recipient, write the index last, and delete lists that have expired.

    Returns:
        The recipient's folder.

    Raises:
        UsageError: The folder cannot be written, or holds an index that is not understood.
    """
    place = folder / recipient_folder(header.recipient)
    try:
        place.mkdir(parents=True, exist_ok=True)
        index = place / _INDEX
        before = _parse_index(index.read_bytes()) if index.exists() else ()
        digest = hashlib.sha256()
        with temporary_file_beside(place / file.name) as copy:
            with file.open("rb") as source:
                while chunk := source.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    copy.write(chunk)
            _finish(copy, place / file.name)
        made = PublishedList(
            header.version, header.base, file.name, file.stat().st_size, digest.hexdigest(), header.expires_at
        )
        kept = [one for one in before if one.expires_at > now and one.version != made.version]
        with temporary_file_beside(index) as written:
            lists = [asdict(one) for one in (*kept, made)]
            written.write(json.dumps({"schema": INDEX_SCHEMA, "lists": lists}, indent=1).encode() + b"\n")
            _finish(written, index)
        for gone in {one.file for one in before} - {one.file for one in (*kept, made)}:
            (place / gone).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{place}: cannot be written: {error.strerror}; name another folder with --publish") from error
    except SealError as error:
        raise UsageError(f"{place / _INDEX}: {error}; move it away and build again") from error
    return place


def _finish(file: IO[bytes], path: Path) -> None:
    """Give a temporary file its name once it is on disk; a web server may read it."""
    file.flush()
    os.fsync(file.fileno())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def _parse_index(data: bytes) -> tuple[PublishedList, ...]:
    """Return the lists of an index. Raises SealError."""
    try:
        content = json.loads(data)
        lists = tuple(PublishedList(**one) for one in content["lists"])
        for one in lists:
            numbers = (one.version, one.base, one.bytes)
            if not all(type(number) is int and number >= 0 for number in numbers) or one.base >= one.version:
                raise ValueError("a number")
            if not _FILE_NAME.fullmatch(one.file) or not re.fullmatch("[0-9a-f]{64}", one.sha256):
                raise ValueError("a name")
        if content["schema"] != INDEX_SCHEMA or not all(isinstance(one.expires_at, str) for one in lists):
            raise ValueError("schema")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SealError(f"is no index of published lists ({INDEX_SCHEMA})") from error
    return lists


# ---- the recipient's side ----------------------------------------------------------------------------------


def fetch_lists(url: str, keys: Keys, sender: Party, home: Path, now: str) -> tuple[ReceivedList, ...]:
    """Fetch what is newer than the list in use from a folder that its sender publishes, and put it into use.

    Only what has changed is asked for (ETag). Answers 429 and 5xx are waited for, as Retry-After says.

    Args:
        url: The folder's address; HTTPS, but on this machine.
        keys: The recipient's keys.
        sender: The card of who must have signed the lists.
        home: The recipient's folder.
        now: The current time, ISO 8601.

    Returns:
        The lists that were put into use, in order; empty if there is nothing new.

    Raises:
        UsageError: The address is no HTTPS address.
        SealError: Something cannot be fetched or is refused; the lists before it are in use.
    """
    base = f"{_checked_address(url)}/{recipient_folder(keys.card)}"
    folder = sender_folder(home, sender)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = read_received_state(folder)
    seen = _read_fetched(folder) if state else {}
    answer = _get_index(f"{base}/{_INDEX}", seen.get(base, ""))
    if answer is None:
        return ()
    lists, etag = answer
    received = []
    for step in plan_fetch(lists, int(state["version"]) if state else 0):
        path = folder / f".fetched-{step.version}.age"
        path.unlink(missing_ok=True)  # left by a process that was killed
        try:
            _download(f"{base}/{step.file}", step, path)
            received.append(receive_list(path, keys, sender, home, now))
        finally:
            path.unlink(missing_ok=True)
    with temporary_file_beside(folder / _FETCHED) as file:
        file.write(json.dumps({**seen, base: etag}).encode())
        file.flush()
        os.replace(file.name, folder / _FETCHED)
    return tuple(received)


def plan_fetch(lists: Sequence[PublishedList], version: int) -> tuple[PublishedList, ...]:
    """Return the lists that lead from a version furthest: deltas where they connect, else a whole list and deltas.

    Args:
        lists: The lists that are published.
        version: The version in use; 0: none.
    """
    direct = _follow_deltas(lists, version)
    whole = max((one for one in lists if not one.base), key=lambda one: one.version, default=None)
    anew = [whole, *_follow_deltas(lists, whole.version)] if whole and whole.version > version else []
    return tuple(anew if anew and (not direct or anew[-1].version > direct[-1].version) else direct)


def _follow_deltas(lists: Sequence[PublishedList], version: int) -> list[PublishedList]:
    """Return the deltas that lead from a version on, as far as they connect. Each is newer than its base."""
    by_base = {one.base: one for one in lists if one.base}
    steps: list[PublishedList] = []
    while version in by_base:
        steps.append(by_base[version])
        version = steps[-1].version
    return steps


def _checked_address(url: str) -> str:
    """Return the address of a published folder without a slash at its end. Raises UsageError."""
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)
    if not is_private or not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(f"{printable(url, 300)}: is not the address of a folder; write https://HOST/PATH")
    return url.rstrip("/")


def _library() -> ModuleType:
    """Return huggingface_hub, whose client waits and tries again as servers ask."""
    import huggingface_hub.utils

    return huggingface_hub.utils


def _get_index(url: str, etag: str) -> tuple[tuple[PublishedList, ...], str] | None:
    """Return the lists of an index and its ETag; None if it has not changed since that ETag. Raises SealError."""
    headers = {"user-agent": "auditor", **({"if-none-match": etag} if etag else {})}
    try:
        with _library().http_stream_backoff("GET", url, headers=headers, follow_redirects=False) as response:
            if response.status_code == _NOT_MODIFIED and etag:
                return None
            _check_status(response, url)
            data = bytearray()
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > MAX_INDEX_BYTES:
                    raise SealError(f"{url}: is longer than an index of lists can be")
    except SealError:
        raise
    except Exception as error:
        raise _unreachable(url, error) from error
    try:
        return _parse_index(bytes(data)), str(response.headers.get("etag", ""))
    except SealError as error:
        raise SealError(f"{url}: {error}; ask the sender") from error


def _download(url: str, wanted: PublishedList, path: Path) -> None:
    """Fetch a list into a private file, and compare it with what the index says. Raises SealError."""
    if wanted.bytes > MAX_LIST_BYTES:
        raise SealError(f"{url}: would have {wanted.bytes:,} bytes, more than a list can have")
    if shutil.disk_usage(path.parent).free < wanted.bytes:
        raise SealError(f"{url}: has {wanted.bytes:,} bytes, more than {path.parent} has room for")
    digest = hashlib.sha256()
    left = wanted.bytes
    try:
        with (
            open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file,
            _library().http_stream_backoff(
                "GET", url, headers={"user-agent": "auditor"}, follow_redirects=False
            ) as response,
        ):
            _check_status(response, url)
            for chunk in response.iter_bytes():
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                file.write(chunk)
    except SealError:
        raise
    except Exception as error:
        raise _unreachable(url, error) from error
    if left or digest.hexdigest() != wanted.sha256:
        raise SealError(f"{url}: broke off, or is not what the index says; nothing has changed: fetch again")


def _check_status(response: Any, url: str) -> None:
    """Raise SealError for an answer that is not what was asked for."""
    if response.has_redirect_location:
        raise SealError(f"{url}: answers with another address; ask the sender for the one to use")
    if response.status_code != _OK:
        raise SealError(f"{url}: answers with {response.status_code}; try again later, or ask the sender")


def _unreachable(url: str, error: Exception) -> SealError:
    """Return why an address could not be fetched, in words that hold nothing of the answer."""
    response = getattr(error, "response", None)
    what = (
        f"answers with {response.status_code}"
        if response is not None
        else f"cannot be reached ({type(error).__name__})"
    )
    return SealError(f"{url}: {what}; nothing has changed: try again later")


def _read_fetched(folder: Path) -> Mapping[str, str]:
    """Return the ETags of the indexes that were fetched last, by address."""
    try:
        content = json.loads((folder / _FETCHED).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}
