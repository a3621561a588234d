"""Match further lists with the digests that runs keep, inside the new run that was made from those runs.

Nothing is read anew. What the kept digests cannot answer is said in sentences, which make the exit code 3: algorithms
that were not kept, and samples of which nothing is kept.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.errors import UsageError
from auditor.known.matcher import Matcher
from auditor.model import Count, Tally
from auditor.pipeline.answered_samples import answered_samples
from auditor.pipeline.file_counts import FileCounts, counts_from_rows, counts_to_rows
from auditor.pipeline.kept_digests import kept_digest_files, kept_samples
from auditor.pipeline.run_folder import DIGESTS_WANTED, FILES, HITS, SHARDS, write_json
from auditor.pipeline.shard_writer import NO_ANSWERABLE_HASH, NO_SAMPLE_LIST, file_of_place, reason_category
from auditor.pipeline.tally_files import read_tally, tally_to_json
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.samples import HITS_SCHEMA, Samples

if TYPE_CHECKING:
    from auditor.known.compiled_list import CompiledList


@dataclass(frozen=True, slots=True)
class KeptDigestMatches:
    """What came of it: the tally of all shards of the new run, and what was not compared, in sentences."""

    tally: Tally
    not_compared: tuple[str, ...]


def check_kept_digests(
    folders: Sequence[Path], runs: Sequence[Mapping[str, Any]], lists: Sequence[CompiledList]
) -> None:
    """Raise UsageError or RunError if further lists cannot be matched with what runs keep."""
    for folder, run in zip(folders, runs, strict=True):
        kept_digest_files(folder, run)
        if run["wants"].get("sample"):
            raise UsageError(f"{folder}: read a random sample; scan again with --known and the same --seed")
    for known in lists:
        if known.means == "model":
            raise UsageError(f"{known.name}: is a list of models, and digests of samples are kept alone; scan again")


def match_kept_digests(
    folders: Sequence[Path], runs: Sequence[Mapping[str, Any]], into: Path, lists: Sequence[CompiledList]
) -> KeptDigestMatches:
    """Match lists with what runs keep; add hits, comparisons and counts to the shards of the run made from them.

    Args:
        folders: The runs' folders.
        runs: The ``run.json`` of each.
        into: The new run's folder, into which their shards were merged.
        lists: The further lists. One of the name of a run's list is a new version, whose comparisons replace the old.
    """
    kept = frozenset.intersection(*(frozenset(run["wants"]["algorithms"]) for run in runs)) - {"url"}
    # A list is asked for what is kept alone; the rest is said.
    matcher = Matcher(tuple(replace(known, algorithms=known.algorithms & kept) for known in lists))
    total, with_digests = Tally(), 0
    for number, (folder, run) in enumerate(zip(folders, runs, strict=True)):
        asked = frozenset(run["wants"][DIGESTS_WANTED]["asked"])
        for name, path in kept_digest_files(folder, run).items():
            shard = _Shard(into, f"{number:02}-{name}")
            if shard.tally_path.exists():
                with_digests += shard.match(path, matcher, asked)
        for path in sorted((into / SHARDS).glob(f"{number:02}-*.json")):
            total += read_tally(path)
    sentences = [
        f"Not compared with list {printable(known.name, 80)}: its entries by {', '.join(sorted(left_out))}; the kept "
        "digests do not answer them."
        for known in lists
        if (left_out := known.algorithms - kept)
    ]
    if missing := total.samples.collected - with_digests:
        names = ", ".join(printable(known.name, 80) for known in lists)
        sentences.append(
            f"Not compared with list {names}: {count_with_noun(missing, 'sample')} without a kept digest; those that "
            "match another list have none."
        )
    return KeptDigestMatches(total, tuple(sentences))


@dataclass(frozen=True, slots=True)
class _Shard:
    """A shard of the new run, to which the matches of kept digests are added."""

    folder: Path
    id: str

    @property
    def tally_path(self) -> Path:
        """Where the shard's tally is."""
        return self.folder / SHARDS / f"{self.id}.json"

    def match(self, path: Path, matcher: Matcher, asked: frozenset[str]) -> int:
        """Match the kept digests of a shard, and write its hits and counts anew; return how many samples they are of.

        Args:
            path: The kept digests.
            matcher: The further lists.
            asked: The algorithms that the run's own lists asked.
        """
        names = {known.name for known in matcher.lists}
        table = pq.read_table(self._path(FILES))
        files: dict[str, FileCounts] = {}
        others = [one for one in counts_from_rows(table) if files.setdefault(one.uri, one) is not one]
        for one in files.values():  # a new version of a list answers in place of the old one
            for comparison in [key for key in one.comparisons if key.list in names]:
                del one.comparisons[comparison]
        before = read_tally(self.tally_path)
        coverage = Counter(before.coverage)
        compared = Counter({name: number for name, number in before.compared.items() if name not in names})
        hits, number = [], 0
        places = pa.array(files, pa.string())
        for samples in kept_samples(path):
            file = pc.replace_substring_regex(samples.batch["place"], "!/.*$", "")
            rows = samples.batch.filter(pc.is_in(file, places))
            if not rows.num_rows:  # another run counts the file
                continue
            samples = replace(samples, batch=rows)
            result = matcher.match(samples)
            hits.append(result.hits)
            coverage.update(result.coverage)
            compared.update(result.compared)
            for place, comparisons in result.comparisons.items():
                files[file_of_place(place)].comparisons.update(comparisons)
            if not samples.already_counted:
                number += _recount(samples, asked, asked | matcher.algorithms, files)
        counts = [*files.values(), *others]
        tally = sum((one.tally for one in counts), Tally())
        tally = replace(tally, coverage=dict(coverage), compared=dict(compared), drawn=before.drawn)
        self._replace(FILES, pa.Table.from_batches([counts_to_rows(counts)]))
        found = pa.Table.from_batches([batch for batch in hits if batch.num_rows], HITS_SCHEMA)
        if found.num_rows:
            earlier = [pq.read_table(self._path(HITS))] if self._path(HITS).exists() else []
            self._replace(HITS, pa.concat_tables([*earlier, found]))
        content = json.loads(self.tally_path.read_bytes())
        write_json(self.tally_path, content | tally_to_json(tally))
        return number

    def _path(self, name: str) -> Path:
        """Return where the shard's rows lie in a folder of the run."""
        return self.folder / name / f"{self.id}.parquet"

    def _replace(self, name: str, table: pa.Table) -> None:
        """Write the shard's rows in a folder of the run anew; the earlier run, whose file is linked, keeps its own."""
        part = self._path(name).with_suffix(".parquet.part")
        pq.write_table(table, part, compression="zstd")
        os.replace(part, self._path(name))


