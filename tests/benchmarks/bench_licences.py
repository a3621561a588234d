"""How many real licence files are called edited, and how many edits of known texts are found.

    python tests/benchmarks/bench_licences.py FOLDER...        e.g. site-packages, /usr/share/doc, node_modules
        [--labels FILE]     lines "SHA-256 <tab> edited" for the files that a person found to be edited
        [--show]            print every file that is called edited, with what differs

Honest files: those of the folders that are called as licences are (LICENSE, COPYING, copyright), each content once.
Edits: over every known text of the vocabulary and every file that is recognised without edits, a limit is added, a
clause removed, a duty softened, "not" dropped, a restriction inserted in a permission, "may" written for "must".
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from auditor.policy.vocabularies import load_vocabularies
from auditor.terms.licence_texts import index_texts
from auditor.terms.licences import TextMatch

_NAME = re.compile(r"(?:.*[-_.])?(?:licen[cs]es?|copying|copyright|notice)(?:[-_.].*)?", re.I)
_CODE = frozenset(
    (".py", ".pyc", ".js", ".json", ".ts", ".toml", ".h", ".c", ".go", ".rs", ".html", ".htm", ".svg", ".png")
)
_MAX_BYTES = 400_000
_LIMITS = (
    "The Software may not be used for military purposes.",
    "Use is limited to academic research and commercial use is prohibited.",
    "This permission does not extend to companies with more than ten employees.",
)
_INSERTED = ("for non-commercial purposes only", "to accredited academic institutions only", "for evaluation purposes")
_SOFTER = {"shall": "should", "must": "should", "required": "encouraged", "prohibited": "discouraged"}


def licence_files(folders: list[Path]) -> Iterator[tuple[Path, str, str]]:
    """Yield the licence files of folders, each content once: path, SHA-256, text."""
    seen = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not _NAME.fullmatch(path.name) or path.suffix.lower() in _CODE or not path.is_file():
                continue
            data = path.read_bytes()[:_MAX_BYTES]
            digest = hashlib.sha256(data).hexdigest()
            if digest not in seen:
                seen.add(digest)
                yield path, digest, data.decode("utf-8", "replace")


def relation(matches: tuple[TextMatch, ...]) -> str:
    """Return what is said of a file with these matches: the most serious of them."""
    relations = {match.relation for match in matches} or {"unknown"}
    return next(each for each in ("edited", "derived", "exact", "unknown") if each in relations)


def edits_of(text: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield edited forms of a text, each with its kind."""
    words = list(re.finditer(r"\S+", text))
    plain = [re.sub(r"\W", "", word.group()).lower() for word in words]

    def with_word(at: int, new: str) -> str:
        return text[: words[at].start()] + new + text[words[at].end() :]

    yield "a limit added at the end", f"{text.rstrip()}\n\n{rng.choice(_LIMITS)}\n"
    yield "a limit added before it", f"{rng.choice(_LIMITS)}\n\n{text}"
    middle = words[rng.randrange(len(words) // 3, 2 * len(words) // 3)].end()
    yield "a limit added in the middle", f"{text[:middle]} {rng.choice(_LIMITS)}{text[middle:]}"
    size = min(30, len(words) // 5)
    for _ in range(2):
        at = rng.randrange(len(words) // 5, 4 * len(words) // 5 - size)
        yield "a clause removed", text[: words[at].start()] + text[words[at + size].start() :]
    for kind, places in {
        "softened": [at for at, word in enumerate(plain) if word in _SOFTER],
        "not dropped": [at for at, word in enumerate(plain) if word in ("not", "no")],
        "may for must": [at for at, word in enumerate(plain) if word in ("must", "shall")],
        "a restriction in a permission": [
            at for at, word in enumerate(plain) if word in ("permission", "use", "copy", "distribute", "granted")
        ],
    }.items():
        for at in rng.sample(places, min(2, len(places))):
            word = words[at].group()
            new = {
                "softened": _SOFTER.get(plain[at], ""),
                "not dropped": "",
                "may for must": "may",
                "a restriction in a permission": f"{word} {rng.choice(_INSERTED)}",
            }[kind]
            yield kind, with_word(at, new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    licences = load_vocabularies().licences
    labels = (
        dict(line.split("\t")[:2] for line in arguments.labels.read_text().splitlines()) if arguments.labels else {}
    )

    said: Counter[str] = Counter()
    false = 0
    exact: list[str] = []
    began = time.perf_counter()
    for path, digest, text in licence_files(arguments.folders):
        matches = licences.recognise_text(text)
        answer = relation(matches)
        said[answer] += 1
        if {match.relation for match in matches} == {"exact"} and len(matches) == 1:
            exact.append(text)
        if answer == "edited":
            false += labels.get(digest) != "edited"
            if arguments.show:
                print(f"{digest}\t{labels.get(digest, 'honest')}\t{path}")
                for match in matches:
                    print(f"    {match.licence} {match.relation} line {match.line}: {'; '.join(match.differences)}")
    if files := said.total():
        took = (time.perf_counter() - began) / files
        print(f"honest files: {files}, of which {dict(said)}; {took * 1e3:.0f} ms a file")
        print(f"falsely edited: {false} of {files} ({false / files:.1%})")

    rng = random.Random(7)
    word = index_texts(licences.texts, licences.known_words).word
    texts = [" ".join(map(word, known.words[known.first : known.end])) for known in licences.texts]
    found: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    others = derived = 0
    for text in (*texts, *rng.sample(exact, min(len(exact), 100))):
        own = licences.recognise_text(text)
        for kind, edited in edits_of(text, rng):
            matches = licences.recognise_text(edited)
            if relation(matches) == "exact" and matches != own:
                others += 1  # the edit makes it the text of another licence
                continue
            tried[kind] += 1
            found[kind] += relation(matches) in ("edited", "derived")
            derived += relation(matches) == "derived"
            if relation(matches) not in ("edited", "derived"):
                missed[relation(matches)] += 1
                if arguments.show:
                    print(f"missed: {kind}: {own[0].licence if own else '?'} is said to be {matches}")
    for kind, number in sorted(tried.items()):
        print(f"{kind}: {found[kind]} of {number} found")
    print(f"edits found: {found.total()} of {tried.total()} ({found.total() / tried.total():.2%})")
    print(f"{derived} of them as derived from the text: kin, and texts in lists of licences")
    print(f"said of the others: {dict(missed)}; {others} edits make another known text")


if __name__ == "__main__":
    main()
