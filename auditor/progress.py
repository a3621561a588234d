"""Reporters of a scan's progress: none, a line on a terminal, lines in a log, and JSON lines for programs.

What they show never enters a report. How many samples match a list is shown on a terminal and in a file that the user
names, never in a log, which may be public.
"""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.timestamps import current_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

KINDS = ("auto", "plain", "json", "none")
# The rate is that of the last minutes: what a scan reads changes on its way.
RATE_SECONDS = 180
# Between two lines in a log, and two JSON lines.
LOG_SECONDS, JSON_SECONDS = 30, 1
# What opening and judging a file costs, as bytes to read: that of auditor.pipeline.shard, by its limits of a shard.
FILE_COST_BYTES = 16 * 1024


@dataclass(slots=True)
class ScanState:
    """How far a scan is. What a resumed scan had done before counts as done, and not for the rate.

    Attributes:
        clock: Returns seconds; for tests.
        files: Files that are done.
        size: Bytes of them that were to be read.
        samples: Samples that were read.
        hits: Matches of samples with lists.
        resumed_files: How many of the files an earlier process had done.
        total_files: How many files there are; None: not known.
        total_size: How many bytes of them are to be read; None: not known.
    """

    clock: Callable[[], float] = time.monotonic
    files: int = 0
    size: int = 0
    samples: int = 0
    hits: int = 0
    resumed_files: int = 0
    total_files: int | None = None
    total_size: int | None = None
    _work: int = 0  # of this process, in bytes
    _recent: deque[tuple[float, int, int]] = field(default_factory=deque)  # time, files and work of this process

    def __post_init__(self) -> None:
        self._recent.append((self.clock(), 0, 0))

    def add(self, files: int, size: int, samples: int, hits: int, *, resumed: bool) -> None:
        """Add what was done."""
        self.files += files
        self.size += size
        self.samples += samples
        self.hits += hits
        now = self.clock()
        if resumed:
            self.resumed_files += files
        else:
            self._work += size + files * FILE_COST_BYTES
            self._recent.append((now, self.files - self.resumed_files, self._work))
        while len(self._recent) > 2 and self._recent[1][0] < now - RATE_SECONDS:
            self._recent.popleft()

    @property
    def rates(self) -> tuple[float, float]:
        """Files a second, and bytes of work a second, over the last minutes; (0, 0) before anything was done."""
        (began, files, work), (_, files_now, work_now) = self._recent[0], self._recent[-1]
        seconds = self.clock() - began
        return ((files_now - files) / seconds, (work_now - work) / seconds) if seconds > 0 else (0.0, 0.0)

    @property
    def share(self) -> float | None:
        """Which share of the work is done; None: not known."""
        total = self._total_work
        return min(1.0, self._done_work / total) if total else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest takes at the present rate; None: not known."""
        _, rate = self.rates
        total = self._total_work
        return max(0.0, (total - self._done_work) / rate) if total and rate else None

    @property
    def _done_work(self) -> int:
        return self.size + self.files * FILE_COST_BYTES

    @property
    def _total_work(self) -> int | None:
        if self.total_files is None or self.total_size is None:
            return None
        return self.total_size + self.total_files * FILE_COST_BYTES


class NullReporter:
    """A reporter that does nothing, and the base of every other. Its methods are called from one thread."""

    @property
    def wants_total(self) -> bool:
        """Whether all files are to be counted now, which takes as long as listing them: someone waits."""
        return type(self) is not NullReporter

    def start(self, files: int | None, size: int | None) -> None:
        """Begin a scan of so many ``files`` with ``size`` bytes to read in all, as far as they are known."""

    def set_total(self, files: int, size: int) -> None:
        """Say how much there is in all, once that is known."""

    def advance(self, files: int = 0, size: int = 0, samples: int = 0, hits: int = 0, *, resumed: bool = False) -> None:
        """Add what has been done since the last call.

        Args:
            files: Files that are done.
            size: Their bytes that were to be read.
            samples: Samples that were read.
            hits: Matches of samples with lists.
            resumed: An earlier process of the same run had done it.
        """

    def note(self, message: str) -> None:
        """Show a message at once."""

    def finish(self) -> None:
        """End the scan, also after an interruption. May be called more than once."""


class _StatefulReporter(NullReporter, ABC):
    """A reporter that shows how far a scan is, on a stream."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._state: ScanState | None = None

    def start(self, files: int | None, size: int | None) -> None:
        """Begin; finish the scan before."""
        self.finish()
        self._state = ScanState(self._clock, total_files=files, total_size=size)
        self._show("start")

    def set_total(self, files: int, size: int) -> None:
        if self._state:
            self._state.total_files, self._state.total_size = files, size

    def advance(self, files: int = 0, size: int = 0, samples: int = 0, hits: int = 0, *, resumed: bool = False) -> None:
        """Add what was done, and show it."""
        if self._state:
            self._state.add(files, size, samples, hits, resumed=resumed)
            self._show("progress")

    def finish(self) -> None:
        if self._state:
            self._show("end")
        self._state = None

    @abstractmethod
    def _show(self, event: str) -> None:
        """Show the state after an event of the scan: start, progress or end."""


