"""What a reviewer has chosen for themselves: what they pass on, would rather not see, and how the page behaves.

It is theirs alone: a private file beside the program's other settings, never in the ledger, never counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from auditor.errors import UsageError

BREAK_MINUTES = 45
PASSED = 10_000  # the newest are kept


@dataclass(frozen=True, slots=True)
class Choices:
    """``apart`` are categories that this reviewer does not want to see; ``passed`` are cases left to others."""

    passed: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    unmask: bool = False
    keys: bool = True
    break_minutes: int = BREAK_MINUTES


@dataclass(slots=True)
class Seat:
    """A reviewer at this page. ``path`` is None for one whose choices are not kept."""

    reviewer: str
    path: Path | None = None
    choices: Choices = field(default_factory=Choices)

    @classmethod
    def of(cls, reviewer: str, path: Path | None) -> Seat:
        """Raises :class:`UsageError` for a file that this program did not write."""
        if path is None:
            return cls(reviewer)
        try:
            content = json.loads(path.read_bytes())
            kept: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
            }
            if not all(_fits(value, _KINDS[name]) for name, value in kept.items()):
                raise ValueError("other values than this program writes")
            return cls(reviewer, path, Choices(**kept))
        except FileNotFoundError:
            return cls(reviewer, path)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise UsageError(f"{path}: holds no choices that can be read; remove it to begin anew") from error

    def change(self, how: Callable[[Choices], Choices]) -> None:
        """Change what was chosen; on disk when this returns. Raises :class:`UsageError`."""
        self.choices = how(self.choices)
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, part = tempfile.mkstemp(dir=self.path.parent, prefix=".choices-")  # mode 0600
            try:
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    json.dump(asdict(self.choices), file)
                os.replace(part, self.path)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part)
                raise
        except OSError as error:
            raise UsageError(f"{self.path}: your choices cannot be kept: {error.strerror}") from error

    def pass_on(self, case: str) -> None:
        """Leave a case to others, without a reason."""
        self.change(lambda was: replace(was, passed=(*(old for old in was.passed if old != case), case)[-PASSED:]))

    def take_back(self, case: str) -> None:
        self.change(lambda was: replace(was, passed=tuple(old for old in was.passed if old != case)))


_KINDS = get_type_hints(Choices)


def _fits(value: object, kind: object) -> bool:
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(isinstance(one, get_args(kind)[0]) for one in value)
    return type(value) is kind
