"""Reads what no other reader claims. What can hold content is a sample by its exact digests; text and numbers are none.

Nothing of a folder's kind matters: a picture is a picture in a model's repository too. What is not recognised can hold
anything, so where a list asks for perceptual hashes it leaves a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing.hash_images import DECODING_ALGORITHMS
from auditor.model import Carrier
from auditor.part_builders.embedded_files import embedded_members, remainder_members
from auditor.part_builders.file_samples import sample_whole_files
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import PIECE_BYTES, asks_of_texts, read_text_file, read_texts_in
from auditor.parts import PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import COMPUTED_ALGORITHMS, Samples
from auditor.syntax.file_content import COVER_BYTES, FileContent, file_content, mentions_cover_art
from auditor.syntax.file_pointer import MAX_POINTER_BYTES, is_file_pointer
from auditor.syntax.riff_chunks import riff_remainders

UNKNOWN = "no reader knows this kind of file: it was not decoded, and is compared by exact digests alone"
EMPTY = "empty"
ZEROS = "nothing but zeros"
_UNDECODED = "a picture or document in a format that is not decoded"
_POINTER = "pointer"
_COVER = "cover art"
_COVER_NOT_READ = "in a sound file: not read"
_ARCHIVES = (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\0")
_ARCHIVE_NOT_READ = "after the end of another file: not read"

# Text under such a name is not what the name says, and nobody knows what it is.
MEDIA_SUFFIXES = frozenset(
    (".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv", ".ico", ".pdf", ".tga")
)

READS_MEMBERS = True
UNREAD_GAP = "samples"


def claims(blob: Blob, head: bytes) -> int:
    """Claim every other file, less than any other reader does."""
    return 1


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Samples | PartlyRead | Unread | Blob]:
    """Yield a sample of each other file that can hold content, what lies in it, and what of it was not read."""
    wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in options.algorithms)
    decodes = not DECODING_ALGORITHMS.isdisjoint(wanted)
    groups: dict[tuple[Carrier, str], list[Blob]] = {}
    for blob in blobs:
        try:
            content = _content(blob)
            if content.kind == "zeros":
                yield Unread(blob.uri, ZEROS if blob.size else EMPTY, skipped=True, blob=blob)
                continue
            if asks_of_texts(options.algorithms):
                if content.kind in ("text", "undecoded"):
                    for item in read_text_file(blob, options.algorithms):
                        if item is not None:
                            yield item
                        elif content.kind == "text":
                            content = FileContent("unknown")
                if content.kind != "text" and content.name != _POINTER:
                    yield from _embedded(blob, content, options)
        except (Unreadable, OSError) as error:
            why = str(error) if isinstance(error, Unreadable) else f"cannot be read: {error.strerror}"
            yield Unread(blob.uri, why, blob=blob)
            continue
        if content.kind not in ("text", "no carrier"):
            key: tuple[Carrier, str] = (
                "sound" if content.kind == "sound" else "other file",
                _gap(content) if decodes else "",
            )
            groups.setdefault(key, []).append(blob)
    for (carrier, gap), some in groups.items():
        yield from sample_whole_files(some, wanted, gap, carrier)


def _embedded(blob: Blob, content: FileContent, options: ReadOptions) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield the pictures in an other file that is no text; of an unknown one, the texts in it too.

    Raises Unreadable and OSError.
    """
    asks_pictures = not frozenset(COMPUTED_ALGORITHMS).isdisjoint(options.algorithms)
    with blob.open() as file:
        number = 0
        for number, item in enumerate(embedded_members(blob, file) if asks_pictures else (), 1):  # noqa: B007
            yield item
        if content.kind == "sound":
            file.seek(0)
            if asks_pictures and not number and mentions_cover_art(file.read(COVER_BYTES)):
                yield PartlyRead(blob, _COVER, _COVER_NOT_READ)
            yield from remainder_members(blob, file, riff_remainders(file, blob.size))
        elif content.kind == "no carrier":
            file.seek(0)
            if asks_pictures and any(_has_archive(piece) for piece in iter(lambda: file.read(PIECE_BYTES), b"")):
                yield PartlyRead(blob, "an archive in it", _ARCHIVE_NOT_READ)
        elif content.kind == "unknown":
            file.seek(0)
            while piece := file.read(PIECE_BYTES):
                yield from read_texts_in(blob, piece, options.algorithms, "text in it")


def _has_archive(data: bytes) -> bool:
    """Return whether a part of a file of another kind has the first bytes of an archive."""
    return any(magic in data for magic in _ARCHIVES)


def _content(blob: Blob) -> FileContent:
    """Return what an other file holds; for a pointer that is not known. Raises Unreadable and OSError."""
    with blob.open() as file:
        head = file.read(MAX_POINTER_BYTES)
        if is_file_pointer(head):
            return FileContent("unknown", _POINTER)
        file.seek(0)
        content = file_content(file)
    return FileContent("unknown") if content.kind == "text" and blob.suffix in MEDIA_SUFFIXES else content


def _gap(content: FileContent) -> str:
    """Return what of an other file is not compared where a list asks for perceptual hashes."""
    if content.kind == "sound":
        return ""
    return f"{_UNDECODED}: {content.name}" if content.kind == "undecoded" else UNKNOWN


_WANTS = ReadOptions(frozenset({"md5", "pdq"}))

EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("no list to match it against", b"\x7fELF\x02\x01\x01\x00 some bytes"),
    ReaderExample("train.py", b"import torch\n\n\ndef main() -> None:\n    torch.manual_seed(1)\n", options=_WANTS),
    ReaderExample("keep", b"", unread=EMPTY, options=_WANTS),
)
