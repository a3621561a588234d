"""RenderOptions that several commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.pipeline.audit import Report

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

rules_option = click.option(
    "--rules",
    "rules",
    multiple=True,
    type=FOLDER,
    metavar="DIR",
    help="A further folder of rules, profiles and vocabularies (repeatable).",
)
profile_option = click.option(
    "--profile",
    default="default",
    show_default=True,
    metavar="NAME",
    help="Whose severities count: default, research, hub, gate, search, or one of your own.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(0), default=0, metavar="N", help="Worker processes (default: one a core)."
)

isolated_option = click.option(
    "--isolated", is_flag=True, help="Do not load readers and list formats that other installed packages add."
)


def pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """``WHAT=VALUE`` options as a mapping."""
    split = [text.partition("=") for text in given]
    for name, equals, value in split:
        if not (name and equals and value):
            raise click.BadParameter(f"{name!r}: write WHAT=VALUE")
    return {name: value for name, _, value in split}


algorithm_option = click.option(
    "--algorithm", default="", metavar="A", help="What the hashes of a list file are, where it does not say."
)
column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    callback=pairs,
    metavar="A=NAME",
    help="A CSV's column: md5, sha1, sha256, pdq, photodna, url, id, classification … (repeatable).",
)


def _known_formats(context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if such formats are installed. Rendering is imported only when a format is named."""
    if names:
        from auditor.render import report_formats

        for name in names:
            if name not in report_formats():
                raise click.BadParameter(f"there is no format {name!r}; there are {', '.join(report_formats())}")
    return names


def _complete_format(context: click.Context, option: click.Parameter, incomplete: str) -> list[str]:
    from auditor.render import report_formats

    return [name for name in report_formats() if name.startswith(incomplete)]


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--format`` and ``-o``: the first file takes the first format, and so on."""
    formats = click.option(
        "--format",
        "formats",
        multiple=True,
        callback=_known_formats,
        shell_complete=_complete_format,
        metavar="F",
        help="terminal (default), html, json, sarif, csv (repeatable; give each but one an -o).",
    )
    files = click.option(
        "-o",
        "--output",
        "files",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Where the report goes; its suffix tells the format where --format does not.",
    )
    return formats(files(command))


def write(
    report: Report, names: tuple[str, ...], files: tuple[Path, ...], *, places: bool = False, share: bool = False
) -> None:
    """Write the report: each format into its file, the one without a file to stdout."""
    from auditor.render import report_formats
    from auditor.reporting.render_options import RenderOptions

    suffixes = {".txt": "terminal", **{f".{name}": name for name in report_formats()}}
    chosen = list(names) + [suffixes.get(path.suffix.lower(), "terminal") for path in files[len(names) :]]
    if len(chosen) > len(files) + 1:
        raise click.UsageError("only one format can go to stdout: give each of the others an -o FILE")
    for name, path in zip(chosen, files, strict=False):
        try:
            with open(path, "w", encoding="utf-8", newline="") as out:
                report_formats()[name].render(report, out, RenderOptions(places=places, share=share))
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}; name another file with -o") from error
    if len(chosen) > len(files) or not files:
        with standard_output() as out:
            options = RenderOptions(places=places, share=share, colour=out.isatty())
            report_formats()[chosen[-1] if chosen else "terminal"].render(report, out, options)


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Stdout as UTF-8, written to the end."""
    try:
        with cast("TextIO", click.open_file("-", "w", encoding="utf-8")) as out:
            yield out
            out.flush()
    except BrokenPipeError:
        raise  # the reader has gone (``| head``): click knows what to do
    except OSError as error:
        raise UsageError(f"the output cannot be written: {error.strerror}; send it elsewhere") from error
