"""Split a licence's text into words that are the same in every honest copy of it.

The rules are those of the SPDX matching guidelines (annex B of the specification): letter case, white space,
punctuation, quotes, the protocol of an address, spelling variants and copyright notices make no difference.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
import unicodedata
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

# Bytes of the hash of a word. Of 10,000 different words fewer than five pairs share a hash.
WORD_BYTES = 3
# Words of a file that are read, and at most of a known text; the longest has 5,678.
MAX_WORDS = 60_000

# Words that decide what a text permits or prohibits. A change of them, or an addition that has one, is never formal.
OPERATIVE_WORDS = frozenset(
    """not no nor never none neither cannot without unless except excepting excluding exclude excluded exclusively only
    solely merely limit limits limitation restricted restriction restrictions restrict prohibited prohibit prohibits
    prohibition forbidden forbid forbids banned disallowed must shall should may might required require requires
    requirement obliged condition conditions subject however royalty royalties fee fees pay payment consent approval
    permission permissions permit permits permitted permitting agree agrees terminate terminated terminates termination
    revoke revoked void allowed allow allows unlawful lawful illegal harm harmful evil users customers noncommercial
    commercially competing competitive weapons surveillance""".split()
)
# Nouns that limit a permission too, but that stand in the names of companies and institutes as well.
LIMITING_NOUNS = frozenset(
    """commercial nonprofit profit military research academic academia educational education evaluation personal
    internal revenue purpose purposes employees employee competitor government""".split()
)
# Of the SPDX list of equivalent words, those that the endings below do not cover.
_SPELLINGS = {
    "acknowledgement": "acknowledgment", "acknowledgements": "acknowledgments", "analogue": "analog",
    "artefact": "artifact", "calibre": "caliber", "cancelled": "canceled", "catalogue": "catalog", "centre": "center",
    "favour": "favor", "favourite": "favorite", "fulfil": "fulfill", "fulfilment": "fulfillment",
    "judgement": "judgment", "labelling": "labeling", "labour": "labor", "licence": "license", "licences": "licenses",
    "modelled": "modeled", "modelling": "modeling", "offence": "offense", "offences": "offenses",
    "practise": "practice", "programme": "program", "signalling": "signaling", "whilst": "while", "wilful": "willful",
    "wilfull": "willful", "honour": "honor", "behaviour": "behavior", "defence": "defense", "colour": "color",
}  # fmt: skip
_BRITISH_ENDING = re.compile(r"(?<=\w{3}[^\W\d_])is(e|ed|es|ing|ation|ations|er|ers)$")
_HOLDER_AFTER_COPYRIGHT = {"owner": "holder", "owners": "holders"}

WORD = re.compile(r"[^\W_]+")
_PROTOCOL = re.compile(r"(?i)\bhttps?://(?:www\.)?|\bwww\.(?=\w)")
_RIGHTS_RESERVED = re.compile(r"(?i)\ball\s{1,20}rights\s{1,20}(?:are\s{1,20})?reserved\b")
_HYPHENATED = re.compile(r"(?<=[^\W\d_])-[ \t]*\n[ \t#*>|/]*(?=[a-z])")
# What differs between copies of one licence: the owner and the year of the copyright. A line of the text itself may
# begin with "copyright" too, because of a line break.
_COPYRIGHT_LINE = re.compile(
    r"(?im)^[^\w\n]{0,80}(?:portions |modifications |all )?"
    r"(?:copyright\b|©|\(c\)(?=\W*(?:copyright|(?:19|20)\d\d|[\[<{])))"
    r"(?=[^\n]{0,60}?(?:\(c\)|©|\b(?:19|20)\d\d\b|[\[<{(] ?(?:year|yyyy|date|name|copyright)|(?-i:\bby [A-Z])|"
    r"all rights reserved))"
    r"[^\n]*$"
)
# A mark of a list: "1.", "(a)", "iv)", "2.1". Elsewhere than at the beginning of a line only in parentheses.
_LIST_MARK = re.compile(
    r"(?im)(?:^[ \t>|#*/]{0,40}(?P<bullet>o)(?=[ \t])"
    r"|^[ \t>|#*/-]{0,40}\(?(?P<first>\d{1,2}(?:\.\d{1,2}){0,3}|[a-z]|[ivx]{1,5})[.):](?=\s)"
    r"|\((?P<inner>\d{1,2}|[a-z]|[ivx]{1,5})\)(?=\s))"
)
_URL = re.compile(
    r"(?i)(?:\bhttps?://|\bwww\.)\S{1,300}"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:org|com|net|io)\b(?:/\S{0,300})?"
)


class Word(NamedTuple):
    """A word of a text, folded, and where it stands in the text as :func:`plain_text` returns it."""

    folded: str
    start: int
    end: int


class LicenceWords(NamedTuple):
    """The words of a text. ``marks`` and ``addresses`` are indexes of words of list marks and of addresses."""

    text: str
    words: tuple[Word, ...]
    marks: frozenset[int]
    addresses: frozenset[int]
    notices: tuple[int, ...]  # positions of the copyright notices that were left out


def read_words(text: str) -> LicenceWords:
    """Return the words of a licence's text, without the notices of its owner."""
    plain = unicodedata.normalize("NFKC", html.unescape(text) if "&" in text else text)
    notices: list[int] = []

    def drop_notice(match: re.Match[str]) -> str:
        line = match.group()
        if OPERATIVE_WORDS.intersection(map(fold_word, WORD.findall(line))):
            return line  # more than a notice
        notices.append(match.start())
        return " " * len(line)

    kept = _COPYRIGHT_LINE.sub(drop_notice, plain)
    for pattern in (_RIGHTS_RESERVED, _PROTOCOL):
        kept = pattern.sub(lambda match: " " * len(match.group()), kept)
    words: list[Word] = []
    position = 0
    joined = [match.span() for match in _HYPHENATED.finditer(kept)]
    ends = dict(joined)
    match = WORD.search(kept, position)
    while match:
        letters, start, end = match.group(), match.start(), match.end()
        if end in ends and (rest := WORD.match(kept, ends[end])):  # divided at the end of a line
            letters, end = letters + rest.group(), rest.end()
        folded = fold_word(letters)
        if words and words[-1].folded == "copyright":
            folded = _HOLDER_AFTER_COPYRIGHT.get(folded, folded)
        words.append(Word(folded, start, end))
        match = WORD.search(kept, end)
    return LicenceWords(
        plain,
        tuple(words),
        _words_in(words, [m.span(m.lastgroup or 0) for m in _LIST_MARK.finditer(kept)]),
        _words_in(words, [m.span() for m in _URL.finditer(plain)]),
        tuple(notices),
    )


