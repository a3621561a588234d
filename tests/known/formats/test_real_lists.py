"""Every public list at hand reads with the counts that a plain parse of it gives."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from auditor.errors import ListError
from auditor.known import Entries, Malformed, Options, Unknown, Withdrawn, format_of, list_formats

pytestmark = pytest.mark.corpus


def counts(path: Path, options: Options = Options()) -> tuple[Counter[str], int]:  # noqa: B008 - frozen
    found: Counter[str] = Counter()
    withdrawn = 0
    for item in list_formats()[format_of(path)].read(path, options):
        if isinstance(item, Entries):
            found[item.algorithm] += len(item)
        elif isinstance(item, Unknown):
            found["unknown"] += item.entries
        elif isinstance(item, Withdrawn):
            withdrawn += len(item.ids)
    return found, withdrawn


def dicts(value: object, besides: str = "") -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
    children = (
        value.items() if isinstance(value, dict) else ((None, v) for v in value) if isinstance(value, list) else ()
    )
    for key, child in children:
        if key != besides or not besides:
            yield from dicts(child, besides)


def lists(corpus: Path, pattern: str) -> list[Path]:
    found = sorted((corpus / "08-manifests-and-hash-lists").glob(pattern))
    assert found
    return found


def test_ncmec_pages(corpus: Path) -> None:
    space = "{https://hashsharing.ncmec.org/hashsharing/v2}"
    for path in lists(corpus, "threatexchange/ncmec-xml/*.xml"):
        root = ElementTree.parse(path).getroot()
        if root.tag != f"{space}queryResult":
            with pytest.raises(ListError, match="not a queryResult with hashes"):
                counts(path)
            continue
        names = {"md5": "md5", "sha1": "sha1", "pdna": "unknown"}  # these pages cut PhotoDNA short
        plain = Counter(names[e.tag.removeprefix(space)] for f in root.iter(f"{space}fingerprints") for e in f)
        gone = sum(1 for name in ("deletedImage", "deletedVideo") for _ in root.iter(space + name))
        assert counts(path) == (plain, gone), path.name


def test_stopncii_pages(corpus: Path) -> None:
    for path in lists(corpus, "threatexchange/stopncii-json/*.json"):
        records = json.loads(path.read_text())["hashRecords"]
        assert counts(path)[0] == Counter({"pdq": len(records)})


def test_vics_sets(corpus: Path) -> None:
    for path in lists(corpus, "vics/*.json"):
        plain: Counter[str] = Counter()
        for record in dicts(json.loads(path.read_text("utf-8-sig"))):
            plain.update({name.lower(): 1 for name in ("MD5", "SHA1") if record.get(name)})
        assert counts(path)[0] == plain, path.name


def test_hashlookup_records(corpus: Path) -> None:
    read = 0
    for path in lists(corpus, "hashlookup/*.json"):
        data = json.loads(path.read_text())
        records = [record for record in (data if isinstance(data, list) else [data]) if "SHA-1" in record]
        if not records:
            with pytest.raises(ListError, match="no list format recognises this file"):
                counts(path)
            continue
        read += 1
        names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256"}
        plain = Counter(names[name] for record in records for name in names if record.get(name))
        assert counts(path)[0] == plain, path.name
    assert read >= 5


def test_stix_bundles(corpus: Path) -> None:
    for path in lists(corpus, "stix/*.json"):
        plain: Counter[str] = Counter()
        for record in dicts(json.loads(path.read_text())):
            pattern = str(record.get("pattern", ""))
            plain["md5"] += pattern.count("hashes.md5 =")
            plain["sha256"] += pattern.count("hashes.'SHA-256' =")
            plain["domain"] += pattern.count("domain-name:value =")
        assert counts(path)[0] == +plain, path.name


def test_misp_events(corpus: Path) -> None:
    kinds = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "url": "url", "domain": "domain", "hostname": "domain"}
    kinds |= {"malware-sample": "md5", "filename|md5": "md5", "filename|sha1": "sha1", "filename|sha256": "sha256"}
    read = 0
    for path in lists(corpus, "misp/tests/**/*.json"):
        try:
            found, _ = counts(path)
        except ListError:
            continue
        if format_of(path) != "misp":
            continue
        read += 1
        data = json.loads(path.read_text())
        plain = Counter(
            kinds[str(record["type"])]
            for record in dicts(data, "ShadowAttribute")
            if record.get("type") in kinds and record.get("value")
        )
        assert Counter({name: number for name, number in found.items() if name != "unknown"}) == plain, path.name
    assert read >= 8


def test_lines_and_columns(corpus: Path) -> None:
    (path,) = lists(corpus, "img2dataset/url-only-987.txt")
    assert counts(path)[0] == Counter({"url": 987})
    folder = corpus / "01-pdq/pdq/data/reg-test-input"
    for name in ("needles.txt", "haystack.txt"):
        lines = [line for line in (folder / name).read_text().splitlines() if line.strip()]
        assert counts(folder / name, Options(algorithm="pdq"))[0] == Counter({"pdq": len(lines)})
    table = corpus / "01-pdq/pdq/wasm/test/TestData/PDQMD5TestData.csv"
    hashes = [line.rpartition(",")[2] for line in table.read_text().splitlines()[1:] if line.strip()]
    assert counts(table, Options(algorithm="pdq"))[0] == Counter({"pdq": sum(len(each) == 64 for each in hashes)})
    malformed = [
        item.line for item in list_formats()["csv"].read(table, Options(algorithm="pdq")) if isinstance(item, Malformed)
    ]
    assert malformed == [line for line, each in enumerate(hashes, 2) if len(each) != 64]  # videos, by their MD5
