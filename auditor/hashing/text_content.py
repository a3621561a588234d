"""Find what a text carries anywhere in it: addresses, digests, and files in an encoding of letters.

It serves texts that are no table, and longer cells of tables. Nothing depends on how the text is marked up: an address
in prose, in HTML, in a notebook or in a comment is found alike.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

import numpy as np
import re2
from numpy.typing import NDArray

from auditor.hashing.value_content import HEX
from auditor.re2_patterns import compile_re2
from auditor.syntax.archive_members import compression_of, is_zip, unsupported_archive
from auditor.syntax.image_magic import is_image
from auditor.syntax.video_magic import video_demuxer

# The shortest encoded file that is told: a 1 x 1 GIF has 35 bytes.
MIN_ENCODED_BYTES = 30
# Digits of the shortest digest.
MIN_DIGITS = 32
# More runs of digits are looked for in all of a text at once.
_MANY_RUNS = 256
# A file that is longer is not decoded.
MAX_ENCODED_CHARACTERS = 1 << 26

_ALGORITHM_BY_DIGITS = {32: ("md5",), 40: ("sha1",), 64: ("sha256", "pdq"), 128: ("sha512",)}
_ALGORITHM_BY_BYTES = {16: "md5", 20: "sha1", 32: "sha256", 64: "sha512"}
_SCHEME = b"://"
# An address ends before a blank, a quote or a bracket that no address holds; another may follow at once.
_ADDRESS = re.compile(rb"(?i)(?:https?|ftp)://[^\x00-\x20\"'<>\\^`{|}\x7f]+")
_NEXT_ADDRESS = re.compile(rb"(?i).(?=(?:https?|ftp)://)")
_MEDIA = rb"(?:jpe?g|png|gif|webp|bmp|tiff?|avif|heic|jxl|mp4|webm|mov|mkv|avi)"
# Without a scheme, an address of a picture or film: its host, and a path that ends as one.
_BARE_ADDRESS = re.compile(
    rb"(?i)(?<![\w@./:%+-])(?://)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,5}[a-z]{2,18}(?::\d+)?"
    rb"(?:/[^\s\"'<>\\^`{|}/]{1,255}){0,20}/[^\s\"'<>\\^`{|}/]{1,255}\." + _MEDIA + rb"\b"
)
_ENDING = b".,;:!?*_~"
_CLOSING = ((b")", b"("), (b"]", b"["))
_ESCAPED_SCHEME = re.compile(rb"(?i)(?:https?|ftp)(?:%3a(?:%2f|/){2}|:%2f%2f)[^\x00-\x20\"'<>\\^`{|}\x7f]+")
_ENTITIES = (
    (b"&amp;", b"&"),
    (b"&#x2f;", b"/"),
    (b"&#x2F;", b"/"),
    (b"&#47;", b"/"),
    (b"&#58;", b":"),
    (b"&#x3a;", b":"),
)
_JSON_ESCAPES = (
    (rb"\/", b"/"),
    (rb"\u002f", b"/"),
    (rb"\u002F", b"/"),
    (rb"\u003a", b":"),
    (rb"\u003A", b":"),
    (rb"\u0026", b"&"),
)
# As people write addresses that are not to be followed.
_DEFANGED = (
    (b"hxxp", b"http"),
    (b"hXXp", b"http"),
    (b"HXXP", b"http"),
    (b"[.]", b"."),
    (b"(.)", b"."),
    (b"[:]", b":"),
    (b"[://]", b"://"),
)
# Percent signs that are escaped so often are undone.
_MAX_QUOTED = 3
_LETTER_OR_DIGIT = np.zeros(256, bool)
_LETTER_OR_DIGIT[np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)] = True
# Digests with a mark after every byte; in the groups of a UUID; in base64 with its padding, or after their name.
_SPACED_DIGITS = re.compile(
    rb"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}(?:([:. -])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){14,62}(?![0-9A-Za-z])"
)
_UUID = re.compile(rb"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_BASE64_DIGEST = re.compile(
    rb"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{22}==|[A-Za-z0-9+/_-]{27}=|[A-Za-z0-9+/_-]{43}=|[A-Za-z0-9+/_-]{86}==)"
    rb"(?![A-Za-z0-9+/=])"
)
_NAMED_DIGEST = re.compile(rb"(?i)(md5|sha-?1|sha-?256|sha-?512)[:=-]([A-Za-z0-9+/_-]{22,103}={0,6})(?![A-Za-z0-9+/=])")


class EncodedFile(NamedTuple):
    """A file that a text holds in letters.

    Attributes:
        start: Where in the text it begins.
        end: Where its letters end, if it is decoded.
        encoding: The name of its encoding.
        data: The file; empty if it is not decoded.
    """

    start: int
    end: int
    encoding: str
    data: bytes


def find_addresses(text: bytes) -> Iterator[tuple[int, str]]:
    """Yield each address in a text, with its line from 1, in every way in which it can be read.

    Brackets and stops at its end may belong to it or to the sentence. Escapes of JSON, HTML and of addresses in
    addresses are undone.
    """
    for form in _unescaped(text):
        if _SCHEME in form:
            for line, found in _with_lines(form, _ADDRESS):
                yield from ((line, address) for address in _readings(found))
        if b"%3" in form or b"%2" in form:
            for line, found in _with_lines(form, _ESCAPED_SCHEME):
                if not (address := unquote_to_bytes(found.partition(b"&")[0])).startswith(found[:12]):
                    yield from ((line, one) for one in _readings(address))
        for line, found in _with_lines(form, _BARE_ADDRESS) if b"/" in form else ():
            yield line, found.removeprefix(b"//").decode("utf-8", "replace")


def _with_lines(text: bytes, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield what a pattern finds in a text, each with its line from 1."""
    line, at = 1, 0
    for found in pattern.finditer(text):
        line += text.count(b"\n", at, found.start())
        at = found.start()
        yield line, found[0]


