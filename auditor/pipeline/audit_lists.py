"""Open the lists that an audit matches with, and say what its readers compute for them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from auditor.errors import UsageError
from auditor.extensions import Extension
from auditor.known.list_file import memory_folder
from auditor.known.private_folder import private_folder
from auditor.part_builders.read_options import ReadOptions
from auditor.pipeline.run_folder import LISTS

if TYPE_CHECKING:
    from auditor.known.compiled_list import CompiledList

# Bytes that compiling a list file takes at most, for each of the file's: of a PDQ hash in hex, 65 bytes, some 250.
_COMPILED_RATIO = 8


class ListOptions(NamedTuple):
    """How an audit's list files are read where they do not say it; see :func:`audit`."""

    means: str = ""
    algorithm: str = ""
    columns: Mapping[str, str] | None = None
    skip_malformed: bool = False


def open_lists(
    known: Sequence[str | os.PathLike[str]],
    ways: ListOptions,
    *,
    into: Path,
    audited: Sequence[str],
    extensions: tuple[Extension, ...],
) -> tuple[CompiledList, ...]:
    """Return an audit's lists. Raises ListError and UsageError.

    Args:
        known: Their names or files.
        ways: How list files are read.
        into: The folder for what is compiled from them.
        audited: The targets, in which no list may lie.
        extensions: List formats that installed packages add.
    """
    from auditor.known.open_list import open_list

    same = {**ways._asdict(), "into": into, "audited": audited, "extensions": extensions}
    return tuple(open_list(os.fspath(name), **same) for name in known)


def read_options(
    lists: Sequence[CompiledList],
    weights: str,
    variants: Iterable[str],
    *,
    content: bool,
    digests: Collection[str] = (),
) -> ReadOptions:
    """Return what the readers of an audit compute for its lists, and the digests of weights files beside."""
    from auditor.samples import ARTEFACT_DIGEST_OF, ARTEFACT_DIGESTS

    algorithms = frozenset(name for opened in lists if opened.means != "model" for name in opened.algorithms)
    # A digest costs the reading of whole files: not for a list of names or fingerprints alone.
    by_models = frozenset(name for opened in lists if opened.means == "model" for name in opened.algorithms)
    asked = {*digests, *(ARTEFACT_DIGEST_OF[name] for name in by_models if name in ARTEFACT_DIGEST_OF)}
    if "xet" in asked and not find_spec("hf_xet"):
        raise UsageError("the Xet hash cannot be computed here: install hf-xet, or leave out what asks for it")
    algorithms |= {ARTEFACT_DIGESTS[name] for name in asked}
    return ReadOptions(algorithms, weights, frozenset(variants), content=content)  # type: ignore[arg-type]


@contextmanager
def folder_of_compiled_lists(known: Sequence[str | os.PathLike[str]], run: Path | None) -> Iterator[Path]:
    """Make an audit's folder for what is compiled from list files, and delete it at the end.

    It lies in memory where there is room for that, else in what is restricted of the run, or, without one, in the
    folder for temporary files.
    """
    size = sum(os.path.getsize(name) for name in known if os.path.isfile(name))
    with private_folder(memory_folder(_COMPILED_RATIO * size) or (run / LISTS if run else None)) as folder:
        yield folder
