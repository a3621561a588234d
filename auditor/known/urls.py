"""Compute the canonical form of URLs and domains, their host and path expressions, and registrable domains.

WHATWG parsing first (can_ada), then Safe Browsing's canonicalisation and suffix/prefix expressions:
https://developers.google.com/safe-browsing/v4/urls-hashing. Nothing is ever fetched.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache, lru_cache
from urllib.parse import unquote_to_bytes

import can_ada
from publicsuffixlist import PublicSuffixList

MAX_URL_LENGTH = 1 << 14  # characters; unescaping a longer one again and again would take its length squared
MAX_HOST_EXPRESSIONS, MAX_PATH_EXPRESSIONS = 5, 6  # as Safe Browsing says

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(//)?")
_ADDRESS_PART = re.compile(rb"0x[0-9a-f]{0,16}|\d{1,20}")
_URL_PARTS = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?", re.S)
_NON_WEB_SCHEMES = frozenset({"data", "javascript", "mailto", "blob", "about", "file", "tel", "urn"})
_UNESCAPED_BYTES = bytes(range(0x21, 0x7F)).translate(None, b"#%")


@lru_cache(1 << 12)
def canonical_url(url: str) -> str:
    """Return the URL in Safe Browsing's canonical form, with its query, without port and user; "" if it is no URL.

    Bytes that are not UTF-8 are surrogate escapes, as in a path.
    """
    text = url.strip().translate({9: None, 10: None, 13: None}).split("#", 1)[0]
    scheme = _SCHEME.match(text)
    if not text or len(text) > MAX_URL_LENGTH or (scheme and scheme[1].lower() in _NON_WEB_SCHEMES):
        return ""
    if not scheme or not scheme[2]:
        text = f"http://{text.lstrip('/')}"
    try:
        parts = _URL_PARTS.match(_parse_as_browser(text).encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return ""
    if parts is None:
        return ""
    host = _canonical_host(parts[2].rpartition(b"@")[2])
    if not host:
        return ""
    return f"{parts[1].decode().lower()}://{host}{_canonical_path(parts[3])}{_escape(_unescape(parts[4] or b''))}"


def url_expressions(url: str) -> tuple[str, ...]:
    """Return the up to 30 host and path combinations by which a list may hold a URL; the whole URL first."""
    whole = without_scheme(canonical_url(url))
    host, slash, rest = whole.partition("/")
    if not slash:
        return ()
    return tuple(
        f"{suffix}{prefix}" for suffix in _host_expressions(host) for prefix in _path_expressions(slash + rest)
    )


def registrable_domain(host: str) -> str:
    """Return the domain that someone registered: ``example.co.uk`` for ``a.b.example.co.uk``; "" for a public suffix.

    The private part of the public suffix list counts: ``x.github.io`` is a domain of its own. An address is returned
    as it is.
    """
    name = _canonical_host(host.encode("utf-8", "surrogateescape"))
    if not name or _is_address(name):
        return name
    return _public_suffix_list().privatesuffix(name) or ""


def _parse_as_browser(text: str) -> str:
    """Return the URL as a browser reads it, without its fragment; as written where a browser refuses it."""
    try:
        return can_ada.parse(text).href.split("#", 1)[0]
    except (ValueError, TypeError):  # a TypeError for what is no UTF-8
        return text.replace("\\", "/")


def host_of(url: str) -> str:
    """Return the host of a URL's canonical form; "" if it is no URL."""
    return without_scheme(canonical_url(url)).partition("/")[0]


def without_scheme(url: str) -> str:
    """Return the part of a URL after ``://``."""
    return url.partition("://")[2]


def _unescape(text: bytes) -> bytes:
    """Return a URL's text with its percent escapes decoded, as often as they are nested."""
    while b"%" in text and (once := unquote_to_bytes(text)) != text:
        text = once
    return text


def _escape(text: bytes) -> str:
    """Return a URL's text with percent escapes where the canonical form has them."""
    if not text.translate(None, _UNESCAPED_BYTES):
        return text.decode()
    return "".join(chr(byte) if byte in _UNESCAPED_BYTES else f"%{byte:02X}" for byte in text)


def _canonical_host(text: bytes) -> str:
    """Return a host in Safe Browsing's canonical form; "" if it is no host."""
    name = _unescape(text)
    if not name.startswith(b"["):
        name = re.sub(rb":\d*$", b"", name)
    name = re.sub(rb"\.{2,}", b".", name.strip(b".")).lower()
    if not name.isascii():
        with suppress(ValueError, UnicodeDecodeError):
            name = can_ada.idna_encode(name.decode()) or name
    return _ipv4_address(name) or _escape(name)


def _ipv4_address(host: bytes) -> str:
    """Return an IPv4 address in any legal spelling (octal, hex, fewer than four parts) as four decimals, or ""."""
    parts = host.split(b".")
    if len(parts) > 4 or not all(_ADDRESS_PART.fullmatch(part) for part in parts):
        return ""
    try:
        numbers = [_parse_number(part) for part in parts]
    except ValueError:
        return ""
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return ""
    value = sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1])) + numbers[-1]
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _parse_number(part: bytes) -> int:
    """Return the number that a part of an IPv4 address in a URL states."""
    if part.startswith(b"0x"):
        return int(part[2:] or b"0", 16)
    return int(part, 8 if part.startswith(b"0") else 10)


def _is_address(host: str) -> bool:
    """Return whether a URL's host is an IP address."""
    return host.startswith("[") or re.fullmatch(r"\d+\.\d+\.\d+\.\d+", host) is not None


def _canonical_path(text: bytes) -> str:
    """Return a URL's path in canonical form, without empty, ``.`` and ``..`` parts."""
    kept: list[bytes] = []
    parts = _unescape(text).split(b"/")
    for part in parts[1:]:
        if part == b"..":
            del kept[-1:]
        elif part not in (b"", b"."):
            kept.append(part)
    ends = kept and parts[-1] in (b"", b".", b"..")
    return _escape(b"/" + b"/".join(kept) + (b"/" if ends else b""))


def _host_expressions(host: str) -> list[str]:
    """Return the host expressions of a URL: the host, and up to four of the names that its last five labels make."""
    if _is_address(host):
        return [host]
    labels = host.split(".")
    start = max(1, len(labels) - MAX_HOST_EXPRESSIONS)
    return [host, *(".".join(labels[at:]) for at in range(start, len(labels) - 1))][:MAX_HOST_EXPRESSIONS]


def _path_expressions(path: str) -> list[str]:
    """Return the path expressions of a URL: with its query, without it, and up to four folders from the root on."""
    bare = path.partition("?")[0]
    found = [path, bare]
    folders = bare.split("/")[1:-1]
    depths = range(min(len(folders) + 1, MAX_PATH_EXPRESSIONS - 2))
    found += ["/" + "".join(f"{folder}/" for folder in folders[:depth]) for depth in depths]
    return list(dict.fromkeys(found))


@cache
def _public_suffix_list() -> PublicSuffixList:
    """Return the public suffix list, by which registrable domains are found."""
    return PublicSuffixList()


def split_canonical_url(url: str) -> tuple[str, str]:
    """Return a URL's host and path in canonical form, without query and fragment; two empty strings if it is no URL."""
    host, slash, path = canonical_url(url).partition("://")[2].partition("/")
    return host, f"{slash}{path}".partition("?")[0]
