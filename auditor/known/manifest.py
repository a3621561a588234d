"""Read and write the manifest of a compiled list: its identity, its counts, and each array's size and digest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import ListError
from auditor.known.list_statistics import ListStatistics
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS

if TYPE_CHECKING:
    from auditor.known.list_identity import ListIdentity

# Any change of the arrays, of their order or of how keys are made, makes lists compiled before useless: count it up.
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
_REQUIRED: Mapping[str, type] = {
    **dict.fromkeys(("name", "version", "means", "holder", "sha256"), str),
    **dict.fromkeys(("algorithms", "thresholds", "files", "classes"), dict),
    "entries": int,
    "classifications": list,
}


def write_manifest(
    folder: Path,
    identity: ListIdentity,
    counts: Mapping[str, Mapping[str, int]],
    classifications: list[str],
    thresholds: Mapping[str, int],
    statistics: ListStatistics,
) -> None:
    """Write the manifest of the arrays in a folder, and flush them to disk.

    Args:
        folder: The folder with the arrays and the key, and nothing else.
        identity: What the list is.
        counts: By algorithm and classification, the number of different values.
        classifications: Classifications in the order of their codes.
        thresholds: By algorithm, the distance up to which it is matched nearly.
        statistics: The counts of what the files hold besides entries.
    """
    files = {}
    for path in sorted(folder.iterdir()):
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
            files[path.name] = {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    source = {"file": identity.source, "format": identity.format, "read_as": identity.read_as}
    if identity.extension:
        source["extension"] = identity.extension
    manifest = {
        "format": FORMAT_VERSION,
        "name": identity.name,
        "version": identity.version,
        "holder": identity.holder,
        "means": identity.means,
        "classes": dict(identity.classes),
        "duty": identity.duty,
        "imported": identity.imported,
        "sha256": identity.sha256,
        "source": source,
        "entries": sum(sum(classified.values()) for classified in counts.values()),
        "algorithms": {
            algorithm: {"entries": sum(classified.values()), "classified": dict(classified)}
            for algorithm, classified in counts.items()
        },
        "classifications": classifications,
        "thresholds": dict(thresholds),
        "unknown": dict(statistics.unknown),
        "unmatchable": {reason: number for reason, number in statistics.unmatchable.items() if number},
        "duplicates": {algorithm: number for algorithm, number in statistics.duplicates.items() if number},
        "malformed": statistics.malformed_count,
        "disputed": statistics.disputed,
        "withdrawn": statistics.withdrawn,
        "files": files,
    }
    path = folder / MANIFEST
    path.touch(0o600)
    with path.open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a compiled list. Raises ListError if it is damaged or an array has another size."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ListError(f"{path}: cannot be read ({error}); import the list again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT_VERSION:
        raise ListError(f"{path}: not of format {FORMAT_VERSION}; import the list again with this version of auditor")
    wrong = [key for key, kind in _REQUIRED.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise ListError(f"{path}: {wrong[0]!r} is missing or damaged; import the list again")
    for name, file in manifest["files"].items():
        try:
            size = (folder / name).stat().st_size
        except OSError as error:
            raise ListError(f"{folder / name}: {error.strerror}; import the list again") from error
        if size != file["size"]:
            raise ListError(
                f"{folder / name}: has {size:,} bytes and should have {file['size']:,}; import the list again"
            )
    unknown = frozenset(manifest["algorithms"]) - {*DIGEST_BYTES, *TEXT_SIGNALS}
    if unknown:
        raise ListError(f"{path}: unknown algorithm {min(unknown)!r}; import the list again")
    return manifest
