"""Open finished runs as contexts, in which the ancestors of a run's subjects are looked up.

A run's index is written at its first use, into the run's folder, or into a temporary folder where that cannot be
written.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import RunError
from auditor.known.private_folder import private_folder
from auditor.pipeline.policy_summary import lists_from_json
from auditor.pipeline.report import AncestorNote
from auditor.pipeline.run_folder import CONTEXT_INDEX, DERIVED, FACTS, read_results, read_run
from auditor.printable import printable

if TYPE_CHECKING:
    import pyarrow.dataset as pads

    from auditor.lineage.context import Ancestry, Context
    from auditor.lineage.context_index import ContextIndex
    from auditor.policy.load_policy import PolicyList

_LOG = logging.getLogger(__name__)
# The meanings of the lists that linked and exposed ancestors are found by.
_MEANINGS = ("csam", "model")
# How many missing parents a report names.
_MAX_NAMES = 5


def open_contexts(folders: Sequence[str | os.PathLike[str]]) -> tuple[Context, ...]:
    """Open finished runs as contexts, each once.

    Raises:
        RunError: A run is not finished, of another format, or damaged.
    """
    if not folders:
        return ()
    from auditor.lineage.context import Context

    contexts = []
    for run in dict.fromkeys(Path(folder).resolve() for folder in folders):
        begun, results = read_run(run), read_results(run)
        name = f"context {printable(run.name, 80)} of {str(results['finished'])[:10]}"
        contexts.append(Context(_open_index(run), name, lists_from_json(begun["policy"])))
    return tuple(contexts)


def _open_index(run: Path) -> ContextIndex:
    """Return the index of a context, which is written first if there is none that fits."""
    from auditor.lineage.context_index import open_context_index

    digest = _run_digest(run)
    place = run / CONTEXT_INDEX
    if (index := open_context_index(place, digest)) is not None:
        return index
    _LOG.info("%s: its index as a context is written", run)
    with private_folder(run if os.access(run, os.W_OK) else None) as written:
        _write_index(run, written, digest)
        try:
            shutil.rmtree(place, ignore_errors=True)
            written.rename(place)
        except OSError:  # the run can only be read, or another process was faster
            place = written
        index = open_context_index(place, digest)
    if index is None:
        raise RunError(f"{place}: cannot be read; give the same command again")
    return index


def _run_digest(run: Path) -> str:
    """Return what tells a context from an earlier state of the same folder."""
    digest = hashlib.sha256()
    for name in ("run.json", "report.json"):
        digest.update((run / name).read_bytes())
    return digest.hexdigest()


def _write_index(run: Path, folder: Path, digest: str) -> None:
    """Write the index of a context into a new folder. Raises RunError if the run is damaged."""
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.parquet as pq

    from auditor.facts import FACTS_SCHEMA
    from auditor.lineage.context_index import write_context_index
    from auditor.pipeline.hit_counts import count_subject_hits

    try:
        files = sorted(str(path) for path in (run / FACTS).glob("*.parquet"))
        facts: pads.Dataset = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet")
        edges = pq.read_table(run / DERIVED / "edges.parquet")
        hits, _ = count_subject_hits([run], facts, {})
        write_context_index(folder, digest, facts, edges, hits)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{run}: cannot be used as a context, it is damaged ({error}); scan it again") from error


def context_notes(contexts: Sequence[Context], lists: Sequence[PolicyList]) -> Iterator[AncestorNote]:
    """Yield what a report says of contexts whose subjects were not compared with the run's own lists."""
    own = {(known.name, known.sha256): known for known in lists if known.means in _MEANINGS}
    for context in contexts:
        theirs = {(known.name, known.sha256): known for known in context.lists if known.means in _MEANINGS}
        if not theirs and not own:
            continue
        versions = [f"{known.name} version {known.version or known.sha256[:12]}" for known in theirs.values()]
        if not theirs:
            why = "was compared with no list of known content or of models: it tells of no ancestor that matches one"
            yield AncestorNote(f"{context.name} {why}")
        elif theirs.keys() != own.keys():
            yield AncestorNote(f"{context.name} was compared with other lists than this run", tuple(sorted(versions)))


def ancestry_notes(ancestry: Ancestry) -> Iterator[AncestorNote]:
    """Yield what a report says of the parents of a run's subjects that were not read with them."""
    parents, data, bases = ancestry.missing_parents, ancestry.missing_data, ancestry.from_table
    if parents:
        what = "1 parent was" if len(parents) == 1 else f"{len(parents):,} parents were"
        whose = "its" if len(parents) == 1 else "their"
        why = f"{whose} licence, terms and listing were not compared; give --context"
        yield AncestorNote(f"{what} not at hand", parents[:_MAX_NAMES], len(parents) - _MAX_NAMES, why)
    if bases:
        what = "1 parent was" if len(bases) == 1 else f"{len(bases):,} parents were"
        why = "no listing was compared; give --context"
        note = f"{what} not at hand, licence and terms are those of the shipped table of well-known bases"
        yield AncestorNote(note, bases[:_MAX_NAMES], len(bases) - _MAX_NAMES, why)
    if data:
        what = "1 dataset" if len(data) == 1 else f"{len(data):,} datasets"
        verb = "was" if len(data) == 1 else "were"
        why = "whether it matches a list was not looked up; give --context"
        note = f"{what} that models were trained on {verb} not at hand"
        yield AncestorNote(note, data[:_MAX_NAMES], len(data) - _MAX_NAMES, why)