def _recount(samples: Samples, before: Collection[str], after: Collection[str], files: Mapping[str, FileCounts]) -> int:
    """Count samples by what they are compared by now, in place of what they were; return how many they are.

    Args:
        samples: Kept digests.
        before: The algorithms that were asked when they were read.
        after: The algorithms that are asked now.
        files: The counts of the files that hold them.
    """
    stored = samples.batch.filter(pc.equal(samples.batch["variant"], ""))
    for asked, sign in ((before, -1), (after, 1)):
        answered = answered_samples(samples, stored, asked)
        for place, count in answered.counts.items():
            file = files[file_of_place(place)]
            file.subject = samples.subject
            file.samples += Count(*(sign * number for number in astuple(count)))
            file.reasons[NO_ANSWERABLE_HASH if asked else NO_SAMPLE_LIST] += sign * count.skipped
        gaps = pa.table({"place": stored["place"], "gap": answered.gaps}).filter(pc.field("gap").is_valid())
        numbers = gaps.group_by(["place", "gap"]).aggregate([([], "count_all")])
        for place, why, number in zip(*(column.to_pylist() for column in numbers.columns), strict=True):
            files[file_of_place(place or "")].reasons[reason_category(why)] += sign * number
    for file in files.values():
        file.reasons = Counter({why: number for why, number in file.reasons.items() if number})
    return int(stored.num_rows)