def _unescaped(text: bytes) -> Iterator[bytes]:
    """Yield a text, and the text without the escapes of JSON and HTML if they can hide an address."""
    yield text
    once = text
    for _ in range(_MAX_QUOTED if b"%25" in text else 0):
        once = once.replace(b"%25", b"%")
        yield once
    for escapes in (_JSON_ESCAPES, _ENTITIES, _DEFANGED):
        if any(escape in text for escape, _ in escapes):
            form = text
            for escape, letter in escapes:
                form = form.replace(escape, letter)
            yield form


def _readings(address: bytes) -> Iterator[str]:
    """Yield the addresses that a run of letters in a text can be."""
    pieces = [0, *(found.end() for found in _NEXT_ADDRESS.finditer(address))]
    for at, end in zip(pieces, [*pieces[1:], len(address)], strict=True):
        whole = address[at:end]
        seen = set()
        if at == 0 and end < len(address):
            seen.add(address)
        seen.add(whole)
        while True:
            shorter = whole.rstrip(_ENDING)
            for closing, opening in _CLOSING:
                if shorter.endswith(closing) and shorter.count(closing) > shorter.count(opening):
                    shorter = shorter[:-1]
            if shorter == whole:
                break
            seen.add(whole := shorter)
        cut = min((whole.find(mark) for mark in (b",", b";", b")", b"]") if mark in whole), default=-1)
        if cut > 0:
            seen.add(whole[:cut])
        for one in sorted(seen):
            yield one.decode("utf-8", "replace")


