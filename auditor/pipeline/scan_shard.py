"""What a worker does with one shard: read, derive, match, write. The first half of a run.

A shard is a stretch of the target's files. Its facts, hits and tally are written under its id; the tally is
renamed into place last, so a shard that has one is finished.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, reduce
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from auditor.errors import RunError, Unreadable
from auditor.extensions import Extension
from auditor.model import Count, Gap, Place, Ref, Statement, Subject, Tally
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, ReadOptions, reader_name, readers
from auditor.sources import Blob, Unread

if TYPE_CHECKING:
    import pyarrow as pa

    from auditor.known.compiled_list import CompiledList
    from auditor.known.matcher import Matcher
    from auditor.policy.load import Policy
    from auditor.samples import Samples
    from auditor.terms.compiled_vocabulary import CompiledVocabulary

# A shard ends at so many files or bytes, but not inside a model: its small files are read together. For cards that
# is a quarter of a second of work, for pictures a second.
SHARD_FILES = 1024
SHARD_BYTES = 16 * 1024**2
# A table that is larger than this is cut into stretches no larger.
STRETCH_BYTES = 64 * 1024**2
# Of a file of weights only the header is read, however large it is.
_HEADER_BYTES = 1024**2
_FLUSH = 256  # subjects held as objects
_ROWS = 50_000  # rows held before they are written
# Parts, and characters of their texts, that are looked at together.
_TOGETHER = 32
_CHARACTERS = 1 << 20
# All that is known of a file but where the target lies.
_LISTED = attrgetter(*(one.name for one in fields(Blob) if one.compare and one.name != "path"))


@dataclass(frozen=True, slots=True)
class Shard:
    id: str
    files: tuple[Blob | Unread, ...]

    @property
    def fingerprint(self) -> str:
        """The shard's files as they were listed; a finished shard is kept on resuming only if it is the same."""
        files = "\n".join(repr(_LISTED(file) if isinstance(file, Blob) else file) for file in self.files)
        return hashlib.sha256(files.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def bytes(self) -> int:
        return sum(file.size // file.partition[1] for file in self.files if isinstance(file, Blob))

    @property
    def counted(self) -> tuple[Blob | Unread, ...]:
        """The files that count here: one that is read in stretches counts once, with the first."""
        return tuple(file for file in self.files if isinstance(file, Unread) or not file.partition[0])

    @property
    def seconds(self) -> float:
        """How long a worker may take: ample for slow storage, an end for a file that hangs its reader.

        Of a model's files, mostly weights, the bytes are digested at most; samples are decoded and compared.
        """
        blobs = [file for file in self.files if isinstance(file, Blob)]
        work = sum(blob.size / 32 if blob.kind == "model" else blob.size / blob.partition[1] for blob in blobs)
        return 60 + 0.25 * len(self.files) + work / 1024**2

    def split(self) -> tuple[Shard, ...]:
        """Sixteen parts of a lost shard, so that in the end only the file that did it is lost."""
        if len(self.files) == 1:
            return ()
        step = max(1, -(-len(self.files) // 16))
        parts = [self.files[at : at + step] for at in range(0, len(self.files), step)]
        return tuple(Shard(f"{self.id}-{number:02}", part) for number, part in enumerate(parts))


def shards(files: Iterable[Blob | Unread], *, whole_weights: bool = False) -> Iterator[Shard]:
    """The files cut into shards, in their order."""
    number, held, size, owner = 0, list[Blob | Unread](), 0, ("", "")
    for file in chain.from_iterable(map(_stretches, files)):
        cost = _cost(file, whole_weights)
        now = (file.kind, file.name) if isinstance(file, Blob) else owner
        full = len(held) >= SHARD_FILES or size + cost > SHARD_BYTES
        if held and full and not (now == owner and now[0] == "model" and len(held) < 8 * SHARD_FILES):
            yield Shard(f"{number:06}", tuple(held))
            number, held, size = number + 1, [], 0
        held.append(file)
        size, owner = size + cost, now
    if held:
        yield Shard(f"{number:06}", tuple(held))


def _stretches(file: Blob | Unread) -> tuple[Blob | Unread, ...]:
    if isinstance(file, Unread) or file.kind == "model" or file.size <= STRETCH_BYTES or file.suffix != ".parquet":
        return (file,)
    many = -(-file.size // STRETCH_BYTES)
    return tuple(replace(file, partition=(at, many)) for at in range(many))


def _cost(file: Blob | Unread, whole_weights: bool) -> int:
    if isinstance(file, Unread):
        return 0
    if file.partition[1] > 1:
        return SHARD_BYTES  # a shard of its own
    return file.size if file.kind != "model" or whole_weights else min(file.size, _HEADER_BYTES)


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker of a run shares; small, because it is sent to each."""

    policy: Policy
    wants: ReadOptions
    folder: Path


_setup: Setup | None = None


def prepare(setup: Setup) -> None:
    """Called once in each worker."""
    global _setup
    _setup = setup


def _vocabulary() -> CompiledVocabulary:
    from auditor.policy.vocabularies import compiled_vocabulary

    assert _setup
    return compiled_vocabulary(_setup.policy.vocabularies)


@cache
def _matcher() -> Matcher | None:
    from auditor.known.matcher import Matcher

    assert _setup
    lists = tuple(known for known in _lists() if known.means != "model")
    return Matcher(lists) if lists else None


def _lists() -> tuple[CompiledList, ...]:
    assert _setup
    return cast("tuple[CompiledList, ...]", _setup.policy.lists)


def work(shard: Shard) -> Tally:
    """Read one shard, write what came of it, and return its tally."""
    assert _setup, "prepare() comes first"
    extensions = _setup.policy.extensions
    with Writer(_setup.folder, shard) as writer:
        for file in shard.files:
            if isinstance(file, Unread):
                writer.unread(file)
        for name, blobs in _by_reader(shard, writer, extensions).items():
            reader = readers(extensions)[name]
            if reader.READS_WEIGHTS:
                writer.weights(blobs, sample=_setup.wants.weights != "header")
            for item in reader.read(blobs, _setup.wants):
                if isinstance(item, Part):
                    writer.part(item)
                elif isinstance(item, Unread):
                    writer.unread(item)
                else:
                    writer.samples(item, _matcher())
        return writer.finish()


def _by_reader(shard: Shard, writer: Writer, extensions: tuple[Extension, ...]) -> dict[str, list[Blob]]:
    found: dict[str, list[Blob]] = {}
    for blob in shard.files:
        if isinstance(blob, Unread):
            continue
        try:
            name = reader_name(blob, blob.head(HEAD_BYTES), extensions)
        except Unreadable as error:
            writer.unread(Unread(blob.uri, str(error), blob=blob))
            continue
        if name:
            if not blob.partition[0] or readers(extensions)[name].READS_PARTITIONS:
                found.setdefault(name, []).append(blob)
        else:
            writer.unread(Unread(blob.uri, "no reader knows this kind of file", skipped=True, blob=blob))
    return found


def lost(shard: Shard, why: str, folder: Path) -> Tally:
    """What is written for a shard that no worker could finish: each of its files is errored."""
    with Writer(folder, shard) as writer:
        for file in shard.files:
            if isinstance(file, Unread):
                writer.unread(file)
            else:
                writer.unread(Unread(file.uri, why, blob=file), "shard")
        return writer.finish()


@dataclass(slots=True)
class Writer:
    """Writes one shard's facts, hits and tally, and counts what came of each file and sample."""

    folder: Path
    shard: Shard
    _stack: ExitStack = field(default_factory=ExitStack)
    _facts: Any = None
    _hits: Any = None
    _fingerprints: Any = None
    _tensors: Any = None
    _parts: list[Part] = field(default_factory=list)
    _characters: int = 0
    _subjects: list[Subject] = field(default_factory=list)
    _rows: list[pa.RecordBatch] = field(default_factory=list)
    _skipped: set[str] = field(default_factory=set)
    _errored: set[str] = field(default_factory=set)
    _samples: Count = field(default_factory=Count)
    _sampled: Counter[tuple[Ref, str]] = field(default_factory=Counter)
    _sample_gaps: dict[tuple[Ref, str], Gap] = field(default_factory=dict)
    _reasons: Counter[str] = field(default_factory=Counter)
    _coverage: Counter[str] = field(default_factory=Counter)
    _compared: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Writer:
        with writing(self.folder):
            self._tally.unlink(missing_ok=True)
            for folder in self._folders:
                (folder / f"{self.shard.id}.parquet").unlink(missing_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        with writing(self.folder):
            self._stack.close()

    @property
    def _tally(self) -> Path:
        return self.folder / "shards" / f"{self.shard.id}.json"

    @property
    def _folders(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in ("facts", "restricted/hits", "fingerprints", "tensors"))

    def part(self, part: Part) -> None:
        """Derive what a part's texts say, a handful of parts at a time."""
        self._parts.append(part)
        self._characters += sum(len(text.text) for text in part.texts)
        if part.tensors:
            self.tensors(part)
        if len(self._parts) >= _TOGETHER or self._characters > _CHARACTERS:
            self._derive()

    def _derive(self) -> None:
        if self._parts:
            from auditor.terms.derive import derive_subjects

            for subject in derive_subjects(self._parts, _vocabulary()):
                self.subject(subject)
            self._parts.clear()
            self._characters = 0

    def subject(self, subject: Subject) -> None:
        self._subjects.append(subject)
        if len(self._subjects) >= _FLUSH:
            self._flush()

    def unread(self, unread: Unread, what: str = "file") -> None:
        """A file that was skipped or could not be read. The latter is a gap of its subject."""
        later = unread.blob is not None and unread.blob.partition[0] > 0
        if later and unread.skipped:
            return  # the first stretch says so
        (self._skipped if unread.skipped else self._errored).add(unread.uri)
        self._reasons[reason(unread.why)] += not later
        if not unread.skipped:
            blob = unread.blob
            ref = blob.text_ref(blob.standalone_kind or "document") if blob else Ref("document", unread.uri)
            self.subject(Subject(ref.kind, ref.name, ref.revision, gaps=(Gap(what, unread.why, Place(unread.uri)),)))

    def weights(self, blobs: Sequence[Blob], *, sample: bool) -> None:
        """Sample the values of weights files and compare them with lists, or count that they were not."""
        if not sample and not _lists():
            return
        from auditor.lineage.fingerprint_matching import count_uncompared, match_fingerprints

        if not sample:
            self._coverage.update(count_uncompared(_lists(), len(blobs)))
            return
        for hits in match_fingerprints(self._fingerprinted(blobs), _lists(), self._coverage, self._compared):
            self._keep(hits)

    def _fingerprinted(self, blobs: Iterable[Blob]) -> Iterator[pa.RecordBatch]:
        """What was sampled of each file; the reader says what is wrong with one that cannot be read."""
        from auditor.lineage.weight_tables import fingerprint_row

        for blob in blobs:
            row, covered = fingerprint_row(blob)
            self._coverage[covered] += 1
            if row is not None:
                with writing(self.folder):
                    if self._fingerprints is None:
                        self._fingerprints = self._open(self._folders[2], row.schema)
                    self._fingerprints.write_batch(row)
                yield row

    def tensors(self, part: Part) -> None:
        """Keep the digests of a weights file's tensors."""
        from auditor.lineage.weight_tables import tensor_digests_row

        kept = tensor_digests_row(part)
        if kept is not None:
            self._coverage["weights digested tensor by tensor"] += 1
            with writing(self.folder):
                if self._tensors is None:
                    self._tensors = self._open(self._folders[3], kept.schema)
                self._tensors.write_batch(kept)

    def samples(self, samples: Samples, matcher: Matcher | None) -> None:
        """Match a batch, keep its hits, count its samples."""
        self._count(samples)
        if matcher is None:
            return
        matched = matcher.match(samples)
        for key, number in matched.coverage.items():
            self._coverage[key] += number
        self._compared.update(matched.compared)
        self._keep(matched.hits)

    def _keep(self, hits: pa.RecordBatch) -> None:
        if hits.num_rows:
            with writing(self.folder):
                if self._hits is None:
                    self._hits = self._open(self._folders[1], hits.schema)
                self._hits.write_batch(hits)

    def _count(self, samples: Samples) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        from auditor.samples import TEXT_SIGNALS

        batch = samples.batch
        own = batch.filter(pc.equal(batch["variant"], ""))
        if not own.num_rows:
            return
        gaps = own.filter(pc.is_valid(own["gap"]))
        if not samples.already_counted:
            matcher = _matcher()
            answered = matcher.algorithms if matcher else frozenset()
            columns = [own[name] for name in samples.algorithms if name in answered]
            columns += [own["url"]] if answered & set(TEXT_SIGNALS) else []
            compared = reduce(pc.or_, map(pc.is_valid, columns), pc.is_valid(own["gap"]))
            skipped = own.num_rows - (pc.sum(compared).as_py() or 0)
            if skipped:
                why = "samples hold no hash that a list can answer" if matcher else "no list to match samples against"
                self._reasons[why] += skipped
            scanned = own.num_rows - gaps.num_rows - skipped
            self._samples += Count(own.num_rows, scanned, skipped, gaps.num_rows)
            self._sampled[samples.subject, own["place"][0].as_py() or ""] += own.num_rows
        whys = pa.Table.from_batches([gaps]).group_by("gap").aggregate([("place", "min"), ("gap", "count")])
        for why, place, number in zip(
            *(whys[name].to_pylist() for name in ("gap", "place_min", "gap_count")), strict=True
        ):
            self._reasons[reason(why)] += 0 if samples.already_counted else number
            self._sample_gaps.setdefault((samples.subject, reason(why)), Gap("samples", why, Place(place or "")))

    def finish(self) -> Tally:
        """Write what is left, and the tally last."""
        for (ref, place), number in self._sampled.items():
            statement = Statement("samples", "read", "", Place(place), "scan", str(number))
            self.subject(Subject(ref.kind, ref.name, ref.revision, (statement,)))
        for (ref, _), gap in self._sample_gaps.items():
            self.subject(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))
        self._derive()
        self._flush()
        self._write()
        uris = [file.uri for file in self.shard.counted]
        errored = sum(uri in self._errored for uri in uris)
        skipped = sum(uri in self._skipped and uri not in self._errored for uri in uris)
        count = Count(len(uris), len(uris) - skipped - errored, skipped, errored)
        tally = Tally(count, self._samples, dict(+self._reasons), dict(self._coverage), dict(self._compared))
        with writing(self.folder):
            self._stack.close()
            for folder in self._folders:
                part = folder / f"{self.shard.id}.parquet.part"
                if part.exists():
                    with open(part, "rb+") as file:
                        os.fsync(file.fileno())
                    os.replace(part, part.with_suffix(""))
            write_json(self._tally, {"fingerprint": self.shard.fingerprint, **asdict(tally)})
        return tally

    def _flush(self) -> None:
        """Turn the subjects held into rows, and write those once they are many: a file's every part costs some kB."""
        if self._subjects:
            from auditor.facts import subjects_to_rows

            if any(known.means == "model" for known in _lists()):
                from auditor.lineage.model_matching import match_models

                self._keep(match_models(self._subjects, _lists(), self._compared))
            self._rows.append(subjects_to_rows(self._subjects))
            self._subjects.clear()
        if sum(batch.num_rows for batch in self._rows) >= _ROWS:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        if self._rows:
            with writing(self.folder):
                if self._facts is None:
                    self._facts = self._open(self._folders[0], self._rows[0].schema)
                self._facts.write_table(pa.Table.from_batches(self._rows))
            self._rows.clear()

    def _open(self, folder: Path, schema: pa.Schema) -> Any:
        import pyarrow.parquet as pq

        return self._stack.enter_context(
            pq.ParquetWriter(folder / f"{self.shard.id}.parquet.part", schema, compression="zstd")
        )


def reason(why: str) -> str:
    """A reason without its particulars, to count by."""
    return why.split(":")[0].strip()[:120]


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What goes wrong with a run's own files ends the run, and says how to go on; no file of the target is to blame."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise RunError(
            f"{folder}: cannot be written: {why}; see to that and give the same command again with --out {folder}"
        ) from error


def write_json(path: Path, content: object) -> None:
    """Write a file whole or not at all."""
    part = path.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
