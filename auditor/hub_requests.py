"""Ask a model hub: its lists of repositories and files, and ranges of the files' bytes, by huggingface_hub.

Nothing is kept on disk. What the hub answers is said in words of ours: its own messages hold addresses that may be
signed, and nothing of a token or of such an address must reach a report or a log.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
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
# Seconds before a request that failed is tried again, as huggingface_hub waits; a busy hub says how many it wants.
_WAITS = (1, 2, 4, 8, 8)
# Hugging Face counts requests in windows of five minutes (hf.co/docs/hub/rate-limits); no hub is waited for longer.
MAX_WAIT_SECONDS = 600
# The draft of the header RateLimit: "api";r=0;t=55, where r requests are left and t seconds until there are more.
_LIMIT_IS_USED_UP, _SECONDS = re.compile(r"\br=0\s*;\s*t=(\d{1,9})"), re.compile(r"\s*(\d{1,9})\s*")
_MAX_REDIRECTS = 20  # huggingface_hub: utils/_http.py
# A page of a list; 100,000 files are some 30 MB. What goes with an error or a redirect is of no use.
MAX_ANSWER_BYTES, _MAX_ASIDE_BYTES = 64 << 20, 1 << 12
_LATER = "run it again later, with the same --out"
_PARTIAL_CONTENT, _NOT_FOUND, _OUT_OF_RANGE, _TOO_MANY_REQUESTS = 206, 404, 416, 429
_BUSY = frozenset((408, _TOO_MANY_REQUESTS, 500, 502, 503, 504))  # huggingface_hub asks again after the same
_LOG = logging.getLogger(__name__)


class Unavailable(Unreadable):
    """A hub did not answer in time, or to this user: it is worth asking again later, or with another token."""


class _Refused(Exception):
    """An answer with an error: its status, and the code that the hub gives it."""

    def __init__(self, response: Any) -> None:
        super().__init__(response.status_code)
        self.status = int(response.status_code)
        self.code = str(response.headers.get("x-error-code", ""))
        self.is_disabled = response.headers.get("x-error-message") == "Access to this resource is disabled."


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
    for number, item in enumerate(_pages(f"{endpoint()}/api/{address.kind}s", params, address.kind), 1):
        about = item if isinstance(item, dict) else {}
        yield str(about.get("id") or ""), str(about.get("sha") or "")
        if number == address.limit:
            return


def resolve_repository(kind: RepositoryKind, name: str, revision: str = "") -> tuple[str, str]:
    """Return the name by which the hub knows a repository, and the commit of its revision. Raises Unreadable."""
    url = f"{endpoint()}/api/{kind}s/{name}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
    try:
        info: Any = _get(url, {"expand": ["sha"]})[0]
        found, commit = str(info["id"]), str(info["sha"])
        if not is_repository_name(found) or not is_commit(commit):
            raise ValueError("no name or commit")
        return found, commit
    except Unreadable:
        raise
    except Exception as error:
        raise failure_of(error, endpoint(), kind, name, revision) from error


def list_tree(kind: RepositoryKind, name: str, commit: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the hub lists of a repository at a commit, but its folders. Raises Unreadable."""
    url = f"{endpoint()}/api/{kind}s/{name}/tree/{quote(commit, safe='')}"
    for item in _pages(url, {"recursive": True, "expand": False}, kind, name):
        about = item if isinstance(item, dict) else {}
        if about.get("type") != "directory":
            yield about


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
    hub = _without_user(hub)
    web = f"{hub}/{'datasets/' if kind == 'dataset' else ''}{name}"
    status, code = (error.status, error.code) if isinstance(error, _Refused) else (0, "")
    if code == "GatedRepo":
        return Unavailable(f"gated: accept its terms at {web}, and set HF_TOKEN to a token of that account")
    if isinstance(error, _Refused) and error.is_disabled:
        return Unreadable("disabled by the hub: its files cannot be had")
    if code == "RevisionNotFound":
        return Unreadable(f"has no revision {revision}: look at {web}, it may have been deleted meanwhile")
    if code == "RepoNotFound" or (status in (401, 404) and name and not path):
        return Unavailable(f"not found, or private: look at {web}, or set HF_TOKEN to a token that may read it")
    if status == _NOT_FOUND and path:
        return Unreadable("gone since it was listed: the hub has it no more")
    if status == _OUT_OF_RANGE:
        return Unreadable("changed since it was listed: it is shorter")
    if status in (401, 403):
        return Unavailable(f"refused by the hub ({status}): set HF_TOKEN to a token that may read {web}")
    if status == _TOO_MANY_REQUESTS:
        return Unavailable(f"the hub takes no more requests for now ({status}): {_LATER}")
    if status:
        return Unavailable(f"the hub answers with an error ({status}): {_LATER}")
    if "Timeout" in type(error).__name__:
        return Unavailable(f"the hub does not answer in time: {_LATER}")
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError | RecursionError):
        return Unreadable("the hub answers with something that is not understood")
    return Unavailable(f"the hub cannot be reached at {hub}: check the network, HF_ENDPOINT and proxies")


