"""A reviewer's own settings: cases they passed, categories they do not want to see, and how the page behaves.

They are in a private file beside the program's other settings, never in the ledger, and never counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from auditor.errors import UsageError

BREAK_MINUTES = 45
MAX_PASSED_CASES = 10_000  # the newest are kept
MAX_LEFT_OUT_CASES = 20_000  # the newest are kept


@dataclass(frozen=True, slots=True)
class Preferences:
    """``apart`` are categories that this reviewer does not want to see; ``passed`` are cases left to others.

    ``left_out`` are cases that the reviewer took out of decisions on their groups.
    """

    passed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    unmask: bool = False
    keys: bool = True
    break_minutes: int = BREAK_MINUTES


@dataclass(slots=True)
class PreferenceStore:
    """A reviewer's preferences and their file. ``path`` is None for one whose preferences are not saved."""

    reviewer: str
    path: Path | None = None
    preferences: Preferences = field(default_factory=Preferences)

    @classmethod
    def load(cls, reviewer: str, path: Path | None) -> PreferenceStore:
        """Return the store of a file, or a new one.

        Raises :class:`UsageError` if the file was not written by this program.
        """
        if path is None:
            return cls(reviewer)
        try:
            content = json.loads(path.read_bytes())
            kept: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
            }
            if not all(_has_type(value, _FIELD_TYPES[name]) for name, value in kept.items()):
                raise ValueError("other values than this program writes")
            return cls(reviewer, path, Preferences(**kept))
        except FileNotFoundError:
            return cls(reviewer, path)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise UsageError(f"{path}: holds no preferences that can be read; remove it to start again") from error

    def update(self, change: Callable[[Preferences], Preferences]) -> None:
        """Replace the preferences by `change(preferences)`, saved when this returns. Raises :class:`UsageError`."""
        self.preferences = change(self.preferences)
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, part = tempfile.mkstemp(dir=self.path.parent, prefix=".choices-")  # mode 0600
            try:
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    json.dump(asdict(self.preferences), file)
                os.replace(part, self.path)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part)
                raise
        except OSError as error:
            raise UsageError(f"{self.path}: your preferences cannot be saved: {error.strerror}") from error

    def pass_case(self, case: str) -> None:
        """Leave a case to others, without a reason."""
        self.update(
            lambda old: replace(
                old, passed=(*(passed for passed in old.passed if passed != case), case)[-MAX_PASSED_CASES:]
            )
        )

    def leave_out(self, shown: Iterable[str], taken: Iterable[str]) -> None:
        """Remember which of the shown cases of a group a decision leaves out: all that are not taken."""
        shown, taken = tuple(shown), frozenset(taken)
        self.update(
            lambda old: replace(
                old,
                left_out=(
                    *(case for case in old.left_out if case not in shown),
                    *(case for case in shown if case not in taken),
                )[-MAX_LEFT_OUT_CASES:],
            )
        )

    def restore_case(self, case: str) -> None:
        """Undo passing a case."""
        self.update(lambda old: replace(old, passed=tuple(passed for passed in old.passed if passed != case)))


_FIELD_TYPES = get_type_hints(Preferences)


def _has_type(value: object, kind: object) -> bool:
    """Return whether a stored preference has the type of its field."""
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(isinstance(one, get_args(kind)[0]) for one in value)
    return type(value) is kind
