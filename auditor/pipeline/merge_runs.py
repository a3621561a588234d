"""Bring the shards of several runs together as those of one; a file that several of them read is counted once.

A file is the same in two runs if its absolute path and its size are the same. It counts for the first run, in the order
in which they are named, that read it; for one that left it out or failed to read it only if no other did.

* Where both runs were asked the same (lists, options and policy), all that the other run has of the file is left out.
* Else its facts and hits are kept, as each run may know what the other does not; the file, its samples and the
  comparisons with lists that both had are counted once.

``coverage`` counts comparisons as they were made: where a shard shares only some of its files with another run, those
are in it twice.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import RunError
from auditor.model import Count, Place, Statement, Subject, Tally
from auditor.pipeline.file_counts import FileCounts, counts_from_rows
from auditor.pipeline.run_folder import (
    FACTS,
    FILES,
    FINGERPRINTS,
    HITS,
    SHARD_FOLDERS,
    SHARDS,
    TENSORS,
    write_json,
)
from auditor.pipeline.tally_files import read_tally, tally_to_json

if TYPE_CHECKING:
    import pyarrow as pa

# The column of each folder's rows that names the file that a row is about.
_PLACE_COLUMNS = {FACTS: "uri", HITS: "place", FINGERPRINTS: "unit", TENSORS: "unit", FILES: "uri"}

# Which files were read and what they are called, and what is kept, not what was asked of them.
_FILE_OPTIONS = frozenset({"dataset", "exclude", "files_from", "keep_digests", "name_as", "part", "trust_target"})


@dataclass(frozen=True, slots=True)
class MergedRuns:
    """What came of bringing runs together.

    Attributes:
        tally: The tally of all shards, each file counted once.
        counted_once: How many files several runs read.
    """

    tally: Tally
    counted_once: int


def merge_runs(
    folders: Sequence[Path], runs: Sequence[Mapping[str, Any]], into: Path, *, are_disjoint: bool = False
) -> MergedRuns:
    """Write the shards of finished runs into the folder of a new one.

    Args:
        folders: The runs' folders.
        runs: The ``run.json`` of each.
        into: The new run's folder.
        are_disjoint: No two of them read the same file: they are the parts of one audit.

    Raises:
        RunError: What a run holds is damaged.
    """
    owners = {} if are_disjoint or len(folders) == 1 else _find_owners(folders)
    total, counted_once = Tally(), 0
    for number, folder in enumerate(folders):
        for path in sorted((folder / SHARDS).glob("*.json")):
            shard = _Shard(folder, path.stem, into, f"{number:02}-{path.stem}")
            tally = read_tally(path)
            counts = shard.read_counts() if owners else ()
            repeated = [one for one in counts if owners.get(one.identity, number) != number]
            counted_once += sum(one.files.collected for one in repeated)
            if not repeated:
                shard.link()
                total += tally
                continue
            other_runs = {one.uri: runs[owners[one.identity]] for one in repeated}
            same = {uri for uri, run in other_runs.items() if _asked(run) == _asked(runs[number])}
            if len(repeated) == len(counts) and len(same) == len(repeated):
                continue  # the other runs have all of it
            tally = _subtract(tally, repeated, other_runs, runs[number])
            shard.write_without(same, {one.uri for one in repeated}, counts, tally)
            total += tally
    return MergedRuns(total, counted_once)


def _find_owners(folders: Sequence[Path]) -> dict[tuple[bytes, int], int]:
    """Return for each file the number of the run that counts it: the first that read it, or else the first."""
    best: dict[tuple[bytes, int], tuple[int, int]] = {}
    for number, folder in enumerate(folders):
        for path in (folder / SHARDS).glob("*.json"):
            for one in _Shard(folder, path.stem, folder, path.stem).read_counts():
                if one.path:
                    rank = (2 * one.files.skipped + one.files.errored, number)
                    best[one.identity] = min(rank, best.get(one.identity, rank))
    return {identity: number for identity, (_, number) in best.items()}


def _asked(run: Mapping[str, Any]) -> object:
    """Return what a run to merge was asked: its lists, its options and its policy. What equals was asked the same."""
    wants = {key: value for key, value in run["wants"].items() if key not in _FILE_OPTIONS}
    return [_lists(run), wants, run["policy"]["fingerprint"], run["version"]]


def differences(runs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return a sentence for each thing that was not asked the same of all runs to merge."""
    number = len(runs)
    found = []
    lists = [_lists(run) for run in runs]
    for name, sha256 in sorted(set().union(*lists)):
        having = sum((name, sha256) in one for one in lists)
        if having < number:
            what = f"list {name} ({sha256[:12]}) was loaded in {having} of {number} runs"
            found.append(f"Not asked the same: {what}; what the others read was not compared with it.")
    options = sorted({key for run in runs for key in run["wants"] if run["wants"][key] != runs[0]["wants"].get(key)})
    options = [name for name in options if name not in _FILE_OPTIONS]
    if "algorithms" in options and found:
        options.remove("algorithms")  # they follow from the lists
    if options:
        found.append(f"Not asked the same: the runs were read with different {', '.join(options)}.")
    if not found and len({run["policy"]["fingerprint"] for run in runs}) > 1:
        found.append("Not asked the same: the runs were read under different rules, profiles or vocabularies.")
    return tuple(found)


