"""``auditor scan``: read targets, match them against lists, evaluate rules, write reports."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import (
    DEFAULT_FORMAT,
    FOLDER,
    NEW_FOLDER,
    ReportOutput,
    algorithm_option,
    baseline_option,
    column_option,
    configurable,
    context_option,
    country_option,
    fail_on_option,
    isolated_option,
    output_options,
    parse_digests,
    profile_option,
    progress_file_option,
    progress_option,
    progress_reporter,
    quiet_option,
    rules_option,
    trust_target_option,
    workers_option,
    write_outputs,
)
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.pipeline.report import Report


@click.command(
    epilog="""\b
Examples:
  auditor scan hub/ --known my-list --out runs/hub      a folder of models and datasets
  auditor scan manifest.parquet --known hashes.csv --means csam
  auditor scan hub/ --profile gate --fail-on warning    before an upload goes live
  auditor scan my-model/ --profile gate --fix           also a diff of what its card can say
  auditor scan hub/ --format html -o report.html
  auditor scan data/ --known my-list --sample 3000 --stratify unsafe_score:desc      a random sample
  auditor scan hf://models/ORG/NAME hf://datasets/ORG      a hub's metadata: no weights, no samples
  auditor scan part-*.parquet --dataset ORG/NAME           the parts of one dataset
  auditor scan 'hf://models?search=hills' --dry-run        what would be fetched, before anything is
  auditor scan s3://BUCKET/PREFIX                          the metadata of a bucket; so gs:// and abfs://
  auditor scan upload/ --as acme/tuned --context runs/hub        one upload, judged with parents that a sweep read
  git diff --name-only main | auditor scan . --files-from -      only what a change touches

