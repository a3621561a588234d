"""Make ``docs/performance.md`` from the benchmarks: ``python -m tests.benchmarks.make_performance_page``.

The benchmarks run one after another, at sizes that end in some ten minutes on two cores, and save what they find in
``--results``; ``--from`` makes the page of saved results, of which each ``--only`` repeats one. ``--peer-python`` names
an interpreter that has threatexchange, which has no wheels for this version of Python.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import bench_images, bench_manifest, bench_samples, bench_scale, bench_scan, bench_screen

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
LIBRARIES = ("numpy", "pyarrow", "pillow", "simplejpeg", "duckdb")
LIST_ENTRIES = 10_000_000
REPEAT = 3

Results = dict[str, Any]


def images(peer_python: str) -> Results:
    seconds = bench_images.measure(60, REPEAT, peer_python)
    return {f"{name}_{state}": 60 / each for name, states in seconds.items() for state, each in states.items()}


def manifest(peer_python: str) -> Results:
    found: Results = {}
    for name, captions in (("plain", False), ("captions", True)):
        one = bench_manifest.measure(5_000_000, 1_000_000, REPEAT, captions=captions)
        found |= {f"{name}_{who}": 5_000_000 / seconds for who, seconds in one.seconds.items()}
        found |= {f"{name}_peak": one.peaks["ours"], f"{name}_peak_of_a_fifth": one.peak_of_a_fifth}
    return found


def cards(peer_python: str) -> Results:
    """Two sizes: their difference is the rate of a long scan, without the start."""
    cpu, peaks = [], []
    for count in (4_000, 40_000):
        with tempfile.TemporaryDirectory() as folder:
            bench_scan.write_dump(Path(folder), count)
            one = bench_scan.measure(Path(folder), 1)
            cpu.append(one.cpu)
            peaks.append(one.peak / 1024)
    return {"rate": 36_000 / (cpu[1] - cpu[0]), "start": cpu[0] - 4_000 * (cpu[1] - cpu[0]) / 36_000, "peak": peaks[1]}


def screening(peer_python: str) -> Results:
    with tempfile.TemporaryDirectory() as temporary:
        bench_screen.draw(Path(temporary), 40, 100_000)
        return dict(bench_screen.python_rates(Path(temporary), 40, REPEAT, peer_python))


def samples(peer_python: str) -> Results:
    costs, size = bench_samples.measure(5_000_000, 1_000_000)
    rates = {step: each[1].rows / each[1].cpu for step, each in costs.items()}
    return {**rates, "bytes": size, "answer_marginal": bench_samples.marginal_rate(costs["answer"])}


def lists(peer_python: str) -> Results:
    """Open a compiled list in a process that has the modules, as a worker does."""
    import numpy as np

    from tests.benchmarks.bench_lists import array, compiled

    with tempfile.TemporaryDirectory() as temporary:
        rows = np.random.default_rng(1).integers(0, 256, (LIST_ENTRIES, 16), np.uint8)
        folder = Path(temporary)
        compiled("md5", rows, folder)
        from auditor.known.compiled_list import open_compiled_list

        times = []
        for _ in range(5):
            began = time.perf_counter()
            open_compiled_list(folder).find_exact("md5", array(rows[:1]))
            times.append(time.perf_counter() - began)
    return {"milliseconds": sorted(times)[2] * 1000}


def rows(peer_python: str) -> Results:
    found = bench_scale.scans_by_rows((1, 10, 100))
    return {str(number): {"cpu": one.cpu, "peak": one.peak / 1024} for number, one in found.items()}


def pictures(peer_python: str) -> Results:
    with bench_scale.picture_folders(50, 200) as (small, large):
        one, two = bench_scale.speed_of_workers(large)
        whole, more = bench_scale.cost_of_resuming(large)
        overhead = bench_scale.overhead_of_dask(small, large)
    return {
        "pictures": large.count,
        "workers": one.wall / two.wall,
        "resumed_seconds": more,
        "whole_seconds": whole.cpu,
        "dask": overhead,
        "peak": two.peak / 1024,
    }


JOBS: Mapping[str, Callable[[str], Results]] = {
    job.__name__: job for job in (images, manifest, cards, screening, samples, lists, rows, pictures)
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. ``target`` is in the unit of ``value``; 0: none is stated. ``unmet`` explains a miss."""

    job: str
    measured: str
    peer: str
    value: float
    target: float
    wanted: str
    unmet: str = ""
    memory: str = ""
    is_upper_limit: bool = False

    @property
    def is_met(self) -> bool:
        return self.value <= self.target if self.is_upper_limit else self.value >= self.target

    def cells(self) -> tuple[str, ...]:
        verdict = "" if not self.wanted else f"{self.wanted}: {'met' if self.is_met else 'not met'}"
        return self.job, self.measured, self.peer, verdict, self.memory


