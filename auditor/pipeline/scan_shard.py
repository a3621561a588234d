"""What a worker does with one shard: read its files, derive, match, and write what was found."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.blob import Blob, Unread
from auditor.drawn_sample import NOT_DRAWN
from auditor.errors import Unreadable
from auditor.extensions import Extension
from auditor.model import Tally
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.pipeline.scan_context import ScanContext
from auditor.pipeline.shard import Shard
from auditor.pipeline.shard_writer import ShardWriter
from auditor.readers import HEAD_BYTES, Reader, reader_name, readers
from auditor.syntax.file_pointer import is_file_pointer

_POINTER = "a pointer of Git LFS or git-annex: the file itself is not here"


def scan_shard(context: ScanContext, shard: Shard) -> Tally:
    """Scan a shard: read it, write what was found into the run's folder, and return its tally."""
    with ShardWriter(context, shard) as writer:
        for file in shard.files:
            if isinstance(file, Unread):
                writer.add_unread(file)
        extensions = context.policy.extensions
        files = _files_to_read(shard, writer, context.options)
        for name, blobs in _blobs_by_reader(files, writer, extensions).items():
            reader = readers(extensions)[name]
            if reader.READS_WEIGHTS:
                writer.add_weights(blobs)
            for item in read_with_members(name, blobs, context.options, extensions):
                if isinstance(item, Part):
                    writer.add_part(item)
                elif isinstance(item, Unread):
                    writer.add_unread(item, reader.UNREAD_GAP)
                elif isinstance(item, PartlyRead):
                    writer.add_partly_read(item)
                else:
                    writer.add_samples(item)
        return writer.finish(is_lost=any(blob.remote and blob.remote.is_worth_retrying for blob in files))


def _blobs_by_reader(
    files: Iterable[Blob], writer: ShardWriter, extensions: tuple[Extension, ...]
) -> dict[str, list[Blob]]:
    """Return a shard's files by the name of the reader that claims them; those that none reads are written."""
    claimed: dict[str, list[Blob]] = {}
    drawn = writer.context.options.drawn
    for blob in files:
        if drawn is not None and (units := drawn.units_of_file(blob.uri))[0] and not units[1]:
            writer.add_unread(Unread(blob.uri, NOT_DRAWN, skipped=True, blob=blob))
            continue
        try:
            head = blob.head(HEAD_BYTES)
            name = reader_name(blob, head, extensions)
        except Unreadable as error:
            by_name = readers(extensions)[reader_name(blob, b"", extensions)]
            writer.add_unread(Unread(blob.uri, str(error), blob=blob), by_name.UNREAD_GAP)
            continue
        if name and is_file_pointer(head) and not _reads_pointers(readers(extensions)[name]):
            writer.add_unread(Unread(blob.uri, _POINTER, blob=blob), readers(extensions)[name].UNREAD_GAP)
        elif name:
            if not blob.partition[0] or readers(extensions)[name].READS_PARTITIONS:
                claimed.setdefault(name, []).append(blob)
        else:
            writer.add_unread(Unread(blob.uri, "no reader knows this kind of file", blob=blob))
    return claimed


def _reads_pointers(reader: Reader) -> bool:
    """Return whether a reader takes a pointer for the file that it stands for; any other would take it for its text."""
    return reader.READS_MEMBERS or reader.READS_WEIGHTS


def _files_to_read(shard: Shard, writer: ShardWriter, options: ReadOptions) -> list[Blob]:
    """Return the shard's files that are read; of those on a hub that are not fetched, what is listed is written."""
    blobs = [file for file in shard.files if isinstance(file, Blob)]
    if not any(blob.remote for blob in blobs):
        return blobs
    from auditor.pipeline.remote_reading import fetch_heads, listed_artefacts, listed_samples, plan_readings

    planned = list(plan_readings((blob for blob in blobs if blob.remote), options))
    for blob, plan in planned:
        if blob.remote:
            blob.remote.reading = plan.reading
    to_read = [blob for blob, plan in planned if plan.reading != "listed"]
    fetch_heads(to_read)
    for part in listed_artefacts((blob for blob, plan in planned if plan.reading == "header"), options):
        writer.add_part(part)
    for item in listed_samples([(blob, plan) for blob, plan in planned if plan.reading == "listed"], options):
        if isinstance(item, Unread):
            writer.add_unread(item, "samples")
        else:
            writer.add_samples(item)
    return [blob for blob in blobs if not blob.remote] + to_read


def record_lost_shard(context: ScanContext, shard: Shard, why: str, *, try_again: bool) -> Tally:
    """Write each file of a shard whose worker was lost as errored; return the shard's tally.

    Args:
        context: What the workers of the scan share.
        shard: The lost shard.
        why: What became of its worker.
        try_again: A resumed run tries the shard again.
    """
    with ShardWriter(context, shard) as writer:
        for file in shard.files:
            if isinstance(file, Unread):
                writer.add_unread(file)
            else:
                writer.add_unread(Unread(file.uri, why, blob=file), "shard")
        return writer.finish(is_lost=try_again)
