"""Find the columns of a list's table that hold hashes and other fields, as the user declares or by usual names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from auditor.errors import Unreadable
from auditor.hashing.digest_parsing import (
    algorithm_from_cells,
    algorithm_from_column_name,
    is_unspecified_digest_column,
)
from auditor.known.entries import ListOptions
from auditor.known.entry_columns import signal_type_of
from auditor.samples import DIGEST_BYTES, TEXT_SIGNALS
from auditor.syntax import csv_stream

# The names that a column may have, by its role. Words for what a hash is of are in auditor.hashing.digest_parsing.
_COLUMN_NAMES: Mapping[str, str] = {
    "id": r"(?:image|media|entry|hash|file|item|record|case|content|iwf|report)?(?:id|uid|uuid|guid|reference|ref)",
    "classification": r"(?:iwf)?(?:class|classification|category|grade|severity|label|agecategory|iwfcategory)",
    "series": r"series(?:name)?",
    "contributor": r"(?:member|contributor|source|organisation|organization|submitter|owner|provider)(?:name|id)?",
    "feedback": r"feedback|disputed",
    "quality": r"(?:pdq)?quality",
    "withdrawn": r"(?:is)?(?:withdrawn|deleted|removed|revoked|retracted)|status|hashstatus",
    "algorithm": r"algorithm|algo|hashtype|signaltype|type|hashalgorithm|hashname|signal",
    "value": r"value|hashvalue|hash|digest|checksum|signalvalue|indicator|hashdigest",
    "url": r"(?:image|content|media|page|full)?(?:url|uri)",
    "domain": r"domain|domainname|hostname|host|fqdn",
}


def column_roles(header: csv_stream.CsvHeader, options: ListOptions) -> dict[str, int]:
    """Return the index of the column that has each role; where several have one, the first.

    A role is an algorithm, a text signal or a key of the table of column names above.

    Raises:
        Unreadable: The user names a column that is not there, or a role that there is not.
    """
    roles: dict[str, int] = {}
    for role, name in options.columns.items():
        if name not in header.cells:
            raise Unreadable(f"the list has no column {name!r}; it has {', '.join(header.cells[:20])}")
        roles[signal_type_of(role) or role] = header.cells.index(name)
    chosen = set(roles.values())
    for index, name in enumerate(header.cells):
        bare = re.sub(r"[^a-z0-9]", "", name.lower())
        usual = next((role for role, names in _COLUMN_NAMES.items() if re.fullmatch(names, bare)), "")
        role = algorithm_from_column_name(name) or usual or ("value" if is_unspecified_digest_column(name) else "")
        if role and index not in chosen:
            roles.setdefault(role, index)
    if unknown := set(roles) - {*_COLUMN_NAMES, *DIGEST_BYTES, *TEXT_SIGNALS}:
        raise Unreadable(f"{sorted(unknown)[0]!r} is no kind of column: {', '.join((*DIGEST_BYTES, *_COLUMN_NAMES))}")
    return roles


def roles_without_header(first_row: csv_stream.CsvHeader) -> dict[str, int]:
    """Return the role and index of the column that holds a hash or URL in a table's first row, if one does."""
    for index, cell in enumerate(first_row.cells):
        if re.match(r"https?://", cell):
            return {"url": index}
        if algorithm_from_cells(pa.array([cell])):
            return {"value": index}
    return {}
