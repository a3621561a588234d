"""Alters examples of every reader and list format, and audits what comes of it: `python -m tests.fuzz --inputs 10000`.

Each altered file must be read, skipped or named as unread: none may end a worker, hang, or be lost from the counts. An
altered list is read or refused with a message. What fails is written into --keep, with the seed that made it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from auditor import audit
from auditor.errors import ListError
from auditor.hashing.decode_video import can_decode_videos
from auditor.known.list_formats import list_formats
from auditor.known.open_list import open_list
from auditor.readers import readers
from tests.pictures import encoded, landscape

FILES_A_RUN = 500
LIST_SECONDS = 20


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield the examples of every reader and list format by file name, and small pictures and videos."""
    for reader in readers().values():
        for example in reader.EXAMPLES:
            yield example.name.rpartition("/")[2] or "example", example.data
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"):
        yield f"picture.{kind.lower()}", encoded(landscape(1, (64, 48)), kind)
    if can_decode_videos():
        from tests.videos import video

        for container, codec in (("mp4", "mpeg4"), ("webm", "libvpx"), ("avi", "mjpeg"), ("mpegts", "mpeg2video")):
            shown = (landscape(1, (64, 48)),)
            yield f"film.{container}", video(shown, container, codec, rate=25, seconds=0.2, size=(64, 48))


def altered(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return the bytes with a few faults: flipped, overwritten, cut, repeated, or joined with another file's."""
    buffer = bytearray(data or b"\0")
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(buffer) + 1)
        fault = chance.randrange(7)
        if fault == 0 and at < len(buffer):
            buffer[at] ^= 1 << chance.randrange(8)
        elif fault == 1:
            word = chance.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80", b'"', b"{", b"[", b"\n"]
            )
            buffer[at : at + len(word)] = word
        elif fault == 2:
            del buffer[at:]
        elif fault == 3:
            length = chance.randint(1, 64)
            buffer[at:at] = bytes(buffer[at : at + length]) * chance.randint(1, 50)
        elif fault == 4:
            del buffer[at : at + chance.randint(1, 64)]
        elif fault == 5:
            buffer[at:at] = chance.randbytes(chance.randint(1, 32))
        else:
            other = chance.choice(others)
            buffer[at:] = other[chance.randrange(len(other) + 1) :]
        buffer = buffer or bytearray(b"\0")
    return bytes(buffer[: 1 << 20])


def audited(folder: Path, known: Path, out: Path) -> list[str]:
    """Return what is wrong with an audit of a folder: files that ended a worker, or counts that do not add up."""
    report = audit(folder, known=[known], out=out, workers=2)
    files = sum(path.is_file() for path in folder.rglob("*"))
    counts = report.tally.files
    wrong = [f"{gap.place.uri}: {gap.why}" for _, gap in report.gaps if gap.what == "shard"]
    if counts.collected != files or not counts.is_balanced:
        wrong.append(f"{files} files, counted as {counts}")
    return wrong


def fuzz_readers(inputs: int, seed: int, keep: Path) -> int:
    """Audit altered files in folders of FILES_A_RUN; return how many failures there were."""
    examples = list(seeds())
    data = [content for _, content in examples]
    failures = 0
    for first in range(0, inputs, FILES_A_RUN):
        chance = random.Random(seed + first)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "files")
            for number in range(min(FILES_A_RUN, inputs - first)):
                name, content = chance.choice(examples)
                if chance.random() < 0.2:
                    name = chance.choice(examples)[0]
                path = folder / chance.choice(("models", "datasets", "")) / f"{number:04}" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(altered(content, data, chance))
            known = Path(temporary, "list.csv")
            known.write_text(f"# means: test\nmd5,pdq\n{'0' * 32},{'0f' * 32}\n")
            for fault in audited(folder, known, Path(temporary, "run")):
                failures += 1
                print(f"seed {seed + first}: {fault}", flush=True)
                path = folder / fault.partition(": ")[0]
                if path.is_file():
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{seed + first}-{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
        print(f"{first + FILES_A_RUN:,} files", flush=True)
    return failures


def fuzz_lists(inputs: int, seed: int, keep: Path) -> int:
    """Read altered lists; return how many raised anything but ListError, or took too long."""
    examples = [(example.name, example.data) for member in list_formats().values() for example in member.EXAMPLES]
    data = [content for _, content in examples]
    chance = random.Random(seed)
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "list")
        for number in range(inputs):
            path.write_bytes(altered(chance.choice(data), data, chance))
            began = time.process_time()  # on a busy machine the clock would accuse the reader
            fault = ""
            try:
                open_list(path, means="test", into=Path(temporary, f"compiled-{number}"))
            except ListError:
                pass
            except Exception as error:  # anything else is what this script looks for
                fault = f"{type(error).__name__}: {error}"
            if time.process_time() - began > LIST_SECONDS:
                fault = fault or "took too long"
            if fault:
                failures += 1
                print(f"list {number} of seed {seed}: {fault}", flush=True)
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}.list").write_bytes(path.read_bytes())
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="altered files; a tenth as many lists")
    parser.add_argument("--seed", type=int, default=int(np.random.SeedSequence().entropy or 0) % 2**31)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    failures = fuzz_lists(given.inputs // 10, given.seed, given.keep)
    failures += fuzz_readers(given.inputs, given.seed, given.keep)
    print(f"{failures} failures")
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())
