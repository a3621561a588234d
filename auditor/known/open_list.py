"""Open a list for matching: an imported list by its name, a compiled folder, or a list file, which is compiled."""

from __future__ import annotations

import atexit
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from auditor.errors import ListError
from auditor.extensions import Extension
from auditor.known.canaries import refuse_canaries
from auditor.known.compile_list import compile_list
from auditor.known.compiled_list import CompiledList, open_compiled_list
from auditor.known.entries import ListOptions
from auditor.known.list_file import STANDARD_INPUT, file_sha256, is_stream, list_as_file, memory_folder
from auditor.known.list_identity import ListDeclaration, identify_list
from auditor.known.list_items import OpenedListFile, open_list_items
from auditor.known.list_statistics import ListStatistics
from auditor.known.list_store import imported_names, is_imported, open_imported_list
from auditor.known.manifest import MANIFEST
from auditor.known.near_index import DEFAULT_THRESHOLDS
from auditor.known.private_folder import private_folder
from auditor.known.token_key import KEY, load_or_create_token_key, new_token_key, write_token_key
from auditor.resources import user_data_folder

_log = logging.getLogger(__name__)

_DIGEST_VERSION_DIGITS = 12  # of a file's SHA-256, where it gives no version


def open_list(
    name_or_path: str | Path,
    *,
    means: str = "",
    algorithm: str = "",
    columns: Mapping[str, str] | None = None,
    into: Path | None = None,
    verify: bool = True,
    skip_malformed: bool = False,
    audited: Sequence[str] = (),
    extensions: tuple[Extension, ...] = (),
) -> CompiledList:
    """Return a list by its imported name, by its compiled folder, or from a list file, which is compiled first.

    Args:
        name_or_path: The name of an imported list, a compiled folder, or a list file; ``-``: standard input.
        means: What a list file's entries mean, if the file does not declare it.
        algorithm: The algorithm of a list file that does not declare one.
        columns: The names of a table's columns by their role.
        into: The folder that a list file is compiled into; without it, a private one that is deleted at the end of
            the program.
        verify: Compare every array with its digest.
        skip_malformed: Match with the good entries of a list file, and log how many are malformed.
        audited: Targets of the run. A name without a folder never means a file in one of them.
        extensions: List formats that installed distributions add.

    Raises:
        ListError: There is no such list, it is damaged, or the meaning of its entries is not declared.
    """
    text = os.fspath(name_or_path)
    if is_imported(text):
        known = open_imported_list(text)
    elif text != STANDARD_INPUT and _lies_in_audited(text, audited):
        raise ListError(
            f"{text}: no list of this name is imported, and the file of this name lies in what is audited; write "
            f"{os.path.join(os.curdir, text)} if you mean that file"
        )
    elif (Path(text) / MANIFEST).exists():
        known = open_compiled_list(Path(text))
    elif text == STANDARD_INPUT or Path(text).is_file() or is_stream(Path(text)):
        if into is None:
            until_exit = ExitStack()
            into = until_exit.enter_context(private_folder(memory_folder()))
            atexit.register(until_exit.close)
        options = ListOptions(columns or {}, algorithm)
        with errors_name_folder(into), list_as_file(Path(text)) as path:
            file = open_list_items(path, options, extensions)
            return _compile_file(file, ListDeclaration(means=means), options, into, skip_malformed)
    else:
        names = ", ".join(imported_names()) or "none yet"
        raise ListError(f"{text}: neither a list file nor an imported list (imported: {names})")
    if means and means != known.means:
        raise ListError(f"{text}: was imported as {known.means!r}, not {means!r}; import it again to change that")
    if verify:
        known.verify()
    return known


@contextmanager
def errors_name_folder(folder: Path) -> Iterator[None]:
    """Turn an OSError about the folder that an opened list is compiled into, such as a full disk, into a ListError."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ListError(f"{folder}: the list cannot be compiled here: {why}; nothing was kept") from error


def _lies_in_audited(text: str, audited: Sequence[str]) -> bool:
    """Return whether a list to open, given by its bare name, is a file or folder of that name in an audited target."""
    if os.path.basename(text) != text or not os.path.lexists(text):
        return False
    places = {Path(os.path.realpath(os.curdir), text), Path(os.path.realpath(text))}
    targets = {Path(os.path.realpath(target)) for target in audited}
    return any(not targets.isdisjoint((place, *place.parents)) for place in places)


def compile_for_inspection(
    path: Path, options: ListOptions, into: Path, extensions: tuple[Extension, ...] = ()
) -> tuple[CompiledList, ListStatistics]:
    """Open a list file despite malformed lines, to report its health. It must not be used for matching."""
    file = open_list_items(path, options, extensions)
    declaration = ListDeclaration(means=file.header.means or "test")
    identity = identify_list(file, declaration, options, default_version="")
    write_token_key(into / KEY, new_token_key())
    statistics = compile_list(file.items, into, identity, DEFAULT_THRESHOLDS, skip_malformed=True)
    return open_compiled_list(into), statistics


def _compile_file(
    file: OpenedListFile, declaration: ListDeclaration, options: ListOptions, into: Path, skip_malformed: bool
) -> CompiledList:
    """Compile a list file that is opened into a folder of its name, unless that folder exists already."""
    path = file.path
    if file.header.delta:
        raise ListError(f"{path}: changes an earlier version of a list; import it")
    identity = identify_list(file, declaration, options, file_sha256(path)[:_DIGEST_VERSION_DIGITS])
    folder = into / identity.name
    if (folder / MANIFEST).exists():
        known = open_compiled_list(folder)
        compiled_from = (known.sha256, known.means, known.manifest["source"]["read_as"])
        if compiled_from == (identity.sha256, identity.means, identity.read_as):
            return known
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".compiling-", dir=into) as temporary:
        compiled = Path(temporary) / "list"
        compiled.mkdir(mode=0o700)
        write_token_key(compiled / KEY, load_or_create_token_key(user_data_folder() / KEY))
        statistics = compile_list(file.items, compiled, identity, DEFAULT_THRESHOLDS, skip_malformed=skip_malformed)
        if statistics.malformed_count:
            _log.warning("list %s: malformed entries left out: %s", identity.name, f"{statistics.malformed_count:,}")
        refuse_canaries(open_compiled_list(compiled), path)
        if folder.exists():
            raise ListError(f"{folder}: another list of this name is there; rename {path.name} or import it")
        compiled.rename(folder)
    return open_compiled_list(folder)