def hex_runs(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where runs of at least MIN_DIGITS hex digits in a text's bytes begin and end.

    A run of 32 holds four of every eighth byte in a row: by these most of a text is ruled out.
    """
    eighths = np.ascontiguousarray(data[7::8])
    marks = (eighths - np.uint8(48) < 10) | ((eighths | np.uint8(32)) - np.uint8(97) < 6)  # much faster than a table
    if len(marks) < 4:
        return _exact_runs(data, 0)
    found = np.flatnonzero(marks[:-3] & marks[1:-2] & marks[2:-1] & marks[3:])
    # What lies between the four is hex in a run too.
    found = found[HEX[data[found[:, None] * 8 + np.arange(7, 32)]].all(axis=1)]
    if len(found) > _MANY_RUNS:
        return _exact_runs(data, 0)
    starts: list[int] = []
    ends: list[int] = []
    for place in (found * 8 + 7).tolist():
        if ends and place < ends[-1]:
            continue
        start, end = place, place + 25
        while start and HEX[data[start - 1]]:
            start -= 1
        while end < len(data) and HEX[data[end]]:
            end += 1
        if end - start >= MIN_DIGITS:
            starts.append(start)
            ends.append(end)
    return np.array(starts, np.int64), np.array(ends, np.int64)


def _exact_runs(data: NDArray[np.uint8], offset: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each run of at least MIN_DIGITS hex digits in a text's bytes begins and ends, plus an offset."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], HEX[data], [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    kept = ends - starts >= MIN_DIGITS
    return starts[kept] + offset, ends[kept] + offset


def find_digests(text: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Yield each digest in a text as its line from 1, its algorithm, and its bytes.

    64 hex digits are of two algorithms. A longer or shorter number is no digest; letters around one make it a word.
    """
    data = np.frombuffer(text, np.uint8)
    line, at = 1, 0
    for start, end in zip(*(edges.tolist() for edges in hex_runs(data)), strict=True):
        line, at = line + text.count(b"\n", at, start), start
        algorithms = _ALGORITHM_BY_DIGITS.get(end - start, ())
        is_word = (start and _LETTER_OR_DIGIT[data[start - 1]] and text[start - 2 : start].lower() != b"0x") or (
            end < len(data) and _LETTER_OR_DIGIT[data[end]]
        )
        if algorithms and not is_word:
            for algorithm in algorithms:
                yield line, algorithm, bytes.fromhex(text[start:end].decode())
    for pattern in (_SPACED_DIGITS, _UUID):
        for line, found in _with_lines(text, pattern):
            digest = bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", found).decode())
            if len(digest) in _ALGORITHM_BY_BYTES:
                yield line, _ALGORITHM_BY_BYTES[len(digest)], digest
    for line, found in _with_lines(text, _BASE64_DIGEST) if b"=" in text else ():
        digest = base64.b64decode(found.translate(bytes.maketrans(b"-_", b"+/")))
        if len(digest) in _ALGORITHM_BY_BYTES:
            yield line, _ALGORITHM_BY_BYTES[len(digest)], digest
    for line, found in _with_lines(text, _NAMED_DIGEST):
        name, _, written = re.split(rb"([:=]|-(?=[^-]*$))", found, maxsplit=1)
        algorithm = name.lower().replace(b"-", b"").decode()
        if named := _of_width(written, algorithm):
            yield line, algorithm, named


def _of_width(written: bytes, algorithm: str) -> bytes:
    """Return the digest of an algorithm that a text gives in base64 or base32; b"" if it is none."""
    letters = written.rstrip(b"=")
    for decode, group in ((base64.urlsafe_b64decode, 4), (base64.b32decode, 8)):
        try:
            text = letters.translate(bytes.maketrans(b"+/", b"-_")) if group == 4 else letters.upper()
            digest = decode(text + b"=" * (-len(text) % group))
        except (binascii.Error, ValueError):
            continue
        if _ALGORITHM_BY_BYTES.get(len(digest)) == algorithm:
            return digest
    return b""


# What an encoded file begins with, by its encoding, in the syntax that RE2 has too: its first bytes, and so many
# letters that it is no word. JPEG, PNG, GIF and WebP; in base64 also HEIF and AVIF, bitmaps, TIFF, JPEG 2000, JPEG XL,
# zip, gzip, bzip2, xz, Zstandard, 7z, RAR, PDF, zlib, and base64 within base64.
_BASE64_LETTERS = r"(?:[A-Za-z0-9+/_-]|\\?[\r\n]|\\n|&#xA;)"
_BETWEEN = r"[,;\s]{1,4}"
ENCODINGS: Mapping[str, str] = {
    "base64": (
        r"data:(?:image|video)/[\w.+-]+[;,]"
        r"|(?:/9j/|_9j_|iVBORw0KGgo|R0lGOD[dl]h|UklGR|AAAA[A-Za-z0-9+/]GZ0eX|Qk[0-3][A-Za-z0-9+/]{5}AAAA|SUkqA|TU0AK"
        r"|AAAADGpQICAN|AAAADEpYTCAN|UEsDB|H4sI|QlpoO[DE]|/Td6WFoA|_Td6WFoA|KLUv[/_]|N3q8rycc|UmFyIRoH|JVBERi0x"
        rf"|LzlqL|aVZCT1J3MEtHZ2|UjBsR09E|VWtsR1J){_BASE64_LETTERS}{{40}}"
        rf"|\be[JNF][A-Za-z0-9+/_-]{_BASE64_LETTERS}{{400}}"
    ),
    "hex": (
        r"(?i:ffd8ff|89504e470d0a1a0a|474946383[79]61|52494646[0-9a-f]{8}57454250|2f396a2f|6956424f5277|504b0304|1f8b08)"
        r"[0-9A-Fa-f]{80}|(?i::[0-9a-f]{8}(?:ffd8ff|89504e47))"
        rf"|(?i:\bffd8\s+ff[c-f][0-9a-f]|\b8950\s+4e47)(?:\s+[0-9A-Fa-f]{{4}}){{5}}"
        rf"|(?i:\b(?:0x|\\x)?ff{_BETWEEN}(?:0x)?d8{_BETWEEN}(?:0x)?ff|\b(?:0x)?89{_BETWEEN}(?:0x)?50{_BETWEEN}(?:0x)?4e)"
        rf"(?:{_BETWEEN}(?:0x)?[0-9A-Fa-f]{{1,2}}){{11}}"
    ),
    "escapes of bytes": (
        r"(?:(?i:\\{1,8}xff\\{1,8}xd8\\{1,8}xff|\\{1,8}377\\{1,8}330\\{1,8}377|\\{1,8}u00ff\\{1,8}u00d8\\{1,8}u00ff)"
        r"|(?i:%ff%d8%ff|=ff=d8=ff|&#255;&#216;&#255;|&#xff;&#xd8;)"
        r"|(?i:\\{1,8}x89|\\{1,8}211|\\{1,8}u0089|%89|=89|&#137;)PNG)(?:[ -~]|\r?\n){60}"
    ),
    "bytes read as Latin-1": "\u00ff\u00d8\u00ff|\u0089PNG\r?\n\x1a",
    "numbers": (
        rf"(?:\b255{_BETWEEN}216{_BETWEEN}255|\b137{_BETWEEN}80{_BETWEEN}78|-1{_BETWEEN}-40{_BETWEEN}-1|-119{_BETWEEN}80)"
        rf"(?:{_BETWEEN}-?[0-9]{{1,3}}){{40}}|\b1{{8}}\s?11011000\s?1{{8}}"
    ),
    "base32": r"(?:77MP[67]|77mp[67]|RFIE4RYN|rfie4ryn|I5EUMOB|KJEUMR|KBFQGB|D6FQQ)(?:[A-Za-z2-7=]|\\?[\r\n]){120}",
    "base85": (
        r"(?:\|JeW|\|JeV|iBL\{Q4GJ0|M@dFF|P\)h>@|%jEw|%jEv|Ibl@q4gj0|s4IA|s4I@|M,6r;%14!|7nH00|:eLln)"
        r"(?:[!-~]|[\r\n]){120}"
    ),
    "uuencode": (
        r"begin(?:-base64)? [0-7]{3,4} [^\r\n]{1,200}\r?\nM[ -`]{60}|(?:^|\n)M(?:_\]C_|B5!.1PT\*|1TE&.#)[ -`]{50}"
    ),
    "yEnc or BinHex": r"=ybegin |\(This file must be converted with BinHex",
}
ENCODED_FILE = "|".join(ENCODINGS.values())
# So many letters without a blank are a file in an encoding that is not told; so are so many lines of equal letters.
MIN_LONG_RUN = 4096
_LONG_RUN = re.compile(rb"[A-Za-z0-9+/=_-]{%d,}|(?:[A-Za-z0-9+/=]{60,128}\r?\n){40,}" % MIN_LONG_RUN)
UNKNOWN_ENCODING = "an encoding that was not recognised"
# Numbers of a tokenizer, fonts, programs of the web, certificates and signatures, and texts in JSON.
_ORDINARY_RUN = re.compile(rb"d09G[MR]|AAEAAA|T1RUTw|AGFzbQ|MII|eyJ")
_TOKENIZER_KEY = re.compile(rb"\"precompiled_charsmap\"\s*:\s*\"$")
_DATA_URL = re.compile(rb"(?i)data:[^,]{0,200},")
_BASE64_RUN = re.compile(rb"(?:[A-Za-z0-9+/_=-]+|\\?[\r\n]+|\\[nr]|&#xA;|%2[BbFf]|%3[Dd])+")
_LINE_ENDS = re.compile(rb"\\?[\r\n]+|\\[nr]|&#xA;")
# Base64 in lines has no longer ones.
_MAX_LINE = 128
_HEX_RUN = re.compile(rb"[0-9A-Fa-f]+")


def find_encoded_files(text: bytes, *, is_text: bool = True) -> Iterator[EncodedFile]:
    """Yield each file that a text holds in an encoding of letters: decoded from base64 and hex, else named.

    Args:
        text: The text, or a part of a file that is none.
        is_text: Long runs of letters of no known encoding count too.
    """
    patterns = _compiled_encodings()
    at = 0
    while found := patterns[""].search(text, at):
        start = found.start()
        encoding = next((name for name, pattern in patterns.items() if name and pattern.match(text, start)), "")
        data, end = _decode(text, start, encoding)
        yield EncodedFile(start, end, encoding, data)
        at = max(found.end(), end)
    if not is_text or max(map(len, text.split()), default=0) < 60:
        return
    for run in _LONG_RUN.finditer(text):
        is_known = patterns[""].search(text, max(0, run.start() - 40), run.end()) is not None
        is_ordinary = _ORDINARY_RUN.match(run[0]) or _TOKENIZER_KEY.search(text, max(0, run.start() - 60), run.start())
        if not is_known and not is_ordinary and len(set(run[0][:MIN_LONG_RUN])) > _MIN_LETTERS:
            yield EncodedFile(run.start(), run.end(), UNKNOWN_ENCODING, b"")


def may_hold_encoded_file(text: bytes) -> bool:
    """Return whether a text, or several of them one after another, have what an encoded file begins with."""
    return _compiled_encodings()[""].search(text) is not None


def is_unknown_encoding(text: bytes) -> bool:
    """Return whether a text is one long run of letters in an encoding that is not known."""
    run = _LONG_RUN.match(text)
    return run is not None and not _ORDINARY_RUN.match(text) and len(set(run[0][:MIN_LONG_RUN])) > _MIN_LETTERS


# A run of fewer different letters is a sequence of bases or marks.
_MIN_LETTERS = 24


@cache
def _compiled_encodings() -> Mapping[str, re2._Regexp]:
    """Return the pattern of all encodings in a text, under "", and of each by its name."""
    options = re2.Options()
    options.max_mem = 64 << 20
    return {name: compile_re2(pattern.encode(), options) for name, pattern in {"": ENCODED_FILE, **ENCODINGS}.items()}


def _decode(text: bytes, start: int, encoding: str) -> tuple[bytes, int]:
    """Return the file that begins at a place of a text, empty if it is not decoded, and where it ends."""
    if encoding == "hex" and (run := _HEX_RUN.match(text, start)) and len(run[0]) >= 2 * MIN_ENCODED_BYTES:
        return bytes.fromhex(run[0][: len(run[0]) // 2 * 2].decode()), run.end()
    if encoding != "base64":
        return b"", start
    header = _DATA_URL.match(text, start)
    run = _BASE64_RUN.match(text, header.end() if header else start)
    if not run:
        return b"", start
    if (header and b";base64" not in header[0].lower()) or len(run[0]) > MAX_ENCODED_CHARACTERS:
        return b"", run.end()
    data = decode_base64(_joined_lines(run[0]))
    is_known = is_image(data) or is_zip(data) or compression_of(data) or unsupported_archive(data[:16])
    is_nested = data[:8].isascii() and data[:8].isalnum()
    return data if is_known or video_demuxer(data[:400]) or is_nested or data.startswith(b"%PDF") else b"", run.end()


def _joined_lines(run: bytes) -> bytes:
    """Return the lines of base64 of one file, to its padding: all but the first and the last have one length."""
    lines = [line for line in _LINE_ENDS.split(run) if line]
    kept = lines[:1]
    width = len(lines[1]) if len(lines) > 1 and len(lines[0]) <= _MAX_LINE else 0
    for line in lines[1:] if width else ():
        if len(line) > width or b"=" in kept[-1]:
            break
        kept.append(line)
        if len(line) < width:
            break
    joined = b"".join(kept)
    padding = joined.find(b"=")
    return joined if padding < 0 else joined[: padding + 2]


def decode_base64(text: str | bytes) -> bytes:
    """Return what base64 or a data URL stands for, as far as it can be decoded; b"" for nothing."""
    written = text.decode("latin-1") if isinstance(text, bytes) else text
    if found := _TEXT_DATA_URL.match(written):
        payload = written[found.end() :]
        if ";base64" not in found[0].lower():
            return unquote_to_bytes(payload)
        written = payload
    written = re.sub("(?i)%(2b|2f|3d)", lambda escape: unquote(escape[0]), written)
    letters = re.sub(r"[^A-Za-z0-9+/]", "", written.replace("-", "+").replace("_", "/"))
    try:
        return base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


_TEXT_DATA_URL = re.compile(r"(?i)data:[^,]{0,200},")
