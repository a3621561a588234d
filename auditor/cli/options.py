"""Options that several commands share, as decorators, and where reports are written."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TextIO, cast

import click

from auditor.ci_environment import runs_in_ci
from auditor.errors import UsageError
from auditor.model import Audience
from auditor.progress import KINDS, JsonReporter, NullReporter, SeveralReporters, create_reporter
from auditor.render import format_of_file, render_report, report_format_names, report_format_suffixes, report_formats

if TYPE_CHECKING:
    from auditor.pipeline.report import Report
    from auditor.reporting.render_options import RenderOptions

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW_FOLDER = click.Path(file_okay=False, path_type=Path)
DEFAULT_FORMAT = "terminal"
FILE_DIGESTS = ("sha256", "xet", "blake3")
# The formats whose AUDIENCE is author, which a test compares: a command starts faster if it imports no format.
AUTHOR_FORMATS = ("cyclonedx", "github", "junit", "markdown", "sarif")

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
    help="The profile that sets severities: default, research, hub, gate, search, or one of your own.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Number of worker processes (default: one per core).",
)
fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(["note", "warning", "error", "never"]),
    default="error",
    show_default=True,
    help="Exit 1 for a finding of this severity or above.",
)

baseline_option = click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Findings and gaps that are accepted until a day (auditor baseline new); the report counts and names them.",
)

context_option = click.option(
    "--context",
    multiple=True,
    type=FOLDER,
    metavar="RUN",
    help="Look up the parents of what is judged, which the targets do not hold, in this finished run (repeatable).",
)
_ISOLATED = "auditor.isolated"
isolated_option = click.option(
    "--isolated",
    is_flag=True,
    help="Read no settings file and no AUDITOR_ variables, and load no readers and list formats that other packages "
    "add.",
)


def _keep_isolated(context: click.Context, option: click.Parameter, value: bool) -> None:
    """Keep for :func:`configurable` whether a command is to read no settings."""
    context.meta[_ISOLATED] = value


# Of commands that read finished runs, and therefore nothing that other packages add.
no_settings_option = click.option(
    "--isolated",
    is_flag=True,
    expose_value=False,
    callback=_keep_isolated,
    help="Read no settings file and no AUDITOR_ variables.",
)
trust_target_option = click.option(
    "--trust-target",
    is_flag=True,
    help="The targets are your own: their settings file, baseline and packages are used, and their .gitignore files "
    "leave files out. The report says so first.",
)


quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Print no progress and no messages, and the terminal summary only if the exit code is not 0.",
)
progress_option = click.option(
    "--progress",
    type=click.Choice(KINDS),
    default="auto",
    show_default=True,
    help="How progress is shown on stderr: a line on a terminal, else one every half minute (plain); JSON lines; none.",
)
progress_file_option = click.option(
    "--progress-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write progress as JSON lines into FILE, for a program.",
)


@contextmanager
def progress_reporter(kind: str, path: Path | None) -> Iterator[NullReporter]:
    """Create the reporter that the options for progress ask for; it is finished, and its file closed, at the end."""
    with ExitStack() as stack:
        reporter = create_reporter(kind)
        if path is not None:
            try:
                file = stack.enter_context(open(path, "w", encoding="utf-8"))
            except OSError as error:
                raise UsageError(f"--progress-file {path}: cannot be written: {error.strerror}") from error
            # A build's files may be public, as its log is.
            reporter = SeveralReporters(reporter, JsonReporter(file, shows_hits=not runs_in_ci()))
        stack.callback(reporter.finish)
        yield reporter


def configurable(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take the values of a command's options that the command line does not give from the user's settings.

    Goes right below ``@click.command``. What is audited, as the arguments or the runs tell, brings no settings.
    """

    @functools.wraps(command)
    def with_settings(*args: Any, **options: Any) -> Any:
        context = click.get_current_context()
        if not (options.get("isolated") or context.meta.get(_ISOLATED)):
            options |= _options_from_settings(context, options)
        return command(*args, **options)

    return with_settings


