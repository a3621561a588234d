"""Every public list at hand reads with the counts that a plain parse of it gives."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from auditor.errors import ListError
from auditor.known.entries import Entries, ListOptions, MalformedEntry, UnknownAlgorithm, WithdrawnIds
from auditor.known.import_list import import_list
from auditor.known.list_formats import detect_format, list_formats
from auditor.known.list_identity import ListDeclaration

pytestmark = pytest.mark.corpus


def counts(path: Path, options: ListOptions = ListOptions()) -> tuple[Counter[str], int]:  # noqa: B008 - frozen
    found: Counter[str] = Counter()
    withdrawn = 0
    for item in list_formats()[detect_format(path)].read(path, options):
        if isinstance(item, Entries):
            found[item.algorithm] += len(item)
        elif isinstance(item, UnknownAlgorithm):
            found["unknown"] += item.count
        elif isinstance(item, WithdrawnIds):
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
        withdrawn_count = sum(1 for name in ("deletedImage", "deletedVideo") for _ in root.iter(space + name))
        assert counts(path) == (plain, withdrawn_count), path.name


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
        if detect_format(path) != "misp":
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
        assert counts(folder / name, ListOptions(algorithm="pdq"))[0] == Counter({"pdq": len(lines)})
    table = corpus / "01-pdq/pdq/wasm/test/TestData/PDQMD5TestData.csv"
    hashes = [line.rpartition(",")[2] for line in table.read_text().splitlines()[1:] if line.strip()]
    assert counts(table, ListOptions(algorithm="pdq"))[0] == Counter({"pdq": sum(len(each) == 64 for each in hashes)})
    malformed = [
        item.line
        for item in list_formats()["csv"].read(table, ListOptions(algorithm="pdq"))
        if isinstance(item, MalformedEntry)
    ]
    assert malformed == [line for line, each in enumerate(hashes, 2) if len(each) != 64]  # videos, by their MD5


# ---- imported: how many different entries each algorithm has -----------------------------------------------

Plain = dict[str, set[str]]
NCMEC = "{https://hashsharing.ncmec.org/hashsharing/v2}"


def plain_ncmec(path: Path) -> Plain:
    root = ElementTree.parse(path).getroot()
    found: Plain = {}
    for prints in root.iter(f"{NCMEC}fingerprints"):
        for each in prints:
            found.setdefault(each.tag.removeprefix(NCMEC), set()).add(str(each.text))
    found.pop("pdna", None)  # these pages cut PhotoDNA short
    return found


def plain_json(path: Path) -> Plain:
    """Hashes by the keys that hold them, whatever the format around them."""
    keys = {"MD5": "md5", "SHA1": "sha1", "SHA-1": "sha1", "SHA-256": "sha256", "hashValue": "pdq"}
    found: Plain = {}
    for record in dicts(json.loads(path.read_text("utf-8-sig"))):
        for key, algorithm in keys.items():
            if record.get(key) and (key != "SHA-1" or "FileName" in record):
                found.setdefault(algorithm, set()).add(str(record[key]).lower())
    return found


def plain_stix(path: Path) -> Plain:
    """Hashes and domains of patterns, by the text around them alone."""
    found: Plain = {}
    kinds = {"md5": r"file:hashes\.md5 = '(\w+)'", "sha256": r"file:hashes\.'SHA-256' = '(\w+)'"}
    kinds["domain"] = r"domain-name:value = '([^']+)'"
    for record in dicts(json.loads(path.read_text())):
        for algorithm, pattern in kinds.items():
            for value in re.findall(pattern, str(record.get("pattern", ""))):
                found.setdefault(algorithm, set()).add(value.lower())
    return found


def plain_misp(path: Path) -> Plain:
    """Attributes by their type; those that are only proposed are no entries."""
    kinds = {name: name for name in ("md5", "sha1", "sha256", "url", "domain")}
    kinds |= {"hostname": "domain", "malware-sample": "md5", **{f"filename|{name}": name for name in ("md5", "sha1")}}
    found: Plain = {}
    for record in dicts(json.loads(path.read_text()), "ShadowAttribute"):
        kind = kinds.get(str(record.get("type")))
        if kind and record.get("value"):
            found.setdefault(kind, set()).add(str(record["value"]).rpartition("|")[2].lower())
    return found


def plain_urls(path: Path) -> Plain:
    if path.suffix == ".txt":
        return {"url": set(path.read_text().split())}
    with path.open(newline="") as file:
        return {"url": {row["URL"] for row in csv.DictReader(file, delimiter="," if path.suffix == ".csv" else "\t")}}


LISTS = {
    "threatexchange/ncmec-xml/*.xml": plain_ncmec,
    "threatexchange/stopncii-json/*.json": plain_json,
    "vics/*.json": plain_json,
    "hashlookup/*.json": plain_json,
    "stix/*.json": plain_stix,
    "misp/tests/**/*.json": plain_misp,
    "img2dataset/url-*-987.?s*v": plain_urls,
    "img2dataset/url-only-987.txt": plain_urls,
}
# What holds no entry says so. NCMEC's feedback documents are answers to it, not pages of the list; what is no list at
# all (a MISP object's definition, a search result, a service's answer) is not recognised as one.
NO_ENTRY = r"holds no entry that can be matched|no list format recognises this file|not a queryResult with hashes"


@pytest.mark.parametrize("pattern", LISTS)
def test_every_list_imports_with_the_different_entries_of_a_plain_parse(
    pattern: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path))
    read = 0
    for number, path in enumerate(lists(corpus, pattern)):
        try:
            expected = {algorithm: len(values) for algorithm, values in LISTS[pattern](path).items()}
        except ElementTree.ParseError:
            expected = {}
        declared = ListDeclaration(name=f"list-{number}", means="test")
        if not expected:
            with pytest.raises(ListError, match=NO_ENTRY):
                import_list([path], declared, ListOptions())
            continue
        read += 1
        known, _ = import_list([path], declared, ListOptions())
        counts_ = {algorithm: part["entries"] for algorithm, part in known.manifest["algorithms"].items()}
        assert counts_ == expected, path.name
        assert known.manifest["unmatchable"] == {}
    assert read
