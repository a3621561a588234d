"""Known lists: near search, exact look-up, opening and importing, beside the peers, in the same run.

python tests/benchmarks/bench_lists.py near   [--entries N ...] [--queries N] [--repeat N] [--no-peer]
python tests/benchmarks/bench_lists.py exact  [--entries N ...] [--queries N] [--repeat N] [--share 0.01]
python tests/benchmarks/bench_lists.py import [--entries N]

Contenders take turns in one process, on one thread; figures are medians of CPU time. Nothing is reported unless the
results are equal: near matches to faiss' flat index (on some of the queries: it is slow) and to threatexchange's
PDQIndex, where that can be imported (asked in batches, which is its fastest way); look-ups to a Python set.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.known import exact_index, near_index
from auditor.known.compile_list import compile_list
from auditor.known.compiled_list import CompiledList, open_compiled_list
from auditor.known.entries import Entries, ListHeader, ListItem, ListOptions
from auditor.known.import_list import import_list
from auditor.known.list_identity import ListDeclaration, ListIdentity
from auditor.known.near_index import DEFAULT_THRESHOLDS
from auditor.known.token_key import KEY
from auditor.samples import DIGEST_BYTES

Rows = NDArray[np.uint8]
FLAT = 200  # queries that faiss' flat index is asked


def array(rows: Rows) -> pa.Array:
    rows = np.ascontiguousarray(rows)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(rows)])


def compiled(algorithm: str, rows: Rows, folder: Path) -> CompiledList:
    def items() -> Iterator[ListItem]:
        yield ListHeader("bench")
        for low in range(0, len(rows), 1 << 18):
            yield Entries(algorithm, array(rows[low : low + (1 << 18)]))

    compile_list(items(), folder, ListIdentity("bench", "1", "test"), DEFAULT_THRESHOLDS)
    (folder / KEY).write_bytes(b"bench")
    began = time.perf_counter()
    known = open_compiled_list(folder)
    known.find_exact(algorithm, array(rows[:1]))
    print(f"  opened, and one look-up: {1000 * (time.perf_counter() - began):.1f} ms")
    return known


def medians(contenders: dict[str, Callable[[], object]], queries: int, repeat: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeat):
        for name, work in contenders.items():
            began = time.process_time()
            work()
            times[name].append(time.process_time() - began)
    rates = {name: queries / statistics.median(taken) for name, taken in times.items()}
    for name, rate in rates.items():
        print(f"  {name:<28} {rate:>14,.0f} queries/s   auditor is {rates['auditor'] / rate:.1f} times as fast")


def near_search(entries: int, queries: int, repeat: int, peers: bool, folder: Path) -> None:
    print(f"near search, {entries:,} entries of PDQ, distance at most 31, {queries:,} queries")
    random = np.random.default_rng(entries)
    rows = random.integers(0, 256, (entries, 32), np.uint8)
    asked = np.concatenate([random.integers(0, 256, (queries - queries // 50, 32), np.uint8), rows[: queries // 50]])
    for row in asked[-queries // 100 :]:
        row[random.integers(0, 32, 10)] ^= 7
    asked = random.permutation(asked)
    known = compiled("pdq", rows, folder)
    words = near_index.digest_words(asked)
    found = known.find_near("pdq", words)
    print(f"  compiled with {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most, made rows too")
    print(
        f"  a fresh process that opens and searches: {_resident(folder, words):.2f} GB at most; {len(found[0])} pairs"
    )
    pairs = list(zip(found[0].tolist(), known.values("pdq", found[1]).to_pylist(), found[2].tolist(), strict=True))
    _equal_to_faiss(pairs, rows, asked[:FLAT])
    contenders: dict[str, Callable[[], object]] = {"auditor": lambda: known.find_near("pdq", words)}
    peer = _threatexchange(rows) if peers else None
    if peer is not None:
        hexes = [row.tobytes().hex() for row in asked]
        met = peer(hexes)
        theirs = sorted((number, text, distance) for number, key in enumerate(hexes) for _, text, distance in met[key])
        assert theirs == sorted((row, value.hex(), distance) for row, value, distance in pairs)
        contenders["threatexchange PDQIndex"] = lambda: peer(hexes)
    medians(contenders, queries, repeat)


def _resident(folder: Path, words: near_index.Words) -> float:
    """GB that a process has at most which opens the list and searches it for these hashes."""
    np.save(folder / "asked.npy", words)
    code = (
        "import sys, numpy; from pathlib import Path; from auditor.known.compiled_list import open_compiled_list\n"
        "folder = Path(sys.argv[1]); open_compiled_list(folder).find_near('pdq', numpy.load(folder / 'asked.npy'))\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return int(subprocess.check_output([sys.executable, "-c", code, str(folder)], env=environment)) / 1e6


def _equal_to_faiss(pairs: list[tuple[int, bytes, int]], rows: Rows, asked: Rows) -> None:
    import faiss

    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(rows)
    bounds, distances, ids = flat.range_search(asked, 32)  # below 32
    theirs = [
        (query, rows[ids[at]].tobytes(), int(distances[at]))
        for query in range(len(asked))
        for at in range(bounds[query], bounds[query + 1])
    ]
    assert sorted(theirs) == sorted(pair for pair in pairs if pair[0] < len(asked))


def _threatexchange(rows: Rows) -> Callable[[list[str]], Any] | None:
    try:
        from threatexchange.signal_type.pdq.pdq_index import PDQIndex
    except ImportError as error:
        print(f"  threatexchange is not here ({error}): no peer")
        return None
    index = PDQIndex((row.tobytes().hex(), number) for number, row in enumerate(rows))
    return lambda hexes: index.index.search_with_distance_in_result(hexes, 31)


def exact_look_up(entries: int, queries: int, repeat: int, share: float, folder: Path) -> None:
    print(f"exact look-up, {entries:,} entries of MD5, {queries:,} queries, {share:.0%} of them listed")
    random = np.random.default_rng(entries)
    rows = random.integers(0, 256, (entries, DIGEST_BYTES["md5"]), np.uint8)
    asked = random.integers(0, 256, (queries, DIGEST_BYTES["md5"]), np.uint8)
    asked[: int(queries * share)] = rows[random.integers(0, entries, int(queries * share))]
    asked = random.permutation(asked)
    known = compiled("md5", rows, folder)
    column = array(asked)
    listed = {row.tobytes() for row in rows} if entries <= 10_000_000 else set()
    texts = column.to_pylist()
    contenders: dict[str, Callable[[], object]] = {"auditor": lambda: known.find_exact("md5", column)}
    if listed:
        assert sorted(known.find_exact("md5", column)[0].tolist()) == [
            n for n, text in enumerate(texts) if text in listed
        ]
        contenders["a Python set"] = lambda: [text in listed for text in texts]
    else:
        found, entry = known.find_exact("md5", column)
        assert len(found) == int(queries * share)
        assert exact_index.equal_rows(asked[found], exact_index.digest_rows(known.values("md5", entry))).all()
    medians(contenders, queries, repeat)


def importing(entries: int, folder: Path) -> None:
    import pyarrow.csv

    print(f"import, a CSV of {entries:,} lines: id, md5, category")
    path = folder / "list.csv"
    random = np.random.default_rng(1)
    with path.open("w") as out:
        out.write("id,md5,category\n")
        for low in range(0, entries, 100_000):
            text = random.bytes(16 * min(100_000, entries - low)).hex()
            out.writelines(f"{low + n},{text[32 * n : 32 * n + 32]},{n % 4}\n" for n in range(len(text) // 32))
    os.environ["AUDITOR_HOME"] = str(folder)
    began = time.perf_counter()
    known, _ = import_list([path], ListDeclaration("bench", "test"), ListOptions())
    took = time.perf_counter() - began
    assert known.entries == entries
    began = time.perf_counter()
    pyarrow.csv.read_csv(path)
    print(f"  auditor {took:.1f} s; pyarrow only reads it in {time.perf_counter() - began:.1f} s (on every core)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["near", "exact", "import"])
    parser.add_argument("--entries", type=int, nargs="+")
    parser.add_argument("--queries", type=int)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--no-peer", action="store_true", help="without PDQIndex: it needs 5 GB for 10 million entries")
    given = parser.parse_args()
    default = {"near": [100_000, 1_000_000], "exact": [10_000_000], "import": [10_000_000]}[given.what]
    for entries in given.entries or default:
        with tempfile.TemporaryDirectory() as folder:
            if given.what == "near":
                near_search(entries, given.queries or 5000, given.repeat, not given.no_peer, Path(folder))
            elif given.what == "exact":
                exact_look_up(entries, given.queries or 2_000_000, given.repeat, given.share, Path(folder))
            else:
                importing(entries, Path(folder))


if __name__ == "__main__":
    main()
