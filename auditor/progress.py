"""Reporters of a scan's progress: one that does nothing, and one that shows a line on a terminal.

What they show never enters a report.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from auditor.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class NullReporter:
    """A reporter that does nothing, and the base of every other. Its methods are called from one thread."""

    def start(self, files: int | None, size: int | None) -> None:
        """Begin a scan of so many ``files`` with ``size`` bytes in all, as far as they are known."""

    def advance(self, files: int = 0, size: int = 0, samples: int = 0, findings: int = 0) -> None:
        """Add what has been done since the last call; ``size`` is in bytes."""

    def note(self, message: str) -> None:
        """Show a message at once."""

    def finish(self) -> None:
        """End the scan, also after an interruption. May be called more than once."""


class TerminalReporter(NullReporter):
    """A reporter that shows a line on stderr: files done, rate, time left, samples and findings; messages above it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._samples = self._findings = 0

    def start(self, files: int | None, size: int | None) -> None:
        """Begin the progress line; finish the one before."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.finish()
        self._samples = self._findings = 0
        self._progress = Progress(
            TextColumn("Scanning"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("files · {task.fields[rate]} · {task.fields[found]}"),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
            transient=True,
            refresh_per_second=4,
        )
        self._task = self._progress.add_task("", total=files, rate="", found="")
        self._progress.start()

    def advance(self, files: int = 0, size: int = 0, samples: int = 0, findings: int = 0) -> None:
        """Add what was read, and show it."""
        if self._progress is None or self._task is None:
            return
        self._samples += samples
        self._findings += findings
        speed = self._progress.tasks[0].speed
        self._progress.update(
            self._task,
            advance=files,
            rate=f"{speed:,.0f} a second" if speed else "…",
            found=f"{self._samples:,} samples · {self._findings:,} findings",
        )

    def note(self, message: str) -> None:
        if self._progress is None:
            print(printable(message), file=self._stream)
        else:
            self._progress.console.print(printable(message), markup=False, highlight=False)

    def finish(self) -> None:
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None


def create_reporter(stream: TextIO | None = None) -> NullReporter:
    """Return a reporter of progress for a stream (stderr by default): silent unless the stream is a terminal."""
    stream = stream or sys.stderr
    return TerminalReporter(stream) if stream.isatty() else NullReporter()
