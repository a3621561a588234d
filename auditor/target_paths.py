"""Tell whether a path lies in a target: nothing from there decides how the target is audited."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def target_that_holds(path: str | os.PathLike[str], targets: Iterable[str]) -> str:
    """Return the first target that is a path or holds it, as written or behind its links; "" if none does."""
    places = {Path(os.path.abspath(path)), Path(os.path.realpath(path))}
    places |= set(_links_on_the_way(Path(os.path.abspath(path))))
    for target in targets:
        if "://" in target:  # not on this machine
            continue
        roots = {Path(os.path.abspath(target)), Path(os.path.realpath(target))}
        if any(place.is_relative_to(root) for place in places for root in roots):
            return target
    return ""


def _links_on_the_way(path: Path) -> Iterator[Path]:
    """Yield what each link of a path leads to, step by step: one in a target may lead out of it again."""
    for _ in range(40):  # as many as Linux follows
        link = next((part for part in (path, *path.parents) if part.is_symlink()), None)
        if link is None:
            return
        below = path.relative_to(link)
        path = Path(os.path.abspath(link.parent / os.readlink(link) / below))
        yield path
