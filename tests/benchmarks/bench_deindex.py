"""De-index lists: built in flat memory, verified, looked up: ``python -m tests.benchmarks.bench_deindex``.

``--entries`` sets the number. Times are CPU seconds; look-ups are gated on equal answers of the plain comparison.
The ledger has three events a decision, and its tree lies in SQLite as a ledger's does; decisions come in order of
their cases, which has nothing to do with their order in it. What it takes to make them is not
counted. "Proofs" are the part of a build, or of a verification, that they take.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from auditor.deindex import build_list, party_keys, receive_list
from auditor.deindex.build_list import BuildOptions
from auditor.deindex.hubs import shipped_hubs
from auditor.deindex.locators import build_locators
from auditor.deindex.lookup import open_lookup
from auditor.deindex.proofs import Prover, SignedCheckpoint
from auditor.deindex.repositories import resolve_repository
from auditor.known.urls import split_canonical_url
from auditor.model import Digest, Ref
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger_schema import LEDGER_SCHEMA
from auditor.review.ledger_storage import read_nodes
from auditor.review.review_types import Decision
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey, encode_public_key
from tests.deindex.lists import NOW, decision

URLS = 200_000
EVENTS = 3  # of the ledger, for each decision


def decisions(count: int) -> Iterator[Decision]:
    stride = next(prime for prime in (1_000_003, 999_983) if count % prime)
    made = decision("owner/name")
    for number in range(count):
        name, index = f"owner{number % 1000}/model-{number}", EVENTS * (number * stride % count) + 2
        text = event(index)
        yield replace(
            made,
            id=f"{number:016x}-{index}",
            case=f"{number:016x}",
            subject=Ref("model", name),
            digests=(Digest("sha256", f"{number:064x}"), Digest("sha256-tensors", f"{number + count:064x}")),
            index=index,
            leaf=merkle.hash_leaf(text.encode()).hex(),
            logged=text,
        )


def event(index: int) -> str:
    """A decision's event, as :func:`tests.deindex.lists.decision` has it."""
    return f"{_BEFORE}{index}{_AFTER}"


def _parts() -> tuple[str, str]:
    made = decision("owner/name")
    data = {"review_by": "", "rules": made.rules, "verdict": made.verdict, "words": "00" * 32}
    said = {"actor": made.approver, "case": "00" * 8, "data": data, "kind": "reviewed", "number": "@"}
    text = json.dumps({**said, "previous": "00" * 32, "time": made.decided_at}, separators=(",", ":"))
    before, _, after = text.partition('"@"')
    return before, after


_BEFORE, _AFTER = _parts()


def ledger(path: Path, count: int) -> Prover:
    """The tree of a ledger that holds the decisions."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(f"PRAGMA synchronous = OFF; {LEDGER_SCHEMA['tree']}; BEGIN")
    kept: dict[tuple[int, int], bytes] = {}
    for number in range(count * EVENTS):
        hashed = merkle.hash_leaf(event(number).encode() if number % EVENTS == 2 else b"%d" % number)
        database.executemany("INSERT INTO tree VALUES (?, ?, ?)", merkle.append_leaf(kept, number, hashed))
    database.execute("COMMIT")
    database.execute("BEGIN")  # as while a ledger's decisions are read
    database.execute("SELECT 1 FROM tree").fetchone()

    def nodes(asked: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """As :meth:`auditor.review.ledger.Ledger.nodes` asks for them."""
        return read_nodes(database, asked)  # type: ignore[return-value]

    key = SigningKey.from_seed(b"l" * 32)
    root = merkle.root_hash(count * EVENTS, lambda level, number: kept[level, number])
    note = Checkpoint("auditor/ledger/bench", count * EVENTS, root).sign(key)
    return Prover(SignedCheckpoint(note, encode_public_key(key.public)), nodes)


def addresses(count: int, seed: int) -> list[str]:
    """Addresses as an index of the web has them: half of listed models, some siblings, some written oddly."""
    chosen = random.Random(seed)
    found = []
    for _ in range(URLS):
        number = chosen.randrange(2 * count)
        url = f"https://huggingface.co/owner{number % 1000}/model-{number}"
        ways = [
            url,
            f"{url}/tree/main",
            f"{url}/resolve/main/model.safetensors?download=true",
            url.replace("huggingface.co", "hf.co"),
            url.replace("/model", "/Model"),
            f"{url}-v2",
            f"{url}%2Ftree",
            "https://example.org/some/page/of/the/web?x=1",
        ]
        found.append(chosen.choice(ways))
    return found


def listed(url: str, count: int) -> bool:
    """The plain comparison, with the one entry that could hold the address."""
    parts = split_canonical_url(url)[1].split("/")
    name = "/".join(parts[1:3]).lower()
    number = name.partition("model-")[2]
    if not number.isdigit() or int(number) >= count:
        return False
    return build_locators(resolve_repository(Ref("model", name), shipped_hubs()), shipped_hubs()).covers(url)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    count = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sender, recipient = (
            party_keys.create_keys(folder / "a", "hotline"),
            party_keys.create_keys(folder / "b", "search"),
        )
        for number in (count // 10, count):
            prover = ledger(folder / f"ledger-{number}.sqlite", number)
            held = peak()
            began = time.process_time()
            state = folder / f"sent-{number}"
            out = folder / "out"
            built = build_list.build_list(
                decisions(number), recipient.card, sender, out, state, NOW, BuildOptions(), prover
            )
            spent = time.process_time() - began
            began = time.process_time()
            for _ in decisions(number):
                pass
            making = time.process_time() - began
            spent -= making
            size = built.path.stat().st_size / 1e6
            print(
                f"build    {number:>9,} entries  {spent:6.1f} s  {size:7,.0f} MB  peak {peak():5.0f} MB "
                f"({held:.0f} before it)"
            )
            began = time.process_time()
            for made in decisions(number):
                prover.prove(made, prover.size)
            print(f"  proofs {number:>9,} entries  {time.process_time() - began - making:6.1f} s")
        began = time.process_time()
        receive_list.receive_list(built.path, recipient, sender.card, folder / "home", NOW)
        print(f"verify   {count:>9,} entries  {time.process_time() - began:6.1f} s  peak {peak():5.0f} MB")
        began = time.process_time()
        found = open_lookup(folder / "home", sender.card, NOW)
        print(f"open     {time.process_time() - began:6.4f} s")
        rates = []
        for seed in range(3):
            urls = addresses(count, seed)
            began = time.process_time()
            told = [answer.outcome == "listed" for answer in found.lookup_urls(urls)]
            rates.append(URLS / (time.process_time() - began))
            for url, answer in list(zip(urls, told, strict=True))[:2000]:
                assert answer == listed(url, count), url
        print(f"look up  {statistics.median(rates):>9,.0f} addresses/s, {sum(told) / URLS:.0%} of them listed")


if __name__ == "__main__":
    main()