Without --known no image is matched, and the report states this. Nothing inside a target changes what is read.
The run is kept in the folder --out, or in a new one in your state folder, which is named at the end.
`auditor report` and `auditor judge` read it again; the same scan with the same --out resumes it if it was
interrupted."""
)
@configurable
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--known",
    multiple=True,
    metavar="LIST",
    help="An imported list's name, or a list file (-: standard input; repeatable). A name without a folder is never "
    "that of a file in a target: write ./NAME for that.",
)
@click.option(
    "--skip-malformed", is_flag=True, help="Match with the good entries of list files, and count the malformed ones."
)
@click.option(
    "--means",
    default="",
    metavar="MEANING",
    help="The meaning of the entries of list files (csam, ncii, withdrawn, test, …), if a file does not state one.",
)
@algorithm_option
@column_option
@rules_option
@profile_option
@click.option("--out", type=NEW_FOLDER, metavar="DIR", help="Write the run into this folder, or resume it there.")
@output_options
@fail_on_option
@workers_option
@context_option
@isolated_option
@trust_target_option
@baseline_option
@click.option(
    "--digests",
    callback=parse_digests,
    metavar="A,…",
    help="State these digests of weights files (sha256, xet, blake3) even if no list asks for them; whole files are "
    "read for it.",
)
@click.option(
    "--as",
    "name_as",
    default="",
    metavar="ORG/NAME[@REV]",
    help="The name that the only target will have on a hub, by which lists, parents and similar names are found.",
)
@click.option(
    "--dataset",
    default="",
    metavar="NAME",
    help="All TARGETs are parts of one dataset of this name: files and folders of this machine.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB",
    help="Do not read files or folders of this name or path, for example '*.tmp' or 'drafts/**'; the report counts "
    "them (repeatable).",
)
@click.option(
    "--files-from",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Read only the files and folders of the targets that FILE names, one per line (-: standard input); the report "
    "counts the others.",
)
@click.option(
    "--weights",
    type=click.Choice(["header", "sample", "full"]),
    default="header",
    show_default=True,
    help="How much of the weights is read: headers, also sampled values (to compare with fingerprints of lists), or "
    "every tensor.",
)
@click.option(
    "--content",
    is_flag=True,
    help="Of targets on a hub, fetch the bytes of samples too, in memory alone, to match them. Fetching them may need "
    "authority: what a list matches may be unlawful to receive, so ask those who are responsible for it first.",
)
@click.option(
    "--since",
    type=FOLDER,
    metavar="RUN",
    help="Of targets on a hub, read only repositories with another commit than the finished RUN read, and take over "
    "what it found of the others.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Read nothing: list each file with the bytes that would be read, and why it would be left out.",
)
@click.option("--dihedral", is_flag=True, help="Also match rotated and mirrored forms of each picture.")
@click.option(
    "--thorough",
    is_flag=True,
    help="Also match each picture with common edits undone (borders, captions, two in one, small rotations and crops, "
    "inverted, brightened), by PDQ. A match of these alone is a lead, no case. Includes --dihedral; takes longer.",
)
@click.option(
    "--sample",
    default="",
    metavar="N|P%",
    help="Read a random sample of so many samples (3000) or such a share (0.5%) alone. The report then says what that "
    "proves of the whole.",
)
@click.option(
    "--stratify",
    default="",
    metavar="COLUMN[:desc]",
    help="Draw from each range of values of a table's column by itself; with :desc the highest values most closely, "
    "with :asc the lowest.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Draw the sample that this number draws.")
@click.option(
    "--shard",
    default="",
    metavar="I/N",
    help="Read part I, from 1, of N parts alone, as one of N jobs; `auditor judge` makes one report of all parts.",
)
@click.option(
    "--engine",
    default="local",
    metavar="local|dask[=ADDRESS]",
    help="Where shards are read: worker processes of this machine, or a Dask cluster of it or of the scheduler at "
    "ADDRESS (tcp://host:8786), whose workers see targets, lists and --out under the same paths.",
)
@click.option(
    "--keep-digests",
    is_flag=True,
    help="Keep the digests of samples that match no list in the run's restricted/ for 90 days, so that `auditor judge "
    "RUN --known LIST` matches a later list without reading again. Computes MD5, SHA-1, SHA-256 and PDQ.",
)
@quiet_option
@progress_option
@progress_file_option
@click.option(
    "--fix",
    is_flag=True,
    help="Also show what can be added to the cards of local targets without inventing anything: a licence, base model "
    "and datasets that other parts of the repository state, and a paragraph that prohibits the sexual exploitation of "
    "minors where the terms do not.",
)
@click.option("--write", is_flag=True, help="With --fix: also write it into the cards.")
@country_option
@click.option("-v", "--verbose", is_flag=True, help="Show every finding in the summary, and log each step to stderr.")
@click.pass_context
def command(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    outputs: tuple[ReportOutput, ...],
    fail_on: str,
    verbose: bool,
    country: str,
    dihedral: bool,
    thorough: bool,
    dry_run: bool,
    fix: bool,
    write: bool,
    quiet: bool,
    progress: str,
    progress_file: Path | None,
    **options: Any,
) -> None:
    """Scan TARGETs (files, folders, manifests, addresses of a hub) and print a summary.

    Exit codes are in `auditor --help`.
    """
    from auditor.pipeline.audit import audit
    from auditor.pipeline.run_folder import default_run_folder

    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING, format="%(message)s"
    )
    if write and not fix:
        raise click.UsageError("--write needs --fix")
    if dry_run and options["since"]:
        raise UsageError("--since: a dry run takes nothing over from a run; leave one of them out")
    if dry_run:
        _print_plan(targets, options)
        return
    further = ("dihedral", "thorough") if thorough else ("dihedral",) if dihedral else ()
    options["variants"] = ("oriented", "unpadded", "512", *further)
    is_kept_in_state, options["out"] = not options["out"], options["out"] or default_run_folder()
    try:
        with progress_reporter("none" if quiet else progress, progress_file) as reporter:
            report = audit(*targets, progress=reporter, **options)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"; the same command with --out {options['out']} resumes the scan") from None
    except Exception as error:
        error.add_note(f"finished work is kept: the same command with --out {options['out']} resumes the scan")
        raise
    code = report.exit_code(fail_on)
    write_outputs(report, outputs, verbose=verbose, country=country, without_summary=quiet and not code)
    if is_kept_in_state and not quiet:
        click.echo(f"the run is kept in {options['out']}", err=True)
    if fix:
        is_summary = any(output.path is None and output.format_name == DEFAULT_FORMAT for output in outputs)
        _fix_cards(report, options["rules"], write=write, to_stderr=not is_summary)
    context.exit(code)


def _print_plan(targets: tuple[str, ...], options: Mapping[str, Any]) -> None:
    """Print what a scan would read of its targets: bytes, place and remark of each file, parted by tabs."""
    from auditor.cli.options import standard_output
    from auditor.pipeline.audit_lists import ListOptions
    from auditor.pipeline.dry_run import plan_scan
    from auditor.printable import printable

    ways = ListOptions(*(options[name] for name in ListOptions._fields))
    names = ("known", "exclude", "files_from", "weights", "content", "isolated", "trust_target")
    same = {name: options[name] for name in names}
    read = left_out = size = 0
    with standard_output() as out:
        for file in plan_scan(*targets, ways=ways, **same):
            out.write(f"{file.size if file.is_read else '-'}\t{printable(file.uri)}\t{printable(file.why)}\n")
            read, left_out, size = read + file.is_read, left_out + (not file.is_read), size + file.size
    click.echo(f"{read:,} files would be read, at most {size:,} bytes; {left_out:,} would be left out", err=True)


def _fix_cards(report: Report, rules: tuple[Path, ...], *, write: bool, to_stderr: bool) -> None:
    """Print as a unified diff what can be added to cards, and write it if that is asked for."""
    import difflib

    from auditor.errors import Unreadable
    from auditor.pipeline.card_fixes import CardFix, find_card_fixes, write_card_fix
    from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
    from auditor.printable import printable

    def say(text: str) -> None:
        click.echo(text, err=to_stderr)

    number = 0
    licences = compiled_vocabulary(load_vocabularies(rules)).licences.by_id
    for fix in find_card_fixes(report, licences):
        if not isinstance(fix, CardFix):
            say(printable(fix))
            continue
        number += 1
        name = printable(str(fix.path))
        before, after = (data.decode().replace("\r\n", "\n").splitlines() for data in (fix.before, fix.after))
        for line in difflib.unified_diff(before, after, name, name, n=2, lineterm=""):
            say(printable(line, 2000))
        done = "can be added"
        if write:
            try:
                write_card_fix(fix)
                done = "added"
            except (Unreadable, OSError) as error:
                done = f"not added, {getattr(error, 'strerror', None) or error}"
        for change in fix.changes:
            say(f"{name}: {done}: {printable(change)}")
    if not number:
        say("Nothing can be added to a card without inventing it.")
    elif not write:
        say("Nothing is written: add --write for that.")
