"""Ask a model hub: its lists of repositories and files, and ranges of the files' bytes, by huggingface_hub.

Nothing is kept on disk. What the hub answers is said in words of ours: its own messages hold addresses that may be
signed, and nothing of a token or of such an address must reach a report or a log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from auditor.errors import Unreadable
from auditor.hub_address import HubAddress, RepositoryKind, is_commit, is_repository_name

# A transfer may take so many seconds, and one more for each so many bytes: a server that trickles is given up.
_TRANSFER_SECONDS, _SLOWEST_BYTES_PER_SECOND = 60, 20_000
# A body that breaks off is asked for again from where it broke, so many times without a byte of progress.
_MAX_FRUITLESS_TRIES = 3
_LATER = "run it again later, with the same --out"
_PARTIAL_CONTENT, _NOT_FOUND, _OUT_OF_RANGE, _TOO_MANY_REQUESTS = 206, 404, 416, 429


class Unavailable(Unreadable):
    """A hub did not answer in time, or to this user: it is worth asking again later, or with another token."""


def is_offline() -> bool:
    """Return whether the user keeps huggingface_hub off the network (HF_HUB_OFFLINE)."""
    from huggingface_hub import constants

    return bool(constants.is_offline_mode())


def cached_snapshot(address: HubAddress) -> str:
    """Return the folder of a repository's commit in huggingface_hub's cache. Raises Unreadable."""
    from huggingface_hub import snapshot_download

    name = address.name
    try:
        return snapshot_download(name, repo_type=address.kind, revision=address.revision or None, local_files_only=True)
    except Exception as error:
        raise Unreadable("not on this machine, and HF_HUB_OFFLINE is set: unset it, or download it first") from error


def list_repositories(address: HubAddress) -> Iterator[tuple[str, str]]:
    """Yield the name and the commit ("" if the hub does not tell) of each repository that an address asks for.

    Raises:
        Unreadable: The hub cannot be asked.
    """
    # HfApi's own list makes objects of all that a hub knows of a repository, and waits for an answer without end.
    params: dict[str, Any] = {"expand": ["sha"]}
    params |= {"author": address.author} if address.author else {}
    params |= {"search": address.search} if address.search else {}
    params |= {"filter": list(address.filters)} if address.filters else {}
    params |= {"limit": address.limit} if address.limit else {}
    number = 0
    for item in _pages(f"{endpoint()}/api/{address.kind}s", params, address.kind):
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            yield item["id"], str(item.get("sha") or "")
            number += 1
            if number == address.limit:
                return


def resolve_repository(kind: RepositoryKind, name: str, revision: str = "") -> tuple[str, str]:
    """Return the name by which the hub knows a repository, and the commit of its revision. Raises Unreadable."""
    url = f"{endpoint()}/api/{kind}s/{name}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
    try:
        info = _get(url, {"expand": ["sha"]}).json()
        found, commit = str(info["id"]), str(info["sha"])
        if not is_repository_name(found) or not is_commit(commit):
            raise ValueError("no name or commit")
        return found, commit
    except Exception as error:
        raise failure_of(error, endpoint(), kind, name, revision) from error


def list_tree(kind: RepositoryKind, name: str, commit: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the hub lists of each file of a repository at a commit. Raises Unreadable."""
    url = f"{endpoint()}/api/{kind}s/{name}/tree/{quote(commit, safe='')}"
    for item in _pages(url, {"recursive": True, "expand": False}, kind, name):
        if isinstance(item, dict) and item.get("type") == "file":
            yield item


def endpoint() -> str:
    """Return the address of the hub that the user means (HF_ENDPOINT)."""
    return str(_library().constants.ENDPOINT)


def fetch_range(
    hub: str, kind: RepositoryKind, name: str, commit: str, path: str, start: int, stop: int, size: int
) -> bytes:
    """Return a range of a file's bytes, as it is at a commit.

    Args:
        hub: The address of the hub.
        kind: The kind of the repository.
        name: Its name.
        commit: The commit.
        path: The path of the file.
        start: The first byte.
        stop: The byte after the last.
        size: The bytes of the whole file, as they were listed.

    Raises:
        Unreadable: They cannot be had, or the file is not what was listed.
    """
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(name, path, repo_type=kind, revision=commit, endpoint=hub)
    data = bytearray()
    fruitless = 0
    while len(data) < stop - start:
        before = len(data)
        try:
            error = _transfer(url, start + before, stop, size, data)
        except Unreadable:
            raise
        except Exception as failure:
            raise failure_of(failure, hub, kind, name, commit, path) from failure
        fruitless = 0 if len(data) > before else fruitless + 1
        if fruitless == _MAX_FRUITLESS_TRIES:
            raise Unavailable(f"the hub breaks the transfer off: {_LATER}") from error
    return bytes(data)