def _of_images(found: Results) -> Iterator[Row]:
    warm, pdq, limit = (found[f"{name}_warm"] for name in ("ours", "pdq", "limit"))
    if peer := found.get("peer_warm", 0):
        yield Row(
            "pictures: PDQ, and the exact digests MD5, SHA-1 and SHA-256",
            f"{warm:,.0f} pictures/s",
            f"threatexchange {peer:,.1f}/s (PDQ alone): {warm / peer:.1f} times",
            warm / peer,
            9,
            "9 times the peer",
            f"Decoding the same files and computing the three exact digests, with no PDQ at all, is {limit / peer:.1f} "
            f"times as fast as the peer, which computes PDQ alone: 9 times would be {9 * peer / limit:.0%} of that. "
            "The search for further pictures and texts within each file is in the figure; the peer has none.",
        )
        yield Row(
            "pictures: PDQ alone, the peer's job",
            f"{pdq:,.0f} pictures/s",
            f"threatexchange {peer:,.1f}/s: {pdq / peer:.1f} times",
            0,
            0,
            "",
        )
    yield Row(
        "pictures, beside the limit",
        f"{warm:,.0f} pictures/s",
        f"decoding and three digests alone {limit:,.0f}/s: {warm / limit:.0%}",
        warm / limit,
        0.85,
        "85 %",
        "Of the rest, PDQ itself takes three quarters: the luma is converted to floating point and multiplied by the "
        "filter. The search for pictures after the end and in the metadata takes an eighth.",
    )
    yield Row(
        "pictures, each of a size that was not met before",
        f"{found['ours_cold']:,.0f} pictures/s",
        f"decoding and three digests alone {found['limit_cold']:,.0f}/s: "
        f"{found['ours_cold'] / found['limit_cold']:.0%}",
        0,
        0,
        "",
    )


_UNMET_MANIFEST = {
    "plain": "Reading the columns alone leaves little room, and beside what DuckDB does, every text is validated as "
    "UTF-8 and searched for further digests and addresses within it, and hosts in unusual spellings are looked up in "
    "their canonical form. A third of the time is the hosts: NumPy passes over the addresses several times. A search "
    "eight bytes at a time and Arrow's search for a substring were tried, and were no faster.",
    "captions": "As above, and the captions are read, validated and searched, which the peer does not do: they take a "
    "sixth of the time.",
}


def _of_manifest(found: Results) -> Iterator[Row]:
    names = {"plain": "URL and MD5, the same job for all", "captions": "with captions, which ours searches too"}
    for key, name in names.items():
        mine, peer, limit = (found[f"{key}_{who}"] for who in ("ours", "duckdb", "limit"))
        yield Row(
            f"manifest of 5 million rows: {name}",
            f"{mine / 1e6:.2f} million rows/s",
            f"DuckDB {peer / 1e6:.2f}: {mine / peer:.2f} times; reading the columns {limit / 1e6:.2f}: "
            f"{mine / limit:.0%}",
            min(mine / peer / 1.3, mine / limit / 0.6),
            1,
            "1.3 times DuckDB and 60 % of reading",
            _UNMET_MANIFEST[key],
            f"{found[f'{key}_peak']:,.0f} MB; {found[f'{key}_peak_of_a_fifth']:,.0f} MB for a fifth of the rows",
        )