def _pages(url: str, params: Mapping[str, Any], kind: RepositoryKind, name: str = "") -> Iterator[Any]:
    """Yield the items of a list of the hub, page by page, of one repository or of all. Raises Unreadable."""
    seen: set[str] = set()
    while url:
        seen.add(url)
        try:
            items, following = _get(url, params)
            # A token is sent to the hub that the user names and to no other, wherever the next page is said to be.
            path = urlsplit(following)._replace(scheme="", netloc="").geturl()
            following = urljoin(url, path) if path else ""
            if not isinstance(items, list) or following in seen:
                raise ValueError("no list, or one without end")
        except Unreadable:
            raise
        except Exception as error:
            raise failure_of(error, endpoint(), kind, name) from error
        yield from items
        url, params = following, {}


def _get(url: str, params: Mapping[str, Any]) -> tuple[object, str]:
    """Return what the hub answers as JSON, and the address of the next page ("" for none).

    Raises:
        Unreadable: The answer comes too slowly or breaks off, or the hub asks to wait for too long.
        Exception: What the client raises, _Refused, or ValueError where it is no JSON or too long.
    """
    for _ in range(_MAX_FRUITLESS_TRIES):
        with closing(_ask(url, params, {"accept-encoding": "gzip"})) as response:
            try:
                body = _read_body(response, MAX_ANSWER_BYTES)
            except (Unreadable, ValueError):
                raise
            except Exception as error:  # it breaks off
                failure = error
                continue
            return json.loads(body), str(response.links.get("next", {}).get("url", ""))
    raise failure


def _ask(url: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """Return the hub's answer, its body not read yet; the hub is asked again while it is busy, and told no more.

    huggingface_hub's own retries wait as long as they are told, and read all that goes with an error or a redirect.

    Raises:
        Unreadable: The hub asks to wait for too long.
        Exception: What the client raises, or _Refused.
    """
    hub = _library()
    for wait in (*_WAITS, 0):
        client = hub.utils.get_session()
        request = client.build_request(
            "GET", url, params=params or None, headers={**_headers(), **headers}, timeout=_timeout()
        )
        try:
            response = _follow(client, request)
        except Exception as error:
            names = {one.__name__ for one in type(error).__mro__}
            if not wait or names.isdisjoint(("TimeoutException", "NetworkError", "RemoteProtocolError")):
                raise
            asked = 0
        else:
            if response.is_success:
                return response
            _end(response)
            if response.status_code not in _BUSY or not wait:
                raise _Refused(response)
            asked = _seconds_to_wait(response.headers)
        if asked > MAX_WAIT_SECONDS:
            raise Unavailable(f"the hub asks to wait for {asked:,} seconds: {_LATER}")
        seconds = asked + 1 if asked else wait
        _LOG.warning("The hub is busy or does not answer. Waiting %d s before it is asked again.", seconds)
        time.sleep(seconds)
    raise AssertionError


def _follow(client: Any, request: Any) -> Any:
    """Return the answer to a request, wherever it leads on the web. Raises what the client raises, or ValueError.

    The client leaves the user's token out of a request to another host, port or scheme.
    """
    for _ in range(_MAX_REDIRECTS):
        response = client.send(request, stream=True, follow_redirects=False)
        if not response.next_request:
            return response
        _end(response)
        request = response.next_request
        if request.url.scheme not in ("http", "https"):
            break
    raise ValueError("redirects without end, or out of the web")


def _end(response: Any) -> None:
    """Read the rest of a short answer, so that its connection can be used again, and close it."""
    with closing(response), suppress(Exception):
        if int(response.headers.get("content-length", _MAX_ASIDE_BYTES)) < _MAX_ASIDE_BYTES:
            _read_body(response, _MAX_ASIDE_BYTES)


def _read_body(response: Any, limit: int) -> bytes:
    """Return the body of an answer. Raises Unreadable for one too slow, ValueError for one beyond the limit."""
    if response.headers.get("content-encoding", "gzip") not in ("gzip", "identity"):
        raise ValueError("an encoding that was not asked for")
    data = bytearray()
    deadline = time.monotonic() + _TRANSFER_SECONDS
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > limit:
            raise ValueError("too long")
        if time.monotonic() > deadline + len(data) / _SLOWEST_BYTES_PER_SECOND:
            raise Unavailable(f"the hub sends it too slowly: {_LATER}")
    return bytes(data)


def _seconds_to_wait(headers: Mapping[str, str]) -> int:
    """Return for how many seconds a busy hub asks to wait; 0 if it does not say."""
    found = _LIMIT_IS_USED_UP.search(headers.get("ratelimit", "")) or _SECONDS.fullmatch(headers.get("retry-after", ""))
    return int(found[1]) if found else 0


def _transfer(url: str, start: int, stop: int, size: int, data: bytearray) -> Exception | None:
    """Add to ``data`` the bytes of one answer, at most those of the range; return what broke it off, if it did.

    Raises:
        Unreadable: The file is not what was listed, or comes too slowly.
        Exception: What the client raises where there is no answer.
    """
    headers = {"range": f"bytes={start}-{stop - 1}", "accept-encoding": "identity"}
    deadline = time.monotonic() + _TRANSFER_SECONDS + (stop - start) / _SLOWEST_BYTES_PER_SECOND
    left = stop - start
    with closing(_ask(url, {}, headers)) as response:
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
        except Exception as error:
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
    if token and not (token.isascii() and token.isprintable()):
        raise Unreadable("HF_TOKEN has characters that no token has: set it anew")
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
