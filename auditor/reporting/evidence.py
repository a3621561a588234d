"""The evidence that belongs to a report of known content: which samples match, as one archive for one recipient.

The archive holds a table with a row for each distinct address (or each sample without one), grouped by host; a letter
of one page; and their SHA-256, signed if there is a key. It is encrypted before it is written anywhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from auditor.pipeline.matched_addresses import find_addresses
from auditor.pipeline.report import Report
from auditor.reporting.match_report import hotline_draft
from auditor.samples import EXACT_ALGORITHMS
from auditor.sealing.envelope import sign_envelope
from auditor.sealing.keys import SigningKey

COLUMNS = (
    "host", "address", "dataset", "revision", "file", "file_sha256", "row", "sample", "list", "match", "basis",
    "visited",
)  # fmt: skip
FOR_HOLDER = "entry_token"
SIGNED_TYPE = "application/vnd.provenance-auditor.evidence-digests+text"
_CHUNK = 1 << 20
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def build_evidence(
    report: Report, matches: pa.Table, *, country: str = "", holder_of: str = "", key: SigningKey | None = None
) -> bytes:
    """Return the archive of the evidence, not encrypted yet: hold it in memory alone.

    Args:
        report: The run's report; its targets must still be there.
        matches: What it matches.
        country: ISO 3166 code of the country whose hotline it is for.
        holder_of: The list whose holder it is for: the table then has the tokens of its entries.
        key: What signs it; None: it is not signed.
    """
    files = {
        "evidence.csv": _table(report, matches, holder_of).encode(),
        "letter.txt": hotline_draft(report, matches, country).encode(),
    }
    digests = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()).encode()
    files["SHA256SUMS"] = digests
    if key:
        files["SHA256SUMS.dsse.json"] = sign_envelope(SIGNED_TYPE, digests, key)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _table(report: Report, matches: pa.Table, holder_of: str) -> str:
    """Return the table of the evidence as CSV, by host, address, file and row."""
    assert report.folder is not None
    addresses = find_addresses(report.folder, matches)
    columns = (*COLUMNS, *((FOR_HOLDER,) if holder_of else ()))
    rows = sorted(_rows(matches, addresses, _file_digests(report, matches), holder_of))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        _, address, dataset, _, _, _, _, _, known, match, *_ = row
        identity = (address, dataset, known, match) if address else row
        if identity not in seen:  # an address that several rows state is one
            seen.add(identity)
            writer.writerow([_as_cell(cell) for cell in row])
    return out.getvalue()


def _rows(
    matches: pa.Table, addresses: Mapping[int, str], digests: Mapping[str, str], holder_of: str
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the evidence's table."""
    for hit in matches.to_pylist():
        address = addresses.get(hit["key"], "")
        file = hit["place"].partition("!/")[0]
        match = "exact" if hit["algorithm"] in EXACT_ALGORITHMS else "near"
        yield (
            _host(address),
            address,
            hit["name"],
            hit["revision"] or "",
            hit["place"],
            digests.get(file, ""),
            hit["row"] or 0,
            hit["sample"] or "",
            hit["list"],
            f"{match}, with a common edit undone: a lead" if hit["is_lead"] else match,
            hit["basis"],
            "not visited",
            *((hit["token"] if hit["list"] == holder_of else "",) if holder_of else ()),
        )


def _host(address: str) -> str:
    """Return the host of an address in the evidence; "" for none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _file_digests(report: Report, matches: pa.Table) -> dict[str, str]:
    """Return the SHA-256 of each file that the evidence names, by its place, as far as it can be read now."""
    from auditor.blob import Blob
    from auditor.errors import Unreadable
    from auditor.pipeline.run_folder import read_run
    from auditor.pipeline.target_files import list_files, split_targets

    assert report.folder is not None
    wanted = {str(place).partition("!/")[0] for place in matches["place"].to_pylist()}
    found = {}
    local, _ = split_targets(read_run(report.folder)["roots"])
    for file in list_files(local, Path(report.folder)):
        if isinstance(file, Blob) and file.uri in wanted:
            digest = hashlib.sha256()
            try:
                with file.open() as opened:
                    while chunk := opened.read(_CHUNK):
                        digest.update(chunk)
            except (Unreadable, OSError):
                continue
            found[file.uri] = digest.hexdigest()
    return found


def _as_cell(cell: object) -> object:
    """Return a cell of the evidence that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_SIGNS) else cell
