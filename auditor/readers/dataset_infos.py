"""Reads ``dataset_infos.json``: what the datasets library writes of each configuration of a dataset.

Its checksums are of the archives that were downloaded, not of samples (huggingface/datasets: info.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from auditor.blob import Blob, Unread
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead, Text
from auditor.readers import ReaderExample
from auditor.syntax.plain_json import READ_LIMIT, find_line, iter_strings, load_json_object
from auditor.syntax.text_encoding import decode_text

MAX_FILES = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}", re.I)
_BY_CONFIGURATION = re.compile(rb'\s*\{\s*"[^"]{1,200}":\s*\{\s*"description":')
_FILE_NAMES = ("dataset_infos.json", "dataset_info.json")


def claims(blob: Blob, head: bytes) -> int:
    """Claim ``dataset_infos.json`` by its name, and JSON of the same form."""
    if blob.suffix != ".json":
        return 0
    return 70 if blob.basename in _FILE_NAMES else 55 if _BY_CONFIGURATION.match(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield what each ``dataset_infos.json`` says of its dataset."""
    return read_file_parts(blobs, part, READ_LIMIT + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return what the ``dataset_infos.json`` in ``data`` says of its dataset. Raises :class:`Unreadable`."""
    text, encoding_gap = decode_text(data)
    infos = load_json_object(text)
    # dataset_info.json holds one; dataset_infos.json one for each configuration.
    is_single = "features" in infos or "download_checksums" in infos
    configurations = [infos] if is_single else [info for info in infos.values() if isinstance(info, Mapping)]
    subject = blob.text_ref("dataset")
    gaps = [Gap("table", encoding_gap, Place(blob.uri))] if encoding_gap else []
    statements: dict[tuple[str, str, str], Statement] = {}
    texts: dict[str, Text] = {}
    for info in configurations:
        for licence in iter_strings(info.get("license")):
            if len(licence) > 200 or "\n" in licence:  # its text rather than its name
                texts.setdefault(licence, Text("licence", blob.uri, licence, find_line(text, '"license"')))
            place = Place(blob.uri, find_line(text, '"license"'))
            first = licence.split("\n")[0][:200]
            statements.setdefault(("licence", first, ""), Statement("licence", first, "", place, "dataset-infos"))
        for description in iter_strings(info.get("description")):
            texts.setdefault(description, Text("card", blob.uri, description, find_line(text, '"description"')))
        for value, url in _downloaded_files(info):
            if len(statements) >= MAX_FILES:
                gaps.append(Gap("table", f"names more than {MAX_FILES:,} files", Place(blob.uri)))
                break
            place = Place(blob.uri, 0)
            statements.setdefault(
                ("distribution", value, url), Statement("distribution", value, "", place, "dataset-infos", url)
            )
    return Part(
        Subject(subject.kind, subject.name, subject.revision, tuple(statements.values()), tuple(gaps)),
        tuple(texts.values()),
    )


def _downloaded_files(info: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield digest (else host) and host of each downloaded file that ``dataset_infos.json`` lists."""
    files = info.get("download_checksums")
    for url, file in files.items() if isinstance(files, Mapping) else ():
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            host = ""
        checksum = next(iter_strings(file.get("checksum")), "") if isinstance(file, Mapping) else ""
        if _SHA256.fullmatch(checksum):
            yield f"sha256:{checksum.lower()}", host
        elif host:
            yield host, host


EXAMPLES = (
    ReaderExample(
        "dataset_infos.json",
        b'{"default": {"description": "Leaves.", "license": "CC-BY 4.0", "features": {}, "download_checksums":'
        b' {"https://example.org/a.zip": {"num_bytes": 1, "checksum":'
        b' "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}}}',
        (
            ("licence", "CC-BY 4.0", ""),
            ("distribution", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""),
        ),
    ),
    ReaderExample("dataset_infos.json", b"[]", unread="is not a JSON object"),
)