def _options_from_settings(context: click.Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the user's settings for the options of a command that were not given."""
    from auditor.settings import SETTINGS, load_settings

    settings = load_settings(() if options.get("trust_target") else _audited(options))
    for path in () if options.get("quiet") else settings.ignored:
        click.echo(f"{path}: not read, as it lies in a target; if that is yours, give --trust-target", err=True)
    found: dict[str, Any] = {}
    for parameter in context.command.params:
        key = max(parameter.opts, key=len).removeprefix("--")
        is_given = context.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.DEFAULT
        if parameter.name and key in SETTINGS and key in settings.values and not is_given:
            setting = settings.values[key]
            try:
                found[parameter.name] = parameter.process_value(context, setting.value)
            except click.BadParameter as error:
                raise UsageError(f"{setting.source}: {key}: {error.message}") from error
    return found


def _audited(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the targets of a command: its own, or those of its runs."""
    from auditor.errors import RunError
    from auditor.pipeline.run_folder import read_run, untrusted_roots

    runs = (options[name] for name in ("run", "old", "new") if options.get(name))
    try:
        roots = untrusted_roots([read_run(folder) for folder in (*runs, *options.get("runs", ()))])
    except RunError:  # the command itself says what is wrong
        roots = ()
    return (*options.get("targets", ()), *roots)


def parse_pairs(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Parse the values of a repeatable option ``WHAT=VALUE`` into a mapping."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise click.BadParameter(f"{name!r}: write WHAT=VALUE")
    return {name: value for name, _, value in pairs}


def _parse_country(context: click.Context, option: click.Parameter, text: str) -> str:
    """Return the country code that ``--country`` names, in capitals."""
    if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise click.BadParameter(f"{text!r}: write the two letters of the country, such as GB (ISO 3166)")
    return text.upper()


country_option = click.option(
    "--country",
    default="",
    callback=_parse_country,
    metavar="XX",
    help="The country whose hotline the summary names, as two letters (`auditor hotlines` lists them).",
)


def parse_digests(context: click.Context, option: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Parse the value of ``--digests``, names with commas between them."""
    names = tuple(name for part in (text or "").split(",") if (name := part.strip().lower()))
    for name in names:
        if name not in FILE_DIGESTS:
            raise click.BadParameter(f"{name!r}: write one or more of {', '.join(FILE_DIGESTS)}")
    return names


algorithm_option = click.option(
    "--algorithm", default="", metavar="A", help="The algorithm of a list file's hashes, if the file does not say."
)
column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    callback=parse_pairs,
    metavar="A=NAME",
    help="The column of a list file (CSV) that holds A: md5, sha1, sha256, pdq, photodna, url, id, … (repeatable).",
)


class ReportOutput(NamedTuple):
    """A report to write: its format, its file (None: standard output), and who reads it ("": as the format says)."""

    format_name: str
    path: Path | None = None
    audience: Audience | Literal[""] = ""


class FormatChoice(click.Choice[str]):
    """A choice of report formats, in whose names ``-`` stands for ``_`` too."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the report format that the value of ``--format`` names."""
        return super().convert(value.replace("-", "_"), param, ctx)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format``, ``-o`` and ``--audience``, and pass them to the command as ``outputs``: ReportOutput.

    Invalid values end the command before it does any work.
    """

    @functools.wraps(command)
    def with_outputs(
        *args: Any, formats: tuple[str, ...], files: tuple[Path, ...], audience: Audience | None, **options: Any
    ) -> Any:
        if options.get("draft") or options.get("evidence"):  # what is written then has no report format
            return command(*args, outputs=(ReportOutput("", files[0] if files else None),), **options)
        outputs = tuple(one._replace(audience=audience or "") for one in plan_outputs(formats, files))
        return command(*args, outputs=outputs, **options)

    formats = click.option(
        "--format",
        "formats",
        multiple=True,
        type=FormatChoice(report_format_names()),
        metavar="F",
        help=f"Report format, such as html or csv (default {DEFAULT_FORMAT}; repeatable; --formats lists all). Of "
        "several, only one can go without an -o.",
    )
    files = click.option(
        "-o",
        "--output",
        "files",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write the report to FILE; without --format, the suffix determines the format (repeatable).",
    )
    listed = click.option(
        "--formats",
        "list_them",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_list_formats,
        help="List the report formats with their suffixes, and exit.",
    )
    audience = click.option(
        "--audience",
        type=click.Choice(["author", "operator"]),
        help="author: of known content, listed models and cases only 'held for a check by people'; the default of the "
        f"formats {', '.join(AUTHOR_FORMATS)}, and of all in CI. operator: everything; in CI it is only written into "
        "the run's folder. The exit code is the same.",
    )
    return formats(listed(files(audience(with_outputs))))


def _list_formats(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    """Print the report formats, as ``--format`` takes them."""
    if wanted and not context.resilient_parsing:
        for name, report_format in report_formats().items():
            click.echo(f"{name}\t{' '.join(report_format.SUFFIXES)}\t{report_format.HELP}")
        context.exit()


def plan_outputs(formats: tuple[str, ...], files: tuple[Path, ...]) -> tuple[ReportOutput, ...]:
    """Pair the options for formats and files: the first format is written to the first file, and so on.

    A file without a format gets the format of its suffix; a format without a file goes to standard output.

    Raises:
        click.UsageError: No format has the suffix, or several formats would go to standard output.
    """
    outputs = [ReportOutput(name, path) for name, path in zip(formats, files, strict=False)]
    outputs += [ReportOutput(_format_of_file(path), path) for path in files[len(formats) :]]
    outputs += [ReportOutput(name) for name in formats[len(files) :]]
    if len(formats) > len(files) + 1:
        raise click.UsageError("only one format can go to stdout: give each of the others an -o FILE")
    return tuple(outputs) or (ReportOutput(DEFAULT_FORMAT),)


def _format_of_file(path: Path) -> str:
    """Return the report format of an output file, by its suffix."""
    if not path.suffix:
        return DEFAULT_FORMAT
    if (name := format_of_file(path.name)) is None:
        raise click.UsageError(
            f"-o {path}: no report format has the suffix {path.suffix}; use one of "
            f"{', '.join(report_format_suffixes())}, or name the format with --format"
        )
    return name


def write_outputs(
    report: Report,
    outputs: tuple[ReportOutput, ...],
    *,
    places: bool = False,
    share: bool = False,
    without_summary: bool = False,
    render: Callable[[str, TextIO, RenderOptions], None] | None = None,
    stem: str = "report",
    verbose: bool = False,
    country: str = "",
) -> None:
    """Write a report into each of the outputs that the options name.

    Args:
        report: The report.
        outputs: Where it is written, and in which format.
        places: Also show where matched samples are.
        share: Leave out every name.
        without_summary: Leave out the summary on stdout.
        render: Writes in a format; None: the report.
        stem: The name of a file that is kept in the run's folder instead, without its suffix.
        verbose: Show everything in a summary.
        country: The country whose hotline a summary names.
    """
    from auditor.reporting.render_options import RenderOptions

    render = render or functools.partial(render_report, report)
    in_ci = runs_in_ci()
    for name, path, audience in outputs:
        if without_summary and path is None and name == DEFAULT_FORMAT:
            continue
        if in_ci:
            audience = audience or ("operator" if places else "author")
            if audience == "operator":
                path = _held_in_run_folder(report, name, path, stem, places=places)
        options = RenderOptions(places, share, audience=audience, verbose=verbose, country=country)
        if path is None:
            with standard_output() as out:
                is_terminal = out.isatty()
                width = shutil.get_terminal_size().columns if is_terminal else options.width
                render(name, out, replace(options, colour=use_colour(is_terminal), width=width))
            continue
        try:
            with create_output(path) as out:
                render(name, out, options)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}; name another file with -o") from error


def write_tables(report: Report, folder: Path, *, places: bool, share: bool) -> None:
    """Write the findings, gaps and, if places are shown, hits of a report as tables, and print the files' names."""
    from auditor.reporting.render_options import RenderOptions
    from auditor.reporting.report_tables import write_report_tables

    # In CI the folder may become an artefact that others can read.
    options = RenderOptions(places, share, audience="author" if runs_in_ci() else "operator")
    for path in write_report_tables(report, folder, options):
        click.echo(path)


def hidden_statement_keys() -> frozenset[str]:
    """Return the statement keys that must not be printed here: in CI those that follow from lists, which is said."""
    from auditor.pipeline.baseline import PROTECTED_KEYS

    if not runs_in_ci():
        return frozenset()
    click.echo("CI logs may be public: what follows from lists is left out here", err=True)
    return PROTECTED_KEYS


def _held_in_run_folder(report: Report, format_name: str, path: Path | None, stem: str, *, places: bool) -> Path | None:
    """Return where an operator's report is written in CI: into the run's folder, which is said on standard error."""
    from auditor.pipeline.run_folder import RESTRICTED, is_in_run_folder

    if report.folder is None or (path is not None and is_in_run_folder(path)):
        return path
    name = path.name if path else f"{stem}{report_formats()[format_name].SUFFIXES[0]}"
    held = (report.folder / RESTRICTED if places else report.folder) / name
    click.echo(
        f"CI logs and files may be public: the {format_name} report for operators is kept in {held}; for a report that "
        "authors may see, use --audience author",
        err=True,
    )
    return held


def use_colour(is_terminal: bool) -> bool:
    """Return whether output has colours: as NO_COLOR and FORCE_COLOR ask (no-color.org), else on terminals alone."""
    if os.environ.get("NO_COLOR"):
        return False
    if forced := os.environ.get("FORCE_COLOR"):
        return forced != "0"
    return is_terminal and os.environ.get("TERM") != "dumb"


@contextmanager
def create_output(path: Path) -> Iterator[TextIO]:
    """Create the file that a command's ``-o`` names; in a run's folder, with mode 0600. Raises OSError."""
    from auditor.pipeline.run_folder import is_in_run_folder
    from auditor.private_files import keep_new_files_private

    is_private = is_in_run_folder(path)
    with (
        keep_new_files_private() if is_private else nullcontext(),
        open(path, "w", encoding="utf-8", newline="") as out,
    ):
        if is_private:
            path.chmod(0o600)  # it may have been there
        yield out


def discard_output() -> None:
    """Discard what is still to be written on standard output, so that the last flush cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Open standard output, the default of ``-o``, as UTF-8, and flush it on exit."""
    try:
        with cast("TextIO", click.open_file("-", "w", encoding="utf-8")) as out:
            yield out
            out.flush()
    except BrokenPipeError:  # the reading process has ended (``| head``): what it wanted it has
        discard_output()
    except OSError as error:
        raise UsageError(f"the output cannot be written: {error.strerror}; write it to another place") from error
