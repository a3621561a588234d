"""Show where what is known of a subject outside the run comes from: a context, or the table of well-known bases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins of subjects that are not in the run, by (kind, name): words for people, such as a context's name."""

    by_subject: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def show(self, kind: str, name: str) -> str:
        """Return the name of a subject, with its origin in brackets if it is not in the run."""
        origin = self.by_subject.get((kind, name))
        return f"{name} ({origin})" if origin else name

    def note(self, kind: str, name: str) -> str:
        """Return what is added to a remark on a subject that is not in the run; "" for others."""
        origin = self.by_subject.get((kind, name))
        return f"; by {origin}" if origin else ""


IN_RUN = Origins()
