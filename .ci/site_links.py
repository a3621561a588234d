"""Hook of mkdocs: files outside docs/ that pages link to are part of the site, below repository/."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
OUTSIDE = "repository/"
SHOWN = ("*.md", "LICENSE", "Dockerfile", "action.yml", "rules/README.md", "reports/example/*", "reports/schema/*")
LINK = re.compile(r'(?P<before>\]\(|(?:src|href)=")(?P<path>[^)\s"#:]+)(?=[#)"])')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside docs/."""
    for pattern in SHOWN:
        for path in sorted(ROOT.glob(pattern)):
            source = OUTSIDE + path.relative_to(ROOT).as_posix()
            level = InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, source, abs_src_path=str(path), inclusion=level))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links lead where the linked file is in the site."""

    def moved(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(_in_repository(page.file.src_uri)), match["path"]))
        if not (ROOT / target).is_file():
            return match[0]
        return match["before"] + posixpath.relpath(_in_site(target), posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(moved, markdown)


def _in_repository(source: str) -> str:
    return source.removeprefix(OUTSIDE) if source.startswith(OUTSIDE) else f"docs/{source}"


def _in_site(path: str) -> str:
    return path.removeprefix("docs/") if path.startswith("docs/") else OUTSIDE + path
