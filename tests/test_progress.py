"""Progress is shown to a person at a terminal and to nobody else."""

from __future__ import annotations

import io

from auditor.progress import NullReporter, TerminalReporter, create_reporter


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_nothing_is_written() -> None:
    stream = io.StringIO()
    progress = create_reporter(stream)
    progress.start(10, None)
    progress.advance(10, 5, 3, 1)
    progress.note("x")
    progress.finish()
    assert type(progress) is NullReporter
    assert stream.getvalue() == ""


def test_a_terminal_shows_files_samples_and_findings() -> None:
    screen = Screen()
    progress = create_reporter(screen)
    assert isinstance(progress, TerminalReporter)
    progress.start(10, 100)
    progress.advance(4, 40, 1200, 3)
    progress.note("look\x1b[2J")
    progress.finish()
    progress.finish()
    assert "look\\u{1b}[2J" in screen.getvalue()
    assert "4/10" in screen.getvalue()
    assert "1,200 samples · 3 findings" in screen.getvalue()


def test_progress_of_unknown_length_and_before_the_start_is_harmless() -> None:
    screen = Screen()
    progress = TerminalReporter(screen)
    progress.advance(1)
    progress.note("early")
    progress.start(None, None)
    progress.advance(1)
    progress.finish()
    assert screen.getvalue().startswith("early\n")
