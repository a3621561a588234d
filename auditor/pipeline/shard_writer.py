"""Write one shard's facts, hits and tally, and count what came of each file and sample."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.blob import Blob, Unread
from auditor.drawn_sample import NO_STRATUM, NOT_DRAWN, unit_keys
from auditor.model import Count, Gap, Place, Ref, Statement, Subject, Tally
from auditor.parts import Part, PartlyRead
from auditor.pipeline.file_counts import FileCounts, counts_to_rows
from auditor.pipeline.run_folder import (
    DIGESTS,
    FACTS,
    FILES,
    FINGERPRINTS,
    HITS,
    SHARD_FOLDERS,
    SHARDS,
    TENSORS,
    errors_name_run,
    write_json,
)
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.shard import Shard
from auditor.pipeline.tally_files import tally_to_json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from auditor.known.matcher import Matcher, MatchResult
    from auditor.pipeline.small_batches import SmallBatches
    from auditor.samples import Samples

_BUFFERED_SUBJECTS = 256  # subjects held as objects before they become rows
_BUFFERED_ROWS = 50_000  # rows held before they are written
# Parts, and characters of their texts, that are held before what they say is derived, together.
_BUFFERED_PARTS = 32
_BUFFERED_CHARACTERS = 1 << 20
# Gaps of a part that say that its file was not read whole.
_GAPS_OF_READING = frozenset({"file", "card", "provenance", "configuration", "header", "table", "samples"})
# Why samples are skipped.
NO_ANSWERABLE_HASH, NO_SAMPLE_LIST = "samples hold no hash that a list can answer", "no list to match samples against"
# Gaps of files that hold texts, never a sample.
_GAPS_OF_TEXTS = frozenset({"card", "provenance", "configuration", "licence"})
_SAMPLE_GAPS = 3  # places that a shard names for each reason that samples of a subject were not compared
_REASON_LENGTH = 120  # characters of a reason that files and samples are counted by


@dataclass(slots=True)
class ShardWriter:
    """Collects what is read of one shard and writes it under the shard's id; a context manager.

    The tally is renamed into place last, so a shard that has one is finished.
    """

    context: ScanContext
    shard: Shard
    _stack: ExitStack = field(default_factory=ExitStack)
    _files: dict[str, Any] = field(default_factory=dict)  # Parquet writers by their folder's name
    _parts: list[Part] = field(default_factory=list)
    _characters: int = 0
    _subjects: list[Subject] = field(default_factory=list)
    _rows: list[pa.RecordBatch] = field(default_factory=list)
    _digests: list[pa.RecordBatch] = field(default_factory=list)  # to be kept
    _small_batches: SmallBatches | None = None
    _skipped: set[str] = field(default_factory=set)
    _errored: set[str] = field(default_factory=set)
    _partly: set[str] = field(default_factory=set)  # files of which a carrier was not read
    _answered: set[str] = field(default_factory=set)  # files of which something was read or compared
    _stating: set[str] = field(default_factory=set)  # files whose text or header says something
    _by_file: dict[str, FileCounts] = field(default_factory=dict)
    _samples_read: Counter[tuple[Ref, str]] = field(default_factory=Counter)
    _sample_gaps: dict[tuple[Ref, str], list[Gap]] = field(default_factory=dict)
    _coverage: Counter[str] = field(default_factory=Counter)
    _compared: Counter[str] = field(default_factory=Counter)
    # Of a sampled audit: the keys of the units that were read, and of those that were not answered.
    _units_read: list[NDArray[np.uint64]] = field(default_factory=list)
    _units_unanswered: list[NDArray[np.uint64]] = field(default_factory=list)

    def __enter__(self) -> ShardWriter:
        with errors_name_run(self.context.folder):
            self._tally_path.unlink(missing_ok=True)
            for name in (*SHARD_FOLDERS, DIGESTS):
                self._path(name).unlink(missing_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        with errors_name_run(self.context.folder):
            self._stack.close()

    def add_part(self, part: Part) -> None:
        """Add what a file says of a subject, and later what its texts say, a handful of parts at a time."""
        self._parts.append(part)
        stating = [file_of_place(one.place.uri) for one in part.subject.statements[:1]]
        self._answered.update(stating)
        self._stating.update(stating or [file_of_place(gap.place.uri) for gap in part.subject.gaps[:1]])
        self._partly.update(file_of_place(gap.place.uri) for gap in part.subject.gaps if gap.what in _GAPS_OF_READING)
        self._characters += sum(len(text.text) for text in part.texts)
        if part.tensors:
            self._write_tensors(part)
        if len(self._parts) >= _BUFFERED_PARTS or self._characters > _BUFFERED_CHARACTERS:
            self._derive_parts()

    def add_unread(self, unread: Unread, what: str = "file") -> None:
        """Count a shard's file that was skipped or could not be read. The latter is a gap of its subject.

        Args:
            unread: The file, and why.
            what: The gap's ``what``.
        """
        is_continuation = unread.blob is not None and unread.blob.partition[0] > 0
        if is_continuation and unread.skipped:
            return  # it is counted with the first partition
        (self._skipped if unread.skipped else self._errored).add(unread.uri)
        if not is_continuation and unread.why != NOT_DRAWN:  # the report says what the sample is
            self._counts_of(unread.uri).reasons[reason_category(unread.why)] += 1
        if not unread.skipped:
            if what in _GAPS_OF_TEXTS:
                self._stating.add(unread.uri)
            blob = unread.blob
            ref = Ref("document", unread.uri)
            if blob:
                is_text = what not in ("samples", "header")
                ref = blob.text_ref(blob.standalone_kind or "document") if is_text else blob.ref("dataset")
            gap = Gap(what, unread.why, Place(unread.uri))
            self._add_subject(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))

    def add_partly_read(self, partly: PartlyRead) -> None:
        """Count a shard's file of which one carrier was not read: a gap of its subject."""
        blob = partly.blob
        self._partly.add(blob.uri)
        self._counts_of(blob.uri).reasons[reason_category(partly.why)] += 1
        ref = blob.ref("dataset")
        gap = Gap("samples", f"{partly.carrier}: {partly.why}", Place(blob.uri))
        self._add_subject(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))

    def add_weights(self, blobs: Sequence[Blob]) -> None:
        """Sample the values of weights files and compare them with lists, or count that they were not."""
        lists, sample = self.context.lists, self.context.options.weights != "header"
        if not sample and not lists:
            return
        from auditor.lineage.fingerprint_matching import count_uncompared, match_fingerprints

        if not sample:
            self._coverage.update(count_uncompared(lists, len(blobs)))
            return
        for hits in match_fingerprints(self._fingerprint(blobs), lists, self._coverage, self._compared):
            self._write_batch(HITS, hits)

    def add_samples(self, samples: Samples) -> None:
        """Match a batch of samples, write its hits to the shard, and count its samples.

        Of a sampled audit, samples that were not drawn are left out.
        """
        if (drawn := self.context.options.drawn) is not None:
            import pyarrow as pa

            batch = samples.batch
            strata = drawn.strata_of(unit_keys(batch))
            samples = replace(samples, batch=batch.filter(pa.array(strata != NO_STRATUM)))
            if not samples.batch.num_rows:
                return
        matcher = self.context.sample_matcher
        keeps_digests = self.context.options.keeps_digests
        if samples.already_counted and matcher and not keeps_digests and self._hold_samples(samples, matcher):
            return
        self._count_samples(samples)
        matched = matcher.match(samples) if matcher else None
        if keeps_digests:
            self._keep_digests(samples, matched.hits if matched else None)
        if matched is not None:
            self._add_matched(matched)

    def _hold_samples(self, samples: Samples, matcher: Matcher) -> bool:
        """Hold a small batch of samples that were counted, to match it with others of the shard, if that can be."""
        if self._small_batches is None:
            from auditor.pipeline.small_batches import SmallBatches

            self._small_batches = SmallBatches()
        is_held = self._small_batches.add(samples, matcher.algorithms)
        if self._small_batches.is_full:
            self._match_held()
        return is_held

    def _match_held(self) -> None:
        """Match the small batches of samples that the shard holds, and write their hits."""
        if self._small_batches and (matcher := self.context.sample_matcher):
            for matched in self._small_batches.match(matcher):
                self._add_matched(matched)

    def _add_matched(self, matched: MatchResult) -> None:
        """Write what samples of the shard matched, and count what was compared."""
        for key, number in matched.coverage.items():
            self._coverage[key] += number
        self._compared.update(matched.compared)
        for place, comparisons in matched.comparisons.items():
            self._counts_of(file_of_place(place)).comparisons.update(comparisons)
        self._write_batch(HITS, matched.hits)

    def _keep_digests(self, samples: Samples, hits: pa.RecordBatch | None) -> None:
        """Hold the digests of samples that match no list, and write those held once they are many."""
        from auditor.pipeline.kept_digests import digests_to_keep

        self._digests.append(digests_to_keep(samples, hits))
        if sum(batch.num_rows for batch in self._digests) >= _BUFFERED_ROWS:
            self._write_digests()

    def _write_digests(self) -> None:
        """Write the digests held to the shard's file: all variants of a sample into one row group."""
        import pyarrow as pa

        table = pa.Table.from_batches(self._digests).combine_chunks() if self._digests else None
        self._digests.clear()
        if table is not None and table.num_rows:
            self._write_batch(DIGESTS, table.to_batches()[0])

    def finish(self, *, is_lost: bool = False) -> Tally:
        """Write what is left of the shard, the tally last, and return that.

        Args:
            is_lost: The shard's files were not read, and a resumed run tries them again.
        """
        self._match_held()
        for (ref, place), number in self._samples_read.items():
            statement = Statement("samples", "read", "", Place(place), "scan", str(number))
            self._add_subject(Subject(ref.kind, ref.name, ref.revision, (statement,)))
        for (ref, _), gaps in self._sample_gaps.items():
            self._add_subject(Subject(ref.kind, ref.name, ref.revision, gaps=tuple(gaps)))
        self._derive_parts()
        self._subjects_to_rows()
        self._write_rows()
        self._write_digests()
        files = self._count_files()
        total = sum((one.tally for one in files), Tally())
        tally = replace(
            total, coverage=dict(self._coverage), compared=dict(self._compared), drawn=self._answered_by_stratum()
        )
        self._write_batch(FILES, counts_to_rows(files))
        with errors_name_run(self.context.folder):
            self._stack.close()
            for name in self._files:
                path = self._path(name)
                part = path.with_suffix(".parquet.part")
                with open(part, "rb+") as file:
                    os.fsync(file.fileno())
                os.replace(part, path)
            about = {"fingerprint": self.shard.fingerprint, "lost": is_lost}
            write_json(self._tally_path, about | tally_to_json(tally))
        return tally

    def _count_files(self) -> list[FileCounts]:
        """Return what became of each file of the shard, and of its samples."""
        unread = self._errored | (self._partly - self._answered)
        files: list[FileCounts] = []
        rest = dict(self._by_file)
        for file in self.shard.files:
            counts = rest.pop(file.uri, FileCounts(file.uri))
            blob = file if isinstance(file, Blob) else file.blob
            if blob:
                counts.path = blob.path if blob.remote else os.path.abspath(blob.path)
                counts.size, counts.partition, counts.modified = blob.size, blob.partition[0], blob.modified
                if file.uri in self._stating and not counts.samples.collected and (digest := blob.kept_sha256()):
                    counts.sha256 = digest
            if not counts.partition:  # a file in partitions counts once, with its first
                errored, partly = file.uri in unread, file.uri in self._partly - unread
                skipped = file.uri in self._skipped - unread - self._partly
                scanned = not (errored or partly or skipped)
                counts.files = Count(1, int(scanned), int(skipped), int(errored), int(partly))
                self._count_units_not_drawn(counts)
            files.append(counts)
        return [*files, *rest.values()]

    def _count_units_not_drawn(self, counts: FileCounts) -> None:
        """Count what of a shard's file was not drawn for the sample as skipped samples."""
        if (drawn := self.context.options.drawn) is None:
            return
        units, number = drawn.units_of_file(counts.uri)
        if units > number:
            counts.samples += Count(units - number, 0, units - number, 0, 0)

    def _answered_by_stratum(self) -> dict[str, int]:
        """Return how many of the shard's drawn units were answered, by the number of their stratum."""
        import numpy as np

        drawn = self.context.options.drawn
        if drawn is None or not self._units_read:
            return {}
        answered = np.setdiff1d(np.concatenate(self._units_read), np.concatenate(self._units_unanswered))
        strata, numbers = np.unique(drawn.strata_of(answered), return_counts=True)
        return {str(stratum): number for stratum, number in zip(strata.tolist(), numbers.tolist(), strict=True)}

    def _counts_of(self, uri: str) -> FileCounts:
        """Return the counts of a file, which grow as it is read."""
        if uri not in self._by_file:
            self._by_file[uri] = FileCounts(uri)
        return self._by_file[uri]

    @property
    def _tally_path(self) -> Path:
        """Return where the shard's tally is written."""
        return self.context.folder / SHARDS / f"{self.shard.id}.json"

    def _path(self, name: str) -> Path:
        """Return where the shard's Parquet file lies in a folder of the run."""
        return self.context.folder / name / f"{self.shard.id}.parquet"

    def _derive_parts(self) -> None:
        """Derive what the texts of the shard's held parts say."""
        if self._parts:
            from auditor.terms.derive_subjects import derive_subjects

            for subject in derive_subjects(self._parts, self.context.vocabulary):
                self._add_subject(subject)
            self._parts.clear()
            self._characters = 0

    def _add_subject(self, subject: Subject) -> None:
        """Hold a subject of the shard, and turn those held into rows once they are many."""
        self._subjects.append(subject)
        if len(self._subjects) >= _BUFFERED_SUBJECTS:
            self._subjects_to_rows()

    def _fingerprint(self, blobs: Iterable[Blob]) -> Iterator[pa.RecordBatch]:
        """Yield the sampled values of each file; its reader says what is wrong with one that cannot be read."""
        from auditor.lineage.weight_tables import fingerprint_row

        for blob in blobs:
            row, covered = fingerprint_row(blob)
            self._coverage[covered] += 1
            if row is not None:
                self._write_batch(FINGERPRINTS, row)
                yield row

    def _write_tensors(self, part: Part) -> None:
        """Keep the digests of a weights file's tensors."""
        from auditor.lineage.weight_tables import tensor_digests_row

        tensors = tensor_digests_row(part)
        if tensors is not None:
            self._coverage["weights digested tensor by tensor"] += 1
            self._write_batch(TENSORS, tensors)

    def _count_samples(self, samples: Samples) -> None:
        """Count what became of the samples of a batch, and keep one gap of each reason."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from auditor.pipeline.answered_samples import answered_samples

        stored = samples.batch.filter(pc.equal(samples.batch["variant"], ""))
        if not stored.num_rows:
            return
        matcher = self.context.sample_matcher
        answered = answered_samples(samples, stored, matcher.algorithms if matcher else frozenset())
        if not samples.already_counted:
            why = NO_ANSWERABLE_HASH if matcher else NO_SAMPLE_LIST
            for place, counted in answered.counts.items():
                counts = self._counts_of(file_of_place(place))
                counts.samples += counted
                counts.subject = samples.subject
                if counted.skipped:
                    counts.reasons[why] += counted.skipped
            self._samples_read[samples.subject, stored["place"][0].as_py() or ""] += stored.num_rows
            self._answered.update(map(file_of_place, answered.places))
            if self.context.options.drawn is not None:
                keys = unit_keys(stored)
                self._units_read.append(keys)
                self._units_unanswered.append(keys[answered.gaps.is_valid().to_numpy(zero_copy_only=False)])
        gaps = pa.Table.from_arrays([stored["place"], answered.gaps], ["place", "gap"])
        gaps = gaps.filter(pc.is_valid(gaps["gap"]))
        if not gaps.num_rows:
            return
        self._partly.update(file_of_place(place) for place in pc.unique(gaps["place"]).to_pylist() if place)
        reasons = gaps.group_by(["gap", "place"]).aggregate([("gap", "count")]).sort_by("place")
        for why, place, number in zip(
            *(reasons[name].to_pylist() for name in ("gap", "place", "gap_count")), strict=True
        ):
            category = reason_category(why)
            if not samples.already_counted:
                self._counts_of(file_of_place(place or "")).reasons[category] += number
            named = self._sample_gaps.setdefault((samples.subject, category), [])
            if len(named) < _SAMPLE_GAPS:
                named.append(Gap("samples", why, Place(place or "")))

    def _subjects_to_rows(self) -> None:
        """Turn the subjects held into rows, and write those once they are many: a file's every part costs some kB."""
        if self._subjects:
            from auditor.facts import subjects_to_rows

            lists = self.context.lists
            if any(known.means == "model" for known in lists):
                from auditor.lineage.model_matching import match_models

                self._write_batch(HITS, match_models(self._subjects, lists, self._compared, self._coverage))
            self._rows.append(subjects_to_rows(self._subjects))
            self._subjects.clear()
        if sum(batch.num_rows for batch in self._rows) >= _BUFFERED_ROWS:
            self._write_rows()

    def _write_rows(self) -> None:
        """Write the rows of facts held to the shard's file."""
        import pyarrow as pa

        if self._rows:
            with errors_name_run(self.context.folder):
                self._file(FACTS, self._rows[0].schema).write_table(pa.Table.from_batches(self._rows))
            self._rows.clear()

    def _write_batch(self, name: str, batch: pa.RecordBatch) -> None:
        """Write a batch to the shard's file in a folder of the run."""
        if batch.num_rows:
            with errors_name_run(self.context.folder):
                self._file(name, batch.schema).write_batch(batch)

    def _file(self, name: str, schema: pa.Schema) -> Any:
        """Return the open Parquet file of the shard in one of the run's folders."""
        import pyarrow.parquet as pq

        if name not in self._files:
            path = self._path(name).with_suffix(".parquet.part")
            self._files[name] = self._stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))
        return self._files[name]


def file_of_place(place: str) -> str:
    """Return the file of a place that may be a member of an archive."""
    return place.partition("!/")[0]


def reason_category(why: str) -> str:
    """Return a reason without its particulars, for a shard to count by: what stands before the first colon."""
    return why.split(":")[0].strip()[:_REASON_LENGTH]
