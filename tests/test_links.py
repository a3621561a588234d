"""Every relative link of the documentation leads to a file, and every anchor to a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "rules" / "README.md"])
MARKDOWN = MarkdownIt("commonmark").enable("table")


def _tokens(page: Path) -> Iterator[tuple[Token, Token | None]]:
    """Each token of a page, those of a line's text with the token that holds them."""
    for token in MARKDOWN.parse(page.read_text(encoding="utf-8")):
        yield token, None
        for child in token.children or ():
            yield child, token


def links_of(page: Path) -> list[str]:
    """Return where the links and pictures of a page lead, in Markdown and in HTML."""
    found = []
    for token, _ in _tokens(page):
        found += [str(token.attrs[name]) for name in ("href", "src") if name in token.attrs]
        if token.type.startswith("html"):
            found += re.findall(r'(?:href|src)="([^"]+)"', token.content)
    return found


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives a page's headings; one that comes again has a number."""
    anchors: set[str] = set()
    heading = False
    for token, parent in _tokens(page):
        if parent is None:
            if token.type == "inline" and heading:
                text = "".join(child.content for child in token.children or ())
                anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
                number = sum(1 for known in anchors if re.fullmatch(re.escape(anchor) + r"(-\d+)?", known))
                anchors.add(f"{anchor}-{number}" if number else anchor)
            heading = token.type == "heading_open"
    return frozenset(anchors)


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    broken = []
    for link in links_of(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = page.parent / unquote(parts.path) if parts.path else page
        if not target.exists() or (parts.fragment and parts.fragment not in anchors_of(target.resolve())):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_file_and_a_heading_that_are_not_there_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Of `rules`: two\n\n## Again\n\n## Again\n\n[a](#of-rules-two) [b](#again-1) [c](page.md#again)\n"
        '[lost](other.md) [wrong](#two) [far](https://example.org/x#y)\n\n<img src="lost.png">\n\n`[code](no.md)`\n',
        encoding="utf-8",
    )
    assert broken_links(page) == ["other.md", "#two", "lost.png"]


def test_every_page_is_in_the_table_of_pages() -> None:
    listed = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links_of(ROOT / "docs" / "README.md")}
    pages = {page for page in PAGES if page.parent == ROOT / "docs" and page.name != "README.md"}
    assert sorted(page.name for page in pages - listed) == []
