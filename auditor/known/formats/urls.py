"""Read lists of URLs or domains, one per line, such as hosts files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from auditor.errors import ListError
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry
from auditor.known.entry_columns import entries_of_column
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import HEAD_BYTES, ListExample
from auditor.known.text_lines import comment_fields, header_from_comments, read_lines
from auditor.samples import TEXT_SIGNALS
from auditor.syntax.text_encoding import decode_prefix, detect_wide_encoding, open_as_utf8

HELP = "one URL or domain per line, or a hosts file; '# algorithm: url' or '# algorithm: domain' where both occur"

_URL = r"^(?i:https?|ftp)://\S+$"
_HOSTS_FILE = r"^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+"
_DOMAIN = r"^(?:\*\.|\.)?[^\s/:@,;|\"'{}<>\[\]]+\.[^\s/:@,;|\"'{}<>\[\]]*[^\s/:@,;|\"'{}<>\[\].\d]$"


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is a list of URLs or domains."""
    if b"\0" in head and not detect_wide_encoding(head):
        return 0
    lines = [line.split("#")[0].strip() for line in decode_prefix(head).lstrip("\ufeff").splitlines()]
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    lines = [re.sub(_HOSTS_FILE, "", line) for line in lines if line][:50]
    fit = sum(bool(re.match(_URL, line) or re.match(_DOMAIN, line)) for line in lines)
    return 45 if lines and fit > len(lines) / 2 else 0


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of a list of URLs or domains."""
    with open_list_file(path) as file:
        head = file.read(HEAD_BYTES)
        comments = comment_fields(decode_prefix(head))
        chosen = options.algorithm or comments.get("algorithm", "")
        if chosen and chosen not in TEXT_SIGNALS:
            raise ListError(f"{path}: a list of URLs or domains has no algorithm {chosen!r}")
        yield header_from_comments("urls", comments)
        file.seek(0)
        for lines, cells in read_lines(path, open_as_utf8(file, head)):
            # A fragment is no part of a URL, so what follows a space and "#" is a comment in either.
            cells = pc.replace_substring_regex(cells, r"(^|\s)#.*$", "")
            cells = pc.utf8_trim_whitespace(pc.replace_substring_regex(cells, _HOSTS_FILE, ""))
            empty = pc.equal(cells, "")
            urls = pc.match_substring_regex(cells, _URL)
            names = pc.and_(pc.invert(urls), pc.match_substring_regex(cells, _DOMAIN))
            if chosen:
                fits = pc.or_(urls, names)
                urls, names = (fits, pc.invert(pc.or_(fits, True))) if chosen == "url" else (pc.and_(fits, False), fits)
            for algorithm, mask in (("url", urls), ("domain", names)):
                rows = mask.to_numpy(zero_copy_only=False)
                if rows.any():
                    yield from entries_of_column(algorithm, cells.filter(mask), lines[rows])
            wrong = pc.invert(pc.or_(pc.or_(urls, names), empty)).to_numpy(zero_copy_only=False)
            for line in lines[wrong].tolist():
                yield MalformedEntry(line, "neither a URL nor a domain")


EXAMPLES = (
    ListExample(
        "urls.txt",
        b"# name: hills\nhttps://bad.example/a?b=1\n\nbad.example  # a domain\n0.0.0.0 worse.example\nnot one\n",
        ListHeader("urls", "hills"),
        (
            ("url", "https://bad.example/a?b=1", "", "", False),
            ("domain", "bad.example", "", "", False),
            ("domain", "worse.example", "", "", False),
        ),
        malformed=(6,),
    ),
)