def _lists(run: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the name and digest of each list of a run to merge."""
    return frozenset((known["name"], known["sha256"]) for known in run["policy"]["lists"])


def _subtract(
    tally: Tally, repeated: Sequence[FileCounts], other_runs: Mapping[str, Mapping[str, Any]], run: Mapping[str, Any]
) -> Tally:
    """Return the tally of a merged shard without the files that another run counts.

    Args:
        tally: The shard's.
        repeated: The counts of those files.
        other_runs: By their uri, the run that counts them.
        run: The shard's run.
    """
    files, samples = tally.files, tally.samples
    reasons, comparisons = dict(tally.reasons), dict(tally.comparisons)
    for one in repeated:
        files, samples = _minus(files, one.files), _minus(samples, one.samples)
        common = {name for name, _ in _lists(other_runs[one.uri]) & _lists(run)}
        for why, number in one.reasons.items():
            reasons[why] -= number
        for comparison, number in one.comparisons.items():
            comparisons[comparison] -= number * (comparison.list in common)
    return replace(
        tally,
        files=files,
        samples=samples,
        reasons={why: number for why, number in reasons.items() if number},
        comparisons={comparison: number for comparison, number in comparisons.items() if number},
    )


def _minus(one: Count, other: Count) -> Count:
    """Return the files or samples of one count that are not in another, which is a part of it, for merged runs."""
    return one + Count(*(-number for number in astuple(other)))


@dataclass(frozen=True, slots=True)
class _Shard:
    """A shard of a finished run, and where it goes in the new one."""

    folder: Path
    id: str
    into: Path
    new_id: str

    def read_counts(self) -> tuple[FileCounts, ...]:
        """Return what became of the shard's files."""
        return tuple(counts_from_rows(self._read(FILES)))

    def link(self) -> None:
        """Link the shard's files into the new run."""
        for name in (*SHARD_FOLDERS, SHARDS):
            for path in (self.folder / name).glob(f"{self.id}.*"):
                _link_or_copy(path, self.into / name / f"{self.new_id}{path.suffix}")

    def write_without(self, left_out: set[str], repeated: set[str], counts: Sequence[FileCounts], tally: Tally) -> None:
        """Write the shard without the rows of files.

        Args:
            left_out: The uris of files that the new run has from another one.
            repeated: The uris of all files that another run counts.
            counts: What became of the shard's files.
            tally: The shard's tally without them.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        from auditor.lineage.weight_tables import unit_name

        units = {unit_name(uri) for uri in left_out}
        for name in SHARD_FOLDERS:
            if not (self.folder / name / f"{self.id}.parquet").exists():
                continue
            table = self._read(name)
            dropped = units if name in (FINGERPRINTS, TENSORS) else repeated if name == FILES else left_out
            keep = [str(place).partition("!/")[0] not in dropped for place in table[_PLACE_COLUMNS[name]].to_pylist()]
            table = table.filter(pa.array(keep, pa.bool_()))
            if name == FACTS:
                table = _with_sample_numbers(table, [one for one in counts if one.uri not in repeated])
            pq.write_table(table, self.into / name / f"{self.new_id}.parquet", compression="zstd")
        lost = json.loads((self.folder / SHARDS / f"{self.id}.json").read_bytes())["lost"]
        content = {"fingerprint": "", "lost": lost} | tally_to_json(tally)
        write_json(self.into / SHARDS / f"{self.new_id}.json", content)

    def _read(self, name: str) -> pa.Table:
        """Return the rows of the shard in one of the run's folders."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / name / f"{self.id}.parquet"
        try:
            return pq.ParquetFile(path).read()
        except (OSError, pa.ArrowInvalid) as error:
            raise RunError(f"{path}: cannot be read ({error}); run the scan again into a new folder") from error


def _with_sample_numbers(facts: pa.Table, counts: Sequence[FileCounts]) -> pa.Table:
    """Return a merged shard's facts with the number of samples that these files have, in place of what was stated."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from auditor.facts import subjects_to_rows

    facts = facts.filter(pc.not_equal(facts["key"], "samples"))
    return pa.concat_tables([facts, pa.Table.from_batches([subjects_to_rows(list(_sample_numbers(counts)))])])


def _sample_numbers(counts: Sequence[FileCounts]) -> Iterator[Subject]:
    """Yield the statement of each dataset of merged runs that says how many of its samples were read."""
    for one in counts:
        if one.samples.collected:
            ref = one.subject
            statement = Statement("samples", "read", "", Place(one.uri), "scan", str(one.samples.collected))
            yield Subject(ref.kind, ref.name, ref.revision, (statement,))


def _link_or_copy(path: Path, to: Path) -> None:
    """Link a file of a finished run into the merged one, or copy it where links do not work."""
    try:
        os.link(path, to)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, to)