class TerminalReporter(_StatefulReporter):
    """A reporter that shows a line on a terminal: files, rate, time left, samples and matches; messages above it."""

    _progress: Progress | None = None
    _task: TaskID | None = None

    def note(self, message: str) -> None:
        if self._progress is None:
            print(printable(message), file=self._stream)
        else:
            self._progress.console.print(printable(message), markup=False, highlight=False)

    def _show(self, event: str) -> None:
        assert self._state
        if event == "end":
            if self._progress:
                self._progress.stop()
            self._progress = self._task = None
            return
        if self._progress is None:
            self._progress = self._begin()
            self._task = self._progress.add_task("", total=None, done="", rest="")
            self._progress.start()
        state = self._state
        counts = (
            f"{count_with_noun(state.samples, 'sample')} · {state.hits:,} {'match' if state.hits == 1 else 'matches'}"
        )
        rest = f"{_rate_text(state)} · {counts}{_left_text(state, ' · ')}"
        total = None if state.share is None else 1.0
        assert self._task is not None
        self._progress.update(self._task, total=total, completed=state.share or 0, done=_files_text(state), rest=rest)

    def _begin(self) -> Progress:
        """Return the progress line of a scan."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        return Progress(
            TextColumn("Scanning"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[done]} · {task.fields[rest]}"),
            console=Console(file=self._stream),
            transient=True,
            refresh_per_second=4,
        )


class LogReporter(_StatefulReporter):
    """A reporter that writes a line into a log from time to time; a short scan writes none."""

    _written: float = 0.0
    _has_total = False

    @property
    def wants_total(self) -> bool:
        """Whether a line is due whose time left needs the number of all files."""
        return self._state is not None and not self._has_total and self._is_due

    def set_total(self, files: int, size: int) -> None:
        super().set_total(files, size)
        self._has_total = True

    def note(self, message: str) -> None:
        print(printable(message), file=self._stream, flush=True)

    @property
    def _is_due(self) -> bool:
        return self._clock() - self._written >= LOG_SECONDS

    def _show(self, event: str) -> None:
        assert self._state
        if event == "start":
            self._written, self._has_total = self._clock(), self._state.total_files is not None
        elif event == "progress" and self._is_due:
            self._written = self._clock()
            state = self._state
            share = "" if state.share is None else f" ({state.share:.0%})"
            text = f"{_files_text(state)}{share}, {count_with_noun(state.samples, 'sample')}, {_rate_text(state)}"
            print(f"scanning: {text}{_left_text(state, ', ')}", file=self._stream, flush=True)


class JsonReporter(_StatefulReporter):
    """A reporter that writes one JSON object a line: at the start, once a second at most, and at the end."""

    def __init__(
        self,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        shows_hits: bool = False,
    ) -> None:
        super().__init__(stream, clock)
        self._shows_hits = shows_hits
        self._written = 0.0

    def note(self, message: str) -> None:
        self._write({"event": "note", "time": current_time(), "message": message})

    def _show(self, event: str) -> None:
        assert self._state
        if event == "progress" and self._clock() - self._written < JSON_SECONDS:
            return
        self._written = self._clock()
        state = self._state
        files_rate, _ = state.rates
        self._write(
            {
                "event": event,
                "time": current_time(),
                "files": state.files,
                "files_total": state.total_files,
                "files_resumed": state.resumed_files,
                "bytes": state.size,
                "bytes_total": state.total_size,
                "samples": state.samples,
                **({"matches": state.hits} if self._shows_hits else {}),
                "share": None if state.share is None else round(state.share, 4),
                "files_per_second": round(files_rate, 2),
                "seconds_left": None if state.seconds_left is None else round(state.seconds_left),
            }
        )

    def _write(self, content: dict[str, object]) -> None:
        """Write one line."""
        print(json.dumps(content), file=self._stream, flush=True)


class SeveralReporters(NullReporter):
    """Reporters that are told the same."""

    def __init__(self, *reporters: NullReporter) -> None:
        self._reporters = reporters

    @property
    def wants_total(self) -> bool:
        return any(reporter.wants_total for reporter in self._reporters)

    def start(self, files: int | None, size: int | None) -> None:
        for reporter in self._reporters:
            reporter.start(files, size)

    def set_total(self, files: int, size: int) -> None:
        for reporter in self._reporters:
            reporter.set_total(files, size)

    def advance(self, files: int = 0, size: int = 0, samples: int = 0, hits: int = 0, *, resumed: bool = False) -> None:
        for reporter in self._reporters:
            reporter.advance(files, size, samples, hits, resumed=resumed)

    def note(self, message: str) -> None:
        for reporter in self._reporters:
            reporter.note(message)

    def finish(self) -> None:
        for reporter in self._reporters:
            reporter.finish()


def create_reporter(kind: str = "auto", stream: TextIO | None = None) -> NullReporter:
    """Return a reporter of progress for a stream, by default stderr.

    Args:
        kind: One of :data:`KINDS`; auto: a line on a terminal, else lines as in a log.
        stream: Where it writes.
    """
    stream = stream or sys.stderr
    if kind == "none":
        return NullReporter()
    if kind == "json":
        return JsonReporter(stream)
    return TerminalReporter(stream) if kind == "auto" and stream.isatty() else LogReporter(stream)


def _files_text(state: ScanState) -> str:
    """Return how many files are done, of how many, for a line of progress."""
    if state.total_files is None:
        return count_with_noun(state.files, "file")
    return f"{state.files:,} of {count_with_noun(state.total_files, 'file')}"


def _rate_text(state: ScanState) -> str:
    """Return the present rate for a line of progress."""
    rate, _ = state.rates
    return f"{rate:,.0f} a second" if rate >= 1 else f"{rate * 60:,.1f} a minute"


def _left_text(state: ScanState, separator: str) -> str:
    """Return about how long the rest takes, for a line of progress; "" if that is not known."""
    seconds = state.seconds_left
    if seconds is None:
        return ""
    minutes, hours = seconds / 60, seconds / 3600
    text = f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if hours < 2 else f"{hours:.1f} h"
    return f"{separator}about {text} left"
