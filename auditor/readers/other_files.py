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
from auditor.part_builders.file_samples import sample_whole_files
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import COMPUTED_ALGORITHMS, TEXT_SIGNALS, Samples
from auditor.syntax.file_content import FileContent, file_content
from auditor.syntax.file_pointer import MAX_POINTER_BYTES, is_file_pointer

UNKNOWN = "no reader knows this kind of file: it was not decoded, and is compared by exact digests alone"
EMPTY = "empty"
ZEROS = "nothing but zeros"
_UNDECODED = "a picture or document in a format that is not decoded"
_NOT_READ = "in a text that is not a table: not read"
_COVER = "in a sound file: not read"

# Text under such a name is not what the name says, and nobody knows what it is.
MEDIA_SUFFIXES = frozenset(
    (".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv", ".ico", ".pdf", ".tga")
)

READS_MEMBERS = True
UNREAD_GAP = "samples"


def claims(blob: Blob, head: bytes) -> int:
    """Claim every other file, less than any other reader does."""
    return 1


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Samples | PartlyRead | Unread]:
    """Yield a sample of each other file that can hold content, and what of it was not read."""
    wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in options.algorithms)
    is_asked = bool(wanted) or not options.algorithms.isdisjoint(TEXT_SIGNALS)
    decodes = not DECODING_ALGORITHMS.isdisjoint(wanted)
    groups: dict[tuple[Carrier, str], list[Blob]] = {}
    for blob in blobs:
        try:
            content = _content(blob)
        except (Unreadable, OSError) as error:
            why = str(error) if isinstance(error, Unreadable) else f"cannot be read: {error.strerror}"
            yield Unread(blob.uri, why, blob=blob)
            continue
        if content.kind == "zeros":
            yield Unread(blob.uri, ZEROS if blob.size else EMPTY, skipped=True, blob=blob)
            continue
        if is_asked and content.carriers:
            why = _COVER if content.kind == "sound" else _NOT_READ
            yield from (PartlyRead(blob, carrier, why) for carrier in content.carriers)
        if content.kind not in ("text", "no carrier"):
            key: tuple[Carrier, str] = (
                "sound" if content.kind == "sound" else "other file",
                _gap(content) if decodes else "",
            )
            groups.setdefault(key, []).append(blob)
    for (carrier, gap), some in groups.items():
        yield from sample_whole_files(some, wanted, gap, carrier)


def _content(blob: Blob) -> FileContent:
    """Return what an other file holds; for a pointer that is not known. Raises Unreadable and OSError."""
    with blob.open() as file:
        head = file.read(MAX_POINTER_BYTES)
        if is_file_pointer(head):
            return FileContent("unknown")
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
