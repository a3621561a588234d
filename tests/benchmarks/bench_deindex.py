"""De-index lists: built in flat memory, verified, looked up: ``python -m tests.benchmarks.bench_deindex``.

``--entries`` sets the number. Times are CPU seconds; look-ups are gated on equal answers of the plain comparison.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from auditor.deindex import building, parties, receiving
from auditor.deindex.building import Order
from auditor.deindex.locators import address, locators, repository
from auditor.deindex.lookup import open_lookup
from auditor.model import Digest, Ref
from auditor.review.decisions import Decision
from tests.deindex.lists import NOW, decision

URLS = 200_000


def decisions(count: int) -> Iterator[Decision]:
    for number in range(count):
        digests = (Digest("sha256", f"{number:064x}"), Digest("sha256-tensors", f"{number + count:064x}"))
        yield decision(f"owner{number % 1000}/model-{number}", digests=digests)


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
    parts = address(url)[1].split("/")
    name = "/".join(parts[1:3]).lower()
    number = name.partition("model-")[2]
    if not number.isdigit() or int(number) >= count:
        return False
    return locators(repository(Ref("model", name))).covers(url)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    count = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sender, recipient = parties.make(folder / "a", "hotline"), parties.make(folder / "b", "search")
        for number in (count // 10, count):
            began = time.process_time()
            state = folder / f"sent-{number}"
            built = building.build(decisions(number), recipient.card, sender, folder / "out", state, NOW, Order())
            spent = time.process_time() - began
            size = built.path.stat().st_size / 1e6
            print(f"build    {number:>9,} entries  {spent:6.1f} s  {size:7,.0f} MB  peak {peak():5.0f} MB")
        began = time.process_time()
        receiving.receive(built.path, recipient, sender.card, folder / "home", NOW)
        print(f"verify   {count:>9,} entries  {time.process_time() - began:6.1f} s  peak {peak():5.0f} MB")
        began = time.process_time()
        found = open_lookup(folder / "home", sender.card, NOW)
        print(f"open     {time.process_time() - began:6.4f} s")
        rates = []
        for seed in range(3):
            urls = addresses(count, seed)
            began = time.process_time()
            told = [answer.outcome == "listed" for answer in found.urls(urls)]
            rates.append(URLS / (time.process_time() - began))
            for url, answer in list(zip(urls, told, strict=True))[:2000]:
                assert answer == listed(url, count), url
        print(f"look up  {statistics.median(rates):>9,.0f} addresses/s, {sum(told) / URLS:.0%} of them listed")


if __name__ == "__main__":
    main()