def _words_in(words: list[Word], spans: list[tuple[int, int]]) -> frozenset[int]:
    """Return the indexes of the words that lie in the spans of a text; both are in order."""
    found = []
    at = 0
    for start, end in spans:
        while at < len(words) and words[at].start < start:
            at += 1
        while at < len(words) and words[at].end <= end:
            found.append(at)
            at += 1
    return frozenset(found)


@lru_cache(maxsize=1 << 16)
def fold_word(word: str) -> str:
    """Return a word in lower case and in American spelling."""
    folded = word.casefold()
    return _BRITISH_ENDING.sub(r"iz\1", _SPELLINGS.get(folded, folded))


@lru_cache(maxsize=1 << 16)
def hash_word(folded: str) -> int:
    """Return the hash by which the words of known texts are stored."""
    digest = hashlib.blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=WORD_BYTES).digest()
    return int.from_bytes(digest, "big")


def pack_words(words: Iterable[str]) -> str:
    """Return the words of a known text as a vocabulary holds them: base64 of their hashes, packed with zlib."""
    hashes = b"".join(hash_word(word).to_bytes(WORD_BYTES, "big") for word in words)
    return base64.b64encode(zlib.compress(hashes, 9)).decode()


def unpack_words(packed: str) -> bytes:
    """Return the hashes, one after another, of what :func:`pack_words` returned. Raises :class:`ValueError`."""
    try:
        decompressor = zlib.decompressobj()
        hashes = decompressor.decompress(base64.b64decode(packed, validate=True), MAX_WORDS * WORD_BYTES)
    except (binascii.Error, zlib.error):
        hashes = b""
    if not hashes or len(hashes) % WORD_BYTES or not decompressor.eof:
        raise ValueError(f"expected base64 of zlib of {WORD_BYTES} bytes for each of at most {MAX_WORDS:,} words")
    return hashes


@lru_cache(maxsize=64)
def decode_words(data: bytes) -> tuple[int, ...]:
    """Return the hashes of the words of a known text."""
    return tuple(int.from_bytes(data[at : at + WORD_BYTES], "big") for at in range(0, len(data), WORD_BYTES))