def _of_others(found: Mapping[str, Results]) -> Iterator[Row]:
    if one := found.get("cards"):
        yield Row(
            "model cards of 3 kB from a Parquet dump, read, derived and judged",
            f"{one['rate']:,.0f} cards/s, and {one['start']:.1f} s to start",
            "",
            one["rate"],
            8_000,
            "8,000 cards/s",
            "Of some 0.14 ms in the worker nearly half goes to the statements of a card's metadata, two fifths to what "
            "its text states (sections, phrases and their negations, parents, licences), the rest to writing; judging "
            "takes 0.03 ms more. No single step takes more than a sixth.",
            f"{one['peak']:,.0f} MB",
        )
    if one := found.get("screening"):
        peer = f"threatexchange {one['peer']:,.1f}/s: {one['ours'] / one['peer']:.1f} times" if "peer" in one else ""
        yield Row(
            "screening single pictures against 100,000 entries",
            f"{one['ours']:,.0f} pictures/s",
            peer,
            one["ours"],
            bench_screen.WANTED_A_SECOND,
            f"{bench_screen.WANTED_A_SECOND} pictures/s",
        )
    if one := found.get("samples"):
        yield Row(
            "`auditor samples export` of a manifest with MD5",
            f"{one['export'] / 1e6:.1f} million rows/s, {one['bytes']:.0f} bytes a row",
            f"reading the column {one['read'] / 1e6:.1f}",
            one["bytes"],
            24,
            "24 bytes a row",
            is_upper_limit=True,
        )
        hours = bench_samples.TARGET_ROWS / one["answer_marginal"] / bench_samples.TARGET_CORES / 3600
        yield Row(
            "`auditor samples answer`, a list of 1 million entries",
            f"{one['answer_marginal'] / 1e6:.1f} million rows/s",
            f"extrapolated, not measured: 2 billion rows on 16 cores in {hours * 60:.1f} minutes, "
            f"{hours * 960:.0f} minutes on one",
            hours,
            1,
            "2 billion rows in 1 hour on 16 cores",
            is_upper_limit=True,
        )
        yield Row("`auditor samples clean`", f"{one['clean'] / 1e6:.1f} million rows/s", "", 0, 0, "")
    if one := found.get("lists"):
        yield Row(
            "opening a compiled list of 10 million MD5 entries, and one look-up",
            f"{one['milliseconds']:.1f} ms",
            "",
            one["milliseconds"],
            10,
            "10 ms",
            is_upper_limit=True,
        )
    if one := found.get("rows"):
        yield from _of_rows(one)
    if one := found.get("pictures"):
        yield from _of_pictures(one)


def _of_rows(found: Results) -> Iterator[Row]:
    first, *_, last = sorted(map(int, found))
    peaks = {number: found[str(number)]["peak"] for number in sorted(map(int, found))}
    growth = peaks[last] / peaks[first]
    memory = ", ".join(f"{peak:,.0f} MB at {number / 1e6:.0f} million" for number, peak in peaks.items())
    yield Row(
        f"memory of the largest process, {first / 1e6:.0f} to {last / 1e6:.0f} million rows",
        f"{growth:.2f} times",
        "",
        growth if peaks[first] <= 1000 else 9,
        1.1,
        "1 GB for 1 million rows, at most 1.1 times for 100 million",
        "A scan of 1 million rows ends before its workers have grown to their batch size; and memory grows with what "
        "matches, by some 0.6 kB a hit, not with the rows.",
        memory,
        is_upper_limit=True,
    )
    middle = sorted(map(int, found))[-2]
    each = [(found[str(b)]["cpu"] - found[str(a)]["cpu"]) / (b - a) for a, b in ((first, middle), (middle, last))]
    yield Row(
        f"linearity: CPU of a row, {middle / 1e6:.0f} to {last / 1e6:.0f} million, beside that of the first "
        f"{middle / 1e6:.0f}",
        f"{each[1] / each[0]:.2f} times, {1 / each[1] / 1e6:.2f} million rows/s",
        "",
        each[1] / each[0],
        1.1,
        "linear (at most 1.1 times)",
        is_upper_limit=True,
    )


