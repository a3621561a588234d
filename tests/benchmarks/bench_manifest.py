"""A Parquet manifest, MD5 and URL domain matched: rows per second, beside DuckDB and beside reading the columns.

python tests/benchmarks/bench_manifest.py [--rows N] [--entries N] [--repeat N]

Each repetition starts every contender in a fresh process with one thread, one after the other, and takes the CPU
time of its pass over the file. Nothing is timed unless both find the same rows: by MD5, and by the URL's host or a
domain above it. Two manifests are measured: one of URL and MD5 alone, the same job for all, and one with captions,
which ours also looks through (a digest or an address may stand in any column of text, whatever its name); the others
read the two columns that are asked for. Peak memory is printed too, for the whole file and for a fifth of it: it must
not grow with rows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
HOSTS = 500_000  # of which 5 million rows name some 350,000


def ours(folder: Path, manifest: Path) -> Callable[[], list[list[int]]]:
    from auditor.blob import Blob
    from auditor.known.matcher import Matcher
    from auditor.known.open_list import open_list
    from auditor.part_builders.read_options import ReadOptions
    from auditor.readers import table
    from auditor.samples import Samples

    lists = tuple(open_list(folder / f"{name}.txt", means="test") for name in ("md5", "domain"))
    matcher = Matcher(lists)

    def work() -> list[list[int]]:
        blob = Blob(str(manifest), manifest.name, manifest.stat().st_size, "dataset", "bench")
        found: dict[str, set[int]] = {"md5": set(), "domain": set()}
        for samples in table.read([blob], ReadOptions(matcher.algorithms)):
            assert isinstance(samples, Samples)
            hits = matcher.match(samples).hits
            for algorithm, row in zip(hits["algorithm"].to_pylist(), hits["row"].to_pylist(), strict=True):
                found[algorithm].add(row)
        return [sorted(found["md5"]), sorted(found["domain"])]

    return work


def duckdb(folder: Path, manifest: Path) -> Callable[[], list[list[int]]]:
    import duckdb as peer

    base = peer.connect()
    base.execute("SET threads = 1")
    for name in ("md5", "domain"):
        lines = f"read_csv('{folder}/{name}.txt', header=false, columns={{'v': 'VARCHAR'}})"
        base.execute(f"CREATE TABLE {name} AS SELECT * FROM {lines}")
    host = r"regexp_extract(URL, '^https?://([^/?#]+)', 1)"
    query = f"""
        WITH m AS (SELECT file_row_number + 1 AS row, md5, {host} AS host
                   FROM read_parquet('{manifest}', file_row_number = true))
        SELECT row, md5 IN (SELECT v FROM md5) AS a,
               host IN (SELECT v FROM domain)
               OR regexp_extract(host, '^[^.]*\\.(.+)$', 1) IN (SELECT v FROM domain) AS b
        FROM m WHERE a OR b
    """

    def work() -> list[list[int]]:
        rows = base.execute(query).fetchall()
        return [sorted(row for row, a, _ in rows if a), sorted(row for row, _, b in rows if b)]

    return work


def limit(folder: Path, manifest: Path) -> Callable[[], list[list[int]]]:
    import pyarrow.parquet as pq

    def work() -> list[list[int]]:
        for _ in pq.ParquetFile(manifest).iter_batches(1 << 16, columns=["URL", "md5"], use_threads=False):
            pass
        return []

    return work


CONTENDERS = {"ours": ours, "duckdb": duckdb, "limit": limit}


def run_child(name: str, folder: Path, manifest: Path) -> None:
    work = CONTENDERS[name](folder, manifest)
    began = time.process_time()
    found = work()
    seconds = time.process_time() - began
    print(json.dumps({"cpu": seconds, "peak": peak(), "found": found}))


def peak() -> int:
    """MiB; of this process alone (getrusage's also holds what the parent had when it forked)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def child(name: str, folder: Path, manifest: Path) -> dict[str, object]:
    command = [sys.executable, str(Path(__file__).resolve()), "--child", name, str(folder), str(manifest)]
    environment = {**os.environ, **THREADS, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def write(folder: Path, rows: int, entries: int, *, captions: bool) -> Path:
    """A manifest in LAION's shape, and lists of one row's MD5 and one row's domain in so many thousand."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(20240830)
    listed: list[str] = []
    names = ("URL", "TEXT", "md5") if captions else ("URL", "md5")
    schema = pa.schema([(name, pa.string()) for name in names])
    manifest = folder / "manifest.parquet"
    with pq.ParquetWriter(manifest, schema, compression="zstd") as writer:
        for start in range(0, rows, 250_000):
            count = min(250_000, rows - start)
            text = random.bytes(16 * count).hex()
            digests = [text[at : at + 32] for at in range(0, len(text), 32)]
            listed += digests[::5000]
            # A few hosts hold most pictures and very many a few, as in LAION (Zipf's law: rank times rate is constant).
            domains = (HOSTS ** random.random(count)).astype(int).tolist()
            urls = [
                f"https://img{n % 5}.site{n}.example/{digest[:12]}.jpg"
                for n, digest in zip(domains, digests, strict=True)
            ]
            texts = [[f"a picture of {n} hills by the lake" for n in domains]] if captions else []
            writer.write_table(pa.table([urls, *texts, digests], schema=schema))
    filler = random.bytes(16 * max(0, entries - len(listed))).hex()
    listed += [filler[at : at + 32] for at in range(0, len(filler), 32)]
    (folder / "md5.txt").write_text("\n".join(listed) + "\n")
    (folder / "domain.txt").write_text("".join(f"site{n}.example\n" for n in range(7, HOSTS, 5000)))
    return manifest


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU seconds (median) and peak MiB by contender, and our peak for a fifth of the rows."""

    seconds: dict[str, float]
    peaks: dict[str, int]
    peak_of_a_fifth: int


def measure(rows: int, entries: int, repeat: int, *, captions: bool) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        manifest = write(Path(folder), rows, entries, captions=captions)
        times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        peaks: dict[str, int] = {}
        for _ in range(repeat):
            answers = {name: child(name, Path(folder), manifest) for name in CONTENDERS}
            if answers["ours"]["found"] != answers["duckdb"]["found"]:
                sys.exit("the two do not find the same rows: nothing is timed")
            for name, answer in answers.items():
                times[name].append(float(answer["cpu"]))  # type: ignore[arg-type]
                peaks[name] = int(answer["peak"])  # type: ignore[call-overload]
        small = write(Path(folder), rows // 5, entries, captions=captions)
        peak_of_a_fifth = int(child("ours", Path(folder), small)["peak"])  # type: ignore[call-overload]
    return Measured({name: statistics.median(each) for name, each in times.items()}, peaks, peak_of_a_fifth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_child(given.child[0], Path(given.child[1]), Path(given.child[2]))
        return
    for captions in (False, True):
        found = measure(given.rows, given.entries, given.repeat, captions=captions)
        print(f"{given.rows:,} rows, {given.entries:,} MD5 entries, {'with' if captions else 'without'} captions")
        for name, seconds in found.seconds.items():
            print(
                f"{name:8} {seconds:6.2f} s  {given.rows / seconds / 1e6:5.2f} M rows/s  peak {found.peaks[name]} MiB"
            )
        print(f"ours on a fifth of the rows: peak {found.peak_of_a_fifth} MiB")


if __name__ == "__main__":
    main()
