"""Progress for the person who waits: a reporter that says nothing unless a better one is given.

A scan calls these methods and knows no more of them; what they show never enters a report.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from auditor.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class NullReporter:
    """Does nothing; the base of every reporter. Methods are called from one thread."""

    def start(self, files: int | None, size: int | None) -> None:
        """A scan begins; ``files`` and ``size`` (bytes) in all, as far as they are known."""

    def advance(self, files: int = 0, size: int = 0, samples: int = 0, findings: int = 0) -> None:
        """So many more files, bytes, samples and findings are done."""

    def note(self, message: str) -> None:
        """Something a person who waits would want to know now."""

    def finish(self) -> None:
        """The scan is over, or was interrupted. May be called more than once."""


class TerminalReporter(NullReporter):
    """A line on stderr: files done, rate, time left, samples and findings so far; notes above it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._samples = self._findings = 0

    def start(self, files: int | None, size: int | None) -> None:
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
    """A line of progress where ``stream`` (stderr) is a terminal, else silence."""
    stream = stream or sys.stderr
    return TerminalReporter(stream) if stream.isatty() else NullReporter()