def failure_of(
    error: Exception, hub: str, kind: RepositoryKind, name: str, revision: str = "", path: str = ""
) -> Unreadable:
    """Return what went wrong with a request to a hub, and what to do, in words of ours.

    Args:
        error: What the client raised; its own text may hold a signed address.
        hub: The address of the hub.
        kind: The kind of the repository that was asked for.
        name: Its name; "" where repositories were to be listed.
        revision: Its revision; "" for none.
        path: The file; "" for none.
    """
    from huggingface_hub import errors

    hub = _without_user(hub)
    web = f"{hub}/{'datasets/' if kind == 'dataset' else ''}{name}"
    response = getattr(error, "response", None)
    status = int(response.status_code) if response is not None else 0
    if isinstance(error, errors.GatedRepoError):
        return Unavailable(f"gated: accept its terms at {web}, and set HF_TOKEN to a token of that account")
    if isinstance(error, errors.DisabledRepoError):
        return Unreadable("disabled by the hub: its files cannot be had")
    if isinstance(error, errors.RevisionNotFoundError):
        return Unreadable(f"has no revision {revision}: look at {web}, it may have been deleted meanwhile")
    if isinstance(error, errors.RepositoryNotFoundError) or (status in (401, 404) and name and not path):
        return Unavailable(f"not found, or private: look at {web}, or set HF_TOKEN to a token that may read it")
    if status == _NOT_FOUND and path:
        return Unreadable("gone since it was listed: the hub has it no more")
    if status in (401, 403):
        return Unavailable(f"refused by the hub ({status}): set HF_TOKEN to a token that may read {web}")
    if status == _TOO_MANY_REQUESTS:
        return Unavailable(f"the hub takes no more requests for now ({status}): {_LATER}")
    if status:
        return Unavailable(f"the hub answers with an error ({status}): {_LATER}")
    if "Timeout" in type(error).__name__:
        return Unavailable(f"the hub does not answer in time: {_LATER}")
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError):
        return Unreadable("the hub answers with something that is not understood")
    return Unavailable(f"the hub cannot be reached at {hub}: check the network, HF_ENDPOINT and proxies")


def _pages(url: str, params: Mapping[str, Any], kind: RepositoryKind, name: str = "") -> Iterator[Any]:
    """Yield the items of a list of the hub, page by page, of one repository or of all. Raises Unreadable."""
    seen: set[str] = set()
    while url:
        seen.add(url)
        try:
            response = _get(url, params)
            items = response.json()
            following = response.links.get("next", {}).get("url", "")
            # A token is sent to the hub that the user names and to no other, wherever the next page is said to be.
            path = urlsplit(following)._replace(scheme="", netloc="").geturl()
            following = urljoin(url, path) if path else ""
            if not isinstance(items, list) or following in seen:
                raise ValueError("no list, or one without end")
        except Exception as error:
            raise failure_of(error, endpoint(), kind, name) from error
        yield from items
        url, params = following, {}


def _get(url: str, params: Mapping[str, Any]) -> Any:
    """Return the hub's answer, asked for again while the hub is busy. Raises what the client raises."""
    hub = _library()
    response = hub.utils.http_backoff("GET", url, params=params or None, headers=_headers(), timeout=_timeout())
    hub.utils.hf_raise_for_status(response)
    return response


def _transfer(url: str, start: int, stop: int, size: int, data: bytearray) -> Exception | None:
    """Add to ``data`` the bytes of one answer, at most those of the range; return what broke it off, if it did.

    Raises:
        Unreadable: The file is not what was listed, or comes too slowly.
        Exception: What the client raises where there is no answer.
    """
    hub = _library()
    headers = {**_headers(), "Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
    deadline = time.monotonic() + _TRANSFER_SECONDS + (stop - start) / _SLOWEST_BYTES_PER_SECOND
    left = stop - start
    with hub.utils.http_stream_backoff("GET", url, headers=headers, timeout=_timeout()) as response:
        if response.status_code == _OUT_OF_RANGE:
            raise Unreadable("changed since it was listed: it is shorter")
        hub.utils.hf_raise_for_status(response)
        part, _, total = response.headers.get("content-range", "").partition("/")
        if response.status_code != _PARTIAL_CONTENT:
            part, total = "bytes 0-", response.headers.get("content-length", "")
        if not part.startswith(f"bytes {start}-"):
            raise Unreadable("the hub gives another part of a file than it is asked for")
        if total.isdigit() and int(total) != size:
            raise Unreadable(f"changed since it was listed: it had {size:,} bytes and has {int(total):,}")
        try:
            for chunk in response.iter_raw():
                data += chunk[:left]
                left -= len(chunk)
                if left <= 0:
                    break  # a server that knows no ranges sends on: the connection is closed
                if time.monotonic() > deadline:
                    raise Unavailable(f"the hub sends it too slowly: {_LATER}")
        except Unreadable:
            raise
        except Exception as error:  # within the library's own retries, it would be taken for a failed request
            return error
    return None


@cache
def _library() -> ModuleType:
    """Return huggingface_hub, whose client then logs no address: an address may be signed, or hold a password."""
    import huggingface_hub
    import huggingface_hub.constants
    import huggingface_hub.utils

    for name in ("httpx", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("huggingface_hub.utils._http").addFilter(_has_no_address)
    return huggingface_hub


def _has_no_address(record: logging.LogRecord) -> bool:
    """Return whether a message of the hub's client may be shown; those about waiting may."""
    return "://" not in record.getMessage()


@cache
def _headers() -> dict[str, str]:
    """Return the headers of requests to the hub, with the user's token if there is one, and nothing else of the user.

    huggingface_hub's own headers tell what else is installed, and fetch a list of programs to tell which one asks.
    """
    hub = _library()
    token = None if hub.constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else hub.get_token()
    return {"user-agent": "auditor", **({"authorization": f"Bearer {token}"} if token else {})}


def _timeout() -> float:
    """Return the seconds that the hub may be silent, as the user sets them for huggingface_hub."""
    from huggingface_hub import constants

    return float(constants.HF_HUB_DOWNLOAD_TIMEOUT)


def _without_user(hub: str) -> str:
    """Return a hub's address without the user and password that it may hold."""
    parts = urlsplit(hub)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
