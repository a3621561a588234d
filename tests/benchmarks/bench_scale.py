"""Whole scans: memory and time by the number of rows, two workers, a resumed run, and the overhead of Dask.

python -m tests.benchmarks.bench_scale rows|workers|resumed|dask [--size N]

Every scan is a process of its own, from its start to its report; CPU is that of all processes it starts, memory the
peak of the largest one. Large inputs are files linked many times, which count as different files. Linux only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import bench_images, bench_manifest
from tests.benchmarks.bench_scan import Measured, measure_scan

PART_ROWS = 1_000_000
ENTRIES = 100_000
RARE_HOSTS = range(100_007, bench_manifest.HOSTS, 5000)
PICTURES = 20  # that are drawn
# A shard ends at 16 MiB: some 100 of these pictures.
WORKERS = 2


def _link(source: Path, target: Path, times: int) -> None:
    """Link every file of a folder so many times into another."""
    for number in range(times):
        folder = target / f"part-{number:04}"
        folder.mkdir(parents=True)
        for path in source.iterdir():
            os.link(path, folder / path.name)


def scans_by_rows(part_counts: tuple[int, ...], rows: int = PART_ROWS) -> dict[int, Measured]:
    """Scan manifests of so many parts against lists of MD5 and domains; return what each number of rows took."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "part").mkdir()
        manifest = bench_manifest.write(folder, rows, ENTRIES, captions=True)
        manifest.rename(folder / "part" / manifest.name)
        # Memory grows with what matches: one row in some 4,000, by an MD5 or by a host that few rows name.
        (folder / "domain.txt").write_text("".join(f"site{n}.example\n" for n in RARE_HOSTS))
        known = [option for name in ("md5", "domain") for option in ("--known", str(folder / f"{name}.txt"))]
        for parts in part_counts:
            _link(folder / "part", folder / str(parts), parts)
            options = (*known, "--means", "test", "--workers", str(WORKERS))
            one = measure_scan(folder / str(parts), folder / f"run-{parts}", *options)
            assert one.samples == parts * rows, (one.samples, parts * rows)
            found[parts * rows] = one
    return found


@dataclass(frozen=True, slots=True)
class PictureFolder:
    """A folder of pictures, linked many times, and a list to compare them with."""

    folder: Path
    known: Path
    count: int

    def scan(self, run: str, workers: int, *options: str, stop_after: float = 0) -> Measured:
        into = self.folder.parent / f"{run}-{self.count}"
        known = ("--known", str(self.known), "--means", "test", "--workers", str(workers))
        one = measure_scan(self.folder, into, *known, *options, stop_after=stop_after)
        assert stop_after or one.samples == self.count, (one.samples, self.count)
        return one


@contextmanager
def picture_folders(*times: int) -> Iterator[list[PictureFolder]]:
    """Make folders of the same pictures, linked so many times; the list holds digests of no picture."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        drawn = folder / "drawn"
        drawn.mkdir()
        bench_images.draw(drawn, PICTURES)
        (folder / "list.csv").write_text(f"md5,sha1,sha256,pdq\n{'1' * 32},{'1' * 40},{'1' * 64},{'15' * 32}\n")
        found = []
        for number in times:
            target = folder / f"pictures-{number}"
            _link(drawn, target, number)
            found.append(PictureFolder(target, folder / "list.csv", number * len(list(drawn.iterdir()))))
        yield found


def speed_of_workers(pictures: PictureFolder) -> tuple[Measured, Measured]:
    """Return the shortest of interleaved runs with one worker and with two."""
    runs = [[pictures.scan(f"{workers}-{number}", workers) for workers in (1, 2)] for number in range(2)]
    one, two = (min(each, key=lambda run: run.wall) for each in zip(*runs, strict=True))
    return one, two


def cost_of_resuming(pictures: PictureFolder) -> tuple[Measured, float]:
    """Return what a whole scan took, and how many more CPU seconds the same took interrupted halfway and resumed."""
    whole = pictures.scan("whole", WORKERS)
    first = pictures.scan("resumed", WORKERS, stop_after=whole.wall / 2)
    rest = pictures.scan("resumed", WORKERS)
    return whole, first.cpu + rest.cpu - whole.cpu


def overhead_of_dask(small: PictureFolder, large: PictureFolder) -> float:
    """Return how much more CPU a picture takes with Dask than with the local engine; start-up cancels out."""
    cpu: dict[tuple[str, int], list[float]] = {}
    for number in range(2):  # the least of interleaved runs: other programs lengthen them
        for each in (small, large):
            for engine in ("local", "dask"):
                one = each.scan(f"{engine}-{number}", WORKERS, "--engine", engine)
                cpu.setdefault((engine, each.count), []).append(one.cpu)
    of_local, of_dask = (min(cpu[engine, large.count]) - min(cpu[engine, small.count]) for engine in ("local", "dask"))
    return of_dask / of_local - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rows", "workers", "resumed", "dask"])
    parser.add_argument("--size", type=int, help="parts of the largest manifest, or how often the pictures are linked")
    given = parser.parse_args()
    if given.what == "rows":
        for rows, one in scans_by_rows((1, 10, given.size or 100)).items():
            rate = rows / one.cpu
            print(f"{rows:>12,} rows: {one.cpu:7.1f} s of CPU, {rate:>12,.0f} rows/s, {one.peak / 1024:,.0f} MB")
        return
    with picture_folders(50, given.size or 200) as (small, large):
        if given.what == "workers":
            one, two = speed_of_workers(large)
            print(f"one worker {one.wall:.1f} s, two {two.wall:.1f} s: {one.wall / two.wall:.2f} times as fast")
        elif given.what == "resumed":
            whole, more = cost_of_resuming(large)
            print(f"{whole.cpu:.1f} s of CPU at once, {more:.2f} s more interrupted and resumed")
        else:
            print(f"Dask: {overhead_of_dask(small, large):+.1%} of CPU a picture")


if __name__ == "__main__":
    main()
