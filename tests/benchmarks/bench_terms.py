"""Cards a second through the terms derivations, and every shipped pattern on a megabyte of hostile text.

    python tests/benchmarks/bench_terms.py [FOLDER OF CARDS]

Without a folder, 2,000 cards are made up. Peer: the same patterns one by one with the standard library's ``re``.
Times are CPU seconds, the median of three runs; the terms that RE2 finds are checked against ``re`` first.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from auditor.model import Subject
from auditor.parts import Part, Text
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.terms.derive_subjects import derive_subject
from auditor.terms.folding import disguised_pattern
from auditor.terms.patterns import compile_pattern


def made_up(number: int) -> list[str]:
    rng = random.Random(7)
    words = "the model was trained on images of landscapes and is intended for research use by people who".split()
    heads = ["## Training data", "## Intended uses", "## Limitations", "## Contact", "## Evaluation"]
    cards = []
    for _ in range(number):
        sections = (f"{head}\n\n{' '.join(rng.choices(words, k=120))}.\n" for head in rng.sample(heads, 4))
        cards.append("# A model\n\n" + "\n".join(sections))
    return cards


def patterns() -> list[str]:
    terms = load_vocabularies().terms
    return [
        *(rf"(?m)^#+ *(?:{words})\b" for term in terms for words in term.headings),
        *(pattern for term in terms for pattern in term.patterns),
        *(disguised_pattern(word) for term in terms for word in term.words),
    ]


def seconds(work: Callable[[], object]) -> float:
    def once() -> float:
        begun = time.process_time()
        work()
        return time.process_time() - begun

    return statistics.median(once() for _ in range(3))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    cards = [path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*.md"))] if folder else made_up(2_000)
    vocabulary = compiled_vocabulary(load_vocabularies())
    parts = [Part(Subject("model", str(at)), (Text("card", "README.md", card),)) for at, card in enumerate(cards)]
    for part in parts:
        derive_subject(part, vocabulary)  # the automata are built on the way
    took = seconds(lambda: [derive_subject(part, vocabulary) for part in parts])
    print(f"derive: {len(parts) / took:,.0f} cards/s, {took / len(parts) * 1e6:.0f} us a card of {len(cards):,}")

    every = patterns()
    alone = [compile_pattern(pattern) for pattern in every]
    peer = [re.compile(_for_re(pattern), re.I | re.ASCII) for pattern in every]
    sample = cards[:40]
    for pattern, ours, theirs in zip(every, alone, peer, strict=True):
        for card in sample:
            assert bool(ours.search(card.encode())) == bool(theirs.search(card)), pattern
    naive = seconds(lambda: [theirs.search(card) for card in sample for theirs in peer])
    print(f"peer: {len(sample) / naive:,.0f} cards/s through {len(every)} patterns with re")

    hostile = ["trained on the " * 66_000, "a" * 1_000_000, "not " * 250_000, "n u d e " * 125_000, "\u200b-" * 250_000]
    slowest = max(
        (seconds(lambda p=p, t=t: p.search(t)), every[at])
        for at, p in enumerate(alone)
        for t in map(str.encode, hostile)
    )
    print(f"slowest pattern on a megabyte: {slowest[0] * 1e3:.1f} ms (limit 50): {slowest[1][:60]}")
    assert slowest[0] < 0.05


def _for_re(pattern: str) -> str:
    """RE2's ``(?m)`` may stand anywhere; ``re`` wants it first."""
    return ("(?m)" if "(?m)" in pattern else "") + pattern.replace("(?m)", "")


if __name__ == "__main__":
    main()