def _of_pictures(found: Results) -> Iterator[Row]:
    yield Row(
        f"two workers beside one, {found['pictures']:,} pictures, start-up included",
        f"{found['workers']:.2f} times",
        "",
        found["workers"],
        1.85,
        "1.85 times",
        "Starting the workers takes a second of either run, and other programs that use the machine lengthen the run "
        "of two workers more than that of one.",
        f"{found['peak']:,.0f} MB",
    )
    hour = found["resumed_seconds"] / 3600
    yield Row(
        "a run that was interrupted halfway and resumed",
        f"{found['resumed_seconds']:.1f} s of CPU more ({found['whole_seconds']:.0f} s at once)",
        f"of a run of one hour of CPU: {hour:.2%}",
        hour,
        0.02,
        "2 % (of an hour of CPU)",
        is_upper_limit=True,
    )
    yield Row(
        "Dask beside the local engine, shards of 100 pictures, start-up aside",
        f"{found['dask']:+.1%} CPU a picture",
        "",
        found["dask"],
        0.05,
        "5 %",
        "The scheduler and the connections of its workers take CPU as long as the run lasts. Other programs used the "
        "machine: runs lay between -10 % and +20 %, of which this is the middle one.",
        is_upper_limit=True,
    )


def performance_page(found: Mapping[str, Results]) -> str:
    """Return the page."""
    table = [*_of_images(found["images"])] if "images" in found else []
    table += _of_manifest(found["manifest"]) if "manifest" in found else ()
    table += _of_others(found)
    lines = [
        "# Performance",
        "",
        "Figures of one machine, made by `python -m tests.benchmarks.make_performance_page`, which runs the",
        "benchmarks of `tests/benchmarks`. Rates are those of one core, by CPU time (medians of interleaved runs).",
        "Peers run in the same minutes on the same files, and nothing is timed unless both find the same. Other",
        "machines have other rates, and much the same ratios.",
        "",
        f"Machine: {found['machine']['text']}",
        "",
        "| job | measured | beside | target | memory |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row.cells())} |" for row in table),
        "",
        "## What is not met, and why",
        "",
        *(f"- **{row.job}**: {row.unmet}" for row in table if row.wanted and not row.is_met),
        "",
        "## Further benchmarks",
        "",
        "Look-ups and near search in lists (`bench_lists.py`), screening over HTTP (`bench_screen.py`), weights,",
        "lineage, licences, clauses and the other files of `tests/benchmarks` are run by hand; each says how on top.",
        "",
    ]
    return "\n".join(lines)


def machine() -> Results:
    """Describe the machine without its name."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(": ")[2] for line in info.read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return {
        "text": f"{os.cpu_count()} cores of {models[0] if models else platform.machine()}, {memory:.0f} GB, "
        f"{platform.system()}, Python {platform.python_version()}, {libraries}."
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--results", type=Path, help="save the results here")
    parser.add_argument("--from", dest="saved", type=Path, help="results that were saved")
    parser.add_argument("--only", action="append", choices=list(JOBS), default=[], help="run only this (repeatable)")
    given = parser.parse_args()
    found: dict[str, Results] = json.loads(given.saved.read_text()) if given.saved else {}
    for name in given.only or (() if given.saved else JOBS):
        print(name, file=sys.stderr, flush=True)
        found[name] = JOBS[name](given.peer_python)
        if given.results:
            given.results.write_text(json.dumps({**found, "machine": machine()}, indent=1))
    found["machine"] = machine()
    PAGE.write_text(performance_page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
