"""What is said of an error that nobody caught: one line, and the traceback only where it was asked for."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

# EX_SOFTWARE of sysexits.h: an internal error of the program.
EXIT_CODE = 70
_PACKAGE = Path(__file__).parents[1]


def is_verbose() -> bool:
    """Return whether ``-v`` was given, so that a fault is reported with its traceback."""
    return logging.getLogger().isEnabledFor(logging.INFO)


@contextmanager
def hidden_tracebacks() -> Iterator[None]:
    """Keep Python from printing tracebacks of threads and of objects that are deleted, unless ``-v`` was given."""
    before = threading.excepthook, sys.unraisablehook

    def thread_error(arguments: threading.ExceptHookArgs) -> None:
        if is_verbose():
            before[0](arguments)

    def unraisable_error(arguments: sys.UnraisableHookArgs) -> None:
        if is_verbose():
            before[1](arguments)

    threading.excepthook, sys.unraisablehook = thread_error, unraisable_error
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


def report_fault(error: Exception) -> None:
    """Print a fault that nobody caught to stderr in one line, and what to do; after the traceback, if ``-v`` was given.

    The message of an error of ours may quote what is audited, so only its type and place are told.
    """
    if is_verbose():
        traceback.print_exception(error)
    notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if isinstance(error.filename, str) else ""
        click.echo(f"auditor: cannot go on: {name}{error.strerror}{notes}; see where with `auditor -v`", err=True)
        return
    click.echo(
        f"auditor: a fault of auditor itself: {type(error).__name__} in {_place(error)}{notes}; please report it to "
        "the project, without names that are confidential, with the traceback that `auditor -v` shows",
        err=True,
    )


def _place(error: Exception) -> str:
    """Return the file and line of this package where the fault came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    return ", line ".join((str(Path(own[-1].filename).relative_to(_PACKAGE.parent)), str(own[-1].lineno)))
